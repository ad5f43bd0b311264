//! kqltap's own alert: one line of JSON, the shape that README.md shows.

use super::{Alert, Numbered};
use crate::value::Value;
use crate::value::dynamic::append_json_string;

pub(super) fn write(alert: &Alert<'_>, out: &mut Numbered) {
    let rule = &alert.found.rule.rule;
    let mut line = String::with_capacity(1024);
    line.push_str("{\"id\":\"");
    line.push_str(&alert.id);
    line.push_str("\",\"time\":");
    write_value(&alert.time, &mut line);
    line.push_str(",\"rule\":{");
    member(&mut line, "id", &rule.id);
    line.push(',');
    member(&mut line, "name", &rule.name);
    line.push(',');
    member(&mut line, "version", &rule.version);
    line.push(',');
    member(&mut line, "severity", rule.severity.name());
    if let Some(confidence) = rule.confidence {
        line.push(',');
        member(&mut line, "confidence", confidence.name());
    }
    line.push_str(",\"tactics\":");
    strings(&mut line, &rule.tactics);
    line.push_str(",\"techniques\":");
    strings(&mut line, &rule.techniques);
    line.push_str("},");
    member(&mut line, "table", &alert.found.program.table.name);
    line.push_str(",\"columns\":{");
    for (i, (column, value)) in alert.found.rule.query.columns.iter().zip(&alert.found.row).enumerate() {
        if i > 0 {
            line.push(',');
        }
        append_json_string(&column.name, &mut line);
        line.push(':');
        write_value(value, &mut line);
    }
    line.push_str("},\"evidence\":[");
    for (i, evidence) in alert.evidence.iter().enumerate() {
        line.push_str(if i > 0 { ",{" } else { "{" });
        member(&mut line, "column", &evidence.column);
        line.push(',');
        member(&mut line, "operator", evidence.operator);
        line.push(',');
        member(&mut line, "value", &evidence.value);
        line.push_str(&format!(",\"offset\":{}}}", evidence.offset));
    }
    line.push_str("],\"source\":{");
    member(&mut line, "input", alert.source.input);
    line.push_str(",\"line\":");
    out.push(line.as_bytes());
    out.place(alert.source.line);
    out.push(format!(",\"record\":{}}}}}\n", alert.found.record.index).as_bytes());
}

/// A value as a result column shows it: datetimes with 7 digits, nulls as null, a real that JSON lacks as text.
fn write_value(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(n) => out.push_str(&n.to_string()),
        Value::Long(n) => out.push_str(&n.to_string()),
        Value::Real(n) if n.is_finite() => out.push_str(&format!("{n:?}")),
        Value::Real(_) | Value::Guid(_) | Value::TimeSpan(_) => {
            append_json_string(&crate::value::convert::text(value), out);
        }
        Value::DateTime(time) => append_json_string(&time.to_text7(), out),
        Value::String(text) => append_json_string(text, out),
        Value::Dynamic(value) => value.to_json(out),
    }
}

fn member(out: &mut String, name: &str, value: &str) {
    append_json_string(name, out);
    out.push(':');
    append_json_string(value, out);
}

fn strings(out: &mut String, list: &[String]) {
    out.push('[');
    for (i, text) in list.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        append_json_string(text, out);
    }
    out.push(']');
}
