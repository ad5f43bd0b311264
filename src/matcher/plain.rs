//! The plain evaluator: a bound query, row by row, as its text says.
//!
//! No automata, no gate, no sharing, nothing skipped. It is slow, and it is the oracle: property tests, and `--shadow` on
//! live data, hold the fast path to it. It also computes constants when a rule is compiled.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::compile::bound::{Bound, BoundKind, Leg, Step};
use crate::kql::ast::BinaryOp;
use crate::schema::ScalarType;
use crate::value::functions::Context;
use crate::value::{DateTime, Dynamic, Value, arithmetic, compare, convert, list, text};

/// Runs a leg over one row of its table. `source` gives the value of each cell that the table fills. The result row, or
/// `None` where a filter drops it.
pub fn run<'v>(leg: &'v Leg, mut source: impl FnMut(usize) -> Value<'v>, context: &Context) -> Option<Vec<Value<'v>>> {
    let mut row: Vec<Value<'v>> = (0..leg.cells.len())
        .map(|i| {
            if leg.cells[i].source.is_some() {
                source(i)
            } else {
                Value::Null
            }
        })
        .collect();
    for step in &leg.steps {
        match step {
            Step::Filter(predicate) => {
                if evaluate(predicate, &row, context).as_bool() != Some(true) {
                    return None;
                }
            }
            Step::Assign(cell, value) => row[cell.index()] = evaluate(value, &row, context),
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
        BoundKind::And(list) => logical(list.iter().map(|b| truth(&of(b))), false),
        BoundKind::Or(list) => logical(list.iter().map(|b| truth(&of(b))), true),
        BoundKind::Negate(operand) => arithmetic::negate(&of(operand)),
        BoundKind::Arithmetic(op, a, b) => calculate(*op, &of(a), &of(b), bound.ty),
        BoundKind::Compare(op, a, b) => ordering(*op, &of(a), &of(b)),
        BoundKind::Equal {
            negated,
            folded,
            left,
            right,
        } => equal(*negated, *folded, &of(left), &of(right)),
        BoundKind::Text { op, subject, needle } => {
            let (subject, needle) = (of(subject), of(needle));
            Value::Bool(text::evaluate(*op, &text_of(&subject), &text_of(&needle)))
        }
        BoundKind::HasList { all, subject, needles } => {
            let subject = of(subject);
            let subject = text_of(&subject);
            let mut hits = Vec::new();
            for needle in needles {
                for_each_item(&of(needle), &mut |item| {
                    hits.push(text::has(&subject, &text_of(item), true))
                });
            }
            Value::Bool(if *all {
                hits.iter().all(|h| *h)
            } else {
                hits.iter().any(|h| *h)
            })
        }
        BoundKind::In {
            folded,
            negated,
            subject,
            items,
        } => {
            let items: Vec<Value<'v>> = items.iter().map(of).collect();
            Value::Bool(list::in_list(&of(subject), &items, *folded) != *negated)
        }
        BoundKind::Between {
            negated,
            subject,
            low,
            high,
        } => between(*negated, &of(subject), &of(low), &of(high)),
        BoundKind::Regex(subject, regex) => Value::Bool(regex.is_match(&text_of(&of(subject)))),
        BoundKind::Call(function, arguments) => {
            let arguments: Vec<Value<'v>> = arguments.iter().map(of).collect();
            function.run(context, &arguments)
        }
        BoundKind::Error => Value::Null,
    }
}

/// What string operators see: a string as it is, a dynamic by its text, null as nothing.
pub(crate) fn text_of<'t>(value: &'t Value<'_>) -> Cow<'t, str> {
    match value {
        Value::String(s) => Cow::Borrowed(s),
        Value::Dynamic(Dynamic::String(s)) => Cow::Borrowed(s),
        Value::Null => Cow::Borrowed(""),
        other => convert::text(other),
    }
}

/// What `and`, `or` and `not` see; a dynamic is asked as `tobool()` asks it.
pub(crate) fn truth(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::Dynamic(_) => convert::tobool(value).as_bool(),
        _ => None,
    }
}

