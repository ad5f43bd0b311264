//! Operators over many rows, and what makes several rows of one.

use std::sync::Arc;

use super::{Bound, BoundQuery, CellId, Leg, OutputColumn, RowSource};
use crate::diagnostic::Span;
use crate::rows::Networks;
use crate::schema::ScalarType;
use crate::value::functions::Refusal;
use crate::value::{TimeSpan, Value};

/// An operator that needs all rows of its input.
///
/// Its expressions read the input's result row: `BoundKind::Cell(CellId(i))` is column `i`.
#[derive(Clone, Debug)]
pub struct RowsOp {
    /// Which.
    pub kind: RowsKind,
    /// What it reads. Its `order` is applied first.
    pub input: BoundQuery,
    /// What it gives.
    pub columns: Vec<OutputColumn>,
    /// Where the operator stands, for what is said about it.
    pub span: Span,
    /// Its name, for what is said about it.
    pub name: &'static str,
}

/// The operators over many rows.
#[derive(Clone, Debug)]
pub enum RowsKind {
    /// The input as its `order` has it: `sort`, `top` or `take` with something behind it, `serialize`.
    Ordered,
    /// Each different row once.
    Distinct,
    /// One row: how many rows there are.
    Count,
    /// One row for each group: the keys, then the aggregates.
    Summarize {
        /// What rows are grouped by; none makes one group, which is there even without rows.
        by: Vec<Bound>,
        /// What is computed of each group.
        aggregates: Vec<Aggregate>,
    },
    /// Rows of two inputs side by side.
    Join(Join),
    /// Series over equal steps: the keys, the aggregates as arrays, then the axis as an array.
    MakeSeries {
        /// What series are made for.
        by: Vec<Bound>,
        /// What is computed of each step, and what stands in a step without rows.
        columns: Vec<(Computed, Value<'static>)>,
        /// What is cut into steps.
        axis: Bound,
        /// First step, inclusive; the least value if none. It reads no cell, and may read the clock.
        first: Option<Bound>,
        /// Last step, exclusive; the greatest value, inclusive, if none. It reads no cell, and may read the clock.
        last: Option<Bound>,
        /// The width of a step.
        step: Value<'static>,
        /// Without any row, and without keys, there is one series of defaults.
        nonempty: bool,
    },
    /// Sequences of rows that match steps: the input's columns, those that steps assign, and the sequence's number.
    Scan(Scan),
    /// The nodes of a graph with the number of the component that they are of, counted from 0.
    Components {
        /// The nodes' column of what edges call them.
        id: usize,
        /// The edges: where they begin, and where they end.
        edges: Box<BoundQuery>,
        /// Nodes are of one component that lead to each other, and not if they only have to do with each other.
        strong: bool,
    },
    /// Groups in groups, the first of each alone: for each level what it is grouped by and compared by.
    TopNested(Vec<NestedLevel>),
    /// The rows of each value of a column, through a query of their own.
    Partition {
        /// The column's index.
        by: usize,
        /// The query; its rows are [`RowSource::Elements`].
        query: Box<BoundQuery>,
    },
    /// Columns that look at other rows of a sorted input; they stand behind the input's columns.
    Window(Vec<Window>),
    /// That many rows.
    Sample(usize),
}

/// An aggregate of a group of rows.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Which.
    pub function: &'static AggregateFunction,
    /// Its arguments; for `arg_max` and `arg_min` the value to maximise, then what is returned with it.
    pub arguments: Vec<Bound>,
    /// The type of its value.
    pub ty: ScalarType,
}

/// What is computed of a group's aggregates.
#[derive(Clone, Debug)]
pub struct Computed {
    /// The aggregates.
    pub aggregates: Vec<Aggregate>,
    /// The value; its cells are the aggregates' values.
    pub value: Bound,
}

impl Computed {
    /// Every expression of it.
    pub fn bounds(&self) -> impl Iterator<Item = &Bound> {
        self.aggregates.iter().flat_map(|aggregate| &aggregate.arguments).chain([&self.value])
    }
}

