//! Rows that are written here, and so need not be read again: where a value lies is noted while it is written.

use std::sync::Arc;

use super::Routed;
use super::decoder::fill;
use super::found::Found;
use super::layout::Layout;
use super::records::{Entry, Filled, Records};
use crate::value::json::{Cursor, DEEPEST, Kind, Lexeme};

/// What stands where in a text of rows.
#[derive(Debug)]
pub(crate) struct Written {
    layout: Arc<Layout>,
    /// The members of the row that is being written.
    own: Found,
    /// Its table, and where it begins.
    row: Option<(usize, usize)>,
    records: Vec<Entry>,
    filled: Vec<Filled>,
    max_depth: usize,
}

impl Written {
    /// Nothing yet. `max_depth` bounds the nesting of values.
    pub(crate) fn new(layout: Arc<Layout>, max_depth: usize) -> Written {
        let (own, max_depth) = (Found::new(layout.names()), max_depth.min(DEEPEST));
        Written { layout, own, row: None, records: Vec::new(), filled: Vec::new(), max_depth }
    }

    /// Whether an object of these members, names and values in `text`, is a record of no table that is known, or one of which
    /// no rule reads and whose rows hold other senders' events.
    pub(crate) fn is_foreign(&mut self, text: &str, members: impl Iterator<Item = (Lexeme, Lexeme)>) -> bool {
        let router = &self.layout.router;
        self.own.begin();
        let mut any = false;
        for (name, value) in members {
            if let Some(number) = self.layout.find(name.of(text), name.is_escaped()) {
                self.own.set(number, value);
                any = true;
            }
        }
        let routed = if any { router.route(&self.own, text).routed } else { router.nothing_known() };
        matches!(routed, Routed::Carrier | Routed::Unrouted)
    }

    /// A row of that table begins with the brace at `start`; `false` if no rule reads the table.
    pub(crate) fn begin(&mut self, table: &str, start: usize) -> bool {
        let index = self.layout.tables().iter().position(|columns| columns.table.name == table);
        self.row = index.map(|index| (index, start));
        self.own.begin();
        self.row.is_some()
    }

    /// The row has a member whose string lies there, between its quotes.
    pub(crate) fn string(&mut self, name: &str, start: usize, end: usize, is_escaped: bool) {
        let kind = if is_escaped { Kind::EscapedString } else { Kind::String };
        self.set(name, Lexeme { kind, start, end });
    }

    /// The row has a member whose value, which is JSON, begins at `start` and ends with the text.
    pub(crate) fn value(&mut self, name: &str, text: &str, start: usize) {
        let mut cursor = Cursor::new(text);
        cursor.at = start;
        let lexeme = match cursor.next_solid() {
            Some(b'{' | b'[') => {
                Ok(Lexeme { kind: Kind::Composite, start: cursor.at, end: text.trim_ascii_end().len() })
            }
            _ => cursor.scalar(),
        };
        if let Ok(lexeme) = lexeme {
            self.set(name, lexeme);
        }
    }

    fn set(&mut self, name: &str, lexeme: Lexeme) {
        if let Some(number) = self.layout.find(name, false) {
            self.own.set(number, lexeme);
        }
    }

    /// The row has ended, its last brace included.
    pub(crate) fn end(&mut self, end: usize) {
        let Some((table, start)) = self.row.take() else { return };
        let Written { layout, own, filled, .. } = self;
        let first = filled.len();
        fill(layout.slots(table), filled, |member| match member.envelope {
            true => None,
            false => own.get(member.name).map(|lexeme| (lexeme, false)),
        });
        let text = Lexeme { kind: Kind::Composite, start, end };
        let (routed, end) = (Routed::Table(table), filled.len());
        self.records.push(Entry { routed, text, payload: text, unescaped: false, first, end });
    }

    /// The rows, whose text that is.
    pub(crate) fn records<'r>(&'r self, text: &'r str) -> Records<'r> {
        let Written { records: entries, filled, max_depth, .. } = self;
        Records { line: text, unescaped: "", entries, filled, max_depth: *max_depth }
    }

    /// Nothing, with its room kept.
    pub(crate) fn clear(&mut self) {
        self.row = None;
        self.records.clear();
        self.filled.clear();
    }
}
