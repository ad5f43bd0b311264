//! Text that names lines whose numbers are not known yet.

/// Bytes with open places for line numbers. Whoever handles a block of lines knows where in the block a line stands, and
/// not how many lines stand before the block, for other blocks are handled at the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbered {
    bytes: Vec<u8>,
    /// Offset of the place, and the line's number within its block, from 0.
    places: Vec<(usize, u64)>,
}

impl Numbered {
    /// Nothing, with its room kept.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }

    /// How many bytes there are, numbers not counted.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether the last byte is a line's end.
    pub fn ends_with_newline(&self) -> bool {
        self.bytes.ends_with(b"\n")
    }

    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Opens a place for the number of a line, which is the `line`-th of its block, from 0; `u64::MAX` is the one before.
    pub fn place(&mut self, line: u64) {
        self.places.push((self.bytes.len(), line));
    }

    /// Appends another text, its places included, without white space at its end.
    pub fn append_trimmed(&mut self, other: &Numbered) {
        let start = self.bytes.len();
        self.places.extend(other.places.iter().map(|(at, line)| (start + at, *line)));
        self.bytes.extend_from_slice(other.bytes.trim_ascii_end());
    }

    /// Appends another text, its places included, as a line.
    pub fn append_line(&mut self, other: &Numbered) {
        self.append_trimmed(other);
        self.bytes.push(b'\n');
    }

    /// Writes the text to `out`; `first` is the number of its block's first line.
    pub fn resolve(&self, first: u64, out: &mut Vec<u8>) {
        let mut at = 0;
        for (place, line) in &self.places {
            out.extend_from_slice(&self.bytes[at..*place]);
            out.extend_from_slice(first.wrapping_add(*line).to_string().as_bytes());
            at = *place;
        }
        out.extend_from_slice(&self.bytes[at..]);
    }
}
