//! `top-nested`, and what is computed of a group's aggregates.

use std::sync::Arc;

use super::aggregate::{Aggregated, is_aggregate};
use super::feed::Feed;
use super::names::{inferred_name, make_unique};
use super::scope::{LegScope, Scope, Tabular};
use super::summarize::hidden;
use super::{Binder, Lifted, walk};
use crate::compile::bound::{Aggregate, Bound, BoundKind, Computed, NestedLevel, OutputColumn, RowSource, RowsKind};
use crate::diagnostic::Span;
use crate::kql::ast::{self, Expr, ExprKind, NamedExpr};
use crate::value::{Value, convert};

/// The most levels: each is held in what is around it.
const MAX_LEVELS: usize = 16;

impl Binder<'_> {
    pub(super) fn top_nested(&mut self, table: Tabular, levels: &[ast::NestedLevel], span: Span) -> Option<Tabular> {
        if levels.len() > MAX_LEVELS {
            self.error("KT016", span, format!("top-nested of more than {MAX_LEVELS} levels"));
            return None;
        }
        let mut feed = Feed::of(table);
        let (mut bound, mut columns) = (Vec::new(), Vec::new());
        for (at, level) in levels.iter().enumerate() {
            let named = |name: &Option<ast::Name>| name.as_ref().map(|name| name.text.clone());
            let key = self.feed(&mut feed, &level.of.value);
            let name = named(&level.of.name).or_else(|| inferred_name(&level.of.value));
            let name = name.unwrap_or_else(|| format!("Column{}", at + 1));
            let given = named(&level.by.name).unwrap_or_else(|| format!("aggregated_{name}"));
            let (value, _) = self.computed_of(&mut feed, &level.by, &[])?.into_iter().next()?;
            let count = match &level.count {
                Some(count) => Some(self.whole_number(count, "the number of groups")?),
                None => None,
            };
            if key.is_error() {
                return None;
            }
            let others = match &level.others {
                Some(others) => Some(self.others(others, &key)?),
                None => None,
            };
            columns.push(OutputColumn { name, ty: key.ty });
            columns.push(OutputColumn { name: given, ty: value.value.ty });
            bound.push(NestedLevel { key, value, count, others, descending: level.descending });
        }
        // What stands for the others of one level has no values of the levels behind it but theirs for others.
        let named = |levels: &[NestedLevel]| levels.iter().all(|level| level.others.is_some());
        if let Some(at) = bound.iter().position(|level| level.others.is_some())
            && !named(&bound[at..])
        {
            self.error("KT003", span, "behind a level 'with others' all levels of top-nested must have others");
            return None;
        }
        make_unique(&mut columns);
        let kind = RowsKind::TopNested(bound);
        Some(Tabular::of(self.rows(kind, feed.finish(), columns, span, "top-nested")))
    }

    fn others(&mut self, expr: &Expr, key: &Bound) -> Option<Value<'static>> {
        let bound = self.scalar(expr, &mut Scope::Nothing);
        match bound.as_constant() {
            Some(value) => Some(convert::to_type(value, key.ty).into_owned()),
            None => {
                if !bound.is_error() {
                    self.error("KS131", expr.span, "what stands for the others must be a literal");
                }
                None
            }
        }
    }

    /// An item of aggregates and what is computed with them, or of none: a column, or several for a call that gives several.
    pub(super) fn computed_of(
        &mut self,
        feed: &mut Feed,
        item: &NamedExpr,
        keys: &[String],
    ) -> Option<Vec<(Computed, String)>> {
        let named = item.name.as_ref().map(|name| name.text.clone());
        let is_call = |expr: &Expr| matches!(&expr.kind, ExprKind::Call { name, .. } if is_aggregate(&name.text));
        let value_of = |at: usize, aggregate: &Aggregate, span| Bound {
            kind: BoundKind::Cell(crate::compile::bound::CellId(at as u32)),
            ty: aggregate.ty,
            span,
        };
        if is_call(&item.value) {
            let all = self.aggregates(feed, &item.value, keys)?;
            let column = |Aggregated { aggregate, columns }| {
                let (name, _) = columns.into_iter().next()?;
                let value = value_of(0, &aggregate, item.value.span);
                Some((Computed { aggregates: vec![aggregate], value }, named.clone().unwrap_or(name)))
            };
            return all.into_iter().map(column).collect();
        }
        let mut calls: Vec<&Expr> = Vec::new();
        walk::each(&item.value, &mut |expr| {
            let hit = is_call(expr);
            if hit {
                calls.push(expr);
            }
            hit
        });
        if calls.is_empty() && self.is_unknown_aggregate(&item.value) {
            return None;
        }
        let (mut aggregates, mut columns, mut lifted) = (Vec::new(), Vec::new(), Vec::new());
        for call in calls {
            let Aggregated { aggregate, .. } = self.aggregates(feed, call, keys)?.into_iter().next()?;
            lifted.push((call.span, Lifted::Column(hidden(columns.len()))));
            columns.push(OutputColumn { name: hidden(columns.len()), ty: aggregate.ty });
            aggregates.push(aggregate);
        }
        let mut row = LegScope::over(RowSource::Values(Arc::new(Vec::new())), &columns);
        // In their order, so that the cells are the aggregates' values.
        (0..columns.len()).for_each(|at| {
            row.cell_of(at);
        });
        let outer = self.lifted.clone();
        self.lifted.extend(lifted);
        let value = self.scalar(&item.value, &mut Scope::Row(&mut row));
        self.lifted = outer;
        if value.is_error() {
            return None;
        }
        if row.leg.cells.len() > columns.len() {
            self.error(
                "KT003",
                item.value.span,
                "what is computed here of aggregates is supported behind the operator",
            );
            return None;
        }
        let name = named.or_else(|| inferred_name(&item.value)).unwrap_or_else(|| "Column1".to_owned());
        Some(vec![(Computed { aggregates, value }, name)])
    }
}
