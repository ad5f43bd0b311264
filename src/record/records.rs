//! The records of a decoded line, as views of it.

use super::{Cell, Routed};
use crate::value::json::Lexeme;

/// The records of one line.
#[derive(Clone, Copy, Debug)]
pub struct Records<'a> {
    pub(super) line: &'a str,
    pub(super) unescaped: &'a str,
    pub(super) entries: &'a [Entry],
    pub(super) filled: &'a [Filled],
    pub(super) max_depth: usize,
}

impl<'a> Records<'a> {
    /// How many there are; a batch may be empty.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The records, in the order of the line.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Record<'a>> + use<'a> {
        let Records { line, unescaped, entries, filled, max_depth } = *self;
        entries.iter().enumerate().map(move |(index, entry)| Record {
            index,
            routed: entry.routed,
            line,
            unescaped,
            entry,
            filled: filled.get(entry.first..entry.end).unwrap_or_default(),
            max_depth,
        })
    }
}

/// One record: where it belongs, and the values that rules read of it.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its place in its line, from 0.
    pub index: usize,
    /// Its table.
    pub routed: Routed,
    line: &'a str,
    unescaped: &'a str,
    entry: &'a Entry,
    filled: &'a [Filled],
    max_depth: usize,
}

impl<'a> Record<'a> {
    /// How deep arrays and objects of the record may nest, those in its strings too.
    pub fn max_depth(&self) -> usize {
        self.max_depth
    }

    /// The record's own JSON, the envelope included.
    pub fn text(&self) -> &'a str {
        self.slice(self.entry.text, false)
    }

    /// The row: an envelope's `properties`, else the record's text. When a batch is delivered twice, this stays the
    /// same, and the envelope's time does not.
    pub fn payload(&self) -> &'a str {
        self.slice(self.entry.payload, self.entry.unescaped)
    }

    /// What the record has in a slot of its table's layout; a slot that the table lacks is missing.
    #[inline]
    pub fn cell(&self, slot: usize) -> Cell<'a> {
        // Most rows carry every column, so that the slot is its own place.
        let filled = match self.filled.get(slot) {
            Some(filled) if filled.slot == slot => Some(filled),
            _ => self.filled.binary_search_by_key(&slot, |f| f.slot).ok().and_then(|place| self.filled.get(place)),
        };
        filled.map_or(Cell::Missing, |f| Cell::new(f.lexeme, if f.unescaped { self.unescaped } else { self.line }))
    }

    fn slice(&self, lexeme: Lexeme, unescaped: bool) -> &'a str {
        let text = if unescaped { self.unescaped } else { self.line };
        text.get(lexeme.start..lexeme.end).unwrap_or_default()
    }
}

/// One record of the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) routed: Routed,
    pub(super) text: Lexeme,
    pub(super) payload: Lexeme,
    /// Whether `payload` lies in the decoder's `unescaped`.
    pub(super) unescaped: bool,
    pub(super) first: usize,
    pub(super) end: usize,
}

/// A slot that has a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filled {
    pub(super) slot: usize,
    pub(super) lexeme: Lexeme,
    pub(super) unescaped: bool,
}
