//! Kusto's string operators, written plainly. This is what the automata are tested against.
//!
//! A term is a run of letters and digits. `has` looks for an occurrence whose edges are term bounds, but asks for a bound
//! only at an edge of the needle that is itself a term character: `"portal.azure.com" has ".azure"` holds, because `.` has
//! no bound to keep. The rule was measured on Microsoft's engine. An empty needle is everywhere, also in an empty text.
//!
//! Case is folded for ASCII letters only: Kusto documents its case-insensitive operators for ASCII text.
//!
//! Time: a needle costs one pass over the text, and case one copy of it for all needles ([`Haystack`]). Only where an
//! occurrence does not keep its bounds is the search taken up again. Where text and rules are many, the column automata do
//! this work in one pass.

use std::cell::OnceCell;

use memchr::memmem;

use crate::kql::ast::{TextKind, TextOp};

/// Whether a character belongs to a term: Unicode letters and digits, and no other; the underscore delimits.
///
/// Kusto was measured on ASCII and on letters like `é`. The class here is `char::is_alphanumeric`: Alphabetic, and the
/// numbers Nd, Nl, No (so `²` and `Ⅷ` belong). It is wider than `[\p{L}\p{N}]` by the marks that Unicode calls Alphabetic
/// (vowel signs, circled letters); how Kusto treats those is not known.
pub fn is_term_char(c: char) -> bool {
    c.is_alphanumeric()
}

/// The edges of an occurrence that must be term bounds, if the needle's own edge is a term character.
#[derive(Clone, Copy)]
struct Bounds {
    left: bool,
    right: bool,
}

/// Whether `needle` occurs as whole terms.
pub fn has(haystack: &str, needle: &str, fold: bool) -> bool {
    Haystack::new(haystack).has(needle, fold)
}

/// What `haystack op needle` is, negation included.
pub fn evaluate(op: TextOp, haystack: &str, needle: &str) -> bool {
    find(op, haystack, needle).is_some() != op.negated
}

/// The byte offset of the first occurrence that makes the operator hold; its negation is not looked at.
pub fn find(op: TextOp, haystack: &str, needle: &str) -> Option<usize> {
    Haystack::new(haystack).find(op, needle)
}

/// A text in which needles are looked for, one after the other.
#[derive(Debug)]
pub struct Haystack<'h> {
    text: &'h str,
    /// The text in lower case, made when it is first needed.
    folded: OnceCell<String>,
}

