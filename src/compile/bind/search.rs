//! `search`: a text anywhere in a row.

use super::room::tree_weight;
use super::scope::{LegScope, Scope, Tabular};
use super::{Binder, Lifted};
use crate::compile::bound::{Bound, BoundKind, Step};
use crate::diagnostic::Span;
use crate::kql::ast::{BinaryOp, Expr, ExprKind, LiteralKind, TextKind, TextOp, Union};
use crate::schema::ScalarType;
use crate::value::Value;

/// What it weighs to ask one column.
const COLUMN_TEST: usize = 3 * size_of::<Bound>();

impl Binder<'_> {
    /// `search in (A, B) predicate`
    pub(super) fn search_in(
        &mut self,
        tables: &[Expr],
        predicate: &Expr,
        case_sensitive: bool,
        span: Span,
    ) -> Option<Tabular> {
        if tables.is_empty() {
            self.error("KT003", span, "a search in all tables is not supported; name them: search in (Table) …");
            return None;
        }
        let union = Union { parameters: Vec::new(), legs: tables.to_vec() };
        let table = match tables {
            [one] if !matches!(one.kind, ExprKind::Wildcard(_) | ExprKind::Star) => self.tabular(one)?,
            _ => self.union(None, &union, span)?,
        };
        self.search(table, predicate, case_sensitive)
    }

    pub(super) fn search(&mut self, mut table: Tabular, predicate: &Expr, case_sensitive: bool) -> Option<Tabular> {
        for leg in &mut table.legs {
            let bound = self.search_predicate(leg, predicate, case_sensitive);
            self.expect(&bound, ScalarType::Bool, "the predicate of 'search'");
            leg.leg.steps.push(Step::Filter(bound));
        }
        Some(table)
    }

    /// A literal is looked for in every column; the rest is what `where` takes.
    fn search_predicate(&mut self, leg: &mut LegScope, predicate: &Expr, case_sensitive: bool) -> Bound {
        let span = predicate.span;
        match &predicate.kind {
            ExprKind::Literal(literal) if literal.kind == LiteralKind::String => {
                self.anywhere(leg, &literal.text, case_sensitive, span)
            }
            ExprKind::Star => Bound::constant(Value::Bool(true), ScalarType::Bool, span),
            ExprKind::Logical { and, operands } => {
                let operands = operands.iter().map(|o| self.search_predicate(leg, o, case_sensitive)).collect();
                self.logical(*and, operands, span)
            }
            ExprKind::Call { name, arguments } if name.text == "not" && arguments.len() == 1 => {
                // The operand is bound here, and `not` finds it done.
                let operand = self.search_predicate(leg, &arguments[0].value, case_sensitive);
                self.lifted.insert(arguments[0].value.span, Lifted::Value(operand));
                self.scalar(predicate, &mut Scope::Row(leg))
            }
            _ => self.scalar(predicate, &mut Scope::Row(leg)),
        }
    }

    /// `* has "text"`: some column that holds text does.
    pub(super) fn any_column(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        right: &Expr,
        scope: &mut Scope<'_>,
        span: Span,
    ) -> Bound {
        let right = self.scalar(right, scope);
        let Scope::Row(leg) = scope else {
            self.error("KS191", span, "'*' stands for the columns of a row, and here is none");
            return Bound::error(span);
        };
        let weight = tree_weight(&right).saturating_add(COLUMN_TEST);
        if !self.spend(leg.columns.len().saturating_mul(weight), span) {
            return Bound::error(span);
        }
        let asked = |left| match op {
            BinaryOp::MatchesRegex => self.regex(left, right.clone(), op_span, span),
            op => self.binary(op, op_span, left, right.clone(), span),
        };
        let operands = text_columns(leg, span).into_iter().map(asked).collect();
        self.any_of(operands, span)
    }

    fn any_of(&mut self, mut operands: Vec<Bound>, span: Span) -> Bound {
        match operands.len() {
            0 => Bound::constant(Value::Bool(false), ScalarType::Bool, span),
            1 => operands.remove(0),
            _ => self.logical(false, operands, span),
        }
    }

    /// A text in any column, as a whole term; a `*` at an end of it lets the term go on there.
    fn anywhere(&mut self, leg: &mut LegScope, text: &str, case_sensitive: bool, span: Span) -> Bound {
        let needle = text.trim_matches('*');
        let kind = match (text.starts_with('*'), text.ends_with('*')) {
            (true, true) => TextKind::Contains,
            (true, false) => TextKind::HasSuffix,
            (false, true) => TextKind::HasPrefix,
            (false, false) => TextKind::Has,
        };
        if needle.contains('*') {
            self.error("KT003", span, "a '*' in the middle of a searched text is not supported; use 'matches regex'");
            return Bound::error(span);
        }
        let op = TextOp { kind, case_sensitive, negated: false };
        if !self.spend(leg.columns.len().saturating_mul(needle.len() + COLUMN_TEST), span) {
            return Bound::error(span);
        }
        let asked = |subject| {
            let needle = Bound::constant(Value::string(needle.to_owned()), ScalarType::String, span);
            let kind = BoundKind::Text { op, subject: Box::new(subject), needle: Box::new(needle) };
            Bound { kind, ty: ScalarType::Bool, span }
        };
        let operands = text_columns(leg, span).into_iter().map(asked).collect();
        self.any_of(operands, span)
    }
}

/// The columns of a row that hold text.
fn text_columns(leg: &mut LegScope, span: Span) -> Vec<Bound> {
    let mut columns = Vec::new();
    for at in 0..leg.columns.len() {
        let ty = leg.columns[at].ty;
        if matches!(ty, ScalarType::String | ScalarType::Dynamic) {
            columns.push(Bound { kind: BoundKind::Cell(leg.cell_of(at)), ty, span });
        }
    }
    columns
}
