//! Operands: signs, paths, calls, names.

use super::{Parser, Read, Stop};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Argument, Expr, ExprKind, LiteralKind, Step};
use crate::kql::token::TokenKind;
use crate::kql::words;

impl Parser<'_> {
    /// An operand with its sign. KQL allows one.
    pub(super) fn unary(&mut self) -> Read<Expr> {
        let sign = self.peek();
        match sign.kind {
            TokenKind::Minus | TokenKind::Plus => {
                self.bump();
                if matches!(self.peek().kind, TokenKind::Minus | TokenKind::Plus) {
                    self.unexpected(Some("A value has one sign at most; use parentheses.".to_owned()));
                    while matches!(self.peek().kind, TokenKind::Minus | TokenKind::Plus) {
                        self.bump();
                    }
                }
                let operand = self.path()?;
                self.grow(self.height)?;
                let span = sign.span.to(operand.span);
                let negate = sign.kind == TokenKind::Minus;
                Ok(Expr { kind: ExprKind::Unary { negate, operand: Box::new(operand) }, span })
            }
            _ => self.path(),
        }
    }

    /// An operand and the steps into it.
    pub(super) fn path(&mut self) -> Read<Expr> {
        let base = self.primary()?;
        if self.at(TokenKind::Dot) && is_elsewhere(&base) {
            return self.elsewhere(base);
        }
        let mut height = self.height;
        let mut steps = Vec::new();
        loop {
            // `a.[0]` is `a[0]`, `a.['b']` is `a.b`.
            let dotted = self.eat(TokenKind::Dot);
            if dotted && (!self.at(TokenKind::OpenBracket) || self.name_length().is_some()) {
                let name = self.name("name of a member")?;
                if self.at(TokenKind::OpenParen) {
                    let message = format!("The call `.{}(…)` behind a dot is not supported yet.", name.text);
                    return Err(self.report(Diagnostic::error("KT003", name.span, message)));
                }
                steps.push(Step::Member(name));
            } else if self.at(TokenKind::OpenBracket) {
                let open = self.bump();
                let index = self.expression()?;
                self.expect_close(TokenKind::CloseBracket, open)?;
                height = height.max(self.height);
                steps.push(Step::Index(index));
            } else {
                break;
            }
        }
        if steps.is_empty() {
            self.height = height;
            return Ok(base);
        }
        self.grow(height)?;
        let span = Span::new(base.span.start, self.last_end());
        Ok(Expr { kind: ExprKind::Path { base: Box::new(base), steps }, span })
    }

    fn primary(&mut self) -> Read<Expr> {
        let token = self.peek();
        self.height = 1;
        match token.kind {
            TokenKind::String | TokenKind::Long | TokenKind::Real | TokenKind::TimeSpan | TokenKind::Typed(_) => {
                Ok(self.literal())
            }
            TokenKind::OpenParen => {
                self.bump();
                let inner = self.pipe(false)?;
                let close = self.expect_close(TokenKind::CloseParen, token)?;
                // With its parentheses, so that a list around it does not end before them.
                Ok(Expr { span: token.span.to(close.span), ..inner })
            }
            TokenKind::OpenBracket if self.name_length().is_some() => {
                let name = self.name("name")?;
                Ok(Expr { span: name.span, kind: ExprKind::Name(name) })
            }
            TokenKind::OpenBracket | TokenKind::OpenBrace => {
                let help = "An array or bag is written `dynamic([…])`; a name of other characters ['name'].";
                Err(self.unexpected(Some(help.to_owned())))
            }
            TokenKind::Star => {
                self.bump();
                Ok(Expr { kind: ExprKind::Star, span: token.span })
            }
            TokenKind::Bang | TokenKind::BangName => {
                Err(self.unexpected(Some("To negate a condition, write `not(…)`.".to_owned())))
            }
            TokenKind::Name => self.word_operand(),
            _ => Err(self.missing("KS006", "expression", None)),
        }
    }

    /// An operand that begins with a word.
    fn word_operand(&mut self) -> Read<Expr> {
        let token = self.peek();
        let word = self.word(token);
        let next = self.peek_at(1);
        let called = next.kind == TokenKind::OpenParen;
        if called {
            if word == "datatable" {
                return self.datatable();
            }
            if matches!(word, "externaldata" | "external_data") {
                return self.external_data();
            }
            if word == "dynamic" {
                return self.dynamic();
            }
            if let Some(kind) = words::literal_kind(word) {
                return Err(self.malformed_literal(word, kind));
            }
            return self.call();
        }
        match word {
            "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => {
                self.bump();
                Ok(literal_expr(LiteralKind::Bool, word.to_ascii_lowercase(), token.span))
            }
            "null" => {
                let help = "To ask whether a value is null, write isnull(x); a null value is written with its type, as in int(null).";
                Err(self.missing("KS006", "expression", Some(help)))
            }
            "not" if matches!(next.kind, TokenKind::Name | TokenKind::String) && !self.infix_follows() => Err(self
                .report(
                    Diagnostic::error("KS001", next.span, "Missing `(` behind `not`.")
                        .help("`not` is a function: write `not(…)`."),
                )),
            "and" | "or" => Err(self.missing("KS006", "expression", None)),
            _ if words::Infix::from_word(word).is_some() && word != "matches" => {
                let help = format!("If it is a column, write ['{word}'].");
                Err(self.missing("KS006", "expression", Some(&help)))
            }
            _ => {
                let name = self.name("name")?;
                Ok(Expr { span: name.span, kind: ExprKind::Name(name) })
            }
        }
    }

    /// Whether the word behind the next one is an operator: `not == 1` is about a column.
    fn infix_follows(&self) -> bool {
        let word = self.word(self.peek_at(1));
        words::Infix::from_word(word).is_some() || matches!(word, "and" | "or" | "asc" | "desc" | "nulls" | "by")
    }

    /// `datetime(` whose text is no literal.
    fn malformed_literal(&mut self, word: &str, kind: LiteralKind) -> Stop {
        let message = format!("Malformed literal: `{word}(…)` holds the text of one value, on one line.");
        let help = format!("To convert an expression, write {}(…).", words::conversion(kind));
        self.report(Diagnostic::error("KS004", self.peek().span, message).help(help))
    }

    pub(super) fn call(&mut self) -> Read<Expr> {
        let name = self.name("name")?;
        let open = self.bump();
        if name.text == "typeof" {
            let of = self.name("name of a type")?;
            self.expect_close(TokenKind::CloseParen, open)?;
            let span = Span::new(name.span.start, self.last_end());
            return Ok(Expr { kind: ExprKind::Typeof(of), span });
        }
        let mut arguments = Vec::new();
        let mut height = 0;
        if !self.at(TokenKind::CloseParen) {
            loop {
                arguments.push(self.argument()?);
                height = height.max(self.height);
                if !self.eat(TokenKind::Comma) {
                    break;
                }
            }
        }
        self.expect_close(TokenKind::CloseParen, open)?;
        self.grow(height)?;
        let span = Span::new(name.span.start, self.last_end());
        Ok(Expr { kind: ExprKind::Call { name, arguments }, span })
    }

    /// `value` or `name = value`; the value may be a pipe.
    fn argument(&mut self) -> Read<Argument> {
        let named = self.at(TokenKind::Name) && self.peek_at(1).kind == TokenKind::Assign;
        let name = if named { Some(self.name("name")?) } else { None };
        if named {
            self.bump();
        }
        Ok(Argument { name, value: self.pipe(true)? })
    }
}

/// Whether it is `database("x")` or its like, of which a table may be named.
fn is_elsewhere(base: &Expr) -> bool {
    matches!(&base.kind, ExprKind::Call { name, .. } if words::is_elsewhere(&name.text))
}

/// A literal as an operand.
pub(super) fn literal_expr(kind: LiteralKind, text: String, span: Span) -> Expr {
    Expr { kind: ExprKind::Literal(crate::kql::ast::Literal { kind, text }), span }
}
