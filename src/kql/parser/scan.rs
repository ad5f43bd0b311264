//! `scan`.

use super::{Parser, Read};
use crate::kql::ast::{Scan, ScanStep};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    /// `with_match_id=name declare (name:type=value, …) with (step name: condition => column = value, …; …)`
    pub(super) fn scan(&mut self) -> Read<Scan> {
        self.hints()?;
        let mut scan = Scan { match_id: None, columns: Vec::new(), steps: Vec::new() };
        if self.eat_word("with_match_id") {
            self.expect(TokenKind::Assign, "`=`")?;
            scan.match_id = Some(self.name("name of a column")?);
        }
        if self.eat_word("declare") {
            let open = self.expect(TokenKind::OpenParen, "`(`")?;
            scan.columns = self.comma_list(|parser| {
                let column = parser.declaration()?;
                let default = if parser.eat(TokenKind::Assign) { Some(parser.expression()?) } else { None };
                Ok((column, default))
            })?;
            self.expect_close(TokenKind::CloseParen, open)?;
        }
        self.keyword("with")?;
        let open = self.expect(TokenKind::OpenParen, "`(`")?;
        scan.steps = self.beside(|parser| parser.nested(Self::scan_steps))?;
        self.expect_close(TokenKind::CloseParen, open)?;
        self.grow(self.height)?;
        Ok(scan)
    }

    fn scan_steps(&mut self) -> Read<Vec<ScanStep>> {
        let mut steps = Vec::new();
        while steps.is_empty() || !self.at(TokenKind::CloseParen) {
            steps.push(self.beside(Self::scan_step)?);
            if !self.eat(TokenKind::Semicolon) {
                break;
            }
        }
        Ok(steps)
    }

    fn scan_step(&mut self) -> Read<ScanStep> {
        self.keyword("step")?;
        let name = self.name("name of a step")?;
        let mut output = None;
        if self.eat_word("output") {
            self.expect(TokenKind::Assign, "`=`")?;
            output = Some(self.name("`all`, `last` or `none`")?);
        }
        self.expect(TokenKind::Colon, "`:`")?;
        let condition = self.expression()?;
        let mut assignments = Vec::new();
        // The arrow is an equals sign and a greater-than to whoever cuts the text into words.
        if self.at(TokenKind::Assign) && self.peek_at(1).kind == TokenKind::Greater {
            self.at += 2;
            assignments = self.beside(|parser| {
                parser.comma_list(|parser| {
                    let column = parser.name("name of a column")?;
                    parser.expect(TokenKind::Assign, "`=`")?;
                    Ok((column, parser.expression()?))
                })
            })?;
        }
        Ok(ScanStep { name, output, condition, assignments })
    }
}
