//! Functions of series element by element. What is no number, and what one of two series lacks, gives null.

use super::arguments::argument;
use super::limits;
use super::series::number;
use super::{Call, Function, Param};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const DYNAMIC: ScalarType = ScalarType::Dynamic;
/// A number in place of a series stands for a series of it.
const ANY: &[Param] = &[Param::Any];

const fn one(name: &'static str, signature: &'static str, doc: &'static str, call: Call) -> Function {
    Function::of(name, signature, doc).takes(1, 1, &[Param::Is(DYNAMIC)]).calls(DYNAMIC, call)
}

const fn two(name: &'static str, signature: &'static str, doc: &'static str, call: Call) -> Function {
    Function::of(name, signature, doc).takes(2, 2, ANY).calls(DYNAMIC, call)
}

pub(super) const FUNCTIONS: &[Function] = &[
    one("series_abs", "series_abs(series)", "The absolute value of each element.", |_, a| each(a, f64::abs)),
    one("series_acos", "series_acos(series)", "The arc cosine of each element.", |_, a| each(a, f64::acos)),
    one("series_asin", "series_asin(series)", "The arc sine of each element.", |_, a| each(a, f64::asin)),
    one("series_atan", "series_atan(series)", "The arc tangent of each element.", |_, a| each(a, f64::atan)),
    one("series_ceiling", "series_ceiling(series)", "Each element rounded up.", |_, a| each(a, f64::ceil)),
    one("series_cos", "series_cos(series)", "The cosine of each element.", |_, a| each(a, f64::cos)),
    one("series_exp", "series_exp(series)", "e to the power of each element.", |_, a| each(a, f64::exp)),
    one("series_floor", "series_floor(series)", "Each element rounded down.", |_, a| each(a, f64::floor)),
    one("series_log", "series_log(series)", "The natural logarithm of each element.", |_, a| each(a, f64::ln)),
    one("series_sign", "series_sign(series)", "-1, 0 or 1 as each element is below, at or above 0.", |_, a| {
        mapped(a, |x| Dynamic::Long(i64::from(x > 0.0) - i64::from(x < 0.0)))
    }),
    one("series_sin", "series_sin(series)", "The sine of each element.", |_, a| each(a, f64::sin)),
    one("series_tan", "series_tan(series)", "The tangent of each element.", |_, a| each(a, f64::tan)),
    two("series_add", "series_add(a, b)", "The sums of the elements of two series.", |_, a| {
        combined(a, i64::checked_add, |x, y| x + y)
    }),
    two("series_subtract", "series_subtract(a, b)", "The differences of the elements of two series.", |_, a| {
        combined(a, i64::checked_sub, |x, y| x - y)
    }),
    two("series_multiply", "series_multiply(a, b)", "The products of the elements of two series.", |_, a| {
        combined(a, i64::checked_mul, |x, y| x * y)
    }),
    two("series_divide", "series_divide(a, b)", "The quotients of the elements of two series, as reals.", |_, a| {
        paired(a, |x, y| real(x / y))
    }),
    two("series_pow", "series_pow(a, b)", "The elements of one series to the power of those of another.", |_, a| {
        paired(a, |x, y| real(x.powf(y)))
    }),
    two("series_equals", "series_equals(a, b)", "Whether the elements of two series are equal.", |_, a| {
        paired(a, |x, y| Dynamic::Bool(x == y))
    }),
    two("series_not_equals", "series_not_equals(a, b)", "Whether the elements of two series differ.", |_, a| {
        paired(a, |x, y| Dynamic::Bool(x != y))
    }),
    two("series_greater", "series_greater(a, b)", "Whether the elements of a are above those of b.", |_, a| {
        paired(a, |x, y| Dynamic::Bool(x > y))
    }),
    two(
        "series_greater_equals",
        "series_greater_equals(a, b)",
        "Whether the elements of a are not below those of b.",
        |_, a| paired(a, |x, y| Dynamic::Bool(x >= y)),
    ),
    two("series_less", "series_less(a, b)", "Whether the elements of a are below those of b.", |_, a| {
        paired(a, |x, y| Dynamic::Bool(x < y))
    }),
    two(
        "series_less_equals",
        "series_less_equals(a, b)",
        "Whether the elements of a are not above those of b.",
        |_, a| paired(a, |x, y| Dynamic::Bool(x <= y)),
    ),
];

fn real(x: f64) -> Dynamic<'static> {
    Dynamic::Real(x)
}

fn each<'a>(arguments: &[Value<'a>], of: fn(f64) -> f64) -> Value<'a> {
    mapped(arguments, |x| real(of(x)))
}

fn mapped<'a>(arguments: &[Value<'a>], of: impl Fn(f64) -> Dynamic<'static>) -> Value<'a> {
    match argument(arguments, 0) {
        Value::Dynamic(Dynamic::Array(elements)) => {
            limits::array(elements.iter().map(|element| number(element).map_or(Dynamic::Null, &of)))
        }
        _ => Value::Null,
    }
}

