//! Whole queries over rows in memory: `summarize`, `join`, `sort` and the other operators that need many rows.
//!
//! A query is pulled from its end: a leg asks its source for rows, runs its steps on each, and gives what comes out to
//! whoever asked. Only what an operator must keep is held, and all of it together is bounded by [`RowsLimits`]. One
//! operator, one file; [`aggregate`] has the functions of `summarize`.

pub mod aggregate;
mod components;
mod distinct;
mod join;
mod key;
mod limits;
mod nested;
mod network;
mod order;
mod partition;
mod scan;
mod series;
mod summarize;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
mod window;

pub(crate) use limits::Elements;
pub(crate) use limits::row_size;
pub use limits::{Budget, Row, RowsError, RowsLimits};
pub use network::Networks;

use join::side_by_side;

use crate::compile::bound::{Bound, BoundQuery, Cell, CellSource, Leg, OutputColumn, RowSource, RowsKind, RowsOp};
use crate::compile::plain;
use crate::schema::ScalarType;
use crate::value::functions::Context;
use crate::value::{Value, convert};

/// The most operators over many rows, one in the other: what bounds recursion.
pub(crate) const MAX_DEPTH: usize = 128;

/// What takes rows, one after the other.
pub type Emit<'e> = dyn FnMut(Row) -> Result<(), RowsError> + 'e;

/// What takes the rows of a table: one value for each cell of the leg, the null for those that no column fills.
pub type TakeRow<'e> = dyn FnMut(Vec<Value<'_>>) -> Result<(), RowsError> + 'e;

/// Where the rows of tables come from.
pub trait TableRows {
    /// Gives every row of the leg's table ([`Leg::table`]) to `take`, in the order of the input.
    ///
    /// # Errors
    /// What `take` returns, at once, or [`RowsError::Source`].
    fn rows(&mut self, leg: &Leg, take: &mut TakeRow<'_>) -> Result<(), RowsError>;
}

/// For a query that reads no table, such as `print` and `datatable`.
#[derive(Clone, Copy, Debug)]
pub struct NoTables;

impl TableRows for NoTables {
    fn rows(&mut self, leg: &Leg, _: &mut TakeRow<'_>) -> Result<(), RowsError> {
        Err(RowsError::NoTable(leg.table().map_or_else(String::new, |table| table.name.clone())))
    }
}

/// The result of a whole query: its rows, in order, each with a value for each of the query's columns.
///
/// # Errors
/// Where a limit is reached, or a table cannot be read.
pub fn run(
    query: &BoundQuery,
    tables: &mut dyn TableRows,
    context: &Context,
    limits: &RowsLimits,
) -> Result<Vec<Row>, RowsError> {
    let budget = Budget::new(*limits);
    let mut held = limits::Held::new(&budget);
    each_row(query, tables, Scope::new(context, &budget), &mut |row| held.push(row))?;
    Ok(std::mem::take(&mut held.rows))
}

/// What a query runs in.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'s> {
    pub(crate) context: &'s Context,
    pub(crate) budget: &'s Budget,
    /// The rows that [`RowSource::Elements`] stands for.
    elements: Option<&'s [Vec<Value<'s>>]>,
    depth: usize,
}

impl<'s> Scope<'s> {
    pub(crate) fn new(context: &'s Context, budget: &'s Budget) -> Self {
        Scope { context, budget, elements: None, depth: 0 }
    }

    /// The scope of a subquery of `mv-apply`.
    pub(crate) fn within<'e>(self, elements: &'e [Vec<Value<'e>>]) -> Scope<'e>
    where
        's: 'e,
    {
        Scope { elements: Some(elements), ..self }
    }

    /// The scope of what stands in another.
    pub(crate) fn deeper(self) -> Result<Self, RowsError> {
        if self.depth == MAX_DEPTH {
            return Err(RowsError::Depth(MAX_DEPTH));
        }
        Ok(Scope { depth: self.depth + 1, ..self })
    }

    /// The value of an expression over a row of an operator's input.
    fn value(&self, bound: &Bound, row: &Row) -> Value<'static> {
        plain::evaluate(bound, row, self.context).into_owned()
    }
}

/// Gives the rows of a query to `emit`, ordered, with its columns only.
pub(crate) fn each_row(
    query: &BoundQuery,
    tables: &mut dyn TableRows,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let columns = query.columns.len();
    let cut = &mut |mut row: Row| {
        row.truncate(columns);
        emit(row)
    };
    if query.order.is_empty() {
        return query.legs.iter().try_for_each(|leg| each_of_leg(leg, tables, scope, cut));
    }
    let mut sorter = order::Sorter::new(&query.order, scope.budget);
    query.legs.iter().try_for_each(|leg| each_of_leg(leg, tables, scope, &mut |row| sorter.push(row)))?;
    sorter.finish(cut)
}

