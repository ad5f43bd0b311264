//! The tabular operators of the syntax tree.

use super::{ColumnDeclaration, Expr, Name};
use crate::diagnostic::Span;

/// A tabular operator behind a pipe, or at the start of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Operator {
    /// What it does.
    pub kind: OperatorKind,
    /// From its name to its end.
    pub span: Span,
}

/// The tabular operators.
#[derive(Clone, Debug, PartialEq)]
pub enum OperatorKind {
    /// `where predicate`, `filter predicate`
    Where(Expr),
    /// `extend name = value, …`
    Extend(Vec<NamedExpr>),
    /// `project name = value, …`
    Project(Vec<NamedExpr>),
    /// `union leg, …`
    Union(Union),
    /// `sort by key, …`, `order by key, …`
    Sort(Vec<SortKey>),
    /// `take count`, `limit count`
    Take(Expr),
    /// `top count by key, …`
    Top {
        /// How many rows stay.
        count: Expr,
        /// The order they are chosen by.
        keys: Vec<SortKey>,
    },
    /// `project-away`, `project-keep`: names, which may hold `*`
    ProjectNames {
        /// `project-keep`
        keep: bool,
        /// In the order of the text.
        names: Vec<Name>,
    },
    /// `project-rename new = old, …`
    ProjectRename(Vec<(Name, Name)>),
    /// `project-reorder name [asc|desc], …`
    ProjectReorder(Vec<ReorderKey>),
    /// `distinct column, …`; [`ExprKind::Star`](super::ExprKind::Star) for all
    Distinct(Vec<NamedExpr>),
    /// `count`
    Count(Option<Name>),
    /// `summarize aggregate, … by key, …`
    Summarize {
        /// Aggregates; none for a mere `by`.
        aggregates: Vec<NamedExpr>,
        /// What rows are grouped by.
        by: Vec<NamedExpr>,
    },
    /// `make-series`
    MakeSeries(MakeSeries),
    /// `mv-expand`
    MvExpand(MvExpand),
    /// `mv-apply … on (subquery)`
    MvApply {
        /// What is expanded, row by row.
        expand: MvExpand,
        /// What each row's elements are piped through.
        operators: Vec<Operator>,
    },
    /// `scan with (step …)`
    Scan(Box<Scan>),
    /// `partition by column (subquery)`
    Partition {
        /// The column whose values make the partitions.
        by: Expr,
        /// What each partition is piped through.
        operators: Vec<Operator>,
    },
    /// `parse`, `parse-where`
    Parse(Parse),
    /// `parse-kv`
    ParseKv {
        /// The text.
        subject: Expr,
        /// The keys that become columns.
        columns: Vec<ColumnDeclaration>,
        /// `pair_delimiter`, `kv_delimiter`, `quote`, `escape`, `greedy`
        parameters: Vec<(Name, Expr)>,
    },
    /// `join`
    Join {
        /// `kind=…`, `hint.…=…`
        parameters: Vec<(Name, Expr)>,
        /// The right side.
        right: Expr,
        /// Columns of that name on both sides, or `$left.a == $right.b`; several are all required.
        on: Vec<Expr>,
    },
    /// `lookup`, which is a join that keeps the left side's rows and columns
    Lookup {
        /// `kind=…`
        parameters: Vec<(Name, Expr)>,
        /// The right side.
        right: Expr,
        /// As for `join`.
        on: Vec<Expr>,
    },
    /// `datatable (name:type, …) [value, …]`
    Datatable {
        /// Its columns.
        columns: Vec<ColumnDeclaration>,
        /// Its values, row after row.
        values: Vec<Expr>,
    },
    /// `externaldata (name:type, …) [address, …] with (format='csv', …)`
    ExternalData {
        /// Its columns.
        columns: Vec<ColumnDeclaration>,
        /// Where its rows are read from, one file after the other.
        addresses: Vec<Expr>,
        /// `format`, `ignoreFirstRecord`, …
        properties: Vec<(Name, Expr)>,
    },
    /// `print name = value, …`
    Print(Vec<NamedExpr>),
    /// `range name from first to last step step`
    Range {
        /// The one column.
        name: Name,
        /// The first value.
        first: Expr,
        /// The last value, inclusive.
        last: Expr,
        /// The distance of two values.
        step: Expr,
    },
    /// `render …`, which says how a result is drawn
    Render,
    /// `as name`
    As(Name),
    /// `serialize name = value, …`
    Serialize(Vec<NamedExpr>),
    /// `getschema`
    GetSchema,
    /// `invoke function(argument, …)`
    Invoke(Expr),
    /// `evaluate plugin(argument, …)`; [`ExprKind::Shaped`](super::ExprKind::Shaped) if its columns are declared
    Evaluate(Expr),
    /// `search in (table, …) predicate`, or behind a pipe `search predicate`
    Search {
        /// The tables, if given.
        tables: Vec<Expr>,
        /// The predicate; a bare string literal is looked for in every column.
        predicate: Expr,
        /// `kind=case_sensitive`: letter case counts in such a literal.
        case_sensitive: bool,
    },
    /// `find withsource=name in (table, …) where predicate project column, …`
    Find(Find),
    /// `sample count`, `sample-distinct count of column`
    Sample {
        /// How many.
        count: Expr,
        /// `of column`
        of: Option<Expr>,
    },
    /// `make-graph source --> target … | graph-to-table …`, with what stands between
    Graph(Box<Graph>),
    /// `top-nested count of key with others=value by aggregate, top-nested …`
    TopNested(Vec<NestedLevel>),
    /// An operator of the language that kqltap does not run yet; its text was skipped to the next pipe, and a diagnostic
    /// names it.
    Unsupported(Name),
    /// What could not be read; a diagnostic says why. Its output columns are unknown.
    Error,
}

