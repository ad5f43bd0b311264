//! How large a query may become while it is bound.
//!
//! `let` is by name, so a short text can stand for a large tree: each line that names the one before it twice doubles it.
//! So everything that a query is bound to is weighed, copies too; what is too heavy is said once, and nothing more is bound.

use super::scope::{LegScope, ScopeColumn, Tabular};
use super::{Binder, Lets, Meaning};
use crate::compile::bound::{
    Bound, BoundQuery, Cell, CellId, Expand, Leg, OutputColumn, ParsePattern, RowSource, RowsKind, RowsOp, Step, Window,
};
use crate::diagnostic::Span;
use crate::value::functions::room_after;

/// The most bytes that a query may weigh, bound: half a million expressions, or as much text as their constants hold.
pub(super) const MAX_TREE: usize = 64 << 20;

/// The most legs of a union, those of the unions in it included.
pub(super) const MAX_LEGS: usize = 1000;

impl Binder<'_> {
    /// Takes `weight` from the query's room; `false`, and said once, if there is not as much.
    pub(super) fn spend(&mut self, weight: usize, span: Span) -> bool {
        if self.tree_room == 0 {
            return false;
        }
        self.tree_room = self.tree_room.saturating_sub(weight);
        if self.tree_room == 0 {
            let size = MAX_TREE >> 20;
            let message =
                format!("with what each name stands for written out, the query is larger than {size} MiB here");
            self.error("KT009", span, message);
        }
        self.tree_room > 0
    }

    /// The same for a copy of a table.
    pub(super) fn spend_on_table(&mut self, table: &Tabular, span: Span) -> bool {
        self.spend(table.legs.iter().map(scope_weight).fold(0, usize::saturating_add), span)
    }

    /// The same for the names that a function's body sees, which each function and each call copies.
    pub(super) fn spend_on_lets(&mut self, lets: &Lets, span: Span) -> bool {
        let weight = |(name, meaning): (&String, &Meaning)| {
            let value = match meaning {
                Meaning::Scalar(value) => tree_weight(value),
                Meaning::Tabular(_) | Meaning::Function(_) | Meaning::Pattern(_) | Meaning::Later(_) => 0,
            };
            value.saturating_add(name.len() + size_of::<(String, Meaning)>())
        };
        self.spend(lets.iter().map(weight).fold(0, usize::saturating_add), span)
    }

    /// Whether a union that has `legs` may get `more`; said if not.
    pub(super) fn has_room_for_legs(&mut self, legs: usize, more: usize, span: Span) -> bool {
        if legs + more > MAX_LEGS {
            self.error("KT008", span, format!("a union reads at most {MAX_LEGS} tables, those of its 'let' included"));
            return false;
        }
        true
    }
}

/// What one expression weighs without its operands.
pub(super) fn own_weight(bound: &Bound) -> usize {
    let constant = bound.as_constant().map_or(0, |value| usize::MAX - room_after(value, usize::MAX).unwrap_or(0));
    constant.saturating_add(size_of::<Bound>())
}

/// What `bound` weighs with all its operands.
pub(super) fn tree_weight(bound: &Bound) -> usize {
    let mut weight = own_weight(bound);
    bound.operands(&mut |operand| weight = weight.saturating_add(tree_weight(operand)));
    weight
}

/// What a column that a union adds to a leg weighs.
pub(super) const COLUMN_WEIGHT: usize = size_of::<ScopeColumn>() + size_of::<Cell>() + size_of::<Step>();

fn scope_weight(scope: &LegScope) -> usize {
    (scope.columns.len() * size_of::<ScopeColumn>()).saturating_add(leg_weight(&scope.leg))
}

fn leg_weight(leg: &Leg) -> usize {
    let source = match &leg.source {
        RowSource::Rows(op) => op_weight(op),
        // Spelled-out rows are shared.
        RowSource::Table(_) | RowSource::Values(_) | RowSource::Elements => 0,
    };
    let steps = leg.steps.iter().map(|step| size_of::<Step>().saturating_add(step_weight(step)));
    let bounds = steps.chain(leg.lookback.iter().map(tree_weight));
    let places = leg.cells.len() * size_of::<Cell>() + leg.output.len() * size_of::<CellId>();
    bounds.fold(source.saturating_add(places), usize::saturating_add)
}

fn step_weight(step: &Step) -> usize {
    match step {
        Step::Filter(value) | Step::Assign(_, value) => tree_weight(value),
        Step::Expand(expand) => expand_weight(expand),
        Step::Apply { expand, query, cells } => {
            let weight = expand_weight(expand).saturating_add(query_weight(query));
            weight.saturating_add(cells.len() * size_of::<CellId>())
        }
        // A pattern is shared.
        Step::Parse { subject, pattern: _, cells, filters: _ } => {
            tree_weight(subject).saturating_add(cells.len() * size_of::<CellId>() + size_of::<ParsePattern>())
        }
    }
}

fn expand_weight(expand: &Expand) -> usize {
    total(expand.items.iter().map(|item| &item.value))
}

