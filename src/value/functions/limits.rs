//! How large what a function computes may become.
//!
//! A few words of a query can ask for more than a machine has: `strrep`, `range`, `pack_array` of `pack_array`. So text that
//! is put together is cut at [`MAX_TEXT`], an array at [`MAX_ELEMENTS`], and a dynamic that is still too heavy or too deep
//! is null. What a record brings itself is as large as the record; only what is made of it is bounded.

use crate::value::dynamic::MAX_DEPTH;
use crate::value::{Dynamic, Value};

/// The most bytes of a text that a function puts together; what is longer is cut between two characters. It is Kusto's own
/// largest string.
pub const MAX_TEXT: usize = 1 << 20;

/// The most elements of an array that a function makes; the rest is left out, as Kusto's `range()` does at the same number.
pub const MAX_ELEMENTS: usize = 1 << 20;

/// The greatest weight of a dynamic that a function makes: bytes of text, and 8 for each value in it.
/// A heavier one is null.
pub const MAX_WEIGHT: usize = 16 << 20;

/// What a value in an array or a bag weighs beside its text.
const ELEMENT_WEIGHT: usize = 8;

/// How many bytes the search for all matches of a regular expression may look at, if each match makes it look at the whole
/// rest of the text. One search is linear; to go through all matches is not for an expression such as `(a*)b|a`. Texts up to
/// 64 KiB never come to the limit; in a longer one the matches behind it are not seen.
const MAX_SCAN: u64 = 1 << 32;

/// Counts what the search for all matches of a text may have looked at.
pub(crate) struct Scan {
    length: usize,
    room: u64,
}

impl Scan {
    pub(crate) fn of(text: &str) -> Scan {
        Scan { length: text.len(), room: MAX_SCAN }
    }

    /// Whether a match that begins there still counts.
    pub(crate) fn goes_on(&mut self, start: usize) -> bool {
        self.room = self.room.saturating_sub((self.length - start.min(self.length)) as u64);
        self.room > 0
    }
}

/// A text that grows to the limit.
#[derive(Default)]
pub(super) struct Text {
    text: String,
    full: bool,
}

impl Text {
    /// Appends as much as there is room for; `false` once it is full.
    pub(super) fn push(&mut self, text: &str) -> bool {
        let room = MAX_TEXT - self.text.len();
        if !self.full && text.len() <= room {
            self.text.push_str(text);
            return true;
        }
        if !self.full {
            self.text.push_str(&text[..text.floor_char_boundary(room)]);
        }
        // A character that does not fit ends the text: nothing that follows may slip into its place.
        self.full = true;
        false
    }

    pub(super) fn value<'a>(self) -> Value<'a> {
        Value::string(self.text)
    }
}

/// An array of the first [`MAX_ELEMENTS`] elements.
pub(super) fn array<'a>(elements: impl IntoIterator<Item = Dynamic<'a>>) -> Value<'a> {
    bounded(Dynamic::Array(elements.into_iter().take(MAX_ELEMENTS).collect()))
}

/// What of `room` is left when a value has been put into it; `None` if it does not fit.
pub fn room_after(value: &Value<'_>, mut room: usize) -> Option<usize> {
    match value {
        Value::String(text) => room.checked_sub(text.len() + ELEMENT_WEIGHT),
        Value::Dynamic(dynamic) => fits(dynamic, 0, &mut room).then_some(room),
        _ => room.checked_sub(ELEMENT_WEIGHT),
    }
}

/// The value, or null where it is heavier or deeper than a dynamic may be. Its walk ends where the limit is reached.
pub(super) fn bounded(dynamic: Dynamic<'_>) -> Value<'_> {
    let mut room = MAX_WEIGHT;
    if fits(&dynamic, 0, &mut room) { Value::dynamic(dynamic) } else { Value::Null }
}

fn fits(dynamic: &Dynamic<'_>, depth: usize, room: &mut usize) -> bool {
    let mut spend = |weight: usize| match room.checked_sub(weight) {
        Some(left) => {
            *room = left;
            true
        }
        None => false,
    };
    match dynamic {
        Dynamic::String(text) => spend(text.len() + ELEMENT_WEIGHT),
        Dynamic::Array(elements) => {
            depth < MAX_DEPTH && spend(ELEMENT_WEIGHT) && elements.iter().all(|e| fits(e, depth + 1, room))
        }
        Dynamic::Bag(members) => {
            depth < MAX_DEPTH
                && spend(ELEMENT_WEIGHT)
                && members.iter().all(|(name, value)| {
                    let Some(left) = room.checked_sub(name.len()) else {
                        return false;
                    };
                    *room = left;
                    fits(value, depth + 1, room)
                })
        }
        _ => spend(ELEMENT_WEIGHT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_for_all_matches_ends() {
        let matches = |text: &str| {
            let mut scan = Scan::of(text);
            (0..text.len()).take_while(|at| scan.goes_on(*at)).count()
        };
        assert_eq!(matches(&"a".repeat(1 << 16)), 1 << 16);
        assert_eq!(matches(&"a".repeat(1 << 24)), 256);
    }

    #[test]
    fn text_is_cut_between_characters() {
        let mut text = Text::default();
        assert!(text.push(&"a".repeat(MAX_TEXT - 1)));
        assert!(!text.push("éa"));
        assert!(!text.push("a"));
        assert_eq!(text.text.len(), MAX_TEXT - 1);
    }

    #[test]
    fn what_is_too_heavy_or_too_deep_is_null() {
        let nest = |levels: usize, width: usize| {
            (0..levels).fold(Dynamic::Long(1), |inner, _| Dynamic::Array(vec![inner; width].into()))
        };
        assert!(!bounded(nest(MAX_DEPTH, 1)).is_null());
        assert!(bounded(nest(MAX_DEPTH + 1, 1)).is_null());
        assert!(bounded(nest(10, 64)).is_null());
        let text = Dynamic::String("x".repeat(MAX_WEIGHT).into());
        assert!(bounded(text).is_null());
    }
}
