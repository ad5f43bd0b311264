//! Files as sinks, and a dead-letter file that fails.

use std::fs;

use super::{Tap, record, until};

fn lines(path: &std::path::Path) -> usize {
    fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

#[test]
fn sighup_opens_the_files_anew_and_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (alerts, dead) = (path("alerts.ndjson"), path("dead.ndjson"));
    let mut tap = Tap::start(&["--output", alerts.to_str().unwrap(), "--dead-letter", dead.to_str().unwrap()]);
    tap.feed(&format!("{}no json\n", record(1)));
    until("the first alert", || (lines(&alerts) == 1 && lines(&dead) == 1).then_some(()));
    fs::rename(&alerts, path("alerts.1")).unwrap();
    fs::rename(&dead, path("dead.1")).unwrap();
    tap.signal("-HUP");
    until("new files", || (alerts.exists() && dead.exists()).then_some(()));
    tap.feed(&format!("{}no json\n", record(2)));
    drop(tap.stdin.take());
    let ended = tap.end().with(0, true);
    assert_eq!(ended.counts(["alerts", "written", "dead_lettered"]), [2, 2, 2]);
    for (name, number) in [("alerts.1", 1), ("alerts.ndjson", 2)] {
        let text = fs::read_to_string(path(name)).unwrap();
        assert_eq!(text.lines().map(super::peer::number).collect::<Vec<_>>(), [number], "{name}");
    }
    assert_eq!((lines(&path("dead.1")), lines(&dead)), (1, 1));
}

#[test]
fn a_file_that_cannot_be_opened_anew_stays_open() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let mut tap = Tap::start(&["--output", logs.join("alerts.ndjson").to_str().unwrap()]);
    tap.feed(&record(1));
    until("the first alert", || (lines(&logs.join("alerts.ndjson")) == 1).then_some(()));
    let moved = folder.path().join("moved");
    fs::rename(&logs, &moved).unwrap();
    tap.signal("-HUP");
    tap.wait_for("the old file is kept open");
    tap.feed(&record(2));
    drop(tap.stdin.take());
    tap.end().with(0, true);
    assert_eq!(lines(&moved.join("alerts.ndjson")), 2);
}

#[test]
fn a_dead_letter_file_that_fails_ends_the_run() {
    let mut tap = Tap::start(&["--dead-letter", "/dev/full"]);
    tap.feed("no json\n");
    let ended = tap.end().with(1, false);
    assert!(ended.said.contains("cannot write to /dev/full"), "{}", ended.said);
    assert_eq!(ended.counts(["malformed", "dead_lettered"]), [1, 0]);
}
