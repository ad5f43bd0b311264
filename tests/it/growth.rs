//! What a short rule or one record could make grow without bound. A test here that fails may do so by not ending.

use std::fmt::Write as _;
use std::sync::Arc;

use kqltap::alert::MAX_EVIDENCE;
use kqltap::decode::{Choice, Decoded, Decoders, TABLES};
use kqltap::matcher::{Matcher, Ruleset};
use kqltap::record::Limits;
use kqltap::value::DateTime;
use kqltap::value::functions::Context;
use serde_json::{Value as Json, json};

use crate::records::{audit, file, flat};
use crate::tap::{self, PATHS};

/// A column made of a column, and so on; each is used twice by the next one. Spelt out it would have 2^levels leaves.
fn chain(leaf: &str, levels: usize, link: impl Fn(&str) -> String) -> String {
    let mut query = format!("DeviceFileEvents | extend a0 = {leaf}");
    for level in 1..=levels {
        let _ = write!(query, " | extend a{level} = {}", link(&format!("a{}", level - 1)));
    }
    format!("{query} | where a{levels} | project FileName")
}

fn either(a: &str) -> String {
    format!("({a} and FileSize > 2) or ({a} and FileSize > 3)")
}

/// As many rules as it takes for a table to have an index.
fn eight_times(query: &str) -> Arc<Ruleset> {
    let rule = || kqltap::rule::parse_kql("test.kql", query).unwrap().remove(0);
    tap::ruleset((0..8).map(|_| rule()).collect())
}

fn sized(name: &str) -> String {
    let mut row = file(1, "FileRead", "/tmp", name, "cat");
    row["FileSize"] = json!(7);
    flat("DeviceFileEvents", &row).to_string()
}

#[test]
fn a_column_made_of_columns_costs_what_its_text_does() {
    let lines = [sized("none"), sized("a needle")];
    for ruleset in [
        eight_times(&chain("FileName has 'needle'", 60, either)),
        eight_times(&chain("FileName has 'needle' or FolderPath has 'thread'", 60, either)),
        // Nothing for a gate and an index to find in it.
        eight_times(&chain("strlen(FileName) > 4", 60, either)),
        // What is used twice is the `not`; an even number of them.
        eight_times(&chain("FileName has 'needle'", 80, |a| format!("not({})", either(a)))),
    ] {
        let found = tap::alerts(&ruleset, &lines);
        assert_eq!(found.len(), 8);
        assert_eq!(found[0]["columns"]["FileName"], "a needle");
    }
}

#[test]
fn an_alert_shows_so_much_evidence() {
    let needles: Vec<String> = (0..3000).map(|n| format!("needle{n}")).collect();
    let ruleset = tap::ruleset_of(&format!("DeviceFileEvents | where FolderPath has_any ({})", quoted(&needles)));
    let row = flat("DeviceFileEvents", &file(1, "FileRead", &needles.join("/"), "x", "cat"));
    let found = tap::alerts(&ruleset, &[row.to_string()]);
    let evidence = found[0]["evidence"].as_array().unwrap();
    assert_eq!(evidence.len(), MAX_EVIDENCE);
    assert_eq!(evidence[99]["value"], "needle99", "the first ones");
}

fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_record_may_be_as_deep_as_its_setting_says_in_a_string_too() {
    let ruleset = tap::ruleset_of("AuditLogs | where gettype(TargetResources) == 'array' | project OperationName");
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let row = |resources: &Json| {
        let mut row = flat("AuditLogs", &audit(1, "Update user", "success", &json!([])));
        row["TargetResources"] = json!("here");
        row.to_string().replace("\"here\"", &resources.to_string())
    };
    let lines = [row(&json!([])).replace("[]", &deep), row(&json!(deep))];
    let matched = |max_depth: usize, line: &str| {
        PATHS.map(|path| {
            let limits = Limits { max_depth, ..Limits::default() };
            let mut matches = 0;
            let mut matcher = Matcher::new(ruleset.clone(), limits, path);
            let outcome = matcher.line(line.as_bytes(), &Context { now: DateTime(0) }, &mut |_| matches += 1);
            outcome.is_ok().then_some(matches)
        })
    };
    assert_eq!(lines.each_ref().map(|line| matched(400, line)), [[Some(1); 2]; 2]);
    assert_eq!(matched(128, &lines[0]), [None; 2], "malformed");
    assert_eq!(matched(128, &lines[1]), [Some(0); 2], "a text");
}

/// Lines of hostile senders, as long as the limit allows. Where the work grows with the square of the length, one takes a
/// quarter of an hour.
#[test]
fn a_hostile_senders_line_costs_what_its_length_does() {
    const LENGTH: usize = 16 << 20;
    let system = "<System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID></System>";
    let many =
        |start: &str, piece: &str, end: &str| format!("{start}{}{end} -Sysmon", piece.repeat(LENGTH / piece.len()));
    let quoted = |start: &str, piece: &str| format!("{start}{}\"}}", piece.repeat(LENGTH / piece.len()));
    for line in [
        many("", "<Event><System></System>", "</Event></Event>"),
        many("", "<Event></Event>", ""),
        many("", "<Event>", ""),
        many("<Event>", "<EventData>", "</Event>"),
        many(&format!("<Event>{system}<EventData>"), "<Data Name='a\">", "</Data>"),
        many(&format!("<Event>{system}<EventData>"), "<Data Name=q>", "</Data>"),
        many(&format!("<Event>{system}<EventData><Data Name='Image'>"), "&amp ", ""),
        many("<Event><System>", "<System>", "</System></Event>"),
        many("<13>Nov 24 08:00:00 h a:", " {", ""),
        quoted("{\"message\":\"-Sysmon", " {[<Event>"),
        quoted("{\"output_fields\":{},\"a\":\"", "x"),
        format!("[{}{{\"message\":\"-Sysmon\"}}]", "{\"message\":\"<Event></x>\",\"log\":{}},".repeat(LENGTH / 64)),
        format!(
            "{{{}\"winlog\":{{\"provider_name\":\"Microsoft-Windows-Sysmon\",\"event_id\":3}}}}",
            "\"log\":{},".repeat(LENGTH / 9)
        ),
        format!("type=SYSCALL msg=audit(1.0:1): syscall=59{}", " a0=1 msg='".repeat(LENGTH / 11)),
    ] {
        let mut decoders = Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 128);
        if let Decoded::Rows(rows) = decoders.decode(line.as_bytes()) {
            assert!(rows.json().len() <= 2 * line.len(), "{:.80}", line);
            assert!(rows.faults().len() < 10, "{:.80}", line);
        }
    }
}
