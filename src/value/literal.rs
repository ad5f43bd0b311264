//! Literals of a query to values.

use std::borrow::Cow;

use super::convert::{guid_text, integer, parse_guid};
use super::datetime::{Civil, DateTime};
use super::timespan::TICKS_PER_SECOND;
use super::{Dynamic, TimeSpan, Value};
use crate::diagnostic::Span;
use crate::kql::ast::{DynamicLiteral, LiteralKind};

/// The value of a literal of that kind and text (see [`crate::kql::ast::Literal`] for what the text is).
///
/// # Errors
/// A sentence that says which text is no value of the type. There is no decimal yet; a real stands in for it.
pub fn literal(kind: LiteralKind, text: &str) -> Result<Value<'static>, String> {
    if kind == LiteralKind::String {
        return Ok(Value::String(Cow::Owned(text.to_owned())));
    }
    let text = unquoted(text.trim());
    if text == "null" {
        return Ok(Value::Null);
    }
    let (value, name, example) = match kind {
        LiteralKind::Bool => (bool_of(text).map(Value::Bool), "bool", "true"),
        LiteralKind::Int => {
            (integer(text).and_then(|n| i32::try_from(n).ok()).map(Value::Int), "int", "a whole number of 32 bits")
        }
        LiteralKind::Long => (integer(text).map(Value::Long), "long", "a whole number of 64 bits"),
        LiteralKind::Real => (text.parse().ok().map(Value::Real), "real", "1.5, 1e3, nan or -inf"),
        LiteralKind::DateTime => {
            (DateTime::parse(text).or_else(|| parts(text)).map(Value::DateTime), "datetime", "2025-01-31 23:59:59")
        }
        LiteralKind::TimeSpan => (TimeSpan::parse_literal(text).map(Value::TimeSpan), "timespan", "1d or 1.02:03:04"),
        LiteralKind::Guid => (parse_guid(text).map(Value::Guid), "guid", "74be27de-1e4e-49d9-b579-fe0b331d3642"),
        LiteralKind::Decimal => (text.parse().ok().map(Value::Real), "decimal", "1.5 or 1e3"),
        LiteralKind::String => (None, "string", ""),
    };
    value.ok_or_else(|| format!("'{text}' is not a {name}; write it like this: {example}."))
}

/// The value of what stands inside `dynamic(…)`. A datetime is stored as its text, a timespan as its ticks, a guid as
/// lower-case text, a real that JSON cannot hold as a string, and a typed null as null.
///
/// The parser bounds how deep the literal nests.
///
/// # Errors
/// Where in the query a scalar is no value of its type, and a sentence that says so.
pub fn dynamic_literal(literal: &DynamicLiteral) -> Result<Dynamic<'static>, (Span, String)> {
    Ok(match literal {
        DynamicLiteral::Null => Dynamic::Null,
        DynamicLiteral::Scalar(scalar, span) => {
            let value = self::literal(scalar.kind, &scalar.text).map_err(|message| (*span, message))?;
            match value {
                Value::TimeSpan(span) => Dynamic::Long(span.0),
                Value::Guid(guid) => Dynamic::String(Cow::Owned(guid_text(guid))),
                other => super::convert::into_dynamic(other),
            }
        }
        DynamicLiteral::Array(elements) => {
            Dynamic::Array(elements.iter().map(dynamic_literal).collect::<Result<_, _>>()?)
        }
        DynamicLiteral::Bag(members) => {
            // Each name once: the last one stands, where the first one stood.
            let mut bag: Vec<(Cow<'static, str>, Dynamic<'static>)> = Vec::with_capacity(members.len());
            let mut places = std::collections::HashMap::new();
            for (name, value) in members {
                let value = dynamic_literal(value)?;
                let place = *places.entry(name.as_str()).or_insert(bag.len());
                match bag.get_mut(place) {
                    Some(member) => member.1 = value,
                    None => bag.push((Cow::Owned(name.clone()), value)),
                }
            }
            Dynamic::Bag(bag.into())
        }
    })
}

/// `datetime("2020-01-01")` is as good as `datetime(2020-01-01)`.
fn unquoted(text: &str) -> &str {
    ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(text)
}

fn bool_of(text: &str) -> Option<bool> {
    match text {
        word if word.eq_ignore_ascii_case("true") => Some(true),
        word if word.eq_ignore_ascii_case("false") => Some(false),
        other => integer(other).map(|n| n != 0),
    }
}

/// `datetime(2025, 6, 14, 10, 20, 30)`: three to six whole numbers.
fn parts(text: &str) -> Option<DateTime> {
    let numbers: Vec<i64> = text.split(',').take(7).map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    let (date, time) = numbers.split_at_checked(3)?;
    let [year, month, day] = *date else { return None };
    let [hour, minute, second] = match *time {
        [] => [0, 0, 0],
        [hour] => [hour, 0, 0],
        [hour, minute] => [hour, minute, 0],
        [hour, minute, second] => [hour, minute, second],
        _ => return None,
    };
    let known = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    known.then(|| {
        let ticks = (hour * 3600 + minute * 60 + second) * TICKS_PER_SECOND;
        DateTime::from_civil(Civil { year, month, day, ticks })
    })?
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::kql::ast::Literal;

    #[test]
    fn literals_have_values() {
        for (kind, text, value) in [
            (LiteralKind::Bool, "True", Value::Bool(true)),
            (LiteralKind::Int, "-5", Value::Int(-5)),
            (LiteralKind::Long, "0x1f", Value::Long(31)),
            (LiteralKind::Long, "null", Value::Null),
            (LiteralKind::Real, "+inf", Value::Real(f64::INFINITY)),
            (LiteralKind::TimeSpan, "1.5s", Value::TimeSpan(TimeSpan(15_000_000))),
            (LiteralKind::String, "null", Value::string("null")),
        ] {
            assert_eq!(literal(kind, text), Ok(value));
        }
        let quoted = literal(LiteralKind::DateTime, "'12-02-2022'").unwrap();
        assert_eq!(literal(LiteralKind::DateTime, "2022, 12, 2").unwrap(), quoted);
    }

    #[test]
    fn what_is_no_value_says_so() {
        for (kind, text) in [
            (LiteralKind::Int, "3000000000"),
            (LiteralKind::Long, "9223372036854775808"),
            (LiteralKind::DateTime, "2022, 13, 2"),
            (LiteralKind::TimeSpan, "1w"),
            (LiteralKind::Guid, "x"),
            (LiteralKind::Decimal, "x"),
        ] {
            assert!(literal(kind, text).is_err(), "{kind:?} {text}");
        }
    }

    #[test]
    fn dynamic_stores_each_kind_in_its_own_way() {
        let scalar = |kind, text: &str| DynamicLiteral::Scalar(Literal { kind, text: text.into() }, Span::new(0, 0));
        let array = DynamicLiteral::Array(vec![
            scalar(LiteralKind::DateTime, "2020-01-01"),
            scalar(LiteralKind::TimeSpan, "1d"),
            scalar(LiteralKind::Guid, "ABCDEF00-0000-0000-0000-000000000001"),
            scalar(LiteralKind::Real, "nan"),
            scalar(LiteralKind::Long, "null"),
            DynamicLiteral::Bag(vec![("a".into(), scalar(LiteralKind::Long, "1")), ("a".into(), DynamicLiteral::Null)]),
        ]);
        assert_eq!(
            dynamic_literal(&array).unwrap().to_text(),
            "[\"2020-01-01T00:00:00.0000000Z\",864000000000,\"abcdef00-0000-0000-0000-000000000001\",\"NaN\",null,\
             {\"a\":null}]"
        );
    }
}
