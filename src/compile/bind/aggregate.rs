//! Aggregates: which columns a call of one becomes.

use super::feed::Feed;
use super::names::{aggregate_name, fragment, inferred_name};
use super::{Binder, properties, walk, window};
use crate::compile::bound::{Aggregate, AggregateFunction, Bound};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Argument, Expr, ExprKind, Name};
use crate::rows::aggregate;
use crate::schema::ScalarType;
use crate::value::functions;

/// An aggregate and the columns that it gives, with their names.
pub(super) struct Aggregated {
    pub(super) aggregate: Aggregate,
    pub(super) columns: Vec<(String, ScalarType)>,
}

/// Old names, and those that are the same over rows in memory.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("any", "take_any"),
    ("anyif", "take_anyif"),
    ("argmax", "arg_max"),
    ("argmin", "arg_min"),
    ("makelist", "make_list"),
    ("makeset", "make_set"),
    ("make_dictionary", "make_bag"),
    ("cnt", "count"),
];

/// The aggregate of that name.
pub(super) fn find(name: &str) -> Option<&'static AggregateFunction> {
    aggregate::find(name).or_else(|| {
        let (_, name) = OTHER_NAMES.iter().find(|(old, _)| *old == name)?;
        aggregate::find(name)
    })
}

/// Whether a call of that name is an aggregate, one that gives several columns among them.
pub(super) fn is_aggregate(name: &str) -> bool {
    find(name).is_some() || matches!(name, "percentiles" | "percentilesw")
}

