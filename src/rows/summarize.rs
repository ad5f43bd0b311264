//! `summarize`: rows in groups, and what is computed of each.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::distinct::KEY_OVERHEAD;
use super::limits::{Held, row_size};
use super::{Emit, Row, RowsError, Scope, TableRows, each_row, key};
use crate::compile::bound::{Accumulator, Aggregate, Bound, BoundQuery};
use crate::value::Value;

/// What is computed.
pub(super) struct Summary<'q> {
    pub(super) by: &'q [Bound],
    pub(super) aggregates: &'q [Aggregate],
}

/// What aggregates know of a group.
pub(super) type States = Vec<Box<dyn Accumulator>>;

/// One row for each group, in the order of first appearance.
pub(super) fn run(
    input: &BoundQuery,
    summary: &Summary<'_>,
    tables: &mut dyn TableRows,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<(Row, States)> = Vec::new();
    let mut held = Held::new(scope.budget);
    if summary.by.is_empty() {
        // The one group of no keys is there without rows.
        places.insert(Vec::new(), 0);
        groups.push((Vec::new(), begin(summary.aggregates.iter())));
    }
    each_row(input, tables, scope, &mut |row| {
        let keys: Row = summary.by.iter().map(|bound| scope.value(bound, &row)).collect();
        let place = match places.entry(key::of(&keys)) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let states = begin(summary.aggregates.iter());
                let size: usize = states.iter().map(|state| state.size()).sum();
                held.charge(row_size(&keys) + entry.key().len() + KEY_OVERHEAD + size)?;
                groups.push((keys, states));
                *entry.insert(groups.len() - 1)
            }
        };
        match groups.get_mut(place) {
            Some((_, states)) => add(summary.aggregates.iter(), states, &row, scope, &mut held),
            None => Ok(()),
        }
    })?;
    for (mut row, mut states) in groups {
        for (aggregate, state) in summary.aggregates.iter().zip(&mut states) {
            let width = aggregate.function.width(aggregate.arguments.len());
            let end = row.len() + width;
            row.push(state.finish());
            row.extend(state.rest());
            // A group without rows knows of no further values.
            row.resize(end, Value::Null);
        }
        emit(row)?;
    }
    Ok(())
}

/// The states of a new group.
pub(super) fn begin<'a>(aggregates: impl Iterator<Item = &'a Aggregate>) -> States {
    aggregates.map(|aggregate| (aggregate.function.begin)()).collect()
}

/// Adds a row to a group.
pub(super) fn add<'a>(
    aggregates: impl Iterator<Item = &'a Aggregate>,
    states: &mut States,
    row: &Row,
    scope: Scope<'_>,
    held: &mut Held<'_>,
) -> Result<(), RowsError> {
    for (aggregate, state) in aggregates.zip(states) {
        let arguments: Row = aggregate.arguments.iter().map(|bound| scope.value(bound, row)).collect();
        let before = state.size();
        state.add(&arguments);
        held.charge(state.size().saturating_sub(before))?;
    }
    Ok(())
}
