//! Names get their meanings: a syntax tree and a catalog of tables become a [`BoundQuery`].
//!
//! `let` is by name: a tabular `let` is copied wherever it is used, and a function's body is bound anew for each call.
//! Everything that is wrong is said once, and what depends on it is bound on, so that one run shows every mistake.

mod aggregate;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod answers;
mod columns;
mod composed;
mod custom;
mod everything;
mod expand;
mod external;
mod feed;
mod find;
mod function;
mod graph;
mod join;
mod names;
mod narrow;
mod nested;
mod network;
mod operators;
mod pack;
mod parse;
mod pattern;
mod pivot;
mod places;
mod plugin;
mod profile;
mod properties;
mod room;
mod scalar;
mod scan;
mod schemas;
mod scope;
mod search;
mod series;
mod several;
mod source;
mod subquery;
mod summarize;
mod tabular;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
mod union;
mod unpack;
mod walk;
mod window;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::bound::{Bound, BoundQuery};
use crate::diagnostic::{Diagnostic, Span, suggest};
use crate::kql::ast::{Expr, ExprKind, Name, Query, Statement};
use crate::rule::Libraries;
use crate::schema::{Catalog, ScalarType};
use crate::value::DateTime;
use crate::value::functions::MAX_WEIGHT;
use function::{Calls, Lambda};
pub(crate) use operators::{symbol, text_name};
use pattern::Declared;
pub use plugin::{PLUGINS, Plugin};
use room::MAX_TREE;
use scope::{LegScope, Scope, Tabular};
pub use several::several_columns;

/// The most diagnostics that are said of one query.
const MAX_DIAGNOSTICS: usize = 200;

/// How often a query is bound to find the columns of its custom tables, or those that it names of all tables.
const MAX_PASSES: usize = 6;

/// How a query is bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct BindOptions {
    /// A column that the table's schema lacks is an error, as in Sentinel, and not a warning.
    pub strict: bool,
    /// Keep conjuncts that bound the table's own time by `ago()` or `now()`, and do not take them as the query's lookback.
    pub apply_lookback: bool,
    /// The query runs over all of its rows, and not record by record: [`super::bind_rule`] does not refuse what needs that.
    pub batch: bool,
    /// A file that a query reads may be missing: a warning then stands for the error, and the query is not to be run.
    pub without_files: bool,
    /// What `now()` is in what is computed while a query is bound, such as `toscalar()` of a table that is spelt out; the
    /// clock if it is not given.
    pub now: Option<DateTime>,
}

/// What `let` gave a name to.
#[derive(Clone)]
enum Meaning {
    Scalar(Bound),
    Tabular(Rc<Tabular>),
    Function(Rc<Lambda>),
    /// Tables by the values that they are asked with.
    Pattern(Rc<Declared>),
    /// A scalar that is made of records, `toscalar(Table | …)`: one row with one column.
    Later(Rc<Tabular>),
}

/// What an operator has computed before its expressions are bound.
#[derive(Clone)]
enum Lifted {
    /// The column that holds the value.
    Column(String),
    /// The value itself.
    Value(Bound),
}

/// Names and what they stand for.
type Lets = HashMap<String, Meaning>;

/// Binds one query; see [`bind_query`] and [`bind_scalar`].
struct Binder<'c> {
    catalog: &'c Catalog,
    libraries: &'c Libraries,
    options: BindOptions,
    lets: Lets,
    diagnostics: Vec<Diagnostic>,
    /// What `type_elsewhere` has found.
    elsewhere: HashMap<String, Option<ScalarType>>,
    /// How much the values may still weigh that are computed while the query is bound; see `fold`.
    room: usize,
    /// How much the bound query may still weigh; see `room`.
    tree_room: usize,
    /// Parts of expressions that an operator has computed beforehand, by their place in the text: aggregates, window
    /// functions, what is read from other tables.
    lifted: HashMap<Span, Lifted>,
    calls: Calls,
    /// What `set` has set.
    properties: HashMap<String, Bound>,
    /// Columns that no schema knows, and so nobody knows the type of.
    guessed: HashSet<String>,
    /// Columns that every custom table has for this query, for no schema tells; those of rows of all tables too.
    custom_columns: BTreeSet<String>,
    /// Whether the query reads a custom table.
    reads_custom: bool,
    /// Whether the query reads all tables.
    reads_all: bool,
    /// Whether what `column_ifexists()` asks of a custom table is taken to be there, and so has the type that its name tells.
    has_optional: bool,
    /// Whether that would be another type than the default's.
    defaults_differ: bool,
    /// Whether the query must be bound again, although nothing is wrong with it.
    again: bool,
    /// Names of columns that were not in scope.
    missing: BTreeSet<String>,
    /// The rows whose elements subqueries of `mv-apply` see, the innermost last.
    outer_rows: Vec<LegScope>,
}