/// Three-valued: `decides` is the value that settles it (`false` for and, `true` for or).
fn logical<'v>(operands: impl Iterator<Item = Option<bool>>, decides: bool) -> Value<'v> {
    let mut unknown = false;
    for operand in operands {
        match operand {
            Some(b) if b == decides => return Value::Bool(decides),
            Some(_) => {}
            None => unknown = true,
        }
    }
    if unknown { Value::Null } else { Value::Bool(!decides) }
}

pub(crate) fn member<'v>(base: &Value<'v>, name: &str) -> Value<'v> {
    match base {
        Value::Dynamic(d) => Value::dynamic(d.member(name)),
        _ => Value::Null,
    }
}

pub(crate) fn element<'v>(base: &Value<'v>, index: &Value<'_>) -> Value<'v> {
    let Value::Dynamic(d) = base else { return Value::Null };
    match index {
        Value::String(name) | Value::Dynamic(Dynamic::String(name)) => Value::dynamic(d.member(name)),
        Value::Int(i) => Value::dynamic(d.index(i64::from(*i))),
        Value::Long(i) | Value::Dynamic(Dynamic::Long(i)) => Value::dynamic(d.index(*i)),
        _ => Value::Null,
    }
}

pub(crate) fn calculate<'v>(op: BinaryOp, a: &Value<'_>, b: &Value<'_>, ty: ScalarType) -> Value<'v> {
    let result = arithmetic::evaluate(op, a, b).unwrap_or(Value::Null);
    // With a dynamic operand the type is known only now; the column's type is the one that was announced.
    match (ty, &result) {
        (ScalarType::Dynamic, Value::Null | Value::Dynamic(_)) => result,
        (ScalarType::Dynamic, _) => Value::dynamic(convert::into_dynamic(result)),
        (ScalarType::Long, Value::Real(_)) => convert::to_type(&result, ty).into_owned(),
        _ => result,
    }
}

pub(crate) fn ordering<'v>(op: BinaryOp, a: &Value<'_>, b: &Value<'_>) -> Value<'v> {
    if a.is_null() || b.is_null() {
        return Value::Null;
    }
    // What has no order, a NaN or text beside a number, is neither less nor greater.
    let Some(order) = compare::compare(a, b) else {
        return Value::Bool(false);
    };
    Value::Bool(match op {
        BinaryOp::Less => order == Ordering::Less,
        BinaryOp::LessOrEqual => order != Ordering::Greater,
        BinaryOp::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    })
}

pub(crate) fn equal<'v>(negated: bool, folded: bool, a: &Value<'_>, b: &Value<'_>) -> Value<'v> {
    let equal = if folded {
        compare::equal_folded(a, b)
    } else {
        compare::equal(a, b)
    };
    equal.map(|e| e != negated).into()
}

pub(crate) fn between<'v>(negated: bool, subject: &Value<'_>, low: &Value<'_>, high: &Value<'_>) -> Value<'v> {
    if subject.is_null() || low.is_null() || high.is_null() {
        return Value::Null;
    }
    let high = match (low, high) {
        (Value::DateTime(_), Value::TimeSpan(_)) => arithmetic::add(low, high),
        _ => high.clone(),
    };
    let above = compare::compare(subject, low).is_some_and(|o| o != Ordering::Less);
    let below = compare::compare(subject, &high).is_some_and(|o| o != Ordering::Greater);
    Value::Bool((above && below) != negated)
}

/// An array stands for its elements, nested ones too; everything else for itself.
pub(crate) fn for_each_item(value: &Value<'_>, each: &mut dyn FnMut(&Value<'_>)) {
    match value {
        Value::Dynamic(Dynamic::Array(items)) => {
            items
                .iter()
                .for_each(|item| for_each_item(&Value::dynamic(item.clone()), each));
        }
        other => each(other),
    }
}
