//! auditd and Laurel: what was recorded on a real machine, and lines of single calls.

use serde_json::Value as Json;

use super::super::auditd::{Joined, Joiner};
use super::super::*;

const CAPTURES: [(&str, &[u8]); 5] = [
    ("raw", include_bytes!("../../../tests/captures/auditd-raw.log")),
    ("enriched", include_bytes!("../../../tests/captures/auditd-enriched.log")),
    ("plugin", include_bytes!("../../../tests/captures/auditd-plugin.log")),
    ("laurel", include_bytes!("../../../tests/captures/laurel.ndjson")),
    ("laurel, universal", include_bytes!("../../../tests/captures/laurel-universal.ndjson")),
];

pub(super) const TABLES: [&str; 3] = ["DeviceFileEvents", "DeviceNetworkEvents", "DeviceProcessEvents"];

/// What lines are that nothing follows.
pub(super) fn join(lines: &[u8]) -> Joined {
    let (mut joiner, mut joined) = (Joiner::default(), Joined::default());
    joiner.block(lines, usize::MAX, &mut joined);
    joiner.end(lines.len(), &mut joined);
    joined
}

/// Whether records are taken from the lines to be joined.
fn is_auditd(lines: &[u8]) -> bool {
    !join(lines).lines().is_empty()
}

/// The rows of lines, joined first.
pub(super) fn rows(lines: &[u8]) -> Vec<Json> {
    let joined = join(lines);
    let mut decoders = Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 64);
    let mut all = Vec::new();
    let mut add = |decoded: Decoded<'_>, line: &str| match decoded {
        Decoded::Rows(rows) => {
            let rows: Vec<Json> = serde_json::from_str(rows.json()).unwrap();
            all.extend(rows);
        }
        // Laurel has no marker in what is no call.
        Decoded::Nobodys if line.starts_with(r#"{"ID""#) && !line.contains("SYSCALL") => {}
        other => unreachable!("{other:?} {line}"),
    };
    for event in joined.events() {
        let records = joined.records(event);
        add(decoders.decode_joined(records), records);
    }
    let mut at = 0;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        if line != b"\n" && !joined.lines().iter().any(|taken| taken.at == at) {
            add(decoders.decode(line), std::str::from_utf8(line).unwrap());
        }
        at += line.len();
    }
    all
}

/// Some columns of rows, `column=value`, in order; what is missing is left out.
pub(super) fn columns(rows: &[Json], names: &[&str]) -> Vec<String> {
    let cell = |row: &Json, name: &str| match &row[name] {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    rows.iter().map(|row| names.iter().filter_map(|name| cell(row, name)).collect::<Vec<_>>().join(" | ")).collect()
}

#[test]
fn the_captures_tell_the_same_in_every_form() {
    let wanted = "\
DeviceFileEvents | FileRead | /var/run/secrets/kubernetes.io/serviceaccount/token | token | cat | cat /var/run/secrets/kubernetes.io/serviceaccount/token
DeviceFileEvents | FileRead | /run/secrets/kubernetes.io/serviceaccount/token | token | cat | cat token ca.crt
DeviceFileEvents | FileRead | /run/secrets/kubernetes.io/serviceaccount/ca.crt | ca.crt | cat | cat token ca.crt
DeviceFileEvents | FileRead | /run/secrets/kubernetes.io/serviceaccount/token | token | python3.11 | /usr/bin/python3 -c print(len(open('/run/secrets/kubernetes.io/serviceaccount/token').read()))
DeviceFileEvents | FileRead | /var/run/secrets/kubernetes.io/serviceaccount/token | token | cat | cat /var/run/secrets/kubernetes.io/serviceaccount/token
DeviceFileEvents | FileRead | /srv/home/.azure/msal_token_cache.json | msal_token_cache.json | cp | cp /srv/home/.azure/msal_token_cache.json /srv/home/.azure/exfil.json
DeviceFileEvents | FileModified | /srv/home/.azure/exfil.json | exfil.json | cp | cp /srv/home/.azure/msal_token_cache.json /srv/home/.azure/exfil.json
DeviceFileEvents | FileRead | /srv/home/.azure/my accessTokens.json | my accessTokens.json | cat | cat /srv/home/.azure/my accessTokens.json
DeviceFileEvents | FileRead | /srv/home/.config/gcloud/application_default_credentials.json | application_default_credentials.json | grep | grep -r x gcloud/application_default_credentials.json
DeviceProcessEvents | ProcessCreated | /srv/lab/curl-lab | curl-lab | /srv/lab/curl-lab -s -m 3 -H Metadata:true http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/
DeviceNetworkEvents | ConnectionRequest | 169.254.169.254 | 80 | http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/ | curl-lab | /srv/lab/curl-lab -s -m 3 -H Metadata:true http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/
DeviceNetworkEvents | ConnectionAttempt | 169.254.169.254 | 80 | curl-lab | /srv/lab/curl-lab -s -m 3 -H Metadata:true http://169.254.169.254/metadata/identity/oauth2/token?api-ver";
    let names = [
        "Type",
        "ActionType",
        "FolderPath",
        "FileName",
        "RemoteIP",
        "RemotePort",
        "RemoteUrl",
        "InitiatingProcessFileName",
        "InitiatingProcessCommandLine",
        "ProcessCommandLine",
    ];
    for (form, lines) in CAPTURES {
        assert_eq!(is_auditd(lines), !form.starts_with("laurel"), "{form}");
        assert_eq!(columns(&rows(lines), &names).join("\n"), wanted, "{form}");
    }
}

#[test]
fn a_choice_of_the_sender_takes_all_of_its_lines() {
    for (form, lines) in CAPTURES {
        let name = form.split(',').next().filter(|name| *name == "laurel").unwrap_or("auditd");
        let mut decoders = Decoders::new(Choice::parse(name).unwrap(), TABLES.map(str::to_owned).to_vec(), 64);
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let found = decoders.decode(line);
            assert!(matches!(found, Decoded::Rows(_)), "{form}: {found:?}");
        }
    }
}

