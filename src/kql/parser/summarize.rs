//! `summarize` and `make-series`.

use super::{Parser, Read};
use crate::kql::ast::{Expr, ExprKind, MakeSeries, NamedExpr, OperatorKind};
use crate::kql::token::TokenKind;
use crate::kql::words::Level;

impl Parser<'_> {
    /// Aggregates, `by` keys, or both.
    pub(super) fn summarize(&mut self) -> Read<OperatorKind> {
        self.hints()?;
        let aggregates = if self.at_by() { Vec::new() } else { self.named_list()? };
        let by = self.by_list()?;
        Ok(OperatorKind::Summarize { aggregates, by })
    }

    /// Whether `by` is the word here, and not the name of a column.
    fn at_by(&self) -> bool {
        self.at_word("by") && self.peek_at(1).kind != TokenKind::Assign
    }

    /// `by key, …`, or nothing.
    fn by_list(&mut self) -> Read<Vec<NamedExpr>> {
        if self.eat_word("by") { self.beside(Self::named_list) } else { Ok(Vec::new()) }
    }

    pub(super) fn make_series(&mut self) -> Read<MakeSeries> {
        let parameters = self.parameters(|name| name == "kind")?;
        let is_nonempty = |value: &Expr| matches!(&value.kind, ExprKind::Name(word) if word.text == "nonempty");
        let nonempty = parameters.iter().any(|(name, value)| name.text == "kind" && is_nonempty(value));
        let aggregates = self.comma_list(Self::series)?;
        self.keyword("on")?;
        let axis = self.beside(Self::axis)?;
        let mut series = MakeSeries {
            aggregates,
            axis,
            first: None,
            last: None,
            inclusive: false,
            step: self.nothing(),
            by: vec![],
            nonempty,
        };
        if self.eat_word("in") {
            self.keyword("range")?;
            let open = self.expect(TokenKind::OpenParen, "`(`")?;
            series.first = Some(self.beside(Self::expression)?);
            self.expect(TokenKind::Comma, "`,`")?;
            series.last = Some(self.beside(Self::expression)?);
            self.expect(TokenKind::Comma, "`,`")?;
            series.step = self.beside(Self::expression)?;
            series.inclusive = true;
            self.expect_close(TokenKind::CloseParen, open)?;
        } else {
            if self.eat_word("from") {
                series.first = Some(self.beside(Self::expression)?);
            }
            if self.eat_word("to") {
                series.last = Some(self.beside(Self::expression)?);
            }
            self.keyword("step")?;
            series.step = self.beside(Self::expression)?;
        }
        series.by = self.by_list()?;
        Ok(series)
    }

    /// `aggregate`, `aggregate default=value`
    fn series(&mut self) -> Read<(NamedExpr, Option<Expr>)> {
        let aggregate = self.named()?;
        let with_default = self.at_word("default") && self.peek_at(1).kind == TokenKind::Assign;
        if !with_default {
            return Ok((aggregate, None));
        }
        self.bump();
        self.bump();
        Ok((aggregate, Some(self.beside(Self::expression)?)))
    }

    /// A column; an `in` behind it is the operator's own.
    fn axis(&mut self) -> Read<NamedExpr> {
        let named = self.name_length().is_some_and(|length| self.peek_at(length).kind == TokenKind::Assign);
        let name = if named { Some(self.name("name")?) } else { None };
        if named {
            self.bump();
        }
        Ok(NamedExpr { name, value: self.nested(|parser| parser.binary(Level::Relational))? })
    }

    /// Stands until the step is read.
    fn nothing(&self) -> Expr {
        super::error_expr(self.here())
    }
}
