//! `row_number()`, `prev()`, `next()`, `row_cumsum()`, `row_rank_…()` and `row_window_session()`: columns that look at other rows.

use super::limits::{Held, value_size};
use super::{Emit, RowsError, Scope, TableRows, each_row};
use crate::compile::bound::{Bound, BoundQuery, Window};
use crate::schema::ScalarType;
use crate::value::{DateTime, TimeSpan, Value, arithmetic};

/// The input's rows with one more column for each window.
pub(super) fn run(
    input: &BoundQuery,
    windows: &[Window],
    tables: &mut dyn TableRows,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let mut held = Held::new(scope.budget);
    each_row(input, tables, scope, &mut |row| held.push(row))?;
    // A window reads the input's columns only, so all are computed before any is appended.
    let mut columns = Vec::with_capacity(windows.len());
    for window in windows {
        let column = column(window, &held, scope);
        held.charge(column.iter().map(value_size).sum())?;
        columns.push(column.into_iter());
    }
    for row in &mut held.rows {
        row.extend(columns.iter_mut().map(|column| column.next().unwrap_or(Value::Null)));
    }
    held.drain(emit)
}

fn column(window: &Window, held: &Held<'_>, scope: Scope<'_>) -> Vec<Value<'static>> {
    let rows = &held.rows;
    let all = |bound: &Bound| -> Vec<Value<'static>> { rows.iter().map(|row| scope.value(bound, row)).collect() };
    // Whether it begins anew at each row.
    let anew = |restart: &Option<Bound>| -> Vec<bool> {
        restart.as_ref().map_or_else(
            || vec![false; rows.len()],
            |bound| rows.iter().map(|row| scope.value(bound, row) == Value::Bool(true)).collect(),
        )
    };
    match window {
        Window::RowNumber { start, restart } => {
            let mut next = *start;
            let number = |anew: bool| {
                let number = if anew { *start } else { next };
                next = number.wrapping_add(1);
                Value::Long(number)
            };
            anew(restart).into_iter().map(number).collect()
        }
        Window::Shift { value, offset, default } => {
            let values = all(value);
            let shifted = |at: usize| {
                let from = i64::try_from(at).ok()?.checked_sub(*offset)?;
                values.get(usize::try_from(from).ok()?).cloned()
            };
            (0..values.len()).map(|at| shifted(at).unwrap_or_else(|| default.clone())).collect()
        }
        Window::Session { time, from_first, between, restart } => {
            // The times that began the session and of the row before; none after a null.
            let mut session: Option<(DateTime, DateTime)> = None;
            let begin = |(time, anew): (Value<'static>, bool)| {
                let Value::DateTime(time) = time else {
                    session = None;
                    return Value::Null;
                };
                let far = |from: DateTime, limit: &TimeSpan| time.0.saturating_sub(from.0) >= limit.0;
                let first = match session {
                    Some((first, before)) if !anew && !far(first, from_first) && !far(before, between) => first,
                    _ => time,
                };
                session = Some((first, time));
                Value::DateTime(first)
            };
            all(time).into_iter().zip(anew(restart)).map(begin).collect()
        }
        Window::Rank { term, dense, restart } => {
            let (mut before, mut rank, mut number) = (None, 0, 0);
            let ranked = |(term, anew): (Value<'static>, bool)| {
                if anew {
                    (before, rank, number) = (None, 0, 0);
                }
                number += 1;
                if before.as_ref() != Some(&term) {
                    rank = if *dense { rank + 1 } else { number };
                    before = Some(term);
                }
                Value::Long(rank)
            };
            all(term).into_iter().zip(anew(restart)).map(ranked).collect()
        }
        Window::Sum { term, restart } => {
            let zero = match term.ty {
                ScalarType::Real | ScalarType::Decimal => Value::Real(0.0),
                ScalarType::TimeSpan => Value::TimeSpan(TimeSpan(0)),
                _ => Value::Long(0),
            };
            let mut sum = zero.clone();
            let add = |(term, anew): (Value<'static>, bool)| {
                if anew {
                    sum = zero.clone();
                }
                if !term.is_null() {
                    sum = arithmetic::add(&sum, &term);
                }
                sum.clone()
            };
            all(term).into_iter().zip(anew(restart)).map(add).collect()
        }
    }
}
