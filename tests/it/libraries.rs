//! Saved functions, watchlists and own tables, from the command line.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::tap::run;

fn write(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

const PARSER: &str = "\
FunctionName: Doors of the example product
FunctionAlias: ExampleDoors
FunctionParams:
  - Name: door
    Type: string
    Default: '*'
FunctionQuery: |
  Badge_CL
  | where door == '*' or Door_s == door
  | extend Visitor = tolower(Badge_s)
";

const TABLE: &str = "\
name = \"Badge_CL\"
time = \"TimeGenerated\"
[columns]
TimeGenerated = \"datetime\"
Badge_s = \"string\"
Door_s = \"string\"
";

const RULE: &str = "\
ExampleDoors('north')
| where Visitor in ((_GetWatchlist('Banned') | project SearchKey))
| project Visitor, Door_s
";

/// A folder with a rule, and the flags that name what it leans on.
fn workspace() -> (tempfile::TempDir, String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let rule = write(folder.path(), "rules/doors.kql", RULE);
    write(folder.path(), "lists/Banned.csv", "Who,Why\neve,\"talks, a lot\"\n");
    let flags = vec![
        "--functions".to_owned(),
        write(folder.path(), "parsers/doors.yaml", PARSER),
        "--watchlists".to_owned(),
        folder.path().join("lists").to_str().unwrap().to_owned(),
        "--table-schema".to_owned(),
        write(folder.path(), "badge.toml", TABLE),
    ];
    (folder, rule, flags)
}

fn with<'a>(first: &[&'a str], flags: &'a [String]) -> Vec<&'a str> {
    first.iter().copied().chain(flags.iter().map(String::as_str)).collect()
}

#[test]
fn a_rule_runs_with_what_it_leans_on() {
    let (folder, rule, flags) = workspace();
    let records: String = [("EVE", "north"), ("EVE", "south"), ("BOB", "north")]
        .iter()
        .map(|(who, door)| format!("{}\n", json!({"Type": "Badge_CL", "Badge_s": who, "Door_s": door})))
        .collect();
    let ran = run(with(&["run", "--rules", &rule], &flags), records.clone()).ended(0);
    let alerts = ran.alerts();
    assert_eq!(
        alerts.iter().map(|a| &a["columns"]).collect::<Vec<_>>(),
        [&json!({"Visitor": "eve", "Door_s": "north"})]
    );
    // The same from a file of settings.
    let settings = format!(
        "rules = [{rule:?}]\nfunctions = [{:?}]\nwatchlists = {:?}\ntable_schemas = [{:?}]\n",
        flags[1], flags[3], flags[5]
    );
    let settings = write(folder.path(), "kqltap.toml", &settings);
    assert_eq!(run(["run", "--config", &settings], records).ended(0).text(), ran.text());
    let ran = run(with(&["check", &rule], &flags), "").ended(0);
    assert!(ran.err.contains("1 ok, 0 refused"), "{}", ran.err);
    // Without them the rule is refused, and nothing runs.
    let ran = run(["run", "--rules", &rule], "{\"Type\":\"Badge_CL\"}\n").ended(2);
    assert!(ran.text().is_empty() && ran.err.contains("ExampleDoors"), "{}", ran.err);
}

#[test]
fn files_that_are_no_good_stop_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let bad = write(folder.path(), "bad.toml", "name = 3\n");
    let list = write(folder.path(), "lists/a.csv", "x,x\n");
    let lists = Path::new(&list).parent().unwrap().to_str().unwrap().to_owned();
    for (flag, path, said) in [
        ("--table-schema", bad.as_str(), "bad.toml:1: "),
        ("--watchlists", lists.as_str(), "a.csv:1:1: the header has the column 'x' twice"),
        ("--watchlists", "/no/such/folder", "/no/such/folder: cannot be read"),
        ("--functions", "/no/such.yaml", "/no/such.yaml: cannot be read"),
    ] {
        for command in [vec!["run"], vec!["check", "builtin"], vec!["eval", "1"]] {
            let arguments: Vec<&str> = command.iter().copied().chain([flag, path]).collect();
            let ran = run(arguments, "").ended(2);
            assert!(ran.err.contains(said), "{command:?} {flag}: {}", ran.err);
        }
    }
}

