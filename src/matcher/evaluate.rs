//! A table's program, run over one record.
//!
//! Nodes are evaluated when they are asked for, shared ones once; a subject's text is scanned when the first question
//! about it comes. So a record that fails a filter's first column costs no look at the others.

use super::cell;
use super::column::ColumnMatcher;
use super::index::Index;
use crate::compile::ir::{ExprId, Node, PatternId, SubjectId, TableProgram};
use crate::record::Record;
use crate::schema::ScalarType;
use crate::value::functions::Context;
use crate::value::operators::{
    between, calculate, element, equal, for_each_item, listed, member, ordering, text_of, truth,
};
use crate::value::{Value, arithmetic, text};

/// What outlives a record: room for hits, by subject.
#[derive(Debug, Default)]
pub struct Scratch {
    hits: Vec<Hits>,
    /// Where memorised values lie between two records: always empty then, its room kept.
    memo: Vec<Option<Value<'static>>>,
    /// Detections of one record.
    candidates: Vec<u32>,
    /// Columns of the last record that did not fit their type.
    pub(super) mistyped: Vec<cell::Mistyped>,
}

#[derive(Debug, Default)]
struct Hits {
    scanned: bool,
    found: Vec<PatternId>,
}

/// One record, held against one table's program.
pub struct Evaluation<'v, 's> {
    program: &'v TableProgram,
    columns: &'v [ColumnMatcher],
    record: &'v Record<'v>,
    context: &'v Context,
    scratch: &'s mut Scratch,
    memo: Vec<Option<Value<'v>>>,
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
        scratch.mistyped.clear();
        scratch.hits.resize_with(program.subjects.len().max(scratch.hits.len()), Hits::default);
        scratch.hits.iter_mut().for_each(|hits| hits.scanned = false);
        // An empty vector is collected in place: the room goes from record to record, whatever their lifetimes.
        let mut memo: Vec<Option<Value<'v>>> = std::mem::take(&mut scratch.memo).into_iter().collect();
        memo.resize(program.memo_size, None);
        Evaluation { program, columns, record, context, scratch, memo }
    }

    /// Gives the scratch room back.
    pub fn finish(mut self) {
        self.memo.clear();
        self.scratch.memo = self.memo.into_iter().map(|_| None).collect();
    }

    /// Whether a filter holds: every conjunct is true; null is not.
    pub fn passes(&mut self, filter: &[ExprId]) -> bool {
        filter.iter().all(|id| self.truth(*id) == Some(true))
    }

    /// A node's truth, `None` for null.
    fn truth(&mut self, id: ExprId) -> Option<bool> {
        match self.program.node(id) {
            Node::And(list) => self.logical(list, false),
            Node::Or(list) => self.logical(list, true),
            Node::Not(operand) => self.truth(*operand).map(|b| !b),
            Node::Hit { subject, patterns, all } => Some(self.hit(*subject, patterns, *all)),
            _ => truth(&self.value(id)),
        }
    }

    fn logical(&mut self, list: &[ExprId], decides: bool) -> Option<bool> {
        let mut unknown = false;
        for id in list {
            match self.truth(*id) {
                Some(b) if b == decides => return Some(decides),
                Some(_) => {}
                None => unknown = true,
            }
        }
        (!unknown).then_some(!decides)
    }

    /// What stands in a subject's text, scanned when it is first asked for.
    fn hits(&mut self, subject: SubjectId) -> &[PatternId] {
        let at = subject.0 as usize;
        if !self.scratch.hits[at].scanned {
            let value = self.value(self.program.subjects[at].expr);
            let hits = &mut self.scratch.hits[at];
            hits.scanned = true;
            hits.found.clear();
            self.columns[at].scan(&text_of(&value), &mut hits.found);
        }
        &self.scratch.hits[at].found
    }

    /// The detections that the record can match, in order.
    pub fn candidates(&mut self, index: &Index) -> Vec<u32> {
        let mut candidates = std::mem::take(&mut self.scratch.candidates);
        index.candidates(|subject, each| self.hits(subject).iter().for_each(|hit| each(*hit)), &mut candidates);
        candidates
    }

    /// Gives the room of [`candidates`](Self::candidates) back.
    pub fn give_back(&mut self, candidates: Vec<u32>) {
        self.scratch.candidates = candidates;
    }

    fn hit(&mut self, subject: SubjectId, patterns: &[PatternId], all: bool) -> bool {
        // Hits are few; a list of patterns may be long.
        let found = self.hits(subject);
        match all {
            false => found.iter().any(|hit| patterns.binary_search(hit).is_ok()),
            true => patterns.iter().all(|pattern| found.contains(pattern)),
        }
    }

    /// A node's value.
    pub fn value(&mut self, id: ExprId) -> Value<'v> {
        let at = id.0 as usize;
        let memo = self.program.memo[at].map(|slot| slot as usize);
        if let Some(value) = memo.and_then(|slot| self.memo[slot].as_ref()) {
            return value.clone();
        }
        let value = match self.compute(id) {
            // There is no null string.
            Value::Null if self.program.types[at] == ScalarType::String => Value::string(""),
            value => value,
        };
        if let Some(slot) = memo {
            self.memo[slot] = Some(value.clone());
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
                let subject = self.value(*subject);
                let subject = text_of(&subject);
                let mut decided = *all;
                for needle in needles {
                    for_each_item(&self.value(*needle), &mut |item| {
                        let has = text::has(&subject, &text_of(item), true);
                        decided = if *all { decided && has } else { decided || has };
                    });
                }
                Value::Bool(decided)
            }
            Node::In { folded, subject, items } => {
                let items: Vec<Value<'v>> = items.iter().map(|item| self.value(*item)).collect();
                let ty = program.types[subject.0 as usize];
                Value::Bool(listed(&self.value(*subject), ty, &items, *folded))
            }
            Node::Between { negated, operands: [a, low, high] } => {
                between(*negated, &self.value(*a), &self.value(*low), &self.value(*high))
            }
            Node::Regex(subject, regex) => Value::Bool(regex.is_match(&text_of(&self.value(*subject)))),
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
        cell::typed(cell, column.ty).unwrap_or_else(|| {
            self.scratch.mistyped.push(cell::Mistyped {
                column: column.name.clone(),
                expected: column.ty,
                found: cell::excerpt(cell),
            });
            cell::missing(column.ty)
        })
    }
}
