//! Tables that a query spells out, and those of other places: `datatable`, `range`, `externaldata`, `database("x").T`.

use super::{Parser, Read};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Expr, ExprKind, Literal, LiteralKind, Name, Operator, OperatorKind};
use crate::kql::token::TokenKind;
use crate::kql::words;

impl Parser<'_> {
    /// `datatable (name:type, …) [value, …]`
    pub(super) fn datatable(&mut self) -> Read<Expr> {
        self.nested(|parser| {
            let start = parser.bump().span.start;
            let columns = parser.declarations()?;
            let open = parser.expect(TokenKind::OpenBracket, "`[`")?;
            parser.eat(TokenKind::Comma);
            let mut values = Vec::new();
            while !parser.at(TokenKind::CloseBracket) {
                values.push(parser.beside(Self::expression)?);
                if !parser.eat(TokenKind::Comma) {
                    break;
                }
            }
            parser.expect_close(TokenKind::CloseBracket, open)?;
            parser.grow(parser.height)?;
            let span = Span::new(start, parser.last_end());
            let operator = Operator { kind: OperatorKind::Datatable { columns, values }, span };
            Ok(Expr { kind: ExprKind::Operator(Box::new(operator)), span })
        })
    }

    /// `externaldata (name:type, …) [address, …] with (name=value, …)`
    pub(super) fn external_data(&mut self) -> Read<Expr> {
        self.nested(|parser| {
            let start = parser.bump().span.start;
            let columns = parser.declarations()?;
            let open = parser.expect(TokenKind::OpenBracket, "`[`")?;
            parser.height = 1;
            let addresses = parser.comma_list(Self::expression)?;
            parser.expect_close(TokenKind::CloseBracket, open)?;
            let mut properties = Vec::new();
            if parser.at_word("with") && parser.peek_at(1).kind == TokenKind::OpenParen {
                parser.bump();
                let open = parser.bump();
                while !parser.at(TokenKind::CloseParen) {
                    let name = parser.name("name of a property")?;
                    parser.expect(TokenKind::Assign, "`=`")?;
                    properties.push((name, parser.parameter_value()?));
                    if !parser.eat(TokenKind::Comma) {
                        break;
                    }
                }
                parser.expect_close(TokenKind::CloseParen, open)?;
            }
            parser.grow(parser.height)?;
            let span = Span::new(start, parser.last_end());
            let operator = Operator { kind: OperatorKind::ExternalData { columns, addresses, properties }, span };
            Ok(Expr { kind: ExprKind::Operator(Box::new(operator)), span })
        })
    }

    /// `name from first to last step step`
    pub(super) fn range(&mut self) -> Read<OperatorKind> {
        let name = self.name("name of a column")?;
        self.keyword("from")?;
        let first = self.expression()?;
        self.keyword("to")?;
        let last = self.beside(Self::expression)?;
        self.keyword("step")?;
        let step = self.beside(Self::expression)?;
        Ok(OperatorKind::Range { name, first, last, step })
    }

    /// What stands behind `database("x")` and its like: the table, or the function, of that name. Which database it is
    /// of says nothing here, where all records come from one stream.
    pub(super) fn elsewhere(&mut self, base: Expr) -> Read<Expr> {
        let place = base.span;
        let (mut found, mut height) = (base, self.height);
        while self.eat(TokenKind::Dot) {
            self.height = 1;
            if let Some(name) = self.wildcard() {
                found = Expr { span: place.to(name.span), kind: wildcard_kind(name) };
                break;
            }
            let called = self.name_length() == Some(1) && self.peek_at(1).kind == TokenKind::OpenParen;
            if !called {
                let name = self.name("name of a table")?;
                found = Expr { span: place.to(name.span), kind: ExprKind::Name(name) };
                break;
            }
            let call = self.call()?;
            height = height.max(self.height);
            let between = matches!(&call.kind, ExprKind::Call { name, .. } if words::is_elsewhere(&name.text));
            found = Expr { span: place.to(call.span), kind: named_table(call.kind) };
            if !between {
                break;
            }
        }
        self.height = height;
        let message = "The place that the table is read from is ignored: records of all places come in one stream.";
        self.report(Diagnostic::warning("KT006", place, message));
        Ok(found)
    }
}

fn wildcard_kind(name: Name) -> ExprKind {
    if name.text == "*" { ExprKind::Star } else { ExprKind::Wildcard(name) }
}

/// `table("T")` behind a database is the table `T`.
fn named_table(call: ExprKind) -> ExprKind {
    if let ExprKind::Call { name, arguments } = &call
        && matches!(name.text.as_str(), "table" | "external_table" | "materialized_view")
        && let [first, ..] = arguments.as_slice()
        && let ExprKind::Literal(Literal { kind: LiteralKind::String, text }) = &first.value.kind
    {
        return ExprKind::Name(Name { text: text.clone(), span: first.value.span });
    }
    call
}
