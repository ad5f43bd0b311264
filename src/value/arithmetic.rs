//! `+ - * / %` and the sign, on numbers, datetimes and timespans.
//!
//! Two integers of any width give a long. A null operand, or operands that do not go together, give the null. Long
//! arithmetic that overflows wraps, as the machine's does: Kusto's own answer over rows is not measured, so it is decided
//! here. A datetime out of range is the null.

use super::{DateTime, Dynamic, TimeSpan, Value};
use crate::kql::ast::BinaryOp;
use crate::schema::ScalarType;

/// A value that can be reckoned with.
#[derive(Clone, Copy)]
enum Operand {
    Whole(i64),
    Real(f64),
    Span(i64),
    Time(i64),
}

use Operand::{Real, Span, Time, Whole};

impl Operand {
    fn of(value: &Value<'_>) -> Option<Operand> {
        Some(match value {
            Value::Int(n) => Whole(i64::from(*n)),
            Value::Long(n) | Value::Dynamic(Dynamic::Long(n)) => Whole(*n),
            Value::Real(n) | Value::Dynamic(Dynamic::Real(n)) => Real(*n),
            Value::Decimal(n) => Real(*n as f64),
            Value::TimeSpan(span) => Span(span.0),
            Value::DateTime(at) => Time(at.0),
            _ => return None,
        })
    }

    fn value<'a>(self) -> Value<'a> {
        match self {
            Whole(n) => Value::Long(n),
            Real(n) => Value::Real(n),
            Span(ticks) => Value::TimeSpan(TimeSpan(ticks)),
            Time(ticks) => DateTime::from_ticks(ticks).map_or(Value::Null, Value::DateTime),
        }
    }
}

/// Both operands as reals, where at least one is.
fn reals(a: Operand, b: Operand) -> Option<(f64, f64)> {
    match (a, b) {
        (Real(a), Real(b)) => Some((a, b)),
        (Real(a), Whole(b)) => Some((a, b as f64)),
        (Whole(a), Real(b)) => Some((a as f64, b)),
        _ => None,
    }
}

fn on<'a>(a: &Value<'_>, b: &Value<'_>, f: impl Fn(Operand, Operand) -> Option<Operand>) -> Value<'a> {
    let result = Operand::of(a).zip(Operand::of(b)).and_then(|(a, b)| f(a, b));
    result.map_or(Value::Null, Operand::value)
}

/// `a + b`: numbers, timespans, and a datetime with a timespan on either side.
pub fn add<'a>(a: &Value<'_>, b: &Value<'_>) -> Value<'a> {
    on(a, b, |a, b| match (a, b) {
        (Whole(a), Whole(b)) => Some(Whole(a.wrapping_add(b))),
        (Span(a), Span(b)) => a.checked_add(b).map(Span),
        (Time(a), Span(b)) | (Span(a), Time(b)) => a.checked_add(b).map(Time),
        _ => reals(a, b).map(|(a, b)| Real(a + b)),
    })
}

/// `a - b`: as `+`; two datetimes give the timespan between them.
pub fn subtract<'a>(a: &Value<'_>, b: &Value<'_>) -> Value<'a> {
    on(a, b, |a, b| match (a, b) {
        (Whole(a), Whole(b)) => Some(Whole(a.wrapping_sub(b))),
        (Span(a), Span(b)) | (Time(a), Time(b)) => a.checked_sub(b).map(Span),
        (Time(a), Span(b)) => a.checked_sub(b).map(Time),
        _ => reals(a, b).map(|(a, b)| Real(a - b)),
    })
}

/// `a * b`: numbers, and a timespan with a number on either side.
pub fn multiply<'a>(a: &Value<'_>, b: &Value<'_>) -> Value<'a> {
    on(a, b, |a, b| match (a, b) {
        (Whole(a), Whole(b)) => Some(Whole(a.wrapping_mul(b))),
        (Span(a), Whole(b)) | (Whole(a), Span(b)) => a.checked_mul(b).map(Span),
        (Span(a), Real(b)) | (Real(b), Span(a)) => span_of(a as f64 * b),
        _ => reals(a, b).map(|(a, b)| Real(a * b)),
    })
}

