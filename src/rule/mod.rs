//! Rules as analysts keep them: Sentinel's analytics-rule YAML, or a bare `.kql` file.
//!
//! This stage reads files and knows their text. What a query means is for [`crate::kql`] and the stages behind it.

mod attack;
mod document;
mod error;
mod external;
mod files;
mod geo;
mod kql_file;
mod library;
mod origin;
mod pack;
mod stamps;
mod tuning;
mod user_agents;
mod watchlist;
mod yaml;

use std::path::Path;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use attack::Attack;
pub use error::RuleError;
pub use external::{
    ExternalFiles, Format, JsonPath, MAX_EXTERNAL_BYTES, MAX_EXTERNAL_CELLS, json_mapping, rows as external_rows,
};
pub use files::{MAX_FILE_BYTES, files, load, load_file};
pub use geo::{GeoDatabase, MAX_GEO_BYTES};
pub use kql_file::{MAX_SPLIT_BYTES, parse_kql};
pub use library::{FunctionLibrary, Libraries, SavedFunction};
pub use origin::Origin;
pub use pack::{builtin, page};
pub use stamps::Stamps;
pub use tuning::{Exception, ListChange, RuleTuning, Tuning};
pub use user_agents::UserAgents;
pub use watchlist::{MAX_WATCHLIST_BYTES, MAX_WATCHLIST_CELLS, Watchlist, Watchlists};
pub use yaml::parse_yaml;

/// One detection: a query and what is known about it.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The rule's GUID as its file has it; without one, a GUID derived from the query.
    pub id: String,
    /// The rule's name; without one, the file's name without its ending.
    pub name: String,
    /// What the rule is about; may be empty.
    pub description: String,
    /// As written, `1.0.3`; `1` if the file has none.
    pub version: String,
    /// Medium if the file has none, as in hunting queries.
    pub severity: Severity,
    /// `kqltap: confidence`
    pub confidence: Option<Confidence>,
    /// MITRE ATT&CK tactics, spelled as Sentinel does: `CredentialAccess`.
    pub tactics: Vec<String>,
    /// MITRE ATT&CK techniques and sub-techniques: `T1528`, `T1552.005`.
    pub techniques: Vec<String>,
    /// `kqltap: dataSources`
    pub data_sources: Vec<String>,
    /// `kqltap: falsePositives`
    pub false_positives: Vec<String>,
    /// The KQL text.
    pub query: String,
    /// Where the query's text stands.
    pub origin: Origin,
    /// The rule's own proof.
    pub tests: Tests,
    /// What tuning overlays have changed of it, a sentence each.
    pub tuning: Vec<String>,
}

/// Sentinel's severities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// `Informational`
    Informational,
    /// `Low`
    Low,
    /// `Medium`
    Medium,
    /// `High`
    High,
}

impl Severity {
    /// The word that alerts use, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Informational => "informational",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }

    /// The severity of that name, in any case.
    pub fn from_name(name: &str) -> Option<Severity> {
        [Severity::Informational, Severity::Low, Severity::Medium, Severity::High]
            .into_iter()
            .find(|severity| severity.name().eq_ignore_ascii_case(name))
    }
}

/// How sure a match of the rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// `low`
    Low,
    /// `medium`
    Medium,
    /// `high`
    High,
}

impl Confidence {
    /// The word that alerts use, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }

    /// The confidence of that name, in any case.
    pub fn from_name(name: &str) -> Option<Confidence> {
        [Confidence::Low, Confidence::Medium, Confidence::High]
            .into_iter()
            .find(|confidence| confidence.name().eq_ignore_ascii_case(name))
    }
}

/// Records that a rule carries to prove itself: `kqltap: tests`.
#[derive(Clone, Debug, Default)]
pub struct Tests {
    /// Each of these must give an alert.
    pub matching: Vec<TestRecord>,
    /// None of these may give an alert.
    pub ignored: Vec<TestRecord>,
}

/// One record of a rule's tests.
#[derive(Clone, Debug)]
pub struct TestRecord {
    /// The record: one line that holds one JSON object.
    pub record: String,
    /// Where it stands: the line in the rule's file, from 1.
    pub line: usize,
    /// Columns of the alert and the values they must have; empty if nothing was said.
    pub expect: Map<String, Value>,
    /// What the record shows.
    pub why: Option<String>,
}

/// The file's name without folders and ending.
fn stem(path: &str) -> String {
    Path::new(path).file_stem().map_or_else(|| path.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// An id for a rule that has none: 128 bits of the query's SHA-256, written as a GUID. Line ends do not count, so that a
/// checkout on Windows gives the same id.
fn derived_id(query: &str) -> String {
    let digest = Sha256::digest(query.replace("\r\n", "\n"));
    let mut id = String::with_capacity(36);
    for (i, byte) in digest.iter().take(16).enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        id.push_str(&format!("{byte:02x}"));
    }
    id
}

#[cfg(test)]
mod tests;
