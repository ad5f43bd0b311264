//! Text from code points, and code points from text.

use super::arguments::text_at;
use super::limits::{self, Text};
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const FROM: Function = Function::of(
    "unicode_codepoints_from_string",
    "unicode_codepoints_from_string(text)",
    "The code points of a text, as an array of longs.",
)
.takes(1, 1, &[Param::Any])
.calls(ScalarType::Dynamic, |_, a| limits::array(text_at(a, 0).chars().map(|c| Dynamic::Long(u32::from(c).into()))));

const TO: Function = Function::of(
    "unicode_codepoints_to_string",
    "unicode_codepoints_to_string(values, ...)",
    "The text of code points, each a number or an array of them; what is no code point is left out.",
)
.takes(1, 255, &[Param::Any])
.calls(ScalarType::String, to_string);

pub(super) const FUNCTIONS: &[Function] =
    &[FROM, FROM.alias("to_utf8", "to_utf8(text)"), TO, TO.alias("make_string", "make_string(values, ...)")];

fn to_string<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let mut text = Text::default();
    let mut add = |point: i64| {
        let c = u32::try_from(point).ok().and_then(char::from_u32);
        c.is_none_or(|c| text.push(c.encode_utf8(&mut [0; 4])))
    };
    for value in arguments {
        let room = match value {
            Value::Int(point) => add(i64::from(*point)),
            Value::Long(point) | Value::Dynamic(Dynamic::Long(point)) => add(*point),
            Value::Dynamic(Dynamic::Array(elements)) => elements.iter().all(|element| match element {
                Dynamic::Long(point) => add(*point),
                _ => true,
            }),
            _ => true,
        };
        if !room {
            break;
        }
    }
    text.value()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, json, json_of};
    use super::*;

    #[test]
    fn there_and_back() {
        assert_eq!(json_of("unicode_codepoints_from_string", &[Value::string("⒦é")]), "[9382,233]");
        let points = [json("[75,117,\"x\"]"), Value::Long(115), Value::Long(-1), Value::Long(0xD800)];
        assert_eq!(call("unicode_codepoints_to_string", &points), Value::string("Kus"));
    }
}
