//! Conversions between the scalar types: the `to…` functions, for a value of any type.
//!
//! A failed conversion is the null, or `""` for `tostring`. What a dynamic holds is converted as that value; an array or a
//! bag converts to text only. Measured on Microsoft's engine, over rows (its constant folder differs in corners).

use std::borrow::Cow;

pub use super::literal::literal;
use super::{DateTime, Dynamic, TimeSpan, Value, json};
use crate::schema::ScalarType;

/// The text of a value, as `tostring`, `strcat` and the string operators see it. Borrows where it can.
pub fn text<'v>(value: &'v Value<'_>) -> Cow<'v, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::Bool(b) => Cow::Borrowed(if *b { "True" } else { "False" }),
        Value::String(text) => Cow::Borrowed(text),
        Value::Dynamic(dynamic) => dynamic.to_text(),
        Value::Int(n) => Cow::Owned(n.to_string()),
        Value::Long(n) => Cow::Owned(n.to_string()),
        Value::Decimal(n) => Cow::Owned(n.to_string()),
        Value::Real(n) => {
            let mut text = String::new();
            append_real(*n, &mut text);
            Cow::Owned(text)
        }
        Value::DateTime(at) => Cow::Owned(at.to_text7()),
        Value::TimeSpan(span) => Cow::Owned(span.to_text()),
        Value::Guid(guid) => Cow::Owned(guid_text(*guid)),
    }
}

/// `tostring()`. Keeps the borrow of a string that is borrowed.
pub fn tostring<'a>(value: &Value<'a>) -> Value<'a> {
    match value {
        Value::String(text) | Value::Dynamic(Dynamic::String(text)) => Value::String(text.clone()),
        other => Value::String(Cow::Owned(text(other).into_owned())),
    }
}

/// The value as `ty`: what the `to…` function of that type gives. A real stands in for a decimal, save for a whole one.
pub fn to_type<'a>(value: &Value<'a>, ty: ScalarType) -> Value<'a> {
    match ty {
        ScalarType::Decimal if matches!(value, Value::Decimal(_)) => value.clone(),
        ScalarType::Bool => tobool(value),
        ScalarType::Int => toint(value),
        ScalarType::Long => tolong(value),
        ScalarType::Real | ScalarType::Decimal => todouble(value),
        ScalarType::String => tostring(value),
        ScalarType::DateTime => todatetime(value),
        ScalarType::TimeSpan => totimespan(value),
        ScalarType::Guid => toguid(value),
        ScalarType::Dynamic => Value::dynamic(into_dynamic(value.clone())),
    }
}

/// A text as a value of `ty`; the null where it is none. As a dynamic it is what its JSON says, or itself.
pub fn typed(text: &str, ty: ScalarType) -> Value<'static> {
    match ty {
        ScalarType::String => Value::string(text.to_owned()),
        ScalarType::Dynamic => match json::parse(text, super::dynamic::MAX_DEPTH) {
            Ok(value) => Value::dynamic(value.into_owned()),
            Err(_) => Value::Dynamic(Dynamic::String(text.to_owned().into())),
        },
        _ => to_type(&Value::string(text), ty).into_owned(),
    }
}

/// Appends a real: the shortest digits that read back the same, without `.0`, and with an exponent from 1E+15 and below
/// 0.0001, as .NET prints it. Kusto's own text of whole reals is not measured.
pub fn append_real(n: f64, out: &mut String) {
    if n.is_nan() {
        out.push_str("NaN");
    } else if n.is_infinite() {
        out.push_str(if n > 0.0 { "Infinity" } else { "-Infinity" });
    } else {
        let magnitude = n.abs();
        if magnitude != 0.0 && !(1e-4..1e15).contains(&magnitude) {
            let scientific = format!("{n:e}");
            let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |e| ('-', e));
            out.push_str(&format!("{digits}E{sign}{exponent:0>2}"));
        } else {
            out.push_str(&n.to_string());
        }
    }
}

/// A guid's text: lower case, with hyphens.
pub fn guid_text(guid: u128) -> String {
    let hex = format!("{guid:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// What a dynamic holds as a value of its own; an array or a bag stays dynamic.
pub fn unwrap<'a>(value: &Value<'a>) -> Value<'a> {
    match value {
        Value::Dynamic(Dynamic::Bool(b)) => Value::Bool(*b),
        Value::Dynamic(Dynamic::Long(n)) => Value::Long(*n),
        Value::Dynamic(Dynamic::Real(n)) => Value::Real(*n),
        Value::Dynamic(Dynamic::String(text)) => Value::String(text.clone()),
        other => other.clone(),
    }
}

