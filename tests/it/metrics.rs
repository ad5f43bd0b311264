//! How a run says how it is, over HTTP.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use crate::live::{GUARD, Live, matching, send};

const METRICS: [&str; 2] = ["--metrics", "127.0.0.1:0"];

/// Where it serves.
fn address(live: &mut Live) -> SocketAddr {
    let line = live.wait_for("kqltap: metrics on http://");
    line.trim_start_matches("kqltap: metrics on http://").trim_end_matches("/metrics").parse().unwrap()
}

/// Whatever is sent, and all that is answered.
fn talk(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(GUARD)).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

/// Status and body.
fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let answer = talk(address, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    let length: usize = head.lines().find_map(|l| l.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
    assert_eq!(length, body.len());
    (status(&answer), body.to_owned())
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap_or_else(|| panic!("{answer:?}")).parse().unwrap()
}

/// The samples, by name and labels; fails on what Prometheus would not read.
fn scrape(address: SocketAddr) -> BTreeMap<String, f64> {
    let (status, body) = get(address, "/metrics");
    assert_eq!(status, 200);
    let (mut samples, mut typed) = (BTreeMap::new(), String::new());
    for line in body.lines() {
        if let Some(family) = line.strip_prefix("# TYPE ") {
            let (name, kind) = family.split_once(' ').unwrap();
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            typed = name.to_owned();
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(name.split('{').next(), Some(typed.as_str()), "{line}");
            assert!(samples.insert(name.to_owned(), value.parse().unwrap()).is_none(), "twice: {name}");
        }
    }
    samples
}

/// Scrapes until that is so.
fn until(what: &str, address: SocketAddr, so: impl Fn(&BTreeMap<String, f64>) -> bool) -> BTreeMap<String, f64> {
    let started = Instant::now();
    loop {
        let samples = scrape(address);
        if so(&samples) {
            return samples;
        }
        assert!(started.elapsed() < GUARD, "{what}: {samples:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn until_ready(address: SocketAddr, status: u16) -> String {
    let started = Instant::now();
    loop {
        let (got, why) = get(address, "/readyz");
        if got == status {
            return why;
        }
        assert!(started.elapsed() < GUARD, "it stays at {got}: {why}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// All the names that a dashboard may rely on.
const NAMES: [&str; 26] = [
    "build_info",
    "lines_total",
    "bytes_total",
    "lines_gated_total",
    "lines_decoded_total",
    "lines_malformed_total",
    "records_total",
    "records_unrouted_total",
    "alerts_total",
    "alerts_written_total",
    "alerts_dropped_total",
    "alerts_spooled",
    "spool_bytes",
    "spool_max_bytes",
    "dead_lettered_total",
    "in_flight_bytes",
    "connections",
    "connections_total",
    "connections_refused_total",
    "connections_timed_out_total",
    "sink_up",
    "reloads_total",
    "generation",
    "rule_evaluations_total",
    "rule_seconds_total",
    "oldest_record_seconds",
];

#[test]
fn counters_equal_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let dead = folder.path().join("dead.ndjson");
    let arguments = [&["tcp://127.0.0.1:0", "--dead-letter", dead.to_str().unwrap()][..], &METRICS].concat();
    let mut live = Live::start(&arguments, &[]);
    let address = address(&mut live);
    let mut lines: Vec<String> = (0..500).map(|n| matching(&n.to_string())).collect();
    lines.extend(["no json".to_owned(), String::new(), "{\"Whose\":1}".to_owned(), "{\"Type\":\"Syslog\"}".to_owned()]);
    lines.extend((0..100).map(|n| format!("{{\"Type\":\"DeviceFileEvents\",\"FileName\":\"{n}\"}}")));
    let text = lines.join("\n") + "\n";
    let first = scrape(address);
    assert_eq!((first["kqltap_lines_total"], first["kqltap_generation"]), (0.0, 1.0));
    for name in NAMES {
        let name = format!("kqltap_{name}");
        assert!(first.keys().any(|key| key.split('{').next() == Some(&name)), "no {name}");
    }
    // What the dashboard and the alert rules ask for is there.
    for file in ["grafana/kqltap.json", "prometheus/kqltap.rules.yml"] {
        let text = std::fs::read_to_string(format!("{}/examples/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let asked: Vec<&str> = words.filter(|word| word.starts_with("kqltap_")).collect();
        assert!(asked.len() > 5, "{file}");
        for name in asked {
            assert!(first.keys().any(|key| key.split('{').next() == Some(name)), "{file} asks for {name}");
        }
    }
    let open = live.connect();
    send(live.connect(), text.as_bytes());
    let samples = until("all lines are handled", address, |samples| {
        let written = samples["kqltap_alerts_written_total"] == 500.0 && samples["kqltap_in_flight_bytes"] == 0.0;
        written && samples["kqltap_lines_total"] == lines.len() as f64 && samples["kqltap_connections"] == 1.0
    });
    drop(open);
    live.signal("-HUP");
    until("a reload is counted", address, |samples| {
        samples["kqltap_reloads_total{result=\"ok\"}"] == 1.0 && samples["kqltap_generation"] == 2.0
    });
    let ended = live.stopped();
    assert_eq!(ended.alerts.len(), 500);
    let ledger = ended.ledger();
    for (name, member) in [
        ("lines_total", "lines"),
        ("bytes_total", "bytes"),
        ("lines_gated_total", "gated"),
        ("lines_decoded_total", "decoded"),
        ("lines_malformed_total", "malformed"),
        ("records_total", "records"),
        ("records_unrouted_total", "unrouted"),
        ("alerts_written_total", "written"),
        ("alerts_dropped_total", "dropped"),
        ("alerts_spooled", "spooled"),
        ("dead_lettered_total", "dead_lettered"),
        ("connections_total", "connections"),
        ("connections_refused_total", "refused"),
        ("connections_timed_out_total", "timed_out"),
    ] {
        assert_eq!(Some(samples[&format!("kqltap_{name}")]), ledger[member].as_f64(), "{name} in {ledger}");
    }
    let sum = |family: &str| -> f64 {
        samples.iter().filter(|(name, _)| name.starts_with(family)).map(|(_, value)| value).sum()
    };
    assert_eq!(Some(sum("kqltap_alerts_total{")), ledger["alerts"].as_f64());
    assert!(samples["kqltap_lines_malformed_total"] == 1.0 && samples["kqltap_records_unrouted_total"] > 0.0);
    // A rule was asked of each record that it matched at least, and the first block is timed.
    assert!(sum("kqltap_rule_evaluations_total{") >= 500.0, "{samples:?}");
    assert!(sum("kqltap_rule_seconds_total{") > 0.0);
    assert_eq!((samples["kqltap_in_flight_bytes"], samples["kqltap_oldest_record_seconds"]), (0.0, 0.0));
    assert_eq!(samples["kqltap_sink_up{sink=\"standard output\"}"], 1.0);
}

#[test]
fn ready_is_whoever_has_somewhere_to_put_alerts() {
    let folder = tempfile::tempdir().unwrap();
    let (path, spool) = (folder.path().join("sink.sock"), folder.path().join("spool"));
    let target = format!("unix:{}", path.display());
    let up = format!("kqltap_sink_up{{sink=\"{target}\"}}");
    let settings = [("KQLTAP_OUTPUT", target.as_str())];
    let arguments = [&["tcp://127.0.0.1:0"][..], &METRICS].concat();
    let mut live = Live::start(&arguments, &settings);
    let at = address(&mut live);
    assert_eq!(get(at, "/readyz").0, 200, "nobody knows yet that the sink is away");
    send(live.connect(), (matching("a") + "\n").as_bytes());
    let why = until_ready(at, 503);
    assert!(why.contains(&target), "{why}");
    let samples = until("the block waits", at, |samples| samples["kqltap_oldest_record_seconds"] > 0.0);
    assert!(samples[&up] == 0.0 && samples["kqltap_in_flight_bytes"] > 0.0, "{samples:?}");
    assert_eq!(get(at, "/healthz").0, 200, "the process is well");
    let sink = UnixListener::bind(&path).unwrap();
    until_ready(at, 200);
    let (mut peer, _) = sink.accept().unwrap();
    until("it is written", at, |samples| samples["kqltap_alerts_written_total"] == 1.0 && samples[&up] == 1.0);
    // It goes again, which is noticed when there is something to send.
    drop((sink, peer.read(&mut [0; 1 << 16]).unwrap(), peer));
    std::fs::remove_file(&path).unwrap();
    send(live.connect(), (matching("b") + "\n").as_bytes());
    until_ready(at, 503);
    live.terminate();
    let ended = live.ended();
    assert_eq!(ended.status, Some(1));

    // With a spool alerts have somewhere to go.
    let arguments = [&arguments[..], &["--spool", spool.to_str().unwrap(), "--drain-timeout", "0s"]].concat();
    let mut live = Live::start(&arguments, &settings);
    let at = address(&mut live);
    send(live.connect(), (matching("a") + "\n").as_bytes());
    let samples = until("it is spooled", at, |samples| samples["kqltap_alerts_spooled"] == 1.0 && samples[&up] == 0.0);
    assert!(samples["kqltap_spool_bytes"] > 0.0 && samples["kqltap_spool_max_bytes"] == (1u64 << 30) as f64);
    assert_eq!(get(at, "/readyz").0, 200);
    live.stopped().counted(&[("alerts", 1), ("spooled", 1)]);
}

#[test]
fn a_bad_client_disturbs_nobody() {
    let mut live = Live::start(&[&["tcp://127.0.0.1:0"][..], &METRICS].concat(), &[]);
    let at = address(&mut live);
    let slow: Vec<TcpStream> = (0..10)
        .map(|n| {
            let mut stream = TcpStream::connect(at).unwrap();
            stream.write_all(&b"GET /metrics HTTP/1.1\r\n"[..n * 2]).unwrap();
            stream
        })
        .collect();
    for (request, expected) in [
        ("GET / HTTP/1.1\r\n\r\n", 404),
        ("POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405),
        ("\x16\x03\x01\x02\x00\r\n\r\n", 400),
        ("GET /metrics HTTP/1.1 and more\r\n\r\n", 400),
        (&format!("{:a<8192}", "GET /metrics HTTP/1.1\r\nA: "), 431),
    ] {
        assert_eq!(status(&talk(at, request.as_bytes())), expected, "{request}");
    }
    let head = talk(at, b"HEAD /healthz HTTP/1.0\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    // One that goes on sending far beyond the bound, and one that leaves at once.
    let mut endless = TcpStream::connect(at).unwrap();
    endless.set_write_timeout(Some(GUARD)).unwrap();
    let mut sent = 0;
    while endless.write(&[b'a'; 1 << 16]).is_ok_and(|n| n > 0) {
        sent += 1 << 16;
        assert!(sent < 1 << 28, "it reads without end");
    }
    drop(TcpStream::connect(at).unwrap());
    send(live.connect(), (matching("a") + "\n").as_bytes());
    assert_eq!(live.alerts(1).len(), 1);
    let samples = scrape(at);
    assert_eq!(samples["kqltap_lines_total"], 1.0);
    drop(slow);
    live.stopped().counted(&[("alerts", 1), ("connections", 1)]);
}
