//! What an operator over many rows reads: its input, cut down to the values that the operator asks for. They are computed
//! leg by leg, where the names of each leg's own row mean something.

use std::sync::Arc;

use super::Binder;
use super::room::COLUMN_WEIGHT;
use super::scope::{LegScope, Place, Scope, ScopeColumn, Tabular};
use crate::compile::bound::{Bound, BoundKind, BoundQuery, CellId, OutputColumn, RowSource, RowsKind, RowsOp};
use crate::diagnostic::Span;
use crate::kql::ast::Expr;
use crate::rows::MAX_DEPTH;
use crate::schema::ScalarType;

/// An input while it is cut down.
pub(super) struct Feed {
    pub(super) input: Tabular,
    /// For each leg, what the operator reads of it.
    columns: Vec<Vec<ScopeColumn>>,
}

impl Feed {
    pub(super) fn of(input: Tabular) -> Feed {
        let columns = vec![Vec::new(); input.legs.len()];
        Feed { input, columns }
    }

    /// The input's column at that index in scope, as the operator's expressions read it.
    pub(super) fn column(&mut self, at: usize, span: Span) -> Bound {
        let ty = self.input.legs[0].columns[at].ty;
        let columns: Vec<ScopeColumn> = self
            .input
            .legs
            .iter_mut()
            .map(|leg| {
                let cell = leg.cell_of(at);
                ScopeColumn { place: Place::Cell(cell), ..leg.columns[at].clone() }
            })
            .collect();
        let cell = self.push(columns);
        Bound { kind: BoundKind::Cell(cell), ty, span }
    }

    fn push(&mut self, columns: Vec<ScopeColumn>) -> CellId {
        let same = |at: &usize| {
            self.columns.iter().zip(&columns).all(|(leg, column)| match (leg[*at].place, column.place) {
                (Place::Cell(a), Place::Cell(b)) => a == b,
                _ => false,
            })
        };
        let known = (0..self.columns[0].len()).find(same);
        let at = known.unwrap_or(self.columns[0].len());
        if known.is_none() {
            self.columns.iter_mut().zip(columns).for_each(|(leg, column)| leg.push(column));
        }
        CellId(at as u32)
    }

    pub(super) fn finish(mut self) -> BoundQuery {
        for (leg, columns) in self.input.legs.iter_mut().zip(self.columns) {
            leg.columns = columns;
        }
        self.input.finish()
    }
}

impl Binder<'_> {
    /// A value of each row of the input, as the operator's expressions read it; a constant stays one.
    pub(super) fn feed(&mut self, feed: &mut Feed, expr: &Expr) -> Bound {
        self.feed_as(feed, expr, ScalarType::String)
    }

    /// The same, where a custom table's column is taken for a value of type `ty`.
    pub(super) fn feed_as(&mut self, feed: &mut Feed, expr: &Expr, ty: ScalarType) -> Bound {
        let mut bounds = Vec::with_capacity(feed.input.legs.len());
        for leg in &mut feed.input.legs {
            let bound = self.scalar(expr, &mut Scope::Row(leg));
            let bound = self.fitted(bound, ty, &Scope::Row(leg));
            let bound = self.not_too_deep(leg, bound);
            if bound.is_error() {
                return bound;
            }
            bounds.push(bound);
        }
        // Legs may differ in what they know at once: column_ifexists() is a column here and a constant there.
        let first = bounds[0].clone();
        if first.as_constant().is_some() && bounds.iter().all(|b| b.as_constant() == first.as_constant()) {
            return first;
        }
        let columns = feed.input.legs.iter_mut().zip(bounds).map(|(leg, bound)| leg.assign("", bound)).collect();
        Bound { kind: BoundKind::Cell(feed.push(columns)), ..first }
    }

    /// A table of one leg, which reads what an operator over many rows gives.
    pub(super) fn rows(
        &mut self,
        kind: RowsKind,
        input: BoundQuery,
        columns: Vec<OutputColumn>,
        span: Span,
        name: &'static str,
    ) -> LegScope {
        let op = RowsOp { kind, input, columns: columns.clone(), span, name };
        if op.depth() > MAX_DEPTH {
            self.error("KS245", span, format!("operators over many rows nest more than {MAX_DEPTH} deep here"));
            return LegScope::over(RowSource::Values(Arc::new(Vec::new())), &columns);
        }
        self.spend(columns.len().saturating_mul(COLUMN_WEIGHT), span);
        LegScope::over(RowSource::Rows(Box::new(op)), &columns)
    }
}
