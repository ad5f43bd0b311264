//! Tables that only the user knows: Log Analytics ends the name of every custom log with `_CL`.

use super::ScalarType;
use super::table::{Column, Member, Table};

/// What ends the name of a custom table (Azure Monitor, "Add or delete tables and columns").
const SUFFIX: &str = "_CL";

/// The columns that Log Analytics itself puts into every custom table (Azure Monitor, "Standard columns").
const STANDARD: &[(&str, ScalarType)] = &[
    ("Computer", ScalarType::String),
    ("MG", ScalarType::String),
    ("ManagementGroupName", ScalarType::String),
    ("RawData", ScalarType::String),
    ("SourceSystem", ScalarType::String),
    ("TenantId", ScalarType::String),
    (TIME, ScalarType::DateTime),
    ("Type", ScalarType::String),
    ("_BilledSize", ScalarType::Real),
    ("_IsBillable", ScalarType::String),
    ("_ItemId", ScalarType::String),
    ("_ResourceId", ScalarType::String),
    ("_SubscriptionId", ScalarType::String),
];

const TIME: &str = "TimeGenerated";

impl Table {
    /// Whether a table of that name can only be a user's own.
    pub fn is_custom_name(name: &str) -> bool {
        name.len() > SUFFIX.len() && name.ends_with(SUFFIX)
    }

    /// Whether every custom table has a column of that name.
    pub fn is_standard_column(name: &str) -> bool {
        STANDARD.iter().any(|(standard, _)| *standard == name)
    }

    /// A custom table of which nothing is declared: the columns that every such table has, and others that are asked for.
    pub fn custom(name: &str, others: &[(String, ScalarType)]) -> Table {
        let column = |name: &str, ty| Column {
            name: name.to_owned(),
            ty,
            members: vec![Member { name: name.to_owned(), envelope: false }],
        };
        let others = others.iter().filter(|(name, _)| !Table::is_standard_column(name));
        Table {
            name: name.to_owned(),
            categories: Vec::new(),
            time: Some(TIME.to_owned()),
            shapes: Vec::new(),
            columns: (STANDARD.iter().map(|(name, ty)| column(name, *ty)))
                .chain(others.map(|(name, ty)| column(name, *ty)))
                .collect(),
        }
    }
}

/// The type that a column's name tells. The HTTP Data Collector API names a column after the type of its values: `_g` is a
/// GUID's, which it keeps as text (Azure Monitor, "HTTP Data Collector API", record type and properties).
pub fn type_by_suffix(column: &str) -> Option<ScalarType> {
    Some(match column.rsplit_once('_')?.1 {
        "s" | "g" => ScalarType::String,
        "d" => ScalarType::Real,
        "b" => ScalarType::Bool,
        "t" => ScalarType::DateTime,
        _ => return None,
    })
}
