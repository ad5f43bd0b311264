//! Bytes cut where lines end.

/// How many of the first `limit` bytes are whole lines.
pub(super) fn whole_lines(bytes: &[u8], limit: usize) -> usize {
    memchr::memrchr(b'\n', &bytes[..limit.min(bytes.len())]).map_or(0, |at| at + 1)
}

/// Whole lines, as many at a time as `limit` bytes hold, and one at least.
pub(super) struct Pieces<'b> {
    rest: &'b [u8],
    limit: usize,
}

impl<'b> Pieces<'b> {
    pub(super) fn new(bytes: &'b [u8], limit: usize) -> Pieces<'b> {
        Pieces { rest: bytes, limit }
    }

    /// What has not been given yet.
    pub(super) fn rest(&self) -> &'b [u8] {
        self.rest
    }
}

impl<'b> Iterator for Pieces<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let first = || memchr::memchr(b'\n', self.rest).map_or(self.rest.len(), |at| at + 1);
        let end = match whole_lines(self.rest, self.limit) {
            0 => first(),
            end => end,
        };
        let (piece, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_with_lines() {
        let pieces = |text: &'static str, limit| {
            Pieces::new(text.as_bytes(), limit).map(|p| String::from_utf8_lossy(p).into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(pieces("", 5), [""; 0]);
        assert_eq!(pieces("a\nb\nc\n", 5), ["a\nb\n", "c\n"]);
        assert_eq!(pieces("long line\nb\nno end", 4), ["long line\n", "b\n", "no end"]);
        assert_eq!(pieces("a\nb\n", 0), ["a\n", "b\n"]);
    }
}