/// `todynamic` without parsing: how a value is stored in an array or a bag. Datetimes, timespans and guids become text.
pub fn into_dynamic<'a>(value: Value<'a>) -> Dynamic<'a> {
    match value {
        Value::Null => Dynamic::Null,
        Value::Bool(b) => Dynamic::Bool(b),
        Value::Int(n) => Dynamic::Long(i64::from(n)),
        Value::Long(n) => Dynamic::Long(n),
        Value::Real(n) => Dynamic::Real(n),
        Value::Decimal(n) => Dynamic::Real(n as f64),
        Value::String(text) => Dynamic::String(text),
        Value::Dynamic(dynamic) => dynamic,
        other => Dynamic::String(Cow::Owned(text(&other).into_owned())),
    }
}

/// `tobool()`: `true` or `false` in any case, or a whole number, which is true unless it is zero.
pub fn tobool<'a>(value: &Value<'_>) -> Value<'a> {
    Value::from(match unwrap(value) {
        Value::Bool(b) => Some(b),
        Value::Int(n) => Some(n != 0),
        Value::Long(n) => Some(n != 0),
        Value::Real(n) => Some(n != 0.0),
        Value::String(text) => match text.trim() {
            word if word.eq_ignore_ascii_case("true") => Some(true),
            word if word.eq_ignore_ascii_case("false") => Some(false),
            other => integer(other).map(|n| n != 0),
        },
        _ => None,
    })
}

/// `tolong()`: decimal or `0x` digits with spaces around; reals are cut toward zero and saturate; durations and
/// datetimes are their ticks.
pub fn tolong<'a>(value: &Value<'_>) -> Value<'a> {
    to_i64(value).map_or(Value::Null, Value::Long)
}

/// `toint()`: as `tolong`, but a long wraps to 32 bits, a real saturates, and a string too large is null.
pub fn toint<'a>(value: &Value<'_>) -> Value<'a> {
    match unwrap(value) {
        // A cast of a float to an integer saturates.
        Value::Real(n) if !n.is_nan() => Value::Int(n as i32),
        Value::String(text) => integer(text.trim()).and_then(|n| i32::try_from(n).ok()).map_or(Value::Null, Value::Int),
        // A cast between integers wraps.
        other => to_i64(&other).map_or(Value::Null, |n| Value::Int(n as i32)),
    }
}

fn to_i64(value: &Value<'_>) -> Option<i64> {
    match unwrap(value) {
        Value::Bool(b) => Some(i64::from(b)),
        Value::Int(n) => Some(i64::from(n)),
        Value::Long(n) => Some(n),
        Value::Real(n) => (!n.is_nan()).then_some(n as i64),
        // As a real does, it saturates.
        Value::Decimal(n) => Some(n.clamp(i64::MIN.into(), i64::MAX.into()) as i64),
        Value::String(text) => integer(text.trim()),
        Value::DateTime(at) => Some(at.0),
        Value::TimeSpan(span) => Some(span.0),
        _ => None,
    }
}

/// An optional sign, then decimal digits or `0x` and hexadecimal ones; nothing else, no separators.
pub(super) fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (radix, digits) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => (16, hex),
        None => (10, digits),
    };
    if !digits.bytes().all(|b| char::from(b).is_digit(radix)) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

/// `todouble()`, `toreal()`: `5.7`, `1e3`, `5.`, not hexadecimal; also `NaN` and the infinities, which is how a dynamic
/// stores them.
pub fn todouble<'a>(value: &Value<'_>) -> Value<'a> {
    let real = match unwrap(value) {
        Value::Real(n) => Some(n),
        Value::Decimal(n) => Some(n as f64),
        Value::String(text) => text.trim().parse::<f64>().ok(),
        other => to_i64(&other).map(|n| n as f64),
    };
    real.map_or(Value::Null, Value::Real)
}

/// `todatetime()`: text by [`DateTime::parse`], numbers as ticks.
pub fn todatetime<'a>(value: &Value<'_>) -> Value<'a> {
    let at = match unwrap(value) {
        Value::DateTime(at) => Some(at),
        Value::String(text) => DateTime::parse(&text),
        Value::Int(n) => DateTime::from_ticks(i64::from(n)),
        Value::Long(n) => DateTime::from_ticks(n),
        _ => None,
    };
    at.map_or(Value::Null, Value::DateTime)
}

/// `totimespan()`: text by [`TimeSpan::parse`], numbers as ticks.
pub fn totimespan<'a>(value: &Value<'_>) -> Value<'a> {
    let span = match unwrap(value) {
        Value::TimeSpan(span) => Some(span),
        Value::String(text) => TimeSpan::parse(&text),
        Value::Int(n) => Some(TimeSpan(i64::from(n))),
        Value::Long(n) => Some(TimeSpan(n)),
        _ => None,
    };
    span.map_or(Value::Null, Value::TimeSpan)
}

/// `toguid()`: 32 hexadecimal digits, with or without the four hyphens, with or without braces.
pub fn toguid<'a>(value: &Value<'_>) -> Value<'a> {
    let guid = match unwrap(value) {
        Value::Guid(guid) => Some(guid),
        Value::String(text) => guid_in(text.trim()),
        _ => None,
    };
    guid.map_or(Value::Null, Value::Guid)
}

