//! Operators that choose among columns by name: `project-away`, `-keep`, `-rename`, `-reorder`, and `distinct`.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::Binder;
use super::scope::{LegScope, Scope, ScopeColumn, Tabular};
use crate::compile::bound::{RowSource, RowsKind};
use crate::diagnostic::Span;
use crate::kql::ast::{Expr, ExprKind, Name, NamedExpr, ReorderKey};

impl Binder<'_> {
    /// `project-away`, `project-keep`
    pub(super) fn project_names(&mut self, leg: &mut LegScope, keep: bool, names: &[Name]) {
        for name in names {
            self.expect_column(leg, name, keep);
        }
        leg.columns.retain(|c| names.iter().any(|name| matches(&name.text, &c.name)) == keep);
        // What is put away must not come back as a member of the record.
        if keep || leg.columns.is_empty() || matches!(leg.leg.source, RowSource::Elements) {
            leg.close();
        }
    }

    pub(super) fn project_rename(&mut self, leg: &mut LegScope, pairs: &[(Name, Name)]) {
        for (new, old) in pairs {
            self.expect_column(leg, old, true);
            if new.text != old.text && leg.columns.iter().any(|c| c.name == new.text) {
                self.error("KS171", new.span, format!("a column '{}' is already there", new.text));
            }
        }
        // The old name must not find the outer row's column.
        leg.open &= !matches!(leg.leg.source, RowSource::Elements);
        for column in &mut leg.columns {
            if let Some((new, _)) = pairs.iter().find(|(_, old)| old.text == column.name) {
                column.name = new.text.clone();
            }
        }
    }

    pub(super) fn project_reorder(&mut self, leg: &mut LegScope, keys: &[ReorderKey]) {
        let mut rest = std::mem::take(&mut leg.columns);
        let mut ordered: Vec<ScopeColumn> = Vec::with_capacity(rest.len());
        for key in keys {
            let (mut found, others) = rest.into_iter().partition::<Vec<_>, _>(|c| matches(&key.name.text, &c.name));
            rest = others;
            if let Some(descending) = key.descending {
                found.sort_by(|a, b| in_order(&a.name, &b.name, descending));
            }
            ordered.append(&mut found);
        }
        ordered.append(&mut rest);
        leg.columns = ordered;
        for key in keys {
            self.expect_column(leg, &key.name, false);
        }
    }

    /// Says so if a name that holds no `*` is no column. Where the table is open it may be one that a record has.
    fn expect_column(&mut self, leg: &mut LegScope, name: &Name, read: bool) {
        if name.text.contains('*') || leg.columns.iter().any(|c| c.name == name.text) {
            return;
        }
        if read || !leg.is_open() {
            let column = Expr { kind: ExprKind::Name(name.clone()), span: name.span };
            self.scalar(&column, &mut Scope::Row(leg));
        }
    }

    pub(super) fn distinct(&mut self, mut table: Tabular, list: &[NamedExpr], span: Span) -> Option<Tabular> {
        let all = matches!(list, [NamedExpr { value, .. }] if matches!(value.kind, ExprKind::Star));
        if !all {
            for leg in &mut table.legs {
                self.project(leg, list);
            }
        }
        let columns = table.columns();
        Some(Tabular::of(self.rows(RowsKind::Distinct, table.finish(), columns, span, "distinct")))
    }

    /// Output names that an operator gives must differ.
    pub(super) fn check_names(&mut self, names: &[(String, Span)]) {
        let mut taken: HashSet<&str> = HashSet::new();
        for (name, span) in names {
            if !taken.insert(name) {
                self.error("KS171", *span, format!("a column '{name}' is already declared in this operator"));
            }
        }
    }
}

fn in_order(a: &str, b: &str, descending: bool) -> Ordering {
    if descending { b.cmp(a) } else { a.cmp(b) }
}

/// Whether `name` is what a pattern with `*` in it names.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_match_any_text() {
        for (pattern, name, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*a", "a", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXcYb", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
