//! Backslashes in JSON strings: which are escapes, and what they stand for.

use std::borrow::Cow;

use memchr::memchr;

use super::{JsonError, Reason, special};

/// The offset past the escape whose backslash is at `at`.
#[inline]
pub(super) fn escape(bytes: &[u8], at: usize) -> Result<usize, JsonError> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match bytes.get(at + 2..at + 6).and_then(hex) {
            Some(_) => Ok(at + 6),
            None => Err(JsonError { offset: at, reason: Reason::Escape }),
        },
        _ => Err(JsonError { offset: at, reason: Reason::Escape }),
    }
}

fn hex(digits: &[u8]) -> Option<u16> {
    let mut code = 0u16;
    for digit in digits {
        code = code << 4 | char::from(*digit).to_digit(16)? as u16;
    }
    Some(code)
}

/// The value of a JSON string's text (what lies between its quotes), borrowed if it has no escape.
///
/// A `\uD800`..`\uDFFF` that is not half of a pair becomes U+FFFD: Windows file names may hold such halves, and a
/// detection must not lose the record for it. What is not a valid escape stays as it is.
///
/// ```
/// assert_eq!(kqltap::value::json::unescape(r"a\u002fb"), "a/b");
/// assert_eq!(kqltap::value::json::unescape(r"\ud83d\ude00 \ud83d"), "😀 \u{FFFD}");
/// ```
pub fn unescape(raw: &str) -> Cow<'_, str> {
    let bytes = raw.as_bytes();
    let Some(first) = memchr(b'\\', bytes) else {
        return Cow::Borrowed(raw);
    };
    // No escape is shorter than what it stands for.
    let mut text = Vec::with_capacity(raw.len());
    text.extend_from_slice(&bytes[..first]);
    let mut at = first;
    while at < bytes.len() {
        let end = special(bytes, at);
        copy(bytes, at, end, &mut text);
        match bytes.get(end) {
            Some(b'\\') => {
                let (char, length) = unescape_one(bytes, end);
                match char.is_ascii() {
                    true => text.push(char as u8),
                    false => text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
                }
                at = end + length;
            }
            Some(other) => {
                text.push(*other);
                at = end + 1;
            }
            None => break,
        }
    }
    // It is text, for what was copied begins and ends between characters.
    Cow::Owned(String::from_utf8(text).unwrap_or_default())
}

/// Appends some bytes. Escapes are near each other, in paths and in JSON within JSON, and a copy of a length that is known is
/// but a move.
#[inline]
fn copy(bytes: &[u8], start: usize, end: usize, text: &mut Vec<u8>) {
    let length = end - start;
    match bytes.get(start..).and_then(|rest| rest.first_chunk::<16>()) {
        Some(chunk) if length <= 16 => {
            let before = text.len();
            text.extend_from_slice(chunk);
            text.truncate(before + length);
        }
        _ => text.extend_from_slice(&bytes[start..end]),
    }
}

/// The character that the escape at `at` stands for, and the escape's length.
fn unescape_one(bytes: &[u8], at: usize) -> (char, usize) {
    let unit = |at: usize| {
        let escape = bytes.get(at..at + 6)?;
        if escape.starts_with(b"\\u") { hex(&escape[2..]) } else { None }
    };
    let simple = match bytes.get(at + 1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{C}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        _ => {
            let Some(high) = unit(at) else { return ('\\', 1) };
            if let Some(char) = char::from_u32(u32::from(high)) {
                return (char, 6);
            }
            let low = unit(at + 6).filter(|low| (0xDC00..0xE000).contains(low) && high < 0xDC00);
            let Some(low) = low else {
                return (char::REPLACEMENT_CHARACTER, 6);
            };
            let code = 0x10000 + ((u32::from(high) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
            return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
        }
    };
    (simple, 2)
}
