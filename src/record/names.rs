//! The member names that anything asks for, and the fast way from a name in a record to its number.

use std::collections::HashMap;

/// A set of names, numbered in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Names {
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, usize>,
    /// Open addressing with linear steps, a quarter full at most: most names in a record are in no rule, and find an
    /// empty place at once.
    places: Vec<Place>,
    /// The lengths of the names, as bits.
    lengths: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    key: Key,
    /// The name's number plus one; 0 is an empty place.
    number: u32,
}

/// What tells names apart: the length, and the first and the last eight bytes. Of a name of up to sixteen bytes that is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Key {
    head: u64,
    tail: u64,
    length: u32,
}

impl Names {
    /// The name's number, a new one if it is not in the set. [`Names::seal`] must follow before names are looked up.
    pub(crate) fn add(&mut self, name: &str) -> usize {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len();
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        number
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The name of a number.
    pub(crate) fn name(&self, number: usize) -> &str {
        &self.names[number]
    }

    /// Builds the table that [`Names::find`] reads.
    pub(crate) fn seal(&mut self) {
        self.numbers = HashMap::new();
        self.lengths = self.names.iter().fold(0, |lengths, name| lengths | length(name.as_bytes()));
        self.places = vec![Place::default(); (self.names.len() * 4).next_power_of_two()];
        let mask = self.places.len() - 1;
        for (number, name) in self.names.iter().enumerate() {
            let key = Key::of(name.as_bytes());
            let mut at = key.hash() & mask;
            while self.places[at].number != 0 {
                at = (at + 1) & mask;
            }
            self.places[at] = Place { key, number: number as u32 + 1 };
        }
    }

    /// The number of a name, if it is in the set. Where the set is small most others are told by their lengths.
    #[inline]
    pub(crate) fn find(&self, name: impl AsRef<[u8]>) -> Option<usize> {
        let name = name.as_ref();
        if self.lengths & length(name) == 0 { None } else { self.look_up(name) }
    }

    fn look_up(&self, name: &[u8]) -> Option<usize> {
        let mask = self.places.len().checked_sub(1)?;
        let key = Key::of(name);
        let mut at = key.hash() & mask;
        loop {
            let place = self.places.get(at)?;
            let number = (place.number as usize).checked_sub(1)?;
            if place.key == key && (name.len() <= 16 || self.names[number].as_bytes() == name) {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
    }
}

/// A name's length, as a bit that longer ones may share.
#[inline]
pub(super) fn length(name: &[u8]) -> u64 {
    1 << (name.len() % 64)
}

impl Key {
    #[inline]
    fn of(bytes: &[u8]) -> Key {
        let length = bytes.len() as u32;
        if let (Some(head), Some(tail)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            return Key { head: u64::from_le_bytes(*head), tail: u64::from_le_bytes(*tail), length };
        }
        if let (Some(head), Some(tail)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            return Key { head: u32::from_le_bytes(*head).into(), tail: u32::from_le_bytes(*tail).into(), length };
        }
        Key { head: bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), tail: 0, length }
    }

    /// Columns differ in length and at their ends; the middle of `InitiatingProcessVersionInfo...` need not be read.
    #[inline]
    fn hash(self) -> usize {
        let mixed = self.head ^ self.tail.rotate_left(29) ^ u64::from(self.length);
        (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize
    }
}

/// Whether two names are the same: a call to compare them would cost more than a look at their ends.
#[inline]
pub(crate) fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && Key::of(a) == Key::of(b) && (a.len() <= 16 || a == b)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_the_same_as_texts_are() {
        let texts = ["", "a", "ab", "ba", "abc", "abcd", "abce", "bbcd", "abcdefg", "abcxefg", "abcdefgh", "abcdefghi"];
        let longer =
            ["abcdefgh-abcdefg", "abcdefghxabcdefg", "abcdefgh-bcdefgh", "abcdefgh-x-abcdefgh", "abcdefgh-y-abcdefgh"];
        for a in texts.iter().chain(&longer) {
            for b in texts.iter().chain(&longer) {
                assert_eq!(is_same(a.as_bytes(), b.as_bytes()), a == b, "{a} {b}");
            }
        }
    }

    #[test]
    fn every_name_is_found_and_no_other() {
        let mut names = Names::default();
        assert_eq!(names.find("Type"), None);
        let all: Vec<String> = (0..3000).map(|n| format!("InitiatingProcess{n}FileName")).collect();
        for (number, name) in all.iter().enumerate() {
            assert_eq!(names.add(name), number);
        }
        assert_eq!(names.add("InitiatingProcess7FileName"), 7);
        names.seal();
        for (number, name) in all.iter().enumerate() {
            assert_eq!(names.find(name), Some(number));
        }
        for other in
            ["", "I", "InitiatingProcess7fileName", "InitiatingProcess3000FileName", "InitiatingProcess7Filename"]
        {
            assert_eq!(names.find(other), None, "{other}");
        }
    }
}
