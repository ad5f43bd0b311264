//! `mv-expand` and `mv-apply`: an array's elements become rows.

use super::Binder;
use super::join::word_of;
use super::names::inferred_name;
use super::room::COLUMN_WEIGHT;
use super::scope::{LegScope, Place, Scope, ScopeColumn, Tabular};
use crate::compile::bound::{
    BoundQuery, CellId, CellSource, Expand, ExpandItem, OutputColumn, RowSource, RowsKind, Step,
};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{ExprKind, MvExpand, Operator};
use crate::schema::ScalarType;

/// What is expanded, and the columns that get the elements.
struct Expanded {
    expand: Expand,
    columns: Vec<ScopeColumn>,
    /// Columns of the input that are expanded as they stand.
    plain: Vec<String>,
}

impl Binder<'_> {
    pub(super) fn mv_expand(&mut self, mut table: Tabular, expand: &MvExpand) -> Option<Tabular> {
        for leg in &mut table.legs {
            let expanded = self.expanded(leg, expand)?;
            leg.leg.steps.push(Step::Expand(expanded.expand));
            expanded.columns.into_iter().for_each(|column| leg.put(column));
        }
        Some(table)
    }

    fn expanded(&mut self, leg: &mut LegScope, expand: &MvExpand) -> Option<Expanded> {
        let mut index = None;
        let mut bags_as_arrays = false;
        for (name, value) in &expand.parameters {
            match (name.text.as_str(), word_of(value)) {
                ("bagexpansion" | "kind", "array") => bags_as_arrays = true,
                ("bagexpansion" | "kind", "bag") => {}
                ("with_itemindex", word) if !word.is_empty() => index = Some(word.to_owned()),
                (known @ ("bagexpansion" | "kind"), _) => {
                    self.error("KS140", value.span, format!("'{known}' takes bag or array"));
                }
                (other, _) => self.report(Diagnostic::warning(
                    "KS179",
                    name.span,
                    format!("'{other}' is not a parameter of mv-expand; it is left out"),
                )),
            }
        }
        let limit = match &expand.limit {
            Some(limit) => Some(self.whole_number(limit, "the limit of rows")?),
            None => None,
        };
        let (mut items, mut columns, mut plain) = (Vec::new(), Vec::new(), Vec::new());
        for item in &expand.items {
            let value = self.scalar(&item.value, &mut Scope::Row(leg));
            let value = self.indexed(value, &Scope::Row(leg));
            if value.is_error() {
                return None;
            }
            if value.ty != ScalarType::Dynamic {
                self.report(
                    Diagnostic::error(
                        "KS141",
                        value.span,
                        format!("only a dynamic can be expanded, and this is a {}", value.ty),
                    )
                    .help("parse_json() turns text into a dynamic"),
                );
                return None;
            }
            let to = match &item.to {
                Some(name) => Some(self.type_of(name)?),
                None => None,
            };
            let name = match (&item.name, inferred_name(&item.value)) {
                (Some(name), _) => name.text.clone(),
                (None, Some(name)) => name,
                (None, None) => format!("Column{}", columns.len() + 1),
            };
            if let (None, ExprKind::Name(column)) = (&item.name, &item.value.kind) {
                plain.push(column.text.clone());
            }
            let ty = to.unwrap_or(ScalarType::Dynamic);
            let cell = leg.new_cell(&name, ty);
            columns.push(ScopeColumn { name, ty, place: Place::Cell(cell) });
            items.push(ExpandItem { cell, value, to });
        }
        let index = index.map(|name| {
            let cell = leg.new_cell(&name, ScalarType::Long);
            columns.push(ScopeColumn { name, ty: ScalarType::Long, place: Place::Cell(cell) });
            cell
        });
        Some(Expanded { expand: Expand { items, index, limit, bags_as_arrays }, columns, plain })
    }

    /// The subquery sees the row's columns, the expanded ones in their places. Its result's columns stand behind those of
    /// the row; a column that was expanded as it stands goes.
    pub(super) fn mv_apply(
        &mut self,
        mut table: Tabular,
        expand: &MvExpand,
        operators: &[Operator],
        span: Span,
    ) -> Option<Tabular> {
        let mut legs = Vec::with_capacity(table.legs.len());
        for leg in std::mem::take(&mut table.legs) {
            legs.push(self.mv_apply_leg(leg, expand, operators, span)?);
        }
        Some(Tabular { legs, ..table })
    }

    fn mv_apply_leg(
        &mut self,
        mut leg: LegScope,
        expand: &MvExpand,
        operators: &[Operator],
        span: Span,
    ) -> Option<LegScope> {
        let Expanded { expand, columns: expanded, plain } = self.expanded(&mut leg, expand)?;
        let fresh: Vec<CellId> = expand.items.iter().map(|item| item.cell).chain(expand.index).collect();
        let outer: Vec<ScopeColumn> = leg.columns.clone();
        // While the subquery is bound its inputs are columns of this scope; which of them it reads is known only then.
        expanded.into_iter().for_each(|column| leg.put(column));
        let inputs = leg.columns.iter().map(|c| OutputColumn { name: c.name.clone(), ty: c.ty });
        let inputs: Vec<OutputColumn> = inputs.collect();
        if !self.spend(inputs.len().saturating_mul(COLUMN_WEIGHT), span) {
            return None;
        }
        let mut inner = LegScope::over(RowSource::Elements, &inputs);
        inner.open = true;
        self.outer_rows.push(leg);
        let mut inner = Some(Tabular::of(inner));
        for operator in operators {
            inner = inner.and_then(|table| self.apply(table, operator));
        }
        // It has the columns now that the subquery has asked it for.
        let mut leg = self.outer_rows.pop()?;
        let mut inner = inner?;
        // A column of the row that the subquery hands on as it is need not go through it.
        let is_fresh = |at: usize| matches!(leg.columns[at].place, Place::Cell(cell) if fresh.contains(&cell));
        let handed: Vec<Option<usize>> = match inner.legs.as_slice() {
            [only] if matches!(only.leg.source, RowSource::Elements) => only
                .columns
                .iter()
                .map(|c| match c.place {
                    Place::Input(at) if !is_fresh(at) => Some(at),
                    _ => None,
                })
                .collect(),
            legs => vec![None; legs[0].columns.len()],
        };
        let names: Vec<ScopeColumn> = inner.legs[0].columns.clone();
        for leg in &mut inner.legs {
            let mut handed = handed.iter();
            leg.columns.retain(|_| handed.next().is_some_and(Option::is_none));
        }
        let mut query = inner.finish();
        if !query.is_static() {
            self.error(
                "KT007",
                span,
                "a subquery of mv-apply that reads records of another table is not supported yet",
            );
            return None;
        }
        place_inputs(&mut query, &mut |at| leg.cell_of(at));
        let mut cells = Vec::new();
        let mut results = Vec::new();
        for (column, handed) in names.into_iter().zip(handed) {
            let place = match handed {
                Some(at) => leg.columns[at].place,
                None => {
                    let cell = leg.new_cell(&column.name, column.ty);
                    cells.push(cell);
                    Place::Cell(cell)
                }
            };
            results.push(ScopeColumn { place, ..column });
        }
        leg.leg.steps.push(Step::Apply { expand, query: Box::new(query), cells });
        // The row's own columns, each in the cell that the subquery may have made it get.
        let cell_now = |c: ScopeColumn| {
            leg.columns
                .iter()
                .find(|n| n.name == c.name && !matches!(n.place, Place::Cell(x) if fresh.contains(&x)))
                .cloned()
                .unwrap_or(c)
        };
        let kept = outer.into_iter().filter(|c| !plain.contains(&c.name)).map(cell_now).collect();
        leg.columns = kept;
        results.into_iter().for_each(|column| leg.put(column));
        Some(leg)
    }
}

/// The inputs of a subquery are the row's cells.
fn place_inputs(query: &mut BoundQuery, place: &mut dyn FnMut(usize) -> CellId) {
    for leg in &mut query.legs {
        match &mut leg.source {
            RowSource::Elements => {
                for cell in &mut leg.cells {
                    if let Some(CellSource::Input(at)) = cell.source {
                        cell.source = Some(CellSource::Input(place(at).index()));
                    }
                }
            }
            RowSource::Rows(op) => {
                place_inputs(&mut op.input, place);
                if let RowsKind::Join(join) = &mut op.kind {
                    place_inputs(&mut join.right, place);
                }
            }
            RowSource::Table(_) | RowSource::Values(_) => {}
        }
    }
}
