//! `name=value` behind an operator's name: `kind=inner`, `hint.strategy=shuffle`.

use super::expression::literal_expr;
use super::{Parser, Read};
use crate::kql::ast::{Expr, ExprKind, LiteralKind, Name};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    /// Reads and drops hints, which say how Kusto runs an operator and not what it answers.
    pub(super) fn hints(&mut self) -> Read<()> {
        self.parameters(|_| false).map(|_| ())
    }

    /// Parameters up to what is none: hints, and the names that `known` knows.
    pub(super) fn parameters(&mut self, known: impl Fn(&str) -> bool) -> Read<Vec<(Name, Expr)>> {
        let mut parameters = Vec::new();
        while let Some(length) = self.parameter_length(&known) {
            let span = self.peek().span.to(self.peek_at(length - 1).span);
            let text = self.text.get(span.start..span.end).unwrap_or("").to_owned();
            self.at += length + 1;
            let value = self.parameter_value()?;
            parameters.push((Name { text, span }, value));
        }
        self.height = 1;
        Ok(parameters)
    }

    /// How many tokens the parameter's name takes, if one stands here.
    fn parameter_length(&self, known: &impl Fn(&str) -> bool) -> Option<usize> {
        let hint =
            self.at_word("hint") && self.peek_at(1).kind == TokenKind::Dot && self.peek_at(2).kind == TokenKind::Name;
        let length = if hint { 3 } else { 1 };
        let named = self.at(TokenKind::Name) && self.peek_at(length).kind == TokenKind::Assign;
        (named && (hint || known(self.word(self.peek())))).then_some(length)
    }

    /// A word, a name or a literal: no more, for what follows has no mark of its own.
    pub(super) fn parameter_value(&mut self) -> Read<Expr> {
        let token = self.peek();
        match token.kind {
            TokenKind::String | TokenKind::Long | TokenKind::Real | TokenKind::TimeSpan | TokenKind::Typed(_) => {
                Ok(self.literal())
            }
            TokenKind::Name if matches!(self.word(token), "true" | "True" | "TRUE" | "false" | "False" | "FALSE") => {
                self.bump();
                Ok(literal_expr(LiteralKind::Bool, self.word(token).to_ascii_lowercase(), token.span))
            }
            _ => {
                let name = self.name("value")?;
                Ok(Expr { span: name.span, kind: ExprKind::Name(name) })
            }
        }
    }
}
