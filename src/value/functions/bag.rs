//! Functions of bags: JSON objects, whose names are each there once.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::arguments::{argument, array_at, bag_at, long_text, text_at};
use super::json_path::{self, Step};
use super::limits;
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::convert::into_dynamic;
use crate::value::{Dynamic, Value};

const DYNAMIC: ScalarType = ScalarType::Dynamic;
const BAG: Param = Param::Is(DYNAMIC);

const PACK: Function = Function::of(
    "bag_pack",
    "bag_pack(key, value, ...)",
    "A bag of keys and values; datetimes, timespans and guids become text.",
)
.takes(2, 510, &[Param::Text, Param::Any])
.repeats(2)
.calls(DYNAMIC, bag_pack);

/// What `bag_pack`, `pack_all` and `bag_pack_columns` come down to.
pub static PACK_PAIRS: Function = PACK;

/// What `pack_all(true)` comes down to: a bag of pairs without those whose value is null or `""`.
pub static PACK_FILLED: Function = Function { call: pack_filled, ..PACK }.alias("pack_all", "pack_all(true)");

pub(super) const FUNCTIONS: &[Function] = &[
    PACK,
    Function::of("pack_all", "pack_all([ignore_null_empty])", PACK_ALL)
        .takes(0, 1, &[Param::Bool])
        .calls(DYNAMIC, |_, _| Value::Null),
    Function::of("bag_pack_columns", "bag_pack_columns(column, ...)", "A bag of columns by their names.")
        .takes(1, 255, &[Param::Any])
        .calls(DYNAMIC, |_, _| Value::Null),
    PACK.alias("pack", "pack(key, value, ...)"),
    PACK.alias("pack_dictionary", "pack_dictionary(key, value, ...)"),
    Function::of("bag_keys", "bag_keys(bag)", "The names of a bag's members; null for anything else.")
        .takes(1, 1, &[BAG])
        .calls(DYNAMIC, |_, a| {
            bag_at(a, 0).map_or(Value::Null, |members| {
                limits::array(members.iter().map(|(name, _)| Dynamic::String(name.clone())))
            })
        }),
    Function::of(
        "bag_has_key",
        "bag_has_key(bag, key)",
        "Whether a bag has a member of that name, or at that path ($.a.b); null for anything else.",
    )
    .takes(2, 2, &[BAG, Param::Text])
    .calls(ScalarType::Bool, bag_has_key),
    Function::of(
        "bag_merge",
        "bag_merge(bag, ...)",
        "The members of 2 to 64 bags; of one name the first counts. What is no bag adds none.",
    )
    .takes(2, 64, &[BAG])
    .calls(DYNAMIC, bag_merge),
    Function::of(
        "bag_remove_keys",
        "bag_remove_keys(bag, keys)",
        "A bag without the members of an array of names; a name such as $.a.b is a path.",
    )
    .takes(2, 2, &[BAG, BAG])
    .calls(DYNAMIC, bag_remove_keys),
    Function::of(
        "bag_set_key",
        "bag_set_key(bag, key, value)",
        "A bag with a member set, or what is at a path ($.a.b), made where it was not there.",
    )
    .takes(3, 3, &[BAG, Param::Text, Param::Any])
    .calls(DYNAMIC, bag_set_key),
    Function::of(
        "bag_zip",
        "bag_zip(keys, values)",
        "A bag of an array of names and an array of values; values that lack are null, and names that are no text lack.",
    )
    .takes(2, 2, &[BAG, BAG])
    .calls(DYNAMIC, bag_zip),
];

const PACK_ALL: &str = "A bag of all columns in scope by their names; with true, without those that are null or empty.";

type Members<'a> = Vec<(Cow<'a, str>, Dynamic<'a>)>;

/// A bag of members, each name once: the place of the first, the value of the last.
pub(super) fn bag<'a>(members: impl IntoIterator<Item = (Cow<'a, str>, Dynamic<'a>)>) -> Dynamic<'a> {
    let mut places: HashMap<Cow<'a, str>, usize> = HashMap::new();
    let mut unique: Members<'a> = Vec::new();
    for (name, value) in members {
        match places.get(&name) {
            Some(place) => unique[*place].1 = value,
            None => {
                places.insert(name.clone(), unique.len());
                unique.push((name, value));
            }
        }
    }
    Dynamic::Bag(unique.into())
}

