//! Records of auditd's that belong to one event, put into one line.
//!
//! A line of joined records is `\x1E<n>\x1E<record>\x1E<record>…`, in the order in which the records came. `n` is how many
//! lines were read for it: those of records since the last such line, so that all of them together are all lines of
//! records, and a line's number is that of the record that made the event complete. Lines that are no records pass as they
//! are, before the records that are still waited for.
//!
//! An event is complete with EOE or PROCTITLE, the last that the kernel writes of it. (The files of auditd have no EOE, the
//! stream of its plugins has both.) A record that comes still later begins an event of its own, to which no rule's table has
//! a row, because SYSCALL is missing.

use std::collections::HashMap;
use std::mem;

use memchr::memchr;

use super::SEPARATOR;
use super::record::Head;
use super::unwrapped::unwrapped;

/// Milliseconds after which an event without an end is complete, by the times of its own machine's records: auditd's own
/// `end_of_event_timeout`.
const MAX_AGE: u64 = 2_000;

/// Milliseconds that a machine's time may go back before it counts as set anew.
const MAX_STEP_BACK: u64 = 60_000;

/// Events that are waited for at a time; beyond it the oldest is as complete as it is.
const MAX_OPEN: usize = 512;

/// Bytes of records that are waited for, likewise.
const MAX_OPEN_BYTES: usize = 16 << 20;

/// Machines whose records come mixed; with more of them, all events are complete and it begins anew.
const MAX_NODES: usize = 4_096;

/// How the types of records begin of which an event has one only: what programs write themselves, and auditd about itself.
/// Of kernel's types that have no SYSCALL beside them the 2 seconds take care.
const ALONE: [&[u8]; 8] = [b"USER", b"CRED_", b"DAEMON_", b"SERVICE_", b"CRYPTO_", b"ACCT_", b"SYSTEM_", b"GRP_"];

/// Joins records, block by block. Memory is bounded, and time is linear in what is read.
#[derive(Debug, Default)]
pub struct Joiner {
    /// In the order in which they began.
    open: Vec<Open>,
    open_bytes: usize,
    /// The time of each machine's newest record, in milliseconds.
    newest: Vec<u64>,
    /// Where a machine stands in `newest`.
    nodes: HashMap<Vec<u8>, usize>,
    /// The machine of the last record; the next one is often of the same.
    last_node: Option<(Vec<u8>, usize)>,
    /// Lines of records that no line of joined records has counted yet.
    uncounted: u64,
    /// A record that was dropped, to count it by if nothing follows.
    dropped: Vec<u8>,
    /// Room of events that are done.
    spare: Vec<Vec<u8>>,
}

/// An event that is waited for.
#[derive(Debug)]
struct Open {
    key: Key,
    /// Its records, with a separator before each.
    records: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    node: usize,
    milliseconds: u64,
    serial: u64,
}

impl Joiner {
    /// Joins the records of whole lines, and appends the lines of what is complete to `out`.
    pub fn block(&mut self, mut lines: &[u8], out: &mut Vec<u8>) {
        while !lines.is_empty() {
            let (line, rest) = match memchr(b'\n', lines) {
                Some(newline) => (&lines[..newline], &lines[newline + 1..]),
                None => (lines, &lines[lines.len()..]),
            };
            lines = rest;
            self.line(line, out);
        }
    }

    /// Nothing follows: whatever is waited for is complete.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        for event in mem::take(&mut self.open) {
            self.write(event, out);
        }
        if self.uncounted > 0 {
            let dropped = mem::take(&mut self.dropped);
            self.alone(&dropped, out);
        }
        *self = Joiner::default();
    }

    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        // A separator within a record would make two of it.
        let head = if memchr(SEPARATOR, line).is_some() { None } else { Head::find(line) };
        let stamp = head.as_ref().and_then(|head| stamp(&line[head.stamp.clone()]));
        let (Some(head), Some((milliseconds, serial))) = (head, stamp) else {
            if let Some(record) = unwrapped(line) {
                return self.line(&record, out);
            }
            if line.first() == Some(&SEPARATOR) {
                out.extend_from_slice(&[SEPARATOR, b'1', SEPARATOR]);
            }
            out.extend_from_slice(line);
            out.push(b'\n');
            return;
        };
        let node = self.node(&line[head.node], out);
        self.uncounted += 1;
        self.pass_time(node, milliseconds, out);
        let key = Key { node, milliseconds, serial };
        let kind = &line[head.kind];
        let place = self.open.iter().rposition(|event| event.key == key);
        match (place, kind) {
            (Some(place), b"EOE") => self.complete(place, out),
            (None, b"EOE") => {
                self.dropped.clear();
                self.dropped.extend_from_slice(line);
            }
            (None, kind) if ALONE.iter().any(|start| kind.starts_with(start)) => self.alone(line, out),
            (place, kind) => {
                let place = place.unwrap_or_else(|| self.begin(key));
                let records = &mut self.open[place].records;
                records.push(SEPARATOR);
                records.extend_from_slice(line);
                self.open_bytes += line.len() + 1;
                if kind == b"PROCTITLE" {
                    self.complete(place, out);
                }
            }
        }
        while self.open.len() > MAX_OPEN || self.open_bytes > MAX_OPEN_BYTES {
            self.complete(0, out);
        }
    }

    /// Time makes older events of the same machine complete. They are looked through once for each second of it.
    fn pass_time(&mut self, node: usize, milliseconds: u64, out: &mut Vec<u8>) {
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
        let mut place = 0;
        while let Some(event) = self.open.get(place) {
            if event.key.node == node && event.key.milliseconds.saturating_add(MAX_AGE) < milliseconds {
                self.complete(place, out);
            } else {
                place += 1;
            }
        }
    }

    fn node(&mut self, name: &[u8], out: &mut Vec<u8>) -> usize {
        if let Some((last, node)) = &self.last_node
            && last == name
        {
            return *node;
        }
        let node = match self.nodes.get(name) {
            Some(&known) => known,
            None => {
                if self.newest.len() >= MAX_NODES {
                    while !self.open.is_empty() {
                        self.complete(0, out);
                    }
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

    fn begin(&mut self, key: Key) -> usize {
        self.open.push(Open { key, records: self.spare.pop().unwrap_or_default() });
        self.open.len() - 1
    }

    fn complete(&mut self, place: usize, out: &mut Vec<u8>) {
        let event = self.open.remove(place);
        self.write(event, out);
    }

    fn write(&mut self, event: Open, out: &mut Vec<u8>) {
        self.count(out);
        out.extend_from_slice(&event.records);
        out.push(b'\n');
        self.open_bytes -= event.records.len();
        let mut records = event.records;
        records.clear();
        if self.spare.len() < 16 {
            self.spare.push(records);
        }
    }

    /// A line of one record.
    fn alone(&mut self, record: &[u8], out: &mut Vec<u8>) {
        self.count(out);
        out.push(SEPARATOR);
        out.extend_from_slice(record);
        out.push(b'\n');
    }

    fn count(&mut self, out: &mut Vec<u8>) {
        out.push(SEPARATOR);
        out.extend_from_slice(mem::take(&mut self.uncounted).to_string().as_bytes());
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
