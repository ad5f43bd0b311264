//! A query, and behind a line of `---` records, if other ones are wanted than [`LINES`]. Both evaluators give the same
//! alerts; over the rows of [`ROWS`] a whole query ends within its limits.

use std::sync::Arc;

use kqltap::alert::{Alert, Source};
use kqltap::compile::{BindOptions, bind_query, bind_rule};
use kqltap::kql::{self, parse};
use kqltap::matcher::{Matcher, Path, Ruleset};
use kqltap::record;
use kqltap::rows::{self, NoTables, RowsLimits};
use kqltap::rule::parse_kql;
use kqltap::value::DateTime;
use kqltap::value::functions::Context;

use super::query::CATALOG;

/// A value of each type that is hard in some way, as columns of a table that every query may read.
const ROWS: &str = "let Odd = datatable(s:string, i:int, l:long, r:real, m:decimal, b:bool, t:datetime, p:timespan, \
    g:guid, d:dynamic) [
    '', int(null), long(null), real(null), decimal(null), bool(null), datetime(null), timespan(null), guid(null), dynamic(null),
    'a.b/c?d=e&f', 2147483647, 9223372036854775807, real(nan), 1.5, true, datetime(9999-12-31T23:59:59.9999999), \
    timespan(9223372036854775807), guid(11111111-2222-3333-4444-555555555555), dynamic([[1, 2], {'a': 'b'}, null, 'c']),
    'İ ſ 日本 \\u0000 😀', -2147483648, -9223372036854775808, real(-inf), -0.0, false, datetime(0001-01-01), -1tick, \
    guid(00000000-0000-0000-0000-000000000000), dynamic({'a': {'b': [1.5, '']}, '': 5}),
    '{\"a\":[1,\"192.0.2.1\"]}', 0, 7, 0.1, 1e28, true, datetime(2024-02-29T12:00:00), 1d, \
    guid(0a0b0c0d-0000-0000-0000-000000000001), dynamic('text'),
];
";

const LINES: [&str; 4] = [
    r#"{"Type":"DeviceFileEvents","FileName":"hosts.yml","FolderPath":"/home/user1/.config","FileSize":7,"AdditionalFields":{"a":{"b":[1,"k"]},"flag":true}}"#,
    r#"{"Type":"DeviceFileEvents","FileName":"İ ſ\u0000","FileSize":"x","Timestamp":"2024-02-29T12:00:00Z","AdditionalFields":"{\"a\":[]}"}"#,
    r#"{"records":[{"category":"AuditLogs","properties":{"operationName":"Consent","targetResources":[{"id":"a","modifiedProperties":[]},null]}}]}"#,
    r#"{"Type":"Syslog","SyslogMessage":"denied 192.0.2.1:22 user=root, 5 times","ProcessID":5}"#,
];

/// Much less than a run has, so that what is not bounded shows.
const LIMITS: RowsLimits =
    RowsLimits { max_bytes: 1 << 20, max_expanded: 4096, max_made: 1 << 20, max_copied: 64 << 20 };

pub fn evaluate(text: &str) {
    let (query, lines) = match text.split_once("\n---\n") {
        Some((query, lines)) => (query, lines.lines().collect()),
        None => (text, LINES.to_vec()),
    };
    let query = format!("{ROWS}{query}");
    let context = Context { now: DateTime::parse("2026-11-24T12:00:00Z").unwrap() };
    over_rows(&query, &context);
    over_records(&query, &lines, &context);
}

fn over_rows(query: &str, context: &Context) {
    let parsed = parse(query, &kql::Limits::default());
    if !parsed.diagnostics.is_empty() {
        return;
    }
    let options = BindOptions { batch: true, apply_lookback: true, ..BindOptions::default() };
    let (Some(bound), _) = bind_query(&parsed.query, &CATALOG, options) else { return };
    if let Ok(rows) = rows::run(&bound, &mut NoTables, context, &LIMITS) {
        for row in &rows {
            assert_eq!(row.len(), bound.columns.len(), "{query}");
        }
    }
}

fn over_records(query: &str, lines: &[&str], context: &Context) {
    let Ok(rules) = parse_kql("fuzz.kql", query) else { return };
    let options = BindOptions { apply_lookback: true, ..BindOptions::default() };
    let bind = |rule| bind_rule(rule, &CATALOG, &kql::Limits::default(), options).0;
    let Some(rules) = rules.into_iter().map(bind).collect() else { return };
    let Ok(ruleset) = Ruleset::new(rules, &CATALOG, None) else { return };
    let ruleset = Arc::new(ruleset);
    let [compiled, plain] = [Path::Compiled, Path::Plain].map(|path| alerts(&ruleset, path, lines, context));
    assert_eq!(compiled, plain, "{query}");
}

/// The alerts of every line, as one evaluator writes them.
pub(super) fn alerts<L: AsRef<[u8]>>(ruleset: &Arc<Ruleset>, path: Path, lines: &[L], context: &Context) -> String {
    let mut matcher = Matcher::new(ruleset.clone(), record::Limits::default(), path);
    let mut out = Vec::new();
    for line in lines {
        let outcome = matcher.line(line.as_ref(), context, &mut |found| {
            Alert::new(found, Source { input: "-", line: 1 }, context).write_native(&mut out);
        });
        // Columns that nothing asked for have not been found to be mistyped.
        let told = outcome.map(|outcome| (outcome.records, outcome.unrouted, outcome.failures));
        out.extend(format!("{told:?}\n").bytes());
    }
    String::from_utf8(out).unwrap()
}
