//! The search for any number of literals, on any processor: every fourth place of a block is looked at, or every second.
//!
//! Wherever a literal of eleven bytes or more begins, eight of its bytes, a *gram*, stand at an offset that four divides. Which
//! ones these can be depends on the literal's own offset only, so four of its grams are filed, one for each rest: the rarest. A
//! set of bits, by hash, says whether the gram at a place is one of those; nearly none is. What it lets through is compared
//! with the literals. So the cost of a byte hardly grows with the number of literals.
//!
//! Of shorter literals the grams have four bytes, and more is let through. And literals of fewer than seven have no whole gram
//! for every rest: there, what stands beside them is marked too, any byte.

use memchr::memmem::Finder;

use super::escape::Escapes;
use super::window::Odds;

/// Bytes of the grams of long literals.
const LONG: usize = 8;

/// Bytes of the others.
const SHORT: usize = 4;

/// Bytes of what literals without a whole gram are filed under: their first.
const FIRST: usize = 3;

/// The bytes of a short gram.
const SHORT_BYTES: u64 = u32::MAX as u64;

/// Up to so many literals all have short grams if one must: a second look at every place costs more than what is let through.
const FEW: usize = 200;

/// Literals of so few bytes have but two in a gram at some places, and every pair that can stand beside them is filed.
const TINY: usize = 4;

/// More tiny literals would fill the set. Then every second place is looked at, where they have three bytes in each gram.
const MAX_TINY: usize = 4;

/// The places at which a gram was filed more often than this are not compared: their lines are candidates.
const MAX_COMPARED: usize = 64;

#[derive(Debug)]
pub(super) struct Grams {
    /// How far apart the places are that are looked at.
    stride: usize,
    /// Of the grams of all literals.
    marks: Marks,
    /// Of those that may stand around literals without a whole one.
    around: Marks,
    /// By hash: the last entry that was filed, from 1; 0 where there is none.
    heads: Vec<u32>,
    entries: Vec<Entry>,
    literals: Vec<Vec<u8>>,
    /// The bytes of each kind of gram that there is: of long ones, of short ones, or of both.
    kinds: Vec<u64>,
    /// What an escape that may hide a literal begins with.
    escapes: Vec<Finder<'static>>,
}

/// A set of grams, and of what is taken for one of them. Two bits of one word are set for each: few others share both, and
/// one look at memory tells (measured: with a single bit and twice the room, 118,000 grams were searched at two thirds the speed).
#[derive(Debug)]
struct Marks {
    words: Vec<u64>,
    shift: u32,
}

/// A gram of a literal.
#[derive(Debug)]
struct Entry {
    gram: u64,
    literal: u32,
    /// Where in the literal it stands.
    at: u32,
    /// What was filed under the same hash before, from 1.
    next: u32,
}

/// The search in one block.
pub(super) struct Look<'g, 'b> {
    grams: &'g Grams,
    block: &'b [u8],
    escapes: &'g Escapes,
    /// For each of what escapes begin with: the next that matters, and was not passed yet; the block's end where there is none.
    next: Vec<Option<usize>>,
}

/// Letters are folded, and some characters more.
fn long(bytes: &[u8; LONG]) -> u64 {
    u64::from_le_bytes(*bytes) | 0x2020_2020_2020_2020
}

fn short(bytes: &[u8; SHORT]) -> u64 {
    u64::from(u32::from_le_bytes(*bytes) | 0x2020_2020)
}

fn first(text: &[u8]) -> Option<u64> {
    let [a, b, c] = *text.first_chunk::<FIRST>()?;
    Some(u64::from(u32::from_le_bytes([a | 0x20, b | 0x20, c | 0x20, 0])))
}