/// Binds a whole query. Without an error among the diagnostics there is a query.
pub fn bind_query(query: &Query, catalog: &Catalog, options: BindOptions) -> (Option<BoundQuery>, Vec<Diagnostic>) {
    bind_query_with(query, catalog, &Libraries::default(), options)
}

/// The same, with saved functions and watchlists.
pub fn bind_query_with(
    query: &Query,
    catalog: &Catalog,
    libraries: &Libraries,
    options: BindOptions,
) -> (Option<BoundQuery>, Vec<Diagnostic>) {
    let mut custom_columns = BTreeSet::new();
    let mut passes = 1;
    // What was wrong where columns that may be there were not.
    let mut without: Option<Vec<Diagnostic>> = None;
    loop {
        let mut binder = Binder::new(catalog, libraries, options);
        binder.custom_columns = custom_columns.clone();
        binder.has_optional = without.is_some();
        let bound = binder.query(query);
        let failed = binder.diagnostics.iter().any(Diagnostic::is_error);
        if failed && (binder.reads_custom || binder.reads_all) || binder.again {
            // A name that nothing gives may be a custom table's column that came through `arg_max(t, *)` or a union, or one
            // that some table of all has.
            let known = custom_columns.len();
            custom_columns.append(&mut binder.missing);
            if custom_columns.len() > known && passes < MAX_PASSES {
                passes += 1;
                continue;
            }
        }
        if failed && without.is_some() {
            return (None, without.unwrap_or_default());
        }
        if failed && binder.defaults_differ && passes < MAX_PASSES {
            passes += 1;
            without = Some(binder.diagnostics);
            continue;
        }
        return (bound.filter(|_| !failed), binder.diagnostics);
    }
}

/// Binds a lone scalar expression, with no columns in scope.
pub fn bind_scalar(expr: &Expr, catalog: &Catalog) -> (Bound, Vec<Diagnostic>) {
    bind_scalar_with(expr, catalog, &Libraries::default(), BindOptions::default())
}

/// The same, with saved functions and files.
pub fn bind_scalar_with(
    expr: &Expr,
    catalog: &Catalog,
    libraries: &Libraries,
    options: BindOptions,
) -> (Bound, Vec<Diagnostic>) {
    let mut binder = Binder::new(catalog, libraries, options);
    let bound = binder.scalar(expr, &mut Scope::Nothing);
    (bound, binder.diagnostics)
}

