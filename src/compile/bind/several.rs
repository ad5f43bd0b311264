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
use crate::value::Value;
use crate::value::functions::{self, Callee, Function};

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
    (
        "series_fit_2lines",
        "series_fit_2lines_dynamic",
        &[
            ("rsquare", Real),
            ("split_idx", Long),
            ("variance", Real),
            ("rvariance", Real),
            ("line_fit", Dynamic),
            ("right.rsquare", Real),
            ("right.slope", Real),
            ("right.interception", Real),
            ("right.variance", Real),
            ("right.rvariance", Real),
            ("left.rsquare", Real),
            ("left.slope", Real),
            ("left.interception", Real),
            ("left.variance", Real),
            ("left.rvariance", Real),
        ],
    ),
    (
        "series_decompose",
        "series_decompose_dynamic",
        &[("baseline", Dynamic), ("seasonal", Dynamic), ("trend", Dynamic), ("residual", Dynamic)],
    ),
    ("series_periods_detect", "series_periods_detect_dynamic", &[("periods", Dynamic), ("scores", Dynamic)]),
    ("series_periods_validate", "series_periods_validate_dynamic", &[("periods", Dynamic), ("scores", Dynamic)]),
    (
        "series_decompose_anomalies",
        "series_decompose_anomalies_dynamic",
        &[("ad_flag", Dynamic), ("ad_score", Dynamic), ("baseline", Dynamic)],
    ),
];

/// The names of these functions, each with the function that gives the same as a bag.
pub fn several_columns() -> impl Iterator<Item = (&'static str, &'static Function)> {
    FUNCTIONS.iter().filter_map(|(name, bag, _)| Some((*name, functions::find(bag)?)))
}

fn find(name: &str) -> Option<&'static Several> {
    FUNCTIONS.iter().find(|(function, ..)| *function == name)
}

/// The names that are given to an item, and what they are given to.
fn names_and_call(item: &NamedExpr) -> (Vec<&Name>, &Expr) {
    match &item.value.kind {
        ExprKind::Unpack { names, value } => (names.iter().collect(), value),
        _ => (item.name.iter().collect(), &item.value),
    }
}

/// The same, if it is a call of one of these.
fn call_of(item: &NamedExpr) -> Option<(Vec<&Name>, &Expr, &'static Several)> {
    let (names, call) = names_and_call(item);
    match &call.kind {
        ExprKind::Call { name, .. } => Some((names, call, find(&name.text)?)),
        _ => None,
    }
}

/// Whether what has no name is left out.
fn is_cut(item: &NamedExpr, stay: bool) -> bool {
    stay && matches!(item.value.kind, ExprKind::Unpack { .. })
}

impl Binder<'_> {
    /// The columns of an item that calls one of these; `None` of any other. Where columns `stay`, as in `extend`, names in
    /// parentheses are all that there are; else what has no name gets its own.
    pub(super) fn several(&mut self, leg: &mut LegScope, item: &NamedExpr, stay: bool) -> Option<Vec<(String, Bound)>> {
        if let Some(sorted) = self.sorted_arrays(leg, item, stay) {
            return Some(sorted);
        }
        let (names, call, (function, gives_bag, members)) = call_of(item)?;
        let cut = is_cut(item, stay);
        let ExprKind::Call { arguments, .. } = &call.kind else { return None };
        if let Some(extra) = names.get(members.len()) {
            self.error("KS150", extra.span, "there are more names than columns");
        }
        let first = arguments.first().and_then(|argument| inferred_name(&argument.value)).unwrap_or_default();
        let bag = self.bag_of(leg, gives_bag, call);
        let columns = members.iter().enumerate().filter_map(|(at, (member, ty))| {
            let name = match names.get(at) {
                Some(name) => name.text.clone(),
                None if !cut => format!("{function}_{first}_{}", member.replace('.', "_")),
                None => return None,
            };
            if bag.is_error() {
                return Some((name, Bound::error(call.span)));
            }
            let value = member.split('.').fold(bag.clone(), |bag, member| {
                let kind = BoundKind::Member(Box::new(bag), member.to_owned());
                Bound { kind, ty: Dynamic, span: call.span }
            });
            Some((name, converted(value, *ty)))
        });
        Some(columns.collect())
    }

    /// `array_sort_asc(a, b, …)` of several arrays: a column for each.
    fn sorted_arrays(&mut self, leg: &mut LegScope, item: &NamedExpr, stay: bool) -> Option<Vec<(String, Bound)>> {
        let (names, call) = names_and_call(item);
        let ExprKind::Call { name, arguments } = &call.kind else { return None };
        let last = arguments.last().filter(|_| arguments.len() > 1)?;
        let function = ["array_sort_asc", "array_sort_desc"].into_iter().find(|function| *function == name.text)?;
        let has_flag = self.scalar(&last.value, &mut Scope::Row(leg)).ty == ScalarType::Bool;
        let count = arguments.len() - usize::from(has_flag);
        if count < 2 {
            return None;
        }
        if let Some(extra) = names.get(count) {
            self.error("KS150", extra.span, "there are more names than columns");
        }
        let arrays = self.bag_of(leg, function, call);
        let columns = (0..count).filter_map(|at| {
            let name = match names.get(at) {
                Some(name) => name.text.clone(),
                None if is_cut(item, stay) => return None,
                None => {
                    let own = inferred_name(&arguments[at].value).unwrap_or_else(|| format!("array{at}"));
                    format!("{own}_sorted")
                }
            };
            if arrays.is_error() {
                return Some((name, Bound::error(call.span)));
            }
            let index = Bound::constant(Value::Long(i64::try_from(at).ok()?), Long, call.span);
            let kind = BoundKind::Index(Box::new(arrays.clone()), Box::new(index));
            Some((name, Bound { kind, ty: Dynamic, span: call.span }))
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
