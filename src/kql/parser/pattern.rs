//! `parse`, `parse-where`, `parse-kv`.

use super::{Parser, Read};
use crate::kql::ast::{OperatorKind, Parse, ParsePart};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    /// `kind=… flags=… subject with pattern`
    pub(super) fn parse_pattern(&mut self, filters: bool) -> Read<Parse> {
        let parameters = self.parameters(|name| matches!(name, "kind" | "flags"))?;
        let subject = self.beside(Self::expression)?;
        self.keyword("with")?;
        let mut pattern = Vec::new();
        while let Some(part) = self.parse_part()? {
            pattern.push(part);
        }
        if pattern.is_empty() {
            let help = "Write texts and columns, as in `with \"from \" Sender:string \" to\" *`.";
            return Err(self.missing("KS006", "pattern", Some(help)));
        }
        Ok(Parse { filters, parameters, subject, pattern })
    }

    fn parse_part(&mut self) -> Read<Option<ParsePart>> {
        let token = self.peek();
        Ok(Some(match token.kind {
            TokenKind::Star => {
                self.bump();
                ParsePart::Star(token.span)
            }
            TokenKind::String => {
                let text = self.strings();
                let end = self.last_end();
                ParsePart::Text(text, crate::diagnostic::Span::new(token.span.start, end))
            }
            _ if self.name_length().is_some() && !self.at_forgotten_let() => {
                let name = self.name("name of a column")?;
                let ty = if self.eat(TokenKind::Colon) { Some(self.name("name of a type")?) } else { None };
                ParsePart::Column(name, ty)
            }
            _ => return Ok(None),
        }))
    }

    /// `subject as (name:type, …) with (name=value, …)`
    pub(super) fn parse_kv(&mut self) -> Read<OperatorKind> {
        let subject = self.expression()?;
        self.keyword("as")?;
        let columns = self.declarations()?;
        let mut parameters = Vec::new();
        if self.eat_word("with") {
            let open = self.expect(TokenKind::OpenParen, "`(`")?;
            while !self.at(TokenKind::CloseParen) {
                let name = self.name("name of a parameter")?;
                self.expect(TokenKind::Assign, "`=`")?;
                parameters.push((name, self.parameter_value()?));
                if !self.eat(TokenKind::Comma) {
                    break;
                }
            }
            self.expect_close(TokenKind::CloseParen, open)?;
        }
        Ok(OperatorKind::ParseKv { subject, columns, parameters })
    }
}
