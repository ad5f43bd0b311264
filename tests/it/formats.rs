//! Alerts in the shapes of the standards: what each requires is there, the native alert is whole within, and the facts are those
//! of the record.

use serde_json::{Value as Json, json};

use crate::tap;

const NOW: &str = "2026-11-24T12:00:00Z";

/// Alerts of these records in a format, beside the same in kqltap's own.
fn both(format: &str, records: &str, more: &[&str]) -> Vec<(Json, Json)> {
    let arguments = |format| [&["run", "--now", NOW, "--format", format], more].concat();
    let alerts = |format| tap::run(arguments(format), records).ended(0).alerts();
    let (native, shaped) = (alerts("native"), alerts(format));
    assert_eq!(native.len(), shaped.len());
    assert!(!native.is_empty());
    native.into_iter().zip(shaped).collect()
}

fn records() -> String {
    std::fs::read_to_string(tap::example_records()).unwrap()
}

fn of_vector(pairs: &[(Json, Json)], vector: &str) -> Json {
    let found = pairs.iter().find(|(native, _)| native["columns"]["Vector"] == vector);
    found.unwrap_or_else(|| panic!("no alert of {vector}")).1.clone()
}

const IMDS: &str = "IMDS Token Request";
const CACHE: &str = "OAuth Token Cache Access";
const CONSENT: &str = "OAuth High-Privilege Consent Grant";

#[test]
fn ocsf_has_what_a_detection_finding_requires() {
    let pairs = both("ocsf", &records(), &[]);
    for (native, finding) in &pairs {
        assert_eq!(finding["unmapped"]["kqltap"], *native);
        let (category, class, activity) = (&finding["category_uid"], &finding["class_uid"], &finding["activity_id"]);
        assert_eq!((category, class, activity), (&json!(2), &json!(2004), &json!(1)));
        assert_eq!(finding["type_uid"], 200_401);
        assert_eq!(finding["time"], 1_795_521_600_000_i64, "when it was found, in milliseconds");
        assert_eq!(finding["metadata"]["version"], "1.8.0");
        assert_eq!(finding["metadata"]["product"]["name"], "kqltap");
        assert_eq!(finding["finding_info"]["uid"], native["id"]);
        assert_eq!(finding["finding_info"]["analytic"]["type_id"], 1);
        assert_eq!(finding["finding_info"]["analytic"]["uid"], native["rule"]["id"]);
        let severity =
            json!(["informational", "low", "medium", "high"][finding["severity_id"].as_u64().unwrap() as usize - 1]);
        assert_eq!(severity, native["rule"]["severity"]);
        let attacks = finding["finding_info"]["attacks"].as_array().unwrap();
        assert_eq!(attacks.len(), native["rule"]["techniques"].as_array().unwrap().len());
        let evidence = &finding["evidences"][0];
        assert!(evidence.is_object(), "{finding:#}");
        // What OCSF requires of objects that are there.
        for (object, member) in [("file", "name"), ("file", "type_id"), ("device", "type_id"), ("api", "operation")] {
            assert!(evidence[object].is_null() || !evidence[object][member].is_null(), "{evidence:#}");
        }
    }
    let imds = of_vector(&pairs, IMDS);
    assert_eq!(imds["finding_info"]["attacks"][0]["technique"]["uid"], "T1528");
    assert_eq!(imds["finding_info"]["attacks"][0]["technique"]["name"], "Steal Application Access Token");
    assert_eq!(imds["finding_info"]["attacks"][0]["tactic"], json!({"uid": "TA0006", "name": "Credential Access"}));
    let evidence = &imds["evidences"][0];
    assert_eq!(evidence["dst_endpoint"]["ip"], "169.254.169.254");
    assert_eq!(evidence["device"]["hostname"], imds["unmapped"]["kqltap"]["columns"]["Source"]);
    assert_eq!(evidence["process"]["name"], imds["unmapped"]["kqltap"]["columns"]["Process"]);
    assert!(imds["start_time"].is_i64() && imds["start_time"] == imds["end_time"]);
    let cache = &of_vector(&pairs, CACHE)["evidences"][0];
    assert!(cache["file"]["name"].is_string() && cache["file"]["path"].is_string(), "{cache:#}");
    let consent = of_vector(&pairs, CONSENT);
    assert_eq!(consent["evidences"][0]["api"]["operation"], consent["unmapped"]["kqltap"]["columns"]["OperationName"]);
    assert!(consent["evidences"][0]["device"].is_null(), "an address is no host");
    assert_eq!(consent["resources"][0]["name"], consent["unmapped"]["kqltap"]["columns"]["Process"]);
}

#[test]
fn ecs_says_what_kind_of_event_it_was() {
    let pairs = both("ecs", &records(), &[]);
    for (native, alert) in &pairs {
        assert_eq!(alert["kqltap"], *native);
        assert_eq!(alert["@timestamp"], native["time"]);
        assert_eq!(alert["ecs"]["version"], "9.4.0");
        assert_eq!(alert["event"]["kind"], "alert");
        assert_eq!(alert["event"]["id"], native["id"]);
        assert_eq!(alert["rule"]["id"], native["rule"]["id"]);
        assert_eq!(alert["threat"]["framework"], "MITRE ATT&CK");
        assert_eq!(alert["threat"]["tactic"]["id"][0], "TA0006");
        let tactics = native["rule"]["tactics"].as_array().unwrap().len();
        assert_eq!(alert["threat"]["tactic"]["name"].as_array().unwrap().len(), tactics);
    }
    let imds = of_vector(&pairs, IMDS);
    assert_eq!(imds["event"]["category"], json!(["network"]));
    assert_eq!(imds["destination"]["ip"], "169.254.169.254");
    assert_eq!(imds["related"]["ip"], json!(["169.254.169.254"]));
    assert_eq!(imds["threat"]["technique"]["reference"], json!(["https://attack.mitre.org/techniques/T1528/"]));
    let consent = of_vector(&pairs, CONSENT);
    assert_eq!(consent["event"]["category"], json!(["iam", "configuration"]));
    assert_eq!(consent["user"]["name"], consent["kqltap"]["columns"]["Actor"]);
    assert_eq!(consent["source"]["ip"], consent["kqltap"]["columns"]["Source"]);
}

