//! The search on any processor: the automaton of the aho-corasick crate over the bytes as they are.

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::escape::Escapes;

#[derive(Debug)]
pub(super) struct Portable {
    /// The literals, and behind them what an escape begins with: in one automaton, so that a block is gone through once
    /// however many escapes it has. `None` if it cannot be built: then every line is a candidate.
    automaton: Option<AhoCorasick>,
    literals: usize,
}

impl Portable {
    pub(super) fn new(literals: &[String]) -> Portable {
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostFirst);
        let escapes = [r"\u", r"\/"];
        let automaton = builder.build(literals.iter().map(String::as_str).chain(escapes)).ok();
        Portable { automaton, literals: literals.len() }
    }

    /// See [`Gate::find`](super::Gate).
    pub(super) fn find(&self, block: &[u8], at: usize, escapes: &Escapes, newlines: &mut u64) -> Option<usize> {
        let Some(automaton) = &self.automaton else {
            return (at < block.len()).then_some(at);
        };
        let (mut from, mut found) = (at, None);
        while let Some(next) = automaton.find(Input::new(block).range(from..)) {
            if next.pattern().as_usize() < self.literals || escapes.matters(block, next.start()) {
                found = Some(next.start());
                break;
            }
            // A literal may begin within an escape that does not matter.
            from = next.start() + 1;
        }
        *newlines += memchr::memchr_iter(b'\n', &block[at..found.unwrap_or(block.len())]).count() as u64;
        found
    }
}
