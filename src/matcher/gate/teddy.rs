//! The search on x86-64: 32 bytes at a time, ASCII case folded in the look-up tables.
//!
//! This is the Teddy algorithm of Hyperscan with a window in place of a prefix. Each literal is in one of eight buckets. For
//! each byte of the window two tables say, by its low and by its high nibble, which buckets it may belong to; both cases of
//! a letter are entered, so nothing has to be folded. Where all window bytes agree on a bucket, its literals are compared.
//!
//! The only unsafe code of the crate is here. It was let in because the safe ways were measured at 0.4 to 0.9 of the speed
//! of decoding every line, and a gate that slow is of no use (BENCHMARKS.md). There are two kinds of it: unaligned loads,
//! of slices that are as long as what is read, and calls of functions that need instructions which [`Teddy::new`] has asked for.
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_andnot_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8,
    _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_srli_epi16,
};

use super::escape::Escapes;
use super::window::{WINDOW, rarest, share};

const BUCKETS: usize = 8;
const WIDTH: usize = 32;

/// What a round reads: a register's bytes from each place of the window on.
const ROUND: usize = WIDTH + WINDOW - 1;

#[derive(Debug)]
pub(super) struct Teddy {
    /// For each window byte: buckets by low nibble, and by high nibble.
    tables: [([u8; 16], [u8; 16]); WINDOW],
    buckets: [Vec<Literal>; BUCKETS],
}

#[derive(Debug)]
struct Literal {
    /// In lower case.
    text: Vec<u8>,
    /// Where its window begins.
    window: usize,
    /// The window's bytes. They are compared before all else, for most of what the first look lets through ends there.
    head: [u8; WINDOW],
}

/// For each window byte of some literals, in both cases: which low nibbles it has, and which high ones.
fn nibbles<'l>(literals: impl IntoIterator<Item = &'l Literal>) -> [(u16, u16); WINDOW] {
    let mut nibbles = [(0, 0); WINDOW];
    for literal in literals {
        for (byte, (low, high)) in literal.text[literal.window..].iter().zip(&mut nibbles) {
            for byte in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                *low |= 1 << (byte & 15);
                *high |= 1 << (byte >> 4);
            }
        }
    }
    nibbles
}

/// The share of places at which a bucket with these literals is let through by the first look, as if bytes were independent.
fn passes<'l>(literals: impl IntoIterator<Item = &'l Literal>) -> f32 {
    let is_met = |byte: u8, (low, high): (u16, u16)| low >> (byte & 15) & 1 == 1 && high >> (byte >> 4) & 1 == 1;
    let met = |nibbles| (0..=u8::MAX).filter(|byte| is_met(*byte, nibbles)).map(share).sum::<f32>();
    nibbles(literals).into_iter().map(met).product()
}

impl Teddy {
    /// `None` where the processor lacks AVX2 or what came with it, or a literal is too short.
    pub(super) fn new(literals: &[String]) -> Option<Teddy> {
        let has_all = std::is_x86_feature_detected!("avx2")
            && std::is_x86_feature_detected!("bmi1")
            && std::is_x86_feature_detected!("popcnt");
        if !has_all || literals.iter().any(|l| l.len() < WINDOW) {
            return None;
        }
        let literal = |text: &String| {
            let text = text.as_bytes().to_vec();
            let window = rarest(&text);
            let head = *text[window..].first_chunk()?;
            Some(Literal { text, window, head })
        };
        let mut literals: Vec<Literal> = literals.iter().map(literal).collect::<Option<_>>()?;
        // A bucket's tables let through every mixture of its literals' nibbles. So each literal goes where that is the least,
        // the most common first (measured over the built-in pack: 0.9 % of the places, and 2.3 % with equal shares of a
        // sorted list).
        let alone = |literal: &Literal| passes([literal]);
        literals.sort_by(|a, b| alone(b).total_cmp(&alone(a)).then_with(|| a.text.cmp(&b.text)));
        let mut buckets: [Vec<Literal>; BUCKETS] = Default::default();
        for literal in literals {
            let more = |bucket: &Vec<Literal>| passes(bucket.iter().chain([&literal])) - passes(bucket);
            let best =
                (0..BUCKETS).min_by(|a, b| more(&buckets[*a]).total_cmp(&more(&buckets[*b]))).unwrap_or_default();
            buckets[best].push(literal);
        }
        let mut teddy = Teddy { tables: [([0; 16], [0; 16]); WINDOW], buckets: Default::default() };
        for (number, bucket) in buckets.iter().enumerate() {
            for (table, nibbles) in teddy.tables.iter_mut().zip(nibbles(bucket)) {
                for nibble in 0..16 {
                    table.0[nibble] |= u8::from(nibbles.0 >> nibble & 1 == 1) << number;
                    table.1[nibble] |= u8::from(nibbles.1 >> nibble & 1 == 1) << number;
                }
            }
        }
        teddy.buckets = buckets;
        Some(teddy)
    }

