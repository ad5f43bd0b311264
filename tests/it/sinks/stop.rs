//! How a run ends: with sinks that take, that take their time, and that take nothing.

use std::io::Read as _;
use std::time::Duration;

use super::peer::{accept, all, lines, listen, nobody, numbers};
use super::{LONG, Tap, input, many_rules, record, records, segments, until};

/// Short, for sinks that will not take anything however long one waits.
const SHORT: &str = "200ms";

#[test]
fn sigterm_with_a_healthy_peer() {
    let (listener, target) = listen();
    let mut tap = Tap::start(&["--output", &target, "--drain-timeout", LONG]);
    tap.feed(&records(100));
    let stream = accept(&listener);
    let mut found = lines(&stream, 1);
    tap.signal("-TERM");
    found.extend(all(&stream));
    drop(stream);
    let ended = tap.end().with(0, true);
    // Lines that it had not read when the signal came are not its own.
    let [lines, alerts, written] = ended.counts(["lines", "alerts", "written"]);
    assert_eq!((lines, alerts), (alerts, written));
}

#[test]
fn sigterm_with_a_slow_peer() {
    let folder = tempfile::tempdir().unwrap();
    let (input, rules) = (input(folder.path(), 1500), many_rules(folder.path()));
    let (listener, target) = listen();
    let tap = Tap::start(&["--output", &target, "--rules", &rules, "--drain-timeout", LONG, &input]);
    let mut stream = accept(&listener);
    tap.signal("-TERM");
    let mut bytes = Vec::new();
    let mut some = vec![0; 1 << 18];
    loop {
        match stream.read(&mut some).unwrap() {
            0 => break,
            n => bytes.extend_from_slice(&some[..n]),
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(stream);
    let ended = tap.end().with(0, true);
    let [alerts, written] = ended.counts(["alerts", "written"]);
    assert_eq!((alerts, written), (written, bytes.iter().filter(|b| **b == b'\n').count() as u64));
}

#[test]
fn sigterm_with_nobody_there_says_what_is_lost() {
    let target = nobody();
    let mut tap = Tap::start(&["--output", &target, "--drain-timeout", SHORT]);
    tap.feed(&record(1));
    tap.wait_for("cannot connect to tcp://");
    tap.signal("-TERM");
    let ended = tap.end().with(1, false);
    assert_eq!(ended.counts(["alerts", "written", "dropped", "spooled"]), [1, 0, 0, 0]);
    assert!(ended.said.contains("drain_timeout"), "{}", ended.said);
}

#[test]
fn the_inputs_end_with_nobody_there_says_what_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path(), 10);
    for more in [&[][..], &["--on-full", "drop"]] {
        let target = nobody();
        let arguments = [&["--output", &target, "--drain-timeout", SHORT, &input], more].concat();
        let ended = Tap::start(&arguments).end().with(1, false);
        assert_eq!(ended.counts(["alerts", "written", "dropped"]), [10, 0, 0]);
    }
}

#[test]
fn sigterm_with_nobody_there_and_a_spool_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let target = nobody();
    let arguments = ["--output", &target, "--drain-timeout", SHORT, "--spool", spool.to_str().unwrap()];
    let mut tap = Tap::start(&arguments);
    tap.feed(&record(1));
    until("an alert in the spool", || segments(&spool).iter().any(|(_, length)| *length > 0).then_some(()));
    tap.signal("-TERM");
    let ended = tap.end().with(0, true);
    assert_eq!(ended.counts(["alerts", "written", "dropped", "spooled"]), [1, 0, 0, 1]);
}

#[test]
fn sigterm_with_a_stalled_peer() {
    let folder = tempfile::tempdir().unwrap();
    let (input, rules) = (input(folder.path(), 1500), many_rules(folder.path()));
    let (listener, target) = listen();
    let tap = Tap::start(&["--output", &target, "--rules", &rules, "--drain-timeout", SHORT, &input]);
    // Once it has connected it has something to send: more than goes on the way, so it is stalled or will be.
    let stream = accept(&listener);
    tap.signal("-TERM");
    let ended = tap.end().with(1, false);
    drop(stream);
    let [alerts, written] = ended.counts(["alerts", "written"]);
    assert!(alerts > written, "{}", ended.said);
}

#[test]
fn sigterm_with_a_stalled_peer_and_a_spool_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, spool) = (many_rules(folder.path()), folder.path().join("spool"));
    let (listener, target) = listen();
    let arguments =
        ["--output", &target, "--rules", &rules, "--drain-timeout", "2s", "--spool", spool.to_str().unwrap()];
    let mut tap = Tap::start(&arguments);
    tap.feed(&records(600));
    let stream = accept(&listener);
    // All that it has read is on the disk, so only the peer is waited for.
    until("the last alert in the spool", || {
        let has_last = |path| std::fs::read(path).is_ok_and(|bytes| last_alert(&bytes));
        segments(&spool).into_iter().any(|(path, _)| has_last(path)).then_some(())
    });
    tap.signal("-TERM");
    let ended = tap.end().with(0, true);
    drop(stream);
    assert_eq!(ended.counts(["alerts", "written", "dropped", "spooled"]), [4800, 0, 0, 4800]);
}

/// Whether that holds the last rule's alert of the 600th record.
fn last_alert(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|b| *b == b'\n').map(String::from_utf8_lossy);
    lines.any(|line| line.contains("token?n=600\"") && line.contains("\"Rule\":7"))
}

#[test]
fn a_second_signal_quits_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (input, rules) = (input(folder.path(), 1500), many_rules(folder.path()));
    for more in [&[][..], &["--on-full", "drop"]] {
        let (listener, target) = listen();
        let arguments = [&["--output", &target, "--rules", &rules, "--drain-timeout", LONG, &input], more].concat();
        let mut tap = Tap::start(&arguments);
        let stream = accept(&listener);
        // Two that come at the same time may be one to the process.
        until("the end", || {
            tap.signal("-TERM");
            tap.child.try_wait().unwrap()
        });
        let ended = tap.end().with(1, false);
        drop(stream);
        assert!(ended.said.contains("a second time"), "{}", ended.said);
    }
}

#[test]
fn the_order_of_alerts_survives_a_stop_and_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, input) = (folder.path().join("spool"), input(folder.path(), 300));
    let target = nobody();
    let spool = spool.to_str().unwrap();
    let ended =
        Tap::start(&["--output", &target, "--drain-timeout", SHORT, "--spool", spool, &input]).end().with(0, true);
    assert_eq!(ended.counts(["alerts", "spooled"]), [300, 300]);
    let (listener, target) = listen();
    let tap = Tap::start(&["--output", &target, "--drain-timeout", LONG, "--spool", spool, "/dev/null"]);
    let found = all(accept(&listener));
    assert_eq!(numbers(&found), (1..=300).collect::<Vec<_>>());
    let ended = tap.end().with(0, true);
    // Those are of another run's ledger.
    assert_eq!(ended.counts(["alerts", "written", "spooled"]), [0, 0, 0]);
}