#[test]
fn own_tables_are_listed_and_the_nearest_is_named() {
    let (folder, _, flags) = workspace();
    let table = flags[5].as_str();
    let ran = run(["tables", "--table-schema", table, "Badge_CL"], "").ended(0);
    assert!(ran.text().lines().any(|l| l.split_whitespace().eq(["Door_s", "string"])), "{}", ran.text());
    assert!(run(["tables", "--table-schema", table], "").ended(0).text().lines().any(|l| l == "Badge_CL"));
    let rule = write(folder.path(), "typo.kql", "Badges_CL | where Door_s == 'x'");
    let ran = run(["check", "--table-schema", table, &rule], "").ended(0);
    assert!(ran.text().contains("KT020") && ran.text().contains("did you mean 'Badge_CL'?"), "{}", ran.text());
    let ran = run(["check", "--strict", "--table-schema", table, &rule], "").ended(2);
    assert!(ran.text().contains("did you mean 'Badge_CL'?"), "{}", ran.text());
}

#[test]
fn a_custom_table_needs_no_schema() {
    let folder = tempfile::tempdir().unwrap();
    let query = "Door_CL | where Who_s =~ 'eve' and Level_d > 2 and Badge.colour == 'red' | project Who_s, At_t, Type";
    let rule = write(folder.path(), "door.kql", query);
    let row = json!({"Who_s": "Eve", "Level_d": 2.5, "At_t": "2026-01-02T03:04:05Z", "Badge": {"colour": "red"}});
    let with = |name: &str, value: Json| {
        let mut row = row.clone();
        row[name] = value;
        format!("{row}\n")
    };
    let columns = json!({"Who_s": "Eve", "At_t": "2026-01-02T03:04:05.0000000Z", "Type": "Door_CL"});
    let named = [
        with("Type", json!("Door_CL")),
        with("Type", json!("Gate_CL")),
        with("Badge", json!({"colour": "blue", "Type": "Door_CL"})),
    ];
    let ran = run(["run", "--rules", &rule], named.concat()).ended(0);
    assert_eq!(ran.alerts().iter().map(|a| &a["columns"]).collect::<Vec<_>>(), [&columns]);
    // Rows that name no table.
    let unnamed = with("Level_d", json!("3")) + &with("Level_d", json!(1));
    for (flags, alerts) in [(vec!["--table", "Door_CL"], 1), (vec![], 0)] {
        let arguments = [vec!["run", "--rules", &rule], flags].concat();
        assert_eq!(run(arguments, unnamed.clone()).ended(0).alerts().len(), alerts);
    }
    // Rules that take a column for different things read the same value.
    let other = "Door_CL | where column_ifexists('Level', 0) > 3 and Badge has 'red' | project Level";
    let rules =
        [("a", "Door_CL | where Level == '5' | project Level"), ("b", other), ("c", "Door_CL | where Level < 9")];
    let rules = rules.map(|(name, query)| write(folder.path(), &format!("{name}.kql"), query));
    let arguments = rules.iter().flat_map(|rule| ["--rules", rule.as_str()]);
    let row = json!({"Type": "Door_CL", "Level": 5, "Badge": {"colour": "red"}});
    let ran = run(["run", "--shadow", "1"].into_iter().chain(arguments), format!("{row}\n")).ended(0);
    assert_eq!(ran.alerts().len(), 3, "{}", ran.err);
    assert!(run(["run", "--rules", &rule, "--table", "Door"], "").ended(2).err.contains("there is no such table"));
}

#[test]
fn functions_are_listed_and_explained() {
    let (_folder, _, flags) = workspace();
    let all = run(with(&["functions"], &flags), "").ended(0);
    for line in ["scalar strlen(text)", "saved ExampleDoors([door:string])"] {
        assert!(all.text().lines().any(|l| l.split_whitespace().eq(line.split(' '))), "{line}: {}", all.text());
    }
    assert!(all.text().lines().any(|l| l.starts_with("aggregate  make_set(")), "{}", all.text());
    let one = run(with(&["functions", "ExampleDoors"], &flags), "").ended(0);
    assert!(one.text().contains(&format!("From {}.", flags[1])), "{}", one.text());
    assert!(run(["functions", "count"], "").ended(0).text().contains("(aggregate)\n"));
    assert!(run(["functions", "strlenn"], "").ended(2).err.contains("did you mean 'strlen'?"));
}

