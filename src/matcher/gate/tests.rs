#![allow(clippy::unwrap_used)]
//! Every search gives the candidates that a line-by-line look gives.

use proptest::prelude::*;

use std::sync::LazyLock;

use super::{Candidate, Gate};

const LITERALS: &[&str] = &["169.254.169.254", "/run/secrets/", ".azure", "hosts.yml", "consent to application", "abc"];

fn gates(literals: &[&str]) -> Vec<Gate> {
    let literals: Vec<String> = literals.iter().map(|l| (*l).to_owned()).collect();
    Gate::of_each_kind(&literals)
}

fn candidates(gate: &Gate, block: &[u8]) -> (Vec<Candidate>, u64) {
    let mut found = Vec::new();
    let lines = gate.scan(block, &mut |candidate| found.push(candidate));
    (found, lines)
}

/// The same, a line and a literal at a time.
fn plainly(literals: &[&str], block: &[u8]) -> (Vec<Candidate>, u64) {
    let (mut found, mut start, mut number) = (Vec::new(), 0, 0);
    let lines: Vec<&[u8]> = block.split_inclusive(|b| *b == b'\n').collect();
    for line in &lines {
        let folded = line.to_ascii_lowercase();
        let holds = |needle: &str| folded.windows(needle.len()).any(|w| w == needle.as_bytes());
        // Of the escapes of ASCII that these tests spell, those of quotes and brackets hide no literal.
        let escaped = holds("\\/") || holds("\\u006") || holds("\\u000") || holds("\\u004");
        if escaped || literals.iter().any(|l| holds(l)) {
            found.push(Candidate { start, end: start + line.len(), line: number });
        }
        start += line.len();
        number += 1;
    }
    (found, number)
}

#[test]
fn a_literal_is_found_wherever_it_stands() {
    for gate in gates(LITERALS) {
        for literal in LITERALS {
            for before in 0..140 {
                for text in [(*literal).to_owned(), literal.to_ascii_uppercase()] {
                    let block = format!("x\n{}{text}\ny\n{}", "z".repeat(before), "z".repeat(140 - before));
                    let (found, lines) = candidates(&gate, block.as_bytes());
                    assert_eq!(lines, 4);
                    let end = 2 + before + text.len() + 1;
                    assert_eq!(found, [Candidate { start: 2, end, line: 1 }], "{text} behind {before} bytes");
                    // As the very end, and behind places that the first look lets through.
                    let block = format!("{}{}{text}", "z".repeat(before), r"\u0022".repeat(before % 7));
                    let all = Candidate { start: 0, end: block.len(), line: 0 };
                    assert_eq!(candidates(&gate, block.as_bytes()), (vec![all], 1), "{block}");
                }
            }
        }
    }
}

#[test]
fn only_escapes_that_can_hide_a_literal_count() {
    for gate in gates(LITERALS) {
        let is_candidate = |line: &str| !candidates(&gate, line.as_bytes()).0.is_empty();
        for hidden in [
            r"\u000a",
            r"\u000D",
            r"\u0008",
            r"\u002eazure",
            r"\u0041bc",
            r"\/run",
            r"x\\u0041bc",
            r"\u005cu0041",
            r"\\\/run",
            r"\U0041 \u0061",
        ] {
            assert!(is_candidate(hidden), "{hidden}");
        }
        for harmless in
            [r"c:\\users\\u1", r"\u0022quoted\u0022", r"\u003Ctag\u003E", r"\u00e9", r"\n\t", r"\u00", r"\u00zz", "\\"]
        {
            assert!(!is_candidate(harmless), "{harmless}");
        }
    }
}

#[test]
fn blocks_without_an_end_or_with_nothing_are_counted() {
    for gate in gates(LITERALS) {
        assert_eq!(candidates(&gate, b""), (vec![], 0));
        assert_eq!(candidates(&gate, b"\n\n"), (vec![], 2));
        assert_eq!(candidates(&gate, b"xabcx"), (vec![Candidate { start: 0, end: 5, line: 0 }], 1));
        assert_eq!(candidates(&gate, b"one\nxab"), (vec![], 2));
    }
}

