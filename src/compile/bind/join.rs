//! `join` and `lookup`: rows of two tables side by side, where columns of both are equal.

use super::Binder;
use super::names::make_unique;
use super::plugin::converted;
use super::scope::{Scope, Tabular};
use crate::compile::bound::{Bound, BoundKind, Join, JoinColumn, JoinKind, OutputColumn, RowsKind};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{BinaryOp, Expr, ExprKind, Name, Step};
use crate::schema::ScalarType;

const KINDS: &[(&str, JoinKind)] = &[
    ("innerunique", JoinKind::InnerUnique),
    ("inner", JoinKind::Inner),
    ("leftouter", JoinKind::LeftOuter),
    ("rightouter", JoinKind::RightOuter),
    ("fullouter", JoinKind::FullOuter),
    ("leftsemi", JoinKind::LeftSemi),
    ("leftanti", JoinKind::LeftAnti),
    ("anti", JoinKind::LeftAnti),
    ("leftantisemi", JoinKind::LeftAnti),
    ("rightsemi", JoinKind::RightSemi),
    ("rightanti", JoinKind::RightAnti),
    ("rightantisemi", JoinKind::RightAnti),
];

impl Binder<'_> {
    pub(super) fn join(
        &mut self,
        left: Tabular,
        parameters: &[(Name, Expr)],
        right: &Expr,
        on: &[Expr],
        span: Span,
    ) -> Option<Tabular> {
        let right = self.tabular(right);
        let kind = self.join_kind(parameters, JoinKind::InnerUnique, KINDS);
        let (mut left, mut right, kind) = (left, right?, kind?);
        let keys = self.join_keys(&mut left, &mut right, on, span)?;
        let with_left = !matches!(kind, JoinKind::RightSemi | JoinKind::RightAnti);
        let with_right = !matches!(kind, JoinKind::LeftSemi | JoinKind::LeftAnti);
        let (lefts, rights) = (left.columns(), right.columns());
        let mut columns: Vec<OutputColumn> = Vec::new();
        let mut output = Vec::new();
        if with_left {
            output.extend((0..lefts.len()).map(JoinColumn::Left));
            columns.extend(lefts);
        }
        if with_right {
            output.extend((0..rights.len()).map(JoinColumn::Right));
            columns.extend(rights);
        }
        make_unique(&mut columns);
        let join = Join { kind, right: right.finish(), keys, output, network: None };
        Some(Tabular::of(self.rows(RowsKind::Join(join), left.finish(), columns, span, "join")))
    }

    /// A join that keeps the left side, without the right side's keys.
    pub(super) fn lookup(
        &mut self,
        left: Tabular,
        parameters: &[(Name, Expr)],
        right: &Expr,
        on: &[Expr],
        span: Span,
    ) -> Option<Tabular> {
        let right = self.tabular(right);
        let known = [("leftouter", JoinKind::LeftOuter), ("inner", JoinKind::Inner)];
        let kind = self.join_kind(parameters, JoinKind::LeftOuter, &known);
        let (mut left, mut right, kind) = (left, right?, kind?);
        let keys = self.join_keys(&mut left, &mut right, on, span)?;
        let mut columns = left.columns();
        let mut output: Vec<JoinColumn> = (0..columns.len()).map(JoinColumn::Left).collect();
        for (at, column) in right.columns().into_iter().enumerate() {
            if !keys.iter().any(|(_, key)| *key == at) {
                output.push(JoinColumn::Right(at));
                columns.push(column);
            }
        }
        make_unique(&mut columns);
        let join = Join { kind, right: right.finish(), keys, output, network: None };
        Some(Tabular::of(self.rows(RowsKind::Join(join), left.finish(), columns, span, "lookup")))
    }

    fn join_kind(
        &mut self,
        parameters: &[(Name, Expr)],
        default: JoinKind,
        known: &[(&str, JoinKind)],
    ) -> Option<JoinKind> {
        let mut kind = default;
        for (name, value) in parameters {
            match name.text.as_str() {
                "kind" => {
                    let word = word_of(value);
                    match known.iter().find(|(known, _)| *known == word) {
                        Some((_, known)) => kind = *known,
                        None => {
                            let list = known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                            self.error("KS140", value.span, format!("'kind' takes one of {list}"));
                            return None;
                        }
                    }
                }
                hint if hint.starts_with("hint.") => {}
                other => self.report(Diagnostic::warning(
                    "KS179",
                    name.span,
                    format!("'{other}' is not a parameter of this operator; it is left out"),
                )),
            }
        }
        Some(kind)
    }

    fn join_keys(
        &mut self,
        left: &mut Tabular,
        right: &mut Tabular,
        on: &[Expr],
        span: Span,
    ) -> Option<Vec<(usize, usize)>> {
        if on.is_empty() {
            self.error("KS001", span, "a join needs 'on' and the columns that must be equal");
            return None;
        }
        let mut keys = Vec::new();
        let mut good = true;
        for condition in on {
            good &= self.join_condition(left, right, condition, &mut keys).is_some();
        }
        good.then_some(keys)
    }

    fn join_condition(
        &mut self,
        left: &mut Tabular,
        right: &mut Tabular,
        condition: &Expr,
        keys: &mut Vec<(usize, usize)>,
    ) -> Option<()> {
        match &condition.kind {
            ExprKind::Name(name) => {
                if let Some(side) = [&*left, &*right].iter().position(|table| !has(table, &name.text)) {
                    let side = ["left", "right"][side];
                    let message = format!(
                        "the column '{}' must be on both sides of the join, and the {side} has none",
                        name.text
                    );
                    self.error("KS145", name.span, message);
                    // A custom table that came through a union may have it: then the query is bound again.
                    self.missing.insert(name.text.clone());
                    return None;
                }
                let pair = (self.key(left, name)?, self.key(right, name)?);
                self.check_key(left, right, pair, name.span)?;
                keys.push(pair);
            }
            ExprKind::Binary { op: BinaryOp::Equal, left: a, right: b, .. } => {
                let pair = match (side_of(a), side_of(b)) {
                    (Some((true, a)), Some((false, b))) | (Some((false, b)), Some((true, a))) => {
                        (self.key(left, a)?, self.key(right, b)?)
                    }
                    _ => {
                        self.error("KS183", condition.span, "a condition of a join is $left.column == $right.column");
                        return None;
                    }
                };
                self.check_key(left, right, pair, condition.span)?;
                keys.push(pair);
            }
            ExprKind::Logical { and: true, operands } => {
                for operand in operands {
                    self.join_condition(left, right, operand, keys)?;
                }
            }
            ExprKind::Error => return None,
            _ => {
                self.report(
                    Diagnostic::error(
                        "KS182",
                        condition.span,
                        "a join is on a column of both sides or on $left.column == $right.column",
                    )
                    .help("make a column of it with 'extend' before the join"),
                );
                return None;
            }
        }
        Some(())
    }

    /// The place of a key's column.
    fn key(&mut self, table: &mut Tabular, name: &Name) -> Option<usize> {
        for leg in &mut table.legs {
            let expr = Expr { kind: ExprKind::Name(name.clone()), span: name.span };
            if self.scalar(&expr, &mut Scope::Row(leg)).is_error() {
                return None;
            }
        }
        let at = table.legs[0].columns.iter().position(|c| c.name == name.text)?;
        if table.legs[0].columns[at].ty == ScalarType::Dynamic && self.guessed.contains(&name.text) {
            // Nobody knows the column's type; as a key it is text.
            for leg in &mut table.legs {
                let cell = leg.cell_of(at);
                let value = Bound { kind: BoundKind::Cell(cell), ty: ScalarType::Dynamic, span: name.span };
                let text = converted(value, ScalarType::String);
                leg.columns[at] = leg.assign(&name.text, text);
            }
        }
        Some(at)
    }

    fn check_key(&mut self, left: &Tabular, right: &Tabular, (a, b): (usize, usize), span: Span) -> Option<()> {
        let (a, b) = (left.legs[0].columns[a].ty, right.legs[0].columns[b].ty);
        if a == ScalarType::Dynamic || b == ScalarType::Dynamic {
            self.report(
                Diagnostic::error("KS241", span, "the keys of a join cannot be dynamic")
                    .help("convert them before the join, for example with tostring()"),
            );
            return None;
        }
        let wide = |ty: ScalarType| if ty == ScalarType::Int { ScalarType::Long } else { ty };
        if wide(a) != wide(b) {
            self.error("KS242", span, format!("the keys of a join must be of one type, and these are {a} and {b}"));
            return None;
        }
        Some(())
    }
}

/// Whether a table has such a column, or a record of it may.
fn has(table: &Tabular, name: &str) -> bool {
    table.legs.iter().all(|leg| leg.is_open() || leg.columns.iter().any(|c| c.name == name))
}

/// `$left.column` or `$right.column`: whether it is the left one, and the column.
fn side_of(expr: &Expr) -> Option<(bool, &Name)> {
    let ExprKind::Path { base, steps } = &expr.kind else { return None };
    let (ExprKind::Name(side), [Step::Member(column)]) = (&base.kind, steps.as_slice()) else { return None };
    match side.text.as_str() {
        "$left" => Some((true, column)),
        "$right" => Some((false, column)),
        _ => None,
    }
}

/// The word that a parameter has.
pub(super) fn word_of(value: &Expr) -> &str {
    match &value.kind {
        ExprKind::Name(name) => &name.text,
        ExprKind::Literal(literal) => &literal.text,
        _ => "",
    }
}
