//! A query whose names have meanings: tables, columns and functions found, every expression with a type.
//!
//! A leg reads one table. Its row is a list of cells: first the table's columns that the query uses, then what `extend`
//! and `project` compute, each cell written once. `project` costs nothing, for it only changes which names are in scope.
//! The plain evaluator walks this tree as it stands; `lower` turns it into what the matcher runs.

use std::sync::Arc;

use crate::diagnostic::Span;
use crate::kql::ast::{BinaryOp, TextOp};
use crate::schema::{Column, ScalarType, Table};
use crate::value::Value;
use crate::value::functions::Callee;

mod rows;

pub use rows::*;

/// A place in a leg's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellId(pub u32);

impl CellId {
    /// The place as an index into the row.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One query, bound: the legs of its union, and how its result is ordered.
#[derive(Clone, Debug)]
pub struct BoundQuery {
    /// One detection each; at least one.
    pub legs: Vec<Leg>,
    /// The result's columns, the same for every leg.
    pub columns: Vec<OutputColumn>,
    /// `sort`, `top` and `take` behind the last filter, in order: what a batch applies and a stream leaves out.
    pub order: Vec<Order>,
}

/// A column of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ScalarType,
}

/// What orders or cuts a finished result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// `sort by`
    Sort(Vec<SortColumn>),
    /// `take`: the first rows of the result as it stands
    Take(usize),
}

/// One key of a sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortColumn {
    /// Index into a leg's output: keys stand behind the result's columns.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
    /// Nulls before values.
    pub nulls_first: bool,
}

/// Rows from one source, filtered and shaped.
#[derive(Clone, Debug)]
pub struct Leg {
    /// Where the rows come from.
    pub source: RowSource,
    /// Every cell of the row; what the source fills among them.
    pub cells: Vec<Cell>,
    /// What happens to a row, in order.
    pub steps: Vec<Step>,
    /// The cells of the result row, one for each of the query's columns, and behind them those that it is sorted by.
    pub output: Vec<CellId>,
    /// Conjuncts that only bound the table's own time, and so are the query's lookback: taken as true in a stream.
    pub lookback: Vec<Bound>,
}

/// Where a leg's rows come from.
#[derive(Clone, Debug)]
pub enum RowSource {
    /// A table of records.
    Table(Arc<Table>),
    /// Rows that the query spells out: `print`, `datatable`, `range`.
    Values(Arc<Vec<Vec<Value<'static>>>>),
    /// What an operator over many rows gives.
    Rows(Box<RowsOp>),
    /// The elements that `mv-apply` has made of one row.
    Elements,
}

impl Leg {
    /// The table that is read, if it is one.
    pub fn table(&self) -> Option<&Arc<Table>> {
        match &self.source {
            RowSource::Table(table) => Some(table),
            _ => None,
        }
    }
}

/// One cell of a leg's row.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The name it was first given.
    pub name: String,
    /// Its type.
    pub ty: ScalarType,
    /// What fills it; a computed cell has none.
    pub source: Option<CellSource>,
}

/// What fills a cell before the first step.
#[derive(Clone, Debug)]
pub enum CellSource {
    /// A column of the table.
    Column(Column),
    /// The column at that index of any other source.
    Input(usize),
}

impl Cell {
    /// The table's column that fills it, if one does.
    pub fn column(&self) -> Option<&Column> {
        match &self.source {
            Some(CellSource::Column(column)) => Some(column),
            _ => None,
        }
    }
}

/// One thing that happens to a row.
#[derive(Clone, Debug)]
pub enum Step {
    /// The row goes on if this is true; null is not.
    Filter(Bound),
    /// A cell gets its value.
    Assign(CellId, Bound),
    /// `mv-expand`: the row goes on once for each element.
    Expand(Expand),
    /// `mv-apply`: the row goes on once for each row that the subquery makes of its elements.
    Apply {
        /// What is expanded.
        expand: Expand,
        /// Its legs read [`RowSource::Elements`]: input column `i` is cell `i` of this row, the expanded ones among them.
        query: Box<BoundQuery>,
        /// The cells that get the subquery's columns.
        cells: Vec<CellId>,
    },
    /// `parse`, `parse-where`, `parse-kv`: cells get what stands in a text.
    Parse {
        /// The text.
        subject: Bound,
        /// What it is held against.
        pattern: Arc<ParsePattern>,
        /// One for each column of the pattern.
        cells: Vec<CellId>,
        /// `parse-where`: a row that does not match is dropped.
        filters: bool,
    },
}

