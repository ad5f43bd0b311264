//! Functions that make a `dynamic`, or say what is in one.

use std::borrow::Cow;

use super::arguments::{argument, array_at, long_at};
use super::limits::{self, MAX_ELEMENTS, MAX_WEIGHT};
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::convert::{self, into_dynamic};
use crate::value::dynamic::{MAX_DEPTH, append_json_string};
use crate::value::timespan::TICKS_PER_SECOND;
use crate::value::{Dynamic, TimeSpan, Value, arithmetic, compare, json};

const DYNAMIC: ScalarType = ScalarType::Dynamic;
const ARRAY: Param = Param::Is(DYNAMIC);

const PARSE: Function =
    Function::of("parse_json", "parse_json(text)", PARSE_JSON).takes(1, 1, &[Param::Any]).calls(DYNAMIC, parse_json);

pub(super) const FUNCTIONS: &[Function] = &[
    PARSE,
    PARSE.alias("parsejson", "parsejson(text)"),
    PARSE.alias("todynamic", "todynamic(text)"),
    PARSE.alias("toobject", "toobject(text)"),
    Function::of(
        "dynamic_to_json",
        "dynamic_to_json(value)",
        "The JSON text of a dynamic with the names of its bags in order; of any other value, its text.",
    )
    .takes(1, 1, &[Param::Any])
    .calls(ScalarType::String, dynamic_to_json),
    Function::of("pack_array", "pack_array(value, ...)", "An array of the values.")
        .takes(0, 255, &[Param::Any])
        .calls(DYNAMIC, |_, a| limits::array(a.iter().cloned().map(into_dynamic))),
    Function::of("repeat", "repeat(value, count)", "An array of a value, count times; null for a count below 0.")
        .takes(2, 2, &[Param::Any, Param::Is(ScalarType::Long)])
        .calls(DYNAMIC, repeat),
    Function::of("range", "range(start, stop, [step])", RANGE).takes(2, 3, &[Param::Summable]).calls(DYNAMIC, range),
    Function::of(
        "zip",
        "zip(array, array, ...)",
        "An array for each place, of what 2 to 64 arrays hold there; null where one is shorter.",
    )
    .takes(2, 64, &[ARRAY])
    .calls(DYNAMIC, zip),
    Function::of(
        "treepath",
        "treepath(dynamic)",
        "The paths to everything in a dynamic; of an array only its first element is followed.",
    )
    .takes(1, 1, &[ARRAY])
    .calls(DYNAMIC, treepath),
];

const PARSE_JSON: &str =
    "The JSON value that a text spells; the text itself where it is not JSON, null where it is empty.";
const RANGE: &str =
    "An array of the values from start up to stop, a step apart (1, or an hour); at most 1,048,576 of them.";

fn parse_json<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    match argument(arguments, 0) {
        Value::String(text) if text.trim().is_empty() => Value::Null,
        Value::String(text) => {
            let parsed = match text {
                Cow::Borrowed(text) => json::parse(text, MAX_DEPTH),
                Cow::Owned(text) => json::parse(text, MAX_DEPTH).map(Dynamic::into_owned),
            };
            Value::dynamic(parsed.unwrap_or_else(|_| Dynamic::String(text.clone())))
        }
        other => Value::dynamic(into_dynamic(other.clone())),
    }
}

fn dynamic_to_json<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    match argument(arguments, 0) {
        Value::Dynamic(dynamic) => {
            let mut json = String::new();
            sorted_json(dynamic, &mut json);
            Value::string(json)
        }
        other => convert::tostring(other),
    }
}

/// As [`Dynamic::to_json`], with names in order. A dynamic is only so deep, and so is this.
fn sorted_json(value: &Dynamic<'_>, out: &mut String) {
    match value {
        Dynamic::Array(elements) => {
            out.push('[');
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                sorted_json(element, out);
            }
            out.push(']');
        }
        Dynamic::Bag(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            out.push('{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                append_json_string(name, out);
                out.push(':');
                sorted_json(value, out);
            }
            out.push('}');
        }
        other => other.to_json(out),
    }
}

