//! Records of auditd's among other lines: they are joined wherever they stand, and no neighbour is harmed.

use std::path::Path;

use serde_json::Value as Json;

use crate::tap::{self, Ran};

/// Lines of events that alert, twelve times.
fn records() -> Vec<String> {
    let folder = Path::new("examples/records/auditd");
    let mut names: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let matching = names.iter().filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("match-"));
    matching
        .flat_map(|path| std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// The records of the first event.
fn event() -> Vec<String> {
    let all = records();
    let stamp = |line: &str| line.split_once("audit(").map(|(_, rest)| rest.split(')').next().unwrap().to_owned());
    all.iter().filter(|line| stamp(line) == stamp(&all[0])).cloned().collect()
}

/// The same without the record that would end it: two alerts, of a program and of what it was asked to fetch.
pub(crate) fn open_event() -> String {
    event().iter().filter(|line| !line.contains("PROCTITLE")).map(|line| format!("{line}\n")).collect()
}

fn text(lines: &[String]) -> Vec<u8> {
    let mut text = lines.join("\n");
    text.push('\n');
    text.into_bytes()
}

fn run_file(input: &[u8], arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in");
    std::fs::write(&path, input).unwrap();
    let mut command = tap::kqltap(["run", "--stats", "json"]);
    Ran::new(command.args(arguments).arg(&path))
}

fn lines_of(ran: &Ran) -> Vec<u64> {
    ran.alerts().iter().map(|alert| alert["source"]["line"].as_u64().unwrap()).collect()
}

#[test]
fn records_are_joined_wherever_in_an_input_they_begin() {
    let alone = tap::run(["run"], text(&records())).ended(0).alerts().len();
    assert_eq!(alone, 12);
    // More than two blocks of other lines in front, and again within an event.
    let others = "{\"a\":1,\"b\":\"hello world\"}\n".repeat(30_000);
    let event = event();
    let split = [text(&event[..1]), others.clone().into_bytes(), text(&event[1..])].concat();
    let one = tap::run(["run"], text(&event)).ended(0).alerts().len();
    let input = [others.as_bytes(), &text(&records()), &split].concat();
    for arguments in [["--workers", "1"], ["--workers", "2"], ["--workers", "4"], ["--shadow", "1"]] {
        let ran = run_file(&input, &arguments).ended(0);
        assert_eq!(ran.alerts().len(), alone + one, "{arguments:?}");
        assert_eq!(ran.ledger()["balanced"], true, "{arguments:?}");
    }
    assert_eq!(tap::run(["run"], input).ended(0).alerts().len(), alone + one);
}

#[test]
fn lines_between_records_keep_their_numbers_and_a_bad_one_harms_itself() {
    let folder = tempfile::tempdir().unwrap();
    let dead = folder.path().join("dead");
    let event = event();
    let bad = [event[1].as_bytes(), b"\xff\n"].concat();
    let input = [text(&event[..1]).as_slice(), b"{\"a\":\n", &bad, b"\n", &text(&event[1..])].concat();
    let ran = run_file(&input, &["--dead-letter", dead.to_str().unwrap()]).ended(0);
    let ledger = ran.ledger();
    assert_eq!((ledger["malformed"].as_u64(), ledger["lines"].as_u64()), (Some(2), Some(event.len() as u64 + 3)));
    assert!(lines_of(&ran).iter().all(|line| *line == event.len() as u64 + 3), "{:?}", lines_of(&ran));
    assert!(!lines_of(&ran).is_empty());
    let letters: Vec<Json> =
        std::fs::read_to_string(&dead).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(letters.iter().map(|letter| letter["line"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(letters[0]["text"], "{\"a\":");
}

#[test]
fn annotated_lines_go_on_in_their_order() {
    let records = records();
    let ran = tap::run(["run", "--emit", "annotate"], text(&records)).ended(0);
    let lines: Vec<&str> = ran.text().lines().map(|line| line.split(" kqltap=[").next().unwrap()).collect();
    assert_eq!(lines, records);
    // Nothing of the event itself has ended it: the alert has a line of its own, at the end.
    let event = event();
    let open: Vec<String> = event.iter().filter(|line| !line.starts_with("type=PROCTITLE")).cloned().collect();
    let ran = tap::run(["run", "--emit", "annotate"], text(&open)).ended(0);
    let lines: Vec<&str> = ran.text().lines().collect();
    assert_eq!(lines[..open.len()], open);
    assert!(lines.len() == open.len() + 1 && lines[open.len()].starts_with("kqltap=[{"), "{lines:?}");
    // A shipper's object gains a member, as every object does.
    let wrapped: Vec<String> = event.iter().map(|line| serde_json::json!({ "log": line }).to_string()).collect();
    let ran = tap::run(["run", "--emit", "annotate"], text(&wrapped)).ended(0);
    let last: Json = serde_json::from_str(ran.text().lines().last().unwrap()).unwrap();
    assert!(last["kqltap"][0]["rule"].is_object() || last["kqltap"][0]["rule"].is_string(), "{last}");
}

#[test]
fn a_joined_event_longer_than_a_line_may_be_is_no_line() {
    let event = event();
    let longest = event.iter().map(String::len).max().unwrap();
    let mut command = tap::kqltap(["run", "--stats", "json"]);
    command.env("KQLTAP_MAX_LINE_BYTES", longest.max(1_024).to_string());
    let ran = Ran::new(command.write_stdin(text(&event))).ended(0);
    assert!(!ran.alerts().is_empty());
    assert_eq!(ran.ledger()["malformed"], 0);
}
