//! What must stand in a line for a detection to match: the literals that the gate looks for.
//!
//! For every boolean expression there may be a group of literals one of which occurs in the raw line whenever the
//! expression is true. Of a conjunction any operand's group will do, the rarest is taken; a disjunction needs one of every
//! operand. A group may promise too little, never too much: why that holds is argued in ARCHITECTURE.md, "The gate".

use super::ir::{ExprId, Node, Pattern, TableProgram};
use crate::schema::{Entry, ScalarType};
use crate::value::Value;

/// One of these must occur in the line, ASCII case aside. Lower case, each once.
pub type Group = Vec<String>;

/// Shorter runs occur everywhere.
const MIN_LENGTH: usize = 3;

/// What a subject's text is to the raw line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    /// A member's own text: every run of plain characters stands in the line, or is spelled with `\u` or `\/`.
    Member,
    /// The text of JSON that was parsed and written anew: that holds inside its strings, not of numbers and punctuation.
    Json,
}

/// The rarest group of a detection's filter.
pub fn of_filter(program: &TableProgram, filter: &[ExprId]) -> Option<Group> {
    filter.iter().filter_map(|id| group(program, *id)).min_by_key(weight)
}

/// The group of a table's records: without one of these no record is taken for one of this table. `None` if a record can be
/// that without naming anything.
pub fn of_table(program: &TableProgram, is_default: bool) -> Option<Group> {
    if is_default {
        return None;
    }
    let table = &program.table;
    let mut group: Vec<String> = vec![run(&table.name)?];
    for category in &table.categories {
        group.push(run(category)?);
    }
    for shape in &table.shapes {
        let members = shape.entries.iter().filter(|e| !matches!(e, Entry::Absent(_))).filter_map(|e| run(e.member()));
        group.push(members.max_by_key(String::len)?);
    }
    Some(reduced(group))
}

/// Leaves out what another literal of the group is a part of: where the longer one stands, the shorter one does.
pub fn reduced(mut group: Group) -> Group {
    group.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    let mut kept: Vec<String> = Vec::new();
    for literal in group {
        if !kept.iter().any(|shorter| literal.contains(shorter.as_str())) {
            kept.push(literal);
        }
    }
    kept
}

fn group(program: &TableProgram, id: ExprId) -> Option<Group> {
    match program.node(id) {
        Node::And(operands) => of_filter(program, operands),
        Node::Or(operands) => {
            let groups: Option<Vec<Group>> = operands.iter().map(|o| group(program, *o)).collect();
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
                false => literals.collect::<Option<Vec<String>>>().map(reduced),
            }
        }
        _ => None,
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

fn literal(pattern: &Pattern, text: Text) -> Option<String> {
    let literal = run(&pattern.needle)?;
    // A number is written anew, and true, false and null may be: only a run that none of them has is inside a string.
    let may_be_scalar = |c: char| c.is_ascii_digit() || "+-.einfatyrusl".contains(c);
    (text == Text::Member || !literal.chars().all(may_be_scalar)).then_some(literal)
}

/// The longest run of characters that JSON has no short escape for but `\/`, in lower case.
fn run(needle: &str) -> Option<String> {
    let plain = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
    let longest = needle.split(|c| !plain(c)).max_by_key(|run| run.len())?;
    (longest.len() >= MIN_LENGTH).then(|| longest.to_ascii_lowercase())
}

/// How common a group is thought to be. A lone word (`success`, `filemodified`) is what logs are full of; a path, an
/// address or a phrase is not; a short literal is, whatever it is made of.
fn weight(group: &Group) -> u64 {
    group
        .iter()
        .map(|literal| {
            let is_word = literal.bytes().all(|b| b.is_ascii_alphanumeric());
            let word = if is_word { 100 } else { 1 };
            let short = match literal.len() {
                0..=3 => 1000,
                4..=5 => 10,
                _ => 1,
            };
            word * short
        })
        .sum()
}
