//! `take_any`: any row will do, so it is the first.

use super::{Checked, MANY, function, new, new_if, predicate, same};
use crate::compile::bound::{Accumulator, AggregateFunction};
use crate::rows::limits::row_size;
use crate::schema::ScalarType;
use crate::value::Value;

const TAKE_ANY: &str = "The values of one row; of a single argument one that is not null or empty, if there is one.";
const TAKE_ANY_IF: &str = "A value of a row where the predicate is true; not null or empty, if there is one.";

fn same_if(types: &[ScalarType]) -> Checked {
    predicate(types, 1)?;
    same(types)
}

pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    function("take_any", "take_any(value, ...)", TAKE_ANY, (1, MANY), same, new::<Any>),
    function("any", "any(value, ...)", TAKE_ANY, (1, MANY), same, new::<Any>),
    function("take_anyif", "take_anyif(value, predicate)", TAKE_ANY_IF, (2, 2), same_if, new_if::<Any>),
    function("anyif", "anyif(value, predicate)", TAKE_ANY_IF, (2, 2), same_if, new_if::<Any>),
];

#[derive(Default)]
struct Any(Vec<Value<'static>>);

impl Accumulator for Any {
    fn add(&mut self, arguments: &[Value<'static>]) {
        let empty = |value: &Value<'static>| match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            _ => false,
        };
        let better = match (self.0.as_slice(), arguments) {
            ([], _) => true,
            ([old], [new]) => empty(old) && !empty(new),
            _ => false,
        };
        if better {
            self.0 = arguments.to_vec();
        }
    }

    fn finish(&mut self) -> Value<'static> {
        self.0.first().cloned().unwrap_or(Value::Null)
    }

    fn rest(&mut self) -> Vec<Value<'static>> {
        self.0.drain(1.min(self.0.len())..).collect()
    }

    fn size(&self) -> usize {
        64 + row_size(&self.0)
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
