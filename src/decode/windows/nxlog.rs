//! NXLog's `im_msvistalog`, and datasets of its form: the event's fields next to NXLog's own, all at the top.
//!
//! `AccountName`, `Domain`, `UserID` and `ProcessID` are those of the service that wrote the event, not of who acted;
//! `EventTime` and `EventReceivedTime` are local times, which is believed of a time with a zone only.

use super::super::tree::Node;
use super::fields::{Field, Fields};
use super::{Around, Event, Kind, Provider, Rows, Taken, message};
use crate::value::DateTime;

pub(in crate::decode) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let mut source = None;
    let mut channel = None;
    let mut id = None;
    let mut host = None;
    let mut record = None;
    let mut times = [const { None }; 3];
    let mut has_execution = false;
    for child in node.children() {
        match &*child.name() {
            "SourceName" => source = child.text(),
            "Channel" => channel = child.text(),
            "EventID" => id = child.text(),
            "Hostname" => host = child.text(),
            "RecordNumber" => record = child.text(),
            "ExecutionProcessID" => has_execution = true,
            "EventTime" => times[0] = child.text().filter(|time| has_zone(time)),
            "EventTimeUTC" => times[1] = child.text(),
            "@timestamp" => times[2] = child.text(),
            // Another sender's: this one has no lists and no objects of these names.
            "EventData" | "StringInserts" | "winlog" => return Taken::No,
            _ => {}
        }
    }
    let (Some(id), Some(host)) = (id, host) else {
        return Taken::No;
    };
    let by_channel = || channel.as_deref().and_then(Provider::of_channel);
    if source.is_none() && by_channel().is_none() {
        return Taken::No;
    }
    let provider = source.as_deref().map_or_else(by_channel, Provider::named);
    let Some(kind) = Kind::wanted(provider, &id, rows) else {
        return Taken::Yes;
    };
    let mut fields = Fields::new();
    fields.members(node);
    if !has_execution {
        fields.remove(Field::ProcessID);
    }
    if kind.provider == Provider::Sysmon
        && fields.get(Field::Image).is_none()
        && let Some(text) = node.text_at("Message")
    {
        message::read(text, &mut fields);
    }
    let time = fields.time_or(|| times.iter().flatten().find_map(|time| DateTime::parse(time)));
    Event { decoder: "nxlog", kind, record, host: Some(host), time }.write(&fields, around, rows)
}

/// Whether a time says its zone: `…Z`, `…+01:00`.
fn has_zone(time: &str) -> bool {
    let clock = time.get(10..).unwrap_or_default();
    clock.ends_with('Z') || clock.contains(['+', '-'])
}
