//! Statements: `let`, and what is not one.

use super::{Parser, Read, error_expr};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Expr, Query, Statement};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    /// Everything up to the end of the text.
    pub(in crate::kql) fn query(&mut self) -> Query {
        let mut statements = Vec::new();
        loop {
            while self.eat(TokenKind::Semicolon) {}
            if self.at(TokenKind::End) {
                return Query { statements };
            }
            let before = self.at;
            if let Ok(Some(statement)) = self.statement() {
                statements.push(statement);
            }
            self.end_statement(before);
        }
    }

    /// One scalar expression and nothing behind it.
    pub(in crate::kql) fn lone_expression(&mut self) -> Expr {
        let start = self.peek().span;
        match self.expression() {
            Ok(expr) => {
                if !self.at(TokenKind::End) {
                    let help = self.infix_help();
                    self.unexpected(help);
                }
                expr
            }
            Err(_) => error_expr(start),
        }
    }

    /// A statement ends with `;`. Where a `let` follows at once the `;` was forgotten, and nothing need be skipped.
    fn end_statement(&mut self, before: usize) {
        if matches!(self.peek().kind, TokenKind::Semicolon | TokenKind::End) {
            return;
        }
        if self.at > before && self.at_let() {
            let span = Span::new(self.last_end(), self.last_end());
            let message = "Missing `;` before `let`.";
            self.report(Diagnostic::error("KS001", span, message).help("Statements are separated by `;`."));
            return;
        }
        let help = self.infix_help();
        self.unexpected(help);
        self.skip_statement();
    }

    /// Skips to the `;` that ends the statement, past those inside a function's body.
    fn skip_statement(&mut self) {
        let depth = self.peek().depth;
        while !(self.at(TokenKind::End) || self.at(TokenKind::Semicolon) && self.peek().depth <= depth) {
            self.bump();
        }
    }

    fn at_let(&self) -> bool {
        self.at_word("let") && matches!(self.peek_at(1).kind, TokenKind::Name | TokenKind::OpenBracket)
    }

    /// One statement; none if it was skipped.
    fn statement(&mut self) -> Read<Option<Statement>> {
        let first = self.peek();
        if self.at_word("let") {
            return self.let_statement().map(Some);
        }
        let followed = self.peek_at(1).kind == TokenKind::Name;
        let word = self.word(first);
        if first.kind == TokenKind::Name && followed && matches!(word, "declare" | "set" | "alias" | "restrict") {
            self.report(
                Diagnostic::error("KT002", first.span, format!("The statement `{word}` is not supported yet."))
                    .help("Remove it; kqltap has settings of its own for limits and parameters."),
            );
            self.skip_statement();
            return Ok(None);
        }
        if first.kind == TokenKind::Dot {
            let help = "Management commands (`.show`, `.create` …) are not queries; remove this one.";
            self.unexpected(Some(help.to_owned()));
            self.skip_statement();
            return Ok(None);
        }
        Ok(Some(Statement::Expression(self.pipe(false)?)))
    }

    fn let_statement(&mut self) -> Read<Statement> {
        let start = self.bump().span;
        let name = self.name("name").inspect_err(|_| self.skip_statement())?;
        if !self.at(TokenKind::Assign) {
            self.missing("KS001", "`=`", Some("Write `let name = value;`."));
            self.skip_statement();
            let value = error_expr(name.span);
            return Ok(Statement::Let { span: start.to(name.span), name, value });
        }
        self.bump();
        let value = if self.at_lambda() { self.lambda() } else { self.pipe(false)? };
        Ok(Statement::Let { span: Span::new(start.start, self.last_end()), name, value })
    }

    /// Whether a function with parameters begins here: `(name:type) {`, `() {`, `view () {`.
    fn at_lambda(&self) -> bool {
        let view = usize::from(self.at_word("view"));
        let kind = |ahead: usize| self.peek_at(view + ahead).kind;
        kind(0) == TokenKind::OpenParen
            && matches!(
                (kind(1), kind(2)),
                (TokenKind::CloseParen, TokenKind::OpenBrace) | (TokenKind::Name, TokenKind::Colon)
            )
    }

    /// Functions of the query's own are still to come; the name stays known, so that its uses are not complained of.
    fn lambda(&mut self) -> Expr {
        let span = self.peek().span;
        self.report(
            Diagnostic::error("KT002", span, "A `let` function with parameters is not supported yet.")
                .help("Write its body where it is called."),
        );
        self.skip_statement();
        error_expr(span)
    }
}
