//! What must agree, on random input:
//!
//! - the compiled path (automata, sharing, inlining, reordering) with the plain evaluator, alert for alert;
//! - the string operators with the rule of `has`, restated here as plainly as it can be said;
//! - what a batch makes of records with what a query makes of the same rows as a datatable;
//! - and whatever text is given as a query, the front end answers it.
//!
//! `KQLTAP_CASES=1000000 cargo test agreement` holds as many (query, record) pairs, and pairs of texts, to it; the default is
//! 100,000. `PROPTEST_RNG_SEED=n` repeats a run: a failure says its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod batch;
mod gate;
mod pieces;
mod queries;
mod records;
mod soup;
mod term_rule;

use std::cell::Cell;
use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};

use kqltap::alert::{Alert, Source};
use kqltap::compile::{BindOptions, bind_rule};
use kqltap::kql;
use kqltap::matcher::{Match, Matcher, Path, Ruleset};
use kqltap::record::Limits;
use kqltap::rule::parse_kql;
use kqltap::schema::Catalog;
use kqltap::value::DateTime;
use kqltap::value::functions::Context;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestError, TestRunner};

use records::Line;

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::builtin);

const QUERIES: usize = 6;
const LINES: usize = 80;

/// How many pairs are asked for.
fn wanted() -> u64 {
    let given = std::env::var("KQLTAP_CASES").ok();
    given.map_or(100_000, |n| n.parse().expect("KQLTAP_CASES must be a number"))
}

/// Runs a property `cases` times; a failure is shrunk, and said without the noise of a derived `Debug`.
fn hold<S: Strategy>(cases: u64, strategy: &S, property: impl Fn(S::Value) -> TestCaseResult)
where
    S::Value: Debug,
{
    let mut config = Config {
        cases: u32::try_from(cases).expect("fewer cases"),
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..Config::default()
    };
    if matches!(config.rng_seed, RngSeed::Random) {
        config.rng_seed = RngSeed::Fixed(RandomState::new().hash_one(0));
    }
    let RngSeed::Fixed(seed) = config.rng_seed else { return };
    match TestRunner::new(config).run(strategy, property) {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{reason}\nPROPTEST_RNG_SEED={seed}"),
        Err(TestError::Abort(reason)) => panic!("gave up: {reason}\nPROPTEST_RNG_SEED={seed}"),
    }
}

/// Counts over all cases of a run.
#[derive(Debug, Default)]
struct Tally {
    pairs: Cell<u64>,
    hits: Cell<u64>,
    queries: Cell<u64>,
    refused: Cell<u64>,
}

fn add(cell: &Cell<u64>, n: u64) {
    cell.set(cell.get() + n);
}

#[test]
fn the_compiled_path_gives_the_alerts_of_the_plain_one() {
    let case =
        (pieces::palette(), 0..queries::TABLES.len(), any::<bool>()).prop_flat_map(|(palette, main, lookback)| {
            (queries::queries(&palette, main, QUERIES), records::lines(&palette, main, LINES), Just(lookback))
        });
    let tally = Tally::default();
    // A query meets the records of its own table only, hence the third.
    let cases = wanted().div_ceil((QUERIES * LINES) as u64) * 5 / 3;
    hold(cases, &case, |(queries, lines, apply_lookback)| {
        let options = BindOptions { apply_lookback, ..BindOptions::default() };
        agree(&queries, &lines, options, &tally)
    });
    let Tally { pairs, hits, queries, refused } = &tally;
    assert!(pairs.get() >= wanted(), "too few pairs: {tally:?}");
    // A property over queries that never match, or always do, shows nothing.
    assert!(hits.get() * 10 >= pairs.get(), "too few matches: {tally:?}");
    assert!(hits.get() * 10 <= pairs.get() * 9, "too few misses: {tally:?}");
    assert!(refused.get() * 20 <= queries.get(), "too few queries that bind: {tally:?}");
}

