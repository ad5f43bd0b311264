//! Which detections a record can match at all.
//!
//! With many rules on a table most have no pattern that hits. Each detection is filed under a few patterns one of which
//! must hit for its filter to be true; after the columns have been scanned, only detections with a hit are evaluated. So
//! the cost of a record grows with what it contains, and hardly with the number of rules.

use crate::compile::ir::{ExprId, Node, PatternId, PatternKind, SubjectId, TableProgram};
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

/// Patterns one of which must hit, and how often that is thought to be.
struct Trigger {
    patterns: Vec<(SubjectId, PatternId)>,
    weight: u64,
}

impl Index {
    /// The index of a program's detections, or none if they are few.
    pub fn new(program: &TableProgram) -> Option<Index> {
        if program.detections.len() < MIN_DETECTIONS {
            return None;
        }
        let mut filed: Vec<Vec<Vec<u32>>> =
            program.subjects.iter().map(|s| vec![Vec::new(); s.patterns.len()]).collect();
        let mut always = Vec::new();
        for (at, detection) in program.detections.iter().enumerate() {
            match best(program, &detection.filter) {
                Some(trigger) => {
                    for (subject, pattern) in trigger.patterns {
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

fn best(program: &TableProgram, operands: &[ExprId]) -> Option<Trigger> {
    operands.iter().filter_map(|id| trigger(program, *id)).min_by_key(|t| t.weight)
}

fn trigger(program: &TableProgram, id: ExprId) -> Option<Trigger> {
    match program.node(id) {
        Node::And(operands) => best(program, operands),
        Node::Or(operands) => {
            let all: Option<Vec<Trigger>> = operands.iter().map(|o| trigger(program, *o)).collect();
            all.map(|all| Trigger {
                weight: all.iter().map(|t| t.weight).sum(),
                patterns: all.into_iter().flat_map(|t| t.patterns).collect(),
            })
        }
        Node::Constant(Value::Bool(false) | Value::Null) => Some(Trigger { patterns: Vec::new(), weight: 0 }),
        Node::Hit { subject, patterns, all } => {
            let known = &program.subjects[subject.0 as usize];
            let weight = |pattern: &PatternId| {
                let pattern = &known.patterns[pattern.0 as usize];
                weight_of(&pattern.needle.to_ascii_lowercase(), pattern.kind == PatternKind::Equals)
            };
            match all {
                true => patterns
                    .iter()
                    .map(|p| Trigger { patterns: vec![(*subject, *p)], weight: weight(p) })
                    .min_by_key(|t| t.weight),
                false => Some(Trigger {
                    weight: patterns.iter().map(weight).sum(),
                    patterns: patterns.iter().map(|p| (*subject, *p)).collect(),
                }),
            }
        }
        _ => None,
    }
}
