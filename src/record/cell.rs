//! What a record has in a slot, as the text spells it.

use std::borrow::Cow;

use crate::value::json::{Kind, Lexeme, unescape};

/// A column's value in a record, not yet converted to the column's type. Text is as JSON spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// The record has no member for the column.
    Missing,
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it is spelt
    Number(&'a str),
    /// What lies between a string's quotes
    String {
        /// The text with its escapes
        raw: &'a str,
        /// Whether it has any; if not, `raw` is the value
        escaped: bool,
    },
    /// An object or an array, brackets included; valid JSON
    Composite(&'a str),
}

impl<'a> Cell<'a> {
    /// The value of a string, unescaped; `None` of anything else.
    pub fn as_string(&self) -> Option<Cow<'a, str>> {
        match *self {
            Cell::String { raw, escaped: true } => Some(unescape(raw)),
            Cell::String { raw, escaped: false } => Some(Cow::Borrowed(raw)),
            _ => None,
        }
    }

    pub(super) fn new(lexeme: Lexeme, text: &'a str) -> Cell<'a> {
        let text = text.get(lexeme.start..lexeme.end).unwrap_or_default();
        match lexeme.kind {
            Kind::Null => Cell::Null,
            Kind::True => Cell::Bool(true),
            Kind::False => Cell::Bool(false),
            Kind::Number => Cell::Number(text),
            Kind::String => Cell::String { raw: text, escaped: false },
            Kind::EscapedString => Cell::String { raw: text, escaped: true },
            Kind::Composite => Cell::Composite(text),
        }
    }
}
