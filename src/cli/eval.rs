//! `kqltap eval`: what a scalar expression, or with `--query` a whole query, is worth.

use std::io::{BufRead as _, Read as _};

use serde_json::{Value as Json, json};

use super::args::EvalArguments;
use super::libraries::Known;
use super::{FAILED, OK, USAGE, json, print};
use crate::compile::{BindOptions, bind_query_with, bind_scalar_with, plain};
use crate::diagnostic::Diagnostic;
use crate::kql::{parse, parse_expression};
use crate::rows::{self, NoTables, RowsLimits};
use crate::value::DateTime;
use crate::value::functions::Context;

/// What evaluates one text after the other.
struct Evaluator {
    known: Known,
    context: Context,
    query: bool,
}

pub(super) fn eval(arguments: &EvalArguments) -> u8 {
    let given = match &arguments.now {
        None => None,
        Some(text) => match DateTime::parse(text) {
            Some(now) => Some(now),
            None => {
                say!(Error; "kqltap: --now {text}: not a time such as 2026-11-24T12:00:00Z");
                return USAGE;
            }
        },
    };
    let Some(mut known) = Known::from_flags(&arguments.libraries) else { return USAGE };
    let now = given.or(known.bind.now).unwrap_or_else(DateTime::now);
    known.bind.now = Some(now);
    let evaluator = Evaluator { known, context: Context { now }, query: arguments.query };
    if let Some(text) = &arguments.expression {
        return evaluator.one(text);
    }
    if arguments.query && !arguments.jsonl {
        // A query has many lines, so all of the input is one.
        let mut text = String::new();
        return match std::io::stdin().lock().read_to_string(&mut text) {
            Ok(_) => evaluator.one(&text),
            Err(error) => unreadable(&error),
        };
    }
    for line in std::io::stdin().lock().lines() {
        let line = match line {
            Ok(line) if line.trim().is_empty() => continue,
            Ok(line) => line,
            Err(error) => return unreadable(&error),
        };
        let text = match arguments.jsonl {
            false => Ok(line),
            true => {
                serde_json::from_str::<String>(&line).map_err(|error| format!("the line is no JSON string: {error}"))
            }
        };
        print(&format!("{}\n", answer(text.and_then(|text| evaluator.evaluate(&text)))));
    }
    OK
}

fn unreadable(error: &std::io::Error) -> u8 {
    say!(Error; "kqltap: cannot read standard input: {error}");
    FAILED
}

fn answer(result: Result<Json, String>) -> Json {
    result.unwrap_or_else(|error| json!({ "error": error }))
}

impl Evaluator {
    fn one(&self, text: &str) -> u8 {
        let result = self.evaluate(text);
        let status = if result.is_ok() { OK } else { USAGE };
        print(&format!("{}\n", answer(result)));
        status
    }

    fn evaluate(&self, text: &str) -> Result<Json, String> {
        if self.query { self.table(text) } else { self.scalar(text) }
    }

    fn scalar(&self, text: &str) -> Result<Json, String> {
        let (parsed, diagnostics) = parse_expression(text, &self.known.limits);
        refuse(&diagnostics)?;
        let parsed = parsed.ok_or("KS006: an expression is missing")?;
        let (bound, diagnostics) =
            bind_scalar_with(&parsed, &self.known.catalog, &self.known.libraries, self.known.bind);
        refuse(&diagnostics)?;
        Ok(json!({"value": json::value(&plain::evaluate(&bound, &[], &self.context))}))
    }

    fn table(&self, text: &str) -> Result<Json, String> {
        let parsed = parse(text, &self.known.limits);
        refuse(&parsed.diagnostics)?;
        let options = BindOptions { batch: true, apply_lookback: true, ..self.known.bind };
        let (bound, diagnostics) = bind_query_with(&parsed.query, &self.known.catalog, &self.known.libraries, options);
        refuse(&diagnostics)?;
        let bound = bound.ok_or("KS006: a query is missing")?;
        let rows =
            rows::run(&bound, &mut NoTables, &self.context, &RowsLimits::default()).map_err(|e| e.to_string())?;
        Ok(json::table(&bound.columns, &rows))
    }
}

/// The first error as a sentence.
fn refuse(diagnostics: &[Diagnostic]) -> Result<(), String> {
    diagnostics.iter().find(|d| d.is_error()).map_or(Ok(()), |error| Err(error.to_string()))
}
