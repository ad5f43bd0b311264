//! Statements: `let`, and what is not one.

use super::{Parser, Read, error_expr};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Expr, Query, Statement};
use crate::kql::token::TokenKind;
use crate::kql::words;

impl Parser<'_> {
    /// Everything up to the end of the text, or of the function's body that is being read.
    pub(in crate::kql) fn query(&mut self) -> Query {
        let mut statements = Vec::new();
        let mut height = 0;
        loop {
            while self.eat(TokenKind::Semicolon) {}
            if self.at(TokenKind::End) || self.at_body_end() {
                self.height = height;
                return Query { statements };
            }
            let before = self.at;
            self.height = 0;
            if let Ok(Some(statement)) = self.statement() {
                statements.push(statement);
                height = height.max(self.height);
            }
            self.end_statement(before);
        }
    }

    /// Whether the `}` here ends the function's body that is being read.
    fn at_body_end(&self) -> bool {
        self.at(TokenKind::CloseBrace) && self.peek().depth < self.body_depth
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
        if matches!(self.peek().kind, TokenKind::Semicolon | TokenKind::End) || self.at_body_end() {
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
    pub(super) fn skip_statement(&mut self) {
        let depth = self.body_depth;
        while !(self.at(TokenKind::End)
            || self.at(TokenKind::Semicolon) && self.peek().depth <= depth
            || self.at_body_end())
        {
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
        let second = self.peek_at(1);
        let word = if second.kind == TokenKind::Name { self.word(first) } else { "" };
        match word {
            "set" if words::ANSWERING_PROPERTIES.contains(&self.word(second)) => {
                return self.property().map(Some).inspect_err(|_| self.skip_statement());
            }
            // It says how Kusto runs a query, and has no say in what the query answers.
            "set" => {
                self.skip_statement();
                return Ok(None);
            }
            "declare" if self.word(second) == "query_parameters" => {
                return self.query_parameters().map(Some).inspect_err(|_| self.skip_statement());
            }
            "declare" if self.word(second) == "pattern" => {
                return self.pattern_statement().map(Some).inspect_err(|_| self.skip_statement());
            }
            "declare" | "alias" | "restrict" => {
                let message = format!("The statement `{word}` is not supported yet.");
                let help = "Remove it; what it names can be given by `let` or by a function.";
                self.report(Diagnostic::error("KT002", first.span, message).help(help));
                self.skip_statement();
                return Ok(None);
            }
            _ => {}
        }
        if first.kind == TokenKind::Dot {
            let help = "Management commands (`.show`, `.create` …) are not queries; remove this one.";
            self.unexpected(Some(help.to_owned()));
            self.skip_statement();
            return Ok(None);
        }
        Ok(Some(Statement::Expression(self.pipe(false)?)))
    }

    /// `set name = value`
    fn property(&mut self) -> Read<Statement> {
        self.bump();
        let name = self.name("name")?;
        self.expect(TokenKind::Assign, "`=`")?;
        Ok(Statement::Set { name, value: self.expression()? })
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
        let value = if self.at_lambda() {
            // The name stays known, so that its uses are not complained of.
            let place = self.peek().span;
            self.lambda().unwrap_or_else(|_| {
                self.skip_statement();
                error_expr(place)
            })
        } else {
            self.pipe(false)?
        };
        Ok(Statement::Let { span: Span::new(start.start, self.last_end()), name, value })
    }
}