fn query_weight(query: &BoundQuery) -> usize {
    let legs = query.legs.iter().map(leg_weight).fold(0, usize::saturating_add);
    legs.saturating_add(query.columns.len() * size_of::<OutputColumn>())
}

fn op_weight(op: &RowsOp) -> usize {
    let kind = match &op.kind {
        RowsKind::Ordered | RowsKind::Distinct | RowsKind::Count | RowsKind::Sample(_) => 0,
        RowsKind::Summarize { by, aggregates } => {
            total(by.iter().chain(aggregates.iter().flat_map(|aggregate| &aggregate.arguments)))
        }
        RowsKind::Join(join) => query_weight(&join.right),
        RowsKind::Partition { by: _, query } | RowsKind::Components { id: _, edges: query, strong: _ } => {
            query_weight(query)
        }
        RowsKind::Scan(scan) => total(scan.bounds()),
        RowsKind::TopNested(levels) => total(levels.iter().flat_map(|level| level.value.bounds().chain([&level.key]))),
        RowsKind::MakeSeries { by, columns, axis, first, last, step: _, nonempty: _ } => {
            let of_columns = columns.iter().flat_map(|(computed, _)| computed.bounds());
            total(by.iter().chain(of_columns).chain([axis]).chain(first).chain(last))
        }
        RowsKind::Window(windows) => total(
            windows
                .iter()
                .flat_map(|window| match window {
                    Window::RowNumber { restart, .. } => [None, restart.as_ref()],
                    Window::Shift { value, .. } => [Some(value), None],
                    Window::Session { time, restart, .. } => [Some(time), restart.as_ref()],
                    Window::Sum { term, restart } | Window::Rank { term, restart, .. } => {
                        [Some(term), restart.as_ref()]
                    }
                })
                .flatten(),
        ),
    };
    let own = size_of::<RowsOp>() + op.columns.len() * size_of::<OutputColumn>();
    query_weight(&op.input).saturating_add(kind).saturating_add(own)
}

