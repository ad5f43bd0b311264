//! `mv-expand`, `mv-apply` and `partition`.

use super::{Parser, Read};
use crate::diagnostic::Diagnostic;
use crate::kql::ast::{Expr, ExprKind, MvExpand, MvItem, Operator, OperatorKind};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    /// `column, name = value to typeof(type), … limit count`
    pub(super) fn mv_expand(&mut self) -> Read<MvExpand> {
        let parameters = self.parameters(|name| matches!(name, "kind" | "bagexpansion" | "with_itemindex"))?;
        let items = self.comma_list(Self::mv_item)?;
        let limit = if self.eat_word("limit") { Some(self.beside(Self::expression)?) } else { None };
        Ok(MvExpand { parameters, items, limit })
    }

    fn mv_item(&mut self) -> Read<MvItem> {
        let named = self.named()?;
        if matches!(named.value.kind, ExprKind::Unpack { .. }) {
            let message = "Several names for one value have no place here.";
            return Err(self.report(Diagnostic::error("KS002", named.value.span, message)));
        }
        let mut to = None;
        if self.eat_word("to") {
            let place = self.peek();
            match self.beside(Self::path)? {
                Expr { kind: ExprKind::Typeof(ty), .. } => to = Some(ty),
                _ => {
                    let message = "Missing `typeof(…)` behind `to`.";
                    let help = "Write, for example, `to typeof(string)`.";
                    return Err(self.report(Diagnostic::error("KS001", place.span, message).help(help)));
                }
            }
        }
        Ok(MvItem { name: named.name, value: named.value, to })
    }

    /// What `mv-expand` has, then `on (operator | …)`.
    pub(super) fn mv_apply(&mut self) -> Read<OperatorKind> {
        let expand = self.mv_expand()?;
        // It is for who continues a query elsewhere, and has no say in what this one answers.
        if self.eat_word("id") {
            self.parameter_value()?;
        }
        self.keyword("on")?;
        let operators = self.subquery()?;
        Ok(OperatorKind::MvApply { expand, operators })
    }

    /// `by column (operator | …)`
    pub(super) fn partition(&mut self) -> Read<OperatorKind> {
        self.hints()?;
        self.by()?;
        let name = self.name("name of a column")?;
        let by = Expr { span: name.span, kind: ExprKind::Name(name) };
        if self.at(TokenKind::OpenBrace) {
            let message = "A `partition` with `{ … }`, which names its own source, is not supported yet.";
            return Err(self.report(Diagnostic::error("KT001", self.here(), message)));
        }
        let operators = self.subquery()?;
        Ok(OperatorKind::Partition { by, operators })
    }

    /// `(operator | …)`
    fn subquery(&mut self) -> Read<Vec<Operator>> {
        let open = self.expect(TokenKind::OpenParen, "`(`")?;
        let operators = self.beside(|parser| parser.nested(Self::inner_operators))?;
        self.expect_close(TokenKind::CloseParen, open)?;
        self.grow(self.height)?;
        Ok(operators)
    }

    /// Operators that have no source of their own: the row's elements are piped through them.
    fn inner_operators(&mut self) -> Read<Vec<Operator>> {
        if self.at(TokenKind::CloseParen) {
            return Err(self.missing("KS176", "operator", None));
        }
        let depth = self.peek().depth;
        let mut operators = vec![self.operator(false)];
        let mut height = self.height;
        while self.peek().depth >= depth && self.eat(TokenKind::Pipe) {
            operators.push(self.operator(false));
            height = height.max(self.height);
        }
        self.height = height;
        if self.stopped { Err(super::Stop) } else { Ok(operators) }
    }
}
