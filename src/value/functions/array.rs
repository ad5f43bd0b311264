//! Functions of arrays.

use super::arguments::{argument, array_at, count, long_at, text_at};
use super::limits::{self, MAX_ELEMENTS, Text};
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::convert::{into_dynamic, tobool};
use crate::value::{Dynamic, Value, compare};

const DYNAMIC: ScalarType = ScalarType::Dynamic;
const ARRAY: Param = Param::Is(DYNAMIC);
const LONG: Param = Param::Is(ScalarType::Long);

const LENGTH: Function =
    Function::of("array_length", "array_length(array)", "How many elements an array has; null for anything else.")
        .takes(1, 1, &[ARRAY])
        .calls(ScalarType::Long, |_, a| array_at(a, 0).map_or(Value::Null, |elements| count(elements.len())));

const STRCAT: Function = Function::of(
    "strcat_array",
    "strcat_array(array, delimiter)",
    "The texts of the elements with a delimiter between; of what is no array, its text.",
)
.takes(2, 2, &[ARRAY, Param::Any])
.calls(ScalarType::String, strcat_array);

const IFF: Function = Function::of("array_iff", "array_iff(conditions, when_true, when_false)", IFF_DOC)
    .takes(3, 3, &[ARRAY, Param::Any, Param::Any])
    .calls(DYNAMIC, array_iff);

pub(super) const FUNCTIONS: &[Function] = &[
    LENGTH,
    LENGTH.alias("arraylength", "arraylength(array)"),
    Function::of(
        "array_concat",
        "array_concat(array, ...)",
        "The elements of 1 to 64 arrays, one after the other; a null adds none, a value that is no array adds itself.",
    )
    .takes(1, 64, &[ARRAY])
    .calls(DYNAMIC, array_concat),
    Function::of("array_index_of", "array_index_of(array, value, [start, [length, [occurrence]]])", INDEX_OF)
        .takes(2, 5, &[ARRAY, Param::Any, LONG, LONG, LONG])
        .calls(ScalarType::Long, array_index_of),
    Function::of(
        "array_slice",
        "array_slice(array, start, end)",
        "The elements from start up to and with end; both count from the end if negative.",
    )
    .takes(3, 3, &[ARRAY, LONG, LONG])
    .calls(DYNAMIC, array_slice),
    Function::of(
        "array_split",
        "array_split(array, index or indices)",
        "The array cut before each index (from the end if negative): an array of arrays.",
    )
    .takes(2, 2, &[ARRAY, Param::Any])
    .calls(DYNAMIC, array_split),
    Function::of("array_reverse", "array_reverse(array)", "The elements, last first.")
        .takes(1, 1, &[ARRAY])
        .calls(DYNAMIC, |_, a| array_at(a, 0).map_or(Value::Null, |e| limits::array(e.iter().rev().cloned()))),
    Function::of(
        "array_rotate_left",
        "array_rotate_left(array, count)",
        "The elements moved to the left, those that fall out put at the end; to the right if negative.",
    )
    .takes(2, 2, &[ARRAY, LONG])
    .calls(DYNAMIC, |_, a| rotate(a, 1)),
    Function::of("array_rotate_right", "array_rotate_right(array, count)", "As array_rotate_left(), the other way.")
        .takes(2, 2, &[ARRAY, LONG])
        .calls(DYNAMIC, |_, a| rotate(a, -1)),
    Function::of(
        "array_shift_left",
        "array_shift_left(array, count, [default])",
        "The elements moved to the left, a default (null) in the places that become free; to the right if negative.",
    )
    .takes(2, 3, &[ARRAY, LONG, Param::Any])
    .calls(DYNAMIC, |_, a| shift(a, 1)),
    Function::of(
        "array_shift_right",
        "array_shift_right(array, count, [default])",
        "As array_shift_left(), the other way.",
    )
    .takes(2, 3, &[ARRAY, LONG, Param::Any])
    .calls(DYNAMIC, |_, a| shift(a, -1)),
    Function::of("array_sum", "array_sum(array)", "The sum of an array of numbers; null if it holds anything else.")
        .takes(1, 1, &[ARRAY])
        .calls(ScalarType::Real, array_sum),
    IFF,
    IFF.alias("array_iif", "array_iif(conditions, when_true, when_false)"),
    STRCAT,
    STRCAT.alias("array_strcat", "array_strcat(array, delimiter)"),
];

