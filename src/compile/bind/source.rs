//! Where rows come from: tables, `datatable`, `print`, `range`, and tabular functions.

use std::sync::Arc;

use super::custom::DIAGNOSTICS;
use super::names::{inferred_name, unique};
use super::scope::{LegScope, Place, Scope, ScopeColumn, Tabular};
use super::{Binder, Meaning};
use crate::compile::bound::{Bound, BoundKind, Expand, ExpandItem, OutputColumn, RowSource, Step};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Argument, BinaryOp, ColumnDeclaration, Expr, ExprKind, Name, NamedExpr};
use crate::rule::Watchlist;
use crate::schema::ScalarType;
use crate::value::functions::{self, Callee};
use crate::value::operators::{calculate, ordering};
use crate::value::{Value, convert};

/// How many values a query may spell out.
const MAX_VALUES: usize = 1_000_000;

impl Binder<'_> {
    /// A table, or what a `let` or the library has under its name.
    pub(super) fn table(&mut self, name: &Name) -> Option<Tabular> {
        if self.tree_room == 0 {
            return None;
        }
        match self.lets.get(&name.text) {
            Some(Meaning::Tabular(table)) => {
                let table = table.clone();
                return self.spend_on_table(&table, name.span).then(|| Tabular::clone(&table));
            }
            Some(Meaning::Scalar(value)) if value.is_error() => return None,
            Some(Meaning::Scalar(value)) => {
                let message = format!("'{}' is a {} and not a table", name.text, value.ty);
                self.error("KS181", name.span, message);
                return None;
            }
            Some(Meaning::Later(_)) => {
                self.error("KS181", name.span, format!("'{}' is a scalar and not a table", name.text));
                return None;
            }
            Some(Meaning::Function(_)) => return self.function_table(name, &[], None, name.span)?,
            Some(Meaning::Pattern(_)) => return self.pattern_table(name, &[], None, name.span)?,
            None => {}
        }
        if let Some(table) = self.catalog.table(&name.text) {
            let mut leg = LegScope::of(table);
            if name.text == DIAGNOSTICS && !self.options.strict {
                self.diagnostics_columns(&mut leg, name.span);
            }
            let table = Tabular::of(leg);
            return self.spend_on_table(&table, name.span).then_some(table);
        }
        if let Some(table) = self.function_table(name, &[], None, name.span) {
            return table;
        }
        if self.is_custom(&name.text) {
            return self.custom_table(name);
        }
        let lets = self.lets.keys().map(String::as_str);
        let near = self.near(&name.text, lets.chain(self.catalog.names()));
        let message = format!("'{}' is not a known table or tabular variable", name.text);
        let mut diagnostic = Diagnostic::error("KS204", name.span, message);
        diagnostic.help = near.or_else(|| Some("'kqltap tables' lists the tables that are known".to_owned()));
        self.report(diagnostic);
        None
    }

    /// A call where a table is expected.
    pub(super) fn table_call(&mut self, name: &Name, arguments: &[Argument], span: Span) -> Option<Tabular> {
        match (name.text.as_str(), arguments) {
            // Kusto computes it once; here it is the table itself.
            ("materialize", [table]) => return self.tabular(&table.value),
            ("table", [table, ..]) => {
                let bound = self.scalar(&table.value, &mut Scope::Nothing);
                let Some(Value::String(text)) = bound.as_constant() else {
                    self.error("KS131", table.value.span, "the name of the table must be a literal string");
                    return None;
                };
                return self.table(&Name { text: text.to_string(), span: table.value.span });
            }
            ("_GetWatchlist", [list]) if !self.lets.contains_key("_GetWatchlist") => {
                return self.watchlist(&list.value);
            }
            ("toscalar", _) => {
                self.error("KS111", span, "a table is expected here, and this is a scalar");
                return None;
            }
            _ => {}
        }
        if let Some(table) = self.function_table(name, arguments, None, span) {
            return table;
        }
        self.report(
            Diagnostic::error(
                "KS204",
                name.span,
                format!("'{}' is not a table or a known tabular function", name.text),
            )
            .help("--functions names files of saved functions"),
        );
        None
    }

    /// A table of rows that are known now.
    pub(super) fn values(columns: &[OutputColumn], rows: Vec<Vec<Value<'static>>>) -> Tabular {
        Tabular::of(LegScope::over(RowSource::Values(Arc::new(rows)), columns))
    }

    pub(super) fn datatable(&mut self, declared: &[ColumnDeclaration], values: &[Expr], span: Span) -> Option<Tabular> {
        let columns = self.declared(declared)?;
        if columns.is_empty() || !values.len().is_multiple_of(columns.len()) {
            self.error("KS173", span, format!("{} values do not make rows of {} columns", values.len(), columns.len()));
            return None;
        }
        if values.len() > MAX_VALUES {
            self.error("KS245", span, format!("more than {MAX_VALUES} values in a datatable"));
            return None;
        }
        let mut good = true;
        let mut rows = Vec::with_capacity(values.len() / columns.len());
        for row in values.chunks(columns.len()) {
            let mut cells = Vec::with_capacity(columns.len());
            for (value, column) in row.iter().zip(&columns) {
                let bound = self.scalar(value, &mut Scope::Nothing);
                match bound.as_constant() {
                    Some(value) => cells.push(cell(value, bound.ty, column.ty)),
                    None => {
                        if !bound.is_error() {
                            self.error("KS131", value.span, "a value of a datatable must be a literal");
                        }
                        good = false;
                    }
                }
            }
            rows.push(cells);
        }
        good.then(|| Self::values(&columns, rows))
    }

    /// Columns that are declared with their types.
    pub(super) fn declared(&mut self, declared: &[ColumnDeclaration]) -> Option<Vec<OutputColumn>> {
        let names: Vec<(String, Span)> = declared.iter().map(|c| (c.name.text.clone(), c.name.span)).collect();
        self.check_names(&names);
        declared.iter().map(|c| Some(OutputColumn { name: c.name.text.clone(), ty: self.type_of(&c.ty)? })).collect()
    }

    /// The type of that name.
    pub(super) fn type_of(&mut self, name: &Name) -> Option<ScalarType> {
        let ty = ScalarType::from_name(&name.text);
        if ty.is_none() {
            self.error("KS160", name.span, format!("'{}' is not a type", name.text));
        }
        ty
    }

    /// One row. What reads the clock is computed when the query runs.
    pub(super) fn print(&mut self, list: &[NamedExpr], span: Span) -> Option<Tabular> {
        let one = Self::values(&[], vec![Vec::new()]);
        let exprs: Vec<&Expr> = list.iter().map(|item| &item.value).collect();
        let outer = self.lifted.clone();
        let table = self.subqueries(one, &exprs, span);
        let mut leg = table?.legs.remove(0);
        let mut columns: Vec<super::scope::ScopeColumn> = Vec::new();
        for (at, item) in list.iter().enumerate() {
            if let Some(several) = self.several(&mut leg, item, false) {
                columns.extend(several.into_iter().map(|(name, value)| leg.assign(&name, value)));
                continue;
            }
            let value = self.scalar(&item.value, &mut Scope::Row(&mut leg));
            let taken = |name: &str| columns.iter().any(|c| c.name == name);
            let name = match &item.name {
                Some(name) => {
                    if taken(&name.text) {
                        self.error(
                            "KS171",
                            name.span,
                            format!("a column '{}' is already declared in this operator", name.text),
                        );
                    }
                    name.text.clone()
                }
                None => match inferred_name(&item.value).filter(|_| !matches!(item.value.kind, ExprKind::Name(_))) {
                    Some(name) => unique(&name, &taken),
                    None => format!("print_{at}"),
                },
            };
            let value = self.not_too_deep(&leg, value);
            columns.push(leg.assign(&name, value));
        }
        self.lifted = outer;
        leg.columns = columns;
        Some(Tabular::of(leg))
    }

    pub(super) fn range(&mut self, name: &Name, bounds: [&Expr; 3], span: Span) -> Option<Tabular> {
        let [first, last, step] = bounds.map(|expr| self.scalar(expr, &mut Scope::Nothing));
        if first.is_error() || last.is_error() || step.is_error() {
            return None;
        }
        for bound in [&first, &last, &step] {
            if !bound.ty.is_numeric() && !matches!(bound.ty, ScalarType::DateTime | ScalarType::TimeSpan) {
                self.error(
                    "KS138",
                    bound.span,
                    format!("'range' counts numbers and times, and this is a {}", bound.ty),
                );
                return None;
            }
        }
        let wide = |a: ScalarType, b: ScalarType| match (a, b) {
            (a, b) if a == b => a,
            (ScalarType::Real, _) | (_, ScalarType::Real) => ScalarType::Real,
            (ScalarType::DateTime, _) => ScalarType::DateTime,
            _ => ScalarType::Long,
        };
        let ty = match first.ty {
            ScalarType::DateTime => ScalarType::DateTime,
            ScalarType::TimeSpan => ScalarType::TimeSpan,
            other => wide(wide(other, last.ty), step.ty),
        };
        let step_type = if ty == ScalarType::DateTime { ScalarType::TimeSpan } else { ty };
        if last.ty.is_numeric() != ty.is_numeric() || (step.ty != step_type && !step.ty.is_numeric()) {
            self.error("KS106", step.span, format!("'range' cannot count from a {} by a {}", first.ty, step.ty));
            return None;
        }
        let columns = [OutputColumn { name: name.text.clone(), ty }];
        // A range over the clock, `range d from ago(7d) to now() step 1d`, has rows only when the query runs.
        let constants = [&first, &last, &step].map(|b| b.as_constant().cloned());
        let [Some(first), Some(last), Some(step)] = constants else {
            return self.moving_range(&columns, [first, last, step], span);
        };
        let (mut at, last) = (convert::to_type(&first, ty).into_owned(), convert::to_type(&last, ty).into_owned());
        let step = convert::to_type(&step, step_type).into_owned();
        let zero = convert::to_type(&Value::Long(0), step_type).into_owned();
        let up = ordering(BinaryOp::Greater, &step, &zero);
        let op = match (up, ordering(BinaryOp::Less, &step, &zero)) {
            (Value::Bool(true), _) => BinaryOp::LessOrEqual,
            (_, Value::Bool(true)) => BinaryOp::GreaterOrEqual,
            _ => {
                self.error("KS140", span, "the step of a range must not be zero");
                return None;
            }
        };
        let mut rows = Vec::new();
        while ordering(op, &at, &last) == Value::Bool(true) {
            if rows.len() >= MAX_VALUES {
                self.error("KS245", span, format!("a range of more than {MAX_VALUES} rows"));
                return None;
            }
            let next = calculate(BinaryOp::Add, &at, &step, ty).into_owned();
            rows.push(vec![std::mem::replace(&mut at, next)]);
        }
        Some(Self::values(&columns, rows))
    }
}

