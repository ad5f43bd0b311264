//! The plain evaluator: a bound query, row by row, as its text says.
//!
//! No automata, no gate, no sharing, nothing skipped. It is slow, and it is the oracle: property tests, and `--shadow` on
//! live data, hold the fast path to it. It also computes constants when a rule is compiled.

mod expand;
mod parse;

use super::bound::{Bound, BoundKind, Leg, Step};
use crate::rows::{self, Budget, NoTables, RowsError, RowsLimits, Scope};
use crate::schema::ScalarType;
use crate::value::functions::Context;
use crate::value::list::has_list;
use crate::value::operators::{
    between, calculate, element, equal, listed, logical, matches, member, ordering, text_of, truth,
};
use crate::value::{DateTime, Value, arithmetic, text};

/// What takes the rows that come out of a leg.
pub type TakeRow<'e, 'v> = dyn FnMut(Vec<Value<'v>>) -> Result<(), RowsError> + 'e;

/// Runs a leg over one row of its table, and gives the first row that comes out; `None` where a filter drops all.
///
/// `source` gives the value of each cell that the table fills.
pub fn run<'v>(leg: &'v Leg, source: impl FnMut(usize) -> Value<'v>, context: &Context) -> Option<Vec<Value<'v>>> {
    let mut first = None;
    // What goes beyond a limit comes after the first row.
    let _ = run_each(leg, source, context, &mut |row| {
        first.get_or_insert(row);
        Ok(())
    });
    first
}

/// Runs a leg over one row of its table, and gives every row that comes out: more than one behind `mv-expand`.
///
/// # Errors
/// Where one row becomes more than [`RowsLimits::of_record`] allows.
pub fn run_each<'v>(
    leg: &'v Leg,
    mut source: impl FnMut(usize) -> Value<'v>,
    context: &Context,
    take: &mut TakeRow<'_, 'v>,
) -> Result<(), RowsError> {
    let row =
        (0..leg.cells.len()).map(|i| if leg.cells[i].source.is_some() { source(i) } else { Value::Null }).collect();
    run_steps(leg, row, Scope::new(context, &Budget::new(RowsLimits::of_record())), take)
}

/// Runs a leg's steps over a row of its cells.
pub(crate) fn run_steps<'v>(
    leg: &'v Leg,
    row: Vec<Value<'v>>,
    scope: Scope<'_>,
    take: &mut TakeRow<'_, 'v>,
) -> Result<(), RowsError> {
    walk(leg, &leg.steps, row, scope, take)
}

fn walk<'v>(
    leg: &'v Leg,
    steps: &'v [Step],
    mut row: Vec<Value<'v>>,
    scope: Scope<'_>,
    take: &mut TakeRow<'_, 'v>,
) -> Result<(), RowsError> {
    let context = scope.context;
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Filter(predicate) => {
                // `truth` and not `as_bool`: a conjunct of `where d.flag and …` may be a dynamic.
                if truth(&evaluate(predicate, &row, context)) != Some(true) {
                    return Ok(());
                }
            }
            Step::Assign(cell, value) => row[cell.index()] = evaluate(value, &row, context),
            Step::Parse { subject, pattern, cells, filters } => {
                let subject = evaluate(subject, &row, context);
                let values = parse::columns(pattern, &text_of(&subject));
                if *filters && values.is_none() {
                    return Ok(());
                }
                let values = values.unwrap_or_default().into_iter().chain(std::iter::repeat(Value::Null));
                for (cell, value) in cells.iter().zip(values) {
                    row[cell.index()] = present(value, leg.cells[cell.index()].ty);
                }
            }
            Step::Expand(expand) => {
                let (rest, inner) = (&steps[at + 1..], scope.deeper()?);
                return expand::each(expand, &row, leg, scope, &mut |row| walk(leg, rest, row, inner, take));
            }
            Step::Apply { expand, query, cells } => {
                let (rest, inner) = (&steps[at + 1..], scope.deeper()?);
                let mut elements = rows::Elements::new(scope.budget);
                expand::each(expand, &row, leg, scope, &mut |row| elements.push(row))?;
                if elements.rows().is_empty() {
                    return Ok(());
                }
                return rows::each_row(query, &mut NoTables, inner.within(elements.rows()), &mut |values| {
                    let mut row = row.clone();
                    for (cell, value) in cells.iter().zip(values) {
                        row[cell.index()] = value;
                    }
                    walk(leg, rest, row, inner, take)
                });
            }
        }
    }
    take(leg.output.iter().map(|cell| row[cell.index()].clone()).collect())
}

/// There is no null string.
fn present(value: Value<'_>, ty: ScalarType) -> Value<'_> {
    match value {
        Value::Null if ty == ScalarType::String => Value::string(""),
        value => value,
    }
}

/// The value of an expression that reads no cell and no clock.
pub fn constant(bound: &Bound) -> Value<'_> {
    evaluate(bound, &[], &Context { now: DateTime(0) })
}

/// The value of an expression over a row.
pub fn evaluate<'v>(bound: &'v Bound, row: &[Value<'v>], context: &Context) -> Value<'v> {
    present(raw(bound, row, context), bound.ty)
}

fn raw<'v>(bound: &'v Bound, row: &[Value<'v>], context: &Context) -> Value<'v> {
    let of = |b: &'v Bound| evaluate(b, row, context);
    match &bound.kind {
        BoundKind::Constant(value) => value.clone(),
        BoundKind::Cell(cell) => row[cell.index()].clone(),
        BoundKind::Member(base, name) => member(&of(base), name),
        BoundKind::Index(base, index) => element(&of(base), &of(index)),
        BoundKind::And(list) => logical(list.iter().map(|b| truth(&of(b))), false).into(),
        BoundKind::Or(list) => logical(list.iter().map(|b| truth(&of(b))), true).into(),
        BoundKind::Negate(operand) => arithmetic::negate(&of(operand)),
        BoundKind::Arithmetic(op, a, b) => calculate(*op, &of(a), &of(b), bound.ty),
        BoundKind::Compare(op, a, b) => ordering(*op, &of(a), &of(b)),
        BoundKind::Equal { negated, folded, left, right } => equal(*negated, *folded, &of(left), &of(right)),
        BoundKind::Text { op, subject, needle } => {
            let (subject, needle) = (of(subject), of(needle));
            Value::Bool(text::evaluate(*op, &text_of(&subject), &text_of(&needle)))
        }
        BoundKind::HasList { all, subject, needles } => {
            let needles: Vec<Value<'v>> = needles.iter().map(of).collect();
            Value::Bool(has_list(&of(subject), &needles, *all))
        }
        BoundKind::In { folded, negated, subject, items } => {
            let items: Vec<Value<'v>> = items.iter().map(of).collect();
            Value::Bool(listed(&of(subject), subject.ty, &items, *folded).is_some() != *negated)
        }
        BoundKind::Between { negated, subject, low, high } => between(*negated, &of(subject), &of(low), &of(high)),
        BoundKind::Regex(subject, regex) => Value::Bool(matches(regex, &of(subject))),
        BoundKind::Call(function, arguments) => {
            let arguments: Vec<Value<'v>> = arguments.iter().map(of).collect();
            function.run(context, &arguments)
        }
        BoundKind::Error => Value::Null,
    }
}
