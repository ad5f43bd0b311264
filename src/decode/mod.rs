//! Senders that do not speak tables: a line of theirs becomes rows of the tables that rules read.
//!
//! Each sender is one entry of [`SENDERS`] and one file. It says which lines may be its own by markers, texts one of which
//! stands in each of them as it came: the gate looks for the markers too, so that it never holds back a line that a sender
//! would take. Around a sender's line there may be others: a batch of records, a shipper's object with the line in a
//! member, a syslog header. [`wrapped`] takes those off.

mod auditbeat;
pub mod auditd;
mod download;
mod falco;
mod laurel;
mod linux;
mod rows;
mod senders;
mod tetragon;
mod tree;
mod unified_audit_log;
mod windows;
mod wrapped;

use memchr::memmem;

pub use rows::{Event, Rows};
pub use senders::SENDERS;

use crate::compile::literals::Literal;
use crate::value::DateTime;
use tree::{Node, Room};

/// The tables that senders' lines become rows of.
pub const TABLES: [&str; 5] =
    ["AuditLogs", "DeviceEvents", "DeviceFileEvents", "DeviceNetworkEvents", "DeviceProcessEvents"];

/// The literals, one of which stands in every line that a sender takes.
pub fn markers() -> impl Iterator<Item = Literal> {
    let markers = SENDERS.iter().flat_map(|sender| sender.markers);
    markers.map(|marker| Literal { text: marker.to_ascii_lowercase(), weight: 1 })
}

/// How deep a line may be wrapped in others.
const MAX_WRAPPERS: usize = 4;

/// Somebody who writes lines.
#[derive(Debug)]
pub struct Sender {
    /// What `--decode` calls it, and alerts.
    pub name: &'static str,
    /// For people: which products write this.
    pub about: &'static str,
    /// One of these stands in every line of this sender, whatever wraps it: no quote, no backslash, no slash, nothing that
    /// JSON or XML would spell in another way.
    pub markers: &'static [&'static str],
    form: Form,
}

/// What a sender's decoder looks at.
#[derive(Debug)]
enum Form {
    /// An object of JSON.
    Object(fn(Node<'_>, &Around<'_>, &mut Rows) -> Taken),
    /// A line that is no JSON.
    Text(fn(&str, &Around<'_>, &mut Rows) -> Taken),
}

/// What a decoder makes of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Taken {
    /// It is another sender's.
    No,
    /// It is this sender's; its rows have been added, if any table has one for it.
    Yes,
    /// It is this sender's, and cannot be read: why, as a sentence.
    Malformed(String),
}

/// What those who passed a line on have said of it, for senders who do not say it themselves.
#[derive(Clone, Debug, Default)]
struct Around<'t> {
    /// Where the line was written.
    host: Option<std::borrow::Cow<'t, str>>,
    /// When it was.
    time: Option<DateTime>,
}

/// Which senders' lines are decoded.
#[derive(Clone, Copy, Debug, Default)]
pub enum Choice {
    /// Whoever's they seem to be.
    #[default]
    Auto,
    /// None: every line holds records of tables.
    Off,
    /// Every line is this sender's.
    One(&'static Sender),
}

impl Choice {
    /// The choice that a setting names: `auto`, `off`, or a sender.
    pub fn parse(name: &str) -> Result<Choice, String> {
        match name {
            "auto" => Ok(Choice::Auto),
            "off" => Ok(Choice::Off),
            name => SENDERS.iter().find(|sender| sender.name == name).map(Choice::One).ok_or_else(|| {
                let names: Vec<&str> = SENDERS.iter().map(|sender| sender.name).collect();
                format!("takes auto, off, or one of {}", names.join(", "))
            }),
        }
    }
}

/// What a line turned out to be.
#[derive(Debug)]
pub enum Decoded<'d> {
    /// No sender's.
    Nobodys,
    /// Some sender's: rows of tables, none if no table has any for it.
    Rows(&'d Rows),
    /// Some sender's, and it cannot be read.
    Malformed(String),
}

/// Decodes lines, one after the other; it owns the room that they need.
#[derive(Debug)]
pub struct Decoders {
    choice: Choice,
    markers: Markers,
    rows: Rows,
    room: Room,
    max_depth: usize,
}

impl Decoders {
    /// Decoders of rows for these tables. `max_depth` bounds the nesting of JSON.
    pub fn new(choice: Choice, tables: Vec<String>, max_depth: usize) -> Decoders {
        Decoders { choice, markers: Markers::new(), rows: Rows::of_tables(tables), room: Room::default(), max_depth }
    }

    /// Whether every line is a sender's.
    pub fn takes_all(&self) -> bool {
        matches!(self.choice, Choice::One(_))
    }

    /// Decodes a line.
    pub fn decode(&mut self, line: &[u8]) -> Decoded<'_> {
        self.decode_unless(line, |_| false)
    }

