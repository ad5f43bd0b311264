//! Senders that do not speak tables: a line of theirs becomes rows of the tables that rules read.
//!
//! Each sender is one entry of [`SENDERS`] and one file. It says which lines may be its own by markers, texts one of which
//! stands in each of them as it came: the gate looks for the markers too, so that it never holds back a line that a sender
//! would take. Around a sender's line there may be others: a batch of records, a shipper's object with the line in a
//! member, a syslog header. `wrapped` takes those off.

mod auditbeat;
pub mod auditd;
mod download;
mod falco;
mod laurel;
mod linux;
mod markers;
mod members;
mod paths;
mod rows;
mod senders;
mod tetragon;
mod tree;
mod unified_audit_log;
mod windows;
mod wrapped;

use std::sync::Arc;

pub use rows::{Event, Rows};
pub use senders::SENDERS;

use crate::compile::literals::Literal;
use crate::record::{Layout, Written};
use crate::value::DateTime;
use crate::value::json::DEEPEST;
use markers::{Candidates, Markers};
use members::Members;
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

/// Records of a line that are said one by one to be malformed; the others are counted.
const MAX_FAULTS: usize = 8;

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
    /// An object of JSON. One that has none of these members is not this sender's: names, which with `*` may go on, and
    /// dotted paths.
    Object { members: &'static [&'static str], decode: fn(Node<'_>, &Around<'_>, &mut Rows) -> Taken },
    /// A line that is no JSON.
    Text(fn(&str, &Around<'_>, &mut Rows) -> Taken),
}

/// What a decoder makes of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
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

impl<'t> Around<'t> {
    /// The same, and what it does not say from those further out.
    fn or(self, outer: &Around<'t>) -> Around<'t> {
        Around { host: self.host.or_else(|| outer.host.clone()), time: self.time.or(outer.time) }
    }
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
    members: Members,
    rows: Rows,
    room: Room,
    max_depth: usize,
}

impl Decoders {
    /// Decoders of rows for these tables. `max_depth` bounds the nesting of JSON.
    pub fn new(choice: Choice, tables: Vec<String>, max_depth: usize) -> Decoders {
        let (markers, members) = (Markers::new(), Members::new());
        Decoders { choice, markers, members, rows: Rows::of_tables(tables), room: Room::default(), max_depth }
    }

    /// The same, with note taken of where values lie that rules ask for: see [`Rows::records`].
    pub fn noting(self, layout: Arc<Layout>) -> Decoders {
        let written = Written::new(layout, self.max_depth);
        Decoders { rows: self.rows.noting(written), ..self }
    }

    /// Rows are bare from here on, or whole; see [`Rows`].
    pub(crate) fn be_bare(&mut self, is_bare: bool) {
        self.rows.be_bare(is_bare);
    }

    /// Whether every line is a sender's.
    pub fn takes_all(&self) -> bool {
        matches!(self.choice, Choice::One(_))
    }

    /// Decodes a line.
    pub fn decode(&mut self, line: &[u8]) -> Decoded<'_> {
        self.decode_some(line, None)
    }

    /// Decodes a line, of a batch only the records with these numbers: what the others are is known already.
    pub fn decode_some(&mut self, line: &[u8], only: Option<&[usize]>) -> Decoded<'_> {
        self.decode_unless(line, only, |_| false)
    }

    /// Decodes a line that is one object of JSON, if its members say that it is no record itself and if it is a sender's. If
    /// not, or if that is not known, there is nothing, and the line is still to be asked for records.
    pub(crate) fn decode_object(&mut self, line: &[u8]) -> Option<Taken> {
        self.rows.clear();
        if !matches!(self.choice, Choice::Auto) {
            return None;
        }
        // Most likely it is by who wrote the last one: only those are looked for who would be asked before.
        let last = self.rows.by.and_then(|by| SENDERS.iter().position(|sender| sender.name == by.name))?;
        let mut senders = Candidates::new(&self.markers, line);
        // What was cut within a character is malformed to whoever reads it as a record first.
        let text = std::str::from_utf8(line).ok().map(str::trim_ascii_end).filter(|text| text.starts_with('{'))?;
        if !(0..=last).rev().any(|at| senders.may_be(at)) {
            return None;
        }
        let node = tree::parse(text, self.max_depth.min(DEEPEST), &mut self.room).ok()?;
        if node.get("records").is_some_and(|records| records.is_array()) || !self.rows.is_foreign(node) {
            return None;
        }
        let (start, max_depth) = (line.as_ptr() as usize, self.max_depth);
        let (members, rows) = (&self.members, &mut self.rows);
        let mut walk = Walk { senders, members, rows, max_depth, start, only: None };
        let taken = walk.object(node, &Around::default(), 0);
        Some(taken).filter(|taken| *taken != Taken::No)
    }

    /// The same of a line of which the records of auditd's have been taken out to be joined.
    pub fn decode_rest(&mut self, line: &[u8], only: Option<&[usize]>) -> Decoded<'_> {
        self.decode_unless(line, only, |sender| sender.name == auditd::NAME)
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

    fn decode_unless(&mut self, line: &[u8], only: Option<&[usize]>, is_out: impl Fn(&Sender) -> bool) -> Decoded<'_> {
        self.rows.clear();
        let mut senders = match self.choice {
            Choice::Off => return Decoded::Nobodys,
            Choice::One(sender) => Candidates::only(sender, &self.markers, line),
            Choice::Auto => Candidates::new(&self.markers, line),
        };
        senders.leave_out(is_out);
        let Some(text) = text_of(line) else {
            return Decoded::Nobodys;
        };
        let start = line.as_ptr() as usize;
        let (members, rows) = (&self.members, &mut self.rows);
        let mut walk = Walk { senders, members, rows, max_depth: self.max_depth, start, only };
        let taken = walk.text(text, &Around::default(), &mut self.room, 0);
        self.decoded(taken)
    }

    /// What a line has become whose rows have been added.
    pub(crate) fn decoded(&mut self, taken: Taken) -> Decoded<'_> {
        match (taken, self.choice) {
            (Taken::Yes, _) => {
                self.rows.finish();
                Decoded::Rows(&self.rows)
            }
            // What could be read before the mistake is kept.
            (Taken::Malformed(why), _) if !self.rows.is_empty() => {
                self.rows.fault(why);
                self.rows.taken = self.rows.taken.max(1);
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

/// The line as text. Daemons cut lines at so many bytes, within a character too: then what stands before it is the text.
fn text_of(line: &[u8]) -> Option<&str> {
    let line = line.trim_ascii_end();
    match std::str::from_utf8(line) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&line[..error.valid_up_to()]).ok(),
        Err(_) => None,
    }
}

