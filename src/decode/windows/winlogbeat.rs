//! Winlogbeat and Elastic Agent, as objects in objects or with dotted names; of version 6, whose members are at the top.
//!
//! Elastic's ingest pipelines may have moved the fields to the Elastic Common Schema's names, and left none of Sysmon's.

use std::borrow::Cow;

use super::super::tree::Node;
use super::fields::{Field, Fields};
use super::{Around, Event, Kind, Provider, Rows, Taken, message};
use crate::value::DateTime;

/// The Elastic Common Schema's names of Sysmon's fields.
const ECS: &[(&str, Field)] = &[
    ("process.executable", Field::Image),
    ("process.pid", Field::ProcessId),
    ("process.entity_id", Field::ProcessGuid),
    ("process.command_line", Field::CommandLine),
    ("process.parent.executable", Field::ParentImage),
    ("process.parent.pid", Field::ParentProcessId),
    ("process.parent.command_line", Field::ParentCommandLine),
    ("destination.ip", Field::DestinationIp),
    ("destination.port", Field::DestinationPort),
    ("destination.domain", Field::DestinationHostname),
    ("source.ip", Field::SourceIp),
    ("source.port", Field::SourcePort),
    ("source.domain", Field::SourceHostname),
    ("network.transport", Field::Protocol),
    ("file.path", Field::TargetFilename),
    ("dns.question.name", Field::QueryName),
];

/// What stands under `winlog`.
#[derive(Default)]
struct Winlog<'t> {
    provider: Option<Cow<'t, str>>,
    id: Option<Cow<'t, str>>,
    record: Option<Cow<'t, str>>,
    host: Option<Cow<'t, str>>,
    time: Option<Cow<'t, str>>,
    data: Option<Node<'t>>,
    has_dotted_data: bool,
}

pub(in crate::decode) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let mut winlog = Winlog::default();
    for child in node.children() {
        match &*child.name() {
            "winlog" => child.children().for_each(|child| winlog.member(&child.name(), child)),
            "@timestamp" => winlog.time = child.text(),
            "event_data" | "source_name" | "computer_name" | "record_number" | "event_id" => {
                winlog.member(&child.name(), child);
            }
            name => {
                if let Some(name) = name.strip_prefix("winlog.") {
                    winlog.member(name, child);
                }
            }
        }
    }
    let by_ecs = || node.text_at("event.provider").filter(|name| Provider::named(name).is_some());
    let Some(provider) = winlog.provider.take().or_else(by_ecs) else {
        return Taken::No;
    };
    let id = winlog.id.take().or_else(|| node.text_at("event.code")).unwrap_or_default();
    let Some(kind) = Kind::wanted(Provider::named(&provider), &id, rows) else {
        return Taken::Yes;
    };
    let mut fields = Fields::new();
    if let Some(data) = winlog.data {
        fields.members(data);
    }
    if winlog.has_dotted_data {
        dotted(node, &mut fields);
    }
    if kind.provider == Provider::Sysmon && fields.get(Field::Image).is_none() {
        ecs(node, &mut fields);
        if fields.get(Field::Image).is_none()
            && let Some(text) = node.text_at("message")
        {
            message::read(text, &mut fields);
        }
    }
    let event = Event {
        decoder: "winlogbeat",
        kind,
        record: winlog.record,
        host: winlog.host.or_else(|| node.text_at("host.name")),
        time: fields.time_or(|| DateTime::parse(&winlog.time?)),
    };
    event.write(&fields, around, rows)
}

impl<'t> Winlog<'t> {
    fn member(&mut self, name: &str, node: Node<'t>) {
        match name {
            "provider_name" | "source_name" => self.provider = node.text(),
            "event_id" => self.id = node.text(),
            "record_id" | "record_number" => self.record = node.text(),
            "computer_name" => self.host = node.text(),
            "event_data" => self.data = Some(node),
            name => self.has_dotted_data |= name.starts_with("event_data."),
        }
    }
}

/// `winlog.event_data.Image`, or `event_data.Image` in `winlog`.
fn dotted<'t>(node: Node<'t>, fields: &mut Fields<'t>) {
    let winlog = node.get("winlog");
    for child in node.children().chain(winlog.iter().flat_map(Node::children)) {
        let name = child.name();
        let name = name.strip_prefix("winlog.").unwrap_or(&name);
        if let Some(field) = name.strip_prefix("event_data.").and_then(Field::named)
            && let Some(text) = child.text()
        {
            fields.set(field, text);
        }
    }
}

fn ecs<'t>(node: Node<'t>, fields: &mut Fields<'t>) {
    for (path, field) in ECS {
        fields.add(*field, node.text_at(path));
    }
    if let Some(name) = node.text_at("user.name") {
        let user = match node.text_at("user.domain") {
            Some(domain) => Cow::Owned(format!("{domain}\\{name}")),
            None => name,
        };
        fields.add(Field::User, Some(user));
    }
    if matches!(node.text_at("network.direction").as_deref(), Some("ingress" | "inbound")) {
        fields.add(Field::Initiated, Some(Cow::Borrowed("false")));
    }
}
