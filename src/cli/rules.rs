//! Rules from paths, bound, and what is to be said of them.

use std::io::IsTerminal as _;
use std::path::Path;

use super::libraries::Known;
use crate::compile::{BindOptions, Binding, BoundRule, Said, Tuned, bind_tuned, nameless};
use crate::diagnostic::{Severity, line_column, render};
use crate::log::{self, Format};
use crate::parallel;
use crate::rule::{self, Rule, RuleError};
use crate::value::DateTime;

/// The rules of a path, or the pack that comes with kqltap.
pub(super) fn load(path: &str) -> Result<Vec<Rule>, RuleError> {
    match path {
        "builtin" => rule::builtin(),
        path => rule::load(Path::new(path)),
    }
}

/// Rules that are ready to run.
pub(super) struct Bound {
    pub(super) rules: Vec<BoundRule>,
    /// Rules that an overlay turns off: a line each.
    pub(super) disabled: Vec<String>,
}

/// Loads and binds the rules of every path, as overlays want them. What is wrong is printed; `None` if a rule has errors.
pub(super) fn bound(paths: &[String], known: &Known, options: BindOptions) -> Option<Bound> {
    let mut bound = Bound { rules: Vec::new(), disabled: Vec::new() };
    let (mut failed, mut names) = (false, Vec::new());
    let now = known.bind.now.unwrap_or_else(DateTime::now);
    let Known { catalog, libraries, limits, .. } = known;
    let with = Binding { catalog, libraries, limits, options, now };
    for path in paths {
        let rules = match load(path) {
            Ok(rules) => rules,
            Err(error) => {
                say!(Error; "kqltap: {error}");
                failed = true;
                continue;
            }
        };
        let first = names.len();
        names.extend(rules.iter().map(|rule| (rule.id.clone(), rule.name.clone())));
        let tuned = parallel::map(rules, parallel::MANY_RULES, |rule| bind_tuned(rule, &known.tuning, &with));
        for ((tuned, said), (_, name)) in tuned.into_iter().zip(&names[first..]) {
            show(&said);
            match tuned {
                Tuned::Bound(rule) => bound.rules.push(*rule),
                Tuned::Disabled(why) => bound.disabled.push(format!("rule {name} is disabled ({why})")),
                Tuned::Refused => failed = true,
            }
        }
    }
    let nameless = nameless(&known.tuning, &names);
    show(&nameless);
    if failed || !nameless.is_empty() {
        return None;
    }
    if let Some((id, one, other)) = same_id(&bound.rules) {
        say!(
            Error;
            "kqltap: two rules have the id {id}: '{one}' and '{other}'; their alerts could not be told apart, so give one another id, or load it once"
        );
        return None;
    }
    if bound.rules.is_empty() {
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

/// Says what is to be said, with its places in files, on standard error: drawn, or each an object.
pub(super) fn show(said: &[Said]) {
    if log::format() == Format::Json {
        said.iter().for_each(say_one);
    } else if !said.is_empty() {
        say!("{}", draw(said, std::io::stderr().is_terminal()).trim_end());
    }
}

fn say_one(Said { origin, diagnostic }: &Said) {
    let (line, column) = line_column(&origin.source, diagnostic.span.start);
    let (rule, code, words) = (&origin.path, diagnostic.code, &diagnostic.message);
    match diagnostic.severity {
        Severity::Warning => say!(Warn, rule = rule, line = line, column = column, code = code; "{words}"),
        Severity::Error => say!(Error, rule = rule, line = line, column = column, code = code; "{words}"),
    }
}

/// The same, as text.
pub(super) fn draw(said: &[Said], color: bool) -> String {
    said.iter()
        .map(|Said { origin, diagnostic }| {
            render(&origin.path, &origin.source, std::slice::from_ref(diagnostic), color)
        })
        .collect()
}
