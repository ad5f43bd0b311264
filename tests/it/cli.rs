//! The command line, as a person or a pipe meets it.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::records::{batch, file, flat, input, network, streaming};
use crate::tap::{self, Ran, run};

const TOKEN_URL: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

fn matching(second: u32) -> Json {
    flat("DeviceNetworkEvents", &network(second, TOKEN_URL, "curl"))
}

fn silent(second: u32) -> Json {
    flat("DeviceNetworkEvents", &network(second, "http://192.0.2.1/", "curl"))
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_first_command_of_the_readme_prints_the_alerts_of_the_examples() {
    let records = tap::example_records();
    let ran = run(["run", &records, "--stats", "json"], "").ended(0);
    let alerts = ran.alerts();
    assert_eq!(alerts.len(), 34);
    // The page's four rules and five of the others, and lines that examples/README.md calls silent are.
    let mut rules: Vec<&str> = alerts.iter().map(|a| a["rule"]["name"].as_str().unwrap()).collect();
    rules.sort_unstable();
    rules.dedup();
    assert_eq!(rules.len(), 9);
    let lines: Vec<u64> = alerts.iter().map(|a| a["source"]["line"].as_u64().unwrap()).collect();
    let table = include_str!("../../examples/README.md");
    let told: Vec<u64> = table
        .lines()
        .filter_map(|row| {
            let fields: Vec<&str> = row.split('|').map(str::trim).collect();
            let line: u64 = fields.get(1)?.parse().ok()?;
            let alerts = fields[fields.len() - 2];
            Some(vec![line; alerts.split(',').filter(|a| !a.is_empty()).count()])
        })
        .flatten()
        .collect();
    assert_eq!(lines, told, "the lines that alert are those that examples/README.md says");
    assert_eq!(ran.ledger()["balanced"], true);
    assert_eq!(run(["run", &records, "--stats", "off"], "").ended(0).text(), ran.text(), "a replay gives the same");
}

/// Columns count characters: the é before a mistake must not move its caret.
const THREE_MISTAKES: &str = "\
DeviceFileEvents
| project Timestamp, FileName
| where FileName != 'é' and FolderPath has 'x'
| where FileName = 'a'
| where Timestamp has '5'
| take 5
";

#[test]
fn three_mistakes_give_three_diagnostics_with_carets() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "three.kql", THREE_MISTAKES);
    let ran = run(["check", &path], "").ended(2);
    for (code, place, line, caret) in [
        ("KS142", ":3:29", "| where FileName != 'é' and FolderPath has 'x'", "                            ^^^^^^^^^^"),
        ("KS002", ":4:18", "| where FileName = 'a'", "                 ^"),
        ("KS106", ":5:19", "| where Timestamp has '5'", "                  ^^^"),
    ] {
        let text = ran.text();
        assert!(text.contains(&format!("error[{code}]: ")), "{text}");
        assert!(text.contains(&format!("--> {path}{place}\n")), "{text}");
        let shown: Vec<&str> = text.lines().filter_map(|l| Some(l.split_once("| ")?.1.trim_end())).collect();
        let at = shown.iter().position(|l| *l == line).unwrap_or_else(|| panic!("{line} is not shown:\n{text}"));
        assert_eq!(shown[at + 1], caret, "{text}");
    }
    assert_eq!(ran.text().matches("error[").count(), 3);
    assert!(ran.err.contains("1 refused"), "{}", ran.err);

    let ran = run(["check", "--json", &path], "").ended(2);
    let report: Json = serde_json::from_str(ran.text()).unwrap();
    assert_eq!((&report["path"], &report["ok"]), (&json!(path), &json!(false)));
    let diagnostics = report["rules"][0]["diagnostics"].as_array().unwrap();
    let places: Vec<Json> =
        diagnostics.iter().map(|d| json!([d["severity"], d["code"], d["line"], d["column"], d["length"]])).collect();
    assert_eq!(
        places,
        [
            json!(["error", "KS142", 3, 29, 10]),
            json!(["error", "KS002", 4, 18, 1]),
            json!(["error", "KS106", 5, 19, 3])
        ]
    );
    // A rule with errors is not run.
    let ran = run(["run", "--rules", &path], "").ended(2);
    assert_eq!((ran.text(), ran.err.matches("error[").count()), ("", 3));
}

