//! Reading of arguments: what a function finds at a place, in the form that it asks for.

use std::borrow::Cow;

use super::Refusal;
use crate::value::convert::{self, tolong, tostring};
use crate::value::{DateTime, Dynamic, Value};

/// The argument at an index; the null past the end, which is what an optional argument that is left out is.
pub(super) fn argument<'v, 'a>(arguments: &'v [Value<'a>], at: usize) -> &'v Value<'a> {
    arguments.get(at).unwrap_or(&Value::Null)
}

/// Its text; `""` for null.
pub(super) fn text_at<'v>(arguments: &'v [Value<'_>], at: usize) -> Cow<'v, str> {
    convert::text(argument(arguments, at))
}

/// Its text, as long-lived as the value's own text.
pub(super) fn long_text<'a>(value: &Value<'a>) -> Cow<'a, str> {
    match tostring(value) {
        Value::String(text) => text,
        _ => Cow::Borrowed(""),
    }
}

/// A part of a text; borrows if the text does. Both offsets are character boundaries.
pub(super) fn cut<'a>(text: &Cow<'a, str>, from: usize, to: usize) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[from..to]),
        Cow::Owned(text) => Cow::Owned(text[from..to].to_owned()),
    }
}

/// The whole number, if there is one.
pub(super) fn long_at(arguments: &[Value<'_>], at: usize) -> Option<i64> {
    match tolong(argument(arguments, at)) {
        Value::Long(n) => Some(n),
        _ => None,
    }
}

/// The number, if there is one.
pub(super) fn real_at(arguments: &[Value<'_>], at: usize) -> Option<f64> {
    match convert::todouble(argument(arguments, at)) {
        Value::Real(n) => Some(n),
        _ => None,
    }
}

/// The point in time, if there is one.
pub(super) fn time_at(arguments: &[Value<'_>], at: usize) -> Option<DateTime> {
    match argument(arguments, at) {
        Value::DateTime(time) => Some(*time),
        _ => None,
    }
}

/// The elements, if it is an array.
pub(super) fn array_at<'v, 'a>(arguments: &'v [Value<'a>], at: usize) -> Option<&'v [Dynamic<'a>]> {
    match argument(arguments, at) {
        Value::Dynamic(Dynamic::Array(elements)) => Some(elements),
        _ => None,
    }
}

/// The members, if it is a bag.
pub(super) fn bag_at<'v, 'a>(arguments: &'v [Value<'a>], at: usize) -> Option<&'v [(Cow<'a, str>, Dynamic<'a>)]> {
    match argument(arguments, at) {
        Value::Dynamic(Dynamic::Bag(members)) => Some(members),
        _ => None,
    }
}

/// A count as a long.
pub(super) fn count<'a>(n: usize) -> Value<'a> {
    i64::try_from(n).map_or(Value::Null, Value::Long)
}

/// The text of an argument that must be a constant.
pub(super) fn constant_text(constants: &[Option<&Value<'static>>], at: usize, what: &str) -> Result<String, Refusal> {
    match constants.get(at) {
        Some(Some(value)) => Ok(convert::text(value).into_owned()),
        _ => Err(("KS129", format!("{what} must be a constant."))),
    }
}

/// The byte offset of the code point with that number; the end if there are not so many.
pub(super) fn offset(text: &str, number: usize) -> usize {
    // A text has no more code points than bytes, so a large number need not be counted to.
    if number >= text.len() { text.len() } else { text.char_indices().nth(number).map_or(text.len(), |(at, _)| at) }
}
