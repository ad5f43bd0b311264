//! KQL text to a syntax tree. This part knows text only: no schema, no record.
//!
//! [`parse`] never fails: what could not be read becomes an error node and a diagnostic, and reading goes on at the next
//! pipe or `;`, so that all mistakes of a query are told at once. One mistake is told once.

pub mod ast;
mod lexer;
mod parser;
mod token;
mod words;

use crate::diagnostic::{Diagnostic, Span};

/// What bounds the reading of a query, so that a hostile text cannot take the process down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest text, in bytes (setting `max_query_length`).
    pub max_length: usize,
    /// The deepest nesting, in brackets and in levels of the tree (setting `max_query_depth`). A level costs a few
    /// kilobytes of stack in everything that walks the tree: a value over 1,000 asks for threads with a larger stack.
    pub max_depth: usize,
}

impl Default for Limits {
    /// 2 MiB of text, 200 levels.
    fn default() -> Self {
        Limits { max_length: 2 << 20, max_depth: 200 }
    }
}

/// What became of a query's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The tree; whole if no diagnostic is an error.
    pub query: ast::Query,
    /// What is wrong with the text, in its order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a whole query.
pub fn parse(text: &str, limits: &Limits) -> Parsed {
    if let Some(diagnostic) = too_long(text, limits) {
        return Parsed { query: ast::Query { statements: Vec::new() }, diagnostics: vec![diagnostic] };
    }
    let mut parser = parser::Parser::new(text, limits.max_depth);
    let query = parser.query();
    Parsed { query, diagnostics: parser.finish() }
}

/// Reads a lone scalar expression; text behind it is an error. There is no expression if the text is too long.
pub fn parse_expression(text: &str, limits: &Limits) -> (Option<ast::Expr>, Vec<Diagnostic>) {
    if let Some(diagnostic) = too_long(text, limits) {
        return (None, vec![diagnostic]);
    }
    let mut parser = parser::Parser::new(text, limits.max_depth);
    let expr = parser.lone_expression();
    (Some(expr), parser.finish())
}

/// Kusto's KS244: the text is longer than the limit.
fn too_long(text: &str, limits: &Limits) -> Option<Diagnostic> {
    (text.len() > limits.max_length).then(|| {
        Diagnostic::error(
            "KS244",
            Span::default(),
            format!("The query has {} bytes, more than max_query_length allows ({}).", text.len(), limits.max_length),
        )
        .help("Shorten the query, move its lists into watchlists, or raise max_query_length.")
    })
}

#[cfg(test)]
mod tests;
