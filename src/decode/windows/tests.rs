//! One event, in the form of every sender, is one row; and what each sender does to it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod fixtures;
mod robust;
mod xml;

use serde_json::{Value as Json, json};

use super::super::{Choice, Decoded, Decoders, TABLES};
use crate::schema::Catalog;
use fixtures::{Fixture, SENDERS, sysmon};

/// The rows of a line with their decoder, or why there are none.
fn decode(line: &str) -> Result<Vec<(&'static str, Json)>, String> {
    let mut decoders = Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 64);
    match decoders.decode(line.as_bytes()) {
        Decoded::Nobodys => Err("nobody's".to_owned()),
        Decoded::Malformed(why) => Err(why),
        Decoded::Rows(rows) => {
            let json: Vec<Json> = serde_json::from_str(rows.json()).unwrap();
            Ok(rows.events().iter().map(|event| event.decoder).zip(json).collect())
        }
    }
}

/// The only row of a line.
fn row(line: &str) -> Json {
    let mut rows = decode(line).unwrap_or_else(|why| panic!("{why}: {line}"));
    assert_eq!(rows.len(), 1, "{line}");
    rows.remove(0).1
}

/// Every sender's line of a fixture becomes `expected`, to which its time and number come.
fn becomes(fixture: &Fixture, expected: &Json) {
    let catalog = Catalog::builtin();
    let utc_time = fixture.fields.iter().find(|(name, _)| *name == "UtcTime");
    for (decoder, write) in SENDERS {
        let line = write(fixture);
        let is_linux = decoder == "sysmon-linux" && fixture.short() == "sysmon";
        let name = if decoder == "sysmon-linux" && !is_linux { "windows-event-xml" } else { decoder };
        let mut rows = decode(&line).unwrap_or_else(|why| panic!("{decoder}: {why}: {line}"));
        assert_eq!((rows.len(), rows[0].0), (1, name), "{line}");
        let row = rows[0].1.as_object_mut().unwrap();
        let table = catalog.table(row["Type"].as_str().unwrap()).unwrap();
        for column in row.keys().filter(|column| !["Timestamp", "kqltap_event"].contains(&column.as_str())) {
            assert!(table.column(column).is_some(), "no column {column}: {line}");
        }
        let id = row.remove("kqltap_event").unwrap();
        assert!(id.as_str().unwrap().starts_with(&format!("{}:{}:", fixture.short(), fixture.id)), "{decoder}: {id}");
        let time = match utc_time {
            Some((_, time)) => Some(json!(format!("{}0000Z", time.replace(' ', "T")))),
            // It has a local time only.
            None if decoder == "nxlog" => None,
            None => Some(json!("2026-11-24T08:00:02.0000000Z")),
        };
        assert_eq!((row.remove("Timestamp"), row.remove("TimeGenerated")), (time.clone(), time.clone()), "{line}");
        if fixture.short() == "sysmon" && fixture.id == 1 || fixture.id == 4688 {
            assert_eq!(row.remove("ProcessCreationTime"), time, "{line}");
        }
        // Log Analytics passes no record number on.
        let number = row.remove("ReportId");
        assert_eq!(number, (decoder != "log-analytics-windows").then(|| json!(4711)), "{line}");
        assert_eq!(Json::Object(row.clone()), *expected, "{decoder}: {line}");
    }
}

