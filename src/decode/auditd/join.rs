//! Records of auditd's that belong to one event, put together.
//!
//! The lines stay where they are, each a line of its own. What is made of them stands beside them, in [`Joined`]: which lines
//! were taken, and which events are complete behind which line.
//!
//! An event is complete with EOE or PROCTITLE, the last that the kernel writes of it. (The files of auditd have no EOE, the
//! stream of its plugins has both.) A record that comes still later begins an event of its own, to which no rule's table has
//! a row, because SYSCALL is missing.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::ops::Range;
use std::sync::LazyLock;
use std::time::Instant;

use memchr::{memchr, memmem, memrchr};

use super::record::{Head, MARKER, names_call};
use super::unwrapped::unwrapped;

/// Milliseconds after which an event without an end is complete, by the times of its own machine's records: auditd's own
/// `end_of_event_timeout`.
const MAX_AGE: u64 = 2_000;

/// Milliseconds that a machine's time may go back before it counts as set anew.
const MAX_STEP_BACK: u64 = 60_000;

/// Events that are waited for at a time; beyond it the oldest is as complete as it is.
const MAX_OPEN: usize = 2_048;

/// Bytes of records that are waited for, likewise: 2 KiB an event, which few reach.
const MAX_OPEN_BYTES: usize = 4 << 20;

/// Bytes of room that is kept for the records of one event; few have more.
const MAX_ROOM: usize = 64 << 10;

/// Machines whose records come mixed; with more of them, all events are complete and it begins anew.
const MAX_NODES: usize = 4_096;

/// How the types of records begin of which an event has one only: what programs write themselves, and auditd about itself.
/// Of kernel's types that have no SYSCALL beside them the 2 seconds take care.
const ALONE: [&[u8]; 8] = [b"USER", b"CRED_", b"DAEMON_", b"SERVICE_", b"CRYPTO_", b"ACCT_", b"SYSTEM_", b"GRP_"];

/// How most lines of auditd's begin: there its marker need not be searched for.
const STARTS: [&[u8]; 2] = [b"type=", b"node="];

/// Joins records, block by block. Memory is bounded, and time is linear in what is read.
#[derive(Debug, Default)]
pub struct Joiner {
    /// The event that began last. Its records mostly come one behind the other, and then nothing has to be looked up.
    last: Option<Open>,
    /// The others, in the order in which they began.
    open: BTreeMap<u64, Open>,
    /// The place of each in that order.
    places: HashMap<Key, u64>,
    /// Events that have begun so far.
    begun: u64,
    open_bytes: usize,
    /// The time of each machine's newest record, in milliseconds.
    newest: Vec<u64>,
    /// Where a machine stands in `newest`.
    nodes: HashMap<Vec<u8>, usize>,
    /// The machine of the last record; the next one is often of the same.
    last_node: Option<(Vec<u8>, usize)>,
    /// Room for the records of the next event.
    room: String,
    /// When the records come that are taken now, where that counts.
    now: Option<Instant>,
}

/// What lines of a block have become.
#[derive(Debug, Default)]
pub struct Joined {
    lines: Vec<Taken>,
    events: Vec<Event>,
    /// Their records, each with a newline behind it.
    records: String,
    cut: u64,
}

/// A line from which records were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Where in the block it begins.
    pub at: usize,
    /// How many records it had.
    pub records: u64,
    /// Whether it was one record and nothing else.
    pub is_whole: bool,
}

/// An event that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where in the block the line begins that made it complete; behind all lines if the input's end did.
    pub at: usize,
    /// Whether that line has a record of it, and not one that came later.
    pub is_own: bool,
    records: Range<usize>,
}

/// An event that is waited for.
#[derive(Debug)]
struct Open {
    key: Key,
    /// Its place in the order in which events began.
    place: u64,
    records: String,
    /// When its last record came.
    touched: Option<Instant>,
    /// Where in the first record the machine and the stamp stand.
    node: Range<usize>,
    stamp: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    node: usize,
    milliseconds: u64,
    serial: u64,
}

impl Joined {
    /// The lines from which records were taken, in their order.
    pub fn lines(&self) -> &[Taken] {
        &self.lines
    }

    /// The events that are complete, in the order of the lines that made them so.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The records of an event, a line each.
    pub fn records(&self, event: &Event) -> &str {
        self.records.get(event.records.clone()).unwrap_or_default()
    }

    /// How many events were cut, for there was no room to wait for the rest of them.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Nothing. Room is kept, but for what a rare block has taken.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.events.clear();
        self.records.clear();
        self.records.shrink_to(MAX_OPEN_BYTES / 8);
        self.cut = 0;
    }

    fn add(&mut self, at: usize, is_own: bool, records: &str) {
        let start = self.records.len();
        self.records.push_str(records);
        self.events.push(Event { at, is_own, records: start..self.records.len() });
    }
}

