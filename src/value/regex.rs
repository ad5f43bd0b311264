//! Regular expressions. Kusto's syntax today is that of the `regex` crate; every search is linear in the text.
//!
//! It was RE2's before, and rules of that time are still about: `[[]`, a class of one bracket, is an error now, and so are
//! `\0`, the character of that number, and `{1-3}`, which is no repetition and so is text. What is refused is therefore tried
//! again as RE2 reads it.

use regex::{Regex, RegexBuilder};

/// The largest compiled form of one regular expression, in bytes.
const MAX_SIZE: usize = 4 << 20;

/// Compiles a pattern.
///
/// # Errors
/// A sentence that says what is wrong: the syntax, or a compiled form that is too large.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let build = |pattern: &str| RegexBuilder::new(pattern).size_limit(MAX_SIZE).dfa_size_limit(MAX_SIZE).build();
    let compiled = build(pattern).or_else(|error| match as_re2(pattern) {
        Some(plain) => build(&plain).map_err(|_| error),
        None => Err(error),
    });
    compiled.map_err(|error| {
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default();
        let reason = reason.trim_start_matches("error:").trim();
        format!("the regular expression cannot be used: {reason}")
    })
}

/// The pattern that means to the crate what `pattern` means to RE2, if that makes a difference: a `[` in a class, but for
/// `[:alpha:]`, is a bracket; a brace that begins no repetition is a brace; `\0` and up to two digits of eight behind it are a
/// character's number; and in a class `\<` is `<`.
fn as_re2(pattern: &str) -> Option<String> {
    let mut plain = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.char_indices().peekable();
    let mut in_class = false;
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                match chars.next().map(|(_, c)| c) {
                    Some('0') => {
                        let mut digits = String::from("0");
                        while let Some((_, digit)) = chars.next_if(|(_, c)| digits.len() < 3 && matches!(c, '0'..='7'))
                        {
                            digits.push(digit);
                        }
                        let number = u32::from_str_radix(&digits, 8).unwrap_or_default();
                        plain.push_str(&format!("\\x{{{number:x}}}"));
                    }
                    Some(mark @ ('<' | '>')) if in_class => plain.push(mark),
                    next => {
                        plain.push(c);
                        plain.extend(next);
                    }
                }
                continue;
            }
            '{' if !in_class && !is_repetition(&pattern[at..]) => plain.push('\\'),
            '[' if !in_class => {
                in_class = true;
                plain.push(c);
                plain.extend(chars.next_if(|(_, c)| *c == '^').map(|(_, c)| c));
                // A `]` that comes first is one of the class.
                if chars.next_if(|(_, c)| *c == ']').is_some() {
                    plain.push_str("\\]");
                }
                continue;
            }
            '[' if !pattern[at..].starts_with("[:") => plain.push('\\'),
            '[' => {
                if let Some(length) = pattern[at..].find(":]") {
                    plain.push_str(&pattern[at..at + length]);
                    while chars.next_if(|(next, _)| *next < at + length).is_some() {}
                    plain.extend(chars.by_ref().take(2).map(|(_, c)| c));
                    continue;
                }
                plain.push('\\');
            }
            ']' => in_class = false,
            _ => {}
        }
        plain.push(c);
    }
    (plain != pattern).then_some(plain)
}

/// Whether a text begins with `{n}`, `{n,}` or `{n,m}`.
fn is_repetition(text: &str) -> bool {
    let inner = text.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(inner, _)| inner);
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    inner.is_some_and(|inner| match inner.split_once(',') {
        Some((least, most)) => number(least) && (most.is_empty() || number(most)),
        None => number(inner),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_bracket_in_a_class_is_a_bracket_where_nothing_else_makes_sense() {
        let found = |pattern: &str, text: &str| compile(pattern).unwrap().find(text).map(|m| m.as_str().to_owned());
        assert_eq!(found("[[]", "a[b").unwrap(), "[");
        assert_eq!(found(r"^[^[\]]+", "ab[c").unwrap(), "ab");
        assert_eq!(found("[[:alpha:][]+", "1[ab").unwrap(), "[ab");
        assert_eq!(found("[][]+", "a[]b").unwrap(), "[]");
        assert_eq!(found(r"a\0b\012", "a\0b\nc").unwrap(), "a\0b\n");
        assert_eq!(found(r"x\0{2}", "x\0\0").unwrap(), "x\0\0");
        assert_eq!(found(r"[0-9]{1-3}+", "5{1-3}}").unwrap(), "5{1-3}}");
        assert_eq!(found(r"^{a{2}[{]", "{aa{").unwrap(), "{aa{");
        assert_eq!(found(r"[\<\[]+", "a<[").unwrap(), "<[");
        assert!(compile(r"(a)\1").is_err(), "no text is what an earlier group found");
        // What the crate takes means what it says.
        assert_eq!(found("[a[b]]+", "ab").unwrap(), "ab");
        assert!(compile("[a").is_err() && compile("[[a").is_err() && compile("[[:alpha:").is_err());
    }
}
