//! A `.kql` file: a query and nothing else.

use super::{Origin, Rule, RuleError, Severity, Tests, derived_id, stem};

/// The rule in the text of a `.kql` file. The file's name is the rule's name, its id derives from the query.
///
/// # Errors
/// The text holds no query.
pub fn parse_kql(path: &str, text: &str) -> Result<Vec<Rule>, RuleError> {
    let query = text.strip_prefix('\u{feff}').unwrap_or(text);
    if query.trim().is_empty() {
        let message = "the file is empty; write a query into it".to_owned();
        return Err(RuleError::Invalid { path: path.to_owned(), line: 1, column: 1, message });
    }
    Ok(vec![Rule {
        id: derived_id(query),
        name: stem(path),
        description: String::new(),
        version: "1".to_owned(),
        severity: Severity::Medium,
        confidence: None,
        tactics: Vec::new(),
        techniques: Vec::new(),
        data_sources: Vec::new(),
        false_positives: Vec::new(),
        query: query.to_owned(),
        origin: Origin::whole(path, query),
        tests: Tests::default(),
        tuning: Vec::new(),
    }])
}
