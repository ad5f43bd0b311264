//! Operators that choose among columns by name: `project-away`, `-keep`, `-rename`, `-reorder`, and `distinct`.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use super::Binder;
use super::scope::{LegScope, Scope, ScopeColumn, Tabular};
use crate::compile::bound::{RowSource, RowsKind};
use crate::diagnostic::Span;
use crate::kql::ast::{Expr, ExprKind, Name, NamedExpr, ReorderKey};

/// The most names with `*` that one operator takes.
const MAX_PATTERNS: usize = 256;

impl Binder<'_> {
    /// `project-away`, `project-keep`
    pub(super) fn project_names(&mut self, leg: &mut LegScope, keep: bool, names: &[Name]) {
        self.check_patterns(names);
        let known = column_names(leg);
        for name in names.iter().filter(|name| !known.contains(&name.text)) {
            self.expect_column(leg, name, keep);
        }
        let (patterns, plain): (Vec<&str>, Vec<&str>) =
            names.iter().map(|n| n.text.as_str()).partition(|n| n.contains('*'));
        let patterns = &patterns[..patterns.len().min(MAX_PATTERNS)];
        let plain: HashSet<&str> = plain.into_iter().collect();
        let named = |column: &str| plain.contains(column) || patterns.iter().any(|pattern| matches(pattern, column));
        leg.columns.retain(|c| named(&c.name) == keep);
        // What is put away must not come back as a member of the record.
        if keep || leg.columns.is_empty() || matches!(leg.leg.source, RowSource::Elements) {
            leg.close();
        }
    }

    pub(super) fn project_rename(&mut self, leg: &mut LegScope, pairs: &[(Name, Name)]) {
        let known = column_names(leg);
        for (new, old) in pairs {
            if !known.contains(&old.text) {
                self.expect_column(leg, old, true);
            }
            let is_renamed = pairs.iter().any(|(_, old)| old.text == new.text);
            if new.text != old.text && !is_renamed && self.custom_columns.contains(&new.text) {
                // A custom table was given that column for another part of the query to have it: this part says that it
                // has none.
                leg.columns.retain(|column| column.name != new.text);
            } else if new.text != old.text && known.contains(&new.text) {
                self.error("KS171", new.span, format!("a column '{}' is already there", new.text));
            }
        }
        // Of a column that is renamed twice the first name counts.
        let renamed: HashMap<&str, &str> = pairs.iter().rev().map(|(new, old)| (&*old.text, &*new.text)).collect();
        // The old name must not find the outer row's column.
        leg.open &= !matches!(leg.leg.source, RowSource::Elements);
        for column in &mut leg.columns {
            if let Some(new) = renamed.get(column.name.as_str()) {
                column.name = (*new).to_owned();
            }
        }
    }

    pub(super) fn project_reorder(&mut self, leg: &mut LegScope, keys: &[ReorderKey]) {
        self.check_patterns(keys.iter().map(|key| &key.name));
        let mut rest: Vec<Option<ScopeColumn>> = std::mem::take(&mut leg.columns).into_iter().map(Some).collect();
        let name_of = |column: &Option<ScopeColumn>| column.as_ref().map_or(String::new(), |c| c.name.clone());
        let places: HashMap<String, usize> = rest.iter().enumerate().map(|(at, c)| (name_of(c), at)).collect();
        let mut ordered: Vec<ScopeColumn> = Vec::with_capacity(rest.len());
        let mut patterns = 0;
        for key in keys {
            let name = key.name.text.as_str();
            if !name.contains('*') {
                ordered.extend(places.get(name).and_then(|at| rest[*at].take()));
                continue;
            }
            patterns += 1;
            if patterns > MAX_PATTERNS {
                break;
            }
            let matching = |c: &&mut Option<ScopeColumn>| c.as_ref().is_some_and(|c| matches(name, &c.name));
            let mut found: Vec<ScopeColumn> = rest.iter_mut().filter(matching).filter_map(Option::take).collect();
            if let Some(descending) = key.descending {
                found.sort_by(|a, b| in_order(&a.name, &b.name, descending));
            }
            ordered.append(&mut found);
        }
        ordered.extend(rest.into_iter().flatten());
        leg.columns = ordered;
        for key in keys.iter().filter(|key| !places.contains_key(&key.name.text)) {
            self.expect_column(leg, &key.name, false);
        }
    }

    /// Each pattern is held against each column, so there must not be many of both.
    fn check_patterns<'n>(&mut self, names: impl IntoIterator<Item = &'n Name>) {
        if let Some(name) = names.into_iter().filter(|name| name.text.contains('*')).nth(MAX_PATTERNS) {
            let message = format!("one operator takes no more than {MAX_PATTERNS} names with '*' in them");
            self.error("KS245", name.span, message);
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

fn column_names(leg: &LegScope) -> HashSet<String> {
    leg.columns.iter().map(|c| c.name.clone()).collect()
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
