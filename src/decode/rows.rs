//! The rows that a sender's line became, as one line of JSON in the form that `record` reads: an array of rows that name
//! their table.
//!
//! That line is asked for by alerts only, and most rows match nothing. So rows may be *bare* at first: of each there are only
//! the values that decide whether it matches, as they are, with note taken of where they lie. Where one does, the line is
//! decoded again.

use std::fmt::{Display, Write as _};

use super::tree::Node;
use super::{Sender, Taken};
use crate::record::{Records, Written};
use crate::value::DateTime;
use crate::value::dynamic::append_json_string;

/// Rows under construction; the room is reused from line to line.
#[derive(Debug, Default)]
pub struct Rows {
    json: String,
    events: Vec<Event>,
    wanted: Vec<String>,
    /// Where the rows' values lie, if somebody is going to read them there.
    written: Option<Written>,
    /// Whether rows are bare.
    is_bare: bool,
    /// Whether there is a record that others have written: then the text has to be read as any other has.
    has_foreign: bool,
    /// Where the object ends, in the line, that is being decoded.
    object_end: Option<usize>,
    /// How many of the line's objects were senders'.
    pub(super) taken: u64,
    /// Who wrote the last object that was some sender's.
    pub(super) by: Option<&'static Sender>,
    faults: Vec<String>,
}

/// What a row was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The decoder's name.
    pub decoder: &'static str,
    /// The sender's own name of the event: a record number, a serial.
    pub id: String,
    /// Offset in the line of the brace that ends the object it came in; none where the line is no JSON.
    pub object_end: Option<usize>,
}

impl Rows {
    /// Room for rows of these tables; rows of others are not made.
    pub fn of_tables(wanted: Vec<String>) -> Rows {
        Rows { wanted, ..Rows::default() }
    }

    /// The same, with note taken of where the values lie that rules ask for.
    pub(super) fn noting(self, written: Written) -> Rows {
        Rows { written: Some(written), ..self }
    }

    /// Rows are bare from here on, or whole; only those can be bare of whose values note is taken.
    pub(crate) fn be_bare(&mut self, is_bare: bool) {
        self.is_bare = is_bare && self.written.is_some();
    }

    /// Whether an object is known to be no record itself that rules read.
    pub(super) fn is_foreign(&mut self, object: Node<'_>) -> bool {
        self.written.as_mut().is_some_and(|written| written.is_foreign(object.source(), object.members()))
    }

    /// Whether any rule reads that table.
    pub fn wants(&self, table: &str) -> bool {
        self.wanted.iter().any(|wanted| wanted == table)
    }

    /// Begins a row, if any rule reads its table. The event's id stays in the row, so that two events never become the same
    /// record.
    pub(super) fn row(&mut self, table: &str, decoder: &'static str, event: impl Display) -> Option<Row<'_>> {
        if !self.wants(table) {
            return None;
        }
        let is_bare = self.is_bare;
        if !is_bare {
            self.json.push_str(if self.events.is_empty() { "[{" } else { ",{" });
        }
        let start = self.json.len().saturating_sub(1);
        if let Some(written) = &mut self.written {
            self.has_foreign |= !written.begin(table, start);
        }
        let Rows { json, events, written, object_end, .. } = self;
        let mut row = Row { json, written: written.as_mut(), is_bare };
        row.string("Type", table);
        let id = if row.wants("kqltap_event") { event.to_string() } else { String::new() };
        row.string("kqltap_event", &id);
        events.push(Event { decoder, id, object_end: *object_end });
        Some(row)
    }

    /// Adds a record that is a row already, as JSON.
    pub(super) fn record(&mut self, json: &str, decoder: &'static str) {
        self.json.push(if self.events.is_empty() { '[' } else { ',' });
        self.events.push(Event { decoder, id: String::new(), object_end: self.object_end });
        self.json.push_str(json);
        self.has_foreign = true;
    }

    /// What is decoded next is an object of the line's own.
    pub(super) fn object_ends_at(&mut self, offset: usize) {
        self.object_end = Some(offset);
    }

    /// Something of the line's is that sender's.
    pub(super) fn take(&mut self, sender: &'static Sender, taken: &Taken) {
        self.taken += u64::from(*taken == Taken::Yes);
        self.by = Some(sender);
    }

    /// How many of the line's objects were senders'.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// A part of the line cannot be read: why, as a sentence.
    pub(super) fn fault(&mut self, why: String) {
        self.faults.push(why);
    }

    /// What of the line could not be read, though the rows could.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Completes the line of JSON, which [`Rows::json`] then gives.
    pub fn finish(&mut self) {
        if self.is_bare {
            return;
        }
        self.json.push_str(if self.events.is_empty() { "[]" } else { "]" });
    }

    /// The rows as records of that line, if note was taken of where their values lie.
    pub fn records(&self) -> Option<Records<'_>> {
        self.written.as_ref().filter(|_| !self.has_foreign).map(|written| written.records(&self.json))
    }