const INDEX_OF: &str = "The index of the given occurrence (the first) of a value among length elements (-1: all) from start \
                        (from the end if negative); -1 if it is not there, null for what is no array.";
const IFF_DOC: &str = "For each condition the element of its place in one array or the other, or the value that is no array; \
                       null for a condition that is neither bool nor number.";

fn array_concat<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let mut all: Vec<Dynamic<'a>> = Vec::new();
    for value in arguments {
        match value {
            Value::Null => {}
            Value::Dynamic(Dynamic::Array(elements)) => {
                all.extend(elements.iter().take(MAX_ELEMENTS - all.len()).cloned());
            }
            other => all.push(into_dynamic(other.clone())),
        }
        all.truncate(MAX_ELEMENTS);
    }
    limits::array(all)
}

/// A place in an array of that length, counted from the end if negative; not before the beginning.
fn place(index: i64, length: usize) -> usize {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let from_start = if index < 0 { index.saturating_add(length) } else { index };
    usize::try_from(from_start).unwrap_or(0)
}

fn array_index_of<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(elements) = array_at(arguments, 0) else {
        return Value::Null;
    };
    let or = |at: usize, default: i64| arguments.get(at).map_or(Some(default), |_| long_at(arguments, at));
    let (Some(start), Some(length), Some(occurrence)) = (or(2, 0), or(3, -1), or(4, 1)) else {
        return Value::Null;
    };
    let length = match (length, usize::try_from(length)) {
        (-1, _) => usize::MAX,
        (_, Ok(length)) => length,
        (_, Err(_)) => return Value::Null,
    };
    let wanted = argument(arguments, 1);
    let start = place(start, elements.len());
    let found = elements
        .iter()
        .enumerate()
        .skip(start)
        .take(length)
        .filter(|(_, element)| is(element, wanted))
        .nth(usize::try_from(occurrence).unwrap_or(1).max(1) - 1);
    found.map_or(Value::Long(-1), |(at, _)| count(at))
}

/// Whether an element is that value, of that type.
pub(super) fn is(element: &Dynamic<'_>, wanted: &Value<'_>) -> bool {
    match (element, wanted) {
        (Dynamic::Null, Value::Null) => true,
        (Dynamic::Null, _) | (_, Value::Null) => false,
        // Text is equal to text alone: the array [1] does not hold "1".
        (Dynamic::String(a), Value::String(b) | Value::Dynamic(Dynamic::String(b))) => a == b,
        (Dynamic::Bool(_) | Dynamic::Long(_) | Dynamic::Real(_), Value::String(_)) => false,
        (Dynamic::Array(_) | Dynamic::Bag(_), Value::Dynamic(wanted)) => element == wanted,
        (Dynamic::Array(_) | Dynamic::Bag(_), _) => false,
        _ => compare::equal(&Value::dynamic(element.clone()), wanted) == Some(true),
    }
}

fn array_slice<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let (Some(elements), Some(start), Some(end)) =
        (array_at(arguments, 0), long_at(arguments, 1), long_at(arguments, 2))
    else {
        return Value::Null;
    };
    let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let end = if end < 0 { end.saturating_add(length) } else { end };
    let end = usize::try_from(end.saturating_add(1)).unwrap_or(0).min(elements.len());
    let start = place(start, elements.len()).min(end);
    limits::array(elements[start..end].iter().cloned())
}

