//! Tokens to a tree: recursive descent, with precedence climbing between operands.
//!
//! A function that cannot go on reports why and returns [`Stop`]. The nearest statement, pipe or operator catches it,
//! skips to where the next one begins and leaves an error node. What can be read all the same (`=` for `==`) is reported
//! and read.

mod columns;
mod expand;
mod expression;
mod find;
mod function;
mod graph;
mod infix;
mod join;
mod literal;
mod operator;
mod parameters;
mod pattern;
mod scan;
mod statement;
mod summarize;
mod table;
mod top_nested;

use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Expr, ExprKind, Name};
use crate::kql::lexer;
use crate::kql::token::{Token, TokenKind};

/// Reading stopped, and a diagnostic has said why.
#[derive(Debug)]
pub(super) struct Stop;

/// What was read, or that it stopped.
type Read<T> = Result<T, Stop>;

/// Diagnostics are kept up to this number: nobody reads more of one query.
const MAX_DIAGNOSTICS: usize = 200;

/// The state of reading one text.
pub(super) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    /// The next token.
    at: usize,
    max_depth: usize,
    /// How deep the reading has gone.
    depth: usize,
    /// How many brackets are open around the statements: those of a function's body have more than the query's.
    body_depth: u32,
    /// Inside of `search`, where `column:"text"` is a condition.
    searching: bool,
    /// How high the tree of the last expression read is. Chains such as `1+1+…` grow it without any bracket.
    height: usize,
    /// The nesting passed its limit: nothing more is read or said.
    stopped: bool,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Parser<'a> {
    /// Cuts the text into tokens and stands before the first.
    pub(super) fn new(text: &'a str, max_depth: usize) -> Self {
        let (tokens, diagnostics) = lexer::lex(text);
        Parser {
            text,
            tokens,
            at: 0,
            max_depth,
            depth: 0,
            body_depth: 0,
            searching: false,
            height: 0,
            stopped: false,
            diagnostics,
        }
    }

    /// What was said, in the order of the text.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
        self.diagnostics
    }

    fn peek(&self) -> Token {
        self.peek_at(0)
    }

    /// The token `ahead` of the next one; the end repeats for ever.
    fn peek_at(&self, ahead: usize) -> Token {
        let end = Token { kind: TokenKind::End, span: Span::new(self.text.len(), self.text.len()), depth: 0 };
        self.tokens.get(self.at + ahead).or(self.tokens.last()).copied().unwrap_or(end)
    }

    fn at(&self, kind: TokenKind) -> bool {
        self.peek().kind == kind
    }

    /// Whether the next token is that bare word.
    fn at_word(&self, word: &str) -> bool {
        self.at(TokenKind::Name) && self.word(self.peek()) == word
    }

    fn word(&self, token: Token) -> &'a str {
        self.text.get(token.span.start..token.span.end).unwrap_or("")
    }

    fn bump(&mut self) -> Token {
        let token = self.peek();
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    fn eat(&mut self, kind: TokenKind) -> bool {
        let here = self.at(kind);
        if here {
            self.bump();
        }
        here
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let here = self.at_word(word);
        if here {
            self.bump();
        }
        here
    }

    /// Where the token before the next one ends.
    fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.span.end)
    }

    /// The next token's place; at the end of the text, just behind the last token.
    fn here(&self) -> Span {
        match self.peek() {
            Token { kind: TokenKind::End, .. } => Span::new(self.last_end(), self.last_end()),
            token => token.span,
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) -> Stop {
        if !self.stopped && self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
        Stop
    }

    /// Something has to stand here and does not. A bad token has had its say already.
    fn missing(&mut self, code: &'static str, what: &str, help: Option<&str>) -> Stop {
        if self.at(TokenKind::Error) {
            return Stop;
        }
        let found = match self.peek().kind {
            TokenKind::End => "the query ends".to_owned(),
            _ => format!("there is `{}`", self.shown(self.peek())),
        };
        let mut diagnostic = Diagnostic::error(code, self.here(), format!("Missing {what}: {found}."));
        diagnostic.help = help.map(str::to_owned);
        self.report(diagnostic)
    }

    /// Something stands here that cannot.
    fn unexpected(&mut self, help: Option<String>) -> Stop {
        let token = self.peek();
        if token.kind == TokenKind::Error {
            return Stop;
        }
        let message = match token.kind {
            TokenKind::End => "Unexpected end of the query.".to_owned(),
            _ => format!("Unexpected: `{}`.", self.shown(token)),
        };
        let mut diagnostic = Diagnostic::error("KS002", self.here(), message);
        diagnostic.help = help;
        self.report(diagnostic)
    }

    /// A token's text, cut to what fits a message.
    fn shown(&self, token: Token) -> String {
        let word = self.word(token);
        let mut shown: String = word.chars().take(40).collect();
        if shown.len() < word.len() {
            shown.push('…');
        }
        shown
    }

    fn expect(&mut self, kind: TokenKind, what: &str) -> Read<Token> {
        if self.at(kind) { Ok(self.bump()) } else { Err(self.missing("KS001", what, None)) }
    }

    /// The bracket that ends what `open` began.
    fn expect_close(&mut self, kind: TokenKind, open: Token) -> Read<Token> {
        if self.at(kind) {
            return Ok(self.bump());
        }
        // A string that is not closed may have swallowed the bracket, and has been told of.
        let inside = self.tokens.get(..self.at).unwrap_or(&[]).iter().rev();
        if inside.take_while(|token| token.span.start > open.span.start).any(|token| token.kind == TokenKind::Error) {
            return Err(Stop);
        }
        let (open_text, close_text) = match kind {
            TokenKind::CloseBracket => ("[", "]"),
            TokenKind::CloseBrace => ("{", "}"),
            _ => ("(", ")"),
        };
        match self.peek().kind {
            // The place where it was opened says more than the end of the text.
            TokenKind::End | TokenKind::Semicolon => {
                let message = format!("Missing `{close_text}`: this `{open_text}` is never closed.");
                Err(self.report(Diagnostic::error("KS001", open.span, message)))
            }
            _ => {
                let help = self
                    .infix_help()
                    .unwrap_or_else(|| format!("Write `{close_text}`, a comma or an operator before it."));
                Err(self.missing("KS001", &format!("`{close_text}`"), Some(&help)))
            }
        }
    }

    /// Reads one level deeper.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth >= self.max_depth {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Reads a part that stands beside those read before it: the height is that of the highest.
    fn beside<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        let before = self.height;
        let part = read(self)?;
        self.height = self.height.max(before);
        Ok(part)
    }

    /// Puts a node on top of trees of which the highest has that height.
    fn grow(&mut self, below: usize) -> Read<()> {
        self.height = below + 1;
        if self.height > self.max_depth { Err(self.too_deep()) } else { Ok(()) }
    }

    /// Kusto's KS245. Nothing is read behind it: what recovers would only run into it again.
    fn too_deep(&mut self) -> Stop {
        let message = format!("The query is nested deeper than max_query_depth allows ({} levels).", self.max_depth);
        let help = "Split the expression with `let`, or raise max_query_depth.";
        self.report(Diagnostic::error("KS245", self.here(), message).help(help));
        self.stopped = true;
        self.at = self.tokens.len().saturating_sub(1);
        Stop
    }

    /// Whether an operator, or a pipe, that began among `depth` brackets ends here. A comma ends it in a list only.
    fn is_end(&self, depth: u32, list: bool) -> bool {
        let token = self.peek();
        match token.kind {
            TokenKind::End => true,
            // One among more brackets ends a step of `scan`; where a statement ends, none is open.
            TokenKind::Pipe | TokenKind::Semicolon => token.depth <= depth,
            TokenKind::Comma => list && token.depth <= depth,
            kind => kind.is_close() && token.depth < depth,
        }
    }

    /// Skips to where [`Parser::is_end`] holds.
    fn recover(&mut self, depth: u32, list: bool) {
        while !self.is_end(depth, list) {
            self.bump();
        }
    }

    /// Whether a `let` begins here whose `;` was forgotten: the statement complains of it.
    fn at_forgotten_let(&self) -> bool {
        let next = self.peek_at(1).kind;
        self.peek().depth == self.body_depth && self.at_word("let") && next == TokenKind::Name
    }

    /// How many tokens a name here takes: `name`, or `['name']`.
    fn name_length(&self) -> Option<usize> {
        match self.peek().kind {
            TokenKind::Name => Some(1),
            TokenKind::OpenBracket
                if self.peek_at(1).kind == TokenKind::String && self.peek_at(2).kind == TokenKind::CloseBracket =>
            {
                Some(3)
            }
            _ => None,
        }
    }

    /// A name, bare or bracketed.
    fn name(&mut self, what: &str) -> Read<Name> {
        match self.name_length() {
            Some(1) => {
                let token = self.bump();
                Ok(Name { text: self.word(token).to_owned(), span: token.span })
            }
            Some(_) => {
                let open = self.bump();
                let text = self.string_piece();
                let close = self.bump();
                Ok(Name { text, span: open.span.to(close.span) })
            }
            None => Err(self.missing("KS006", what, Some("A name of other characters is written ['name']."))),
        }
    }
}

/// What stands where nothing could be read.
fn error_expr(span: Span) -> Expr {
    Expr { kind: ExprKind::Error, span }
}