/// A column of `extend` or `project`.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedExpr {
    /// `name =`, if given
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// `union`, behind a pipe or at the start of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Union {
    /// `kind=inner`, `withsource=Name`, `isfuzzy=true`, as written
    pub parameters: Vec<(Name, Expr)>,
    /// Tables; behind a pipe the input is one more leg, before these.
    pub legs: Vec<Expr>,
}

/// One key of `sort` or `top`.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// What is compared.
    pub value: Expr,
    /// `desc`, the default
    pub descending: bool,
    /// Whether nulls come before values: by default with `asc` only.
    pub nulls_first: bool,
}

/// One key of `project-reorder`.
#[derive(Clone, Debug, PartialEq)]
pub struct ReorderKey {
    /// A name, which may hold `*`.
    pub name: Name,
    /// How the columns that match are ordered among themselves: `asc` (`Some(false)`), `desc` (`Some(true)`), as they stand.
    pub descending: Option<bool>,
}

/// `mv-expand column, …`
#[derive(Clone, Debug, PartialEq)]
pub struct MvExpand {
    /// `bagexpansion=…`, `kind=…`, `with_itemindex=…`
    pub parameters: Vec<(Name, Expr)>,
    /// What is expanded, side by side.
    pub items: Vec<MvItem>,
    /// `limit n`
    pub limit: Option<Expr>,
}

/// One column that is expanded.
#[derive(Clone, Debug, PartialEq)]
pub struct MvItem {
    /// `name =`
    pub name: Option<Name>,
    /// The array or bag.
    pub value: Expr,
    /// `to typeof(type)`
    pub to: Option<Name>,
}

/// `parse kind=… subject with pattern`
#[derive(Clone, Debug, PartialEq)]
pub struct Parse {
    /// `parse-where`: rows that do not match are dropped.
    pub filters: bool,
    /// `kind=…`, `flags=…`
    pub parameters: Vec<(Name, Expr)>,
    /// The text.
    pub subject: Expr,
    /// What it is held against.
    pub pattern: Vec<ParsePart>,
}

/// A part of a `parse` pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum ParsePart {
    /// `*`
    Star(Span),
    /// A literal; a regular expression with `kind=regex`.
    Text(String, Span),
    /// `column` or `column:type`
    Column(Name, Option<Name>),
}

