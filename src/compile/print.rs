//! A table's program in words: what `kqltap explain` shows, and what a test can hold still.

use std::fmt::{self, Display, Write as _};

use super::bind::{symbol, text_name};
use super::ir::{ExprId, Node, Pattern, PatternKind, TableProgram};
use crate::kql::ast::{BinaryOp, TextOp};
use crate::value::{Value, convert};

impl Display for ExprId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match (self.kind, self.case_sensitive) {
            (PatternKind::Equals, true) => "==",
            (PatternKind::Equals, false) => "=~",
            (PatternKind::Text(kind), case_sensitive) => text_name(TextOp { kind, case_sensitive, negated: false }),
        };
        write!(f, "{operator} {:?}", self.needle)
    }
}

impl TableProgram {
    /// What a subject is called: a column, an `extend`ed name, or its expression.
    pub fn subject_name(&self, subject: usize) -> String {
        let subject = &self.subjects[subject];
        if subject.name.is_empty() { self.words(subject.expr) } else { subject.name.clone() }
    }

    /// One node, its operands by their ids.
    pub fn words(&self, id: ExprId) -> String {
        let list = |ids: &[ExprId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self.node(id) {
            Node::Constant(value) => constant(value),
            Node::Slot(slot) => self.columns[*slot].name.clone(),
            Node::Member(base, name) => format!("{base}.{name}"),
            Node::Index(base, index) => format!("{base}[{index}]"),
            Node::And(ids) => format!("and {}", list(ids)),
            Node::Or(ids) => format!("or {}", list(ids)),
            Node::Not(operand) => format!("not {operand}"),
            Node::Hit { subject, patterns, all } => {
                let at = subject.0 as usize;
                let mut text = format!("{} {}", self.subject_name(at), if *all { "all of" } else { "one of" });
                for (i, pattern) in patterns.iter().enumerate() {
                    let separator = if i > 0 { ", " } else { " " };
                    let _ = write!(text, "{separator}{}", self.subjects[at].patterns[pattern.0 as usize]);
                }
                text
            }
            Node::Case(ids) => format!("case({})", list(ids)),
            Node::Negate(operand) => format!("-{operand}"),
            Node::Arithmetic(op, a, b) | Node::Compare(op, a, b) => format!("{a} {} {b}", symbol(*op)),
            Node::Equal { negated, folded, operands: [a, b] } => {
                let op = match (folded, negated) {
                    (true, _) => BinaryOp::EqualFolded { negated: *negated },
                    (false, true) => BinaryOp::NotEqual,
                    (false, false) => BinaryOp::Equal,
                };
                format!("{a} {} {b}", symbol(op))
            }
            Node::Text(op, a, b) => format!("{a} {} {b}", text_name(*op)),
            Node::HasList { all, subject, needles } => {
                format!("{subject} {} ({})", if *all { "has_all" } else { "has_any" }, list(needles))
            }
            Node::In { folded, subject, items } => {
                format!("{subject} {} ({})", if *folded { "in~" } else { "in" }, list(items))
            }
            Node::Between { negated, operands: [a, low, high] } => {
                format!("{a} {} ({low} .. {high})", if *negated { "!between" } else { "between" })
            }
            Node::Regex(subject, regex) => format!("{subject} matches regex {:?}", regex.as_str()),
            Node::Call(function, ids) => format!("{}({})", function.name, list(ids)),
        }
    }
}

impl Display for TableProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, _) in self.nodes.iter().enumerate() {
            let id = ExprId(at as u32);
            let memo = if self.memo[at].is_some() { "  (once a record)" } else { "" };
            writeln!(f, "    {:<5} {:9} {}{memo}", format!("{id}"), self.types[at].name(), self.words(id))?;
        }
        Ok(())
    }
}

fn constant(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Dynamic(_) => format!("dynamic({})", convert::text(value)),
        other => convert::text(other).into_owned(),
    }
}
