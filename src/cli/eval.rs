//! `kqltap eval`: what a scalar expression is worth.

use std::io::BufRead as _;

use serde_json::{Value as Json, json};

use super::args::EvalArguments;
use super::{FAILED, OK, USAGE, print};
use crate::compile::bind_scalar;
use crate::compile::plain;
use crate::diagnostic::Diagnostic;
use crate::kql::{Limits, parse_expression};
use crate::schema::Catalog;
use crate::value::functions::Context;
use crate::value::{DateTime, Value, convert};

pub(super) fn eval(arguments: &EvalArguments) -> u8 {
    let now = match &arguments.now {
        None => DateTime::now(),
        Some(text) => match DateTime::parse(text) {
            Some(now) => now,
            None => {
                say!("kqltap: --now {text}: not a time such as 2026-11-24T12:00:00Z");
                return USAGE;
            }
        },
    };
    let (catalog, context) = (Catalog::builtin(), Context { now });
    if let Some(expression) = &arguments.expression {
        let answer = evaluate(expression, &catalog, &context);
        print(&format!("{}\n", to_json(&answer)));
        return if answer.is_ok() { OK } else { USAGE };
    }
    for line in std::io::stdin().lock().lines() {
        match line {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) => print(&format!("{}\n", to_json(&evaluate(&line, &catalog, &context)))),
            Err(error) => {
                say!("kqltap: cannot read standard input: {error}");
                return FAILED;
            }
        }
    }
    OK
}

fn evaluate(expression: &str, catalog: &Catalog, context: &Context) -> Result<Value<'static>, String> {
    let (parsed, diagnostics) = parse_expression(expression, &Limits::default());
    if let Some(error) = first_error(&diagnostics) {
        return Err(error);
    }
    let parsed = parsed.ok_or("KS006: an expression is missing")?;
    let (bound, diagnostics) = bind_scalar(&parsed, catalog);
    match first_error(&diagnostics) {
        Some(error) => Err(error),
        None => Ok(plain::evaluate(&bound, &[], context).into_owned()),
    }
}

fn first_error(diagnostics: &[Diagnostic]) -> Option<String> {
    diagnostics.iter().find(|d| d.is_error()).map(ToString::to_string)
}

fn to_json(answer: &Result<Value<'static>, String>) -> Json {
    match answer {
        Ok(value) => json!({"value": value_json(value)}),
        Err(error) => json!({"error": error}),
    }
}

/// As the query service's JSON has it: a datetime without trailing zeros, a real that JSON lacks as text.
fn value_json(value: &Value<'_>) -> Json {
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
        Value::String(_) | Value::Real(_) | Value::TimeSpan(_) | Value::Guid(_) => json!(convert::text(value)),
    }
}
