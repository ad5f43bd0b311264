//! Functions of text.

use super::arguments::{array_at, count, cut, long_at, long_text, offset, text_at};
use super::limits::{MAX_ELEMENTS, Text};
use super::{Context, Function, Param, argument};
use crate::schema::ScalarType;
use crate::value::convert::{text, tolong};
use crate::value::{Dynamic, Value};

const LONG: Param = Param::Is(ScalarType::Long);
const STRING: ScalarType = ScalarType::String;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("strcat", "strcat(value, ...)", "The texts of 1 to 64 values, one after the other; a null is \"\".")
        .takes(1, 64, &[Param::Any])
        .calls(STRING, strcat),
    Function::of(
        "strcat_delim",
        "strcat_delim(delimiter, value, ...)",
        "As strcat(), with a delimiter between; nulls keep a slot.",
    )
    .takes(2, 64, &[Param::Any])
    .calls(STRING, strcat_delim),
    Function::of("strlen", "strlen(text)", "The number of code points.")
        .takes(1, 1, &[Param::Text])
        .calls(ScalarType::Long, |_, a| count(text_at(a, 0).chars().count())),
    Function::of("string_size", "string_size(text)", "The number of bytes in UTF-8.")
        .takes(1, 1, &[Param::Text])
        .calls(ScalarType::Long, |_, a| count(text_at(a, 0).len())),
    Function::of("tolower", "tolower(text)", "The text in lower case, all of Unicode.")
        .takes(1, 1, &[Param::Any])
        .calls(STRING, |_, a| Value::string(text_at(a, 0).to_lowercase())),
    Function::of("toupper", "toupper(text)", "The text in upper case, all of Unicode.")
        .takes(1, 1, &[Param::Any])
        .calls(STRING, |_, a| Value::string(text_at(a, 0).to_uppercase())),
    Function::of("substring", "substring(text, start, [length])", SUBSTRING)
        .takes(2, 3, &[Param::Any, LONG, LONG])
        .calls(STRING, substring),
    Function::of(
        "replace_string",
        "replace_string(text, lookup, rewrite)",
        "The text with every lookup replaced, case-sensitive.",
    )
    .takes(3, 3, &[Param::Any])
    .calls(STRING, replace_string),
    Function::of("replace_strings", "replace_strings(text, lookups, rewrites)", REPLACE_STRINGS)
        .takes(3, 3, &[Param::Any, Param::Is(ScalarType::Dynamic), Param::Is(ScalarType::Dynamic)])
        .calls(STRING, replace_strings),
    Function::of(
        "split",
        "split(text, delimiter, [index])",
        "The parts between delimiters; with an index, an array of that part.",
    )
    .takes(2, 3, &[Param::Any, Param::Any, LONG])
    .calls(ScalarType::Dynamic, split),
    Function::of("strcmp", "strcmp(a, b)", "-1, 0 or 1 as a sorts before, with or after b, by code points.")
        .takes(2, 2, &[Param::Any])
        .calls(ScalarType::Long, |_, a| Value::Long(text_at(a, 0).cmp(&text_at(a, 1)) as i64)),
    Function::of(
        "strrep",
        "strrep(value, times, [delimiter])",
        "The text of a value, up to 1024 times, with a delimiter between.",
    )
    .takes(2, 3, &[Param::Any, LONG, Param::Any])
    .calls(STRING, strrep),
    Function::of("reverse", "reverse(value)", "The code points of the value's text, last first.")
        .takes(1, 1, &[Param::Any])
        .calls(STRING, |_, a| Value::string(text_at(a, 0).chars().rev().collect::<String>())),
    Function::of("translate", "translate(search, replacement, text)", TRANSLATE)
        .takes(3, 3, &[Param::Text])
        .calls(STRING, translate),
    Function::of("isascii", "isascii(text)", "Whether every character is of ASCII.")
        .takes(1, 1, &[Param::Any])
        .calls(ScalarType::Bool, |_, a| text_at(a, 0).is_ascii().into()),
    Function::of("isutf8", "isutf8(text)", "Whether the text is UTF-8, which here all text is.")
        .takes(1, 1, &[Param::Any])
        .calls(ScalarType::Bool, |_, _| true.into()),
];

const SUBSTRING: &str = "Code points from start (from the end if negative), at most length of them; a start before the \
                         beginning or a negative length gives \"\".";
const REPLACE_STRINGS: &str = "The text with every lookup replaced by the rewrite of the same place; what an \
                               earlier lookup has taken a later one does not see. \"\" unless the arrays are of one length.";
const TRANSLATE: &str = "The text with each character of search replaced by that of the same place in replacement, whose \
                         last character stands for those that it lacks; an empty replacement removes them.";

fn strcat<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let mut joined = Text::default();
    for value in arguments {
        joined.push(&text(value));
    }
    joined.value()
}

fn strcat_delim<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some((delimiter, values)) = arguments.split_first() else {
        return Value::string("");
    };
    let delimiter = text(delimiter);
    let mut joined = Text::default();
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            joined.push(&delimiter);
        }
        joined.push(&text(value));
    }
    joined.value()
}

