//! `dynamic`: a JSON value with Kusto's way of looking into it.
//!
//! A record brings a dynamic as deep as the record may be (`max_record_depth`, [`DEEPEST`] at most), a function makes none
//! deeper than [`MAX_DEPTH`]. The JSON reader keeps the first, [`functions`](super::functions) the second; so recursion
//! here is bounded.
//!
//! [`DEEPEST`]: super::json::DEEPEST

use std::borrow::Cow;
use std::sync::Arc;

use super::convert::append_real;
use super::json::special;

/// How many levels of arrays and bags a dynamic may have, unless a setting allows a record more. Deeper JSON text is not
/// parsed.
pub const MAX_DEPTH: usize = 128;

/// What a `dynamic` holds. Arrays and bags are shared, so that a step into one is cheap.
#[derive(Clone, Debug, PartialEq)]
pub enum Dynamic<'a> {
    /// JSON null
    Null,
    /// JSON true or false
    Bool(bool),
    /// A JSON number without fraction or exponent that fits
    Long(i64),
    /// Any other JSON number
    Real(f64),
    /// A JSON string, escapes resolved
    String(Cow<'a, str>),
    /// A JSON array
    Array(Arc<[Dynamic<'a>]>),
    /// A JSON object, members in the order of the text, each name once
    Bag(Arc<[(Cow<'a, str>, Dynamic<'a>)]>),
}

impl<'a> Dynamic<'a> {
    /// The member of that name, case-sensitive. Missing, or not a bag: null, never an error.
    pub fn member(&self, name: &str) -> Dynamic<'a> {
        let Dynamic::Bag(members) = self else {
            return Dynamic::Null;
        };
        members.iter().find(|(key, _)| key == name).map_or(Dynamic::Null, |(_, value)| value.clone())
    }

    /// The element at `index`, from the end if negative (`-1` is the last). Out of range, or not an array: null.
    pub fn index(&self, index: i64) -> Dynamic<'a> {
        let Dynamic::Array(elements) = self else {
            return Dynamic::Null;
        };
        let at = if index < 0 {
            usize::try_from(index.unsigned_abs()).ok().and_then(|back| elements.len().checked_sub(back))
        } else {
            usize::try_from(index).ok()
        };
        at.and_then(|at| elements.get(at)).map_or(Dynamic::Null, Dynamic::clone)
    }

    /// The text of `tostring`: a string bare, null as nothing, all else as JSON.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Dynamic::String(text) => Cow::Borrowed(text),
            Dynamic::Null => Cow::Borrowed(""),
            other => {
                let mut json = String::new();
                other.to_json(&mut json);
                Cow::Owned(json)
            }
        }
    }

    /// Appends compact JSON as Kusto prints it: members in their order, no spaces, `/` and non-ASCII as they are. What
    /// JSON has no number for (NaN, the infinities) is a string, as Kusto has it.
    pub fn to_json(&self, out: &mut String) {
        match self {
            Dynamic::Null => out.push_str("null"),
            Dynamic::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Dynamic::Long(n) => out.push_str(&n.to_string()),
            Dynamic::Real(n) if n.is_finite() => append_real(*n, out),
            Dynamic::Real(n) => {
                out.push('"');
                append_real(*n, out);
                out.push('"');
            }
            Dynamic::String(text) => append_json_string(text, out),
            Dynamic::Array(elements) => {
                out.push('[');
                for (at, element) in elements.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    element.to_json(out);
                }
                out.push(']');
            }
            Dynamic::Bag(members) => {
                out.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    append_json_string(name, out);
                    out.push(':');
                    value.to_json(out);
                }
                out.push('}');
            }
        }
    }

    /// The name that `gettype` gives it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Dynamic::Null => "null",
            Dynamic::Bool(_) => "bool",
            Dynamic::Long(_) => "long",
            Dynamic::Real(_) => "double",
            Dynamic::String(_) => "string",
            Dynamic::Array(_) => "array",
            Dynamic::Bag(_) => "dictionary",
        }
    }

    /// The same value, owning its text.
    pub fn into_owned(self) -> Dynamic<'static> {
        let owned = |text: &Cow<'a, str>| Cow::Owned(text.clone().into_owned());
        match self {
            Dynamic::Null => Dynamic::Null,
            Dynamic::Bool(b) => Dynamic::Bool(b),
            Dynamic::Long(n) => Dynamic::Long(n),
            Dynamic::Real(n) => Dynamic::Real(n),
            Dynamic::String(text) => Dynamic::String(Cow::Owned(text.into_owned())),
            Dynamic::Array(elements) => Dynamic::Array(elements.iter().map(|e| e.clone().into_owned()).collect()),
            Dynamic::Bag(members) => {
                Dynamic::Bag(members.iter().map(|(name, v)| (owned(name), v.clone().into_owned())).collect())
            }
        }
    }
}

/// Appends a JSON string with its quotes; only what must be escaped is.
pub fn append_json_string(text: &str, out: &mut String) {
    out.push('"');
    let bytes = text.as_bytes();
    let mut copied = 0;
    // Most texts have nothing to escape.
    loop {
        let at = special(bytes, copied);
        if at == bytes.len() {
            break;
        }
        // Every escaped byte is ASCII, so both ends are character boundaries.
        out.push_str(&text[copied..at]);
        match bytes[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            byte => out.push_str(&format!("\\u{byte:04x}")),
        }
        copied = at + 1;
    }
    out.push_str(&text[copied..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::json::DEEPEST;
    use super::*;

    fn array(elements: &[Dynamic<'static>]) -> Dynamic<'static> {
        Dynamic::Array(elements.iter().cloned().collect())
    }

    #[test]
    fn steps_that_miss_are_null() {
        let bag = Dynamic::Bag([(Cow::Borrowed("a"), Dynamic::Long(1))].into_iter().collect());
        assert_eq!(bag.member("a"), Dynamic::Long(1));
        assert_eq!(bag.member("A"), Dynamic::Null);
        assert_eq!(bag.index(0), Dynamic::Null);
        let list = array(&[Dynamic::Long(1), Dynamic::Long(2), Dynamic::Long(3)]);
        assert_eq!(list.index(-1), Dynamic::Long(3));
        assert_eq!(list.index(-3), Dynamic::Long(1));
        for out_of_range in [3, -4, i64::MIN, i64::MAX] {
            assert_eq!(list.index(out_of_range), Dynamic::Null);
        }
        assert_eq!(list.member("a"), Dynamic::Null);
    }

    #[test]
    fn json_is_compact_and_escapes_what_it_must() {
        let list = array(&[
            Dynamic::Long(5),
            Dynamic::Real(1.5),
            Dynamic::Bool(true),
            Dynamic::Null,
            Dynamic::Real(f64::NAN),
            Dynamic::String("say \"hi\" c:\\x/é\n\u{1}".into()),
        ]);
        assert_eq!(list.to_text(), "[5,1.5,true,null,\"NaN\",\"say \\\"hi\\\" c:\\\\x/é\\n\\u0001\"]");
        assert_eq!(Dynamic::String("x".into()).to_text(), "x");
        assert_eq!(Dynamic::Null.to_text(), "");
    }

    #[test]
    fn the_deepest_value_can_be_used_and_dropped() {
        let deep = (0..DEEPEST).fold(Dynamic::Null, |inner, _| array(&[inner]));
        assert_eq!(deep.clone().into_owned().to_text().len(), 2 * DEEPEST + 4);
    }
}