/// One level of a `top-nested`.
#[derive(Clone, Debug)]
pub struct NestedLevel {
    /// What rows are grouped by.
    pub key: Bound,
    /// What groups are compared by.
    pub value: Computed,
    /// How many groups come out; all if there is none.
    pub count: Option<usize>,
    /// What stands for all others.
    pub others: Option<Value<'static>>,
    /// Largest first.
    pub descending: bool,
}

/// A function over the rows of a group.
///
/// The registry, and what each does, is in `rows::aggregate`; the binder needs names and types only.
#[derive(Debug)]
pub struct AggregateFunction {
    /// Its name in a query.
    pub name: &'static str,
    /// Its arguments and result, for people.
    pub signature: &'static str,
    /// What it means in Kusto.
    pub doc: &'static str,
    /// The least number of arguments.
    pub min: usize,
    /// The greatest number of arguments.
    pub max: usize,
    /// The type of its value, from those of its arguments; Kusto's code and a sentence where it takes no such.
    pub check: fn(&[ScalarType]) -> Result<ScalarType, Refusal>,
    /// Begins a group.
    pub begin: fn() -> Box<dyn Accumulator>,
}

/// What an aggregate knows of the rows so far.
pub trait Accumulator {
    /// Takes a row's arguments. `false` when it would hold more than a group may.
    fn add(&mut self, arguments: &[Value<'static>]);
    /// The aggregate's value; `arg_max` and `arg_min` give their first, and the rest by [`Accumulator::rest`].
    fn finish(&mut self) -> Value<'static>;
    /// For `arg_max` and `arg_min`: the values returned with the extreme one.
    fn rest(&mut self) -> Vec<Value<'static>> {
        Vec::new()
    }
    /// About how many bytes it holds.
    fn size(&self) -> usize {
        64
    }
}

/// `join` and `lookup`.
#[derive(Clone, Debug)]
pub struct Join {
    /// Which rows come out.
    pub kind: JoinKind,
    /// The right side; its expressions read its own result row.
    pub right: BoundQuery,
    /// Pairs of columns, of the left and of the right, which must be equal.
    pub keys: Vec<(usize, usize)>,
    /// Where each output column comes from.
    pub output: Vec<JoinColumn>,
    /// Of a lookup by addresses: what must match besides the keys.
    pub network: Option<NetworkKey>,
}

/// An address of the left side that must be in a network of the right one.
#[derive(Clone, Debug)]
pub struct NetworkKey {
    /// The left side's column.
    pub left: usize,
    /// The right side's column.
    pub right: usize,
    /// Whether there may be addresses of IPv6.
    pub v6: bool,
    /// The right side, where it is the same at any time.
    pub known: Option<Arc<Networks>>,
}

/// Where a column of a join comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinColumn {
    /// The left side's column at that index.
    Left(usize),
    /// The right side's column at that index.
    Right(usize),
}

/// The kinds of join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// The left side loses all but one row of each key first; Kusto's default.
    InnerUnique,
    /// Every pair.
    Inner,
    /// Every pair, and left rows without one.
    LeftOuter,
    /// Every pair, and right rows without one.
    RightOuter,
    /// Every pair, and rows of both sides without one.
    FullOuter,
    /// Left rows with a partner.
    LeftSemi,
    /// Left rows without a partner.
    LeftAnti,
    /// Right rows with a partner.
    RightSemi,
    /// Right rows without a partner.
    RightAnti,
}

/// `scan`
///
/// Its expressions read a row that is put together: the input's row, then for each step its state, which is a row of the
/// input and the declared columns.
#[derive(Clone, Debug)]
pub struct Scan {
    /// How many columns the input has.
    pub width: usize,
    /// The state of a step that has seen nothing: what is missing of the input's columns, then the defaults of the declared.
    pub blank: Vec<Value<'static>>,
    /// In the order of a sequence.
    pub steps: Vec<ScanStep>,
    /// Whether the sequence's number is the last column.
    pub match_id: bool,
}

