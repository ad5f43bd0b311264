//! The Azure diagnostics extension: records of the category `WindowsEventLogsTable`, the event as XML in `RawXml`, and a
//! description for people.

use super::super::tree::Node;
use super::fields::{Field, Fields};
use super::{Around, Event, Kind, Provider, Rows, Taken, message, xml};
use crate::value::DateTime;

const NAME: &str = "azure-diagnostics-windows";

pub(in crate::decode) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let Some(properties) = node.get("properties").filter(Node::is_object) else {
        return Taken::No;
    };
    let raw = properties.get("RawXml").and_then(|raw| raw.text()).filter(|raw| !raw.is_empty());
    let (Some(provider), Some(id)) = (properties.text_at("ProviderName"), properties.text_at("EventId")) else {
        return Taken::No;
    };
    if raw.is_none() && node.text_at("category").as_deref() != Some("WindowsEventLogsTable") {
        return Taken::No;
    }
    // What the record says of the event is enough to pass it by.
    let Some(kind) = Kind::wanted(Provider::named(&provider), &id, rows) else {
        return Taken::Yes;
    };
    let host = properties.text_at("RoleInstance");
    let time = node.text_at("time").and_then(|time| DateTime::parse(&time));
    if let Some(raw) = raw {
        let around = Around { host: host.or_else(|| around.host.clone()), time: time.or(around.time) };
        return match xml::events(&raw, NAME, &around, rows) {
            Ok(()) => Taken::Yes,
            Err(why) => Taken::Malformed(format!("RawXml of the record cannot be read: {why}")),
        };
    }
    let mut fields = Fields::new();
    if kind.provider == Provider::Sysmon
        && let Some(text) = properties.text_at("Description")
    {
        message::read(text, &mut fields);
    }
    if fields.get(Field::UtcTime).is_none() {
        return Taken::Malformed("the record has no RawXml, and its Description holds no fields".to_owned());
    }
    let time = fields.time_or(|| time);
    Event { decoder: NAME, kind, record: None, host, time }.write(&fields, around, rows)
}
