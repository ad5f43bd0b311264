//! One automaton for one text: every pattern that any rule looks for in it is found in one scan.
//!
//! The automaton finds needles without regard to case and gives overlapping occurrences; each is then held against the
//! rule of its operator (term bounds, anchors, case), since `xmail mail` has `mail` at its second occurrence only.

use aho_corasick::nfa::contiguous;
use aho_corasick::{Anchored, dfa};

use super::scratch::Hits;
use crate::compile::ir::{Pattern, PatternId, PatternKind, Subject};
use crate::kql::ast::TextKind;
use crate::value::text::is_term_char;

/// Above this many needles the transition table of a DFA no longer stays in cache, and costs megabytes.
const MAX_DFA_NEEDLES: usize = 500;

/// The same of needles that are few and long: a DFA has a row, of up to a kilobyte, for each of their bytes.
const MAX_DFA_BYTES: usize = 16 << 10;

/// The automaton of one subject.
#[derive(Debug)]
pub struct ColumnMatcher {
    automaton: Automaton,
    /// For each needle of the automaton, the patterns that have it.
    needles: Vec<Vec<(PatternId, Pattern)>>,
}

/// Over needles in lower case, and run over text in lower case: with both cases in it an automaton takes twice as long to build
/// (measured: 10,000 rules).
#[derive(Debug)]
enum Automaton {
    /// One look-up a byte.
    Dfa(dfa::DFA),
    /// Small.
    Nfa(contiguous::NFA),
}

/// An automaton could not be built: too many patterns, or too long ones.
#[derive(Debug, thiserror::Error)]
#[error(
    "the {count} patterns of '{subject}' are too many for one automaton ({source}); use fewer rules or shorter lists"
)]
pub struct BuildError {
    subject: String,
    count: usize,
    source: Box<aho_corasick::BuildError>,
}

impl ColumnMatcher {
    /// Builds the automaton of a subject's patterns.
    pub fn new(subject: &Subject) -> Result<ColumnMatcher, BuildError> {
        let mut texts: Vec<String> = Vec::new();
        let mut needles: Vec<Vec<(PatternId, Pattern)>> = Vec::new();
        let mut known = std::collections::HashMap::new();
        for (i, pattern) in subject.patterns.iter().enumerate() {
            let folded = pattern.needle.to_ascii_lowercase();
            let at = *known.entry(folded.clone()).or_insert_with(|| {
                texts.push(folded);
                needles.push(Vec::new());
                needles.len() - 1
            });
            needles[at].push((PatternId(i as u32), pattern.clone()));
        }
        let bytes: usize = texts.iter().map(String::len).sum();
        let is_small = texts.len() <= MAX_DFA_NEEDLES && bytes <= MAX_DFA_BYTES;
        let automaton = match is_small {
            true => dfa::Builder::new().prefilter(false).build(&texts).map(Automaton::Dfa),
            false => contiguous::Builder::new().prefilter(false).build(&texts).map(Automaton::Nfa),
        };
        let automaton = automaton.map_err(|e| BuildError {
            subject: subject.name.clone(),
            count: subject.patterns.len(),
            source: Box::new(e),
        })?;
        Ok(ColumnMatcher { automaton, needles })
    }

    /// Adds to `hits` every pattern that stands in `text` as its operator wants it.
    pub fn scan(&self, text: &str, hits: &mut Hits) {
        match &self.automaton {
            Automaton::Dfa(automaton) => self.walk(automaton, text, hits),
            Automaton::Nfa(automaton) => self.walk(automaton, text, hits),
        }
    }

    fn walk(&self, automaton: &impl aho_corasick::automaton::Automaton, text: &str, hits: &mut Hits) {
        // Only an automaton that was built for anchored searches alone has no such state.
        let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
        for (at, byte) in text.bytes().enumerate() {
            state = automaton.next_state(Anchored::No, state, byte.to_ascii_lowercase());
            if automaton.is_special(state) && automaton.is_match(state) {
                for nth in 0..automaton.match_len(state) {
                    let needle = automaton.match_pattern(state, nth);
                    let start = at + 1 - automaton.pattern_len(needle);
                    for (id, pattern) in &self.needles[needle.as_usize()] {
                        if !hits.has(*id) && holds(pattern, text, start, at + 1) {
                            hits.add(*id);
                        }
                    }
                }
            }
        }
    }
}

/// Whether an occurrence of the needle at `start..end`, case aside, is what the pattern asks for.
fn holds(pattern: &Pattern, text: &str, start: usize, end: usize) -> bool {
    if pattern.case_sensitive && text.as_bytes()[start..end] != *pattern.needle.as_bytes() {
        return false;
    }
    match pattern.kind {
        PatternKind::Equals => start == 0 && end == text.len(),
        PatternKind::Text(TextKind::Contains) => true,
        PatternKind::Text(TextKind::StartsWith) => start == 0,
        PatternKind::Text(TextKind::EndsWith) => end == text.len(),
        PatternKind::Text(TextKind::Has) => opens(pattern, text, start) && closes(pattern, text, end),
        PatternKind::Text(TextKind::HasPrefix) => opens(pattern, text, start),
        PatternKind::Text(TextKind::HasSuffix) => closes(pattern, text, end),
    }
}

/// A bound before the needle is asked only where the needle begins with a term character.
fn opens(pattern: &Pattern, text: &str, start: usize) -> bool {
    !pattern.needle.starts_with(is_term_char) || !text[..start].ends_with(is_term_char)
}

/// A bound behind the needle is asked only where the needle ends with a term character.
fn closes(pattern: &Pattern, text: &str, end: usize) -> bool {
    !pattern.needle.ends_with(is_term_char) || !text[end..].starts_with(is_term_char)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::compile::ir::ExprId;

    fn subject(needles: impl IntoIterator<Item = String>) -> Subject {
        let kind = PatternKind::Text(TextKind::Contains);
        let patterns = needles.into_iter().map(|needle| Pattern { needle, kind, case_sensitive: false }).collect();
        Subject { expr: ExprId(0), name: "Column".to_owned(), patterns }
    }

    #[test]
    fn a_large_automaton_is_no_dfa() {
        let is_dfa = |needles: Vec<String>| {
            matches!(ColumnMatcher::new(&subject(needles)).unwrap().automaton, Automaton::Dfa(_))
        };
        let words = |n: usize| (0..n).map(|i| format!("word{i}")).collect();
        assert!(is_dfa(words(500)));
        assert!(!is_dfa(words(501)));
        assert!(!is_dfa(vec!["x".repeat(1 << 20)]));
    }

    #[test]
    fn a_pattern_is_found_once() {
        let matcher = ColumnMatcher::new(&subject(["ab", "b", "zz"].map(str::to_owned))).unwrap();
        let mut hits = Hits::default();
        hits.begin(1);
        matcher.scan("abABab", &mut hits);
        assert_eq!(hits.found(), [PatternId(0), PatternId(1)]);
    }
}
