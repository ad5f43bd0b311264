//! Literals: strings with their escapes, numbers, typed literals, `dynamic(…)`.

use super::expression::literal_expr;
use super::{Parser, Read};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{DynamicLiteral, Expr, ExprKind, Literal, LiteralKind};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    /// The literal here, of any kind but `dynamic`. The caller has seen that it is one.
    pub(super) fn literal(&mut self) -> Expr {
        let token = self.peek();
        let kind = match token.kind {
            TokenKind::Long => LiteralKind::Long,
            TokenKind::Real => LiteralKind::Real,
            TokenKind::TimeSpan => LiteralKind::TimeSpan,
            TokenKind::Typed(kind) => {
                self.bump();
                return literal_expr(kind, typed_text(self.word(token)).to_owned(), token.span);
            }
            _ => {
                let text = self.strings();
                return literal_expr(LiteralKind::String, text, Span::new(token.span.start, self.last_end()));
            }
        };
        self.bump();
        literal_expr(kind, self.word(token).to_owned(), token.span)
    }

    /// Strings that stand side by side are one.
    pub(super) fn strings(&mut self) -> String {
        let mut text = self.string_piece();
        while self.at(TokenKind::String) {
            text.push_str(&self.string_piece());
        }
        text
    }

    /// One string's value.
    pub(super) fn string_piece(&mut self) -> String {
        let token = self.bump();
        let written = self.word(token);
        let body = written.strip_prefix(['h', 'H']).unwrap_or(written);
        if body.starts_with("```") || body.starts_with("~~~") {
            return body.get(3..body.len().saturating_sub(3)).unwrap_or("").to_owned();
        }
        let (verbatim, quoted) = match body.strip_prefix('@') {
            Some(quoted) => (true, quoted),
            None => (false, body),
        };
        let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or("");
        if verbatim {
            let quote = quoted.get(..1).unwrap_or("\"");
            return inner.replace(&quote.repeat(2), quote);
        }
        let start = token.span.end.saturating_sub(1 + inner.len());
        self.unescape(inner, start)
    }

    /// Resolves the escapes of a string's text, which begins at byte `start`.
    fn unescape(&mut self, inner: &str, start: usize) -> String {
        let mut text = String::with_capacity(inner.len());
        let mut rest = inner;
        while let Some(slash) = rest.find('\\') {
            let (before, escape) = rest.split_at(slash);
            text.push_str(before);
            let length = match read_escape(escape) {
                Some((c, length)) => {
                    text.push(c);
                    length
                }
                None => {
                    let at = start + inner.len() - escape.len();
                    let length = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
                    let shown = escape.get(..length).unwrap_or(escape);
                    let message = format!("Malformed literal: `{shown}` is no escape.");
                    let help = "Write `\\\\` for a backslash, or put `@` before the string's first quote.";
                    self.report(Diagnostic::error("KS004", Span::new(at, at + length), message).help(help));
                    length
                }
            };
            rest = escape.get(length..).unwrap_or("");
        }
        text.push_str(rest);
        text
    }

    /// `dynamic(…)`.
    pub(super) fn dynamic(&mut self) -> Read<Expr> {
        let start = self.peek().span.start;
        let value = self.dynamic_call()?;
        Ok(Expr { kind: ExprKind::Dynamic(value), span: Span::new(start, self.last_end()) })
    }

    fn dynamic_call(&mut self) -> Read<DynamicLiteral> {
        self.bump();
        let open = self.bump();
        let value = self.dynamic_value()?;
        self.expect_close(TokenKind::CloseParen, open)?;
        Ok(value)
    }

    fn dynamic_value(&mut self) -> Read<DynamicLiteral> {
        let token = self.peek();
        self.height = 1;
        match token.kind {
            TokenKind::OpenBracket => self.nested(|parser| {
                parser.bump();
                let (items, height) = parser.dynamic_list(TokenKind::CloseBracket, Self::dynamic_value)?;
                parser.expect_close(TokenKind::CloseBracket, token)?;
                parser.grow(height)?;
                Ok(DynamicLiteral::Array(items))
            }),
            TokenKind::OpenBrace => self.nested(|parser| {
                parser.bump();
                let (pairs, height) = parser.dynamic_list(TokenKind::CloseBrace, Self::dynamic_pair)?;
                parser.expect_close(TokenKind::CloseBrace, token)?;
                parser.grow(height)?;
                Ok(DynamicLiteral::Bag(pairs))
            }),
            TokenKind::Minus | TokenKind::Plus
                if matches!(self.peek_at(1).kind, TokenKind::Long | TokenKind::Real | TokenKind::TimeSpan) =>
            {
                self.bump();
                let minus = if token.kind == TokenKind::Minus { "-" } else { "" };
                let number = self.literal();
                Ok(scalar(number, minus, token.span.start))
            }
            TokenKind::String | TokenKind::Long | TokenKind::Real | TokenKind::TimeSpan | TokenKind::Typed(_) => {
                Ok(scalar(self.literal(), "", token.span.start))
            }
            TokenKind::Name => match self.word(token) {
                "null" => {
                    self.bump();
                    Ok(DynamicLiteral::Null)
                }
                word @ ("true" | "True" | "TRUE" | "false" | "False" | "FALSE") => {
                    self.bump();
                    let literal = Literal { kind: LiteralKind::Bool, text: word.to_ascii_lowercase() };
                    Ok(DynamicLiteral::Scalar(literal, token.span))
                }
                "dynamic" if self.peek_at(1).kind == TokenKind::OpenParen => self.nested(Self::dynamic_call),
                _ => Err(self.not_json()),
            },
            _ => Err(self.not_json()),
        }
    }

    fn not_json(&mut self) -> super::Stop {
        let help = "Inside dynamic(…) stand literals only; use pack_array(…), bag_pack(…) or parse_json(…) to make one of expressions.";
        self.missing("KS006", "JSON value", Some(help))
    }

    /// `"key": value`.
    fn dynamic_pair(&mut self) -> Read<(String, DynamicLiteral)> {
        if !self.at(TokenKind::String) {
            return Err(self.missing("KS006", "string", Some("The keys of a bag are quoted.")));
        }
        let key = self.strings();
        self.expect(TokenKind::Colon, "`:`")?;
        Ok((key, self.dynamic_value()?))
    }

    /// Items up to `close`, and the height of the highest.
    fn dynamic_list<T>(
        &mut self,
        close: TokenKind,
        mut item: impl FnMut(&mut Self) -> Read<T>,
    ) -> Read<(Vec<T>, usize)> {
        let mut items = Vec::new();
        let mut height = 0;
        while !self.at(close) || !items.is_empty() {
            items.push(item(self)?);
            height = height.max(self.height);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        Ok((items, height))
    }
}

