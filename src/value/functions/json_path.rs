//! `extract_json`, and the paths into JSON that it and the functions of bags take.

use super::arguments::{constant_text, text_at};
use super::callee::{Prepared, prepared};
use super::{Function, Param, Refusal, Returns};
use crate::schema::ScalarType;
use crate::value::dynamic::MAX_DEPTH;
use crate::value::{Dynamic, Value, convert, json};

const EXTRACT: Function = Function::of("extract_json", "extract_json(path, text, [typeof(type)])", EXTRACT_JSON)
    .takes(2, 3, &[Param::Text, Param::Text, Param::Type])
    .prepares(Returns::Named(2), extract_json);

pub(super) const FUNCTIONS: &[Function] =
    &[EXTRACT, EXTRACT.alias("extractjson", "extractjson(path, text, [typeof(type)])")];

const EXTRACT_JSON: &str = "The value that a path such as $.a[0]['b'] leads to in a JSON text, as text or as a named type; \
                            null (\"\") where it leads nowhere. Wildcards and filters are not supported.";

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    Index(i64),
}

/// Reads `$.a['b'][0]`; `None` if it is no such path, or a longer one than a dynamic is deep.
pub(super) fn parse(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.trim().strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(member) = rest.strip_prefix('.') {
            let end = member.find(['.', '[']).unwrap_or(member.len());
            let (name, tail) = member.split_at(end);
            if name.is_empty() || name == "*" {
                return None;
            }
            steps.push(Step::Member(name.to_owned()));
            rest = tail;
        } else {
            let inside = rest.strip_prefix('[')?;
            let (step, tail) = match inside.chars().next()? {
                quote @ ('\'' | '"') => {
                    let (name, tail) = inside[1..].split_once(quote)?;
                    (Step::Member(name.to_owned()), tail.strip_prefix(']')?)
                }
                _ => {
                    let (index, tail) = inside.split_once(']')?;
                    (Step::Index(index.trim().parse().ok()?), tail)
                }
            };
            steps.push(step);
            rest = tail;
        }
    }
    (steps.len() <= MAX_DEPTH).then_some(steps)
}

fn extract_json(constants: &[Option<&Value<'static>>]) -> Result<Prepared, Refusal> {
    let path = constant_text(constants, 0, "The path")?;
    let steps =
        parse(&path).ok_or_else(|| ("KT001", format!("'{path}' is not a path, or one that is not supported yet.")))?;
    let ty = match constants.get(2) {
        None => ScalarType::String,
        Some(_) => {
            let name = constant_text(constants, 2, "The type")?;
            ScalarType::from_name(&name).ok_or_else(|| ("KS108", format!("'{name}' is no type.")))?
        }
    };
    prepared(move |_, arguments| {
        let text = text_at(arguments, 1);
        let mut at = json::parse(&text, MAX_DEPTH).unwrap_or(Dynamic::Null);
        for step in &steps {
            at = match step {
                Step::Member(name) => at.member(name),
                Step::Index(index) => at.index(*index),
            };
        }
        convert::to_type(&Value::dynamic(at), ty).into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, refusal};
    use super::*;

    #[test]
    fn paths() {
        let member = |name: &str| Step::Member(name.to_owned());
        assert_eq!(
            parse("$.a[0]['b c'][\"d\"].e"),
            Some(vec![member("a"), Step::Index(0), member("b c"), member("d"), member("e")])
        );
        assert_eq!(parse("$"), Some(vec![]));
        for bad in ["", "a", "$..a", "$.*", "$[*]", "$[", "$['a", "$.a["] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_value_by_its_path() {
        let s = Value::string;
        let text = r#"{"name":"Adele","age":[30,{"x":1}]}"#;
        assert_eq!(call("extract_json", &[s("$.name"), s(text)]), s("Adele"));
        assert_eq!(call("extract_json", &[s("$.age[1]"), s(text)]), s(r#"{"x":1}"#));
        assert_eq!(call("extractjson", &[s("$.age[0]"), s(text), s("int")]), Value::Int(30));
        assert_eq!(call("extract_json", &[s("$.none.at.all"), s(text)]), s(""));
        assert_eq!(call("extract_json", &[s("$.a"), s("not json"), s("long")]), Value::Null);
        assert_eq!(refusal("extract_json", &[s("$..a"), s("")]), "KT001");
    }
}
