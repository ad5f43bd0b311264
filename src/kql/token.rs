//! The words of the language.

use crate::diagnostic::Span;
use crate::kql::ast::LiteralKind;

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
    /// How many brackets are open around it. A bracket itself counts as outside of what it encloses.
    pub(crate) depth: u32,
}

/// What a piece of the text is. Keywords are names: which of them are special depends on where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// `where`, `DeviceName`, `$left`, `in~`
    Name,
    /// `!has`, `!in~`: a name with its mark
    BangName,
    String,
    Long,
    Real,
    TimeSpan,
    /// `datetime(…)` and its like, up to the closing parenthesis
    Typed(LiteralKind),
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    Comma,
    Semicolon,
    Pipe,
    Dot,
    DotDot,
    Colon,
    Assign,
    Equal,
    NotEqual,
    EqualFolded,
    NotEqualFolded,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Bang,
    /// `&&`, which KQL spells `and`
    AndAnd,
    /// `||`, which KQL spells `or`
    OrOr,
    /// What is no word of the language; a diagnostic has said so.
    Error,
    /// Behind the last piece
    End,
}

impl TokenKind {
    /// Whether it ends what a bracket began.
    pub(crate) fn is_close(self) -> bool {
        matches!(self, TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace)
    }
}
