//! Which literals share a bucket.

use crate::matcher::gate::window::Odds;

/// One a bit of a table's byte.
const BUCKETS: usize = 8;

/// Some bytes.
pub(super) type Bytes = [bool; 256];

/// The bytes that a window may have at each of its places.
#[derive(Clone, Debug)]
pub(super) struct Entry<const WINDOW: usize>([Bytes; WINDOW]);

impl<const WINDOW: usize> Entry<WINDOW> {
    /// A window of a literal, in both cases; behind a literal that is shorter, any byte may stand.
    pub(super) fn of_text(window: &[u8]) -> Entry<WINDOW> {
        Entry::new(|place, byte| window.get(place).is_none_or(|known| known.eq_ignore_ascii_case(&byte)))
    }

    /// A window that is given by the bytes of its places; an empty set stands for all bytes, and so does a place that is not
    /// given.
    pub(super) fn of_sets(window: &[&[u8]]) -> Entry<WINDOW> {
        Entry::new(|place, byte| window.get(place).is_none_or(|set| set.is_empty() || set.contains(&byte)))
    }

    fn new(is_met: impl Fn(usize, u8) -> bool) -> Entry<WINDOW> {
        Entry(std::array::from_fn(|place| std::array::from_fn(|byte| is_met(place, byte as u8))))
    }

    fn union(&self, other: &Entry<WINDOW>) -> Entry<WINDOW> {
        Entry(std::array::from_fn(|place| std::array::from_fn(|byte| self.0[place][byte] || other.0[place][byte])))
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

/// The bucket of each entry. A bucket lets through every mixture of its entries' bytes, and what the look-up takes for them. So
/// each goes where that is the least, the most common first (measured over the built-in pack: 0.4 % of the places by nibbles, 1.3 %
/// if what the look-up mixes is taken for each entry alone).
pub(super) fn places<const WINDOW: usize>(
    entries: &[Entry<WINDOW>],
    odds: &Odds<WINDOW>,
    looked_up: impl Fn(&Bytes) -> Bytes,
) -> Vec<usize> {
    let share = |entry: &Entry<WINDOW>| odds.met(&std::array::from_fn(|place| looked_up(&entry.0[place])));
    let mut order: Vec<(f32, usize)> = entries.iter().map(share).zip(0..).collect();
    order.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut buckets: [Option<(Entry<WINDOW>, f32)>; BUCKETS] = std::array::from_fn(|_| None);
    let mut places = vec![0; entries.len()];
    for (_, at) in order {
        let with = |bucket: &Option<(Entry<WINDOW>, f32)>| {
            let entry = bucket.as_ref().map_or_else(|| entries[at].clone(), |(before, _)| before.union(&entries[at]));
            let share = share(&entry);
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