#[test]
fn a_row_says_who_when_and_where() {
    let names = [
        "kqltap_event",
        "Timestamp",
        "DeviceName",
        "InitiatingProcessAccountName",
        "InitiatingProcessId",
        "InitiatingProcessParentId",
        "InitiatingProcessFolderPath",
        "AdditionalFields",
    ];
    let wanted = [
        r#"1795453547.993:32 | 2026-11-23T17:05:47.9930000Z | 0 | 5910 | 5826 | /usr/bin/cat | {"key":"k8s_token"}"#,
        r#"vm:1795453597.213:56 | 2026-11-23T17:06:37.2130000Z | vm | root | 7484 | 7311 | /usr/bin/cat | {"key":"k8s_token"}"#,
        r#"1795454167.097:80 | 2026-11-23T17:16:07.0970000Z | root | 21980 | 20354 | /usr/bin/cat | {"key":"k8s_token"}"#,
        r#"1795454167.097:80 | 2026-11-23T17:16:07.0970000Z | root | 21980 | 20354 | /usr/bin/cat | {"key":"k8s_token"}"#,
        r#"1795454167.097:80 | 2026-11-23T17:16:07.0970000Z | root | 21980 | 20354 | /usr/bin/cat | {"key":"k8s_token"}"#,
    ];
    for ((form, lines), wanted) in CAPTURES.into_iter().zip(wanted) {
        assert_eq!(columns(&rows(lines)[..1], &names), [wanted], "{form}");
    }
}

/// An event of one call: the SYSCALL record's own fields, then other records.
fn event(call: &str, others: &[&str]) -> String {
    let rest = "ppid=10 pid=11 auid=1000 uid=1000 comm=\"cat\" exe=\"/usr/bin/cat\" key=(null)";
    let mut lines = format!("type=SYSCALL msg=audit(1795453547.993:32): {call} {rest}\n");
    for other in others {
        let (kind, fields) = other.split_once(' ').unwrap();
        lines.push_str(&format!("type={kind} msg=audit(1795453547.993:32): {fields}\n"));
    }
    lines
}

const CWD: &str = "CWD cwd=\"/home/user1\"";
const TOKEN: &str = "PATH item=0 name=\"token\" mode=0100644 nametype=NORMAL";
const CREATED: &str = "PATH item=1 name=\"token\" mode=0100600 nametype=CREATE";
const PARENT: &str = "PATH item=0 name=\"/home/user1\" mode=040755 nametype=PARENT";

