//! `==`, `=~`, `<` and the order of `sort`.
//!
//! Null table, as measured: `==` with one null is false and with two is null; `<` and its like with any null are null.
//! `!=` is the complement of `==`, so it keeps rows whose value is missing. There is no null string, so a null that meets
//! a string is a dynamic null, and its text is `""`.

use std::cmp::Ordering;

use super::convert::{text, todatetime, toguid, totimespan};
use super::{Dynamic, Value};

/// `a == b`; `None` is the null, from two nulls. Values of types that do not compare are not equal.
///
/// A dynamic meets a string as its text, and anything else as the value it holds: `dynamic("1") == 1` is false. Two
/// dynamics are compared as JSON; Kusto refuses that query, so only generated code asks.
pub fn equal(a: &Value<'_>, b: &Value<'_>) -> Option<bool> {
    Some(match (a, b) {
        (Value::Null, Value::Null) => return None,
        (Value::String(s), Value::Null) | (Value::Null, Value::String(s)) => s.is_empty(),
        (Value::String(s), Value::String(t)) => s == t,
        (Value::String(s), Value::Dynamic(d)) | (Value::Dynamic(d), Value::String(s)) => d.to_text() == *s,
        (Value::Dynamic(d), Value::Dynamic(e)) => d == e,
        _ => order(a, b) == Some(Ordering::Equal),
    })
}

/// `a =~ b`: the texts are equal but for the case of ASCII letters; `None` from two nulls.
pub fn equal_folded(a: &Value<'_>, b: &Value<'_>) -> Option<bool> {
    if a.is_null() && b.is_null() {
        return None;
    }
    Some(text(a).eq_ignore_ascii_case(&text(b)))
}

/// The order that `< <= > >=` and `between` go by; `None` is the null: a null operand, NaN, or types without an order.
pub fn compare(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    match (a, b) {
        (Value::String(s), Value::String(t)) => Some(s.as_ref().cmp(t)),
        _ => order(a, b),
    }
}

/// The order of all but strings.
fn order(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    match (a, b) {
        (Value::DateTime(s), Value::DateTime(t)) => Some(s.cmp(t)),
        (Value::TimeSpan(s), Value::TimeSpan(t)) => Some(s.cmp(t)),
        (Value::Guid(s), Value::Guid(t)) => Some(s.cmp(t)),
        // JSON has no such types; what was stored as text is read back.
        (Value::DateTime(_), Value::Dynamic(_)) => order(a, &todatetime(b)),
        (Value::Dynamic(_), Value::DateTime(_)) => order(&todatetime(a), b),
        (Value::TimeSpan(_), Value::Dynamic(_)) => order(a, &totimespan(b)),
        (Value::Dynamic(_), Value::TimeSpan(_)) => order(&totimespan(a), b),
        (Value::Guid(_), Value::Dynamic(_)) => order(a, &toguid(b)),
        (Value::Dynamic(_), Value::Guid(_)) => order(&toguid(a), b),
        _ => number(a)?.order(number(b)?),
    }
}

/// A number, or a bool as 0 or 1.
#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Real(f64),
}

impl Number {
    fn order(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Whole(a), Number::Whole(b)) => Some(a.cmp(&b)),
            (a, b) => a.real().partial_cmp(&b.real()),
        }
    }

    fn whole(self) -> Option<i128> {
        match self {
            Number::Whole(n) => Some(n),
            Number::Real(_) => None,
        }
    }

    fn real(self) -> f64 {
        match self {
            Number::Whole(n) => n as f64,
            Number::Real(n) => n,
        }
    }
}

fn number(value: &Value<'_>) -> Option<Number> {
    Some(match value {
        Value::Bool(b) | Value::Dynamic(Dynamic::Bool(b)) => Number::Whole(i128::from(*b)),
        Value::Int(n) => Number::Whole(i128::from(*n)),
        Value::Long(n) | Value::Dynamic(Dynamic::Long(n)) => Number::Whole(i128::from(*n)),
        Value::Real(n) | Value::Dynamic(Dynamic::Real(n)) => Number::Real(*n),
        Value::Decimal(n) => Number::Whole(*n),
        _ => return None,
    })
}

/// The order of two keys in `sort by … asc|desc nulls first|last`. A total order: NaN stands between the nulls and the
/// values, strings go by their code points, and values that do not compare go by their text.
pub fn sort_cmp(a: &Value<'_>, b: &Value<'_>, descending: bool, nulls_first: bool) -> Ordering {
    let (rank_a, rank_b) = (sort_rank(a), sort_rank(b));
    if rank_a != VALUE_RANK || rank_b != VALUE_RANK {
        return if nulls_first { rank_a.cmp(&rank_b) } else { rank_b.cmp(&rank_a) };
    }
    let order = kind_rank(a).cmp(&kind_rank(b)).then_with(|| total(a, b));
    if descending { order.reverse() } else { order }
}

