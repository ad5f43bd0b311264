//! `evaluate pivot(…)`: the values of a column become columns.
//!
//! Which columns that gives is known only when the rows are, so they are members of a bag, which names that the query uses
//! behind it are looked up in.

use super::Binder;
use super::aggregate;
use super::plugin::converted;
use super::scope::{LegScope, OpenBag, Scope, Tabular};
use crate::compile::bound::{Aggregate, Bound, BoundKind, OutputColumn, RowsKind};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Argument, Expr, ExprKind, Name, NamedExpr};
use crate::schema::ScalarType;
use crate::value::functions::{self, Callee};

/// The column that holds the bag.
const BAG: &str = "pivot";

impl Binder<'_> {
    /// `(column, aggregate, key…)`
    pub(super) fn pivot(&mut self, mut table: Tabular, arguments: &[Argument], span: Span) -> Option<Tabular> {
        let [of, rest @ ..] = arguments else {
            self.error("KS119", span, "pivot() takes the column whose values become columns");
            return None;
        };
        let at = self.place_of(&mut table, &of.value)?;
        let pivoted = table.legs[0].columns[at].name.clone();
        let is_call = |a: &&Argument| matches!(a.value.kind, ExprKind::Call { .. });
        let count = Expr {
            kind: ExprKind::Call { name: Name { text: "count".to_owned(), span }, arguments: Vec::new() },
            span,
        };
        let (aggregate, given) = match rest.split_first() {
            Some((first, given)) if is_call(&first) => (&first.value, given),
            _ => (&count, rest),
        };
        let mut by: Vec<NamedExpr> = given.iter().map(|a| NamedExpr { name: None, value: a.value.clone() }).collect();
        if by.is_empty() {
            let mut used: Vec<&str> = vec![&pivoted];
            super::walk::each(aggregate, &mut |expr| {
                if let ExprKind::Name(name) = &expr.kind {
                    used.push(&name.text);
                }
                false
            });
            let others = table.columns().into_iter().filter(|c| !used.contains(&c.name.as_str()));
            by.extend(others.map(|c| {
                let kind = ExprKind::Name(Name { text: c.name, span: of.value.span });
                NamedExpr { name: None, value: Expr { kind, span: of.value.span } }
            }));
        }
        let keys = by.len();
        by.push(NamedExpr { name: None, value: of.value.clone() });
        let aggregates = [NamedExpr { name: None, value: aggregate.clone() }];
        let mut table = self.summarize(table, &aggregates, &by, span)?;
        let leg = table.legs.first_mut()?;
        let value_type = leg.columns.last()?.ty;
        let name = converted(self.cell(leg, keys, span), ScalarType::String);
        let value = self.cell(leg, keys + 1, span);
        let pack = functions::find("bag_pack").and_then(|f| Callee::of(f, &[None, None]).ok())?;
        let kind = BoundKind::Call(pack, vec![name, value]);
        let packed = leg.assign("", Bound { kind, ty: ScalarType::Dynamic, span });
        leg.columns.truncate(keys);
        leg.columns.push(packed);
        let mut columns: Vec<OutputColumn> = table.columns();
        columns.last_mut()?.name = BAG.to_owned();
        let cell = |at: usize| Bound {
            kind: BoundKind::Cell(crate::compile::bound::CellId(at as u32)),
            ty: columns[at].ty,
            span,
        };
        let bags =
            Aggregate { function: aggregate::find("make_bag")?, arguments: vec![cell(keys)], ty: ScalarType::Dynamic };
        let kind = RowsKind::Summarize { by: (0..keys).map(cell).collect(), aggregates: vec![bags] };
        let mut leg = self.rows(kind, table.finish(), columns, span, BAG);
        let value = self.cell(&mut leg, keys, span);
        leg.bags.push(OpenBag { value, prefix: String::new(), ty: Some(value_type), ignored: Vec::new() });
        self.report(
            Diagnostic::warning(
                "KT014",
                span,
                format!("which columns pivot gives depends on the rows: those that the query names are read, and '{BAG}' holds them all"),
            )
            .help("pivot(…) : (name:type, …) says which columns there are"),
        );
        Some(Tabular::of(leg))
    }

    fn cell(&mut self, leg: &mut LegScope, at: usize, span: Span) -> Bound {
        Bound { kind: BoundKind::Cell(leg.cell_of(at)), ty: leg.columns[at].ty, span }
    }

    /// What a plug-in gives, cut to the columns that are declared behind it.
    pub(super) fn declared_columns(
        &mut self,
        mut table: Tabular,
        rest: bool,
        columns: &[OutputColumn],
        span: Span,
    ) -> Option<Tabular> {
        for leg in &mut table.legs {
            let mut shown = if rest { leg.columns.clone() } else { Vec::new() };
            shown.retain(|c| c.name != BAG && !columns.iter().any(|d| d.name == c.name));
            for column in columns {
                let expr = Expr { kind: ExprKind::Name(Name { text: column.name.clone(), span }), span };
                let value = self.scalar(&expr, &mut Scope::Row(leg));
                if value.is_error() {
                    return None;
                }
                let value = if value.ty == column.ty { value } else { converted(value, column.ty) };
                shown.push(leg.assign(&column.name, value));
            }
            leg.columns = shown;
            leg.close();
        }
        Some(table)
    }
}
