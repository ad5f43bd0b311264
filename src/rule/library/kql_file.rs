//! Functions in a file of KQL: what its lets define, or the whole file under the file's name.

use std::sync::OnceLock;

use super::{Entry, SavedFunction, Source};
use crate::kql::ast::{ExprKind, Function, Query, Statement};
use crate::kql::{Limits, parse};
use crate::rule::{Origin, RuleError, stem};

/// The functions in the text of a `.kql` or `.txt` file.
///
/// Without a query behind its lets, each `let name = (…) {…}` is a function. Else the file is one, named after it: the
/// let of that name, with its parameters, or the query.
pub(super) fn functions(path: &str, text: &str, limits: &Limits) -> Result<Vec<Entry>, RuleError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(RuleError::NotAFunction { path: path.to_owned() });
    }
    let origin = Origin::whole(path, text);
    let parsed = parse(text, limits);
    let own = stem(path);
    let statements = &parsed.query.statements;
    let is_query = statements.iter().any(|statement| matches!(statement, Statement::Expression(_)));
    let mut found = Vec::new();
    for (at, statement) in statements.iter().enumerate() {
        let Statement::Let { name, value, .. } = statement else { continue };
        let ExprKind::Function(function) = &value.kind else { continue };
        if !is_query || name.text == own {
            let body = with_lets(&statements[..at], function);
            found.push((name.text.clone(), function.parameters.clone(), body));
        }
    }
    if found.is_empty() && is_query {
        found.push((own, Vec::new(), parsed.query));
    }
    if found.is_empty() {
        return Err(RuleError::NotAFunction { path: path.to_owned() });
    }
    let entry = |(name, parameters, body): (String, _, _)| {
        let source = Source { parameters: String::new(), body: String::new(), origin: origin.clone() };
        let function = SavedFunction {
            name: name.clone(),
            parameters,
            body,
            path: path.to_owned(),
            origin: origin.clone(),
            diagnostics: parsed.diagnostics.clone(),
        };
        Entry { function: OnceLock::from(function), ..Entry::new(vec![name], path, source) }
    };
    Ok(found.into_iter().map(entry).collect())
}

/// A function's body, and before it the lets that stand before the function: it may use them. A parameter hides a let.
fn with_lets(before: &[Statement], function: &Function) -> Query {
    let hidden = |name: &str| function.parameters.iter().any(|parameter| parameter.name.text == name);
    let lets =
        before.iter().filter(|statement| matches!(statement, Statement::Let { name, .. } if !hidden(&name.text)));
    Query { statements: lets.chain(&function.body.statements).cloned().collect() }
}
