//! Fluent Bit's `winevtlog` (and `winlog` before it): the event's values come without names, in `StringInserts`.

use super::super::tree::Node;
use super::fields::{Field, Fields};
use super::{Around, Event, Kind, Provider, Rows, Taken, message, positional};
use crate::value::DateTime;

pub(in crate::decode) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let Some(inserts) = node.get("StringInserts") else {
        return Taken::No;
    };
    let either = |names: [&str; 2]| names.iter().find_map(|name| node.text_at(name));
    let (Some(provider), Some(id)) = (either(["ProviderName", "SourceName"]), node.text_at("EventID")) else {
        return Taken::No;
    };
    let Some(kind) = Kind::wanted(Provider::named(&provider), &id, rows) else {
        return Taken::Yes;
    };
    let mut fields = Fields::new();
    let values: Vec<_> = inserts.children().map(|value| value.text().unwrap_or_default()).collect();
    let count = values.len();
    if !positional::read(kind, values, &mut fields) {
        if kind.provider == Provider::Sysmon
            && let Some(text) = node.text_at("Message")
        {
            message::read(text, &mut fields);
        }
        if fields.get(Field::UtcTime).is_none() {
            return Taken::Malformed(format!(
                "StringInserts has {count} values, and no version of the schema of event {id} of {provider} has as many"
            ));
        }
    }
    let event = Event {
        decoder: "fluent-bit-winevtlog",
        kind,
        record: either(["EventRecordID", "RecordNumber"]),
        host: either(["Computer", "ComputerName"]),
        // It says its zone.
        time: fields.time_or(|| zoned(&either(["TimeCreated", "TimeGenerated"])?)),
    };
    event.write(&fields, around, rows)
}

/// `2026-11-24 09:00:00 +0100`.
fn zoned(time: &str) -> Option<DateTime> {
    let (clock, zone) = time.trim().rsplit_once(' ')?;
    let (hours, minutes) = zone.split_at_checked(3).filter(|(hours, _)| hours.starts_with(['+', '-']))?;
    DateTime::parse(&format!("{}{hours}:{}", clock.replacen(' ', "T", 1), minutes.trim_start_matches(':')))
}
