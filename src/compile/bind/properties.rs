//! `set name = value`, and what is computed by it; `assert()`, and what a row weighs.

use super::Binder;
use super::plugin::converted;
use super::scope::Scope;
use crate::compile::bound::{Bound, BoundKind};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Argument, BinaryOp, Expr, ExprKind, Name};
use crate::schema::ScalarType;
use crate::value::functions::{self, Callee};
use crate::value::{Value, convert};

/// Functions that are bound apart, for who asks whether a name is known.
pub(super) const NAMES: &[&str] = &["assert", "bin_auto", "estimate_data_size"];

/// The most columns that `estimate_data_size` adds up; no table has as many.
const MAX_COLUMNS: usize = 2000;

impl Binder<'_> {
    pub(super) fn set_property(&mut self, name: &Name, value: &Expr) {
        let bound = self.scalar(value, &mut Scope::Nothing);
        self.properties.insert(name.text.clone(), bound);
    }

    /// `bin_auto(value)`: <https://learn.microsoft.com/kusto/query/bin-auto-function>
    pub(super) fn bin_auto(&mut self, arguments: &[Argument], scope: &mut Scope<'_>, span: Span) -> Bound {
        let [value] = arguments else {
            self.error("KS119", span, format!("bin_auto() takes 1 argument, not {}.", arguments.len()));
            return Bound::error(span);
        };
        let value = self.scalar(&value.value, scope);
        let Some(size) = self.properties.get("query_bin_auto_size").cloned() else {
            let message = "'bin_auto' rounds by what the query has set, and it has set nothing";
            self.report(
                Diagnostic::error("KT003", span, message).help("set query_bin_auto_size = 1h; stands before it"),
            );
            return Bound::error(span);
        };
        let at = self.properties.get("query_bin_auto_at").cloned();
        let name = if at.is_some() { "bin_at" } else { "bin" };
        self.called(name, [value, size].into_iter().chain(at).collect(), span)
    }

    /// `assert(condition, message)`: <https://learn.microsoft.com/kusto/query/assert-function>
    pub(super) fn assertion(&mut self, arguments: &[Argument], scope: &mut Scope<'_>, span: Span) -> Bound {
        let [condition, message] = arguments else {
            self.error("KS119", span, format!("assert() takes 2 arguments, not {}.", arguments.len()));
            return Bound::error(span);
        };
        let (condition, message) = (self.scalar(&condition.value, scope), self.scalar(&message.value, scope));
        if condition.is_error() || message.is_error() || !self.expect(&condition, ScalarType::Bool, "what is asserted")
        {
            return Bound::error(span);
        }
        match (condition.as_constant(), message.as_constant()) {
            (Some(Value::Bool(true)), Some(_)) => Bound { span, ..condition },
            (Some(_), Some(message)) => {
                let text = convert::text(message);
                self.error("KT021", span, format!("assert() has failed with message: '{text}'"));
                Bound::error(span)
            }
            _ => {
                self.error("KS129", span, "what assert() is given must be constants");
                Bound::error(span)
            }
        }
    }

    /// `estimate_data_size(column, …)`: <https://learn.microsoft.com/kusto/query/estimate-data-size-function>. Of a dynamic or a
    /// decimal it is not documented.
    pub(super) fn data_size(&mut self, arguments: &[Argument], scope: &mut Scope<'_>, span: Span) -> Bound {
        let Scope::Row(leg) = scope else {
            self.error("KS191", span, "estimate_data_size() is of the columns of a row, and here is none");
            return Bound::error(span);
        };
        let mut columns: Vec<Bound> = Vec::new();
        for argument in arguments {
            match &argument.value.kind {
                ExprKind::Star => {
                    columns.extend((0..leg.columns.len()).map(|at| {
                        let (cell, ty) = (leg.cell_of(at), leg.columns[at].ty);
                        Bound { kind: BoundKind::Cell(cell), ty, span }
                    }));
                }
                ExprKind::Name(name) => match leg.column(&name.text, name.span) {
                    Some(column) => columns.push(column),
                    None => {
                        self.error("KS142", name.span, format!("no column '{}' is in scope here", name.text));
                        return Bound::error(span);
                    }
                },
                _ => {
                    self.error("KS109", argument.value.span, "estimate_data_size() takes names of columns");
                    return Bound::error(span);
                }
            }
        }
        if columns.len() > MAX_COLUMNS {
            self.error("KT016", span, format!("estimate_data_size() takes {MAX_COLUMNS} columns at most"));
            return Bound::error(span);
        }
        let mut fixed = 0;
        let mut sizes: Vec<Bound> = Vec::new();
        for column in columns {
            fixed += match column.ty {
                ScalarType::Bool => 1,
                ScalarType::Int => 4,
                ScalarType::Long | ScalarType::Real | ScalarType::DateTime | ScalarType::TimeSpan => 8,
                ScalarType::Guid => 16,
                ScalarType::String => {
                    let size = converted(self.called("string_size", vec![column], span), ScalarType::Long);
                    sizes.push(size);
                    0
                }
                ScalarType::Dynamic | ScalarType::Decimal => {
                    self.error(
                        "KT003",
                        span,
                        format!("what a {} weighs in 'estimate_data_size' is not known", column.ty),
                    );
                    return Bound::error(span);
                }
            };
        }
        sizes.push(Bound::constant(Value::Long(fixed), ScalarType::Long, span));
        // Two by two: a sum of one after the other would be a tree as deep as there are columns.
        while sizes.len() > 1 {
            let mut pairs = std::mem::take(&mut sizes).into_iter();
            while let Some(a) = pairs.next() {
                sizes.push(match pairs.next() {
                    Some(b) => self.binary(BinaryOp::Add, span, a, b, span),
                    None => a,
                });
            }
        }
        sizes.pop().unwrap_or_else(|| Bound::error(span))
    }

    /// A call of a function of the table.
    fn called(&mut self, name: &str, arguments: Vec<Bound>, span: Span) -> Bound {
        if arguments.iter().any(Bound::is_error) {
            return Bound::error(span);
        }
        let Some(function) = functions::find(name) else { return Bound::error(span) };
        let types: Vec<ScalarType> = arguments.iter().map(|argument| argument.ty).collect();
        let constants: Vec<_> = arguments.iter().map(Bound::as_constant).collect();
        match function.check(&types).and_then(|ty| Ok((ty, Callee::of(function, &constants)?))) {
            Ok((ty, callee)) => Bound { kind: BoundKind::Call(callee, arguments), ty, span },
            Err((code, message)) => {
                self.error(code, span, message);
                Bound::error(span)
            }
        }
    }
}
