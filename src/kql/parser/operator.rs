//! Pipes and tabular operators.

use super::expression::literal_expr;
use super::{Parser, Read, error_expr};

use crate::diagnostic::{Diagnostic, Span, suggest};
use crate::kql::ast::{Expr, ExprKind, LiteralKind, Name, NamedExpr, Operator, OperatorKind, SortKey, Union};
use crate::kql::token::TokenKind;
use crate::kql::words;

impl Parser<'_> {
    /// A source and what it is piped through, or a lone expression. It stops for good only at the depth limit: errors
    /// inside leave an error node. In a `list` a comma ends it.
    pub(super) fn pipe(&mut self, list: bool) -> Read<Expr> {
        self.nested(|parser| {
            let depth = parser.inner_depth();
            let mut source = parser.source(depth, list);
            let mut height = parser.height;
            let mut operators = Vec::new();
            // A pipe outside of these brackets belongs to what is around them: one was lost.
            while parser.peek().depth >= depth && parser.eat(TokenKind::Pipe) {
                operators.push(parser.operator(list));
                height = height.max(parser.height);
            }
            if parser.stopped {
                return Err(super::Stop);
            }
            if !operators.is_empty() {
                parser.grow(height)?;
                let span = Span::new(source.span.start, parser.last_end().max(source.span.end));
                source = Expr { kind: ExprKind::Pipe { source: Box::new(source), operators }, span };
            } else {
                parser.height = height;
            }
            Ok(source)
        })
    }

    /// How many brackets are open where a pipe begins. In `()` and `(a, )` that is one more than the `)` says.
    fn inner_depth(&self) -> u32 {
        let first = self.peek();
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|token| token.kind);
        let empty =
            first.kind == TokenKind::CloseParen && matches!(before, Some(TokenKind::OpenParen | TokenKind::Comma));
        first.depth + u32::from(empty)
    }

    /// What stands before the first pipe.
    fn source(&mut self, depth: u32, list: bool) -> Expr {
        let first = self.peek();
        self.height = 1;
        if self.at_first_operator() {
            let operator = self.operator(list);
            self.height += 1;
            return Expr { span: operator.span, kind: ExprKind::Operator(Box::new(operator)) };
        }
        let read = self.chain(false).and_then(|expr| {
            if self.is_end(depth, list) {
                return Ok(expr);
            }
            let help = self.infix_help();
            // A `let` behind an expression is the statement's to complain of.
            if depth == 0 && self.at_word("let") && self.peek_at(1).kind == TokenKind::Name {
                return Ok(expr);
            }
            Err(self.unexpected(help))
        });
        read.unwrap_or_else(|_| {
            self.recover(depth, list);
            error_expr(first.span)
        })
    }

    /// Whether the word here begins a pipe as an operator, and is not the name of a table or column.
    fn at_first_operator(&self) -> bool {
        let (name, _) = self.operator_name();
        let next = self.peek_at(1).kind;
        let begins = match next {
            TokenKind::Name => words::Infix::from_word(self.word(self.peek_at(1))).is_none() || name == "search",
            TokenKind::OpenParen => !matches!(name, "range"),
            TokenKind::String | TokenKind::Long | TokenKind::Real | TokenKind::TimeSpan | TokenKind::Typed(_) => true,
            TokenKind::OpenBracket | TokenKind::Star => name == "union" || name == "search",
            _ => name.contains('-'),
        };
        begins && words::is_first_operator(name) && !self.at_chain_word()
    }

    /// Whether `and` or `or` follows the next token, as behind a column.
    fn at_chain_word(&self) -> bool {
        matches!(self.word(self.peek_at(1)), "and" | "or")
    }

    /// The operator's name here, dashes included, and how many tokens it takes.
    fn operator_name(&self) -> (&str, usize) {
        if !self.at(TokenKind::Name) {
            return ("", 0);
        }
        let start = self.peek().span.start;
        let (mut length, mut end) = (1, self.peek().span.end);
        // The longest known name has four words.
        while length < 9 {
            let (dash, word) = (self.peek_at(length), self.peek_at(length + 1));
            let adjacent = dash.span.start == end && word.span.start == dash.span.end;
            if !(adjacent && dash.kind == TokenKind::Minus && word.kind == TokenKind::Name) {
                break;
            }
            end = word.span.end;
            length += 2;
        }
        (self.text.get(start..end).unwrap_or(""), length)
    }

    /// One operator, read to its end whatever it holds.
    fn operator(&mut self, list: bool) -> Operator {
        let first = self.peek();
        self.height = 1;
        let depth = self.tokens.get(self.at.wrapping_sub(1)).map_or(first.depth, |before| match before.kind {
            TokenKind::Pipe => before.depth,
            _ => first.depth,
        });
        let (word, length) = self.operator_name();
        let name = Name { text: word.to_owned(), span: Span::new(first.span.start, first.span.start + word.len()) };
        // A filter that cannot be read leaves the columns as they were: what follows is still held to them.
        let is_filter = matches!(word, "where" | "filter");
        let read = self.operator_body(name, length, depth, list).and_then(|kind| {
            if self.is_end(depth, list) {
                return Ok(kind);
            }
            let missing_semicolon = depth == 0 && self.at_word("let") && self.peek_at(1).kind == TokenKind::Name;
            if missing_semicolon {
                return Ok(kind);
            }
            let help = self.infix_help();
            Err(self.unexpected(help))
        });
        let kind = read.unwrap_or_else(|_| {
            self.recover(depth, list);
            self.height = 1;
            if !is_filter {
                return OperatorKind::Error;
            }
            OperatorKind::Where(error_expr(first.span))
        });
        Operator { kind, span: Span::new(first.span.start, self.last_end().max(first.span.start)) }
    }

    fn operator_body(&mut self, name: Name, length: usize, depth: u32, list: bool) -> Read<OperatorKind> {
        let word = name.text.as_str();
        if words::OPERATORS.contains(&word) {
            self.at += length;
        }
        Ok(match word {
            "where" | "filter" => OperatorKind::Where(self.expression()?),
            "extend" => OperatorKind::Extend(self.named_list()?),
            "project" => OperatorKind::Project(self.named_list()?),
            "union" => OperatorKind::Union(self.union()?),
            "sort" | "order" => {
                self.by()?;
                OperatorKind::Sort(self.comma_list(Self::sort_key)?)
            }
            "take" | "limit" => OperatorKind::Take(self.expression()?),
            "top" => {
                let count = self.expression()?;
                let height = self.height;
                self.by()?;
                let keys = vec![self.sort_key()?];
                self.height = self.height.max(height);
                OperatorKind::Top { count, keys }
            }
            _ if words::OPERATORS_TO_COME.contains(&word) => {
                let message = format!("The operator `{word}` is not supported yet.");
                self.report(Diagnostic::error("KT001", name.span, message));
                self.at += length;
                self.recover(depth, list);
                OperatorKind::Unsupported(name)
            }
            _ => return Err(self.unknown_operator(&name)),
        })
    }

    fn unknown_operator(&mut self, name: &Name) -> super::Stop {
        if self.at(TokenKind::Error) {
            return super::Stop;
        }
        if name.text.is_empty() {
            let mut diagnostic = Diagnostic::error("KS176", self.here(), "Query operator expected.");
            diagnostic.help = Some("A pipe is followed by an operator, such as `where` or `project`.".to_owned());
            return self.report(diagnostic);
        }
        let known = words::OPERATORS.iter().chain(words::OPERATORS_TO_COME).copied();
        let shown: String = name.text.chars().take(40).collect();
        let mut diagnostic =
            Diagnostic::error("KS176", name.span, format!("Query operator expected: `{shown}` is none."));
        diagnostic.help = suggest(&name.text, known).map(|word| format!("Did you mean `{word}`?"));
        self.report(diagnostic)
    }

    fn by(&mut self) -> Read<()> {
        if self.eat_word("by") {
            return Ok(());
        }
        Err(self.missing("KS001", "`by`", None))
    }

    /// One or more, separated by commas.
    fn comma_list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let mut items = vec![item(self)?];
        let mut height = self.height;
        while self.eat(TokenKind::Comma) {
            items.push(item(self)?);
            height = height.max(self.height);
        }
        self.height = height;
        Ok(items)
    }

    fn named_list(&mut self) -> Read<Vec<NamedExpr>> {
        self.comma_list(Self::named)
    }

    /// `value` or `name = value`.
    fn named(&mut self) -> Read<NamedExpr> {
        if self.at(TokenKind::OpenParen)
            && self.peek_at(1).kind == TokenKind::Name
            && self.peek_at(2).kind == TokenKind::Comma
        {
            let message = "Several names for one value, `(a, b) = …`, are not supported yet.";
            return Err(self.report(Diagnostic::error("KT003", self.peek().span, message)));
        }
        let named = self.name_length().is_some_and(|length| self.peek_at(length).kind == TokenKind::Assign);
        let name = if named { Some(self.name("name")?) } else { None };
        if named {
            self.bump();
        }
        Ok(NamedExpr { name, value: self.expression()? })
    }

    /// `value asc|desc nulls first|last`.
    fn sort_key(&mut self) -> Read<SortKey> {
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

    /// Parameters, then legs.
    fn union(&mut self) -> Read<Union> {
        let mut parameters = Vec::new();
        loop {
            // `kind=outer`, `hint.concurrency=2`
            let dotted = self.peek_at(1).kind == TokenKind::Dot && self.peek_at(2).kind == TokenKind::Name;
            let length = if dotted { 3 } else { 1 };
            if !(self.at(TokenKind::Name) && self.peek_at(length).kind == TokenKind::Assign) {
                break;
            }
            let span = self.peek().span.to(self.peek_at(length - 1).span);
            let text = self.text.get(span.start..span.end).unwrap_or("").to_owned();
            self.at += length + 1;
            let value = self.parameter_value()?;
            parameters.push((Name { text, span }, value));
        }
        let legs = self.comma_list(Self::leg)?;
        Ok(Union { parameters, legs })
    }

    /// A word or a literal, and no more: a leg in parentheses may follow without a mark.
    fn parameter_value(&mut self) -> Read<Expr> {
        let token = self.peek();
        if token.kind != TokenKind::Name {
            return self.path();
        }
        if matches!(self.word(token), "true" | "false") {
            self.bump();
            return Ok(literal_expr(LiteralKind::Bool, self.word(token).to_owned(), token.span));
        }
        let name = self.name("value")?;
        Ok(Expr { span: name.span, kind: ExprKind::Name(name) })
    }

    fn leg(&mut self) -> Read<Expr> {
        let start = self.peek().span;
        let (mut length, mut end, mut wild) = (0, start.start, false);
        // `Device*Events`: names and stars with nothing between them.
        loop {
            let token = self.peek_at(length);
            let star = token.kind == TokenKind::Star;
            if token.span.start != end || !(star || token.kind == TokenKind::Name) {
                break;
            }
            wild |= star;
            end = token.span.end;
            length += 1;
        }
        if !wild {
            return self.path();
        }
        let span = Span::new(start.start, end);
        self.report(
            Diagnostic::error("KT003", span, "A table name with `*` is not supported yet.")
                .help("List the tables, separated by commas."),
        );
        self.at += length;
        self.height = 1;
        Ok(error_expr(span))
    }
}