    /// See [`Gate::find`](super::Gate).
    pub(super) fn find(&self, block: &[u8], at: usize, escapes: &Escapes, newlines: &mut u64) -> Option<usize> {
        // SAFETY: `new` gives a Teddy only where the processor has all that `find_avx2` enables.
        unsafe { self.find_avx2(block, at, escapes, newlines) }
    }

    #[target_feature(enable = "avx2,bmi1,popcnt")]
    fn find_avx2(&self, block: &[u8], mut at: usize, escapes: &Escapes, newlines: &mut u64) -> Option<usize> {
        let newline = _mm256_set1_epi8(b'\n' as i8);
        let backslash = _mm256_set1_epi8(b'\\' as i8);
        let letter_u = _mm256_set1_epi8(b'u' as i8);
        let slash = _mm256_set1_epi8(b'/' as i8);
        let [first_byte, second_byte, third_byte] = self.tables.each_ref().map(|(low, high)| (table(low), table(high)));
        // The loop is written out, for iterators over registers are not always inlined here (measured: half the speed).
        while let Some(round) = block.get(at..).and_then(|rest| rest.first_chunk::<ROUND>()) {
            let first = load(round, 0);
            let second = load(round, 1);
            let third = load(round, 2);
            let buckets = _mm256_and_si256(
                _mm256_and_si256(look_up(first, first_byte), look_up(second, second_byte)),
                look_up(third, third_byte),
            );
            let behind = _mm256_or_si256(_mm256_cmpeq_epi8(second, letter_u), _mm256_cmpeq_epi8(second, slash));
            let escape = _mm256_and_si256(_mm256_cmpeq_epi8(first, backslash), behind);
            let ends = _mm256_movemask_epi8(_mm256_cmpeq_epi8(first, newline)) as u32;
            let nothing = _mm256_cmpeq_epi8(buckets, _mm256_setzero_si256());
            let mut places = !(_mm256_movemask_epi8(_mm256_andnot_si256(escape, nothing)) as u32);
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
            at += WIDTH;
        }
        self.find_in_tail(block, at, escapes, newlines)
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
        let Some(window) = block.get(found..).and_then(|rest| rest.first_chunk::<WINDOW>()) else { return false };
        let mut candidates = u8::MAX;
        for (byte, (low, high)) in window.iter().zip(&self.tables) {
            candidates &= low[usize::from(byte & 15)] & high[usize::from(byte >> 4)];
        }
        let window = window.map(|byte| byte.to_ascii_lowercase());
        while candidates != 0 {
            let bucket = &self.buckets[candidates.trailing_zeros() as usize];
            for literal in bucket.iter().filter(|literal| literal.head == window) {
                let text =
                    found.checked_sub(literal.window).and_then(|start| block.get(start..start + literal.text.len()));
                if text.is_some_and(|text| text.eq_ignore_ascii_case(&literal.text)) {
                    return true;
                }
            }
            candidates &= candidates - 1;
        }
        false
    }
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
