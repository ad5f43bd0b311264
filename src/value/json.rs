//! JSON text to [`Dynamic`], after RFC 8259 and nothing looser.

mod chunk;
mod escape;
mod lexeme;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

pub use escape::unescape;
pub(crate) use lexeme::{Cursor, Kind, Lexeme, special};

use super::Dynamic;

/// The most that a setting may allow: [`parse`] recurses, and the stack has to hold it.
pub const DEEPEST: usize = 1024;

/// Why text is not JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct JsonError {
    /// Offset in bytes from the text's start.
    pub offset: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What can be wrong with JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Something else stands where this was expected.
    Expected(&'static str),
    /// The text ends where this was expected.
    Ends(&'static str),
    /// A raw control character inside a string.
    Control(u8),
    /// A backslash that begins none of JSON's escapes.
    Escape,
    /// `01`.
    LeadingZero,
    /// Something follows the value.
    Trailing,
    /// More arrays and objects within each other than the setting allows.
    TooDeep(usize),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Expected(what) => write!(f, "expected {what}"),
            Reason::Ends(what) => write!(f, "the text ends where {what} was expected,"),
            Reason::Control(byte) => write!(f, "a control character (0x{byte:02x}) that is not escaped in a string"),
            Reason::Escape => f.write_str("a backslash that begins no JSON escape"),
            Reason::LeadingZero => f.write_str("a number with a leading zero"),
            Reason::Trailing => f.write_str("more text after the end of the value"),
            Reason::TooDeep(max) => write!(f, "arrays and objects nest deeper than `max_depth` ({max})"),
        }
    }
}

/// Parses text that is one JSON value, with white space around it or not.
///
/// Strings without an escape borrow from the text. Where an object has a name twice, the last value counts and stands
/// in the first one's place. Half of a surrogate pair becomes U+FFFD ([`unescape`]).
///
/// # Errors
/// Text that is not JSON, or arrays and objects nested deeper than `max_depth` (at most [`DEEPEST`]). Save for surrogates and
/// numbers that no double holds, which are infinite here, these are the texts that serde_json refuses.
pub fn parse(text: &str, max_depth: usize) -> Result<Dynamic<'_>, JsonError> {
    let mut cursor = Cursor::new(text);
    let value = parse_value(&mut cursor, max_depth.min(DEEPEST), 0)?;
    cursor.end()?;
    Ok(value)
}

/// The same of text that may be owned.
///
/// # Errors
/// As of [`parse`].
pub fn parse_cow<'t>(text: &Cow<'t, str>, max_depth: usize) -> Result<Dynamic<'t>, JsonError> {
    match text {
        Cow::Borrowed(text) => parse(text, max_depth),
        Cow::Owned(text) => parse(text, max_depth).map(Dynamic::into_owned),
    }
}

fn parse_value<'t>(cursor: &mut Cursor<'t>, max_depth: usize, depth: usize) -> Result<Dynamic<'t>, JsonError> {
    let opening = cursor.next_solid();
    if let Some(b'{' | b'[') = opening {
        if depth >= max_depth {
            return Err(JsonError { offset: cursor.at, reason: Reason::TooDeep(max_depth) });
        }
        cursor.at += 1;
        return if opening == Some(b'{') {
            parse_bag(cursor, max_depth, depth + 1)
        } else {
            parse_array(cursor, max_depth, depth + 1)
        };
    }
    let lexeme = cursor.scalar()?;
    Ok(match lexeme.kind {
        Kind::True => Dynamic::Bool(true),
        Kind::False => Dynamic::Bool(false),
        Kind::Number => number(lexeme.of(cursor.text())),
        Kind::String | Kind::EscapedString => Dynamic::String(string(*cursor, lexeme)),
        Kind::Null | Kind::Composite => Dynamic::Null,
    })
}

fn parse_array<'t>(cursor: &mut Cursor<'t>, max_depth: usize, depth: usize) -> Result<Dynamic<'t>, JsonError> {
    let mut elements = Vec::new();
    if cursor.next_solid() == Some(b']') {
        cursor.at += 1;
        return Ok(Dynamic::Array(elements.into()));
    }
    loop {
        elements.push(parse_value(cursor, max_depth, depth)?);
        match cursor.next_solid() {
            Some(b',') => cursor.at += 1,
            Some(b']') => {
                cursor.at += 1;
                return Ok(Dynamic::Array(elements.into()));
            }
            _ => return Err(cursor.expected("`,` or `]`")),
        }
    }
}

fn parse_bag<'t>(cursor: &mut Cursor<'t>, max_depth: usize, depth: usize) -> Result<Dynamic<'t>, JsonError> {
    let mut members = Vec::new();
    if cursor.next_solid() == Some(b'}') {
        cursor.at += 1;
        return Ok(Dynamic::Bag(members.into()));
    }
    loop {
        if cursor.next_solid() != Some(b'"') {
            return Err(cursor.expected("a member's name in quotes"));
        }
        let name = cursor.string()?;
        let name = string(*cursor, name);
        if cursor.next_solid() != Some(b':') {
            return Err(cursor.expected("`:` after a member's name"));
        }
        cursor.at += 1;
        members.push((name, parse_value(cursor, max_depth, depth)?));
        match cursor.next_solid() {
            Some(b',') => cursor.at += 1,
            Some(b'}') => {
                cursor.at += 1;
                return Ok(Dynamic::Bag(last_wins(members).into()));
            }
            _ => return Err(cursor.expected("`,` or `}`")),
        }
    }
}

fn string<'t>(cursor: Cursor<'t>, lexeme: Lexeme) -> Cow<'t, str> {
    let raw = cursor.text().get(lexeme.start..lexeme.end).unwrap_or_default();
    if lexeme.is_escaped() { unescape(raw) } else { Cow::Borrowed(raw) }
}

/// A `long` if it is spelt as an integer and fits, else a `real`.
pub(crate) fn number(text: &str) -> Dynamic<'static> {
    match text.parse::<i64>() {
        Ok(long) => Dynamic::Long(long),
        Err(_) => text.parse::<f64>().map_or(Dynamic::Null, Dynamic::Real),
    }
}

type Member<'t> = (Cow<'t, str>, Dynamic<'t>);

/// Each name once: the last value, at the first one's place.
fn last_wins(members: Vec<Member<'_>>) -> Vec<Member<'_>> {
    let repeats = if members.len() <= 16 {
        members.iter().enumerate().any(|(i, (name, _))| members[..i].iter().any(|(earlier, _)| earlier == name))
    } else {
        members.iter().map(|(name, _)| name.as_ref()).collect::<HashSet<_>>().len() < members.len()
    };
    if !repeats {
        return members;
    }
    let mut places = HashMap::new();
    let mut unique: Vec<Member<'_>> = Vec::with_capacity(members.len());
    for (name, value) in members {
        match places.get(&name) {
            Some(&place) => unique[place] = (name, value),
            None => {
                places.insert(name.clone(), unique.len());
                unique.push((name, value));
            }
        }
    }
    unique
}

#[cfg(test)]
mod tests;