const IMDS: &[(&str, &str)] = &[
    ("RuleName", "-"),
    ("UtcTime", "2026-11-24 08:00:01.135"),
    ("ProcessGuid", "{0c1d2e3f-1ca8-627e-f216-000000000600}"),
    ("ProcessId", "7716"),
    ("Image", r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"),
    ("User", r"CONTOSO\user1"),
    ("Protocol", "tcp"),
    ("Initiated", "true"),
    ("SourceIsIpv6", "false"),
    ("SourceIp", "192.0.2.5"),
    ("SourceHostname", "-"),
    ("SourcePort", "54217"),
    ("SourcePortName", "-"),
    ("DestinationIsIpv6", "false"),
    ("DestinationIp", "169.254.169.254"),
    ("DestinationHostname", "-"),
    ("DestinationPort", "80"),
    ("DestinationPortName", "-"),
];

#[test]
fn a_connection_is_the_same_row_from_every_sender() {
    let expected = json!({
        "Type": "DeviceNetworkEvents", "ActionType": "ConnectionSuccess", "DeviceName": "ws-12.contoso.example",
        "RemoteIP": "169.254.169.254", "RemotePort": 80, "LocalIP": "192.0.2.5", "LocalPort": 54217, "Protocol": "Tcp",
        "InitiatingProcessFileName": "powershell.exe",
        "InitiatingProcessFolderPath": r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
        "InitiatingProcessId": 7716, "InitiatingProcessUniqueId": "{0c1d2e3f-1ca8-627e-f216-000000000600}",
        "InitiatingProcessAccountDomain": "CONTOSO", "InitiatingProcessAccountName": "user1",
    });
    becomes(&sysmon(3, IMDS), &expected);
}

#[test]
fn a_file_that_is_created_is_the_same_row_from_every_sender() {
    let fields: &[(&str, &str)] = &[
        ("RuleName", "-"),
        ("UtcTime", "2026-11-24 08:00:02.000"),
        ("ProcessGuid", "{1}"),
        ("ProcessId", "42"),
        ("Image", r"C:\Tools\a & b\<copy>.exe"),
        ("TargetFilename", r"C:\Users\user1\.azure\msal_token_cache.json"),
        ("CreationUtcTime", "2020-01-01 00:00:00.000"),
        ("User", r"CONTOSO\user1"),
    ];
    let expected = json!({
        "Type": "DeviceFileEvents", "ActionType": "FileCreated", "DeviceName": "ws-12.contoso.example",
        "FileName": "msal_token_cache.json", "FolderPath": r"C:\Users\user1\.azure\msal_token_cache.json",
        "InitiatingProcessFileName": "<copy>.exe", "InitiatingProcessFolderPath": r"C:\Tools\a & b\<copy>.exe",
        "InitiatingProcessId": 42, "InitiatingProcessUniqueId": "{1}",
        "InitiatingProcessAccountDomain": "CONTOSO", "InitiatingProcessAccountName": "user1",
    });
    becomes(&sysmon(11, fields), &expected);
}

#[test]
fn a_deleted_file_and_a_name_looked_up() {
    let deleted: &[(&str, &str)] = &[
        ("RuleName", "-"),
        ("UtcTime", "2026-11-24 08:00:02.000"),
        ("ProcessGuid", "{1}"),
        ("ProcessId", "42"),
        ("User", "root"),
        ("Image", "/usr/bin/rm"),
        ("TargetFilename", r"/tmp/a\b"),
        ("Hashes", "SHA1=00AB,MD5=1234,SHA256=0000,IMPHASH=5678"),
        ("IsExecutable", "false"),
    ];
    let expected = json!({
        "Type": "DeviceFileEvents", "ActionType": "FileDeleted", "DeviceName": "ws-12.contoso.example",
        "FileName": r"a\b", "FolderPath": r"/tmp/a\b", "SHA1": "00ab", "MD5": "1234",
        "InitiatingProcessFileName": "rm", "InitiatingProcessFolderPath": "/usr/bin/rm",
        "InitiatingProcessId": 42, "InitiatingProcessUniqueId": "{1}", "InitiatingProcessAccountName": "root",
    });
    becomes(&sysmon(26, deleted), &expected);
    let query: &[(&str, &str)] = &[
        ("RuleName", "-"),
        ("UtcTime", "2026-11-24 08:00:02.000"),
        ("ProcessGuid", "{1}"),
        ("ProcessId", "42"),
        ("QueryName", "metadata.google.internal"),
        ("QueryStatus", "0"),
        ("QueryResults", "169.254.169.254;"),
        ("Image", r"C:\a.exe"),
    ];
    let expected = json!({
        "Type": "DeviceEvents", "ActionType": "DnsQueryResponse", "DeviceName": "ws-12.contoso.example",
        "AdditionalFields": {
            "DnsQueryString": "metadata.google.internal", "QueryStatus": "0", "QueryResults": "169.254.169.254;",
        },
        "InitiatingProcessFileName": "a.exe", "InitiatingProcessFolderPath": r"C:\a.exe",
        "InitiatingProcessId": 42, "InitiatingProcessUniqueId": "{1}",
    });
    becomes(&sysmon(22, query), &expected);
}

#[test]
fn a_process_is_the_same_row_from_every_sender() {
    let fields: &[(&str, &str)] = &[
        ("RuleName", "-"),
        ("UtcTime", "2026-11-24 08:00:02.000"),
        ("ProcessGuid", "{1}"),
        ("ProcessId", "42"),
        ("Image", r"C:\Windows\System32\curl.exe"),
        ("FileVersion", "8"),
        ("Description", "curl"),
        ("Product", "curl"),
        ("Company", "-"),
        ("OriginalFileName", "curl.exe"),
        (
            "CommandLine",
            r#"curl "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x""#,
        ),
        ("CurrentDirectory", r"C:\"),
        ("User", r"CONTOSO\user1"),
        ("LogonGuid", "{2}"),
        ("LogonId", "0x3E7"),
        ("TerminalSessionId", "1"),
        ("IntegrityLevel", "High"),
        ("Hashes", "SHA256=AB"),
        ("ParentProcessGuid", "{3}"),
        ("ParentProcessId", "41"),
        ("ParentImage", r"C:\Windows\System32\cmd.exe"),
        ("ParentCommandLine", "cmd /c x"),
        ("ParentUser", r"CONTOSO\user2"),
    ];
    let expected = json!({
        "Type": "DeviceProcessEvents", "ActionType": "ProcessCreated", "DeviceName": "ws-12.contoso.example",
        "FileName": "curl.exe", "FolderPath": r"C:\Windows\System32\curl.exe",
        "ProcessCommandLine": fields[10].1, "ProcessId": 42, "ProcessUniqueId": "{1}", "ProcessIntegrityLevel": "High",
        "ProcessVersionInfoProductName": "curl", "ProcessVersionInfoFileDescription": "curl",
        "ProcessVersionInfoOriginalFileName": "curl.exe", "LogonId": 999, "SHA256": "ab",
        "AccountDomain": "CONTOSO", "AccountName": "user1",
        "InitiatingProcessFileName": "cmd.exe", "InitiatingProcessFolderPath": r"C:\Windows\System32\cmd.exe",
        "InitiatingProcessCommandLine": "cmd /c x", "InitiatingProcessId": 41, "InitiatingProcessUniqueId": "{3}",
        "InitiatingProcessAccountDomain": "CONTOSO", "InitiatingProcessAccountName": "user2",
    });
    becomes(&sysmon(1, fields), &expected);
}

fn security(id: u16, fields: &'static [(&'static str, &'static str)]) -> Fixture {
    Fixture { provider: "Microsoft-Windows-Security-Auditing", id, fields: fields.to_vec() }
}

#[test]
fn the_security_log_is_the_same_rows_from_every_sender() {
    const PROCESS: &[(&str, &str)] = &[
        ("SubjectUserSid", "S-1-5-21-1"),
        ("SubjectUserName", "user1"),
        ("SubjectDomainName", "CONTOSO"),
        ("SubjectLogonId", "0x3e7"),
        ("NewProcessId", "0x2a"),
        ("NewProcessName", r"C:\Windows\System32\curl.exe"),
        ("TokenElevationType", "%%1937"),
        ("ProcessId", "0x29"),
        ("CommandLine", "curl http://169.254.169.254/"),
        ("TargetUserSid", "S-1-0-0"),
        ("TargetUserName", "-"),
        ("TargetDomainName", "-"),
        ("TargetLogonId", "0x0"),
        ("ParentProcessName", r"C:\Windows\System32\cmd.exe"),
        ("MandatoryLabel", "S-1-16-12288"),
    ];
    let expected = json!({
        "Type": "DeviceProcessEvents", "ActionType": "ProcessCreated", "DeviceName": "ws-12.contoso.example",
        "FileName": "curl.exe", "FolderPath": r"C:\Windows\System32\curl.exe",
        "ProcessCommandLine": "curl http://169.254.169.254/", "ProcessId": 42, "ProcessIntegrityLevel": "High",
        "ProcessTokenElevation": "TokenElevationTypeFull",
        "AccountDomain": "CONTOSO", "AccountName": "user1", "AccountSid": "S-1-5-21-1",
        "InitiatingProcessFileName": "cmd.exe", "InitiatingProcessFolderPath": r"C:\Windows\System32\cmd.exe",
        "InitiatingProcessId": 41, "InitiatingProcessAccountDomain": "CONTOSO",
        "InitiatingProcessAccountName": "user1", "InitiatingProcessAccountSid": "S-1-5-21-1",
    });
    becomes(&security(4688, PROCESS), &expected);
    const CONNECTION: &[(&str, &str)] = &[
        ("ProcessID", "7716"),
        ("Application", r"\device\harddiskvolume3\windows\system32\windowspowershell\v1.0\powershell.exe"),
        ("Direction", "%%14593"),
        ("SourceAddress", "192.0.2.5"),
        ("SourcePort", "54217"),
        ("DestAddress", "169.254.169.254"),
        ("DestPort", "80"),
        ("Protocol", "6"),
        ("FilterRTID", "1"),
        ("LayerName", "%%14611"),
        ("LayerRTID", "48"),
    ];
    let expected = json!({
        "Type": "DeviceNetworkEvents", "ActionType": "ConnectionAttempt", "DeviceName": "ws-12.contoso.example",
        "RemoteIP": "169.254.169.254", "RemotePort": 80, "LocalIP": "192.0.2.5", "LocalPort": 54217, "Protocol": "Tcp",
        "InitiatingProcessFileName": "powershell.exe",
        "InitiatingProcessFolderPath": r"\device\harddiskvolume3\windows\system32\windowspowershell\v1.0\powershell.exe",
        "InitiatingProcessId": 7716,
    });
    becomes(&security(5156, CONNECTION), &expected);
}

#[test]
fn an_access_to_an_object_is_what_its_mask_says() {
    let line = |kind: &'static str, mask: &'static str| {
        let fields = vec![
            ("SubjectUserSid", "S-1-5-21-1"),
            ("SubjectUserName", "user1"),
            ("SubjectDomainName", "CONTOSO"),
            ("SubjectLogonId", "0x1"),
            ("ObjectServer", "Security"),
            ("ObjectType", kind),
            ("ObjectName", r"C:\Users\user1\.azure\msal_token_cache.bin"),
            ("HandleId", "0x1"),
            ("AccessList", "%%4416"),
            ("AccessMask", mask),
            ("ProcessId", "0x29"),
            ("ProcessName", r"C:\Windows\System32\cmd.exe"),
        ];
        let fixture = Fixture { provider: "Microsoft-Windows-Security-Auditing", id: 4663, fields };
        SENDERS.iter().map(|(_, write)| decode(&write(&fixture)).unwrap()).collect::<Vec<_>>()
    };
    let actions = [("0x1", "FileRead"), ("0x3", "FileModified"), ("0x4", "FileModified"), ("0x10000", "FileDeleted")];
    for (mask, action) in actions {
        for rows in line("File", mask) {
            let row = &rows[0].1;
            assert_eq!((&row["Type"], &row["ActionType"]), (&json!("DeviceFileEvents"), &json!(action)), "{mask}");
            assert_eq!(row["FileName"], "msal_token_cache.bin");
            assert_eq!(
                (&row["InitiatingProcessFileName"], &row["InitiatingProcessId"]),
                (&json!("cmd.exe"), &json!(41))
            );
            assert_eq!(row["InitiatingProcessAccountName"], "user1");
        }
    }
    for (kind, mask) in [("File", "0x80"), ("File", "0x20000"), ("Key", "0x1"), ("File", ""), ("File", "-")] {
        assert!(line(kind, mask).iter().all(Vec::is_empty), "{kind} {mask}");
    }
}

#[test]
fn the_other_side_of_a_connection_that_came_in() {
    let of = |protocol: &'static str| {
        let fields = IMDS.iter().map(|(name, value)| match *name {
            "Initiated" => (*name, "false"),
            "Protocol" => (*name, protocol),
            _ => (*name, *value),
        });
        let row = row(&fixtures::winlogbeat(&Fixture { fields: fields.collect(), ..sysmon(3, IMDS) }));
        assert_eq!(row["ActionType"], "InboundConnectionAccepted");
        row["RemoteIP"].clone()
    };
    assert_eq!((of("tcp"), of("udp")), (json!("192.0.2.5"), json!("169.254.169.254")));
}

#[test]
fn nxlog_s_own_account_process_and_local_time_are_not_the_event_s() {
    let line = |more: &str| {
        format!(
            r#"{{"EventTime":"2026-11-24 09:00:00","EventReceivedTime":"2026-11-24 09:00:01","Hostname":"h","EventID":5156,
            "SourceName":"Microsoft-Windows-Security-Auditing","RecordNumber":1,"ProcessID":"4","AccountName":"SYSTEM",
            "Domain":"NT AUTHORITY","DestAddress":"192.0.2.1"{more}}}"#
        )
        .replace('\n', "")
    };
    let found = row(&line(""));
    for column in ["Timestamp", "InitiatingProcessId", "InitiatingProcessAccountName", "InitiatingProcessAccountDomain"]
    {
        assert_eq!(found.get(column), None, "{column}");
    }
    // It has moved its own away from the event's.
    assert_eq!(row(&line(r#","ExecutionProcessID":8"#))["InitiatingProcessId"], 4);
    assert_eq!(row(&line(r#","@timestamp":"2026-11-24T08:00:00Z""#))["Timestamp"], "2026-11-24T08:00:00.0000000Z");
    let zoned = line("").replace("2026-11-24 09:00:00\"", "2026-11-24T09:00:00+01:00\"");
    assert_eq!(row(&zoned)["Timestamp"], "2026-11-24T08:00:00.0000000Z");
}

#[test]
fn a_provider_that_is_known_by_its_channel_and_a_message_for_people() {
    let message = r"Network connection detected:\r\nRuleName: -\r\nUtcTime: 2026-11-24 08:00:00.000\r\nImage: C:\\a.exe\r\nDestinationIp: 192.0.2.1\r\nImage: C:\\b.exe";
    let line = format!(
        r#"{{"Hostname":"h","EventID":"3","Channel":"Microsoft-Windows-Sysmon\/Operational","Message":"{message}"}}"#
    );
    let row = row(&line);
    assert_eq!((&row["RemoteIP"], &row["InitiatingProcessFileName"]), (&json!("192.0.2.1"), &json!("a.exe")));
}

#[test]
fn elastic_s_names_do_where_sysmon_s_are_gone() {
    let nested = json!({
        "@timestamp": "2026-11-24T08:00:00.000Z", "event": {"provider": "Microsoft-Windows-Sysmon", "code": "3"},
        "host": {"name": "h"}, "process": {"executable": "C:\\a\\b.exe", "pid": 7}, "user": {"name": "u", "domain": "D"},
        "destination": {"ip": "169.254.169.254", "port": 80}, "network": {"transport": "tcp"},
    });
    let dotted = json!({
        "@timestamp": "2026-11-24T08:00:00.000Z", "event.provider": "Microsoft-Windows-Sysmon", "event.code": 3,
        "host.name": "h", "process.executable": "C:\\a\\b.exe", "process.pid": 7, "user.name": "u", "user.domain": "D",
        "destination.ip": "169.254.169.254", "destination.port": 80, "network.transport": "tcp",
    });
    let expected = json!({
        "Type": "DeviceNetworkEvents", "kqltap_event": "sysmon:3:2026-11-24T08:00:00.0000000Z",
        "Timestamp": "2026-11-24T08:00:00.0000000Z", "TimeGenerated": "2026-11-24T08:00:00.0000000Z", "DeviceName": "h",
        "ActionType": "ConnectionSuccess", "RemoteIP": "169.254.169.254", "RemotePort": 80, "Protocol": "Tcp",
        "InitiatingProcessFileName": "b.exe", "InitiatingProcessFolderPath": "C:\\a\\b.exe", "InitiatingProcessId": 7,
        "InitiatingProcessAccountDomain": "D", "InitiatingProcessAccountName": "u",
    });
    for line in [nested, dotted] {
        assert_eq!(row(&line.to_string()), expected);
    }
}

#[test]
fn a_header_says_the_host_where_the_event_does_not() {
    let event = fixtures::event_xml(&Fixture { provider: "Linux-Sysmon", ..sysmon(3, IMDS) });
    let event = event.replace("<Computer>ws-12.contoso.example</Computer>", "");
    let line = format!("<14>Nov 24 08:00:01 web-1 sysmon: {event}");
    let rows = decode(&line).unwrap();
    assert_eq!((rows[0].0, &rows[0].1["DeviceName"]), ("sysmon-linux", &json!("web-1")));
    let row = json!({"Type": "Syslog", "Computer": "web-2", "ProcessName": "sysmon", "SyslogMessage": event});
    let rows = decode(&row.to_string()).unwrap();
    assert_eq!((rows[0].0, &rows[0].1["DeviceName"]), ("sysmon-linux", &json!("web-2")));
}

#[test]
fn values_without_names_of_a_version_that_nobody_knows() {
    let mut fixture = sysmon(3, IMDS);
    // Before version 8 there was no RuleName.
    fixture.fields.remove(0);
    assert_eq!(row(&fixtures::winevtlog(&fixture))["RemoteIP"], "169.254.169.254");
    fixture.fields.remove(0);
    let why = decode(&fixtures::winevtlog(&fixture)).unwrap_err();
    assert!(why.starts_with("StringInserts has 16 values"), "{why}");
}

#[test]
fn batches_and_events_that_no_table_wants() {
    let record = fixtures::azure_diagnostics(&sysmon(3, IMDS));
    let other = fixtures::azure_diagnostics(&sysmon(7, IMDS));
    assert_eq!(row(&format!(r#"{{"records":[{other},{record}]}}"#))["RemoteIP"], "169.254.169.254");
    for (decoder, write) in SENDERS {
        assert_eq!(decode(&write(&sysmon(7, IMDS))), Ok(Vec::new()), "{decoder}");
        let other = Fixture { provider: "Other-Sysmon", ..sysmon(3, IMDS) };
        let rows = decode(&write(&other));
        assert!(rows.as_ref().map_or(true, Vec::is_empty), "{decoder}: {rows:?}");
    }
}

#[test]
fn json_behind_a_header_is_json_whatever_its_strings_hold() {
    for (decoder, write) in SENDERS {
        let line = write(&sysmon(3, IMDS));
        if !line.starts_with('{') {
            continue;
        }
        let alone = row(&line);
        for header in [
            "<134>Nov 23 17:00:00 host1 app[12]: ",
            "<134>1 - h app{1} - - [x y=\"{\"] \u{FEFF}",
            "2026-11-24T08:00:00Z h ",
        ] {
            assert_eq!(row(&format!("{header}{line}")), alone, "{decoder}: {header}");
            assert_eq!(row(&json!({"message": format!("{header}{line}")}).to_string()), alone, "{decoder}: {header}");
        }
    }
    // An event that holds JSON is no header of it.
    let event = fixtures::event_xml(&sysmon(11, &[("TargetFilename", r#"/x {"a":1}"#)]));
    let cut = &event[..event.find("</Data>").unwrap()];
    assert!(decode(cut).is_ok_and(|rows| rows[0].0 == "windows-event-xml"), "{cut}");
}

#[test]
fn a_record_that_cannot_be_read_silences_no_other() {
    let good = fixtures::azure_diagnostics(&sysmon(3, IMDS));
    let bad = good.replace("tcp</Data>", "&nosuch;</Data>");
    let mut decoders = Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 64);
    let mut outcome = |line: &str| match decoders.decode(line.as_bytes()) {
        Decoded::Rows(rows) => (rows.events().len(), rows.faults().to_vec()),
        Decoded::Malformed(why) => (0, vec![why]),
        Decoded::Nobodys => (0, Vec::new()),
    };
    for (line, rows, fault) in [
        (format!(r#"{{"records":[{bad},{good}]}}"#), 1, "record 0: "),
        (format!("[{good},{bad},{good}]"), 2, "record 1: "),
        (format!("[{bad},{bad}]"), 0, "record 0: "),
        (json!({"message": format!("[{bad},{good}]")}).to_string(), 1, "record 0: "),
    ] {
        let (found, faults) = outcome(&line);
        assert_eq!((found, faults.len()), (rows, 1), "{line}: {faults:?}");
        assert!(faults[0].starts_with(fault) && faults[0].contains("nosuch"), "{faults:?}");
    }
    // As are two events in one text.
    let event = fixtures::event_xml(&sysmon(3, IMDS));
    let (found, faults) = outcome(&format!("{event}{}", event.replace("tcp</Data>", "&nosuch;</Data>")));
    assert_eq!((found, faults.len()), (1, 1), "{faults:?}");
    // They are named up to a bound.
    let (found, faults) = outcome(&format!("[{good},{}]", vec![bad; 30].join(",")));
    assert_eq!((found, faults.len(), &*faults[8]), (1, 9, "22 more records of the line cannot be read"));
}