    /// Decodes a line of which the records of auditd's have been taken out to be joined.
    pub fn decode_rest(&mut self, line: &[u8]) -> Decoded<'_> {
        self.decode_unless(line, |sender| sender.name == auditd::NAME)
    }

    /// Decodes an event of auditd's, a record a line, that has been joined of several lines.
    pub fn decode_joined(&mut self, records: &str) -> Decoded<'_> {
        self.rows.clear();
        match auditd::decode(records, &Around::default(), &mut self.rows) {
            Taken::No => Decoded::Nobodys,
            Taken::Malformed(why) => Decoded::Malformed(why),
            Taken::Yes => {
                self.rows.taken += 1;
                self.rows.finish();
                Decoded::Rows(&self.rows)
            }
        }
    }

    fn decode_unless(&mut self, line: &[u8], is_out: impl Fn(&Sender) -> bool) -> Decoded<'_> {
        self.rows.clear();
        let mut senders = match self.choice {
            Choice::Off => return Decoded::Nobodys,
            Choice::One(sender) => vec![sender],
            Choice::Auto => self.markers.senders_of(line),
        };
        senders.retain(|sender| !is_out(sender));
        let Ok(text) = std::str::from_utf8(line) else {
            return Decoded::Nobodys;
        };
        let start = line.as_ptr() as usize;
        let mut walk = Walk { senders: &senders, rows: &mut self.rows, max_depth: self.max_depth, start };
        let taken = walk.text(text, &Around::default(), &mut self.room, 0);
        match (taken, self.choice) {
            (Taken::Yes, _) => {
                self.rows.finish();
                Decoded::Rows(&self.rows)
            }
            (Taken::Malformed(why), _) => Decoded::Malformed(why),
            (Taken::No, Choice::One(sender)) => {
                Decoded::Malformed(format!("the line is not one of {} (--decode {})", sender.about, sender.name))
            }
            (Taken::No, _) => Decoded::Nobodys,
        }
    }
}

/// Every marker once, with the senders that have it as bits: several have the same ones, and each costs a look at the line.
#[derive(Debug)]
struct Markers(Vec<(memmem::Finder<'static>, u64)>);

impl Markers {
    fn new() -> Markers {
        let mut markers: Vec<(memmem::Finder<'static>, u64)> = Vec::new();
        for (at, sender) in SENDERS.iter().enumerate() {
            for marker in sender.markers {
                match markers.iter_mut().find(|(finder, _)| finder.needle() == marker.as_bytes()) {
                    Some((_, senders)) => *senders |= 1 << at,
                    None => markers.push((memmem::Finder::new(marker), 1 << at)),
                }
            }
        }
        Markers(markers)
    }

    /// Those who may have written the line, in the order of the table.
    fn senders_of(&self, line: &[u8]) -> Vec<&'static Sender> {
        let mut found = 0;
        for (finder, senders) in &self.0 {
            if found & senders != *senders && finder.find(line).is_some() {
                found |= senders;
            }
        }
        SENDERS.iter().enumerate().filter(|(at, _)| found >> at & 1 == 1).map(|(_, sender)| sender).collect()
    }
}

/// One line, and what is within it.
struct Walk<'w> {
    senders: &'w [&'static Sender],
    rows: &'w mut Rows,
    max_depth: usize,
    /// The address of the line's first byte.
    start: usize,
}

impl Walk<'_> {
    fn text(&mut self, text: &str, around: &Around<'_>, room: &mut Room, depth: usize) -> Taken {
        let text = text.trim_start_matches('\u{FEFF}').trim();
        if text.starts_with(['{', '[']) {
            return match tree::parse(text, self.max_depth, room) {
                Ok(node) => self.node(node, around, depth),
                Err(_) => Taken::No,
            };
        }
        for sender in self.senders {
            if let Form::Text(decode) = sender.form {
                match decode(text, around, self.rows) {
                    Taken::No => {}
                    taken => {
                        self.rows.taken += 1;
                        return taken;
                    }
                }
            }
        }
        match wrapped::syslog(text) {
            Some((inner, header)) if depth < MAX_WRAPPERS => self.inner(inner, &header, depth),
            _ => Taken::No,
        }
    }

    /// An object, an array of objects, or a batch of them. One that somebody takes makes the line taken.
    fn node(&mut self, node: Node<'_>, around: &Around<'_>, depth: usize) -> Taken {
        let batch = node.get("records").filter(Node::is_array);
        if !node.is_array() && batch.is_none() {
            return self.object(node, around, depth);
        }
        let mut all = Taken::No;
        for element in batch.unwrap_or(node).children().filter(Node::is_object) {
            match self.object(element, around, depth) {
                Taken::No => {}
                Taken::Yes => all = Taken::Yes,
                malformed => return malformed,
            }
        }
        all
    }

    fn object(&mut self, node: Node<'_>, around: &Around<'_>, depth: usize) -> Taken {
        if depth == 0 {
            self.rows.object_ends_at(node.raw().as_ptr() as usize + node.raw().len() - 1 - self.start);
        }
        for sender in self.senders {
            if let Form::Object(decode) = sender.form {
                match decode(node, around, self.rows) {
                    Taken::No => {}
                    taken => {
                        self.rows.taken += 1;
                        return taken;
                    }
                }
            }
        }
        match wrapped::member(node) {
            Some((inner, around)) if depth < MAX_WRAPPERS => self.inner(&inner, &around, depth),
            _ => Taken::No,
        }
    }

    /// What stood in another line. If it is no sender's and an object, it is a record of a table.
    fn inner(&mut self, inner: &str, around: &Around<'_>, depth: usize) -> Taken {
        let mut room = Room::default();
        match self.text(inner, around, &mut room, depth + 1) {
            Taken::No if inner.starts_with('{') && tree::parse(inner, self.max_depth, &mut room).is_ok() => {
                self.rows.record(inner, wrapped::NAME);
                self.rows.taken += 1;
                Taken::Yes
            }
            taken => taken,
        }
    }
}

#[cfg(test)]
mod tests;
