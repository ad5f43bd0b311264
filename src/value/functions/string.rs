//! Functions of text.

use std::borrow::Cow;

use super::{Context, Function, Param, Returns, argument};
use crate::schema::ScalarType;
use crate::value::convert::{text, tolong, tostring};
use crate::value::{Dynamic, Value};

const LONG: Param = Param::Is(ScalarType::Long);

pub(super) const FUNCTIONS: &[Function] = &[
    of("strcat", "strcat(value, ...)", "The texts of 1 to 64 values, one after the other; a null is \"\".")
        .takes(1, 64, &[Param::Any])
        .calls(ScalarType::String, strcat),
    of(
        "strcat_delim",
        "strcat_delim(delimiter, value, ...)",
        "As strcat(), with a delimiter between; nulls keep a slot.",
    )
    .takes(2, 64, &[Param::Any])
    .calls(ScalarType::String, strcat_delim),
    of("strlen", "strlen(text)", "The number of code points.")
        .takes(1, 1, &[Param::Text])
        .calls(ScalarType::Long, |_, a| count(text(argument(a, 0)).chars().count())),
    of("string_size", "string_size(text)", "The number of bytes in UTF-8.")
        .takes(1, 1, &[Param::Text])
        .calls(ScalarType::Long, |_, a| count(text(argument(a, 0)).len())),
    of("tolower", "tolower(text)", "The text in lower case, all of Unicode.")
        .takes(1, 1, &[Param::Any])
        .calls(ScalarType::String, |_, a| Value::string(text(argument(a, 0)).to_lowercase())),
    of("toupper", "toupper(text)", "The text in upper case, all of Unicode.")
        .takes(1, 1, &[Param::Any])
        .calls(ScalarType::String, |_, a| Value::string(text(argument(a, 0)).to_uppercase())),
    of("substring", "substring(text, start, [length])", SUBSTRING)
        .takes(2, 3, &[Param::Any, LONG, LONG])
        .calls(ScalarType::String, substring),
    of(
        "replace_string",
        "replace_string(text, lookup, rewrite)",
        "The text with every lookup replaced, case-sensitive.",
    )
    .takes(3, 3, &[Param::Any])
    .calls(ScalarType::String, replace_string),
    of(
        "split",
        "split(text, delimiter, [index])",
        "The parts between delimiters; with an index, an array of that part.",
    )
    .takes(2, 3, &[Param::Any, Param::Any, LONG])
    .calls(ScalarType::Dynamic, split),
];

const SUBSTRING: &str = "Code points from start (from the end if negative), at most length of them; a start before the \
                         beginning or a negative length gives \"\".";

const fn of(name: &'static str, signature: &'static str, doc: &'static str) -> Function {
    let returns = Returns::Type(ScalarType::String);
    Function { name, signature, doc, min: 0, max: 0, params: &[], repeat: 1, returns, call: |_, _| Value::Null }
}

fn count<'a>(n: usize) -> Value<'a> {
    i64::try_from(n).map_or(Value::Null, Value::Long)
}

fn strcat<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let mut joined = String::new();
    for value in arguments {
        joined.push_str(&text(value));
    }
    Value::string(joined)
}

fn strcat_delim<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some((delimiter, values)) = arguments.split_first() else {
        return Value::string("");
    };
    let delimiter = text(delimiter);
    let mut joined = String::new();
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            joined.push_str(&delimiter);
        }
        joined.push_str(&text(value));
    }
    Value::string(joined)
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
    let source = owned_text(argument(arguments, 0));
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

/// The byte offset of the code point with that number; the end if there are not so many.
fn offset(text: &str, number: usize) -> usize {
    // A text has no more code points than bytes, so a large number need not be counted to.
    if number >= text.len() { text.len() } else { text.char_indices().nth(number).map_or(text.len(), |(at, _)| at) }
}

fn replace_string<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let lookup = text(argument(arguments, 1));
    let source = owned_text(argument(arguments, 0));
    if lookup.is_empty() || !source.contains(lookup.as_ref()) {
        return Value::String(source);
    }
    Value::string(source.replace(lookup.as_ref(), &text(argument(arguments, 2))))
}

fn split<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let source = owned_text(argument(arguments, 0));
    let delimiter = text(argument(arguments, 1));
    let mut parts: Vec<Dynamic<'a>> = Vec::new();
    let mut from = 0;
    // An empty delimiter divides nothing.
    while let Some(next) = (!delimiter.is_empty()).then(|| source[from..].find(delimiter.as_ref())).flatten() {
        parts.push(Dynamic::String(cut(&source, from, from + next)));
        from += next + delimiter.len();
    }
    parts.push(Dynamic::String(cut(&source, from, source.len())));
    if let Some(index) = arguments.get(2) {
        let Value::Long(index) = tolong(index) else {
            return Value::Null;
        };
        let part = usize::try_from(index).ok().and_then(|at| parts.get(at).cloned());
        parts = part.into_iter().collect();
    }
    Value::Dynamic(Dynamic::Array(parts.into()))
}

/// The text of a value, as long-lived as the value's own text.
fn owned_text<'a>(value: &Value<'a>) -> Cow<'a, str> {
    match tostring(value) {
        Value::String(text) => text,
        _ => Cow::Borrowed(""),
    }
}

/// A part of a text; borrows if the text does. Both offsets are character boundaries.
fn cut<'a>(text: &Cow<'a, str>, from: usize, to: usize) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[from..to]),
        Cow::Owned(text) => Cow::Owned(text[from..to].to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
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
    }
}
