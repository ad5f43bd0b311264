//! `kqltap explain`: what rules become.

use std::fmt::Write as _;

use super::args::RulesArguments;
use super::libraries::Known;
use super::{OK, USAGE, print, rules};
use crate::compile::bound::{BoundQuery, Leg, Order, RowSource, Step};
use crate::compile::ir::Rest;
use crate::compile::literals::Group;
use crate::compile::{BindOptions, BoundRule};
use crate::matcher::ruleset::required;
use crate::matcher::{GatePlan, Required, Ruleset, TableMatcher};

pub(super) fn explain(arguments: &RulesArguments) -> u8 {
    let known = Known::from_flags(&arguments.libraries).and_then(|known| known.tuned(&arguments.tuning.tuning));
    let Some(known) = known else { return USAGE };
    let Some(bound) =
        rules::bound(&arguments.paths, &known, BindOptions { batch: false, without_files: true, ..known.bind })
    else {
        return USAGE;
    };
    let ruleset = match Ruleset::new(bound.rules, &known.catalog, None) {
        Ok(ruleset) => ruleset,
        Err(error) => {
            say!(Error; "kqltap: {error}");
            return USAGE;
        }
    };
    let mut text: String = bound.disabled.iter().map(|line| format!("{line}\n\n")).collect();
    for rule in &ruleset.rules {
        explain_rule(rule, &mut text);
    }
    explain_gate(&ruleset, &mut text);
    for table in &ruleset.tables {
        explain_table(table, &ruleset, &mut text);
    }
    print(&text);
    OK
}

fn explain_rule(bound: &BoundRule, text: &mut String) {
    let (rule, query) = (&bound.rule, &bound.query);
    let _ = writeln!(text, "rule {} ({}, {})", rule.name, rule.id, rule.severity.name());
    for change in &rule.tuning {
        let _ = writeln!(text, "  tuned    {change}");
    }
    for leg in &query.legs {
        explain_leg(leg, &rule.query, 2, text);
    }
    let columns: Vec<String> = query.columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect();
    let _ = writeln!(text, "  result   {}", columns.join(", "));
    if let Some(order) = order_of(query) {
        let _ = writeln!(text, "  left out in a stream, applied with --batch: {order}");
    }
    text.push('\n');
}

fn explain_leg(leg: &Leg, query: &str, indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    match &leg.source {
        RowSource::Table(table) => {
            let _ = writeln!(text, "{pad}table    {}", table.name);
            let columns: Vec<&str> = leg.cells.iter().filter(|c| c.source.is_some()).map(|c| c.name.as_str()).collect();
            let _ = writeln!(text, "{pad}  reads  {}", columns.join(", "));
        }
        RowSource::Values(rows) => {
            let _ = writeln!(text, "{pad}rows     {} that the query or a watchlist spells out", rows.len());
        }
        RowSource::Elements => {
            let _ = writeln!(text, "{pad}rows     the elements");
        }
        RowSource::Rows(op) => {
            let _ = writeln!(text, "{pad}{:<8} of", op.name);
            op.input.legs.iter().for_each(|leg| explain_leg(leg, query, indent + 4, text));
            if let Some(beside) = op.beside() {
                let _ = writeln!(text, "{pad}  with");
                beside.legs.iter().for_each(|leg| explain_leg(leg, query, indent + 4, text));
            }
        }
    }
    for bound in &leg.lookback {
        let _ = writeln!(text, "{pad}  lookback, taken as true in a stream: {}", snippet(query, bound.span));
    }
    for step in &leg.steps {
        let _ = match step {
            Step::Filter(bound) => writeln!(text, "{pad}  where  {}", snippet(query, bound.span)),
            Step::Expand(expand) => {
                let values: Vec<String> = expand.items.iter().map(|item| snippet(query, item.value.span)).collect();
                writeln!(text, "{pad}  mv-expand {}", values.join(", "))
            }
            Step::Apply { expand, query: inner, .. } => {
                let values: Vec<String> = expand.items.iter().map(|item| snippet(query, item.value.span)).collect();
                let _ = writeln!(text, "{pad}  mv-apply {}", values.join(", "));
                inner.legs.iter().for_each(|leg| explain_leg(leg, query, indent + 6, text));
                Ok(())
            }
            Step::Parse { subject, .. } => writeln!(text, "{pad}  parse  {}", snippet(query, subject.span)),
            Step::Assign(..) => Ok(()),
        };
    }
}

fn explain_gate(ruleset: &Ruleset, text: &mut String) {
    match &ruleset.gate {
        GatePlan::On(gate) => {
            let _ = writeln!(text, "gate: only lines with one of these are decoded, letter case aside");
            for literal in gate.literals() {
                let _ = writeln!(text, "    {literal}");
            }
        }
        GatePlan::Off(why) => {
            let _ = writeln!(text, "gate: none, every line is decoded: {why}");
        }
    }
    text.push('\n');
}

fn explain_table(table: &TableMatcher, ruleset: &Ruleset, text: &mut String) {
    let program = &table.program;
    let _ = writeln!(text, "table {}: {} detections", program.table.name, program.detections.len());
    let columns: Vec<&str> = program.columns.iter().map(|c| c.name.as_str()).collect();
    let _ = writeln!(text, "  decodes  {}", columns.join(", "));
    for (at, subject) in program.subjects.iter().enumerate() {
        let _ = writeln!(text, "  automaton of {}, {} patterns", program.subject_name(at), subject.patterns.len());
        for pattern in &subject.patterns {
            let _ = writeln!(text, "    {pattern}");
        }
    }
    let _ = writeln!(text, "  program");
    let _ = write!(text, "{program}");
    for detection in &program.detections {
        let filter: Vec<String> = detection.filter.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "  detection {:?}", ruleset.rules[detection.rule].rule.name);
        let _ = writeln!(text, "    needs  {}", needs(&required(program, &detection.filter, false)));
        let _ = writeln!(text, "    if all of {}", filter.join(", "));
        match &detection.rest {
            Rest::Row(output) => {
                let output: Vec<String> = output.iter().map(ToString::to_string).collect();
                let _ = writeln!(text, "    row ({})", output.join(", "));
            }
            Rest::Collect { .. } => {
                let _ = writeln!(text, "    then the record is kept until the input ends");
            }
            Rest::Query(query) => {
                let _ = writeln!(text, "    then the query is run over the record, {} columns", query.columns.len());
            }
        }
    }
    text.push('\n');
}

/// What a detection asks of a line, and what that costs.
fn needs(required: &Required) -> String {
    match required {
        Required::Filter(group) if group.is_empty() => "a line that cannot be: it never matches".to_owned(),
        Required::Filter(group) => texts(group),
        Required::Table(group) => {
            format!("{} (its filter names none, so every line of its table is decoded)", texts(group))
        }
        Required::Nothing => "nothing (so every line is decoded)".to_owned(),
    }
}

fn texts(group: &Group) -> String {
    group.iter().map(|literal| literal.text.as_str()).collect::<Vec<_>>().join(", ")
}

fn order_of(query: &BoundQuery) -> Option<String> {
    let parts: Vec<String> = query
        .order
        .iter()
        .map(|order| match order {
            Order::Sort(keys) => format!("sort by {} keys", keys.len()),
            Order::Take(n) => format!("take {n}"),
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The query's own words, on one line.
fn snippet(query: &str, span: crate::diagnostic::Span) -> String {
    let words = query.get(span.start..span.end).unwrap_or_default();
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(160) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
