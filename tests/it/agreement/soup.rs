//! Whatever text is given as a query, parser and binder answer it, and a text that is no query gets a diagnostic that
//! lies within it and can be drawn: what the fuzz target `query` asks, of texts that a fuzzer would take long to find.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseResult;

use super::hold;

const PAGE: &str = include_str!("../../../examples/rules/t1528-page.kql");

#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "let", "T", "=", "dynamic", "(", ")", "[", "]", "{", "}", ",", ";", "|", "where", "extend", "project", "union", "sort", "by", "take",
    "top", "desc", "asc", "nulls", "first", "DeviceFileEvents", "AuditLogs", "FileName", "AdditionalFields", ".", "..", "a", "\"", "\"x\"", "'y'",
    "@\"", "@'z'", "h\"q\"", "```", "//", "\n", "has", "!has", "has_any", "in~", "!in", "==", "=~", "!~", "!=", "<>", "<", "<=", "+", "-", "*", "/",
    "%", "and", "or", "not", "between", "matches", "regex", "1", "1.5", "1e9", "9223372036854775808", "0x", "1d", "30m", "datetime",
    "datetime(2024-01-01)", "datetime(", "time(1.02:03:04)", "guid(", "long(null)", "int", "bool", "true", "false", "typeof", "case", "iff",
    "strcat", "tostring", "column_ifexists", "ago", "now", "materialize", "toscalar", "summarize", "count", "isfuzzy", "kind", "withsource",
    "=>", ":", "\\", "\\u12", "\u{0}", "é", "日本", "İ", "\u{feff}", "\u{2028}", "😀", "`", "$", "#", "?", "&", "!", "~", "_", "x in (y)",
];

/// proptest turns a panic into a failure, but the text that caused it is what is wanted.
fn no_panic(text: &str) -> TestCaseResult {
    match std::panic::catch_unwind(|| crate::fuzz::query(text)) {
        Ok(()) => Ok(()),
        Err(_) => Err(TestCaseError::fail(format!("a panic over {text:?}"))),
    }
}

#[test]
fn random_tokens_are_answered() {
    let glue = select(&[" ", " ", "", "\n"][..]);
    let token = prop_oneof![20 => select(TOKENS).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    let start = select(&["", "", "DeviceFileEvents | where ", "let a = ", "union (AuditLogs), "][..]);
    let soup = (start, vec((token, glue), 0..40))
        .prop_map(|(start, list)| start.to_owned() + &list.iter().map(|(t, g)| format!("{t}{g}")).collect::<String>());
    hold(6_000, &soup, |text| no_panic(&text));
}

/// What is done to a seed: bytes from a place on are taken out, put in, or exchanged with others.
#[derive(Clone, Debug)]
enum Edit {
    Delete(Index, usize),
    Insert(Index, String),
    Swap(Index, Index),
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for edit in edits {
        if bytes.is_empty() {
            break;
        }
        match edit {
            Edit::Delete(at, count) => {
                let at = at.index(bytes.len());
                bytes.drain(at..(at + count).min(bytes.len()));
            }
            Edit::Insert(at, text) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, text.bytes());
            }
            Edit::Swap(a, b) => {
                let (a, b) = (a.index(bytes.len()), b.index(bytes.len()));
                bytes.swap(a, b);
            }
        }
    }
    // A rule is read as UTF-8, so broken characters never come this far.
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_spoilt_query_is_answered() {
    let at = any::<Index>;
    let edit = prop_oneof![
        2 => (at(), 1..4usize).prop_map(|(at, n)| Edit::Delete(at, n)),
        1 => (at(), 20..400usize).prop_map(|(at, n)| Edit::Delete(at, n)),
        3 => (at(), select(TOKENS)).prop_map(|(at, t)| Edit::Insert(at, t.to_owned())),
        1 => (at(), any::<char>()).prop_map(|(at, c)| Edit::Insert(at, c.into())),
        2 => (at(), at()).prop_map(|(a, b)| Edit::Swap(a, b)),
    ];
    hold(600, &vec(edit, 1..6), |edits| no_panic(&edited(PAGE, &edits)));
}

/// What the fuzz target `function` asks, of random bytes: every function is met with odd values.
#[test]
fn functions_answer_whatever_they_are_given() {
    hold(20_000, &vec(any::<u8>(), 0..48), |bytes| match std::panic::catch_unwind(|| crate::fuzz::function(&bytes)) {
        Ok(()) => Ok(()),
        Err(_) => Err(TestCaseError::fail(format!("a panic over {bytes:?}"))),
    });
}