fn array_split<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(elements) = array_at(arguments, 0) else {
        return Value::Null;
    };
    let mut cuts: Vec<usize> = match array_at(arguments, 1) {
        Some(indices) => {
            let indices = indices.iter().filter_map(|i| match i {
                Dynamic::Long(i) => Some(place(*i, elements.len())),
                _ => None,
            });
            indices.collect()
        }
        None => long_at(arguments, 1).map(|i| place(i, elements.len())).into_iter().collect(),
    };
    cuts.push(elements.len());
    let mut from = 0;
    let parts = cuts.into_iter().map(|to| {
        let to = to.clamp(from, elements.len());
        let part = Dynamic::Array(elements[from..to].into());
        from = to;
        part
    });
    limits::array(parts.collect::<Vec<_>>())
}

fn rotate<'a>(arguments: &[Value<'a>], direction: i64) -> Value<'a> {
    let (Some(elements), Some(by)) = (array_at(arguments, 0), long_at(arguments, 1)) else {
        return Value::Null;
    };
    let length = i64::try_from(elements.len()).unwrap_or(i64::MAX).max(1);
    let by = usize::try_from((by % length * direction).rem_euclid(length)).unwrap_or(0);
    let (head, tail) = elements.split_at(by.min(elements.len()));
    limits::array(tail.iter().chain(head).cloned())
}

fn shift<'a>(arguments: &[Value<'a>], direction: i64) -> Value<'a> {
    let (Some(elements), Some(by)) = (array_at(arguments, 0), long_at(arguments, 1)) else {
        return Value::Null;
    };
    let by = by.saturating_mul(direction);
    let default = into_dynamic(argument(arguments, 2).clone());
    let free = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX).min(elements.len());
    let free_places = std::iter::repeat_n(default, free);
    match by < 0 {
        true => limits::array(free_places.chain(elements[..elements.len() - free].iter().cloned())),
        false => limits::array(elements[free..].iter().cloned().chain(free_places)),
    }
}

fn array_sum<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(elements) = array_at(arguments, 0) else {
        return Value::Null;
    };
    let sum = elements.iter().try_fold(0.0, |sum, element| match element {
        Dynamic::Long(n) => Some(sum + *n as f64),
        Dynamic::Real(n) => Some(sum + n),
        _ => None,
    });
    sum.map_or(Value::Null, Value::Real)
}

fn array_iff<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(conditions) = array_at(arguments, 0) else {
        return Value::Null;
    };
    let pick = |at: usize, place: usize| match argument(arguments, at) {
        Value::Dynamic(Dynamic::Array(elements)) => elements.get(place).cloned().unwrap_or(Dynamic::Null),
        value => into_dynamic(value.clone()),
    };
    limits::array(conditions.iter().enumerate().map(|(place, condition)| {
        let known = matches!(condition, Dynamic::Bool(_) | Dynamic::Long(_) | Dynamic::Real(_));
        match tobool(&Value::dynamic(condition.clone())) {
            Value::Bool(true) if known => pick(1, place),
            Value::Bool(false) if known => pick(2, place),
            _ => Dynamic::Null,
        }
    }))
}

