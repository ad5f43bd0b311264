//! One line of bytes to its records.

use std::sync::Arc;

use super::found::Found;
use super::layout::{CATEGORY, Layout, PROPERTIES, RECORDS, TYPE, Wanted};
use super::malformed::{column, kind};
use super::records::{Entry, Filled, Records};
use super::route::Route;
use super::scan::Scanner;
use super::{BOM, Malformed, Routed};
use crate::value::dynamic::MAX_DEPTH;
use crate::value::json::{DEEPEST, JsonError, Kind, Lexeme, unescape};

/// What a line may ask of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep arrays and objects may nest, the line's own included; at most [`DEEPEST`], whatever is set, so that
    /// every cell of a decoded line can be parsed.
    pub max_depth: usize,
    /// How many records one line may hold.
    pub max_records: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_depth: MAX_DEPTH, max_records: 100_000 }
    }
}

/// Decodes lines, one after the other. It owns the scratch memory, so that a line allocates nothing once it is warm.
#[derive(Debug)]
pub struct Decoder {
    layout: Arc<Layout>,
    limits: Limits,
    /// The brackets around the scanner.
    open: Vec<u8>,
    /// What the record's own object has, and what its `properties` has.
    own: Found,
    properties: Found,
    records: Vec<Entry>,
    /// The slots of all records of the line, for each record in rising order; empty ones are left out, so that memory
    /// keeps in proportion to the line.
    filled: Vec<Filled>,
    /// Text of objects that came as JSON in a string.
    unescaped: String,
}

/// What a line's outermost object turned out to be.
enum Outermost {
    Record(Lexeme),
    /// `records` was an array, and its elements are the records, if all are objects.
    Batch(Result<(), Malformed>),
    /// `records` was walked as a batch and is a member after all: it came again as something else, it holds no object, or
    /// the line's object names its own table.
    Member,
}

/// Why a walk stops.
enum Fault {
    Json(JsonError),
    Line(Malformed),
}

impl From<JsonError> for Fault {
    fn from(error: JsonError) -> Self {
        Fault::Json(error)
    }
}

impl Decoder {
    /// A decoder of what the layout wants.
    pub fn new(layout: Arc<Layout>, mut limits: Limits) -> Self {
        let names = layout.names();
        limits.max_depth = limits.max_depth.min(DEEPEST);
        Decoder {
            layout,
            limits,
            open: Vec::new(),
            own: Found::new(names),
            properties: Found::new(names),
            records: Vec::new(),
            filled: Vec::new(),
            unescaped: String::new(),
        }
    }

    /// The records of a line. White space around it, a carriage return at its end and a byte order mark at its start
    /// are no part of it.
    ///
    /// # Errors
    /// A line that is not UTF-8, not JSON (also where no rule would look), neither an object nor an array of objects,
    /// or over one of the [`Limits`]. None of its records is given then.
    pub fn decode<'a>(&'a mut self, line: &'a [u8]) -> Result<Records<'a>, Malformed> {
        self.clear();
        let skipped = if line.starts_with(BOM) { BOM.len() } else { 0 };
        let text = utf8(&line[skipped..], skipped)?;
        let mut scanner = Scanner::new(text, std::mem::take(&mut self.open), self.limits.max_depth);
        let walk = self.line(&mut scanner);
        self.open = scanner.into_scratch();
        match walk {
            Ok(()) => Ok(Records {
                line: text,
                unescaped: &self.unescaped,
                entries: &self.records,
                filled: &self.filled,
                max_depth: self.limits.max_depth,
            }),
            Err(Fault::Json(error)) => Err(Malformed::json(error, text, skipped)),
            Err(Fault::Line(Malformed::NotARecord { element, found, offset })) => {
                Err(Malformed::NotARecord { element, found, offset: offset + skipped })
            }
            Err(Fault::Line(malformed)) => Err(malformed),
        }
    }

    fn clear(&mut self) {
        self.records.clear();
        self.filled.clear();
        self.unescaped.clear();
    }