    /// Whether they are bare, and the line is none.
    pub(crate) fn is_bare(&self) -> bool {
        self.is_bare
    }

    /// The line of JSON.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// What each row was made of.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Nothing, with its room kept.
    pub fn clear(&mut self) {
        self.json.clear();
        self.events.clear();
        self.object_end = None;
        self.taken = 0;
        self.faults.clear();
        self.has_foreign = false;
        if let Some(written) = &mut self.written {
            written.clear();
        }
    }
}

/// One row. What a sender leaves out, or writes as an empty string or `-`, is left out.
pub(super) struct Row<'r> {
    json: &'r mut String,
    written: Option<&'r mut Written>,
    is_bare: bool,
}

impl Row<'_> {
    /// Whether the column becomes a part of the row: what costs something to make need not be made for nothing.
    pub(super) fn wants(&self, column: &str) -> bool {
        !self.is_bare || self.asked(column).is_some()
    }

    /// A text column.
    pub(super) fn string(&mut self, column: &str, value: &str) {
        if matches!(value, "" | "-") {
            return;
        }
        let asked = self.asked(column);
        if self.is_bare {
            if let (Some(number), Some(written)) = (asked, &mut self.written) {
                let start = self.json.len();
                self.json.push_str(value);
                written.string(number, start, self.json.len(), false);
            }
            return;
        }
        let start = self.member(column) + 1;
        append_json_string(value, self.json);
        if let (Some(number), Some(written)) = (asked, &mut self.written) {
            let end = self.json.len() - 1;
            // An escape is longer than what it stands for.
            written.string(number, start, end, end - start > value.len());
        }
    }

    /// A text column that the sender may lack.
    pub(super) fn maybe(&mut self, column: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.string(column, value.as_ref());
        }
    }

    /// A text column that costs something to make.
    pub(super) fn made(&mut self, column: &str, make: impl FnOnce() -> Option<String>) {
        if self.wants(column)
            && let Some(value) = make()
        {
            self.string(column, &value);
        }
    }

    /// A number column, from text in decimal or, with `0x`, hexadecimal digits; what is no number is left out.
    pub(super) fn number(&mut self, column: &str, value: Option<impl AsRef<str>>) {
        if !self.wants(column) {
            return;
        }
        if let Some(number) = value.and_then(|text| parse_number(text.as_ref())) {
            let start = self.member(column);
            let _ = write!(self.json, "{number}");
            self.wrote(column, start);
        }
    }

    /// The event's time, under both of the names that tables have for it.
    pub(super) fn time(&mut self, time: Option<DateTime>) {
        const COLUMNS: [&str; 2] = ["Timestamp", "TimeGenerated"];
        if let Some(time) = time.filter(|_| COLUMNS.iter().any(|column| self.wants(column))) {
            let text = time.to_text7();
            for column in COLUMNS {
                self.string(column, &text);
            }
        }
    }

    /// A column whose value is JSON.
    pub(super) fn json(&mut self, column: &str, value: &str) {
        if self.wants(column) {
            let start = self.member(column);
            self.json.push_str(value);
            self.wrote(column, start);
        }
    }

    #[inline]
    fn asked(&self, column: &str) -> Option<usize> {
        self.written.as_ref()?.asked(column, self.is_bare)
    }

    fn wrote(&mut self, column: &str, start: usize) {
        if let (Some(number), Some(written)) = (self.asked(column), &mut self.written) {
            written.value(number, self.json, start);
        }
    }

    /// Begins a member; gives where its value does. Columns' names are letters and digits.
    fn member(&mut self, column: &str) -> usize {
        if !self.is_bare {
            self.json.push_str(if self.json.ends_with('{') { "\"" } else { ",\"" });
            self.json.push_str(column);
            self.json.push_str("\":");
        }
        self.json.len()
    }
}

impl Drop for Row<'_> {
    fn drop(&mut self) {
        if !self.is_bare {
            self.json.push('}');
        }
        if let Some(written) = &mut self.written {
            written.end(self.json.len());
        }
    }
}

fn parse_number(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
