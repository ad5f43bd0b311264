//! The page's own query, examples/rules/t1528-page.kql, on records that carry the columns it asks for.

use std::sync::Arc;

use kqltap::matcher::Ruleset;
use kqltap::rule;
use kqltap::schema::ScalarType;
use serde_json::{Value as Json, json};

use crate::records::{audit, batch, consent, diagnostic, file, flat, input, lines, network, properties, streaming};
use crate::tap::{self, alerts, ruleset_of};

const TOKEN_URL: &str = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";
const SENT: &str = "2026-11-24T08:09:59Z";
const K8S: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn page() -> Arc<Ruleset> {
    tap::ruleset(rule::load(tap::page_rule().as_ref()).unwrap())
}

/// The alerts of the page's query on one record.
fn of(record: &Json) -> Vec<Json> {
    alerts(&page(), &lines(std::slice::from_ref(record)))
}

fn is_silent(record: &Json) -> bool {
    of(record).is_empty()
}

/// Whether a predicate over FileName holds for a value, by both evaluators.
fn holds(value: &str, predicate: &str) -> bool {
    let ruleset = ruleset_of(&format!("DeviceFileEvents | where {predicate}"));
    let record = json!({"Type": "DeviceFileEvents", "FileName": value});
    !alerts(&ruleset, &lines(&[record])).is_empty()
}

/// A record of each vector that must match, one that must not, and the row that Sentinel would return.
fn vectors() -> Vec<(&'static str, Json, Option<Json>)> {
    let row = |time: &str,
               source: &str,
               actor: &str,
               process: &str,
               command: &str,
               vector: &str,
               platform: &str,
               risk: &str| {
        Some(json!({
            "Timestamp": time, "Source": source, "Actor": actor, "Process": process, "CommandLine": command,
            "Vector": vector, "TokenPlatform": platform, "RiskDetail": risk,
        }))
    };
    let scopes = properties("User.Read Mail.ReadWrite");
    vec![
        (
            "DeviceNetworkEvents",
            network(1, TOKEN_URL, "powershell.exe"),
            row(
                "2026-11-24T08:00:01.0000000Z",
                "web-01.contoso.example",
                "svc-web",
                "powershell.exe",
                &format!("powershell.exe {TOKEN_URL}"),
                "IMDS Token Request",
                "Azure Managed Identity",
                "Unexpected process 'powershell.exe' queried Azure Managed Identity IMDS endpoint",
            ),
        ),
        ("DeviceNetworkEvents", network(2, "http://169.254.169.254/metadata-identity", "curl"), None),
        (
            "DeviceNetworkEvents",
            network(3, "http://169.254.169.254/latest/meta-data/iam/security-credentials/web", "curl"),
            row(
                "2026-11-24T08:00:03.0000000Z",
                "web-01.contoso.example",
                "svc-web",
                "curl",
                "curl http://169.254.169.254/latest/meta-data/iam/security-credentials/web",
                "IMDS Token Request",
                "AWS Instance Role",
                "Unexpected process 'curl' queried AWS Instance Role IMDS endpoint",
            ),
        ),
        (
            "DeviceFileEvents",
            file(4, "FileCreated", K8S, "token", "cat"),
            row(
                "2026-11-24T08:01:04.0000000Z",
                "ws-12.contoso.example",
                "user1",
                "cat",
                &format!("cat {K8S}"),
                "Kubernetes Service Account Token",
                "Kubernetes",
                &format!("Process 'cat' read K8s service account token: {K8S}/token"),
            ),
        ),
        ("DeviceFileEvents", file(5, "FileCreated", K8S, "namespace", "cat"), None),
        (
            "DeviceFileEvents",
            file(6, "FileRead", "/home/user1/.azure", "msal_token_cache.json", "python3"),
            row(
                "2026-11-24T08:01:06.0000000Z",
                "ws-12.contoso.example",
                "user1",
                "python3",
                "python3 /home/user1/.azure",
                "OAuth Token Cache Access",
                "Azure",
                "Process 'python3' accessed Azure token cache: msal_token_cache.json",
            ),
        ),
        // `azureProfile.json` has no term `azure`, and nothing else says whose cache it is.
        (
            "DeviceFileEvents",
            file(7, "FileModified", "/srv/backup", "azureProfile.json", "rsync"),
            row(
                "2026-11-24T08:01:07.0000000Z",
                "ws-12.contoso.example",
                "user1",
                "rsync",
                "rsync /srv/backup",
                "OAuth Token Cache Access",
                "OAuth/Cloud",
                "Process 'rsync' accessed OAuth/Cloud token cache: azureProfile.json",
            ),
        ),
        ("DeviceFileEvents", file(8, "FileDeleted", "/home/user1/.azure", "msal_token_cache.json", "python3"), None),
        (
            "AuditLogs",
            audit(9, "Add delegated permission grant", "success", &scopes),
            row(
                "2026-11-24T08:02:09.0000000Z",
                "203.0.113.24",
                "user2@contoso.example",
                "Calendar App",
                // The text of the dynamic value: compact JSON, and the quotes within the string escaped.
                r#"[{"displayName":"DelegatedPermissionGrant.Scope","oldValue":null,"newValue":"\"User.Read Mail.ReadWrite\""}]"#,
                "OAuth High-Privilege Consent Grant",
                "Azure AD / Microsoft 365",
                "User 'user2@contoso.example' consented to high-privilege OAuth app 'Calendar App' from IP: 203.0.113.24",
            ),
        ),
        ("AuditLogs", audit(10, "Consent to application", "failure", &scopes), None),
        ("AuditLogs", audit(11, "Remove delegated permission grant", "success", &scopes), None),
    ]
}

