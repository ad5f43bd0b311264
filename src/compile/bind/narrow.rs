//! `evaluate narrow()`: a row for each column of each row.

use super::Binder;
use super::plugin::converted;
use super::scope::{Place, ScopeColumn, Tabular};
use crate::compile::bound::{Bound, BoundKind, Expand, ExpandItem, OutputColumn, RowsKind, Step, Window};
use crate::diagnostic::Span;
use crate::kql::ast::Argument;
use crate::schema::ScalarType;
use crate::value::functions::{self, Callee};
use crate::value::{Dynamic, Value};

impl Binder<'_> {
    /// The row's number from 0, the column's name, and its value as text.
    pub(super) fn narrow(&mut self, table: Tabular, arguments: &[Argument], span: Span) -> Option<Tabular> {
        if let Some(argument) = arguments.first() {
            self.error("KS119", argument.value.span, "narrow() takes no arguments");
            return None;
        }
        let mut columns = table.columns();
        let shown = columns.len();
        columns.push(OutputColumn { name: "Row".to_owned(), ty: ScalarType::Long });
        let numbered = RowsKind::Window(vec![Window::RowNumber { start: 0, restart: None }]);
        let mut leg = self.rows(numbered, table.finish(), columns, span, "narrow");
        let names = leg.columns[..shown].iter().map(|c| Dynamic::String(c.name.clone().into())).collect();
        let names = Bound::constant(Value::dynamic(Dynamic::Array(names)), ScalarType::Dynamic, span);
        let texts: Vec<Bound> = (0..shown)
            .map(|at| {
                let (cell, ty) = (leg.cell_of(at), leg.columns[at].ty);
                converted(Bound { kind: BoundKind::Cell(cell), ty, span }, ScalarType::String)
            })
            .collect();
        let pack = functions::find("pack_array").and_then(|f| Callee::of(f, &vec![None; shown]).ok())?;
        let texts = Bound { kind: BoundKind::Call(pack, texts), ty: ScalarType::Dynamic, span };
        let row = ScopeColumn { name: "Row".to_owned(), ty: ScalarType::Long, place: Place::Cell(leg.cell_of(shown)) };
        let mut output = vec![row];
        let mut items = Vec::new();
        for (name, value) in [("Column", names), ("Value", texts)] {
            let cell = leg.new_cell(name, ScalarType::String);
            items.push(ExpandItem { cell, value, to: Some(ScalarType::String) });
            output.push(ScopeColumn { name: name.to_owned(), ty: ScalarType::String, place: Place::Cell(cell) });
        }
        leg.leg.steps.push(Step::Expand(Expand { items, index: None, limit: None, bags_as_arrays: false }));
        leg.columns = output;
        leg.close();
        Some(Tabular::of(leg))
    }
}
