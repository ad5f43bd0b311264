//! Operators between operands.

use super::{Parser, Read};
use crate::diagnostic::suggest;
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{BinaryOp, Expr, ExprKind, ListOp, TextKind, TextOp};
use crate::kql::token::{Token, TokenKind};
use crate::kql::words::{self, Infix, Level};

impl Parser<'_> {
    /// A scalar expression: `or` binds loosest.
    pub(super) fn expression(&mut self) -> Read<Expr> {
        self.nested(|parser| parser.chain(false))
    }

    /// `a or b or …`, or, tighter, `a and b and …`: one node however long it is.
    pub(super) fn chain(&mut self, and: bool) -> Read<Expr> {
        let first = self.chain_operand(and)?;
        let mut height = self.height;
        let mut operands = vec![first];
        while self.eat_chain_word(and) {
            operands.push(self.chain_operand(and)?);
            height = height.max(self.height);
        }
        if operands.len() > 1 {
            self.grow(height)?;
        }
        let span = match (operands.first(), operands.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => self.here(),
        };
        match operands.pop() {
            Some(only) if operands.is_empty() => Ok(only),
            last => {
                operands.extend(last);
                Ok(Expr { kind: ExprKind::Logical { and, operands }, span })
            }
        }
    }

    fn chain_operand(&mut self, and: bool) -> Read<Expr> {
        if and { self.binary(Level::Equality) } else { self.chain(true) }
    }

    fn eat_chain_word(&mut self, and: bool) -> bool {
        let (word, symbol) = if and { ("and", TokenKind::AndAnd) } else { ("or", TokenKind::OrOr) };
        if self.at(symbol) {
            let shown = self.shown(self.peek());
            let message = format!("Unexpected: `{shown}`.");
            self.report(Diagnostic::error("KS002", self.peek().span, message).help(format!("Write `{word}`.")));
            return self.eat(symbol);
        }
        self.eat_word(word)
    }

    /// Operands around operators that bind at least as tight as `level`.
    pub(super) fn binary(&mut self, level: Level) -> Read<Expr> {
        let mut left = self.unary()?;
        let mut last: Option<Level> = None;
        while let Some(infix) = self.infix() {
            if infix.level() < level {
                break;
            }
            let token = self.peek();
            if last == Some(infix.level()) && !infix.level().chains() {
                self.unexpected(Some("Comparisons do not chain; join them with `and`, or add parentheses.".to_owned()));
            }
            last = Some(infix.level());
            self.bump();
            left = self.infix_node(left, infix, token)?;
        }
        Ok(left)
    }

    /// The operator here, if there is one. `=` and unknown forms are reported where they are read.
    fn infix(&self) -> Option<Infix> {
        let token = self.peek();
        Some(Infix::Binary(match token.kind {
            TokenKind::Name | TokenKind::BangName => {
                let word = self.word(token);
                return match word {
                    _ if no_such_form(word) == Some("has_any") => Some(Infix::List(ListOp::HasAny)),
                    _ if no_such_form(word).is_some() => Some(Infix::List(ListOp::HasAll)),
                    _ => Infix::from_word(word),
                };
            }
            // `=>` ends the condition of a step of `scan`.
            TokenKind::Assign if self.peek_at(1).kind == TokenKind::Greater => return None,
            TokenKind::Equal | TokenKind::Assign => BinaryOp::Equal,
            TokenKind::NotEqual => BinaryOp::NotEqual,
            TokenKind::EqualFolded => BinaryOp::EqualFolded { negated: false },
            TokenKind::NotEqualFolded => BinaryOp::EqualFolded { negated: true },
            TokenKind::Less => BinaryOp::Less,
            TokenKind::LessOrEqual => BinaryOp::LessOrEqual,
            TokenKind::Greater => BinaryOp::Greater,
            TokenKind::GreaterOrEqual => BinaryOp::GreaterOrEqual,
            TokenKind::Plus => BinaryOp::Add,
            TokenKind::Minus => BinaryOp::Subtract,
            TokenKind::Star => BinaryOp::Multiply,
            TokenKind::Slash => BinaryOp::Divide,
            TokenKind::Percent => BinaryOp::Modulo,
            TokenKind::Colon if self.searching => {
                BinaryOp::Text(TextOp { kind: TextKind::Has, case_sensitive: false, negated: false })
            }
            _ => return None,
        }))
    }

    /// What stands right of an operator, and the node of both.
    fn infix_node(&mut self, left: Expr, infix: Infix, token: Token) -> Read<Expr> {
        let below = self.height;
        let mut op_span = token.span;
        let start = left.span;
        let kind = match infix {
            Infix::Binary(op) => {
                if token.kind == TokenKind::Assign {
                    let help =
                        "To compare, write `==`. To name a column, write `name = value` in `extend` or `project`.";
                    self.report(Diagnostic::error("KS002", token.span, "Unexpected: `=`.").help(help));
                }
                if op == BinaryOp::MatchesRegex {
                    op_span = op_span.to(self.peek().span);
                    if !self.eat_word("regex") {
                        return Err(self.missing("KS001", "`regex`", Some("The operator is `matches regex`.")));
                    }
                }
                let right = self.binary(infix.level().tighter())?;
                self.grow(below.max(self.height))?;
                ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) }
            }
            Infix::List(op) => {
                let word = self.word(token);
                if let Some(stem) = no_such_form(word) {
                    let help = match word.starts_with('!') {
                        true => format!("Write `not(x {stem} (…))`."),
                        false => format!("`{stem}` has no case-sensitive form; write `has_cs` for each word."),
                    };
                    let message = format!("Unexpected: there is no operator `{word}`.");
                    self.report(Diagnostic::error("KS002", token.span, message).help(help));
                }
                let items = self.list(word)?;
                self.grow(below.max(self.height))?;
                ExprKind::List { op, op_span, subject: Box::new(left), items }
            }
            Infix::Between { negated } => {
                let open = self.expect(TokenKind::OpenParen, "`(`")?;
                let low = self.expression()?;
                let low_height = self.height;
                self.expect(TokenKind::DotDot, "`..`")?;
                let high = self.expression()?;
                self.expect_close(TokenKind::CloseParen, open)?;
                self.grow(below.max(low_height).max(self.height))?;
                ExprKind::Between {
                    negated,
                    op_span,
                    subject: Box::new(left),
                    low: Box::new(low),
                    high: Box::new(high),
                }
            }
        };
        Ok(Expr { kind, span: Span::new(start.start, self.last_end()) })
    }

    /// `(item, …)`, or one tabular expression in parentheses.
    fn list(&mut self, word: &str) -> Read<Vec<Expr>> {
        if !self.at(TokenKind::OpenParen) {
            let help = format!("Write `{word} (…)`: a list stands in parentheses, also one that has a name.");
            self.missing("KS001", "`(`", Some(&help));
            return Ok(vec![self.unary()?]);
        }
        let open = self.bump();
        let mut items = Vec::new();
        let mut height = 0;
        loop {
            items.push(self.pipe(true)?);
            height = height.max(self.height);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.expect_close(TokenKind::CloseParen, open)?;
        self.height = height;
        Ok(items)
    }

    /// What to say of a token that stands where only an operator could.
    pub(super) fn infix_help(&self) -> Option<String> {
        let token = self.peek();
        let word = self.word(token);
        match token.kind {
            TokenKind::Name | TokenKind::BangName => {
                if let Some(known) = suggest(word, words::INFIX_WORDS.iter().copied()) {
                    return Some(format!("Did you mean `{known}`?"));
                }
                let between = self.text.get(self.last_end()..token.span.start).unwrap_or("");
                (token.depth == self.body_depth && between.contains('\n'))
                    .then(|| "If another query begins here, put `;` before it.".to_owned())
            }
            TokenKind::Bang => Some("To negate, write `not(…)`.".to_owned()),
            _ => None,
        }
    }
}

/// The operator behind a form of it that the language does not have.
fn no_such_form(word: &str) -> Option<&'static str> {
    match word {
        "!has_any" | "has_any_cs" | "!has_any_cs" => Some("has_any"),
        "!has_all" | "has_all_cs" | "!has_all_cs" => Some("has_all"),
        _ => None,
    }
}
