#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::value::dynamic::MAX_DEPTH;

fn ok(text: &str) -> Dynamic<'_> {
    parse(text, MAX_DEPTH).unwrap()
}

fn error(text: &str) -> String {
    parse(text, MAX_DEPTH).unwrap_err().to_string()
}

#[test]
fn numbers_are_long_where_they_fit() {
    assert_eq!(ok(" 9223372036854775807 "), Dynamic::Long(i64::MAX));
    assert_eq!(ok("-9223372036854775808"), Dynamic::Long(i64::MIN));
    assert_eq!(ok("9223372036854775808"), Dynamic::Real(9_223_372_036_854_775_808.0));
    assert_eq!(ok("1.0"), Dynamic::Real(1.0));
    assert_eq!(ok("1E2"), Dynamic::Real(100.0));
    assert_eq!(ok("1e-999"), Dynamic::Real(0.0));
}

#[test]
fn strings_borrow_unless_escaped() {
    assert!(matches!(ok(r#""déjà vu""#), Dynamic::String(Cow::Borrowed("déjà vu"))));
    assert!(matches!(ok(r#""C:\\\"Users\"\u0041""#), Dynamic::String(Cow::Owned(s)) if s == "C:\\\"Users\"A"));
    assert_eq!(unescape(r"\b\f\n\r\t\/\\"), "\u{8}\u{C}\n\r\t/\\");
}

#[test]
fn lone_surrogates_are_replaced() {
    assert_eq!(unescape(r"\ud83d\ude00"), "\u{1F600}");
    assert_eq!(unescape(r"a\ud83db"), "a\u{FFFD}b");
    assert_eq!(unescape(r"\ude00\ud83d"), "\u{FFFD}\u{FFFD}");
    assert_eq!(unescape(r"\ud83d\u0041"), "\u{FFFD}A");
    assert_eq!(ok(r#""\ud83d""#), Dynamic::String(Cow::Borrowed("\u{FFFD}")));
}

#[test]
fn unescape_keeps_what_is_no_escape() {
    assert_eq!(unescape(r"a\"), r"a\");
    assert_eq!(unescape(r"\x\u12\uzzzz\u00é"), r"\x\u12\uzzzz\u00é");
}

#[test]
fn the_last_value_counts_at_the_first_place() {
    let Dynamic::Bag(members) = ok(r#"{"a":1,"b":2,"\u0061":3}"#) else { panic!() };
    assert_eq!(&*members, [("a".into(), Dynamic::Long(3)), ("b".into(), Dynamic::Long(2))]);
    let many: Vec<String> = (0..200).map(|n| format!("\"{}\":{n}", n % 50)).collect();
    let text = format!("{{{}}}", many.join(","));
    let Dynamic::Bag(members) = ok(&text) else { panic!() };
    assert_eq!(members.len(), 50);
    assert_eq!(members[7], ("7".into(), Dynamic::Long(157)));
}

#[test]
fn errors_say_what_and_where() {
    assert_eq!(error(r#"{"a":}"#), "expected a value at byte 5");
    assert_eq!(error(r#"{"a" 1}"#), "expected `:` after a member's name at byte 5");
    assert_eq!(error("[1,]"), "expected a value at byte 3");
    assert_eq!(error(r#"{"a":1,}"#), "expected a member's name in quotes at byte 7");
    assert_eq!(error("[1 2]"), "expected `,` or `]` at byte 3");
    assert_eq!(error("01"), "a number with a leading zero at byte 1");
    assert_eq!(error("\"a\tb\""), "a control character (0x09) that is not escaped in a string at byte 2");
    assert_eq!(error(r#""\x""#), "a backslash that begins no JSON escape at byte 1");
    assert_eq!(error(r#"{} {}"#), "more text after the end of the value at byte 3");
    assert_eq!(error(r#""ab"#), "the text ends where the `\"` that closes a string was expected, at byte 3");
}

#[test]
fn what_no_double_holds_is_infinite() {
    assert_eq!(parse("1e400", 8), Ok(Dynamic::Real(f64::INFINITY)));
    assert_eq!(parse("-1e400", 8), Ok(Dynamic::Real(f64::NEG_INFINITY)));
    assert_eq!(parse(&"9".repeat(400), 8), Ok(Dynamic::Real(f64::INFINITY)));
    assert_eq!(parse("1e-400", 8), Ok(Dynamic::Real(0.0)));
}

#[test]
fn depth_is_bounded() {
    let nest = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(parse(&nest(128), 128).is_ok());
    assert_eq!(parse(&nest(129), 128).unwrap_err(), JsonError { offset: 128, reason: Reason::TooDeep(128) });
    assert!(parse(&nest(DEEPEST), usize::MAX).is_ok());
    assert_eq!(parse(&"[".repeat(1_000_000), usize::MAX).unwrap_err().reason, Reason::TooDeep(DEEPEST));
}

fn same(ours: &Dynamic<'_>, theirs: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    match (ours, theirs) {
        (Dynamic::Null, Json::Null) => true,
        (Dynamic::Bool(a), Json::Bool(b)) => a == b,
        (Dynamic::Long(a), Json::Number(b)) => b.as_i64() == Some(*a) || (*a == 0 && b.as_f64() == Some(0.0)),
        (Dynamic::Real(a), Json::Number(b)) => {
            b.as_i64().is_none() && b.as_f64().is_some_and(|b| (a - b).abs() <= a.abs() * 1e-15)
        }
        (Dynamic::String(a), Json::String(b)) => a == b,
        (Dynamic::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Dynamic::Bag(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, v), (l, w))| k == l && same(v, w))
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// Both parsers refuse the same texts and read the same from the others.
    #[test]
    fn serde_json_agrees(text in r#"([\[\]{},:"0-9eE+.nulltrfas \t\n\\/-]|\\u00[46][1a]|"a"|"b":|true|null|1e30[89]|[0-9]{1,25}|é|\x01){0,14}"#) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match parse(&text, MAX_DEPTH) {
            Ok(ours) => {
                if theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range")) {
                    return Ok(());
                }
                let theirs = theirs.unwrap();
                prop_assert!(same(&ours, &theirs), "{ours:?} {theirs:?}");
            }
            Err(error) => prop_assert!(theirs.is_err(), "{error}"),
        }
    }

    /// Strings of many escapes, valid or not, which lie across the chunks in which text is read.
    #[test]
    fn escapes_lie_anywhere(inner in r#"([a-z]{0,20}|\\[\\"/bfnrtxu]|\\u00[46][1ag]|"|é|\x01|\x1f){0,24}"#) {
        let text = format!("\"{inner}\"");
        match (parse(&text, MAX_DEPTH), serde_json::from_str::<serde_json::Value>(&text)) {
            (Ok(ours), Ok(theirs)) => prop_assert!(same(&ours, &theirs), "{ours:?} {theirs:?}"),
            (ours, theirs) => prop_assert!(ours.is_err() && theirs.is_err(), "{ours:?} {theirs:?}"),
        }
    }
}