#[test]
fn a_folder_without_rules_does_not_pass_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(["check", folder.path().to_str().unwrap()], "").ended(2);
    assert!(ran.err.contains("there are no rules to check"), "{}", ran.err);
}

#[test]
fn good_rules_pass_the_check_and_strict_is_as_strict_as_sentinel() {
    let page = tap::page_rule();
    let ran = run(["check", &page, "builtin"], "").ended(0);
    assert_eq!(ran.text().matches("warning[KS142]").count(), 3, "{}", ran.text());
    assert!(ran.err.contains("2 files, 20 rules: 20 ok, 0 refused; 3 warnings"), "{}", ran.err);
    let ran = run(["check", "--strict", &page], "").ended(2);
    assert_eq!(ran.text().matches("error[KS142]").count(), 3, "{}", ran.text());
    run(["check", "--strict", "builtin"], "").ended(0);
}

#[test]
fn an_unknown_table_is_answered_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "typo.kql", "DeviceFileEvent | where FileName has 'x'");
    let ran = run(["check", &path], "").ended(2);
    assert!(ran.text().contains("error[KS204]"), "{}", ran.text());
    assert!(ran.text().contains("DeviceFileEvents"), "{}", ran.text());
    let ran = run(["tables", "DeviceFileEvent"], "").ended(2);
    assert!(ran.err.contains("did you mean 'DeviceFileEvents'?"), "{}", ran.err);
    let ran = run(["run", "--table", "DeviceFileEvent"], "").ended(2);
    assert!(ran.err.contains("did you mean 'DeviceFileEvents'?"), "{}", ran.err);
    let ran = run(["tables", "DeviceFileEvents"], "").ended(0);
    assert!(ran.text().lines().any(|l| l.split_whitespace().eq(["FolderPath", "string"])), "{}", ran.text());
    assert!(run(["tables"], "").ended(0).text().lines().any(|l| l == "AuditLogs"));
}

#[test]
fn a_missing_input_is_named_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(folder.path(), "first.ndjson", input(&[matching(1)]));
    let last = write(folder.path(), "last.ndjson", input(&[matching(2), matching(3)]));
    let gone = folder.path().join("gone.ndjson").to_str().unwrap().to_owned();
    let ran = run(["run", "--stats", "json", &first, &gone, &last], "").ended(1);
    assert!(ran.err.contains(&format!("kqltap: cannot read {gone}: ")), "{}", ran.err);
    let places: Vec<Json> = ran.alerts().iter().map(|a| json!([a["source"]["input"], a["source"]["line"]])).collect();
    assert_eq!(places, [json!([first, 1]), json!([last, 1]), json!([last, 2])], "lines count from 1 in each input");
    assert_eq!(ran.ledger()["balanced"], true);
    let folder = folder.path().to_str().unwrap();
    assert!(run(["run", folder], "").ended(1).err.contains("is a folder"));
}

#[test]
fn wrong_usage_is_exit_2() {
    for arguments in [
        vec!["run", "--no-such-flag"],
        vec!["no-such-command"],
        vec!["run", "--lookback", "sometimes"],
        vec!["run", "--now", "yesterday"],
        vec!["run", "--rules", "/no/such/rule.kql"],
        vec!["run", "--config", "/no/such/file.toml"],
        vec!["run", "--batch", "--emit", "annotate"],
        vec!["check"],
        vec!["check", "/no/such/rule.kql"],
        vec!["eval", "1 +"],
        vec![],
    ] {
        let ran = run(arguments.clone(), "").ended(2);
        assert!(!ran.err.is_empty() || !ran.out.is_empty(), "{arguments:?} must say why");
    }
    for arguments in [vec!["--help"], vec!["--version"], vec!["run", "--help"]] {
        assert!(!run(arguments, "").ended(0).out.is_empty());
    }
}

/// `line` with what annotation has put into it taken out again.
fn without_annotation(line: &str) -> String {
    let mut rest = line.to_owned();
    while let Some(start) = rest.find(",\"kqltap\":[").or_else(|| rest.find("\"kqltap\":[")) {
        let list = rest[start..].find('[').unwrap() + start;
        let mut parser = serde_json::Deserializer::from_str(&rest[list..]).into_iter::<Json>();
        parser.next().unwrap().unwrap();
        let end = list + parser.byte_offset();
        rest.replace_range(start..end, "");
    }
    rest
}

