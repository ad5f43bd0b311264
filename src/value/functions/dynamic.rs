//! Functions of `dynamic`.

use super::{Context, Function, Param, Returns, argument};
use crate::schema::ScalarType;
use crate::value::dynamic::MAX_DEPTH;
use crate::value::{Dynamic, Value, convert, json};
use std::borrow::Cow;

pub(super) const FUNCTIONS: &[Function] = &[
    parse("parse_json", "parse_json(text)"),
    parse("todynamic", "todynamic(text)"),
    Function {
        name: "array_length",
        signature: "array_length(array)",
        doc: "How many elements an array has; null for anything else.",
        min: 1,
        max: 1,
        params: &[Param::Is(ScalarType::Dynamic)],
        repeat: 1,
        returns: Returns::Type(ScalarType::Long),
        call: array_length,
    },
];

const fn parse(name: &'static str, signature: &'static str) -> Function {
    Function {
        name,
        signature,
        doc: "The JSON value that a text spells; the text itself where it is not JSON, null where it is empty.",
        min: 1,
        max: 1,
        params: &[Param::Any],
        repeat: 1,
        returns: Returns::Type(ScalarType::Dynamic),
        call: parse_json,
    }
}

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
        other => Value::dynamic(convert::into_dynamic(other.clone())),
    }
}

fn array_length<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    match argument(arguments, 0) {
        Value::Dynamic(Dynamic::Array(elements)) => i64::try_from(elements.len()).map_or(Value::Null, Value::Long),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    #[test]
    fn text_that_is_not_json_stays_itself() {
        let parsed = call("parse_json", &[Value::string("{\"a\":[1,2]}")]);
        assert_eq!(convert::text(&parsed), "{\"a\":[1,2]}");
        assert!(matches!(parsed, Value::Dynamic(Dynamic::Bag(_))));
        let broken = call("parse_json", &[Value::string("not json")]);
        assert_eq!(broken, Value::Dynamic(Dynamic::String("not json".into())));
        assert_eq!(call("todynamic", &[Value::string("")]), Value::Null);
        assert_eq!(call("todynamic", &[Value::Long(5)]), Value::Dynamic(Dynamic::Long(5)));
    }

    #[test]
    fn only_arrays_have_a_length() {
        let array = call("parse_json", &[Value::string("[1,2,3,\"four\"]")]);
        assert_eq!(call("array_length", &[array]), Value::Long(4));
        assert_eq!(call("array_length", &[call("parse_json", &[Value::string("{}")])]), Value::Null);
    }
}