fn agree(queries: &[String], lines: &[Line], options: BindOptions, tally: &Tally) -> TestCaseResult {
    let mut rules = Vec::new();
    for query in queries {
        let rule = parse_kql("random.kql", query).expect("a query").remove(0);
        let (bound, diagnostics) = bind_rule(rule, &CATALOG, &kql::Limits::default(), options);
        add(&tally.queries, 1);
        if bound.is_none() {
            add(&tally.refused, 1);
            let errors: Vec<_> = diagnostics.iter().filter(|d| d.is_error()).collect();
            println!("refused: {errors:?}\n{query}\n");
        }
        rules.extend(bound);
    }
    let tables: Vec<Vec<String>> = rules
        .iter()
        .map(|rule| {
            rule.query.legs.iter().map(|leg| leg.table().map_or_else(String::new, |t| t.name.clone())).collect()
        })
        .collect();
    let texts: Vec<String> = rules.iter().map(|rule| rule.rule.query.clone()).collect();
    let ruleset = Arc::new(Ruleset::new(rules, &CATALOG, None).expect("a small automaton"));
    let mut compiled = Matcher::new(ruleset.clone(), Limits::default(), Path::Compiled);
    let mut plain = Matcher::new(ruleset, Limits::default(), Path::Plain);
    for line in lines {
        let (fast, slow) = (alerts(&mut compiled, line)?, alerts(&mut plain, line)?);
        for (rule, text) in texts.iter().enumerate() {
            let of = |all: &[(usize, usize, String)]| -> Vec<(usize, String)> {
                all.iter().filter(|a| a.0 == rule).map(|a| (a.1, a.2.clone())).collect()
            };
            let (fast, slow) = (of(&fast), of(&slow));
            if fast != slow {
                let show = |all: &[(usize, String)]| all.iter().map(|a| a.1.as_str()).collect::<String>();
                let (fast, slow) = (show(&fast), show(&slow));
                return Err(TestCaseError::fail(format!(
                    "the paths disagree\n{text}\n\nrecord:\n{}\n\ncompiled:\n{fast}\nplain:\n{slow}",
                    line.text
                )));
            }
            if tables[rule].iter().any(|t| t == queries::TABLES[line.table].name) {
                let mut matched: Vec<usize> = fast.iter().map(|a| a.0).collect();
                matched.dedup();
                add(&tally.pairs, line.records as u64);
                add(&tally.hits, matched.len() as u64);
            }
        }
        if fast != slow {
            return Err(TestCaseError::fail(format!("the order differs: {fast:?} {slow:?}")));
        }
    }
    Ok(())
}

/// A line's alerts: the rule, the record in the line, the alert as written.
fn alerts(matcher: &mut Matcher, line: &Line) -> Result<Vec<(usize, usize, String)>, TestCaseError> {
    let context = Context { now: DateTime(638_397_504_000_000_000) };
    let mut all = Vec::new();
    let mut each = |found: &Match<'_>| {
        let mut alert = Vec::new();
        Alert::new(found, Source { input: "-", line: 1 }, &context).write_native(&mut alert);
        let alert = String::from_utf8(alert).expect("alerts are UTF-8");
        all.push((found.rule_index, found.record.index, alert));
    };
    match matcher.line(line.text.as_bytes(), &context, &mut each) {
        Ok(outcome) if outcome.records == line.records as u64 && outcome.unrouted == 0 => Ok(all),
        other => Err(TestCaseError::fail(format!("{other:?} from a good line:\n{}", line.text))),
    }
}

/// What the property found once, and which side was right: on Microsoft's emulator `not(1)` is false, and a null dynamic
/// equals the empty text.
#[test]
fn disagreements_of_the_past_stay_settled() {
    let device = |fields: &str| Line {
        table: 1,
        records: 1,
        text: format!(
            "{{\"Type\":\"DeviceNetworkEvents\",\"LocalPort\":5,\"RemoteUrl\":\"x\",\"AdditionalFields\":{fields}}}"
        ),
    };
    for (predicate, fields, expected) in [
        ("not(LocalPort)", "{}", false),
        ("not(LocalPort - 5)", "{}", true),
        ("isnull(not(LocalPort))", "{}", false),
        ("AdditionalFields.flag and RemoteUrl == 'x'", "{\"flag\":true}", true),
        ("AdditionalFields.flag and RemoteUrl == 'x'", "{\"flag\":false}", false),
        ("AdditionalFields.none in ('')", "{}", true),
        ("AdditionalFields.none in (dynamic(['']))", "{}", true),
        ("AdditionalFields.none in (dynamic(['', 5]))", "{}", true),
        ("AdditionalFields.none in (dynamic(['x', 5]))", "{}", false),
    ] {
        let (tally, query) = (Tally::default(), format!("DeviceNetworkEvents | where {predicate}"));
        agree(&[query], &[device(fields)], BindOptions::default(), &tally).unwrap();
        assert_eq!(tally.pairs.get(), 1, "{predicate} binds");
        assert_eq!(tally.hits.get() == 1, expected, "{predicate} on {fields}");
    }
}
