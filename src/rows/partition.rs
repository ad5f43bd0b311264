//! `partition`: the rows of each value of a column, through a query of their own.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::distinct::KEY_OVERHEAD;
use super::limits::Elements;
use super::{Emit, RowsError, Scope, TableRows, each_row, key};
use crate::compile::bound::BoundQuery;
use crate::value::Value;

/// What the query gives for each partition, in the order of first appearance.
pub(super) fn run(
    input: &BoundQuery,
    by: usize,
    query: &BoundQuery,
    tables: &mut dyn TableRows,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut partitions: Vec<Elements<'static, '_>> = Vec::new();
    let mut keys = 0;
    let gathered = each_row(input, tables, scope, &mut |row| {
        let place = match places.entry(key::of(std::slice::from_ref(row.get(by).unwrap_or(&Value::Null)))) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let size = entry.key().len() + KEY_OVERHEAD;
                scope.budget.hold(size)?;
                keys += size;
                partitions.push(Elements::new(scope.budget));
                *entry.insert(partitions.len() - 1)
            }
        };
        partitions.get_mut(place).map_or(Ok(()), |rows| rows.push(row))
    });
    let inner = scope.deeper()?;
    // Each goes when it has been asked, and what it held with it.
    let answered = gathered.and_then(|()| {
        partitions.into_iter().try_for_each(|rows| each_row(query, tables, inner.within(rows.rows()), emit))
    });
    scope.budget.release(keys);
    answered
}