/// What of the marker stands in every line that holds a record: in JSON some writers escape the equals sign before it.
const RAW_MARKER: &str = "audit(";

/// A search costs more to set up than to run over a line.
static FINDER: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(RAW_MARKER));

/// Whether a record of auditd's may stand in these lines.
pub fn holds_marker(lines: &[u8]) -> bool {
    FINDER.find(lines).is_some()
}

impl Joiner {
    /// Takes the records out of whole lines, none longer than `max_line` bytes, and adds to `out` what is complete.
    pub fn block(&mut self, lines: &[u8], max_line: usize, out: &mut Joined) {
        let mut at = 0;
        // Each line is looked at once, however often the marker stands in it.
        while at < lines.len() {
            let is_record = STARTS.iter().any(|start| lines[at..].starts_with(start));
            let found = match is_record {
                true => at,
                false => match FINDER.find(&lines[at..]) {
                    Some(found) => at + found,
                    None => break,
                },
            };
            let before = if is_record { None } else { memrchr(b'\n', &lines[at..found]) };
            let start = before.map_or(at, |newline| at + newline + 1);
            let end = memchr(b'\n', &lines[found..]).map_or(lines.len(), |newline| found + newline);
            if end - start <= max_line {
                self.line(&lines[start..end], start, out);
            }
            at = lines.len().min(end + 1);
        }
    }

    /// Nothing follows the block's `length` bytes: whatever is waited for is complete.
    pub fn end(&mut self, length: usize, out: &mut Joined) {
        self.complete_all(length, out);
        *self = Joiner::default();
    }

    /// There is no room any more: whatever is waited for is as complete as it is.
    pub fn cut(&mut self, length: usize, out: &mut Joined) {
        out.cut += self.waiting() as u64;
        self.complete_all(length, out);
    }

    /// Records that are taken from here on come at that time: [`Joiner::expire`] goes by it.
    pub fn set_clock(&mut self, now: Instant) {
        self.now = Some(now);
    }

    /// Nothing follows for now the block's `length` bytes: the events are complete whose last record came by then.
    pub fn expire(&mut self, by: Instant, length: usize, out: &mut Joined) {
        let is_silent = |event: &&Open| event.touched.is_some_and(|touched| touched <= by);
        let silent: Vec<u64> = self.events().filter(is_silent).map(|event| event.place).collect();
        for place in silent {
            self.complete(place, length, false, out);
        }
    }

    /// When the last record came of the event of which none has come for the longest time.
    pub fn longest_silent(&self) -> Option<Instant> {
        self.events().filter_map(|event| event.touched).min()
    }

    /// Bytes of records that are waited for.
    pub fn open_bytes(&self) -> usize {
        self.open_bytes
    }

    /// How many events are waited for.
    fn waiting(&self) -> usize {
        self.open.len() + usize::from(self.last.is_some())
    }

    /// A line that is not text is no record: it harms itself only.
    fn line(&mut self, line: &[u8], at: usize, out: &mut Joined) {
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii();
        let Ok(line) = std::str::from_utf8(line) else { return };
        if line.starts_with('#') {
            // A comment.
            return;
        }
        let is_whole = self.record(line, at, out);
        let records = match is_whole {
            true => 1,
            false if !holds_marker(line.as_bytes()) => 0,
            false => unwrapped(line).iter().map(|record| u64::from(self.record(record, at, out))).sum(),
        };
        if records > 0 {
            out.lines.push(Taken { at, records, is_whole });
        }
    }

    /// Takes a record; `false` if it is none, or one that cannot be read.
    fn record(&mut self, record: &str, at: usize, out: &mut Joined) -> bool {
        let line = record.as_bytes();
        let mark = self.last.as_ref().map_or(&b""[..], Open::mark);
        let Some(head) = Head::find_like(line, mark) else { return false };
        let key = match &self.last {
            Some(last) if last.is_of(line, &head) => Some(last.key),
            _ => None,
        };
        let Some((milliseconds, serial)) =
            key.map(|key| (key.milliseconds, key.serial)).or_else(|| stamp(&line[head.stamp.clone()]))
        else {
            return false;
        };
        let kind = &line[head.kind.clone()];
        if kind == b"SYSCALL" && !names_call(line) {
            // It was cut off on its way, and is malformed as the line that it is.
            return false;
        }
        let node = key.map_or_else(|| self.node(&line[head.node.clone()], at, out), |key| key.node);
        self.pass_time(node, milliseconds, at, out);
        let key = Key { node, milliseconds, serial };
        let place = match &self.last {
            Some(last) if last.key == key => Some(last.place),
            _ if self.open.is_empty() => None,
            _ => self.places.get(&key).copied(),
        };
        match (place, kind) {
            (Some(place), b"EOE") => self.complete(place, at, true, out),
            (None, b"EOE") => {}
            (None, kind) if ALONE.iter().any(|start| kind.starts_with(start)) => out.add(at, true, record),
            (place, kind) => {
                let place = place.unwrap_or_else(|| self.begin(key, head));
                let event = match &mut self.last {
                    Some(last) if last.place == place => Some(last),
                    _ => self.open.get_mut(&place),
                };
                if let Some(event) = event {
                    event.touched = self.now;
                    event.records.push_str(record);
                    event.records.push('\n');
                    self.open_bytes += record.len() + 1;
                }
                if kind == b"PROCTITLE" {
                    self.complete(place, at, true, out);
                }
            }
        }
        while self.waiting() > MAX_OPEN || self.open_bytes > MAX_OPEN_BYTES {
            let Some(oldest) = self.events().next().map(|event| event.place) else { break };
            out.cut += 1;
            self.complete(oldest, at, false, out);
        }
        true
    }

