//! A table's program, run over one record.
//!
//! Nodes are evaluated when they are asked for, shared ones once; a subject's text is scanned when the first question
//! about it comes. So a record that fails a filter's first column costs no look at the others.

use super::cell;
use super::column::ColumnMatcher;
use super::index::Index;
use super::scratch::{Hits, Remembered, Scratch};
use crate::compile::ir::{ExprId, Node, SubjectId, TableProgram};
use crate::record::Record;
use crate::schema::ScalarType;
use crate::value::functions::Context;
use crate::value::list::has_list;
use crate::value::operators::{
    between, calculate, element, equal, listed, logical, matches, member, ordering, text_of, truth,
};
use crate::value::{Value, arithmetic, text};

/// One record, held against one table's program.
pub struct Evaluation<'v, 's> {
    program: &'v TableProgram,
    columns: &'v [ColumnMatcher],
    record: &'v Record<'v>,
    context: &'v Context,
    scratch: &'s mut Scratch,
    /// Values that are remembered, in the order in which they were computed.
    values: Vec<Value<'v>>,
}

impl<'v, 's> Evaluation<'v, 's> {
    /// Begins a record. `columns` are the automata of the program's subjects.
    pub fn new(
        program: &'v TableProgram,
        columns: &'v [ColumnMatcher],
        record: &'v Record<'v>,
        context: &'v Context,
        scratch: &'s mut Scratch,
    ) -> Self {
        scratch.begin(program.subjects.len(), program.memo_size);
        Evaluation { program, columns, record, context, scratch, values: Vec::new() }
    }

    /// Whether a filter holds: every conjunct is true; null is not.
    pub fn passes(&mut self, filter: &[ExprId]) -> bool {
        filter.iter().all(|id| self.truth(*id) == Some(true))
    }

    /// A node's truth, `None` for null.
    fn truth(&mut self, id: ExprId) -> Option<bool> {
        let program: &'v TableProgram = self.program;
        let node = program.node(id);
        let slot = match node {
            Node::And(_) | Node::Or(_) | Node::Not(_) => program.memo[id.0 as usize],
            Node::Hit { subject, patterns, all } => return Some(self.hits(*subject).answer(patterns, *all)),
            _ => return truth(&self.value(id)),
        };
        if let Some(Remembered::Truth(held)) = slot.and_then(|slot| self.scratch.remembered(slot)) {
            return held;
        }
        let held = match node {
            Node::And(list) => logical(list.iter().map(|id| self.truth(*id)), false),
            Node::Or(list) => logical(list.iter().map(|id| self.truth(*id)), true),
            Node::Not(operand) => self.truth(*operand).map(|b| !b),
            _ => None,
        };
        if let Some(slot) = slot {
            self.scratch.remember(slot, Remembered::Truth(held));
        }
        held
    }

    /// What stands in a subject's text, scanned when it is first asked for.
    fn hits(&mut self, subject: SubjectId) -> &Hits {
        let at = subject.0 as usize;
        if !self.scratch.is_scanned(subject) {
            let value = self.value(self.program.subjects[at].expr);
            self.columns[at].scan(&text_of(&value), self.scratch.scan(subject));
        }
        self.scratch.hits(subject)
    }

    /// The detections that the record can match, in order.
    pub fn candidates(&mut self, index: &Index) -> Vec<u32> {
        let mut candidates = std::mem::take(&mut self.scratch.candidates);
        index.candidates(|subject, each| self.hits(subject).found().iter().for_each(|hit| each(*hit)), &mut candidates);
        candidates
    }

    /// Gives the room of [`candidates`](Self::candidates) back.
    pub fn give_back(&mut self, candidates: Vec<u32>) {
        self.scratch.candidates = candidates;
    }