#[test]
fn calls_on_files_become_rows_of_their_kind() {
    let cases: &[(&str, &[&str], &str)] = &[
        // Numbers mean what they mean on their architecture.
        ("arch=c000003e syscall=2 success=yes exit=3 a0=1 a1=0", &[CWD, TOKEN], "FileRead | /home/user1/token"),
        (
            "arch=c00000b7 syscall=56 success=yes exit=3 a0=ffffffffffffff9c a2=80000",
            &[CWD, TOKEN],
            "FileRead | /home/user1/token",
        ),
        ("arch=40000003 syscall=5 success=yes exit=3 a0=1 a1=8000", &[CWD, TOKEN], "FileRead | /home/user1/token"),
        (
            "arch=40000003 syscall=295 success=yes exit=3 a0=ffffff9c a2=0",
            &[CWD, TOKEN],
            "FileRead | /home/user1/token",
        ),
        ("arch=c000003e syscall=56 success=yes exit=3 a0=ffffff9c a2=0", &[CWD, TOKEN], ""),
        (
            "arch=c0000015 syscall=286 success=yes a0=ffffff9c a2=0 SYSCALL=openat",
            &[CWD, TOKEN],
            "FileRead | /home/user1/token",
        ),
        // Flags and kinds.
        (
            "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a2=1",
            &[CWD, TOKEN],
            "FileModified | /home/user1/token",
        ),
        (
            "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a2=2",
            &[CWD, TOKEN],
            "FileModified | /home/user1/token",
        ),
        (
            "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a2=40",
            &[CWD, PARENT, CREATED],
            "FileCreated | /home/user1/token",
        ),
        (
            "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a2=42",
            &[CWD, PARENT, TOKEN],
            "FileModified | /home/user1/token",
        ),
        ("arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a2=200000", &[CWD, TOKEN], ""),
        (
            "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a2=0",
            &[CWD, "PATH name=\"d\" mode=040755 nametype=NORMAL"],
            "",
        ),
        (
            "arch=c000003e syscall=437 success=yes exit=3 a0=ffffff9c a2=7ff",
            &[CWD, "OPENAT2 oflag=02 mode=0 resolve=0x0", TOKEN],
            "FileModified | /home/user1/token",
        ),
        (
            "arch=c000003e syscall=437 success=yes exit=3 a0=ffffff9c a2=7ff",
            &[CWD, TOKEN],
            "FileRead | /home/user1/token",
        ),
        (
            "arch=c000003e syscall=85 success=yes exit=3 a0=1 a1=1b6",
            &[CWD, PARENT, CREATED],
            "FileCreated | /home/user1/token",
        ),
        ("arch=c000003e syscall=85 success=yes exit=3 a0=1 a1=1b6", &[CWD, TOKEN], "FileModified | /home/user1/token"),
        ("arch=c000003e syscall=76 success=yes exit=0 a0=1", &[CWD, TOKEN], "FileModified | /home/user1/token"),
        // A read that was denied is none.
        ("arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c a2=0", &[CWD, TOKEN], ""),
        // A folder that only a descriptor names is not known.
        ("arch=c000003e syscall=257 success=yes exit=3 a0=5 a2=0", &[CWD, TOKEN], "FileRead | token"),
        (
            "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a2=0",
            &["CWD cwd=2F686F6D652F6120622F", "PATH name=\"../x/./y\" nametype=NORMAL"],
            "FileRead | /home/x/y",
        ),
        (
            "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a2=0",
            &[CWD, "PATH name=(null) nametype=NORMAL"],
            "",
        ),
        (
            "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a2=0",
            &[CWD, "PATH name=C3A9 nametype=NORMAL"],
            "FileRead | /home/user1/é",
        ),
        (
            "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a2=0",
            &[CWD, "PATH name=\"/var/run/x/../secrets//token\" nametype=NORMAL"],
            "FileRead | /var/run/secrets/token",
        ),
        // Names that go and come.
        (
            "arch=c000003e syscall=87 success=yes exit=0 a0=1",
            &[CWD, PARENT, "PATH name=\"token\" mode=0100600 nametype=DELETE"],
            "FileDeleted | /home/user1/token",
        ),
        (
            "arch=c00000b7 syscall=35 success=yes exit=0 a0=ffffffffffffff9c a2=200",
            &[CWD, PARENT, "PATH name=\"d\" mode=040755 nametype=DELETE"],
            "",
        ),
        (
            "arch=c000003e syscall=82 success=yes exit=0 a0=1",
            &[CWD, PARENT, "PATH name=\"old\" mode=0100600 nametype=DELETE", CREATED],
            "FileRenamed | /home/user1/token | /home/user1 | old",
        ),
        (
            "arch=c000003e syscall=316 success=yes exit=0 a0=ffffff9c a2=4",
            &[CWD, "PATH name=\"/old\" nametype=DELETE", CREATED],
            "FileRenamed | token | / | old",
        ),
        (
            "arch=c000003e syscall=265 success=yes exit=0 a0=4 a2=ffffff9c",
            &[CWD, TOKEN, CREATED],
            "FileCreated | /home/user1/token",
        ),
    ];
    for (call, others, wanted) in cases {
        let found = rows(event(call, others).as_bytes());
        let found = columns(&found, &["ActionType", "FolderPath", "PreviousFolderPath", "PreviousFileName"]);
        assert_eq!(found.join("\n"), *wanted, "{call} {others:?}");
    }
}

