//! Text to tokens, in one pass and in linear time.

use crate::diagnostic::{Diagnostic, Span};
use crate::kql::token::{Token, TokenKind};
use crate::kql::words;

/// Cuts `text` into tokens, the last of which is [`TokenKind::End`], and says what is no word of the language.
pub(crate) fn lex(text: &str) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::new(),
        diagnostics: Vec::new(),
        open: Vec::new(),
        counts: [0; 3],
        paired: Vec::new(),
    };
    while lexer.step() {}
    lexer.set_depths();
    (lexer.tokens, lexer.diagnostics)
}

/// Diagnostics of words are kept up to this number: a file that is no query at all has one in every line.
const MAX_DIAGNOSTICS: usize = 100;

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    diagnostics: Vec<Diagnostic>,
    /// The brackets that are open: shape and token.
    open: Vec<(usize, usize)>,
    /// How many of them are `(`, `[`, `{`.
    counts: [usize; 3],
    /// For each token whether it is a bracket that has its other half.
    paired: Vec<bool>,
}

impl Lexer<'_> {
    /// Reads one token; false at the end.
    fn step(&mut self) -> bool {
        self.skip_blank();
        let start = self.at;
        let Some(first) = self.char_at(start) else {
            self.push(TokenKind::End, start);
            return false;
        };
        if let Some(prefix) = self.string_prefix() {
            self.string(start, prefix);
        } else if first.is_ascii_digit() {
            self.number(start);
        } else if is_name_start(first) {
            self.name(start);
        } else {
            self.punctuation(start, first);
        }
        true
    }

    fn skip_blank(&mut self) {
        while let Some(c) = self.char_at(self.at) {
            // A byte order mark and a no-break space come along when a query is pasted from a page.
            if c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}' {
                self.at += c.len_utf8();
            } else if self.rest().starts_with("//") {
                self.at = self.line_end(self.at);
            } else {
                break;
            }
        }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn char_at(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }

    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    /// Where the line that holds `from` ends.
    fn line_end(&self, from: usize) -> usize {
        let rest = self.text.as_bytes().get(from..).unwrap_or(&[]);
        memchr::memchr2(b'\n', b'\r', rest).map_or(self.text.len(), |n| from + n)
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        let index = self.tokens.len();
        let span = Span::new(start, self.at);
        self.tokens.push(Token { kind, span, depth: 0 });
        self.paired.push(false);
        if let Some(shape) = bracket_shape(kind) {
            if !kind.is_close() {
                self.open.push((shape, index));
                self.counts[shape] += 1;
            } else if let Some(other) = self.close(shape) {
                self.paired[index] = true;
                self.paired[other] = true;
            }
        }
        if kind == TokenKind::Semicolon {
            // A statement ends here whatever was left open; only a function's body holds statements of its own, and only `scan`
            // ends its steps so.
            let brace = bracket_shape(TokenKind::OpenBrace);
            while self.open.last().is_some_and(|(shape, at)| Some(*shape) != brace && !self.opens_steps(*at)) {
                self.pop();
            }
        }
    }

    /// Whether that bracket is the one of `with (step …`.
    fn opens_steps(&self, bracket: usize) -> bool {
        let word = |at: Option<usize>| {
            let span = self.tokens.get(at?)?.span;
            self.text.get(span.start..span.end)
        };
        word(bracket.checked_sub(1)) == Some("with") && word(bracket.checked_add(1)) == Some("step")
    }

    fn pop(&mut self) -> Option<(usize, usize)> {
        let (shape, index) = self.open.pop()?;
        self.counts[shape] -= 1;
        Some((shape, index))
    }

    /// Closes the innermost bracket of that shape, and what was left open in it. A stray one closes nothing.
    fn close(&mut self, shape: usize) -> Option<usize> {
        if self.counts[shape] == 0 {
            return None;
        }
        while let Some((top, index)) = self.pop() {
            if top == shape {
                return Some(index);
            }
        }
        None
    }

    /// Counts brackets around each token. One without its other half does not count: it must not hide what follows it.
    fn set_depths(&mut self) {
        let mut depth = 0u32;
        for (token, paired) in self.tokens.iter_mut().zip(&self.paired) {
            let close = token.kind.is_close();
            if *paired && close {
                depth = depth.saturating_sub(1);
            }
            token.depth = depth;
            if *paired && !close {
                depth += 1;
            }
        }
    }

    fn error(&mut self, span: Span, message: impl Into<String>, help: &str) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(Diagnostic::error("KS004", span, message).help(help));
        }
    }

    /// The length of what stands before a string's quote (`h`, `@`), if a string begins here.
    fn string_prefix(&self) -> Option<usize> {
        let mut length = usize::from(matches!(self.byte(self.at), b'h' | b'H'));
        length += usize::from(self.byte(self.at + length) == b'@');
        let quote = self.byte(self.at + length);
        let triple = matches!(quote, b'`' | b'~')
            && self.byte(self.at + length + 1) == quote
            && self.byte(self.at + length + 2) == quote;
        (triple || matches!(quote, b'"' | b'\'')).then_some(length)
    }

    fn string(&mut self, start: usize, prefix: usize) {
        let open = start + prefix;
        let quote = self.byte(open);
        if matches!(quote, b'`' | b'~') {
            let fence = if quote == b'`' { "```" } else { "~~~" };
            let found =
                self.text.get(open + 3..).and_then(|rest| memchr::memmem::find(rest.as_bytes(), fence.as_bytes()));
            self.at = found.map_or(self.text.len(), |n| open + 3 + n + 3);
            if found.is_some() {
                return self.push(TokenKind::String, start);
            }
            self.error(
                Span::new(start, open + 3),
                "The multi-line string is not closed.",
                "Close it as it was opened.",
            );
            return self.push(TokenKind::Error, start);
        }
        let verbatim = prefix > 0 && self.byte(open - 1) == b'@';
        let mut at = open + 1;
        // The line's end is looked for on the way: a line may hold very many strings.
        while at < self.text.len() && !matches!(self.byte(at), b'\n' | b'\r') {
            let byte = self.byte(at);
            if byte == b'\\' && !verbatim {
                // A backslash does not join lines.
                at += 1 + usize::from(matches!(self.byte(at + 1), b'\\' | b'"' | b'\''));
            } else if byte == quote && verbatim && self.byte(at + 1) == quote {
                at += 2;
            } else if byte == quote {
                self.at = at + 1;
                return self.push(TokenKind::String, start);
            } else {
                at += 1;
            }
        }
        let end = at;
        self.at = end;
        self.error(
            Span::new(start, open + 1),
            "The string is not closed.",
            "A string ends on its own line with the quote it began with; ``` holds several lines.",
        );
        self.push(TokenKind::Error, start);
        // What the string swallowed closes brackets too: they are not left open for the next statement's.
        for index in open + 1..end {
            match self.byte(index) {
                b')' => self.close(0),
                b']' => self.close(1),
                b'}' => self.close(2),
                _ => None,
            };
        }
    }

    fn digits(&mut self) {
        while self.byte(self.at).is_ascii_digit() {
            self.at += 1;
        }
    }

    fn number(&mut self, start: usize) {
        let mut kind = TokenKind::Long;
        let hex = self.byte(start) == b'0'
            && matches!(self.byte(start + 1), b'x' | b'X')
            && self.byte(start + 2).is_ascii_hexdigit();
        if hex {
            self.at += 2;
            while self.byte(self.at).is_ascii_hexdigit() {
                self.at += 1;
            }
        } else {
            self.digits();
            // `1000.` is a real, `1..` begins a range, and `1.x` asks a number for a member.
            let next = self.char_at(self.at + 1);
            if self.byte(self.at) == b'.' && next.is_none_or(|c| c.is_ascii_digit() || c != '.' && !is_name_char(c)) {
                kind = TokenKind::Real;
                self.at += 1;
                self.digits();
            }
        }
        let plain = self.at;
        if !hex && matches!(self.byte(plain), b'e' | b'E') {
            let sign = usize::from(matches!(self.byte(plain + 1), b'+' | b'-'));
            if self.byte(plain + 1 + sign).is_ascii_digit() {
                kind = TokenKind::Real;
                self.at += 1 + sign;
                self.digits();
            }
        }
        let suffix = self.at;
        while let Some(c) = self.char_at(self.at).filter(|c| is_name_char(*c)) {
            self.at += c.len_utf8();
        }
        let unit = self.text.get(suffix..self.at).unwrap_or("");
        if unit.is_empty() {
            self.push(kind, start);
        } else if suffix == plain && !hex && words::is_time_unit(unit) {
            self.push(TokenKind::TimeSpan, start);
        } else if !self.text.get(start..suffix).unwrap_or("").contains(['.', '+', '-']) {
            // A name may begin with digits, if it is no literal as a whole: `2fa_state`.
            self.push(TokenKind::Name, start);
        } else {
            let written: String = self.text.get(start..self.at).unwrap_or("").chars().take(40).collect();
            self.error(
                Span::new(start, self.at),
                format!("`{written}` is neither a number nor a timespan."),
                "A timespan is a number and a unit: d, h, m, s, ms, microsecond, tick.",
            );
            self.push(TokenKind::Error, start);
        }
    }

    fn name(&mut self, start: usize) {
        while let Some(c) = self.char_at(self.at).filter(|c| is_name_char(*c)) {
            self.at += c.len_utf8();
        }
        let word = self.text.get(start..self.at).unwrap_or("");
        if word == "in" && self.byte(self.at) == b'~' && self.byte(self.at + 1) != b'~' {
            self.at += 1;
        } else if self.byte(self.at) == b'('
            && let Some(kind) = words::literal_kind(word)
        {
            // Inside is no expression but text of its own: `datetime(2020-01-02 03:04)`. It holds no parenthesis and
            // no line break; what does is left to the parser to complain of.
            let mut end = self.at + 1;
            while !matches!(self.byte(end), b'(' | b')' | b'\n' | b'\r' | b';' | 0) {
                end += 1;
            }
            if self.byte(end) == b')' {
                self.at = end + 1;
                return self.push(TokenKind::Typed(kind), start);
            }
        }
        self.push(TokenKind::Name, start);
    }

    fn punctuation(&mut self, start: usize, first: char) {
        use TokenKind as K;
        let (length, kind) = match (self.byte(start), self.byte(start + 1)) {
            (b'=', b'=') => (2, K::Equal),
            (b'=', b'~') => (2, K::EqualFolded),
            (b'=', _) => (1, K::Assign),
            (b'!', b'=') => (2, K::NotEqual),
            (b'!', b'~') => (2, K::NotEqualFolded),
            (b'!', next) if next.is_ascii_alphabetic() || next == b'_' => {
                self.at += 1;
                self.name(start + 1);
                if let Some(token) = self.tokens.last_mut() {
                    token.kind = K::BangName;
                    token.span.start = start;
                }
                return;
            }
            (b'!', _) => (1, K::Bang),
            (b'<', b'=') => (2, K::LessOrEqual),
            (b'<', b'>') => (2, K::NotEqual),
            (b'<', _) => (1, K::Less),
            (b'>', b'=') => (2, K::GreaterOrEqual),
            (b'>', _) => (1, K::Greater),
            (b'&', b'&') => (2, K::AndAnd),
            (b'|', b'|') => (2, K::OrOr),
            (b'|', _) => (1, K::Pipe),
            (b'.', b'.') => (2, K::DotDot),
            (b'.', _) => (1, K::Dot),
            (b'(', _) => (1, K::OpenParen),
            (b')', _) => (1, K::CloseParen),
            (b'[', _) => (1, K::OpenBracket),
            (b']', _) => (1, K::CloseBracket),
            (b'{', _) => (1, K::OpenBrace),
            (b'}', _) => (1, K::CloseBrace),
            (b',', _) => (1, K::Comma),
            (b';', _) => (1, K::Semicolon),
            (b':', _) => (1, K::Colon),
            (b'+', _) => (1, K::Plus),
            (b'-', _) => (1, K::Minus),
            (b'*', _) => (1, K::Star),
            (b'/', _) => (1, K::Slash),
            (b'%', _) => (1, K::Percent),
            _ => return self.garbage(start, first),
        };
        self.at += length;
        self.push(kind, start);
    }

    /// A run of characters that are no word of the language is one error.
    fn garbage(&mut self, start: usize, first: char) {
        self.at += first.len_utf8();
        if is_typographic_quote(first) {
            // A string in the wrong quotes is one mistake, up to the next such quote of its line.
            let mut line = self.rest().char_indices().take_while(|(_, c)| *c != '\n');
            if let Some((at, quote)) = line.find(|(_, c)| is_typographic_quote(*c)) {
                self.at += at + quote.len_utf8();
            }
        }
        while let Some(c) = self.char_at(self.at) {
            let strange = !c.is_whitespace() && !is_name_char(c) && !c.is_ascii_punctuation() || "#?\\^&@".contains(c);
            if !strange || self.string_prefix().is_some() || self.rest().starts_with("&&") {
                break;
            }
            self.at += c.len_utf8();
        }
        let shown: String = self.text.get(start..self.at).unwrap_or("").chars().take(20).collect();
        let help = match first {
            quote if is_typographic_quote(quote) => "These are typographic quotes; write \" or '.",
            '&' => "To join conditions, write `and`.",
            _ => "Remove it, or put it in quotes if it belongs to a string.",
        };
        let span = Span::new(start, self.at);
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            let message = format!("Unexpected: `{}` is no part of the language.", shown.escape_debug());
            self.diagnostics.push(Diagnostic::error("KS002", span, message).help(help));
        }
        self.push(TokenKind::Error, start);
    }
}

/// Which of the three shapes a bracket has.
fn bracket_shape(kind: TokenKind) -> Option<usize> {
    Some(match kind {
        TokenKind::OpenParen | TokenKind::CloseParen => 0,
        TokenKind::OpenBracket | TokenKind::CloseBracket => 1,
        TokenKind::OpenBrace | TokenKind::CloseBrace => 2,
        _ => return None,
    })
}

/// The quotes that word processors and web pages make of `'` and `"`.
fn is_typographic_quote(c: char) -> bool {
    matches!(c, '\u{2018}'..='\u{201f}')
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}