    /// A node's value.
    pub fn value(&mut self, id: ExprId) -> Value<'v> {
        let at = id.0 as usize;
        let slot = self.program.memo[at];
        match slot.and_then(|slot| self.scratch.remembered(slot)) {
            Some(Remembered::Truth(held)) => return held.into(),
            Some(Remembered::Value(place)) => return self.values[place as usize].clone(),
            None => {}
        }
        let value = match self.compute(id) {
            // There is no null string.
            Value::Null if self.program.types[at] == ScalarType::String => Value::string(""),
            value => value,
        };
        if let Some(slot) = slot {
            let what = match &value {
                Value::Null => Remembered::Truth(None),
                Value::Bool(held) => Remembered::Truth(Some(*held)),
                value => {
                    self.values.push(value.clone());
                    Remembered::Value(self.values.len() as u32 - 1)
                }
            };
            self.scratch.remember(slot, what);
        }
        value
    }

    fn compute(&mut self, id: ExprId) -> Value<'v> {
        let program: &'v TableProgram = self.program;
        match program.node(id) {
            Node::Constant(value) => value.clone(),
            Node::Slot(slot) => self.slot(*slot),
            Node::Member(base, name) => member(&self.value(*base), name),
            Node::Index(base, index) => element(&self.value(*base), &self.value(*index)),
            Node::And(_) | Node::Or(_) | Node::Not(_) | Node::Hit { .. } => self.truth(id).into(),
            Node::Case(arms) => self.case(arms),
            Node::Negate(operand) => arithmetic::negate(&self.value(*operand)),
            Node::Arithmetic(op, a, b) => {
                calculate(*op, &self.value(*a), &self.value(*b), program.types[id.0 as usize])
            }
            Node::Compare(op, a, b) => ordering(*op, &self.value(*a), &self.value(*b)),
            Node::Equal { negated, folded, operands: [a, b] } => {
                equal(*negated, *folded, &self.value(*a), &self.value(*b))
            }
            Node::Text(op, subject, needle) => {
                let (subject, needle) = (self.value(*subject), self.value(*needle));
                Value::Bool(text::evaluate(*op, &text_of(&subject), &text_of(&needle)))
            }
            Node::HasList { all, subject, needles } => {
                let needles: Vec<Value<'v>> = needles.iter().map(|needle| self.value(*needle)).collect();
                Value::Bool(has_list(&self.value(*subject), &needles, *all))
            }
            Node::In { folded, subject, items } => {
                let items: Vec<Value<'v>> = items.iter().map(|item| self.value(*item)).collect();
                let ty = program.types[subject.0 as usize];
                Value::Bool(listed(&self.value(*subject), ty, &items, *folded).is_some())
            }
            Node::Between { negated, operands: [a, low, high] } => {
                between(*negated, &self.value(*a), &self.value(*low), &self.value(*high))
            }
            Node::Regex(subject, regex) => Value::Bool(matches(regex, &self.value(*subject))),
            Node::Call(function, arguments) => {
                let arguments: Vec<Value<'v>> = arguments.iter().map(|a| self.value(*a)).collect();
                function.run(self.context, &arguments)
            }
        }
    }

    /// The first arm whose condition is true; the last one stands alone.
    fn case(&mut self, arms: &[ExprId]) -> Value<'v> {
        let (pairs, otherwise) = arms.as_chunks::<2>();
        for [condition, value] in pairs {
            if self.truth(*condition) == Some(true) {
                return self.value(*value);
            }
        }
        if let [otherwise] = otherwise {
            return self.value(*otherwise);
        }
        Value::Null
    }

    fn slot(&mut self, slot: usize) -> Value<'v> {
        let column = &self.program.columns[slot];
        let cell = self.record.cell(slot);
        cell::typed(cell, column.ty, self.record.max_depth()).unwrap_or_else(|| {
            self.scratch.mistyped.push(cell::Mistyped {
                column: column.name.clone(),
                expected: column.ty,
                found: cell::excerpt(cell),
            });
            Value::missing(column.ty)
        })
    }
}
