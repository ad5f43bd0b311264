//! The string operators against the rule of `has`, said once more over vectors of characters: every place is tried, and
//! nothing is clever.

use std::cell::Cell;

use kqltap::kql::ast::{TextKind, TextOp};
use kqltap::value::text::evaluate;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{add, hold, pieces, wanted};

const PAIRS: u64 = 50;

/// Letters and numbers of any script make terms; all else parts them.
fn term(c: char) -> bool {
    c.is_alphabetic() || c.is_numeric()
}

/// Whether the needle stands at `start`, every character the same, but for the case of ASCII letters if `fold`.
fn stands(text: &[char], needle: &[char], start: usize, fold: bool) -> bool {
    (0..needle.len()).all(|i| match text.get(start + i) {
        Some(c) if fold => c.eq_ignore_ascii_case(&needle[i]),
        other => other == Some(&needle[i]),
    })
}

fn restated(op: TextOp, text: &str, needle: &str) -> bool {
    let (text, needle): (Vec<char>, Vec<char>) = (text.chars().collect(), needle.chars().collect());
    let holds = (0..=text.len()).any(|start| {
        let end = start + needle.len();
        let stands = stands(&text, &needle, start, !op.case_sensitive);
        let opens = needle.is_empty() || !term(needle[0]) || start == 0 || !term(text[start - 1]);
        let closes = || needle.is_empty() || !term(needle[needle.len() - 1]) || end == text.len() || !term(text[end]);
        stands
            && match op.kind {
                TextKind::Has => opens && closes(),
                TextKind::HasPrefix => opens,
                TextKind::HasSuffix => closes(),
                TextKind::Contains => true,
                TextKind::StartsWith => start == 0,
                TextKind::EndsWith => end == text.len(),
            }
    });
    holds != op.negated
}

fn operator() -> impl Strategy<Value = TextOp> {
    let kinds = [
        TextKind::Has,
        TextKind::HasPrefix,
        TextKind::HasSuffix,
        TextKind::Contains,
        TextKind::StartsWith,
        TextKind::EndsWith,
    ];
    (select(kinds.to_vec()), any::<bool>(), any::<bool>()).prop_map(|(kind, case_sensitive, negated)| TextOp {
        kind,
        case_sensitive,
        negated,
    })
}

#[test]
fn the_string_operators_follow_the_rule() {
    let case = pieces::palette().prop_flat_map(|palette| {
        vec((operator(), pieces::text(&palette, 7), pieces::text(&palette, 3)), PAIRS as usize)
    });
    let (pairs, held) = (Cell::new(0), Cell::new(0));
    hold(wanted().div_ceil(PAIRS), &case, |list| {
        for (op, text, needle) in &list {
            let expected = restated(*op, text, needle);
            add(&pairs, 1);
            add(&held, u64::from(expected));
            if evaluate(*op, text, needle) != expected {
                let message = format!("{text:?} {op:?} {needle:?}: the rule says {expected}");
                return Err(TestCaseError::fail(message));
            }
        }
        Ok(())
    });
    let (pairs, held) = (pairs.get(), held.get());
    assert!(pairs >= wanted(), "{pairs} pairs");
    assert!(held * 10 >= pairs && held * 10 <= pairs * 9, "{held} of {pairs} hold");
}
