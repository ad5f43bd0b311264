//! Events as XML, a line each: Windows Event Forwarding, Splunk's XmlWinEventLog, `wevtutil`; and Sysmon for Linux, whose
//! events come behind a syslog header, or in the `SyslogMessage` of Log Analytics.

use std::sync::LazyLock;

use memchr::memmem;

use super::super::wrapped;
use super::{Around, Rows, Taken, xml};

/// Bytes at the start of a line in which the event begins.
const MAX_HEADER: usize = 1024;

/// Bytes at the start of an event in which its provider is named.
const MAX_PROVIDER: usize = 512;

/// The provider that Sysmon for Linux is.
static LINUX: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("Linux-Sysmon"));

/// The event log's own events.
pub(in crate::decode) fn decode(line: &str, around: &Around<'_>, rows: &mut Rows) -> Taken {
    events(line, "windows-event-xml", false, around, rows)
}

/// Sysmon for Linux.
pub(in crate::decode) fn decode_linux(line: &str, around: &Around<'_>, rows: &mut Rows) -> Taken {
    events(line, "sysmon-linux", true, around, rows)
}

fn events(line: &str, decoder: &'static str, linux: bool, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let Some((header, event)) = split(line) else {
        return Taken::No;
    };
    let start = &event.as_bytes()[..event.len().min(MAX_PROVIDER)];
    if LINUX.find(start).is_some() != linux {
        return Taken::No;
    }
    let around = wrapped::header_of(header).or(around);
    match xml::events(event, decoder, &around, rows) {
        Ok(()) => Taken::Yes,
        Err(why) => Taken::Malformed(format!("the event cannot be read: {why}")),
    }
}

/// What stands before the first event, and the event with what follows.
fn split(line: &str) -> Option<(&str, &str)> {
    let head = &line.as_bytes()[..line.len().min(MAX_HEADER)];
    let start = xml::EVENT.find_iter(head).find(|start| {
        let after = line.as_bytes().get(start + b"<Event".len());
        after.is_some_and(|b| matches!(b, b'>' | b's') || b.is_ascii_whitespace())
    })?;
    Some(line.split_at(start))
}
