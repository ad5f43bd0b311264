//! Windows events, and those of Sysmon for Linux, which have the same form: what each sender finds in its line is the same
//! event, a provider's name, a number, and fields that have names. The senders are one file each; [`sysmon`] and
//! [`security`] make rows of what they found.

pub(super) mod azure_diagnostics;
pub(super) mod event_xml;
pub(super) mod evtx;
mod fields;
pub(super) mod log_analytics;
mod message;
pub(super) mod nxlog;
mod positional;
mod security;
mod sysmon;
pub(super) mod winevtlog;
pub(super) mod winlogbeat;
mod xml;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::{self, Display};

use super::rows::Row;
use super::{Around, Rows, Taken};
use crate::value::DateTime;
use fields::Fields;

/// What stands in every line of these senders: the end of a provider's name, of `Microsoft-Windows-Sysmon`, `Linux-Sysmon`
/// and `Microsoft-Windows-Security-Auditing`.
pub(super) const MARKERS: &[&str] = &["-Sysmon", "Security-Auditing"];

/// Who wrote the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    Sysmon,
    Security,
}

impl Provider {
    /// The provider of that name; other providers' events become no rows.
    fn named(name: &str) -> Option<Provider> {
        match name {
            "Microsoft-Windows-Sysmon" | "Linux-Sysmon" => Some(Provider::Sysmon),
            "Microsoft-Windows-Security-Auditing" => Some(Provider::Security),
            _ => None,
        }
    }

    /// The provider that writes to that channel; some shippers leave the provider's name out.
    fn of_channel(name: &str) -> Option<Provider> {
        match name {
            "Microsoft-Windows-Sysmon/Operational" | "Linux-Sysmon/Operational" => Some(Provider::Sysmon),
            "Security" => Some(Provider::Security),
            _ => None,
        }
    }

    fn short(self) -> &'static str {
        match self {
            Provider::Sysmon => "sysmon",
            Provider::Security => "security",
        }
    }
}

/// An event's number under its provider: what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    provider: Provider,
    id: u16,
}

impl Kind {
    /// The kind of an event, if rows can come of it that a rule reads. Everything else about the event is looked at only
    /// after this.
    fn wanted(provider: Option<Provider>, id: &str, rows: &Rows) -> Option<Kind> {
        let kind = Kind { provider: provider?, id: id.trim().parse().ok()? };
        rows.wants(kind.table()?).then_some(kind)
    }

    /// The table whose rows such events are.
    fn table(self) -> Option<&'static str> {
        Some(match (self.provider, self.id) {
            (Provider::Sysmon, 1) | (Provider::Security, 4688) => "DeviceProcessEvents",
            (Provider::Sysmon, 3) | (Provider::Security, 5156) => "DeviceNetworkEvents",
            (Provider::Sysmon, 2 | 11 | 15 | 23 | 26) | (Provider::Security, 4663) => "DeviceFileEvents",
            (Provider::Sysmon, 22) => "DeviceEvents",
            _ => return None,
        })
    }
}

/// What a sender says of an event besides its fields.
#[derive(Debug)]
struct Event<'t> {
    decoder: &'static str,
    kind: Kind,
    /// The event's number in its log.
    record: Option<Cow<'t, str>>,
    host: Option<Cow<'t, str>>,
    /// When it happened: what the fields say, or else the sender, but never a time without a zone that is a local one.
    time: Option<DateTime>,
}

impl Event<'_> {
    /// Adds the event's row.
    fn write(&self, fields: &Fields<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
        let time = self.time.or(around.time);
        let id = EventId { kind: self.kind, record: self.record.as_deref(), time };
        let begin = |rows: &mut Rows, write: &dyn Fn(&mut Row<'_>)| {
            let Some(mut row) = self.kind.table().and_then(|table| rows.row(table, self.decoder, &id)) else {
                return;
            };
            row.time(time);
            row.maybe("DeviceName", self.host.as_deref().or(around.host.as_deref()));
            row.number("ReportId", self.record.as_deref());
            write(&mut row);
        };
        match self.kind.provider {
            Provider::Sysmon => begin(rows, &|row| sysmon::columns(self.kind.id, fields, time, row)),
            Provider::Security => {
                if let Some(action) = security::action(self.kind.id, fields) {
                    begin(rows, &|row| security::columns(self.kind.id, action, fields, time, row));
                }
            }
        }
        Taken::Yes
    }
}

/// What tells an event apart: its number in its log, or without one its time.
struct EventId<'e> {
    kind: Kind,
    record: Option<&'e str>,
    time: Option<DateTime>,
}

impl Display for EventId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.kind.provider.short(), self.kind.id)?;
        match (self.record, self.time) {
            (Some(record), _) => f.write_str(record),
            (None, Some(time)) => f.write_str(&time.to_text7()),
            (None, None) => Ok(()),
        }
    }
}

/// The last part of a path: of Windows, or of Linux, where a backslash is a letter of a name.
fn file_name(path: &str) -> &str {
    let separators: &[char] = if path.starts_with('/') { &['/'] } else { &['/', '\\'] };
    path.rfind(separators).map_or(path, |at| &path[at + 1..])
}

/// A process's image, as the initiating process.
fn initiating(path: Option<&str>, row: &mut Row<'_>) {
    if let Some(path) = path {
        row.string("InitiatingProcessFileName", file_name(path));
        row.string("InitiatingProcessFolderPath", path);
    }
}

/// A file: `FolderPath` is the whole path, as Defender writes it.
fn file(path: Option<&str>, row: &mut Row<'_>) {
    if let Some(path) = path {
        row.string("FileName", file_name(path));
        row.string("FolderPath", path);
    }
}