fn scalar(literal: Expr, sign: &str, start: usize) -> DynamicLiteral {
    let span = Span::new(start, literal.span.end);
    match literal.kind {
        ExprKind::Literal(literal) => {
            let text = if sign.is_empty() { literal.text } else { format!("{sign}{}", literal.text) };
            DynamicLiteral::Scalar(Literal { kind: literal.kind, text }, span)
        }
        _ => DynamicLiteral::Null,
    }
}

/// The text between the parentheses of `datetime(…)`, without blanks and quotes around it.
fn typed_text(written: &str) -> &str {
    let open = written.find('(').map_or(0, |at| at + 1);
    let inner = written.get(open..written.len().saturating_sub(1)).unwrap_or("").trim();
    for quote in ['"', '\''] {
        if let Some(text) = inner.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return text.trim();
        }
    }
    inner
}

/// The character that an escape stands for, and the escape's length in bytes.
fn read_escape(escape: &str) -> Option<(char, usize)> {
    let simple = match escape.as_bytes().get(1)? {
        b'\\' => '\\',
        b'"' => '"',
        b'\'' => '\'',
        b'a' => '\u{7}',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'v' => '\u{b}',
        b'x' => return code(escape, 2, 2, 16),
        b'u' => return utf16(escape),
        b'U' => return code(escape, 2, 8, 16),
        b'0'..=b'7' => {
            // One to three octal digits, up to 377.
            let digits = escape.bytes().skip(1).take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
            let three = digits == 3 && escape.as_bytes().get(1).is_some_and(|first| *first <= b'3');
            return code(escape, 1, if three { 3 } else { digits.min(2) }, 8);
        }
        _ => return None,
    };
    Some((simple, 2))
}

/// `length` digits from byte `start` on, as a character.
fn code(escape: &str, start: usize, length: usize, radix: u32) -> Option<(char, usize)> {
    let digits = escape.get(start..start + length)?;
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    Some((char::from_u32(u32::from_str_radix(digits, radix).ok()?)?, start + length))
}

/// `\uXXXX`, or two of them for a character outside the first plane.
fn utf16(escape: &str) -> Option<(char, usize)> {
    if let Some(found) = code(escape, 2, 4, 16) {
        return Some(found);
    }
    let unit = |start: usize| {
        let digits = escape.get(start..start + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u16::from_str_radix(digits, 16).ok()
    };
    let second = escape.get(6..8).filter(|mark| *mark == "\\u").and_then(|_| unit(8))?;
    let c = char::decode_utf16([unit(2)?, second]).next()?.ok()?;
    Some((c, 12))
}