fn repeat<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(Ok(count)) = long_at(arguments, 1).map(usize::try_from) else {
        return Value::Null;
    };
    let element = into_dynamic(argument(arguments, 0).clone());
    limits::array(std::iter::repeat_n(element, count.min(MAX_ELEMENTS)))
}

fn range<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let (start, stop) = (argument(arguments, 0), argument(arguments, 1));
    let hour = Value::TimeSpan(TimeSpan(3600 * TICKS_PER_SECOND));
    let step = match (arguments.get(2), start) {
        (Some(step), _) => step.clone(),
        (None, Value::DateTime(_) | Value::TimeSpan(_)) => hour,
        (None, _) => Value::Long(1),
    };
    let zero = match step {
        Value::TimeSpan(_) => Value::TimeSpan(TimeSpan(0)),
        _ => Value::Long(0),
    };
    let Some(direction) = compare::compare(&step, &zero) else {
        return Value::Null;
    };
    if direction.is_eq() || start.is_null() || stop.is_null() {
        return Value::Null;
    }
    let mut elements = Vec::new();
    let (mut at, mut steps) = (start.clone(), 0_i64);
    // It ends where the next value is past the stop, and where there is no next value: out of a type's range, or a step
    // that is lost in a real's precision.
    while compare::compare(&at, stop).is_some_and(|order| order != direction) && elements.len() < MAX_ELEMENTS {
        elements.push(into_dynamic(at.clone()));
        steps += 1;
        // From the start each time, so that reals do not add up their errors.
        let next = arithmetic::add(start, &arithmetic::multiply(&step, &Value::Long(steps)));
        if compare::compare(&next, &at) != Some(direction) {
            break;
        }
        at = next;
    }
    limits::array(elements)
}

fn zip<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let arrays: Vec<&[Dynamic<'a>]> =
        (0..arguments.len()).map(|at| array_at(arguments, at).unwrap_or_default()).collect();
    let longest = arrays.iter().map(|array| array.len()).max().unwrap_or(0);
    let rows = longest.min(MAX_ELEMENTS / arrays.len().max(1));
    limits::array((0..rows).map(|at| {
        let row = arrays.iter().map(|array| array.get(at).cloned().unwrap_or(Dynamic::Null));
        Dynamic::Array(row.collect())
    }))
}

fn treepath<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Value::Dynamic(dynamic) = argument(arguments, 0) else {
        return Value::Null;
    };
    let (mut paths, mut room) = (Vec::new(), MAX_WEIGHT);
    follow(dynamic, &mut String::new(), &mut paths, &mut room);
    limits::array(paths)
}

