//! The syntax tree: what a query's text says, before any name means anything.
//!
//! Every node has the span it was read from. Literals keep their text; what a datetime or a number is, is decided when
//! the tree is bound to a schema. Chains of `and`, `or`, pipes and path members are lists, so that a long rule is wide
//! and not deep.

use crate::diagnostic::Span;

mod operator;

pub use operator::*;

/// A whole query: statements separated by `;`.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// In the order of the text.
    pub statements: Vec<Statement>,
}

/// One statement of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// `let name = value`, where the value is a scalar or a table.
    Let {
        /// The name that is given a meaning.
        name: Name,
        /// What it stands for.
        value: Expr,
        /// From `let` to the end of the value.
        span: Span,
    },
    /// `declare query_parameters(name:type = default, …)`
    Parameters(Vec<Parameter>),
    /// `declare pattern name = …`
    Pattern(Box<Pattern>),
    /// `set name = value`, where it changes what the query answers.
    Set {
        /// The property.
        name: Name,
        /// What it is set to.
        value: Expr,
    },
    /// The query itself, or a stray scalar.
    Expression(Expr),
}

/// A name as written: an identifier, or `['any text']`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name without brackets or quotes.
    pub text: String,
    /// Where it stands, brackets included.
    pub span: Span,
}

/// An expression, scalar or tabular: the parser does not know which a bare name is.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands, its own parentheses included.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A scalar literal.
    Literal(Literal),
    /// `dynamic(…)`.
    Dynamic(DynamicLiteral),
    /// A column, a `let`, or a table.
    Name(Name),
    /// `*`, where a list of columns may stand.
    Star,
    /// `base.member[index]…`
    Path {
        /// What is looked into.
        base: Box<Expr>,
        /// One step after the other.
        steps: Vec<Step>,
    },
    /// `-x` or `+x`.
    Unary {
        /// Whether the sign is a minus.
        negate: bool,
        /// The number.
        operand: Box<Expr>,
    },
    /// Two operands around an operator.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where the operator stands.
        op_span: Span,
        /// Its left operand.
        left: Box<Expr>,
        /// Its right operand.
        right: Box<Expr>,
    },
    /// `a and b and …` or `a or b or …`: two operands at least.
    Logical {
        /// `true` for `and`, `false` for `or`.
        and: bool,
        /// In the order of the text.
        operands: Vec<Expr>,
    },
    /// `x in (…)`, `x has_any (…)` and their like.
    List {
        /// The operator.
        op: ListOp,
        /// Where the operator stands.
        op_span: Span,
        /// What is held against the list.
        subject: Box<Expr>,
        /// The list, or one tabular expression.
        items: Vec<Expr>,
    },
    /// `x between (low .. high)`.
    Between {
        /// Whether it is `!between`.
        negated: bool,
        /// Where the operator stands.
        op_span: Span,
        /// The value.
        subject: Box<Expr>,
        /// The lower bound, inclusive.
        low: Box<Expr>,
        /// The upper bound, inclusive.
        high: Box<Expr>,
    },
    /// `name(argument, …)`, a function of scalars or of tables.
    Call {
        /// The function.
        name: Name,
        /// Its arguments.
        arguments: Vec<Argument>,
    },
    /// `typeof(type)`.
    Typeof(Name),
    /// A source and what it is piped through.
    Pipe {
        /// A table, a `let`, or an operator that makes rows (`union`, `print`).
        source: Box<Expr>,
        /// At least one.
        operators: Vec<Operator>,
    },
    /// An operator that begins a pipe: `union A, B`.
    Operator(Box<Operator>),
    /// `(a, b) { … }`: a function, which only `let` can give a name to.
    Function(Box<Function>),
    /// `T*`: tables whose names begin so; `*` alone is [`ExprKind::Star`].
    Wildcard(Name),
    /// `(a, b) = value`: the value is of several columns, each of which gets a name. Stands in lists of columns only.
    Unpack {
        /// As many as the value has columns, or fewer.
        names: Vec<Name>,
        /// Such as `arg_max(…)`, which gives several columns.
        value: Box<Expr>,
    },
    /// `plugin(…) : (name:type, …)`: what the plugin gives is declared. Stands behind `evaluate` only.
    Shaped {
        /// The plugin's call.
        value: Box<Expr>,
        /// `*`: the input's columns come too.
        rest: bool,
        /// The columns that the plugin adds.
        columns: Vec<ColumnDeclaration>,
    },
    /// What could not be read; a diagnostic says why. Nothing more is said about it.
    Error,
}

