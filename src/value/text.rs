//! Kusto's string operators, written plainly. This is what the automata are tested against.
//!
//! A term is a run of letters and digits. `has` looks for an occurrence whose edges are term bounds, but asks for a bound
//! only at an edge of the needle that is itself a term character: `"portal.azure.com" has ".azure"` holds, because `.` has
//! no bound to keep. The rule was measured on Microsoft's engine. An empty needle is everywhere, also in an empty text.
//!
//! Case is folded for ASCII letters only: Kusto documents its case-insensitive operators for ASCII text.
//!
//! Time: a scan tries every offset, so an unlucky folded pair costs length of text times length of needle. Needles come
//! from rules and are short; where text and rules are many, the column automata do this work in one pass.

use std::ops::ControlFlow;

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

/// Whether `needle` occurs as whole terms. `fold`: case does not matter.
pub fn has(haystack: &str, needle: &str, fold: bool) -> bool {
    occurrence(haystack, needle, fold, Bounds { left: true, right: true }).is_some()
}

/// Whether `needle` occurs where a term begins.
pub fn has_prefix(haystack: &str, needle: &str, fold: bool) -> bool {
    occurrence(haystack, needle, fold, Bounds { left: true, right: false }).is_some()
}

/// Whether `needle` occurs where a term ends.
pub fn has_suffix(haystack: &str, needle: &str, fold: bool) -> bool {
    occurrence(haystack, needle, fold, Bounds { left: false, right: true }).is_some()
}

/// Whether `needle` occurs anywhere.
pub fn contains(haystack: &str, needle: &str, fold: bool) -> bool {
    occurrence(haystack, needle, fold, Bounds { left: false, right: false }).is_some()
}

/// Whether the text begins with `needle`.
pub fn starts_with(haystack: &str, needle: &str, fold: bool) -> bool {
    let (h, n) = (haystack.as_bytes(), needle.as_bytes());
    h.len() >= n.len() && same(&h[..n.len()], n, fold)
}

/// Whether the text ends with `needle`.
pub fn ends_with(haystack: &str, needle: &str, fold: bool) -> bool {
    let (h, n) = (haystack.as_bytes(), needle.as_bytes());
    h.len() >= n.len() && same(&h[h.len() - n.len()..], n, fold)
}

/// Whether both are the same text but for the case of ASCII letters: `=~`.
pub fn equals_folded(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// What `haystack op needle` is, negation included.
pub fn evaluate(op: TextOp, haystack: &str, needle: &str) -> bool {
    find(op, haystack, needle).is_some() != op.negated
}

/// The byte offset of the first occurrence that makes the operator hold; its negation is not looked at.
pub fn find(op: TextOp, haystack: &str, needle: &str) -> Option<usize> {
    let fold = !op.case_sensitive;
    let bounds = match op.kind {
        TextKind::Has => Bounds { left: true, right: true },
        TextKind::HasPrefix => Bounds { left: true, right: false },
        TextKind::HasSuffix => Bounds { left: false, right: true },
        TextKind::Contains => Bounds { left: false, right: false },
        TextKind::StartsWith => return starts_with(haystack, needle, fold).then_some(0),
        TextKind::EndsWith => {
            return ends_with(haystack, needle, fold).then(|| haystack.len() - needle.len());
        }
    };
    occurrence(haystack, needle, fold, bounds)
}

/// Whether the occurrence of `needle` at `at` keeps the term bounds that `has` asks for; `left` and `right` say which
/// edges are asked at all. `at` and `at + needle.len()` are character boundaries.
pub fn keeps_bounds(haystack: &str, needle: &str, at: usize, left: bool, right: bool) -> bool {
    let term = |c: Option<char>| c.is_some_and(is_term_char);
    let before = || haystack.get(..at).and_then(|s| s.chars().next_back());
    let after = || haystack.get(at + needle.len()..).and_then(|s| s.chars().next());
    let left_kept = !left || !term(needle.chars().next()) || !term(before());
    let right_kept = !right || !term(needle.chars().next_back()) || !term(after());
    left_kept && right_kept
}

/// The first occurrence that keeps the bounds. Overlapping occurrences count. A valid needle in a valid text can only
/// occur at character boundaries, so bytes are enough.
fn occurrence(haystack: &str, needle: &str, fold: bool, bounds: Bounds) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    let mut found = None;
    let _ = each_occurrence(haystack.as_bytes(), needle.as_bytes(), fold, |at| {
        if keeps_bounds(haystack, needle, at, bounds.left, bounds.right) {
            found = Some(at);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    found
}

/// Calls `visit` with the offset of each occurrence, overlapping ones included.
fn each_occurrence(
    haystack: &[u8],
    needle: &[u8],
    fold: bool,
    mut visit: impl FnMut(usize) -> ControlFlow<()>,
) -> ControlFlow<()> {
    if fold {
        for (at, window) in haystack.windows(needle.len()).enumerate() {
            if window.eq_ignore_ascii_case(needle) {
                visit(at)?;
            }
        }
        return ControlFlow::Continue(());
    }
    let finder = memmem::Finder::new(needle);
    let mut from = 0;
    while let Some(next) = finder.find(&haystack[from..]) {
        visit(from + next)?;
        from += next + 1;
    }
    ControlFlow::Continue(())
}

fn same(a: &[u8], b: &[u8], fold: bool) -> bool {
    if fold { a.eq_ignore_ascii_case(b) } else { a == b }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
