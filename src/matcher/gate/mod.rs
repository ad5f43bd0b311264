//! The gate: which lines of a block are worth decoding.
//!
//! It looks for the literals of [`compile::literals`](crate::compile::literals) in whole blocks, ASCII case aside, and
//! reports the lines where one stands. It may only report too many: a line in which an escape may spell a literal's
//! character is reported too. The argument is in ARCHITECTURE.md, the proof in tests that spell records anew.

mod escape;
mod grams;
#[cfg(target_arch = "x86_64")]
mod teddy;
mod window;

use escape::Escapes;

/// More literals than this are not looked for: their grams would take some ten megabytes, and be met everywhere.
pub const MAX_LITERALS: usize = 100_000;

/// Finds candidate lines.
#[derive(Debug)]
pub struct Gate {
    literals: Vec<String>,
    escapes: Escapes,
    search: Search,
}

#[derive(Debug)]
enum Search {
    #[cfg(target_arch = "x86_64")]
    Wide(teddy::Wide),
    Grams(grams::Grams),
}

/// A line that must be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Offset of its first byte in the block.
    pub start: usize,
    /// Offset just past its newline, or the end of the block.
    pub end: usize,
    /// How many lines of the block stand before it.
    pub line: u64,
}

impl Gate {
    /// A gate for these literals: lower case, ASCII, of three bytes at least, none with a quote or a backslash.
    pub fn new(literals: Vec<String>) -> Gate {
        let escapes = Escapes::new(&literals);
        #[cfg(target_arch = "x86_64")]
        let search = teddy::Wide::new(&literals, &escapes).map(Search::Wide);
        #[cfg(not(target_arch = "x86_64"))]
        let search: Option<Search> = None;
        let search = search.unwrap_or_else(|| Search::Grams(grams::Grams::new(&literals, &escapes)));
        Gate { literals, escapes, search }
    }

    /// The same without the processor's wide registers: what other processors run.
    pub fn portable(literals: Vec<String>) -> Gate {
        let escapes = Escapes::new(&literals);
        let search = Search::Grams(grams::Grams::new(&literals, &escapes));
        Gate { literals, escapes, search }
    }

    /// One of each search that this processor has.
    #[cfg(test)]
    fn of_each_kind(literals: &[String]) -> Vec<Gate> {
        let mut gates = vec![Gate::portable(literals.to_vec())];
        #[cfg(target_arch = "x86_64")]
        for wide in [teddy::Wide::avx2, teddy::Wide::avx512] {
            let escapes = Escapes::new(literals);
            let search = wide(literals, &escapes).map(Search::Wide);
            gates.extend(search.map(|search| Gate { literals: literals.to_vec(), escapes, search }));
        }
        gates
    }

    /// What it looks for.
    pub fn literals(&self) -> &[String] {
        &self.literals
    }

    /// Calls `each` with every candidate line of a block, in order; gives the number of lines in the block.
    pub fn scan(&self, block: &[u8], each: &mut dyn FnMut(Candidate)) -> u64 {
        match &self.search {
            #[cfg(target_arch = "x86_64")]
            Search::Wide(wide) => lines(block, |at, newlines| wide.find(block, at, &self.escapes, newlines), each),
            Search::Grams(grams) => {
                let mut look = grams.look(block, &self.escapes);
                lines(block, |at, newlines| look.find(at, newlines), each)
            }
        }
    }
}

/// Calls `each` with the line of everything that `find` finds: the next place at or after a place that makes its line a
/// candidate. It adds to its second argument how many newlines stand before it, or before the end.
fn lines(block: &[u8], mut find: impl FnMut(usize, &mut u64) -> Option<usize>, each: &mut dyn FnMut(Candidate)) -> u64 {
    let (mut at, mut lines) = (0, 0);
    while at < block.len() {
        let mut newlines = 0;
        let Some(found) = find(at, &mut newlines) else {
            lines += newlines;
            let unfinished = block.last().is_some_and(|b| *b != b'\n');
            return lines + u64::from(unfinished);
        };
        lines += newlines;
        let start = memchr::memrchr(b'\n', &block[at..found]).map_or(at, |n| at + n + 1);
        let end = memchr::memchr(b'\n', &block[found..]).map_or(block.len(), |n| found + n + 1);
        each(Candidate { start, end, line: lines });
        lines += 1;
        at = end;
    }
    lines
}

#[cfg(test)]
mod tests;