/// A function that a `let` defines.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Tabular ones come first.
    pub parameters: Vec<Parameter>,
    /// Its statements; the last one is its value.
    pub body: Query,
}

/// `declare pattern name = (name:string, …)[path:string] { (value, …).[value] = { … }; … }`: tables by the values that they are
/// asked with.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Its name.
    pub name: Name,
    /// What stands in the call's parentheses.
    pub parameters: Vec<Parameter>,
    /// Whether something stands behind the call's parentheses too.
    pub has_path: bool,
    /// None of a pattern that is declared and not defined.
    pub cases: Vec<PatternCase>,
}

/// One line of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternCase {
    /// One for each parameter.
    pub values: Vec<Expr>,
    /// What stands behind the parentheses.
    pub path: Option<Expr>,
    /// What is asked then.
    pub body: Query,
}

/// A parameter of a function, or of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// What it takes.
    pub ty: ParameterType,
    /// `= value`
    pub default: Option<Expr>,
}

/// What a parameter takes.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterType {
    /// `name:type`
    Scalar(Name),
    /// `name:(column:type, …)`, or `name:(*)` for a table of any columns
    Table(Vec<ColumnDeclaration>),
}

/// `name:type`, in `datatable`, `parse`, `externaldata` and tabular parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDeclaration {
    /// The column.
    pub name: Name,
    /// Its type, as written.
    pub ty: Name,
}

/// A scalar literal: its kind and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// Which type it is of.
    pub kind: LiteralKind,
    /// For a string its value, escapes resolved and adjacent pieces joined; for the rest the text, for `datetime(…)` and
    /// its like the text between the parentheses, trimmed (`null` for a null of that type).
    pub text: String,
}

/// The types that literals have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiteralKind {
    /// `true`, `bool(…)`
    Bool,
    /// `int(…)`
    Int,
    /// `1`, `0x1f`, `long(…)`
    Long,
    /// `1.5`, `1e3`, `real(…)`, `double(…)`
    Real,
    /// `decimal(…)`
    Decimal,
    /// `"…"`, `'…'`, `@"…"`, triple back-ticks, with or without `h`
    String,
    /// `datetime(…)`, `date(…)`
    DateTime,
    /// `1d`, `timespan(…)`, `time(…)`
    TimeSpan,
    /// `guid(…)`
    Guid,
}

/// What stands inside `dynamic(…)`: JSON, with Kusto's literals as extra scalars.
#[derive(Clone, Debug, PartialEq)]
pub enum DynamicLiteral {
    /// `null`
    Null,
    /// A JSON scalar or a Kusto literal such as `datetime(…)` or `1d`; numbers carry their sign in the text.
    Scalar(Literal, Span),
    /// `[…]`
    Array(Vec<DynamicLiteral>),
    /// `{…}`, in the order of the text
    Bag(Vec<(String, DynamicLiteral)>),
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `.name`
    Member(Name),
    /// `[expression]`: a string is a member, an integer an index (negative from the end).
    Index(Expr),
}

/// Operators between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`, `<>`
    NotEqual,
    /// `=~`, `!~`: equal but for case
    EqualFolded {
        /// `!~`
        negated: bool,
    },
    /// `has`, `contains` and their like
    Text(TextOp),
    /// `matches regex`
    MatchesRegex,
}

/// A string operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TextOp {
    /// Which one.
    pub kind: TextKind,
    /// The `_cs` form.
    pub case_sensitive: bool,
    /// The `!` form.
    pub negated: bool,
}

/// The string operators, their case and negation apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextKind {
    /// `has`: between term bounds
    Has,
    /// `hasprefix`: after a term bound
    HasPrefix,
    /// `hassuffix`: before a term bound
    HasSuffix,
    /// `contains`: anywhere
    Contains,
    /// `startswith`
    StartsWith,
    /// `endswith`
    EndsWith,
}

/// Operators between a value and a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListOp {
    /// `in`, `!in`, `in~`, `!in~`
    In {
        /// `in~`
        folded: bool,
        /// `!in`
        negated: bool,
    },
    /// `has_any`
    HasAny,
    /// `has_all`
    HasAll,
}

/// An argument, with its name if it was given one.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// `name = value`
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}
