//! Why a record matched: each positive string predicate of the filter that held.

use std::ops::ControlFlow;

use crate::compile::bind::text_name;
use crate::compile::bound::{Bound, BoundKind, Leg};
use crate::compile::plain::evaluate;
use crate::kql::ast::{TextKind, TextOp};
use crate::value::Value;
use crate::value::functions::Context;
use crate::value::list::each_item;
use crate::value::operators::{listed, text_of};
use crate::value::text::{self, Haystack};

/// The most that one alert shows, the first in the order of the query. A list may have thousands of needles, and a text all
/// of them: each of these would be looked for in it, and counted to.
pub const MAX_EVIDENCE: usize = 100;

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
        if self.is_full() {
            return;
        }
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
                let value = of(subject);
                let text = text_of(&value);
                let needle = of(needle);
                let needle = text_of(&needle);
                if let Some(at) = text::find(*op, &text, &needle) {
                    self.push(subject, text_name(*op), needle.into_owned(), &text[..at]);
                }
            }
            BoundKind::HasList { all, subject, needles } => {
                let has = TextOp { kind: TextKind::Has, case_sensitive: false, negated: false };
                let name = if *all { "has_all" } else { "has_any" };
                let value = of(subject);
                let text = text_of(&value);
                let haystack = Haystack::new(&text);
                for needle in needles {
                    let _ = each_item(std::slice::from_ref(&of(needle)), &mut |item| {
                        let needle = text_of(item);
                        if let Some(at) = haystack.find(has, &needle) {
                            self.push(subject, name, needle.into_owned(), &text[..at]);
                        }
                        if self.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                    });
                }
            }
            BoundKind::In { folded, negated: false, subject, items } if subject.ty.is_text() => {
                let items: Vec<Value<'v>> = items.iter().map(of).collect();
                if let Some(item) = listed(&of(subject), subject.ty, &items, *folded) {
                    self.push(subject, if *folded { "in~" } else { "in" }, text_of(&item).into_owned(), "");
                }
            }
            BoundKind::Equal { negated: false, folded, left, right } if left.ty.is_text() && right.ty.is_text() => {
                let (subject, other) = if left.as_constant().is_some() { (right, left) } else { (left, right) };
                self.push(subject, if *folded { "=~" } else { "==" }, text_of(&of(other)).into_owned(), "");
            }
            BoundKind::Regex(subject, regex) => {
                let value = of(subject);
                let text = text_of(&value);
                if let Some(found) = regex.find(&text).filter(|_| !value.is_null()) {
                    self.push(subject, "matches regex", found.as_str().to_owned(), &text[..found.start()]);
                }
            }
            _ => {}
        }
    }

    fn is_full(&self) -> bool {
        self.evidence.len() >= MAX_EVIDENCE
    }

    /// `before` is what stands before the find in the subject's text.
    fn push(&mut self, subject: &Bound, operator: &'static str, value: String, before: &str) {
        if self.is_full() {
            return;
        }
        let column = match &subject.kind {
            BoundKind::Cell(cell) => self.leg.cells[cell.index()].name.clone(),
            _ => self.query.get(subject.span.start..subject.span.end).unwrap_or_default().to_owned(),
        };
        let evidence = Evidence { column, operator, value, offset: before.chars().count() };
        if !self.evidence.contains(&evidence) {
            self.evidence.push(evidence);
        }
    }
}
