//! Functions that look for text in text.

use super::arguments::{array_at, constant_text, count, long_at, offset, text_at};
use super::callee::{Prepared, prepared};
use super::limits::Scan;
use super::regex::constant_regex;
use super::{Context, Function, Param, Refusal, Returns};
use crate::schema::ScalarType;
use crate::value::{Value, text};

const LONG: Param = Param::Is(ScalarType::Long);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("indexof", "indexof(text, lookup, [start, [length, [occurrence]]])", INDEXOF)
        .takes(2, 5, &[Param::Any, Param::Any, LONG, LONG, LONG])
        .calls(ScalarType::Long, indexof),
    Function::of("indexof_regex", "indexof_regex(text, regex, [start, [length, [occurrence]]])", INDEXOF_REGEX)
        .takes(2, 5, &[Param::Any, Param::Any, LONG, LONG, LONG])
        .prepares(Returns::Type(ScalarType::Long), indexof_regex),
    Function::of("countof", "countof(text, search, [\"normal\" or \"regex\"])", COUNTOF)
        .takes(2, 3, &[Param::Text, Param::Text, Param::Text])
        .prepares(Returns::Type(ScalarType::Long), countof),
    Function::of(
        "has_any_index",
        "has_any_index(text, values)",
        "The index of the first value of an array that the text has, as `has` has it; -1 if there is none.",
    )
    .takes(2, 2, &[Param::Text, Param::Is(ScalarType::Dynamic)])
    .calls(ScalarType::Long, has_any_index),
];

const INDEXOF: &str = "The index in code points of the given occurrence (the first) that begins within length code points \
                       (-1: any number) of start (from the end if negative); -1 if there is none.";
const INDEXOF_REGEX: &str = "As indexof(), for a match of a constant regular expression, which must lie within the range and \
                             not overlap an earlier one; null for a start or an occurrence below 0.";
const COUNTOF: &str = "How often search occurs, case-sensitive: overlapping occurrences too, but matches of a regular \
                       expression not. An empty search occurs nowhere.";

/// Which code points are looked at, and which occurrence is wanted.
struct Window {
    start: i64,
    /// `None` is any number.
    length: Option<usize>,
    occurrence: usize,
}

impl Window {
    fn of(arguments: &[Value<'_>]) -> Option<Window> {
        let or = |at: usize, default: i64| match arguments.get(at) {
            None => Some(default),
            Some(_) => long_at(arguments, at),
        };
        let length = match or(3, -1)? {
            -1 => None,
            length => Some(usize::try_from(length).ok()?),
        };
        let occurrence = usize::try_from(or(4, 1)?).ok()?.max(1);
        Some(Window { start: or(2, 0)?, length, occurrence })
    }
}

fn index_of<'a>(text: &str, at: Option<usize>) -> Value<'a> {
    let index = at.map(|at| text[..at].chars().count());
    Value::Long(index.and_then(|i| i64::try_from(i).ok()).unwrap_or(-1))
}

fn indexof<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(window) = Window::of(arguments) else {
        return Value::Null;
    };
    let (text, lookup) = (text_at(arguments, 0), text_at(arguments, 1));
    let start = match window.start {
        back @ ..0 => {
            let back = usize::try_from(back.unsigned_abs()).unwrap_or(usize::MAX);
            text.chars().count().saturating_sub(back)
        }
        start => usize::try_from(start).unwrap_or(usize::MAX),
    };
    let from = offset(&text, start);
    // The measured answer: an occurrence may reach over the window's end, but must begin within.
    let end = window.length.map_or(text.len() + 1, |length| from + offset(&text[from..], length));
    if lookup.is_empty() {
        return index_of(&text, Some(from));
    }
    let at =
        occurrences(&text[from..], &lookup).map(|at| from + at).take_while(|at| *at < end).nth(window.occurrence - 1);
    index_of(&text, at)
}

/// Where the needle occurs, overlapping itself or not: Knuth, Morris and Pratt's search, which looks at each byte once
/// whatever the needle is.
fn occurrences<'t>(text: &'t str, needle: &'t str) -> impl Iterator<Item = usize> + 't {
    let needle = needle.as_bytes();
    let mut fallback = vec![0; needle.len()];
    let mut known = 0;
    for at in 1..needle.len() {
        while known > 0 && needle[at] != needle[known] {
            known = fallback[known - 1];
        }
        known += usize::from(needle[at] == needle[known]);
        fallback[at] = known;
    }
    let mut matched = 0;
    text.bytes().enumerate().filter_map(move |(at, byte)| {
        while matched > 0 && (matched == needle.len() || needle[matched] != byte) {
            matched = fallback[matched - 1];
        }
        matched += usize::from(needle.get(matched) == Some(&byte));
        (!needle.is_empty() && matched == needle.len()).then(|| at + 1 - needle.len())
    })
}

