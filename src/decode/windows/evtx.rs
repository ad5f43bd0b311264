//! Log files turned into JSON, as `evtx_dump` and tools with an XML-to-JSON step write them: `Event.System` and
//! `Event.EventData`, attributes under `#attributes`, `@Name` or `Provider_attributes`.

use std::borrow::Cow;

use super::super::tree::Node;
use super::fields::{Field, Fields};
use super::{Around, Event, Kind, Provider, Rows, Taken};
use crate::value::DateTime;

pub(in crate::decode) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let Some(event) = node.get("Event") else {
        return Taken::No;
    };
    let Some(system) = event.get("System") else {
        return Taken::No;
    };
    let provider = attribute(system, "Provider", "Name").and_then(|name| Provider::named(&name));
    let id = system.get("EventID").and_then(text).unwrap_or_default();
    let Some(kind) = Kind::wanted(provider, &id, rows) else {
        return Taken::Yes;
    };
    let mut fields = Fields::new();
    if let Some(data) = event.get("EventData") {
        fields.members(data);
        list(data, &mut fields);
    }
    let event = Event {
        decoder: "evtx-json",
        kind,
        record: system.get("EventRecordID").and_then(text),
        host: system.get("Computer").and_then(text),
        time: fields.time_or(|| DateTime::parse(&attribute(system, "TimeCreated", "SystemTime")?)),
    };
    event.write(&fields, around, rows)
}

/// An element's text, whether it has attributes or not.
fn text(node: Node<'_>) -> Option<Cow<'_, str>> {
    node.text().or_else(|| node.get("#text")?.text())
}

/// An element's attribute, wherever the tool has put it.
fn attribute<'t>(parent: Node<'t>, element: &str, name: &str) -> Option<Cow<'t, str>> {
    if let Some(element) = parent.get(element) {
        let of = |node: Node<'t>| node.get(name)?.text();
        let attributes = ["#attributes", "@attributes"].iter().find_map(|list| element.get(list).and_then(of));
        return attributes.or_else(|| element.get(&format!("@{name}"))?.text()).or_else(|| of(element));
    }
    parent.get(&format!("{element}_attributes"))?.get(name)?.text()
}

/// `"Data": [{"@Name": "Image", "#text": "…"}]`, and the same under `#attributes`.
fn list<'t>(data: Node<'t>, fields: &mut Fields<'t>) {
    let Some(data) = data.get("Data").filter(Node::is_array) else {
        return;
    };
    for element in data.children().filter(Node::is_object) {
        let name = element.get("@Name").or_else(|| element.get("Name"));
        let name = name.or_else(|| element.get("#attributes")?.get("Name")).and_then(|name| name.text());
        if let Some(field) = name.and_then(|name| Field::named(&name))
            && let Some(text) = text(element)
        {
            fields.set(field, text);
        }
    }
}
