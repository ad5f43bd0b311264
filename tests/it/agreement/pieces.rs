//! The words that queries look for and records are made of, and how KQL and JSON spell them.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// What may decide about a term, its case or its escapes. Long s and the Kelvin sign have an ASCII letter as their other
/// case, `İ` and `ﬀ` change length with it; `\u{301}` is a mark and `²` a number that is no digit.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "mail", "Mail", "Mail.Read", "MAIL.READ", "ReadWrite", "read", "token", ".azure", "azure", "a", "A", "aa", "aaa", "abab", "ab",
    "-a-a", "_", "-", ".", "..", "/", "//", "\\", "\\n", "\"", "'", "\n", "\t", " ", "é", "É", "²", "日本", "ß", "SS", "İ", "i", "ﬀ",
    "ff", "K", "k", "ſ", "s", "\u{301}", "Ⅷ", "5", "42", "1.5", "true", "null", "{\"a\":1}", "[", "😀", "\0", "\u{7f}", "%", "*",
];

/// The few pieces that one case is made of: few, so that a needle is often in a text.
pub(super) fn palette() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(PIECES, 3..=7)
}

/// One of the words.
pub(super) fn any_of(words: &[&str]) -> BoxedStrategy<String> {
    select(words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()).boxed()
}

/// Pieces glued together; the empty text is among them.
pub(super) fn text(palette: &[&'static str], most: usize) -> BoxedStrategy<String> {
    let piece = select(palette.to_vec());
    prop_oneof![
        1 => Just(String::new()),
        8 => piece.clone().prop_map(str::to_owned),
        2 => piece.clone().prop_map(swap_case),
        8 => proptest::collection::vec(piece, 2..=most.max(2)).prop_map(|pieces| pieces.concat()),
    ]
    .boxed()
}

fn swap_case(text: &str) -> String {
    let swap = |c: char| match c {
        'a'..='z' => c.to_ascii_uppercase(),
        _ => c.to_ascii_lowercase(),
    };
    text.chars().map(swap).collect()
}

/// A KQL string literal, in one of the forms.
pub(super) fn literal(palette: &[&'static str]) -> BoxedStrategy<String> {
    (text(palette, 3), 0..5u8).prop_map(|(text, form)| kql(&text, form)).boxed()
}

fn kql(text: &str, form: u8) -> String {
    match form {
        0 if !text.contains(char::is_control) => format!("@\"{}\"", text.replace('"', "\"\"")),
        1 if !text.contains(char::is_control) => format!("@'{}'", text.replace('\'', "''")),
        2 => format!("'{}'", escaped(text, '\'', false)),
        3 => format!("\"{}\"", escaped(text, '"', true)),
        _ => format!("\"{}\"", escaped(text, '"', false)),
    }
}

fn escaped(text: &str, quote: char, ascii: bool) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            _ if c == quote => out.extend(['\\', c]),
            _ if c.is_control() || (ascii && !c.is_ascii() && (c as u32) < 0x1_0000) => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            _ => out.push(c),
        }
    }
    out
}

/// A JSON string with its quotes; `form` says how many of its characters are spelt as escapes.
pub(super) fn json(text: &str, form: u8) -> String {
    let mut out = String::from('"');
    for (i, c) in text.chars().enumerate() {
        let needs_escape = c < ' ' || c == '"' || c == '\\';
        match (form, c) {
            (0, '/') => out.push_str("\\/"),
            (0 | 1, '\n') => out.push_str("\\n"),
            (0 | 1, '"' | '\\') => out.extend(['\\', c]),
            (2, _) if i % 2 == 0 => out.push_str(&units(c, true)),
            (3, _) => out.push_str(&units(c, false)),
            _ if needs_escape => out.push_str(&units(c, false)),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

fn units(c: char, upper: bool) -> String {
    let spell = |unit: &u16| match upper {
        true => format!("\\u{unit:04X}"),
        false => format!("\\u{unit:04x}"),
    };
    c.encode_utf16(&mut [0; 2]).iter().map(spell).collect()
}
