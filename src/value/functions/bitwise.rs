//! Functions of bits.

use super::arguments::long_at;
use super::{Function, Param};
use crate::schema::ScalarType;
use crate::value::Value;

const LONG: &[Param] = &[Param::Is(ScalarType::Long)];

pub(super) const FUNCTIONS: &[Function] = &[
    two("binary_and", "binary_and(a, b)", "The bits that both longs have.", |_, a| on(a, |a, b| a & b)),
    two("binary_or", "binary_or(a, b)", "The bits that either long has.", |_, a| on(a, |a, b| a | b)),
    two("binary_xor", "binary_xor(a, b)", "The bits that one of two longs has.", |_, a| on(a, |a, b| a ^ b)),
    two(
        "binary_shift_left",
        "binary_shift_left(value, count)",
        "The bits of a long moved up, by the count's remainder of 64; null for a count below 0.",
        |_, a| shift(a, |value, by| value.wrapping_shl(by)),
    ),
    two(
        "binary_shift_right",
        "binary_shift_right(value, count)",
        "The bits of a long moved down, its sign kept, by the count's remainder of 64; null for a count below 0.",
        |_, a| shift(a, |value, by| value.wrapping_shr(by)),
    ),
    Function::of("binary_not", "binary_not(value)", "The bits that a long lacks.")
        .takes(1, 1, LONG)
        .calls(ScalarType::Long, |_, a| long_at(a, 0).map_or(Value::Null, |n| Value::Long(!n))),
    Function::of("bitset_count_ones", "bitset_count_ones(value)", "How many bits a long has.")
        .takes(1, 1, LONG)
        .calls(ScalarType::Long, |_, a| long_at(a, 0).map_or(Value::Null, |n| Value::Long(n.count_ones().into()))),
];

const fn two(name: &'static str, signature: &'static str, doc: &'static str, call: super::Call) -> Function {
    Function::of(name, signature, doc).takes(2, 2, LONG).calls(ScalarType::Long, call)
}

fn on<'a>(arguments: &[Value<'_>], f: impl Fn(i64, i64) -> i64) -> Value<'a> {
    let both = long_at(arguments, 0).zip(long_at(arguments, 1));
    both.map_or(Value::Null, |(a, b)| Value::Long(f(a, b)))
}

fn shift<'a>(arguments: &[Value<'_>], f: impl Fn(i64, u32) -> i64) -> Value<'a> {
    let by = long_at(arguments, 1).and_then(|by| u32::try_from(by % 64).ok());
    long_at(arguments, 0).zip(by).map_or(Value::Null, |(n, by)| Value::Long(f(n, by)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    #[test]
    fn bits() {
        let of = |name, a, b| call(name, &[Value::Long(a), Value::Long(b)]);
        assert_eq!(of("binary_and", 6, 3), Value::Long(2));
        assert_eq!(of("binary_or", 6, 3), Value::Long(7));
        assert_eq!(of("binary_xor", 6, 3), Value::Long(5));
        assert_eq!(of("binary_shift_left", 1, 65), Value::Long(2));
        assert_eq!(of("binary_shift_right", -4, 1), Value::Long(-2));
        assert_eq!(of("binary_shift_left", 1, -1), Value::Null);
        assert_eq!(call("binary_not", &[Value::Int(0)]), Value::Long(-1));
        assert_eq!(call("bitset_count_ones", &[Value::Long(-1)]), Value::Long(64));
        assert_eq!(call("binary_and", &[Value::Null, Value::Long(1)]), Value::Null);
    }
}