/// `find`
#[derive(Clone, Debug, PartialEq)]
pub struct Find {
    /// `withsource=`: what the column with the table's name is called.
    pub with_source: Option<Name>,
    /// The tables, if given.
    pub tables: Vec<Expr>,
    /// The predicate; a bare string literal is looked for in every column.
    pub predicate: Expr,
    /// `project`: columns, each with its type if that is given.
    pub project: Option<Vec<(Name, Option<Name>)>>,
    /// `pack_`, a bag of the columns that are not shown.
    pub pack: bool,
}

/// `make-series aggregate [default=…], … on axis from … to … step … by key, …`
#[derive(Clone, Debug, PartialEq)]
pub struct MakeSeries {
    /// Each with its default.
    pub aggregates: Vec<(NamedExpr, Option<Expr>)>,
    /// What is cut into steps.
    pub axis: NamedExpr,
    /// `from`
    pub first: Option<Expr>,
    /// `to`, exclusive
    pub last: Option<Expr>,
    /// The old form, `in range(first, last, step)`, whose last value is inclusive.
    pub inclusive: bool,
    /// `step`
    pub step: Expr,
    /// What series are made for.
    pub by: Vec<NamedExpr>,
    /// `kind=nonempty`: without any row there is a series of defaults.
    pub nonempty: bool,
}

/// `make-graph source --> target with nodes on id with_node_id=name`, and the operators over graphs behind it up to the one that
/// makes a table of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// The edges' column of where they begin.
    pub source: Name,
    /// The edges' column of where they end.
    pub target: Name,
    /// A table of nodes, and its column of what edges call them.
    pub nodes: Option<(Expr, Name)>,
    /// `with_node_id=`: what that is called of nodes that have no table.
    pub node_id: Option<Name>,
    /// `graph-mark-components`
    pub components: Option<Components>,
    /// `graph-to-table`
    pub output: GraphOutput,
}

/// `graph-mark-components kind=strong with_component_id=name`
#[derive(Clone, Debug, PartialEq)]
pub struct Components {
    /// `kind=strong`: nodes are of one component that lead to each other.
    pub strong: bool,
    /// What the component's number is called.
    pub name: Option<Name>,
}

/// `graph-to-table nodes`, `graph-to-table edges`
#[derive(Clone, Debug, PartialEq)]
pub enum GraphOutput {
    /// The nodes.
    Nodes {
        /// `with_node_id=`: what the hash of a node is called.
        id: Option<Name>,
    },
    /// The edges.
    Edges {
        /// `with_source_id=`: what the hash of where it begins is called.
        source: Option<Name>,
        /// `with_target_id=`: what the hash of where it ends is called.
        target: Option<Name>,
    },
}

/// One level of a `top-nested`.
#[derive(Clone, Debug, PartialEq)]
pub struct NestedLevel {
    /// How many; all if it is left out.
    pub count: Option<Expr>,
    /// What rows are grouped by.
    pub of: NamedExpr,
    /// `with others=`: what stands for the groups that are not among them.
    pub others: Option<Expr>,
    /// What groups are compared by.
    pub by: NamedExpr,
    /// `desc`, the default
    pub descending: bool,
}

/// `scan with_match_id=name declare (name:type=value, …) with (step …; …)`
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// `with_match_id=`: what the column with the sequence's number is called.
    pub match_id: Option<Name>,
    /// `declare`: columns that steps assign, each with its default.
    pub columns: Vec<(ColumnDeclaration, Option<Expr>)>,
    /// At least one.
    pub steps: Vec<ScanStep>,
}

/// `step name output=all: condition => column = value, …`
#[derive(Clone, Debug, PartialEq)]
pub struct ScanStep {
    /// What its state is called.
    pub name: Name,
    /// `output=`
    pub output: Option<Name>,
    /// Which rows match.
    pub condition: Expr,
    /// What is assigned where one does.
    pub assignments: Vec<(Name, Expr)>,
}
