//! Lists of columns: named values, names, sort keys, declarations.

use super::{Parser, Read};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{ColumnDeclaration, Expr, ExprKind, Name, NamedExpr, ReorderKey, SortKey};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    /// `name = value, …`
    pub(super) fn named_list(&mut self) -> Read<Vec<NamedExpr>> {
        self.comma_list(Self::named)
    }

    /// `value`, `name = value` or `(name, name) = value`.
    pub(super) fn named(&mut self) -> Read<NamedExpr> {
        if self.at_unpack() {
            return self.unpack();
        }
        let named = self.name_length().is_some_and(|length| self.peek_at(length).kind == TokenKind::Assign);
        let name = if named { Some(self.name("name")?) } else { None };
        if named {
            self.bump();
        }
        Ok(NamedExpr { name, value: self.expression()? })
    }

    /// Whether `(a, b) =` begins here. A parenthesis with a comma in it is nothing else in a list of columns, and one
    /// around a single name only before `=`.
    fn at_unpack(&self) -> bool {
        let second = self.peek_at(2).kind;
        self.at(TokenKind::OpenParen)
            && self.peek_at(1).kind == TokenKind::Name
            && (second == TokenKind::Comma
                || second == TokenKind::CloseParen && self.peek_at(3).kind == TokenKind::Assign)
    }

    fn unpack(&mut self) -> Read<NamedExpr> {
        let open = self.bump();
        let names = self.comma_list(|parser| parser.name("name"))?;
        self.expect_close(TokenKind::CloseParen, open)?;
        self.expect(TokenKind::Assign, "`=`")?;
        let value = self.expression()?;
        self.grow(self.height)?;
        let span = open.span.to(value.span);
        let kind = ExprKind::Unpack { names, value: Box::new(value) };
        Ok(NamedExpr { name: None, value: Expr { kind, span } })
    }

    /// A name that may hold `*`, also in brackets.
    pub(super) fn name_pattern(&mut self) -> Read<Name> {
        if let Some(name) = self.wildcard() {
            return Ok(name);
        }
        if self.at(TokenKind::OpenBracket) && self.peek_at(1).kind != TokenKind::String {
            let open = self.bump();
            if let Some(name) = self.wildcard() {
                let close = self.expect_close(TokenKind::CloseBracket, open)?;
                return Ok(Name { span: open.span.to(close.span), ..name });
            }
            return Err(self.missing("KS006", "name", Some("A name of other characters is written ['name'].")));
        }
        self.name("name")
    }

    /// `Device*Events`, if one stands here: names and stars with nothing between them, one star at least.
    pub(super) fn wildcard(&mut self) -> Option<Name> {
        let start = self.peek().span.start;
        let (mut length, mut end, mut wild) = (0, start, false);
        loop {
            let token = self.peek_at(length);
            let star = token.kind == TokenKind::Star;
            let part = star || token.kind == TokenKind::Name || token.kind == TokenKind::Long && wild;
            if token.span.start != end || !part {
                break;
            }
            wild |= star;
            end = token.span.end;
            length += 1;
        }
        if !wild {
            return None;
        }
        self.at += length;
        Some(Name { text: self.text.get(start..end).unwrap_or("").to_owned(), span: Span::new(start, end) })
    }

    /// `new = old`
    pub(super) fn renamed(&mut self) -> Read<(Name, Name)> {
        let new = self.name("name")?;
        self.expect(TokenKind::Assign, "`=`")?;
        Ok((new, self.name("name of a column")?))
    }

    /// `name*`, `name* asc`
    pub(super) fn reorder_key(&mut self) -> Read<ReorderKey> {
        let name = self.name_pattern()?;
        let natural = self.at_word("granny")
            && self.peek_at(1).kind == TokenKind::Minus
            && matches!(self.word(self.peek_at(2)), "asc" | "desc");
        if natural {
            let span = self.peek().span.to(self.peek_at(2).span);
            let message = "Ordering columns by the numbers in their names is not supported yet.";
            return Err(self.report(Diagnostic::error("KT003", span, message).help("Write `asc` or `desc`.")));
        }
        let descending = match self.word(self.peek()) {
            "asc" => Some(false),
            "desc" => Some(true),
            _ => None,
        };
        if descending.is_some() {
            self.bump();
        }
        Ok(ReorderKey { name, descending })
    }

    /// `value asc|desc nulls first|last`.
    pub(super) fn sort_key(&mut self) -> Read<SortKey> {
        let value = self.expression()?;
        let descending = if self.eat_word("asc") {
            false
        } else {
            self.eat_word("desc");
            true
        };
        let mut nulls_first = !descending;
        if self.eat_word("nulls") {
            nulls_first = self.at_word("first");
            if !nulls_first && !self.at_word("last") {
                let help = "Write `nulls first` or `nulls last`.";
                return Err(self.missing("KS005", "`first` or `last`", Some(help)));
            }
            self.bump();
        }
        Ok(SortKey { value, descending, nulls_first })
    }

    /// `(name:type, …)`
    pub(super) fn declarations(&mut self) -> Read<Vec<ColumnDeclaration>> {
        let open = self.expect(TokenKind::OpenParen, "`(`")?;
        let mut columns = Vec::new();
        while !self.at(TokenKind::CloseParen) {
            columns.push(self.declaration()?);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.expect_close(TokenKind::CloseParen, open)?;
        Ok(columns)
    }

    /// `name:type`
    pub(super) fn declaration(&mut self) -> Read<ColumnDeclaration> {
        let name = self.name("name of a column")?;
        self.expect(TokenKind::Colon, "`:`")?;
        Ok(ColumnDeclaration { name, ty: self.name("name of a type")? })
    }
}
