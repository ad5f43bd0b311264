//! Sentinel's analytics-rule YAML, one rule a document.
//!
//! Sentinel's own files have many keys that mean nothing here; all are accepted. What Sentinel does not know stands under
//! `kqltap`, where an unknown key is an error, because nobody else would notice the typing mistake.

use std::sync::Arc;

use serde_json::{Map, Value};
use serde_saphyr::{Location, Options};

use super::document::{Document, Fields, Probe, TestBlock, trimmed};
use super::{Confidence, MAX_FILE_BYTES, Origin, Rule, RuleError, Severity, TestRecord, Tests, derived_id, stem};

/// The rules in the text of a YAML file, in its order. Empty documents are passed over.
///
/// # Errors
/// The text is no YAML, a key has a value of the wrong kind, a document has no `query`, a test record is no JSON object.
/// [`RuleError::NotARule`] if no document has a `query`.
pub fn parse_yaml(path: &str, text: &str) -> Result<Vec<Rule>, RuleError> {
    let source: Arc<str> = Arc::from(text.strip_prefix('\u{feff}').unwrap_or(text));
    let file = RuleFile { path, source: &source };
    let documents = match serde_saphyr::from_multiple_with_options::<Document<Fields>>(&source, options()) {
        Ok(documents) => documents,
        Err(error) => return Err(file.reading_error(&error)),
    };
    let has_query = |document: &Document<Fields>| matches!(document, Document::Mapping(f) if f.query.is_some());
    if !documents.iter().any(has_query) {
        return Err(RuleError::NotARule { path: path.to_owned() });
    }
    documents.into_iter().enumerate().map(|(i, document)| file.rule(i + 1, document)).collect()
}

/// Limits: a rule is small and flat. Aliases are YAML, but a bomb of them is not worth its text.
pub(super) fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 48,
            max_documents: 1_000,
            max_nodes: 200_000,
            max_total_scalar_bytes: MAX_FILE_BYTES,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 10_000,
            max_replay_stack_depth: 8,
            max_alias_expansions_per_anchor: 1_000,
        },
        with_snippet: false,
    }
}

struct RuleFile<'a> {
    path: &'a str,
    source: &'a Arc<str>,
}

