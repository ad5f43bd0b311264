//! Rows that are written here, and so need not be read again: where a value lies is noted while it is written.

use std::sync::Arc;

use super::Routed;
use super::decoder::fill_one;
use super::found::Found;
use super::layout::{Layout, Wanted};
use super::names::length;
use super::records::{Entry, Filled, Records};
use crate::value::json::{Cursor, DEEPEST, Kind, Lexeme};

/// Which slots of a table a member fills.
#[derive(Debug)]
struct Slots {
    /// By the number of the name: the slot that this member alone fills, and that no other fills.
    of_one: Vec<Option<usize>>,
    /// All other slots.
    others: Vec<usize>,
    /// The members that fill any slot.
    all: Asked,
    /// Those that fill one that has a part in what matches.
    deciding: Asked,
}

/// Which members are asked for.
#[derive(Debug)]
struct Asked {
    /// By the number of the name.
    names: Vec<bool>,
    /// The lengths of those names, as bits: most columns of a row are told by them to be in no rule.
    lengths: u64,
}

impl Asked {
    fn add(&mut self, number: usize, name: &str) {
        self.names[number] = true;
        self.lengths |= length(name.as_bytes());
    }
}

/// What stands where in a text of rows.
#[derive(Debug)]
pub(crate) struct Written {
    layout: Arc<Layout>,
    tables: Vec<Slots>,
    /// The members of the row that is being written, and the names of those, each once.
    own: Found,
    names: Vec<usize>,
    /// Its table, and where it begins.
    row: Option<(usize, usize)>,
    records: Vec<Entry>,
    filled: Vec<Filled>,
    max_depth: usize,
}

impl Slots {
    fn of(layout: &Layout, table: usize) -> Slots {
        let names = layout.names();
        let none = || Asked { names: vec![false; names], lengths: 0 };
        let mut slots = Slots { of_one: vec![None; names], others: Vec::new(), all: none(), deciding: none() };
        for (slot, wanted) in layout.slots(table).iter().enumerate() {
            let mut own = wanted.iter().filter(|member| !member.envelope).map(|member| member.name);
            for number in own.clone() {
                slots.all.add(number, layout.name(number));
                if layout.decides(table, slot) {
                    slots.deciding.add(number, layout.name(number));
                }
            }
            match (own.next(), own.next()) {
                (Some(name), None) if slots.of_one[name].is_none() => slots.of_one[name] = Some(slot),
                _ => slots.others.push(slot),
            }
        }
        slots
    }
}

impl Written {
    /// Nothing yet. `max_depth` bounds the nesting of values.
    pub(crate) fn new(layout: Arc<Layout>, max_depth: usize) -> Written {
        let (own, max_depth) = (Found::new(layout.names()), max_depth.min(DEEPEST));
        let tables = (0..layout.tables().len()).map(|table| Slots::of(&layout, table)).collect();
        Written {
            layout,
            tables,
            own,
            names: Vec::new(),
            row: None,
            records: Vec::new(),
            filled: Vec::new(),
            max_depth,
        }
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
        self.names.clear();
        self.row.is_some()
    }

    /// The number of a member's name, if a rule reads that column of the row's table: for what it finds, or, of a row that is
    /// bare, to find out whether it does.
    #[inline]
    pub(crate) fn asked(&self, name: &str, is_bare: bool) -> Option<usize> {
        let (table, _) = self.row?;
        let asked = if is_bare { &self.tables[table].deciding } else { &self.tables[table].all };
        if asked.lengths & length(name.as_bytes()) == 0 {
            return None;
        }
        self.layout.find(name, false).filter(|number| asked.names[*number])
    }

    /// The row has a member of that number whose string lies there, between its quotes if it has any.
    #[inline]
    pub(crate) fn string(&mut self, number: usize, start: usize, end: usize, is_escaped: bool) {
        let kind = if is_escaped { Kind::EscapedString } else { Kind::String };
        self.set(number, Lexeme { kind, start, end });
    }

    /// The row has a member of that number whose value, which is JSON, begins at `start` and ends with the text.
    pub(crate) fn value(&mut self, number: usize, text: &str, start: usize) {
        let mut cursor = Cursor::new(text);
        cursor.at = start;
        let lexeme = match cursor.next_solid() {
            Some(b'{' | b'[') => {
                Ok(Lexeme { kind: Kind::Composite, start: cursor.at, end: text.trim_ascii_end().len() })
            }
            _ => cursor.scalar(),
        };
        if let Ok(lexeme) = lexeme {
            self.set(number, lexeme);
        }
    }

    fn set(&mut self, number: usize, lexeme: Lexeme) {
        if self.own.get(number).is_none() {
            self.names.push(number);
        }
        self.own.set(number, lexeme);
    }

    /// The row has ended, its last brace included.
    pub(crate) fn end(&mut self, end: usize) {
        let Some((table, start)) = self.row.take() else { return };
        let Written { layout, tables, own, names, filled, .. } = self;
        let (first, slots) = (filled.len(), &tables[table]);
        for name in names {
            if let (Some(slot), Some(lexeme)) = (slots.of_one[*name], own.get(*name)) {
                filled.push(Filled { slot, lexeme, unescaped: false });
            }
        }
        for slot in &slots.others {
            let own = |member: &Wanted| own.get(member.name).filter(|_| !member.envelope).map(|lexeme| (lexeme, false));
            filled.extend(fill_one(*slot, &layout.slots(table)[*slot], own));
        }
        filled[first..].sort_unstable_by_key(|filled| filled.slot);
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