/// Gives what a leg makes of the rows of its source, with the cells that it is sorted by.
fn each_of_leg(leg: &Leg, tables: &mut dyn TableRows, scope: Scope<'_>, emit: &mut Emit<'_>) -> Result<(), RowsError> {
    let each = &mut |row: Vec<Value<'_>>| {
        let mut owned = |row: Vec<Value<'_>>| emit(row.into_iter().map(Value::into_owned).collect());
        match scope.elements {
            None => scope.budget.record(|| plain::run_steps(leg, row, scope, &mut owned)),
            Some(_) => plain::run_steps(leg, row, scope, &mut owned),
        }
    };
    match &leg.source {
        RowSource::Table(_) => tables.rows(leg, each),
        RowSource::Values(rows) => rows.iter().try_for_each(|row| each(cells_of(&leg.cells, row))),
        RowSource::Elements => {
            scope.elements.unwrap_or_default().iter().try_for_each(|row| each(cells_of(&leg.cells, row)))
        }
        RowSource::Rows(op) => each_of_op(op, tables, scope.deeper()?, &mut |row| each(cells_of(&leg.cells, &row))),
    }
}

/// A leg's row with what its source fills.
fn cells_of<'v>(cells: &[Cell], input: &[Value<'v>]) -> Vec<Value<'v>> {
    let fill = |cell: &Cell| match cell.source {
        Some(CellSource::Input(at)) => input.get(at).cloned().unwrap_or(Value::Null),
        _ => Value::Null,
    };
    cells.iter().map(fill).collect()
}

fn each_of_op(op: &RowsOp, tables: &mut dyn TableRows, scope: Scope<'_>, emit: &mut Emit<'_>) -> Result<(), RowsError> {
    let fitted = &mut |row: Row| emit(fit_row(row, &op.columns));
    match &op.kind {
        RowsKind::Ordered => each_row(&op.input, tables, scope, emit),
        RowsKind::Distinct => distinct::run(&op.input, tables, scope, emit),
        RowsKind::Count => distinct::count(&op.input, tables, scope, emit),
        RowsKind::Sample(count) => distinct::sample(&op.input, *count, tables, scope, emit),
        RowsKind::Summarize { by, aggregates } => {
            summarize::run(&op.input, &summarize::Summary { by, aggregates }, tables, scope, fitted)
        }
        RowsKind::Join(join) if let Some(network) = &join.network => {
            network::run(&op.input, join, network, tables, scope, fitted)
        }
        RowsKind::Join(join) => join::run(&op.input, join, tables, scope, fitted),
        RowsKind::MakeSeries { by, columns, axis, first, last, step, nonempty } => {
            // The bounds read no row, but they may read the clock: `from ago(7d)`.
            let end =
                |bound: &Option<Bound>| bound.as_ref().map(|b| convert::to_type(&scope.value(b, &Row::new()), axis.ty));
            let (first, last) = (end(first), end(last));
            let plan = series::Plan {
                by,
                columns,
                axis,
                first: first.as_ref(),
                last: last.as_ref(),
                step,
                nonempty: *nonempty,
            };
            series::run(&op.input, &plan, tables, scope, fitted)
        }
        RowsKind::Scan(steps) => scan::run(&op.input, steps, tables, scope, emit),
        RowsKind::Components { id, edges, strong } => {
            components::run(&op.input, *id, &components::Edges { edges, strong: *strong }, tables, scope, emit)
        }
        RowsKind::TopNested(levels) => nested::run(&op.input, levels, tables, scope, fitted),
        RowsKind::Partition { by, query } => partition::run(&op.input, *by, query, tables, scope, emit),
        RowsKind::Window(windows) => window::run(&op.input, windows, tables, scope, fitted),
    }
}

/// Every value as its column's type has it: what is missing of a string is `""`, and zero is a timespan where one is summed.
fn fit_row(row: Row, columns: &[OutputColumn]) -> Row {
    row.into_iter().zip(columns).map(|(value, column)| fit(value, column.ty)).collect()
}

fn fit(value: Value<'static>, ty: ScalarType) -> Value<'static> {
    let fits = match (&value, ty) {
        (Value::Null, ty) => ty != ScalarType::String,
        (Value::Bool(_), ScalarType::Bool)
        | (Value::Int(_), ScalarType::Int)
        | (Value::Long(_), ScalarType::Long)
        | (Value::Real(_), ScalarType::Real | ScalarType::Decimal)
        | (Value::Decimal(_), ScalarType::Decimal)
        | (Value::String(_), ScalarType::String)
        | (Value::DateTime(_), ScalarType::DateTime)
        | (Value::TimeSpan(_), ScalarType::TimeSpan)
        | (Value::Guid(_), ScalarType::Guid)
        | (Value::Dynamic(_), ScalarType::Dynamic) => true,
        _ => false,
    };
    if fits { value } else { convert::to_type(&value, ty) }
}