/// A value as a datatable's column has it.
fn cell(value: &Value<'static>, given: ScalarType, ty: ScalarType) -> Value<'static> {
    if value.is_null() {
        return Value::missing(ty);
    }
    if given == ty {
        return value.clone();
    }
    convert::to_type(value, ty).into_owned()
}

impl Binder<'_> {
    fn watchlist(&mut self, name: &Expr) -> Option<Tabular> {
        let bound = self.scalar(name, &mut Scope::Nothing);
        let Some(Value::String(text)) = bound.as_constant() else {
            if !bound.is_error() {
                self.error("KS131", name.span, "the name of the watchlist must be a literal string");
            }
            return None;
        };
        let missing;
        let list = match self.libraries.watchlists.find(text) {
            Some(list) => list,
            None => {
                let near = self.libraries.watchlists.suggest(text).map(|near| format!("did you mean '{near}'?"));
                let mut diagnostic =
                    Diagnostic::warning("KT011", name.span, format!("there is no watchlist '{text}'; it has no rows"));
                diagnostic.help = near.or_else(|| Some("--watchlists names the folder with their files".to_owned()));
                self.report(diagnostic);
                missing = Watchlist::missing(text);
                &missing
            }
        };
        let column = |name: &String| OutputColumn { name: name.clone(), ty: ScalarType::String };
        let columns: Vec<OutputColumn> = list.columns.iter().map(column).collect();
        let mut leg = LegScope::over(RowSource::Values(list.rows.clone()), &columns);
        // A file that is not there says nothing about the columns that the real one has.
        leg.open = self.libraries.watchlists.find(text).is_none();
        Some(Tabular::of(leg))
    }

    /// Rows that are only known when the query runs: one row, and of it one for each step.
    fn moving_range(&mut self, columns: &[OutputColumn], bounds: [Bound; 3], span: Span) -> Option<Tabular> {
        let function = functions::find("range")?;
        let constants: Vec<Option<&Value<'static>>> = bounds.iter().map(Bound::as_constant).collect();
        let callee = Callee::of(function, &constants).ok()?;
        let value = Bound { kind: BoundKind::Call(callee, bounds.to_vec()), ty: ScalarType::Dynamic, span };
        let [column] = columns else { return None };
        let mut leg = Self::values(&[], vec![Vec::new()]).legs.remove(0);
        let cell = leg.new_cell(&column.name, column.ty);
        let items = vec![ExpandItem { cell, value, to: Some(column.ty) }];
        leg.leg.steps.push(Step::Expand(Expand { items, index: None, limit: None, bags_as_arrays: false }));
        leg.put(ScopeColumn { name: column.name.clone(), ty: column.ty, place: Place::Cell(cell) });
        Some(Tabular::of(leg))
    }
}
