//! Functions of numbers.

use std::cmp::Ordering;

use super::arguments::{long_at, real_at};
use super::{Context, Function, Param, Returns, argument};
use crate::schema::ScalarType;
use crate::value::convert::{self, todouble, tolong};
use crate::value::{DateTime, TimeSpan, Value, arithmetic, compare};

const REAL: ScalarType = ScalarType::Real;
const NUMBER: &[Param] = &[Param::Number];

pub(super) const FUNCTIONS: &[Function] = &[
    bin_named("bin", "bin(value, size)"),
    bin_named("floor", "floor(value, size)"),
    Function::of("bin_at", "bin_at(value, size, fixed_point)", BIN_AT)
        .takes(3, 3, &[Param::Summable])
        .gives(Returns::Argument(0), bin_at),
    Function::of("abs", "abs(value)", "The value without its sign.")
        .takes(1, 1, &[Param::Summable])
        .gives(Returns::Argument(0), |_, a| match argument(a, 0) {
            Value::Int(n) => n.checked_abs().map_or(Value::Null, Value::Int),
            Value::Long(n) => n.checked_abs().map_or(Value::Null, Value::Long),
            Value::Real(n) => Value::Real(n.abs()),
            Value::TimeSpan(span) => span.0.checked_abs().map_or(Value::Null, |ticks| Value::TimeSpan(TimeSpan(ticks))),
            _ => Value::Null,
        }),
    Function::of("ceiling", "ceiling(value)", "The smallest whole number that is not less.")
        .takes(1, 1, NUMBER)
        .gives(Returns::Argument(0), |_, a| match argument(a, 0) {
            Value::Real(n) => Value::Real(n.ceil()),
            whole => whole.clone(),
        }),
    Function::of(
        "round",
        "round(value, [digits])",
        "The value rounded to a number of digits after the point (0), or before it if negative; a half goes away from zero.",
    )
    .takes(1, 2, &[Param::Number, Param::Is(ScalarType::Long)])
    .gives(Returns::Argument(0), round),
    Function::of("sign", "sign(value)", "-1, 0 or 1, as a real, by the sign of a number.")
        .takes(1, 1, &[Param::Truth])
        .calls(REAL, |_, a| {
            real_at(a, 0).map_or(Value::Null, |n| Value::Real(if n == 0.0 { 0.0 } else { n.signum() }))
        }),
    Function::of(
        "max_of",
        "max_of(value, value, ...)",
        "The largest of 2 to 64 values; nulls do not count.",
    )
    .takes(2, 64, &[Param::Any])
    .gives(Returns::Widest, |_, a| extreme(a, Ordering::Greater)),
    Function::of(
        "min_of",
        "min_of(value, value, ...)",
        "The smallest of 2 to 64 values; nulls do not count.",
    )
    .takes(2, 64, &[Param::Any])
    .gives(Returns::Widest, |_, a| extreme(a, Ordering::Less)),
    Function::of("pi", "pi()", "The ratio of a circle's circumference to its diameter.")
        .calls(REAL, |_, _| Value::Real(std::f64::consts::PI)),
    Function::of("pow", "pow(base, exponent)", "The base to the power of the exponent.")
        .takes(2, 2, NUMBER)
        .calls(REAL, |_, a| two(a, f64::powf)),
    Function::of("atan2", "atan2(y, x)", "The angle of the point (x, y), in radians.")
        .takes(2, 2, NUMBER)
        .calls(REAL, |_, a| two(a, f64::atan2)),
    real("sqrt", "sqrt(value)", "The square root.", |_, a| one(a, f64::sqrt)),
    real("exp", "exp(value)", "e to the power of the value.", |_, a| one(a, f64::exp)),
    real("exp2", "exp2(value)", "2 to the power of the value.", |_, a| one(a, f64::exp2)),
    real("exp10", "exp10(value)", "10 to the power of the value.", |_, a| one(a, |n| 10_f64.powf(n))),
    real("log", "log(value)", "The natural logarithm.", |_, a| logarithm(a, f64::ln)),
    real("log2", "log2(value)", "The logarithm to base 2.", |_, a| logarithm(a, f64::log2)),
    real("log10", "log10(value)", "The logarithm to base 10.", |_, a| logarithm(a, f64::log10)),
    real("sin", "sin(value)", "The sine of an angle in radians.", |_, a| one(a, f64::sin)),
    real("cos", "cos(value)", "The cosine of an angle in radians.", |_, a| one(a, f64::cos)),
    real("tan", "tan(value)", "The tangent of an angle in radians.", |_, a| one(a, f64::tan)),
    real("cot", "cot(value)", "The cotangent of an angle in radians.", |_, a| one(a, |n| 1.0 / n.tan())),
    real("asin", "asin(value)", "The angle, in radians, of a sine.", |_, a| one(a, f64::asin)),
    real("acos", "acos(value)", "The angle, in radians, of a cosine.", |_, a| one(a, f64::acos)),
    real("atan", "atan(value)", "The angle, in radians, of a tangent.", |_, a| one(a, f64::atan)),
    real("erf", "erf(value)", "The error function.", |_, a| one(a, libm::erf)),
    real("erfc", "erfc(value)", "1 less the error function.", |_, a| one(a, libm::erfc)),
    real("gamma", "gamma(value)", "The gamma function.", |_, a| one(a, libm::tgamma)),
    real("loggamma", "loggamma(value)", "The logarithm of the gamma function.", |_, a| one(a, libm::lgamma)),
    Function::of("around", "around(value, center, delta)", AROUND)
        .takes(3, 3, &[Param::Summable])
        .calls(ScalarType::Bool, |_, a| around(a).into()),
    real("degrees", "degrees(radians)", "An angle in degrees.", |_, a| one(a, f64::to_degrees)),
    real("radians", "radians(degrees)", "An angle in radians.", |_, a| one(a, f64::to_radians)),
    asks("isnan", "isnan(value)", "Whether a number is NaN.", |_, a| ask(a, f64::is_nan)),
    asks("isinf", "isinf(value)", "Whether a number is an infinity.", |_, a| ask(a, f64::is_infinite)),
    asks("isfinite", "isfinite(value)", "Whether a number is neither NaN nor an infinity.", |_, a| {
        ask(a, f64::is_finite)
    }),
];

