//! The indivisible parts of JSON text: strings, numbers and the three literals, as RFC 8259 spells them.
//!
//! [`Cursor`] steps over them and says where each one lies; it copies nothing. The parser and the record scanner both
//! stand on it, so that they cannot differ about what JSON is.

use super::chunk::{CHUNK, is_special, specials};
use super::escape::{escape, short};
use super::{JsonError, Reason};

/// What kind of value a lexeme is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    True,
    False,
    Number,
    /// A string without a backslash: its text is its value.
    String,
    /// A string that has to be unescaped.
    EscapedString,
    /// An object or an array, brackets included.
    Composite,
}

/// One value or name and where it lies, in byte offsets. A string's quotes lie outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lexeme {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Lexeme {
    /// The lexeme's text within the text that was scanned.
    #[inline]
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn is_escaped(self) -> bool {
        self.kind == Kind::EscapedString
    }
}

/// A place in JSON text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    pub(crate) at: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Cursor { text, at: 0 }
    }

    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    #[inline(always)]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over white space, then looks at the next byte.
    #[inline(always)]
    pub(crate) fn next_solid(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other,
            }
        }
    }

    /// Whether that byte is next, white space before it or not; mostly there is none.
    #[inline(always)]
    pub(crate) fn is_next(&mut self, byte: u8) -> bool {
        self.peek() == Some(byte) || self.next_solid() == Some(byte)
    }

    /// The error that something else stands here, or that the text ends here.
    #[inline(always)]
    pub(crate) fn expected(&self, what: &'static str) -> JsonError {
        expected(self.text.as_bytes(), self.at, what)
    }

    /// Nothing but white space may follow.
    #[inline(always)]
    pub(crate) fn end(&mut self) -> Result<(), JsonError> {
        match self.next_solid() {
            None => Ok(()),
            Some(_) => Err(JsonError { offset: self.at, reason: Reason::Trailing }),
        }
    }

    /// Steps over a string, number or literal.
    #[inline(always)]
    pub(crate) fn scalar(&mut self) -> Result<Lexeme, JsonError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'n') => self.literal("null", Kind::Null),
            Some(b't') => self.literal("true", Kind::True),
            Some(b'f') => self.literal("false", Kind::False),
            _ => Err(self.expected("a value")),
        }
    }

    /// Steps over the string whose opening quote is here. Most have no escape: of those, everything is seen to where it is
    /// called.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Result<Lexeme, JsonError> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let end = special(bytes, start);
        if bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Lexeme { kind: Kind::String, start, end });
        }
        let end = escaped(bytes, end)?;
        self.at = end + 1;
        Ok(Lexeme { kind: Kind::EscapedString, start, end })
    }

    #[inline(always)]
    fn literal(&mut self, word: &str, kind: Kind) -> Result<Lexeme, JsonError> {
        let start = self.at;
        if self.text.as_bytes().get(start..start + word.len()) != Some(word.as_bytes()) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(Lexeme { kind, start, end: self.at })
    }

    #[inline(always)]
    fn number(&mut self) -> Result<Lexeme, JsonError> {
        let (bytes, start) = (self.text.as_bytes(), self.at);
        // Most are integers of a few digits.
        let mut end = start + 1;
        if bytes.get(start) != Some(&b'0') {
            while let Some(b'0'..=b'9') = bytes.get(end) {
                end += 1;
            }
        }
        let is_more = matches!(bytes.get(end), Some(b'0'..=b'9' | b'.' | b'e' | b'E'));
        self.at = if is_more || bytes.get(start) == Some(&b'-') { number(bytes, start)? } else { end };
        Ok(Lexeme { kind: Kind::Number, start, end: self.at })
    }
}

// What follows takes places and no cursor: a cursor that anything has the address of lies in memory, and is read from there and
// written back at each step. (Measured, with all else inlined: a quarter of the instructions of `decode::tree::parse`.)

#[cold]
fn expected(bytes: &[u8], at: usize, what: &'static str) -> JsonError {
    let reason = if at < bytes.len() { Reason::Expected(what) } else { Reason::Ends(what) };
    JsonError { offset: at, reason }
}

/// Where the number ends that begins at `at`.
#[inline(never)]
fn number(bytes: &[u8], mut at: usize) -> Result<usize, JsonError> {
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    if bytes.get(at) == Some(&b'0') {
        at += 1;
        if let Some(b'0'..=b'9') = bytes.get(at) {
            return Err(JsonError { offset: at, reason: Reason::LeadingZero });
        }
    } else {
        at = digits(bytes, at)?;
    }
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        at = digits(bytes, at)?;
    }
    // A number that no double holds, such as 1e400, is infinite, as in todouble(): one such value must not cost the line.
    Ok(at)
}

fn digits(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 { Err(expected(bytes, start, "a digit")) } else { Ok(start + length) }
}

/// The closing quote of a string that goes on at `at` with what is no quote.
#[inline(never)]
fn escaped(bytes: &[u8], mut at: usize) -> Result<usize, JsonError> {
    // Several escapes of two characters may stand in one chunk: each is passed over as two bits of it.
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<CHUNK>) {
        let mut left = specials(chunk);
        loop {
            let place = left.trailing_zeros() as usize;
            match chunk.get(place..) {
                Some([b'\\', second, ..]) if short(*second).is_some() => left &= !(3 << place),
                Some([_, ..]) => {
                    let Some(behind) = behind_special(bytes, at + place)? else { return Ok(at + place) };
                    at = behind;
                    break;
                }
                _ => {
                    at += CHUNK;
                    break;
                }
            }
        }
    }
    loop {
        at = special(bytes, at);
        let Some(behind) = behind_special(bytes, at)? else { return Ok(at) };
        at = behind;
    }
}

/// Where a string goes on behind the escape that is here; `None` at its closing quote.
#[inline(always)]
fn behind_special(bytes: &[u8], at: usize) -> Result<Option<usize>, JsonError> {
    match bytes.get(at..) {
        Some(rest @ [b'\\', ..]) => match escape(rest) {
            Some(length) => Ok(Some(at + length)),
            None => Err(JsonError { offset: at, reason: Reason::Escape }),
        },
        Some([b'"', ..]) => Ok(None),
        Some([byte, ..]) => Err(JsonError { offset: at, reason: Reason::Control(*byte) }),
        _ => Err(JsonError { offset: at, reason: Reason::Ends("the `\"` that closes a string") }),
    }
}

/// The offset of the next quote, backslash or control character at or after `at`; the text's length if there is none.
#[inline]
pub(crate) fn special(bytes: &[u8], at: usize) -> usize {
    let Some(mut rest) = bytes.get(at..) else { return bytes.len() };
    while let Some((chunk, behind)) = rest.split_first_chunk::<CHUNK>() {
        let marks = specials(chunk);
        if marks != 0 {
            return bytes.len() - rest.len() + marks.trailing_zeros() as usize;
        }
        rest = behind;
    }
    let place = rest.iter().position(|byte| is_special(*byte));
    bytes.len() - rest.len() + place.unwrap_or(rest.len())
}
