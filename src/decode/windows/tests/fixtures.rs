//! An event as each sender writes it.

use serde_json::{Map, Value as Json, json};

/// An event.
pub(super) struct Fixture {
    pub(super) provider: &'static str,
    pub(super) id: u16,
    pub(super) fields: Vec<(&'static str, &'static str)>,
}

impl Fixture {
    pub(super) fn short(&self) -> &'static str {
        if self.provider.ends_with("Sysmon") { "sysmon" } else { "security" }
    }

    fn object(&self) -> Map<String, Json> {
        self.fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
    }

    fn data(&self) -> String {
        let data = self.fields.iter().map(|(name, value)| {
            let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            format!("<Data Name='{name}'>{value}</Data>")
        });
        format!("<EventData>{}</EventData>", data.collect::<String>())
    }
}

/// An event of Sysmon's.
pub(super) fn sysmon(id: u16, fields: &[(&'static str, &'static str)]) -> Fixture {
    Fixture { provider: "Microsoft-Windows-Sysmon", id, fields: fields.to_vec() }
}

type Write = fn(&Fixture) -> String;

/// Every sender's form by its decoder's name, those of them that have several.
pub(super) const SENDERS: [(&str, Write); 13] = [
    ("winlogbeat", winlogbeat),
    ("winlogbeat", winlogbeat_dotted),
    ("nxlog", nxlog),
    ("log-analytics-windows", windows_event),
    ("log-analytics-windows", event_table),
    ("log-analytics-windows", event_params),
    ("azure-diagnostics-windows", azure_diagnostics),
    ("evtx-json", evtx),
    ("evtx-json", evtx_list),
    ("fluent-bit-winevtlog", winevtlog),
    ("windows-event-xml", event_xml),
    ("windows-event-xml", wrapped_xml),
    ("sysmon-linux", syslog_xml),
];

const HOST: &str = "ws-12.contoso.example";
const TIME: &str = "2026-11-24T08:00:02.000Z";

pub(super) fn winlogbeat(event: &Fixture) -> String {
    json!({
        "@timestamp": TIME, "agent": {"name": "agent", "type": "winlogbeat"}, "host": {"name": "collector"},
        "event": {"provider": event.provider, "code": event.id.to_string()}, "message": "x",
        "winlog": {
            "event_id": event.id.to_string(), "provider_name": event.provider, "record_id": 4711, "computer_name": HOST,
            "process": {"pid": 1}, "user": {"name": "SYSTEM"}, "event_data": event.object(),
        },
    })
    .to_string()
}

fn winlogbeat_dotted(event: &Fixture) -> String {
    let mut line = json!({
        "@timestamp": TIME, "winlog.event_id": event.id, "winlog.provider_name": event.provider, "winlog.record_id": "4711",
        "winlog.computer_name": HOST,
    });
    for (name, value) in &event.fields {
        line[format!("winlog.event_data.{name}")] = json!(value);
    }
    line.to_string()
}

fn nxlog(event: &Fixture) -> String {
    let mut line = json!({
        "EventTime": "2026-11-24 09:00:00", "Hostname": HOST, "EventID": event.id, "SourceName": event.provider,
        "RecordNumber": 4711, "ExecutionProcessID": 1, "ThreadID": 2, "AccountName": "SYSTEM", "Domain": "NT AUTHORITY",
        "UserID": "S-1-5-18", "EventReceivedTime": "2026-11-24 09:00:01", "SourceModuleType": "im_msvistalog",
    });
    line.as_object_mut().unwrap().append(&mut event.object());
    line.to_string()
}

fn windows_event(event: &Fixture) -> String {
    json!({
        "TenantId": "x", "TimeGenerated": TIME, "Provider": event.provider, "Channel": "x", "Computer": HOST,
        "EventData": Json::Object(event.object()).to_string(), "EventID": event.id, "Type": "WindowsEvent",
    })
    .to_string()
}