/// One step of a `scan`.
#[derive(Clone, Debug)]
pub struct ScanStep {
    /// Which rows match.
    pub condition: Bound,
    /// Declared columns, by index, and what they become.
    pub assignments: Vec<(usize, Bound)>,
    /// Whether rows that match come out.
    pub output: bool,
}

/// A column that looks at other rows.
#[derive(Clone, Debug)]
pub enum Window {
    /// `row_number(start, restart)`
    RowNumber {
        /// The first number.
        start: i64,
        /// Begins anew where this is true.
        restart: Option<Bound>,
    },
    /// `prev(value, offset, default)` and, with a negative offset, `next`.
    Shift {
        /// The value.
        value: Bound,
        /// How many rows back.
        offset: i64,
        /// What stands where there is no such row.
        default: Value<'static>,
    },
    /// `row_window_session(time, from_first, between, restart)`: the time that begins the row's session.
    Session {
        /// The time of a row.
        time: Bound,
        /// A session is shorter than this.
        from_first: TimeSpan,
        /// And from one row of it to the next there is less than this.
        between: TimeSpan,
        /// Begins anew where this is true.
        restart: Option<Bound>,
    },
    /// `row_rank_dense(term, restart)`, `row_rank_min(term, restart)`: 1 for the first row, and another for each row whose term
    /// is not that of the row before it.
    Rank {
        /// What is ranked.
        term: Bound,
        /// Ranks follow each other; else a rank is the number of its first row.
        dense: bool,
        /// Begins anew where this is true.
        restart: Option<Bound>,
    },
    /// `row_cumsum(term, restart)`
    Sum {
        /// What is added up.
        term: Bound,
        /// Begins anew where this is true.
        restart: Option<Bound>,
    },
}

/// What `mv-expand` and `mv-apply` take apart.
#[derive(Clone, Debug)]
pub struct Expand {
    /// Side by side; the longest says how many rows there are.
    pub items: Vec<ExpandItem>,
    /// `with_itemindex=`: the element's number, from 0.
    pub index: Option<CellId>,
    /// `limit`
    pub limit: Option<usize>,
    /// `bagexpansion=array`: a bag's members become `[key, value]`, and not bags of one member.
    pub bags_as_arrays: bool,
}

/// One column that is expanded.
#[derive(Clone, Debug)]
pub struct ExpandItem {
    /// The cell that gets the elements.
    pub cell: CellId,
    /// The array or bag.
    pub value: Bound,
    /// `to typeof(type)`
    pub to: Option<ScalarType>,
}

/// What `parse` or `parse-kv` holds a text against.
#[derive(Clone, Debug)]
pub enum ParsePattern {
    /// `parse`
    Text(TextPattern),
    /// `parse-kv`
    KeyValue(KeyValuePattern),
}

/// A `parse` pattern: one regular expression with a group for each column.
#[derive(Clone, Debug)]
pub struct TextPattern {
    /// Anchored as the kind of parse has it.
    pub regex: regex::Regex,
    /// For each column the number of its group, and its type.
    pub columns: Vec<(usize, ScalarType)>,
    /// `kind=relaxed`: a column that does not convert is null, and the others keep their values.
    pub relaxed: bool,
}

/// A `parse-kv` pattern.
#[derive(Clone, Debug)]
pub struct KeyValuePattern {
    /// For each column its key and its type.
    pub columns: Vec<(String, ScalarType)>,
    /// Between two pairs.
    pub pair_delimiter: String,
    /// Between a key and its value.
    pub key_delimiter: String,
    /// Opening and closing quotes, by pairs.
    pub quotes: Vec<(char, char)>,
    /// The character that takes the next one as it is, inside quotes.
    pub escape: Option<char>,
    /// Values may hold the pair delimiter, up to the next known key.
    pub greedy: bool,
    /// In place of all that: what a pair looks like, its first group the key and its second the value.
    pub regex: Option<regex::Regex>,
}

