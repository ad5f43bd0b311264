//! Functions of numbers.

use super::{Context, Function, Param, Returns, argument};
use crate::value::convert::{todouble, tolong};
use crate::value::{DateTime, TimeSpan, Value};

pub(super) const FUNCTIONS: &[Function] =
    &[bin_named("bin", "bin(value, size)"), bin_named("floor", "floor(value, size)")];

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
    }
}

fn bin<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let (value, size) = (argument(arguments, 0), argument(arguments, 1));
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
}
