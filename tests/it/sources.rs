//! What each sender's records lead to: every folder of examples/records, held to the built-in pack, and the README's table.
//!
//! A file says by its name what it shows: `match-imds….ndjson` must lead to an alert of that vector, `ignore-….log` to none.
//! `KQLTAP_README=write` writes the table anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::tap;
use kqltap::pipeline::framing::READ_SIZE;

/// What file names say, what the table calls it, and what alerts have in `Vector`.
const VECTORS: [(&str, &str, &[&str]); 5] = [
    ("imds", "Metadata service", &["IMDS Token Request", "IMDS Connection", "Container Credentials Request"]),
    ("kubernetes", "Kubernetes token", &["Kubernetes Service Account Token"]),
    ("token-cache", "Token cache", &["OAuth Token Cache Access"]),
    ("consent", "Consent", &["OAuth High-Privilege Consent Grant"]),
    ("registration", "App registered, changed", &["OAuth Application Registration"]),
];

const BEGIN: &str = "<!-- sources: begin; KQLTAP_README=write cargo test sources -->\n";
const END: &str = "<!-- sources: end -->";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// The column of the table that a file is about.
fn vector(file: &str) -> Option<usize> {
    let about = file.strip_prefix("match-").or_else(|| file.strip_prefix("ignore-"))?;
    VECTORS.iter().position(|(prefix, ..)| about.starts_with(prefix))
}

/// The alerts that a file of records gives by the binary, with the built-in pack.
fn alerts(file: &Path) -> Vec<Json> {
    let ran = tap::run(["run", "--stats", "json", file.to_str().unwrap()], "").ended(0);
    let ledger = ran.ledger();
    assert_eq!(ledger["malformed"], 0, "{}: {}", file.display(), ran.err);
    assert!(ledger["records"].as_u64() > Some(0), "{}: holds no record: {}", file.display(), ran.err);
    ran.alerts()
}

fn is_of(alert: &Json, vector: usize) -> bool {
    VECTORS[vector].2.iter().any(|known| alert["columns"]["Vector"] == *known)
}

/// Folders of sources, and for each the vectors that its records lead to.
fn shown() -> BTreeMap<String, BTreeSet<usize>> {
    let mut shown = BTreeMap::new();
    for folder in entries(&root().join("examples/records")).into_iter().filter(|path| path.is_dir()) {
        let found: &mut BTreeSet<usize> = shown.entry(name(&folder)).or_default();
        for file in entries(&folder) {
            let name = name(&file);
            if !name.starts_with("match-") && !name.starts_with("ignore-") {
                continue;
            }
            let alerts = alerts(&file);
            if name.starts_with("ignore-") {
                assert!(alerts.is_empty(), "{}: must give no alert, and gives {:#?}", file.display(), alerts);
                continue;
            }
            let about = vector(&name).unwrap_or_else(|| panic!("{}: names no vector", file.display()));
            assert!(alerts.iter().any(|alert| is_of(alert, about)), "{}: no alert: {alerts:#?}", file.display());
            every_record_alerts(&file, &alerts);
            alerts.iter().for_each(|alert| it_tells_where_who_and_what(&file, alert));
            found.insert(about);
        }
    }
    shown
}

