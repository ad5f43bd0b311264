//! `find`: rows of several tables, the columns that are asked for, and the rest in a bag.

use super::Binder;
use super::everything::REST;
use super::plugin::converted;
use super::scope::{Scope, ScopeColumn, Tabular};
use super::search::SOURCE as SOURCE_OF_SEARCH;
use super::walk;
use crate::diagnostic::Span;
use crate::kql::ast::{Argument, Expr, ExprKind, Find, Literal, LiteralKind, Name, Union};

/// What the column with the table's name is called.
const SOURCE: &str = "source_";

impl Binder<'_> {
    /// Without `project` it shows the columns that all tables have and those that the predicate names.
    pub(super) fn find(&mut self, find: &Find, span: Span) -> Option<Tabular> {
        let source = find.with_source.as_ref().map_or(SOURCE, |name| name.text.as_str());
        let named = |text: &str| Expr { kind: ExprKind::Name(Name { text: text.to_owned(), span }), span };
        let parameter = (Name { text: "withsource".to_owned(), span }, named(source));
        let everything = [Expr { kind: ExprKind::Star, span }];
        let legs = if find.tables.is_empty() { everything.to_vec() } else { find.tables.clone() };
        let union = Union { parameters: vec![parameter], legs };
        let table = self.union(None, &union, span)?;
        let mut table = self.search(table, &find.predicate, false)?;
        let shown = match &find.project {
            Some(columns) => columns.clone(),
            None => self.smart_columns(find, &table),
        };
        for leg in &mut table.legs {
            let mut columns: Vec<ScopeColumn> = leg.columns.iter().filter(|c| c.name == source).cloned().collect();
            for (name, ty) in &shown {
                let ty = match ty {
                    Some(ty) => Some(self.type_of(ty)?),
                    None => None,
                };
                let mut value = self.scalar(&named(&name.text), &mut Scope::Row(leg));
                if value.is_error() {
                    return None;
                }
                if let Some(ty) = ty.filter(|ty| *ty != value.ty) {
                    value = converted(value, ty);
                }
                columns.push(leg.assign(&name.text, value));
            }
            if find.pack {
                leg.columns.retain(|c| c.name != SOURCE_OF_SEARCH && (c.name != REST || leg.rest.is_empty()));
                let mut rest = std::mem::take(&mut leg.rest);
                leg.columns.append(&mut rest);
                leg.columns.retain(|c| !columns.iter().any(|shown| shown.name == c.name));
                let kind = ExprKind::Literal(Literal { kind: LiteralKind::Bool, text: "true".to_owned() });
                let filled = [Argument { name: None, value: Expr { kind, span } }];
                let bag = self.pack_all(&filled, &mut Scope::Row(leg), span);
                columns.push(leg.assign("pack_", bag));
            }
            leg.columns = columns;
            leg.close();
        }
        Some(table)
    }

    fn smart_columns(&self, find: &Find, table: &Tabular) -> Vec<(Name, Option<Name>)> {
        let known: Vec<Vec<&str>> = table
            .legs
            .iter()
            .filter_map(|leg| leg.leg.table())
            .map(|table| table.columns.iter().map(|c| c.name.as_str()).collect())
            .collect();
        let mut asked = Vec::new();
        walk::each(&find.predicate, &mut |expr| {
            if let ExprKind::Name(name) = &expr.kind {
                asked.push(name.text.as_str());
            }
            false
        });
        let span = find.predicate.span;
        let in_all = |name: &str| {
            find.tables.is_empty() && super::everything::ALWAYS.contains(&name)
                || known.len() == table.legs.len() && known.iter().all(|columns| columns.contains(&name))
        };
        let columns = table
            .columns()
            .into_iter()
            .skip(1)
            .filter(|c| c.name != REST)
            .filter(|c| in_all(&c.name) || asked.contains(&c.name.as_str()));
        columns.map(|c| (Name { text: c.name, span }, None)).collect()
    }
}
