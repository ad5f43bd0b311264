//! The two ways in: the library, both evaluators, and the binary.

use std::ffi::OsString;
use std::sync::Arc;

use assert_cmd::Command;
use kqltap::alert::{Alert, Source};
use kqltap::compile::{BindOptions, bind_rule};
use kqltap::kql;
use kqltap::matcher::{Matcher, Path, Ruleset};
use kqltap::record::Limits;
use kqltap::rule::{self, Rule};
use kqltap::schema::Catalog;
use kqltap::value::DateTime;
use kqltap::value::functions::Context;
use serde_json::Value as Json;

/// Both evaluators: whatever is asked of one is asked of the other.
pub(crate) const PATHS: [Path; 2] = [Path::Compiled, Path::Plain];

/// The clock of every test that does not give its own.
pub(crate) const NOW: &str = "2026-11-24T12:00:00Z";

/// The page's four vectors alone, for tests that count alerts: the whole pack has more to say of the same records.
pub(crate) const FOUR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/rules/t1528.yaml");

pub(crate) fn page_rule() -> String {
    format!("{}/examples/rules/t1528-page.kql", env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn example_records() -> String {
    format!("{}/examples/records/t1528.ndjson", env!("CARGO_MANIFEST_DIR"))
}

/// Compiles rules that are known to be good; what is wrong with one fails the test.
pub(crate) fn ruleset(rules: Vec<Rule>) -> Arc<Ruleset> {
    let catalog = Catalog::builtin();
    let bound = rules
        .into_iter()
        .map(|rule| {
            let query = rule.query.clone();
            let (bound, diagnostics) = bind_rule(rule, &catalog, &kql::Limits::default(), BindOptions::default());
            bound.unwrap_or_else(|| panic!("{query}\n{diagnostics:#?}"))
        })
        .collect();
    Arc::new(Ruleset::new(bound, &catalog, None).unwrap())
}

pub(crate) fn ruleset_of(query: &str) -> Arc<Ruleset> {
    ruleset(rule::parse_kql("test.kql", query).unwrap())
}

/// The alert lines of some lines of input, as one evaluator gives them.
pub(crate) fn alert_lines<L: AsRef<[u8]>>(
    ruleset: &Arc<Ruleset>,
    path: Path,
    lines: impl IntoIterator<Item = L>,
) -> Vec<String> {
    let mut matcher = Matcher::new(ruleset.clone(), Limits::default(), path);
    let context = Context { now: DateTime::parse(NOW).unwrap() };
    let mut out = Vec::new();
    for (line, number) in lines.into_iter().zip(1..) {
        let source = Source { input: "-", line: number };
        let outcome = matcher.line(line.as_ref(), &context, &mut |found| {
            Alert::new(found, source, &context).write_native(&mut out);
        });
        outcome.unwrap();
    }
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

/// The alerts of some lines, once both evaluators have given the same, byte for byte.
pub(crate) fn alerts<L: AsRef<[u8]> + Clone>(ruleset: &Arc<Ruleset>, lines: &[L]) -> Vec<Json> {
    let [compiled, plain] = PATHS.map(|path| alert_lines(ruleset, path, lines.iter().cloned()));
    assert_eq!(compiled, plain, "the compiled path and the plain evaluator disagree");
    compiled.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The settings in the environment of whoever runs the tests: none of the binary's business.
pub(crate) fn settings_around() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("KQLTAP_"))
}

/// The binary, with a command line, out of reach of the settings around it.
pub(crate) fn kqltap<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kqltap"));
    for name in settings_around() {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// What a run of the binary gave.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn new(command: &mut Command) -> Ran {
        let output = command.output().unwrap();
        Ran {
            status: output.status.code().expect("ended by a signal"),
            out: output.stdout,
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    /// The alerts on standard output.
    pub(crate) fn alerts(&self) -> Vec<Json> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The last line of standard error, which `--stats json` makes the ledger.
    pub(crate) fn ledger(&self) -> Json {
        let last = self.err.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|_| panic!("no ledger in {:?}", self.err))
    }

    /// Fails unless it ended so; says why.
    pub(crate) fn ended(self, status: i32) -> Ran {
        assert_eq!(self.status, status, "stdout {}\nstderr {}", String::from_utf8_lossy(&self.out), self.err);
        self
    }
}

/// Runs the binary with this on standard input.
pub(crate) fn run<'a>(arguments: impl IntoIterator<Item = &'a str>, input: impl Into<Vec<u8>>) -> Ran {
    Ran::new(kqltap(arguments).write_stdin(input))
}
