//! `kqltap test`: the records that a rule carries as its proof, through both evaluators.

use std::sync::Arc;

use serde_json::Value as Json;

use super::args::RulesArguments;
use super::libraries::Known;
use super::{FAILED, OK, USAGE, print, rules};
use crate::alert::{Alert, Source};
use crate::compile::BindOptions;
use crate::matcher::Ruleset;
use crate::matcher::{Match, Matcher, Path};
use crate::record::Limits;
use crate::rule::TestRecord;
use crate::value::DateTime;
use crate::value::functions::Context;

pub(super) fn test(arguments: &RulesArguments) -> u8 {
    let known = Known::from_flags(&arguments.libraries).and_then(|known| known.tuned(&arguments.tuning.tuning));
    let Some(known) = known else { return USAGE };
    let Some(bound) = rules::bound(&arguments.paths, &known, BindOptions { batch: false, ..known.bind }) else {
        return USAGE;
    };
    let now = known.bind.now.unwrap_or_else(DateTime::now);
    let (mut passed, mut failed, mut untested) = (0, 0, 0);
    for rule in bound.rules {
        let (name, path, tests) = (rule.rule.name.clone(), rule.rule.origin.path.clone(), rule.rule.tests.clone());
        let ruleset = match Ruleset::new(vec![rule], &known.catalog, None) {
            Ok(ruleset) => Arc::new(ruleset),
            Err(error) => {
                say!(Error; "kqltap: {error}");
                return USAGE;
            }
        };
        let mut failures = Vec::new();
        let cases = tests.matching.iter().map(|t| (t, true)).chain(tests.ignored.iter().map(|t| (t, false)));
        let (mut count, mut bad) = (0, 0);
        for (case, must_match) in cases {
            count += 1;
            let before = failures.len();
            for evaluator in [Path::Compiled, Path::Plain] {
                if let Err(reason) = hold(&ruleset, evaluator, now, case, must_match) {
                    failures.push(format!("  {path}:{}: {reason} ({evaluator:?} evaluator)\n", case.line));
                }
            }
            // A record that fails in both evaluators is one failure.
            bad += usize::from(failures.len() > before);
        }
        passed += count - bad;
        failed += bad;
        untested += usize::from(count == 0);
        let verdict = match (count, failures.is_empty()) {
            (0, _) => "no records",
            (_, true) => "ok",
            (_, false) => "FAILED",
        };
        print(&format!(
            "{verdict:10} {name}: {} to match, {} to ignore\n{}",
            tests.matching.len(),
            tests.ignored.len(),
            failures.concat()
        ));
    }
    // The form that test runners' readers know.
    print(&format!("{passed} passed, {failed} failed, {untested} skipped\n"));
    if failed > 0 { FAILED } else { OK }
}

fn hold(
    ruleset: &Arc<Ruleset>,
    evaluator: Path,
    now: DateTime,
    case: &TestRecord,
    must_match: bool,
) -> Result<(), String> {
    let mut matcher = Matcher::new(ruleset.clone(), Limits::default(), evaluator);
    let context = Context { now };
    let mut alerts = Vec::new();
    let outcome = matcher.line(case.record.as_bytes(), &context, &mut |found: &Match<'_>| {
        Alert::new(found, Source { input: "-", line: 1 }, &context).write_native(&mut alerts);
    });
    let outcome = outcome.map_err(|malformed| format!("the record cannot be decoded: {malformed}"))?;
    if outcome.unrouted > 0 {
        return Err("the record's table is not known".to_owned());
    }
    match (must_match, alerts.is_empty()) {
        (true, true) => return Err("the record must match, and does not".to_owned()),
        (false, false) => {
            let why = case.why.as_deref().map_or(String::new(), |why| format!(" ({why})"));
            return Err(format!("the record must not match, and does{why}"));
        }
        (false, true) => return Ok(()),
        (true, false) => {}
    }
    let first = alerts.split(|b| *b == b'\n').next().unwrap_or_default();
    let alert: Json = serde_json::from_slice(first).map_err(|e| format!("the alert is no JSON: {e}"))?;
    for (column, expected) in &case.expect {
        let found = alert["columns"].get(column);
        if found != Some(expected) {
            let found = found.map_or("no such column".to_owned(), Json::to_string);
            return Err(format!("column {column} should be {expected}, and is {found}"));
        }
    }
    Ok(())
}