const BIN_AT: &str = "The value rounded down to a multiple of the size, counted from a fixed point; null unless the size is \
                      above zero.";

/// <https://learn.microsoft.com/kusto/query/around-function>
const AROUND: &str = "Whether a value is no farther than delta from the centre; null if one of them is null.";

fn around(arguments: &[Value<'_>]) -> Option<bool> {
    let (value, centre, delta) = (argument(arguments, 0), argument(arguments, 1), argument(arguments, 2));
    let (low, high) = (arithmetic::subtract(centre, delta), arithmetic::add(centre, delta));
    Some(compare::compare(value, &low)? != Ordering::Less && compare::compare(value, &high)? != Ordering::Greater)
}

const fn real(name: &'static str, signature: &'static str, doc: &'static str, call: super::Call) -> Function {
    Function::of(name, signature, doc).takes(1, 1, NUMBER).calls(REAL, call)
}

const fn asks(name: &'static str, signature: &'static str, doc: &'static str, call: super::Call) -> Function {
    Function::of(name, signature, doc).takes(1, 1, NUMBER).calls(ScalarType::Bool, call)
}

fn one<'a>(arguments: &[Value<'_>], f: impl Fn(f64) -> f64) -> Value<'a> {
    real_at(arguments, 0).map_or(Value::Null, |n| Value::Real(f(n)))
}

fn two<'a>(arguments: &[Value<'_>], f: impl Fn(f64, f64) -> f64) -> Value<'a> {
    let both = real_at(arguments, 0).zip(real_at(arguments, 1));
    both.map_or(Value::Null, |(a, b)| Value::Real(f(a, b)))
}

/// What has no logarithm gives null.
fn logarithm<'a>(arguments: &[Value<'_>], f: impl Fn(f64) -> f64) -> Value<'a> {
    let number = real_at(arguments, 0).filter(|n| *n > 0.0);
    number.map_or(Value::Null, |n| Value::Real(f(n)))
}

fn ask<'a>(arguments: &[Value<'_>], f: impl Fn(f64) -> bool) -> Value<'a> {
    real_at(arguments, 0).map(f).into()
}