fn strrep<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let (value, delimiter) = (text_at(arguments, 0), text_at(arguments, 2));
    let mut repeated = Text::default();
    for at in 0..long_at(arguments, 1).unwrap_or(0).clamp(0, 1024) {
        if at > 0 {
            repeated.push(&delimiter);
        }
        if !repeated.push(&value) {
            break;
        }
    }
    repeated.value()
}

fn substring<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    // A start that is null gives null over rows, which a string shows as "".
    let Value::Long(start) = tolong(argument(arguments, 1)) else {
        return Value::string("");
    };
    let length = match arguments.get(2).map(tolong) {
        None | Some(Value::Null) => usize::MAX,
        Some(Value::Long(length)) => usize::try_from(length).unwrap_or(0),
        Some(_) => 0,
    };
    let source = long_text(argument(arguments, 0));
    let from = if start < 0 {
        let back = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
        match source.char_indices().rev().nth(back - 1) {
            Some((at, _)) => at,
            None => return Value::string(""),
        }
    } else {
        offset(&source, usize::try_from(start).unwrap_or(usize::MAX))
    };
    let to = from + offset(&source[from..], length);
    Value::String(cut(&source, from, to))
}

fn replace_string<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let lookup = text_at(arguments, 1);
    let source = long_text(argument(arguments, 0));
    if lookup.is_empty() || !source.contains(lookup.as_ref()) {
        return Value::String(source);
    }
    let rewrite = text_at(arguments, 2);
    let mut replaced = Text::default();
    for (at, part) in source.split(lookup.as_ref()).enumerate() {
        if (at > 0 && !replaced.push(&rewrite)) || !replaced.push(part) {
            break;
        }
    }
    replaced.value()
}

fn replace_strings<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let (Some(lookups), Some(rewrites)) = (array_at(arguments, 1), array_at(arguments, 2)) else {
        return Value::string("");
    };
    if lookups.len() != rewrites.len() {
        return Value::string("");
    }
    let pairs: Vec<_> = lookups
        .iter()
        .zip(rewrites)
        // A rewrite that is no text leaves what it stands for, and no other pair takes that: the engine's answer to the
        // documentation's example.
        .map(|(lookup, rewrite)| match rewrite {
            Dynamic::String(_) => (lookup.to_text(), rewrite.to_text()),
            _ => (lookup.to_text(), lookup.to_text()),
        })
        .filter(|(lookup, _)| !lookup.is_empty())
        .collect();
    let source = long_text(argument(arguments, 0));
    if pairs.len().saturating_mul(source.len()) > MAX_SCAN {
        return Value::string("");
    }
    // Pieces of the text that no lookup has taken yet, and rewrites where one has.
    let mut pieces = vec![Piece::Source(source.as_ref())];
    for (lookup, rewrite) in &pairs {
        let mut next = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let Piece::Source(text) = piece else {
                next.push(piece);
                continue;
            };
            for (at, part) in text.split(lookup.as_ref()).enumerate() {
                if at > 0 {
                    next.push(Piece::Rewrite(rewrite));
                }
                if !part.is_empty() {
                    next.push(Piece::Source(part));
                }
            }
        }
        pieces = next;
    }
    let mut replaced = Text::default();
    for Piece::Source(text) | Piece::Rewrite(text) in pieces {
        if !replaced.push(text) {
            break;
        }
    }
    replaced.value()
}

/// How many bytes `replace_strings` looks at, its text once for each lookup. A larger call gives `""`.
const MAX_SCAN: usize = 64 << 20;

enum Piece<'t> {
    Source(&'t str),
    Rewrite(&'t str),
}

fn translate<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let (search, replacement) = (text_at(arguments, 0), text_at(arguments, 1));
    let last = replacement.chars().last();
    let mut table = std::collections::HashMap::new();
    let mut to = replacement.chars();
    for from in search.chars() {
        // Of a character that is listed twice the first place counts.
        let to = to.next().or(last);
        table.entry(from).or_insert(to);
    }
    let source = text_at(arguments, 2);
    let translated = source.chars().filter_map(|c| table.get(&c).copied().unwrap_or(Some(c)));
    let mut result = Text::default();
    result.push(&translated.collect::<String>());
    result.value()
}

fn split<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let source = long_text(argument(arguments, 0));
    let delimiter = text_at(arguments, 1);
    let mut parts: Vec<Dynamic<'a>> = Vec::new();
    let mut from = 0;
    // An empty delimiter divides nothing.
    while let Some(next) = (!delimiter.is_empty()).then(|| source[from..].find(delimiter.as_ref())).flatten() {
        parts.push(Dynamic::String(cut(&source, from, from + next)));
        from += next + delimiter.len();
    }
    parts.push(Dynamic::String(cut(&source, from, source.len())));
    parts.truncate(MAX_ELEMENTS);
    if let Some(index) = arguments.get(2) {
        let Value::Long(index) = tolong(index) else {
            return Value::Null;
        };
        let part = usize::try_from(index).ok().and_then(|at| parts.get(at).cloned());
        parts = part.into_iter().collect();
    }
    Value::Dynamic(Dynamic::Array(parts.into()))
}

