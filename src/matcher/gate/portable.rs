//! The search on any processor: the automaton of the aho-corasick crate over the bytes as they are.

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::escape::Escapes;

#[derive(Debug)]
pub(super) struct Portable {
    /// `None` if there is nothing to look for, or it cannot be built: then every line is a candidate.
    literals: Option<AhoCorasick>,
    escapes: Option<AhoCorasick>,
}

impl Portable {
    pub(super) fn new(literals: &[String]) -> Portable {
        let builder = || {
            let mut builder = AhoCorasick::builder();
            builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostFirst);
            builder
        };
        Portable {
            literals: builder().build(literals).ok(),
            escapes: AhoCorasick::builder().build([r"\u", r"\/"]).ok(),
        }
    }

    /// See [`Gate::find`](super::Gate).
    pub(super) fn find(&self, block: &[u8], at: usize, escapes: &Escapes, newlines: &mut u64) -> Option<usize> {
        let (Some(literals), Some(backslashes)) = (&self.literals, &self.escapes) else {
            return (at < block.len()).then_some(at);
        };
        let literal = literals.find(Input::new(block).range(at..)).map(|m| m.start());
        let end = literal.unwrap_or(block.len());
        let mut escape = None;
        let mut from = at;
        while let Some(found) = backslashes.find(Input::new(&block[..end.max(from)]).range(from..)) {
            if escapes.matters(block, found.start()) {
                escape = Some(found.start());
                break;
            }
            from = found.start() + 1;
        }
        let found = escape.or(literal);
        *newlines += memchr::memchr_iter(b'\n', &block[at..found.unwrap_or(block.len())]).count() as u64;
        found
    }
}