#[test]
fn a_query_is_evaluated_to_one_line() {
    let query = "datatable(Name:string, N:long)['a', 1, 'b', 2, 'a', 3] | summarize sum(N) by Name";
    let expected = json!({"columns": [["Name", "string"], ["sum_N", "long"]], "rows": [["a", 4], ["b", 2]]});
    let parsed = |text: &str| -> Json { serde_json::from_str(text).unwrap() };
    assert_eq!(parsed(run(["eval", "--query", query], "").ended(0).text()), expected);
    let lines = query.replace(" | ", "\n| ");
    assert_eq!(parsed(run(["eval", "--query"], lines).ended(0).text()), expected);
    let ran = run(["eval", "--query", "print x = nothing"], "").ended(2);
    assert!(parsed(ran.text())["error"].as_str().unwrap().starts_with("KS142: "), "{}", ran.text());
    let ran = run(["eval", "--query", "SigninLogs | count"], "").ended(2);
    assert!(parsed(ran.text())["error"].as_str().unwrap().contains("SigninLogs"), "{}", ran.text());
}

#[test]
fn queries_in_json_strings_are_answered_one_by_one() {
    let input = "\"print a = 1\\n| extend b = ''\"\n\nprint\n\"print now()\"\n";
    let ran = run(["eval", "--query", "--jsonl", "--now", "2026-11-24T12:00:00Z"], input).ended(0);
    let lines: Vec<Json> = ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], json!({"columns": [["a", "long"], ["b", "string"]], "rows": [[1, ""]]}));
    assert!(lines[1]["error"].as_str().unwrap().contains("no JSON string"), "{}", lines[1]);
    assert_eq!(lines[2]["rows"], json!([["2026-11-24T12:00:00Z"]]));
    assert_eq!(lines.len(), 3);
    let ran = run(["eval", "--jsonl"], "\"1 +\\n 1\"\n").ended(0);
    assert_eq!(ran.text(), "{\"value\":2}\n");
}

#[test]
fn two_rules_of_one_id_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.kql", "b.kql"] {
        write(folder.path(), name, "DeviceEvents | where ActionType == 'x'");
    }
    let ran = run(["check", folder.path().to_str().unwrap()], "").ended(0);
    assert!(ran.err.contains("a.kql and in ") && ran.err.contains("1 warnings"), "{}", ran.err);
}

#[test]
fn a_folder_is_summed_up_by_reason() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..30 {
        let text = match i % 3 {
            0 => format!("DeviceEvents | where ActionType == 'x{i}'"),
            1 => format!("DeviceEvents | where Nothing( 1 ) == {i}"),
            _ => format!("NoSuchTable | where a == {i}"),
        };
        write(folder.path(), &format!("{i:02}.kql"), if i == 29 { "DeviceEvents | where Nothing(1)" } else { &text });
    }
    write(folder.path(), "other.yaml", "a: 1\n");
    let path = folder.path().to_str().unwrap();
    let ran = run(["check", "--json", path], "").ended(2);
    let last = ran.err.lines().last().unwrap();
    assert!(last.contains("31 files, 30 rules: 10 ok, 20 refused; 0 warnings; 1 files without a query"), "{last}");
    assert!(last.ends_with("refused for: 11 KS143 Nothing, 9 KS204 NoSuchTable"), "{last}");
    let reports: Vec<Json> = ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = reports.iter().map(|r| r["rules"][0]["name"].as_str().unwrap()).collect();
    assert!(names.is_sorted() && names.len() == 30, "in the order of the paths: {names:?}");
    let found = &reports[1]["rules"][0]["diagnostics"][0];
    assert_eq!((&found["feature"], &found["line"], &found["column"]), (&json!("Nothing"), &json!(1), &json!(22)));
    assert_eq!(reports[2]["rules"][0]["diagnostics"][0]["feature"], "NoSuchTable");
}