#[cfg(test)]
mod tests {
    use super::super::MAX_TEXT;
    use super::super::tests::{call, json};
    use super::*;
    use crate::value::TimeSpan;

    fn s(text: &str) -> Value<'_> {
        Value::string(text)
    }

    #[test]
    fn strcat_takes_any_type() {
        let values = [s("a"), Value::Null, Value::Bool(true), Value::Dynamic(Dynamic::Bool(true))];
        assert_eq!(call("strcat", &values), s("aTruetrue"));
        let second = Value::TimeSpan(TimeSpan(10_000_000));
        let values = [s("-"), Value::Long(1), Value::Null, s("A"), second];
        assert_eq!(call("strcat_delim", &values), s("1--A-00:00:01"));
    }

    #[test]
    fn substring_counts_code_points() {
        for (text, start, length, expected) in [
            ("abcdefg", 1, Some(3), "bcd"),
            ("abcdefg", 10, Some(3), ""),
            ("abcdefg", 1, Some(-1), ""),
            ("abcdefg", 5, Some(i64::MAX), "fg"),
            ("abcdefg", -3, None, "efg"),
            ("abc", -10, None, ""),
            ("abc", -3, Some(1), "a"),
            ("abc", i64::MIN, None, ""),
            ("héllo", 1, Some(3), "éll"),
            ("é", 1, None, ""),
        ] {
            let mut arguments = vec![s(text), Value::Long(start)];
            arguments.extend(length.map(Value::Long));
            assert_eq!(call("substring", &arguments), s(expected), "{text} {start} {length:?}");
        }
    }

    #[test]
    fn split_keeps_empty_parts() {
        let split = |arguments: &[Value<'_>]| text(&call("split", arguments)).into_owned();
        assert_eq!(split(&[s("a__b"), s("_")]), "[\"a\",\"\",\"b\"]");
        assert_eq!(split(&[s(""), s("_")]), "[\"\"]");
        assert_eq!(split(&[s("aaa_bbb_ccc"), s("_"), Value::Long(1)]), "[\"bbb\"]");
        assert_eq!(split(&[s("a_b"), s("_"), Value::Long(7)]), "[]");
        assert_eq!(split(&[s("ab"), s("")]), "[\"ab\"]");
    }

    #[test]
    fn lengths_case_and_replacement() {
        // A combining cedilla is a code point of its own.
        assert_eq!(call("strlen", &[s("C\u{327}edilla")]), Value::Long(8));
        assert_eq!(call("string_size", &[s("é")]), Value::Long(2));
        assert_eq!(call("tolower", &[s("ÉA")]), s("éa"));
        assert_eq!(call("toupper", &[s("éa")]), s("ÉA"));
        assert_eq!(call("replace_string", &[s("aXbx"), s("X"), s("--")]), s("a--bx"));
        assert_eq!(call("replace_string", &[s("ab"), s(""), s("-")]), s("ab"));
        assert_eq!(call("strrep", &[s("ABC"), Value::Long(2), s("-")]), s("ABC-ABC"));
        assert_eq!(call("strrep", &[s("ABC"), Value::Long(-2)]), s(""));
        assert_eq!(call("strcmp", &[s("b"), s("a")]), Value::Long(1));
        assert_eq!(call("reverse", &[s("aé")]), s("éa"));
    }

    #[test]
    fn several_replacements_go_through_the_text_once() {
        let replace = |text, lookups, rewrites| call("replace_strings", &[s(text), json(lookups), json(rewrites)]);
        let swapped = replace("a cat and a dog", r#"["cat","dog"]"#, r#"["dog","cat"]"#);
        assert_eq!(swapped, s("a dog and a cat"));
        assert_eq!(replace("This is", r#"["This","is"]"#, r#"["This","was"]"#), s("This was"));
        assert_eq!(replace("This is", r#"["is","This"]"#, r#"["was","This"]"#), s("Thwas was"));
        assert_eq!(replace("This is", r#"["This","is"]"#, r#"[12345,"was"]"#), s("This was"));
        assert_eq!(replace("ab", r#"["a"]"#, "[]"), s(""));
    }

    #[test]
    fn translation_is_by_character() {
        for (search, replacement, text, expected) in [
            ("abc", "x", "abc", "xxx"),
            ("abc", "", "ab", ""),
            ("krasp", "otsku", "spark", "kusto"),
            ("é", "e", "éa", "ea"),
        ] {
            assert_eq!(call("translate", &[s(search), s(replacement), s(text)]), s(expected));
        }
    }

    #[test]
    fn what_would_be_too_long_is_cut() {
        let long = "x".repeat(MAX_TEXT / 2 + 1);
        for (name, arguments) in [
            ("strcat", vec![s(&long), s(&long), s(&long)]),
            ("strcat_delim", vec![s(&long), s("a"), s("b"), s("c")]),
            ("strrep", vec![s(&long), Value::Long(1024)]),
            ("replace_string", vec![s("aaa"), s("a"), s(&long)]),
        ] {
            let Value::String(text) = call(name, &arguments) else { unreachable!() };
            assert_eq!(text.len(), MAX_TEXT, "{name}");
        }
    }
}