fn bag_pack<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let pairs = arguments.chunks_exact(2);
    limits::bounded(bag(pairs.map(|pair| (long_text(argument(pair, 0)), into_dynamic(argument(pair, 1).clone())))))
}

fn pack_filled<'a>(context: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let filled = arguments.chunks_exact(2).filter(|pair| match argument(pair, 1) {
        Value::Null => false,
        Value::String(text) | Value::Dynamic(Dynamic::String(text)) => !text.is_empty(),
        _ => true,
    });
    bag_pack(context, &filled.flatten().cloned().collect::<Vec<_>>())
}

/// The steps to a key: a path if it looks like one, else a name.
fn steps(key: &str) -> Vec<Step> {
    let path = if key.starts_with("$.") || key.starts_with("$[") { json_path::parse(key) } else { None };
    path.unwrap_or_else(|| vec![Step::Member(key.to_owned())])
}

fn bag_has_key<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Value::Dynamic(start @ Dynamic::Bag(_)) = argument(arguments, 0) else {
        return Value::Null;
    };
    let mut at = start;
    for step in steps(&text_at(arguments, 1)) {
        let next = match (at, step) {
            (Dynamic::Bag(members), Step::Member(name)) => members.iter().find(|(n, _)| *n == name).map(|(_, v)| v),
            (Dynamic::Array(elements), Step::Index(index)) => usize::try_from(index).ok().and_then(|i| elements.get(i)),
            _ => None,
        };
        match next {
            Some(value) => at = value,
            None => return false.into(),
        }
    }
    true.into()
}

fn bag_merge<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let mut seen = HashSet::new();
    let bags = (0..arguments.len()).filter_map(|at| bag_at(arguments, at));
    let members: Members<'a> = bags.flatten().filter(|(name, _)| seen.insert(name.clone())).cloned().collect();
    limits::bounded(Dynamic::Bag(members.into()))
}

fn bag_remove_keys<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let (Some(members), Some(keys)) = (bag_at(arguments, 0), array_at(arguments, 1)) else {
        return argument(arguments, 0).clone();
    };
    let (mut names, mut paths) = (HashSet::new(), Vec::new());
    for key in keys {
        let Dynamic::String(key) = key else { continue };
        match <[Step; 1]>::try_from(steps(key)) {
            Ok([Step::Member(name)]) => {
                names.insert(name);
            }
            Ok([step]) => paths.push(vec![step]),
            Err(path) => paths.push(path),
        }
    }
    let kept = members.iter().filter(|(name, _)| !names.contains(name.as_ref())).cloned();
    let mut result = Dynamic::Bag(kept.collect());
    // A path rebuilds the bags that it goes through, so only so many of them are followed.
    for path in paths.iter().take(MAX_PATHS) {
        result = without(&result, path);
    }
    Value::dynamic(result)
}

/// How many paths one call of `bag_remove_keys` follows.
const MAX_PATHS: usize = 64;

/// Recurs over the steps of a path, of which there are not more than a dynamic is deep.
fn without<'a>(value: &Dynamic<'a>, path: &[Step]) -> Dynamic<'a> {
    match (value, path) {
        (Dynamic::Bag(members), [Step::Member(name), rest @ ..]) => Dynamic::Bag(
            members
                .iter()
                .filter_map(|(key, value)| match (key == name, rest) {
                    (false, _) => Some((key.clone(), value.clone())),
                    (true, []) => None,
                    (true, rest) => Some((key.clone(), without(value, rest))),
                })
                .collect(),
        ),
        (Dynamic::Array(elements), [Step::Index(index), rest @ ..]) if !rest.is_empty() => Dynamic::Array(
            elements
                .iter()
                .enumerate()
                .map(|(at, element)| match usize::try_from(*index) == Ok(at) {
                    true => without(element, rest),
                    false => element.clone(),
                })
                .collect(),
        ),
        (other, _) => other.clone(),
    }
}

fn bag_set_key<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Value::Dynamic(bag @ Dynamic::Bag(_)) = argument(arguments, 0) else {
        return Value::Null;
    };
    let value = into_dynamic(argument(arguments, 2).clone());
    limits::bounded(with(bag, &steps(&text_at(arguments, 1)), value))
}

