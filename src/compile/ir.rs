//! What the matcher runs: for each table one flat program, shared by every rule that reads the table.
//!
//! Expressions are nodes with ids, in an order in which operands come first. The same expression is one node, whichever
//! rules it stands in, so it is computed once a record. String predicates with constant needles are not nodes with
//! needles but questions to a *subject*: the text of one expression, scanned once by the automaton of its patterns.

use std::sync::Arc;

use super::bound::{BoundQuery, Cell};
use crate::kql::ast::{BinaryOp, TextKind, TextOp};
use crate::schema::{Column, ScalarType, Table};
use crate::value::Value;
use crate::value::functions::Callee;

/// An expression of a table's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprId(pub u32);

/// A text that patterns are looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubjectId(pub u32);

/// A pattern of one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatternId(pub u32);

/// Everything that is asked of one table's records.
#[derive(Debug)]
pub struct TableProgram {
    /// The table.
    pub table: Arc<Table>,
    /// The columns that are decoded; slot `i` of a record is `columns[i]`.
    pub columns: Vec<Column>,
    /// The slot of the event's time, where the table has one.
    pub time_slot: Option<usize>,
    /// Operands before what uses them.
    pub nodes: Vec<Node>,
    /// The type of each node's value.
    pub types: Vec<ScalarType>,
    /// Where a node's value is remembered, if that is worth it: it is used more than once and not free.
    pub memo: Vec<Option<u32>>,
    /// How many values are remembered.
    pub memo_size: usize,
    /// The texts that are scanned.
    pub subjects: Vec<Subject>,
    /// What is looked for, in the order of rules and legs.
    pub detections: Vec<Detection>,
}

/// One leg of one rule.
#[derive(Debug)]
pub struct Detection {
    /// Index of the rule in its ruleset.
    pub rule: usize,
    /// Index of the leg in the rule's query.
    pub leg: usize,
    /// All must be true; the cheapest first.
    pub filter: Vec<ExprId>,
    /// What becomes of a record that passes.
    pub rest: Rest,
    /// For the plain evaluator: the slot of each cell of the leg that the table fills.
    pub slots: Vec<Option<usize>>,
}

/// What becomes of a record that passes a detection's filter.
#[derive(Debug)]
pub enum Rest {
    /// One result row.
    Row(Vec<ExprId>),
    /// The query is run over the record, and gives any number of rows: it takes the record apart, or joins it with rows
    /// that are known. Its columns are the leg's output.
    Query(Box<BoundQuery>),
    /// The record is a row of a table that the rule's query is run over when the input has ended.
    Collect {
        /// Which of the query's table legs, counted by [`super::each_table_leg`].
        place: usize,
        /// The leg's cells.
        cells: Vec<ExprId>,
    },
}

/// A text and what is looked for in it.
#[derive(Debug)]
pub struct Subject {
    /// The text.
    pub expr: ExprId,
    /// What people call it: a column's name, or the name that `extend` gave.
    pub name: String,
    /// Each once.
    pub patterns: Vec<Pattern>,
}

/// One question to a subject's text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// What to look for; never empty.
    pub needle: String,
    /// Where it must stand.
    pub kind: PatternKind,
    /// Whether case matters.
    pub case_sensitive: bool,
}

/// Where a needle must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PatternKind {
    /// As one of the string operators says.
    Text(TextKind),
    /// It is the whole text.
    Equals,
}

