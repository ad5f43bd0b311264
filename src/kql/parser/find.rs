//! `find`

use super::{Parser, Read};
use crate::kql::ast::{Find, Name};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    /// `withsource=name in (table, …) where predicate project name:type, …, pack(*)`
    pub(super) fn find(&mut self) -> Read<Find> {
        let parameters = self.parameters(|name| matches!(name, "withsource" | "with_source" | "datascope"))?;
        let is_source = |(name, _): &&(Name, _)| name.text.starts_with("with");
        let with_source = parameters.iter().find(is_source).and_then(|(_, value)| match &value.kind {
            crate::kql::ast::ExprKind::Name(name) => Some(name.clone()),
            _ => None,
        });
        let tables = self.searched_tables()?;
        self.eat_word("where");
        let predicate = self.searched(Self::expression)?;
        let mut found = Find { with_source, tables, predicate, project: None, pack: true };
        if self.at_word("project") && self.peek_at(1).kind == TokenKind::Minus {
            // `project-smart`, which is the default.
            self.bump();
            self.bump();
            self.keyword("smart")?;
        } else if self.eat_word("project") {
            found.pack = false;
            let mut columns = Vec::new();
            loop {
                if self.at_word("pack") && self.peek_at(1).kind == TokenKind::OpenParen {
                    self.bump();
                    let open = self.bump();
                    self.expect(TokenKind::Star, "`*`")?;
                    self.expect_close(TokenKind::CloseParen, open)?;
                    found.pack = true;
                } else {
                    let name = self.name("name of a column")?;
                    let ty = if self.eat(TokenKind::Colon) { Some(self.name("name of a type")?) } else { None };
                    columns.push((name, ty));
                }
                if !self.eat(TokenKind::Comma) {
                    break;
                }
            }
            found.project = Some(columns);
        }
        Ok(found)
    }
}
