//! `evaluate plugin(…)`

use super::scope::{LegScope, Scope, Tabular};
use super::subquery::is_static;
use super::unpack::Conflict;
use super::{Binder, composed, places};
use crate::compile::bound::{Bound, BoundKind, RowSource, Step};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{Argument, ColumnDeclaration, Expr, ExprKind, Name};
use crate::schema::ScalarType;
use crate::value::functions::{self, Callee};
use crate::value::{Dynamic, Value};

/// A plug-in of `evaluate`, for people.
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// Its name in a query.
    pub name: &'static str,
    /// Its arguments.
    pub signature: &'static str,
    /// What it means in Kusto.
    pub doc: &'static str,
}

/// All that there are, in the order of their names.
pub const PLUGINS: &[Plugin] = &[
    composed::PLUGINS[0],
    composed::PLUGINS[1],
    Plugin {
        name: "bag_unpack",
        signature: "bag_unpack(bag, [OutputColumnPrefix, [columnsConflict, [ignoredProperties]]])",
        doc: "A column for each member of the bags; `: (name:type, …)` behind it says which. columnsConflict is 'error', \
              'replace_source' or 'keep_source'.",
    },
    composed::PLUGINS[2],
    places::PLUGINS[0],
    places::PLUGINS[1],
    Plugin {
        name: "ipv4_lookup",
        signature: "ipv4_lookup(networks, address, network, [key, ...], [return_unmatched])",
        doc: "The rows with those of a table of networks that their address is in.",
    },
    Plugin {
        name: "ipv6_lookup",
        signature: "ipv6_lookup(networks, address, network, [key, ...], [return_unmatched])",
        doc: "As ipv4_lookup(), for addresses of IPv6 too; the columns of the networks come first.",
    },
    Plugin {
        name: "narrow",
        signature: "narrow()",
        doc: "A row for each column of each row: Row counts from 0, Column is the name, Value the text.",
    },
    Plugin {
        name: "pivot",
        signature: "pivot(column, [aggregate, [key, ...]])",
        doc: "The values of a column as columns, with an aggregate (count()) of the rows of each; `: (name:type, …)` behind \
              it says which.",
    },
    composed::PLUGINS[3],
    composed::PLUGINS[4],
    Plugin {
        name: "schema_merge",
        signature: "schema_merge([PreserveOrder])",
        doc: "What getschema gives of several tables as what it would give of one. A column at another place is an error in its \
              row, unless PreserveOrder is false; one of two types is refused.",
    },
    composed::PLUGINS[5],
    composed::PLUGINS[6],
];

