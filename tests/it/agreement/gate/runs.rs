//! The binary over a corpus: the same bytes whatever the workers and the reads, the ledger balanced, and the plain
//! evaluator of one mind with the gate.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock};

use kqltap::matcher::gate::Gate;
use kqltap::matcher::{GatePlan, Ruleset};
use kqltap::pipeline::framing::{Block, Framer};
use kqltap::pipeline::generation::Generation;
use kqltap::pipeline::worker::{BlockOutput, Emit, Place, Worker, WorkerOptions};
use kqltap::record::Limits;
use serde_json::Value as Json;

use super::random::Random;
use super::{CATALOG, bound};
use crate::tap::{self, Ran};

#[allow(dead_code)] // benches use more of it
#[path = "../../../../benches/corpus/mod.rs"]
mod corpus;

/// Stretches with few and with many candidates, so that the gate is given up and taken up again, the examples, and lines
/// that are nothing.
static CORPUS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let examples = std::fs::read(tap::example_records()).unwrap();
    let mut all = Vec::new();
    for (rate, bytes) in [(0.1, 7 << 20), (0.95, 6 << 20), (0.4, 7 << 20)] {
        all.extend(corpus::corpus(bytes, rate, all.len() as u64));
        all.extend_from_slice(&examples);
        all.extend_from_slice(b"\n\r\n{\"Type\":\"Heartbeat\",\"Computer\":\"c:\\\\users\\\\up\"}\n");
    }
    all.extend_from_slice(br#"{"Type":"DeviceNetworkEvents","RemoteUrl":"the last line has no end"}"#);
    all
});

/// Runs the binary on standard input, which is a file.
fn on_file(arguments: &[&str], input: &[u8]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.ndjson");
    std::fs::write(&path, input).unwrap();
    let mut command = command(arguments);
    let output = command.stdin(File::open(&path).unwrap()).output().unwrap();
    Ran { status: output.status.code().unwrap(), out: output.stdout, err: String::from_utf8(output.stderr).unwrap() }
}

/// The same, out of a pipe that is written in pieces of odd sizes.
fn on_pipe(arguments: &[&str], input: &[u8]) -> Ran {
    let mut child =
        command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut pipe, mut out, mut err) =
        (child.stdin.take().unwrap(), child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (mut bytes, mut said) = (Vec::new(), String::new());
    std::thread::scope(|scope| {
        scope.spawn(|| out.read_to_end(&mut bytes).unwrap());
        scope.spawn(|| err.read_to_string(&mut said).unwrap());
        let (mut rest, mut random) = (input, Random::new(7));
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(random.pick(&[1, 7, 333, 2999, 4097, 65_537]).min(rest.len()));
            pipe.write_all(piece).unwrap();
            rest = behind;
        }
        drop(pipe);
    });
    Ran { status: child.wait().unwrap().code().unwrap(), out: bytes, err: said }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kqltap"));
    for name in tap::settings_around() {
        command.env_remove(name);
    }
    command.args(["run", "--rules", tap::FOUR, "--now", tap::NOW, "--stats", "json"]).args(arguments);
    command
}

fn same_ledger(a: &Json, b: &Json) {
    for key in ["lines", "malformed", "alerts", "written", "bytes", "balanced"] {
        assert_eq!(a[key], b[key], "{key}");
    }
}

#[test]
fn workers_and_reads_do_not_change_a_byte() {
    let one = on_file(&["--workers", "1"], &CORPUS).ended(0);
    let ledger = one.ledger();
    let lines = CORPUS.iter().filter(|b| **b == b'\n').count() as u64 + 1;
    assert_eq!(ledger["lines"], lines);
    assert_eq!(ledger["bytes"], CORPUS.len() as u64);
    assert_eq!(ledger["balanced"], true);
    let alerts = ledger["alerts"].as_u64().unwrap();
    assert!(alerts > 1000, "{alerts} alerts");
    assert_eq!(one.out.split_inclusive(|b| *b == b'\n').count() as u64, alerts);
    // The gate was on for a part of it, and off for a part.
    let (gated, decoded) = (ledger["gated"].as_u64().unwrap(), ledger["decoded"].as_u64().unwrap());
    assert!(gated > 1000 && decoded > alerts, "{gated} gated, {decoded} decoded");
    for (how, ran) in [
        ("four workers", on_file(&["--workers", "4"], &CORPUS)),
        ("a pipe", on_pipe(&["--workers", "1"], &CORPUS)),
        ("a pipe, four workers", on_pipe(&["--workers", "4"], &CORPUS)),
    ] {
        let ran = ran.ended(0);
        assert!(ran.out == one.out, "{how}: other bytes");
        same_ledger(&ran.ledger(), &ledger);
    }
}