/// `a / b`: longs are cut toward zero and a zero divides to null; reals divide to infinities. A timespan by a timespan is
/// a real, by a number a timespan.
pub fn divide<'a>(a: &Value<'_>, b: &Value<'_>) -> Value<'a> {
    on(a, b, |a, b| match (a, b) {
        (Whole(_) | Span(_), Whole(0)) => None,
        (Whole(a), Whole(b)) => Some(Whole(a.wrapping_div(b))),
        (Span(a), Span(b)) => Some(Real(a as f64 / b as f64)),
        (Span(a), Whole(b)) => a.checked_div(b).map(Span),
        (Span(a), Real(b)) => span_of(a as f64 / b),
        _ => reals(a, b).map(|(a, b)| Real(a / b)),
    })
}

/// `a % b`: never negative, `-10 % 4` is 2 and so is `10 % -4`; of a zero the null, for reals NaN.
pub fn modulo<'a>(a: &Value<'_>, b: &Value<'_>) -> Value<'a> {
    on(a, b, |a, b| match (a, b) {
        (Whole(_), Whole(0)) | (Span(_), Span(0)) => None,
        (Whole(a), Whole(b)) => Some(Whole(a.wrapping_rem_euclid(b))),
        (Span(a), Span(b)) => Some(Span(a.wrapping_rem_euclid(b))),
        _ => reals(a, b).map(|(a, b)| Real(a.rem_euclid(b))),
    })
}

/// `-a`: of an int a long, as the other operators have it.
pub fn negate<'a>(a: &Value<'_>) -> Value<'a> {
    let negated = Operand::of(a).and_then(|a| match a {
        Whole(n) => Some(Whole(n.wrapping_neg())),
        Real(n) => Some(Real(-n)),
        Span(ticks) => ticks.checked_neg().map(Span),
        Time(_) => None,
    });
    negated.map_or(Value::Null, Operand::value)
}

/// The value of `a op b` for the five operators of this file; `None` for any other operator.
pub fn evaluate<'a>(op: BinaryOp, a: &Value<'_>, b: &Value<'_>) -> Option<Value<'a>> {
    Some(match op {
        BinaryOp::Add => add(a, b),
        BinaryOp::Subtract => subtract(a, b),
        BinaryOp::Multiply => multiply(a, b),
        BinaryOp::Divide => divide(a, b),
        BinaryOp::Modulo => modulo(a, b),
        _ => return None,
    })
}

/// The type of `a op b`; `None` where the operator does not take these types. A dynamic counts as whatever number it may
/// hold, so beside a number the result is dynamic.
pub fn result_type(op: BinaryOp, a: ScalarType, b: ScalarType) -> Option<ScalarType> {
    use ScalarType::{DateTime, Decimal, Dynamic, Int, Long, Real, TimeSpan};
    let number = |t: ScalarType| t.is_numeric() || t == Dynamic;
    Some(match (a, op, b) {
        (DateTime, BinaryOp::Add | BinaryOp::Subtract, TimeSpan) | (TimeSpan, BinaryOp::Add, DateTime) => DateTime,
        (DateTime, BinaryOp::Subtract, DateTime) => TimeSpan,
        (TimeSpan, BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Modulo, TimeSpan) => TimeSpan,
        (TimeSpan, BinaryOp::Divide, TimeSpan) => Real,
        (TimeSpan, BinaryOp::Multiply | BinaryOp::Divide, n) if number(n) => TimeSpan,
        (n, BinaryOp::Multiply, TimeSpan) if number(n) => TimeSpan,
        (a, BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo, b)
            if number(a) && number(b) =>
        {
            match (a, b) {
                (Dynamic, _) | (_, Dynamic) => Dynamic,
                (Decimal, _) | (_, Decimal) => Decimal,
                (Int | Long, Int | Long) => Long,
                _ => Real,
            }
        }
        _ => return None,
    })
}

