//! `union`: tables one below the other.

use std::collections::{HashMap, HashSet};

use super::columns::matches;
use super::room::COLUMN_WEIGHT;
use super::scope::{LegScope, ScopeColumn, Tabular};
use super::{Binder, Meaning};
use crate::compile::bound::Bound;
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Expr, ExprKind, Name, OperatorKind, Union};
use crate::schema::ScalarType;
use crate::value::Value;

impl Binder<'_> {
    /// Lines up columns by name. One name with several types becomes one column for each type.
    pub(super) fn union(&mut self, input: Option<Tabular>, union: &Union, span: Span) -> Option<Tabular> {
        let parameters = self.union_parameters(union);
        let mut failed = false;
        let mut legs: Vec<(LegScope, String)> = Vec::new();
        if let Some(input) = input {
            add(&mut legs, self.settled(input, span), "");
        }
        for leg in &union.legs {
            if matches!(leg.kind, ExprKind::Star) {
                match self.all_tables(None, leg.span) {
                    Some(table) if self.has_room_for_legs(legs.len(), table.legs.len(), leg.span) => {
                        add(&mut legs, table, "");
                    }
                    Some(_) => return None,
                    None => failed = true,
                }
                continue;
            }
            for leg in self.leg_expressions(leg, parameters.fuzzy) {
                if parameters.fuzzy && self.is_unknown_table(&leg) {
                    continue;
                }
                match self.tabular(&leg) {
                    Some(table) => {
                        let table = self.settled(table, leg.span);
                        if !self.has_room_for_legs(legs.len(), table.legs.len(), leg.span) {
                            return None;
                        }
                        add(&mut legs, table, name_of(&leg));
                    }
                    None => failed = true,
                }
            }
        }
        if failed {
            return None;
        }
        if legs.is_empty() {
            self.error("KS204", span, "none of the union's tables is known");
            return None;
        }
        let (mut legs, sources): (Vec<LegScope>, Vec<String>) = legs.into_iter().unzip();
        let mut names = names_of(&legs);
        if parameters.inner {
            names
                .retain(|(name, ty)| legs.iter().all(|leg| leg.columns.iter().any(|c| c.name == *name && c.ty == *ty)));
        }
        if !self.spend(legs.len().saturating_mul(names.len()).saturating_mul(COLUMN_WEIGHT), span) {
            return None;
        }
        let titles = titles(&names);
        for (leg, source) in legs.iter_mut().zip(sources) {
            let mut columns: Vec<ScopeColumn> = Vec::new();
            if let Some(title) = &parameters.with_source {
                let table = Bound::constant(Value::string(source), ScalarType::String, span);
                columns.push(leg.assign(title, table));
            }
            for ((name, ty), title) in names.iter().zip(&titles) {
                let at = leg.columns.iter().position(|c| c.name == *name && c.ty == *ty);
                columns.push(match at {
                    Some(at) => ScopeColumn { name: title.clone(), ..leg.columns[at].clone() },
                    None => leg.missing(title, *ty),
                });
            }
            leg.columns = columns;
            leg.close();
            // A union has no order; Kusto keeps none either.
            leg.hidden.clear();
        }
        Some(Tabular { legs, order: Vec::new() })
    }

    fn union_parameters(&mut self, union: &Union) -> UnionParameters {
        let mut parameters = UnionParameters::default();
        for (name, value) in &union.parameters {
            let word = match &value.kind {
                ExprKind::Name(n) => n.text.as_str(),
                ExprKind::Literal(l) => l.text.as_str(),
                _ => "",
            };
            match (name.text.as_str(), word) {
                ("kind", "outer") => {}
                ("kind", "inner") => parameters.inner = true,
                ("isfuzzy", "true" | "false") => parameters.fuzzy = word == "true",
                ("withsource" | "with_source", title) if !title.is_empty() => {
                    parameters.with_source = Some(title.to_owned())
                }
                ("kind" | "isfuzzy" | "withsource" | "with_source", _) => {
                    self.error(
                        "KS140",
                        value.span,
                        format!(
                            "'{}' takes {}",
                            name.text,
                            match name.text.as_str() {
                                "kind" => "inner or outer",
                                "isfuzzy" => "true or false",
                                _ => "the name of a column",
                            }
                        ),
                    );
                }
                (other, _) if other.starts_with("hint.") => {}
                (other, _) => {
                    self.report(Diagnostic::warning(
                        "KS179",
                        name.span,
                        format!("'{other}' is not a parameter of union; it is left out"),
                    ));
                }
            }
        }
        parameters
    }

    fn is_unknown_table(&self, leg: &Expr) -> bool {
        match &leg.kind {
            ExprKind::Name(name) => {
                !self.lets.contains_key(&name.text)
                    && self.catalog.table(&name.text).is_none()
                    && !self.is_custom(&name.text)
                    && self.libraries.functions.find(&name.text).is_none()
            }
            ExprKind::Call { name, arguments } => match name.text.as_str() {
                "table" => match arguments.first().map(|a| &a.value.kind) {
                    Some(ExprKind::Literal(literal)) => {
                        !self.catalog.contains(&literal.text) && !self.is_custom(&literal.text)
                    }
                    _ => false,
                },
                _ => !self.lets.contains_key(&name.text) && !self.is_tabular(leg),
            },
            ExprKind::Pipe { source, .. } => self.is_unknown_table(source),
            _ => false,
        }
    }

    /// A leg with a `*` in its name stands for every table whose name matches.
    fn leg_expressions(&mut self, leg: &Expr, fuzzy: bool) -> Vec<Expr> {
        let name = match &leg.kind {
            ExprKind::Wildcard(name) => name,
            _ => return vec![leg.clone()],
        };
        let tabular = |meaning: &Meaning| match meaning {
            Meaning::Tabular(_) => true,
            Meaning::Function(lambda) => lambda.is_view(),
            Meaning::Scalar(_) | Meaning::Pattern(_) | Meaning::Later(_) => false,
        };
        let lets = self.lets.iter().filter(|(_, meaning)| tabular(meaning)).map(|(name, _)| name.as_str());
        let mut names: Vec<String> =
            lets.chain(self.catalog.names()).filter(|known| matches(&name.text, known)).map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() && !fuzzy {
            self.error("KS204", leg.span, format!("no known table's name matches '{}'", name.text));
        }
        let named = |text: String| Expr { kind: ExprKind::Name(Name { text, span: leg.span }), span: leg.span };
        names.into_iter().map(named).collect()
    }
}