impl BoundQuery {
    /// Calls `each` with every operator over many rows, the outermost first.
    pub fn rows_ops<'q>(&'q self, each: &mut dyn FnMut(&'q RowsOp)) {
        for leg in &self.legs {
            if let RowSource::Rows(op) = &leg.source {
                each(op);
                op.input.rows_ops(each);
                if let Some(beside) = op.beside() {
                    beside.rows_ops(each);
                }
            }
        }
    }

    /// Whether it reads no table of records: its rows are the same at any time.
    pub fn is_static(&self) -> bool {
        self.legs.iter().all(Leg::is_static)
    }

    /// Whether something in it asks for the time.
    pub fn reads_clock(&self) -> bool {
        let mut found = false;
        let mut look = |bound: &Bound| found |= bound.reads_clock();
        self.legs.iter().for_each(|leg| leg.each_bound(&mut look));
        self.rows_ops(&mut |op| {
            op.input.legs.iter().for_each(|leg| leg.each_bound(&mut look));
            let beside = op.beside().into_iter().flat_map(|query| &query.legs);
            beside.for_each(|leg| leg.each_bound(&mut look));
            match &op.kind {
                RowsKind::MakeSeries { first, last, .. } => first.iter().chain(last).for_each(&mut look),
                RowsKind::Scan(scan) => scan.bounds().for_each(&mut look),
                _ => {}
            }
        });
        found
    }

    /// How deep operators over many rows nest in it.
    fn depth(&self) -> usize {
        let depth = |leg: &Leg| match &leg.source {
            RowSource::Rows(op) => op.depth(),
            RowSource::Table(_) | RowSource::Values(_) | RowSource::Elements => 0,
        };
        self.legs.iter().map(depth).max().unwrap_or(0)
    }
}

impl Scan {
    /// Every expression of its steps.
    pub fn bounds(&self) -> impl Iterator<Item = &Bound> {
        self.steps
            .iter()
            .flat_map(|step| std::iter::once(&step.condition).chain(step.assignments.iter().map(|(_, value)| value)))
    }
}

impl RowsOp {
    /// How deep operators over many rows nest, this one included; what runs them recurses as deep.
    pub fn depth(&self) -> usize {
        self.input.depth().max(self.beside().map_or(0, BoundQuery::depth)) + 1
    }

    /// The query that stands in it beside its input.
    pub fn beside(&self) -> Option<&BoundQuery> {
        match &self.kind {
            RowsKind::Join(join) => Some(&join.right),
            RowsKind::Partition { query, .. } | RowsKind::Components { edges: query, .. } => Some(query),
            _ => None,
        }
    }
}

impl Leg {
    /// Calls `each` with every expression of its steps, those of subqueries left out where they only read elements.
    pub(crate) fn each_bound(&self, each: &mut dyn FnMut(&Bound)) {
        let expanded =
            |expand: &Expand, each: &mut dyn FnMut(&Bound)| expand.items.iter().for_each(|item| each(&item.value));
        for step in &self.steps {
            match step {
                super::Step::Filter(bound) | super::Step::Assign(_, bound) => each(bound),
                super::Step::Expand(expand) => expanded(expand, each),
                super::Step::Apply { expand, query, .. } => {
                    expanded(expand, each);
                    query.legs.iter().for_each(|leg| leg.each_bound(each));
                }
                super::Step::Parse { subject, .. } => each(subject),
            }
        }
        self.lookback.iter().for_each(each);
    }

    /// Whether it reads no table of records.
    pub fn is_static(&self) -> bool {
        match &self.source {
            RowSource::Table(_) => false,
            RowSource::Values(_) | RowSource::Elements => true,
            RowSource::Rows(op) => op.input.is_static() && op.beside().is_none_or(BoundQuery::is_static),
        }
    }
}
