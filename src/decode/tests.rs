//! What stands around senders' lines.

#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

mod auditd;
mod ecs;
mod joining;
mod kubernetes;
mod members;
mod written;

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
        format!(r#"{{"time":1763971200.5,"host":"h","sourcetype":"x","event":{quoted}}}"#),
        format!(r#"{{"fields":{{"message":{quoted}}},"name":"syslog","tags":{{"hostname":"h"}}}}"#),
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
fn a_member_that_nobody_takes_hides_no_other() {
    let quoted = serde_json::to_string(RECORD).unwrap();
    let lines = [
        format!(r#"{{"message":"Network connection detected","event":{{"original":{quoted}}}}}"#),
        format!(r#"{{"log":{{"file":{{"path":"/x"}}}},"event":{{"original":{quoted}}}}}"#),
        format!(r#"{{"log":{{"file":{{"path":"/x"}}}},"message":{quoted}}}"#),
        format!(r#"{{"message":{{"a":1}},"log":"for people","msg":{quoted}}}"#),
        format!(r#"{{"message":"{{ no object","body":{RECORD}}}"#),
    ];
    for line in lines {
        assert_eq!(decode(Choice::Auto, &line), format!("[{RECORD}]"), "{line}");
    }
}

#[test]
fn the_nearest_that_says_the_host_is_heard() {
    let mut decoders = Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 64);
    let event = "<Event><System><Provider Name='Linux-Sysmon'/><EventID>11</EventID></System><EventData>\
                 <Data Name='TargetFilename'>/x</Data></EventData></Event>";
    for (line, host) in [
        (format!(r#"{{"host":"outer","log":{{"message":"{event}"}}}}"#), "outer"),
        (format!(r#"{{"host":"outer","log":{{"message":"{event}","host":"inner"}}}}"#), "inner"),
        (format!(r#"<14>Nov 24 08:00:01 web-1 app: {{"message":"{event}"}}"#), "web-1"),
    ] {
        let Decoded::Rows(rows) = decoders.decode(line.as_bytes()) else { panic!("{line}") };
        assert!(rows.json().contains(&format!(r#""DeviceName":"{host}""#)), "{line}: {}", rows.json());
    }
}

#[test]
fn the_object_of_splunks_collector_is_taken_off_and_no_other() {
    let rows = |line: &str| decode(Choice::Auto, line);
    assert_eq!(
        rows(&format!(r#"{{"time":1795507200,"host":"h","event":{RECORD},"index":"i"}}"#)),
        format!("[{RECORD}]")
    );
    assert_eq!(rows(&format!(r#"{{"event":{RECORD}}}"#)), format!("[{RECORD}]"));
    // The Elastic Common Schema has such an object too.
    assert_eq!(rows(&format!(r#"{{"event":{RECORD},"ecs":{{"version":"8.0.0"}}}}"#)), "nobody's");
}

#[test]
fn a_line_may_be_cut_within_a_character() {
    let event = "<Event><System><Provider Name='Linux-Sysmon'/><EventID>11</EventID></System><EventData>\
                 <Data Name='TargetFilename'>/x</Data><Data Name='User'>M\u{fc}ller";
    let cut = event.find('\u{fc}').unwrap() + 1;
    let mut decoders = Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 64);
    let mut outcome = |line: &[u8]| match decoders.decode(line) {
        Decoded::Rows(rows) => rows.json().to_owned(),
        other => format!("{other:?}"),
    };
    let bytes = &event.as_bytes()[..cut];
    assert!(outcome(bytes).contains(r#""FolderPath":"/x""#));
    assert!(outcome(&[bytes, b"\r"].concat()).contains(r#""FolderPath":"/x""#));
    // Within the line it is no cut.
    assert_eq!(outcome(&[bytes, b"</Data>"].concat()), "Nobodys");
}

#[test]
fn of_a_batch_some_records_are_asked_for() {
    let line = format!(r#"[{{"body":{RECORD}}},{{"message":"x"}},{{"log":{RECORD}}}]"#);
    let mut decoders = Decoders::new(Choice::Auto, vec!["AuditLogs".to_owned()], 64);
    let mut rows = |only: Option<&[usize]>| match decoders.decode_some(line.as_bytes(), only) {
        Decoded::Rows(rows) => rows.events().len(),
        _ => 0,
    };
    assert_eq!((rows(None), rows(Some(&[1, 2])), rows(Some(&[1]))), (2, 1, 0));
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
