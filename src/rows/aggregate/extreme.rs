//! `min`, `max`, and the rows they stand in: `arg_min`, `arg_max`.

use std::cmp::Ordering;

use super::leading::{Leading, Leads};
use super::{MANY, function, new, new_if, same, same_if, value_of};
use crate::compile::bound::{Accumulator, AggregateFunction};
use crate::rows::limits::value_size;
use crate::value::Value;
use crate::value::compare::compare;
use crate::value::convert::unwrap;

const ARG_MAX: &str = "The greatest value, and the other arguments from the row where it stands; of several the first.";
const ARG_MIN: &str = "The least value, and the other arguments from the row where it stands; of several the first.";

pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    function("max", "max(value)", "The greatest value; null of nothing.", (1, 1), same, new::<Extreme<true>>),
    function(
        "maxif",
        "maxif(value, predicate)",
        "The greatest value where the predicate is true.",
        (2, 2),
        same_if,
        new_if::<Extreme<true>>,
    ),
    function("min", "min(value)", "The least value; null of nothing.", (1, 1), same, new::<Extreme<false>>),
    function(
        "minif",
        "minif(value, predicate)",
        "The least value where the predicate is true.",
        (2, 2),
        same_if,
        new_if::<Extreme<false>>,
    ),
    function("arg_max", "arg_max(value, returned, ...)", ARG_MAX, (1, MANY), same, new::<Leading<OfExtreme<true>>>),
    function("arg_min", "arg_min(value, returned, ...)", ARG_MIN, (1, MANY), same, new::<Leading<OfExtreme<false>>>),
    function("argmax", "argmax(value, returned, ...)", ARG_MAX, (1, MANY), same, new::<Leading<OfExtreme<true>>>),
    function("argmin", "argmin(value, returned, ...)", ARG_MIN, (1, MANY), same, new::<Leading<OfExtreme<false>>>),
];

/// Whether `new` takes the place of `old`. What has no order stays where it is.
fn wins<const MAX: bool>(new: &Value<'_>, old: &Value<'_>) -> bool {
    let order = match (new, old) {
        (Value::Dynamic(_), Value::Dynamic(_)) => compare(&unwrap(new), &unwrap(old)),
        _ => compare(new, old),
    };
    order == Some(if MAX { Ordering::Greater } else { Ordering::Less })
}

#[derive(Default)]
struct Extreme<const MAX: bool>(Option<Value<'static>>);

impl<const MAX: bool> Accumulator for Extreme<MAX> {
    fn add(&mut self, arguments: &[Value<'static>]) {
        if let Some(value) = value_of(arguments)
            && self.0.as_ref().is_none_or(|old| wins::<MAX>(value, old))
        {
            self.0 = Some(value.clone());
        }
    }

    fn finish(&mut self) -> Value<'static> {
        self.0.take().unwrap_or(Value::Null)
    }

    fn size(&self) -> usize {
        64 + self.0.as_ref().map_or(0, value_size)
    }
}

/// The row of an extreme. Where all values are null it is the first row.
struct OfExtreme<const MAX: bool>;

impl<const MAX: bool> Leads for OfExtreme<MAX> {
    fn leads(new: &[Value<'static>], old: &[Value<'static>]) -> bool {
        match (old.first(), new.first()) {
            (_, None | Some(Value::Null)) => false,
            (None | Some(Value::Null), Some(_)) => true,
            (Some(old), Some(new)) => wins::<MAX>(new, old),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{longs, over, over_rows};
    use super::*;

    #[test]
    fn extremes() {
        assert_eq!(over("max", &longs(&[3, 7, 5])), Value::Long(7));
        assert_eq!(over("min", &[Value::Null, Value::Long(3), Value::Long(-7)]), Value::Long(-7));
        assert_eq!(over("max", &[Value::string("b"), Value::string("c"), Value::string("a")]), Value::string("c"));
    }

    #[test]
    fn the_row_of_an_extreme() {
        let row = |n: Value<'static>, name: &'static str| vec![n, Value::string(name)];
        let rows =
            [row(Value::Null, "x"), row(Value::Long(2), "a"), row(Value::Long(9), "b"), row(Value::Long(9), "c")];
        assert_eq!(over_rows("arg_max", &rows), row(Value::Long(9), "b"));
        assert_eq!(over_rows("arg_min", &rows), row(Value::Long(2), "a"));
        assert_eq!(over_rows("arg_max", &rows[..1]), row(Value::Null, "x"));
        assert_eq!(over_rows("arg_max", &[]), [Value::Null]);
    }
}
