//! Sixty-four bytes at a time, in two registers. A look-up knows sixteen values, so a byte is looked up by its low half alone,
//! and five bytes of a literal are looked at. High halves would cost four instructions more for each byte and say little: of
//! letters they are but two (measured over the built-in rules: three bytes by both halves ran at half the speed).

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256,
    _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_testz_si256,
};

use super::bucket::Bytes;
use super::{Met, Teddy};
use crate::matcher::gate::escape::Escapes;

/// A register's bytes.
const WIDTH: usize = 32;

/// Bytes of a literal that the first look compares.
const WINDOW: usize = 5;

/// What a round goes on by: two registers' bytes behind one branch (measured: a tenth more than one).
const STEP: usize = 2 * WIDTH;

/// What a round reads: each register's bytes from each place of the window on.
const ROUND: usize = STEP + WINDOW - 1;

/// See the module.
#[derive(Debug)]
pub(in crate::matcher::gate) struct Search {
    teddy: Teddy<WINDOW>,
    /// For each window byte: buckets by low half.
    halves: [[u8; 16]; WINDOW],
}

impl Search {
    pub(super) fn new(literals: &[String], escapes: &Escapes) -> Option<Search> {
        let teddy = Teddy::new(literals, escapes, by_half)?;
        let halves = teddy.tables.map(|table| {
            let mut halves = [0; 16];
            table.iter().enumerate().for_each(|(byte, buckets)| halves[byte & 15] |= buckets);
            halves
        });
        Some(Search { teddy, halves })
    }
}

/// What a look-up by low half lets through.
fn by_half(bytes: &Bytes) -> Bytes {
    let mut halves = [false; 16];
    bytes.iter().enumerate().for_each(|(byte, is_met)| halves[byte & 15] |= is_met);
    std::array::from_fn(|byte| halves[byte & 15])
}

/// See [`Wide::find`](super::Wide).
#[target_feature(enable = "avx2,bmi1,popcnt")]
pub(super) fn find(
    search: &Search,
    block: &[u8],
    mut at: usize,
    escapes: &Escapes,
    newlines: &mut u64,
) -> Option<usize> {
    while let Some(met) = next(search, block, &mut at, newlines) {
        if let Some(found) = search.teddy.first_of(met, block, at, escapes, newlines) {
            return Some(found);
        }
        at += STEP;
    }
    search.teddy.find_in_tail(block, at, escapes, newlines)
}

/// Goes on to the next round that meets something. It is a function of its own, and never inlined, so that nothing is called
/// in its loop, and the tables stay in registers. The loop is written out, for iterators over registers are not always inlined
/// here (measured: half the speed).
#[inline(never)]
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn next(search: &Search, block: &[u8], at: &mut usize, newlines: &mut u64) -> Option<Met> {
    let newline = _mm256_set1_epi8(b'\n' as i8);
    let [a, b, c, d, e] = &search.halves;
    let tables = [table(a), table(b), table(c), table(d), table(e)];
    let (mut place, mut passed) = (*at, 0);
    let met = loop {
        let Some(round) = block.get(place..).and_then(|rest| rest.first_chunk::<ROUND>()) else { break None };
        let (low, high) = (look_up(round, 0, tables), look_up(round, WIDTH, tables));
        let ends = equal(load(round, 0), load(round, WIDTH), newline);
        let both = _mm256_or_si256(low, high);
        if _mm256_testz_si256(both, both) == 0 {
            break Some(Met { places: !equal(low, high, _mm256_setzero_si256()), ends });
        }
        passed += u64::from(ends.count_ones());
        place += STEP;
    };
    (*at, *newlines) = (place, *newlines + passed);
    met
}

/// Which buckets' windows may begin at each of the bytes from `at` on.
#[inline]
#[target_feature(enable = "avx2")]
fn look_up(round: &[u8; ROUND], at: usize, [a, b, c, d, e]: [__m256i; WINDOW]) -> __m256i {
    let half = _mm256_set1_epi8(15);
    let two = _mm256_and_si256(
        _mm256_shuffle_epi8(a, _mm256_and_si256(load(round, at), half)),
        _mm256_shuffle_epi8(b, _mm256_and_si256(load(round, at + 1), half)),
    );
    let four = _mm256_and_si256(
        _mm256_shuffle_epi8(c, _mm256_and_si256(load(round, at + 2), half)),
        _mm256_shuffle_epi8(d, _mm256_and_si256(load(round, at + 3), half)),
    );
    let fifth = _mm256_shuffle_epi8(e, _mm256_and_si256(load(round, at + 4), half));
    _mm256_and_si256(_mm256_and_si256(two, four), fifth)
}

/// Which bytes of two registers are those of another, a bit a byte.
#[inline]
#[target_feature(enable = "avx2")]
fn equal(low: __m256i, high: __m256i, to: __m256i) -> u64 {
    let bits = |bytes| u64::from(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, to)) as u32);
    bits(low) | bits(high) << WIDTH
}

/// The [`WIDTH`] bytes from `at` on. Where it is inlined, `at` is known to be in bounds.
#[inline]
#[target_feature(enable = "avx2")]
fn load(round: &[u8; ROUND], at: usize) -> __m256i {
    let bytes: &[u8] = &round[at..at + WIDTH];
    // SAFETY: the slice has the WIDTH bytes that are read; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// A table in both halves of a register.
#[target_feature(enable = "avx2")]
fn table(bytes: &[u8; 16]) -> __m256i {
    // SAFETY: `bytes` has the 16 bytes that are read; the load needs no alignment.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}
