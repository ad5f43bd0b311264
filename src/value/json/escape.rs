//! Backslashes in JSON strings: which are escapes, and what they stand for.

use std::borrow::Cow;

use memchr::memchr;

use super::chunk::{CHUNK, before};

/// What each of the escapes of two characters stands for, by its second; 0 where there is none.
const SHORT: [u8; 256] = {
    let mut short = [0; 256];
    let pairs = [
        (b'"', b'"'),
        (b'\\', b'\\'),
        (b'/', b'/'),
        (b'b', 8),
        (b'f', 12),
        (b'n', b'\n'),
        (b'r', b'\r'),
        (b't', b'\t'),
    ];
    let mut at = 0;
    while at < pairs.len() {
        short[pairs[at].0 as usize] = pairs[at].1;
        at += 1;
    }
    short
};

/// What an escape of two characters with that second one stands for, if there is such a one.
#[inline(always)]
pub(super) fn short(second: u8) -> Option<u8> {
    Some(SHORT[usize::from(second)]).filter(|char| *char != 0)
}

/// The length of the escape that begins here, if it is one.
#[inline(always)]
pub(super) fn escape(text: &[u8]) -> Option<usize> {
    match text {
        [b'\\', second, ..] if short(*second).is_some() => Some(2),
        [b'\\', b'u', rest @ ..] if rest.first_chunk::<4>().is_some_and(|digits| hex(digits).is_some()) => Some(6),
        _ => None,
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
    // No escape is shorter than what it stands for, so there is room for all of it.
    let mut text = bytes.to_vec();
    let (mut rest, mut to) = (&bytes[first..], first);
    loop {
        // Escapes are near each other, in paths and in JSON within JSON: a chunk is copied, and what is before the next one
        // is kept.
        while let Some((chunk, behind)) = rest.split_first_chunk::<CHUNK>() {
            let Some(room) = text.get_mut(to..).and_then(|room| room.first_chunk_mut::<CHUNK>()) else { break };
            *room = *chunk;
            let length = before(chunk, b'\\');
            to += length;
            if length < CHUNK {
                rest = &rest[length..];
                break;
            }
            rest = behind;
        }
        match rest {
            [b'\\', second, behind @ ..] if let Some(char) = short(*second) => {
                text[to] = char;
                (rest, to) = (behind, to + 1);
            }
            [b'\\', ..] => {
                let (char, length) = unicode(rest);
                to += char.encode_utf8(&mut text[to..]).len();
                rest = &rest[length..];
            }
            [byte, behind @ ..] => {
                text[to] = *byte;
                (rest, to) = (behind, to + 1);
            }
            [] => break,
        }
    }
    text.truncate(to);
    // It is text, for what was copied begins and ends between characters.
    Cow::Owned(String::from_utf8(text).unwrap_or_default())
}

/// The character that an escape by number stands for, and the escape's length. A backslash that begins none is itself.
fn unicode(escape: &[u8]) -> (char, usize) {
    let unit = |at: usize| match escape.get(at..at + 6)? {
        [b'\\', b'u', digits @ ..] => hex(digits),
        _ => None,
    };
    let Some(high) = unit(0) else { return ('\\', 1) };
    if let Some(char) = char::from_u32(u32::from(high)) {
        return (char, 6);
    }
    let low = unit(6).filter(|low| (0xDC00..0xE000).contains(low) && high < 0xDC00);
    let Some(low) = low else {
        return (char::REPLACEMENT_CHARACTER, 6);
    };
    let code = 0x10000 + ((u32::from(high) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
}
