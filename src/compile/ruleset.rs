//! Rules, compiled: immutable, shared by every worker.

use std::collections::HashMap;
use std::sync::Arc;

use super::bind::{BindOptions, bind_query};
use super::bound::BoundQuery;
use super::ir::TableProgram;
use super::lower::Lowering;
use crate::diagnostic::Diagnostic;
use crate::kql::{Limits, parse};
use crate::matcher::column::{BuildError, ColumnMatcher};
use crate::record::{Layout, TableColumns};
use crate::rule::Rule;
use crate::schema::Catalog;

/// A rule and its query with every name bound.
#[derive(Debug)]
pub struct BoundRule {
    /// What the rule's file says of it.
    pub rule: Rule,
    /// Its query.
    pub query: BoundQuery,
}

/// Every rule of a run, and a program for each table that they read.
#[derive(Debug)]
pub struct Ruleset {
    /// In the order in which they were given.
    pub rules: Vec<BoundRule>,
    /// One a table, in the order of the layout.
    pub tables: Vec<TableMatcher>,
    /// Which members of a record are decoded.
    pub layout: Arc<Layout>,
}

/// One table's program and its automata.
#[derive(Debug)]
pub struct TableMatcher {
    /// What is evaluated.
    pub program: TableProgram,
    /// The automaton of each of the program's subjects.
    pub columns: Vec<ColumnMatcher>,
}

/// Parses and binds a rule's query. Without an error among the diagnostics there is a rule.
pub fn bind_rule(
    rule: Rule,
    catalog: &Catalog,
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
        let (query, more) = bind_query(&parsed.query, catalog, options);
        diagnostics.extend(more);
        query
    };
    diagnostics.sort_by_key(|d| (d.span.start, d.span.end));
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    let bound = query.filter(|_| !failed).map(|query| BoundRule { rule, query });
    (bound, diagnostics)
}

impl Ruleset {
    /// Compiles bound rules. `default_table` is the table of records that name none.
    pub fn new(rules: Vec<BoundRule>, catalog: &Catalog, default_table: Option<&str>) -> Result<Ruleset, BuildError> {
        let mut order: Vec<Lowering> = Vec::new();
        let mut by_table: HashMap<String, usize> = HashMap::new();
        for (rule_index, bound) in rules.iter().enumerate() {
            for (leg_index, leg) in bound.query.legs.iter().enumerate() {
                let at = *by_table.entry(leg.table.name.clone()).or_insert_with(|| {
                    order.push(Lowering::new(leg.table.clone()));
                    order.len() - 1
                });
                order[at].add(rule_index, leg_index, leg);
            }
        }
        let programs: Vec<TableProgram> = order.into_iter().map(Lowering::finish).collect();
        let wanted: Vec<TableColumns> = programs
            .iter()
            .map(|p| TableColumns {
                table: p.table.clone(),
                columns: p.columns.clone(),
            })
            .collect();
        let layout = Arc::new(Layout::new(catalog, &wanted, default_table));
        let tables = programs
            .into_iter()
            .map(|program| {
                let columns = program
                    .subjects
                    .iter()
                    .map(ColumnMatcher::new)
                    .collect::<Result<_, _>>()?;
                Ok(TableMatcher { program, columns })
            })
            .collect::<Result<_, _>>()?;
        Ok(Ruleset { rules, tables, layout })
    }
}
