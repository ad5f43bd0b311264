//! The table of cases, tests/cases/kql.tsv: what expressions are worth, and who says so.
//!
//! Its columns: id, expression, the value as JSON, the source of that value, and how sure the source is.

use std::collections::{BTreeMap, BTreeSet};

use kqltap::kql::ast::{BinaryOp, ExprKind, ListOp, LiteralKind};
use kqltap::kql::{Limits, parse_expression};
use serde_json::{Value as Json, json};

use crate::tap;

const CASES: &str = include_str!("../cases/kql.tsv");
const NOT_YET: &str = include_str!("../cases/not_yet.txt");

struct Case {
    id: &'static str,
    expression: &'static str,
    expected: Json,
    confidence: &'static str,
}

fn cases() -> Vec<Case> {
    let cases: Vec<Case> = CASES
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [id, expression, expected, source, confidence] = fields[..] else {
                panic!("{} fields in {line}", fields.len());
            };
            assert!(!source.is_empty(), "{id} has no source");
            let expected = serde_json::from_str(expected).unwrap_or_else(|e| panic!("{id}: {e}"));
            Case { id, expression, expected, confidence }
        })
        .collect();
    let ids: BTreeSet<&str> = cases.iter().map(|c| c.id).collect();
    assert_eq!(ids.len(), cases.len(), "an id stands twice");
    cases
}

/// Cases that fail for a known reason: an id and the reason, a line each.
fn not_yet() -> BTreeMap<&'static str, &'static str> {
    NOT_YET
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap_or_else(|| panic!("no reason: {line}")))
        .collect()
}

/// What is wrong with an answer of `kqltap eval`, if anything.
fn judge(expected: &Json, answer: &Json) -> Result<(), String> {
    if let Some(code) = expected.get("error").and_then(Json::as_str) {
        return match answer["error"].as_str() {
            // A syntax error has many codes: that there is an error is what counts.
            Some(_) if code.starts_with("syntax") => Ok(()),
            Some(error) if error.contains(code) => Ok(()),
            _ => Err(format!("must be refused with {code}, and gives {answer}")),
        };
    }
    match answer.get("value") {
        Some(value) if equal(expected, value) => Ok(()),
        _ => Err(format!("must be {expected}, and gives {answer}")),
    }
}

/// Equal as values: 5 and 5.0 are the same number, and members may come in any order.
fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(x), Json::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        (Json::Array(x), Json::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| equal(x, y)),
        (Json::Object(x), Json::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(k, x)| y.get(k).is_some_and(|y| equal(x, y)))
        }
        _ => a == b,
    }
}

#[test]
fn every_case_is_worth_what_its_source_says_or_is_listed_as_not_yet() {
    let (cases, mut listed) = (cases(), not_yet());
    let expressions: String = cases.iter().map(|c| format!("{}\n", c.expression)).collect();
    let ran = tap::run(["eval", "--now", tap::NOW], expressions).ended(0);
    let answers: Vec<Json> = ran.text().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(answers.len(), cases.len(), "one answer for each expression");
    let mut wrong = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        match (judge(&case.expected, answer), listed.remove(case.id)) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Ok(()), Some(_)) => wrong.push(format!("{} passes: take it off tests/cases/not_yet.txt", case.id)),
            (Err(why), None) => wrong.push(format!("{} ({}) {} {why}", case.id, case.confidence, case.expression)),
        }
    }
    wrong.extend(listed.keys().map(|id| format!("{id} is listed as not yet, and is no case")));
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A case that holds a literal against a string operator, with the literal taken out: the record and the predicate.
fn over_a_column(expression: &str) -> Option<(String, String)> {
    let (parsed, diagnostics) = parse_expression(expression, &Limits::default());
    let parsed = parsed.filter(|_| diagnostics.is_empty())?;
    let subject = match parsed.kind {
        ExprKind::Binary { op, left, .. } => match op {
            BinaryOp::Text(_) | BinaryOp::MatchesRegex | BinaryOp::EqualFolded { .. } => left,
            BinaryOp::Equal | BinaryOp::NotEqual => left,
            _ => return None,
        },
        ExprKind::List { op: ListOp::In { .. } | ListOp::HasAny | ListOp::HasAll, subject, .. } => subject,
        _ => return None,
    };
    let ExprKind::Literal(literal) = subject.kind else {
        return None;
    };
    if literal.kind != LiteralKind::String {
        return None;
    }
    let (before, after) = (&expression[..subject.span.start], &expression[subject.span.end..]);
    Some((literal.text, format!("{before}FileName{after}")))
}

/// `kqltap eval` folds constants, so the table above says nothing of the automata. Here the same cases stand in a rule,
/// and the literal in a record.
#[test]
fn string_operators_give_the_same_over_a_column() {
    let (listed, mut held, mut wrong) = (not_yet(), 0, Vec::new());
    for case in cases().iter().filter(|c| c.confidence != "low" && !listed.contains_key(c.id)) {
        let Some((value, predicate)) = over_a_column(case.expression) else {
            continue;
        };
        let Some(expected) = case.expected.as_bool() else {
            continue;
        };
        held += 1;
        let ruleset = tap::ruleset_of(&format!("DeviceFileEvents | where {predicate}"));
        let record = json!({"Type": "DeviceFileEvents", "FolderPath": "/tmp", "FileName": value}).to_string();
        for path in tap::PATHS {
            let found = !tap::alert_lines(&ruleset, path, [&record]).is_empty();
            if found != expected {
                wrong.push(format!("{} {}: {path:?} gives {found}", case.id, case.expression));
            }
        }
    }
    assert!(held >= 180, "the table has lost its string cases: {held} are left");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// All patterns of a column share one automaton. Together they must give what each gives alone: one rule for every case,
/// over every literal of the table.
#[test]
fn the_shared_automaton_of_all_cases_agrees_with_the_plain_evaluator() {
    let listed = not_yet();
    let (values, predicates): (Vec<String>, Vec<String>) = cases()
        .iter()
        .filter(|c| !listed.contains_key(c.id) && c.expected.is_boolean())
        .filter_map(|c| over_a_column(c.expression))
        .unzip();
    let rules = predicates
        .iter()
        .flat_map(|p| kqltap::rule::parse_kql("test.kql", &format!("DeviceFileEvents | where {p}")).unwrap())
        .collect();
    let ruleset = tap::ruleset(rules);
    let records: Vec<String> =
        values.iter().map(|value| json!({"Type": "DeviceFileEvents", "FileName": value}).to_string()).collect();
    let found = tap::alerts(&ruleset, &records);
    assert!(found.len() > records.len(), "{} matches of {} records", found.len(), records.len());
}
