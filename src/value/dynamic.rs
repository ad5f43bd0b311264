//! `dynamic`: a JSON value with Kusto's way of looking into it.

use std::borrow::Cow;
use std::sync::Arc;

/// What a `dynamic` holds. Arrays and bags are shared, so that a step into one is cheap.
#[derive(Clone, Debug, PartialEq)]
pub enum Dynamic<'a> {
    /// JSON null
    Null,
    /// JSON true or false
    Bool(bool),
    /// A JSON number without fraction or exponent that fits
    Long(i64),
    /// Any other JSON number
    Real(f64),
    /// A JSON string, escapes resolved
    String(Cow<'a, str>),
    /// A JSON array
    Array(Arc<[Dynamic<'a>]>),
    /// A JSON object, members in the order of the text, each name once
    Bag(Arc<[(Cow<'a, str>, Dynamic<'a>)]>),
}
