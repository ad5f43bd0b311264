//! What must stand in a line for a detection to match: the literals that the gate looks for.
//!
//! For every boolean expression there may be a group of literals one of which occurs in the raw line whenever the
//! expression is true. Of a conjunction any operand's group will do, the rarest is taken; a disjunction needs one of every
//! operand. A group may promise too little, never too much: why that holds is argued in ARCHITECTURE.md, "The gate".

use std::collections::HashMap;

use super::ir::{ExprId, Node, Pattern, PatternKind, TableProgram};
use crate::schema::{Entry, ScalarType};
use crate::value::Value;

/// One of these must occur in the line, ASCII case aside. Each once.
pub type Group = Vec<Literal>;

/// A text to look for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Literal {
    /// In lower case.
    pub text: String,
    /// How common it is thought to be in logs; 1 is rare.
    pub weight: u64,
}

/// Shorter runs occur everywhere.
const MIN_LENGTH: usize = 3;

/// A group is reduced by holding each of its literals against each; a larger one is too large for a gate anyway.
const MAX_COMPARED: usize = 200;

/// How many literals are gone through to find one detection's group. Shared expressions make a tree of any size out of a
/// short query, and a group that large is of no use to a gate: behind this, what is left to look at promises nothing.
const MAX_LOOKED_AT: usize = 1_000_000;

/// What a subject's text is to the raw line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    /// A member's own text: every run of plain characters stands in the line, or is spelled with `\u` or `\/`.
    Member,
    /// The text of JSON that was parsed and written anew: that holds within one of its strings, not of numbers, nor of
    /// punctuation, around which a line may have white space.
    Json,
}

/// The rarest group of a detection's filter.
pub fn of_filter(program: &TableProgram, filter: &[ExprId]) -> Option<Group> {
    Search { program, known: HashMap::new(), room: MAX_LOOKED_AT }.rarest(filter)
}

/// The group of a table's records: without one of these no record is taken for one of this table. `None` if a record can be
/// that without naming anything.
pub fn of_table(program: &TableProgram, is_default: bool) -> Option<Group> {
    if is_default {
        return None;
    }
    let table = &program.table;
    let named = |name: &str| run(name).map(|text| Literal { weight: weight_of(&text, true), text });
    let mut group: Group = vec![named(&table.name)?];
    for category in &table.categories {
        group.push(named(category)?);
    }
    for shape in &table.shapes {
        let members = shape.entries.iter().filter(|e| !matches!(e, Entry::Absent(_))).filter_map(|e| named(e.member()));
        group.push(members.max_by_key(|l| l.text.len())?);
    }
    Some(reduced(group))
}

/// Leaves out what another literal of the group is a part of: where the longer one stands, the shorter one does.
pub fn reduced(mut group: Group) -> Group {
    group.sort_by(|a, b| (a.text.len(), a).cmp(&(b.text.len(), b)));
    if group.len() > MAX_COMPARED {
        group.dedup();
        return group;
    }
    let mut kept: Group = Vec::new();
    for literal in group {
        if !kept.iter().any(|shorter| literal.text.contains(&shorter.text)) {
            kept.push(literal);
        }
    }
    kept
}

/// The look at one detection's filter.
struct Search<'p> {
    program: &'p TableProgram,
    /// The groups of expressions that were looked at: one may be used in many places.
    known: HashMap<ExprId, Option<Group>>,
    /// How many literals may still be gone through.
    room: usize,
}

impl Search<'_> {
    fn rarest(&mut self, operands: &[ExprId]) -> Option<Group> {
        operands.iter().filter_map(|id| self.group(*id)).min_by_key(weight)
    }

    fn group(&mut self, id: ExprId) -> Option<Group> {
        let group = match self.known.get(&id) {
            Some(known) => known.clone(),
            None => {
                let group = self.compute(id);
                self.known.insert(id, group.clone());
                group
            }
        }?;
        self.room = self.room.saturating_sub(1 + group.len());
        (self.room > 0).then_some(group)
    }

    fn compute(&mut self, id: ExprId) -> Option<Group> {
        let program = self.program;
        match program.node(id) {
            Node::And(operands) => self.rarest(operands),
            Node::Or(operands) => {
                let groups: Option<Vec<Group>> = operands.iter().map(|o| self.group(*o)).collect();
                groups.map(|groups| reduced(groups.concat()))
            }
            // A constant false never holds, so it asks for nothing.
            Node::Constant(Value::Bool(false) | Value::Null) => Some(Vec::new()),
            Node::Hit { subject, patterns, all } => {
                let subject = &program.subjects[subject.0 as usize];
                let text = text_of(program, subject.expr)?;
                let literals = patterns.iter().map(|p| literal(&subject.patterns[p.0 as usize], text));
                match all {
                    true => literals.flatten().map(|l| vec![l]).min_by_key(weight),
                    false => literals.collect::<Option<Group>>().map(reduced),
                }
            }
            _ => None,
        }
    }
}

/// How an expression's text relates to the line, if it stands there at all.
fn text_of(program: &TableProgram, id: ExprId) -> Option<Text> {
    match program.node(id) {
        Node::Slot(slot) => match program.columns[*slot].ty {
            ScalarType::String => Some(Text::Member),
            ScalarType::Dynamic => Some(Text::Json),
            _ => None,
        },
        Node::Member(base, _) | Node::Index(base, _) => text_of(program, *base).map(|_| Text::Json),
        Node::Call(function, arguments) => match (function.name, arguments.as_slice()) {
            ("tostring", [operand]) => text_of(program, *operand),
            ("parse_json" | "todynamic" | "parsejson", [operand]) => text_of(program, *operand).map(|_| Text::Json),
            _ => None,
        },
        _ => None,
    }
}

fn literal(pattern: &Pattern, text: Text) -> Option<Literal> {
    let literal = run(&pattern.needle)?;
    // A run has no quote. So it lies within one string if a single one of its characters cannot stand outside of strings,
    // as those of numbers, of true, false, null, NaN and Infinity, and of punctuation can.
    let may_be_outside = |c: char| c.is_ascii_digit() || "+-.einfatyrusl{}[]:,".contains(c);
    let stands = text == Text::Member || !literal.chars().all(may_be_outside);
    let is_value = pattern.kind == PatternKind::Equals;
    stands.then(|| Literal { weight: weight_of(&literal, is_value), text: literal })
}

/// The longest run of characters that JSON has no short escape for but `\/`, in lower case.
fn run(needle: &str) -> Option<String> {
    let plain = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
    let longest = needle.split(|c| !plain(c)).max_by_key(|run| run.len())?;
    (longest.len() >= MIN_LENGTH).then(|| longest.to_ascii_lowercase())
}

fn weight(group: &Group) -> u64 {
    group.iter().map(|literal| literal.weight).sum()
}

/// A guess. A word that is a column's whole value (`success`, `filemodified`) is what logs are full of; a word that a rule
/// looks for inside a text is less so, a path, an address or a phrase hardly at all. A file's extension is everywhere, and
/// so is a short literal, whatever it is made of.
pub fn weight_of(literal: &str, is_value: bool) -> u64 {
    let is_word = literal.bytes().all(|b| b.is_ascii_alphanumeric());
    match literal.len() {
        0..=3 => 1000,
        4..=5 if literal.starts_with('.') => 200,
        _ if is_word && is_value => 100,
        4..=5 => 50,
        6..=7 if is_word => 30,
        _ if is_word => 5,
        _ => 1,
    }
}
