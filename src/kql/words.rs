//! Words that are special where they stand: tabular operators, operators between operands, names of literals.

use crate::kql::ast::{BinaryOp, ListOp, LiteralKind, TextKind, TextOp};

/// The tabular operators that are read.
pub(crate) const OPERATORS: &[&str] = &[
    "as",
    "count",
    "distinct",
    "evaluate",
    "extend",
    "filter",
    "find",
    "getschema",
    "invoke",
    "join",
    "limit",
    "lookup",
    "make-graph",
    "make-series",
    "mv-apply",
    "mv-expand",
    "mvapply",
    "mvexpand",
    "order",
    "parse",
    "parse-kv",
    "parse-where",
    "partition",
    "print",
    "project",
    "project-away",
    "project-keep",
    "project-rename",
    "project-reorder",
    "range",
    "render",
    "sample",
    "sample-distinct",
    "scan",
    "search",
    "serialize",
    "sort",
    "summarize",
    "take",
    "top",
    "top-nested",
    "union",
    "where",
];

/// The tabular operators of the language that are not read yet.
pub(crate) const OPERATORS_TO_COME: &[&str] = &[
    "assert-schema",
    "consume",
    "execute-and-cache",
    "facet",
    "fork",
    "graph-mark-components",
    "graph-match",
    "graph-shortest-paths",
    "graph-to-table",
    "graph-where-edges",
    "graph-where-nodes",
    "macro-expand",
    "partition-by",
    "project-by-names",
    "project-smart",
    "reduce",
    "top-hitters",
];

/// What `set` may set that changes what a query answers.
pub(crate) const ANSWERING_PROPERTIES: &[&str] = &["query_bin_auto_size", "query_bin_auto_at"];

/// The tabular operators that may begin a pipe. `datatable` and `externaldata` are operands.
const FIRST_OPERATORS: &[&str] = &["union", "print", "search", "find", "range", "evaluate", "macro-expand"];

/// The calls that name another place's tables: `workspace("x").T`.
pub(crate) fn is_elsewhere(name: &str) -> bool {
    matches!(name, "cluster" | "database" | "workspace" | "app" | "resource" | "arg" | "adx")
}

/// The words between two operands, for suggestions.
pub(crate) const INFIX_WORDS: &[&str] = &[
    "and",
    "or",
    "in",
    "in~",
    "!in",
    "!in~",
    "between",
    "!between",
    "has",
    "!has",
    "has_cs",
    "!has_cs",
    "has_any",
    "has_all",
    "hasprefix",
    "!hasprefix",
    "hasprefix_cs",
    "!hasprefix_cs",
    "hassuffix",
    "!hassuffix",
    "hassuffix_cs",
    "!hassuffix_cs",
    "contains",
    "!contains",
    "contains_cs",
    "!contains_cs",
    "notcontains",
    "containscs",
    "notcontainscs",
    "startswith",
    "!startswith",
    "startswith_cs",
    "!startswith_cs",
    "endswith",
    "!endswith",
    "endswith_cs",
    "!endswith_cs",
    "matches",
];

/// Whether a word may begin a pipe.
pub(crate) fn is_first_operator(word: &str) -> bool {
    FIRST_OPERATORS.contains(&word)
}

/// An operator between two operands, or between one and a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Infix {
    Binary(BinaryOp),
    List(ListOp),
    Between { negated: bool },
}

/// How tight an operator binds. Kusto's own order: string operators bind tighter than `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Equality,
    Relational,
    Additive,
    Multiplicative,
    Text,
    /// Tighter than any operator between operands.
    Unary,
}

impl Level {
    /// The next tighter level.
    pub(crate) fn tighter(self) -> Level {
        match self {
            Level::Equality => Level::Relational,
            Level::Relational => Level::Additive,
            Level::Additive => Level::Multiplicative,
            Level::Multiplicative => Level::Text,
            Level::Text | Level::Unary => Level::Unary,
        }
    }

    /// Whether `a op b op c` is allowed.
    pub(crate) fn chains(self) -> bool {
        matches!(self, Level::Additive | Level::Multiplicative)
    }
}

