//! The member names that anything asks for, and the fast way from a name in a record to its number.

use std::collections::HashMap;

/// A set of names, numbered in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, usize>,
    /// Open addressing with linear steps, a quarter full at most: most names in a record are in no rule, and find an
    /// empty place at once.
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    hash: u32,
    /// The name's number plus one; 0 is an empty place.
    number: u32,
}

impl Names {
    /// The name's number, a new one if it is not in the set. [`Names::seal`] must follow before names are looked up.
    pub(super) fn add(&mut self, name: &str) -> usize {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len();
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        number
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Builds the table that [`Names::find`] reads.
    pub(super) fn seal(&mut self) {
        self.numbers = HashMap::new();
        self.places = vec![Place::default(); (self.names.len() * 4).next_power_of_two()];
        let mask = self.places.len() - 1;
        for (number, name) in self.names.iter().enumerate() {
            let hash = hash(name.as_bytes());
            let mut at = hash as usize & mask;
            while self.places[at].number != 0 {
                at = (at + 1) & mask;
            }
            self.places[at] = Place { hash, number: number as u32 + 1 };
        }
    }

    /// The number of a name, if it is in the set.
    #[inline]
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let hash = hash(name.as_bytes());
        let mask = self.places.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            let place = self.places[at];
            let number = (place.number as usize).checked_sub(1)?;
            if place.hash == hash && *self.names[number] == *name {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
    }
}

/// Mixes the length and both ends of a name. Columns differ there, and the middle of
/// `InitiatingProcessVersionInfo...` need not be read.
#[inline]
fn hash(name: &[u8]) -> u32 {
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let (head, tail) = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(head), Some(tail)) => (word(head), word(tail)),
        _ => (name.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 0),
    };
    let mixed = (head ^ tail.rotate_left(29) ^ name.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 32) as u32
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

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
        for other in ["", "I", "InitiatingProcess3000FileName", "InitiatingProcess7Filename"] {
            assert_eq!(names.find(other), None, "{other}");
        }
    }
}
