//! One record of auditd: `node=… type=SYSCALL msg=audit(1795453547.993:32): arch=… comm="cat" …`, behind a syslog header or
//! not.
//!
//! Values stand in quotes, or, where they have a blank, a quote or a byte outside printable ASCII, in hexadecimal digits
//! without. In the enriched format a byte 0x1D follows, and what the numbers before it mean.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::{memchr, memchr2, memmem};

use super::super::wrapped;

/// What every record has.
pub(super) const MARKER: &str = "msg=audit(";

/// How the process's name, the call's number and its name begin. A search costs more to set up than to run over a record.
static NAME: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(" comm="));
static NUMBER: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("syscall="));
static CALL: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("SYSCALL="));

/// Whether a record of SYSCALL says which call it is, by its number or its name.
pub(super) fn names_call(record: &[u8]) -> bool {
    NUMBER.find(record).is_some() || names_call_by_name(record)
}

/// Whether it says its name.
pub(super) fn names_call_by_name(record: &[u8]) -> bool {
    CALL.find(record).is_some()
}

/// Bytes in front of `type=` that may be a syslog header, or `node=`.
const MAX_PREFIX: usize = 512;

/// Bytes of a machine's name: no host's is longer, and each is kept.
const MAX_NODE: usize = 255;

/// Stands before what an enriched record adds.
const ENRICHED: u8 = 0x1D;

/// How rsyslog spells that byte.
const ENRICHED_ESCAPED: &str = "#035";

/// Where the parts of a record lie in its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The machine, as `node=` or the syslog header has it; empty if neither does.
    pub(super) node: Range<usize>,
    /// `SYSCALL`, `PATH` …
    pub(super) kind: Range<usize>,
    /// `1795453547.993:32`: one for all records of an event.
    pub(super) stamp: Range<usize>,
    /// Where the fields begin.
    pub(super) body: usize,
}

impl Head {
    /// Finds the parts of a record; `None` if the line is none.
    pub(super) fn find(line: &[u8]) -> Option<Head> {
        Head::find_like(line, b"")
    }

    /// The same where another record of its event may be known, by its [`Head::mark`]: then its stamp need not be looked at.
    pub(super) fn find_like(line: &[u8], mark: &[u8]) -> Option<Head> {
        let mut at = 0;
        let mut node = 0..0;
        if line.starts_with(b"node=") {
            let end = memchr(b' ', &line[..line.len().min(5 + MAX_NODE + 1)])?;
            node = 5..end;
            at = end + 1;
        }
        if !line[at..].starts_with(b"type=") {
            (node, at) = behind_header(line)?;
        }
        // Both are shorter than what a search for their end would cost to set up.
        let kind = at + 5..at + 5 + line[at + 5..].iter().position(|b| *b == b' ')?;
        let (stamp, rest) = (kind.end + 1 + MARKER.len(), &line[kind.end + 1..]);
        let length = if mark.len() > MARKER.len() && rest.starts_with(mark) {
            mark.len() - MARKER.len() - 1
        } else {
            let is_of_stamp = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b':');
            let digits = rest.strip_prefix(MARKER.as_bytes())?;
            digits.iter().position(|b| !is_of_stamp(b)).filter(|length| digits[*length] == b')')?
        };
        let stamp = stamp..stamp + length;
        if kind.is_empty() || stamp.is_empty() {
            return None;
        }
        let body = if line[stamp.end..].starts_with(b"): ") { stamp.end + 3 } else { line.len().min(stamp.end + 2) };
        Some(Head { node, kind, stamp, body })
    }

    /// What all records of the event have, of which this is the head of one: marker and stamp.
    pub(super) fn mark<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        line.get(self.stamp.start - MARKER.len()..self.stamp.end + 1).unwrap_or_default()
    }
}

/// The machine's name and the place of `type=` in a line with a syslog header.
fn behind_header(line: &[u8]) -> Option<(Range<usize>, usize)> {
    if matches!(line.first(), None | Some(b'{' | b'[')) {
        return None;
    }
    let message = memmem::find(&line[..line.len().min(2 * MAX_PREFIX)], MARKER.as_bytes())?;
    let kind = memmem::rfind(&line[..message], b" type=")? + 1;
    if kind > MAX_PREFIX {
        return None;
    }
    if let Some(node) = memmem::rfind(&line[..kind], b"node=")
        && memchr(b' ', &line[node..]) == Some(kind - 1 - node)
    {
        return Some((node + 5..kind - 1, kind));
    }
    let header = std::str::from_utf8(&line[..kind]).ok()?;
    let host = match wrapped::header_of(header).host {
        Some(host) => header.find(&*host).map(|start| start..start + host.len()).unwrap_or_default(),
        None => 0..0,
    };
    Some((host, kind))
}

/// The fields of a record, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Fields<'t> {
    body: &'t str,
    at: usize,
}

/// A field's value as it stands there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Value<'t> {
    /// Without quotes.
    pub(super) raw: &'t str,
    is_quoted: bool,
}