#[test]
fn annotate_passes_every_byte_and_adds_one_member_to_what_matched() {
    // Spaces inside the last brace, an empty object, and an escape that no writer would choose must all survive.
    let spaced = matching(2).to_string().replacen("\"curl\"", "\"c\\u0075rl\"", 1).replace("\"}", "\" }  ");
    let mixed = batch(&[
        matching(3),
        silent(4),
        streaming("DeviceNetworkEvents", &network(5, TOKEN_URL, "wget"), "2026-11-24T09:00:00Z"),
    ]);
    let lines = [
        silent(1).to_string(),
        matching(1).to_string(),
        format!("{spaced}\r"),
        String::new(),
        "no json at all".to_owned(),
        mixed.to_string(),
        format!("\u{feff}{}", matching(6)),
        json!([matching(7), silent(8)]).to_string(),
    ];
    let mut text = lines.join("\n");
    text.push('\n');
    let ran = run(["run", "--rules", tap::FOUR, "--emit", "annotate", "--stats", "json"], text.clone()).ended(0);
    let out: Vec<&str> = ran.text().split('\n').collect();
    assert_eq!(out.iter().map(|l| without_annotation(l)).collect::<Vec<_>>().join("\n"), text);
    let annotated: Vec<usize> = (0..out.len()).filter(|i| out[*i].contains("\"kqltap\":")).collect();
    assert_eq!(annotated, [1, 2, 5, 6, 7]);
    let parsed = |i: usize| -> Json { serde_json::from_str(out[i].trim_start_matches('\u{feff}')).unwrap() };
    for i in [1, 2, 6] {
        assert_eq!(parsed(i)["kqltap"][0]["rule"]["techniques"], json!(["T1528"]));
    }
    let records = parsed(5)["records"].clone();
    assert_eq!(records[0]["kqltap"].as_array().map(Vec::len), Some(1));
    assert_eq!(records[1].get("kqltap"), None);
    assert_eq!(records[2]["kqltap"][0]["columns"]["Process"], "wget");
    assert!(parsed(7)[0].get("kqltap").is_some() && parsed(7)[1].get("kqltap").is_none());
    let ledger = ran.ledger();
    assert_eq!((&ledger["alerts"], &ledger["written"], &ledger["balanced"]), (&json!(6), &json!(6), &json!(true)));
}

#[test]
fn an_empty_object_that_matches_is_annotated_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let rule = write(folder.path(), "all.kql", "DeviceFileEvents | where FileName != 'x' | project FileName");
    let arguments = ["run", "--rules", &rule, "--table", "DeviceFileEvents", "--emit", "annotate"];
    let ran = run(arguments, "{}\n{ }\n").ended(0);
    for line in ran.text().lines() {
        let record: Json = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert_eq!(record["kqltap"][0]["columns"], json!({"FileName": ""}));
    }
    assert_eq!(ran.text().lines().count(), 2);
}

fn ids(ran: &Ran) -> Vec<String> {
    ran.alerts().iter().map(|a| a["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_alert_id_is_of_the_rule_and_the_payload() {
    let row = network(1, TOKEN_URL, "curl");
    let sent = |time: &str| streaming("DeviceNetworkEvents", &row, time);
    let first = run(["run", "--rules", tap::FOUR], input(&[sent("2026-11-24T09:00:00Z")])).ended(0);
    let later = run(["run", "--rules", tap::FOUR], input(&[silent(1), sent("2026-11-24T10:00:00Z")])).ended(0);
    let batched =
        run(["run", "--rules", tap::FOUR], input(&[batch(&[silent(1), sent("2026-11-24T11:00:00Z")])])).ended(0);
    assert_eq!(ids(&first), ids(&later));
    assert_eq!(ids(&first), ids(&batched));
    let id = &ids(&first)[0];
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()), "{id}");
    let other = run(
        ["run", "--rules", tap::FOUR],
        input(&[streaming("DeviceNetworkEvents", &network(2, TOKEN_URL, "curl"), "x")]),
    )
    .ended(0);
    assert_ne!(ids(&first), ids(&other));
    let page = tap::page_rule();
    let by_page = run(["run", "--rules", &page], input(&[sent("2026-11-24T09:00:00Z")])).ended(0);
    assert_ne!(ids(&first), ids(&by_page), "another rule's alert is another alert");
}

