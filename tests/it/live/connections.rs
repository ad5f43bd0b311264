//! Many connections, good and bad: the bad ones harm nobody but themselves.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::Shutdown;

use serde_json::Value as Json;

use super::{Live, closed, long, matching, send};

/// Lines of each good connection.
const LINES: usize = 40;

#[test]
fn bad_connections_harm_nobody_else() {
    // One of each bad kind and four good ones, twice; whole, twenty times.
    let rounds = if long() { 20 } else { 2 };
    let settings = [
        ("KQLTAP_MAX_LINE_BYTES", "20000"),
        ("KQLTAP_MAX_IN_FLIGHT_BYTES", "600000"),
        ("KQLTAP_MAX_CONNECTION_BYTES", "300000"),
        ("KQLTAP_LINE_TIMEOUT", "5s"),
        ("KQLTAP_MAX_CONNECTIONS", "256"),
    ];
    let mut live = Live::start(&["tcp://127.0.0.1:0"], &settings);
    let good = |connection: usize| -> Vec<u8> {
        let line = |i| format!("{}\n", matching(&format!("{connection} {i}")));
        (0..LINES).map(line).collect::<String>().into_bytes()
    };
    let mut silent = Vec::new();
    let mut threads = Vec::new();
    for round in 0..rounds {
        // Nothing at all; it stays open.
        silent.push(live.connect());
        for kind in 1..10 {
            let mut stream = live.connect();
            let lines = good(round * 10 + kind);
            threads.push(std::thread::spawn(move || match kind {
                // Slow: a few bytes at a time.
                1 => {
                    for piece in lines.chunks(97) {
                        stream.write_all(piece).unwrap();
                        std::thread::yield_now();
                    }
                }
                // Half closed: it waits for the other side to be done.
                2 => {
                    stream.write_all(&lines).unwrap();
                    stream.shutdown(Shutdown::Write).unwrap();
                    closed(stream);
                }
                // Torn within a line.
                3 => send(stream, &lines[..300]),
                // A line that is begun and not finished.
                4 => {
                    stream.write_all(b"{\"Type\":").unwrap();
                    closed(stream);
                }
                // Far over the limit, with good lines around it.
                5 => send(stream, &[&lines[..], &vec![b'x'; 3_000_000], b"\n", &lines[..]].concat()),
                // No UTF-8.
                6 => send(stream, &[&b"{\"a\":\"\xff\xfe\"}\n".repeat(LINES)[..], &lines[..]].concat()),
                _ => send(stream, &lines),
            }));
        }
    }
    // Kinds 1, 2, 6, 7, 8, 9 send their lines once, kind 5 twice; a torn line is no alert.
    let alerts = live.alerts(rounds * (6 + 2) * LINES);
    for _ in 0..rounds {
        let said = live.wait_for("line_timeout");
        assert!(said.contains("not finished within 5s"), "{said}");
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    // Those that were torn have been handled when their lines are counted, which is before the end.
    let ended = live.stopped();
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for alert in alerts.iter().chain(&ended.alerts) {
        let input = alert["source"]["input"].as_str().unwrap();
        lines.entry(input.to_owned()).or_default().push(alert["columns"]["Source"].as_str().unwrap().to_owned());
    }
    assert_eq!(lines.len(), rounds * 7);
    for words in lines.values() {
        let connection = words[0].split(' ').next().unwrap();
        let expected = (0..words.len()).map(|i| format!("{connection} {}", i % LINES));
        assert!(words.iter().cloned().eq(expected), "{words:?}");
    }
    let malformed = rounds * (1 + 1 + 1 + LINES);
    ended.counted(&[
        ("alerts", rounds * 8 * LINES),
        ("malformed", malformed),
        ("lines", rounds * 8 * LINES + malformed),
        ("connections", rounds * 10),
        ("timed_out", rounds),
        ("refused", 0),
        ("broken", 0),
        ("cut_off", 0),
    ]);
    drop(silent);
}

#[test]
fn too_many_connections_are_refused_and_a_free_place_is_given_again() {
    let mut live = Live::start(&["tcp://127.0.0.1:0"], &[("KQLTAP_MAX_CONNECTIONS", "2")]);
    let line = |word| format!("{}\n", matching(word));
    let (mut one, mut two) = (live.connect(), live.connect());
    for stream in [&mut one, &mut two] {
        stream.write_all(line("a").as_bytes()).unwrap();
    }
    live.alerts(2);
    closed(live.connect());
    live.wait_for("max_connections");
    one.shutdown(Shutdown::Write).unwrap();
    closed(one);
    // The place is free a moment after the connection is closed.
    let mut refused = 1;
    loop {
        let mut stream = live.connect();
        if stream.write_all(line("b").as_bytes()).is_err() || stream.shutdown(Shutdown::Write).is_err() {
            refused += 1;
            continue;
        }
        closed(stream);
        break;
    }
    two.write_all(line("c").as_bytes()).unwrap();
    let ended = live.stopped();
    let counted = ended.ledger();
    let (accepted, others) = (counted["connections"].as_u64().unwrap(), counted["refused"].as_u64().unwrap());
    assert!(accepted == 3 && others >= refused || accepted == 2 && others > refused, "{counted}");
    assert_eq!(counted["balanced"], true);
}

/// However slow this machine is: the connection is silent from its first moment on. When silence begins, and what ends it, is
/// tested with a clock that stands still, beside `listen::connection`.
#[test]
fn silence_is_bounded_where_it_is_said() {
    let mut live = Live::start(&["tcp://127.0.0.1:0"], &[("KQLTAP_IDLE_TIMEOUT", "50ms")]);
    let stream = live.connect();
    live.wait_for("idle_timeout");
    closed(stream);
    live.stopped().counted(&[("connections", 1), ("timed_out", 1)]);
}

/// What the kernel has taken when the run is stopped is read, and what is within a line then is no line.
#[test]
fn a_stop_loses_nothing_that_was_sent() {
    let mut live = Live::start(&["tcp://127.0.0.1:0"], &[]);
    let mut stream = live.connect();
    let lines: String = (0..LINES).map(|i| format!("{}\n", matching(&i.to_string()))).collect();
    stream.write_all(lines.as_bytes()).unwrap();
    // It has been accepted; the rest may be anywhere.
    let mut alerts = live.alerts(1);
    stream.write_all(lines.as_bytes()).unwrap();
    stream.write_all(b"{\"half\":").unwrap();
    let ended = live.stopped();
    alerts.extend(ended.alerts.iter().cloned());
    let words: Vec<&Json> = alerts.iter().map(|alert| &alert["columns"]["Source"]).collect();
    assert!(words.into_iter().cloned().eq((0..2 * LINES).map(|i| Json::from((i % LINES).to_string()))));
    ended.counted(&[("alerts", 2 * LINES), ("lines", 2 * LINES), ("cut_off", 1)]);
    assert_eq!(ended.status, Some(0));
    drop(stream);
}
