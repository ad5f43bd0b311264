//! `summarize` and `count`.
//!
//! The operator computes keys and aggregates. What stands around an aggregate, as in `count() * 2`, is computed behind it:
//! each aggregate's value is a column that only this operator can name.

use std::collections::HashSet;

use super::aggregate::{Aggregated, is_aggregate};
use super::feed::Feed;
use super::names::{inferred_name, unique};
use super::scope::{LegScope, Place, Scope, ScopeColumn, Tabular};
use super::{Binder, Lifted, walk};
use crate::compile::bound::{Aggregate, Bound, OutputColumn, RowsKind};
use crate::diagnostic::Span;
use crate::kql::ast::{Expr, ExprKind, Name, NamedExpr};
use crate::schema::ScalarType;

/// Keys that rows are grouped by.
pub(super) struct Keys {
    pub(super) values: Vec<Bound>,
    pub(super) columns: Vec<OutputColumn>,
    /// Those that are columns of the input, by the names that they have there.
    pub(super) plain: Vec<String>,
}

/// The columns of a result so far.
struct Output {
    columns: Vec<ScopeColumn>,
    /// The names that nobody gave.
    implied: HashSet<String>,
}

impl Binder<'_> {
    pub(super) fn count(&mut self, table: Tabular, name: Option<&Name>, span: Span) -> Tabular {
        let name = name.map_or("Count", |name| name.text.as_str()).to_owned();
        let columns = vec![OutputColumn { name, ty: ScalarType::Long }];
        let input = Feed::of(table).finish();
        Tabular::of(self.rows(RowsKind::Count, input, columns, span, "count"))
    }

    pub(super) fn summarize(
        &mut self,
        table: Tabular,
        aggregates: &[NamedExpr],
        by: &[NamedExpr],
        span: Span,
    ) -> Option<Tabular> {
        let mut feed = Feed::of(table);
        let keys = self.keys(&mut feed, by);
        let mut computed: Vec<Aggregate> = Vec::new();
        let mut columns = keys.columns.clone();
        // For each written expression, the hidden columns that it is made of.
        let mut places: Vec<(Span, Vec<(usize, String)>)> = Vec::new();
        let mut good = true;
        for item in aggregates {
            let mut found: Vec<&Expr> = Vec::new();
            walk::each(&item.value, &mut |call| {
                let hit = matches!(&call.kind, ExprKind::Call { name, .. } if is_aggregate(&name.text));
                if hit {
                    found.push(call);
                }
                hit
            });
            if found.is_empty() && self.is_unknown_aggregate(&item.value) {
                good = false;
                continue;
            }
            for call in found {
                let Some(list) = self.aggregates(&mut feed, call, &keys.plain) else {
                    good = false;
                    continue;
                };
                let mut shown = Vec::new();
                for Aggregated { aggregate, columns: given } in list {
                    for (name, ty) in given {
                        shown.push((columns.len(), name));
                        columns.push(OutputColumn { name: hidden(columns.len()), ty });
                    }
                    computed.push(aggregate);
                }
                places.push((call.span, shown));
            }
        }
        if !good || keys.values.iter().any(Bound::is_error) {
            return None;
        }
        let visible = keys.columns.len();
        let kind = RowsKind::Summarize { by: keys.values, aggregates: computed };
        let mut leg = self.rows(kind, feed.finish(), columns, span, "summarize");
        let output: Vec<ScopeColumn> = leg.columns[..visible].to_vec();
        let lifted =
            places.iter().filter_map(|(span, shown)| shown.first().map(|(at, _)| (*span, Lifted::Column(hidden(*at)))));
        let outer = self.lifted.clone();
        self.lifted.extend(lifted);
        let mut output = Output { columns: output, implied: HashSet::new() };
        for item in aggregates {
            self.summarized(&mut leg, item, &places, &mut output);
        }
        let output = output.columns;
        self.lifted = outer;
        leg.columns = output;
        Some(Tabular::of(leg))
    }

    /// The columns of one written expression.
    fn summarized(
        &mut self,
        leg: &mut LegScope,
        item: &NamedExpr,
        places: &[(Span, Vec<(usize, String)>)],
        output: &mut Output,
    ) {
        let (value, names): (&Expr, Vec<&Name>) = match &item.value.kind {
            ExprKind::Unpack { names, value } => (value, names.iter().collect()),
            _ => (&item.value, item.name.iter().collect()),
        };
        let several = places.iter().find(|(span, shown)| *span == value.span && is_call(value) && !shown.is_empty());
        if let Some((_, shown)) = several {
            if let Some(extra) = names.get(shown.len()) {
                self.error("KS150", extra.span, "there are more names than columns");
            }
            for (n, (at, name)) in shown.iter().enumerate() {
                let given = names.get(n);
                let name = self.output_name(given.map(|g| (g.text.as_str(), g.span)), Some(name), output);
                output.columns.push(ScopeColumn { name, place: Place::Input(*at), ty: leg.columns[*at].ty });
            }
            return;
        }
        let value = self.scalar(&item.value, &mut Scope::Row(leg));
        let value = self.not_too_deep(leg, value);
        let given = item.name.as_ref().map(|n| (n.text.as_str(), n.span));
        let name = self.output_name(given, inferred_name(&item.value).as_deref(), output);
        let column = leg.assign(&name, value);
        output.columns.push(ScopeColumn { name, ..column });
    }

    /// A name that was given twice is an error; one that was given after a column had it by itself gets a number, as in
    /// `arg_max(t, *), n = count()` over a table that has an `n`.
    fn output_name(&mut self, given: Option<(&str, Span)>, inferred: Option<&str>, output: &mut Output) -> String {
        let taken = |name: &str| output.columns.iter().any(|c| c.name == name);
        match (given, inferred) {
            (Some((name, _)), _) if output.implied.contains(name) => unique(name, &taken),
            (Some((name, span)), _) => {
                if taken(name) {
                    self.error("KS171", span, format!("a column '{name}' is already declared in this operator"));
                }
                name.to_owned()
            }
            (None, Some(name)) => {
                let name = unique(name, &taken);
                output.implied.insert(name.clone());
                name
            }
            (None, None) => (1u64..).map(|n| format!("Column{n}")).find(|name| !taken(name)).unwrap_or_default(),
        }
    }

    /// `by …`
    pub(super) fn keys(&mut self, feed: &mut Feed, by: &[NamedExpr]) -> Keys {
        let mut keys = Keys { values: Vec::new(), columns: Vec::new(), plain: Vec::new() };
        for item in by {
            let value = self.feed(feed, &item.value);
            let taken = |name: &str| keys.columns.iter().any(|c| c.name == name);
            let name = match (&item.name, inferred_name(&item.value)) {
                (Some(name), _) => {
                    if taken(&name.text) {
                        self.error(
                            "KS171",
                            name.span,
                            format!("a column '{}' is already declared in this operator", name.text),
                        );
                    }
                    name.text.clone()
                }
                (None, Some(name)) => unique(&name, &taken),
                (None, None) => (1u64..).map(|n| format!("Column{n}")).find(|name| !taken(name)).unwrap_or_default(),
            };
            if let ExprKind::Name(column) = &item.value.kind {
                keys.plain.push(column.text.clone());
            }
            keys.columns.push(OutputColumn { name, ty: value.ty });
            keys.values.push(value);
        }
        keys
    }
}

fn is_call(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Call { .. })
}

/// A name that no query can write.
pub(super) fn hidden(at: usize) -> String {
    format!("\0{at}")
}
