//! Pipes and tabular operators.

use super::{Parser, Read, error_expr};
use crate::diagnostic::suggest;
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Expr, ExprKind, Name, Operator, OperatorKind};
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
    #[inline(never)]
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
            if depth == self.body_depth && self.at_forgotten_let() {
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
            TokenKind::Name => {
                words::Infix::from_word(self.word(self.peek_at(1))).is_none() || matches!(name, "search" | "find")
            }
            TokenKind::OpenParen => !matches!(name, "range"),
            TokenKind::String | TokenKind::Long | TokenKind::Real | TokenKind::TimeSpan | TokenKind::Typed(_) => true,
            TokenKind::OpenBracket => matches!(name, "union" | "search" | "print"),
            TokenKind::Star => matches!(name, "union" | "search"),
            TokenKind::Minus | TokenKind::Plus if name == "print" => true,
            _ => name.contains('-'),
        };
        begins && words::is_first_operator(name) && !self.at_chain_word()
    }

    /// Whether `and` or `or` follows the next token, as behind a column.
    fn at_chain_word(&self) -> bool {
        matches!(self.word(self.peek_at(1)), "and" | "or")
    }

    /// The operator's name here, dashes included, and how many tokens it takes.
    pub(super) fn operator_name(&self) -> (&str, usize) {
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
    pub(super) fn operator(&mut self, list: bool) -> Operator {
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
            if depth == self.body_depth && self.at_forgotten_let() {
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
            "where" | "filter" => {
                self.hints()?;
                OperatorKind::Where(self.expression()?)
            }
            "extend" => OperatorKind::Extend(self.named_list()?),
            "project" => OperatorKind::Project(self.named_list()?),
            "project-away" => OperatorKind::ProjectNames { keep: false, names: self.comma_list(Self::name_pattern)? },
            "project-keep" => OperatorKind::ProjectNames { keep: true, names: self.comma_list(Self::name_pattern)? },
            "project-rename" => OperatorKind::ProjectRename(self.comma_list(Self::renamed)?),
            "project-reorder" => OperatorKind::ProjectReorder(self.comma_list(Self::reorder_key)?),
            "distinct" => {
                self.hints()?;
                OperatorKind::Distinct(self.named_list()?)
            }
            "count" => OperatorKind::Count(match self.eat_word("as") {
                true => Some(self.name("name")?),
                false => None,
            }),
            "summarize" => self.summarize()?,
            "union" => OperatorKind::Union(self.union()?),
            "print" => OperatorKind::Print(self.named_list()?),
            "sort" | "order" => {
                self.hints()?;
                self.by()?;
                OperatorKind::Sort(self.comma_list(Self::sort_key)?)
            }
            "take" | "limit" => OperatorKind::Take(self.expression()?),
            "top" => {
                self.hints()?;
                let count = self.expression()?;
                self.by()?;
                let keys = vec![self.beside(Self::sort_key)?];
                OperatorKind::Top { count, keys }
            }
            "sample" => OperatorKind::Sample { count: self.expression()?, of: None },
            "sample-distinct" => {
                let count = self.expression()?;
                self.keyword("of")?;
                OperatorKind::Sample { count, of: Some(self.beside(Self::expression)?) }
            }
            "render" => {
                self.recover(depth, list);
                OperatorKind::Render
            }
            "as" => {
                self.hints()?;
                OperatorKind::As(self.name("name")?)
            }
            "serialize" => {
                self.hints()?;
                let bare = self.is_end(depth, list);
                OperatorKind::Serialize(if bare { Vec::new() } else { self.named_list()? })
            }
            "getschema" => OperatorKind::GetSchema,
            "invoke" => OperatorKind::Invoke(self.path()?),
            "evaluate" => OperatorKind::Evaluate(self.evaluate()?),
            "macro-expand" => {
                self.unsupported(&name);
                self.skip_balanced(length, list);
                OperatorKind::Unsupported(name)
            }
            _ if words::OPERATORS.contains(&word) => self.large_operator(word)?,
            _ if words::OPERATORS_TO_COME.contains(&word) => {
                self.unsupported(&name);
                self.at += length;
                self.recover(depth, list);
                OperatorKind::Unsupported(name)
            }
            _ => return Err(self.unknown_operator(&name)),
        })
    }

    /// The operators with clauses of their own. Apart, because whatever nests inside of an operator pays with its stack
    /// for all that stands in one function.
    #[inline(never)]
    fn large_operator(&mut self, word: &str) -> Read<OperatorKind> {
        Ok(match word {
            "make-series" => OperatorKind::MakeSeries(self.make_series()?),
            "mv-expand" | "mvexpand" => OperatorKind::MvExpand(self.mv_expand()?),
            "mv-apply" | "mvapply" => self.mv_apply()?,
            "scan" => OperatorKind::Scan(Box::new(self.scan()?)),
            "partition" => self.partition()?,
            "make-graph" => OperatorKind::Graph(Box::new(self.make_graph()?)),
            "top-nested" => OperatorKind::TopNested(self.top_nested()?),
            "parse" => OperatorKind::Parse(self.parse_pattern(false)?),
            "parse-where" => OperatorKind::Parse(self.parse_pattern(true)?),
            "parse-kv" => self.parse_kv()?,
            "join" => {
                let (parameters, right, on) = self.join(word)?;
                OperatorKind::Join { parameters, right, on }
            }
            "lookup" => {
                let (parameters, right, on) = self.join(word)?;
                OperatorKind::Lookup { parameters, right, on }
            }
            "range" => self.range()?,
            "search" => self.search()?,
            "find" => OperatorKind::Find(self.find()?),
            _ => OperatorKind::Error,
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

    /// Says that an operator is known and does not run.
    pub(super) fn unsupported(&mut self, name: &Name) {
        let message = format!("The operator `{}` is not supported yet.", name.text);
        self.report(Diagnostic::error("KT001", name.span, message));
    }

    /// Skips the operator's name and its text, in whose parentheses `;` may stand.
    fn skip_balanced(&mut self, length: usize, list: bool) {
        self.at += length;
        let mut open = 0usize;
        loop {
            match self.peek().kind {
                TokenKind::End => return,
                TokenKind::Pipe | TokenKind::Semicolon if open == 0 => return,
                TokenKind::Comma if open == 0 && list => return,
                TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace => open += 1,
                kind if kind.is_close() => match open.checked_sub(1) {
                    Some(rest) => open = rest,
                    None => return,
                },
                _ => {}
            }
            self.bump();
        }
    }

    pub(super) fn by(&mut self) -> Read<()> {
        self.keyword("by")
    }

    /// A word that has to stand here.
    pub(super) fn keyword(&mut self, word: &str) -> Read<()> {
        if self.eat_word(word) {
            return Ok(());
        }
        Err(self.missing("KS001", &format!("`{word}`"), None))
    }

    /// One or more, separated by commas.
    pub(super) fn comma_list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let mut items = vec![self.beside(&mut item)?];
        while self.eat(TokenKind::Comma) {
            items.push(self.beside(&mut item)?);
        }
        Ok(items)
    }
}
