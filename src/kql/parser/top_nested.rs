//! `top-nested`.

use super::{Parser, Read};
use crate::kql::ast::NestedLevel;
use crate::kql::token::TokenKind;

impl Parser<'_> {
    /// `count of key with others=value by aggregate desc, top-nested …`
    pub(super) fn top_nested(&mut self) -> Read<Vec<NestedLevel>> {
        let mut levels = vec![self.nested_level()?];
        while self.at(TokenKind::Comma) && self.at_top_nested(1) {
            self.bump();
            self.at += 3;
            levels.push(self.beside(Self::nested_level)?);
        }
        Ok(levels)
    }

    /// Whether the operator's name stands so many tokens ahead; it is three of them.
    fn at_top_nested(&self, ahead: usize) -> bool {
        let (top, dash, nested) = (self.peek_at(ahead), self.peek_at(ahead + 1), self.peek_at(ahead + 2));
        self.word(top) == "top" && dash.kind == TokenKind::Minus && self.word(nested) == "nested"
    }

    fn nested_level(&mut self) -> Read<NestedLevel> {
        let count = if self.at_word("of") { None } else { Some(self.expression()?) };
        self.keyword("of")?;
        let of = self.beside(Self::named)?;
        let mut others = None;
        if self.eat_word("with") {
            self.keyword("others")?;
            self.expect(TokenKind::Assign, "`=`")?;
            others = Some(self.beside(Self::expression)?);
        }
        self.by()?;
        let by = self.beside(Self::named)?;
        let descending = !self.eat_word("asc");
        if descending {
            self.eat_word("desc");
        }
        Ok(NestedLevel { count, of, others, by, descending })
    }
}
