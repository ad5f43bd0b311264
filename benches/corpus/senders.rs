//! Lines of Sysmon as its senders write them: connections and created files, so that every line becomes a row. And of auditd's
//! events, one a line, as those write them who join its records.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// A line by its number.
pub(crate) type Line = fn(u64) -> String;

/// The senders by name.
pub(crate) const SENDERS: [(&str, Line); 13] = [
    ("winlogbeat", winlogbeat),
    ("nxlog", nxlog),
    ("windows_event", windows_event),
    ("event", log_analytics_event),
    ("raw_xml", raw_xml),
    ("evtx_json", evtx_json),
    ("winevtlog", winevtlog),
    ("windows_event_xml", windows_event_xml),
    ("sysmon_linux", sysmon_linux),
    ("laurel", laurel),
    ("auditbeat", auditbeat),
    ("falco", falco),
    ("tetragon", tetragon),
];

const SYSMON: &str = "Microsoft-Windows-Sysmon";
const CHANNEL: &str = "Microsoft-Windows-Sysmon/Operational";
const HOST: &str = "ws-12.contoso.example";

type Fields = Vec<(&'static str, String)>;

/// An event's number and its fields.
fn event(n: u64) -> (u16, Fields) {
    let text = |text: &str| text.to_owned();
    let mut fields = vec![
        ("RuleName", text("-")),
        ("UtcTime", format!("2026-11-24 08:{:02}:{:02}.{:03}", n / 60 % 60, n % 60, n % 1000)),
        ("ProcessGuid", format!("{{0c1d2e3f-1ca8-627e-{:04x}-000000000600}}", n % 0x1_0000)),
        ("ProcessId", (1000 + n % 9000).to_string()),
        ("Image", text(r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe")),
    ];
    let is_file = n % 2 == 1;
    if is_file {
        let name = format!(r"C:\Users\user{}\AppData\Local\Microsoft\Edge\User Data\Default\Cache\f_{n:06x}", n % 50);
        fields.push(("TargetFilename", name));
        fields.push(("CreationUtcTime", text("2026-11-24 08:00:00.000")));
        fields.push(("User", format!(r"CONTOSO\user{}", n % 50)));
        return (11, fields);
    }
    fields.extend([
        ("User", format!(r"CONTOSO\user{}", n % 50)),
        ("Protocol", text("tcp")),
        ("Initiated", text("true")),
        ("SourceIsIpv6", text("false")),
        ("SourceIp", format!("192.0.2.{}", n % 250)),
        ("SourceHostname", text("ws-12.contoso.example")),
        ("SourcePort", (49152 + n % 10000).to_string()),
        ("SourcePortName", text("-")),
        ("DestinationIsIpv6", text("false")),
        ("DestinationIp", format!("198.51.100.{}", n % 250)),
        ("DestinationHostname", text("-")),
        ("DestinationPort", text("443")),
        ("DestinationPortName", text("https")),
    ]);
    (3, fields)
}

/// The event in words, which shippers pass on too.
fn message(id: u16, fields: &Fields) -> String {
    let mut text = String::from(if id == 3 { "Network connection detected:" } else { "File created:" });
    for (name, value) in fields {
        let _ = write!(text, "\r\n{name}: {value}");
    }
    text
}

fn winlogbeat(n: u64) -> String {
    let (id, fields) = event(n);
    json!({
        "@timestamp": "2026-11-24T08:00:01.135Z",
        "@metadata": {"beat": "winlogbeat", "type": "_doc", "version": "8.8.2"},
        "winlog": {
            "process": {"pid": 2116, "thread": {"id": 3760}}, "channel": "Microsoft-Windows-Sysmon/Operational",
            "provider_name": "Microsoft-Windows-Sysmon", "provider_guid": "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}",
            "event_id": id.to_string(), "record_id": n, "computer_name": "ws-12.contoso.example", "api": "wineventlog",
            "user": {"identifier": "S-1-5-18", "name": "SYSTEM", "domain": "NT AUTHORITY", "type": "User"},
            "version": 5, "opcode": "Info", "event_data": data(&fields),
        },
        "message": message(id, &fields),
        "event": {"kind": "event", "provider": "Microsoft-Windows-Sysmon", "code": id.to_string()},
        "host": {"name": "ws-12.contoso.example"}, "log": {"level": "information"}, "ecs": {"version": "8.0.0"},
        "agent": {"name": "ws-12", "type": "winlogbeat", "version": "8.8.2"},
    })
    .to_string()
}

fn nxlog(n: u64) -> String {
    let (id, fields) = event(n);
    let mut line = json!({
        "EventTime": "2026-11-24 09:00:01", "Hostname": "ws-12.contoso.example", "Keywords": -9223372036854775808i64,
        "EventType": "INFO", "SeverityValue": 2, "Severity": "INFO", "EventID": id, "SourceName": "Microsoft-Windows-Sysmon",
        "ProviderGuid": "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}", "Version": 5, "Task": id, "OpcodeValue": 0,
        "RecordNumber": n, "ExecutionProcessID": 2116, "ThreadID": 3760, "Domain": "NT AUTHORITY",
        "Channel": "Microsoft-Windows-Sysmon/Operational", "AccountName": "SYSTEM", "UserID": "S-1-5-18",
        "AccountType": "User", "Message": message(id, &fields), "Opcode": "Info",
        "EventReceivedTime": "2026-11-24 09:00:02", "SourceModuleName": "eventlog", "SourceModuleType": "im_msvistalog",
    });
    for (name, value) in fields {
        line[name] = value.into();
    }
    line.to_string()
}

fn data(fields: &Fields) -> Value {
    Value::Object(fields.iter().map(|(name, value)| ((*name).to_owned(), value[..].into())).collect())
}

/// `WindowsEvent`: the fields as JSON in a string.
fn windows_event(n: u64) -> String {
    let (id, fields) = event(n);
    json!({
        "TenantId": "00000000-0000-0000-0000-000000000000", "TimeGenerated": "2026-11-24T08:01:01.135Z", "Computer": HOST,
        "EventID": id, "Provider": SYSMON, "Channel": CHANNEL, "EventLevelName": "Information", "EventRecordId": n.to_string(),
        "EventData": data(&fields).to_string(), "Type": "WindowsEvent",
    })
    .to_string()
}

/// `Event`: the fields as XML in a string, and the message.
fn log_analytics_event(n: u64) -> String {
    let (id, fields) = event(n);
    let data = format!(
        "<DataItem type=\"System.XmlData\" time=\"2026-11-24T08:01:01.135Z\" sourceHealthServiceId=\"\
         00000000-0000-0000-0000-000000000000\"><EventData>{}</EventData></DataItem>",
        elements(&fields, '\'')
    );
    json!({
        "TenantId": "00000000-0000-0000-0000-000000000000", "TimeGenerated": "2026-11-24T08:01:01.135Z", "Computer": HOST,
        "EventID": id, "Source": SYSMON, "EventLog": CHANNEL, "EventLevelName": "Information", "EventData": data,
        "RenderedDescription": message(id, &fields), "Type": "Event",
    })
    .to_string()
}

/// Azure diagnostics: the event as XML in a string, and the message.
fn raw_xml(n: u64) -> String {
    let (id, fields) = event(n);
    json!({
        "time": "2026-11-24T08:01:01.135Z", "category": "WindowsEventLogsTable", "level": "Informational",
        "properties": {
            "DeploymentId": "00000000-0000-0000-0000-000000000000", "Role": "IaaS", "RoleInstance": "_ws-12",
            "ProviderName": SYSMON, "Channel": CHANNEL, "EventId": id, "Level": 4, "Opcode": 0, "Task": id, "Pid": 2116,
            "Tid": 3760, "Description": message(id, &fields), "RawXml": windows_event_xml(n),
        },
    })
    .to_string()
}

fn evtx_json(n: u64) -> String {
    let (id, fields) = event(n);
    json!({"Event": {
        "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
        "System": {
            "Provider": {"#attributes": {"Name": SYSMON, "Guid": "5770385F-C22A-43E0-BF4C-06F5698FFBD9"}}, "EventID": id,
            "Version": 5, "Level": 4, "Task": id, "Opcode": 0, "Keywords": "0x8000000000000000",
            "TimeCreated": {"#attributes": {"SystemTime": "2026-11-24T08:01:01.135Z"}}, "EventRecordID": n,
            "Correlation": null, "Execution": {"#attributes": {"ProcessID": 2116, "ThreadID": 3760}}, "Channel": CHANNEL,
            "Computer": HOST, "Security": {"#attributes": {"UserID": "S-1-5-18"}},
        },
        "EventData": data(&fields),
    }})
    .to_string()
}

/// Fluent Bit: values without names, and the message.
fn winevtlog(n: u64) -> String {
    let (id, fields) = event(n);
    let values: Vec<&str> = fields.iter().map(|(_, value)| &**value).collect();
    json!({
        "date": 1_795_507_261.135, "ProviderName": SYSMON, "ProviderGuid": "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
        "Qualifiers": "", "EventID": id, "Version": 5, "Level": 4, "Task": id, "Opcode": 0, "Keywords": "0x8000000000000000",
        "TimeCreated": "2026-11-24 09:01:01 +0100", "EventRecordID": n, "ActivityID": "", "RelatedActivityID": "",
        "ProcessID": 2116, "ThreadID": 3760, "Channel": CHANNEL, "Computer": HOST, "UserID": "NT AUTHORITY\\SYSTEM",
        "Message": message(id, &fields), "StringInserts": values,
    })
    .to_string()
}

fn elements(fields: &Fields, quote: char) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        let _ = write!(text, "<Data Name={quote}{name}{quote}>{value}</Data>");
    }
    text
}

fn xml(n: u64, provider: &str, namespace: &str, quote: char, host: &str, elements: &str) -> String {
    let (id, _) = event(n);
    let system = format!(
        "<System><Provider Name='{provider}' Guid='{{5770385F-C22A-43E0-BF4C-06F5698FFBD9}}'/><EventID>{id}</EventID>\
         <Version>5</Version><Level>4</Level><Task>{id}</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>\
         <TimeCreated SystemTime='2026-11-24T08:00:01.135Z'/><EventRecordID>{n}</EventRecordID><Correlation/>\
         <Execution ProcessID='2116' ThreadID='3760'/><Channel>{provider}/Operational</Channel>\
         <Computer>{host}</Computer><Security UserID='S-1-5-18'/></System>"
    );
    let system = system.replace('\'', &quote.to_string());
    format!("<Event{namespace}>{system}<EventData>{elements}</EventData></Event>")
}

fn windows_event_xml(n: u64) -> String {
    let namespace = " xmlns='http://schemas.microsoft.com/win/2004/08/events/event'";
    xml(n, SYSMON, namespace, '\'', HOST, &elements(&event(n).1, '\''))
}

fn sysmon_linux(n: u64) -> String {
    let (_, mut fields) = event(n);
    for (name, value) in &mut fields {
        match *name {
            "Image" => *value = "/usr/lib/jvm/java-21-openjdk-amd64/bin/java".to_owned(),
            "TargetFilename" => *value = format!("/srv/app/cache/session-{:x}/part-{n:06x}.tmp", n % 50),
            "User" => *value = format!("user{}", n % 50),
            _ => {}
        }
    }
    let event = xml(n, "Linux-Sysmon", "", '"', "node-07", &elements(&fields, '"'));
    format!("<14>Nov 24 08:01:01 node-07 sysmon: {event}")
}

/// The name of a file that is read, and the arguments of the program that does.
fn read(n: u64) -> (String, [String; 3]) {
    let name = format!("/srv/app/data.{n}");
    (name.clone(), ["cat".to_owned(), "-n".to_owned(), name])
}

fn laurel(n: u64) -> String {
    let (name, arguments) = read(n);
    json!({
        "ID": format!("1795507261.135:{n}"), "NODE": "node-07",
        "SYSCALL": {
            "arch": "0xc000003e", "syscall": 257, "success": "yes", "exit": 3, "items": 1, "ppid": 5826, "pid": 4000 + n % 999,
            "auid": 1000, "uid": 1000, "gid": 1000, "euid": 1000, "suid": 1000, "fsuid": 1000, "egid": 1000, "sgid": 1000,
            "fsgid": 1000, "tty": "pts0", "ses": 3, "comm": "cat", "exe": "/usr/bin/cat", "key": "watch", "ARCH": "x86_64",
            "SYSCALL": "openat", "AUID": "user1", "UID": "user1", "GID": "user1", "EUID": "user1", "SUID": "user1",
            "FSUID": "user1", "EGID": "user1", "SGID": "user1", "FSGID": "user1",
            "ARGV": ["0xffffff9c", "0x7fff2ef08a95", "0x0", "0x0"],
            "PPID": {"EVENT_ID": "1795507260.001:7", "comm": "bash", "exe": "/usr/bin/bash"},
        },
        "CWD": {"cwd": "/srv/app"},
        "PATH": [{
            "item": 0, "name": name, "inode": 9_805_829, "dev": "fe:00", "mode": "0o100644", "ouid": 0, "ogid": 0,
            "rdev": "00:00", "nametype": "NORMAL", "cap_fp": "0x0", "cap_fi": "0x0", "cap_fe": 0, "cap_fver": "0x0",
            "OUID": "root", "OGID": "root",
        }],
        "PROCTITLE": {"ARGV": arguments},
    })
    .to_string()
}

fn auditbeat(n: u64) -> String {
    let (name, arguments) = read(n);
    json!({
        "@timestamp": "2026-11-24T08:01:01.135Z", "@metadata": {"beat": "auditbeat", "type": "_doc", "version": "8.15.0"},
        "event": {
            "kind": "event", "module": "auditd", "category": ["file"], "type": ["access"], "action": "opened-file",
            "outcome": "success",
        },
        "auditd": {
            "sequence": n, "session": "3", "result": "success", "message_type": "syscall",
            "summary": {
                "actor": {"primary": "user1", "secondary": "user1"}, "how": "/usr/bin/cat",
                "object": {"primary": name, "type": "file"},
            },
            "data": {
                "arch": "x86_64", "syscall": "openat", "exit": "3", "a0": "ffffff9c", "a1": "7fff2ef08a95", "a2": "0",
                "a3": "0", "tty": "pts0",
            },
            "paths": [{
                "item": "0", "name": name, "inode": "9805829", "dev": "fe:00", "mode": "0100644", "ouid": "0", "ogid": "0",
                "rdev": "00:00", "nametype": "NORMAL",
            }],
        },
        "user": {
            "id": "1000", "name": "user1", "audit": {"id": "1000", "name": "user1"}, "group": {"id": "1000", "name": "user1"},
            "filesystem": {"id": "1000", "name": "user1", "group": {"id": "1000", "name": "user1"}},
        },
        "process": {
            "pid": 4000 + n % 999, "parent": {"pid": 5826}, "name": "cat", "executable": "/usr/bin/cat",
            "working_directory": "/srv/app", "title": arguments.join(" "), "args": arguments,
        },
        "file": {"path": name, "inode": "9805829", "device": "00:00", "mode": "0644", "owner": "root", "group": "root"},
        "tags": ["watch"], "service": {"type": "auditd"}, "ecs": {"version": "8.0.0"}, "host": {"name": "node-07"},
        "agent": {"type": "auditbeat", "version": "8.15.0", "name": "node-07"},
    })
    .to_string()
}

fn falco(n: u64) -> String {
    let (name, arguments) = read(n);
    json!({
        "hostname": "node-07", "output": format!("08:01:01.135: Notice A file was read (file={name} process=cat user=user1)"),
        "output_fields": {
            "container.id": "2c34dbf0d4a1", "container.image.repository": "registry.contoso.example/app",
            "evt.time": 1_795_507_261_135_000_000_u64 + n, "evt.type": "openat", "evt.arg.flags": "O_RDONLY|O_CLOEXEC",
            "fd.name": name, "k8s.ns.name": "shop", "k8s.pod.name": "web-6d4cf56db6-x2x7l",
            "proc.cmdline": arguments.join(" "), "proc.exepath": "/usr/bin/cat", "proc.name": "cat", "proc.pname": "bash",
            "proc.pid": 4000 + n % 999, "proc.ppid": 5826, "user.name": "user1", "user.uid": 1000,
        },
        "priority": "Notice", "rule": "A file was read", "source": "syscall", "tags": ["filesystem", "T1528"],
        "time": "2026-11-24T08:01:01.135000000Z",
    })
    .to_string()
}

fn tetragon(n: u64) -> String {
    let (name, arguments) = read(n);
    let process = |binary: &str, arguments: &str, pid: u64| {
        json!({
            "exec_id": format!("bm9kZS0wNzo1OTg3NDQxNjM5NTcyMzo{pid}"), "pid": pid, "uid": 1000, "cwd": "/srv/app",
            "binary": binary, "arguments": arguments, "flags": "execve clone", "start_time": "2026-11-24T08:01:01.001Z",
            "auid": 1000, "parent_exec_id": "bm9kZS0wNzo1OTg3NDQxNjM5NTcyMzo1ODI2", "tid": pid,
            "pod": {
                "namespace": "shop", "name": "web-6d4cf56db6-x2x7l", "workload": "web", "workload_kind": "Deployment",
                "container": {
                    "id": "containerd://2c34dbf0d4a1", "name": "web", "start_time": "2026-11-24T07:00:00Z", "pid": 7,
                    "image": {"id": "registry.contoso.example/app@sha256:0d4a1", "name": "registry.contoso.example/app:1"},
                },
            },
        })
    };
    json!({
        "process_kprobe": {
            "process": process("/usr/bin/cat", &arguments[1..].join(" "), 4000 + n % 999),
            "parent": process("/usr/bin/bash", "-l", 5826), "function_name": "security_file_permission",
            "args": [{"file_arg": {"path": name, "permission": "-rw-r--r--"}}, {"int_arg": 4}],
            "return": {"int_arg": 0}, "action": "KPROBE_ACTION_POST", "policy_name": "files",
            "return_action": "KPROBE_ACTION_POST",
        },
        "node_name": "node-07", "time": "2026-11-24T08:01:01.135000000Z",
    })
    .to_string()
}