impl<'t> Fields<'t> {
    pub(super) fn of(body: &'t str) -> Fields<'t> {
        Fields { body, at: 0 }
    }

    /// Steps over the fields before `comm=`, if there is one.
    pub(super) fn skip_to_name(&mut self) {
        self.at += NAME.find(&self.body.as_bytes()[self.at..]).unwrap_or(0);
    }
}

impl<'t> Iterator for Fields<'t> {
    type Item = (&'t [u8], Value<'t>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.body.as_bytes();
        let mut start = self.at;
        while matches!(bytes.get(start), Some(&(b' ' | ENRICHED))) {
            start += 1;
        }
        let mut equals = near(bytes, start, [b'=', b' ', ENRICHED]).unwrap_or(start);
        // Words without a value are stepped over; what is enriched begins behind its own byte.
        loop {
            match *bytes.get(equals)? {
                b'=' => break,
                b' ' | ENRICHED => start = equals + 1,
                _ => {}
            }
            equals += 1;
        }
        let mut value = equals + 1;
        let is_quoted = bytes.get(value) == Some(&b'"');
        let end = if is_quoted {
            value += 1;
            let end = memchr(b'"', &bytes[value..]).map_or(bytes.len(), |length| value + length);
            self.at = bytes.len().min(end + 1);
            if bytes[self.at..].starts_with(ENRICHED_ESCAPED.as_bytes()) {
                self.at += ENRICHED_ESCAPED.len();
            }
            end
        } else {
            self.at = end_of_word(bytes, value);
            self.at
        };
        Some((&bytes[start..equals], Value { raw: self.body.get(value..end)?, is_quoted }))
    }
}

/// Where the first of three bytes stands, if it is among the eight from `start` on: most names and values are shorter, and are
/// looked at in one step.
#[inline]
fn near(bytes: &[u8], start: usize, these: [u8; 3]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let word = u64::from_le_bytes(*bytes.get(start..)?.first_chunk::<8>()?);
    // The lowest byte that is marked is one of them; those above it may be marked by a borrow.
    let marks = these.map(|byte| word ^ (ONES * u64::from(byte))).map(|word| word.wrapping_sub(ONES) & !word);
    let marks = (marks[0] | marks[1] | marks[2]) & (ONES << 7);
    (marks != 0).then(|| start + (marks.trailing_zeros() / 8) as usize)
}

/// Where the value ends that begins at `start` and stands in no quotes. Most have a few characters: only behind those it pays
/// to search for many at a time.
#[inline]
fn end_of_word(bytes: &[u8], start: usize) -> usize {
    const SHORT: usize = 16;
    if let Some(end) = near(bytes, start, [b' ', b' ', ENRICHED]) {
        return end;
    }
    let word = &bytes[start..];
    let head = &word[..word.len().min(SHORT)];
    let is_end = |b: &u8| matches!(*b, b' ' | ENRICHED);
    let length =
        head.iter().position(is_end).or_else(|| memchr2(b' ', ENRICHED, &word[head.len()..]).map(|n| head.len() + n));
    start + length.unwrap_or(word.len())
}

impl<'t> Value<'t> {
    /// The text that the value means; empty if there is none.
    pub(super) fn text(self) -> Cow<'t, str> {
        if self.is_quoted {
            return Cow::Borrowed(self.raw);
        }
        match self.bytes() {
            Some(bytes) => Cow::Owned(text_of(bytes)),
            None => Cow::Borrowed(self.word()),
        }
    }

    /// A value that is never in hexadecimal digits; empty for `(null)`, `(none)` and `?`.
    pub(super) fn word(self) -> &'t str {
        match self.raw.as_bytes() {
            b"(null)" | b"(none)" | b"?" => "",
            raw if raw.contains(&b'#') => self.raw.split(ENRICHED_ESCAPED).next().unwrap_or_default(),
            _ => self.raw,
        }
    }

    /// The bytes that hexadecimal digits stand for; `None` if there are other characters.
    pub(super) fn bytes(self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        append_hex(self.word(), &mut bytes).then_some(bytes)
    }

    /// Appends the bytes that the value means.
    pub(super) fn append_to(self, bytes: &mut Vec<u8>) {
        if self.is_quoted || !append_hex(self.word(), bytes) {
            bytes.extend_from_slice(self.word().as_bytes());
        }
    }

    /// A number in hexadecimal digits.
    pub(super) fn hex(self) -> u64 {
        let number = |digits: &str| {
            digits.bytes().try_fold(0u64, |sum, digit| sum.checked_mul(16)?.checked_add(u64::from(hex_digit(digit)?)))
        };
        number(self.word()).unwrap_or_default()
    }
}

/// Bytes as text; what is none of it becomes U+FFFD.
pub(super) fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Whether all of the text was hexadecimal digits; if not, nothing has been appended.
fn append_hex(text: &str, bytes: &mut Vec<u8>) -> bool {
    let start = bytes.len();
    let digits = text.as_bytes();
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return false;
    }
    bytes.reserve(digits.len() / 2);
    for pair in digits.chunks_exact(2) {
        match (hex_digit(pair[0]), hex_digit(pair[1])) {
            (Some(high), Some(low)) => bytes.push(high << 4 | low),
            _ => {
                bytes.truncate(start);
                return false;
            }
        }
    }
    true
}

#[inline]
fn hex_digit(digit: u8) -> Option<u8> {
    Some(HEX[usize::from(digit)]).filter(|value| *value < 16)
}

/// What each byte means as a digit; 255 if it is none.
static HEX: [u8; 256] = {
    let mut values = [255; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789ABCDEF"[value] as usize] = value as u8;
        values[b"0123456789abcdef"[value] as usize] = value as u8;
        value += 1;
    }
    values
};
