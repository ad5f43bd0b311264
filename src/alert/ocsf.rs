//! OCSF 1.8.0, Detection Finding: <https://schema.ocsf.io/1.8.0/classes/detection_finding>.

use serde_json::{Map, Value, json};

use super::finding::{Finding, Technique, maybe, members, milliseconds, object, string};
use crate::rule::{Confidence, Severity};

/// All members but `unmapped`.
pub(super) fn alert(finding: &Finding<'_>) -> Map<String, Value> {
    let rule = finding.rule;
    let severity = match rule.severity {
        Severity::Informational => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
    };
    let confidence = rule.confidence.map(|confidence| match confidence {
        Confidence::Low => (1, "Low"),
        Confidence::Medium => (2, "Medium"),
        Confidence::High => (3, "High"),
    });
    let (now, event) = (milliseconds(finding.now), finding.time.map(milliseconds));
    let metadata = object([
        ("version", string("1.8.0")),
        ("uid", string(finding.id)),
        ("product", Some(json!({"name": "kqltap", "vendor_name": "kqltap", "version": env!("CARGO_PKG_VERSION")}))),
        ("log_name", string(finding.table)),
        ("original_time", finding.time.map(|time| json!(time.to_text7()))),
    ]);
    members([
        ("activity_id", Some(json!(1))),
        ("activity_name", string("Create")),
        ("category_uid", Some(json!(2))),
        ("category_name", string("Findings")),
        ("class_uid", Some(json!(2004))),
        ("class_name", string("Detection Finding")),
        ("type_uid", Some(json!(200_401))),
        ("type_name", string("Detection Finding: Create")),
        ("severity_id", Some(json!(severity.0))),
        ("severity", string(severity.1)),
        ("confidence_id", confidence.map(|(id, _)| json!(id))),
        ("confidence", confidence.map(|(_, name)| json!(name))),
        ("status_id", Some(json!(1))),
        ("status", string("New")),
        ("is_alert", Some(json!(true))),
        // When it was found; the event's own time is the other two.
        ("time", Some(json!(now))),
        ("start_time", event.map(|time| json!(time))),
        ("end_time", event.map(|time| json!(time))),
        ("message", string(finding.message())),
        ("metadata", metadata),
        ("finding_info", finding_info(finding)),
        ("evidences", evidence(finding).map(|evidence| json!([evidence]))),
        ("resources", finding.target().map(|name| json!([{"name": name}]))),
    ])
}

fn finding_info(finding: &Finding<'_>) -> Option<Value> {
    let rule = finding.rule;
    let analytic = json!({"type_id": 1, "type": "Rule", "uid": rule.id, "name": rule.name, "version": rule.version});
    let named = |(uid, name): (&str, &str)| json!({"uid": uid, "name": name});
    let attack = |Technique { technique, sub, tactic }: Technique<'_>| {
        object([
            ("tactic", tactic.map(|(uid, name)| named((uid, &name)))),
            ("technique", Some(named(technique))),
            ("sub_technique", sub.map(named)),
            ("version", string(Finding::attack_version())),
        ])
    };
    let attacks: Vec<Value> = finding.techniques().into_iter().filter_map(attack).collect();
    object([
        ("uid", string(finding.id)),
        ("title", string(&rule.name)),
        ("desc", string(&rule.description).filter(|_| !rule.description.is_empty())),
        ("analytic", Some(analytic)),
        ("attacks", Some(json!(attacks)).filter(|_| !attacks.is_empty())),
        ("created_time", Some(json!(milliseconds(finding.now)))),
        ("first_seen_time", finding.time.map(|time| json!(milliseconds(time)))),
        ("last_seen_time", finding.time.map(|time| json!(milliseconds(time)))),
    ])
}

/// Typed objects only; the rest is in the native alert.
fn evidence(finding: &Finding<'_>) -> Option<Value> {
    let user = finding.user().map(|name| json!({"user": {"name": name}}));
    let process = object([("name", maybe(finding.process())), ("cmd_line", maybe(finding.command_line()))]);
    // A file's name is required.
    let file = finding.file().and_then(|name| {
        object([("name", string(name)), ("type_id", Some(json!(1))), ("path", maybe(finding.path()))])
    });
    let operation = finding.operation().filter(|_| !finding.is_of_device());
    object([
        ("actor", user),
        ("process", process),
        ("device", finding.host().map(|name| json!({"hostname": name, "type_id": 0}))),
        ("file", file),
        ("src_endpoint", finding.source_ip().map(|ip| json!({"ip": ip}))),
        ("dst_endpoint", finding.destination_ip().map(|ip| json!({"ip": ip}))),
        ("http_request", finding.url().map(|url| json!({"url": {"url_string": url}}))),
        ("api", operation.map(|operation| json!({"operation": operation}))),
    ])
}