impl Binder<'_> {
    pub(super) fn evaluate(&mut self, table: Tabular, call: &Expr, span: Span) -> Option<Tabular> {
        if let ExprKind::Shaped { value, rest, columns } = &call.kind {
            return self.shaped(table, value, *rest, columns);
        }
        let ExprKind::Call { name, arguments } = &call.kind else {
            self.error("KS237", call.span, "'evaluate' takes a call of a plug-in");
            return None;
        };
        self.plugin(table, name, arguments, span)
    }

    fn plugin(&mut self, table: Tabular, name: &Name, arguments: &[Argument], span: Span) -> Option<Tabular> {
        if let Some(table) = self.composed(&name.text, &table, arguments, span) {
            return table;
        }
        match name.text.as_str() {
            "geo_line_lookup" => self.geo_lookup(false, table, arguments, span),
            "geo_polygon_lookup" => self.geo_lookup(true, table, arguments, span),
            "schema_merge" => self.schema_merge(table, arguments, span),
            "bag_unpack" => self.bag_unpack(table, arguments, span),
            "ipv4_lookup" => self.ip_lookup("ipv4_lookup", table, arguments, span),
            "ipv6_lookup" => self.ip_lookup("ipv6_lookup", table, arguments, span),
            "pivot" => self.pivot(table, arguments, span),
            "narrow" => self.narrow(table, arguments, span),
            other => {
                let message = format!("the plug-in '{other}' is not supported");
                let help = match other {
                    "autocluster" | "basket" | "diffpatterns" => {
                        "what it finds depends on how Kusto searches for patterns"
                    }
                    "python" | "r" => "kqltap runs no code of other languages",
                    "sql_request" | "mysql_request" | "http_request" | "http_request_post" | "cosmosdb_sql_request" => {
                        "kqltap asks no other service; a watchlist or externaldata can hold what it would answer"
                    }
                    _ => "",
                };
                let names: Vec<&str> = PLUGINS.iter().map(|plugin| plugin.name).collect();
                let help = if help.is_empty() { format!("these are: {}", names.join(", ")) } else { help.to_owned() };
                self.report(Diagnostic::error("KT001", name.span, message).help(help));
                None
            }
        }
    }

    /// `bag_unpack(bag) : (name:type, …)`
    fn shaped(
        &mut self,
        mut table: Tabular,
        call: &Expr,
        rest: bool,
        declared: &[ColumnDeclaration],
    ) -> Option<Tabular> {
        let ExprKind::Call { name, arguments } = &call.kind else {
            self.error("KS237", call.span, "'evaluate' takes a call of a plug-in");
            return None;
        };
        let columns = self.declared(declared)?;
        if name.text != "bag_unpack" {
            let said = self.diagnostics.len();
            let table = self.plugin(table, name, arguments, call.span)?;
            // It is said which columns there are.
            let mut at = 0;
            self.diagnostics.retain(|d| {
                at += 1;
                at <= said || d.code != "KT014"
            });
            return self.declared_columns(table, rest, &columns, call.span);
        }
        let unpack = self.unpacked(arguments, call.span)?;
        for leg in &mut table.legs {
            let bound = self.scalar(unpack.bag, &mut Scope::Row(leg));
            if bound.is_error() {
                return None;
            }
            let before: Vec<String> = leg.columns.iter().map(|c| c.name.clone()).collect();
            leg.columns.retain(|c| unpack.name() != c.name);
            if !rest {
                // Columns of the input that are declared stay, the others go.
                leg.columns.retain(|c| columns.iter().any(|d| d.name == c.name));
            }
            for column in &columns {
                // Kusto has it that a declared column of the input keeps its value.
                if before.contains(&column.name) && unpack.conflict != Conflict::ReplaceSource {
                    continue;
                }
                let key = column.name.strip_prefix(&unpack.prefix).unwrap_or(&column.name).to_owned();
                let kind = BoundKind::Member(Box::new(bound.clone()), key);
                let member = Bound { kind, ty: ScalarType::Dynamic, span: call.span };
                let value = converted(member, column.ty);
                let column = leg.assign(&column.name, value);
                leg.put(column);
            }
            leg.close();
        }
        Some(table)
    }

    /// Which columns a bag unpacks to is known of bags that the query spells out, and of tables that read no records.
    fn bag_unpack(&mut self, table: Tabular, arguments: &[Argument], span: Span) -> Option<Tabular> {
        let unpack = self.unpacked(arguments, span)?;
        let mut table = self.spelt_out(table, unpack.bag);
        for leg in &mut table.legs {
            let bound = self.scalar(unpack.bag, &mut Scope::Row(leg));
            if bound.is_error() {
                return None;
            }
            let Some(members) = members_of(leg, &bound) else {
                let message = format!(
                    "which columns bag_unpack gives depends on the records: those that the query names are read, and \
                     '{}' stays and holds them all",
                    unpack.name()
                );
                self.report(
                    Diagnostic::warning("KT014", span, message)
                        .help("bag_unpack(bag) : (name:type, …) says which columns there are"),
                );
                leg.bags.push(unpack.open(bound));
                continue;
            };
            leg.columns.retain(|c| unpack.name() != c.name);
            for (name, ty) in members {
                let title = format!("{}{name}", unpack.prefix);
                if unpack.ignored.contains(&name) {
                    continue;
                }
                if leg.columns.iter().any(|c| c.name == title) {
                    match unpack.conflict {
                        Conflict::Error => {
                            let message = format!("bag_unpack gives a column '{title}', and there is one already");
                            self.report(Diagnostic::error("KS171", span, message).help(
                                "columnsConflict='replace_source' takes the bag's, columnsConflict='keep_source' the other",
                            ));
                            return None;
                        }
                        Conflict::KeepSource => continue,
                        Conflict::ReplaceSource => {}
                    }
                }
                let kind = BoundKind::Member(Box::new(bound.clone()), name);
                let member = Bound { kind, ty: ScalarType::Dynamic, span };
                let column = leg.assign(&title, converted(member, ty));
                leg.put(column);
            }
        }
        Some(table)
    }

    /// A table that reads no records has its rows now, and so its bags; without the bag's column it is left as it is.
    fn spelt_out(&mut self, mut table: Tabular, bag: &Expr) -> Tabular {
        let known = table.legs.iter_mut().all(|leg| {
            let said = self.diagnostics.len();
            let bound = self.scalar(bag, &mut Scope::Row(leg));
            self.diagnostics.truncate(said);
            !bound.is_error() && members_of(leg, &bound).is_some()
        });
        if known || !is_static(&table) {
            return table;
        }
        let (columns, query) = (table.columns(), table.clone().finish());
        match self.rows_now(&query) {
            Ok(rows) => Self::values(&columns, rows),
            Err(_) => table,
        }
    }
}

