//! `serialize`, and the functions that look at other rows of a sorted table: `row_number`, `prev`, `next`, `row_cumsum`,
//! `row_window_session`.
//!
//! They stand in `serialize`, `extend`, `project` and `where`. Each becomes a column of an operator of its own, before the
//! one that it stands in.

use super::names::unique;
use super::scope::{Place, Scope, ScopeColumn, Tabular};
use super::summarize::hidden;
use super::{Binder, Lifted, walk};
use crate::compile::bound::{Bound, BoundKind, CellId, OutputColumn, RowsKind, Window};
use crate::compile::plain;
use crate::diagnostic::Span;
use crate::kql::ast::{Expr, ExprKind};
use crate::schema::ScalarType;
use crate::value::functions::Context;
use crate::value::{DateTime, TimeSpan, Value};

pub(super) const NAMES: &[&str] =
    &["row_number", "prev", "next", "row_cumsum", "row_rank_dense", "row_rank_min", "row_window_session"];

impl Binder<'_> {
    /// Computes the window functions in an operator's expressions beforehand; `lifted` then names their columns.
    pub(super) fn windows(&mut self, mut table: Tabular, exprs: &[&Expr], span: Span) -> Option<Tabular> {
        let mut calls: Vec<&Expr> = Vec::new();
        for expr in exprs {
            walk::each(expr, &mut |call| {
                let hit = matches!(&call.kind, ExprKind::Call { name, .. } if NAMES.contains(&name.text.as_str()));
                if hit {
                    calls.push(call);
                }
                hit
            });
        }
        if calls.is_empty() {
            return Some(table);
        }
        // What stands in the arguments of a call, `row_number(1, k != prev(k))`, is computed before it.
        let mut inner: Vec<&Expr> = Vec::new();
        for call in &calls {
            if let ExprKind::Call { arguments, .. } = &call.kind {
                inner.extend(arguments.iter().map(|a| &a.value));
            }
        }
        table = self.windows(table, &inner, span)?;
        let mut windows = Vec::new();
        let visible = table.columns().len();
        let mut types = Vec::new();
        for call in &calls {
            let (window, ty) = self.window(&mut table, call)?;
            windows.push(window);
            types.push(ty);
        }
        // Behind the table's columns now stand the arguments of the calls.
        let mut columns = table.columns();
        for (n, ty) in types.iter().enumerate() {
            let name = unique(&hidden(columns.len()), &|name| columns.iter().any(|c| c.name == name));
            columns.push(OutputColumn { name: name.clone(), ty: *ty });
            self.lifted.insert(calls[n].span, Lifted::Column(name));
        }
        let mut leg = self.rows(RowsKind::Window(windows), table.finish(), columns, span, "serialize");
        let shown = |(at, _): &(usize, &ScopeColumn)| *at < visible || *at >= leg.columns.len() - types.len();
        leg.columns = leg.columns.iter().enumerate().filter(shown).map(|(_, c)| c.clone()).collect();
        Some(Tabular::of(leg))
    }

    /// Takes the columns away that only `lifted` named.
    pub(super) fn without_hidden(&mut self, table: &mut Tabular) {
        for leg in &mut table.legs {
            leg.columns.retain(|c| !c.name.starts_with('\0'));
        }
    }

    fn window(&mut self, table: &mut Tabular, call: &Expr) -> Option<(Window, ScalarType)> {
        let ExprKind::Call { name, arguments } = &call.kind else { return None };
        let arguments: Vec<&Expr> = arguments.iter().map(|a| &a.value).collect();
        match (name.text.as_str(), arguments.as_slice()) {
            ("row_number", [] | [_] | [_, _]) => {
                let start = match arguments.first() {
                    Some(expr) => self.offset(expr)?,
                    None => 1,
                };
                let restart = match arguments.get(1) {
                    Some(expr) => Some(self.condition(table, expr)?),
                    None => None,
                };
                Some((Window::RowNumber { start, restart }, ScalarType::Long))
            }
            ("row_window_session", [time, from_first, between] | [time, from_first, between, _]) => {
                let time = self.appended(table, time)?;
                if !self.expect(&time, ScalarType::DateTime, "the time of a row") {
                    return None;
                }
                let from_first = self.distance(from_first)?;
                let between = self.distance(between)?;
                let restart = match arguments.get(3) {
                    Some(expr) => Some(self.condition(table, expr)?),
                    None => None,
                };
                Some((Window::Session { time, from_first, between, restart }, ScalarType::DateTime))
            }
            (name @ ("row_rank_dense" | "row_rank_min"), [term] | [term, _]) => {
                let term = self.appended(table, term)?;
                let restart = match arguments.get(1) {
                    Some(expr) => Some(self.condition(table, expr)?),
                    None => None,
                };
                Some((Window::Rank { term, dense: name == "row_rank_dense", restart }, ScalarType::Long))
            }
            ("row_cumsum", [term] | [term, _]) => {
                let term = self.appended(table, term)?;
                if !term.ty.is_numeric() && term.ty != ScalarType::TimeSpan {
                    self.error(
                        "KS138",
                        term.span,
                        format!("only numbers and timespans add up, and this is a {}", term.ty),
                    );
                    return None;
                }
                let restart = match arguments.get(1) {
                    Some(expr) => Some(self.condition(table, expr)?),
                    None => None,
                };
                let ty = if term.ty == ScalarType::Int { ScalarType::Long } else { term.ty };
                Some((Window::Sum { term, restart }, ty))
            }
            ("prev" | "next", [value, ..]) if arguments.len() <= 3 => {
                let value = self.appended(table, value)?;
                let offset = match arguments.get(1) {
                    Some(expr) => self.offset(expr)?,
                    None => 1,
                };
                let default = match arguments.get(2) {
                    Some(expr) => {
                        let bound = self.scalar(expr, &mut Scope::Nothing);
                        match bound.as_constant() {
                            Some(value) => value.clone(),
                            None if bound.is_error() => return None,
                            None if bound.reads_clock() => {
                                let context = Context { now: self.options.now.unwrap_or_else(DateTime::now) };
                                plain::evaluate(&bound, &[], &context).into_owned()
                            }
                            None => {
                                self.error(
                                    "KS131",
                                    expr.span,
                                    "the value where there is no such row must be a literal",
                                );
                                return None;
                            }
                        }
                    }
                    None => Value::missing(value.ty),
                };
                let (ty, offset) = (value.ty, if name.text == "next" { -offset } else { offset });
                Some((Window::Shift { value, offset, default }, ty))
            }
            _ => {
                self.error("KS121", call.span, format!("{}() does not take {} arguments", name.text, arguments.len()));
                None
            }
        }
    }

    /// A timespan that is known now.
    fn distance(&mut self, expr: &Expr) -> Option<TimeSpan> {
        let bound = self.scalar(expr, &mut Scope::Nothing);
        match bound.as_constant() {
            Some(Value::TimeSpan(span)) => Some(*span),
            _ => {
                if !bound.is_error() {
                    self.error("KS139", expr.span, "this must be a timespan that does not depend on the row");
                }
                None
            }
        }
    }

    fn offset(&mut self, expr: &Expr) -> Option<i64> {
        let bound = self.scalar(expr, &mut Scope::Nothing);
        match bound.as_constant() {
            Some(Value::Long(n)) => Some(*n),
            Some(Value::Int(n)) => Some(i64::from(*n)),
            _ => {
                if !bound.is_error() {
                    self.error("KS134", expr.span, "this must be a whole number");
                }
                None
            }
        }
    }

    fn condition(&mut self, table: &mut Tabular, expr: &Expr) -> Option<Bound> {
        let bound = self.appended(table, expr)?;
        self.expect(&bound, ScalarType::Bool, "what begins anew").then_some(bound)
    }

    /// A value of each row, as one more column behind the table's own.
    fn appended(&mut self, table: &mut Tabular, expr: &Expr) -> Option<Bound> {
        let mut first: Option<Bound> = None;
        let mut columns = Vec::new();
        for leg in &mut table.legs {
            let bound = self.scalar(expr, &mut Scope::Row(leg));
            if bound.is_error() {
                return None;
            }
            first.get_or_insert_with(|| bound.clone());
            columns.push(leg.assign("", bound));
        }
        let first = first?;
        let at = table.legs[0].columns.len();
        let name = unique(&hidden(at), &|name| table.legs[0].columns.iter().any(|c| c.name == name));
        for (leg, column) in table.legs.iter_mut().zip(columns) {
            let Place::Cell(_) = column.place else { continue };
            leg.columns.push(ScopeColumn { name: name.clone(), ..column });
        }
        Some(Bound { kind: BoundKind::Cell(CellId(at as u32)), ..first })
    }
}