    fn line(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
        let outcome = match scanner.peek() {
            None => Err(Malformed::Empty),
            Some(b'[') => self.batch(scanner)?,
            Some(b'{') => self.object(scanner)?,
            Some(first) => {
                scanner.value()?;
                Err(Malformed::NotAnObject { found: kind(first) })
            }
        };
        scanner.end()?;
        outcome.map_err(Fault::Line)
    }

    /// Walks a line that is an object; the inner error as for `batch`.
    fn object(&mut self, scanner: &mut Scanner<'_>) -> Result<Result<(), Malformed>, Fault> {
        let start = scanner.at();
        let mut outermost = self.record(scanner, true)?;
        if let Outermost::Member = outermost {
            self.clear();
            scanner.rewind(start);
            outermost = self.record(scanner, false)?;
        }
        match outermost {
            Outermost::Record(text) => self.finish(scanner.text(), text),
            Outermost::Batch(outcome) => return Ok(outcome),
            Outermost::Member => {}
        }
        Ok(Ok(()))
    }

    /// Walks an array of records. Only the line's outermost object or array has one: this and `record` go no deeper
    /// into each other. An element that is no object, or one too many, is the inner error: what follows may yet be no
    /// JSON, or show that this is no batch.
    fn batch(&mut self, scanner: &mut Scanner<'_>) -> Result<Result<(), Malformed>, Fault> {
        let mut outcome = Ok(());
        let mut element = 0;
        let mut more = scanner.first_element()?;
        while more {
            match scanner.peek() {
                Some(b'{') if self.records.len() >= self.limits.max_records => {
                    scanner.value()?;
                    outcome = outcome.and(Err(Malformed::TooManyRecords { max_records: self.limits.max_records }));
                }
                Some(b'{') => {
                    if let Outermost::Record(text) = self.record(scanner, false)? {
                        self.finish(scanner.text(), text);
                    }
                }
                other => {
                    let offset = scanner.at();
                    scanner.value()?;
                    let found = kind(other.unwrap_or_default());
                    outcome = outcome.and(Err(Malformed::NotARecord { element, found, offset }));
                }
            }
            element += 1;
            more = scanner.next_element()?;
        }
        Ok(outcome)
    }

    /// Walks one record's object, or, if it may be one, a message around records.
    fn record(&mut self, scanner: &mut Scanner<'_>, outermost: bool) -> Result<Outermost, Fault> {
        let start = scanner.at();
        let mut batch = None;
        // The records of a batch overwrite what is found here, and whether this is a batch shows at its end only.
        let (mut ty, mut category) = (None, None);
        self.own.begin();
        let mut member = scanner.first_member()?;
        while let Some(name) = member {
            match self.layout.find(name.of(scanner.text()), name.is_escaped()) {
                None => {
                    scanner.value()?;
                }
                Some(PROPERTIES) if scanner.peek() == Some(b'{') => {
                    let start = scanner.at();
                    properties(&self.layout, &mut self.properties, scanner)?;
                    self.own.set(PROPERTIES, Lexeme { kind: Kind::Composite, start, end: scanner.at() });
                }
                Some(RECORDS) if outermost && scanner.peek() == Some(b'[') => {
                    self.clear();
                    let outcome = self.batch(scanner)?;
                    let has_records = outcome.is_ok() || !self.records.is_empty();
                    batch = Some(if has_records { Outermost::Batch(outcome) } else { Outermost::Member });
                }
                Some(RECORDS) if outermost => {
                    self.own.set(RECORDS, scanner.value()?);
                    batch = batch.map(|_| Outermost::Member);
                }
                Some(name) => {
                    let value = scanner.value()?;
                    match name {
                        TYPE => ty = Some(value),
                        CATEGORY => category = Some(value),
                        _ => {}
                    }
                    self.own.set(name, value);
                }
            }
            member = scanner.next_member()?;
        }
        if batch.is_some() && self.layout.router.named(ty, category, scanner.text()).is_some() {
            batch = Some(Outermost::Member);
        }
        Ok(batch.unwrap_or(Outermost::Record(Lexeme { kind: Kind::Composite, start, end: scanner.at() })))
    }

