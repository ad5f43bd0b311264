//! `declare pattern`: tables by the values that they are asked with.
//!
//! <https://learn.microsoft.com/kusto/query/pattern-statement>

use std::rc::Rc;

use super::function::Lambda;
use super::scope::{Scope, Tabular};
use super::{Binder, Meaning};
use crate::diagnostic::Span;
use crate::kql::ast::{Argument, Expr, Name, Pattern, Step};
use crate::value::convert;

/// A pattern, its values known.
pub(super) struct Declared {
    has_path: bool,
    count: usize,
    cases: Vec<Case>,
}

struct Case {
    values: Vec<String>,
    path: Option<String>,
    lambda: Lambda,
}

impl Binder<'_> {
    pub(super) fn declare_pattern(&mut self, pattern: &Pattern) {
        let mut cases = Vec::with_capacity(pattern.cases.len());
        for case in &pattern.cases {
            let values: Option<Vec<String>> = case.values.iter().map(|value| self.literal_text(value)).collect();
            let Some(values) = values else { return };
            let path = match &case.path {
                None => None,
                Some(path) => match self.literal_text(path) {
                    Some(path) => Some(path),
                    None => return,
                },
            };
            if values.len() != pattern.parameters.len() || path.is_some() != pattern.has_path {
                let message =
                    format!("a line of the pattern '{}' has other values than it declares", pattern.name.text);
                self.error("KS119", pattern.name.span, message);
                return;
            }
            let Some(lambda) = self.lambda_of(&pattern.name, &pattern.parameters, &case.body) else { return };
            cases.push(Case { values, path, lambda });
        }
        let declared = Declared { has_path: pattern.has_path, count: pattern.parameters.len(), cases };
        self.lets.insert(pattern.name.text.clone(), Meaning::Pattern(Rc::new(declared)));
    }

    /// The table that a pattern has for a call, if the name is one of a pattern.
    pub(super) fn pattern_table(
        &mut self,
        name: &Name,
        arguments: &[Argument],
        path: Option<&Step>,
        span: Span,
    ) -> Option<Option<Tabular>> {
        let Some(Meaning::Pattern(declared)) = self.lets.get(&name.text) else { return None };
        let declared = Rc::clone(declared);
        Some(self.matched(name, &declared, arguments, path, span))
    }

    fn matched(
        &mut self,
        name: &Name,
        declared: &Declared,
        arguments: &[Argument],
        path: Option<&Step>,
        span: Span,
    ) -> Option<Tabular> {
        let values = arguments.iter().map(|argument| self.literal_text(&argument.value)).collect::<Option<Vec<_>>>()?;
        let path = match path {
            None => None,
            Some(Step::Member(name)) => Some(name.text.clone()),
            Some(Step::Index(index)) => Some(self.literal_text(index)?),
        };
        let case = declared.cases.iter().find(|case| case.values == values && case.path == path);
        let Some(case) = case.filter(|_| values.len() == declared.count && path.is_some() == declared.has_path) else {
            let message = format!("the pattern '{}' has no table for these values", name.text);
            self.error("SEM0036", span, message);
            return None;
        };
        self.call_lambda(&case.lambda, arguments, span)
    }

    /// The text of a literal.
    fn literal_text(&mut self, expr: &Expr) -> Option<String> {
        let bound = self.scalar(expr, &mut Scope::Nothing);
        match bound.as_constant() {
            Some(value) => Some(convert::text(value).into_owned()),
            None => {
                if !bound.is_error() {
                    self.error("KS131", expr.span, "a value of a pattern must be a literal");
                }
                None
            }
        }
    }
}
