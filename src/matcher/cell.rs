//! A member of a record becomes a value of its column's type.
//!
//! Senders are loose: a level is `4` or `"4"`, a dynamic is JSON or JSON in a string. What can be read as the column's type
//! is; what cannot is the type's missing value, and is counted.

use crate::record::Cell;
use crate::schema::ScalarType;
use crate::value::dynamic::MAX_DEPTH;
use crate::value::{Dynamic, Value, convert, json};

/// A record's member does not fit its column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column} is {expected}, and the record has {found}; it is read as missing")]
pub struct Mistyped {
    /// The column.
    pub column: String,
    /// Its type.
    pub expected: ScalarType,
    /// The start of what the record has instead.
    pub found: String,
}

/// What a column is worth where the record has nothing: `""` for a string, null for the rest.
pub fn missing<'v>(ty: ScalarType) -> Value<'v> {
    match ty {
        ScalarType::String => Value::string(""),
        _ => Value::Null,
    }
}

/// The value of a cell, or `None` if it cannot be read as a `ty`.
pub fn typed<'v>(cell: Cell<'v>, ty: ScalarType) -> Option<Value<'v>> {
    match (ty, cell) {
        (_, Cell::Missing | Cell::Null) => Some(missing(ty)),
        (ScalarType::String, Cell::String { .. }) => cell.as_string().map(Value::String),
        (ScalarType::String, Cell::Number(text) | Cell::Composite(text)) => Some(Value::string(text)),
        (ScalarType::String, Cell::Bool(b)) => Some(Value::string(if b { "true" } else { "false" })),
        (ScalarType::Dynamic, _) => Some(Value::dynamic(dynamic(cell))),
        (_, Cell::Composite(_)) => None,
        (_, Cell::Bool(b)) => known(convert::to_type(&Value::Bool(b), ty).into_owned()),
        (ScalarType::DateTime | ScalarType::Guid, Cell::Number(_)) => None,
        (_, Cell::Number(text)) => known(convert::to_type(&number(text), ty).into_owned()),
        (_, Cell::String { .. }) => {
            let text = cell.as_string()?;
            if text.is_empty() {
                return Some(Value::Null);
            }
            known(convert::to_type(&Value::String(text), ty).into_owned())
        }
    }
}

/// The first bytes of a cell, for a message.
pub fn excerpt(cell: Cell<'_>) -> String {
    let text = match cell {
        Cell::Missing => "nothing".to_owned(),
        Cell::Null => "null".to_owned(),
        Cell::Bool(b) => b.to_string(),
        Cell::Number(text) | Cell::Composite(text) => text.to_owned(),
        Cell::String { raw, .. } => format!("\"{raw}\""),
    };
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn known(value: Value<'_>) -> Option<Value<'_>> {
    (!value.is_null()).then_some(value)
}

fn number<'v>(text: &'v str) -> Value<'v> {
    match text.parse::<i64>() {
        Ok(n) => Value::Long(n),
        Err(_) => text.parse::<f64>().map_or(Value::Null, Value::Real),
    }
}

/// JSON, or JSON in a string, decoded once; a string that is no JSON stays the string.
fn dynamic<'v>(cell: Cell<'v>) -> Dynamic<'v> {
    match cell {
        Cell::Missing | Cell::Null => Dynamic::Null,
        Cell::Bool(b) => Dynamic::Bool(b),
        Cell::Number(text) => match number(text) {
            Value::Long(n) => Dynamic::Long(n),
            Value::Real(n) => Dynamic::Real(n),
            _ => Dynamic::Null,
        },
        // The scanner has validated it to this depth.
        Cell::Composite(text) => json::parse(text, usize::MAX).unwrap_or(Dynamic::Null),
        Cell::String { .. } => {
            let Some(text) = cell.as_string() else {
                return Dynamic::Null;
            };
            let is_json = text.trim_ascii_start().starts_with(['{', '[']);
            let parsed = if is_json {
                match &text {
                    std::borrow::Cow::Borrowed(text) => json::parse(text, MAX_DEPTH).ok(),
                    std::borrow::Cow::Owned(text) => json::parse(text, MAX_DEPTH).ok().map(Dynamic::into_owned),
                }
            } else {
                None
            };
            parsed.unwrap_or(Dynamic::String(text))
        }
    }
}