impl Infix {
    /// How tight it binds.
    pub(crate) fn level(self) -> Level {
        match self {
            Infix::List(_) | Infix::Between { .. } => Level::Equality,
            Infix::Binary(op) => match op {
                BinaryOp::Equal | BinaryOp::NotEqual => Level::Equality,
                BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual => {
                    Level::Relational
                }
                BinaryOp::Add | BinaryOp::Subtract => Level::Additive,
                BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => Level::Multiplicative,
                BinaryOp::EqualFolded { .. } | BinaryOp::Text(_) | BinaryOp::MatchesRegex => Level::Text,
            },
        }
    }

    /// The operator that a word such as `!has_cs` is. `matches` is `matches regex`.
    pub(crate) fn from_word(word: &str) -> Option<Infix> {
        // Old spellings, which Kusto still takes.
        let word = match word {
            "notcontains" => "!contains",
            "containscs" => "contains_cs",
            "notcontainscs" => "!contains_cs",
            word => word,
        };
        let (negated, plain) = match word.strip_prefix('!') {
            Some(plain) => (true, plain),
            None => (false, word),
        };
        match (plain, negated) {
            ("in", _) => return Some(Infix::List(ListOp::In { folded: false, negated })),
            ("in~", _) => return Some(Infix::List(ListOp::In { folded: true, negated })),
            ("has_any", false) => return Some(Infix::List(ListOp::HasAny)),
            ("has_all", false) => return Some(Infix::List(ListOp::HasAll)),
            ("between", _) => return Some(Infix::Between { negated }),
            ("matches", false) => return Some(Infix::Binary(BinaryOp::MatchesRegex)),
            _ => {}
        }
        let (case_sensitive, stem) = match plain.strip_suffix("_cs") {
            Some(stem) => (true, stem),
            None => (false, plain),
        };
        let kind = match stem {
            "has" => TextKind::Has,
            "hasprefix" => TextKind::HasPrefix,
            "hassuffix" => TextKind::HasSuffix,
            "contains" => TextKind::Contains,
            "startswith" => TextKind::StartsWith,
            "endswith" => TextKind::EndsWith,
            _ => return None,
        };
        Some(Infix::Binary(BinaryOp::Text(TextOp { kind, case_sensitive, negated })))
    }
}

/// The type that `name(…)` is a literal of.
pub(crate) fn literal_kind(name: &str) -> Option<LiteralKind> {
    Some(match name {
        "bool" | "boolean" => LiteralKind::Bool,
        "int" => LiteralKind::Int,
        "long" => LiteralKind::Long,
        "real" | "double" => LiteralKind::Real,
        "decimal" => LiteralKind::Decimal,
        "datetime" | "date" => LiteralKind::DateTime,
        "timespan" | "time" => LiteralKind::TimeSpan,
        "guid" | "uniqueid" | "uuid" => LiteralKind::Guid,
        _ => return None,
    })
}

/// The function that converts to a type, for those who write a literal's name around an expression.
pub(crate) fn conversion(kind: LiteralKind) -> &'static str {
    match kind {
        LiteralKind::Bool => "tobool",
        LiteralKind::Int => "toint",
        LiteralKind::Long => "tolong",
        LiteralKind::Real => "toreal",
        LiteralKind::Decimal => "todecimal",
        LiteralKind::String => "tostring",
        LiteralKind::DateTime => "todatetime",
        LiteralKind::TimeSpan => "totimespan",
        LiteralKind::Guid => "toguid",
    }
}

/// Whether a word behind a number makes it a timespan.
pub(crate) fn is_time_unit(word: &str) -> bool {
    matches!(
        word,
        "d" | "day"
            | "days"
            | "h"
            | "hr"
            | "hrs"
            | "hour"
            | "hours"
            | "m"
            | "min"
            | "minute"
            | "minutes"
            | "s"
            | "sec"
            | "second"
            | "seconds"
            | "ms"
            | "milli"
            | "millis"
            | "millisec"
            | "millisecond"
            | "milliseconds"
            | "micro"
            | "micros"
            | "microsec"
            | "microsecond"
            | "microseconds"
            | "nano"
            | "nanos"
            | "nanosec"
            | "nanosecond"
            | "nanoseconds"
            | "tick"
            | "ticks"
    )
}
