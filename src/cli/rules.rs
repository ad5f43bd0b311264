//! Rules from paths, bound, and what is to be said of them.

use std::io::IsTerminal as _;
use std::path::Path;

use super::libraries::Known;
use crate::compile::{BindOptions, BoundRule, bind_rule_with};
use crate::diagnostic::{Diagnostic, Severity, line_column, render};
use crate::log::{self, Format};
use crate::rule::{self, Rule, RuleError};

/// The rules of a path, or the pack that comes with kqltap.
pub(super) fn load(path: &str) -> Result<Vec<Rule>, RuleError> {
    match path {
        "builtin" => rule::builtin(),
        path => rule::load(Path::new(path)),
    }
}

/// Loads and binds the rules of every path. What is wrong is printed; `None` if a rule has errors.
pub(super) fn bound(paths: &[String], known: &Known, options: BindOptions) -> Option<Vec<BoundRule>> {
    let mut bound = Vec::new();
    let mut failed = false;
    for path in paths {
        let rules = match load(path) {
            Ok(rules) => rules,
            Err(error) => {
                say!(Error; "kqltap: {error}");
                failed = true;
                continue;
            }
        };
        for rule in rules {
            let origin = rule.origin.clone();
            let (rule, diagnostics) = bind_rule_with(rule, &known.catalog, &known.libraries, &known.limits, options);
            show(&origin, &diagnostics);
            match rule {
                Some(rule) => bound.push(rule),
                None => failed = true,
            }
        }
    }
    if failed {
        return None;
    }
    if let Some((id, one, other)) = same_id(&bound) {
        say!(
            Error;
            "kqltap: two rules have the id {id}: '{one}' and '{other}'; their alerts could not be told apart, so give one another id, or load it once"
        );
        return None;
    }
    if bound.is_empty() {
        say!(Error; "kqltap: there are no rules to run; name some with --rules");
        return None;
    }
    Some(bound)
}

/// An id that two rules share, and their names.
fn same_id(rules: &[BoundRule]) -> Option<(&str, &str, &str)> {
    let mut known = std::collections::HashMap::new();
    rules.iter().find_map(|rule| {
        let before = known.insert(rule.rule.id.as_str(), rule.rule.name.as_str())?;
        Some((rule.rule.id.as_str(), before, rule.rule.name.as_str()))
    })
}

/// Says diagnostics on standard error, with their places in the rule's file: drawn, or each an object.
pub(super) fn show(origin: &rule::Origin, diagnostics: &[Diagnostic]) {
    if log::format() == Format::Json {
        diagnostics.iter().for_each(|diagnostic| say_one(origin, diagnostic));
    } else if !diagnostics.is_empty() {
        say!("{}", draw(origin, diagnostics, std::io::stderr().is_terminal()).trim_end());
    }
}

fn say_one(origin: &rule::Origin, diagnostic: &Diagnostic) {
    let (line, column) = line_column(&origin.source, origin.map(diagnostic.span).start);
    let (rule, code, words) = (&origin.path, diagnostic.code, &diagnostic.message);
    match diagnostic.severity {
        Severity::Warning => say!(Warn, rule = rule, line = line, column = column, code = code; "{words}"),
        Severity::Error => say!(Error, rule = rule, line = line, column = column, code = code; "{words}"),
    }
}

/// The same, as text.
pub(super) fn draw(origin: &rule::Origin, diagnostics: &[Diagnostic], color: bool) -> String {
    let placed: Vec<Diagnostic> =
        diagnostics.iter().map(|d| Diagnostic { span: origin.map(d.span), ..d.clone() }).collect();
    render(&origin.path, &origin.source, &placed, color)
}
