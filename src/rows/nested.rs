//! `top-nested`: groups in groups, and of each the first alone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::distinct::KEY_OVERHEAD;
use super::limits::{Held, value_size};
use super::summarize::{add, begin};
use super::{Emit, Row, RowsError, Scope, TableRows, each_row, key};
use crate::compile::bound::{BoundQuery, Computed, NestedLevel};
use crate::value::Value;
use crate::value::compare::sort_cmp;

/// A row for each group of the last level: the key and the value of each level.
pub(super) fn run(
    input: &BoundQuery,
    levels: &[NestedLevel],
    tables: &mut dyn TableRows,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let mut held = Held::new(scope.budget);
    each_row(input, tables, scope, &mut |row| held.push(row))?;
    let rows: Vec<&Row> = held.rows.iter().collect();
    level(&rows, levels, &Row::new(), scope, emit)
}

/// The groups of one level, with those of the levels behind it.
fn level(
    rows: &[&Row],
    levels: &[NestedLevel],
    before: &Row,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let Some((first, rest)) = levels.split_first() else { return emit(before.clone()) };
    let mut held = Held::new(scope.budget);
    held.charge(size_of_val(rows))?;
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<(Value<'static>, Vec<&Row>)> = Vec::new();
    for row in rows {
        let value = scope.value(&first.key, row);
        match places.entry(key::of(std::slice::from_ref(&value))) {
            Entry::Occupied(entry) => {
                if let Some((_, members)) = groups.get_mut(*entry.get()) {
                    members.push(row);
                }
            }
            Entry::Vacant(entry) => {
                held.charge(entry.key().len() + KEY_OVERHEAD)?;
                entry.insert(groups.len());
                groups.push((value, vec![row]));
            }
        }
    }
    drop(places);
    let mut valued = Vec::with_capacity(groups.len());
    for (key, members) in groups {
        let value = value_of(&first.value, &members, scope)?;
        held.charge(value_size(&key) + value_size(&value))?;
        valued.push((value, key, members));
    }
    // Of groups with one value the one that came last stands first, as in the engine's answer to the documentation's example.
    valued.reverse();
    valued.sort_by(|(a, ..), (b, ..)| sort_cmp(a, b, first.descending, !first.descending));
    let others = valued.split_off(first.count.unwrap_or(valued.len()).min(valued.len()));
    for (value, key, members) in valued {
        level(&members, rest, &extended(before, key, value), scope, emit)?;
    }
    if first.others.is_some() && !others.is_empty() {
        let members: Vec<&Row> = others.into_iter().flat_map(|(_, _, members)| members).collect();
        // All that is not among the first of this level is not of the levels behind it either.
        let mut row = before.clone();
        for level in levels {
            let value = value_of(&level.value, &members, scope)?;
            row = extended(&row, level.others.clone().unwrap_or(Value::Null), value);
        }
        emit(row)?;
    }
    Ok(())
}

fn extended(before: &Row, key: Value<'static>, value: Value<'static>) -> Row {
    before.iter().cloned().chain([key, value]).collect()
}

fn value_of(computed: &Computed, members: &[&Row], scope: Scope<'_>) -> Result<Value<'static>, RowsError> {
    let mut held = Held::new(scope.budget);
    let mut states = begin(computed.aggregates.iter());
    for row in members {
        add(computed.aggregates.iter(), &mut states, row, scope, &mut held)?;
    }
    let values: Row = states.iter_mut().map(|state| state.finish()).collect();
    Ok(scope.value(&computed.value, &values))
}
