//! Rules change while a run goes on: each block is evaluated by one generation, and no line is lost or evaluated twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use serde_json::Value as Json;

use crate::live::{Live, long, matching, send};

/// A rule that matches every line of [`matching`], and says its version in its alerts.
fn rule(version: u64) -> String {
    format!(
        "id: 5d1b9f8e-0d55-4a6e-9d3a-3f1f5f3f0001\nname: Metadata service\nversion: \"{version}\"\nquery: |\n  \
         DeviceNetworkEvents | where RemoteUrl has 'metadata' | project Source = DeviceName, Version = {version}\n"
    )
}

/// What must not be taken up, and what is said of it.
const BROKEN: [(&str, &str); 3] = [
    ("name: a\nquery: |\n  DeviceNetworkEvents | where RemoteUrl has\n", "error["),
    ("name: a\nquery: |\n  NoSuchTable | where A == 1\n", "'NoSuchTable' is not a known table"),
    ("name: a\nversion: 1\n", "no rules in this folder"),
];

/// In one step, so that half a file is never read.
fn put(folder: &Path, text: &str) {
    let fresh = folder.join("fresh");
    fs::write(&fresh, text).unwrap();
    fs::rename(fresh, folder.join("rule.yaml")).unwrap();
}

fn word(alert: &Json) -> &str {
    alert["columns"]["Source"].as_str().unwrap()
}

fn generation(alert: &Json) -> u64 {
    alert["generation"].as_u64().unwrap()
}

/// Sends numbered lines over a connection of its own until it is told to stop; gives how many.
fn load(live: &Live, name: &'static str, stop: &Arc<AtomicBool>) -> std::thread::JoinHandle<usize> {
    let (mut stream, stop) = (live.connect(), stop.clone());
    std::thread::spawn(move || {
        let mut sent = 0;
        while !stop.load(Relaxed) {
            let lines: String = (sent..sent + 10).map(|n| matching(&format!("{name} {n}")) + "\n").collect();
            stream.write_all(lines.as_bytes()).unwrap();
            sent += 10;
            // The point is many reloads, and not many lines.
            std::thread::sleep(Duration::from_millis(2));
        }
        sent
    })
}

#[test]
fn reloads_under_load_lose_nothing_and_every_alert_has_its_generation() {
    let reloads = if long() { 1000 } else { 100 };
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &rule(1));
    let rules = folder.path().to_str().unwrap();
    let mut live = Live::start(&["tcp://127.0.0.1:0", "--rules", rules, "--workers", "4", "--shadow", "7"], &[]);
    let stop = Arc::new(AtomicBool::new(false));
    let loads = ["a", "b", "c"].map(|name| (name, load(&live, name, &stop)));

    let (mut alerts, mut current) = (Vec::new(), 1);
    for n in 0..reloads {
        let broken = (n % 3 == 2).then(|| BROKEN[n / 3 % BROKEN.len()]);
        put(folder.path(), &broken.map_or_else(|| rule(current + 1), |(text, _)| text.to_owned()));
        live.signal("-HUP");
        match broken {
            Some((_, says)) => {
                live.wait_for(says);
                live.wait_for(&format!("and have errors; generation {current} stays"));
            }
            None => {
                current += 1;
                live.wait_for(&format!("rules were read again: generation {current} has 1"));
            }
        }
        // A line that is sent now is evaluated by what has just been said.
        let mark = format!("mark {n}");
        send(live.connect(), (matching(&mark) + "\n").as_bytes());
        loop {
            let alert = live.alerts(1).remove(0);
            let found = word(&alert) == mark;
            assert!(!found || generation(&alert) == current, "{current}: {alert}");
            alerts.push(alert);
            if found {
                break;
            }
        }
    }
    stop.store(true, Relaxed);
    let sent = loads.map(|(name, load)| (name, load.join().unwrap()));
    let lines = reloads + sent.iter().map(|(_, sent)| sent).sum::<usize>();
    alerts.extend(live.alerts(lines - alerts.len()));
    let ended = live.stopped();
    assert!(ended.alerts.is_empty(), "evaluated twice: {:?}", ended.alerts);
    ended.counted(&[("lines", lines), ("alerts", lines), ("written", lines), ("disagreements", 0)]);
    assert_eq!(ended.status, Some(0));

    let mut next: BTreeMap<&str, usize> = BTreeMap::new();
    let mut last = 1;
    for alert in &alerts {
        let (generation, version) = (generation(alert), &alert["columns"]["Version"]);
        assert_eq!(
            (Json::from(generation.to_string()), Json::from(generation)),
            (alert["rule"]["version"].clone(), version.clone())
        );
        assert!(generation >= last, "a block that came later was evaluated by older rules: {alert}");
        last = generation;
        let (name, number) = word(alert).split_once(' ').unwrap();
        let expected = next.entry(name).or_default();
        assert_eq!(number.parse(), Ok(*expected), "{name}: lines come once and in order");
        *expected += 1;
    }
    for (name, sent) in sent {
        assert_eq!(next[name], sent);
    }
    assert_eq!((last, current as usize), (current, 1 + reloads - reloads / 3));
    let ids: BTreeSet<&str> = alerts.iter().map(|alert| alert["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), alerts.len(), "the id is of the record, and has nothing of the generation");
}

/// As Kubernetes mounts a ConfigMap: the files are links through `..data`, which is replaced.
#[test]
fn a_replaced_link_is_noticed_and_broken_rules_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let swap = |name: &str, text: &str| {
        let (target, fresh) = (folder.path().join(name), folder.path().join("..fresh"));
        fs::create_dir(&target).unwrap();
        fs::write(target.join("rule.yaml"), text).unwrap();
        std::os::unix::fs::symlink(name, &fresh).unwrap();
        fs::rename(fresh, folder.path().join("..data")).unwrap();
    };
    swap("..1", &rule(1));
    std::os::unix::fs::symlink("..data/rule.yaml", folder.path().join("rule.yaml")).unwrap();
    let rules = folder.path().to_str().unwrap();
    let mut live = Live::start(&["tcp://127.0.0.1:0", "--rules", rules, "--watch"], &[]);
    let mut stream = live.connect();
    let mut ask = |live: &mut Live, word: &str| {
        stream.write_all((matching(word) + "\n").as_bytes()).unwrap();
        let alert = live.alerts(1).remove(0);
        (generation(&alert), alert["columns"]["Version"].as_u64().unwrap())
    };
    assert_eq!(ask(&mut live, "a"), (1, 1));
    swap("..2", &rule(2));
    live.wait_for("generation 2 has 1");
    assert_eq!(ask(&mut live, "b"), (2, 2));
    swap("..3", BROKEN[1].0);
    // The mistake is shown with its place.
    live.wait_for("'NoSuchTable' is not a known table");
    live.wait_for("generation 2 stays");
    assert_eq!(ask(&mut live, "c"), (2, 2));
    swap("..4", &rule(3));
    live.wait_for("generation 3 has 1");
    assert_eq!(ask(&mut live, "d"), (3, 3));
    live.stopped().counted(&[("lines", 4), ("alerts", 4)]);
}

