//! Microsoft Sentinel's ASIM AlertEvent 0.1:
//! <https://learn.microsoft.com/azure/sentinel/normalization-schema-alert>.

use serde_json::{Map, Value, json};

use super::finding::{Finding, maybe, members, string};
use crate::rule::Severity;

/// All members but `AdditionalFields`.
pub(super) fn alert(finding: &Finding<'_>) -> Map<String, Value> {
    let rule = finding.rule;
    let severity = match rule.severity {
        Severity::Informational => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
    };
    let indicator = match finding.table {
        "DeviceNetworkEvents" => "Ip",
        "DeviceFileEvents" => "File",
        "DeviceProcessEvents" => "Process",
        "AuditLogs" | "AADAuditEvents" => "Application",
        "DeviceEvents" | "DeviceInfo" => "Host",
        _ => "User",
    };
    // An alert is of one event; without a time of its own it happened when it was seen.
    let time = finding.time.unwrap_or(finding.now).to_text7();
    let techniques: Vec<String> = finding
        .techniques()
        .iter()
        .map(|all| all.sub.unwrap_or(all.technique))
        .map(|(id, name)| format!("{name} ({id})"))
        .collect();
    let listed = |list: Vec<String>| Some(json!(list.join(", "))).filter(|_| !list.is_empty());
    members([
        ("TimeGenerated", string(finding.now.to_text7())),
        ("EventCount", Some(json!(1))),
        ("EventStartTime", string(&time)),
        ("EventEndTime", string(&time)),
        ("EventType", string("Alert")),
        ("EventSubType", string("Threat")),
        ("EventUid", string(finding.id)),
        ("AlertId", string(finding.id)),
        ("EventProduct", string("kqltap")),
        ("EventProductVersion", string(env!("CARGO_PKG_VERSION"))),
        ("EventVendor", string("kqltap")),
        ("EventSchema", string("AlertEvent")),
        ("EventSchemaVersion", string("0.1")),
        ("EventSeverity", string(severity)),
        ("EventMessage", string(finding.message())),
        ("AlertName", string(&rule.name)),
        ("AlertDescription", string(finding.message())),
        ("AlertStatus", string("Active")),
        ("RuleName", string(&rule.name)),
        ("RuleDescription", string(&rule.description).filter(|_| !rule.description.is_empty())),
        ("IndicatorType", string(indicator)),
        ("AttackTactics", listed(rule.tactics.clone())),
        ("AttackTechniques", listed(techniques)),
        ("DvcHostname", maybe(finding.host())),
        ("Username", maybe(finding.user())),
        ("ProcessName", maybe(finding.process())),
        ("ProcessCommandLine", maybe(finding.command_line())),
        ("FileName", maybe(finding.file())),
        ("FilePath", maybe(finding.path())),
        ("Url", maybe(finding.url())),
        ("IpAddr", maybe(finding.destination_ip().or_else(|| finding.source_ip()))),
    ])
}
