//! What senders write: lines, counted messages, the last line; and where it comes from.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};

use super::{Live, closed, matching, send};
use crate::tap;

fn words(alerts: &[Json]) -> Vec<&str> {
    alerts.iter().map(|alert| alert["columns"]["Source"].as_str().unwrap()).collect()
}

#[test]
fn lines_of_a_connection_come_in_order_and_name_their_sender() {
    let mut live = Live::start(&["tcp://127.0.0.1:0"], &[]);
    let mut stream = live.connect();
    let peer = stream.local_addr().unwrap();
    stream.write_all(format!("{}\n\n{}\n", matching("a"), matching("b")).as_bytes()).unwrap();
    let mut alerts = live.alerts(2);
    // What stands behind the last newline counts when the sender has said all, though it still listens.
    stream.write_all(matching("c").as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    alerts.extend(live.alerts(1));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "and is closed in order");
    assert_eq!(words(&alerts), ["a", "b", "c"]);
    let places: Vec<&Json> = alerts.iter().map(|alert| &alert["source"]).collect();
    let input = format!("{} {peer}", live.name());
    let place = |line| json!({"input": input, "line": line, "record": 0});
    assert_eq!(places, [&place(1), &place(3), &place(4)]);
    let ended = live.stopped();
    assert_eq!(ended.status, Some(0));
    ended.counted(&[("lines", 4), ("alerts", 3), ("written", 3), ("connections", 1), ("broken", 0), ("cut_off", 0)]);
}

#[test]
fn counted_messages_are_lines() {
    let mut live = Live::start(&["tcp://127.0.0.1:0"], &[]);
    let spread = matching("a").replacen("{", "{\n", 1).replacen(",", ",\n ", 1);
    let message = |text: &str| format!("{} {text}", text.len());
    let mut input = [message(&spread), message(&format!("{}\n", matching("b"))), message(&matching("c"))].concat();
    // However it is cut.
    let mut stream = live.connect();
    let second = input.split_off(input.len() / 3);
    stream.write_all(input.as_bytes()).unwrap();
    stream.write_all(second.as_bytes()).unwrap();
    let alerts = live.alerts(3);
    assert_eq!(words(&alerts), ["a", "b", "c"]);
    let lines: Vec<&Json> = alerts.iter().map(|alert| &alert["source"]["line"]).collect();
    assert_eq!(lines, [1, 2, 3]);
    // A count that is none ends this connection, and no other.
    let mut other = live.connect();
    other.write_all(format!("{}nonsense", message(&matching("d"))).as_bytes()).unwrap();
    let said = live.wait_for("octet counting");
    assert!(said.contains(&other.local_addr().unwrap().to_string()) && said.contains("nonsense"), "{said}");
    closed(other);
    send(stream, message(&matching("e")).as_bytes());
    assert_eq!(words(&live.alerts(2)), ["d", "e"]);
    // The end within a message.
    send(live.connect(), b"100 {}");
    live.wait_for("octet counting");
    let ended = live.stopped();
    ended.counted(&[("octet_errors", 2), ("alerts", 5), ("lines", 7), ("malformed", 1), ("connections", 3)]);
}

#[test]
fn a_unix_socket_takes_the_place_of_what_a_run_left_and_goes_with_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kqltap.sock");
    drop(UnixListener::bind(&path).unwrap());
    let input = format!("unix:{}", path.display());
    let mut live = Live::start(&[&input], &[("KQLTAP_UNIX_SOCKET_MODE", "660")]);
    assert_eq!(live.name(), input);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(format!("{}\n", matching("a")).as_bytes()).unwrap();
    let source = live.alerts(1)[0]["source"]["input"].as_str().unwrap().to_owned();
    assert_eq!(source, format!("{input} pid {}", std::process::id()));
    // A second one does not take it away.
    let second = tap::run(["run", &input], "").ended(1);
    assert!(second.err.contains("cannot listen on") && second.err.contains("somebody"), "{}", second.err);
    live.stopped().counted(&[("alerts", 1)]);
    assert!(!path.exists());
}

#[test]
fn files_and_standard_input_run_beside_a_listener_and_do_not_end_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.ndjson");
    std::fs::write(&path, format!("{}\n{}", matching("file"), matching("file"))).unwrap();
    let inputs = [path.to_str().unwrap(), "-", "tcp://127.0.0.1:0", "no such file"];
    let mut live = Live::with(&inputs, &[], Stdio::piped(), Stdio::piped());
    let mut stdin = live.stdin();
    stdin.write_all(format!("{}\n", matching("stdin")).as_bytes()).unwrap();
    let mut alerts = live.alerts(3);
    drop(stdin);
    live.wait_for("cannot read no such file");
    send(live.connect(), matching("socket").as_bytes());
    alerts.extend(live.alerts(1));
    let mut found = words(&alerts);
    found.sort_unstable();
    assert_eq!(found, ["file", "file", "socket", "stdin"]);
    let of_file: Vec<&Json> = alerts.iter().map(|a| &a["source"]).filter(|s| s["input"] == inputs[0]).collect();
    assert_eq!([&of_file[0]["line"], &of_file[1]["line"]], [1, 2]);
    let ended = live.stopped();
    assert_eq!(ended.status, Some(1), "an input could not be read");
    ended.counted(&[("alerts", 4), ("lines", 4)]);
}

