//! `kqltap check`: what is wrong with rules.

use std::io::IsTerminal as _;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::args::CheckArguments;
use super::{OK, USAGE, print, rules};
use crate::compile::{BindOptions, BoundRule, bind_rule};
use crate::diagnostic::Diagnostic;
use crate::kql::Limits;
use crate::rule::{self, Rule, RuleError};
use crate::schema::Catalog;

#[derive(Default)]
struct Totals {
    files: usize,
    skipped: usize,
    rules: usize,
    failed: usize,
    warnings: usize,
}

pub(super) fn check(arguments: &CheckArguments) -> u8 {
    let catalog = Catalog::builtin();
    let options = BindOptions { strict: arguments.strict, ..BindOptions::default() };
    let mut totals = Totals::default();
    let mut failed = false;
    for path in &arguments.paths {
        if path == "builtin" {
            failed |= !file("builtin", rule::builtin(), true, &catalog, options, arguments.json, &mut totals);
            continue;
        }
        let files = match rule::files(Path::new(path)) {
            Ok(files) => files,
            Err(error) => {
                eprintln!("kqltap: {error}");
                failed = true;
                continue;
            }
        };
        let named = !Path::new(path).is_dir();
        for name in files {
            let loaded = rule::load_file(&name);
            failed |= !file(&name.display().to_string(), loaded, named, &catalog, options, arguments.json, &mut totals);
        }
    }
    eprintln!(
        "kqltap: {} files, {} rules: {} ok, {} refused; {} warnings; {} files without a query",
        totals.files,
        totals.rules,
        totals.rules - totals.failed,
        totals.failed,
        totals.warnings,
        totals.skipped,
    );
    if failed { USAGE } else { OK }
}

/// Checks one file and reports on it; whether it is good. A file that is no rule is passed over unless it was named.
fn file(
    path: &str,
    loaded: Result<Vec<Rule>, RuleError>,
    named: bool,
    catalog: &Catalog,
    options: BindOptions,
    as_json: bool,
    totals: &mut Totals,
) -> bool {
    totals.files += 1;
    let rules = match loaded {
        Ok(rules) => rules,
        Err(RuleError::NotARule { .. }) if !named => {
            totals.skipped += 1;
            return true;
        }
        Err(error) => {
            match as_json {
                true => {
                    print(&format!("{}\n", json!({"path": path, "ok": false, "error": error.to_string(), "rules": []})))
                }
                false => eprintln!("kqltap: {error}"),
            }
            return false;
        }
    };
    let mut good = true;
    let mut reports = Vec::new();
    for rule in rules {
        let (name, origin) = (rule.name.clone(), rule.origin.clone());
        let (bound, diagnostics) = bind_rule(rule, catalog, &Limits::default(), options);
        totals.rules += 1;
        totals.warnings += diagnostics.iter().filter(|d| !d.is_error()).count();
        if bound.is_none() {
            totals.failed += 1;
            good = false;
        }
        match as_json {
            true => reports.push(report(&name, bound.as_ref(), &origin, &diagnostics)),
            false => print(&rules::draw(&origin, &diagnostics, std::io::stdout().is_terminal())),
        }
    }
    if as_json {
        print(&format!("{}\n", json!({"path": path, "ok": good, "rules": reports})));
    }
    good
}

fn report(name: &str, bound: Option<&BoundRule>, origin: &rule::Origin, diagnostics: &[Diagnostic]) -> Json {
    let mut tables: Vec<&str> = Vec::new();
    for leg in bound.iter().flat_map(|b| &b.query.legs) {
        let Some(table) = leg.table() else { continue };
        if !tables.contains(&table.name.as_str()) {
            tables.push(&table.name);
        }
    }
    let diagnostics: Vec<Json> = diagnostics
        .iter()
        .map(|d| {
            let (line, column) = origin.line_and_column(d.span);
            let placed = origin.map(d.span);
            let length =
                origin.source.get(placed.start..placed.end).map_or(placed.end - placed.start, |s| s.chars().count());
            json!({
                "severity": d.severity.name(), "code": d.code, "message": d.message, "help": d.help,
                "line": line, "column": column, "length": length,
            })
        })
        .collect();
    json!({"name": name, "ok": bound.is_some(), "tables": tables, "diagnostics": diagnostics})
}
