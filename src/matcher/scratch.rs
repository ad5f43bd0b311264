//! What outlives a record: the room that its evaluation needs.
//!
//! Everything here is marked with the number of the record that put it there, and counts for that record only. So nothing
//! is cleared between two records, and a record costs what it touches, however many rules there are.

use super::cell::Mistyped;
use crate::compile::ir::{PatternId, SubjectId};

/// The room of one evaluator.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The record's number, from 1.
    record: u64,
    hits: Vec<Hits>,
    /// By memo slot.
    memo: Vec<(u64, Remembered)>,
    /// Detections of one record.
    pub(super) candidates: Vec<u32>,
    /// Columns of the last record that did not fit their type.
    pub(super) mistyped: Vec<Mistyped>,
}

/// The value of a node, as it is remembered for the rest of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remembered {
    /// A bool or the null.
    Truth(Option<bool>),
    /// Anything else, by its place in the evaluation's list.
    Value(u32),
}

/// The patterns that stand in one subject's text.
#[derive(Debug, Default)]
pub struct Hits {
    record: u64,
    found: Vec<PatternId>,
    /// By pattern: the record in which it was found last.
    seen: Vec<u64>,
}

impl Scratch {
    /// Begins a record of a program with that many subjects and memo slots.
    pub(super) fn begin(&mut self, subjects: usize, memo_size: usize) {
        self.record += 1;
        self.mistyped.clear();
        if self.hits.len() < subjects {
            self.hits.resize_with(subjects, Hits::default);
        }
        if self.memo.len() < memo_size {
            self.memo.resize(memo_size, (0, Remembered::Truth(None)));
        }
    }

    #[inline]
    pub(super) fn remembered(&self, slot: u32) -> Option<Remembered> {
        match self.memo.get(slot as usize) {
            Some((record, what)) if *record == self.record => Some(*what),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn remember(&mut self, slot: u32, what: Remembered) {
        if let Some(place) = self.memo.get_mut(slot as usize) {
            *place = (self.record, what);
        }
    }

    /// Whether a subject's text has been looked at.
    #[inline]
    pub(super) fn is_scanned(&self, subject: SubjectId) -> bool {
        self.hits[subject.0 as usize].record == self.record
    }

    /// What was found in a subject's text.
    #[inline]
    pub(super) fn hits(&self, subject: SubjectId) -> &Hits {
        &self.hits[subject.0 as usize]
    }

    /// Begins the scan of a subject's text: no hits so far.
    pub(super) fn scan(&mut self, subject: SubjectId) -> &mut Hits {
        let hits = &mut self.hits[subject.0 as usize];
        hits.begin(self.record);
        hits
    }
}

impl Hits {
    /// Begins a text. `record` is a number that none before it had.
    pub(super) fn begin(&mut self, record: u64) {
        self.record = record;
        self.found.clear();
    }

    /// Whether the pattern was found.
    #[inline]
    pub fn has(&self, pattern: PatternId) -> bool {
        self.seen.get(pattern.0 as usize) == Some(&self.record)
    }

    /// Adds a pattern that is not there yet.
    pub(super) fn add(&mut self, pattern: PatternId) {
        let at = pattern.0 as usize;
        if self.seen.len() <= at {
            self.seen.resize(at + 1, 0);
        }
        self.seen[at] = self.record;
        self.found.push(pattern);
    }

    /// All that were found, each once.
    pub fn found(&self) -> &[PatternId] {
        &self.found
    }

    /// Whether one of the patterns was found, or all of them. They are sorted.
    pub(super) fn answer(&self, patterns: &[PatternId], all: bool) -> bool {
        match all {
            true => patterns.iter().all(|pattern| self.has(*pattern)),
            // Hits are few; a list of patterns may be long.
            false if self.found.len() < patterns.len() => {
                self.found.iter().any(|hit| patterns.binary_search(hit).is_ok())
            }
            false => patterns.iter().any(|pattern| self.has(*pattern)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_the_record_before() {
        let mut scratch = Scratch::default();
        scratch.begin(2, 3);
        assert_eq!(scratch.remembered(2), None);
        scratch.remember(2, Remembered::Truth(Some(true)));
        scratch.scan(SubjectId(1)).add(PatternId(70));
        assert_eq!(scratch.remembered(2), Some(Remembered::Truth(Some(true))));
        assert!(scratch.is_scanned(SubjectId(1)) && scratch.hits(SubjectId(1)).has(PatternId(70)));
        assert!(!scratch.is_scanned(SubjectId(0)));

        // The next is of a table with less to it, the one after of the first table again.
        scratch.begin(1, 1);
        scratch.begin(2, 3);
        assert_eq!(scratch.remembered(2), None);
        assert!(!scratch.is_scanned(SubjectId(1)));
        let hits = scratch.scan(SubjectId(1));
        assert!(!hits.has(PatternId(70)) && hits.found().is_empty());
    }

    #[test]
    fn hits_answer_for_one_pattern_or_for_all() {
        let ids = |list: &[u32]| list.iter().map(|n| PatternId(*n)).collect::<Vec<_>>();
        let mut hits = Hits::default();
        hits.begin(1);
        assert!(!hits.answer(&ids(&[0, 1]), false) && !hits.answer(&ids(&[0]), true));
        ids(&[5, 2]).into_iter().for_each(|id| hits.add(id));
        for (patterns, any, all) in
            [(&[2][..], true, true), (&[2, 5], true, true), (&[1, 5, 9], true, false), (&[3], false, false)]
        {
            assert_eq!((hits.answer(&ids(patterns), false), hits.answer(&ids(patterns), true)), (any, all));
        }
    }
}