fn event_table(event: &Fixture) -> String {
    json!({
        "TimeGenerated": TIME, "Source": event.provider, "EventLog": "x", "Computer": HOST, "EventID": event.id,
        "EventData": format!("<DataItem type=\"System.XmlData\" time=\"x\">{}</DataItem>", event.data()), "Type": "Event",
    })
    .to_string()
}

/// The Event table without XML: values in Sysmon's case, columns in SecurityEvent's.
fn event_params(event: &Fixture) -> String {
    let params = event.fields.iter().map(|(_, value)| {
        format!("<Param>{}</Param>", value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
    });
    let mut line = json!({"TimeGenerated": TIME, "Computer": HOST, "EventID": event.id});
    if event.short() == "sysmon" {
        line["Source"] = json!(event.provider);
        line["ParameterXml"] = json!(params.collect::<String>());
    } else {
        line["EventSourceName"] = json!(event.provider);
        line.as_object_mut().unwrap().append(&mut event.object());
    }
    line.to_string()
}

pub(super) fn azure_diagnostics(event: &Fixture) -> String {
    json!({
        "category": "WindowsEventLogsTable", "time": TIME,
        "properties": {
            "ProviderName": event.provider, "EventId": event.id, "Pid": 1, "RoleInstance": "_x", "Description": "x",
            "RawXml": event_xml(event),
        },
    })
    .to_string()
}

fn evtx(event: &Fixture) -> String {
    json!({"Event": {
        "#attributes": {"xmlns": "x"},
        "System": {
            "Provider": {"#attributes": {"Name": event.provider}},
            "EventID": {"#text": event.id, "#attributes": {"Qualifiers": ""}},
            "TimeCreated": {"#attributes": {"SystemTime": TIME}}, "EventRecordID": 4711, "Computer": HOST,
        },
        "EventData": event.object(),
    }})
    .to_string()
}

fn evtx_list(event: &Fixture) -> String {
    let data = event.fields.iter().map(|(name, value)| json!({"@Name": name, "#text": value}));
    json!({"Event": {
        "System": {
            "Provider": {"@Name": event.provider}, "EventID": event.id.to_string(), "TimeCreated": {"@SystemTime": TIME},
            "EventRecordID": "4711", "Computer": HOST,
        },
        "EventData": {"Data": data.collect::<Vec<_>>()},
    }})
    .to_string()
}

pub(super) fn winevtlog(event: &Fixture) -> String {
    let values: Vec<&str> = event.fields.iter().map(|(_, value)| *value).collect();
    json!({
        "ProviderName": event.provider, "EventID": event.id, "TimeCreated": "2026-11-24 09:00:02 +0100",
        "EventRecordID": 4711, "ProcessID": 1, "Computer": HOST, "Message": "x", "StringInserts": values,
    })
    .to_string()
}

pub(super) fn event_xml(event: &Fixture) -> String {
    let Fixture { provider, id, .. } = event;
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='{provider}' Guid='x'/>\
         <EventID>{id}</EventID><Version>5</Version><TimeCreated SystemTime='{TIME}'/><EventRecordID>4711</EventRecordID>\
         <Correlation/><Execution ProcessID='1' ThreadID='2'/><Computer>{HOST}</Computer><Security UserID='S-1-5-18'/>\
         </System>{}</Event>",
        event.data()
    )
}

/// In the object of a shipper.
fn wrapped_xml(event: &Fixture) -> String {
    json!({"message": event_xml(event), "host": {"name": "collector"}}).to_string()
}

/// As Sysmon for Linux has it, for whatever event.
fn syslog_xml(event: &Fixture) -> String {
    let provider = if event.provider == "Microsoft-Windows-Sysmon" { "Linux-Sysmon" } else { event.provider };
    let event = Fixture { provider, id: event.id, fields: event.fields.clone() };
    format!("<14>Nov 24 08:00:02 web-1 sysmon: {}", event_xml(&event))
}