/// Standard input goes on for ever, and faster than it is handled; a stop ends the run all the same.
#[test]
fn a_stop_does_not_wait_for_an_input_that_never_ends() {
    let mut endless = std::process::Command::new("yes").arg("{}").stdout(Stdio::piped()).spawn().unwrap();
    let stdin = endless.stdout.take().unwrap();
    let mut live = Live::with(&["tcp://127.0.0.1:0", "-"], &[], Stdio::piped(), stdin.into());
    send(live.connect(), matching("a").as_bytes());
    live.alerts(1);
    let ended = live.stopped();
    endless.kill().unwrap();
    endless.wait().unwrap();
    assert_eq!(ended.status, Some(0), "{:?}", ended.err);
    ended.counted(&[("alerts", 1)]);
}

#[test]
fn what_is_compressed_is_known_by_its_first_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let lines: String = (0..2000).map(|i| format!("{}\n", matching(&i.to_string()))).collect();
    let (first, second) = lines.as_bytes().split_at(lines.len() / 2);
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let members = [gzip(first), gzip(second)].concat();
    let frames = [zstd::encode_all(first, 1).unwrap(), zstd::encode_all(second, 1).unwrap()].concat();
    for compressed in [members, frames, lines.clone().into_bytes()] {
        // The name says nothing.
        let path = folder.path().join("records.ndjson");
        std::fs::write(&path, &compressed).unwrap();
        let file = tap::run(["run", "--stats", "json", path.to_str().unwrap()], "").ended(0);
        let stdin = tap::run(["run", "--stats", "json"], compressed.clone()).ended(0);
        for ran in [file, stdin] {
            let alerts = ran.alerts();
            assert!(words(&alerts).iter().enumerate().all(|(i, word)| *word == i.to_string()));
            assert_eq!((&ran.ledger()["alerts"], &ran.ledger()["bytes"]), (&json!(2000), &json!(lines.len())));
        }
    }
    let path = folder.path().join("cut.gz");
    let whole = gzip(lines.as_bytes());
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let cut = tap::run(["run", path.to_str().unwrap()], "").ended(1);
    assert!(cut.err.contains("cannot read") && cut.err.contains("cut.gz"), "{}", cut.err);
}

#[test]
fn a_proxy_says_who_speaks() {
    use proxy_header::{ProxiedAddress, ProxyHeader};
    let mut live = Live::start(&["tcp://127.0.0.1:0"], &[("KQLTAP_PROXY_PROTOCOL", "on")]);
    let address = ProxiedAddress::stream("192.0.2.7:40112".parse().unwrap(), "192.0.2.1:514".parse().unwrap());
    let mut bytes = Vec::new();
    ProxyHeader::with_address(address).encode_v2(&mut bytes).unwrap();
    bytes.extend(matching("a").as_bytes());
    send(live.connect(), &bytes);
    assert_eq!(live.alerts(1)[0]["source"]["input"], format!("{} 192.0.2.7:40112", live.name()));
    send(live.connect(), format!("{}\n", matching("b")).as_bytes());
    live.wait_for("PROXY protocol");
    live.stopped().counted(&[("alerts", 1), ("proxy_errors", 1), ("connections", 2)]);
}

#[test]
fn addresses_that_cannot_be_are_usage_errors() {
    for (input, words) in [
        ("tcp://127.0.0.1", "tcp://HOST:PORT"),
        ("tcp://:5514", "tcp://HOST:PORT"),
        ("tcp://127.0.0.1:99999", "tcp://HOST:PORT"),
        ("unix:", "unix:PATH"),
        ("tcp://0.0.0.0:0", "--allow-plaintext"),
        ("tcp://[::]:0", "--tls-cert"),
    ] {
        let ran = tap::run(["run", input], "").ended(2);
        assert!(ran.err.contains(words), "{input}: {}", ran.err);
    }
    let mut command = tap::kqltap(["run", "tcp://127.0.0.1:0"]);
    let ran = tap::Ran::new(command.env("KQLTAP_MAX_IN_FLIGHT_BYTES", "1000000")).ended(2);
    assert!(ran.err.contains("max_in_flight_bytes") && ran.err.contains("max_line_bytes"), "{}", ran.err);
    let ran = tap::run(["run", "--tls-cert", "no.pem", "--tls-key", "no.pem", "tcp://127.0.0.1:0"], "").ended(2);
    assert!(ran.err.contains("no.pem"), "{}", ran.err);
}
