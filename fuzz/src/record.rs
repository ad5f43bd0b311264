//! Lines of input: the decoder takes JSON alone, and both evaluators give the same alerts of the rules that come with kqltap.

use std::sync::{Arc, LazyLock};

use kqltap::compile::{BindOptions, bind_rule};
use kqltap::kql;
use kqltap::matcher::{Path, Ruleset};
use kqltap::record::{Decoder, Limits};
use kqltap::rule::{builtin, parse_kql};
use kqltap::value::DateTime;
use kqltap::value::functions::Context;
use serde::de::IgnoredAny;

use super::evaluate::alerts;
use super::query::CATALOG;

/// Asks for every kind of column, so that there is something to get wrong.
const QUERY: &str = "union DeviceFileEvents, DeviceNetworkEvents, AuditLogs, SigninLogs, Syslog
    | extend Id = strcat(Type, FileSize, LocalPort, Timestamp, TimeGenerated, IsAzureInfoProtectionApplied)
    | where Id has 'a' or tostring(AdditionalFields) has 'b' or tostring(TargetResources[0].displayName) contains 'c'";

static RULES: LazyLock<Arc<Ruleset>> = LazyLock::new(|| {
    let rules = builtin().unwrap().into_iter().chain(parse_kql("all.kql", QUERY).unwrap());
    let bind = |rule| bind_rule(rule, &CATALOG, &kql::Limits::default(), BindOptions::default()).0.unwrap();
    Arc::new(Ruleset::new(rules.map(bind).collect(), &CATALOG, None).unwrap())
});

pub fn record(bytes: &[u8]) {
    let lines: Vec<&[u8]> = bytes.split(|&b| b == b'\n').collect();
    let mut decoder = Decoder::new(RULES.layout.clone(), Limits::default());
    for line in &lines {
        if let Ok(records) = decoder.decode(line) {
            let text = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
            serde_json::from_slice::<IgnoredAny>(text).expect("the decoder takes what is no JSON");
            assert!(records.len() <= line.len());
        }
    }
    let context = Context { now: DateTime::parse("2026-11-24T12:00:00Z").unwrap() };
    let [compiled, plain] = [Path::Compiled, Path::Plain].map(|path| alerts(&RULES, path, &lines, &context));
    assert_eq!(compiled, plain);
}
