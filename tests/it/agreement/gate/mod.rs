//! The gate never hides an alert: whatever a rule asks, and however a sender writes a record, a line for which the plain
//! evaluator gives an alert is a candidate.

mod named;
mod random;
mod rows;
mod rules;
mod runs;
mod speller;

use std::cell::Cell;
use std::sync::Arc;

use kqltap::compile::{BindOptions, BoundRule, bind_rule};
use kqltap::kql;
use kqltap::matcher::gate::{Candidate, Gate};
use kqltap::matcher::ruleset::required;
use kqltap::matcher::{GatePlan, Matcher, Path, Required, Ruleset};
use kqltap::record::Limits;
use kqltap::rule::parse_kql;
use kqltap::value::DateTime;
use kqltap::value::functions::Context;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{CATALOG, add, hold, pieces, queries, wanted};
use random::Random;

/// Lines that are held against each pair of rules.
const LINES: usize = 60;
const ROWS: usize = 4;

/// Lines that stand around those that are asked about. What they hold, escapes included, hides nothing.
const HARMLESS: [&str; 5] = [
    r#"{"Type":"Heartbeat","Computer":"c:\\users\\user1\\up","OSName":"\u0022quoted\u0022 \u003Ctag\u003E \u00e9 \ud83d\ude00"}"#,
    "",
    r#"{"Type":"Heartbeat","Computer":"ws-7.contoso.example","x":"\n\t\r\b"}"#,
    "\r",
    "not JSON at all",
];

/// Counts over all cases.
#[derive(Debug, Default)]
struct Tally {
    lines: Cell<u64>,
    off: Cell<u64>,
    /// Lines with an alert and a gate.
    alerts: Cell<u64>,
    /// Those where the gate looks for what the filters ask, and not for tables' names.
    by_filter: Cell<u64>,
    /// Those in which no literal stands as it is, so that only the rule of escapes saves them.
    hidden: Cell<u64>,
    kept_back: Cell<u64>,
    refused: Cell<u64>,
}

#[test]
fn no_line_with_an_alert_is_kept_back() {
    let case = (pieces::palette(), 0..queries::TABLES.len())
        .prop_flat_map(|(palette, main)| (queries::queries(&palette, main, 1), Just(main), any::<u64>().no_shrink()));
    let tally = Tally::default();
    let lines = wanted() * 6 / 10;
    hold(lines.div_ceil(LINES as u64), &case, |(queries, main, seed)| {
        let mut random = Random::new(seed);
        let mut rows: Vec<rows::Row> = (0..ROWS).map(|_| rows::row(&mut random, main)).collect();
        // Most rules are of the kind that the gate has literals for; the others are the agreement's.
        let rules = match random.below(5) {
            0 => queries,
            _ => (0..random.pick(&[1, 1, 2])).map(|_| rules::rule(&rows, main, &mut random)).collect(),
        };
        // Rows that no rule was made for.
        rows.extend((0..ROWS / 2).map(|_| rows::row(&mut random, main)));
        let by_default = random.chance(200);
        let lines: Vec<String> = (0..LINES)
            .map(|_| {
                let at = if random.chance(500) { 0 } else { random.index(rows.len()) };
                let row = &rows[at];
                let row = if random.chance(300) { rows::recased(row, &mut random) } else { row.clone() };
                rows::line(&row, main, by_default, &mut random)
            })
            .collect();
        let default = by_default.then_some(queries::TABLES[main].name);
        holds_back_nothing(&rules, default, &lines, &mut random, &tally)
    });
    let Tally { lines, off, alerts, by_filter, hidden, kept_back, refused } = &tally;
    // A gate that is off, or rules that never match, would show nothing.
    assert!(off.get() * 4 <= lines.get(), "too often without a gate: {tally:?}");
    assert!(alerts.get() * 6 >= lines.get(), "too few alerts: {tally:?}");
    assert!(by_filter.get() * 30 >= lines.get(), "too few that a filter's literal lets through: {tally:?}");
    assert!(hidden.get() * 60 >= lines.get(), "too few literals that are spelt with escapes: {tally:?}");
    assert!(kept_back.get() * 30 >= lines.get(), "a gate that lets everything through: {tally:?}");
    assert!(refused.get() * 20 * LINES as u64 <= lines.get(), "too few rules that bind: {tally:?}");
}

