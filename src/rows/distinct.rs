//! `distinct`, `count` and `sample`.

use std::collections::HashSet;

use super::limits::Held;
use super::{Emit, RowsError, Scope, TableRows, each_row, key};
use crate::compile::bound::BoundQuery;
use crate::value::Value;

/// What a key in a set or a map takes beside its bytes.
pub(super) const KEY_OVERHEAD: usize = 48;

/// Each different row once, in the order of first appearance.
pub(super) fn run(
    input: &BoundQuery,
    tables: &mut dyn TableRows,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let mut seen = HashSet::new();
    let mut held = Held::new(scope.budget);
    each_row(input, tables, scope, &mut |row| {
        let key = key::of(&row);
        let size = key.len() + KEY_OVERHEAD;
        if !seen.insert(key) {
            return Ok(());
        }
        held.charge(size)?;
        emit(row)
    })
}

/// One row: how many there are.
pub(super) fn count(
    input: &BoundQuery,
    tables: &mut dyn TableRows,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let mut count = 0;
    each_row(input, tables, scope, &mut |_| {
        count += 1;
        Ok(())
    })?;
    emit(vec![Value::Long(count)])
}

/// Any rows will do, so it is the first ones: the answer is the same each time.
pub(super) fn sample(
    input: &BoundQuery,
    count: usize,
    tables: &mut dyn TableRows,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let mut left = count;
    each_row(input, tables, scope, &mut |row| match left {
        0 => Ok(()),
        _ => {
            left -= 1;
            emit(row)
        }
    })
}
