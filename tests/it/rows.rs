//! Rules that take a record apart, join it with known rows, or need all rows: through the command line.

use serde_json::{Value as Json, json};

use crate::records::{flat, input};
use crate::tap::run;

fn consent(second: u32, operation: &str, targets: Json) -> Json {
    let time = format!("2026-11-24T10:00:{second:02}Z");
    flat(
        "AuditLogs",
        &json!({"TimeGenerated": time, "OperationName": operation, "Result": "ok", "TargetResources": targets}),
    )
}

fn rule(name: &str, query: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("{name}.kql"));
    std::fs::write(&path, query).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

fn records() -> Vec<u8> {
    let users = json!([{"type": "User", "id": "u1"}, {"type": "App", "id": "a1"}, {"type": "User", "id": "u2"}]);
    let records = [
        consent(1, "Consent", users),
        consent(2, "Consent", json!([])),
        consent(3, "Other", json!([{"type": "User"}])),
    ];
    input(&records)
}

fn columns(alerts: &[Json]) -> Vec<&Json> {
    alerts.iter().map(|alert| &alert["columns"]).collect()
}

#[test]
fn a_record_that_is_taken_apart_alerts_once_for_each_row() {
    let query = "AuditLogs | where OperationName == 'Consent' | mv-expand t = TargetResources \
                 | where tostring(t.type) == 'User' | project id = tostring(t.id)";
    let (_folder, path) = rule("apart", query);
    let ran = run(["run", "--rules", &path, "--shadow", "1"], records()).ended(0);
    let alerts = ran.alerts();
    assert_eq!(columns(&alerts), [&json!({"id": "u1"}), &json!({"id": "u2"})]);
    assert_ne!(alerts[0]["id"], alerts[1]["id"], "rows of one record are told apart");
    assert_eq!(alerts[0]["evidence"][0]["value"], "Consent");
    // What the filter asks of the record itself still gates lines.
    assert!(run(["explain", &path], "").ended(0).text().contains("needs  consent"));
}

#[test]
fn a_record_is_joined_with_rows_that_are_known() {
    let query = "AuditLogs | join kind=inner (datatable(OperationName:string, weight:long) ['Consent', 1, 'Never', 2]) \
                 on OperationName | project OperationName, weight";
    let (_folder, path) = rule("known", query);
    let ran = run(["run", "--rules", &path, "--shadow", "1"], records()).ended(0);
    let found = json!({"OperationName": "Consent", "weight": 1});
    assert_eq!(columns(&ran.alerts()), [&found, &found]);
}

#[test]
fn what_needs_all_rows_runs_in_a_batch_only() {
    let query = "AuditLogs | where OperationName != '' | summarize n = count() by OperationName \
                 | sort by n | project OperationName, n";
    let (_folder, path) = rule("all", query);
    let refused = run(["run", "--rules", &path], records()).ended(2);
    assert!(refused.err.contains("KT005"), "{}", refused.err);
    let ran = run(["run", "--rules", &path, "--batch", "--stats", "json"], records()).ended(0);
    let alerts = ran.alerts();
    let expected = [json!({"OperationName": "Consent", "n": 2}), json!({"OperationName": "Other", "n": 1})];
    assert_eq!(columns(&alerts), expected.iter().collect::<Vec<_>>());
    assert_eq!((&alerts[0]["table"], &alerts[0]["source"]), (&json!("AuditLogs"), &Json::Null));
    assert_eq!(ran.ledger()["balanced"], true);
}

#[test]
fn a_batch_reads_several_tables() {
    let query = "let seen = SigninLogs | distinct UserPrincipalName; \
                 AuditLogs | where Identity in (seen) | join kind=leftouter (SigninLogs | summarize n = count() by \
                 UserPrincipalName) on $left.Identity == $right.UserPrincipalName | project Identity, n";
    let (_folder, path) = rule("two", query);
    let audit = |who: &str| flat("AuditLogs", &json!({"TimeGenerated": "2026-11-24T10:00:00Z", "Identity": who}));
    let signin =
        |who: &str| flat("SigninLogs", &json!({"TimeGenerated": "2026-11-24T10:00:00Z", "UserPrincipalName": who}));
    let records = [audit("ann"), signin("ann"), audit("bob"), signin("ann")];
    let ran = run(["run", "--rules", &path, "--batch"], input(&records)).ended(0);
    assert_eq!(columns(&ran.alerts()), [&json!({"Identity": "ann", "n": 2})]);
}

#[test]
fn a_text_is_looked_up_among_the_rows_of_a_table() {
    let audit = |who: &str| flat("AuditLogs", &json!({"TimeGenerated": "2026-11-24T10:00:00Z", "Identity": who}));
    let signin =
        |who: &str| flat("SigninLogs", &json!({"TimeGenerated": "2026-11-24T10:00:00Z", "UserPrincipalName": who}));
    // Names that are there twice, a name in other letters, and one that is empty.
    let records = [audit("ann"), audit("bob"), audit("ann"), audit(""), signin("ann"), signin("Bob"), signin("ann")];
    for (predicate, expected) in [
        ("Identity in (SigninLogs | project UserPrincipalName)", &["ann", "ann"][..]),
        ("Identity !in (SigninLogs | project UserPrincipalName)", &["bob", ""]),
        ("Identity in~ (SigninLogs | project UserPrincipalName)", &["ann", "bob", "ann"]),
        ("not(Identity in (SigninLogs | project UserPrincipalName)) or Identity == 'ann'", &["ann", "bob", "ann", ""]),
        ("todynamic(Identity) in (SigninLogs | project UserPrincipalName)", &["ann", "ann"]),
    ] {
        let (_folder, path) = rule("listed", &format!("AuditLogs | where {predicate} | project Identity"));
        let ran = run(["run", "--rules", &path, "--batch"], input(&records)).ended(0);
        let alerts = ran.alerts();
        let found: Vec<&str> = alerts.iter().map(|alert| alert["columns"]["Identity"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{predicate}");
    }
}

#[test]
fn all_tables_are_searched() {
    let signin =
        |who: &str| flat("SigninLogs", &json!({"TimeGenerated": "2026-11-24T10:00:00Z", "UserPrincipalName": who}));
    let user = json!([{"type": "User", "id": "ann"}]);
    let records = [consent(1, "Consent", user), signin("ann"), signin("bob")];
    let (_folder, path) = rule("search", "search 'ann' | project $table, UserPrincipalName");
    let ran = run(["run", "--rules", &path, "--shadow", "1"], input(&records)).ended(0);
    let expected = [
        json!({"$table": "AuditLogs", "UserPrincipalName": ""}),
        json!({"$table": "SigninLogs", "UserPrincipalName": "ann"}),
    ];
    assert_eq!(columns(&ran.alerts()), expected.iter().collect::<Vec<_>>());

    // What the query does not name stands in the bag, and is searched there.
    let (_folder, path) = rule("find", "find where * has 'ann' and Type == 'SigninLogs'");
    let ran = run(["run", "--rules", &path, "--shadow", "1"], input(&records)).ended(0);
    assert_eq!(ran.alerts()[0]["columns"]["pack_"], json!({"UserPrincipalName": "ann"}));

    let (_folder, path) = rule("all", "union * | summarize n = count() by Type | sort by Type asc");
    let ran = run(["run", "--rules", &path, "--batch"], input(&records)).ended(0);
    let expected = [json!({"Type": "AuditLogs", "n": 1}), json!({"Type": "SigninLogs", "n": 2})];
    assert_eq!(columns(&ran.alerts()), expected.iter().collect::<Vec<_>>());
    assert_eq!(ran.alerts()[0]["table"], "*");
}