fn bound(query: &str) -> Option<BoundRule> {
    let rule = parse_kql("random.kql", query).expect("a query").remove(0);
    let (bound, said) = bind_rule(rule, &CATALOG, &kql::Limits::default(), BindOptions::default());
    if bound.is_none() {
        println!("refused: {:?}\n{query}\n", said.iter().filter(|d| d.is_error()).collect::<Vec<_>>());
    }
    bound
}

fn holds_back_nothing(
    queries: &[String],
    default_table: Option<&str>,
    lines: &[String],
    random: &mut Random,
    tally: &Tally,
) -> TestCaseResult {
    let rules: Vec<BoundRule> = queries.iter().filter_map(|query| bound(query)).collect();
    add(&tally.refused, (queries.len() - rules.len()) as u64);
    let ruleset = Arc::new(Ruleset::new(rules, &CATALOG, default_table).expect("a small automaton"));
    add(&tally.lines, lines.len() as u64);
    let GatePlan::On(gate) = &ruleset.gate else {
        add(&tally.off, lines.len() as u64);
        return Ok(());
    };
    let by_filter = ruleset.tables.iter().all(|table| {
        let is_default = default_table == Some(table.program.table.name.as_str());
        let of = |filter: &[_]| matches!(required(&table.program, filter, is_default), Required::Filter(_));
        table.program.detections.iter().all(|detection| of(&detection.filter))
    });
    let (block, places) = block(lines, random);
    let portable = Gate::portable(gate.literals().to_vec());
    let found = candidates(gate, &block);
    let others = candidates(&portable, &block);
    if found != others {
        return Err(TestCaseError::fail(format!("the two searches differ: {found:?} {others:?}\n{}", text(&block))));
    }
    let newlines = block.iter().filter(|b| **b == b'\n').count() as u64;
    prop_assert_eq!(found.1, newlines + u64::from(block.last().is_some_and(|b| *b != b'\n')));
    let mut matcher = Matcher::new(ruleset.clone(), Limits::default(), Path::Plain);
    for (place, line) in places.iter().zip(lines) {
        let candidate = found.0.contains(place);
        add(&tally.kept_back, u64::from(!candidate));
        if !has_alert(&mut matcher, line)? {
            continue;
        }
        let folded = line.to_ascii_lowercase();
        let stands = gate.literals().iter().any(|literal| folded.contains(literal));
        add(&tally.alerts, 1);
        add(&tally.by_filter, u64::from(by_filter));
        add(&tally.hidden, u64::from(!stands));
        if !candidate {
            return Err(TestCaseError::fail(format!(
                "the gate keeps back a line with an alert\n{}\n\nliterals: {:?}\nline {place:?}:\n{line}\n\ncandidates: {:?}",
                queries.join("\n\n"),
                gate.literals(),
                found.0,
            )));
        }
    }
    Ok(())
}

/// The lines in one block with others around them, and where each of them must be reported.
fn block(lines: &[String], random: &mut Random) -> (Vec<u8>, Vec<Candidate>) {
    let (mut block, mut places, mut number) = (Vec::new(), Vec::new(), 0);
    for (at, line) in lines.iter().enumerate() {
        for _ in 0..random.below(3) {
            block.extend_from_slice(random.pick(&HARMLESS).as_bytes());
            block.push(b'\n');
            number += 1;
        }
        let start = block.len();
        block.extend_from_slice(line.as_bytes());
        if at + 1 < lines.len() || random.chance(500) {
            block.push(b'\n');
        }
        places.push(Candidate { start, end: block.len(), line: number });
        number += 1;
    }
    (block, places)
}

fn candidates(gate: &Gate, block: &[u8]) -> (Vec<Candidate>, u64) {
    let mut found = Vec::new();
    let lines = gate.scan(block, &mut |candidate| found.push(candidate));
    (found, lines)
}

fn has_alert(matcher: &mut Matcher, line: &str) -> Result<bool, TestCaseError> {
    let context = Context { now: DateTime(638_397_504_000_000_000) };
    let mut alerts = 0;
    match matcher.line(line.as_bytes(), &context, &mut |_| alerts += 1) {
        Ok(_) => Ok(alerts > 0),
        Err(malformed) => Err(TestCaseError::fail(format!("{malformed} in a good line:\n{line}"))),
    }
}

fn text(block: &[u8]) -> String {
    String::from_utf8_lossy(block).into_owned()
}