/// A guid in a text, its hyphens wherever they stand: the engine's answer to the documentation's example.
fn guid_in(text: &str) -> Option<u128> {
    parse_guid(text).or_else(|| {
        let inner = text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_hexdigit());
        parse_guid(&text.replace('-', "")).filter(|_| inner)
    })
}

pub(super) fn parse_guid(text: &str) -> Option<u128> {
    let bare = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
    let hyphens = [8, 13, 18, 23];
    let shape = match bare.len() {
        32 => bare.bytes().all(|b| b.is_ascii_hexdigit()),
        36 => bare.bytes().enumerate().all(
            |(at, b)| {
                if hyphens.contains(&at) { b == b'-' } else { b.is_ascii_hexdigit() }
            },
        ),
        _ => false,
    };
    shape.then(|| u128::from_str_radix(&bare.replace('-', ""), 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(&'static str) -> Value<'static> = |text| Value::String(Cow::Borrowed(text));

    #[test]
    fn integers_from_text() {
        for (value, long, int) in [
            ("5.7", None, None),
            ("1e3", None, None),
            (" 7 ", Some(7), Some(7)),
            ("-3", Some(-3), Some(-3)),
            ("0x10", Some(16), Some(16)),
            ("1,000", None, None),
            ("+4", Some(4), Some(4)),
            ("", None, None),
            ("+-4", None, None),
            ("0x", None, None),
            ("9999999999", Some(9_999_999_999), None),
        ] {
            assert_eq!(tolong(&S(value)), long.map_or(Value::Null, Value::Long), "{value}");
            assert_eq!(toint(&S(value)), int.map_or(Value::Null, Value::Int), "{value}");
        }
    }

    #[test]
    fn integers_wrap_and_reals_saturate() {
        assert_eq!(toint(&Value::Long(4_294_967_296)), Value::Int(0));
        assert_eq!(toint(&Value::Long(9_999_999_999)), Value::Int(1_410_065_407));
        assert_eq!(toint(&Value::Real(1e10)), Value::Int(i32::MAX));
        assert_eq!(tolong(&Value::Real(-5.7)), Value::Long(-5));
        assert_eq!(tolong(&Value::Real(f64::NAN)), Value::Null);
        assert_eq!(toint(&Value::Real(f64::NAN)), Value::Null);
        assert_eq!(tolong(&Value::TimeSpan(TimeSpan(864_000_000_000))), Value::Long(864_000_000_000));
        assert_eq!(toint(&Value::Dynamic(Dynamic::Bool(true))), Value::Int(1));
        assert_eq!(tolong(&Value::Dynamic(Dynamic::Real(5.7))), Value::Long(5));
        assert_eq!(tolong(&Value::Dynamic(Dynamic::String("5.7".into()))), Value::Null);
    }

    #[test]
    fn booleans_from_text() {
        for (text, expected) in [
            ("TRUE", Some(true)),
            (" false ", Some(false)),
            ("0", Some(false)),
            ("-1", Some(true)),
            ("1.5", None),
            ("yes", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(tobool(&S(text)), Value::from(expected), "{text}");
        }
        assert_eq!(tobool(&Value::Null), Value::Null);
    }

    #[test]
    fn text_of_each_type() {
        assert_eq!(text(&Value::Bool(false)), "False");
        assert_eq!(text(&Value::Dynamic(Dynamic::Bool(true))), "true");
        assert_eq!(text(&Value::Null), "");
        for (n, expected) in [
            (1.5, "1.5"),
            (5.0, "5"),
            (-0.25, "-0.25"),
            (1e300, "1E+300"),
            (0.00001234, "1.234E-05"),
            (1e15, "1E+15"),
            (123_456_789_012_345.0, "123456789012345"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(&Value::Real(n)), expected);
        }
        let guid = "AE3133F2-6e22-49ae-b06a-16e6a9b212eb";
        assert_eq!(text(&toguid(&S(guid))), guid.to_lowercase());
        assert_eq!(toguid(&S("ae3133f26e2249aeb06a16e6a9b212eb")), toguid(&S(guid)));
        assert_eq!(toguid(&S("ae3133f2-6e22-49ae-b06a-16e6a9b212e")), Value::Null);
    }

    #[test]
    fn reals_and_points_in_time() {
        assert_eq!(todouble(&S("5.")), Value::Real(5.0));
        assert_eq!(todouble(&S("0x10")), Value::Null);
        assert_eq!(todouble(&Value::Bool(true)), Value::Real(1.0));
        let stored = Value::Dynamic(Dynamic::String("2020-01-02T03:04:05.6000000Z".into()));
        assert_eq!(text(&todatetime(&stored)), "2020-01-02T03:04:05.6000000Z");
        assert_eq!(totimespan(&S("1d")), Value::TimeSpan(TimeSpan(864_000_000_000)));
    }
}
