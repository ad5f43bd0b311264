//! Functions of sets: arrays whose elements count once. Elements are one if their JSON text is.

use std::collections::HashSet;

use super::arguments::{argument, array_at};
use super::array::is;
use super::limits;
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const DYNAMIC: ScalarType = ScalarType::Dynamic;
const SET: Param = Param::Is(DYNAMIC);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("set_union", "set_union(array, ...)", "The elements of any of 2 to 64 arrays.")
        .takes(2, 64, &[SET])
        .calls(DYNAMIC, set_union),
    Function::of("set_intersect", "set_intersect(array, ...)", "The elements that all of 2 to 64 arrays hold.")
        .takes(2, 64, &[SET])
        .calls(DYNAMIC, |_, a| reduce(a, true)),
    Function::of(
        "set_difference",
        "set_difference(array, array, ...)",
        "The elements of the first array that no other holds.",
    )
    .takes(2, 64, &[SET])
    .calls(DYNAMIC, |_, a| reduce(a, false)),
    Function::of(
        "set_has_element",
        "set_has_element(array, value)",
        "Whether an array holds a value; null for what is no array.",
    )
    .takes(2, 2, &[SET, Param::Any])
    .calls(ScalarType::Bool, |_, a| {
        let wanted = argument(a, 1);
        array_at(a, 0).map(|elements| elements.iter().any(|e| is(e, wanted))).into()
    }),
    Function::of("set_equals", "set_equals(array, array)", "Whether two arrays hold the same elements.")
        .takes(2, 2, &[SET])
        .calls(ScalarType::Bool, |_, a| match (array_at(a, 0), array_at(a, 1)) {
            (Some(x), Some(y)) => (keys(x) == keys(y)).into(),
            _ => Value::Null,
        }),
    Function::of(
        "jaccard_index",
        "jaccard_index(array, array)",
        "How many elements two arrays have in common, of all that they have.",
    )
    .takes(2, 2, &[SET])
    .calls(ScalarType::Real, jaccard_index),
];

fn key(element: &Dynamic<'_>) -> String {
    let mut json = String::new();
    element.to_json(&mut json);
    json
}

fn keys(elements: &[Dynamic<'_>]) -> HashSet<String> {
    elements.iter().map(key).collect()
}

fn set_union<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let mut seen = HashSet::new();
    let arrays = (0..arguments.len()).filter_map(|at| array_at(arguments, at));
    limits::array(arrays.flatten().filter(|e| seen.insert(key(e))).cloned())
}

/// The first array's elements that all others hold, or that none does.
fn reduce<'a>(arguments: &[Value<'a>], held: bool) -> Value<'a> {
    let Some(first) = array_at(arguments, 0) else {
        return Value::Null;
    };
    let mut seen = HashSet::new();
    let others: Vec<HashSet<String>> =
        (1..arguments.len()).map(|at| array_at(arguments, at).map(keys).unwrap_or_default()).collect();
    let kept = first.iter().filter(|element| {
        let key = key(element);
        others.iter().all(|other| other.contains(&key) == held) && seen.insert(key)
    });
    limits::array(kept.cloned())
}

fn jaccard_index<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let (Some(a), Some(b)) = (array_at(arguments, 0), array_at(arguments, 1)) else {
        return Value::Null;
    };
    let (a, b) = (keys(a), keys(b));
    Value::Real(a.intersection(&b).count() as f64 / a.union(&b).count() as f64)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, json, json_of};
    use super::*;

    #[test]
    fn sets() {
        let of = |name, a, b| json_of(name, &[json(a), json(b)]);
        assert_eq!(of("set_union", "[1,2,1]", r#"[2,"2"]"#), r#"[1,2,"2"]"#);
        assert_eq!(of("set_intersect", "[1,2,2,3]", "[3,2]"), "[2,3]");
        assert_eq!(of("set_difference", "[1,2,1,3]", "[2]"), "[1,3]");
        assert_eq!(of("set_difference", "[1,2]", "{}"), "[1,2]");
        assert_eq!(of("set_equals", "[1,2]", "[2,1,1]"), "true");
        assert_eq!(of("set_equals", "[1,2]", "[2]"), "false");
        assert_eq!(of("jaccard_index", "[1,2,3]", "[1,2,3,4]"), "0.75");
        let three = [json("[1,2,3]"), json("[2,3]"), json("[3]")];
        assert_eq!(json_of("set_intersect", &three), "[3]");
        assert_eq!(json_of("set_difference", &three), "[1]");
    }

    #[test]
    fn an_element_has_a_type() {
        let has = |value| call("set_has_element", &[json(r#"["a",1]"#), value]);
        assert_eq!(has(Value::string("a")), Value::Bool(true));
        assert_eq!(has(Value::string("A")), Value::Bool(false));
        assert_eq!(has(Value::Int(1)), Value::Bool(true));
        assert_eq!(has(Value::string("1")), Value::Bool(false));
        assert_eq!(call("set_has_element", &[Value::Null, Value::Int(1)]), Value::Null);
    }
}
