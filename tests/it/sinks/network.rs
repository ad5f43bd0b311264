//! Peers that stop, go and come back.

use std::collections::BTreeMap;
use std::io::Read as _;

use super::peer::{self, accept, all, lines, listen, numbers};
use super::{LONG, Tap, input, many_rules, record, records};

#[test]
fn a_peer_that_stops_reading_holds_the_run_up_and_then_gets_every_alert_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, target) = listen();
    // Of one core and of several: what is done before its turn must wait for it.
    for workers in ["1", "3"] {
        let count = 1500;
        let (input, rules) = (input(folder.path(), count), folder.path().join(workers));
        std::fs::create_dir(&rules).unwrap();
        let rules = many_rules(&rules);
        let arguments = ["--output", &target, "--rules", &rules, "--workers", workers, "--drain-timeout", LONG, &input];
        let mut tap = Tap::start(&arguments);
        let mut stream = accept(&listener);
        let mut first = [0];
        stream.read_exact(&mut first).unwrap();
        // What there is to send is far more than fits on the way, so it cannot end before the peer goes on.
        assert_eq!(tap.child.try_wait().unwrap(), None);
        let mut found = lines(&mut (&first[..]).chain(&stream), usize::MAX);
        drop(stream);
        found.retain(|line| line.contains("\"Rule\":7,") || line.contains("\"Rule\":7}"));
        assert_eq!(numbers(&found), (1..=count).collect::<Vec<_>>());
        let ended = tap.end().with(0, true);
        assert_eq!(
            ended.counts(["alerts", "written", "dropped", "spooled"]),
            [8 * count as u64, 8 * count as u64, 0, 0]
        );
    }
}

#[test]
fn a_peer_that_closes_and_comes_back_gets_each_alert_at_least_once_and_ids_tell_what_came_twice() {
    let folder = tempfile::tempdir().unwrap();
    let count = 2000;
    let input = input(folder.path(), count);
    let (listener, target) = listen();
    let tap = Tap::start(&["--output", &target, "--drain-timeout", LONG, &input]);
    let mut found = Vec::new();
    for some in [1, 700, 30, usize::MAX] {
        // What it has not read is lost with the connection.
        let stream = accept(&listener);
        let got = lines(&stream, some);
        assert!(numbers(&got).is_sorted(), "in order on each connection");
        found.extend(got);
    }
    tap.end().with(0, true);
    let mut by_id: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for line in &found {
        by_id.entry(peer::id(line)).or_default().push(line);
    }
    assert!(by_id.values().all(|same| same.iter().all(|line| *line == same[0])), "one id is one alert");
    let mut all: Vec<usize> = by_id.values().map(|same| peer::number(same[0])).collect();
    all.sort_unstable();
    assert_eq!(all, (1..=count).collect::<Vec<_>>());
}

#[test]
fn a_peer_that_closes_while_idle_is_noticed_before_more_is_written() {
    let (listener, target) = listen();
    let mut tap = Tap::start(&["--output", &target, "--drain-timeout", LONG]);
    tap.feed(&record(1));
    assert_eq!(numbers(&lines(accept(&listener), 1)), [1]);
    tap.feed(&record(2));
    let stream = accept(&listener);
    // What the first connection had taken is sent again, for nobody knows whether it was read.
    assert_eq!(numbers(&lines(&stream, 2)), [1, 2]);
    drop(tap.stdin.take());
    assert_eq!(all(&stream), [""; 0]);
    drop(stream);
    tap.end().with(0, true);
}

#[test]
fn a_peer_need_not_be_there_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sink.sock");
    let target = format!("unix:{}", path.display());
    let mut tap = Tap::start(&["--output", &target, "--drain-timeout", LONG]);
    tap.feed(&records(3));
    tap.wait_for("cannot connect to unix:");
    let (listener, _) = peer::unix(&path);
    drop(tap.stdin.take());
    assert_eq!(numbers(&all(peer::accept_unix(&listener))), [1, 2, 3]);
    let ended = tap.end().with(0, true);
    assert!(ended.said.contains("connected to unix:"), "{}", ended.said);
}

#[test]
fn drop_lets_go_of_what_does_not_fit_and_counts_it() {
    let folder = tempfile::tempdir().unwrap();
    let (input, rules) = (input(folder.path(), 1500), many_rules(folder.path()));
    let (listener, target) = listen();
    let arguments = ["--output", &target, "--on-full", "drop", "--rules", &rules, "--drain-timeout", LONG, &input];
    let tap = Tap::with(&arguments, &[("KQLTAP_QUEUE_BYTES", "100000")]);
    let stream = accept(&listener);
    tap.wait_for(" dropped (on_full = drop)");
    let found = all(&stream);
    drop(stream);
    assert!(numbers(&found).is_sorted());
    let ended = tap.end().with(0, true);
    let [alerts, written, dropped] = ended.counts(["alerts", "written", "dropped"]);
    assert_eq!(alerts, written + dropped);
    assert_eq!(written, found.len() as u64);
    assert!(dropped > 0);
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (arguments, words) in [
        (&["--output", "tcp://host"][..], "a host and a port must follow"),
        (&["--spool", "s"], "a spool goes with a tcp://, tls:// or unix: output"),
        (&["--output", "tcp://h:1", "--spool", "s", "--spool-max", "1MiB"], "four times resend_bytes"),
        (&["--output", "tcp://h:1", "--drain-timeout", "3"], "a time such as 3s"),
        (&["--on-full", "drop", "--emit", "annotate"], "only block does that"),
        (&["--output-tls-ca", "ca.pem"], "output_tls_* go with tls://"),
        (&["--dead-letter", "tcp://h:1"], "dead_letter"),
    ] {
        let ended = Tap::start(arguments).end();
        assert_eq!(ended.status, Some(2), "{arguments:?}: {}", ended.said);
        assert!(ended.said.contains(words), "{}", ended.said);
    }
}
