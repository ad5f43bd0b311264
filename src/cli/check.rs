//! `kqltap check`: what is wrong with rules.
//!
//! Files are checked side by side, and reported in their order. A folder may hold thousands.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::args::CheckArguments;
use super::libraries::Known;
use super::{OK, USAGE, print, rules};
use crate::compile::{BindOptions, Binding, Said, Tuned, bind_tuned, nameless};
use crate::diagnostic::{Diagnostic, Span, line_column};
use crate::parallel;
use crate::rule::{self, Attack, Rule, RuleError};
use crate::value::DateTime;

/// How many reasons the last line names.
const REASONS: usize = 12;

/// One file to be checked.
struct Job {
    /// `None` for the pack that comes with kqltap.
    path: Option<PathBuf>,
    /// Whether the file itself was named: in a folder what is no rule is passed over.
    named: bool,
}

/// What checking a file gave: what to print of it, and what to count.
#[derive(Default)]
struct Outcome {
    out: String,
    err: String,
    skipped: usize,
    rules: usize,
    warnings: usize,
    /// For each rule that is refused the code and the feature of its first error.
    refused: Vec<String>,
    /// The file, for people.
    path: String,
    /// Ids and names of the rules.
    names: Vec<(String, String)>,
    failed: bool,
}

struct Checker<'a> {
    known: &'a Known,
    attack: Attack,
    /// When tuning's exceptions are looked at.
    now: DateTime,
    options: BindOptions,
    json: bool,
    color: bool,
}

pub(super) fn check(arguments: &CheckArguments) -> u8 {
    let known = Known::from_flags(&arguments.libraries).and_then(|known| known.tuned(&arguments.tuning.tuning));
    let Some(known) = known else { return USAGE };
    let checker = Checker {
        known: &known,
        attack: Attack::builtin(),
        now: known.bind.now.unwrap_or_else(DateTime::now),
        options: BindOptions {
            strict: arguments.strict || known.bind.strict,
            batch: arguments.batch || known.bind.batch,
            without_files: true,
            ..known.bind
        },
        json: arguments.json,
        color: std::io::stdout().is_terminal(),
    };
    let mut jobs = Vec::new();
    let mut failed = false;
    for path in &arguments.paths {
        if path == "builtin" {
            jobs.push(Job { path: None, named: true });
            continue;
        }
        let path = Path::new(path);
        match rule::files(path) {
            Ok(files) => jobs.extend(files.into_iter().map(|file| Job { path: Some(file), named: !path.is_dir() })),
            Err(error) => {
                say!(Error; "kqltap: {error}");
                failed = true;
            }
        }
    }
    let mut total = Outcome::default();
    let files = jobs.len();
    let mut ids: HashMap<String, String> = HashMap::new();
    for outcome in parallel::map(jobs, 2, |job| checker.file(&job)) {
        print(&outcome.out);
        if !outcome.err.is_empty() {
            say!("{}", outcome.err.trim_end());
        }
        for (id, _) in &outcome.names {
            // Alerts are told apart by it.
            if let Some(other) = ids.insert(id.clone(), outcome.path.clone()) {
                say!(
                    "kqltap: warning: the id {id} is in {other} and in {}; `run` does not start with both",
                    outcome.path
                );
                total.warnings += 1;
            }
        }
        failed |= outcome.failed;
        total.skipped += outcome.skipped;
        total.rules += outcome.rules;
        total.warnings += outcome.warnings;
        total.refused.extend(outcome.refused);
        total.names.extend(outcome.names);
    }
    let nameless = nameless(&known.tuning, &total.names);
    if !nameless.is_empty() {
        rules::show(&nameless);
        failed = true;
    }
    say!(
        "kqltap: {} files, {} rules: {} ok, {} refused; {} warnings; {} files without a query{}",
        files,
        total.rules,
        total.rules - total.refused.len(),
        total.refused.len(),
        total.warnings,
        total.skipped,
        reasons(&total.refused),
    );
    if total.rules == 0 && !failed {
        say!(Error; "kqltap: there are no rules to check");
        failed = true;
    }
    if failed { USAGE } else { OK }
}

