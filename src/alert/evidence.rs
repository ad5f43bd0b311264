//! Why a record matched: each positive string predicate of the filter that held.

use crate::compile::bind::text_name;
use crate::compile::bound::{Bound, BoundKind, Leg};
use crate::compile::plain::evaluate;
use crate::kql::ast::{TextKind, TextOp};
use crate::schema::ScalarType;
use crate::value::functions::Context;
use crate::value::operators::{for_each_item, text_of};
use crate::value::{Value, text};

/// One predicate that held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The column, or the expression as the rule has it.
    pub column: String,
    /// The operator as KQL writes it.
    pub operator: &'static str,
    /// What was found: the rule's needle; for a regular expression the text that it matched.
    pub value: String,
    /// Where it stands in the column's text, in characters from 0, as `substring()` counts them.
    pub offset: usize,
}

pub(super) struct Collector<'l> {
    leg: &'l Leg,
    query: &'l str,
    pub(super) evidence: Vec<Evidence>,
}

impl<'l> Collector<'l> {
    pub(super) fn new(leg: &'l Leg, query: &'l str) -> Self {
        Collector { leg, query, evidence: Vec::new() }
    }

    /// Looks at what a true predicate is made of; what stands under a `not` or a `!` is no evidence.
    pub(super) fn walk<'v>(&mut self, predicate: &'v Bound, row: &[Value<'v>], context: &Context) {
        let of = |b: &'v Bound| evaluate(b, row, context);
        match &predicate.kind {
            BoundKind::And(list) => list.iter().for_each(|b| self.walk(b, row, context)),
            BoundKind::Or(list) => {
                for b in list {
                    if of(b).as_bool() == Some(true) {
                        self.walk(b, row, context);
                    }
                }
            }
            BoundKind::Text { op, subject, needle } if !op.negated => {
                self.needle(subject, text_name(*op), *op, &of(subject), &of(needle));
            }
            BoundKind::HasList { all, subject, needles } => {
                let op = TextOp { kind: TextKind::Has, case_sensitive: false, negated: false };
                let name = if *all { "has_all" } else { "has_any" };
                let haystack = of(subject);
                for needle in needles {
                    for_each_item(&of(needle), &mut |item| self.needle(subject, name, op, &haystack, item));
                }
            }
            BoundKind::In { folded, negated: false, subject, items } if is_text(subject) => {
                let value = of(subject);
                let found = text_of(&value);
                let mut held = None;
                for item in items {
                    for_each_item(&of(item), &mut |item| {
                        let item = text_of(item);
                        if *item == *found || (*folded && item.eq_ignore_ascii_case(&found)) {
                            held.get_or_insert_with(|| item.into_owned());
                        }
                    });
                }
                if let Some(item) = held {
                    self.push(subject, if *folded { "in~" } else { "in" }, item, 0);
                }
            }
            BoundKind::Equal { negated: false, folded, left, right } if is_text(left) && is_text(right) => {
                let (subject, other) = if left.as_constant().is_some() { (right, left) } else { (left, right) };
                self.push(subject, if *folded { "=~" } else { "==" }, text_of(&of(other)).into_owned(), 0);
            }
            BoundKind::Regex(subject, regex) => {
                let value = of(subject);
                let haystack = text_of(&value);
                if let Some(found) = regex.find(&haystack) {
                    let offset = haystack[..found.start()].chars().count();
                    self.push(subject, "matches regex", found.as_str().to_owned(), offset);
                }
            }
            _ => {}
        }
    }

    fn needle(&mut self, subject: &Bound, name: &'static str, op: TextOp, haystack: &Value<'_>, needle: &Value<'_>) {
        let (haystack, needle) = (text_of(haystack), text_of(needle));
        if let Some(at) = text::find(op, &haystack, &needle) {
            self.push(subject, name, needle.into_owned(), haystack[..at].chars().count());
        }
    }

    fn push(&mut self, subject: &Bound, operator: &'static str, value: String, offset: usize) {
        let column = match &subject.kind {
            BoundKind::Cell(cell) => self.leg.cells[cell.index()].name.clone(),
            _ => self.query.get(subject.span.start..subject.span.end).unwrap_or_default().to_owned(),
        };
        let evidence = Evidence { column, operator, value, offset };
        if !self.evidence.contains(&evidence) {
            self.evidence.push(evidence);
        }
    }
}

fn is_text(bound: &Bound) -> bool {
    matches!(bound.ty, ScalarType::String | ScalarType::Dynamic)
}