#[test]
fn connections_have_an_end_and_an_outcome() {
    const V4: &str = "SOCKADDR saddr=02000050A9FEA9FE0000000000000000";
    let v6 = "SOCKADDR saddr=0A00005000000000FD000EC200000000000000000000025400000000";
    let mapped = "SOCKADDR saddr=0A0001BB0000000000000000000000000000FFFFA9FEA9FE00000000";
    let spelt = "SOCKADDR saddr=\u{1d}SADDR={ saddr_fam=inet laddr=169.254.169.254 lport=80 }";
    let escaped =
        "SOCKADDR saddr=02000050A9FEA9FE0000000000000000#035SADDR={ saddr_fam=inet laddr=192.0.2.1 lport=80 }";
    let cases = [
        ("arch=c000003e syscall=42 success=no exit=-115", V4, "ConnectionAttempt | 169.254.169.254 | 80"),
        ("arch=c000003e syscall=42 success=yes exit=0", V4, "ConnectionSuccess | 169.254.169.254 | 80"),
        ("arch=c000003e syscall=42 success=no exit=-111", V4, "ConnectionFailed | 169.254.169.254 | 80"),
        ("arch=c00000b7 syscall=203 success=yes exit=0", v6, "ConnectionSuccess | fd00:ec2::254 | 80"),
        ("arch=40000003 syscall=102 success=yes exit=0 a0=3", mapped, "ConnectionSuccess | 169.254.169.254 | 443"),
        ("arch=40000003 syscall=102 success=yes exit=0 a0=2", V4, ""),
        ("arch=40000003 syscall=362 success=yes exit=0", spelt, "ConnectionSuccess | 169.254.169.254 | 80"),
        ("arch=c000003e syscall=42 success=yes exit=0", escaped, "ConnectionSuccess | 169.254.169.254 | 80"),
        ("arch=c000003e syscall=42 success=yes exit=0", "SOCKADDR saddr=01002F746D702F78", ""),
    ];
    for (call, address, wanted) in cases {
        let found = columns(&rows(event(call, &[address]).as_bytes()), &["ActionType", "RemoteIP", "RemotePort"]);
        assert_eq!(found.join("\n"), wanted, "{call} {address}");
    }
}