/// What `withsource` calls a leg that is no table.
fn name_of(leg: &Expr) -> &str {
    match &leg.kind {
        ExprKind::Name(name) | ExprKind::Call { name, .. } => &name.text,
        ExprKind::Pipe { source, operators } => {
            let named = operators.iter().rev().find_map(|operator| match &operator.kind {
                OperatorKind::As(name) => Some(name.text.as_str()),
                _ => None,
            });
            named.unwrap_or_else(|| name_of(source))
        }
        _ => "",
    }
}

#[derive(Default)]
struct UnionParameters {
    inner: bool,
    fuzzy: bool,
    with_source: Option<String>,
}

/// Puts a table's legs behind `legs`, with what `withsource` calls each.
fn add(legs: &mut Vec<(LegScope, String)>, table: Tabular, name: &str) {
    legs.extend(table.legs.into_iter().map(|leg| {
        let table = leg.leg.table().map(|table| &table.name);
        let name = leg.title.as_ref().or(table).map_or(name, String::as_str).to_owned();
        (leg, name)
    }));
}

/// The legs' columns in the order of first appearance; what has the name of an earlier column stands beside that one.
fn names_of(legs: &[LegScope]) -> Vec<(String, ScalarType)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut names: Vec<(&str, Vec<ScalarType>)> = Vec::new();
    for column in legs.iter().flat_map(|leg| &leg.columns) {
        let place = *places.entry(&column.name).or_insert(names.len());
        match names.get_mut(place) {
            Some((_, types)) if types.contains(&column.ty) => {}
            Some((_, types)) => types.push(column.ty),
            None => names.push((&column.name, vec![column.ty])),
        }
    }
    names.into_iter().flat_map(|(name, types)| types.into_iter().map(move |ty| (name.to_owned(), ty))).collect()
}

/// A name that has one type stays; one that has several gets its type's name behind it, and a number if that is taken.
fn titles(names: &[(String, ScalarType)]) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (name, _) in names {
        *counts.entry(name).or_default() += 1;
    }
    let alone = |name: &str| counts.get(name) == Some(&1);
    let mut taken: HashSet<String> = names.iter().filter(|(name, _)| alone(name)).map(|(n, _)| n.clone()).collect();
    names
        .iter()
        .map(|(name, ty)| {
            if alone(name) {
                return name.clone();
            }
            let plain = format!("{name}_{ty}");
            let mut title = plain.clone();
            let mut n = 0;
            while !taken.insert(title.clone()) {
                n += 1;
                title = format!("{plain}{n}");
            }
            title
        })
        .collect()
}