fn hash(gram: u64) -> u64 {
    gram.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Marks {
    /// With two to this power of words.
    fn new(power: u32) -> Marks {
        Marks { words: vec![0; 1 << power], shift: 64 - power }
    }

    fn add(&mut self, gram: u64) {
        let (word, bits) = self.place(gram);
        self.words[word] |= bits;
    }

    #[inline(always)]
    fn has(&self, gram: u64) -> bool {
        let (word, bits) = self.place(gram);
        // The mask changes nothing; with it the compiler need not check.
        self.words[word & (self.words.len() - 1)] & bits == bits
    }

    #[inline(always)]
    fn place(&self, gram: u64) -> (usize, u64) {
        let hash = hash(gram);
        ((hash >> self.shift) as usize, 1 << (hash >> 28 & 63) | 1 << (hash >> 34 & 63))
    }
}

impl Grams {
    pub(super) fn new(literals: &[String], escapes: &Escapes) -> Grams {
        let tiny = literals.iter().filter(|text| text.len() <= TINY).count();
        let stride = if tiny <= MAX_TINY { 4 } else { 2 };
        let is_long = |text: &[u8]| text.len() >= LONG + stride - 1;
        let kinds = match literals.iter().all(|text| is_long(text.as_bytes())) {
            true => vec![u64::MAX],
            false if literals.len() <= FEW => vec![SHORT_BYTES],
            false => vec![u64::MAX, SHORT_BYTES],
        };
        let grams = literals.len() * stride;
        // Pairs take room, and what is larger is not near.
        let power = (grams / 2).next_power_of_two().ilog2().clamp(if tiny > 0 { 14 } else { 10 }, 16);
        let mut grams = Grams {
            stride,
            marks: Marks::new(power),
            around: Marks::new(power),
            heads: vec![0; (grams * 2).next_power_of_two().max(64)],
            entries: Vec::with_capacity(grams),
            literals: Vec::with_capacity(literals.len()),
            kinds,
            escapes: escapes.prefixes().into_iter().map(Finder::new).collect(),
        };
        let (odds, odds_of_short) = (Odds::new(), Odds::new());
        for text in literals.iter().map(|literal| literal.as_bytes()) {
            if is_long(text) && grams.kinds[0] == u64::MAX {
                grams.file(text, long, &odds);
            } else if text.len() >= SHORT + stride - 1 {
                grams.file(text, short, &odds_of_short);
            } else {
                grams.mark_around(text, &odds_of_short);
            }
        }
        grams
    }

    /// Files a gram for each rest: the rarest, of which not many are filed yet.
    fn file<const GRAM: usize>(&mut self, text: &[u8], gram_of: fn(&[u8; GRAM]) -> u64, odds: &Odds<GRAM>) {
        for rest in 0..self.stride {
            let grams = text.array_windows().enumerate().skip(rest).step_by(self.stride);
            let cost = |gram: &[u8; GRAM]| {
                let shared = self.of_gram(gram_of(gram)).take(MAX_COMPARED).count();
                (odds.met_in_either_case(gram) + 1e-9) * (1.0 + shared as f32)
            };
            let costs = grams.map(|(at, gram)| (at, gram_of(gram), cost(gram)));
            if let Some((at, gram, _)) = costs.min_by(|(.., a), (.., b)| a.total_cmp(b)) {
                self.marks.add(gram);
                self.enter(gram, at);
            }
        }
        self.literals.push(text.to_vec());
    }

    /// Enters a gram of the literal that is next.
    fn enter(&mut self, gram: u64, at: usize) {
        let head = self.head(gram);
        let (literal, next) = (self.literals.len() as u32, self.heads[head]);
        self.entries.push(Entry { gram, literal, at: at as u32, next });
        self.heads[head] = self.entries.len() as u32;
    }

    /// Marks every gram that may stand at a place where the literal stands; of those at one rest, the rarest.
    fn mark_around(&mut self, text: &[u8], odds: &Odds<SHORT>) {
        let byte = |at: isize| usize::try_from(at).ok().and_then(|at| text.get(at).copied());
        // From the gram that begins two bytes before the literal to the one that has its last two.
        let places = -2..=text.len() as isize - 2;
        for rest in 0..self.stride as isize {
            let at_rest = places.clone().filter(|at| at.rem_euclid(self.stride as isize) == rest);
            let grams = at_rest.map(|at| std::array::from_fn(|n| byte(at + n as isize)));
            if let Some(gram) = grams.min_by(|a, b| odds.of_known(a).total_cmp(&odds.of_known(b))) {
                self.mark_each(gram, 0, 0);
            }
        }
        if let Some(first) = first(text) {
            self.enter(first, 0);
        }
        self.literals.push(text.to_vec());
    }

    fn mark_each(&mut self, gram: [Option<u8>; SHORT], at: usize, marked: u64) {
        match gram.get(at) {
            None => {
                self.marks.add(marked);
                self.around.add(marked);
            }
            Some(Some(byte)) => self.mark_each(gram, at + 1, marked | u64::from(byte | 0x20) << (8 * at)),
            Some(None) => {
                for byte in (0..=255_u8).filter(|byte| byte & 0x20 != 0) {
                    self.mark_each(gram, at + 1, marked | u64::from(byte) << (8 * at));
                }
            }
        }
    }

    fn head(&self, gram: u64) -> usize {
        // Other bits of the hash than those of the set.
        (hash(gram) >> 32) as usize & (self.heads.len() - 1)
    }

    /// What was filed under a gram.
    #[inline(always)]
    fn of_gram(&self, gram: u64) -> impl Iterator<Item = &Entry> {
        let entry = |number: u32| (number as usize).checked_sub(1).map(|at| &self.entries[at]);
        let chain = std::iter::successors(entry(self.heads[self.head(gram)]), move |e| entry(e.next));
        chain.filter(move |entry| entry.gram == gram)
    }

    /// The search in a block.
    pub(super) fn look<'g, 'b>(&'g self, block: &'b [u8], escapes: &'g Escapes) -> Look<'g, 'b> {
        Look { grams: self, block, escapes, next: vec![None; self.escapes.len()] }
    }
}

impl Look<'_, '_> {
    /// See [`Gate::find`](super::Gate). What is asked for must not lie before what was found.
    pub(super) fn find(&mut self, at: usize, newlines: &mut u64) -> Option<usize> {
        let end = self.next_escape(at);
        let literal = match (self.grams.stride, self.grams.kinds.as_slice()) {
            (4, [kind]) => self.literal::<4, 1>([*kind], at, end),
            (4, [a, b]) => self.literal::<4, 2>([*a, *b], at, end),
            (_, [kind]) => self.literal::<2, 1>([*kind], at, end),
            (_, [a, b, ..]) => self.literal::<2, 2>([*a, *b], at, end),
            (_, []) => None,
        };
        // What is found by a gram in front of the escape may begin behind it.
        let found = literal.map_or(end, |literal| literal.min(end));
        *newlines += memchr::memchr_iter(b'\n', &self.block[at..found]).count() as u64;
        (found < self.block.len()).then_some(found)
    }

    fn next_escape(&mut self, at: usize) -> usize {
        let mut first = self.block.len();
        for (finder, next) in self.grams.escapes.iter().zip(&mut self.next) {
            let place = next.filter(|place| *place >= at).unwrap_or_else(|| {
                let mut places = finder.find_iter(&self.block[at..]).map(|n| at + n);
                places.find(|place| self.escapes.matters(self.block, *place)).unwrap_or(self.block.len())
            });
            *next = Some(place);
            first = first.min(place);
        }
        first
    }

    /// A literal that begins at or behind `from`, of which a gram is met before `end`.
    fn literal<const STRIDE: usize, const KINDS: usize>(
        &self,
        kinds: [u64; KINDS],
        from: usize,
        end: usize,
    ) -> Option<usize> {
        let marked = |bytes: &[u8; LONG]| {
            let gram = long(bytes);
            kinds.iter().any(|kind| self.grams.marks.has(gram & kind))
        };
        // A gram may begin before its literal, but not by a whole stride.
        let mut place = from / STRIDE * STRIDE;
        while let Some(bytes) = self.block.get(place..).and_then(|rest| rest.first_chunk::<20>())
            && place < end
        {
            let marked = |n: usize| (bytes[n * STRIDE..].first_chunk().is_some_and(marked) as u32) << n;
            let mut met = marked(0) | marked(1) | marked(2) | marked(3);
            while met != 0 {
                let found = self.around(place + met.trailing_zeros() as usize * STRIDE, from);
                if found.is_some() {
                    return found;
                }
                met &= met - 1;
            }
            place += 4 * STRIDE;
        }
        while place < end {
            if marked(&self.gram(place)) {
                let found = self.around(place, from);
                if found.is_some() {
                    return found;
                }
            }
            place += STRIDE;
        }
        None
    }

    /// The bytes at a place. Behind the block's end any may be thought of.
    fn gram(&self, place: usize) -> [u8; LONG] {
        let rest = &self.block[place..];
        rest.first_chunk().copied().unwrap_or_else(|| std::array::from_fn(|n| rest.get(n).copied().unwrap_or_default()))
    }

    /// A literal that begins at or behind `from` and has the gram at `place`, or lies around it if it is short.
    #[inline(never)]
    fn around(&self, place: usize, from: usize) -> Option<usize> {
        let gram = long(&self.gram(place));
        if let Some(found) = self.grams.kinds.iter().find_map(|kind| self.filed(gram & kind, place, from)) {
            return Some(found);
        }
        if !self.grams.around.has(gram & SHORT_BYTES) {
            return None;
        }
        let mut starts = place.saturating_sub(SHORT).max(from)..(place + FIRST).min(self.block.len());
        starts.find_map(|start| self.filed(first(&self.block[start..])?, start, from))
    }

    #[inline(always)]
    fn filed(&self, gram: u64, place: usize, from: usize) -> Option<usize> {
        for (n, entry) in self.grams.of_gram(gram).enumerate() {
            if n >= MAX_COMPARED {
                return Some(place.max(from));
            }
            let start = place.checked_sub(entry.at as usize).filter(|start| *start >= from);
            if let Some(start) = start
                && self.stands(start, &self.grams.literals[entry.literal as usize])
            {
                return Some(start);
            }
        }
        None
    }

    fn stands(&self, start: usize, text: &[u8]) -> bool {
        self.block.get(start..start + text.len()).is_some_and(|at| at.eq_ignore_ascii_case(text))
    }
}
