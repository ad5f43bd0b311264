//! A record against the rules: the fast path, and the plain one that it is held to.

pub mod cell;
pub mod column;
pub mod evaluate;
pub mod gate;
pub mod index;
pub mod ruleset;

use std::sync::Arc;

use crate::compile::ir::{Detection, TableProgram};
use crate::compile::{BoundRule, plain};
use crate::record::{Decoder, Limits, Malformed, Record, Routed};
use crate::value::Value;
use crate::value::functions::Context;
use cell::Mistyped;
use evaluate::{Evaluation, Scratch};
pub use ruleset::{GatePlan, Required, Ruleset, TableMatcher};

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
}

/// What a line held.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Records in the line.
    pub records: u64,
    /// Records of no known table.
    pub unrouted: u64,
    /// Columns that did not have their type.
    pub mistyped: Vec<Mistyped>,
}

impl Matcher {
    /// A matcher of the rules.
    pub fn new(ruleset: Arc<Ruleset>, limits: Limits, path: Path) -> Matcher {
        let decoder = Decoder::new(ruleset.layout.clone(), limits);
        Matcher { ruleset, decoder, scratch: Scratch::default(), path }
    }

    /// The rules.
    pub fn ruleset(&self) -> &Arc<Ruleset> {
        &self.ruleset
    }

    /// Decodes one line and calls `each` for every match, in the order of the line's records, the rules and their legs.
    pub fn line(
        &mut self,
        line: &[u8],
        context: &Context,
        each: &mut dyn FnMut(&Match<'_>),
    ) -> Result<Outcome, Malformed> {
        let records = self.decoder.decode(line)?;
        let mut outcome = Outcome::default();
        for record in records.iter() {
            outcome.records += 1;
            let table = match record.routed {
                Routed::Table(table) => table,
                Routed::Unused => continue,
                Routed::Unrouted => {
                    outcome.unrouted += 1;
                    continue;
                }
            };
            match self.path {
                Path::Compiled => {
                    compiled(&self.ruleset, table, &record, context, &mut self.scratch, &mut outcome, each)
                }
                Path::Plain => plain_record(&self.ruleset, table, &record, context, each),
            }
        }
        Ok(outcome)
    }
}

fn compiled(
    ruleset: &Ruleset,
    table: usize,
    record: &Record<'_>,
    context: &Context,
    scratch: &mut Scratch,
    outcome: &mut Outcome,
    each: &mut dyn FnMut(&Match<'_>),
) {
    let matcher = &ruleset.tables[table];
    let mut evaluation = Evaluation::new(&matcher.program, &matcher.columns, record, context, scratch);
    let mut hold = |evaluation: &mut Evaluation<'_, '_>, detection| {
        let detection: &Detection = detection;
        if evaluation.passes(&detection.filter) {
            let row = detection.output.iter().map(|id| evaluation.value(*id)).collect();
            each(&found(ruleset, &matcher.program, detection, record, row));
        }
    };
    match &matcher.index {
        None => matcher.program.detections.iter().for_each(|detection| hold(&mut evaluation, detection)),
        Some(index) => {
            let candidates = evaluation.candidates(index);
            candidates.iter().for_each(|at| hold(&mut evaluation, &matcher.program.detections[*at as usize]));
            evaluation.give_back(candidates);
        }
    }
    evaluation.finish();
    outcome.mistyped.append(&mut scratch.mistyped);
}

fn plain_record(
    ruleset: &Ruleset,
    table: usize,
    record: &Record<'_>,
    context: &Context,
    each: &mut dyn FnMut(&Match<'_>),
) {
    let program = &ruleset.tables[table].program;
    for detection in &program.detections {
        let leg = &ruleset.rules[detection.rule].query.legs[detection.leg];
        let source = |cell: usize| source_value(program, detection, record, cell);
        // A record that becomes more rows than the limit allows gives as many as the limit.
        let _ = plain::run_each(leg, source, context, &mut |row| {
            each(&found(ruleset, program, detection, record, row));
            Ok(())
        });
    }
}

fn found<'m>(
    ruleset: &'m Ruleset,
    program: &'m TableProgram,
    detection: &'m Detection,
    record: &'m Record<'m>,
    row: Vec<Value<'m>>,
) -> Match<'m> {
    Match { rule: &ruleset.rules[detection.rule], rule_index: detection.rule, detection, program, record, row }
}

/// The value of a leg's cell that the table fills, read from the record.
pub fn source_value<'v>(
    program: &TableProgram,
    detection: &Detection,
    record: &'v Record<'_>,
    cell: usize,
) -> Value<'v> {
    match detection.slots.get(cell).copied().flatten() {
        Some(slot) => {
            let ty = program.columns[slot].ty;
            cell::typed(record.cell(slot), ty).unwrap_or_else(|| cell::missing(ty))
        }
        None => Value::Null,
    }
}
