//! Fluent Bit's `winevtlog` (and `winlog` before it): the event's values come without names, in `StringInserts`.

use super::super::paths::paths;
use super::super::tree::Node;
use super::fields::{Field, Fields};
use super::{Around, Event, Kind, Provider, Rows, Taken, message, positional};
use crate::value::DateTime;

paths! {
    /// What is asked for.
    Member, names:
    Computer "Computer"
    ComputerName "ComputerName"
    EventID "EventID"
    EventRecordID "EventRecordID"
    Message "Message"
    ProviderName "ProviderName"
    RecordNumber "RecordNumber"
    SourceName "SourceName"
    StringInserts "StringInserts"
    TimeCreated "TimeCreated"
    TimeGenerated "TimeGenerated"
}

pub(in crate::decode) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let members = Member::of(node);
    let Some(inserts) = members.get(Member::StringInserts) else {
        return Taken::No;
    };
    let provider = members.first([Member::ProviderName, Member::SourceName]);
    let (Some(provider), Some(id)) = (provider, members.text(Member::EventID)) else {
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
            && let Some(text) = members.text(Member::Message)
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
        record: members.first([Member::EventRecordID, Member::RecordNumber]),
        host: members.first([Member::Computer, Member::ComputerName]),
        // It says its zone.
        time: fields.time_or(|| zoned(&members.first([Member::TimeCreated, Member::TimeGenerated])?)),
    };
    event.write(&fields, around, rows)
}

/// `2026-11-24 09:00:00 +0100`.
fn zoned(time: &str) -> Option<DateTime> {
    let (clock, zone) = time.trim().rsplit_once(' ')?;
    let (hours, minutes) = zone.split_at_checked(3).filter(|(hours, _)| hours.starts_with(['+', '-']))?;
    DateTime::parse(&format!("{}{hours}:{}", clock.replacen(' ', "T", 1), minutes.trim_start_matches(':')))
}
