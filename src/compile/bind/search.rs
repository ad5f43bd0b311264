//! `search`: a text anywhere in a row.

use std::sync::Arc;

use super::everything::REST;
use super::room::tree_weight;
use super::scope::{LegScope, Scope, Tabular};
use super::{Binder, Lifted};
use crate::compile::bound::{Bound, BoundKind, Step};
use crate::diagnostic::Span;
use crate::kql::ast::{BinaryOp, Expr, ExprKind, LiteralKind, TextKind, TextOp, Union};
use crate::schema::ScalarType;
use crate::value::{Value, regex};

/// The column with the table's name that every search gives.
pub(super) const SOURCE: &str = "$table";

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
        let union = Union { parameters: Vec::new(), legs: tables.to_vec() };
        let table = match tables {
            [] => self.all_tables(Some(SOURCE), span)?,
            [one] if !matches!(one.kind, ExprKind::Wildcard(_) | ExprKind::Star) => self.tabular(one)?,
            _ => self.union(None, &union, span)?,
        };
        self.search(table, predicate, case_sensitive)
    }

    pub(super) fn search(&mut self, mut table: Tabular, predicate: &Expr, case_sensitive: bool) -> Option<Tabular> {
        for leg in &mut table.legs {
            if !leg.columns.iter().any(|c| c.name == SOURCE) {
                let name = leg.title.clone().or_else(|| leg.leg.table().map(|table| table.name.clone()));
                let name = Value::string(name.unwrap_or_default());
                let column = leg.assign(SOURCE, Bound::constant(name, ScalarType::String, predicate.span));
                leg.columns.insert(0, column);
            }
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
        if !self.spend((leg.columns.len() + leg.rest.len()).saturating_mul(weight), span) {
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
        let pattern = match between_stars(needle, case_sensitive).map(|pattern| regex::compile(&pattern)) {
            Some(Ok(pattern)) => Some(Arc::new(pattern)),
            Some(Err(message)) => {
                self.error("SEM0420", span, message);
                return Bound::error(span);
            }
            None => None,
        };
        let op = TextOp { kind, case_sensitive, negated: false };
        if !self.spend((leg.columns.len() + leg.rest.len()).saturating_mul(needle.len() + COLUMN_TEST), span) {
            return Bound::error(span);
        }
        let asked = |subject| {
            let needle = Bound::constant(Value::string(needle.to_owned()), ScalarType::String, span);
            let kind = match &pattern {
                Some(pattern) => BoundKind::Regex(Box::new(subject), Arc::clone(pattern)),
                None => BoundKind::Text { op, subject: Box::new(subject), needle: Box::new(needle) },
            };
            Bound { kind, ty: ScalarType::Bool, span }
        };
        let operands = text_columns(leg, span).into_iter().map(asked).collect();
        self.any_of(operands, span)
    }
}

/// What is searched for where a `*` stands in the middle: Kusto documents that `Lab*PC` is `matches regex @"\bLab.*PC\b"`.
fn between_stars(needle: &str, case_sensitive: bool) -> Option<String> {
    let parts: Vec<String> = needle.split('*').map(::regex::escape).collect();
    let case = if case_sensitive { "" } else { "(?i)" };
    (parts.len() > 1).then(|| format!("{case}\\b{}\\b", parts.join(".*")))
}

/// The columns of a row that hold text.
fn text_columns(leg: &mut LegScope, span: Span) -> Vec<Bound> {
    let is_text = |ty| matches!(ty, ScalarType::String | ScalarType::Dynamic);
    let mut columns = Vec::new();
    let mut rest = Vec::new();
    for at in 0..leg.columns.len() {
        let ty = leg.columns[at].ty;
        if !leg.rest.is_empty() && leg.columns[at].name == REST {
            // Of a row of all tables the columns in the bag are asked one by one.
            rest = leg.rest_cells();
        } else if is_text(ty) && leg.columns[at].name != SOURCE {
            columns.push(Bound { kind: BoundKind::Cell(leg.cell_of(at)), ty, span });
        }
    }
    let of_rest = rest.into_iter().filter(|(_, _, ty)| is_text(*ty));
    columns.extend(of_rest.map(|(_, cell, ty)| Bound { kind: BoundKind::Cell(cell), ty, span }));
    columns
}