impl<'c> Binder<'c> {
    fn new(catalog: &'c Catalog, libraries: &'c Libraries, options: BindOptions) -> Binder<'c> {
        Binder {
            catalog,
            libraries,
            options,
            lets: HashMap::new(),
            diagnostics: Vec::new(),
            elsewhere: HashMap::new(),
            room: MAX_WEIGHT,
            tree_room: MAX_TREE,
            lifted: HashMap::new(),
            calls: Calls::default(),
            properties: HashMap::new(),
            guessed: HashSet::new(),
            has_optional: false,
            defaults_differ: false,
            custom_columns: BTreeSet::new(),
            reads_custom: false,
            reads_all: false,
            again: false,
            missing: BTreeSet::new(),
            outer_rows: Vec::new(),
        }
    }

    fn query(&mut self, query: &Query) -> Option<BoundQuery> {
        match self.statements(query) {
            Some(expr) => self.tabular(expr).map(Tabular::finish),
            None => {
                if !self.diagnostics.iter().any(Diagnostic::is_error) {
                    let end = query.statements.last().map_or(Span::default(), |s| match s {
                        Statement::Let { span, .. } => *span,
                        Statement::Parameters(_) => Span::default(),
                        Statement::Pattern(pattern) => pattern.name.span,
                        Statement::Set { name, .. } => name.span,
                        Statement::Expression(e) => e.span,
                    });
                    self.error("KS006", end, "missing query: after the let statements there must be a table to read");
                }
                None
            }
        }
    }

    /// Gives the statements' names their meanings; what is left is the query's own expression.
    fn statements<'q>(&mut self, query: &'q Query) -> Option<&'q Expr> {
        let mut result = None;
        for statement in &query.statements {
            match statement {
                Statement::Let { name, value, .. } => self.define(name, value),
                Statement::Parameters(parameters) => self.query_parameters(parameters),
                Statement::Pattern(pattern) => self.declare_pattern(pattern),
                Statement::Set { name, value } => self.set_property(name, value),
                Statement::Expression(expr) if matches!(expr.kind, ExprKind::Error) => {}
                Statement::Expression(expr) => {
                    if result.is_some() {
                        self.error("KS002", expr.span, "a second query after the first; kqltap runs one query a rule");
                        continue;
                    }
                    result = Some(expr);
                }
            }
        }
        result
    }

    fn define(&mut self, name: &Name, value: &Expr) {
        let meaning = match &value.kind {
            ExprKind::Function(function) => {
                self.lambda(name, function).map(|lambda| Meaning::Function(Rc::new(lambda)))
            }
            _ if self.is_tabular(value) => self.tabular(value).map(|table| Meaning::Tabular(Rc::new(table))),
            _ => self.scalar_let(value),
        };
        // A let that failed still shadows, or its uses would be called unknown.
        let meaning = meaning.unwrap_or_else(|| Meaning::Scalar(Bound::error(value.span)));
        self.lets.insert(name.text.clone(), meaning);
    }

    /// Whether an expression stands for a table; a bare name does if it was given to one, or is one.
    fn is_tabular(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Pipe { .. } | ExprKind::Operator(_) | ExprKind::Wildcard(_) => true,
            ExprKind::Name(name) => match self.lets.get(&name.text) {
                Some(Meaning::Function(lambda)) => lambda.is_tabular,
                Some(meaning) => matches!(meaning, Meaning::Tabular(_)),
                None => self.catalog.table(&name.text).is_some() || self.is_custom(&name.text),
            },
            ExprKind::Call { name, arguments } => self.is_tabular_call(name, arguments),
            ExprKind::Path { base, .. } => {
                matches!(&base.kind, ExprKind::Call { name, .. } if matches!(self.lets.get(&name.text), Some(Meaning::Pattern(_))))
            }
            _ => false,
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        let diagnostic = self.calls.placed(diagnostic);
        // Behind the bound the first error is still said: a query with one is none.
        let failed = self.diagnostics.iter().any(Diagnostic::is_error);
        if self.says_enough() && (failed || !diagnostic.is_error()) {
            return;
        }
        // The legs of a union are bound one by one; what is wrong in all of them is said once.
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether more diagnostics would only be more of the same; what they would say need not be worked out.
    fn says_enough(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    /// The candidate nearest to an unknown name, as a question to its author.
    fn near<'n>(&self, name: &str, candidates: impl Iterator<Item = &'n str>) -> Option<String> {
        if self.says_enough() {
            return None;
        }
        suggest(name, candidates).map(|near| format!("did you mean '{near}'?"))
    }

    /// The type that the known tables agree on for a column of that name.
    fn type_elsewhere(&mut self, column: &str) -> Option<ScalarType> {
        if let Some(ty) = self.elsewhere.get(column) {
            return *ty;
        }
        let ty = self.catalog.column_type_elsewhere(column);
        self.elsewhere.insert(column.to_owned(), ty);
        ty
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::error(code, span, message));
    }

    /// Says so if `bound` is not of type `ty`, and gives back whether it is.
    fn expect(&mut self, bound: &Bound, ty: ScalarType, what: &str) -> bool {
        if bound.is_error() || bound.ty == ty {
            return true;
        }
        self.error("KS141", bound.span, format!("{what} must be of type {ty}, and this is {}", bound.ty));
        false
    }

    /// A constant of a whole number, zero or more.
    fn whole_number(&mut self, expr: &Expr, what: &str) -> Option<usize> {
        let bound = self.scalar(expr, &mut Scope::Nothing);
        let number = match bound.as_constant() {
            Some(crate::value::Value::Long(n)) => usize::try_from(*n).ok(),
            Some(crate::value::Value::Int(n)) => usize::try_from(*n).ok(),
            _ => None,
        };
        if number.is_none() && !bound.is_error() {
            self.error("KS134", expr.span, format!("{what} must be a whole number, zero or more"));
        }
        number
    }
}