#[test]
fn an_output_file_is_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "alerts.ndjson", "{\"before\":1}\n");
    for second in [1, 2] {
        let ran = run(["run", "--output", &path, "-"], input(&[matching(second)])).ended(0);
        assert_eq!(ran.text(), "");
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Json> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines[0], json!({"before": 1}));
    let times: Vec<&Json> = lines[1..].iter().map(|l| &l["time"]).collect();
    assert_eq!(times, ["2026-11-24T08:00:01.0000000Z", "2026-11-24T08:00:02.0000000Z"]);
    assert_eq!(lines[1]["source"], json!({"input": "-", "line": 1, "record": 0}));
    let nowhere = folder.path().join("no/such/folder").to_str().unwrap().to_owned();
    assert!(run(["run", "--output", &nowhere], "").ended(1).err.contains(&nowhere));
}

#[test]
fn several_rules_are_run_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let extra = write(folder.path(), "extra.kql", "DeviceFileEvents | where FileName == 'token' | project FileName");
    let page = tap::page_rule();
    let records = [matching(1), flat("DeviceFileEvents", &file(2, "FileRead", "/tmp", "token", "cat"))];
    let arguments = ["run", "--rules", "builtin", "--rules", &page, "--rules", folder.path().to_str().unwrap()];
    let ran = run(arguments, input(&records)).ended(0);
    let alerts = ran.alerts();
    let names: Vec<&str> = alerts.iter().map(|a| a["rule"]["name"].as_str().unwrap()).collect();
    let cloud = "Cloud metadata service asked for a token by an unexpected process";
    assert_eq!(names, [cloud, "t1528-page", "extra"], "in the order of the records, then of the rules");
    // One rule that is no good stops all.
    let bad = write(folder.path(), "bad.kql", "DeviceFileEvents | where Nonsense(");
    let ran = run(["run", "--rules", &extra, "--rules", &bad], input(&records)).ended(2);
    assert_eq!(ran.text(), "");
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = write(folder.path(), "kqltap.toml", "stats = \"json\"\n");
    let stats = |environment: Option<&str>, arguments: &[&str]| {
        let mut command = tap::kqltap(["run"].into_iter().chain(arguments.iter().copied()));
        environment.map(|value| command.env("KQLTAP_STATS", value));
        let err = Ran::new(command.write_stdin("")).ended(0).err;
        match err.as_str() {
            "" => "off",
            text if text.starts_with('{') => "json",
            _ => "text",
        }
    };
    assert_eq!(stats(None, &[]), "text", "the default");
    assert_eq!(stats(None, &["--config", &config]), "json");
    assert_eq!(stats(Some("off"), &["--config", &config]), "off");
    assert_eq!(stats(Some("off"), &["--config", &config, "--stats", "text"]), "text");
    let typo = write(folder.path(), "typo.toml", "[\nstat = 1");
    assert!(run(["run", "--config", &typo], "").ended(2).err.contains("typo.toml"));
    let typo = write(folder.path(), "typo.toml", "stat = \"json\"\n");
    assert!(run(["run", "--config", &typo], "").ended(2).err.contains("stat"));
}

#[test]
fn explain_shows_lookback_automata_and_what_a_stream_leaves_out() {
    let page = tap::page_rule();
    let ran = run(["explain", &page], "").ended(0);
    let text = ran.text();
    assert_eq!(text.matches("lookback, taken as true in a stream: Timestamp > ago(24h)").count(), 3, "{text}");
    assert_eq!(text.matches("lookback, taken as true in a stream: TimeGenerated > ago(24h)").count(), 1);
    assert!(text.contains("applied with --batch: sort"), "{text}");
    for (automaton, pattern) in [
        ("automaton of RemoteUrl", "has \"metadata/identity\""),
        ("automaton of FolderPath", "has \"/run/secrets/kubernetes.io\""),
        ("automaton of FileName", "endswith \".json\""),
    ] {
        let at = text.find(automaton).unwrap_or_else(|| panic!("{automaton}: {text}"));
        let patterns: Vec<&str> = text[at..].lines().skip(1).take_while(|l| l.starts_with("    ")).collect();
        assert!(patterns.iter().any(|p| p.trim() == pattern), "{automaton}: {patterns:?}");
    }
    // Two vectors read DeviceFileEvents, and share its automata.
    assert_eq!(text.matches("automaton of FileName").count(), 1);
    assert!(text.contains("has \"Mail.ReadWrite\""), "a computed value has an automaton too");
}
