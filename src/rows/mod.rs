//! Rows in memory: a stand-in until the rows module lands.

pub mod aggregate;

use crate::compile::bound::{BoundQuery, Leg};
use crate::value::Value;
use crate::value::functions::Context;

/// One row.
pub type Row = Vec<Value<'static>>;

/// What takes the rows of a table.
pub type TakeRow<'e> = dyn FnMut(Vec<Value<'_>>) -> Result<(), RowsError> + 'e;

/// Where the rows of tables come from.
pub trait TableRows {
    /// Gives every row of the leg's table.
    fn rows(&mut self, leg: &Leg, take: &mut TakeRow<'_>) -> Result<(), RowsError>;
}

/// For a query that reads no table.
#[derive(Clone, Copy, Debug)]
pub struct NoTables;

impl TableRows for NoTables {
    fn rows(&mut self, _: &Leg, _: &mut TakeRow<'_>) -> Result<(), RowsError> {
        Err(RowsError)
    }
}

/// Bounds.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowsLimits {
    /// Bytes held in memory.
    pub max_bytes: usize,
}

impl RowsLimits {
    /// For a record.
    pub fn of_record() -> Self {
        RowsLimits::default()
    }
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[error("not yet")]
pub struct RowsError;

/// Runs a query.
pub fn run(
    _query: &BoundQuery,
    _source: &mut dyn TableRows,
    _context: &Context,
    _limits: &RowsLimits,
) -> Result<Vec<Row>, RowsError> {
    Err(RowsError)
}
