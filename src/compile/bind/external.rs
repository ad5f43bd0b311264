//! `externaldata`: a table in files that somebody else keeps, read from local copies.

use super::Binder;
use super::join::word_of;
use super::scope::{Scope, Tabular};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{ColumnDeclaration, Expr, Name};
use crate::rule::{Format, MAX_EXTERNAL_CELLS, external_rows, json_mapping};
use crate::schema::ScalarType;
use crate::value::functions::{self, Callee};
use crate::value::{Value, convert};

impl Binder<'_> {
    pub(super) fn external_data(
        &mut self,
        declared: &[ColumnDeclaration],
        addresses: &[Expr],
        properties: &[(Name, Expr)],
        span: Span,
    ) -> Option<Tabular> {
        let columns = self.declared(declared)?;
        let typed: Vec<(String, ScalarType)> = columns.iter().map(|c| (c.name.clone(), c.ty)).collect();
        let (mut format, mut skip_first, mut mapping) = (None, false, None);
        for (name, value) in properties {
            match name.text.to_ascii_lowercase().as_str() {
                "format" => match Format::from_name(word_of(value)) {
                    Some(known) => format = Some(known),
                    None => {
                        let message = format!("externaldata in the format '{}' is not supported", word_of(value));
                        let help = "csv, tsv, psv, scsv, sohsv, txt, raw, json and multijson are";
                        self.report(Diagnostic::error("KT003", value.span, message).help(help));
                        return None;
                    }
                },
                "ignorefirstrecord" => skip_first = word_of(value).eq_ignore_ascii_case("true"),
                "ingestionmapping" => {
                    let names = columns.iter().map(|c| c.name.as_str());
                    match json_mapping(word_of(value), names) {
                        Some(paths) => mapping = Some((paths, name.span)),
                        None => {
                            let message =
                                "a mapping must be a JSON array of {\"Column\":…,\"Properties\":{\"Path\":\"$.…\"}}";
                            self.report(Diagnostic::error("KT003", value.span, message));
                            return None;
                        }
                    }
                }
                "ingestionmappingreference" => {
                    let message = format!("'{}' of externaldata is not supported", name.text);
                    let help = "without it, values go to columns by their place, and in JSON by name";
                    self.report(Diagnostic::error("KT003", name.span, message).help(help));
                    return None;
                }
                // Kusto has others that say how files are fetched.
                _ => {}
            }
        }
        let mut rows = Vec::new();
        for address in addresses {
            let bound = self.scalar(address, &mut Scope::Nothing);
            let Some(Value::String(text)) = bound.as_constant() else {
                if !bound.is_error() {
                    self.error("KS131", address.span, "the address of external data must be a constant string");
                }
                return None;
            };
            let content = match self.libraries.external.find(text) {
                Ok(content) => content,
                Err(why) => {
                    self.no_file(
                        "KT012",
                        address.span,
                        why,
                        "--external-data names the folder, or the setting external_data",
                    )?;
                    continue;
                }
            };
            let format = format.unwrap_or_else(|| Format::of_address(text));
            if let Some((_, span)) = mapping.as_ref().filter(|_| format != Format::Json) {
                self.error("KT003", *span, "a mapping is supported of JSON alone");
                return None;
            }
            let paths = mapping.as_ref().map(|(paths, _)| paths.as_slice());
            let room = MAX_EXTERNAL_CELLS - rows.len() * columns.len();
            match external_rows(content, format, skip_first, &typed, paths, room) {
                Ok(more) => rows.extend(more),
                Err((line, why)) => {
                    self.error("KT012", address.span, format!("line {line} of the copy of '{text}': {why}"));
                    return None;
                }
            }
        }
        self.spend(columns.len(), span).then(|| Self::values(&columns, rows))
    }

    /// A function that looks something up, with the file that it reads.
    pub(super) fn with_file(&mut self, callee: Callee, span: Span) -> Option<Callee> {
        match callee.name {
            functions::GEO_INFO => self.geo(callee, span),
            functions::USER_AGENT => self.user_agent(callee, span),
            _ => Some(callee),
        }
    }

    fn user_agent(&mut self, callee: Callee, span: Span) -> Option<Callee> {
        if let Some(patterns) = self.libraries.user_agents.clone() {
            return Some(callee.with(move |_, a| match a {
                [agent, look_for, ..] => patterns.parsed(&convert::text(agent), look_for),
                _ => Value::Null,
            }));
        }
        let why = format!("'{}' needs the patterns that browsers are known by, and none are given", callee.name);
        let help = "--user-agents names uap-core's regexes.yaml, or the setting user_agents";
        self.no_file("KT013", span, why, help)?;
        Some(callee)
    }

    fn geo(&mut self, callee: Callee, span: Span) -> Option<Callee> {
        if let Some(database) = self.libraries.geo.clone() {
            return Some(
                callee.with(move |_, a| a.first().map_or(Value::Null, |ip| database.place(&convert::text(ip)))),
            );
        }
        let why = format!("'{}' needs a database of places, and none is given", callee.name);
        self.no_file("KT013", span, why, "--geo-database names a file (.mmdb), or the setting geo_database")?;
        Some(callee)
    }

    /// A file that the query reads is not there: an error, or a warning if the query will not run.
    pub(super) fn no_file(&mut self, code: &'static str, span: Span, why: String, help: &str) -> Option<()> {
        if self.options.without_files {
            self.report(Diagnostic::warning(code, span, format!("{why}; here it is taken as empty")).help(help));
            return Some(());
        }
        self.report(Diagnostic::error(code, span, why).help(help));
        None
    }
}