#[test]
fn mixed_records_in_every_form_give_the_rows_that_sentinel_would_return() {
    let (mut records, mut expected) = (Vec::new(), Vec::new());
    let enveloped = |table: &str, row: &Json| match table {
        "AuditLogs" => diagnostic(row),
        table => streaming(table, row, SENT),
    };
    for (table, row, columns) in vectors() {
        let forms =
            [flat(table, &row), enveloped(table, &row), batch(&[enveloped(table, &row)]), json!([flat(table, &row)])];
        records.extend(forms);
        expected.extend(columns.iter().cycle().take(4 * columns.iter().count()).cloned());
    }
    // And one line with all of them, so that every table's records stand side by side.
    let all = vectors();
    records.push(batch(&all.iter().map(|(table, row, _)| enveloped(table, row)).collect::<Vec<_>>()));
    expected.extend(all.into_iter().filter_map(|(.., columns)| columns));
    let found = alerts(&page(), &lines(&records));
    let columns: Vec<&Json> = found.iter().map(|alert| &alert["columns"]).collect();
    assert_eq!(columns, expected.iter().collect::<Vec<_>>());
    // Member order is the query's.
    let names: Vec<&String> = found[0]["columns"].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["Timestamp", "Source", "Actor", "Process", "CommandLine", "Vector", "TokenPlatform", "RiskDetail"]
    );
    // In a batch, the alert says which record it was.
    let last: Vec<u64> = found[found.len() - 6..].iter().filter_map(|a| a["source"]["record"].as_u64()).collect();
    assert_eq!(last, [0, 2, 3, 5, 6, 8]);
}

#[test]
fn the_result_has_a_datetime_and_seven_strings() {
    let page = page();
    let columns = &page.rules[0].query.columns;
    let types: Vec<ScalarType> = columns.iter().map(|c| c.ty).collect();
    assert_eq!(types[0], ScalarType::DateTime);
    assert_eq!(types[1..], [ScalarType::String; 7]);
}

#[test]
fn mail_readwritex_is_not_mail_readwrite() {
    assert!(is_silent(&flat("AuditLogs", &consent(1, "User.Read Mail.ReadWriteX"))));
    assert!(!is_silent(&flat("AuditLogs", &consent(1, "User.Read Mail.ReadWrite"))));
    assert!(!is_silent(&flat("AuditLogs", &consent(1, "User.Read mail.readwrite"))));
    // A full stop ends a term, so a longer scope holds the shorter one.
    assert!(!is_silent(&flat("AuditLogs", &consent(1, "Mail.Read.Shared"))));
}

#[test]
fn my_offline_access2_is_not_offline_access() {
    assert!(is_silent(&flat("AuditLogs", &consent(1, "openid my_offline_access2"))));
    assert!(is_silent(&flat("AuditLogs", &consent(1, "openid offline_access2"))));
    // An underscore ends a term.
    assert!(!is_silent(&flat("AuditLogs", &consent(1, "openid my_offline_access"))));
    assert!(!is_silent(&flat("AuditLogs", &consent(1, "openid offline_access"))));
}