fn round<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let digits = match arguments.get(1) {
        None => 0,
        Some(_) => match long_at(arguments, 1) {
            Some(digits) => digits.clamp(-400, 400),
            None => return Value::Null,
        },
    };
    let Some(number) = real_at(arguments, 0) else {
        return Value::Null;
    };
    let value = argument(arguments, 0);
    if digits >= 0 && !matches!(value, Value::Real(_)) {
        return value.clone();
    }
    let rounded = rounded(number, digits);
    match value {
        Value::Real(_) => Value::Real(rounded),
        Value::Int(_) => convert::toint(&Value::Real(rounded)).into_owned(),
        _ => Value::Long(rounded as i64),
    }
}

/// A number rounded to that many digits after the point.
pub(super) fn rounded(number: f64, digits: i64) -> f64 {
    let scale = 10_f64.powi(i32::try_from(digits.unsigned_abs()).unwrap_or(i32::MAX));
    let rounded = match digits < 0 {
        true => (number / scale).round() * scale,
        false => (number * scale).round() / scale,
    };
    // Past a real's range there is nothing to round, or nothing left.
    match (rounded.is_finite(), digits < 0) {
        (true, _) => rounded,
        (false, true) => 0.0,
        (false, false) => number,
    }
}

/// The value that stands in that order to all others. Numbers become the widest of their types.
fn extreme<'a>(arguments: &[Value<'a>], wanted: Ordering) -> Value<'a> {
    let real = arguments.iter().any(|a| matches!(a, Value::Real(_)));
    let long = arguments.iter().any(|a| matches!(a, Value::Long(_)));
    let best = arguments
        .iter()
        .filter(|a| !a.is_null())
        .reduce(|best, next| if compare::compare(next, best) == Some(wanted) { next } else { best });
    match best {
        Some(number @ (Value::Int(_) | Value::Long(_))) if real => todouble(number),
        Some(number @ Value::Int(_)) if long => tolong(number),
        other => other.cloned().unwrap_or(Value::Null),
    }
}

fn bin_at<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let (value, size, fixed) = (argument(arguments, 0), argument(arguments, 1), argument(arguments, 2));
    match (value, fixed) {
        (Value::DateTime(at), Value::DateTime(fixed)) => {
            let distance = Value::TimeSpan(TimeSpan(at.0 - fixed.0));
            arithmetic::add(&Value::DateTime(*fixed), &bin_of(&distance, size))
        }
        _ => match (bin_of(&arithmetic::subtract(value, fixed), size), value) {
            // An int less an int is a long.
            (distance, Value::Int(_)) if !matches!(distance, Value::Real(_)) => {
                convert::toint(&arithmetic::add(fixed, &distance)).into_owned()
            }
            (distance, _) => arithmetic::add(fixed, &distance),
        },
    }
}

const fn bin_named(name: &'static str, signature: &'static str) -> Function {
    Function {
        name,
        signature,
        doc: "The value rounded down to a multiple of the size, also below zero; null unless the size is above zero.",
        min: 2,
        max: 2,
        params: &[Param::Summable, Param::Summable],
        repeat: 1,
        returns: Returns::Argument(0),
        call: bin,
        prepare: None,
    }
}

fn bin<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    bin_of(argument(arguments, 0), argument(arguments, 1))
}

fn bin_of<'a>(value: &Value<'_>, size: &Value<'_>) -> Value<'a> {
    match (value, size) {
        // Bins of a datetime count from tick 0, so that bins of a day fall on midnight, UTC.
        (Value::DateTime(at), Value::TimeSpan(size)) => {
            down(at.0, size.0).and_then(DateTime::from_ticks).map_or(Value::Null, Value::DateTime)
        }
        (Value::TimeSpan(span), Value::TimeSpan(size)) => {
            down(span.0, size.0).map_or(Value::Null, |ticks| Value::TimeSpan(TimeSpan(ticks)))
        }
        (Value::Int(_) | Value::Long(_), Value::Int(_) | Value::Long(_)) => {
            let (Value::Long(n), Value::Long(size)) = (tolong(value), tolong(size)) else {
                return Value::Null;
            };
            match (down(n, size), value) {
                (Some(n), Value::Int(_)) => i32::try_from(n).map_or(Value::Null, Value::Int),
                (n, _) => n.map_or(Value::Null, Value::Long),
            }
        }
        (Value::Real(_), Value::Int(_) | Value::Long(_) | Value::Real(_))
        | (Value::Int(_) | Value::Long(_), Value::Real(_)) => match (todouble(value), todouble(size)) {
            (Value::Real(n), Value::Real(size)) if size > 0.0 => Value::Real((n / size).floor() * size),
            _ => Value::Null,
        },
        _ => Value::Null,
    }
}