impl<'h> Haystack<'h> {
    /// The text as it is.
    pub fn new(text: &'h str) -> Haystack<'h> {
        Haystack { text, folded: OnceCell::new() }
    }

    /// Whether `needle` occurs as whole terms. `fold`: case does not matter.
    pub fn has(&self, needle: &str, fold: bool) -> bool {
        self.occurrence(needle, fold, Bounds { left: true, right: true }).is_some()
    }

    /// The byte offset of the first occurrence that makes the operator hold; its negation is not looked at.
    pub fn find(&self, op: TextOp, needle: &str) -> Option<usize> {
        let fold = !op.case_sensitive;
        let bounds = match op.kind {
            TextKind::Has => Bounds { left: true, right: true },
            TextKind::HasPrefix => Bounds { left: true, right: false },
            TextKind::HasSuffix => Bounds { left: false, right: true },
            TextKind::Contains => Bounds { left: false, right: false },
            TextKind::StartsWith => return starts_with(self.text, needle, fold).then_some(0),
            TextKind::EndsWith => {
                return ends_with(self.text, needle, fold).then(|| self.text.len() - needle.len());
            }
        };
        self.occurrence(needle, fold, bounds)
    }

    /// The first occurrence that keeps the bounds. Overlapping occurrences count. A valid needle in a valid text can only
    /// occur at character boundaries, so bytes are enough.
    fn occurrence(&self, needle: &str, fold: bool, bounds: Bounds) -> Option<usize> {
        if needle.is_empty() {
            return Some(0);
        }
        if needle.len() > self.text.len() {
            return None;
        }
        let folded_needle;
        let (text, sought) = if fold {
            folded_needle = needle.to_ascii_lowercase();
            (self.folded.get_or_init(|| self.text.to_ascii_lowercase()).as_bytes(), folded_needle.as_bytes())
        } else {
            (self.text.as_bytes(), needle.as_bytes())
        };
        let keeps = |at: &usize| keeps_bounds(self.text, needle, *at, bounds.left, bounds.right);
        let first = memmem::find(text, sought)?;
        if keeps(&first) {
            return Some(first);
        }
        // What is worth preparing a search for: most needles do not occur, or at once.
        let finder = memmem::Finder::new(sought);
        let next = |at: &usize| finder.find(&text[at + 1..]).map(|next| at + 1 + next);
        std::iter::successors(next(&first), next).find(keeps)
    }
}

fn starts_with(haystack: &str, needle: &str, fold: bool) -> bool {
    let (h, n) = (haystack.as_bytes(), needle.as_bytes());
    h.len() >= n.len() && same(&h[..n.len()], n, fold)
}

fn ends_with(haystack: &str, needle: &str, fold: bool) -> bool {
    let (h, n) = (haystack.as_bytes(), needle.as_bytes());
    h.len() >= n.len() && same(&h[h.len() - n.len()..], n, fold)
}

/// Whether the occurrence of `needle` at `at` keeps the term bounds that `has` asks for; `left` and `right` say which
/// edges are asked at all. `at` and `at + needle.len()` are character boundaries.
fn keeps_bounds(haystack: &str, needle: &str, at: usize, left: bool, right: bool) -> bool {
    let term = |c: Option<char>| c.is_some_and(is_term_char);
    let before = || haystack.get(..at).and_then(|s| s.chars().next_back());
    let after = || haystack.get(at + needle.len()..).and_then(|s| s.chars().next());
    let left_kept = !left || !term(needle.chars().next()) || !term(before());
    let right_kept = !right || !term(needle.chars().next_back()) || !term(after());
    left_kept && right_kept
}

fn same(a: &[u8], b: &[u8], fold: bool) -> bool {
    if fold { a.eq_ignore_ascii_case(b) } else { a == b }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has_prefix(haystack: &str, needle: &str, fold: bool) -> bool {
        find(TextOp { kind: TextKind::HasPrefix, case_sensitive: !fold, negated: false }, haystack, needle).is_some()
    }

    fn has_suffix(haystack: &str, needle: &str, fold: bool) -> bool {
        find(TextOp { kind: TextKind::HasSuffix, case_sensitive: !fold, negated: false }, haystack, needle).is_some()
    }

    #[test]
    fn has_asks_for_bounds_at_term_edges_only() {
        for (haystack, needle, expected) in [
            ("a-b", "a", true),
            ("a_b", "a", true),
            ("ab", "a", false),
            ("a1", "a", false),
            ("éa", "a", false),
            ("a²", "a", false),
            ("xa b", "a ", false),
            ("a b", "a ", true),
            ("x ab y", " a", false),
            ("b .b-", " ", true),
            ("11", " ", false),
            ("", "", true),
            ("", "a", false),
            ("aa aaa aa", "aa", true),
            ("aab baa", "aa", false),
            ("aab aa", "aa", true),
            ("x..y", "..", true),
            ("x a_b y", "a-b", false),
            ("portal.azure.com", ".azure", true),
            ("/home/u/.azurex", ".azure", false),
            ("azureProfile.json", "azure", false),
            ("Mail.ReadWrite", "mail.read", false),
            ("mail.read.Shared", "Mail.Read", true),
            ("https://192.0.2.1/resourcegroups/test.rg000001?api", "/resourcegroups/test.rg000001?", true),
            ("日本語 テスト", "日本語", true),
            ("É", "é", false),
        ] {
            assert_eq!(has(haystack, needle, true), expected, "{haystack:?} has {needle:?}");
        }
    }

    #[test]
    fn an_overlapping_occurrence_counts() {
        // The occurrence at 0 has no bound on its right; the one at 2 overlaps it and has.
        assert!(has("-a-a-b", "-a-b", true));
        assert!(has(".a.a", ".a", false));
        assert!(has_suffix("aaa", "aa", false));
        assert!(has_suffix("AAA", "aa", true));
    }

    #[test]
    fn prefix_and_suffix_ask_one_bound() {
        assert!(has_prefix("x-error", "-err", true));
        assert!(has_prefix("a_error", "err", true));
        assert!(!has_prefix("x-error", "or", true));
        assert!(!has_prefix("ERROR", "err", false));
        assert!(!has_suffix("an errorlog", "or", true));
        assert!(!has_suffix("x ab y", " a", true));
        assert!(has_suffix("North America", "ica", false));
    }

    #[test]
    fn offsets_and_negation() {
        let op = |kind, negated| TextOp { kind, case_sensitive: false, negated };
        assert_eq!(find(op(TextKind::Has, false), "xfoo foo", "FOO"), Some(5));
        assert_eq!(find(op(TextKind::EndsWith, false), "abc", "C"), Some(2));
        assert_eq!(find(op(TextKind::StartsWith, false), "ab", "abc"), None);
        assert!(evaluate(op(TextKind::Contains, true), "", "ell"));
        assert!(!evaluate(op(TextKind::Has, true), "", ""));
    }

    /// A look at every offset would compare a hundred thousand bytes at each of a million: it would not end.
    #[test]
    fn the_text_is_gone_through_once() {
        let text = "aA".repeat(500_000);
        let contains = TextOp { kind: TextKind::Contains, case_sensitive: false, negated: false };
        let needle = format!("{}b", "a".repeat(100_000));
        assert_eq!(find(contains, &text, &needle), None);
        assert_eq!(find(contains, &format!("{text}B"), &needle), Some(900_000));
    }
}