/// As [`without`], for setting.
fn with<'a>(base: &Dynamic<'a>, path: &[Step], value: Dynamic<'a>) -> Dynamic<'a> {
    match (base, path) {
        (_, []) => value,
        (Dynamic::Array(elements), [Step::Index(index), rest @ ..]) => {
            let mut elements = elements.to_vec();
            if let Some(element) = usize::try_from(*index).ok().and_then(|i| elements.get_mut(i)) {
                *element = with(element, rest, value);
            }
            Dynamic::Array(elements.into())
        }
        (_, [Step::Index(_), ..]) => base.clone(),
        (_, [Step::Member(name), rest @ ..]) => {
            let mut members = match base {
                Dynamic::Bag(members) => members.to_vec(),
                _ => Vec::new(),
            };
            match members.iter_mut().find(|(key, _)| key == name) {
                Some((_, member)) => *member = with(member, rest, value),
                None => members.push((Cow::Owned(name.clone()), with(&Dynamic::Null, rest, value))),
            }
            Dynamic::Bag(members.into())
        }
    }
}

fn bag_zip<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(keys) = array_at(arguments, 0) else {
        return Value::Null;
    };
    // What is no array has no values: the engine's answer to the documentation's example.
    let values = array_at(arguments, 1).unwrap_or_default();
    limits::bounded(bag(keys.iter().enumerate().filter_map(|(at, key)| match key {
        Dynamic::String(name) => Some((name.clone(), values.get(at).cloned().unwrap_or(Dynamic::Null))),
        _ => None,
    })))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, json, json_of};
    use super::*;
    use crate::value::TimeSpan;

    fn s(text: &str) -> Value<'_> {
        Value::string(text)
    }

    #[test]
    fn packing_keeps_a_name_once() {
        let day = Value::TimeSpan(TimeSpan(864_000_000_000));
        let arguments = [s("a"), Value::Int(1), s("b"), day, s("a"), s("x")];
        assert_eq!(json_of("bag_pack", &arguments), r#"{"a":"x","b":"1.00:00:00"}"#);
        assert_eq!(json_of("pack", &[s("a"), Value::Null]), r#"{"a":null}"#);
    }

    #[test]
    fn keys() {
        assert_eq!(json_of("bag_keys", &[json(r#"{"a":1,"b":{"c":1}}"#)]), r#"["a","b"]"#);
        assert_eq!(json_of("bag_keys", &[json("[1]")]), "null");
        let has = |key| call("bag_has_key", &[json(r#"{"a":{"b":[5]},"$.x":1}"#), s(key)]);
        assert_eq!(has("a"), Value::Bool(true));
        assert_eq!(has("A"), Value::Bool(false));
        assert_eq!(has("$.a.b[0]"), Value::Bool(true));
        assert_eq!(has("$.a.c"), Value::Bool(false));
    }

    #[test]
    fn the_first_bag_wins_a_merge() {
        let merged = json_of("bag_merge", &[json(r#"{"a":1}"#), Value::Null, json(r#"{"b":2,"a":3}"#)]);
        assert_eq!(merged, r#"{"a":1,"b":2}"#);
    }

    #[test]
    fn removing_and_setting() {
        let bag = || json(r#"{"a":{"b":1,"c":2},"d":[{"e":1}]}"#);
        let remove = |keys| json_of("bag_remove_keys", &[bag(), json(keys)]);
        assert_eq!(remove(r#"["a","z"]"#), r#"{"d":[{"e":1}]}"#);
        assert_eq!(remove(r#"["$.a.b","$.d[0].e"]"#), r#"{"a":{"c":2},"d":[{}]}"#);
        let set = |key| json_of("bag_set_key", &[bag(), s(key), Value::Long(9)]);
        assert_eq!(set("a"), r#"{"a":9,"d":[{"e":1}]}"#);
        assert_eq!(set("$.a.x.y"), r#"{"a":{"b":1,"c":2,"x":{"y":9}},"d":[{"e":1}]}"#);
        assert_eq!(set("$.d[0]"), r#"{"a":{"b":1,"c":2},"d":[9]}"#);
        assert_eq!(json_of("bag_zip", &[json(r#"["x",1,"y"]"#), json("[1,2]")]), r#"{"x":1,"y":null}"#);
    }
}
