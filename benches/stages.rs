//! What each stage costs, in bytes a second: `cargo bench`, or `cargo bench -- gate` for one of them.
//!
//! The whole takes about two minutes. BENCHMARKS.md has the same job done by other tools, and how to read either.
#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)] // the example writes what is generated here in memory
mod corpus;

use std::fs::File;
use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};

use corpus::audit::Form;
use kqltap::compile::{BindOptions, bind_rule};
use kqltap::decode::auditd::{Joined, Joiner};
use kqltap::decode::{Choice, Decoded, Decoders, TABLES};
use kqltap::kql;
use kqltap::matcher::gate::Gate;
use kqltap::matcher::{GatePlan, Matcher, Path, Ruleset};
use kqltap::pipeline::Run;
use kqltap::pipeline::framing::READ_SIZE;
use kqltap::pipeline::generation::Generations;
use kqltap::pipeline::ledger::Ledger;
use kqltap::pipeline::run::Running;
use kqltap::pipeline::sink::{Output, SinkOptions};
use kqltap::pipeline::source::Input;
use kqltap::pipeline::worker::{Emit, WorkerOptions};
use kqltap::record::{Decoder, Limits};
use kqltap::rule::{self, Rule};
use kqltap::schema::Catalog;
use kqltap::settings::{DEFAULTS, RawSettings, Settings};
use kqltap::value::DateTime;
use kqltap::value::functions::Context;

/// The share of lines that the page's four rules must look at, as measured on a fleet of desktops, and the corpus's seed.
const RATE: f64 = 0.027;
const SEED: u64 = 7;
/// Fits no cache of the processor nearer than its last, as blocks that come from a source do not.
const MEMORY: usize = 8 << 20;
const FILE: usize = 64 << 20;
const MANY: [usize; 5] = [1, 10, 100, 1_000, 10_000];

fn decode(criterion: &mut Criterion) {
    let bytes = corpus::corpus(MEMORY, RATE, SEED);
    let ruleset = ruleset(rule::page().unwrap());
    let mut group = group(criterion, "decode");
    let kinds: [(&str, &[u8]); 2] = [("flat", b"{\"TenantId\""), ("enveloped", b"{\"time\"")];
    for (name, start) in kinds {
        let lines: Vec<&[u8]> = lines(&bytes).filter(|line| line.starts_with(start)).collect();
        let mut decoder = Decoder::new(ruleset.layout.clone(), Limits::default());
        group.throughput(Throughput::Bytes(length(&lines)));
        group.bench_function(name, |b| {
            b.iter(|| lines.iter().map(|line| decoder.decode(line).unwrap().len()).sum::<usize>());
        });
    }
}

/// auditd's records, joined and decoded to rows; and events that Laurel has joined.
fn decode_audit(criterion: &mut Criterion) {
    let tables = || TABLES.map(str::to_owned).to_vec();
    let rows = |decoders: &mut Decoders, lines: &[u8]| {
        let each = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        each.map(|line| match decoders.decode(line) {
            Decoded::Rows(rows) => rows.json().len(),
            _ => 0,
        })
        .sum::<usize>()
    };
    let mut group = group(criterion, "decode_audit");
    let records = corpus::audit::records(Form::Raw, MEMORY);
    group.throughput(Throughput::Bytes(records.len() as u64));
    let mut joined = Joined::default();
    let join = |joined: &mut Joined| {
        let mut joiner = Joiner::default();
        joined.clear();
        joiner.block(records.as_bytes(), usize::MAX, joined);
        joiner.end(records.len(), joined);
        joined.events().len()
    };
    group.bench_function("join", |b| b.iter(|| join(&mut joined)));
    let mut decoders = Decoders::new(Choice::Auto, tables(), 64);
    group.bench_function("join_and_decode", |b| {
        b.iter(|| {
            join(&mut joined);
            let events = joined.events().iter().map(|event| match decoders.decode_joined(joined.records(event)) {
                Decoded::Rows(rows) => rows.json().len(),
                _ => 0,
            });
            events.sum::<usize>()
        });
    });
    let laurel = include_bytes!("../tests/captures/laurel.ndjson").repeat(MEMORY / 25_000);
    group.throughput(Throughput::Bytes(laurel.len() as u64));
    group.bench_function("laurel", |b| b.iter(|| rows(&mut decoders, &laurel)));
}

