//! The forms in which records come, from the line to the alert.

use serde_json::{Value as Json, json};

use crate::records::{consent, file, flat, input, streaming};
use crate::tap::{FOUR, Ran, run};

fn alerts(arguments: &[&str], records: &[Json]) -> Vec<Json> {
    let ran: Ran = run(["run", "--rules", FOUR].into_iter().chain(arguments.iter().copied()), input(records)).ended(0);
    ran.alerts()
}

fn token_read() -> Json {
    file(1, "FileRead", "/var/run/secrets/tokens", "token", "cat")
}

#[test]
fn a_type_that_is_no_table_does_not_route() {
    let mut row = consent(1, "Mail.Read");
    row["Category"] = json!("ApplicationManagement");
    row["CorrelationId"] = json!("9fb047d0-d50b-52e9-9d13-665adba57d6b");
    row["LoggedByService"] = json!("Core Directory");
    row["Type"] = json!("ServicePrincipal");
    let found = alerts(&[], &[row]);
    assert_eq!((found.len(), &found[0]["table"]), (1, &json!("AuditLogs")));
}

#[test]
fn a_type_that_is_another_table_does() {
    let found = alerts(&[], &[flat("DeviceNetworkEvents", &token_read())]);
    assert_eq!(found, Vec::<Json>::new(), "it says that it is no file event");
}

#[test]
fn a_graph_record_is_known_by_its_shape() {
    let row = consent(1, "Mail.Read");
    let graph = json!({
        "id": "Directory_1", "category": "ApplicationManagement", "result": "success", "loggedByService": "Core Directory",
        "correlationId": "03b29a39-5e4b-52ed-b8cf-52a0a075597a", "operationType": "Assign",
        "activityDisplayName": "Consent to application", "activityDateTime": "2026-11-24T09:03:03.5061816Z",
        "initiatedBy": {"app": null, "user": row["InitiatedBy"]["user"]},
        "targetResources": row["TargetResources"], "additionalDetails": [],
    });
    let found = alerts(&[], &[graph]);
    assert_eq!((found.len(), &found[0]["table"]), (1, &json!("AuditLogs")));
    assert_eq!(found[0]["columns"]["Timestamp"], "2026-11-24T09:03:03.5061816Z");
    assert_eq!(found[0]["columns"]["Source"], "203.0.113.24");
}

#[test]
fn the_table_of_records_that_name_none_can_be_given() {
    // Nothing in it tells one Device table from another.
    let bare = json!({"FolderPath": "/var/run/secrets/tokens", "FileName": "token"});
    assert_eq!(alerts(&[], std::slice::from_ref(&bare)).len(), 0);
    assert_eq!(alerts(&["--table", "DeviceFileEvents"], std::slice::from_ref(&bare)).len(), 1);
    // A record that names its table is of that one.
    assert_eq!(alerts(&["--table", "AuditLogs"], &[flat("DeviceFileEvents", &bare)]).len(), 1);
}

#[test]
fn properties_may_be_json_in_a_string() {
    let mut record = streaming("DeviceFileEvents", &token_read(), "2026-11-24T09:00:00Z");
    let direct = alerts(&[], std::slice::from_ref(&record));
    record["properties"] = json!(record["properties"].to_string());
    let found = alerts(&[], &[record]);
    assert_eq!(found[0]["columns"], direct[0]["columns"]);
}

#[test]
fn the_time_of_the_event_is_not_that_of_its_envelope() {
    let record = streaming("DeviceFileEvents", &token_read(), "2026-11-25T00:00:00Z");
    let found = alerts(&[], &[record]);
    assert_eq!(found[0]["time"], "2026-11-24T08:01:01.0000000Z");
}

#[test]
fn a_name_that_comes_twice_counts_as_it_came_last() {
    let line = flat("DeviceFileEvents", &token_read()).to_string();
    let twice = line.replacen('{', "{\"FileName\":\"other\",", 1);
    assert_eq!(run(["run"], twice).ended(0).alerts().len(), 1);
    let twice = format!("{},\"FileName\":\"other\"}}", line.trim_end_matches('}'));
    assert_eq!(run(["run"], twice).ended(0).alerts().len(), 0);
}

#[test]
fn a_record_that_cannot_be_read_takes_nothing_from_the_others_of_its_line() {
    let bad = json!({
        "category": "WindowsEventLogsTable",
        "properties": {"ProviderName": "Microsoft-Windows-Sysmon", "EventId": 3, "RawXml": "<Event><System>&nosuch;"},
    });
    let line = json!({"records": [flat("DeviceFileEvents", &token_read()), bad]}).to_string();
    let ran = run(["run", "--rules", FOUR, "--stats", "json"], line.clone()).ended(0);
    assert_eq!(ran.alerts().len(), 1);
    let ledger = ran.ledger();
    assert_eq!((&ledger["malformed"], &ledger["unrouted"], &ledger["alerts"]), (&json!(0), &json!(1), &json!(1)));
    assert!(ran.err.contains("a part of the line is malformed and was left out: record 1: RawXml"), "{}", ran.err);
    let ran = run(["run", "--rules", FOUR, "--emit", "annotate"], line).ended(0);
    let annotated: Json = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(annotated["records"][0]["kqltap"].as_array().map(Vec::len), Some(1), "{}", ran.text());
    // Alone it makes its line malformed.
    let ran = run(["run", "--rules", FOUR, "--stats", "json"], bad.to_string()).ended(0);
    assert_eq!(ran.ledger()["malformed"], 1);
}

#[test]
fn what_names_its_table_is_no_wrapper() {
    let mut row = flat("DeviceFileEvents", &token_read());
    for message in [
        "type=SYSCALL msg=audit(1.0:1): a=b",
        "type=PROCTITLE msg=audit(1795453547.993:32): proctitle=\"x\"",
        "<Event></Event> -Sysmon",
        &flat("DeviceFileEvents", &token_read()).to_string(),
    ] {
        for member in ["message", "msg", "log", "body", "MESSAGE"] {
            row[member] = json!(message);
            assert_eq!(alerts(&[], std::slice::from_ref(&row)).len(), 1, "{row}");
            // Beside one that is some other sender's.
            assert_eq!(alerts(&[], &[json!([row, {"a": 1}])]).len(), 1, "{row}");
            row.as_object_mut().unwrap().remove(member);
        }
    }
}
