//! Functions that a `let` defines, and parameters.

use super::{Parser, Read};
use crate::diagnostic::Span;
use crate::kql::ast::{Expr, ExprKind, Function, Parameter, ParameterType, Pattern, PatternCase, Query, Statement};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    /// Whether a function begins here: `(name:type) {`, `() {`, `view () {`.
    pub(super) fn at_lambda(&self) -> bool {
        let view = usize::from(self.at_word("view"));
        let kind = |ahead: usize| self.peek_at(view + ahead).kind;
        kind(0) == TokenKind::OpenParen
            && matches!(
                (kind(1), kind(2)),
                (TokenKind::CloseParen, TokenKind::OpenBrace) | (TokenKind::Name, TokenKind::Colon)
            )
    }

    /// `(parameter, …) { statement; … }`
    pub(super) fn lambda(&mut self) -> Read<Expr> {
        self.nested(|parser| {
            let start = parser.peek().span.start;
            parser.eat_word("view");
            parser.height = 1;
            let parameters = parser.parameter_list()?;
            let body = parser.beside(Self::body)?;
            parser.grow(parser.height)?;
            let span = Span::new(start, parser.last_end());
            Ok(Expr { kind: ExprKind::Function(Box::new(Function { parameters, body })), span })
        })
    }

    /// `{ statement; … value }`
    fn body(&mut self) -> Read<Query> {
        let open = self.expect(TokenKind::OpenBrace, "`{`")?;
        if self.at(TokenKind::CloseBrace) {
            return Err(self.missing("KS006", "expression", Some("The last statement of a function is its value.")));
        }
        let depth = self.peek().depth;
        let outer = std::mem::replace(&mut self.body_depth, depth);
        let body = self.query();
        self.body_depth = outer;
        self.expect_close(TokenKind::CloseBrace, open)?;
        Ok(body)
    }

    /// `declare query_parameters(parameter, …)`
    pub(super) fn query_parameters(&mut self) -> Read<Statement> {
        self.bump();
        self.bump();
        self.parameter_list().map(Statement::Parameters)
    }

    /// `declare pattern name = (parameter, …)[parameter] { (value, …).[value] = { statement; … }; … }`; without the `=` it is
    /// declared alone.
    pub(super) fn pattern_statement(&mut self) -> Read<Statement> {
        self.bump();
        self.bump();
        let name = self.name("name")?;
        let mut pattern = Pattern { name, parameters: Vec::new(), has_path: false, cases: Vec::new() };
        if self.eat(TokenKind::Assign) {
            pattern.parameters = self.parameter_list()?;
            if self.at(TokenKind::OpenBracket) {
                let open = self.bump();
                self.parameter()?;
                self.expect_close(TokenKind::CloseBracket, open)?;
                pattern.has_path = true;
            }
            let open = self.expect(TokenKind::OpenBrace, "`{`")?;
            while !self.at(TokenKind::CloseBrace) {
                pattern.cases.push(self.beside(|parser| parser.nested(Self::pattern_case))?);
                if !self.eat(TokenKind::Semicolon) {
                    break;
                }
            }
            self.expect_close(TokenKind::CloseBrace, open)?;
        }
        Ok(Statement::Pattern(Box::new(pattern)))
    }

    fn pattern_case(&mut self) -> Read<PatternCase> {
        let open = self.expect(TokenKind::OpenParen, "`(`")?;
        let values = self.comma_list(Self::parameter_value)?;
        self.expect_close(TokenKind::CloseParen, open)?;
        let mut path = None;
        if self.eat(TokenKind::Dot) {
            let open = self.expect(TokenKind::OpenBracket, "`[`")?;
            path = Some(self.parameter_value()?);
            self.expect_close(TokenKind::CloseBracket, open)?;
        }
        self.expect(TokenKind::Assign, "`=`")?;
        let body = self.beside(Self::body)?;
        self.grow(self.height)?;
        Ok(PatternCase { values, path, body })
    }

    /// `(name:type = default, …)`
    fn parameter_list(&mut self) -> Read<Vec<Parameter>> {
        let open = self.expect(TokenKind::OpenParen, "`(`")?;
        let parameters = if self.at(TokenKind::CloseParen) { Vec::new() } else { self.comma_list(Self::parameter)? };
        self.expect_close(TokenKind::CloseParen, open)?;
        Ok(parameters)
    }

    fn parameter(&mut self) -> Read<Parameter> {
        let name = self.name("name of a parameter")?;
        self.expect(TokenKind::Colon, "`:`")?;
        let ty = if self.at(TokenKind::OpenParen) && self.peek_at(1).kind == TokenKind::Star {
            self.bump();
            self.bump();
            self.expect(TokenKind::CloseParen, "`)`")?;
            ParameterType::Table(Vec::new())
        } else if self.at(TokenKind::OpenParen) {
            ParameterType::Table(self.declarations()?)
        } else {
            ParameterType::Scalar(self.name("name of a type")?)
        };
        let default = if self.eat(TokenKind::Assign) { Some(self.expression()?) } else { None };
        Ok(Parameter { name, ty, default })
    }
}
