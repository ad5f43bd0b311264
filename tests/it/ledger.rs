//! Lines that are wrong: each is counted, named and kept, and no neighbour is lost.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::records::{flat, network};
use crate::tap::{self, Ran};

/// A record that matches; the second of its time tells it from the others.
fn good(second: u32) -> Vec<u8> {
    let url = "http://169.254.169.254/metadata/identity/oauth2/token";
    flat("DeviceNetworkEvents", &network(second, url, "curl")).to_string().into_bytes()
}

fn mistyped(second: u32) -> Vec<u8> {
    let mut record: Json = serde_json::from_slice(&good(second)).unwrap();
    record["Timestamp"] = json!({"not": "a time"});
    record.to_string().into_bytes()
}

fn deep() -> Vec<u8> {
    format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200)).into_bytes()
}

fn not_utf8() -> Vec<u8> {
    let mut line = good(50);
    let at = line.len() / 2;
    line[at] = 0xff;
    line
}

/// Runs the built-in rules with dead letters; the run and the dead letters.
fn run_with_dead_letters(max_line_bytes: &str, input: &[u8], status: i32) -> (Ran, Vec<Json>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dead.ndjson");
    let mut command = tap::kqltap(["run", "--stats", "json", "--dead-letter", path.to_str().unwrap()]);
    command.env("KQLTAP_MAX_LINE_BYTES", max_line_bytes).write_stdin(input);
    let ran = Ran::new(&mut command).ended(status);
    let dead = std::fs::read_to_string(&path).unwrap();
    (ran, dead.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// The line numbers of the alerts.
fn alert_lines(ran: &Ran) -> Vec<u64> {
    ran.alerts().iter().map(|a| a["source"]["line"].as_u64().unwrap()).collect()
}

#[test]
fn every_kind_of_bad_line_is_counted_and_kept_and_its_neighbours_match() {
    let cut = good(3)[..200].to_vec();
    let long = [good(5), vec![b' '; 4096]].concat();
    let mut lines: Vec<(Vec<u8>, &str)> = vec![
        ([b"\xEF\xBB\xBF".as_slice(), &good(1)].concat(), "alert"),
        (b"".to_vec(), "blank"),
        ([good(2), b"\r".to_vec()].concat(), "alert"),
        (cut, "the line is not JSON"),
        (good(4), "alert"),
        (long, "max_line_bytes"),
        (mistyped(6), "alert"),
        (deep(), "`max_record_depth`"),
        (good(7), "alert"),
        (b" \t\r".to_vec(), "blank"),
        (b"\xEF\xBB\xBF\r".to_vec(), "blank"),
        (not_utf8(), "not UTF-8"),
        (good(8), "alert"),
        (b"\"text\"".to_vec(), "the line is a string"),
        (b"{\"records\":[{},7]}".to_vec(), "element 1"),
    ];
    lines.push((good(9), "alert"));
    // The last line has no newline.
    let input = lines.iter().map(|(line, _)| line.as_slice()).collect::<Vec<_>>().join(&b'\n');
    let (ran, dead) = run_with_dead_letters("2048", &input, 0);

    let numbered = || lines.iter().zip(1u64..);
    let of = |kind: &str| numbered().filter(|((_, k), _)| *k == kind).map(|(_, n)| n).collect::<Vec<_>>();
    assert_eq!(alert_lines(&ran), of("alert"));
    let bad: Vec<_> = numbered().filter(|((_, kind), _)| !matches!(*kind, "alert" | "blank")).collect();
    assert_eq!(dead.len(), bad.len());
    for (letter, ((line, reason), number)) in dead.iter().zip(bad) {
        assert!(letter["reason"].as_str().unwrap().contains(reason), "{letter}");
        assert_eq!((&letter["line"], &letter["source"]), (&json!(number), &json!("-")));
        match std::str::from_utf8(line) {
            Ok(text) => assert_eq!(letter["text"], text),
            Err(_) => {
                assert_eq!(letter.get("text"), None);
                assert_eq!(STANDARD.decode(letter["base64"].as_str().unwrap()).unwrap(), *line);
            }
        }
        // People are told too, with the place.
        assert!(ran.err.contains(&format!("kqltap: -:{number}: malformed line: ")), "{}", ran.err);
    }
    assert!(ran.err.contains("-:7: column Timestamp is datetime"), "{}", ran.err);
    assert_eq!(ran.alerts()[3]["columns"]["Timestamp"], Json::Null, "it is read as missing");

    let mut ledger = ran.ledger();
    ledger.as_object_mut().unwrap().remove("seconds");
    let (alerts, malformed) = (of("alert").len(), dead.len());
    assert_eq!(
        ledger,
        json!({
            "lines": lines.len(), "gated": of("blank").len(), "decoded": alerts, "malformed": malformed,
            "records": alerts, "unrouted": 0, "mistyped": 1, "alerts": alerts, "written": alerts,
            "dead_lettered": malformed, "dropped": 0, "spooled": 0, "bytes": input.len(), "balanced": true,
        })
    );
}

/// Lines that are longer than a read, one behind the other: between and behind them stand lines that are good.
#[test]
fn lines_far_over_the_limit_leave_their_neighbours_alone() {
    let huge = |bytes: usize| vec![b'x'; bytes];
    let mut input = Vec::new();
    for line in [good(1), huge(300_000), good(2), good(3), good(4), huge(900_000), good(5), huge(600_000)] {
        input.extend(line);
        input.push(b'\n');
    }
    let (ran, dead) = run_with_dead_letters("1100", &input, 0);
    assert_eq!(alert_lines(&ran), [1, 3, 4, 5, 7]);
    let lengths: Vec<&Json> = dead.iter().map(|letter| &letter["length"]).collect();
    assert_eq!(lengths, [&json!(300_000), &json!(900_000), &json!(600_000)]);
    for letter in &dead {
        assert_eq!(letter["truncated"], true);
        let kept = letter["text"].as_str().unwrap();
        assert!(!kept.is_empty() && kept.bytes().all(|b| b == b'x'));
    }
    let ledger = ran.ledger();
    assert_eq!((&ledger["lines"], &ledger["malformed"]), (&json!(8), &json!(3)));
    assert_eq!((&ledger["bytes"], &ledger["balanced"]), (&json!(input.len()), &json!(true)));
}

#[test]
fn without_dead_letters_bad_lines_are_named_and_counted() {
    let input = [b"not json\n".as_slice(), &good(1), b"\n"].concat();
    let ran = tap::run(["run", "--stats", "json"], input).ended(0);
    assert_eq!(alert_lines(&ran), [2]);
    assert!(ran.err.contains("kqltap: -:1: malformed line: the line is not JSON"), "{}", ran.err);
    let ledger = ran.ledger();
    assert_eq!((&ledger["malformed"], &ledger["dead_lettered"]), (&json!(1), &json!(0)));
    assert_eq!(ledger["balanced"], true);
}

#[test]
fn a_record_of_no_known_table_is_counted_as_unrouted() {
    let ran = tap::run(["run", "--stats", "json"], "{\"message\":\"hello\"}\n").ended(0);
    let ledger = ran.ledger();
    // The first block of an input is decoded whole, so no gate passes over it.
    assert_eq!((&ledger["decoded"], &ledger["records"], &ledger["unrouted"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(ledger["balanced"], true);
}