impl Binder<'_> {
    /// Binds the call of an aggregate, whose arguments are read from `feed`. `keys` are the columns that rows are grouped by:
    /// `*` does not repeat them.
    pub(super) fn aggregates(&mut self, feed: &mut Feed, call: &Expr, keys: &[String]) -> Option<Vec<Aggregated>> {
        let ExprKind::Call { name, arguments } = &call.kind else { return None };
        let texts: Vec<&Expr> = arguments.iter().map(|a| &a.value).collect();
        let function = name.text.as_str();
        match (function, texts.as_slice()) {
            ("arg_max" | "arg_min" | "argmax" | "argmin", [_, ..]) => {
                self.extreme(feed, function, arguments, keys, call.span).map(|a| vec![a])
            }
            ("take_any" | "any", [_, _, ..] | [Expr { kind: ExprKind::Star, .. }]) => {
                let returned = self.returned(feed, arguments, keys, &[])?;
                let columns = returned.iter().map(|(name, bound)| (name.clone(), bound.ty)).collect();
                let arguments: Vec<Bound> = returned.into_iter().map(|(_, bound)| bound).collect();
                let taken = find("take_any")?;
                let ty = self.check_aggregate(taken, &arguments, call.span)?;
                Some(vec![Aggregated { aggregate: Aggregate { function: taken, arguments, ty }, columns }])
            }
            ("percentiles", [value, ranks @ ..]) if !ranks.is_empty() => {
                self.each_percentile(feed, "percentile", &[value], ranks, call.span)
            }
            ("percentilesw", [value, weight, ranks @ ..]) if !ranks.is_empty() => {
                self.each_percentile(feed, "percentilew", &[value, weight], ranks, call.span)
            }
            _ => {
                let Some(found) = find(function) else {
                    let message = format!("the aggregate '{function}' is not known");
                    let mut diagnostic = Diagnostic::error("KS123", name.span, message);
                    diagnostic.help = self.near(function, aggregate_names());
                    self.report(diagnostic);
                    return None;
                };
                let takes_numbers = matches!(
                    function,
                    "sum" | "sumif" | "avg" | "avgif" | "stdev" | "stdevif" | "variance" | "varianceif" | "percentile"
                );
                let ty = if takes_numbers { ScalarType::Real } else { ScalarType::String };
                let first = texts.first().map(|first| self.feed_as(feed, first, ty));
                let mut bounds: Vec<Bound> = first.into_iter().collect();
                bounds.extend(texts.iter().skip(1).map(|a| self.feed(feed, a)));
                let column = aggregate_name(function, &texts);
                self.aggregated(found, bounds, column, call.span).map(|a| vec![a])
            }
        }
    }

    /// A column for each percentile that is asked for.
    fn each_percentile(
        &mut self,
        feed: &mut Feed,
        function: &str,
        of: &[&Expr],
        ranks: &[&Expr],
        span: Span,
    ) -> Option<Vec<Aggregated>> {
        let of_bounds: Vec<Bound> = of.iter().map(|expr| self.feed(feed, expr)).collect();
        let value = of.first().and_then(|value| inferred_name(value)).unwrap_or_default();
        let mut all = Vec::new();
        for rank in ranks {
            let mut arguments = of_bounds.clone();
            arguments.push(self.feed(feed, rank));
            let column = format!("percentile_{value}_{}", fragment(rank));
            all.push(self.aggregated(find(function)?, arguments, column, span)?);
        }
        Some(all)
    }

    /// Says of a call in an item of `summarize` that there is no such function, before its arguments are called unknown
    /// columns; gives back whether it did.
    pub(super) fn is_unknown_aggregate(&mut self, item: &Expr) -> bool {
        let mut unknown: Option<&Name> = None;
        walk::each(item, &mut |expr| {
            if let ExprKind::Call { name, .. } = &expr.kind
                && !self.is_known_call(&name.text)
            {
                unknown.get_or_insert(name);
            }
            unknown.is_some()
        });
        let Some(name) = unknown else { return false };
        let message = format!("the function '{}' is not known, or not supported yet", name.text);
        let mut diagnostic = Diagnostic::error("KS143", name.span, message);
        let functions = functions::all().map(|f| f.name);
        diagnostic.help = self.near(&name.text, aggregate_names().chain(functions));
        self.report(diagnostic);
        true
    }

    fn is_known_call(&self, name: &str) -> bool {
        const BOUND_APART: &[&str] = &[
            "column_ifexists",
            "columnifexists",
            "pack_all",
            "bag_pack_columns",
            "column_names_of",
            "toscalar",
            "materialize",
        ];
        functions::find(name).is_some()
            || functions::refused(name).is_some()
            || BOUND_APART.contains(&name)
            || properties::NAMES.contains(&name)
            || window::NAMES.contains(&name)
            || self.lets.contains_key(name)
            || self.has_function(name)
    }

    fn aggregated(
        &mut self,
        function: &'static AggregateFunction,
        arguments: Vec<Bound>,
        column: String,
        span: Span,
    ) -> Option<Aggregated> {
        let ty = self.check_aggregate(function, &arguments, span)?;
        Some(Aggregated { aggregate: Aggregate { function, arguments, ty }, columns: vec![(column, ty)] })
    }

    fn check_aggregate(
        &mut self,
        function: &'static AggregateFunction,
        arguments: &[Bound],
        span: Span,
    ) -> Option<ScalarType> {
        if arguments.iter().any(Bound::is_error) {
            return None;
        }
        let types: Vec<ScalarType> = arguments.iter().map(|a| a.ty).collect();
        match function.result(&types) {
            Ok(ty) => Some(ty),
            Err((code, message)) => {
                self.error(code, span, message);
                None
            }
        }
    }

    /// `arg_max(value, returned, …)`: the value's column, and one for each that is returned with it.
    fn extreme(
        &mut self,
        feed: &mut Feed,
        function: &str,
        arguments: &[Argument],
        keys: &[String],
        span: Span,
    ) -> Option<Aggregated> {
        let (first, rest) = arguments.split_first()?;
        let value = self.feed(feed, &first.value);
        let texts: Vec<&Expr> = vec![&first.value];
        let found = find(function)?;
        let mut columns = vec![(aggregate_name(found.name, &texts), value.ty)];
        let shown: Vec<String> = match &first.value.kind {
            ExprKind::Name(name) => vec![name.text.clone()],
            _ => Vec::new(),
        };
        let mut bounds = vec![value];
        for (name, bound) in self.returned(feed, rest, keys, &shown)? {
            columns.push((name, bound.ty));
            bounds.push(bound);
        }
        let ty = self.check_aggregate(found, &bounds, span)?;
        Some(Aggregated { aggregate: Aggregate { function: found, arguments: bounds, ty }, columns })
    }

    /// What `take_any`, `arg_max` and `arg_min` return: columns, expressions, and with `*` all columns that are not shown yet.
    fn returned(
        &mut self,
        feed: &mut Feed,
        arguments: &[Argument],
        keys: &[String],
        shown: &[String],
    ) -> Option<Vec<(String, Bound)>> {
        let mut columns: Vec<(String, Bound)> = Vec::new();
        for (at, argument) in arguments.iter().enumerate() {
            if matches!(argument.value.kind, ExprKind::Star) {
                for at in 0..feed.input.legs[0].columns.len() {
                    let name = feed.input.legs[0].columns[at].name.clone();
                    let repeated =
                        keys.contains(&name) || shown.contains(&name) || columns.iter().any(|(n, _)| *n == name);
                    if !repeated {
                        columns.push((name, feed.column(at, argument.value.span)));
                    }
                }
                continue;
            }
            let bound = self.feed(feed, &argument.value);
            if bound.is_error() {
                return None;
            }
            let named = argument.name.as_ref().map(|n| n.text.clone());
            let name = named.or_else(|| inferred_name(&argument.value)).unwrap_or_else(|| format!("arg{at}"));
            columns.push((name, bound));
        }
        Some(columns)
    }
}

fn aggregate_names() -> impl Iterator<Item = &'static str> {
    OTHER_NAMES.iter().map(|(_, name)| *name).chain([
        "countif",
        "dcount",
        "sum",
        "sumif",
        "avg",
        "min",
        "max",
        "percentile",
    ])
}
