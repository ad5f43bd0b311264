//! What an expression is worth: Kusto's scalar types, their text, their comparison and arithmetic.
//!
//! A value borrows from the record's line or from the rule where it can. There is no null string in Kusto: a missing
//! string is `""`, so [`Value::Null`] never stands for one. What `dynamic` holds is wrapped, because the same `true` has
//! other text (`true`) inside a dynamic than outside (`True`).

pub mod arithmetic;
pub mod compare;
pub mod convert;
pub mod datetime;
pub mod dynamic;
pub mod functions;
pub mod json;
pub mod list;
pub mod literal;
pub mod operators;
pub mod regex;
pub mod sketch;
pub mod text;
pub mod timespan;

use std::borrow::Cow;

use crate::schema::ScalarType;

pub use datetime::DateTime;
pub use dynamic::Dynamic;
pub use timespan::TimeSpan;

/// One scalar value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// The null of any type but string.
    Null,
    /// `bool`
    Bool(bool),
    /// `int`, 32 bits
    Int(i32),
    /// `long`, 64 bits
    Long(i64),
    /// `real`, IEEE double; a `decimal` too, but for those of the next kind
    Real(f64),
    /// A whole `decimal`, as `parse_version()` gives: 32 digits, of which a double would lose the half
    Decimal(i128),
    /// `string`
    String(Cow<'a, str>),
    /// `datetime`
    DateTime(DateTime),
    /// `timespan`
    TimeSpan(TimeSpan),
    /// `guid`
    Guid(u128),
    /// `dynamic`; never [`Dynamic::Null`], which is [`Value::Null`]
    Dynamic(Dynamic<'a>),
}

impl<'a> Value<'a> {
    /// A string value, borrowed or owned.
    pub fn string(text: impl Into<Cow<'a, str>>) -> Self {
        Value::String(text.into())
    }

    /// What a column is worth where there is no value: `""` for a string, null for the rest.
    pub fn missing(ty: ScalarType) -> Self {
        match ty {
            ScalarType::String => Value::string(""),
            _ => Value::Null,
        }
    }

    /// A dynamic value; a dynamic null becomes the null.
    pub fn dynamic(value: Dynamic<'a>) -> Self {
        match value {
            Dynamic::Null => Value::Null,
            other => Value::Dynamic(other),
        }
    }

    /// Whether it is null; no string is.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// `Some` of a bool, `None` of the null.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The same value, owning its text.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(b) => Value::Bool(b),
            Value::Int(n) => Value::Int(n),
            Value::Long(n) => Value::Long(n),
            Value::Real(n) => Value::Real(n),
            Value::Decimal(n) => Value::Decimal(n),
            Value::String(s) => Value::String(Cow::Owned(s.into_owned())),
            Value::DateTime(d) => Value::DateTime(d),
            Value::TimeSpan(t) => Value::TimeSpan(t),
            Value::Guid(g) => Value::Guid(g),
            Value::Dynamic(d) => Value::Dynamic(d.into_owned()),
        }
    }
}

impl From<bool> for Value<'_> {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}

impl From<Option<bool>> for Value<'_> {
    fn from(b: Option<bool>) -> Self {
        b.map_or(Value::Null, Value::Bool)
    }
}
