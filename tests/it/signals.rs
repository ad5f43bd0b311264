//! How a run ends when its neighbours in a pipe go, or when it is told to stop.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::joining::open_event;
use crate::records::{flat, input, network};
use crate::tap;

fn matching() -> Json {
    flat("DeviceNetworkEvents", &network(1, "http://169.254.169.254/metadata/identity", "curl"))
}

fn start(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kqltap"));
    for name in tap::settings_around() {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for the end. The bound is there so that a run which hangs fails the test instead of holding it up.
fn wait(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if started.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_reader_that_has_had_enough_is_success() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.ndjson");
    // More alerts than a pipe holds, so that the writer finds out.
    std::fs::write(&path, input(&vec![matching(); 2000])).unwrap();
    let mut child = start(&["run", path.to_str().unwrap()]);
    let mut first = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    drop(out);
    assert!(wait(&mut child).success());
    assert!(serde_json::from_str::<Json>(&first).unwrap()["id"].is_string());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(!err.contains("panicked") && !err.contains("cannot write"), "{err}");
}

#[test]
fn sigterm_ends_an_idle_run_with_its_ledger() {
    for signal in ["-TERM", "-INT"] {
        let mut child = start(&["run", "--stats", "json"]);
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&input(&[matching(), matching()])).unwrap();
        stdin.flush().unwrap();
        // Alerts come without waiting for more input.
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        out.next().unwrap().unwrap();
        out.next().unwrap().unwrap();
        let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        // Its standard input stays open, and silent.
        assert_eq!(wait(&mut child).code(), Some(0), "{signal}");
        drop(stdin);
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let ledger: Json = serde_json::from_str(err.lines().last().unwrap()).unwrap();
        assert_eq!(
            json!([ledger["lines"], ledger["alerts"], ledger["written"], ledger["balanced"]]),
            json!([2, 2, 2, true])
        );
    }
}

#[test]
fn sigterm_drops_no_event_that_waits_for_others_of_its_records() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let lines = format!("{}{}", open_event(), String::from_utf8(input(&[matching()])).unwrap());
    let ends = |mut child: Child, mut source: Box<dyn std::io::Write>| {
        source.write_all(lines.as_bytes()).unwrap();
        source.flush().unwrap();
        // What stands behind the event has been handled, so the event has been read.
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        assert!(first.contains("DeviceNetworkEvents"), "{first}");
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        // What is read from stays open, and silent.
        assert_eq!(wait(&mut child).code(), Some(0));
        drop(source);
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        let alerts: Vec<Json> = rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(alerts.iter().map(|alert| &alert["source"]["decoder"]).collect::<Vec<_>>(), ["auditd"; 2], "{rest}");
        assert_eq!(alerts[0]["source"]["line"], lines.lines().count());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let ledger: Json = serde_json::from_str(err.lines().last().unwrap()).unwrap();
        assert_eq!(json!([ledger["alerts"], ledger["written"], ledger["balanced"]]), json!([3, 3, true]));
    };
    for workers in ["1", "2"] {
        let mut child = start(&["run", "--stats", "json", "--workers", workers]);
        let stdin = child.stdin.take().unwrap();
        ends(child, Box::new(stdin));
        let child = start(&["run", "--stats", "json", "--workers", workers, pipe.to_str().unwrap()]);
        ends(child, Box::new(std::fs::File::options().write(true).open(&pipe).unwrap()));
    }
}