impl RuleFile<'_> {
    fn rule(&self, number: usize, document: Document<Fields>) -> Result<Rule, RuleError> {
        let no_query = || RuleError::Invalid {
            path: self.path.to_owned(),
            line: 1,
            column: 1,
            message: format!("document {number} of this file has no `query`; each document must be a rule"),
        };
        let Document::Mapping(fields) = document else {
            return Err(no_query());
        };
        let query = fields.query.ok_or_else(no_query)?;
        if query.value.trim().is_empty() {
            return Err(self.invalid(query.referenced, "`query` is empty; write the KQL text there"));
        }
        let severity = match fields.severity {
            None => Severity::Medium,
            Some(word) => Severity::from_name(word.value.trim()).ok_or_else(|| {
                let known = "Informational, Low, Medium or High";
                self.invalid(word.referenced, format!("severity `{}` is unknown; write {known}", word.value))
            })?,
        };
        let extension = fields.kqltap.unwrap_or_default();
        let confidence = match extension.confidence {
            None => None,
            Some(word) => Some(Confidence::from_name(word.value.trim()).ok_or_else(|| {
                self.invalid(
                    word.referenced,
                    format!("confidence `{}` is unknown; write low, medium or high", word.value),
                )
            })?),
        };
        let name = trimmed(fields.name).unwrap_or_else(|| stem(self.path));
        let tests = extension.tests.unwrap_or_default();
        Ok(Rule {
            id: trimmed(fields.id).unwrap_or_else(|| derived_id(&query.value)),
            description: unquoted(&trimmed(fields.description).unwrap_or_default()).to_owned(),
            version: trimmed(fields.version).unwrap_or_else(|| "1".to_owned()),
            severity,
            confidence,
            tactics: fields.tactics.0,
            techniques: fields.relevant_techniques.0,
            data_sources: extension.data_sources.0,
            false_positives: extension.false_positives.0,
            origin: Origin::within(self.path, self.source, byte_of(query.defined), &query.value, &name),
            tests: Tests { matching: self.records(tests.matching)?, ignored: self.records(tests.ignored)? },
            tuning: Vec::new(),
            query: query.value,
            name,
        })
    }

    fn records(&self, blocks: Vec<TestBlock>) -> Result<Vec<TestRecord>, RuleError> {
        let mut records = Vec::new();
        for block in blocks {
            let first_line = line_of(block.record.defined);
            let before = records.len();
            for (i, text) in block.record.value.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
                let line = first_line + i;
                serde_json::from_str::<Map<String, Value>>(text).map_err(|error| RuleError::Invalid {
                    path: self.path.to_owned(),
                    line,
                    column: column_of(block.record.defined),
                    message: format!("each line of `record` must be one JSON object: {error}"),
                })?;
                let (expect, why) = (block.expect.clone(), block.why.clone());
                records.push(TestRecord { record: text.trim().to_owned(), line, expect, why });
            }
            if records.len() == before {
                return Err(
                    self.invalid(block.record.referenced, "`record` is empty; write JSON objects there, one a line")
                );
            }
        }
        Ok(records)
    }

    /// What the YAML reader said, as an error of this file. A file of YAML that has no `query` anywhere is no rule,
    /// whatever shape its other keys have.
    fn reading_error(&self, error: &serde_saphyr::Error) -> RuleError {
        if let Ok(documents) = serde_saphyr::from_multiple_with_options::<Document<Probe>>(self.source, options()) {
            let means_to_be =
                |document: &Document<Probe>| matches!(document, Document::Mapping(p) if p.query.is_some());
            if !documents.iter().any(means_to_be) {
                return RuleError::NotARule { path: self.path.to_owned() };
            }
        }
        let (location, message) = said(error);
        self.invalid(location, message)
    }

    fn invalid(&self, at: Location, message: impl Into<String>) -> RuleError {
        RuleError::Invalid {
            path: self.path.to_owned(),
            line: line_of(at),
            column: column_of(at),
            message: message.into(),
        }
    }
}

/// What the YAML reader said, where and as a sentence.
pub(super) fn said(error: &serde_saphyr::Error) -> (Location, String) {
    let location = error.location().unwrap_or(Location::UNKNOWN);
    let message = match error.without_snippet() {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            match expected.iter().find(|known| alike(field, known)) {
                Some(known) => format!("there is no key `{field}` here; did you mean `{known}`?"),
                None => format!("there is no key `{field}` here; kqltap knows {}", listed(expected)),
            }
        }
        serde_saphyr::Error::SerdeMissingField { field, .. } => {
            format!("the key `{field}` is missing here; add it")
        }
        other => {
            let text = other.render_with_formatter(&serde_saphyr::UserMessageFormatter);
            let place = format!(" at line {}, column {}", location.line(), location.column());
            format!("the YAML cannot be read: {}", text.strip_suffix(&place).unwrap_or(&text))
        }
    };
    (location, message)
}

pub(super) fn line_of(at: Location) -> usize {
    usize::try_from(at.line()).unwrap_or(1).max(1)
}

pub(super) fn column_of(at: Location) -> usize {
    usize::try_from(at.column()).unwrap_or(1).max(1)
}

/// Where in the file a scalar's text begins; past any file if the reader does not say, and then nothing is mapped.
pub(super) fn byte_of(at: Location) -> usize {
    at.span().byte_offset().and_then(|offset| usize::try_from(offset).ok()).unwrap_or(usize::MAX)
}

/// Sentinel's own descriptions are blocks with one more pair of quotes inside.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text)
}

fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// Whether one key may be the other, mistyped: they are the same but for one stretch of two characters at most, or but
/// for case and separators.
fn alike(written: &str, known: &str) -> bool {
    let bare = |key: &str| key.replace(['_', '-', ' '], "").to_ascii_lowercase();
    let (written, known) = (bare(written), bare(known));
    let head = written.chars().zip(known.chars()).take_while(|(a, b)| a == b).count();
    let tail = written.chars().rev().zip(known.chars().rev()).take_while(|(a, b)| a == b).count();
    let longest = written.chars().count().max(known.chars().count());
    head + tail + 2 >= longest && head + tail > 0
}
