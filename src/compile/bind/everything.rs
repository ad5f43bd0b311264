//! `union *`, `search` and `find` over all tables.
//!
//! All tables together have thousands of columns, and most of them stand in one table only. So a row of all tables has its
//! table's name, the columns that every table has, those that the query names, and one bag of all others of its own table.
//! Which the query names is found out by binding it: a name that is not in scope, and that some table has, is there when it
//! is bound again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Binder;
use super::plugin::converted;
use super::room::COLUMN_WEIGHT;
use super::scope::{LegScope, Place, ScopeColumn, Tabular};
use crate::compile::bound::{Bound, BoundKind};
use crate::diagnostic::{Diagnostic, Span};
use crate::schema::{ScalarType, Table};
use crate::value::Value;
use crate::value::functions::{Callee, PACK_FILLED};

/// The columns that a row of all tables has, named or not.
pub(super) const ALWAYS: [&str; 2] = ["TimeGenerated", "Type"];

/// The bag of the columns that the query does not name, as `find` calls it.
pub(super) const REST: &str = "pack_";

impl Binder<'_> {
    /// Rows of every known table; the column `source`, if asked for, holds the table's name.
    pub(super) fn all_tables(&mut self, source: Option<&str>, span: Span) -> Option<Tabular> {
        self.reads_all = true;
        let mut names: Vec<String> = self.catalog.names().map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        let tables: Vec<Arc<Table>> = names.iter().filter_map(|name| self.catalog.table(name)).collect();
        let mut asked: Vec<String> = ALWAYS.map(str::to_owned).to_vec();
        asked.extend(self.custom_columns.iter().filter(|name| !ALWAYS.contains(&name.as_str())).cloned());
        let types = usual_types(&tables);
        let columns: Vec<(String, ScalarType)> =
            asked.into_iter().filter_map(|name| types.get(name.as_str()).map(|ty| (name.clone(), *ty))).collect();
        let held: usize = tables.iter().map(|table| table.columns.len() + columns.len()).sum();
        if !self.has_room_for_legs(0, tables.len(), span) || !self.spend(held.saturating_mul(COLUMN_WEIGHT), span) {
            return None;
        }
        let message = format!(
            "a row of all tables has its TimeGenerated, its Type, and the columns that the query names; '{REST}' holds what \
             else its table has"
        );
        if !self.diagnostics.iter().any(|d| d.message == message) {
            self.report(
                Diagnostic::warning("KT014", span, message)
                    .help("columns of one name and several types have the type that most of their tables give them"),
            );
        }
        let legs = tables.into_iter().map(|table| row_of(table, source, &columns, span)).collect();
        Some(Tabular { legs, order: Vec::new() })
    }
}

/// A table's row in the form that rows of all tables have.
fn row_of(table: Arc<Table>, source: Option<&str>, columns: &[(String, ScalarType)], span: Span) -> LegScope {
    let name = Value::string(table.name.clone());
    let mut leg = LegScope::of(table);
    let mut shown: Vec<ScopeColumn> = Vec::with_capacity(columns.len() + 2);
    if let Some(source) = source {
        shown.push(leg.assign(source, Bound::constant(name, ScalarType::String, span)));
    }
    for (name, ty) in columns {
        let own = leg.columns.iter().position(|c| c.name == *name);
        shown.push(match own {
            Some(at) if leg.columns[at].ty == *ty => leg.columns[at].clone(),
            Some(at) => {
                let value = leg.column(name, span).unwrap_or_else(|| Bound::error(span));
                debug_assert_eq!(leg.columns[at].name, *name);
                leg.assign(name, converted(value, *ty))
            }
            None => leg.missing(name, *ty),
        });
    }
    shown.push(ScopeColumn { name: REST.to_owned(), ty: ScalarType::Dynamic, place: Place::Rest });
    let own = std::mem::replace(&mut leg.columns, shown);
    leg.close();
    leg.rest = own.into_iter().filter(|c| !columns.iter().any(|(name, _)| *name == c.name)).collect();
    leg
}

/// The type that most tables give a column of each name; of equally many the one whose name comes first.
fn usual_types(tables: &[Arc<Table>]) -> HashMap<&str, ScalarType> {
    let mut counts: HashMap<&str, BTreeMap<&str, (usize, ScalarType)>> = HashMap::new();
    for column in tables.iter().flat_map(|table| &table.columns) {
        counts.entry(&column.name).or_default().entry(column.ty.name()).or_insert((0, column.ty)).0 += 1;
    }
    let usual = |types: BTreeMap<&str, (usize, ScalarType)>| {
        types.into_values().reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, ty)| ty)
    };
    counts.into_iter().filter_map(|(name, types)| Some((name, usual(types)?))).collect()
}

impl LegScope {
    /// The columns of the row that are in no column's name, as a bag of those that are not empty.
    pub(super) fn packed_rest(&mut self) -> Bound {
        let span = Span::default();
        let mut pairs = Vec::with_capacity(self.rest.len() * 2);
        for (name, cell, ty) in self.rest_cells() {
            pairs.push(Bound::constant(Value::string(name), ScalarType::String, span));
            pairs.push(Bound { kind: BoundKind::Cell(cell), ty, span });
        }
        match Callee::of(&PACK_FILLED, &[]) {
            Ok(callee) => Bound { kind: BoundKind::Call(callee, pairs), ty: ScalarType::Dynamic, span },
            Err(_) => Bound::constant(Value::Null, ScalarType::Dynamic, span),
        }
    }
}
