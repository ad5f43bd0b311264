//! What operators make of values: the part of their meaning that needs no expression.
//!
//! Both evaluators call these, so a comparison or a step into a dynamic is written once.

use std::borrow::Cow;
use std::cmp::Ordering;

use regex::Regex;

use super::{Dynamic, Value, arithmetic, compare, convert, list};
use crate::kql::ast::BinaryOp;
use crate::schema::ScalarType;

/// What string operators see: a string as it is, a dynamic by its text, null as nothing.
pub fn text_of<'t>(value: &'t Value<'_>) -> Cow<'t, str> {
    match value {
        Value::String(s) => Cow::Borrowed(s),
        Value::Dynamic(Dynamic::String(s)) => Cow::Borrowed(s),
        Value::Null => Cow::Borrowed(""),
        other => convert::text(other),
    }
}

/// What `and`, `or` and `not` see; a dynamic, and a number under `not`, is asked as `tobool()` asks it.
pub fn truth(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::Null => None,
        _ => convert::tobool(value).as_bool(),
    }
}

/// Three-valued: `decides` is the value that settles it (`false` for and, `true` for or).
pub fn logical(operands: impl Iterator<Item = Option<bool>>, decides: bool) -> Option<bool> {
    let mut unknown = false;
    for operand in operands {
        match operand {
            Some(b) if b == decides => return Some(decides),
            Some(_) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(!decides)
}

/// `base.name`: a member of a bag, else null.
pub fn member<'v>(base: &Value<'v>, name: &str) -> Value<'v> {
    match base {
        Value::Dynamic(d) => Value::dynamic(d.member(name)),
        _ => Value::Null,
    }
}

/// `base[index]`: an element of an array, or by a string a member of a bag, else null.
pub fn element<'v>(base: &Value<'v>, index: &Value<'_>) -> Value<'v> {
    let Value::Dynamic(d) = base else { return Value::Null };
    match index {
        Value::String(name) | Value::Dynamic(Dynamic::String(name)) => Value::dynamic(d.member(name)),
        Value::Int(i) => Value::dynamic(d.index(i64::from(*i))),
        Value::Long(i) | Value::Dynamic(Dynamic::Long(i)) => Value::dynamic(d.index(*i)),
        _ => Value::Null,
    }
}

/// `a op b` for `+ - * / %`; `ty` is the type that was announced for it.
pub fn calculate<'v>(op: BinaryOp, a: &Value<'_>, b: &Value<'_>, ty: ScalarType) -> Value<'v> {
    let result = arithmetic::evaluate(op, a, b).unwrap_or(Value::Null);
    // With a dynamic operand the type is known only now; the column's type is the one that was announced.
    match (ty, &result) {
        (ScalarType::Dynamic, Value::Null | Value::Dynamic(_)) => result,
        (ScalarType::Dynamic, _) => Value::dynamic(convert::into_dynamic(result)),
        (ScalarType::Long, Value::Real(_)) => convert::to_type(&result, ty).into_owned(),
        _ => result,
    }
}

/// `a op b` for `< <= > >=`.
pub fn ordering<'v>(op: BinaryOp, a: &Value<'_>, b: &Value<'_>) -> Value<'v> {
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

/// `==` and its like.
pub fn equal<'v>(negated: bool, folded: bool, a: &Value<'_>, b: &Value<'_>) -> Value<'v> {
    let equal = if folded { compare::equal_folded(a, b) } else { compare::equal(a, b) };
    equal.map(|e| e != negated).into()
}

/// `between`; behind a datetime a timespan is an offset.
pub fn between<'v>(negated: bool, subject: &Value<'_>, low: &Value<'_>, high: &Value<'_>) -> Value<'v> {
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

/// `in`: a dynamic is compared by its text, and that of a null dynamic is `""`; any other null is in no list.
/// The item that it is, if any.
pub fn listed<'a>(subject: &Value<'_>, ty: ScalarType, items: &[Value<'a>], folded: bool) -> Option<Value<'a>> {
    match (ty, subject) {
        (ScalarType::Dynamic, Value::Null) => list::item_of(&Value::string(""), items, folded),
        _ => list::item_of(subject, items, folded),
    }
}

/// `matches regex`: of the null it is false, whatever the expression.
pub fn matches(regex: &Regex, subject: &Value<'_>) -> bool {
    !subject.is_null() && regex.is_match(&text_of(subject))
}
