//! Functions that choose: `case`, `iff`, `coalesce`, `not`.

use super::{Context, Function, Param, Returns, argument};
use crate::schema::ScalarType;
use crate::value::convert::tobool;
use crate::value::{Dynamic, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "case",
        signature: "case(predicate, then, [predicate, then, ...] else)",
        doc: "The value behind the first predicate that is true, or the last argument. A null predicate is not true.",
        min: 3,
        // Microsoft's own parser OracleDatabaseAuditEvent (Azure-Sentinel) passes 319.
        max: 1023,
        params: &[Param::Bool, Param::Result],
        repeat: 2,
        returns: Returns::Common,
        call: case,
        prepare: None,
    },
    iff("iff", "iff(predicate, then, else)"),
    iff("iif", "iif(predicate, then, else)"),
    Function {
        name: "coalesce",
        signature: "coalesce(value, value, ...)",
        doc: "The first argument that is neither null nor an empty string; the last one if there is none.",
        min: 2,
        max: 64,
        params: &[Param::Result],
        repeat: 1,
        returns: Returns::Common,
        call: coalesce,
        prepare: None,
    },
    Function {
        name: "not",
        signature: "not(predicate)",
        doc: "The opposite of a bool; a number counts as true unless it is zero. not(null) is null.",
        min: 1,
        max: 1,
        params: &[Param::Truth],
        repeat: 1,
        returns: Returns::Type(ScalarType::Bool),
        call: |_, arguments| tobool(argument(arguments, 0)).as_bool().map(|b| !b).into(),
        prepare: None,
    },
];

const fn iff(name: &'static str, signature: &'static str) -> Function {
    Function {
        name,
        signature,
        doc: "The second argument if the first is true, else the third, also if the first is null.",
        min: 3,
        max: 3,
        params: &[Param::Bool, Param::Result, Param::Result],
        repeat: 1,
        returns: Returns::Common,
        call: case,
        prepare: None,
    }
}

fn case<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let mut rest = arguments;
    while let [predicate, value, tail @ ..] = rest {
        if predicate.as_bool() == Some(true) {
            return value.clone();
        }
        rest = tail;
    }
    rest.first().cloned().unwrap_or(Value::Null)
}

fn coalesce<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let filled = arguments.iter().find(|value| match value {
        Value::Null => false,
        Value::String(text) | Value::Dynamic(Dynamic::String(text)) => !text.is_empty(),
        _ => true,
    });
    filled.or(arguments.last()).cloned().unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    #[test]
    fn the_first_true_predicate_wins() {
        let (a, b, c) = (Value::string("a"), Value::string("b"), Value::string("c"));
        let case =
            |p: Option<bool>, q: Option<bool>| call("case", &[p.into(), a.clone(), q.into(), b.clone(), c.clone()]);
        assert_eq!(case(Some(true), Some(true)), a);
        assert_eq!(case(None, Some(true)), b);
        assert_eq!(case(Some(false), None), c);
        assert_eq!(call("iff", &[Value::Null, a, b.clone()]), b);
    }

    #[test]
    fn coalesce_skips_null_and_empty() {
        let empty = Value::string("");
        assert_eq!(call("coalesce", &[empty.clone(), Value::string(" ")]), Value::string(" "));
        assert_eq!(call("coalesce", &[Value::Null, Value::Long(0), Value::Long(5)]), Value::Long(0));
        assert_eq!(call("coalesce", &[false.into(), true.into()]), Value::Bool(false));
        assert_eq!(call("coalesce", &[empty.clone(), empty.clone()]), empty);
    }

    #[test]
    fn not_of_numbers_and_null() {
        assert_eq!(call("not", &[Value::Long(1)]), Value::Bool(false));
        assert_eq!(call("not", &[Value::Null]), Value::Null);
    }
}
