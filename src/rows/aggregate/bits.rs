//! The bits of all values: `binary_all_and`, `binary_all_or`, `binary_all_xor`.

use super::{Checked, function, new, number, value_of};
use crate::compile::bound::{Accumulator, AggregateFunction};
use crate::schema::ScalarType;
use crate::value::Value;
use crate::value::convert::tolong;

const LONG: fn(&[ScalarType]) -> Checked = |types| number(types).map(|_| ScalarType::Long);

pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    function("binary_all_and", "binary_all_and(value)", "The bits that all values have.", (1, 1), LONG, new::<Bits<0>>),
    function("binary_all_or", "binary_all_or(value)", "The bits that any value has.", (1, 1), LONG, new::<Bits<1>>),
    function(
        "binary_all_xor",
        "binary_all_xor(value)",
        "The bits that an odd number of values have.",
        (1, 1),
        LONG,
        new::<Bits<2>>,
    ),
];

/// `OP`: 0 and, 1 or, 2 exclusive or.
#[derive(Default)]
struct Bits<const OP: u8>(Option<i64>);

impl<const OP: u8> Accumulator for Bits<OP> {
    fn add(&mut self, arguments: &[Value<'static>]) {
        if let Some(Value::Long(n)) = value_of(arguments).map(tolong) {
            self.0 = Some(match (self.0, OP) {
                (None, _) => n,
                (Some(bits), 0) => bits & n,
                (Some(bits), 1) => bits | n,
                (Some(bits), _) => bits ^ n,
            });
        }
    }

    fn finish(&mut self) -> Value<'static> {
        self.0.map_or(Value::Null, Value::Long)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{longs, over};
    use super::*;

    #[test]
    fn bits() {
        let values = longs(&[0b1110, 0b0111, 0b0110]);
        assert_eq!(over("binary_all_and", &values), Value::Long(0b0110));
        assert_eq!(over("binary_all_or", &values), Value::Long(0b1111));
        assert_eq!(over("binary_all_xor", &values), Value::Long(0b1111));
    }
}