fn indexof_regex(constants: &[Option<&Value<'static>>]) -> Result<Prepared, Refusal> {
    let regex = constant_regex(constants, 1)?;
    prepared(move |_, arguments| {
        let Some(window) = Window::of(arguments) else {
            return Value::Null;
        };
        let Ok(start) = usize::try_from(window.start) else {
            return Value::Null;
        };
        let text = text_at(arguments, 0);
        let from = offset(&text, start);
        let end = window.length.map_or(text.len(), |length| from + offset(&text[from..], length));
        let mut scan = Scan::of(&text[from..end]);
        let mut matches = regex.find_iter(&text[from..end]).take_while(|m| scan.goes_on(m.start()));
        let found = matches.nth(window.occurrence - 1);
        index_of(&text, found.map(|m| from + m.start()))
    })
}

fn countof(constants: &[Option<&Value<'static>>]) -> Result<Prepared, Refusal> {
    let kind = match constants.get(2) {
        None => "normal".to_owned(),
        Some(_) => constant_text(constants, 2, "The kind of search")?,
    };
    match kind.as_str() {
        "normal" => prepared(|_, a| {
            let (text, search) = (text_at(a, 0), text_at(a, 1));
            count(occurrences(&text, &search).count())
        }),
        "regex" => {
            let regex = constant_regex(constants, 1)?;
            prepared(move |_, a| {
                let text = text_at(a, 0);
                let mut scan = Scan::of(&text);
                let matches = regex.find_iter(&text).take_while(|m| scan.goes_on(m.start()));
                count(matches.filter(|m| !m.is_empty()).count())
            })
        }
        other => {
            let message = format!("countof() counts \"normal\" or \"regex\", and not \"{other}\".");
            Err(("KS131", message))
        }
    }
}

fn has_any_index<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(values) = array_at(arguments, 1) else {
        return Value::Long(-1);
    };
    let source = text_at(arguments, 0);
    // One text for all values: its lower case is made once.
    let source = text::Haystack::new(&source);
    let at = values.iter().position(|value| source.has(&value.to_text(), true));
    Value::Long(at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, json, refusal};
    use super::*;

    fn index(name: &str, text: &str, lookup: &str, numbers: &[i64]) -> Value<'static> {
        let mut arguments = vec![Value::string(text), Value::string(lookup)];
        arguments.extend(numbers.iter().map(|n| Value::Long(*n)));
        call(name, &arguments).into_owned()
    }

    #[test]
    fn occurrences_may_overlap() {
        let at = |text: &str, needle: &str| occurrences(text, needle).collect::<Vec<_>>();
        assert_eq!(at("aaaa", "aa"), [0, 1, 2]);
        assert_eq!(at("abababa", "aba"), [0, 2, 4]);
        assert_eq!(at("ab", "b"), [1]);
        assert!(at("ab", "").is_empty() && at("", "a").is_empty() && at("a", "ab").is_empty());
    }

    #[test]
    fn indexof_looks_into_a_window() {
        for (numbers, expected) in [
            (&[][..], 2),
            (&[1, 2], 2),
            (&[1, 1], -1),
            (&[3, 4], -1),
            (&[-5], 9),
            (&[-4], -1),
            (&[2, -1], 2),
            (&[0, -1, 2], 9),
            (&[1, -1, 3], -1),
            (&[i64::MAX], -1),
            (&[i64::MIN], 2),
        ] {
            let found = index("indexof", "abcdefgabcdefg", "cde", numbers);
            assert_eq!(found, Value::Long(expected), "{numbers:?}");
        }
        assert_eq!(index("indexof", "éa", "a", &[]), Value::Long(1));
        assert_eq!(index("indexof", "aa", "a", &[0, -2]), Value::Null);
        assert_eq!(index("indexof", "aa", "a", &[0, -1, -1]), Value::Null);
    }

    #[test]
    fn matches_do_not_overlap() {
        assert_eq!(index("indexof_regex", "abcabcdefg", "a.c", &[0, 9, 2]), Value::Long(3));
        assert_eq!(index("indexof_regex", "ababaa", "a.a", &[0, -1, 2]), Value::Long(-1));
        assert_eq!(index("indexof_regex", "abcabc", "a.c", &[0, 2]), Value::Long(-1));
        assert_eq!(index("indexof_regex", "abcabc", "a", &[-1]), Value::Null);
    }

    #[test]
    fn counting() {
        let count =
            |text, search, kind| call("countof", &[Value::string(text), Value::string(search), Value::string(kind)]);
        assert_eq!(count("aaaa", "aa", "normal"), Value::Long(3));
        assert_eq!(count("aaaa", "aa", "regex"), Value::Long(2));
        assert_eq!(count("AAAA", "aa", "normal"), Value::Long(0));
        assert_eq!(count("abc", "", "regex"), Value::Long(0));
        let s = Value::string;
        assert_eq!(refusal("countof", &[s("a"), s("("), s("regex")]), "SEM0420");
        assert_eq!(refusal("countof", &[s("a"), s("("), s("else")]), "KS131");
    }

    #[test]
    fn the_first_value_that_the_text_has() {
        let index = |text, values| call("has_any_index", &[Value::string(text), json(values)]);
        assert_eq!(index("this is an example", r#"["exam","example","this"]"#), Value::Long(1));
        assert_eq!(index("Example number 2", "[1,2,3]"), Value::Long(1));
        assert_eq!(index("x", "[]"), Value::Long(-1));
    }
}