#[test]
fn arguments_come_quoted_in_digits_and_in_pieces() {
    let call = "arch=c000003e syscall=59 success=yes exit=0 a0=1";
    let cases: &[(&[&str], &str)] = &[
        (&["EXECVE argc=2 a0=\"cat\" a1=\"x\""], "cat x"),
        (&["EXECVE argc=2 a0=\"cat\" a1=6D792066696C65"], "cat my file"),
        (
            &["EXECVE argc=3 a0=\"sh\" a1_len=4 a1[0]=6162", "EXECVE a1[1]=63C3", "EXECVE a1[2]=A9 a2=\"z\""],
            "sh abcé z",
        ),
        (&["EXECVE argc=2 a0=\"cat\" a1=\"\"", "PROCTITLE proctitle=\"other\""], "cat"),
        (&["PROCTITLE proctitle=63617400746F6B656E"], "cat token"),
        (&["PROCTITLE proctitle=\"cat\""], "cat"),
        (&[CWD], ""),
    ];
    for (others, wanted) in cases {
        let found = rows(event(call, others).as_bytes());
        assert_eq!(columns(&found, &["ProcessCommandLine"]), [*wanted], "{others:?}");
        assert_eq!(columns(&found, &["FileName", "ProcessId", "InitiatingProcessId"]), ["cat | 11 | 10"]);
    }
    assert!(rows(event(call.replace("yes", "no").as_str(), &[CWD]).as_bytes()).is_empty());
}

#[test]
fn a_record_is_known_behind_other_things() {
    let call = "arch=c000003e syscall=59 success=yes exit=0 pid=11 comm=\"id\" exe=\"/usr/bin/id\"";
    let cases = [
        ("", ""),
        ("node=web-1 ", "web-1"),
        ("Nov 24 08:00:00 web-2 audispd: ", "web-2"),
        ("<134>Nov 24 08:00:00 web-2 audisp-syslog[12]: ", "web-2"),
        ("2026-11-24T08:00:00.123456+00:00 web-3 audispd: ", "web-3"),
        ("<13>1 2026-11-24T08:00:00Z web-3 audispd 1 - - ", "web-3"),
        ("Nov 24 08:00:00 relay audispd: node=web-1 ", "web-1"),
    ];
    for (before, host) in cases {
        let line = format!("{before}type=SYSCALL msg=audit(1795453547.993:32): {call}\n");
        assert!(is_auditd(line.as_bytes()), "{line}");
        let found = rows(line.as_bytes());
        let event = if host.is_empty() { "1795453547.993:32".to_owned() } else { format!("{host}:1795453547.993:32") };
        assert_eq!(columns(&found, &["kqltap_event"]), [event], "{line}");
        assert_eq!(found[0]["DeviceName"].as_str().unwrap_or_default(), host, "{line}");
    }
    for line in [
        "type=SYSCALL audit(1795453547.993:32): x",
        "type=SYSCALL",
        "msg=audit(1795453547.993:32): type=SYSCALL",
        "node=web-1 type=SYSCALL msg=audit(soon): x",
        "",
    ] {
        assert!(!is_auditd(line.as_bytes()), "{line}");
    }
}

#[test]
fn a_record_that_was_cut_off_is_malformed() {
    let mut decoders = Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 64);
    let found = decoders.decode(b"type=SYSCALL msg=audit(1795453547.993:32): arch=c00");
    assert!(matches!(&found, Decoded::Malformed(why) if why.contains("1795453547.993:32")), "{found:?}");
    // Of these no table has a row.
    let line = "type=USER_LOGIN msg=audit(1.0:1): pid=1";
    let found = decoders.decode(line.as_bytes());
    assert!(matches!(&found, Decoded::Rows(rows) if rows.is_empty()), "{line}: {found:?}");
    assert!(matches!(decoders.decode(b"msg=audit("), Decoded::Nobodys));
}

#[test]
fn no_byte_of_a_line_makes_an_event_of_it() {
    let call = "type=SYSCALL msg=audit(1.0:1): arch=c000003e syscall=59 success=yes exit=0 pid=1 exe=\"/usr/bin/curl\"";
    let mut decoders = Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 64);
    for line in [format!("\u{1e}2\u{1e}{call}\u{1e}{call}"), format!("\u{1e}{call}")] {
        assert!(!is_auditd(line.as_bytes()), "{line}");
        assert!(matches!(decoders.decode(line.as_bytes()), Decoded::Nobodys), "{line}");
    }
}

#[test]
fn a_machines_name_has_a_bound() {
    let line = |length: usize| format!("node={} type=CWD msg=audit(1.0:1): cwd=\"/\"\n", "n".repeat(length));
    assert!(is_auditd(line(255).as_bytes()));
    assert!(!is_auditd(line(256).as_bytes()));
}
