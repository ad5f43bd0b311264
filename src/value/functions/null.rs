//! Functions that ask whether there is a value.

use super::{Context, Function, Param, Returns, argument};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    ask("isnull", "isnull(value)", "Whether the value is null. No string is.", |_, a| argument(a, 0).is_null().into()),
    ask("isnotnull", "isnotnull(value)", "Whether the value is not null. Every string is not.", isnotnull),
    ask("notnull", "notnull(value)", "The same as isnotnull().", isnotnull),
    ask("isempty", "isempty(value)", "Whether the value's text is empty: null or \"\".", |_, a| is_empty(a).into()),
    ask("isnotempty", "isnotempty(value)", "Whether the value's text is not empty.", |_, a| (!is_empty(a)).into()),
    ask("notempty", "notempty(value)", "The same as isnotempty().", |_, a| (!is_empty(a)).into()),
];

const fn ask(
    name: &'static str,
    signature: &'static str,
    doc: &'static str,
    call: for<'a> fn(&Context, &[Value<'a>]) -> Value<'a>,
) -> Function {
    let returns = Returns::Type(ScalarType::Bool);
    Function { name, signature, doc, min: 1, max: 1, params: &[Param::Any], repeat: 1, returns, call, prepare: None }
}

fn isnotnull<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    (!argument(arguments, 0).is_null()).into()
}

fn is_empty(arguments: &[Value<'_>]) -> bool {
    match argument(arguments, 0) {
        Value::Null => true,
        Value::String(text) | Value::Dynamic(Dynamic::String(text)) => text.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    #[test]
    fn a_string_is_never_null_but_may_be_empty() {
        let empty_array = Value::Dynamic(Dynamic::Array([].into()));
        let empty_text = Value::Dynamic(Dynamic::String("".into()));
        for (value, null, empty) in [
            (Value::string(""), false, true),
            (Value::string(" "), false, false),
            (Value::Null, true, true),
            (empty_array, false, false),
            (empty_text, false, true),
            (Value::Long(0), false, false),
        ] {
            assert_eq!(call("isnull", std::slice::from_ref(&value)), Value::Bool(null));
            assert_eq!(call("isnotnull", std::slice::from_ref(&value)), Value::Bool(!null));
            assert_eq!(call("isempty", std::slice::from_ref(&value)), Value::Bool(empty));
            assert_eq!(call("isnotempty", &[value]), Value::Bool(!empty));
        }
    }
}
