//! `parse`, `parse-where` and `parse-kv`: a text is taken apart into columns.
//!
//! A pattern becomes one regular expression. The simple kinds must cover the whole text; `*` and columns take as little as
//! they can. A pattern of `kind=regex` may stand anywhere in the text and takes as much as it can, unless flag `U` says
//! otherwise.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Binder;
use super::join::word_of;
use super::scope::{LegScope, Place, Scope, ScopeColumn, Tabular};
use crate::compile::bound::{Bound, KeyValuePattern, ParsePattern, Step, TextPattern};
use crate::diagnostic::Diagnostic;
use crate::kql::ast::{ColumnDeclaration, Expr, Name, Parse, ParsePart};
use crate::schema::ScalarType;
use crate::value::{Value, convert, list, regex};

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Simple,
    Relaxed,
    Regex,
}

impl Binder<'_> {
    pub(super) fn parse(&mut self, mut table: Tabular, parse: &Parse) -> Option<Tabular> {
        let mut kind = Kind::Simple;
        let mut flags = String::new();
        for (name, value) in &parse.parameters {
            match (name.text.as_str(), word_of(value)) {
                ("kind", "simple") => kind = Kind::Simple,
                ("kind", "relaxed") => kind = Kind::Relaxed,
                ("kind", "regex") => kind = Kind::Regex,
                ("kind", _) => self.error("KS140", value.span, "'kind' takes simple, relaxed or regex"),
                ("flags", word) if word.chars().all(|c| "Umsi".contains(c)) => flags = word.to_owned(),
                ("flags", _) => self.error("KS140", value.span, "'flags' takes letters of U, m, s and i"),
                (other, _) => self.report(Diagnostic::warning(
                    "KS179",
                    name.span,
                    format!("'{other}' is not a parameter of parse; it is left out"),
                )),
            }
        }
        let (pattern, columns) = self.pattern(parse, kind, &flags)?;
        let pattern = Arc::new(ParsePattern::Text(pattern));
        for leg in &mut table.legs {
            let subject = self.parse_subject(&parse.subject, leg)?;
            add_columns(leg, subject, &pattern, &columns, parse.filters);
        }
        Some(table)
    }

    fn parse_subject(&mut self, subject: &Expr, leg: &mut LegScope) -> Option<Bound> {
        let bound = self.scalar(subject, &mut Scope::Row(leg));
        if bound.is_error() {
            return None;
        }
        if !matches!(bound.ty, ScalarType::String | ScalarType::Dynamic) {
            self.error("KS141", bound.span, format!("only text can be parsed, and this is a {}", bound.ty));
            return None;
        }
        Some(bound)
    }

    fn pattern(&mut self, parse: &Parse, kind: Kind, flags: &str) -> Option<(TextPattern, Vec<(String, ScalarType)>)> {
        let free = kind == Kind::Regex;
        let lazy = if free { "" } else { "?" };
        let mut text = match kind {
            Kind::Regex if flags.is_empty() => String::new(),
            Kind::Regex => format!("(?{flags})"),
            Kind::Simple | Kind::Relaxed => "(?s)^".to_owned(),
        };
        let mut columns: Vec<(String, ScalarType)> = Vec::new();
        let mut groups = Vec::new();
        let mut group = 0;
        let mut after_column = false;
        let mut span = parse.subject.span;
        for (at, part) in parse.pattern.iter().enumerate() {
            match part {
                ParsePart::Star(at) => {
                    span = span.to(*at);
                    // A `*` behind a column of text: which of the two takes what is not said.
                    if after_column && !free {
                        // At the end of the pattern Kusto lets it stand: the column takes nothing then.
                        let last = parse.pattern.last().is_some_and(|p| std::ptr::eq(p, part));
                        if !last && columns.last().is_some_and(|(_, ty)| *ty == ScalarType::String) {
                            self.error("KS103", *at, "'*' behind a column of text is ambiguous");
                            return None;
                        }
                    }
                    text.push_str(".*");
                    text.push_str(lazy);
                    after_column = false;
                }
                ParsePart::Text(literal, at) => {
                    span = span.to(*at);
                    if free {
                        group += match regex::compile(literal) {
                            Ok(inner) => inner.captures_len() - 1,
                            Err(message) => {
                                self.error("SEM0420", *at, message);
                                return None;
                            }
                        };
                        text.push_str(literal);
                    } else {
                        text.push_str(&::regex::escape(literal));
                    }
                    after_column = false;
                }
                ParsePart::Column(name, declared) => {
                    span = span.to(name.span);
                    let ty = match declared {
                        Some(name) => self.type_of(name)?,
                        None => ScalarType::String,
                    };
                    if after_column && columns.last().is_some_and(|(_, ty)| *ty == ScalarType::String) {
                        self.error("KS101", name.span, "a column behind a column of text needs a literal between them");
                        return None;
                    }
                    let before_star = matches!(parse.pattern.get(at + 1), Some(ParsePart::Star(_)));
                    text.push_str(capture(ty, kind, before_star));
                    group += 1;
                    groups.push((group, ty));
                    columns.push((name.text.clone(), ty));
                    after_column = true;
                }
            }
        }
        if !free {
            text.push('$');
        }
        match regex::compile(&text) {
            Ok(regex) => Some((TextPattern { regex, columns: groups, relaxed: kind == Kind::Relaxed }, columns)),
            Err(message) => {
                self.error("SEM0420", span, message);
                None
            }
        }
    }

    pub(super) fn parse_kv(
        &mut self,
        mut table: Tabular,
        subject: &Expr,
        declared: &[ColumnDeclaration],
        parameters: &[(Name, Expr)],
    ) -> Option<Tabular> {
        let columns: Vec<(String, ScalarType)> = self.declared(declared)?.into_iter().map(|c| (c.name, c.ty)).collect();
        let mut pattern = KeyValuePattern {
            columns: columns.clone(),
            pair_delimiter: String::new(),
            key_delimiter: String::new(),
            quotes: Vec::new(),
            escape: None,
            greedy: false,
        };
        for (name, value) in parameters {
            match name.text.as_str() {
                "pair_delimiter" => pattern.pair_delimiter = self.delimiter(value)?,
                "kv_delimiter" => pattern.key_delimiter = self.delimiter(value)?,
                "quote" => pattern.quotes = self.quotes(value)?,
                "escape" => pattern.escape = self.delimiter(value)?.chars().next(),
                "greedy" => pattern.greedy = word_of(value) == "true",
                other => {
                    self.error("KS179", name.span, format!("'{other}' is not a parameter of parse-kv"));
                    return None;
                }
            }
        }
        let pattern = Arc::new(ParsePattern::KeyValue(pattern));
        for leg in &mut table.legs {
            let subject = self.parse_subject(subject, leg)?;
            add_columns(leg, subject, &pattern, &columns, false);
        }
        Some(table)
    }

    fn delimiter(&mut self, value: &Expr) -> Option<String> {
        let bound = self.scalar(value, &mut Scope::Nothing);
        match bound.as_constant() {
            Some(Value::String(text)) if !text.is_empty() => Some(text.to_string()),
            _ => {
                if !bound.is_error() {
                    self.error("KS131", value.span, "this must be a literal string that is not empty");
                }
                None
            }
        }
    }

    /// One character, or an opening and a closing one; a list of these.
    fn quotes(&mut self, value: &Expr) -> Option<Vec<(char, char)>> {
        let bound = self.scalar(value, &mut Scope::Nothing);
        let mut quotes = Vec::new();
        let mut good = bound.as_constant().is_some();
        if let Some(value) = bound.as_constant() {
            let _ = list::each_item(std::slice::from_ref(value), &mut |item| {
                let text = convert::text(item);
                let mut characters = text.chars();
                match (characters.next(), characters.next(), characters.next()) {
                    (Some(both), None, None) => quotes.push((both, both)),
                    (Some(open), Some(close), None) => quotes.push((open, close)),
                    _ => good = false,
                }
                ControlFlow::<()>::Continue(())
            });
        }
        if !good && !bound.is_error() {
            self.error("KS131", value.span, "a quote is one character, or an opening and a closing one");
        }
        good.then_some(quotes)
    }
}