/// Why rules are refused, and how many for each reason, the most frequent first.
fn reasons(refused: &[String]) -> String {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for reason in refused {
        *counts.entry(reason).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
    let mut said: Vec<String> = counts.iter().take(REASONS).map(|(why, count)| format!("{count} {why}")).collect();
    if counts.len() > REASONS {
        let rest: usize = counts.iter().skip(REASONS).map(|(_, count)| count).sum();
        said.push(format!("{rest} for {} other reasons", counts.len() - REASONS));
    }
    if said.is_empty() { String::new() } else { format!("; refused for: {}", said.join(", ")) }
}

impl Checker<'_> {
    fn file(&self, job: &Job) -> Outcome {
        let (path, loaded) = match &job.path {
            None => ("builtin".to_owned(), rule::builtin()),
            Some(path) => (path.display().to_string(), rule::load_file(path)),
        };
        let mut outcome = Outcome { path: path.clone(), ..Outcome::default() };
        let rules = match loaded {
            Ok(rules) => rules,
            Err(RuleError::NotARule { .. }) if !job.named => {
                outcome.skipped = 1;
                return outcome;
            }
            Err(error) => {
                outcome.failed = true;
                match self.json {
                    true => {
                        let report = json!({"path": path, "ok": false, "error": error.to_string(), "rules": []});
                        outcome.out = format!("{report}\n");
                    }
                    false => outcome.err = format!("kqltap: {error}\n"),
                }
                return outcome;
            }
        };
        let reports: Vec<Json> = rules.into_iter().filter_map(|rule| self.rule(rule, &mut outcome)).collect();
        if self.json {
            outcome.out = format!("{}\n", json!({"path": path, "ok": !outcome.failed, "rules": reports}));
        }
        outcome
    }

    /// Checks one rule; its report, if reports are JSON.
    fn rule(&self, rule: Rule, outcome: &mut Outcome) -> Option<Json> {
        let name = rule.name.clone();
        outcome.names.push((rule.id.clone(), name.clone()));
        let Known { catalog, libraries, limits, tuning, .. } = self.known;
        let (options, now) = (self.options, self.now);
        let mut said = self.techniques(&rule);
        let (tuned, more) = bind_tuned(rule, tuning, &Binding { catalog, libraries, limits, options, now });
        said.extend(more);
        outcome.rules += 1;
        outcome.warnings += said.iter().filter(|said| !said.diagnostic.is_error()).count();
        if let Tuned::Refused = tuned {
            outcome.failed = true;
            outcome.refused.push(match said.iter().find(|said| said.diagnostic.is_error()) {
                Some(error) => {
                    let feature = feature(&error.diagnostic, &error.origin.source);
                    format!("{} {feature}", error.diagnostic.code).trim_end().to_owned()
                }
                None => "no reason given".to_owned(),
            });
        }
        if self.json {
            return Some(report(&name, &tuned, &said));
        }
        outcome.out.push_str(&rules::draw(&said, self.color));
        None
    }

    /// Warnings of techniques that ATT&CK does not have, at their place in the rule's file.
    fn techniques(&self, rule: &Rule) -> Vec<Said> {
        let source = &rule.origin.source;
        let unknown = rule.techniques.iter().filter_map(|technique| {
            let message = format!("{}, which the rule '{}' names", self.attack.complaint(technique)?, rule.name);
            let start = source.find(technique.as_str()).unwrap_or_default();
            let span = Span::new(start, start + technique.len());
            Some(Said { origin: rule.origin.clone(), diagnostic: Diagnostic::warning("KT019", span, message) })
        });
        unknown.collect()
    }
}

/// What a diagnostic is about, in a word: what its message has in quotes, or the word that it points at.
fn feature<'d>(diagnostic: &'d Diagnostic, query: &'d str) -> &'d str {
    let quoted = diagnostic.message.find(['\'', '`']).and_then(|at| {
        let (quote, rest) = diagnostic.message.get(at..)?.split_at_checked(1)?;
        rest.split_once(quote).map(|(name, _)| name)
    });
    let pointed = || {
        let text = query.get(diagnostic.span.start..diagnostic.span.end).unwrap_or_default();
        let of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        // An operator such as `==` or `!in`, or a name.
        let sign = text.find(|c: char| of_word(c) || c.is_whitespace()).unwrap_or(text.len());
        let (sign, rest) = text.split_at(sign);
        let end = rest.find(|c: char| !of_word(c)).unwrap_or(rest.len());
        text.get(..sign.len() + end).unwrap_or_default()
    };
    let word = quoted.filter(|name| !name.is_empty()).unwrap_or_else(pointed);
    // A name that somebody has written may be as long as the query.
    word.char_indices().nth(48).and_then(|(at, _)| word.get(..at)).unwrap_or(word)
}

fn report(name: &str, tuned: &Tuned, said: &[Said]) -> Json {
    let mut tables: Vec<&str> = Vec::new();
    let bound = if let Tuned::Bound(bound) = tuned { Some(bound) } else { None };
    for leg in bound.iter().flat_map(|b| &b.query.legs) {
        let Some(table) = leg.table() else { continue };
        if !tables.contains(&table.name.as_str()) {
            tables.push(&table.name);
        }
    }
    let diagnostics: Vec<Json> = said
        .iter()
        .map(|Said { origin, diagnostic: d }| {
            let source = &origin.source;
            let (line, column) = line_column(source, d.span.start);
            let length = source.get(d.span.start..d.span.end).map_or(d.span.end - d.span.start, |s| s.chars().count());
            json!({
                "severity": d.severity.name(), "code": d.code, "feature": feature(d, source), "message": d.message,
                "help": d.help, "line": line, "column": column, "length": length, "path": origin.path,
            })
        })
        .collect();
    let mut report = json!({
        "name": name, "ok": !matches!(tuned, Tuned::Refused), "tables": tables, "diagnostics": diagnostics,
    });
    if let Tuned::Disabled(why) = tuned {
        report["disabled"] = json!(why);
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_is_quoted_or_pointed_at() {
        let query = "T | summarize count() by x";
        let about = |message: &str, start, end| {
            let error = Diagnostic::error("KT005", Span::new(start, end), message);
            feature(&error, query).to_owned()
        };
        assert_eq!(about("the operator 'join' needs many rows", 4, 26), "join");
        assert_eq!(about("Unexpected: `=`.", 4, 5), "=");
        assert_eq!(about("this needs many rows", 4, 26), "summarize");
        assert_eq!(about("it's one quote", 14, 21), "count");
        assert_eq!(about("not comparable", 2, 3), "|");
        assert_eq!(about("out of the text", 90, 99), "");
        assert_eq!(about(&format!("'{}'", "é".repeat(99)), 0, 1), "é".repeat(48));
    }

    #[test]
    fn reasons_are_counted_the_most_frequent_first() {
        assert_eq!(reasons(&[]), "");
        let refused: Vec<String> = ["b", "a", "b", "c"].iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(reasons(&refused), "; refused for: 2 b, 1 a, 1 c");
        let many: Vec<String> = (0..20).map(|i| format!("{i:02}")).collect();
        assert!(reasons(&many).ends_with(", 1 11, 8 for 8 other reasons"), "{}", reasons(&many));
    }
}