/// One line, and what is within it.
struct Walk<'w> {
    senders: Candidates<'w>,
    members: &'w Members,
    rows: &'w mut Rows,
    max_depth: usize,
    /// The address of the line's first byte.
    start: usize,
    /// Which records of the line to look at, in rising order, if not at all of them.
    only: Option<&'w [usize]>,
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
        // JSON behind a header is JSON, whatever its strings hold.
        if let Some((json, header)) = wrapped::syslog(text).filter(|_| depth < MAX_WRAPPERS) {
            match self.text(json, &header.or(around), &mut Room::of_few(), depth + 1) {
                Taken::No if self.record(json) => return Taken::Yes,
                Taken::No => {}
                taken => return taken,
            }
        }
        for (at, sender) in SENDERS.iter().enumerate() {
            if let Form::Text(decode) = sender.form
                && self.senders.may_be(at)
            {
                match decode(text, around, self.rows) {
                    Taken::No => {}
                    taken => {
                        self.rows.take(sender, &taken);
                        return taken;
                    }
                }
            }
        }
        Taken::No
    }

    /// An object, an array of objects, or a batch of them. One that somebody takes makes the line taken, and what is wrong
    /// with others is said beside.
    fn node(&mut self, node: Node<'_>, around: &Around<'_>, depth: usize) -> Taken {
        let batch = node.get("records").filter(Node::is_array);
        if !node.is_array() && batch.is_none() {
            return self.object(node, around, depth);
        }
        let mut is_taken = false;
        let (mut faults, mut more) = (Vec::new(), 0_usize);
        for (at, element) in batch.unwrap_or(node).children().filter(Node::is_object).enumerate() {
            if depth == 0 && self.only.is_some_and(|only| only.binary_search(&at).is_err()) {
                continue;
            }
            match self.object(element, around, depth) {
                Taken::No => {}
                Taken::Yes => is_taken = true,
                Taken::Malformed(why) if faults.len() < MAX_FAULTS => faults.push(format!("record {at}: {why}")),
                Taken::Malformed(_) => more += 1,
            }
        }
        if more > 0 {
            faults.push(format!("{more} more records of the line cannot be read"));
        }
        match (is_taken, faults.is_empty()) {
            (true, _) => {
                faults.into_iter().for_each(|why| self.rows.fault(why));
                Taken::Yes
            }
            (false, true) => Taken::No,
            (false, false) => Taken::Malformed(faults.swap_remove(0)),
        }
    }

    /// An object of the line's own is looked at.
    fn begin(&mut self, node: Node<'_>) {
        self.rows.object_ends_at(node.raw().as_ptr() as usize + node.raw().len() - 1 - self.start);
    }

    fn object(&mut self, node: Node<'_>, around: &Around<'_>, depth: usize) -> Taken {
        if depth == 0 {
            self.begin(node);
        }
        match self.sender_of(node, around) {
            Taken::No if depth < MAX_WRAPPERS => {}
            taken => return taken,
        }
        let around = wrapped::around(node).or(around);
        let mut malformed = Taken::No;
        for line in wrapped::lines(node) {
            match self.text(&line, &around, &mut Room::of_few(), depth + 1) {
                Taken::Yes => return Taken::Yes,
                taken if malformed == Taken::No => malformed = taken,
                _ => {}
            }
        }
        match malformed {
            Taken::No if wrapped::lines(node).any(|line| self.record(&line)) => Taken::Yes,
            taken => taken,
        }
    }

    /// What the sender makes of an object whose own it is.
    fn sender_of(&mut self, node: Node<'_>, around: &Around<'_>) -> Taken {
        let by_members = self.members.senders(node);
        for (at, sender) in SENDERS.iter().enumerate() {
            if let Form::Object { decode, .. } = sender.form
                && by_members & (1 << at) != 0
                && self.senders.may_be(at)
            {
                match decode(node, around, self.rows) {
                    Taken::No => {}
                    taken => {
                        self.rows.take(sender, &taken);
                        return taken;
                    }
                }
            }
        }
        Taken::No
    }

    /// What stood in another line, is no sender's and an object is a record of a table, if of any.
    fn record(&mut self, inner: &str) -> bool {
        // It will be an element of an array.
        let max_depth = self.max_depth.saturating_sub(1);
        let is_record = inner.starts_with('{') && tree::parse(inner, max_depth, &mut Room::default()).is_ok();
        if is_record {
            self.rows.record(inner, wrapped::NAME);
            self.rows.taken += 1;
        }
        is_record
    }
}

#[cfg(test)]
mod tests;