fn total<'b>(bounds: impl Iterator<Item = &'b Bound>) -> usize {
    bounds.map(tree_weight).fold(0, usize::saturating_add)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::compile::bound::BoundQuery;
    use crate::compile::{BindOptions, bind_query};
    use crate::diagnostic::Diagnostic;
    use crate::kql::{Limits, parse};
    use crate::schema::Catalog;

    fn bound(query: &str) -> (Option<BoundQuery>, Vec<Diagnostic>) {
        let parsed = parse(query, &Limits::default());
        assert_eq!(parsed.diagnostics, []);
        bind_query(&parsed.query, &Catalog::builtin(), BindOptions::default())
    }

    fn codes(query: &str) -> Vec<&'static str> {
        bound(query).1.iter().map(|d| d.code).collect()
    }

    /// `first`, and behind it lets of which each is made of the one before it.
    fn chain(first: &str, levels: usize, next: impl Fn(String) -> String) -> String {
        let mut text = format!("let v0 = {first};\n");
        for level in 1..=levels {
            text += &format!("let v{level} = {};\n", next(format!("v{}", level - 1)));
        }
        text
    }

    #[test]
    fn the_legs_of_a_union_are_bounded() {
        let unions = |levels| chain("Syslog", levels, |v| format!("union {v}, {v}")) + &format!("v{levels}");
        assert_eq!(bound(&unions(9)).0.unwrap().legs.len(), 512);
        // What the refused one is part of is not refused again.
        assert_eq!(codes(&unions(16)), ["KT008"]);
        // In a pipe the legs in front count as well.
        let piped =
            chain("Syslog", 9, |v| format!("union {v}, {v}")) + "v9 | union v8, v7, v6 | union v5, v4, v3, v2, v1";
        assert_eq!(codes(&piped), ["KT008"]);
    }

    #[test]
    fn the_columns_of_a_union_are_bounded() {
        // Each leg lacks the other legs' columns, and gets a cell for each.
        let legs: Vec<String> = (0..900)
            .map(|leg| {
                let columns: Vec<String> = (0..30).map(|c| format!("c{leg}_{c}=1")).collect();
                format!("(Syslog | project {})", columns.join(","))
            })
            .collect();
        assert_eq!(codes(&format!("union {}", legs[..90].join(", "))), [""; 0]);
        assert_eq!(codes(&format!("union {}", legs.join(", "))), ["KT009"]);
    }

    #[test]
    fn expressions_that_lets_double_are_bounded() {
        let sums = |levels| chain("now()", levels, |v| format!("{v} + ({v} - {v})"));
        assert_eq!(codes(&(sums(8) + "Syslog | where EventTime > v8")), [""; 0]);
        assert_eq!(codes(&(sums(30) + "Syslog | where EventTime > v30")), ["KT009"]);
        // A tabular let carries its expressions with it.
        let table = sums(8) + "let t = Syslog | where EventTime > v8;\n";
        assert_eq!(codes(&format!("{table}union {}", ["t"; 9].join(", "))), [""; 0]);
        assert_eq!(codes(&format!("{table}union {}", vec!["t"; 999].join(", "))), ["KT009"]);
    }

    #[test]
    fn constants_that_lets_multiply_are_bounded() {
        let copies = |v: String| format!("strcat({})", vec![v; 64].join(", "));
        let query = chain(&format!("'{}'", "x".repeat(1024)), 4, copies) + "Syslog | where SyslogMessage has v4";
        assert_eq!(codes(&query), ["KT009"]);
        // A list in many places is none of that.
        let items: Vec<String> = (0..2_000).map(|i| format!("'item{i}.example.com'")).collect();
        let uses = vec!["SyslogMessage has_any (list)"; 100].join(" or ");
        assert_eq!(codes(&format!("let list = dynamic([{}]);\nSyslog | where {uses}", items.join(","))), [""; 0]);
    }

    #[test]
    fn packed_columns_are_bounded() {
        let packs = |n: usize| format!("pack_array({})", vec!["pack_all()"; n].join(", "));
        assert_eq!(codes(&format!("Syslog | extend a = {}", packs(60))), [""; 0]);
        let many: Vec<String> = (0..1_000).map(|i| format!("extend a{i} = {}", packs(60))).collect();
        assert_eq!(codes(&format!("Syslog | {}", many.join(" | "))), ["KT009"]);
    }

    #[test]
    fn searches_are_bounded() {
        // Each term asks every column.
        let terms = |n: usize| (0..n).map(|i| format!("'{i}{}'", "x".repeat(1_000))).collect::<Vec<_>>().join(" or ");
        assert_eq!(codes(&format!("Syslog | search {}", terms(20))), [""; 0]);
        assert_eq!(codes(&format!("union {} | search {}", ["Syslog"; 100].join(", "), terms(200))), ["KT009"]);
    }

    #[test]
    fn what_functions_make_is_bounded() {
        let call = |levels| chain("Syslog", levels, |v| format!("f({v})")) + &format!("v{levels}");
        let doubles = "let f = (T:(*)) { union T, T };\n";
        assert_eq!(bound(&(doubles.to_owned() + &call(9))).0.unwrap().legs.len(), 512);
        assert_eq!(codes(&(doubles.to_owned() + &call(16))), ["KT008"]);
        // Each function keeps what names meant where it was defined.
        let long = chain(&format!("'{}'", "x".repeat(1024)), 2, |v| format!("strcat({})", vec![v; 32].join(", ")));
        let functions = |n: usize| (0..n).map(|i| format!("let f{i} = () {{ 1 }};\n")).collect::<String>();
        assert_eq!(codes(&format!("{long}{}Syslog", functions(9))), [""; 0]);
        assert_eq!(codes(&format!("{long}{}Syslog", functions(200))), ["KT009"]);
        // Calls in the arguments of calls nest.
        let deep = format!("let f = (t:datetime) {{ {}t{} }};\n", "(".repeat(50), " + 1s)".repeat(50));
        let nested = |n: usize| format!("{deep}Syslog | where EventTime > {}now(){}", "f(".repeat(n), ")".repeat(n));
        assert_eq!(codes(&nested(7)), [""; 0]);
        assert_eq!(codes(&nested(9)), ["KS245"]);
        let lets = chain("now()", 30, |v| format!("f({v})"));
        assert_eq!(codes(&format!("{deep}{lets}Syslog | where EventTime > v30")), ["KS245"]);
    }

    #[test]
    fn tables_that_get_names_are_bounded() {
        let sums = chain("now()", 8, |v| format!("{v} + ({v} - {v})"));
        let named = |n: usize| (0..n).map(|i| format!(" | as t{i}")).collect::<String>();
        assert_eq!(codes(&format!("{sums}Syslog | where EventTime > v8{}", named(9))), [""; 0]);
        assert_eq!(codes(&format!("{sums}Syslog | where EventTime > v8{}", named(999))), ["KT009"]);
        // So is one whose expressions stand in an operator over many rows, or behind one.
        let query = |n: usize| {
            format!("{sums}let t = Syslog | where EventTime > v8 | count;\nunion {}", vec!["t"; n].join(", "))
        };
        assert_eq!(codes(&query(9)), [""; 0]);
        assert_eq!(codes(&query(999)), ["KT009"]);
    }

    #[test]
    fn operators_over_many_rows_are_bounded() {
        let query = |n: usize| format!("Syslog | project Computer{}", " | distinct Computer".repeat(n));
        assert_eq!(codes(&query(128)), [""; 0]);
        assert_eq!(codes(&query(129)), ["KS245"]);
    }

    #[test]
    fn the_depth_of_lets_is_bounded() {
        let deeper = |levels| chain("now()", levels, |v| format!("{}{v}{}", "(".repeat(50), " + 1s)".repeat(50)));
        assert_eq!(codes(&(deeper(7) + "Syslog | where EventTime > v7")), [""; 0]);
        assert_eq!(codes(&(deeper(60) + "Syslog | where EventTime > v60")), ["KS245"]);
    }
}
