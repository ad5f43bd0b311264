//! `scan` and `partition`: what runs over rows in their order, and over the rows of one value.

use std::sync::Arc;

use super::plugin::converted;
use super::scope::{LegScope, Scope, Tabular};
use super::tabular::MAX_CELLS;
use super::{Binder, Lifted, walk};
use crate::compile::bound::{self, Bound, OutputColumn, RowSource, RowsKind};
use crate::diagnostic::Span;
use crate::kql::ast::{Expr, ExprKind, Name, Operator, Scan, ScanStep, Step};
use crate::schema::ScalarType;
use crate::value::Value;

/// How many steps a `scan` may have.
const MAX_STEPS: usize = 64;

impl Binder<'_> {
    pub(super) fn scan(&mut self, table: Tabular, scan: &Scan, span: Span) -> Option<Tabular> {
        let exprs = scan
            .steps
            .iter()
            .flat_map(|step| std::iter::once(&step.condition).chain(step.assignments.iter().map(|(_, value)| value)));
        let exprs: Vec<&Expr> = exprs.collect();
        let table = self.subqueries(table, &exprs, span)?;
        let mut columns = table.columns();
        let width = columns.len();
        let mut blank: Vec<Value<'static>> = columns.iter().map(|column| Value::missing(column.ty)).collect();
        for (declared, default) in &scan.columns {
            let ty = self.type_of(&declared.ty)?;
            self.free_name(&columns, &declared.name)?;
            blank.push(match default {
                Some(default) => self.scan_default(default, ty)?,
                None => Value::missing(ty),
            });
            columns.push(OutputColumn { name: declared.name.text.clone(), ty });
        }
        let mut row = self.scan_row(&columns[..width], &columns, &scan.steps, span)?;
        let cells = row.leg.cells.len();
        let mut steps = Vec::with_capacity(scan.steps.len());
        for step in &scan.steps {
            steps.push(self.scan_step(step, &mut row, &scan.steps, (&columns, width))?);
        }
        if row.leg.cells.len() > cells || !row.leg.steps.is_empty() {
            self.error("KT003", span, "what a step of 'scan' computes here is supported before it, in 'extend'");
            return None;
        }
        if let Some(name) = &scan.match_id {
            self.free_name(&columns, name)?;
            columns.push(OutputColumn { name: name.text.clone(), ty: ScalarType::Long });
        }
        let kind = RowsKind::Scan(bound::Scan { width, blank, steps, match_id: scan.match_id.is_some() });
        let mut table = Tabular::of(self.rows(kind, table.finish(), columns, span, "scan"));
        self.without_hidden(&mut table);
        Some(table)
    }

    /// The row that the steps' expressions read: the input's columns, then those of each step's state.
    fn scan_row(
        &mut self,
        input: &[OutputColumn],
        state: &[OutputColumn],
        steps: &[ScanStep],
        span: Span,
    ) -> Option<LegScope> {
        if steps.len() > MAX_STEPS {
            self.error("KT016", span, format!("more than {MAX_STEPS} steps: each is held against what all have seen"));
            return None;
        }
        if input.len() + state.len().saturating_mul(steps.len()) > MAX_CELLS {
            self.error("KT016", span, format!("steps that remember more than {MAX_CELLS} columns"));
            return None;
        }
        let mut columns = input.to_vec();
        for (at, step) in steps.iter().enumerate() {
            if steps[..at].iter().any(|before| before.name.text == step.name.text) {
                self.error("KS203", step.name.span, format!("a step '{}' is already there", step.name.text));
                return None;
            }
            columns.extend(state.iter().map(|c| OutputColumn { name: remembered(&step.name.text, &c.name), ty: c.ty }));
        }
        let mut row = LegScope::over(RowSource::Values(Arc::new(Vec::new())), &columns);
        // Every column has the cell of its own number.
        (0..columns.len()).for_each(|at| {
            row.cell_of(at);
        });
        Some(row)
    }

    fn scan_step(
        &mut self,
        step: &ScanStep,
        row: &mut LegScope,
        steps: &[ScanStep],
        (columns, width): (&[OutputColumn], usize),
    ) -> Option<bound::ScanStep> {
        let output = match step.output.as_ref().map(|output| output.text.as_str()) {
            None | Some("all") => true,
            Some("none") => false,
            Some("last") => {
                self.error(
                    "KT003",
                    step.name.span,
                    "which row output=last gives, and when, is not documented: it is not supported",
                );
                return None;
            }
            Some(other) => {
                self.error("KS140", step.name.span, format!("'output' takes all, last or none, and not {other}"));
                return None;
            }
        };
        let condition = self.over_states(&step.condition, row, steps)?;
        if !self.expect(&condition, ScalarType::Bool, "the condition of a step") {
            return None;
        }
        let mut assignments = Vec::with_capacity(step.assignments.len());
        for (name, value) in &step.assignments {
            let Some(at) = columns[width..].iter().position(|column| column.name == name.text) else {
                let message = format!("'{}' is not declared: 'scan declare (name:type, …)' does", name.text);
                self.error("KS142", name.span, message);
                return None;
            };
            let (value, ty) = (self.over_states(value, row, steps)?, columns[width + at].ty);
            let widened = value.ty.is_numeric() && ty.is_numeric() || value.ty == ScalarType::Dynamic;
            if !widened && !self.expect(&value, ty, &format!("'{}'", name.text)) {
                return None;
            }
            assignments.push((at, if value.ty == ty { value } else { converted(value, ty) }));
        }
        Some(bound::ScanStep { condition, assignments, output })
    }

    /// An expression in which `step.column` is what the step has seen.
    fn over_states(&mut self, expr: &Expr, row: &mut LegScope, steps: &[ScanStep]) -> Option<Bound> {
        let mut seen: Vec<(Span, &Name, &Name, &[Step])> = Vec::new();
        walk::each(expr, &mut |part| {
            let ExprKind::Path { base, steps: members } = &part.kind else { return false };
            let (ExprKind::Name(step), [Step::Member(column), rest @ ..]) = (&base.kind, members.as_slice()) else {
                return false;
            };
            let Some(step) = steps.iter().find(|known| known.name.text == step.text) else { return false };
            seen.push((part.span, &step.name, column, rest));
            false
        });
        for (span, step, column, rest) in seen {
            let Some(value) = row.column(&remembered(&step.text, &column.text), column.span) else {
                self.error("KS142", column.span, format!("the step '{}' has no column '{}'", step.text, column.text));
                return None;
            };
            let value = self.path(value, rest, &mut Scope::Row(row));
            self.lifted.insert(span, Lifted::Value(value));
        }
        let bound = self.scalar(expr, &mut Scope::Row(row));
        (!bound.is_error()).then_some(bound)
    }

    fn scan_default(&mut self, default: &Expr, ty: ScalarType) -> Option<Value<'static>> {
        let bound = self.scalar(default, &mut Scope::Nothing);
        match bound.as_constant() {
            Some(value) if bound.ty == ty => Some(value.clone()),
            Some(value) if bound.ty.is_numeric() && ty.is_numeric() => {
                Some(crate::value::convert::to_type(value, ty).into_owned())
            }
            _ => {
                if !bound.is_error() {
                    self.error("KS131", default.span, format!("a default must be a literal of type {ty}"));
                }
                None
            }
        }
    }

    fn free_name(&mut self, columns: &[OutputColumn], name: &Name) -> Option<()> {
        if columns.iter().any(|column| column.name == name.text) {
            self.error("KS171", name.span, format!("a column '{}' is already there", name.text));
            return None;
        }
        Some(())
    }

    /// The rows of each value of a column, through a query of their own.
    pub(super) fn partition(
        &mut self,
        table: Tabular,
        by: &Expr,
        operators: &[Operator],
        span: Span,
    ) -> Option<Tabular> {
        let ExprKind::Name(name) = &by.kind else { return None };
        let columns = table.columns();
        let Some(at) = columns.iter().position(|column| column.name == name.text) else {
            self.error("KS142", name.span, format!("no column '{}' is in scope here", name.text));
            return None;
        };
        let mut inner = Some(Tabular::of(LegScope::over(RowSource::Elements, &columns)));
        for operator in operators {
            inner = inner.and_then(|table| self.apply(table, operator));
        }
        let query = inner?.finish();
        if !query.is_static() {
            let message = "a subquery of partition that reads records of another table is not supported yet";
            self.error("KT007", span, message);
            return None;
        }
        let output = query.columns.clone();
        let kind = RowsKind::Partition { by: at, query: Box::new(query) };
        Some(Tabular::of(self.rows(kind, table.finish(), output, span, "partition")))
    }
}

/// What a step's column is called in the row that expressions read: no name of a query's.
fn remembered(step: &str, column: &str) -> String {
    format!("\0{step}.{column}")
}