fn gate(criterion: &mut Criterion) {
    let bytes = corpus::corpus(MEMORY, RATE, SEED);
    let ruleset = ruleset(rule::page().unwrap());
    let literals = gate_of(&ruleset).literals().to_vec();
    let mut group = group(criterion, "gate");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    for (name, gate) in [("teddy", Gate::new(literals.clone())), ("portable", Gate::portable(literals))] {
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut candidates = 0;
                for block in bytes.chunks(READ_SIZE) {
                    gate.scan(block, &mut |candidate| candidates += candidate.end - candidate.start);
                }
                candidates
            });
        });
    }
}

fn matching(criterion: &mut Criterion) {
    let bytes = corpus::corpus(MEMORY, RATE, SEED);
    let ruleset = ruleset(rule::page().unwrap());
    let mut candidates = Vec::new();
    gate_of(&ruleset).scan(&bytes, &mut |candidate| candidates.push(&bytes[candidate.start..candidate.end - 1]));
    let every: Vec<&[u8]> = lines(&bytes).collect();
    let mut group = group(criterion, "match");
    for (name, lines) in [("candidates", candidates), ("every_line", every)] {
        group.throughput(Throughput::Bytes(length(&lines)));
        group.bench_function(name, |b| matches(b, &ruleset, &lines));
    }
}

fn compile(criterion: &mut Criterion) {
    let mut group = group(criterion, "compile");
    group.bench_function("page", |b| b.iter(|| ruleset(rule::page().unwrap())));
    for count in MANY {
        let queries = corpus::rules::rules(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("rules", count), |b| b.iter(|| ruleset(parsed(&queries))));
    }
}

/// Every line decoded and held against many rules: the gate could not help these.
fn many_rules(criterion: &mut Criterion) {
    let bytes = corpus::corpus(MEMORY / 4, RATE, SEED);
    let lines: Vec<&[u8]> = lines(&bytes).collect();
    let mut group = group(criterion, "match_rules");
    group.throughput(Throughput::Bytes(length(&lines)));
    for count in MANY {
        let ruleset = ruleset(parsed(&corpus::rules::rules(count)));
        group.bench_function(BenchmarkId::from_parameter(count), |b| matches(b, &ruleset, &lines));
    }
}

/// A file that is in the page cache, through everything, to a file that keeps nothing.
fn pipe(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("corpus.ndjson");
    let bytes = corpus::corpus(FILE, RATE, SEED);
    File::create(&path).unwrap().write_all(&bytes).unwrap();
    let gated = ruleset(rule::page().unwrap());
    let mut without = Ruleset::new(bound(rule::page().unwrap()), &Catalog::builtin(), None).unwrap();
    without.gate = GatePlan::Off("to see what it brings".to_owned());
    let without = Arc::new(without);
    let mut group = group(criterion, "pipe");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("gate", |b| b.iter(|| drive(&gated, &path, Emit::Alerts, false)));
    group.bench_function("no_gate", |b| b.iter(|| drive(&without, &path, Emit::Alerts, false)));
    group.bench_function("annotate", |b| b.iter(|| drive(&gated, &path, Emit::Annotate, false)));
    group.bench_function("dead_letters", |b| b.iter(|| drive(&gated, &path, Emit::Alerts, true)));
}

fn drive(ruleset: &Arc<Ruleset>, path: &FilePath, emit: Emit, dead_letters: bool) -> u64 {
    let ledger = run(ruleset, path, emit, dead_letters);
    assert!(ledger.alerts > 0, "{ledger:?}");
    ledger.alerts
}

fn run(ruleset: &Arc<Ruleset>, path: &FilePath, emit: Emit, dead_letters: bool) -> Ledger {
    let nowhere = || Output::File(PathBuf::from("/dev/null"));
    let options = WorkerOptions {
        emit,
        format: kqltap::alert::Format::Native,
        limits: Limits::default(),
        decode: Choice::Auto,
        max_line: 16 << 20,
        now: None,
        batch: false,
        dead_letters,
        shadow: 0,
    };
    let running = Running::new(Run {
        rules: Generations::new(ruleset.clone()),
        inputs: vec![Input::File(path.to_owned())],
        live: Settings::new(RawSettings::from_toml("defaults", DEFAULTS).unwrap()).unwrap().live,
        output: nowhere(),
        sink: SinkOptions::default(),
        dead_letter: dead_letters.then(nowhere),
        options,
        workers: 1,
        batch_memory: 1 << 30,
    })
    .unwrap();
    running.drive().unwrap();
    let ledger = running.report().ledger;
    assert!(ledger.is_balanced(), "{ledger:?}");
    ledger
}

