//! Thirty-two bytes at a time. A look-up knows sixteen values, so a byte is looked up by its low and by its high nibble.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256,
    _mm256_movemask_epi8, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16,
};

use super::{Met, Teddy};
use crate::matcher::gate::escape::Escapes;
use crate::matcher::gate::window::WINDOW;

const WIDTH: usize = 32;

/// What a round reads: a register's bytes from each place of the window on.
const ROUND: usize = WIDTH + WINDOW - 1;

/// For each window byte: buckets by low nibble, and by high nibble.
#[derive(Debug)]
pub(super) struct Tables([([u8; 16], [u8; 16]); WINDOW]);

impl Tables {
    pub(super) fn new(exact: &[[u8; 256]; WINDOW]) -> Tables {
        Tables(exact.each_ref().map(|table| {
            let (mut low, mut high) = ([0; 16], [0; 16]);
            for (byte, buckets) in table.iter().enumerate() {
                low[byte & 15] |= buckets;
                high[byte >> 4] |= buckets;
            }
            (low, high)
        }))
    }
}

/// See [`Teddy::find`].
#[target_feature(enable = "avx2,bmi1,popcnt")]
pub(super) fn find(
    teddy: &Teddy,
    tables: &Tables,
    block: &[u8],
    mut at: usize,
    escapes: &Escapes,
    newlines: &mut u64,
) -> Option<usize> {
    while let Some(met) = next(tables, block, &mut at, newlines) {
        if let Some(found) = teddy.first_of(met, block, at, escapes, newlines) {
            return Some(found);
        }
        at += WIDTH;
    }
    teddy.find_in_tail(block, at, escapes, newlines)
}

/// Goes on to the next round that meets something. It is a function of its own, and never inlined, so that nothing is called
/// in its loop, and the tables stay in registers. The loop is written out, for iterators over registers are not always inlined
/// here (measured: half the speed).
#[inline(never)]
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn next(tables: &Tables, block: &[u8], at: &mut usize, newlines: &mut u64) -> Option<Met> {
    let newline = _mm256_set1_epi8(b'\n' as i8);
    let [first_byte, second_byte, third_byte] = tables.0.each_ref().map(|(low, high)| (table(low), table(high)));
    let (mut place, mut passed) = (*at, 0);
    let met = loop {
        let Some(round) = block.get(place..).and_then(|rest| rest.first_chunk::<ROUND>()) else { break None };
        let first = load(round, 0);
        let buckets = _mm256_and_si256(
            _mm256_and_si256(look_up(first, first_byte), look_up(load(round, 1), second_byte)),
            look_up(load(round, 2), third_byte),
        );
        let nothing = _mm256_cmpeq_epi8(buckets, _mm256_setzero_si256());
        let places = !(_mm256_movemask_epi8(nothing) as u32);
        let ends = _mm256_movemask_epi8(_mm256_cmpeq_epi8(first, newline)) as u32;
        if places != 0 {
            break Some(Met { places: places.into(), ends: ends.into() });
        }
        passed += u64::from(ends.count_ones());
        place += WIDTH;
    };
    (*at, *newlines) = (place, *newlines + passed);
    met
}

/// The [`WIDTH`] bytes from `at` on. Where it is inlined, `at` is known to be in bounds.
#[inline]
#[target_feature(enable = "avx2")]
fn load(round: &[u8; ROUND], at: usize) -> __m256i {
    let bytes: &[u8] = &round[at..at + WIDTH];
    // SAFETY: the slice has the WIDTH bytes that are read; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Which buckets each byte may belong to, by its low and by its high nibble.
#[inline]
#[target_feature(enable = "avx2")]
fn look_up(bytes: __m256i, (low, high): (__m256i, __m256i)) -> __m256i {
    let nibble = _mm256_set1_epi8(15);
    let by_low = _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, nibble));
    let by_high = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), nibble));
    _mm256_and_si256(by_low, by_high)
}

/// A table in both halves of a register.
#[target_feature(enable = "avx2")]
fn table(bytes: &[u8; 16]) -> __m256i {
    // SAFETY: `bytes` has the 16 bytes that are read; the load needs no alignment.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}
