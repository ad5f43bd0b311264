//! The plain evaluator: a bound query, row by row, as its text says.
//!
//! No automata, no gate, no sharing, nothing skipped. It is slow, and it is the oracle: property tests, and `--shadow` on
//! live data, hold the fast path to it. It also computes constants when a rule is compiled.

use super::bound::{Bound, BoundKind, Leg, Step};
use crate::schema::ScalarType;
use crate::value::functions::Context;
use crate::value::list::has_list;
use crate::value::operators::{
    between, calculate, element, equal, listed, logical, matches, member, ordering, text_of, truth,
};
use crate::value::{DateTime, Value, arithmetic, text};

/// Runs a leg over one row of its table. `source` gives the value of each cell that the table fills. The result row, or
/// `None` where a filter drops it.
pub fn run<'v>(leg: &'v Leg, mut source: impl FnMut(usize) -> Value<'v>, context: &Context) -> Option<Vec<Value<'v>>> {
    let mut row: Vec<Value<'v>> =
        (0..leg.cells.len()).map(|i| if leg.cells[i].source.is_some() { source(i) } else { Value::Null }).collect();
    for step in &leg.steps {
        match step {
            Step::Filter(predicate) => {
                // `truth` and not `as_bool`: a conjunct of `where d.flag and …` may be a dynamic.
                if truth(&evaluate(predicate, &row, context)) != Some(true) {
                    return None;
                }
            }
            Step::Assign(cell, value) => row[cell.index()] = evaluate(value, &row, context),
            Step::Expand(_) | Step::Apply { .. } | Step::Parse { .. } => {}
        }
    }
    Some(leg.output.iter().map(|cell| row[cell.index()].clone()).collect())
}

/// The value of an expression that reads no cell and no clock.
pub fn constant(bound: &Bound) -> Value<'_> {
    evaluate(bound, &[], &Context { now: DateTime(0) })
}

/// The value of an expression over a row.
pub fn evaluate<'v>(bound: &'v Bound, row: &[Value<'v>], context: &Context) -> Value<'v> {
    let value = raw(bound, row, context);
    match value {
        // There is no null string.
        Value::Null if bound.ty == ScalarType::String => Value::string(""),
        value => value,
    }
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
