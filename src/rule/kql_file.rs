//! A `.kql` file: a query and nothing else, or several with blank lines between them, as Kusto Explorer keeps them.

use std::sync::Arc;

use super::{Origin, Rule, RuleError, Severity, Tests, derived_id, stem};
use crate::kql::ast::Statement;
use crate::kql::{Limits, parse};

/// The longest query, in bytes, that a file of several may hold; a file of longer ones is read as one query. Where a query
/// ends is found by reading it again with each block of lines, so this bounds the time.
pub const MAX_SPLIT_BYTES: usize = 64 << 10;

/// The rules in the text of a `.kql` file. The file's name is the rule's name, the id derives from the query. Of several
/// queries the second is called `name (2)`, and so on.
///
/// # Errors
/// The text holds no query.
pub fn parse_kql(path: &str, text: &str) -> Result<Vec<Rule>, RuleError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        let message = "the file is empty; write a query into it".to_owned();
        return Err(RuleError::Invalid { path: path.to_owned(), line: 1, column: 1, message });
    }
    let Some(queries) = several(text) else {
        return Ok(vec![rule(stem(path), text, Origin::whole(path, text))]);
    };
    let source: Arc<str> = Arc::from(text);
    let named = |(at, (start, query)): (usize, (usize, &str))| {
        let name = if at == 0 { stem(path) } else { format!("{} ({})", stem(path), at + 1) };
        let origin = Origin::within(path, &source, start, query, &name);
        rule(name, query, origin)
    };
    Ok(queries.into_iter().enumerate().map(named).collect())
}

fn rule(name: String, query: &str, origin: Origin) -> Rule {
    Rule {
        id: derived_id(query),
        name,
        description: String::new(),
        version: "1".to_owned(),
        severity: Severity::Medium,
        confidence: None,
        tactics: Vec::new(),
        techniques: Vec::new(),
        data_sources: Vec::new(),
        false_positives: Vec::new(),
        query: query.to_owned(),
        origin,
        tests: Tests::default(),
        tuning: Vec::new(),
    }
}

/// The queries of a text that is no query as a whole, and where each begins; `None` if it is one, or cannot be cut at blank
/// lines into good ones. Blank lines stand within queries too, so a query goes on until it can be read, and while the next
/// line is piped.
fn several(text: &str) -> Option<Vec<(usize, &str)>> {
    if is_query(text) || text.len() > Limits::default().max_length {
        return None;
    }
    let blocks = blocks(text);
    let mut queries = Vec::new();
    let mut start: Option<usize> = None;
    for (at, (from, to)) in blocks.iter().enumerate() {
        let begin = *start.get_or_insert(*from);
        let query = text.get(begin..*to)?;
        if query.len() > MAX_SPLIT_BYTES {
            return None;
        }
        let goes_on = blocks.get(at + 1).and_then(|(next, _)| text.get(*next..)).is_some_and(is_continued);
        if !goes_on && is_query(query) {
            queries.push((begin, query));
            start = None;
        }
    }
    // What is left over, if it is more than remarks, is part of no query.
    let rest = start.and_then(|start| text.get(start..)).unwrap_or_default();
    let only_remarks = rest.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with("//"));
    (queries.len() > 1 && only_remarks).then_some(queries)
}

/// Whether a line goes on with the query before it: it is piped, perhaps behind remarks.
fn is_continued(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//"));
    first.is_some_and(|line| line.trim_start().starts_with('|'))
}

/// The stretches of lines between blank ones: where each begins and ends.
fn blocks(text: &str) -> Vec<(usize, usize)> {
    let mut blocks: Vec<(usize, usize)> = Vec::new();
    let (mut at, mut after_blank) = (0, true);
    for line in text.split_inclusive('\n') {
        let blank = line.trim().is_empty();
        let end = at + line.trim_end().len();
        match blocks.last_mut() {
            Some(last) if !blank && !after_blank => last.1 = end,
            _ if !blank => blocks.push((at, end)),
            _ => {}
        }
        after_blank = blank;
        at += line.len();
    }
    blocks
}

/// Whether a text can be read as statements with one query among them.
fn is_query(text: &str) -> bool {
    let parsed = parse(text, &Limits::default());
    let queries = parsed.query.statements.iter().filter(|s| matches!(s, Statement::Expression(_))).count();
    queries == 1 && !parsed.diagnostics.iter().any(crate::diagnostic::Diagnostic::is_error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    fn queries(text: &str) -> Vec<(String, String)> {
        parse_kql("rules/a.kql", text).unwrap().into_iter().map(|rule| (rule.name, rule.query)).collect()
    }

    #[test]
    fn blank_lines_part_queries_that_end_there() {
        let text = "// first\nSyslog\n\n| where Facility == 'a'\n\n// second\n\nlet x = 1;\n\nEvent\r\n| where EventID == x\r\n\r\n// end\n";
        let found = queries(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], ("a".to_owned(), "// first\nSyslog\n\n| where Facility == 'a'".to_owned()));
        assert_eq!(found[1].0, "a (2)");
        assert!(found[1].1.starts_with("// second") && found[1].1.ends_with("== x"));
        let rules = parse_kql("a.kql", text).unwrap();
        let at = rules[1].query.find("EventID").unwrap();
        assert_eq!(rules[1].origin.line_and_column(Span::new(at, at + 7)), (11, 9));
        assert_ne!(rules[0].id, rules[1].id);
    }

    #[test]
    fn one_query_stays_one() {
        for text in [
            "let a = 1;\n\nSyslog\n\n| where SeverityLevel == 'x'\n",
            "Syslog\n| where Facility in (\n'a',\n\n'b')",
            // A mistake is shown where it is, and not taken for the end of a query.
            "Syslog\n\nwhere Facility = 'a'",
            "Syslog | where (Facility == 'a'\n\nEvent",
        ] {
            assert_eq!(queries(text), [("a".to_owned(), text.to_owned())], "{text}");
        }
    }
}