/// A scalar expression with a type.
#[derive(Clone, Debug)]
pub struct Bound {
    /// What it is.
    pub kind: BoundKind,
    /// What its value is of.
    pub ty: ScalarType,
    /// Where it stands in the query's text.
    pub span: Span,
}

/// The kinds of bound expression.
#[derive(Clone, Debug)]
pub enum BoundKind {
    /// A literal, or what was computed from literals alone.
    Constant(Value<'static>),
    /// A cell of the row.
    Cell(CellId),
    /// A member of a dynamic bag.
    Member(Box<Bound>, String),
    /// An element of a dynamic array, or, by a string, a member of a bag.
    Index(Box<Bound>, Box<Bound>),
    /// All of them.
    And(Vec<Bound>),
    /// Any of them.
    Or(Vec<Bound>),
    /// `-x`
    Negate(Box<Bound>),
    /// `+ - * / %`
    Arithmetic(BinaryOp, Box<Bound>, Box<Bound>),
    /// `< <= > >=`
    Compare(BinaryOp, Box<Bound>, Box<Bound>),
    /// `== != =~ !~`
    Equal {
        /// `!=`, `!~`
        negated: bool,
        /// `=~`, `!~`
        folded: bool,
        /// Left operand.
        left: Box<Bound>,
        /// Right operand.
        right: Box<Bound>,
    },
    /// A string operator.
    Text {
        /// Which.
        op: TextOp,
        /// The text that is looked at.
        subject: Box<Bound>,
        /// What is looked for.
        needle: Box<Bound>,
    },
    /// `has_any`, `has_all`
    HasList {
        /// `has_all`
        all: bool,
        /// The text that is looked at.
        subject: Box<Bound>,
        /// What is looked for; arrays stand for their elements.
        needles: Vec<Bound>,
    },
    /// `in` and its like
    In {
        /// `in~`
        folded: bool,
        /// `!in`
        negated: bool,
        /// The value.
        subject: Box<Bound>,
        /// What it may be; arrays stand for their elements.
        items: Vec<Bound>,
    },
    /// `between (low .. high)`
    Between {
        /// `!between`
        negated: bool,
        /// The value.
        subject: Box<Bound>,
        /// Lower bound.
        low: Box<Bound>,
        /// Upper bound; behind a datetime a timespan is an offset from the lower one.
        high: Box<Bound>,
    },
    /// `matches regex`
    Regex(Box<Bound>, Arc<regex::Regex>),
    /// A scalar function.
    Call(Callee, Vec<Bound>),
    /// What could not be bound; a diagnostic says why.
    Error,
}

impl Bound {
    /// A constant.
    pub fn constant(value: Value<'static>, ty: ScalarType, span: Span) -> Bound {
        Bound { kind: BoundKind::Constant(value), ty, span }
    }

    /// An expression that nothing more is said about.
    pub fn error(span: Span) -> Bound {
        Bound { kind: BoundKind::Error, ty: ScalarType::Dynamic, span }
    }

    /// Whether a diagnostic has been given for it.
    pub fn is_error(&self) -> bool {
        matches!(self.kind, BoundKind::Error)
    }

    /// Its value, if it is a constant.
    pub fn as_constant(&self) -> Option<&Value<'static>> {
        match &self.kind {
            BoundKind::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it or what it is made of asks for the time.
    pub fn reads_clock(&self) -> bool {
        let mut found = matches!(&self.kind, BoundKind::Call(callee, _) if callee.reads_clock());
        self.operands(&mut |operand| found |= operand.reads_clock());
        found
    }

    /// Calls `each` with every direct operand.
    pub fn operands<'b>(&'b self, each: &mut dyn FnMut(&'b Bound)) {
        match &self.kind {
            BoundKind::Constant(_) | BoundKind::Cell(_) | BoundKind::Error => {}
            BoundKind::Member(base, _) | BoundKind::Negate(base) | BoundKind::Regex(base, _) => each(base),
            BoundKind::Index(a, b)
            | BoundKind::Arithmetic(_, a, b)
            | BoundKind::Compare(_, a, b)
            | BoundKind::Equal { left: a, right: b, .. }
            | BoundKind::Text { subject: a, needle: b, .. } => {
                each(a);
                each(b);
            }
            BoundKind::And(list) | BoundKind::Or(list) | BoundKind::Call(_, list) => list.iter().for_each(each),
            BoundKind::HasList { subject, needles: list, .. } | BoundKind::In { subject, items: list, .. } => {
                each(subject);
                list.iter().for_each(each);
            }
            BoundKind::Between { subject, low, high, .. } => {
                each(subject);
                each(low);
                each(high);
            }
        }
    }
}