/// What stands for a column. A number in a regular expression takes what a number is made of. So does, in the other kinds,
/// a column that is no text and has a `*` behind it: nothing else says where it ends.
fn capture(ty: ScalarType, kind: Kind, before_star: bool) -> &'static str {
    match (ty, kind) {
        (ScalarType::Int | ScalarType::Long, Kind::Regex) => r"(-?\d+)",
        (_, Kind::Regex) => "(.*)",
        (ScalarType::String | ScalarType::Dynamic, _) => "(.*?)",
        (ScalarType::Int | ScalarType::Long, Kind::Simple) if before_star => r"([-+]?\d+)",
        (ScalarType::Int | ScalarType::Long, Kind::Relaxed) if before_star => r"([-+]?\d+|.*?)",
        (ScalarType::Real | ScalarType::Decimal, Kind::Simple) if before_star => r"([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)",
        (ScalarType::Real | ScalarType::Decimal, _) if before_star => r"([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?|.*?)",
        (ScalarType::DateTime, Kind::Simple) if before_star => r"(\d[-\d/:.T ]*[\dZ])",
        (ScalarType::DateTime, _) if before_star => r"(\d[-\d/:.T ]*[\dZ]|.*?)",
        (_, Kind::Simple) if before_star => r"([-+]?[\w.:]+(?:-\w+)*)",
        (_, _) if before_star => r"([-+]?[\w.:]+(?:-\w+)*|.*?)",
        _ => "(.*?)",
    }
}

fn add_columns(
    leg: &mut LegScope,
    subject: Bound,
    pattern: &Arc<ParsePattern>,
    columns: &[(String, ScalarType)],
    filters: bool,
) {
    let mut cells = Vec::with_capacity(columns.len());
    for (name, ty) in columns {
        let cell = leg.new_cell(name, *ty);
        cells.push(cell);
        leg.put(ScopeColumn { name: name.clone(), ty: *ty, place: Place::Cell(cell) });
    }
    leg.leg.steps.push(Step::Parse { subject, pattern: pattern.clone(), cells, filters });
}
