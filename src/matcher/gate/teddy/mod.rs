//! The search on x86-64: 64 bytes at a time, ASCII case folded in the look-up tables.
//!
//! This is the Teddy algorithm of Hyperscan with a window in place of a prefix. Each literal is in one of eight buckets. For
//! each byte of the window a table says which buckets it may belong to; both cases of a letter are entered, so nothing has to
//! be folded. Where all window bytes agree on a bucket, its literals are compared. What an escape begins with is in the
//! buckets too.
//!
//! The only unsafe code of the crate is here. It was let in because the safe ways were measured at 0.4 to 0.9 of the speed
//! of decoding every line, and a gate that slow is of no use (BENCHMARKS.md). There are two kinds of it: unaligned loads,
//! of slices that are as long as what is read, and calls of functions that need instructions, which [`Wide::avx2`] and
//! [`Wide::avx512`] have asked for: their lists and those at the functions must be the same.
#![allow(unsafe_code)]

mod avx2;
mod avx512;
mod bucket;

use super::escape::Escapes;
use super::window::Odds;
use bucket::{Bytes, Entry};

/// The shortest literals that are looked for: fewer bytes are met everywhere, and the windows of escapes are as long.
const SHORTEST: usize = 3;

/// More literals than this are met in part every few bytes, and looking at the grams of every fourth place is faster (measured over
/// needles of generated rules, some of them addresses, with AVX2: 60 literals at 2.9 GB/s, 120 at 2.2, 200 at 1.2, 364 at 0.4).
const MAX_LITERALS: usize = 150;

/// The most literals of which three bytes each say enough: beyond some 40 such a search was measured to die. Of more, the five
/// that AVX2 looks at say more than exact look-ups are worth.
const FEW: usize = 40;

/// A search that looks at `WINDOW` bytes of each literal first.
#[derive(Debug)]
pub(super) struct Teddy<const WINDOW: usize> {
    /// For each window byte, by its value: the buckets that it may belong to.
    tables: [[u8; 256]; WINDOW],
    /// Sorted by `hash`.
    literals: Vec<Literal>,
    /// By hash: the first literal whose window has it; beyond all where there is none.
    firsts: Box<[u16; HASHES]>,
    /// Literals that are shorter than a window.
    short: Vec<Vec<u8>>,
}

/// The one of the two that the processor has instructions for.
#[derive(Debug)]
pub(super) enum Wide {
    Avx2(Box<avx2::Search>),
    Avx512(Box<avx512::Search>),
}

/// What a round has met, a bit a byte.
struct Met {
    /// Where a bucket's window may begin.
    places: u64,
    /// Newlines.
    ends: u64,
}

#[derive(Debug)]
struct Literal {
    /// In lower case.
    text: Vec<u8>,
    /// Where its window begins.
    window: usize,
    /// Of its window's bytes.
    hash: usize,
}

/// How many hashes there are.
const HASHES: usize = 4096;

/// Of a window's bytes, in either case: of some hundred literals hardly two share one, and hardly any other window has one. `None`
/// where there are fewer bytes.
fn hash<const WINDOW: usize>(window: &[u8]) -> Option<usize> {
    let bytes = match window.first_chunk() {
        Some(bytes) => *bytes,
        None => {
            let mut bytes = [0; 8];
            bytes[..WINDOW].copy_from_slice(window.get(..WINDOW)?);
            bytes
        }
    };
    // Folds letters, and a few characters more.
    let key = (u64::from_le_bytes(bytes) | 0x2020_2020_2020_2020) & u64::MAX >> (64 - 8 * WINDOW);
    Some((key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 52) as usize)
}

impl Wide {
    /// The one that suits the processor and the literals; `None` where it lacks AVX2 or what came with it, or a literal is too
    /// short or no ASCII.
    pub(super) fn new(literals: &[String], escapes: &Escapes) -> Option<Wide> {
        let few = literals.len() <= FEW;
        let wide = if few { Wide::avx512(literals, escapes) } else { None };
        wide.or_else(|| Wide::avx2(literals, escapes))
    }

    /// Registers of 64 bytes, each byte looked up as it is.
    pub(super) fn avx512(literals: &[String], escapes: &Escapes) -> Option<Wide> {
        let has_all = std::is_x86_feature_detected!("avx512f")
            && std::is_x86_feature_detected!("avx512bw")
            && std::is_x86_feature_detected!("avx512vbmi")
            && std::is_x86_feature_detected!("bmi1")
            && std::is_x86_feature_detected!("popcnt");
        if !has_all { None } else { Some(Wide::Avx512(Box::new(avx512::Search::new(literals, escapes)?))) }
    }

