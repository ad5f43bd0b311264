//! `sort`, `top` and `take`: a result put in order and cut.

use super::limits::Held;
use super::{Budget, Emit, Row, RowsError};
use crate::compile::bound::{Order, SortColumn};
use crate::value::compare::sort_cmp;

/// How many rows more than wanted are kept before they are sorted and cut.
const SLACK: usize = 1024;

/// Takes rows in any order, and gives them in that of a query.
pub(super) struct Sorter<'o> {
    order: &'o [Order],
    held: Held<'o>,
}

impl<'o> Sorter<'o> {
    pub(super) fn new(order: &'o [Order], budget: &'o Budget) -> Self {
        Sorter { order, held: Held::new(budget) }
    }

    pub(super) fn push(&mut self, row: Row) -> Result<(), RowsError> {
        match self.order {
            [Order::Take(count), ..] if self.held.rows.len() >= *count => return Ok(()),
            // `top`: what cannot be among the first is not kept.
            [Order::Sort(keys), Order::Take(count), ..] if self.held.rows.len() >= count.saturating_mul(2) + SLACK => {
                sort(&mut self.held.rows, keys);
                self.held.truncate(*count);
            }
            _ => {}
        }
        self.held.push(row)
    }

    pub(super) fn finish(mut self, emit: &mut Emit<'_>) -> Result<(), RowsError> {
        for order in self.order {
            match order {
                Order::Sort(keys) => sort(&mut self.held.rows, keys),
                Order::Take(count) => self.held.truncate(*count),
            }
        }
        self.held.drain(emit)
    }
}

/// Sorts rows; those with equal keys stay as they stand.
fn sort(rows: &mut [Row], keys: &[SortColumn]) {
    rows.sort_by(|a, b| {
        let orders = keys.iter().map(|key| match (a.get(key.column), b.get(key.column)) {
            (Some(a), Some(b)) => sort_cmp(a, b, key.descending, key.nulls_first),
            _ => std::cmp::Ordering::Equal,
        });
        orders.into_iter().find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::rows::RowsLimits;
    use crate::value::Value;

    fn ordered(order: &[Order], values: impl IntoIterator<Item = i64>) -> Vec<i64> {
        let budget = Budget::new(RowsLimits::default());
        let mut sorter = Sorter::new(order, &budget);
        values.into_iter().for_each(|n| sorter.push(vec![Value::Long(n), Value::Long(n % 10)]).unwrap());
        let mut out = Vec::new();
        let take = |row: Row| {
            if let Value::Long(n) = row[0] {
                out.push(n);
            }
            Ok(())
        };
        sorter.finish(&mut { take }).unwrap();
        out
    }

    fn by(column: usize, descending: bool) -> SortColumn {
        SortColumn { column, descending, nulls_first: !descending }
    }

    #[test]
    fn sorts_are_stable_and_cut() {
        let keys = Order::Sort(vec![by(1, true), by(0, false)]);
        assert_eq!(ordered(std::slice::from_ref(&keys), [11, 32, 22, 1]), [22, 32, 1, 11]);
        assert_eq!(ordered(&[keys.clone(), Order::Take(3)], [11, 32, 22, 1]), [22, 32, 1]);
        assert_eq!(ordered(&[Order::Take(2), keys], [11, 32, 22, 1]), [32, 11]);
        assert_eq!(ordered(&[Order::Sort(vec![by(1, false)])], [12, 1, 2]), [1, 12, 2]);
    }

    #[test]
    fn top_keeps_only_what_may_be_first() {
        let order = [Order::Sort(vec![by(0, true)]), Order::Take(3)];
        assert_eq!(ordered(&order, 0..10_000), [9999, 9998, 9997]);
        assert_eq!(ordered(&order, (0..10_000).rev()), [9999, 9998, 9997]);
    }
}
