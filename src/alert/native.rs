//! kqltap's own alert: one line of JSON, the shape that README.md shows.

use super::{Alert, Numbered};
use crate::compile::BoundRule;
use crate::compile::bound::OutputColumn;
use crate::value::Value;
use crate::value::dynamic::append_json_string;

pub(super) fn write(alert: &Alert<'_>, out: &mut Numbered) {
    let found = alert.found;
    let mut line = String::with_capacity(1024);
    begin(found.rule, &alert.id, &alert.time, &mut line);
    member(&mut line, "table", &found.program.table.name);
    line.push_str(",\"columns\":");
    write_columns(&found.rule.query.columns, &found.row, &mut line);
    line.push_str(",\"evidence\":[");
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
    let mut end = format!(",\"record\":{}", alert.found.record.index);
    if let Some(event) = alert.event {
        end.push(',');
        member(&mut end, "decoder", event.decoder);
        if !event.id.is_empty() {
            end.push(',');
            member(&mut end, "event", &event.id);
        }
    }
    end.push_str(&format!("}},\"generation\":{}}}\n", alert.generation));
    out.push(end.as_bytes());
}

/// The alert of a row that many records made: it names the tables that the query reads, and no place in the input.
pub(super) fn write_result(
    rule: &BoundRule,
    id: &str,
    time: &Value<'_>,
    (tables, columns): (&str, &str),
    out: &mut Numbered,
) {
    let mut line = String::with_capacity(1024);
    begin(rule, id, time, &mut line);
    member(&mut line, "table", tables);
    line.push_str(",\"columns\":");
    line.push_str(columns);
    // A batch begins and ends with the same rules.
    line.push_str(",\"evidence\":[],\"source\":null,\"generation\":1}\n");
    out.push(line.as_bytes());
}

fn begin(bound: &BoundRule, id: &str, time: &Value<'_>, line: &mut String) {
    let rule = &bound.rule;
    line.push_str("{\"id\":\"");
    line.push_str(id);
    line.push_str("\",\"time\":");
    write_value(time, line);
    line.push_str(",\"rule\":{");
    member(line, "id", &rule.id);
    line.push(',');
    member(line, "name", &rule.name);
    line.push(',');
    member(line, "version", &rule.version);
    line.push(',');
    member(line, "severity", rule.severity.name());
    if let Some(confidence) = rule.confidence {
        line.push(',');
        member(line, "confidence", confidence.name());
    }
    line.push_str(",\"tactics\":");
    strings(line, &rule.tactics);
    line.push_str(",\"techniques\":");
    strings(line, &rule.techniques);
    line.push_str("},");
}

/// The result row as an object.
pub(super) fn write_columns(columns: &[OutputColumn], row: &[Value<'_>], line: &mut String) {
    line.push('{');
    for (i, (column, value)) in columns.iter().zip(row).enumerate() {
        if i > 0 {
            line.push(',');
        }
        append_json_string(&column.name, line);
        line.push(':');
        write_value(value, line);
    }
    line.push('}');
}

/// A value as a result column shows it: datetimes with 7 digits, nulls as null, a real that JSON lacks as text, and so a decimal of
/// more digits than a double has.
fn write_value(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(n) => out.push_str(&n.to_string()),
        Value::Long(n) => out.push_str(&n.to_string()),
        Value::Real(n) if n.is_finite() => out.push_str(&format!("{n:?}")),
        Value::Real(_) | Value::Decimal(_) | Value::Guid(_) | Value::TimeSpan(_) => {
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
