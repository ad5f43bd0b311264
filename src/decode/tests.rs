//! What stands around senders' lines.

#![allow(clippy::unwrap_used)]
use super::*;

mod auditd;
mod ecs;
mod joining;
mod kubernetes;

const RECORD: &str = r#"{"Type":"AuditLogs","OperationName":"x"}"#;

/// The rows of a line, or what else became of it.
fn decode(choice: Choice, line: &str) -> String {
    let mut decoders = Decoders::new(choice, vec!["AuditLogs".to_owned()], 64);
    match decoders.decode(line.as_bytes()) {
        Decoded::Nobodys => "nobody's".to_owned(),
        Decoded::Rows(rows) => rows.json().to_owned(),
        Decoded::Malformed(why) => why,
    }
}

#[test]
fn a_record_comes_out_of_what_is_around_it() {
    let quoted = serde_json::to_string(RECORD).unwrap();
    let twice = serde_json::to_string(&format!("{{\"log\":{quoted}}}")).unwrap();
    let lines = [
        format!(r#"{{"message":{quoted},"host":"h"}}"#),
        format!(r#"{{"log":{quoted}}}"#),
        format!(r#"{{"MESSAGE":{quoted},"PROGRAM":"x"}}"#),
        format!(r#"{{"event":{{"original":{quoted}}}}}"#),
        format!(r#"{{"event.original":{quoted}}}"#),
        format!(r#"{{"body":{RECORD}}}"#),
        format!(r#"{{"msg":{twice}}}"#),
        format!("<134>1 2026-11-24T08:00:00Z h app - - - {RECORD}"),
        format!("Nov 24 08:00:00 h app: {RECORD}"),
    ];
    for line in lines {
        assert_eq!(decode(Choice::Auto, &line), format!("[{RECORD}]"), "{line}");
        assert_eq!(decode(Choice::Off, &line), "nobody's", "{line}");
    }
}

#[test]
fn what_is_nobodys_stays_so() {
    for line in ["", "plain text", r#"{"a":1}"#, r#"{"message":"plain"}"#, "{", "[]", "[1]", r#"{"message":"{"}"#] {
        assert_eq!(decode(Choice::Auto, line), "nobody's", "{line}");
    }
}

#[test]
fn wrappers_have_an_end() {
    let mut line = RECORD.to_owned();
    for _ in 0..20 {
        line = format!(r#"{{"body":{line}}}"#);
    }
    // What is left is an object that is nobody's, so a record of no table.
    assert!(decode(Choice::Auto, &line).starts_with(r#"[{"body":"#));
}

#[test]
fn a_choice_of_one_sender_takes_no_other_line() {
    let choice = Choice::parse("unified-audit-log").unwrap();
    assert!(decode(choice, RECORD).contains("--decode unified-audit-log"));
    assert!(Choice::parse("nosuch").is_err());
}

#[test]
fn markers_are_spelt_alike_everywhere() {
    assert!(SENDERS.len() <= 64, "a bit each");
    for sender in SENDERS {
        assert!(!sender.markers.is_empty(), "{}", sender.name);
        for marker in sender.markers {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_=(.".contains(&b);
            assert!(marker.len() >= 4 && marker.bytes().all(plain), "{marker}");
        }
    }
}
