//! A member of a record becomes a value of its column's type.
//!
//! Senders are loose: a level is `4` or `"4"`, a dynamic is JSON or JSON in a string. What can be read as the column's type
//! is; what cannot is the type's missing value, and is counted.

use crate::record::Cell;
use crate::schema::ScalarType;
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

/// The value of a cell, or `None` if it cannot be read as a `ty`. `max_depth` is how deep a dynamic may be: the record's own
/// limit, which also holds for JSON in one of its strings.
pub fn typed<'v>(cell: Cell<'v>, ty: ScalarType, max_depth: usize) -> Option<Value<'v>> {
    match (ty, cell) {
        (_, Cell::Missing | Cell::Null) => Some(Value::missing(ty)),
        (ScalarType::String, Cell::String { .. }) => cell.as_string().map(Value::String),
        (ScalarType::String, Cell::Number(text) | Cell::Composite(text)) => Some(Value::string(text)),
        (ScalarType::String, Cell::Bool(b)) => Some(Value::string(if b { "true" } else { "false" })),
        (ScalarType::Dynamic, _) => Some(Value::dynamic(dynamic(cell, max_depth))),
        (_, Cell::Composite(_)) => None,
        (_, Cell::Bool(b)) => known(convert::to_type(&Value::Bool(b), ty).into_owned()),
        (ScalarType::DateTime | ScalarType::Guid, Cell::Number(_)) => None,
        // Kusto's toint() of a long wraps; a number that its column cannot hold is not that other number.
        (ScalarType::Int, Cell::Number(text)) => match number(text) {
            Value::Long(n) => i32::try_from(n).ok().map(Value::Int),
            value => known(convert::to_type(&value, ty).into_owned()),
        },
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
    let (shown, more) = text.char_indices().nth(40).map_or((&*text, ""), |(at, _)| (&text[..at], "…"));
    // A sender's row may hold the text as it is, and messages are lines.
    let plain: String = shown.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    format!("{plain}{more}")
}

fn known(value: Value<'_>) -> Option<Value<'_>> {
    (!value.is_null()).then_some(value)
}

fn number(text: &str) -> Value<'static> {
    match json::number(text) {
        Dynamic::Long(n) => Value::Long(n),
        Dynamic::Real(n) => Value::Real(n),
        _ => Value::Null,
    }
}

/// JSON, or JSON in a string, decoded once; a string that is no JSON, or JSON too deep, stays the string.
fn dynamic<'v>(cell: Cell<'v>, max_depth: usize) -> Dynamic<'v> {
    match cell {
        Cell::Missing | Cell::Null => Dynamic::Null,
        Cell::Bool(b) => Dynamic::Bool(b),
        Cell::Number(text) => json::number(text),
        Cell::Composite(text) => json::parse(text, max_depth).unwrap_or(Dynamic::Null),
        Cell::String { .. } => {
            let text = cell.as_string().unwrap_or_default();
            let is_json = text.trim_ascii_start().starts_with(['{', '[']);
            let parsed = is_json.then(|| json::parse_cow(&text, max_depth).ok()).flatten();
            parsed.unwrap_or(Dynamic::String(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_limit_for_json_and_for_json_in_a_string() {
        let text = format!("{}{}", "[".repeat(300), "]".repeat(300));
        let string = Cell::String { raw: &text, escaped: false };
        for cell in [Cell::Composite(&text), string] {
            let read = typed(cell, ScalarType::Dynamic, 300);
            assert!(matches!(read, Some(Value::Dynamic(Dynamic::Array(_)))), "{cell:?}");
        }
        assert_eq!(typed(string, ScalarType::Dynamic, 299), Some(Value::Dynamic(Dynamic::String((&*text).into()))));
    }
}
