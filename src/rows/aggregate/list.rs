//! `make_list` and `make_set`.

use std::collections::HashSet;

use super::{Checked, function, max_size, new, new_if, predicate, value_of};
use crate::compile::bound::{Accumulator, AggregateFunction};
use crate::rows::distinct::KEY_OVERHEAD;
use crate::rows::key;
use crate::rows::limits::dynamic_size;
use crate::schema::ScalarType;
use crate::value::convert::into_dynamic;
use crate::value::functions::MAX_ELEMENTS;
use crate::value::{Dynamic, Value};

/// What the old names `makelist` and `makeset` hold unless told otherwise.
const OLD_SIZE: usize = 128;

const DYNAMIC: fn(&[ScalarType]) -> Checked = |_| Ok(ScalarType::Dynamic);
const DYNAMIC_IF: fn(&[ScalarType]) -> Checked = |types| predicate(types, 1).map(|()| ScalarType::Dynamic);

const LIST: &str = "An array of all values but nulls, in the order of the rows; arrays give their elements, nulls among them. 1,048,576 at most, or fewer if so asked.";
const SET: &str = "An array of the different values but null, in the order of first appearance; arrays give their elements. \
                   1,048,576 at most, or fewer if so asked.";

type Long = List<MAX_ELEMENTS, false>;
type Different = Set<MAX_ELEMENTS>;

pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    function("make_list", "make_list(value [, max])", LIST, (1, 2), DYNAMIC, new::<Long>),
    function("make_list_if", "make_list_if(value, predicate [, max])", LIST, (2, 3), DYNAMIC_IF, new_if::<Long>),
    function(
        "make_list_with_nulls",
        "make_list_with_nulls(value)",
        "An array of all values, nulls among them, in the order of the rows.",
        (1, 1),
        DYNAMIC,
        new::<List<MAX_ELEMENTS, true>>,
    ),
    function("make_set", "make_set(value [, max])", SET, (1, 2), DYNAMIC, new::<Different>),
    function("make_set_if", "make_set_if(value, predicate [, max])", SET, (2, 3), DYNAMIC_IF, new_if::<Different>),
    function(
        "makelist",
        "makelist(value [, max])",
        "The old name of make_list; holds 128 values unless told otherwise.",
        (1, 2),
        DYNAMIC,
        new::<List<OLD_SIZE, false>>,
    ),
    function(
        "makeset",
        "makeset(value [, max])",
        "The old name of make_set; holds 128 values unless told otherwise.",
        (1, 2),
        DYNAMIC,
        new::<Set<OLD_SIZE>>,
    ),
];

#[derive(Default)]
struct List<const SIZE: usize, const NULLS: bool> {
    items: Vec<Dynamic<'static>>,
    bytes: usize,
}

impl<const SIZE: usize, const NULLS: bool> Accumulator for List<SIZE, NULLS> {
    fn add(&mut self, arguments: &[Value<'static>]) {
        let Some(value) = arguments.first() else {
            return;
        };
        let room = max_size(arguments.get(1), SIZE).saturating_sub(self.items.len());
        let mut take = |item: Dynamic<'static>| {
            self.bytes += dynamic_size(&item);
            self.items.push(item);
        };
        match value {
            // Kusto Emulator: an array gives its elements.
            Value::Dynamic(Dynamic::Array(elements)) if !NULLS => elements.iter().take(room).cloned().for_each(take),
            value if (NULLS || !value.is_null()) && room > 0 => take(into_dynamic(value.clone())),
            _ => {}
        }
    }

    fn finish(&mut self) -> Value<'static> {
        Value::Dynamic(Dynamic::Array(std::mem::take(&mut self.items).into()))
    }

    fn size(&self) -> usize {
        64 + self.bytes
    }
}

#[derive(Default)]
struct Set<const SIZE: usize> {
    seen: HashSet<Vec<u8>>,
    items: Vec<Dynamic<'static>>,
    bytes: usize,
}

impl<const SIZE: usize> Set<SIZE> {
    fn put(&mut self, item: Dynamic<'static>, max: usize) {
        if item == Dynamic::Null || self.items.len() >= max {
            return;
        }
        let mut key = Vec::new();
        key::element(&item, &mut key);
        let size = key.len() + KEY_OVERHEAD + dynamic_size(&item);
        if self.seen.insert(key) {
            self.bytes += size;
            self.items.push(item);
        }
    }
}

impl<const SIZE: usize> Accumulator for Set<SIZE> {
    fn add(&mut self, arguments: &[Value<'static>]) {
        let max = max_size(arguments.get(1), SIZE);
        match value_of(arguments) {
            Some(Value::Dynamic(Dynamic::Array(elements))) => {
                elements.iter().for_each(|element| self.put(element.clone(), max));
            }
            Some(value) => self.put(into_dynamic(value.clone()), max),
            None => {}
        }
    }

    fn finish(&mut self) -> Value<'static> {
        self.seen.clear();
        Value::Dynamic(Dynamic::Array(std::mem::take(&mut self.items).into()))
    }

    fn size(&self) -> usize {
        64 + self.bytes
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::{longs, over_rows, text};
    use super::*;
    use crate::value::{convert, json};

    #[test]
    fn lists_and_sets() {
        let values = [Value::Long(2), Value::Null, Value::Long(1), Value::Long(2)];
        assert_eq!(text("make_list", &values), "[2,1,2]");
        assert_eq!(text("make_list_with_nulls", &values), "[2,null,1,2]");
        assert_eq!(text("make_set", &values), "[2,1]");
        assert_eq!(text("make_set", &[Value::string("a"), Value::string(""), Value::string("A")]), r#"["a","","A"]"#);
    }

    #[test]
    fn arrays_give_their_elements() {
        let arrays = [r#"["a","b",null]"#, r#"["b",1]"#, r#"{"k":1}"#]
            .map(|text| Value::dynamic(json::parse(text, 128).unwrap().into_owned()));
        assert_eq!(text("make_set", &arrays), r#"["a","b",1,{"k":1}]"#);
        assert_eq!(text("make_list", &arrays[1..]), r#"["b",1,{"k":1}]"#);
        assert_eq!(text("make_list_with_nulls", &arrays[1..]), r#"[["b",1],{"k":1}]"#);
    }

    #[test]
    fn sizes_are_kept() {
        let rows: Vec<_> = (0..200).map(|n| vec![Value::Long(n), Value::Long(3)]).collect();
        assert_eq!(convert::text(&over_rows("make_list", &rows)[0]), "[0,1,2]");
        assert_eq!(convert::text(&over_rows("make_set", &rows)[0]), "[0,1,2]");
        let many: Vec<i64> = (0..200).collect();
        assert_eq!(text("makeset", &longs(&many)).split(',').count(), OLD_SIZE);
        assert_eq!(text("make_set", &longs(&many)).split(',').count(), 200);
    }
}