fn matches(bencher: &mut criterion::Bencher<'_>, ruleset: &Arc<Ruleset>, lines: &[&[u8]]) {
    let mut matcher = Matcher::new(ruleset.clone(), Limits::default(), Path::Compiled);
    let context = Context { now: DateTime::now() };
    bencher.iter(|| {
        let mut found = 0;
        for line in lines {
            matcher.line(line, &context, &mut |m| found += black_box(m).row.len()).unwrap();
        }
        found
    });
}

fn parsed(queries: &[String]) -> Vec<Rule> {
    queries.iter().flat_map(|query| rule::parse_kql("generated.kql", query).unwrap()).collect()
}

fn ruleset(rules: Vec<Rule>) -> Arc<Ruleset> {
    Arc::new(Ruleset::new(bound(rules), &Catalog::builtin(), None).unwrap())
}

/// A generated rule that does not bind must not pass for a fast one.
fn bound(rules: Vec<Rule>) -> Vec<kqltap::compile::BoundRule> {
    let catalog = Catalog::builtin();
    let bind = |rule| {
        let (rule, said) = bind_rule(rule, &catalog, &kql::Limits::default(), BindOptions::default());
        rule.ok_or(said).unwrap()
    };
    rules.into_iter().map(bind).collect()
}

fn gate_of(ruleset: &Ruleset) -> &Gate {
    match &ruleset.gate {
        GatePlan::On(gate) => gate,
        GatePlan::Off(why) => unreachable!("the built-in pack has a gate: {why}"),
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

fn length(lines: &[&[u8]]) -> u64 {
    lines.iter().map(|line| line.len() as u64 + 1).sum()
}

/// Few samples, for some of these take a second each.
fn group<'c>(criterion: &'c mut Criterion, name: &str) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    group
}

/// Rules that read every table which senders' lines become rows of, and match nothing.
const NOTHING: &str = "union DeviceEvents, DeviceFileEvents, DeviceNetworkEvents, DeviceProcessEvents\n\
    | where FolderPath has 'benchmark-of-nothing' or ProcessCommandLine has 'benchmark-of-nothing'\n\
    \x20   or RemoteUrl has 'benchmark-of-nothing' or InitiatingProcessCommandLine has 'benchmark-of-nothing'\n\
    | project Timestamp, DeviceName, ActionType, FileName, RemoteIP, InitiatingProcessFileName";

/// What Sysmon's and auditd's lines cost by sender, from a file in the page cache through everything, by rules that match nothing.
/// `count_lines` is what there is to compare it with: the same file read, and its newlines counted.
fn decode_senders(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records");
    let ruleset = ruleset(parsed(&[NOTHING.to_owned()]));
    let mut group = group(criterion, "decode_senders");
    let mut bench = |name: &str, text: &[u8], records: usize| {
        File::create(&path).unwrap().write_all(text).unwrap();
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                let ledger = run(&ruleset, &path, Emit::Alerts, false);
                assert!(ledger.records as usize >= records && ledger.unrouted + ledger.malformed == 0, "{ledger:?}");
            });
        });
    };
    for (name, write) in corpus::senders::SENDERS {
        let text: String = (0..6_000).map(|n| write(n) + "\n").collect();
        bench(name, text.as_bytes(), 6_000);
    }
    for (name, form) in [("auditd", Form::Raw), ("auditd_enriched", Form::Enriched), ("auditd_plugin", Form::Plugin)] {
        bench(name, corpus::audit::records(form, MEMORY).as_bytes(), 1);
    }
    let text = corpus::audit::records(Form::Raw, MEMORY);
    File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    group.throughput(Throughput::Bytes(text.len() as u64));
    let mut block = vec![0; READ_SIZE];
    group.bench_function("count_lines", |b| {
        b.iter(|| {
            let (mut file, mut lines) = (File::open(&path).unwrap(), 0);
            loop {
                match file.read(&mut block).unwrap() {
                    0 => break lines,
                    length => lines += memchr::memchr_iter(b'\n', &block[..length]).count(),
                }
            }
        });
    });
}

criterion_group!(stages, decode, decode_senders, decode_audit, gate, matching, compile, many_rules, pipe);
criterion_main!(stages);