/// One expression.
#[derive(Clone, Debug)]
pub enum Node {
    /// A constant.
    Constant(Value<'static>),
    /// The value of a column.
    Slot(usize),
    /// A member of a bag.
    Member(ExprId, String),
    /// An element of an array.
    Index(ExprId, ExprId),
    /// Three-valued and.
    And(Vec<ExprId>),
    /// Three-valued or.
    Or(Vec<ExprId>),
    /// Three-valued not.
    Not(ExprId),
    /// Whether the patterns were found in the subject: one of them, or all. Sorted.
    Hit {
        /// The text.
        subject: SubjectId,
        /// What is looked for.
        patterns: Vec<PatternId>,
        /// All of them.
        all: bool,
    },
    /// `case` and `iff`: condition, value, …, else
    Case(Vec<ExprId>),
    /// `-x`
    Negate(ExprId),
    /// `+ - * / %`
    Arithmetic(BinaryOp, ExprId, ExprId),
    /// `< <= > >=`
    Compare(BinaryOp, ExprId, ExprId),
    /// `==` and its like, where no pattern does it
    Equal {
        /// `!=`
        negated: bool,
        /// `=~`
        folded: bool,
        /// Operands.
        operands: [ExprId; 2],
    },
    /// A string operator whose needle is not a constant
    Text(TextOp, ExprId, ExprId),
    /// `has_any`, `has_all` with a needle that is not a constant
    HasList {
        /// `has_all`
        all: bool,
        /// The text.
        subject: ExprId,
        /// The needles.
        needles: Vec<ExprId>,
    },
    /// `in`, where no pattern does it
    In {
        /// `in~`
        folded: bool,
        /// The value.
        subject: ExprId,
        /// The list.
        items: Vec<ExprId>,
    },
    /// `between`
    Between {
        /// `!between`
        negated: bool,
        /// Value, low, high.
        operands: [ExprId; 3],
    },
    /// `matches regex`
    Regex(ExprId, Arc<regex::Regex>),
    /// A scalar function
    Call(Callee, Vec<ExprId>),
}

impl Node {
    /// Calls `each` with every operand.
    pub fn operands(&self, each: &mut dyn FnMut(ExprId)) {
        match self {
            Node::Constant(_) | Node::Slot(_) | Node::Hit { .. } => {}
            Node::Member(a, _) | Node::Not(a) | Node::Negate(a) | Node::Regex(a, _) => each(*a),
            Node::Index(a, b) | Node::Arithmetic(_, a, b) | Node::Compare(_, a, b) | Node::Text(_, a, b) => {
                each(*a);
                each(*b);
            }
            Node::Equal { operands, .. } => operands.iter().for_each(|o| each(*o)),
            Node::Between { operands, .. } => operands.iter().for_each(|o| each(*o)),
            Node::And(list) | Node::Or(list) | Node::Case(list) | Node::Call(_, list) => {
                list.iter().for_each(|o| each(*o))
            }
            Node::HasList { subject, needles: list, .. } | Node::In { subject, items: list, .. } => {
                each(*subject);
                list.iter().for_each(|o| each(*o));
            }
        }
    }
}

impl TableProgram {
    /// The node of that id.
    pub fn node(&self, id: ExprId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// For each slot, whether a record's value there has a part in whether the record matches. What is only shown of one that
    /// does has none; a query over the record is a part of it whole.
    pub fn deciding(&self) -> Vec<bool> {
        let mut slots = vec![false; self.columns.len()];
        let mut seen = vec![false; self.nodes.len()];
        let mut open: Vec<ExprId> = Vec::new();
        for detection in &self.detections {
            open.extend(&detection.filter);
            if !matches!(detection.rest, Rest::Row(_)) {
                detection.slots.iter().flatten().for_each(|slot| slots[*slot] = true);
            }
        }
        while let Some(id) = open.pop() {
            if std::mem::replace(&mut seen[id.0 as usize], true) {
                continue;
            }
            let node = self.node(id);
            match node {
                Node::Slot(slot) => slots[*slot] = true,
                Node::Hit { subject, .. } => open.push(self.subjects[subject.0 as usize].expr),
                _ => node.operands(&mut |operand| open.push(operand)),
            }
        }
        slots
    }
}

/// The slots of a leg's cells among a program's columns.
pub(crate) fn slots_of(cells: &[Cell], columns: &[Column]) -> Vec<Option<usize>> {
    cells.iter().map(|cell| cell.column().and_then(|s| columns.iter().position(|c| c.name == s.name))).collect()
}