fn down(n: i64, size: i64) -> Option<i64> {
    if size <= 0 { None } else { n.checked_sub(n.rem_euclid(size)) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::call;
    use super::*;
    use crate::value::convert::text;

    #[test]
    fn bins_round_down() {
        let bin = |value, size| call("bin", &[value, size]);
        assert_eq!(bin(Value::Long(7), Value::Long(5)), Value::Long(5));
        assert_eq!(bin(Value::Long(-7), Value::Int(5)), Value::Long(-10));
        assert_eq!(bin(Value::Long(7), Value::Long(0)), Value::Null);
        assert_eq!(bin(Value::Real(0.3), Value::Real(0.1)), Value::Real(0.2));
        assert_eq!(bin(Value::Real(-7.5), Value::Long(1)), Value::Real(-8.0));
        assert_eq!(bin(Value::Long(i64::MIN), Value::Long(3)), Value::Null);
        let day = Value::TimeSpan(TimeSpan::parse("1d").unwrap());
        let at = Value::DateTime(DateTime::parse("1970-05-11 13:45:07").unwrap());
        assert_eq!(text(&bin(at, day)), "1970-05-11T00:00:00.0000000Z");
    }
    #[test]
    fn bins_from_a_fixed_point() {
        let time = |text| Value::DateTime(DateTime::parse(text).unwrap());
        let span = |text| Value::TimeSpan(TimeSpan::parse(text).unwrap());
        let of = |value, size, fixed| text(&call("bin_at", &[value, size, fixed])).into_owned();
        assert_eq!(of(Value::Real(6.5), Value::Real(2.5), Value::Long(7)), "4.5");
        assert_eq!(of(span("1h"), span("1d"), span("12h")), "-12:00:00");
        let noon = time("1970-01-01 12:00:00");
        assert_eq!(of(time("2017-05-15 10:20:00"), span("1d"), noon), "2017-05-14T12:00:00.0000000Z");
        assert_eq!(of(Value::Int(7), Value::Int(5), Value::Int(1)), "6");
    }

    #[test]
    fn rounding() {
        let round = |n: f64, digits| call("round", &[Value::Real(n), Value::Long(digits)]);
        for (n, digits, expected) in [(2.98765, 3, 2.988), (2.15, 1, 2.2), (-50.55, -2, -100.0), (21.5, -1, 20.0)] {
            assert_eq!(round(n, digits), Value::Real(expected));
        }
        assert_eq!(round(1e300, 400), Value::Real(1e300));
        assert_eq!(round(1e300, -400), Value::Real(0.0));
        assert_eq!(call("round", &[Value::Long(15), Value::Long(-1)]), Value::Long(20));
        assert_eq!(call("round", &[Value::Real(2.5)]), Value::Real(3.0));
        assert_eq!(call("ceiling", &[Value::Real(-1.1)]), Value::Real(-1.0));
    }

    #[test]
    fn extremes_and_signs() {
        let (one, two) = (Value::Int(1), Value::Long(2));
        assert_eq!(call("max_of", &[one.clone(), two.clone()]), Value::Long(2));
        assert_eq!(call("min_of", &[one.clone(), two.clone()]), Value::Long(1));
        assert_eq!(call("max_of", &[Value::Null, one.clone(), Value::Real(0.5)]), Value::Real(1.0));
        assert_eq!(call("min_of", &[Value::string("b"), Value::string("a")]), Value::string("a"));
        assert_eq!(call("sign", &[Value::Bool(true)]), Value::Real(1.0));
        assert_eq!(call("sign", &[Value::Long(0)]), Value::Real(0.0));
        assert_eq!(call("abs", &[Value::Long(i64::MIN)]), Value::Null);
        assert_eq!(call("abs", &[Value::Int(-3)]), Value::Int(3));
        assert_eq!(call("log", &[Value::Long(0)]), Value::Null);
        assert_eq!(call("pow", &[two.clone(), Value::Real(0.5)]), Value::Real(2_f64.sqrt()));
        assert_eq!(call("isnan", &[Value::Real(f64::NAN)]), Value::Bool(true));
        assert_eq!(call("sqrt", &[Value::Null]), Value::Null);
    }
}
