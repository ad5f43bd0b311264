//! Lines of Sysmon as three senders write them: connections and created files, so that every line becomes a row.

use std::fmt::Write as _;

/// A line by its number.
pub(crate) type Line = fn(u64) -> String;

/// The senders by name.
pub(crate) const SENDERS: [(&str, Line); 3] = [("winlogbeat", winlogbeat), ("nxlog", nxlog), ("xml", xml)];

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
    let data: serde_json::Map<_, _> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), value[..].into())).collect();
    serde_json::json!({
        "@timestamp": "2026-11-24T08:00:01.135Z",
        "@metadata": {"beat": "winlogbeat", "type": "_doc", "version": "8.8.2"},
        "winlog": {
            "process": {"pid": 2116, "thread": {"id": 3760}}, "channel": "Microsoft-Windows-Sysmon/Operational",
            "provider_name": "Microsoft-Windows-Sysmon", "provider_guid": "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}",
            "event_id": id.to_string(), "record_id": n, "computer_name": "ws-12.contoso.example", "api": "wineventlog",
            "user": {"identifier": "S-1-5-18", "name": "SYSTEM", "domain": "NT AUTHORITY", "type": "User"},
            "version": 5, "opcode": "Info", "event_data": data,
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
    let mut line = serde_json::json!({
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

fn xml(n: u64) -> String {
    let (id, fields) = event(n);
    let mut line = format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider \
         Name='Microsoft-Windows-Sysmon' Guid='{{5770385F-C22A-43E0-BF4C-06F5698FFBD9}}'/><EventID>{id}</EventID>\
         <Version>5</Version><Level>4</Level><Task>{id}</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>\
         <TimeCreated SystemTime='2026-11-24T08:00:01.135Z'/><EventRecordID>{n}</EventRecordID><Correlation/>\
         <Execution ProcessID='2116' ThreadID='3760'/><Channel>Microsoft-Windows-Sysmon/Operational</Channel>\
         <Computer>ws-12.contoso.example</Computer><Security UserID='S-1-5-18'/></System><EventData>"
    );
    for (name, value) in fields {
        let _ = write!(line, "<Data Name='{name}'>{value}</Data>");
    }
    line + "</EventData></Event>"
}
