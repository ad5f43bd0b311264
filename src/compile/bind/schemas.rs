//! `evaluate schema_merge()`: what several tables look like, as one.
//!
//! <https://learn.microsoft.com/kusto/query/schema-merge-plugin>

use super::Binder;
use super::join::word_of;
use super::scope::Tabular;
use super::subquery::is_static;
use crate::diagnostic::Span;
use crate::kql::ast::Argument;
use crate::schema::ScalarType;
use crate::value::Value;
use crate::value::convert::{self, tolong};

/// What stands for the type of a column that is at another place in another table.
const OUT_OF_ORDER: &str = "ERROR(columns are out of order)";

/// A column of all tables.
struct Merged {
    name: String,
    /// Its last place; where places must agree, none if they do not.
    at: Option<i64>,
    type_name: String,
    ty: String,
}

impl Binder<'_> {
    /// It is of what `getschema` gives, and that is known now.
    pub(super) fn schema_merge(&mut self, table: Tabular, arguments: &[Argument], span: Span) -> Option<Tabular> {
        let preserves = match arguments {
            [] => true,
            [one] if one.name.as_ref().is_none_or(|name| name.text == "PreserveOrder") => {
                match word_of(&one.value).to_ascii_lowercase().as_str() {
                    "true" => true,
                    "false" => false,
                    _ => {
                        self.error("KS107", one.value.span, "PreserveOrder is true or false");
                        return None;
                    }
                }
            }
            _ => {
                self.error("KS119", span, "schema_merge() takes PreserveOrder alone");
                return None;
            }
        };
        let columns = table.columns();
        let is_schema = ["ColumnName", "ColumnOrdinal", "DataType", "ColumnType"]
            .iter()
            .all(|wanted| columns.iter().any(|column| column.name == *wanted));
        if !is_schema || !is_static(&table) {
            self.error("KT003", span, "schema_merge() is of what getschema gives, and of nothing else");
            return None;
        }
        let place = |name: &str| columns.iter().position(|column| column.name == name).unwrap_or(0);
        let places = ["ColumnName", "ColumnOrdinal", "DataType", "ColumnType"].map(place);
        let query = table.finish();
        let rows = match self.rows_now(&query) {
            Ok(rows) => rows,
            Err(error) => {
                self.error("KT007", span, format!("these schemas cannot be computed: {error}"));
                return None;
            }
        };
        let mut merged: Vec<Merged> = Vec::new();
        for row in rows {
            let [name, at, type_name, ty] = places.map(|at| row.get(at).cloned().unwrap_or(Value::Null));
            let Value::Long(at) = tolong(&at) else { continue };
            let text = |value: &Value<'_>| convert::text(value).into_owned();
            let (name, type_name, ty) = (text(&name), text(&type_name), text(&ty));
            let Some(known) = merged.iter_mut().find(|known| known.name == name) else {
                merged.push(Merged { name, at: Some(at), type_name, ty });
                continue;
            };
            if known.ty != ty {
                let message = format!(
                    "schema_merge(): the column '{name}' is a {} and a {ty}, and which type Kusto makes of them is not documented",
                    known.ty
                );
                self.error("KT003", span, message);
                return None;
            }
            known.at = match known.at {
                Some(before) if before == at || !preserves => Some(before.max(at)),
                _ => None,
            };
        }
        merged.sort_by_key(|column| column.at.unwrap_or(i64::MAX));
        let row = |column: Merged| {
            let (at, type_name, ty) = match column.at {
                Some(at) => (at, column.type_name, column.ty),
                None => (-1, format!("ERROR(unknown CSL type:{OUT_OF_ORDER})"), OUT_OF_ORDER.to_owned()),
            };
            vec![Value::string(column.name), Value::Long(at), Value::string(type_name), Value::string(ty)]
        };
        let output = [
            ("ColumnName", ScalarType::String),
            ("ColumnOrdinal", ScalarType::Long),
            ("DataType", ScalarType::String),
            ("ColumnType", ScalarType::String),
        ];
        let output = output.map(|(name, ty)| crate::compile::bound::OutputColumn { name: name.to_owned(), ty });
        Some(Self::values(&output, merged.into_iter().map(row).collect()))
    }
}