    /// Registers of 32 bytes, each byte looked up by its low half.
    pub(super) fn avx2(literals: &[String], escapes: &Escapes) -> Option<Wide> {
        let has_all = std::is_x86_feature_detected!("avx2")
            && std::is_x86_feature_detected!("bmi1")
            && std::is_x86_feature_detected!("popcnt");
        if !has_all { None } else { Some(Wide::Avx2(Box::new(avx2::Search::new(literals, escapes)?))) }
    }

    /// See [`Gate::find`](super::Gate).
    pub(super) fn find(&self, block: &[u8], at: usize, escapes: &Escapes, newlines: &mut u64) -> Option<usize> {
        match self {
            // SAFETY: `avx2` gives this only where the processor has all that the function enables.
            Wide::Avx2(search) => unsafe { avx2::find(search, block, at, escapes, newlines) },
            // SAFETY: likewise `avx512`.
            Wide::Avx512(search) => unsafe { avx512::find(search, block, at, escapes, newlines) },
        }
    }
}

impl<const WINDOW: usize> Teddy<WINDOW> {
    /// `looked_up` says what a look-up of some bytes lets through; `None` if a literal is too short or
    /// no ASCII, or there are too many.
    fn new(literals: &[String], escapes: &Escapes, looked_up: impl Fn(&Bytes) -> Bytes) -> Option<Teddy<WINDOW>> {
        // Of what is not ASCII the look-ups know too little.
        let unfit = |literal: &String| literal.len() < SHORTEST || !literal.is_ascii();
        if literals.len() > MAX_LITERALS || literals.iter().any(unfit) {
            return None;
        }
        let odds = Odds::new();
        let windows: Vec<usize> = literals.iter().map(|text| odds.rarest(text.as_bytes())).collect();
        let mut entries: Vec<_> =
            literals.iter().zip(&windows).map(|(text, at)| Entry::of_text(&text.as_bytes()[*at..])).collect();
        entries.extend(escapes.beginnings().iter().map(|beginning| Entry::of_sets(beginning)));
        let mut tables = [[0; 256]; WINDOW];
        for (entry, place) in entries.iter().zip(bucket::places(&entries, &odds, looked_up)) {
            entry.enter(place, &mut tables);
        }
        let mut teddy = Teddy { tables, literals: Vec::new(), firsts: Box::new([u16::MAX; HASHES]), short: Vec::new() };
        for (text, window) in literals.iter().zip(windows) {
            let text = text.as_bytes().to_vec();
            match hash::<WINDOW>(&text[window..]) {
                Some(hash) => teddy.literals.push(Literal { text, window, hash }),
                None => teddy.short.push(text),
            }
        }
        teddy.literals.sort_by_key(|literal| literal.hash);
        for (at, literal) in teddy.literals.iter().enumerate().rev() {
            teddy.firsts[literal.hash] = at as u16;
        }
        Some(teddy)
    }

    /// The first place of a round at `at` that makes its line a candidate. Adds to `newlines` how many stand before it, or in the
    /// round.
    fn first_of(&self, met: Met, block: &[u8], at: usize, escapes: &Escapes, newlines: &mut u64) -> Option<usize> {
        let Met { mut places, ends } = met;
        while places != 0 {
            let place = places.trailing_zeros();
            let found = at + place as usize;
            if self.is_found(block, found, escapes) {
                *newlines += u64::from((ends & ((1 << place) - 1)).count_ones());
                return Some(found);
            }
            places &= places - 1;
        }
        *newlines += u64::from(ends.count_ones());
        None
    }

    /// The last bytes, one at a time.
    fn find_in_tail(&self, block: &[u8], at: usize, escapes: &Escapes, newlines: &mut u64) -> Option<usize> {
        for (found, byte) in block.iter().enumerate().skip(at) {
            if self.is_found(block, found, escapes) {
                return Some(found);
            }
            *newlines += u64::from(*byte == b'\n');
        }
        None
    }

    /// Whether what the first look has found at `found` makes its line a candidate.
    fn is_found(&self, block: &[u8], found: usize, escapes: &Escapes) -> bool {
        self.is_literal(block, found) || (block[found] == b'\\' && escapes.matters(block, found))
    }

    /// Whether a literal's window begins at `found`, and the rest of the literal stands around it.
    fn is_literal(&self, block: &[u8], found: usize) -> bool {
        let stands = |text: &[u8], window: usize| {
            let at = found.checked_sub(window).and_then(|start| block.get(start..start + text.len()));
            at.is_some_and(|at| at.eq_ignore_ascii_case(text))
        };
        if self.short.iter().any(|text| stands(text, 0)) {
            return true;
        }
        let Some(hash) = hash::<WINDOW>(&block[found..]) else { return false };
        let from_first = self.literals.get(usize::from(self.firsts[hash])..).unwrap_or_default().iter();
        let mut of_hash = from_first.take_while(|literal| literal.hash == hash);
        of_hash.any(|literal| stands(&literal.text, literal.window))
    }
}
