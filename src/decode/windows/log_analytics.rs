//! Log Analytics' tables of Windows events: WindowsEvent (fields as JSON, or JSON in a string), Event (fields as XML, their
//! values alone, or the message), SecurityEvent (fields as columns).

use std::borrow::Cow;

use super::super::paths::paths;
use super::super::tree::{self, Node, Room};
use super::fields::{Field, Fields};
use super::{Around, Event, Kind, Provider, Rows, Taken, message, positional, xml};
use crate::value::DateTime;

const NAME: &str = "log-analytics-windows";

/// How deep the JSON of an event's fields may be nested: they are flat.
const MAX_DEPTH: usize = 8;

paths! {
    /// What is asked for beside the event's fields.
    Column, names:
    Computer "Computer"
    EventData "EventData"
    EventID "EventID"
    EventRecordId "EventRecordId"
    EventSourceName "EventSourceName"
    ItemId "_ItemId"
    ParameterXml "ParameterXml"
    Provider "Provider"
    RenderedDescription "RenderedDescription"
    Source "Source"
    StringInserts "StringInserts"
    TimeGenerated "TimeGenerated"
}

pub(in crate::decode) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let columns = Column::of(node);
    let names = [Column::Provider, Column::Source, Column::EventSourceName];
    let Some(provider) = names.into_iter().find_map(|name| Provider::named(&columns.text(name)?)) else {
        return Taken::No;
    };
    let (Some(id), Some(host)) = (columns.text(Column::EventID), columns.text(Column::Computer)) else {
        return Taken::No;
    };
    // Fluent Bit's events look alike.
    if columns.get(Column::StringInserts).is_some() {
        return Taken::No;
    }
    let Some(kind) = Kind::wanted(Some(provider), &id, rows) else {
        return Taken::Yes;
    };
    let write = |fields: &Fields<'_>, rows: &mut Rows| {
        let event = Event {
            decoder: NAME,
            kind,
            record: columns.first([Column::EventRecordId, Column::ItemId]),
            host: Some(host),
            time: fields.time_or(|| DateTime::parse(&columns.text(Column::TimeGenerated)?)),
        };
        event.write(fields, around, rows)
    };
    let malformed = |what: &str, why: &str| Taken::Malformed(format!("{what} of the event cannot be read: {why}"));
    let mut fields = Fields::new();
    fields.members(node);
    let mut room = Room::of_few();
    let data = columns.get(Column::EventData);
    let text = data.and_then(|data| data.text()).unwrap_or_default();
    if let Some(data) = data.filter(Node::is_object) {
        fields.members(data);
    } else if text.trim_start().starts_with('{') {
        match tree::parse(&text, MAX_DEPTH, &mut room) {
            Ok(data) => {
                fields.members(data);
                return write(&fields, rows);
            }
            Err(error) => return malformed("EventData", &error.to_string()),
        }
    } else if text.trim_start().starts_with('<') {
        return match xml::data(&text, &mut fields) {
            Ok(()) => write(&fields, rows),
            Err(why) => malformed("EventData", &why),
        };
    }
    let is_bare = kind.provider == Provider::Sysmon && fields.get(Field::Image).is_none();
    if is_bare && let Some(text) = columns.text(Column::ParameterXml).filter(|text| text.contains("<Param>")) {
        let values = match xml::params(&text) {
            Ok(values) => values,
            Err(why) => return malformed("ParameterXml", &why),
        };
        let mut fields = Fields::new();
        if !positional::read(kind, values, &mut fields) {
            return malformed("ParameterXml", "no version of its schema has as many values");
        }
        return write(&fields, rows);
    }
    if is_bare && let Some(text) = columns.text(Column::RenderedDescription) {
        message::read(Cow::Owned(text.into_owned()), &mut fields);
    }
    write(&fields, rows)
}