#[test]
fn many_literals_are_found() {
    // As many as one search takes, and more than that.
    for count in [150, 3000] {
        let many: Vec<String> = (0..count).map(|n| format!("tool{}.{n:03}.example", n % 7)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let line = |n: usize| format!("{{\"x\":\"c:\\\\tool{}.{n:03}.EXAMPLE\"}}\n", n % 8);
        let block: String = (0..400).map(|n| line(n * count / 200)).collect();
        let expected = plainly(&many, block.as_bytes());
        assert!((10..200).contains(&expected.0.len()), "{}", expected.0.len());
        for gate in gates(&many) {
            assert_eq!(candidates(&gate, block.as_bytes()), expected);
        }
    }
}

/// What many literals have in common is filed under one hash, and not all of them are compared where it is met.
#[test]
fn literals_that_share_all_their_grams_make_candidates() {
    let many: Vec<String> = (0..2000).map(|n| format!("{}{n:04}", "a".repeat(12))).collect();
    let gate = Gate::portable(many);
    let is_candidate = |line: &str| !candidates(&gate, line.as_bytes()).0.is_empty();
    assert!(is_candidate(&format!("{}0007", "A".repeat(12))));
    assert!(is_candidate(&format!("xx{}1999 y", "a".repeat(12))));
    assert!(!is_candidate("aaaa aaaa bbbb"));
}

/// Looking for the next literal anew at every escape would take hours here.
#[test]
fn a_block_is_gone_through_once() {
    let (escaped, harmless) = ("\\u0061\n".repeat(1 << 20), "\\u0022\n".repeat(1 << 20));
    for gate in gates(LITERALS) {
        assert_eq!(candidates(&gate, escaped.as_bytes()).0.len(), 1 << 20);
        assert_eq!(candidates(&gate, harmless.as_bytes()), (vec![], 1 << 20));
    }
    // A literal that begins within an escape that does not matter.
    for gate in gates(&["00e9xyz"]) {
        assert_eq!(candidates(&gate, b"\\u00e9xyz").0.len(), 1);
    }
}

/// Literals of every length that counts, and enough tiny ones that every second place is looked at.
fn literals() -> impl Strategy<Value = Vec<String>> {
    let tiny = prop::collection::vec("[a-c/.]{3,4}", 0..8);
    (tiny, prop::collection::vec("[a-c/.]{5,14}", 1..6)).prop_map(|(tiny, more)| [tiny, more].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn literals_of_any_length_are_found_at_any_place(
        literals in literals(),
        parts in prop::collection::vec((any::<prop::sample::Index>(), "[a-dA-C/. \n]{0,6}", 0..8_u8), 0..20),
        many in any::<bool>(),
    ) {
        // A whole literal, one cut short, or neither, and something behind it.
        let piece = |(index, text, cut): (prop::sample::Index, String, u8)| match (cut, index.get(&literals)) {
            (0..=2, literal) => literal.to_uppercase() + &text,
            (3..=5, literal) => literal[..literal.len() - 1].to_owned() + &text,
            _ => text,
        };
        let block: String = parts.into_iter().map(piece).collect();
        // Among many, long ones and short ones are looked for side by side.
        let others: Vec<String> = (0..if many { 250 } else { 0 }).map(|n| format!("another-{n:04}-of-many")).collect();
        let literals: Vec<&str> = literals.iter().chain(&others).map(String::as_str).collect();
        let expected = plainly(&literals, block.as_bytes());
        for gate in gates(&literals) {
            prop_assert_eq!(candidates(&gate, block.as_bytes()), expected.clone());
        }
    }
}

/// Made once: a gate takes longer to build than to run over some lines.
static GATES: LazyLock<Vec<Gate>> = LazyLock::new(|| gates(LITERALS));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn every_search_agrees_with_a_plain_look(
        parts in prop::collection::vec(
            prop_oneof![
                Just("169.254.169.254"), Just("169.254.169.25"), Just(".AZURE"), Just("/Run/secrets/"), Just("ABC"), Just("ab"),
                Just("\n"), Just("\n\n"), Just("\u{e1}\u{f0}\u{2f}"), Just("\u{131}\u{2e}\u{e1}zure"), Just(r"\/"), Just(r"\u0061"), Just(r"\u0022"), Just(r"\u003c"), Just(r"\u00"), Just("\\"), Just(r"c:\\users\\"), Just("consent to "), Just("application"),
                Just("the quick brown fox jumps over the lazy dog "), Just("{\"a\":1}"),
            ],
            0..60,
        )
    ) {
        let block = parts.concat();
        for gate in GATES.iter() {
            prop_assert_eq!(candidates(gate, block.as_bytes()), plainly(LITERALS, block.as_bytes()));
        }
    }
}
