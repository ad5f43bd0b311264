//! `join` and `lookup`: the rows of two inputs, side by side where their keys are equal.
//!
//! The right side is held, the left one passes by. A null is equal to nothing, not even to another null.

use std::collections::{HashMap, HashSet};

use super::distinct::KEY_OVERHEAD;
use super::limits::Held;
use super::{Emit, Row, RowsError, Scope, TableRows, each_row, key};
use crate::compile::bound::{BoundQuery, Join, JoinColumn, JoinKind};
use crate::value::Value;

/// The rows of a join in the order of the left side; right rows without a partner come last.
pub(super) fn run(
    left: &BoundQuery,
    join: &Join,
    tables: &mut dyn TableRows,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let mut held = Held::new(scope.budget);
    each_row(&join.right, tables, scope, &mut |row| held.push(row))?;
    let right = std::mem::take(&mut held.rows);
    let mut places: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (at, row) in right.iter().enumerate() {
        if let Some(key) = key_of(row, join.keys.iter().map(|(_, right)| *right)) {
            held.charge(key.len() + KEY_OVERHEAD)?;
            places.entry(key).or_default().push(at);
        }
    }
    let mut matched = vec![false; right.len()];
    let mut seen = HashSet::new();
    let left_keys = || join.keys.iter().map(|(left, _)| *left);
    each_row(left, tables, scope, &mut |row| {
        let key = key_of(&row, left_keys());
        let partners = key.as_ref().and_then(|key| places.get(key)).map_or(&[][..], Vec::as_slice);
        if join.kind == JoinKind::InnerUnique {
            let Some(key) = key.filter(|_| !partners.is_empty()) else {
                return Ok(());
            };
            held.charge(key.len() + KEY_OVERHEAD)?;
            if !seen.insert(key) {
                return Ok(());
            }
        }
        match join.kind {
            JoinKind::LeftSemi if !partners.is_empty() => emit(side_by_side(join, Some(&row), None)),
            JoinKind::LeftAnti if partners.is_empty() => emit(side_by_side(join, Some(&row), None)),
            JoinKind::LeftSemi | JoinKind::LeftAnti => Ok(()),
            JoinKind::LeftOuter | JoinKind::FullOuter if partners.is_empty() => {
                emit(side_by_side(join, Some(&row), None))
            }
            JoinKind::RightSemi | JoinKind::RightAnti => {
                partners.iter().for_each(|at| mark(&mut matched, *at));
                Ok(())
            }
            _ => partners.iter().try_for_each(|at| {
                mark(&mut matched, *at);
                emit(side_by_side(join, Some(&row), right.get(*at)))
            }),
        }
    })?;
    let wanted = match join.kind {
        JoinKind::RightSemi => true,
        JoinKind::RightOuter | JoinKind::FullOuter | JoinKind::RightAnti => false,
        _ => return Ok(()),
    };
    let rest = right.iter().zip(&matched).filter(|(_, matched)| **matched == wanted);
    rest.map(|(row, _)| row).try_for_each(|row| emit(side_by_side(join, None, Some(row))))
}

fn mark(matched: &mut [bool], at: usize) {
    if let Some(flag) = matched.get_mut(at) {
        *flag = true;
    }
}

/// `None` where a null is among the keys.
fn key_of(row: &Row, columns: impl Iterator<Item = usize>) -> Option<Vec<u8>> {
    let values: Vec<&Value<'static>> = columns.map(|at| row.get(at)).collect::<Option<_>>()?;
    if values.iter().any(|value| value.is_null()) {
        return None;
    }
    Some(key::of(values))
}

pub(super) fn side_by_side(join: &Join, left: Option<&Row>, right: Option<&Row>) -> Row {
    let value = |column: &JoinColumn| match column {
        JoinColumn::Left(at) => left?.get(*at).cloned(),
        JoinColumn::Right(at) => right?.get(*at).cloned(),
    };
    join.output.iter().map(|column| value(column).unwrap_or(Value::Null)).collect()
}
