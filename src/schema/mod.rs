//! Tables, their columns and the types of these: what names in a query are bound to.

mod builtin;
mod catalog;
mod custom;
mod files;
mod shape;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;

pub use catalog::Catalog;
pub use custom::type_by_suffix;
pub use files::MAX_TABLE_BYTES;
pub use shape::{Entry, Shape};
pub use table::{Column, Member, SchemaError, Table};

/// Kusto's scalar types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScalarType {
    /// true or false
    Bool,
    /// 32-bit integer
    Int,
    /// 64-bit integer
    Long,
    /// IEEE double
    Real,
    /// 128-bit decimal
    Decimal,
    /// UTF-8 text; never null
    String,
    /// A point in time, in ticks of 100 ns, UTC
    DateTime,
    /// A duration, in ticks of 100 ns
    TimeSpan,
    /// A UUID
    Guid,
    /// JSON
    Dynamic,
}

impl ScalarType {
    /// Kusto's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            ScalarType::Bool => "bool",
            ScalarType::Int => "int",
            ScalarType::Long => "long",
            ScalarType::Real => "real",
            ScalarType::Decimal => "decimal",
            ScalarType::String => "string",
            ScalarType::DateTime => "datetime",
            ScalarType::TimeSpan => "timespan",
            ScalarType::Guid => "guid",
            ScalarType::Dynamic => "dynamic",
        }
    }

    /// The type of that name; Kusto's aliases (`double`, `date`, `boolean`, `time`, `uniqueid`) count.
    pub fn from_name(name: &str) -> Option<ScalarType> {
        Some(match name {
            "bool" | "boolean" => ScalarType::Bool,
            "int" | "int32" => ScalarType::Int,
            "long" | "int64" => ScalarType::Long,
            "real" | "double" => ScalarType::Real,
            "decimal" => ScalarType::Decimal,
            "string" => ScalarType::String,
            "datetime" | "date" => ScalarType::DateTime,
            "timespan" | "time" => ScalarType::TimeSpan,
            "guid" | "uuid" | "uniqueid" => ScalarType::Guid,
            "dynamic" => ScalarType::Dynamic,
            _ => return None,
        })
    }

    /// Whether string operators take it: a dynamic is asked by its text.
    pub fn is_text(self) -> bool {
        matches!(self, ScalarType::String | ScalarType::Dynamic)
    }

    /// Whether it is one of the number types.
    pub fn is_numeric(self) -> bool {
        matches!(self, ScalarType::Int | ScalarType::Long | ScalarType::Real | ScalarType::Decimal)
    }
}

impl fmt::Display for ScalarType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
