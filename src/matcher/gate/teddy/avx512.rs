//! Sixty-four bytes at a time. A look-up knows 128 values (VBMI), so that ASCII is looked up as it is, and hardly anything has
//! to be compared in vain. Of other bytes the highest bit is left out; what that lets through too much is seen at the second
//! look.

use std::arch::x86_64::{
    __m512i, _mm512_and_si512, _mm512_cmpeq_epi8_mask, _mm512_loadu_si512, _mm512_permutex2var_epi8, _mm512_set1_epi8,
    _mm512_test_epi8_mask,
};

use super::bucket::Bytes;
use super::{Met, Teddy};
use crate::matcher::gate::escape::Escapes;

const WIDTH: usize = 64;

/// Bytes of a literal that the first look compares: three, chosen well, let little through, a fourth costs a load and two look-ups
/// more (measured: no gain).
const WINDOW: usize = 3;

/// What a round reads: a register's bytes from each place of the window on.
const ROUND: usize = WIDTH + WINDOW - 1;

/// See the module.
#[derive(Debug)]
pub(in crate::matcher::gate) struct Search(Teddy<WINDOW>);

impl Search {
    pub(super) fn new(literals: &[String], escapes: &Escapes) -> Option<Search> {
        Teddy::new(literals, escapes, Bytes::clone).map(Search)
    }
}

/// See [`Wide::find`](super::Wide).
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1,popcnt")]
pub(super) fn find(
    search: &Search,
    block: &[u8],
    mut at: usize,
    escapes: &Escapes,
    newlines: &mut u64,
) -> Option<usize> {
    let teddy = &search.0;
    while let Some(met) = next(teddy, block, &mut at, newlines) {
        if let Some(found) = teddy.first_of(met, block, at, escapes, newlines) {
            return Some(found);
        }
        at += WIDTH;
    }
    teddy.find_in_tail(block, at, escapes, newlines)
}

/// Goes on to the next round that meets something. It is a function of its own, and never inlined, so that nothing is called
/// in its loop, and the tables stay in registers (measured: with the second look in it they are loaded anew in each round).
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1,popcnt")]
fn next(teddy: &Teddy<WINDOW>, block: &[u8], at: &mut usize, newlines: &mut u64) -> Option<Met> {
    let newline = _mm512_set1_epi8(b'\n' as i8);
    let [first_byte, second_byte, third_byte] =
        teddy.tables.each_ref().map(|table| (load(table, 0), load(table, WIDTH)));
    let (mut place, mut passed) = (*at, 0);
    let met = loop {
        let Some(round) = block.get(place..).and_then(|rest| rest.first_chunk::<ROUND>()) else { break None };
        let first = load(round, 0);
        let two = _mm512_and_si512(look_up(first, first_byte), look_up(load(round, 1), second_byte));
        let places = _mm512_test_epi8_mask(two, look_up(load(round, 2), third_byte));
        let ends = _mm512_cmpeq_epi8_mask(first, newline);
        if places != 0 {
            break Some(Met { places, ends });
        }
        passed += u64::from(ends.count_ones());
        place += WIDTH;
    };
    (*at, *newlines) = (place, *newlines + passed);
    met
}

/// The [`WIDTH`] bytes from `at` on. Where it is inlined, `at` is known to be in bounds.
#[inline]
#[target_feature(enable = "avx512f")]
fn load(bytes: &[u8], at: usize) -> __m512i {
    let bytes: &[u8] = &bytes[at..at + WIDTH];
    // SAFETY: the slice has the WIDTH bytes that are read; the load needs no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Which buckets each byte may belong to, by its seven low bits.
#[inline]
#[target_feature(enable = "avx512f,avx512vbmi")]
fn look_up(bytes: __m512i, (low, high): (__m512i, __m512i)) -> __m512i {
    _mm512_permutex2var_epi8(low, bytes, high)
}
