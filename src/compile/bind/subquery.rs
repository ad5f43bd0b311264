//! Tables inside scalar expressions: `toscalar(T | …)`, and `x in (T | project y)`.
//!
//! One that reads no records is computed at once. One that does is computed before the operator that it stands in, whose
//! rows then have its value in a column: a join with one row.

use std::rc::Rc;

use super::plugin::converted;
use super::scope::{Scope, Tabular};
use super::summarize::hidden;
use super::{Binder, Lifted, Meaning, aggregate, walk};
use crate::compile::bound::{
    Aggregate, Bound, BoundKind, BoundQuery, CellId, Join, JoinColumn, JoinKind, Order, OutputColumn, RowsKind,
};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Argument, Expr, ExprKind, ListOp};
use crate::rows::{self, NoTables, Row, RowsError, RowsLimits};
use crate::schema::ScalarType;
use crate::value::functions::{self, Callee, Context};
use crate::value::{DateTime, Dynamic, Value, convert};

/// What a query that is computed while another is bound may hold.
const MAX_BYTES: usize = 64 << 20;

impl Binder<'_> {
    /// What a `let` of a scalar stands for.
    pub(super) fn scalar_let(&mut self, value: &Expr) -> Option<Meaning> {
        if !self.reads_tables(value) {
            let bound = self.scalar(value, &mut Scope::Nothing);
            return Some(Meaning::Scalar(self.shallow_let(bound)));
        }
        let outer = self.lifted.clone();
        let one = Self::values(&[], vec![Vec::new()]);
        let mut one = self.subqueries(one, &[value], value.span)?;
        let mut bound = Bound::error(value.span);
        for leg in &mut one.legs {
            let value = self.scalar(value, &mut Scope::Row(leg));
            bound = self.not_too_deep(leg, value);
            leg.columns = vec![leg.assign("value", bound.clone())];
        }
        self.lifted = outer;
        if bound.is_error() {
            return None;
        }
        Some(match bound.as_constant() {
            Some(_) => Meaning::Scalar(bound),
            None => Meaning::Later(Rc::new(one)),
        })
    }

    /// Whether a scalar has a table in it.
    pub(super) fn reads_tables(&self, value: &Expr) -> bool {
        let mut reads_tables = false;
        walk::each(value, &mut |expr| {
            reads_tables |= self.is_subquery(expr);
            reads_tables
        });
        reads_tables
    }

    fn is_subquery(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Call { name, .. } => name.text == "toscalar",
            ExprKind::Name(name) => matches!(self.lets.get(&name.text), Some(Meaning::Later(_))),
            ExprKind::List { items, .. } => items.iter().any(|item| self.is_tabular(item)),
            _ => false,
        }
    }

    /// Computes the tables in an operator's expressions beforehand; `lifted` then has their values.
    pub(super) fn subqueries(&mut self, mut table: Tabular, exprs: &[&Expr], span: Span) -> Option<Tabular> {
        let mut found: Vec<&Expr> = Vec::new();
        for expr in exprs {
            walk::each(expr, &mut |expr| {
                match &expr.kind {
                    ExprKind::Call { name, arguments } if name.text == "toscalar" => {
                        // Of a scalar it is the scalar, which may have such parts itself.
                        let is_table = arguments.first().is_some_and(|argument| self.is_tabular(&argument.value));
                        if is_table {
                            found.push(expr);
                        }
                        return is_table;
                    }
                    ExprKind::Name(name) if matches!(self.lets.get(&name.text), Some(Meaning::Later(_))) => {
                        found.push(expr);
                    }
                    ExprKind::List { op: ListOp::In { folded: false, .. }, items, .. }
                        if items.len() == 1 && self.is_table_item(&items[0], &Scope::Row(&mut table.legs[0])) =>
                    {
                        found.push(expr);
                    }
                    ExprKind::List { items, .. } => {
                        for item in items {
                            let scope = Scope::Row(&mut table.legs[0]);
                            if self.is_table_item(item, &scope) {
                                found.push(item);
                            }
                        }
                    }
                    _ => {}
                }
                false
            });
        }
        let mut good = true;
        for expr in found {
            let mut at = expr.span;
            let (query, is_list, name) = match &expr.kind {
                ExprKind::List { op: ListOp::In { negated, .. }, subject, items, .. } if items.len() == 1 => {
                    at = items[0].span;
                    let query = self.tabular(&items[0]);
                    if let Some(query) = &query
                        && !is_static(query)
                        && query.columns().first().is_some_and(|column| column.ty == ScalarType::String)
                        && self.is_text(&table, subject)
                    {
                        table = self.listed(table, query.clone(), (subject, *negated), span, expr.span)?;
                        continue;
                    }
                    (query, true, "in")
                }
                ExprKind::Call { name, arguments } if name.text == "toscalar" => {
                    let argument = arguments.first().map(|a| &a.value);
                    match argument {
                        Some(argument) if self.is_tabular(argument) => (self.tabular(argument), false, "toscalar"),
                        // toscalar() of a scalar is the scalar; it is bound where it stands.
                        _ => continue,
                    }
                }
                ExprKind::Name(name) if matches!(self.lets.get(&name.text), Some(Meaning::Later(_))) => {
                    match self.lets.get(&name.text) {
                        Some(Meaning::Later(table)) => {
                            let table = table.clone();
                            let fits = self.spend_on_table(&table, expr.span);
                            (fits.then(|| Tabular::clone(&table)), false, "toscalar")
                        }
                        _ => continue,
                    }
                }
                _ => (self.tabular(expr), true, "in"),
            };
            let Some(query) = query else {
                good = false;
                self.lifted.insert(at, Lifted::Value(Bound::error(at)));
                continue;
            };
            if is_static(&query) {
                let bound = self.computed(query, is_list, at);
                self.lifted.insert(at, Lifted::Value(bound));
                continue;
            }
            table = self.beside(table, query, is_list, span, name, at)?;
        }
        good.then_some(table)
    }

    /// Whether an expression is text, and needs nothing that an operator computes beforehand.
    fn is_text(&mut self, table: &Tabular, subject: &Expr) -> bool {
        !self.reads_tables(subject) && self.scalar(subject, &mut Scope::Row(&mut table.legs[0].clone())).ty.is_text()
    }

    /// `subject in (T)` of texts, as a join with the different ones of `T`: a row then finds its own, however many there are.
    fn listed(
        &mut self,
        mut table: Tabular,
        mut query: Tabular,
        (subject, negated): (&Expr, bool),
        span: Span,
        at: Span,
    ) -> Option<Tabular> {
        let columns = table.columns().len();
        let name = hidden(columns + self.lifted.len() + 1);
        for leg in &mut table.legs {
            let key = self.scalar(subject, &mut Scope::Row(leg));
            let key = if key.ty == ScalarType::Dynamic { converted(key, ScalarType::String) } else { key };
            if key.is_error() {
                return None;
            }
            let key = leg.assign(&name, key);
            leg.columns.push(key);
        }
        query.legs.iter_mut().for_each(|leg| leg.columns.truncate(1));
        let value = OutputColumn { name: "value".to_owned(), ty: ScalarType::String };
        let mut texts = self.rows(RowsKind::Distinct, query.finish(), vec![value], span, "in");
        let found = texts.assign("found", Bound::constant(Value::Bool(true), ScalarType::Bool, at));
        texts.columns.push(found);
        let mut output = table.columns();
        output.truncate(columns);
        output.push(OutputColumn { name: name.clone(), ty: ScalarType::Bool });
        let mut places: Vec<JoinColumn> = (0..columns).map(JoinColumn::Left).collect();
        places.push(JoinColumn::Right(1));
        let right = Tabular::of(texts).finish();
        let keys = vec![(columns, 0)];
        let join = Join { kind: JoinKind::LeftOuter, right, keys, output: places, network: None };
        let mut leg = self.rows(RowsKind::Join(join), table.finish(), output, span, "in");
        let function = functions::find(if negated { "isnull" } else { "isnotnull" })?;
        let partner = leg.column(&name, at)?;
        let kind = BoundKind::Call(Callee::of(function, &[None]).ok()?, vec![partner]);
        let column = leg.assign(&name, Bound { kind, ty: ScalarType::Bool, span: at });
        leg.put(column);
        self.lifted.insert(at, Lifted::Column(name));
        Some(Tabular::of(leg))
    }

    /// The rows of a query that reads no records.
    pub(super) fn rows_now(&self, query: &BoundQuery) -> Result<Vec<Row>, RowsError> {
        let limits = RowsLimits { max_bytes: MAX_BYTES, ..RowsLimits::default() };
        let context = Context { now: self.options.now.unwrap_or_else(DateTime::now) };
        rows::run(query, &mut NoTables, &context, &limits)
    }

    /// The first column of a table that reads no records, as an array, or the first value of it.
    fn computed(&mut self, table: Tabular, is_list: bool, span: Span) -> Bound {
        let Some(column) = table.columns().into_iter().next() else {
            self.error("KS190", span, "the table has no columns");
            return Bound::error(span);
        };
        let rows = match self.rows_now(&table.finish()) {
            Ok(rows) => rows,
            Err(error) => {
                self.error("KT007", span, format!("this table cannot be computed: {error}"));
                return Bound::error(span);
            }
        };
        let mut values = rows.into_iter().filter_map(|row| row.into_iter().next());
        if is_list {
            let elements = values.map(convert::into_dynamic).collect();
            return Bound::constant(Value::dynamic(Dynamic::Array(elements)), ScalarType::Dynamic, span);
        }
        let value = values.next().unwrap_or_else(|| Value::missing(column.ty));
        Bound::constant(value, column.ty, span)
    }

    /// The table with one more column, which holds what a query over records gives.
    fn beside(
        &mut self,
        mut table: Tabular,
        mut query: Tabular,
        is_list: bool,
        span: Span,
        name: &'static str,
        at: Span,
    ) -> Option<Tabular> {
        let Some(first) = query.columns().into_iter().next() else {
            self.error("KS190", at, "the table has no columns");
            return None;
        };
        for leg in &mut query.legs {
            leg.columns.truncate(1);
        }
        let ty = if is_list { ScalarType::Dynamic } else { first.ty };
        let value = OutputColumn { name: "value".to_owned(), ty };
        let one = if is_list {
            let arguments = vec![Bound { kind: BoundKind::Cell(CellId(0)), ty: first.ty, span: at }];
            let aggregate = Aggregate { function: aggregate::find("make_set")?, arguments, ty };
            let kind = RowsKind::Summarize { by: Vec::new(), aggregates: vec![aggregate] };
            self.rows(kind, query.finish(), vec![value], span, name)
        } else {
            query.order.push(Order::Take(1));
            self.rows(RowsKind::Ordered, query.finish(), vec![value], span, name)
        };
        let mut one = Tabular::of(one);
        let key = |table: &mut Tabular, name: &str| {
            for leg in &mut table.legs {
                let constant = Bound::constant(Value::Long(1), ScalarType::Long, span);
                let column = leg.assign(name, constant);
                leg.columns.push(column);
            }
            table.columns().len() - 1
        };
        let columns = table.columns().len();
        let keys = vec![(key(&mut table, &hidden(columns)), key(&mut one, "key"))];
        let column = hidden(columns + self.lifted.len() + 1);
        let mut output = table.columns();
        output.truncate(columns);
        output.push(OutputColumn { name: column.clone(), ty });
        let mut places: Vec<JoinColumn> = (0..columns).map(JoinColumn::Left).collect();
        places.push(JoinColumn::Right(0));
        let join = Join { kind: JoinKind::LeftOuter, right: one.finish(), keys, output: places, network: None };
        self.lifted.insert(at, Lifted::Column(column));
        Some(Tabular::of(self.rows(RowsKind::Join(join), table.finish(), output, span, name)))
    }

    /// `x in (T)` where no operator has computed it.
    pub(super) fn list_now(&mut self, item: &Expr) -> Bound {
        match self.tabular(item) {
            Some(table) if is_static(&table) => self.computed(table, true, item.span),
            Some(_) => {
                self.needs_records(item.span);
                Bound::error(item.span)
            }
            None => Bound::error(item.span),
        }
    }

    /// `toscalar(T)` where no operator has computed it.
    pub(super) fn toscalar_now(&mut self, arguments: &[Argument], scope: &mut Scope<'_>, span: Span) -> Bound {
        let [argument] = arguments else {
            self.error("KS119", span, "toscalar() takes 1 argument");
            return Bound::error(span);
        };
        if !self.is_tabular(&argument.value) {
            return self.scalar(&argument.value, scope);
        }
        match self.tabular(&argument.value) {
            Some(table) if is_static(&table) => self.computed(table, false, span),
            Some(_) => {
                self.needs_records(span);
                Bound::error(span)
            }
            None => Bound::error(span),
        }
    }

    pub(super) fn needs_records(&mut self, span: Span) {
        self.report(
            Diagnostic::error("KT007", span, "a value that is read from records cannot stand here")
                .help("it can stand in where, extend, project and summarize"),
        );
    }
}

/// Whether a table is the same at any time: it reads no records and no clock.
pub(super) fn is_static(table: &Tabular) -> bool {
    table.legs.iter().all(|scope| scope.leg.is_static())
}