#[test]
fn serviceaccounts_is_not_serviceaccount_yet_the_rule_has_a_second_pattern() {
    let plural = "/var/run/secrets/kubernetes.io/serviceaccounts";
    assert!(!holds(plural, &format!("FileName has '{K8S}'")));
    assert!(holds(K8S, &format!("FileName has '{K8S}'")));
    // No boundary is asked where a pattern begins with a slash.
    assert!(holds(plural, "FileName has '/run/secrets/kubernetes.io'"));
    let found = of(&flat("DeviceFileEvents", &file(1, "FileRead", plural, "token", "cat")));
    assert_eq!(found.len(), 1);
    let evidence = found[0]["evidence"].as_array().unwrap();
    let paths: Vec<&Json> = evidence.iter().filter(|e| e["column"] == "FolderPath").collect();
    assert_eq!(
        paths,
        [&json!({"column": "FolderPath", "operator": "has_any", "value": "/run/secrets/kubernetes.io", "offset": 4})]
    );
    let folder = "/var/run/secrets/kubernetes.iox";
    assert!(is_silent(&flat("DeviceFileEvents", &file(1, "FileRead", folder, "token", "cat"))));
}

#[test]
fn azureprofile_json_has_no_term_azure() {
    assert!(!holds("azureProfile.json", "FileName has 'azure'"));
    assert!(holds("azureProfile.json", "FileName has 'azureprofile'"));
    assert!(holds("azureProfile.json", "FileName hasprefix 'azure'"));
    let ran = tap::run(["eval", r#""azureProfile.json" has "azure""#], "").ended(0);
    assert_eq!(ran.text(), "{\"value\":false}\n");
}

#[test]
fn allow_listed_processes_are_known_in_any_case() {
    for process in ["waagent.exe", "WAAGENT.EXE", "azurecli.exe"] {
        assert!(is_silent(&flat("DeviceNetworkEvents", &network(1, TOKEN_URL, process))), "{process}");
    }
    for process in ["kubelet", "KubeLet", "CONTAINERD-SHIM-RUNC-V2"] {
        assert!(is_silent(&flat("DeviceFileEvents", &file(1, "FileRead", K8S, "token", process))), "{process}");
    }
    for process in ["gcloud", "GCLOUD.exe", "code.EXE"] {
        let record = file(1, "FileRead", "/home/user1", ".git-credentials", process);
        assert!(is_silent(&flat("DeviceFileEvents", &record)), "{process}");
    }
    // in~ takes the whole name: what only begins like one is not allowed.
    assert!(!is_silent(&flat("DeviceNetworkEvents", &network(1, TOKEN_URL, "waagent.exe.bak"))));
    // A record that names no process is not on the list either.
    let mut unnamed = network(1, TOKEN_URL, "curl");
    unnamed["InitiatingProcessFileName"] = Json::Null;
    let found = of(&flat("DeviceNetworkEvents", &unnamed));
    assert_eq!(found[0]["columns"]["Process"], "");
}

#[test]
fn a_scope_only_after_an_escaped_line_end_is_not_seen() {
    // RawProps is JSON text: the line end is the two characters \ and n there, and the n touches the scope.
    let record = flat("AuditLogs", &consent(1, "User.Read\nMail.ReadWrite"));
    assert!(record.to_string().contains(r"User.Read\\nMail.ReadWrite"));
    assert!(is_silent(&record));
    // A space behind the line end parts them.
    assert!(!is_silent(&flat("AuditLogs", &consent(1, "User.Read\n Mail.ReadWrite"))));
    // In a string column a line end is one character, and delimits.
    assert!(holds("User.Read\nMail.ReadWrite", "FileName has 'Mail.ReadWrite'"));
}

#[test]
fn the_dynamic_columns_may_be_json_in_strings() {
    let mut record = flat("AuditLogs", &consent(1, "Mail.Read"));
    let direct = of(&record);
    for name in ["InitiatedBy", "TargetResources"] {
        record[name] = json!(record[name].to_string());
    }
    // AuditLogs rows carry a `Type` that is no table.
    record["Type"] = json!("ServicePrincipal");
    record["Category"] = json!("ApplicationManagement");
    let row = of(&record);
    assert_eq!(row.len(), 1, "known by its shape");
    assert_eq!(row[0]["columns"], direct[0]["columns"]);
}

#[test]
fn the_example_records_give_the_same_by_both_evaluators() {
    let mut rules = rule::page().unwrap();
    rules.extend(rule::load(tap::page_rule().as_ref()).unwrap());
    let text = std::fs::read_to_string(tap::example_records()).unwrap();
    let found = alerts(&tap::ruleset(rules), &text.lines().collect::<Vec<_>>());
    let by_page = found.iter().filter(|a| a["rule"]["name"] == "t1528-page").count();
    // The two differ in columns only: what the pack finds, the page's query finds.
    assert_eq!((found.len() - by_page, by_page), (24, 24));
}

/// Three records of one table: two days old, fresh, and a little less fresh.
fn three_ages() -> Vec<u8> {
    let at = |time: &str| {
        let mut row = network(0, TOKEN_URL, "curl");
        row["Timestamp"] = json!(time);
        flat("DeviceNetworkEvents", &row)
    };
    input(&[at("2026-11-22T08:00:00Z"), at("2026-11-24T11:00:00Z"), at("2026-11-24T10:00:00Z")])
}

fn times(extra: &[&str]) -> Vec<String> {
    let page = tap::page_rule();
    let arguments = ["run", "--rules", &page, "--now", tap::NOW, "--stats", "json"];
    let ran = tap::run(arguments.into_iter().chain(extra.iter().copied()), three_ages()).ended(0);
    let ledger = ran.ledger();
    assert_eq!(ledger["balanced"], true);
    let alerts = ran.alerts();
    assert_eq!(ledger["alerts"], alerts.len());
    alerts.iter().map(|a| a["columns"]["Timestamp"].as_str().unwrap()[..13].to_owned()).collect()
}

#[test]
fn lookback_is_taken_as_true_in_a_stream_and_can_be_applied() {
    assert_eq!(times(&[]), ["2026-11-22T08", "2026-11-24T11", "2026-11-24T10"]);
    assert_eq!(times(&["--lookback", "apply"]), ["2026-11-24T11", "2026-11-24T10"]);
}

#[test]
fn a_batch_is_sorted_by_timestamp_newest_first() {
    assert_eq!(times(&["--batch"]), ["2026-11-24T11", "2026-11-24T10", "2026-11-22T08"]);
    assert_eq!(times(&["--batch", "--lookback", "apply"]), ["2026-11-24T11", "2026-11-24T10"]);
}

#[test]
fn the_builtin_pack_is_right_about_its_own_records() {
    let mut proved = 0;
    for rule in rule::builtin().unwrap() {
        let (name, tests) = (rule.name.clone(), rule.tests.clone());
        let ruleset = tap::ruleset(vec![rule]);
        for case in &tests.matching {
            let found = alerts(&ruleset, &[case.record.trim_end()]);
            assert!(!found.is_empty(), "{name}, line {}: must match", case.line);
            for (column, expected) in &case.expect {
                assert_eq!(&found[0]["columns"][column], expected, "{name}, line {}, {column}", case.line);
            }
        }
        for case in &tests.ignored {
            let found = alerts(&ruleset, &[case.record.trim_end()]);
            assert!(found.is_empty(), "{name}, line {}: must not match", case.line);
        }
        assert!(!tests.matching.is_empty() && !tests.ignored.is_empty(), "{name} proves nothing");
        proved += 1;
    }
    assert!(proved > 4, "the page's four, and more");
}

#[test]
fn a_rule_whose_records_say_otherwise_fails_its_test() {
    let pack = include_str!("../../config/rules/t1528.yaml");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack.yaml");
    let test = |text: &str| {
        std::fs::write(&path, text).unwrap();
        tap::run(["test", path.to_str().unwrap()], "")
    };
    let sound = test(pack).ended(0);
    assert!(sound.text().contains(" 0 failed"), "{}", sound.text());
    // A record that must match, with the address of another machine in it.
    let missed = test(&pack.replacen(r#""RemoteIP":"169.254.169.254""#, r#""RemoteIP":"192.0.2.9""#, 1)).ended(1);
    assert!(missed.text().contains("the record must match, and does not"), "{}", missed.text());
    assert!(missed.text().contains(" 1 failed"), "{}", missed.text());
    // A record that must not match, with an address that makes it a match.
    let found = test(&pack.replacen(r#""RemoteIP":"192.0.2.10""#, r#""RemoteIP":"169.254.169.254""#, 1)).ended(1);
    assert!(found.text().contains("the record must not match, and does"), "{}", found.text());
    // A column that is not what the rule says.
    let other =
        test(&pack.replacen(r#"TokenPlatform: "Azure Managed Identity""#, r#"TokenPlatform: "AWS""#, 1)).ended(1);
    assert!(other.text().contains("column TokenPlatform should be"), "{}", other.text());
}