    /// Routes the record that was walked last and fills its table's slots.
    fn finish(&mut self, line: &str, text: Lexeme) {
        let Route { routed, envelope } = self.layout.router.route(&self.own, line);
        let mut entry =
            Entry { routed, text, payload: text, unescaped: false, first: self.filled.len(), end: self.filled.len() };
        let mut enveloped = false;
        if envelope {
            match self.own.get(PROPERTIES) {
                Some(object) if object.kind == Kind::Composite && object.of(line).starts_with('{') => {
                    entry.payload = object;
                    enveloped = true;
                }
                Some(string) if matches!(string.kind, Kind::String | Kind::EscapedString) => {
                    if let Some(object) = self.stringified(string.of(line)) {
                        entry.payload = object;
                        entry.unescaped = true;
                        enveloped = true;
                    }
                }
                _ => {}
            }
        }
        if let Routed::Table(table) = routed {
            fill(self.layout.slots(table), &mut self.filled, |member| {
                if member.envelope && !envelope {
                    return None;
                }
                let inner = enveloped && !member.envelope;
                let found = if inner { self.properties.get(member.name) } else { self.own.get(member.name) };
                found.map(|lexeme| (lexeme, inner && entry.unescaped))
            });
        }
        entry.end = self.filled.len();
        self.records.push(entry);
    }

    /// Some consumers of Event Hubs send `properties` as JSON in a string: its object, in `unescaped`. `None` if it is
    /// none; the record then has no row within it.
    fn stringified(&mut self, raw: &str) -> Option<Lexeme> {
        let base = self.unescaped.len();
        self.unescaped.push_str(&unescape(raw));
        let mut scanner = Scanner::new(&self.unescaped, std::mem::take(&mut self.open), self.limits.max_depth);
        scanner.rewind(base);
        let object = stringified(&self.layout, &mut self.properties, &mut scanner);
        self.open = scanner.into_scratch();
        object
    }
}

/// Fills the slots of a table's row.
#[inline]
fn fill(slots: &[Vec<Wanted>], filled: &mut Vec<Filled>, mut found: impl FnMut(&Wanted) -> Option<(Lexeme, bool)>) {
    for (slot, wanted) in slots.iter().enumerate() {
        filled.extend(fill_one(slot, wanted, &mut found));
    }
}

/// Fills a slot: of the members that may fill it, with the first that has a value.
#[inline]
pub(super) fn fill_one(
    slot: usize,
    wanted: &[Wanted],
    mut found: impl FnMut(&Wanted) -> Option<(Lexeme, bool)>,
) -> Option<Filled> {
    let mut best: Option<Filled> = None;
    for member in wanted {
        let Some((lexeme, unescaped)) = found(member) else { continue };
        if best.is_none() || lexeme.kind != Kind::Null {
            best = Some(Filled { slot, lexeme, unescaped });
        }
        if lexeme.kind != Kind::Null {
            break;
        }
    }
    best
}

fn stringified(layout: &Layout, found: &mut Found, scanner: &mut Scanner<'_>) -> Option<Lexeme> {
    if scanner.peek() != Some(b'{') {
        return None;
    }
    let start = scanner.at();
    properties(layout, found, scanner).ok()?;
    let end = scanner.at();
    scanner.end().ok()?;
    Some(Lexeme { kind: Kind::Composite, start, end })
}

/// Walks an envelope's `properties`.
fn properties(layout: &Layout, found: &mut Found, scanner: &mut Scanner<'_>) -> Result<(), JsonError> {
    found.begin();
    let mut member = scanner.first_member()?;
    while let Some(name) = member {
        let number = layout.find(name.of(scanner.text()), name.is_escaped());
        let value = scanner.value()?;
        if let Some(number) = number {
            found.set(number, value);
        }
        member = scanner.next_member()?;
    }
    Ok(())
}

fn utf8(line: &[u8], skipped: usize) -> Result<&str, Malformed> {
    std::str::from_utf8(line).map_err(|error| {
        let valid = String::from_utf8_lossy(&line[..error.valid_up_to()]);
        Malformed::Utf8 { offset: error.valid_up_to() + skipped, column: column(&valid, valid.len()) }
    })
}
