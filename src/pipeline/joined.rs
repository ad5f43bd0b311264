//! Lines that were several: a sender's event may come in many lines, and they are joined before a worker sees them.
//!
//! A joined line is `<MARK><n><MARK><line><MARK><line>…`, where n is how many lines of the input it accounts for: those that
//! have been read since the joined line before it.

/// Stands before the count and before each line.
pub(super) const MARK: u8 = 0x1e;

/// How many lines of the input a line accounts for.
pub(super) fn lines(text: &[u8]) -> u64 {
    let Some(rest) = text.strip_prefix(&[MARK]) else { return 1 };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok().and_then(|digits| digits.parse().ok()).unwrap_or(1)
}

/// The lines as they came, each with its newline.
pub(super) fn apart(joined: &[u8]) -> Vec<u8> {
    let mut parts = joined.split(|b| *b == MARK).skip(2);
    let mut lines = parts.next().unwrap_or_default().to_vec();
    for part in parts {
        lines.push(b'\n');
        lines.extend_from_slice(part);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joined_line_says_what_it_was() {
        let joined = b"\x1e3\x1eone\x1etwo\n";
        assert_eq!(lines(joined), 3);
        assert_eq!(apart(joined), b"one\ntwo\n");
        assert_eq!(lines(b"plain"), 1);
    }
}
