//! Which literals share a bucket.

use crate::matcher::gate::window::{WINDOW, met};

/// One a bit of a table's byte.
pub(super) const BUCKETS: usize = 8;

/// Some bytes.
type Bytes = [bool; 256];

/// What a window lets through: the bytes that each of its places may have.
#[derive(Clone, Debug)]
pub(super) struct Entry([Bytes; WINDOW]);

impl Entry {
    /// A window of a literal, in both cases.
    pub(super) fn of_text(window: [u8; WINDOW]) -> Entry {
        Entry(window.map(|byte| {
            let mut bytes = [false; 256];
            bytes[usize::from(byte.to_ascii_lowercase())] = true;
            bytes[usize::from(byte.to_ascii_uppercase())] = true;
            bytes
        }))
    }

    /// A window that is given by the bytes of its places; an empty set stands for all bytes.
    pub(super) fn of_sets(window: [&[u8]; WINDOW]) -> Entry {
        Entry(window.map(|set| {
            let mut bytes = [set.is_empty(); 256];
            set.iter().for_each(|byte| bytes[usize::from(*byte)] = true);
            bytes
        }))
    }

    /// What a look-up by low and high nibble lets through: every mixture of them.
    pub(super) fn by_nibbles(&self) -> Entry {
        Entry(self.0.map(|bytes| {
            let (mut low, mut high) = ([false; 16], [false; 16]);
            for (byte, _) in bytes.iter().enumerate().filter(|(_, is)| **is) {
                (low[byte & 15], high[byte >> 4]) = (true, true);
            }
            std::array::from_fn(|byte| low[byte & 15] && high[byte >> 4])
        }))
    }

    fn union(&self, other: &Entry) -> Entry {
        Entry(std::array::from_fn(|place| std::array::from_fn(|byte| self.0[place][byte] || other.0[place][byte])))
    }

    /// The share of places in JSON logs at which it is met.
    fn share(&self) -> f32 {
        met(|place, byte| self.0[place][usize::from(byte)])
    }

    /// Enters it into the tables as one of that bucket.
    pub(super) fn enter(&self, bucket: usize, tables: &mut [[u8; 256]; WINDOW]) {
        for (table, bytes) in tables.iter_mut().zip(&self.0) {
            for (buckets, is_met) in table.iter_mut().zip(bytes) {
                *buckets |= u8::from(*is_met) << bucket;
            }
        }
    }
}

/// The bucket of each entry. A bucket lets through every mixture of its entries' bytes. So each goes where that is the least,
/// the most common first (measured over the built-in pack, by nibbles: 0.9 % of the places, and 2.3 % with equal shares of a
/// sorted list).
pub(super) fn places(entries: &[Entry]) -> Vec<usize> {
    let mut order: Vec<(f32, usize)> = entries.iter().map(Entry::share).zip(0..).collect();
    order.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut buckets: [Option<(Entry, f32)>; BUCKETS] = Default::default();
    let mut places = vec![0; entries.len()];
    for (_, at) in order {
        let with = |bucket: &Option<(Entry, f32)>| {
            let entry = bucket.as_ref().map_or_else(|| entries[at].clone(), |(before, _)| before.union(&entries[at]));
            let share = entry.share();
            let more = share - bucket.as_ref().map_or(0.0, |(_, before)| *before);
            (entry, share, more)
        };
        let choices = buckets.iter().map(with).enumerate();
        if let Some((best, (entry, share, _))) = choices.min_by(|(_, a), (_, b)| a.2.total_cmp(&b.2)) {
            buckets[best] = Some((entry, share));
            places[at] = best;
        }
    }
    places
}
