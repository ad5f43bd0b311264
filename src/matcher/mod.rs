//! A record against the rules: the fast path, and the plain one that it is held to.

pub mod cell;
pub mod column;
pub mod evaluate;
pub mod gate;
pub mod index;
pub mod profile;
pub mod ruleset;
pub mod scratch;

use std::sync::Arc;

use crate::compile::bound::{BoundQuery, Leg};
use crate::compile::ir::{Detection, Rest, TableProgram, slots_of};
use crate::compile::{BoundRule, plain};
use crate::record::{Decoder, Limits, Malformed, Record, Records, Routed};
use crate::rows::{self, RowsError, RowsLimits, TableRows, TakeRow};
use crate::value::Value;
use crate::value::functions::Context;
use cell::Mistyped;
use evaluate::Evaluation;
use profile::Profile;
pub use ruleset::{GatePlan, Required, Ruleset, TableMatcher};
use scratch::Scratch;

/// Which evaluator decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// The compiled programs and their automata.
    Compiled,
    /// The plain evaluator.
    Plain,
}

/// Holds lines against a ruleset. One a worker: it owns the room that decoding and evaluation need.
pub struct Matcher {
    ruleset: Arc<Ruleset>,
    decoder: Decoder,
    scratch: Scratch,
    path: Path,
    /// What the compiled evaluator has cost.
    pub profile: Profile,
}

/// A record that a leg of a rule matched.
pub struct Match<'m> {
    /// The rule.
    pub rule: &'m BoundRule,
    /// Index of the rule in the ruleset.
    pub rule_index: usize,
    /// Which leg of the rule's query.
    pub detection: &'m Detection,
    /// The program of the record's table.
    pub program: &'m TableProgram,
    /// The record.
    pub record: &'m Record<'m>,
    /// The result row; behind the query's columns stand those it is sorted by.
    pub row: Vec<Value<'m>>,
    /// Which of the rows that the record became, from 0.
    pub nth: usize,
}

/// What a line held.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Records in the line.
    pub records: u64,
    /// Records of no known table.
    pub unrouted: u64,
    /// The places of those records that are of no known table, or of one whose rows hold other senders' events.
    pub foreign: Vec<usize>,
    /// Whether a record was of a known table, and so has been read.
    pub any_known: bool,
    /// Columns that did not have their type.
    pub mistyped: Vec<Mistyped>,
    /// Records of which a query made more than it may.
    pub failures: Vec<RowsError>,
}

impl Matcher {
    /// A matcher of the rules.
    pub fn new(ruleset: Arc<Ruleset>, limits: Limits, path: Path) -> Matcher {
        let decoder = Decoder::new(ruleset.layout.clone(), limits);
        let profile = Profile::new(ruleset.rules.len());
        Matcher { ruleset, decoder, scratch: Scratch::default(), path, profile }
    }

    /// Which evaluator it asks.
    pub(crate) fn path(&self) -> Path {
        self.path
    }

    /// Decodes one line and calls `each` for every match, in the order of the line's records, the rules and their legs.
    pub fn line(
        &mut self,
        line: &[u8],
        context: &Context,
        each: &mut dyn FnMut(&Match<'_>),
    ) -> Result<Outcome, Malformed> {
        let Matcher { ruleset, decoder, scratch, path, profile } = self;
        let records = decoder.decode(line)?;
        Ok(hold(ruleset, *path, records, context, (scratch, profile), each))
    }

    /// The same with records that have been decoded, after the ruleset's layout.
    pub fn records(&mut self, records: Records<'_>, context: &Context, each: &mut dyn FnMut(&Match<'_>)) -> Outcome {
        let Matcher { ruleset, scratch, path, profile, .. } = self;
        hold(ruleset, *path, records, context, (scratch, profile), each)
    }
}