/// A row that matches nothing is not written, and what is behind one that matched is: the plain evaluator sees every row whole.
#[test]
fn rows_are_the_same_behind_hits_and_behind_misses() {
    for folder in entries(&root().join("examples/records")).into_iter().filter(|path| path.is_dir()) {
        let read = |prefix: &str| -> Vec<String> {
            let files = entries(&folder).into_iter().filter(|file| name(file).starts_with(prefix));
            files
                .flat_map(|file| std::fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
                .collect()
        };
        let (hits, misses) = (read("match-"), read("ignore-"));
        // By turns, and again in stretches.
        let turns = (0..hits.len().max(misses.len())).flat_map(|at| [misses.get(at), hits.get(at), hits.get(at)]);
        let lines: Vec<&String> = turns.flatten().chain(&misses).chain(&hits).collect();
        let input = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let ran = tap::run(["run", "--shadow", "1", "--stats", "json"], input).ended(0);
        assert!(ran.ledger()["alerts"].as_u64() > Some(0), "{}", folder.display());
    }
}

/// Each line of a match file is a record of its own, and in auditd's each stamp; near misses stand in files of their own.
fn every_record_alerts(file: &Path, alerts: &[Json]) {
    let text = std::fs::read_to_string(file).unwrap();
    let stamps: BTreeSet<&str> =
        text.match_indices(" msg=audit(").filter_map(|(at, mark)| text[at + mark.len()..].split(')').next()).collect();
    if stamps.is_empty() {
        let hit: BTreeSet<u64> = alerts.iter().filter_map(|alert| alert["source"]["line"].as_u64()).collect();
        let lines = text.lines().count() as u64;
        assert_eq!(hit.into_iter().collect::<Vec<_>>(), (1..=lines).collect::<Vec<_>>(), "{}", file.display());
    } else {
        // The machine's name stands before the stamp, if the record tells it.
        let events: Vec<&str> = alerts.iter().filter_map(|alert| alert["source"]["event"].as_str()).collect();
        let is_silent = |stamp: &&&str| !events.iter().any(|event| event.ends_with(**stamp));
        assert_eq!(stamps.iter().filter(is_silent).count(), 0, "{}: {stamps:?}, {events:?}", file.display());
    }
}

/// An alert says on which host, by whom, by which process and how it was called, as far as the record does.
fn it_tells_where_who_and_what(file: &Path, alert: &Json) {
    let event = alert["source"]["event"].as_str().unwrap_or_default();
    let is_event = |kinds: &[&str]| kinds.iter().any(|kind| event.starts_with(kind));
    for column in ["Source", "Actor", "Process", "CommandLine", "RiskDetail"] {
        let is_left_out = match column {
            // Raw records name no machine; what stands behind a syslog header has it from there.
            "Source" if name(file.parent().unwrap()) == "auditd" => name(file) == "match-imds.log",
            // An app assigns roles from no address.
            "Source" => alert["rule"]["name"].as_str().unwrap().starts_with("Application given a permission"),
            // The filtering platform knows the program, not whose it is.
            "Actor" if is_event(&["security:5156:"]) => true,
            // Of events of Windows only those of new processes have it.
            "CommandLine" if is_event(&["sysmon:3:", "sysmon:11:", "security:5156:", "security:4663:"]) => true,
            // What a network sensor saw has no process.
            "Actor" | "Process" | "CommandLine" => alert["columns"]["ActionType"] == "HttpConnectionInspected",
            _ => false,
        };
        let is_told = alert["columns"][column].as_str().is_some_and(|text| !text.is_empty());
        assert!(is_told || is_left_out, "{}: no {column}: {alert:#}", file.display());
    }
}

#[test]
fn every_source_leads_to_its_alerts_and_the_readme_says_which() {
    let mut table = String::from("| Source |");
    VECTORS.iter().for_each(|(_, title, _)| table.push_str(&format!(" {title} |")));
    table.push_str("\n|---|");
    VECTORS.iter().for_each(|_| table.push_str(":-:|"));
    table.push('\n');
    for (source, vectors) in shown() {
        table.push_str(&format!("| [{source}](examples/records/{source}) |"));
        (0..VECTORS.len()).for_each(|at| table.push_str(if vectors.contains(&at) { " yes |" } else { "  |" }));
        table.push('\n');
    }
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let start = readme.find(BEGIN).expect("the README has the place of the table") + BEGIN.len();
    let end = start + readme[start..].find(END).expect("the table ends");
    if std::env::var("KQLTAP_README").as_deref() == Ok("write") {
        std::fs::write(&path, format!("{}{table}{}", &readme[..start], &readme[end..])).unwrap();
        return;
    }
    assert_eq!(&readme[start..end], table, "KQLTAP_README=write cargo test sources writes it anew");
}

#[test]
fn every_example_of_a_source_is_told_of() {
    let page = std::fs::read_to_string(root().join("examples/README.md")).unwrap();
    for folder in entries(&root().join("examples/records")).into_iter().filter(|path| path.is_dir()) {
        assert!(
            page.contains(&format!("records/{}", name(&folder))),
            "examples/README.md says nothing of {}",
            name(&folder)
        );
    }
}

/// The pack's literals and the senders' markers together must leave the gate on: a rule too many turns it off silently.
#[test]
fn the_gate_is_on_for_the_whole_pack() {
    let ruleset = tap::ruleset(kqltap::rule::builtin().unwrap());
    match &ruleset.gate {
        kqltap::matcher::GatePlan::On(gate) => assert!(gate.literals().len() <= 40, "{:?}", gate.literals()),
        kqltap::matcher::GatePlan::Off(why) => panic!("{why}"),
    }
}

/// The first block of an input is decoded whole. Behind it a line has to pass the gate, whoever wrote it, though what rules ask
/// for is a word of the decoder's own and stands in no sender's line.
#[test]
fn the_gate_holds_back_no_senders_record() {
    let folder = tempfile::tempdir().unwrap();
    for (table, action) in [
        ("DeviceFileEvents", "ActionType in ('FileRead', 'FileCreated', 'FileModified')"),
        ("DeviceNetworkEvents", "ActionType in ('ConnectionSuccess', 'ConnectionAttempt', 'ConnectionRequest')"),
        ("DeviceProcessEvents", "ActionType == 'ProcessCreated'"),
        ("AuditLogs", "LoggedByService == 'Core Directory'"),
    ] {
        std::fs::write(folder.path().join(format!("{table}.kql")), format!("{table} | where {action}")).unwrap();
    }
    let rules = folder.path().to_str().unwrap();
    let ordinary = r#"{"Type":"DeviceFileEvents","ActionType":"FileDeleted","FileName":"notes.txt"}"#;
    let filler = format!("{ordinary}\n").repeat(4 * READ_SIZE / ordinary.len());
    let behind = folder.path().join("behind.ndjson");
    let found = |file: &Path, workers: &str, gated: u64| {
        let arguments = ["run", "--stats", "json", "--rules", rules, "--workers", workers, file.to_str().unwrap()];
        let ran = tap::run(arguments, "").ended(0);
        assert!(ran.ledger()["gated"].as_u64() >= Some(gated), "the gate was not asked");
        ran.alerts().iter().map(|alert| alert["id"].to_string()).collect::<Vec<_>>()
    };
    for source in entries(&root().join("examples/records")).into_iter().filter(|path| path.is_dir()) {
        let mut any = false;
        for file in entries(&source).into_iter().filter(|file| name(file).starts_with("match-")) {
            let alone = found(&file, "1", 0);
            any |= !alone.is_empty();
            std::fs::write(&behind, format!("{filler}{}", std::fs::read_to_string(&file).unwrap())).unwrap();
            for workers in ["1", "2"] {
                assert_eq!(found(&behind, workers, 1_000), alone, "{}, {workers} workers", file.display());
            }
        }
        assert!(any, "{}: no record has what is asked for", source.display());
    }
}

/// JSON in which every character of every string is an escape.
fn escaped(value: &Json, out: &mut String) {
    let string = |text: &str, out: &mut String| {
        let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        out.push_str(&format!("\"{units}\""));
    };
    match value {
        Json::String(text) => string(text, out),
        Json::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                out.push(if i > 0 { ',' } else { '[' });
                escaped(item, out);
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Json::Object(members) => {
            for (i, (name, member)) in members.iter().enumerate() {
                out.push(if i > 0 { ',' } else { '{' });
                string(name, out);
                out.push(':');
                escaped(member, out);
            }
            out.push_str(if members.is_empty() { "{}" } else { "}" });
        }
        other => out.push_str(&other.to_string()),
    }
}

/// How a sender's JSON spells its characters makes no difference: neither to the gate nor to whose line it is taken for.
#[test]
fn senders_may_escape_whatever_they_like() {
    let mut tried = 0;
    let padding = format!("{{\"a\":\"{}\"}}\n", "x".repeat(1000)).repeat(2 * READ_SIZE / 1000);
    for folder in entries(&root().join("examples/records")).into_iter().filter(|path| path.is_dir()) {
        for file in entries(&folder).iter().filter(|file| name(file).starts_with("match-")) {
            let text = std::fs::read_to_string(file).unwrap();
            let Ok(lines) = text.lines().map(serde_json::from_str::<Json>).collect::<Result<Vec<_>, _>>() else {
                continue;
            };
            let mut spelled = String::new();
            for line in &lines {
                escaped(line, &mut spelled);
                spelled.push('\n');
            }
            let rules = |records: &str| {
                let ran = tap::run(["run", "--stats", "json"], format!("{padding}{records}")).ended(0);
                ran.alerts().iter().map(|alert| alert["rule"]["name"].to_string()).collect::<Vec<_>>()
            };
            let expected = rules(&text);
            assert!(!expected.is_empty(), "{}", file.display());
            assert_eq!(rules(&spelled), expected, "{}", file.display());
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried} files");
}
