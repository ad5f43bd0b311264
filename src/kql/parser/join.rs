//! Operators that bring other tables in: `union`, `join`, `lookup`, `search`, `evaluate`.

use super::{Parser, Read};
use crate::diagnostic::Diagnostic;
use crate::kql::ast::{Expr, ExprKind, Name, OperatorKind, Union};
use crate::kql::token::TokenKind;

/// Parameters, the right side, and what is compared.
type Join = (Vec<(Name, Expr)>, Expr, Vec<Expr>);

impl Parser<'_> {
    /// Parameters, then legs.
    pub(super) fn union(&mut self) -> Read<Union> {
        let parameters = self.parameters(|_| true)?;
        let legs = self.comma_list(Self::leg)?;
        Ok(Union { parameters, legs })
    }

    /// A table, tables whose names match, or a pipe in parentheses.
    fn leg(&mut self) -> Read<Expr> {
        self.height = 1;
        match self.wildcard() {
            Some(name) if name.text == "*" => Ok(Expr { span: name.span, kind: ExprKind::Star }),
            Some(name) => Ok(Expr { span: name.span, kind: ExprKind::Wildcard(name) }),
            None => self.path(),
        }
    }

    /// `kind=… right on condition, …`, of `join` and of `lookup`.
    pub(super) fn join(&mut self, word: &str) -> Read<Join> {
        let parameters = self.parameters(|_| true)?;
        let right = self.beside(Self::expression)?;
        if word == "join" && self.at_word("where") {
            let message = "A `join` with `where` in place of `on` is not supported yet.";
            return Err(self.report(Diagnostic::error("KT003", self.peek().span, message)));
        }
        self.keyword("on")?;
        let on = self.beside(|parser| parser.comma_list(Self::expression))?;
        Ok((parameters, right, on))
    }

    /// `kind=… in (table, …) predicate`
    pub(super) fn search(&mut self) -> Read<OperatorKind> {
        let parameters = self.parameters(|name| name == "kind")?;
        let mut case_sensitive = false;
        for (_, value) in &parameters {
            match &value.kind {
                ExprKind::Name(kind) if matches!(kind.text.as_str(), "default" | "case_insensitive") => {}
                ExprKind::Name(kind) if kind.text == "case_sensitive" => case_sensitive = true,
                _ => {
                    let message = "A `search` is of the kind case_sensitive or case_insensitive.";
                    self.report(Diagnostic::error("KS140", value.span, message));
                }
            }
        }
        let tables = self.searched_tables()?;
        let predicate = self.searched(Self::expression)?;
        Ok(OperatorKind::Search { tables, predicate, case_sensitive })
    }

    /// `in (table, …)`, or nothing.
    pub(super) fn searched_tables(&mut self) -> Read<Vec<Expr>> {
        if !self.eat_word("in") {
            return Ok(Vec::new());
        }
        let open = self.expect(TokenKind::OpenParen, "`(`")?;
        let tables = self.comma_list(Self::leg)?;
        self.expect_close(TokenKind::CloseParen, open)?;
        Ok(tables)
    }

    /// Reads where `column:"text"` is a condition.
    pub(super) fn searched<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        let outer = std::mem::replace(&mut self.searching, true);
        let result = self.beside(read);
        self.searching = outer;
        result
    }

    /// `plugin(argument, …)`, with what it gives: `: (name:type, …)`.
    pub(super) fn evaluate(&mut self) -> Read<Expr> {
        self.hints()?;
        let value = self.path()?;
        if !self.eat(TokenKind::Colon) {
            return Ok(value);
        }
        let open = self.expect(TokenKind::OpenParen, "`(`")?;
        let (mut rest, mut columns) = (false, Vec::new());
        while !self.at(TokenKind::CloseParen) {
            if self.eat(TokenKind::Star) {
                rest = true;
            } else {
                columns.push(self.declaration()?);
            }
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        let close = self.expect_close(TokenKind::CloseParen, open)?;
        self.grow(self.height)?;
        let span = value.span.to(close.span);
        Ok(Expr { kind: ExprKind::Shaped { value: Box::new(value), rest, columns }, span })
    }
}