fn hold(
    ruleset: &Ruleset,
    path: Path,
    records: Records<'_>,
    context: &Context,
    (scratch, profile): (&mut Scratch, &mut Profile),
    each: &mut dyn FnMut(&Match<'_>),
) -> Outcome {
    let mut outcome = Outcome::default();
    for record in records.iter() {
        outcome.records += 1;
        let table = match record.routed {
            Routed::Table(table) => table,
            Routed::Unused => {
                outcome.any_known = true;
                continue;
            }
            Routed::Carrier => {
                outcome.foreign.push(record.index);
                continue;
            }
            Routed::Unrouted => {
                outcome.unrouted += 1;
                outcome.foreign.push(record.index);
                continue;
            }
        };
        outcome.any_known = true;
        if ruleset.tables[table].carries {
            outcome.foreign.push(record.index);
        }
        match path {
            Path::Compiled => {
                compiled(ruleset, table, &record, context, (scratch, profile), &mut outcome, each);
            }
            Path::Plain => plain_record(ruleset, table, &record, context, &mut outcome, each),
        }
    }
    outcome
}

fn compiled(
    ruleset: &Ruleset,
    table: usize,
    record: &Record<'_>,
    context: &Context,
    (scratch, profile): (&mut Scratch, &mut Profile),
    outcome: &mut Outcome,
    each: &mut dyn FnMut(&Match<'_>),
) {
    let matcher = &ruleset.tables[table];
    let mut evaluation = Evaluation::new(&matcher.program, &matcher.columns, record, context, scratch);
    let failures = &mut outcome.failures;
    let mut hold = |evaluation: &mut Evaluation<'_, '_>, detection| {
        let detection: &Detection = detection;
        let begun = profile.begin(detection.rule);
        if evaluation.passes(&detection.filter) {
            match &detection.rest {
                Rest::Row(output) => {
                    let row = output.iter().map(|id| evaluation.value(*id)).collect();
                    each(&Of { ruleset, program: &matcher.program, detection, record }.found(row, 0));
                }
                Rest::Query(query) => {
                    let of = Of { ruleset, program: &matcher.program, detection, record };
                    failures.extend(rows_of_record(&of, query, context, each).err());
                }
                Rest::Collect { cells, .. } => {
                    let row = cells.iter().map(|id| evaluation.value(*id)).collect();
                    each(&Of { ruleset, program: &matcher.program, detection, record }.found(row, 0));
                }
            }
        }
        profile.end(detection.rule, begun);
    };
    match &matcher.index {
        None => matcher.program.detections.iter().for_each(|detection| hold(&mut evaluation, detection)),
        Some(index) => {
            let candidates = evaluation.candidates(index);
            candidates.iter().for_each(|at| hold(&mut evaluation, &matcher.program.detections[*at as usize]));
            evaluation.give_back(candidates);
        }
    }
    outcome.mistyped.append(&mut scratch.mistyped);
}

fn plain_record(
    ruleset: &Ruleset,
    table: usize,
    record: &Record<'_>,
    context: &Context,
    outcome: &mut Outcome,
    each: &mut dyn FnMut(&Match<'_>),
) {
    let program = &ruleset.tables[table].program;
    for detection in &program.detections {
        let of = Of { ruleset, program, detection, record };
        let result = match &detection.rest {
            Rest::Row(_) => {
                let leg = &ruleset.rules[detection.rule].query.legs[detection.leg];
                let source = |cell: usize| source_value(program, &detection.slots, record, cell);
                plain::run_each(leg, source, context, &mut |row| {
                    each(&of.found(row, 0));
                    Ok(())
                })
            }
            Rest::Query(query) => rows_of_record(&of, query, context, each),
            // The whole query is run plainly, whatever path led here.
            Rest::Collect { .. } => Ok(()),
        };
        outcome.failures.extend(result.err());
    }
}

/// A detection and the record that is held against it.
#[derive(Clone, Copy)]
struct Of<'m> {
    ruleset: &'m Ruleset,
    program: &'m TableProgram,
    detection: &'m Detection,
    record: &'m Record<'m>,
}

impl<'m> Of<'m> {
    fn found(self, row: Vec<Value<'m>>, nth: usize) -> Match<'m> {
        let Of { ruleset, program, detection, record } = self;
        let rule = &ruleset.rules[detection.rule];
        Match { rule, rule_index: detection.rule, detection, program, record, row, nth }
    }
}

/// The record is the only row of its table; every row of the query's result is a match.
fn rows_of_record(
    of: &Of<'_>,
    query: &BoundQuery,
    context: &Context,
    each: &mut dyn FnMut(&Match<'_>),
) -> Result<(), RowsError> {
    let result = rows::run(query, &mut OneRecord(*of), context, &RowsLimits::of_record())?;
    result.into_iter().enumerate().for_each(|(nth, row)| each(&of.found(row, nth)));
    Ok(())
}

/// A table of one record; all other tables are empty.
struct OneRecord<'m>(Of<'m>);

impl TableRows for OneRecord<'_> {
    fn rows(&mut self, leg: &Leg, take: &mut TakeRow<'_>) -> Result<(), RowsError> {
        let Of { program, record, .. } = self.0;
        if leg.table().is_none_or(|table| table.name != program.table.name) {
            return Ok(());
        }
        let slots = slots_of(&leg.cells, &program.columns);
        take((0..leg.cells.len()).map(|cell| source_value(program, &slots, record, cell)).collect())
    }
}

/// The value of a leg's cell that the table fills, read from the record.
pub fn source_value<'v>(
    program: &TableProgram,
    slots: &[Option<usize>],
    record: &'v Record<'_>,
    cell: usize,
) -> Value<'v> {
    match slots.get(cell).copied().flatten() {
        Some(slot) => {
            let ty = program.columns[slot].ty;
            cell::typed(record.cell(slot), ty, record.max_depth()).unwrap_or_else(|| Value::missing(ty))
        }
        None => Value::Null,
    }
}