/// Rules lean on more than their own files: all of it is read again.
#[test]
fn what_rules_lean_on_is_read_again_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let table = |column: &str| format!("name = \"Own_CL\"\n[columns]\n{column} = \"string\"\nTag = \"string\"\n");
    fs::create_dir(at("lists")).unwrap();
    fs::write(at("lists/hosts.csv"), "Host\none\n").unwrap();
    fs::write(at("f.kql"), "let Chosen = (h: string) { h has 'x' };").unwrap();
    fs::write(at("own.toml"), table("A")).unwrap();
    let query = "Own_CL | where A in (_GetWatchlist('hosts') | project Host) or Chosen(Tag)";
    fs::write(at("rule.kql"), query).unwrap();
    let overlay = |severity: &str| format!("rules:\n  - rule: rule\n    severity: {severity}\n");
    fs::write(at("tuning.yaml"), overlay("low")).unwrap();
    let files = [at("rule.kql"), at("f.kql"), at("lists"), at("own.toml"), at("tuning.yaml")];
    let mut live = Live::start(
        &[
            "tcp://127.0.0.1:0",
            "--rules",
            &files[0],
            "--functions",
            &files[1],
            "--watchlists",
            &files[2],
            "--table-schema",
            &files[3],
            "--tuning",
            &files[4],
            "--strict",
            "--table",
            "Own_CL",
        ],
        &[],
    );
    let mut stream = live.connect();
    let mut ask = |live: &mut Live| {
        // A line for each, and one that always matches.
        let lines = ["one x1", "two x1", "a y", "one x", "two y"].map(|pair| {
            let (a, tag) = pair.split_once(' ').unwrap();
            format!("{{\"A\":\"{a}\",\"Tag\":\"{tag}\"}}\n")
        });
        stream.write_all(lines.concat().as_bytes()).unwrap();
        stream.write_all(b"{\"A\":\"one\",\"Tag\":\"x y end\"}\n{\"A\":\"two\",\"Tag\":\"x y end\"}\n").unwrap();
        let mut found = Vec::new();
        loop {
            let alert = live.alerts(1).remove(0);
            let (a, tag) = (alert["columns"]["A"].as_str().unwrap(), alert["columns"]["Tag"].as_str().unwrap());
            found.push(format!("{a} {tag}"));
            if found.last().unwrap() == "two x y end" {
                found.truncate(found.len() - 2);
                found.push(alert["rule"]["severity"].as_str().unwrap().to_owned());
                return found;
            }
        }
    };
    assert_eq!(ask(&mut live), ["one x1", "one x", "low"]);
    fs::write(at("lists/hosts.csv"), "Host\ntwo\n").unwrap();
    fs::write(at("tuning.yaml"), overlay("high")).unwrap();
    live.signal("-HUP");
    live.wait_for("generation 2");
    assert_eq!(ask(&mut live), ["two x1", "one x", "two y", "high"]);
    fs::write(at("f.kql"), "let Chosen = (h: string) { h has 'y' };").unwrap();
    live.signal("-HUP");
    live.wait_for("generation 3");
    assert_eq!(ask(&mut live), ["two x1", "a y", "two y", "high"]);
    // The rule's column is gone.
    fs::write(at("own.toml"), table("B")).unwrap();
    live.signal("-HUP");
    live.wait_for("generation 3 stays");
    live.stopped();
}

#[test]
fn a_batch_is_one_result_and_keeps_its_rules() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &rule(1));
    let rules = folder.path().to_str().unwrap();
    let arguments = ["--rules", rules, "--batch", "--watch"];
    let mut live = Live::with(&arguments, &[], std::process::Stdio::piped(), std::process::Stdio::piped());
    live.wait_for("--watch does nothing");
    let mut stdin = live.stdin();
    stdin.write_all((matching("a") + "\n").as_bytes()).unwrap();
    put(folder.path(), &rule(2));
    live.signal("-HUP");
    live.wait_for("with --batch rules are not read again, for");
    stdin.write_all((matching("b") + "\n").as_bytes()).unwrap();
    drop(stdin);
    let ended = live.ended();
    let seen: Vec<_> =
        ended.alerts.iter().map(|a| (generation(a), a["columns"]["Version"].as_u64().unwrap())).collect();
    assert_eq!(seen, [(1, 1), (1, 1)]);
}
