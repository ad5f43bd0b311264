//! Auditbeat and Elastic Defend; and what no decoder may fall over.

use proptest::prelude::*;

use super::super::*;
use super::auditd::{TABLES, columns, rows};

const NAMES: [&str; 11] = [
    "Type",
    "ActionType",
    "FolderPath",
    "RemoteIP",
    "RemotePort",
    "RemoteUrl",
    "LocalIP",
    "InitiatingProcessFileName",
    "InitiatingProcessCommandLine",
    "ProcessCommandLine",
    "InitiatingProcessAccountName",
];

/// A line of Auditbeat's with these members.
fn auditbeat(data: &str, more: &str) -> String {
    format!(
        r#"{{"@timestamp":"2026-11-24T08:00:00.123Z","agent":{{"type":"auditbeat","name":"web-1"}},"host":{{"name":"web-1.contoso.example"}},"event":{{"module":"auditd","kind":"event","outcome":"success"}},"process":{{"pid":12,"parent":{{"pid":11}},"name":"cat","executable":"/usr/bin/cat","title":"cat token","working_directory":"/run/secrets"}},"user":{{"id":"1000","name":"user1","audit":{{"id":"1001","name":"admin"}}}},"auditd":{{"sequence":32,"result":"success","data":{{"arch":"x86_64",{data}}}{more}}}}}"#
    )
}

const CURL: &str = "curl -s http://169.254.169.254/metadata/identity";

