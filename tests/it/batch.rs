//! Queries that need more than one record: refused on a stream, run by `--batch` when the input ends.

use serde_json::{Value as Json, json};

use crate::tap::run;

const QUERY: &str =
    "Syslog | where SyslogMessage has 'denied' | summarize Denials = count() by Computer | where Denials > 1";

fn rule(folder: &tempfile::TempDir) -> String {
    let path = folder.path().join("denials.kql");
    std::fs::write(&path, QUERY).unwrap();
    path.to_str().unwrap().to_owned()
}

/// `n` records of each of three computers; of the last one none matches.
fn records(n: usize) -> String {
    let line = |i: usize| {
        let (computer, message) = [("a", "denied"), ("b", "it was denied"), ("c", "allowed")][i % 3];
        format!("{}\n", json!({"Type": "Syslog", "Computer": computer, "SyslogMessage": message}))
    };
    (0..3 * n).map(line).collect()
}

#[test]
fn a_stream_refuses_what_needs_all_rows() {
    let folder = tempfile::tempdir().unwrap();
    let rule = rule(&folder);
    let ran = run(["run", "--rules", &rule], records(2)).ended(2);
    assert!(ran.err.contains("KT005") && ran.err.contains("'summarize'") && ran.text().is_empty(), "{}", ran.err);
    assert!(run(["check", &rule], "").ended(2).text().contains("KT005"));
    run(["check", "--batch", &rule], "").ended(0);
}

#[test]
fn a_batch_runs_it_whatever_the_workers() {
    let folder = tempfile::tempdir().unwrap();
    let rule = rule(&folder);
    // Several blocks.
    let input = records(40_000);
    for workers in ["1", "4"] {
        let ran =
            run(["run", "--batch", "--workers", workers, "--shadow", "1", "--rules", &rule], input.clone()).ended(0);
        let alerts: Vec<Json> = ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let columns: Vec<&Json> = alerts.iter().map(|alert| &alert["columns"]).collect();
        let expected = ["a", "b"].map(|computer| json!({"Computer": computer, "Denials": 40_000}));
        assert_eq!(columns, expected.iter().collect::<Vec<_>>(), "{workers} workers");
        assert!(ran.err.contains("2 alerts from ") && ran.err.contains(" in 120000 lines "), "{}", ran.err);
    }
}

#[test]
fn what_a_batch_keeps_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let rule = rule(&folder);
    let config = folder.path().join("small.toml");
    std::fs::write(&config, "batch_memory = 4096\n").unwrap();
    let config = config.to_str().unwrap();
    run(["run", "--batch", "--rules", &rule, "--config", config], records(2)).ended(0);
    let ran = run(["run", "--batch", "--rules", &rule, "--config", config], records(1_000)).ended(1);
    assert!(ran.err.contains("batch_memory") && ran.text().is_empty(), "{}", ran.err);
}
