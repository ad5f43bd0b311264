//! `buildschema`: what dynamic values look like.
//!
//! <https://learn.microsoft.com/kusto/query/buildschema-aggregation-function>

use std::collections::{BTreeMap, BTreeSet};

use super::{Checked, function, new, refused, value_of};
use crate::compile::bound::{Accumulator, AggregateFunction};
use crate::rows::distinct::KEY_OVERHEAD;
use crate::schema::ScalarType;
use crate::value::dynamic::MAX_DEPTH;
use crate::value::{Dynamic, Value};

const SCHEMA: &str = "The least schema that all values have: a type, a bag of the schemas of members, a bag of `indexer` with that of \
                      an array's elements, or an array of several of these. Nulls have none.";

/// What the schema of elements is called.
const INDEXER: &str = "`indexer`";

fn dynamic(types: &[ScalarType]) -> Checked {
    match types.first() {
        Some(given) if *given != ScalarType::Dynamic => refused(0, "a dynamic", *given),
        _ => Ok(ScalarType::Dynamic),
    }
}

pub(super) const FUNCTIONS: &[AggregateFunction] =
    &[function("buildschema", "buildschema(value)", SCHEMA, (1, 1), dynamic, new::<Schemas>)];

#[derive(Default)]
struct Schemas {
    schema: Schema,
    bytes: usize,
}

/// What values at one place are.
#[derive(Default)]
struct Schema {
    types: BTreeSet<&'static str>,
    members: Option<BTreeMap<String, Schema>>,
    elements: Option<Box<Schema>>,
}

impl Schema {
    /// Takes a value; gives back how many bytes that has cost.
    fn take(&mut self, value: &Dynamic<'_>, depth: usize) -> usize {
        let name = match value {
            _ if depth > MAX_DEPTH => return 0,
            Dynamic::Null => return 0,
            Dynamic::Bag(bag) => {
                let members = self.members.get_or_insert_default();
                let mut bytes = 0;
                for (name, value) in bag.iter() {
                    if !members.contains_key(name.as_ref()) {
                        bytes += name.len() + KEY_OVERHEAD + size_of::<Schema>();
                    }
                    bytes += members.entry(name.to_string()).or_default().take(value, depth + 1);
                }
                return bytes;
            }
            Dynamic::Array(elements) => {
                let mut bytes = if self.elements.is_none() { size_of::<Schema>() } else { 0 };
                let own = self.elements.get_or_insert_default();
                for element in elements.iter() {
                    bytes += own.take(element, depth + 1);
                }
                return bytes;
            }
            Dynamic::Bool(_) => "bool",
            Dynamic::Long(_) => "long",
            Dynamic::Real(_) => "double",
            Dynamic::String(_) => "string",
        };
        if self.types.insert(name) { KEY_OVERHEAD } else { 0 }
    }

    fn finish(self) -> Dynamic<'static> {
        let members = self.members.map(|members| {
            Dynamic::Bag(members.into_iter().map(|(name, schema)| (name.into(), schema.finish())).collect())
        });
        let elements = self.elements.map(|elements| Dynamic::Bag([(INDEXER.into(), elements.finish())].into()));
        let types = self.types.into_iter().map(|name| Dynamic::String(name.into()));
        let mut all: Vec<Dynamic<'static>> = members.into_iter().chain(elements).chain(types).collect();
        match all.len() {
            0 => Dynamic::Null,
            1 => all.remove(0),
            _ => Dynamic::Array(all.into()),
        }
    }
}

impl Accumulator for Schemas {
    fn add(&mut self, arguments: &[Value<'static>]) {
        if let Some(Value::Dynamic(value)) = value_of(arguments) {
            self.bytes += self.schema.take(value, 0);
        }
    }

    fn finish(&mut self) -> Value<'static> {
        match std::mem::take(&mut self.schema).finish() {
            Dynamic::Null => Value::Null,
            schema => Value::dynamic(schema),
        }
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

    /// The documentation's example, as the Kusto Emulator answers it, its members in the order of their names.
    #[test]
    fn the_least_schema() {
        let values = [
            r#"{"x":1,"y":3.5}"#,
            r#"{"x":"somevalue","z":[1,2,3]}"#,
            r#"{"y":{"w":"zzz"},"t":["aa","bb"],"z":["foo"]}"#,
        ]
        .map(|text| Value::dynamic(json::parse(text, 128).unwrap().into_owned()));
        let expected = r#"{"t":{"`indexer`":"string"},"x":["long","string"],"y":[{"w":"string"},"double"],"z":{"`indexer`":["long","string"]}}"#;
        assert_eq!(text("buildschema", &values), expected);
        assert_eq!(text("buildschema", &[]), "");
        let nulls = Value::dynamic(json::parse(r#"{"a":null,"b":[]}"#, 128).unwrap().into_owned());
        assert_eq!(text("buildschema", &[nulls]), r#"{"a":null,"b":{"`indexer`":null}}"#);
    }
}
