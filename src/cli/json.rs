//! Values as JSON, as `eval` prints them.

use serde_json::{Value as Json, json};

use crate::compile::bound::OutputColumn;
use crate::rows::Row;
use crate::value::{Value, convert};

/// As the query service's JSON has it: a datetime without trailing zeros, a real that JSON lacks as text.
pub(super) fn value(value: &Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => json!(b),
        Value::Int(n) => json!(n),
        Value::Long(n) => json!(n),
        Value::Real(n) if n.is_finite() => json!(n),
        Value::DateTime(time) => json!(time.to_text_short()),
        Value::Dynamic(dynamic) => {
            let mut text = String::new();
            dynamic.to_json(&mut text);
            serde_json::from_str(&text).unwrap_or(Json::String(text))
        }
        Value::String(_) | Value::Real(_) | Value::Decimal(_) | Value::TimeSpan(_) | Value::Guid(_) => {
            json!(convert::text(value))
        }
    }
}

/// A whole result: `{"columns":[[name,type],…],"rows":[[…],…]}`.
pub(super) fn table(columns: &[OutputColumn], rows: &[Row]) -> Json {
    let columns: Vec<Json> = columns.iter().map(|c| json!([c.name, c.ty.name()])).collect();
    let rows: Vec<Json> = rows.iter().map(|row| Json::Array(row.iter().map(value).collect())).collect();
    json!({"columns": columns, "rows": rows})
}