fn strcat_array<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(elements) = array_at(arguments, 0) else {
        return Value::string(text_at(arguments, 0).into_owned());
    };
    let delimiter = text_at(arguments, 1);
    let mut joined = Text::default();
    for (at, element) in elements.iter().enumerate() {
        if (at > 0 && !joined.push(&delimiter)) || !joined.push(&element.to_text()) {
            break;
        }
    }
    joined.value()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, json, json_of};
    use super::*;

    const L: fn(i64) -> Value<'static> = Value::Long;

    #[test]
    fn only_arrays_have_a_length() {
        assert_eq!(call("array_length", &[json("[1,2,3,\"four\"]")]), L(4));
        assert_eq!(call("array_length", &[json("{}")]), Value::Null);
    }

    #[test]
    fn concatenation() {
        let array = json_of("array_concat", &[json("[1]"), Value::Null, json("[2,[3]]"), json("\"x\"")]);
        assert_eq!(array, r#"[1,2,[3],"x"]"#);
    }

    #[test]
    fn where_a_value_is() {
        let of = |value, numbers: &[i64]| {
            let mut arguments = vec![json(r#"["a","b",1,"b",null,[1]]"#), value];
            arguments.extend(numbers.iter().map(|n| L(*n)));
            call("array_index_of", &arguments)
        };
        assert_eq!(of(Value::string("b"), &[]), L(1));
        assert_eq!(of(Value::string("b"), &[2]), L(3));
        assert_eq!(of(Value::string("b"), &[0, -1, 2]), L(3));
        assert_eq!(of(Value::string("b"), &[2, 1]), L(-1));
        assert_eq!(of(Value::string("b"), &[-3]), L(3));
        assert_eq!(of(Value::Int(1), &[]), L(2));
        assert_eq!(of(Value::string("1"), &[]), L(-1));
        assert_eq!(of(json("[1]"), &[]), L(5));
        assert_eq!(call("array_index_of", &[json("{}"), L(1)]), Value::Null);
    }

    #[test]
    fn slices_and_splits() {
        for (start, end, expected) in [
            (1, 2, "[2,3]"),
            (0, -1, "[1,2,3,4]"),
            (-2, -1, "[3,4]"),
            (-9, 0, "[1]"),
            (2, 1, "[]"),
            (3, i64::MAX, "[4]"),
            (i64::MAX, i64::MIN, "[]"),
        ] {
            let array = json("[1,2,3,4]");
            assert_eq!(json_of("array_slice", &[array, L(start), L(end)]), expected, "{start} {end}");
        }
        let split = |at| json_of("array_split", &[json("[1,2,3,4,5]"), at]);
        assert_eq!(split(L(2)), "[[1,2],[3,4,5]]");
        assert_eq!(split(json("[1,3]")), "[[1],[2,3],[4,5]]");
        assert_eq!(split(json("[-2]")), "[[1,2,3],[4,5]]");
        assert_eq!(split(json("[3,1,9]")), "[[1,2,3],[],[4,5],[]]");
    }

    #[test]
    fn turning_and_shifting() {
        let five = || json("[1,2,3,4,5]");
        for (name, by, expected) in [
            ("array_rotate_left", 2, "[3,4,5,1,2]"),
            ("array_rotate_left", -2, "[4,5,1,2,3]"),
            ("array_rotate_right", 7, "[4,5,1,2,3]"),
            ("array_rotate_left", i64::MIN, "[3,4,5,1,2]"),
            ("array_shift_left", 2, "[3,4,5,null,null]"),
            ("array_shift_right", 2, "[null,null,1,2,3]"),
            ("array_shift_left", i64::MIN, "[null,null,null,null,null]"),
        ] {
            assert_eq!(json_of(name, &[five(), L(by)]), expected, "{name} {by}");
        }
        assert_eq!(json_of("array_shift_left", &[five(), L(-2), L(-1)]), "[-1,-1,1,2,3]");
        assert_eq!(json_of("array_rotate_left", &[json("[]"), L(1)]), "[]");
        assert_eq!(json_of("array_reverse", &[five()]), "[5,4,3,2,1]");
    }

    #[test]
    fn sums_choices_and_joins() {
        assert_eq!(call("array_sum", &[json("[1,2.5]")]), Value::Real(3.5));
        assert_eq!(call("array_sum", &[json("[1,\"2\"]")]), Value::Null);
        let iff = |conditions| json_of("array_iff", &[json(conditions), json("[1,2]"), Value::string("n")]);
        assert_eq!(iff("[true,0,1,\"true\"]"), r#"[1,"n",null,null]"#);
        let joined = call("strcat_array", &[json(r#"["a",1,true,null,{"x":1}]"#), Value::string("-")]);
        assert_eq!(joined, Value::string(r#"a-1-true--{"x":1}"#));
        assert_eq!(call("strcat_array", &[json("[]"), Value::string("-")]), Value::string(""));
    }
}
