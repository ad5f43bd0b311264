//! Functions that give several columns in `extend` and `project`: `(a, b) = series_stats(x)`.
//!
//! Each is a function that gives a bag, and the columns are members of it. With names there are as many columns as names;
//! without, each is named after the function, its argument and the member.

use super::Binder;
use super::names::inferred_name;
use super::plugin::converted;
use super::scope::{LegScope, Scope};
use crate::compile::bound::{Bound, BoundKind};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Expr, ExprKind, Name, NamedExpr};
use crate::schema::ScalarType::{self, Dynamic, Long, Real};
use crate::value::functions::{self, Callee};

/// A function, the one that gives the bag, and the members in order with their types.
type Several = (&'static str, &'static str, &'static [(&'static str, ScalarType)]);

const FUNCTIONS: &[Several] = &[
    (
        "series_stats",
        "series_stats_dynamic",
        &[
            ("min", Real),
            ("min_idx", Long),
            ("max", Real),
            ("max_idx", Long),
            ("avg", Real),
            ("stdev", Real),
            ("variance", Real),
        ],
    ),
    (
        "series_fit_line",
        "series_fit_line_dynamic",
        &[
            ("rsquare", Real),
            ("slope", Real),
            ("variance", Real),
            ("rvariance", Real),
            ("interception", Real),
            ("line_fit", Dynamic),
        ],
    ),
];

fn find(name: &str) -> Option<&'static Several> {
    FUNCTIONS.iter().find(|(function, ..)| *function == name)
}

/// The names that are given to a call, if it is one of these.
fn call_of(item: &NamedExpr) -> Option<(Vec<&Name>, &Expr, &'static Several)> {
    let (names, call): (Vec<&Name>, &Expr) = match &item.value.kind {
        ExprKind::Unpack { names, value } => (names.iter().collect(), value),
        _ => (item.name.iter().collect(), &item.value),
    };
    match &call.kind {
        ExprKind::Call { name, .. } => Some((names, call, find(&name.text)?)),
        _ => None,
    }
}

impl Binder<'_> {
    /// The columns of an item that calls one of these; `None` of any other.
    pub(super) fn several(&mut self, leg: &mut LegScope, item: &NamedExpr) -> Option<Vec<(String, Bound)>> {
        let (names, call, (function, gives_bag, members)) = call_of(item)?;
        let ExprKind::Call { arguments, .. } = &call.kind else { return None };
        if let Some(extra) = names.get(members.len()) {
            self.error("KS150", extra.span, "there are more names than columns");
        }
        let first = arguments.first().and_then(|argument| inferred_name(&argument.value)).unwrap_or_default();
        let bag = self.bag_of(leg, gives_bag, call);
        let columns = members.iter().enumerate().filter_map(|(at, (member, ty))| {
            let name = match (names.get(at), names.is_empty()) {
                (Some(name), _) => name.text.clone(),
                (None, true) => format!("{function}_{first}_{member}"),
                (None, false) => return None,
            };
            if bag.is_error() {
                return Some((name, Bound::error(call.span)));
            }
            let kind = BoundKind::Member(Box::new(bag.clone()), (*member).to_owned());
            Some((name, converted(Bound { kind, ty: Dynamic, span: call.span }, *ty)))
        });
        Some(columns.collect())
    }

    /// Refuses several names for what gives one value, or is not supported.
    pub(super) fn several_names(&mut self, value: &Expr, span: Span) {
        let refused = match &value.kind {
            ExprKind::Call { name, .. } => functions::refused(&name.text).map(|why| (name, why)),
            _ => None,
        };
        self.report(match refused {
            Some((name, why)) => {
                let message = format!("the function '{}' is not supported", name.text);
                Diagnostic::error("KT001", name.span, message).help(why)
            }
            None => Diagnostic::error("KT003", span, "several names for one value are supported in 'summarize' alone"),
        });
    }

    /// What the function gives, in a cell of its own: every column reads it.
    fn bag_of(&mut self, leg: &mut LegScope, function: &str, call: &Expr) -> Bound {
        let ExprKind::Call { arguments, .. } = &call.kind else { return Bound::error(call.span) };
        let arguments: Vec<Bound> =
            arguments.iter().map(|argument| self.scalar(&argument.value, &mut Scope::Row(leg))).collect();
        let Some(function) = functions::find(function) else { return Bound::error(call.span) };
        if arguments.iter().any(Bound::is_error) {
            return Bound::error(call.span);
        }
        let types: Vec<ScalarType> = arguments.iter().map(|a| a.ty).collect();
        let constants: Vec<_> = arguments.iter().map(Bound::as_constant).collect();
        match function.check(&types).and_then(|ty| Ok((ty, Callee::of(function, &constants)?))) {
            Ok((ty, callee)) => {
                let bag = Bound { kind: BoundKind::Call(callee, arguments), ty, span: call.span };
                let bag = self.not_too_deep(leg, bag);
                let cell = leg.assign_cell("", bag);
                Bound { kind: BoundKind::Cell(cell), ty, span: call.span }
            }
            Err((code, message)) => {
                self.error(code, call.span, message);
                Bound::error(call.span)
            }
        }
    }
}