    /// Time makes older events of the same machine complete. They are looked through once for each second of it.
    fn pass_time(&mut self, node: usize, milliseconds: u64, at: usize, out: &mut Joined) {
        let newest = self.newest[node];
        if milliseconds <= newest {
            if newest - milliseconds > MAX_STEP_BACK {
                self.newest[node] = milliseconds;
            }
            return;
        }
        self.newest[node] = milliseconds;
        if milliseconds / 1_000 == newest / 1_000 {
            return;
        }
        let is_old =
            |event: &&Open| event.key.node == node && event.key.milliseconds.saturating_add(MAX_AGE) < milliseconds;
        let old: Vec<u64> = self.events().filter(is_old).map(|event| event.place).collect();
        for place in old {
            self.complete(place, at, false, out);
        }
    }

    fn node(&mut self, name: &[u8], at: usize, out: &mut Joined) -> usize {
        if let Some((last, node)) = &self.last_node
            && last == name
        {
            return *node;
        }
        let node = match self.nodes.get(name) {
            Some(&known) => known,
            None => {
                if self.newest.len() >= MAX_NODES {
                    out.cut += self.waiting() as u64;
                    self.complete_all(at, out);
                    self.nodes.clear();
                    self.newest.clear();
                }
                self.newest.push(0);
                self.nodes.insert(name.to_owned(), self.newest.len() - 1);
                self.newest.len() - 1
            }
        };
        self.last_node = Some((name.to_owned(), node));
        node
    }

    /// The events that are waited for, in the order in which they began.
    fn events(&self) -> impl Iterator<Item = &Open> {
        self.open.values().chain(&self.last)
    }

    fn begin(&mut self, key: Key, head: Head) -> u64 {
        if let Some(before) = self.last.take() {
            self.places.insert(before.key, before.place);
            self.open.insert(before.place, before);
        }
        self.begun += 1;
        let Head { node, stamp, .. } = head;
        self.last =
            Some(Open { key, place: self.begun, records: mem::take(&mut self.room), touched: self.now, node, stamp });
        self.begun
    }

    fn complete(&mut self, place: u64, at: usize, is_own: bool, out: &mut Joined) {
        let event = match self.last.take_if(|last| last.place == place) {
            Some(last) => Some(last),
            None => self.open.remove(&place).inspect(|event| {
                self.places.remove(&event.key);
            }),
        };
        if let Some(event) = event {
            self.open_bytes -= event.records.len();
            out.add(at, is_own, &event.records);
            self.room = event.records;
            self.room.clear();
            self.room.shrink_to(MAX_ROOM);
        }
    }

    fn complete_all(&mut self, at: usize, out: &mut Joined) {
        for event in mem::take(&mut self.open).into_values().chain(self.last.take()) {
            out.add(at, false, &event.records);
        }
        self.places.clear();
        self.open_bytes = 0;
    }
}

impl Open {
    /// What all of its records have.
    fn mark(&self) -> &[u8] {
        self.records.as_bytes().get(self.stamp.start - MARKER.len()..self.stamp.end + 1).unwrap_or_default()
    }

    /// Whether a record has the same machine and stamp, spelt alike.
    fn is_of(&self, record: &[u8], head: &Head) -> bool {
        let first = self.records.as_bytes();
        first.get(self.stamp.clone()) == record.get(head.stamp.clone())
            && first.get(self.node.clone()) == record.get(head.node.clone())
    }
}

/// Milliseconds and serial of `1795453547.993:32`.
fn stamp(stamp: &[u8]) -> Option<(u64, u64)> {
    let dot = memchr(b'.', stamp)?;
    let colon = memchr(b':', stamp)?;
    let seconds = number(stamp.get(..dot)?)?;
    let milliseconds = number(stamp.get(dot + 1..colon)?)?;
    let serial = number(&stamp[colon + 1..])?;
    Some((seconds.checked_mul(1_000)?.checked_add(milliseconds)?, serial))
}

fn number(digits: &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    (!digits.is_empty()).then_some(number)
}
