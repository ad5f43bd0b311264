//! Values that differ each time they are asked for. A stream refuses them: a record must give the same alert each time it is
//! seen.

use super::arguments::long_at;
use super::{Function, Param};
use crate::schema::ScalarType;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("new_guid", "new_guid()", "Another guid each time; not on a stream.")
        .calls(ScalarType::Guid, |_, _| Value::Guid(guid(fastrand::u128(..)))),
    Function::of(
        "rand",
        "rand([count])",
        "Another number each time, from 0 up to 1, or one of 0, 1, … count - 1, as a real; not on a stream.",
    )
    .takes(0, 1, &[Param::Is(ScalarType::Long)])
    .calls(ScalarType::Real, |_, a| {
        let count = if a.is_empty() { None } else { long_at(a, 0).filter(|count| *count > 1) };
        Value::Real(count.map_or_else(fastrand::f64, |count| fastrand::i64(0..count) as f64))
    }),
];

/// Random bits as a guid of version 4.
fn guid(bits: u128) -> u128 {
    let version = 0xf000_u128 << 64;
    let variant = 0xc000_u128 << 48;
    bits & !version & !variant | 0x4000_u128 << 64 | 0x8000_u128 << 48
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;
    use crate::value::convert::guid_text;

    #[test]
    fn chance() {
        for bits in [0, u128::MAX, fastrand::u128(..)] {
            let text = guid_text(guid(bits));
            assert_eq!((&text[14..15], "89ab".contains(&text[19..20])), ("4", true), "{text}");
        }
        assert_ne!(call("new_guid", &[]), call("new_guid", &[]));
        for _ in 0..100 {
            assert!(matches!(call("rand", &[]), Value::Real(n) if (0.0..1.0).contains(&n)));
            assert!(matches!(call("rand", &[Value::Long(3)]), Value::Real(n) if [0.0, 1.0, 2.0].contains(&n)));
        }
    }
}