#[test]
fn the_shadow_agrees_with_all_of_it() {
    let bytes = &CORPUS[CORPUS.len() - (8 << 20)..];
    // From the first whole line on.
    let start = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
    let bytes = &bytes[start..];
    let plain = on_file(&["--workers", "1"], bytes).ended(0);
    for workers in ["1", "4"] {
        let shadowed = on_file(&["--workers", workers, "--shadow", "1"], bytes).ended(0);
        assert!(shadowed.out == plain.out, "other bytes with a shadow");
        let ledger = shadowed.ledger();
        same_ledger(&ledger, &plain.ledger());
        assert_eq!((&ledger["shadowed"], &ledger["disagreements"]), (&ledger["lines"], &Json::from(0)));
    }
}

#[test]
fn annotate_adds_a_member_and_nothing_else() {
    let quiet = corpus::corpus(3 << 20, 0.0, 11);
    // Whatever else a rate of none lets through, it lets no alert through.
    assert_eq!(on_file(&[], &quiet).ended(0).out, b"");
    assert!(on_file(&["--emit", "annotate"], &quiet).ended(0).out == quiet, "lines without an alert were changed");

    let loud = corpus::corpus(3 << 20, 0.5, 12);
    let alerts = on_file(&[], &loud).ended(0).alerts();
    for workers in ["1", "4"] {
        let annotated = on_file(&["--emit", "annotate", "--workers", workers], &loud).ended(0);
        let lines = annotated.out.split_inclusive(|b| *b == b'\n');
        let mut noted = Vec::new();
        let mut count = 0;
        for (line, before) in lines.zip(loud.split_inclusive(|b| *b == b'\n')) {
            count += 1;
            if line == before {
                continue;
            }
            // Each line is one record, which ends with a brace and a newline.
            let (head, tail) = before.split_at(before.len() - 2);
            let member = line.strip_prefix(head).and_then(|l| l.strip_suffix(tail)).expect("only the member is new");
            let list = member.strip_prefix(b",\"kqltap\":").expect("the member `kqltap`");
            let Json::Array(list) = serde_json::from_slice(list).unwrap() else { panic!("no list") };
            noted.extend(list);
        }
        assert_eq!(count, loud.iter().filter(|b| **b == b'\n').count());
        assert!(alerts.len() > 100);
        assert_eq!(noted, alerts);
        assert_eq!(annotated.ledger()["alerts"], alerts.len() as u64);
    }
}

fn worker(ruleset: Arc<Ruleset>, shadow: u64) -> Worker {
    let options = WorkerOptions {
        decode: kqltap::decode::Choice::Auto,
        emit: Emit::Alerts,
        format: kqltap::alert::Format::Native,
        limits: Limits::default(),
        max_line: 1 << 20,
        now: None,
        batch: false,
        dead_letters: false,
        shadow,
    };
    Worker::new(Generation::first(ruleset), options)
}

/// A gate that looks for what is in no line keeps back what matches. The shadow must say so, or it is worth nothing.
#[test]
fn a_gate_that_is_wrong_is_caught() {
    let rule = || bound("DeviceFileEvents | where FileName == 'hosts.yml'").expect("binds");
    let line = |name: &str| format!("{{\"Type\":\"DeviceFileEvents\",\"FileName\":\"{name}\"}}\n");
    let text = [line("other"), line("hosts.yml"), "\n".to_owned(), line("hosts.yml")].concat();
    let mut block = Block::default();
    assert!(Framer::new(text.as_bytes(), 1 << 20).next(&mut block).unwrap());
    let sabotaged = || {
        let mut ruleset = Ruleset::new(vec![rule()], &CATALOG, None).unwrap();
        ruleset.gate = GatePlan::On(Box::new(Gate::new(vec!["nowhere to be found".to_owned()])));
        Arc::new(ruleset)
    };
    let mut out = BlockOutput::default();
    worker(sabotaged(), 1).block(&mut block, place(0), &mut out, &mut |_| {});
    assert_eq!((out.ledger.alerts, out.ledger.shadowed, out.ledger.disagreements), (0, 4, 2));
    let lines: Vec<u64> = out.alarms.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 3]);
    for (_, message) in &out.alarms {
        assert!(message.contains("compiled gives 0 alerts, plain 1"), "{message}");
        assert!(message.contains("\"FileName\":\"hosts.yml\""), "{message}");
    }
    // One block in two: the first is looked at, the second is not.
    let mut seldom = worker(sabotaged(), 2);
    for (sequence, disagreements) in [(0, 2), (1, 0), (2, 2)] {
        seldom.block(&mut block, place(sequence), &mut out, &mut |_| {});
        assert_eq!(out.ledger.disagreements, disagreements, "block {sequence}");
    }
    let sound = Arc::new(Ruleset::new(vec![rule()], &CATALOG, None).unwrap());
    worker(sound, 1).block(&mut block, place(0), &mut out, &mut |_| {});
    assert_eq!((out.ledger.alerts, out.ledger.shadowed, out.ledger.disagreements), (2, 4, 0));
}

/// A block in the middle of an input, where the gate is asked.
fn place(sequence: u64) -> Place<'static> {
    Place { input: "-", sequence, begins: false }
}
