//! `scan`: sequences of rows, each row held against the steps and what they have seen.
//!
//! <https://learn.microsoft.com/kusto/query/scan-operator>

use super::limits::{Held, row_size};
use super::{Emit, Row, RowsError, Scope, TableRows, each_row};
use crate::compile::bound::{BoundQuery, Scan, ScanStep};
use crate::value::Value;

/// How far a sequence has come: the row of each step so far, with the declared columns, and its number.
struct Sequence<'q> {
    rows: Held<'q>,
    number: i64,
}

/// A row for each match of a row with a step.
pub(super) fn run(
    input: &BoundQuery,
    scan: &Scan,
    tables: &mut dyn TableRows,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let mut scanner = Scanner { scan, scope, states: scan.steps.iter().map(|_| None).collect(), next: 0 };
    each_row(input, tables, scope, &mut |row| scanner.row(&row, emit))
}

struct Scanner<'q> {
    scan: &'q Scan,
    scope: Scope<'q>,
    /// For each step, the sequence that has come as far as it.
    states: Vec<Option<Sequence<'q>>>,
    /// The number of the next sequence.
    next: i64,
}

impl<'q> Scanner<'q> {
    /// Holds a row against the steps, from the last to the first, so that it can take each sequence one step on only.
    fn row(&mut self, row: &Row, emit: &mut Emit<'_>) -> Result<(), RowsError> {
        for (at, step) in self.scan.steps.iter().enumerate().rev() {
            let next = match self.next_step(at, step, row)? {
                Some(next) => Some(next),
                None => self.again(at, step, row)?,
            };
            let Some((mut sequence, extended)) = next else { continue };
            if step.output {
                let mut shown = extended.clone();
                if self.scan.match_id {
                    shown.push(Value::Long(sequence.number));
                }
                emit(shown)?;
            }
            sequence.rows.truncate(at);
            sequence.rows.push(extended)?;
            if let Some(state) = self.states.get_mut(at) {
                *state = Some(sequence);
            }
        }
        Ok(())
    }

    /// The sequence of the step before goes on to this one.
    fn next_step(&mut self, at: usize, step: &ScanStep, row: &Row) -> Result<Option<(Sequence<'q>, Row)>, RowsError> {
        let Some(before) = at.checked_sub(1) else { return Ok(None) };
        let Some(Some(sequence)) = self.states.get(before) else { return Ok(None) };
        let Some(extended) = self.matched(step, row, Some(sequence))? else { return Ok(None) };
        Ok(self.states.get_mut(before).and_then(Option::take).map(|sequence| (sequence, extended)))
    }

    /// The sequence of this step sees one more row; at the first step one may begin.
    fn again(&mut self, at: usize, step: &ScanStep, row: &Row) -> Result<Option<(Sequence<'q>, Row)>, RowsError> {
        let sequence = self.states.get(at).and_then(Option::as_ref);
        if sequence.is_none() && at > 0 {
            return Ok(None);
        }
        let Some(extended) = self.matched(step, row, sequence)? else { return Ok(None) };
        let budget = self.scope.budget;
        let sequence = self.states.get_mut(at).and_then(Option::take).unwrap_or_else(|| {
            self.next += 1;
            Sequence { rows: Held::new(budget), number: self.next - 1 }
        });
        Ok(Some((sequence, extended)))
    }

    /// The row with the declared columns, if the step takes it.
    fn matched(&self, step: &ScanStep, row: &Row, sequence: Option<&Sequence<'q>>) -> Result<Option<Row>, RowsError> {
        let Scan { width, blank, steps, .. } = self.scan;
        let mut seen = row.clone();
        for at in 0..steps.len() {
            let state = sequence.and_then(|sequence| sequence.rows.rows.get(at)).unwrap_or(blank);
            seen.extend(state.iter().cloned());
        }
        self.scope.budget.copy(row_size(&seen))?;
        if self.scope.value(&step.condition, &seen) != Value::Bool(true) {
            return Ok(None);
        }
        let mut extended = row.clone();
        extended.extend(blank.iter().skip(*width).cloned());
        for (column, value) in &step.assignments {
            if let Some(place) = extended.get_mut(width + column) {
                *place = self.scope.value(value, &seen);
            }
        }
        Ok(Some(extended))
    }
}
