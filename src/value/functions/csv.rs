//! `parse_csv`.

use std::borrow::Cow;

use super::arguments::{argument, long_text};
use super::limits;
use super::{Function, Param};
use crate::schema::ScalarType;
use crate::value::Dynamic;

pub(super) const FUNCTIONS: &[Function] = &[Function::of(
    "parse_csv",
    "parse_csv(text)",
    "The fields of a text's first record of comma-separated values, as an array; the quotes around a field are dropped.",
)
.takes(1, 1, &[Param::Text])
.calls(ScalarType::Dynamic, |_, arguments| {
    limits::array(fields(&long_text(argument(arguments, 0))).into_iter().map(Dynamic::String))
})];

/// As RFC 4180 has it; a quote that never closes holds the rest of the text.
fn fields(text: &str) -> Vec<Cow<'static, str>> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => {
                field.push('"');
                rest.next();
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => fields.push(Cow::Owned(std::mem::take(&mut field))),
            '\r' if !quoted && rest.peek() == Some(&'\n') => break,
            '\n' if !quoted => break,
            c => field.push(c),
        }
    }
    fields.push(Cow::Owned(field));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_record() {
        for (text, expected) in [
            ("aa,\"b,b\",\"a \"\"title\"\"\",\"x\ny\"", &["aa", "b,b", "a \"title\"", "x\ny"][..]),
            ("one,a\r\ntwo,x", &["one", "a"]),
            ("a,,", &["a", "", ""]),
            ("", &[""]),
            ("a\"b,\"open,end", &["a\"b", "open,end"]),
        ] {
            assert_eq!(fields(text), expected, "{text:?}");
        }
    }
}