#[test]
fn asim_has_its_mandatory_fields() {
    let pairs = both("asim", &records(), &[]);
    for (native, row) in &pairs {
        assert_eq!(row["AdditionalFields"], *native);
        for field in ["EventCount", "EventStartTime", "EventEndTime", "EventProduct", "EventVendor"] {
            assert!(!row[field].is_null(), "{field}: {row:#}");
        }
        assert_eq!((&row["EventType"], &row["EventSchema"]), (&json!("Alert"), &json!("AlertEvent")));
        assert_eq!(row["EventSchemaVersion"], "0.1");
        assert_eq!((&row["EventUid"], &row["AlertId"]), (&native["id"], &native["id"]));
        let tactics: Vec<&str> =
            native["rule"]["tactics"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
        assert_eq!(row["AttackTactics"], tactics.join(", "));
    }
    let imds = of_vector(&pairs, IMDS);
    assert_eq!(imds["EventSeverity"], "High");
    assert_eq!(imds["IndicatorType"], "Ip");
    assert_eq!(imds["AttackTechniques"], "Steal Application Access Token (T1528)");
    assert_eq!(imds["DvcHostname"], imds["AdditionalFields"]["columns"]["Source"]);
}

/// A rule of one's own names no fact in its result: they are found in the record. A sub-technique stands beside its technique.
#[test]
fn facts_are_found_in_the_record_too() {
    let folder = tempfile::tempdir().unwrap();
    let rule = folder.path().join("rule.yaml");
    let text = "id: 6f1f9f5e-7a52-4c3d-9d0b-0b9f5a0d1c11\nname: A name\nseverity: Low\ntactics: [CredentialAccess]\n\
                relevantTechniques: [T1552.005]\nquery: |\n  DeviceNetworkEvents | where RemoteIP == '169.254.169.254' | project RemotePort\n";
    std::fs::write(&rule, text).unwrap();
    let rules = ["--rules", rule.to_str().unwrap()];
    let record = json!({"Type": "DeviceNetworkEvents", "TimeGenerated": "2026-11-24T10:00:00.5Z", "DeviceName": "web-1",
        "RemoteIP": "169.254.169.254", "RemotePort": 80, "RemoteUrl": "-", "InitiatingProcessFileName": "curl",
        "InitiatingProcessCommandLine": "curl \"http://169.254.169.254/\"", "InitiatingProcessAccountName": "root"});
    let ocsf = &both("ocsf", &format!("\n{record}\n"), &rules)[0].1;
    let evidence = json!({"actor": {"user": {"name": "root"}},
        "process": {"name": "curl", "cmd_line": "curl \"http://169.254.169.254/\""},
        "device": {"hostname": "web-1", "type_id": 0}, "dst_endpoint": {"ip": "169.254.169.254"}});
    assert_eq!(ocsf["evidences"], json!([evidence]), "`-` is no URL");
    assert_eq!(ocsf["start_time"], 1_795_514_400_500_i64);
    assert_eq!(ocsf["unmapped"]["kqltap"]["source"]["line"], 2, "the line's number is that of the input");
    let attack = &ocsf["finding_info"]["attacks"][0];
    assert_eq!((&attack["technique"]["uid"], &attack["sub_technique"]["uid"]), (&json!("T1552"), &json!("T1552.005")));
    let ecs = &both("ecs", &format!("{record}\n"), &rules)[0].1;
    let technique = &ecs["threat"]["technique"];
    assert_eq!((&technique["id"], &technique["subtechnique"]["id"]), (&json!(["T1552"]), &json!(["T1552.005"])));
    assert_eq!(technique["subtechnique"]["reference"], json!(["https://attack.mitre.org/techniques/T1552/005/"]));
    assert_eq!(ecs["message"], "A name", "a rule without a sentence of its own has its name");
}

#[test]
fn annotated_lines_and_batches_take_a_format_too() {
    let annotated = tap::run(["run", "--emit", "annotate", "--format", "ecs"], records()).ended(0);
    let lines = annotated.alerts();
    let marked: Vec<&Json> = lines.iter().filter(|line| !line["kqltap"].is_null()).collect();
    assert!(!marked.is_empty());
    assert!(marked.iter().all(|line| line["kqltap"][0]["event"]["kind"] == "alert"));

    let folder = tempfile::tempdir().unwrap();
    let rule = folder.path().join("many.kql");
    std::fs::write(&rule, "DeviceNetworkEvents | summarize Requests = count() by DeviceName").unwrap();
    let rows = both("asim", &records(), &["--batch", "--rules", rule.to_str().unwrap()]);
    for (native, row) in &rows {
        assert_eq!(row["AdditionalFields"], *native);
        assert_eq!(row["DvcHostname"], native["columns"]["DeviceName"]);
        assert_eq!(
            row["EventStartTime"], "2026-11-24T12:00:00.0000000Z",
            "a row of many records has no time of its own"
        );
    }
}

#[test]
fn a_format_that_is_none_is_refused() {
    let said = tap::run(["run", "--format", "cef"], "").ended(2).err;
    assert!(said.contains("ocsf") && said.contains("native"), "{said}");
}
