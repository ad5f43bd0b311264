//! `take_any`: any row will do, so it is the first.

use super::leading::{Leading, Leads};
use super::{MANY, function, new, new_if, same, same_if};
use crate::compile::bound::AggregateFunction;
use crate::value::Value;

const TAKE_ANY: &str = "The values of one row; of a single argument one that is not null or empty, if there is one.";
const TAKE_ANY_IF: &str = "A value of a row where the predicate is true; not null or empty, if there is one.";

pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    function("take_any", "take_any(value, ...)", TAKE_ANY, (1, MANY), same, new::<Leading<First>>),
    function("any", "any(value, ...)", TAKE_ANY, (1, MANY), same, new::<Leading<First>>),
    function("take_anyif", "take_anyif(value, predicate)", TAKE_ANY_IF, (2, 2), same_if, new_if::<Leading<First>>),
    function("anyif", "anyif(value, predicate)", TAKE_ANY_IF, (2, 2), same_if, new_if::<Leading<First>>),
];

/// The first row, and of single values the first that is there.
struct First;

impl Leads for First {
    fn leads(new: &[Value<'static>], old: &[Value<'static>]) -> bool {
        let empty = |value: &Value<'static>| match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            _ => false,
        };
        matches!((old, new), ([old], [new]) if empty(old) && !empty(new))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{over, over_rows};
    use super::*;

    #[test]
    fn one_value_that_is_there_or_one_row() {
        let values = [Value::string(""), Value::string("a"), Value::string("b")];
        assert_eq!(over("take_any", &values), Value::string("a"));
        assert_eq!(over("take_any", &[Value::Null, Value::Long(1)]), Value::Long(1));
        let rows = [vec![Value::Null, Value::Long(1)], vec![Value::Long(2), Value::Null]];
        assert_eq!(over_rows("take_any", &rows), rows[0]);
    }
}