/// A dynamic is only so deep, and so is this. Paths repeat the names above them, so their text is what is bounded.
fn follow(value: &Dynamic<'_>, path: &mut String, paths: &mut Vec<Dynamic<'_>>, room: &mut usize) {
    let here = path.len();
    let mut step = |value: &Dynamic<'_>, step: String, path: &mut String| {
        path.push_str(&step);
        if let Some(left) = room.checked_sub(path.len() + 8) {
            *room = left;
            paths.push(Dynamic::String(Cow::Owned(path.clone())));
            follow(value, path, paths, room);
        }
        path.truncate(here);
    };
    match value {
        Dynamic::Bag(members) => members.iter().for_each(|(name, value)| step(value, format!("['{name}']"), path)),
        Dynamic::Array(elements) => {
            if let Some(first) = elements.first() {
                step(first, "[0]".to_owned(), path);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::{call, json, json_of};
    use super::*;
    use crate::value::convert::text;

    #[test]
    fn text_that_is_not_json_stays_itself() {
        let parsed = call("parse_json", &[Value::string("{\"a\":[1,2]}")]);
        assert_eq!(text(&parsed), "{\"a\":[1,2]}");
        assert!(matches!(parsed, Value::Dynamic(Dynamic::Bag(_))));
        let broken = call("parse_json", &[Value::string("not json")]);
        assert_eq!(broken, Value::Dynamic(Dynamic::String("not json".into())));
        assert_eq!(call("todynamic", &[Value::string("")]), Value::Null);
        assert_eq!(call("todynamic", &[Value::Long(5)]), Value::Dynamic(Dynamic::Long(5)));
    }

    #[test]
    fn canonical_json_has_its_names_in_order() {
        let bag = json(r#"{"b":1,"a":{"d":[{"z":1,"y":2}],"c":"x"}}"#);
        let canonical = call("dynamic_to_json", &[bag]);
        assert_eq!(canonical, Value::string(r#"{"a":{"c":"x","d":[{"y":2,"z":1}]},"b":1}"#));
        assert_eq!(call("dynamic_to_json", &[Value::Bool(true)]), Value::string("True"));
    }

    #[test]
    fn ranges() {
        let long = |n| Value::Long(n);
        assert_eq!(json_of("range", &[long(1), long(8), long(3)]), "[1,4,7]");
        assert_eq!(json_of("range", &[long(3), long(1), long(-1)]), "[3,2,1]");
        assert_eq!(json_of("range", &[long(3), long(1)]), "[]");
        assert_eq!(json_of("range", &[long(1), long(3), long(0)]), "null");
        assert_eq!(json_of("range", &[long(i64::MAX - 1), long(i64::MAX)]).matches(',').count(), 1);
        assert_eq!(
            json_of("range", &[Value::Real(0.1), Value::Real(0.35), Value::Real(0.1)]),
            "[0.1,0.2,0.30000000000000004]"
        );
        let hours = [Value::TimeSpan(TimeSpan(0)), Value::TimeSpan(TimeSpan::parse("1h").unwrap())];
        assert_eq!(json_of("range", &hours), r#"["00:00:00","01:00:00"]"#);
        let endless = call("range", &[long(1), long(i64::MAX)]);
        assert_eq!(call("array_length", &[endless]), Value::Long(MAX_ELEMENTS as i64));
        let stuck = [Value::Real(1e300), Value::Real(2e300), Value::Real(1.0)];
        assert_eq!(call("array_length", &[call("range", &stuck)]), Value::Long(1));
    }

    #[test]
    fn arrays_from_values() {
        assert_eq!(json_of("pack_array", &[Value::Int(1), Value::Null, Value::string("x")]), r#"[1,null,"x"]"#);
        assert_eq!(json_of("pack_array", &[]), "[]");
        assert_eq!(json_of("repeat", &[Value::Int(1), Value::Long(3)]), "[1,1,1]");
        assert_eq!(json_of("repeat", &[Value::Int(1), Value::Long(-3)]), "null");
        let zipped = json_of("zip", &[json(r#"["A",1,1.5]"#), json(r#"[{},"B"]"#)]);
        assert_eq!(zipped, r#"[["A",{}],[1,"B"],[1.5,null]]"#);
    }

    #[test]
    fn what_grows_without_end_is_null() {
        let mut value = Value::Long(1);
        for _ in 0..MAX_DEPTH {
            value = call("pack_array", &[value]);
        }
        assert!(!value.is_null());
        assert_eq!(json_of("pack_array", &[call("pack_array", &[value])]), "[null]");
        let mut wide = Value::string("x".repeat(1024));
        for _ in 0..8 {
            wide = call("pack_array", &vec![wide; 64]);
        }
        assert!(text(&wide).len() <= 2 * MAX_WEIGHT);
    }

    #[test]
    fn paths_of_a_tree() {
        let paths = json_of("treepath", &[json(r#"{"a":[100,{"x":"y"}],"b":{"c":1}}"#)]);
        assert_eq!(paths, r#"["['a']","['a'][0]","['b']","['b']['c']"]"#);
    }
}
