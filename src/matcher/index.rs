//! Which detections a record can match at all.
//!
//! With many rules on a table most have no pattern that hits. Each detection is filed under a few patterns one of which
//! must hit for its filter to be true; after the columns have been scanned, only detections with a hit are evaluated. So
//! the cost of a record grows with what it contains, and hardly with the number of rules.

use std::collections::HashMap;

use crate::compile::ir::{ExprId, Node, Pattern, PatternId, PatternKind, SubjectId, TableProgram};
use crate::compile::literals::weight_of;
use crate::value::Value;

/// Below this many detections it is cheaper to evaluate them one after the other, each of which stops at its first false
/// conjunct, than to scan every column that any of them asks (measured: BENCHMARKS.md).
const MIN_DETECTIONS: usize = 8;

/// Detections by what must hit.
#[derive(Debug)]
pub struct Index {
    /// For each subject and pattern, the detections that are filed under it.
    filed: Vec<Vec<Vec<u32>>>,
    /// Subjects under which something is filed.
    subjects: Vec<SubjectId>,
    /// Detections that no pattern rules out.
    always: Vec<u32>,
}

/// How many patterns are gone through to find one detection's trigger; behind this it is filed under none. Shared
/// expressions make a tree of any size out of a short query.
const MAX_LOOKED_AT: usize = 1_000_000;

/// Patterns one of which must hit, each once, in order.
type Trigger = Vec<(SubjectId, PatternId)>;

impl Index {
    /// The index of a program's detections, or none if they are few.
    pub fn new(program: &TableProgram) -> Option<Index> {
        if program.detections.len() < MIN_DETECTIONS {
            return None;
        }
        let mut filed: Vec<Vec<Vec<u32>>> =
            program.subjects.iter().map(|s| vec![Vec::new(); s.patterns.len()]).collect();
        let mut always = Vec::new();
        let weights = weights(program);
        for (at, detection) in program.detections.iter().enumerate() {
            let mut search = Search { program, weights: &weights, known: HashMap::new(), room: MAX_LOOKED_AT };
            match search.best(&detection.filter) {
                Some(trigger) => {
                    for (subject, pattern) in trigger {
                        filed[subject.0 as usize][pattern.0 as usize].push(at as u32);
                    }
                }
                None => always.push(at as u32),
            }
        }
        let subjects = (0..filed.len() as u32).map(SubjectId);
        let subjects =
            subjects.filter(|s| filed[s.0 as usize].iter().any(|detections| !detections.is_empty())).collect();
        Some(Index { filed, subjects, always })
    }

    /// Puts into `candidates` the detections that a record can match, in order. `hits` names what a subject's scan found.
    pub fn candidates(&self, mut hits: impl FnMut(SubjectId, &mut dyn FnMut(PatternId)), candidates: &mut Vec<u32>) {
        candidates.clear();
        candidates.extend_from_slice(&self.always);
        for subject in &self.subjects {
            let filed = &self.filed[subject.0 as usize];
            hits(*subject, &mut |pattern| candidates.extend_from_slice(&filed[pattern.0 as usize]));
        }
        candidates.sort_unstable();
        candidates.dedup();
    }
}

/// How often each subject's patterns are thought to hit.
fn weights(program: &TableProgram) -> Vec<Vec<u64>> {
    let weight = |p: &Pattern| weight_of(&p.needle.to_ascii_lowercase(), p.kind == PatternKind::Equals);
    program.subjects.iter().map(|subject| subject.patterns.iter().map(weight).collect()).collect()
}

/// The look at one detection's filter.
struct Search<'p> {
    program: &'p TableProgram,
    weights: &'p [Vec<u64>],
    /// The triggers of expressions that were looked at: one may be used in many places.
    known: HashMap<ExprId, Option<Trigger>>,
    /// How many patterns may still be gone through.
    room: usize,
}

impl Search<'_> {
    /// The trigger of the operand that is true most rarely.
    fn best(&mut self, operands: &[ExprId]) -> Option<Trigger> {
        let weights = self.weights;
        let weight = |trigger: &Trigger| -> u64 {
            trigger.iter().map(|(subject, pattern)| weights[subject.0 as usize][pattern.0 as usize]).sum()
        };
        operands.iter().filter_map(|id| self.trigger(*id)).min_by_key(weight)
    }

    fn trigger(&mut self, id: ExprId) -> Option<Trigger> {
        let trigger = match self.known.get(&id) {
            Some(known) => known.clone(),
            None => {
                let trigger = self.compute(id);
                self.known.insert(id, trigger.clone());
                trigger
            }
        }?;
        self.room = self.room.saturating_sub(1 + trigger.len());
        (self.room > 0).then_some(trigger)
    }

    fn compute(&mut self, id: ExprId) -> Option<Trigger> {
        match self.program.node(id) {
            Node::And(operands) => self.best(operands),
            Node::Or(operands) => {
                let all: Option<Vec<Trigger>> = operands.iter().map(|o| self.trigger(*o)).collect();
                let mut patterns = all?.concat();
                patterns.sort_unstable();
                patterns.dedup();
                Some(patterns)
            }
            Node::Constant(Value::Bool(false) | Value::Null) => Some(Vec::new()),
            Node::Hit { subject, patterns, all } => {
                let weights = &self.weights[subject.0 as usize];
                let each = patterns.iter().map(|pattern| (*subject, *pattern));
                match all {
                    true => each.min_by_key(|(_, pattern)| weights[pattern.0 as usize]).map(|one| vec![one]),
                    false => Some(each.collect()),
                }
            }
            _ => None,
        }
    }
}
