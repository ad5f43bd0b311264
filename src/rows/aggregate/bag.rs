//! `make_bag`: the members of many bags in one.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Checked, function, max_size, new, new_if, predicate, refused, value_of};
use crate::compile::bound::{Accumulator, AggregateFunction};
use crate::rows::distinct::KEY_OVERHEAD;
use crate::rows::limits::dynamic_size;
use crate::schema::ScalarType;
use crate::value::functions::MAX_ELEMENTS;
use crate::value::{Dynamic, Value};

const BAG: &str = "A bag of the members of all bags; of one name the first counts. What is no bag adds none.";

fn bag(types: &[ScalarType]) -> Checked {
    predicate(types, 1)
        .or_else(|refusal| if types.get(1) == Some(&ScalarType::Long) { Ok(()) } else { Err(refusal) })?;
    match types.first() {
        Some(given) if *given != ScalarType::Dynamic => refused(0, "a dynamic", *given),
        _ => Ok(ScalarType::Dynamic),
    }
}

fn bag_if(types: &[ScalarType]) -> Checked {
    predicate(types, 1)?;
    bag(types.get(..1).unwrap_or_default())
}

pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    function("make_bag", "make_bag(bag [, max])", BAG, (1, 2), bag, new::<Bag>),
    function("make_bag_if", "make_bag_if(bag, predicate [, max])", BAG, (2, 3), bag_if, new_if::<Bag>),
    function("make_dictionary", "make_dictionary(bag [, max])", BAG, (1, 2), bag, new::<Bag>),
];

#[derive(Default)]
struct Bag {
    names: HashSet<Cow<'static, str>>,
    members: Vec<(Cow<'static, str>, Dynamic<'static>)>,
    bytes: usize,
}

impl Accumulator for Bag {
    fn add(&mut self, arguments: &[Value<'static>]) {
        let max = max_size(arguments.get(1), MAX_ELEMENTS);
        let Some(Value::Dynamic(Dynamic::Bag(members))) = value_of(arguments) else {
            return;
        };
        for (name, value) in members.iter() {
            if self.members.len() < max && self.names.insert(name.clone()) {
                self.bytes += 2 * name.len() + KEY_OVERHEAD + dynamic_size(value);
                self.members.push((name.clone(), value.clone()));
            }
        }
    }

    fn finish(&mut self) -> Value<'static> {
        self.names.clear();
        Value::Dynamic(Dynamic::Bag(std::mem::take(&mut self.members).into()))
    }

    fn size(&self) -> usize {
        64 + self.bytes
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::text;
    use super::*;
    use crate::value::json;

    #[test]
    fn the_first_of_a_name_counts() {
        let bags = [r#"{"a":1,"b":2}"#, "[1]", r#"{"b":3,"c":4}"#]
            .map(|text| Value::dynamic(json::parse(text, 128).unwrap().into_owned()));
        assert_eq!(text("make_bag", &bags), r#"{"a":1,"b":2,"c":4}"#);
    }
}
