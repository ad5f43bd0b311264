//! What is written for a match.

mod asim;
mod ecs;
mod evidence;
mod finding;
mod format;
mod native;
mod numbered;
mod ocsf;

use sha2::{Digest, Sha256};

use crate::compile::bound::{Leg, Step};
use crate::compile::ir::{Rest, slots_of};
use crate::compile::plain::evaluate;
use crate::compile::{BoundRule, each_table_leg, up_to_filters};
use crate::decode::Event;
use crate::matcher::{Match, cell, source_value};
use crate::schema::ScalarType;
use crate::value::functions::Context;
use crate::value::operators::truth;
use crate::value::{DateTime, Value};
use finding::Finding;

pub use evidence::{Evidence, MAX_EVIDENCE};
pub use format::Format;
pub use numbered::Numbered;

/// Where a record came from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The input's name: a path, or `-` for standard input.
    pub input: &'a str,
    /// Line number, from 1; while a block is handled, within the block and from 0.
    pub line: u64,
}

/// One match, ready to be written in any format.
pub struct Alert<'a> {
    /// 32 hexadecimal digits, from the rule and the record's content: the same record gives the same id again.
    pub id: String,
    /// The event's own time; null where the record has none.
    pub time: Value<'a>,
    /// The match.
    pub found: &'a Match<'a>,
    /// The string predicates that held, [`MAX_EVIDENCE`] at most.
    pub evidence: Vec<Evidence>,
    /// Where the record stood.
    pub source: Source<'a>,
    /// The sender's event that became the record; none where the record came as one of its table.
    pub event: Option<&'a Event>,
    /// When it was found.
    pub now: DateTime,
    /// Which rules gave it: 1 are those that a run begins with, and each reload brings the next.
    pub generation: u64,
}

impl<'a> Alert<'a> {
    /// The alert of a match.
    pub fn new(found: &'a Match<'a>, source: Source<'a>, context: &Context) -> Alert<'a> {
        let time = match found.program.time_slot {
            Some(slot) => {
                let ty = found.program.columns[slot].ty;
                cell::typed(found.record.cell(slot), ty, found.record.max_depth()).unwrap_or(Value::Null)
            }
            None => Value::Null,
        };
        Alert {
            id: id_of(found),
            time,
            found,
            evidence: evidence_of(found, context),
            source,
            event: None,
            now: context.now,
            generation: 1,
        }
    }

    /// Appends the alert in kqltap's own format, one line of JSON, newline included.
    pub fn write_native(&self, out: &mut Vec<u8>) {
        let mut numbered = Numbered::default();
        native::write(self, &mut numbered);
        numbered.resolve(0, out);
    }

    /// Appends the alert in any format, newline included, with the line's number left open.
    pub fn write(&self, format: Format, out: &mut Numbered) {
        if format == Format::Native {
            return native::write(self, out);
        }
        let found = self.found;
        let finding = Finding::new(
            (&self.id, &found.rule.rule),
            (&found.program.table.name, Some(found.record.payload())),
            (&self.time, self.now),
            (&found.rule.query.columns, &found.row),
        );
        let mut native = Numbered::default();
        native::write(self, &mut native);
        format.write(&finding, &native, out);
    }
}

/// Writes the alert of a row that many records made; no one record stands behind it.
pub fn write_result(rule: &BoundRule, row: &[Value<'_>], nth: usize, format: Format, now: DateTime, out: &mut Vec<u8>) {
    let mut columns = String::new();
    native::write_columns(&rule.query.columns, row, &mut columns);
    let mut hash = Sha256::new();
    hash.update(rule.rule.id.as_bytes());
    hash.update([0]);
    hash.update(columns.as_bytes());
    hash.update((nth as u64).to_le_bytes());
    let is_time = |name: &str| matches!(name, "TimeGenerated" | "Timestamp");
    let time = rule.query.columns.iter().position(|c| is_time(&c.name) && c.ty == ScalarType::DateTime);
    let time = time.and_then(|at| row.get(at).cloned()).unwrap_or(Value::Null);
    let (id, tables) = (hex(&hash.finalize()), tables_of(rule));
    let (mut native, mut all) = (Numbered::default(), Numbered::default());
    native::write_result(rule, &id, &time, (&tables, &columns), &mut native);
    let finding = Finding::new((&id, &rule.rule), (&tables, None), (&time, now), (&rule.query.columns, row));
    format.write(&finding, &native, &mut all);
    all.resolve(0, out);
}

/// The most tables that the alert of a row of many records names; a query that reads more reads, as good as, all.
const MAX_NAMED_TABLES: usize = 100;

/// What stands for so many.
const ALL_TABLES: &str = "*";

/// The tables that a query reads, with commas between them.
fn tables_of(rule: &BoundRule) -> String {
    let mut tables: Vec<&str> = Vec::new();
    for leg in &rule.query.legs {
        each_table_leg(leg, &mut |leg| {
            if let Some(table) = leg.table()
                && !tables.contains(&table.name.as_str())
            {
                tables.push(&table.name);
            }
        });
    }
    if tables.len() > MAX_NAMED_TABLES { ALL_TABLES.to_owned() } else { tables.join(",") }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Of an enveloped record the payload alone counts: a delivery that is repeated comes in a fresh envelope.
fn id_of(found: &Match<'_>) -> String {
    let mut hash = Sha256::new();
    hash.update(found.rule.rule.id.as_bytes());
    hash.update([0]);
    hash.update((found.detection.leg as u64).to_le_bytes());
    hash.update(found.record.payload().as_bytes());
    // The rows that one record became differ in nothing else.
    if found.nth > 0 {
        hash.update((found.nth as u64).to_le_bytes());
    }
    hex(&hash.finalize())
}

/// A match is rare, so its leg is walked once more for what to show. What a record was taken apart for is no evidence: it
/// stands in no column.
fn evidence_of(found: &Match<'_>, context: &Context) -> Vec<Evidence> {
    let query = &found.rule.rule.query;
    let mut evidence = Vec::new();
    let mut walk = |leg: &Leg| {
        if leg.table().is_none_or(|table| table.name != found.program.table.name) {
            return;
        }
        let slots = slots_of(&leg.cells, &found.program.columns);
        let mut row: Vec<Value<'_>> =
            (0..leg.cells.len()).map(|cell| source_value(found.program, &slots, found.record, cell)).collect();
        let mut collected = evidence::Collector::new(leg, query);
        // Of a leg that is a program of its own the filters have held just now.
        let has_held = matches!(found.detection.rest, Rest::Row(_));
        for step in up_to_filters(leg) {
            match step {
                Step::Filter(predicate) if !has_held && truth(&evaluate(predicate, &row, context)) != Some(true) => {
                    return;
                }
                Step::Filter(predicate) => collected.walk(predicate, &row, context),
                Step::Assign(cell, value) => row[cell.index()] = evaluate(value, &row, context),
                Step::Expand(_) | Step::Apply { .. } | Step::Parse { .. } => {}
            }
        }
        evidence.extend(collected.evidence);
    };
    match &found.detection.rest {
        Rest::Row(_) => walk(&found.rule.query.legs[found.detection.leg]),
        Rest::Collect { .. } => {}
        Rest::Query(query) => query.legs.iter().for_each(|leg| each_table_leg(leg, &mut walk)),
    }
    evidence.truncate(MAX_EVIDENCE);
    evidence
}