/// The members of a bag, with their types, where the query spells the bag out.
fn members_of(leg: &LegScope, bound: &Bound) -> Option<Vec<(String, ScalarType)>> {
    let mut members: Vec<(String, ScalarType)> = Vec::new();
    let BoundKind::Cell(cell) = &bound.kind else { return None };
    if let Some(value) = leg.leg.steps.iter().find_map(|step| match step {
        Step::Assign(at, value) if at == cell => Some(value),
        _ => None,
    }) {
        return match &value.kind {
            BoundKind::Constant(value) => add_members(value, &mut members).then_some(members),
            BoundKind::Call(callee, pairs) if matches!(callee.name, "bag_pack" | "pack" | "pack_dictionary") => {
                for pair in pairs.chunks(2) {
                    let [key, value] = pair else { return None };
                    let Some(Value::String(key)) = key.as_constant() else { return None };
                    members.push((key.to_string(), value.ty));
                }
                Some(members)
            }
            _ => None,
        };
    }
    let (RowSource::Values(rows), Some(crate::compile::bound::CellSource::Input(at))) =
        (&leg.leg.source, &leg.leg.cells[cell.index()].source)
    else {
        return None;
    };
    rows.iter().filter_map(|row| row.get(*at)).all(|value| add_members(value, &mut members)).then(|| {
        members.sort_by(|a, b| a.0.cmp(&b.0));
        members
    })
}

/// Adds the members of one bag; members that differ in type become dynamic.
fn add_members(value: &Value<'_>, members: &mut Vec<(String, ScalarType)>) -> bool {
    match value {
        Value::Null => true,
        Value::Dynamic(Dynamic::Bag(bag)) => {
            for (name, value) in bag.iter() {
                let ty = match value {
                    Dynamic::Null => continue,
                    Dynamic::Bool(_) => ScalarType::Bool,
                    Dynamic::Long(_) => ScalarType::Long,
                    Dynamic::Real(_) => ScalarType::Real,
                    Dynamic::String(_) => ScalarType::String,
                    _ => ScalarType::Dynamic,
                };
                match members.iter_mut().find(|(known, _)| known == name.as_ref() as &str) {
                    Some((_, known)) if *known != ty => *known = ScalarType::Dynamic,
                    Some(_) => {}
                    None => members.push((name.to_string(), ty)),
                }
            }
            true
        }
        _ => false,
    }
}

/// A member of a bag as its own type.
pub(super) fn converted(member: Bound, ty: ScalarType) -> Bound {
    let name = match ty {
        ScalarType::Bool => "tobool",
        ScalarType::Int => "toint",
        ScalarType::Long => "tolong",
        ScalarType::Real | ScalarType::Decimal => "toreal",
        ScalarType::String => "tostring",
        ScalarType::DateTime => "todatetime",
        ScalarType::TimeSpan => "totimespan",
        ScalarType::Guid => "toguid",
        ScalarType::Dynamic => return member,
    };
    let span = member.span;
    match functions::find(name).map(|f| Callee::of(f, &[None])) {
        Some(Ok(callee)) => Bound { kind: BoundKind::Call(callee, vec![member]), ty, span },
        _ => member,
    }
}
