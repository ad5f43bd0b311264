//! Backslashes in JSON strings: which are escapes, and what they stand for.

use std::borrow::Cow;

use memchr::memchr;

use super::{JsonError, Reason};

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
    let mut text = String::with_capacity(raw.len());
    let mut kept = 0; // what lies before is in `text` already
    let mut next = Some(first);
    while let Some(at) = next {
        text.push_str(&raw[kept..at]);
        let (char, len) = unescape_one(bytes, at);
        text.push(char);
        kept = at + len;
        next = memchr(b'\\', &bytes[kept..]).map(|found| kept + found);
    }
    text.push_str(&raw[kept..]);
    Cow::Owned(text)
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