const VALUE_RANK: u8 = 2;

fn sort_rank(value: &Value<'_>) -> u8 {
    match value {
        Value::Null => 0,
        Value::Real(n) | Value::Dynamic(Dynamic::Real(n)) if n.is_nan() => 1,
        _ => VALUE_RANK,
    }
}

/// Keeps the order total where a dynamic column mixes types: values of one rank compare with each other in one way.
fn kind_rank(value: &Value<'_>) -> u8 {
    match value {
        _ if number(value).is_some() => 0,
        Value::DateTime(_) => 1,
        Value::TimeSpan(_) => 2,
        Value::Guid(_) => 3,
        _ => 4,
    }
}

fn total(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    match (number(a), number(b)) {
        // Longs that are one real are told apart by the second key; a real comes before them.
        (Some(a), Some(b)) => a.real().total_cmp(&b.real()).then(a.whole().cmp(&b.whole())),
        _ => order(a, b).unwrap_or_else(|| text(a).cmp(&text(b))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{DateTime, TimeSpan};

    fn s(text: &str) -> Value<'_> {
        Value::string(text)
    }

    #[test]
    fn the_null_table() {
        let five = Value::Long(5);
        assert_eq!(equal(&Value::Null, &five), Some(false));
        assert_eq!(equal(&Value::Null, &Value::Null), None);
        assert_eq!(compare(&Value::Null, &five), None);
        assert_eq!(compare(&Value::Null, &Value::Null), None);
        assert_eq!(equal_folded(&Value::Null, &Value::Null), None);
        assert_eq!(equal(&Value::Null, &s("")), Some(true));
        assert_eq!(equal(&Value::Null, &s("x")), Some(false));
    }

    #[test]
    fn numbers_of_all_types_compare() {
        assert_eq!(equal(&Value::Int(5), &Value::Real(5.0)), Some(true));
        assert_eq!(compare(&Value::Long(5), &Value::Real(5.5)), Some(Ordering::Less));
        assert_eq!(equal(&Value::Long(i64::MAX), &Value::Long(i64::MAX - 1)), Some(false));
        let versions = |a, b| compare(&Value::Decimal(a), &Value::Decimal(b));
        assert_eq!(versions(10_i128.pow(24), 10_i128.pow(24) + 1), Some(Ordering::Less));
        assert_eq!(equal(&Value::Decimal(5), &Value::Long(5)), Some(true));
        assert_eq!(equal(&Value::Real(f64::NAN), &Value::Real(f64::NAN)), Some(false));
        assert_eq!(equal(&Value::Dynamic(Dynamic::Real(2.0)), &Value::Long(2)), Some(true));
        assert_eq!(equal(&Value::Dynamic(Dynamic::String("1".into())), &Value::Long(1)), Some(false));
    }

    #[test]
    fn strings_are_ordinal_and_dynamics_are_their_text() {
        assert_eq!(equal(&s("a"), &s("A")), Some(false));
        assert_eq!(equal_folded(&s("aBc"), &s("ABC")), Some(true));
        assert_eq!(equal_folded(&s("É"), &s("é")), Some(false));
        assert_eq!(compare(&s("B"), &s("a")), Some(Ordering::Less));
        let dynamic = Value::Dynamic(Dynamic::String("x".into()));
        assert_eq!(equal(&dynamic, &s("x")), Some(true));
        assert_eq!(equal_folded(&dynamic, &s("X")), Some(true));
        assert_eq!(equal(&Value::Dynamic(Dynamic::Bool(true)), &s("true")), Some(true));
        assert_eq!(compare(&dynamic, &s("y")), None);
    }

    #[test]
    fn a_datetime_stored_as_text_compares() {
        let stored = Value::Dynamic(Dynamic::String("0001-01-01T00:00:00Z".into()));
        assert_eq!(equal(&stored, &Value::DateTime(DateTime(0))), Some(true));
        assert_eq!(compare(&Value::DateTime(DateTime(1)), &stored), Some(Ordering::Greater));
        assert_eq!(equal(&Value::DateTime(DateTime(0)), &Value::TimeSpan(TimeSpan(0))), Some(false));
    }

    #[test]
    fn sorting_puts_nulls_and_nan_at_one_end() {
        let mut keys = [Value::Real(2.0), Value::Null, Value::Real(f64::NAN), Value::Real(-0.5)];
        keys.sort_by(|a, b| sort_cmp(a, b, true, false));
        assert_eq!(keys[..2], [Value::Real(2.0), Value::Real(-0.5)]);
        assert!(matches!(keys[2], Value::Real(n) if n.is_nan()) && keys[3].is_null());
        keys.sort_by(|a, b| sort_cmp(a, b, false, true));
        assert!(keys[0].is_null());
        assert_eq!(keys[2..], [Value::Real(-0.5), Value::Real(2.0)]);
    }
}
