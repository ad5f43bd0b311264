//! One table: its columns, the names that senders use for them, and how a record of it is known.
//!
//! A table file is TOML. `config/tables/` holds those that are built in; a user may write one for an own table:
//!
//! ```toml
//! name = "Badge_CL"
//! category = ["BadgeReader"]        # what an envelope's `category` says when its payload is this table
//! time = "TimeGenerated"            # the column of event time
//! shape = [["Badge", "Door"]]       # see Shape: a row that fits one of these is this table, when nothing names one
//! [columns]
//! Badge = "string"
//! Door = "int"
//! TimeGenerated = "datetime"
//! [members]                         # other names for a column, best first; `envelope.x` is a member of the outer object
//! TimeGenerated = ["envelope.time"]
//! ```

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error};

use super::ScalarType;
use super::shape::Shape;

/// A place in a record where a column's value may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The member's name, as the sender spells it.
    pub name: String,
    /// Whether it is a member of the outer object, beside the payload. A record without an envelope has none of these.
    pub envelope: bool,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in queries; names are case-sensitive.
    pub name: String,
    /// The type of its values.
    pub ty: ScalarType,
    /// Where a record may hold it, best first. The first is the column's own name.
    pub members: Vec<Member>,
}

/// A table that a query can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name in queries.
    pub name: String,
    /// What `category` of an envelope says when the payload is a row of this table; letter case does not count.
    pub categories: Vec<String>,
    /// The column of event time.
    pub time: Option<String>,
    /// What rows of this table look like when nothing names their table.
    pub shapes: Vec<Shape>,
    /// Its columns, by name.
    pub columns: Vec<Column>,
}

/// What is wrong with a table file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct SchemaError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl Table {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether a column holds event time: it is the table's time column, or stands in for it where that is missing
    /// (`TimeGenerated` on the Device tables, whose time column is `Timestamp`).
    pub fn is_time(&self, name: &str) -> bool {
        let Some(time) = self.time.as_deref() else {
            return false;
        };
        let stands_in = || {
            self.column(name).is_some_and(|column| column.ty == ScalarType::DateTime)
                && self.column(time).is_some_and(|t| t.members.iter().any(|m| !m.envelope && m.name == name))
        };
        name == time || stands_in()
    }

    /// Reads a table file; `file` is the name that errors give.
    ///
    /// # Errors
    /// The text is not TOML, has a key or a type that a table file does not have, or names a column it does not list.
    pub fn from_toml(text: &str, file: &str) -> Result<Table, SchemaError> {
        let error = |line, message| SchemaError { file: file.to_owned(), line, message };
        let parsed: File = toml::from_str(text).map_err(|e| {
            let start = e.span().map_or(0, |span| span.start);
            error(line_at(text, start), e.message().trim_end_matches('\n').replace('\n', ", "))
        })?;
        let at = |key: &str| line_at(text, find_key(text, key));

        if parsed.name.is_empty() || !parsed.name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            let message = format!("`{}` cannot be a table's name: use letters, digits and `_`", parsed.name);
            return Err(error(at("name"), message));
        }
        let mut columns: Vec<Column> = Vec::with_capacity(parsed.columns.len());
        for (name, ColumnType(ty)) in parsed.columns {
            let own = Member { name: name.clone(), envelope: false };
            columns.push(Column { name, ty, members: vec![own] });
        }
        for (name, members) in parsed.members {
            let Some(column) = columns.iter_mut().find(|column| column.name == name) else {
                let start = text.find("[members]").unwrap_or(0);
                let line = line_at(text, start + find_key(text.get(start..).unwrap_or(""), &name));
                return Err(error(
                    line,
                    format!("`{name}` is not a column: list it under [columns], or remove it here"),
                ));
            };
            column.members.extend(members.into_iter().map(|member| match member.strip_prefix("envelope.") {
                Some(outer) => Member { name: outer.to_owned(), envelope: true },
                None => Member { name: member, envelope: false },
            }));
        }
        if let Some(time) = &parsed.time {
            match columns.iter().find(|column| column.name == *time) {
                Some(column) if column.ty == ScalarType::DateTime => {}
                Some(column) => {
                    let message = format!("the time column `{time}` has the type {}: it must be datetime", column.ty);
                    return Err(error(at("time"), message));
                }
                None => {
                    return Err(error(at("time"), format!("the time column `{time}` is not listed under [columns]")));
                }
            }
        }
        let shapes = shapes(&parsed.shape).map_err(|message| error(at("shape"), message))?;
        Ok(Table { name: parsed.name, categories: parsed.category, time: parsed.time, shapes, columns })
    }
}

