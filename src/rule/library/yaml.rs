//! Sentinel's parser YAML: a function a document.

use std::sync::Arc;

use super::document::{Fields, Probe};
use super::{Entry, Source, parameters};
use crate::rule::document::{Document, trimmed};
use crate::rule::yaml::{byte_of, column_of, line_of, options};
use crate::rule::{Origin, RuleError, stem};

/// The functions in the text of a YAML file.
pub(super) fn functions(path: &str, text: &str) -> Result<Vec<Entry>, RuleError> {
    let source: Arc<str> = Arc::from(text.strip_prefix('\u{feff}').unwrap_or(text));
    let documents = match serde_saphyr::from_multiple_with_options::<Document<Fields>>(&source, options()) {
        Ok(documents) => documents,
        Err(error) => return Err(refusal(path, &source, &error)),
    };
    let found: Vec<Entry> = documents.into_iter().filter_map(|document| entry(path, &source, document)).collect();
    if found.is_empty() { Err(RuleError::NotAFunction { path: path.to_owned() }) } else { Ok(found) }
}

fn entry(path: &str, source: &Arc<str>, document: Document<Fields>) -> Option<Entry> {
    let Document::Mapping(fields) = document else { return None };
    let (query, list) = match (fields.function_query, fields.parser_query) {
        (Some(query), _) => (query, fields.function_params),
        (None, Some(query)) => (query, fields.parser_params),
        (None, None) => return None,
    };
    // The alias is what queries call; a parser's title may stand where its name should.
    let given = [
        fields.function_alias,
        fields.function_name,
        fields.parser_name,
        fields.equivalent_built_in_function,
        fields.equivalent_built_in_parser,
    ];
    let mut names: Vec<String> = Vec::new();
    for name in given.into_iter().filter_map(trimmed) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        names.push(stem(path));
    }
    let origin = Origin::within(path, source, byte_of(query.defined), &query.value, &names[0]);
    let source = Source { parameters: parameters::written(&list.0), body: query.value, origin };
    Some(Entry::new(names, path, source))
}

/// What the YAML reader said. A file of YAML that has no query of a function is none, whatever else is wrong with it.
fn refusal(path: &str, source: &Arc<str>, error: &serde_saphyr::Error) -> RuleError {
    if let Ok(documents) = serde_saphyr::from_multiple_with_options::<Document<Probe>>(source, options()) {
        let means_to_be = |document: &Document<Probe>| matches!(document, Document::Mapping(p) if p.means_to_be());
        if !documents.iter().any(means_to_be) {
            return RuleError::NotAFunction { path: path.to_owned() };
        }
    }
    let location = error.location().unwrap_or(serde_saphyr::Location::UNKNOWN);
    let text = error.without_snippet().render_with_formatter(&serde_saphyr::UserMessageFormatter);
    RuleError::Invalid {
        path: path.to_owned(),
        line: line_of(location),
        column: column_of(location),
        message: format!("the YAML cannot be read: {text}"),
    }
}