/// An argument as a series: a number is one without end.
enum Series<'v, 'a> {
    Of(&'v [Dynamic<'a>]),
    Same(Dynamic<'static>),
}

impl<'v, 'a> Series<'v, 'a> {
    fn read(value: &'v Value<'a>) -> Option<Series<'v, 'a>> {
        Some(match value {
            Value::Dynamic(Dynamic::Array(elements)) => Series::Of(elements),
            Value::Int(n) => Series::Same(Dynamic::Long((*n).into())),
            Value::Long(n) | Value::Dynamic(Dynamic::Long(n)) => Series::Same(Dynamic::Long(*n)),
            Value::Real(n) | Value::Dynamic(Dynamic::Real(n)) => Series::Same(Dynamic::Real(*n)),
            _ => return None,
        })
    }

    fn len(&self) -> Option<usize> {
        match self {
            Series::Of(elements) => Some(elements.len()),
            Series::Same(_) => None,
        }
    }

    fn at(&self, at: usize) -> &Dynamic<'_> {
        match self {
            Series::Of(elements) => elements.get(at).unwrap_or(&Dynamic::Null),
            Series::Same(value) => value,
        }
    }
}

/// As long as the longer of two series; null if neither is one.
fn zipped<'a>(arguments: &[Value<'a>], of: impl Fn(&Dynamic<'_>, &Dynamic<'_>) -> Dynamic<'static>) -> Value<'a> {
    let (Some(a), Some(b)) = (Series::read(argument(arguments, 0)), Series::read(argument(arguments, 1))) else {
        return Value::Null;
    };
    match a.len().max(b.len()) {
        Some(length) => limits::array((0..length).map(|at| of(a.at(at), b.at(at)))),
        None => Value::Null,
    }
}

/// Two series of numbers of one length, for what is made of both; one may be a number.
pub(super) fn factors(arguments: &[Value<'_>]) -> Option<(Vec<f64>, Vec<f64>)> {
    let (a, b) = (Series::read(argument(arguments, 0))?, Series::read(argument(arguments, 1))?);
    let length = a.len().or(b.len())?;
    if a.len().zip(b.len()).is_some_and(|(a, b)| a != b) {
        return None;
    }
    (0..length).map(|at| number(a.at(at)).zip(number(b.at(at)))).collect()
}

fn paired<'a>(arguments: &[Value<'a>], of: impl Fn(f64, f64) -> Dynamic<'static>) -> Value<'a> {
    zipped(arguments, |x, y| number(x).zip(number(y)).map_or(Dynamic::Null, |(x, y)| of(x, y)))
}

/// Whole numbers stay whole where the result fits.
fn combined<'a>(
    arguments: &[Value<'a>],
    whole: fn(i64, i64) -> Option<i64>,
    of: impl Fn(f64, f64) -> f64,
) -> Value<'a> {
    zipped(arguments, |x, y| match (x, y) {
        (Dynamic::Long(x), Dynamic::Long(y)) if let Some(n) = whole(*x, *y) => Dynamic::Long(n),
        _ => number(x).zip(number(y)).map_or(Dynamic::Null, |(x, y)| real(of(x, y))),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{json, json_of};
    use super::*;

    /// Answers of the Kusto Emulator to the documentation's examples, and what the documentation says of the rest.
    #[test]
    fn element_by_element() {
        for (name, arguments, expected) in [
            ("series_abs", &["[-6.5,0,8.2]"][..], "[6.5,0,8.2]"),
            ("series_ceiling", &["[-1.5,1,2.5]"], "[-1,1,3]"),
            ("series_sign", &["[-6,0,8]"], "[-1,0,1]"),
            ("series_add", &["[1,2,4]", "[4,2,1]"], "[5,4,5]"),
            ("series_add", &["[1,0.5,\"x\",4]", "[4,2]"], "[5,2.5,null,null]"),
            ("series_divide", &["[1,2,4]", "[4,2,1]"], "[0.25,1,4]"),
            ("series_pow", &["[1,2,3,4]", "[1,2,3,0.5]"], "[1,4,27,2]"),
            ("series_greater", &["[1,2,4]", "[4,2,1]"], "[false,false,true]"),
            ("series_less_equals", &["[1,2,4]", "[4,2,1]"], "[true,true,false]"),
        ] {
            let arguments: Vec<Value<'_>> = arguments.iter().map(|text| json(text)).collect();
            assert_eq!(json_of(name, &arguments), expected, "{name}");
        }
        assert_eq!(json_of("series_multiply", &[Value::Long(10), json("[1,-1]")]), "[10,-10]");
        assert_eq!(json_of("series_multiply", &[Value::Long(10), Value::Long(1)]), "null");
        assert_eq!(
            json_of("series_multiply", &[json("[9223372036854775807]"), Value::Long(2)]),
            "[1.8446744073709552E+19]"
        );
    }
}
