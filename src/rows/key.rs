//! Values as keys of groups, sets and joins: equal keys are equal bytes.
//!
//! A key is exact: of strings the case counts, of numbers `1` and `1.0` differ, and nulls are one group. Integers of both
//! widths are the same key, because a join may hold an int to a long.

use crate::value::{Dynamic, Value};

/// The key of several values.
pub(super) fn of<'k>(values: impl IntoIterator<Item = &'k Value<'k>>) -> Vec<u8> {
    let mut key = Vec::new();
    values.into_iter().for_each(|value| append(value, &mut key));
    key
}

fn append(value: &Value<'_>, key: &mut Vec<u8>) {
    match value {
        Value::Null => key.push(0),
        Value::Bool(b) => key.extend([1, u8::from(*b)]),
        Value::Int(n) => fixed(2, i64::from(*n), key),
        Value::Long(n) => fixed(2, *n, key),
        Value::Real(n) => real(3, *n, key),
        // A decimal that is a double too has the double's key.
        Value::Decimal(n) if (*n as f64) as i128 == *n => real(3, *n as f64, key),
        Value::Decimal(n) => {
            key.push(8);
            key.extend(n.to_le_bytes());
        }
        Value::String(text) => sized(4, text, key),
        Value::DateTime(at) => fixed(5, at.0, key),
        Value::TimeSpan(span) => fixed(6, span.0, key),
        Value::Guid(guid) => {
            key.push(7);
            key.extend(guid.to_le_bytes());
        }
        Value::Dynamic(dynamic) => element(dynamic, key),
    }
}

/// Appends an element of a set.
pub(super) fn element(dynamic: &Dynamic<'_>, key: &mut Vec<u8>) {
    match dynamic {
        Dynamic::Null => key.push(0),
        Dynamic::Bool(b) => key.extend([11, u8::from(*b)]),
        Dynamic::Long(n) => fixed(12, *n, key),
        Dynamic::Real(n) => real(13, *n, key),
        Dynamic::String(text) => sized(14, text, key),
        other => sized(15, &other.to_text(), key),
    }
}

fn fixed(tag: u8, n: i64, key: &mut Vec<u8>) {
    key.push(tag);
    key.extend(n.to_le_bytes());
}

/// `-0.0` is `0.0`, and every NaN is one.
fn real(tag: u8, n: f64, key: &mut Vec<u8>) {
    let n = if n.is_nan() { f64::NAN } else { n + 0.0 };
    key.push(tag);
    key.extend(n.to_bits().to_le_bytes());
}

/// With its length, so that `"a", "bc"` is not `"ab", "c"`.
fn sized(tag: u8, text: &str, key: &mut Vec<u8>) {
    key.push(tag);
    key.extend(text.len().to_le_bytes());
    key.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_exact() {
        let key = |values: &[Value<'static>]| of(values);
        let s = |text: &'static str| Value::string(text);
        assert_ne!(key(&[s("a"), s("bc")]), key(&[s("ab"), s("c")]));
        assert_ne!(key(&[s("a")]), key(&[s("A")]));
        assert_ne!(key(&[s("")]), key(&[Value::Null]));
        assert_ne!(key(&[Value::Long(1)]), key(&[Value::Real(1.0)]));
        assert_ne!(key(&[Value::Bool(true)]), key(&[Value::Dynamic(Dynamic::Bool(true))]));
        assert_eq!(key(&[Value::Long(1)]), key(&[Value::Int(1)]));
        assert_eq!(key(&[Value::Real(0.0)]), key(&[Value::Real(-0.0)]));
        assert_eq!(key(&[Value::Real(f64::NAN)]), key(&[Value::Real(-f64::NAN)]));
    }
}
