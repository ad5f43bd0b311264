//! The `to…` functions and `gettype`.

use super::arguments::long_at;
use super::{Context, Function, Param, Returns, argument};
use crate::schema::ScalarType;
use crate::value::{Value, convert};

pub(super) const FUNCTIONS: &[Function] = &[
    to(
        "tostring",
        "tostring(value)",
        ScalarType::String,
        "The text of a value; \"\" for null.",
        |_, a| convert::tostring(argument(a, 0)),
    ),
    to("tobool", "tobool(value)", ScalarType::Bool, BOOL, |_, a| {
        convert::tobool(argument(a, 0))
    }),
    to("toboolean", "toboolean(value)", ScalarType::Bool, BOOL, |_, a| {
        convert::tobool(argument(a, 0))
    }),
    to(
        "toint",
        "toint(value)",
        ScalarType::Int,
        "As tolong(), in 32 bits: longs wrap, reals saturate.",
        |_, a| convert::toint(argument(a, 0)),
    ),
    to("tolong", "tolong(value)", ScalarType::Long, LONG, |_, a| {
        convert::tolong(argument(a, 0))
    }),
    to("todouble", "todouble(value)", ScalarType::Real, REAL, |_, a| {
        convert::todouble(argument(a, 0))
    }),
    to("toreal", "toreal(value)", ScalarType::Real, REAL, |_, a| {
        convert::todouble(argument(a, 0))
    }),
    to(
        "todatetime",
        "todatetime(value)",
        ScalarType::DateTime,
        DATETIME,
        |_, a| convert::todatetime(argument(a, 0)),
    ),
    to(
        "totimespan",
        "totimespan(value)",
        ScalarType::TimeSpan,
        TIMESPAN,
        |_, a| convert::totimespan(argument(a, 0)),
    ),
    to(
        "toguid",
        "toguid(value)",
        ScalarType::Guid,
        "The guid that a text spells, or null.",
        |_, a| convert::toguid(argument(a, 0)),
    ),
    to(
        "todecimal",
        "todecimal(value)",
        ScalarType::Decimal,
        "As todouble(): here a decimal has the precision of a real.",
        |_, a| convert::todouble(argument(a, 0)),
    ),
    to(
        "totime",
        "totime(value)",
        ScalarType::TimeSpan,
        TIMESPAN,
        |_, a| convert::totimespan(argument(a, 0)),
    ),
    Function::of(
        "tohex",
        "tohex(value, [min_length])",
        "A whole number in hexadecimal, of a negative one its 64 bits (32 of an int), with zeros before it to a length.",
    )
    .takes(1, 2, &[Param::Is(ScalarType::Long)])
    .calls(ScalarType::String, tohex),
    to("gettype", "gettype(value)", ScalarType::String, GETTYPE, gettype),
];

const BOOL: &str = "true or false in any case, or a whole number (true unless zero); null for other text.";
const LONG: &str =
    "Decimal or 0x digits of a text, a real cut toward zero, the ticks of a timespan or datetime; or null.";
const REAL: &str = "The real that a text spells (not hexadecimal), or a number as a real; or null.";
const DATETIME: &str =
    "The datetime that a text spells, in ISO 8601, RFC 822 or the order of the United States; or null.";
const TIMESPAN: &str = "The timespan that a text spells, as [d.]hh:mm[:ss[.f]] or as a literal; or null.";
/// A null outside of dynamic has lost its type when it gets here; whoever binds the call knows it.
const GETTYPE: &str = "The name of the value's type; of a dynamic, what it holds: array, dictionary, double, null ...";

const fn to(
    name: &'static str,
    signature: &'static str,
    returns: ScalarType,
    doc: &'static str,
    call: for<'a> fn(&Context, &[Value<'a>]) -> Value<'a>,
) -> Function {
    let returns = Returns::Type(returns);
    Function { name, signature, doc, min: 1, max: 1, params: &[Param::Any], repeat: 1, returns, call, prepare: None }
}

fn tohex<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let digits = match argument(arguments, 0) {
        Value::Int(n) => format!("{n:x}"),
        Value::Long(n) => format!("{n:x}"),
        _ => return Value::string(""),
    };
    // No number has more than 16 digits; the zeros before them are bounded too.
    let width = long_at(arguments, 1).and_then(|w| usize::try_from(w).ok()).unwrap_or(0).min(64);
    Value::string(format!("{digits:0>width$}"))
}

fn gettype<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    Value::string(match argument(arguments, 0) {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Long(_) => "long",
        Value::Real(_) => "real",
        Value::Decimal(_) => "decimal",
        Value::String(_) => "string",
        Value::DateTime(_) => "datetime",
        Value::TimeSpan(_) => "timespan",
        Value::Guid(_) => "guid",
        Value::Dynamic(dynamic) => dynamic.type_name(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;
    use crate::value::Dynamic;

    #[test]
    fn gettype_looks_into_dynamic() {
        assert_eq!(call("gettype", &[Value::Real(1.5)]), Value::string("real"));
        assert_eq!(call("gettype", &[Value::Dynamic(Dynamic::Real(1.5))]), Value::string("double"));
        assert_eq!(call("gettype", &[Value::Dynamic(Dynamic::Bag([].into()))]), Value::string("dictionary"));
        assert_eq!(call("gettype", &[Value::Null]), Value::string("null"));
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(call("tohex", &[Value::Long(256)]), Value::string("100"));
        assert_eq!(call("tohex", &[Value::Long(-256)]), Value::string("ffffffffffffff00"));
        assert_eq!(call("tohex", &[Value::Int(-256), Value::Long(8)]), Value::string("ffffff00"));
        assert_eq!(call("tohex", &[Value::Long(256), Value::Long(8)]), Value::string("00000100"));
        assert_eq!(call("tohex", &[Value::Long(1), Value::Long(i64::MAX)]), Value::string(format!("{:0>64}", 1)));
    }

    #[test]
    fn each_name_converts_to_its_type() {
        for (name, text, expected) in [
            ("tobool", "1", Value::Bool(true)),
            ("toint", "1", Value::Int(1)),
            ("tolong", "1", Value::Long(1)),
            ("toreal", "1", Value::Real(1.0)),
            ("tostring", "1", Value::string("1")),
        ] {
            assert_eq!(call(name, &[Value::string(text)]), expected);
        }
    }
}