#[test]
fn auditbeat_passes_on_what_the_kernel_said() {
    let paths = r#","paths":[{"item":"0","name":"/run","nametype":"PARENT","mode":"040755"},{"item":"1","name":"token","nametype":"NORMAL","mode":"0100644"}]"#;
    let open = r#""syscall":"openat","a0":"ffffff9c","a2":"0","exit":"3""#;
    let read = "DeviceFileEvents | FileRead | /run/secrets/token | cat | cat token | user1";
    assert_eq!(columns(&rows(auditbeat(open, paths).as_bytes()), &NAMES), [read]);
    let write = open.replace(r#""a2":"0""#, r#""a2":"241""#);
    assert_eq!(columns(&rows(auditbeat(&write, paths).as_bytes()), &NAMES), [read.replace("FileRead", "FileModified")]);
    let dropped = auditbeat(open, "").replace(r#""event":{"#, r#""file":{"path":"token"},"event":{"#);
    assert_eq!(columns(&rows(dropped.as_bytes()), &NAMES), [read]);
    let failed = auditbeat(open, paths).replace(r#""result":"success""#, r#""result":"fail""#);
    assert!(rows(failed.as_bytes()).is_empty());

    let connect = auditbeat(r#""syscall":"connect","exit":"EINPROGRESS""#, "")
        .replace(r#""event":{"#, r#""destination":{"ip":"169.254.169.254","port":"80"},"event":{"#)
        .replace(r#""result":"success""#, r#""result":"fail""#);
    assert_eq!(
        columns(&rows(connect.as_bytes()), &NAMES),
        ["DeviceNetworkEvents | ConnectionAttempt | 169.254.169.254 | 80 | cat | cat token | user1"]
    );

    let execute = auditbeat(r#""syscall":"execve""#, "").replace(
        r#""name":"cat","executable":"/usr/bin/cat","title":"cat token""#,
        r#""name":"curl","executable":"/usr/bin/curl","args":["curl","-s","http://169.254.169.254/metadata/identity"]"#,
    );
    assert_eq!(
        columns(&rows(execute.as_bytes()), &NAMES),
        [
            format!("DeviceProcessEvents | ProcessCreated | /usr/bin/curl | {CURL} | user1"),
            format!(
                "DeviceNetworkEvents | ConnectionRequest | 169.254.169.254 | 80 | http://169.254.169.254/metadata/identity | curl | {CURL} | user1"
            ),
        ]
    );
    let names = [
        "kqltap_event",
        "Timestamp",
        "DeviceName",
        "InitiatingProcessId",
        "InitiatingProcessParentId",
        "AdditionalFields",
    ];
    assert_eq!(
        columns(&rows(auditbeat(open, paths).as_bytes()), &names),
        [r#"32 | 2026-11-24T08:00:00.1230000Z | web-1.contoso.example | 12 | 11 | {"auid":"admin"}"#]
    );
}

#[test]
fn names_of_members_may_be_dotted() {
    let line = r#"{"@timestamp":"2026-11-24T08:00:00Z","event.module":"auditd","event.category":["file"],"event.action":"opened-file","file.path":"/run/secrets/token","process.executable":"/usr/bin/cat","user.name":"user1"}"#;
    assert_eq!(
        columns(&rows(line.as_bytes()), &NAMES),
        ["DeviceFileEvents | FileRead | /run/secrets/token | cat | user1"]
    );
}

#[test]
fn elastic_defend_has_no_calls() {
    let cases = [
        (
            r#""action":"open","category":["file"],"type":["access"]"#,
            "DeviceFileEvents | FileRead | /home/user1/.azure/msal_token_cache.json | cp | user1",
        ),
        (
            r#""action":"creation","category":["file"],"type":["creation"]"#,
            "DeviceFileEvents | FileCreated | /home/user1/.azure/msal_token_cache.json | cp | user1",
        ),
        (
            r#""action":"modification","category":"file","type":"change""#,
            "DeviceFileEvents | FileModified | /home/user1/.azure/msal_token_cache.json | cp | user1",
        ),
        (
            r#""action":"deletion","category":["file"]"#,
            "DeviceFileEvents | FileDeleted | /home/user1/.azure/msal_token_cache.json | cp | user1",
        ),
        (r#""action":"mount","category":["file"]"#, ""),
        (r#""action":"open","category":["file"],"outcome":"failure""#, ""),
        (
            r#""action":"connection_attempted","category":["network"]"#,
            "DeviceNetworkEvents | ConnectionAttempt | 169.254.169.254 | 80 | 10.0.0.5 | cp | user1",
        ),
        (r#""action":"disconnect_received","category":["network"]"#, ""),
        (r#""action":"exec","category":["process"]"#, "DeviceProcessEvents | ProcessCreated | /usr/bin/cp | user1"),
        (r#""action":"end","category":["process"]"#, ""),
    ];
    for (event, wanted) in cases {
        let line = format!(
            r#"{{"@timestamp":"2026-11-24T08:00:00Z","event":{{"dataset":"endpoint.events.x",{event}}},"file":{{"path":"/home/user1/.azure/msal_token_cache.json"}},"process":{{"executable":"/usr/bin/cp"}},"destination":{{"ip":"169.254.169.254","port":80}},"source":{{"ip":"10.0.0.5","port":4321}},"user":{{"name":"user1"}}}}"#
        );
        assert_eq!(columns(&rows(line.as_bytes()), &NAMES).join("\n"), wanted, "{event}");
    }
}

/// One line of each sender of Linux's.
fn lines() -> Vec<String> {
    let joined = "type=SYSCALL msg=audit(1795453547.993:32): arch=c000003e syscall=59 success=yes exit=0 a0=1 pid=1 uid=0 comm=\"x\" exe=\"/usr/bin/curl\" key=(null)\u{1d}ARCH=x86_64 SYSCALL=execve UID=\"root\"\ntype=EXECVE msg=audit(1795453547.993:32): argc=3 a0=\"curl\" a1_len=4 a1[0]=6162 a1[1]=C3A9 a2=\"http://[::1]:80/x\"\ntype=CWD msg=audit(1795453547.993:32): cwd=\"/\"\ntype=PATH msg=audit(1795453547.993:32): item=0 name=2F nametype=NORMAL\ntype=SOCKADDR msg=audit(1795453547.993:32): saddr=02000050A9FEA9FE0000000000000000\u{1d}SADDR={ saddr_fam=inet laddr=1.2.3.4 lport=80 }\ntype=PROCTITLE msg=audit(1795453547.993:32): proctitle=61";
    let laurel: Vec<&str> = include_str!("../../../tests/captures/laurel.ndjson").lines().collect();
    let mut lines = vec![
        joined.to_owned(),
        joined.replace("syscall=59", "syscall=42"),
        joined.replace("syscall=59", "syscall=257"),
        "Nov 24 08:00:00 web-1 audispd: node=a type=SYSCALL msg=audit(1.0:1): syscall=59".to_owned(),
        auditbeat(r#""syscall":"openat","a0":"ffffff9c""#, ""),
        r#"{"output_fields":{"fd.name":"1:2->3:4","evt.type":"connect"},"rule":"x"}"#.to_owned(),
        r#"{"process_kprobe":{"process":{"binary":"/a"},"function_name":"__x64_sys_openat","args":[{"int_arg":1},{"string_arg":"é%c3"}]}}"#.to_owned(),
    ];
    lines.extend(laurel.iter().map(|line| (*line).to_owned()));
    lines
}

proptest! {
    #[test]
    fn broken_lines_never_panic(
        which in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        is_cut in any::<bool>(),
    ) {
        let lines = lines();
        let mut line = lines[which.index(lines.len())].clone().into_bytes();
        for (place, byte) in changes {
            let place = place.index(line.len());
            line[place] = byte;
        }
        if is_cut {
            line.truncate(cut.index(line.len()));
        }
        let mut decoders = Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 64);
        if let Decoded::Rows(rows) = decoders.decode(&line) {
            let rows: serde_json::Value = serde_json::from_str(rows.json()).unwrap();
            prop_assert!(rows.is_array());
        }
    }

    #[test]
    fn bytes_behind_a_marker_never_panic(marker in 0usize..6, bytes in "\\PC{0,80}") {
        let markers = ["type=SYSCALL msg=audit(1.0:1): ", "type=SYSCALL msg=audit(1.0:1): syscall=", "msg=audit(", "node=", "{\"SYSCALL\":", "type="];
        let mut decoders = Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 64);
        let _ = decoders.decode(format!("{}{bytes} msg=audit(", markers[marker]).as_bytes());
    }
}