/// What a table file says of records, and nothing of columns.
#[derive(Debug, Default)]
pub(super) struct Recognition {
    pub(super) categories: Vec<String>,
    pub(super) shapes: Vec<Shape>,
}

impl Recognition {
    /// Reads a built-in table file as far as `[columns]`. Records are held against every table, rules read few: at the start
    /// of a run, columns that nobody asks for took a quarter of the instructions. `None` if [`Table::from_toml`] refuses the
    /// file.
    pub(super) fn from_toml(text: &str) -> Option<Recognition> {
        let end = text.find("\n[columns]").unwrap_or(text.len());
        let parsed: Head = toml::from_str(&text[..end]).ok()?;
        Some(Recognition { categories: parsed.category, shapes: shapes(&parsed.shape).ok()? })
    }
}

fn shapes(written: &[Vec<String>]) -> Result<Vec<Shape>, String> {
    written.iter().map(|entries| Shape::new(entries)).collect()
}

/// The line, counted from 1, of a byte offset.
fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&b| b == b'\n').count()
}

/// The offset of the first line that gives a key a value; 0 if none does.
fn find_key(text: &str, key: &str) -> usize {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start().trim_start_matches('"');
        if bare.strip_prefix(key).is_some_and(|rest| rest.trim_start_matches('"').trim_start().starts_with('=')) {
            return offset;
        }
        offset += line.len();
    }
    0
}

/// A table file as it is written.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    category: Vec<String>,
    time: Option<String>,
    #[serde(default)]
    shape: Vec<Vec<String>>,
    columns: BTreeMap<String, ColumnType>,
    #[serde(default)]
    members: BTreeMap<String, Vec<String>>,
}

/// What of it stands before its columns and matters to records.
#[derive(serde::Deserialize)]
struct Head {
    #[serde(default)]
    category: Vec<String>,
    #[serde(default)]
    shape: Vec<Vec<String>>,
}

/// A Kusto type, by its name.
struct ColumnType(ScalarType);

impl<'de> Deserialize<'de> for ColumnType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        ScalarType::from_name(&name).map(ColumnType).ok_or_else(|| {
            D::Error::custom(format!(
                "`{name}` is not a Kusto type: use bool, int, long, real, decimal, string, datetime, timespan, guid or dynamic"
            ))
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const BADGE: &str = "name = \"Badge_CL\"\ncategory = [\"BadgeReader\"]\ntime = \"TimeGenerated\"\nshape = [[\"Badge\"]]\n\
                         [columns]\nDoor = \"int\"\nBadge = \"string\"\nTimeGenerated = \"datetime\"\n\
                         [members]\nTimeGenerated = [\"envelope.time\", \"when\"]\n";

    fn refusal(from: &str, to: &str) -> String {
        Table::from_toml(&BADGE.replace(from, to), "badge.toml").unwrap_err().to_string()
    }

    #[test]
    fn a_table_file_is_read() {
        let table = Table::from_toml(BADGE, "badge.toml").unwrap();
        let names: Vec<_> = table.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["Badge", "Door", "TimeGenerated"]);
        assert_eq!(table.column("Door").unwrap().ty, ScalarType::Int);
        assert_eq!(table.column("door"), None);
        let members: Vec<_> = table.columns[2].members.iter().map(|m| (m.name.as_str(), m.envelope)).collect();
        assert_eq!(members, [("TimeGenerated", false), ("time", true), ("when", false)]);
        assert!(table.is_time("TimeGenerated") && !table.is_time("Badge") && !table.is_time("when"));
    }

    #[test]
    fn mistakes_are_named_with_file_and_line() {
        let unknown = refusal("category", "categories");
        assert!(unknown.starts_with("badge.toml:2: unknown field `categories`"), "{unknown}");
        assert!(refusal("\"int\"", "\"integer\"").starts_with("badge.toml:6: `integer` is not a Kusto type"));
        assert!(
            refusal("[members]\nTimeGenerated", "[members]\nTime").starts_with("badge.toml:10: `Time` is not a column")
        );
        assert!(
            refusal("time = \"TimeGenerated\"", "time = \"Gone\"").starts_with("badge.toml:3: the time column `Gone`")
        );
        assert!(
            refusal("time = \"TimeGenerated\"", "time = \"Door\"").contains("has the type int: it must be datetime")
        );
        assert!(refusal("\"Badge_CL\"", "\"Badge CL\"").starts_with("badge.toml:1: `Badge CL` cannot be"));
        assert!(refusal("[[\"Badge\"]]", "[[\"Badge=\"]]").starts_with("badge.toml:4: "));
        assert!(refusal("[columns]", "[columns").starts_with("badge.toml:5: "));
    }
}
