//! The wanted members of one object, as a scan comes across them.

use crate::value::json::Lexeme;

/// The value of each wanted member of the object scanned last; the last value where a name came twice.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Each value with the number of the scan that set it. Older ones do not count, so that nothing is cleared between
    /// records however many names there are.
    values: Vec<(u64, Option<Lexeme>)>,
    scan: u64,
}

impl Found {
    /// Room for that many names.
    pub(super) fn new(names: usize) -> Found {
        Found { values: vec![(0, None); names], scan: 0 }
    }

    /// A new object begins: nothing is found.
    pub(super) fn begin(&mut self) {
        self.scan += 1;
    }

    #[inline]
    pub(super) fn set(&mut self, name: usize, value: Lexeme) {
        if let Some(place) = self.values.get_mut(name) {
            *place = (self.scan, Some(value));
        }
    }

    #[inline]
    pub(super) fn get(&self, name: usize) -> Option<Lexeme> {
        match self.values.get(name) {
            Some((scan, value)) if *scan == self.scan => *value,
            _ => None,
        }
    }
}
