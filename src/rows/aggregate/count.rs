//! How many: rows, and different values.

use std::collections::HashSet;

use super::{Checked, function, new, new_if, predicate, value_of};
use crate::compile::bound::{Accumulator, AggregateFunction};
use crate::rows::distinct::KEY_OVERHEAD;
use crate::rows::key;
use crate::schema::ScalarType;
use crate::value::Value;

const LONG: fn(&[ScalarType]) -> Checked = |_| Ok(ScalarType::Long);
const LONG_IF: fn(&[ScalarType]) -> Checked = |types| predicate(types, 1).map(|()| ScalarType::Long);

pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    function("count", "count()", "How many rows there are, nulls among them.", (0, 1), LONG, new::<Rows>),
    function(
        "countif",
        "countif(predicate)",
        "How many rows there are for which the predicate is true.",
        (1, 1),
        |types| predicate(types, 0).map(|()| ScalarType::Long),
        new::<RowsIf>,
    ),
    function(
        "dcount",
        "dcount(value [, accuracy])",
        "How many different values there are, not counting null. Kusto estimates; here it is exact.",
        (1, 2),
        LONG,
        new::<Different>,
    ),
    function(
        "dcountif",
        "dcountif(value, predicate [, accuracy])",
        "How many different values there are where the predicate is true.",
        (2, 3),
        LONG_IF,
        new_if::<Different>,
    ),
    function(
        "count_distinct",
        "count_distinct(value)",
        "How many different values there are, not counting null.",
        (1, 1),
        LONG,
        new::<Different>,
    ),
    function(
        "count_distinctif",
        "count_distinctif(value, predicate)",
        "How many different values there are where the predicate is true.",
        (2, 2),
        LONG_IF,
        new_if::<Different>,
    ),
];

#[derive(Default)]
struct Rows(i64);

impl Accumulator for Rows {
    fn add(&mut self, _: &[Value<'static>]) {
        self.0 += 1;
    }

    fn finish(&mut self) -> Value<'static> {
        Value::Long(self.0)
    }
}

#[derive(Default)]
struct RowsIf(i64);

impl Accumulator for RowsIf {
    fn add(&mut self, arguments: &[Value<'static>]) {
        self.0 += i64::from(arguments.first() == Some(&Value::Bool(true)));
    }

    fn finish(&mut self) -> Value<'static> {
        Value::Long(self.0)
    }
}

#[derive(Default)]
struct Different {
    seen: HashSet<Vec<u8>>,
    bytes: usize,
}

impl Accumulator for Different {
    fn add(&mut self, arguments: &[Value<'static>]) {
        if let Some(value) = value_of(arguments) {
            let key = key::of([value]);
            let size = key.len() + KEY_OVERHEAD;
            if self.seen.insert(key) {
                self.bytes += size;
            }
        }
    }

    fn finish(&mut self) -> Value<'static> {
        Value::Long(i64::try_from(self.seen.len()).unwrap_or(i64::MAX))
    }

    fn size(&self) -> usize {
        64 + self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{longs, over, over_rows};
    use super::*;

    #[test]
    fn rows_and_values() {
        let values = [Value::Long(1), Value::Null, Value::Long(1), Value::Long(2)];
        assert_eq!(over("count", &values), Value::Long(4));
        assert_eq!(over("dcount", &values), Value::Long(2));
        assert_eq!(over("count_distinct", &[Value::string(""), Value::string("a")]), Value::Long(2));
        assert_eq!(over("countif", &[Value::Bool(true), Value::Null, Value::Bool(false)]), Value::Long(1));
        assert_eq!(over_rows("count", &[vec![], vec![]]), longs(&[2]));
    }
}
