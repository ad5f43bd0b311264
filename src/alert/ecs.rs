//! ECS 9.4, an event of kind `alert`: <https://www.elastic.co/docs/reference/ecs>.

use serde_json::{Map, Value, json};

use super::finding::{Finding, Named, maybe, members, object, string};
use crate::rule::Severity;
use crate::value::DateTime;

/// All members but `kqltap`.
pub(super) fn alert(finding: &Finding<'_>) -> Map<String, Value> {
    let (host, user) = (finding.host(), finding.user());
    let addresses: Vec<String> = [finding.source_ip(), finding.destination_ip()].into_iter().flatten().collect();
    let process = object([("name", maybe(finding.process())), ("command_line", maybe(finding.command_line()))]);
    let related = object([
        ("ip", Some(json!(addresses)).filter(|_| !addresses.is_empty())),
        ("user", user.as_ref().map(|user| json!([user]))),
        ("hosts", host.as_ref().map(|host| json!([host]))),
    ]);
    members([
        ("@timestamp", Some(time(finding.time.unwrap_or(finding.now)))),
        ("ecs", Some(json!({"version": "9.4.0"}))),
        ("message", string(finding.message())),
        ("event", event(finding)),
        ("rule", rule(finding)),
        ("threat", threat(finding)),
        ("host", host.map(|name| json!({"name": name}))),
        ("user", user.map(|name| json!({"name": name}))),
        ("process", process),
        ("file", object([("name", maybe(finding.file())), ("path", maybe(finding.path()))])),
        ("source", finding.source_ip().map(|ip| json!({"ip": ip}))),
        ("destination", finding.destination_ip().map(|ip| json!({"ip": ip}))),
        ("url", finding.url().map(|url| json!({"full": url}))),
        ("related", related),
    ])
}

/// Elasticsearch's dates have milliseconds, and take what is finer.
fn time(time: DateTime) -> Value {
    json!(time.to_text7())
}

fn event(finding: &Finding<'_>) -> Option<Value> {
    // Allowed values only; what a table is about says which.
    let (category, kind): (&[&str], &str) = match finding.table {
        "DeviceNetworkEvents" => (&["network"], "connection"),
        "DeviceFileEvents" => (&["file"], "access"),
        "DeviceProcessEvents" => (&["process"], "start"),
        "AuditLogs" | "AADAuditEvents" => (&["iam", "configuration"], "change"),
        "SigninLogs" | "DeviceLogonEvents" | "AADNonInteractiveUserSignInLogs" => (&["authentication"], "start"),
        _ => (&["intrusion_detection"], "info"),
    };
    let severity = match finding.rule.severity {
        Severity::Informational => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
    };
    object([
        ("kind", string("alert")),
        ("category", Some(json!(category))),
        ("type", Some(json!([kind]))),
        ("action", maybe(finding.operation())),
        ("dataset", string("kqltap.alerts")),
        ("module", string("kqltap")),
        ("provider", string(finding.table)),
        ("id", string(finding.id)),
        ("created", Some(time(finding.now))),
        ("start", finding.time.map(time)),
        ("severity", Some(json!(severity))),
        ("reason", string(finding.message())),
    ])
}

fn rule(finding: &Finding<'_>) -> Option<Value> {
    let rule = finding.rule;
    object([
        ("id", string(&rule.id)),
        ("name", string(&rule.name)),
        ("description", string(&rule.description).filter(|_| !rule.description.is_empty())),
        ("version", string(&rule.version)),
    ])
}

fn threat(finding: &Finding<'_>) -> Option<Value> {
    let (tactics, all) = (finding.tactics(), finding.techniques());
    if tactics.is_empty() && all.is_empty() {
        return None;
    }
    let names = |list: Vec<String>| Some(json!(list)).filter(|_| !list.is_empty());
    let ids: Vec<&str> = tactics.iter().filter_map(|(id, _)| *id).collect();
    let pages = |list: &[&str], kind: &str| {
        names(list.iter().map(|id| format!("https://attack.mitre.org/{kind}/{}/", id.replace('.', "/"))).collect())
    };
    let tactic = object([
        ("id", names(ids.iter().map(|id| (*id).to_owned()).collect())),
        ("name", names(tactics.iter().map(|(_, name)| name.clone()).collect())),
        ("reference", pages(&ids, "tactics")),
    ]);
    let of = |mut some: Vec<Named<'_>>| {
        // Several sub-techniques may be of one technique.
        some.dedup();
        let ids: Vec<&str> = some.iter().map(|(id, _)| *id).collect();
        [
            ("id", names(ids.iter().map(|id| (*id).to_owned()).collect())),
            ("name", names(some.iter().map(|(_, name)| (*name).to_owned()).collect())),
            ("reference", pages(&ids, "techniques")),
        ]
    };
    let [id, name, reference] = of(all.iter().map(|all| all.technique).collect());
    let sub = object(of(all.iter().filter_map(|all| all.sub).collect()));
    let technique = object([id, name, reference, ("subtechnique", sub)]);
    object([("framework", string("MITRE ATT&CK")), ("tactic", tactic), ("technique", technique)])
}
