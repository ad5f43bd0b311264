//! A rule's query, parsed and bound.

use super::bind::{BindOptions, bind_query_with};
use super::bound::BoundQuery;
use crate::diagnostic::Diagnostic;
use crate::kql::{Limits, parse};
use crate::rule::{Libraries, Rule};
use crate::schema::Catalog;

/// A rule and its query with every name bound.
#[derive(Debug)]
pub struct BoundRule {
    /// What the rule's file says of it.
    pub rule: Rule,
    /// Its query.
    pub query: BoundQuery,
}

/// Parses and binds a rule's query. Without an error among the diagnostics there is a rule.
pub fn bind_rule(
    rule: Rule,
    catalog: &Catalog,
    limits: &Limits,
    options: BindOptions,
) -> (Option<BoundRule>, Vec<Diagnostic>) {
    bind_rule_with(rule, catalog, &Libraries::default(), limits, options)
}

/// The same, with saved functions and watchlists. Without [`BindOptions::batch`] a query that cannot be answered record by
/// record is refused.
pub fn bind_rule_with(
    rule: Rule,
    catalog: &Catalog,
    libraries: &Libraries,
    limits: &Limits,
    options: BindOptions,
) -> (Option<BoundRule>, Vec<Diagnostic>) {
    let parsed = parse(&rule.query, limits);
    let mut diagnostics = parsed.diagnostics;
    // What could not be read is still bound around, so that all mistakes are shown at once; a tree too deep is not.
    let too_deep = diagnostics.iter().any(|d| matches!(d.code, "KS244" | "KS245"));
    let query = if too_deep {
        None
    } else {
        let (query, more) = bind_query_with(&parsed.query, catalog, libraries, options);
        diagnostics.extend(more);
        if let Some(query) = &query
            && !options.batch
        {
            diagnostics.extend(query.stream_refusals());
        }
        query
    };
    diagnostics.sort_by_key(|d| (d.span.start, d.span.end));
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    let bound = query.filter(|_| !failed).map(|query| BoundRule { rule, query });
    (bound, diagnostics)
}
