//! Microsoft 365 unified audit log: what Entra ID writes there becomes rows of AuditLogs.
//!
//! Operation names end in a dot there, modified properties come without the quotes that AuditLogs puts around them, and
//! who and what stand in lists of numbered kinds.

use std::borrow::Cow;

use super::tree::Node;
use super::{Around, Rows, Taken};
use crate::value::DateTime;
use crate::value::dynamic::append_json_string;

const NAME: &str = "unified-audit-log";

/// Kinds of an `Actor` or `Target`, after the Office 365 Management Activity API's schema: a name, an object's id or kind
/// (`ServicePrincipal_…`, `User`), an application's id.
const TYPE_NAME: &str = "1";
const TYPE_OBJECT: &str = "2";

pub(super) fn decode(node: Node<'_>, _: &Around<'_>, rows: &mut Rows) -> Taken {
    let Some(operation) = node.text_at("Operation") else {
        return Taken::No;
    };
    if node.text_at("Workload").as_deref() != Some("AzureActiveDirectory") || node.get("RecordType").is_none() {
        return Taken::No;
    }
    let id = node.text_at("Id").unwrap_or_default();
    let Some(mut row) = rows.row("AuditLogs", NAME, &id) else {
        return Taken::Yes;
    };
    let operation = operation.trim_end_matches('.');
    // Its times are in UTC and say no zone.
    let time = node.text_at("CreationTime").and_then(|text| DateTime::parse(&text));
    row.time(time);
    row.maybe("ActivityDateTime", time.map(DateTime::to_text7));
    row.string("OperationName", operation);
    row.string("ActivityDisplayName", operation);
    row.string("Category", category(operation));
    row.maybe("Result", node.text_at("ResultStatus").map(|status| result(&status)));
    row.string("Id", &id);
    row.maybe("CorrelationId", node.text_at("InterSystemsId"));
    row.maybe("AADTenantId", node.text_at("OrganizationId"));
    row.string("LoggedByService", "Core Directory");
    row.json("InitiatedBy", &initiated_by(node));
    row.json("TargetResources", &targets(node));
    row.json("AdditionalDetails", &details(node));
    Taken::Yes
}

/// What AuditLogs puts the operations of applications and grants under; other operations are left without.
fn category(operation: &str) -> &'static str {
    let of_applications = ["application", "service principal", "delegated permission", "OAuth2Permission", "app role"];
    if of_applications.iter().any(|word| operation.contains(word)) { "ApplicationManagement" } else { "" }
}

/// `Success` and `Failure` in AuditLogs' spelling.
fn result(status: &str) -> String {
    match status {
        "Success" | "Succeeded" | "PartiallySucceeded" => "success".to_owned(),
        "Failure" | "Failed" => "failure".to_owned(),
        other => other.to_ascii_lowercase(),
    }
}

fn initiated_by(node: Node<'_>) -> String {
    let mut json = String::new();
    let user = node.text_at("UserId").unwrap_or_default();
    // Directory services act under a name such as `ServicePrincipal_…`; users have an address.
    if user.contains('@') || !user.starts_with("ServicePrincipal") {
        json.push_str("{\"user\":{\"userPrincipalName\":");
        append_json_string(&user, &mut json);
        json.push_str(",\"id\":");
        json_or_null(object_id(node, "Actor"), &mut json);
        json.push_str(",\"ipAddress\":");
        json_or_null(node.text_at("ActorIpAddress").or_else(|| node.text_at("ClientIP")), &mut json);
        json.push_str("},\"app\":null}");
    } else {
        json.push_str("{\"user\":null,\"app\":{\"displayName\":");
        json_or_null(of_type(node, "Actor", TYPE_NAME).next(), &mut json);
        json.push_str(",\"servicePrincipalId\":");
        json_or_null(object_id(node, "Actor"), &mut json);
        json.push_str("}}");
    }
    json
}

/// One target, with the modified properties in the quotes that AuditLogs has.
fn targets(node: Node<'_>) -> String {
    let mut json = String::from("[{\"id\":");
    json_or_null(object_id(node, "Target").or_else(|| node.text_at("ObjectId")), &mut json);
    json.push_str(",\"displayName\":");
    json_or_null(of_type(node, "Target", TYPE_NAME).next(), &mut json);
    json.push_str(",\"type\":");
    json_or_null(of_type(node, "Target", TYPE_OBJECT).find(|id| is_kind(id)), &mut json);
    json.push_str(",\"modifiedProperties\":[");
    let properties = node.get("ModifiedProperties");
    for (i, property) in properties.iter().flat_map(Node::children).enumerate() {
        json.push_str(if i > 0 { ",{\"displayName\":" } else { "{\"displayName\":" });
        json_or_null(property.text_at("Name"), &mut json);
        for (name, from) in [("oldValue", "OldValue"), ("newValue", "NewValue")] {
            json.push_str(",\"");
            json.push_str(name);
            json.push_str("\":");
            let value = property.text_at(from).filter(|value| !value.is_empty());
            json_or_null(value.map(|value| Cow::Owned(quoted(&value))), &mut json);
        }
        json.push('}');
    }
    json.push_str("]}]");
    json
}

fn details(node: Node<'_>) -> String {
    let mut json = String::from("[");
    let properties = node.get("ExtendedProperties");
    for (i, property) in properties.iter().flat_map(Node::children).enumerate() {
        json.push_str(if i > 0 { ",{\"key\":" } else { "{\"key\":" });
        json_or_null(property.text_at("Name"), &mut json);
        json.push_str(",\"value\":");
        json_or_null(property.text_at("Value"), &mut json);
        json.push('}');
    }
    json.push(']');
    json
}

/// The `ID`s of one type in a list of `{"ID":…,"Type":…}`.
fn of_type<'t>(node: Node<'t>, list: &str, wanted: &'static str) -> impl Iterator<Item = Cow<'t, str>> + use<'t> {
    let list = node.get(list);
    let entries = list.into_iter().flat_map(|list| list.children());
    entries.filter(move |e| e.text_at("Type").as_deref() == Some(wanted)).filter_map(|e| e.text_at("ID"))
}

/// The object's own id: of `ServicePrincipal_f104…`, `f104…`, `ServicePrincipal` the one that is neither kind nor both.
fn object_id<'t>(node: Node<'t>, list: &str) -> Option<Cow<'t, str>> {
    of_type(node, list, TYPE_OBJECT).find(|id| !is_kind(id) && !id.contains('_'))
}

fn is_kind(id: &str) -> bool {
    id.bytes().all(|b| b.is_ascii_alphabetic())
}

/// A text as AuditLogs puts it: JSON inside the string.
fn quoted(value: &str) -> String {
    let mut json = String::new();
    append_json_string(value, &mut json);
    json
}

fn json_or_null(value: Option<Cow<'_, str>>, json: &mut String) {
    match value {
        Some(value) => append_json_string(&value, json),
        None => json.push_str("null"),
    }
}