/// A timespan of that many ticks; `None` where there is none, NaN included.
fn span_of(ticks: f64) -> Option<Operand> {
    (ticks.abs() < i64::MAX as f64).then_some(Span(ticks as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const L: fn(i64) -> Value<'static> = Value::Long;
    const R: fn(f64) -> Value<'static> = Value::Real;
    const T: fn(i64) -> Value<'static> = |ticks| Value::TimeSpan(TimeSpan(ticks));
    const D: fn(i64) -> Value<'static> = |ticks| Value::DateTime(DateTime(ticks));

    #[test]
    fn integers_give_longs() {
        assert_eq!(add(&Value::Int(i32::MAX), &Value::Int(1)), L(2_147_483_648));
        assert_eq!(divide(&L(7), &L(2)), L(3));
        assert_eq!(divide(&L(-7), &L(2)), L(-3));
        assert_eq!(divide(&L(7), &L(0)), Value::Null);
        assert_eq!(divide(&L(i64::MIN), &L(-1)), L(i64::MIN));
        assert_eq!(add(&L(i64::MAX), &L(1)), L(i64::MIN));
        assert_eq!(negate(&Value::Int(3)), L(-3));
    }

    #[test]
    fn modulo_is_never_negative() {
        for (a, b, expected) in [(-10, 4, 2), (10, -4, 2), (14, 12, 2), (-14, 12, 10), (14, -12, 2)] {
            assert_eq!(modulo(&L(a), &L(b)), L(expected), "{a} % {b}");
        }
        assert_eq!(modulo(&L(1), &L(0)), Value::Null);
        assert_eq!(modulo(&L(i64::MIN), &L(-1)), L(0));
    }

    #[test]
    fn reals_divide_to_infinity() {
        assert_eq!(divide(&R(1.0), &L(0)), R(f64::INFINITY));
        assert_eq!(add(&L(1), &R(0.5)), R(1.5));
        assert_eq!(add(&Value::Dynamic(Dynamic::Long(1)), &L(1)), L(2));
        assert_eq!(add(&Value::string("1"), &L(1)), Value::Null);
        assert_eq!(add(&Value::Null, &L(1)), Value::Null);
    }

    #[test]
    fn points_and_spans_of_time() {
        assert_eq!(subtract(&D(50), &D(20)), T(30));
        assert_eq!(subtract(&D(50), &T(20)), D(30));
        assert_eq!(add(&T(20), &D(50)), D(70));
        assert_eq!(subtract(&D(5), &T(20)), Value::Null);
        assert_eq!(add(&D(DateTime::MAX.0), &T(1)), Value::Null);
        assert_eq!(add(&D(1), &D(1)), Value::Null);
        assert_eq!(divide(&T(90), &T(60)), R(1.5));
        assert_eq!(multiply(&R(1.5), &T(10)), T(15));
        assert_eq!(divide(&T(10), &R(0.0)), Value::Null);
        assert_eq!(multiply(&T(i64::MAX), &L(2)), Value::Null);
    }

    #[test]
    fn types_of_results_match_values() {
        use ScalarType as S;
        assert_eq!(result_type(BinaryOp::Add, S::Int, S::Int), Some(S::Long));
        assert_eq!(result_type(BinaryOp::Divide, S::Long, S::Real), Some(S::Real));
        assert_eq!(result_type(BinaryOp::Divide, S::TimeSpan, S::TimeSpan), Some(S::Real));
        assert_eq!(result_type(BinaryOp::Multiply, S::Int, S::TimeSpan), Some(S::TimeSpan));
        assert_eq!(result_type(BinaryOp::Add, S::String, S::String), None);
        assert_eq!(result_type(BinaryOp::Add, S::DateTime, S::DateTime), None);
        assert_eq!(result_type(BinaryOp::Equal, S::Long, S::Long), None);
    }
}
