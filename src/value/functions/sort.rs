//! Sorting of arrays, one or several at once.

use std::cmp::Ordering;

use super::arguments::array_at;
use super::limits;
use super::{Function, Param};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value, compare};

const ARRAY: Param = Param::Is(ScalarType::Dynamic);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("array_sort_asc", "array_sort_asc(array, ..., [nulls_last])", SORT)
        .takes(1, 65, &[ARRAY, Param::Any])
        .calls(ScalarType::Dynamic, |_, a| sort(a, false)),
    Function::of("array_sort_desc", "array_sort_desc(array, ..., [nulls_last])", "As array_sort_asc(), largest first.")
        .takes(1, 65, &[ARRAY, Param::Any])
        .calls(ScalarType::Dynamic, |_, a| sort(a, true)),
];

const SORT: &str = "The elements, numbers first, then text, then the rest, each kind from the smallest; nulls at the end \
                    unless nulls_last is false. Further arrays are put in the order of the first, or are null if they are \
                    not as long: an array of arrays, or in extend and project a column for each.";

fn sort<'a>(arguments: &[Value<'a>], descending: bool) -> Value<'a> {
    let Some(first) = array_at(arguments, 0) else {
        return Value::Null;
    };
    let (nulls_last, others) = match arguments.split_last() {
        Some((Value::Bool(nulls_last), rest)) => (*nulls_last, rest.len()),
        _ => (true, arguments.len()),
    };
    let mut places: Vec<usize> = (0..first.len()).collect();
    places.sort_by(|a, b| {
        let (a, b) = (&first[*a], &first[*b]);
        match (*a == Dynamic::Null, *b == Dynamic::Null) {
            (false, false) if descending => order(b, a),
            (false, false) => order(a, b),
            (a, b) if nulls_last => a.cmp(&b),
            (a, b) => b.cmp(&a),
        }
    });
    if others == 1 {
        return limits::array(places.iter().map(|at| first[*at].clone()));
    }
    let sorted = (0..others).map(|at| match array_at(arguments, at).filter(|array| array.len() == first.len()) {
        Some(array) => Dynamic::Array(places.iter().map(|at| array[*at].clone()).collect()),
        None => Dynamic::Null,
    });
    limits::bounded(Dynamic::Array(sorted.collect()))
}

fn order(a: &Dynamic<'_>, b: &Dynamic<'_>) -> Ordering {
    let rank = |d: &Dynamic<'_>| match d {
        Dynamic::Long(_) | Dynamic::Real(_) => 0,
        Dynamic::String(_) => 1,
        _ => 2,
    };
    rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
        (Dynamic::Long(_) | Dynamic::Real(_), _) => {
            compare::sort_cmp(&Value::Dynamic(a.clone()), &Value::Dynamic(b.clone()), false, true)
        }
        _ => a.to_text().cmp(&b.to_text()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{json, json_of};
    use super::*;

    #[test]
    fn sorting_knows_kinds() {
        let sort = |name, text, last| json_of(name, &[json(text), Value::Bool(last)]);
        let mixed = r#"[null,"b",2,"a",true,10.5]"#;
        assert_eq!(sort("array_sort_asc", mixed, true), r#"[2,10.5,"a","b",true,null]"#);
        assert_eq!(sort("array_sort_desc", mixed, true), r#"[true,"b","a",10.5,2,null]"#);
        assert_eq!(sort("array_sort_asc", "[2,null,1]", false), "[null,1,2]");
    }

    #[test]
    fn further_arrays_follow_the_first() {
        let (numbers, letters) = (json("[1,3,null,2]"), json(r#"["a","b","c","d"]"#));
        let sort = |name, arguments: &[Value<'_>]| json_of(name, arguments);
        assert_eq!(sort("array_sort_asc", &[numbers.clone(), letters.clone()]), r#"[[1,2,3,null],["a","d","b","c"]]"#);
        let last = [numbers.clone(), letters, json("[1]"), Value::Bool(false)];
        assert_eq!(sort("array_sort_desc", &last), r#"[[null,3,2,1],["c","b","d","a"],null]"#);
        assert_eq!(sort("array_sort_asc", &[numbers, Value::Long(1)]), "[[1,2,3,null],null]");
    }
}
