//! What rows in memory may cost, and what is said when they cost more.

use std::cell::Cell;

use crate::value::{Dynamic, Value};

/// One row: the values of its columns.
pub type Row = Vec<Value<'static>>;

/// How much a query over rows may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsLimits {
    /// The most bytes held at one time: groups, sides of joins, rows to be sorted.
    pub max_bytes: usize,
    /// The most rows that `mv-expand` and `mv-apply` may make of one record.
    pub max_expanded: usize,
    /// The most rows that they may make of all records together.
    pub max_made: usize,
    /// The most bytes that `scan` may copy: of each row, those of the sequences that it is held against.
    pub max_copied: usize,
}

/// Rows that `mv-expand` makes in one query: some half a minute of work. A plug-in's windows are made of them.
const MAX_MADE: usize = 200_000_000;

/// Bytes that `scan` copies in one query: some 20 seconds of work. A text that grows with every row is copied with every row.
const MAX_COPIED: usize = if usize::BITS > 32 { 128 << 30 } else { usize::MAX };

impl Default for RowsLimits {
    /// 512 MiB, and as many rows of a record as an array has elements.
    fn default() -> Self {
        RowsLimits {
            max_bytes: 512 << 20,
            max_expanded: crate::value::functions::MAX_ELEMENTS,
            max_made: MAX_MADE,
            max_copied: MAX_COPIED,
        }
    }
}

impl RowsLimits {
    /// For a query that is run over each record of a stream.
    pub fn of_record() -> Self {
        RowsLimits { max_bytes: 64 << 20, ..RowsLimits::default() }
    }
}

/// Why a query over rows has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowsError {
    /// More bytes than [`RowsLimits::max_bytes`].
    #[error("the query holds more than {} of rows in memory; narrow its time range or its filters, or allow a batch more (batch_memory)", bytes(.0))]
    Memory(usize),
    /// More rows than [`RowsLimits::max_expanded`].
    #[error("mv-expand and mv-apply make more than {0} rows of one record")]
    Expanded(usize),
    /// More rows than [`RowsLimits::max_made`].
    #[error(
        "mv-expand, mv-apply and the windows of plug-ins make more than {0} rows; narrow the time range, or take longer steps"
    )]
    Made(usize),
    /// More bytes than [`RowsLimits::max_copied`].
    #[error("scan copies more than {}; keep less of each row in its steps", bytes(.0))]
    Copied(usize),
    /// `make-series` with too small a step.
    #[error("make-series makes a series of more than {0} steps")]
    Series(usize),
    /// `make-series` with a step that does not lead from one value to the next.
    #[error("the step of make-series must be greater than zero")]
    Step,
    /// Operators over many rows, one behind the other or one in the other.
    #[error("more than {0} operators over many rows stand one behind the other")]
    Depth(usize),
    /// A table where there is none to read.
    #[error("table {0} cannot be read here")]
    NoTable(String),
    /// The rows of a table could not be read.
    #[error("{0}")]
    Source(String),
}

fn bytes(count: &usize) -> String {
    match count {
        0..1024 => format!("{count} bytes"),
        1024..1_048_576 => format!("{} KiB", count / 1024),
        _ => format!("{} MiB", count / 1_048_576),
    }
}

/// How much of the limits is used.
#[derive(Debug)]
pub struct Budget {
    limits: RowsLimits,
    held: Cell<usize>,
    expanded: Cell<usize>,
    made: Cell<usize>,
    copied: Cell<usize>,
}

impl Budget {
    /// Nothing used yet.
    pub fn new(limits: RowsLimits) -> Self {
        Budget { limits, held: Cell::new(0), expanded: Cell::new(0), made: Cell::new(0), copied: Cell::new(0) }
    }

    /// Takes bytes; they are given back by [`Budget::release`].
    pub(super) fn hold(&self, bytes: usize) -> Result<(), RowsError> {
        let held = self.held.get().saturating_add(bytes);
        if held > self.limits.max_bytes {
            return Err(RowsError::Memory(self.limits.max_bytes));
        }
        self.held.set(held);
        Ok(())
    }

    pub(super) fn release(&self, bytes: usize) {
        self.held.set(self.held.get().saturating_sub(bytes));
    }

    /// Counts rows made of the present record.
    pub(crate) fn expand(&self, rows: usize) -> Result<(), RowsError> {
        let expanded = self.expanded.get().saturating_add(rows);
        self.expanded.set(expanded);
        let made = self.made.get().saturating_add(rows);
        self.made.set(made);
        if made > self.limits.max_made {
            return Err(RowsError::Made(self.limits.max_made));
        }
        if expanded > self.limits.max_expanded { Err(RowsError::Expanded(self.limits.max_expanded)) } else { Ok(()) }
    }

    /// Counts bytes that are copied, whether or not they are kept.
    pub(super) fn copy(&self, bytes: usize) -> Result<(), RowsError> {
        let copied = self.copied.get().saturating_add(bytes);
        self.copied.set(copied);
        if copied > self.limits.max_copied { Err(RowsError::Copied(self.limits.max_copied)) } else { Ok(()) }
    }

    /// Runs `each` for a record of its own, whose rows are counted from 0.
    pub(super) fn record<T>(&self, each: impl FnOnce() -> T) -> T {
        let outer = self.expanded.replace(0);
        let result = each();
        self.expanded.set(outer);
        result
    }
}

/// Rows that are held; their bytes are given back when they go.
pub(super) struct Held<'b> {
    pub(super) rows: Vec<Row>,
    bytes: usize,
    budget: &'b Budget,
}

impl<'b> Held<'b> {
    pub(super) fn new(budget: &'b Budget) -> Self {
        Held { rows: Vec::new(), bytes: 0, budget }
    }

    pub(super) fn push(&mut self, row: Row) -> Result<(), RowsError> {
        self.charge(row_size(&row))?;
        self.rows.push(row);
        Ok(())
    }

    /// Holds bytes beside the rows.
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), RowsError> {
        self.budget.hold(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Keeps the first `count` rows.
    pub(super) fn truncate(&mut self, count: usize) {
        let gone: usize = self.rows.iter().skip(count).map(|row| row_size(row)).sum();
        self.rows.truncate(count);
        self.bytes -= gone;
        self.budget.release(gone);
    }

    /// Gives the rows away. Their bytes count until the last is gone.
    pub(super) fn drain(&mut self, emit: &mut super::Emit<'_>) -> Result<(), RowsError> {
        self.rows.drain(..).try_for_each(emit)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.budget.release(self.bytes);
    }
}

/// The rows that `mv-apply` has made of one, for as long as its subquery runs.
pub(crate) struct Elements<'v, 'b> {
    rows: Vec<Vec<Value<'v>>>,
    bytes: usize,
    budget: &'b Budget,
}

impl<'v, 'b> Elements<'v, 'b> {
    pub(crate) fn new(budget: &'b Budget) -> Self {
        Elements { rows: Vec::new(), bytes: 0, budget }
    }

    pub(crate) fn push(&mut self, row: Vec<Value<'v>>) -> Result<(), RowsError> {
        let size = row_size(&row);
        self.budget.hold(size)?;
        self.bytes += size;
        self.rows.push(row);
        Ok(())
    }

    pub(crate) fn rows(&self) -> &[Vec<Value<'v>>] {
        &self.rows
    }
}

impl Drop for Elements<'_, '_> {
    fn drop(&mut self) {
        self.budget.release(self.bytes);
    }
}

/// About how many bytes a row takes.
pub(crate) fn row_size(row: &[Value<'_>]) -> usize {
    size_of::<Row>() + row.iter().map(value_size).sum::<usize>()
}

/// About how many bytes a value takes.
pub(super) fn value_size(value: &Value<'_>) -> usize {
    size_of::<Value<'_>>()
        + match value {
            Value::String(text) => text.len(),
            Value::Dynamic(dynamic) => dynamic_size(dynamic),
            _ => 0,
        }
}

/// About how many bytes a dynamic takes.
pub(super) fn dynamic_size(dynamic: &Dynamic<'_>) -> usize {
    size_of::<Dynamic<'_>>()
        + match dynamic {
            Dynamic::String(text) => text.len(),
            Dynamic::Array(elements) => elements.iter().map(dynamic_size).sum(),
            Dynamic::Bag(members) => members.iter().map(|(name, v)| 24 + name.len() + dynamic_size(v)).sum(),
            _ => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_given_back() {
        let budget = Budget::new(RowsLimits { max_bytes: 1000, max_expanded: 2, ..RowsLimits::default() });
        let row = || vec![Value::string("x".repeat(300))];
        let mut held = Held::new(&budget);
        assert_eq!(held.push(row()), Ok(()));
        assert_eq!(held.push(row()), Ok(()));
        assert_eq!(held.push(row()), Err(RowsError::Memory(1000)));
        held.truncate(1);
        assert_eq!(held.push(row()), Ok(()));
        drop(held);
        assert_eq!(budget.held.get(), 0);
    }

    #[test]
    fn each_record_expands_for_itself() {
        let budget = Budget::new(RowsLimits { max_bytes: 0, max_expanded: 2, ..RowsLimits::default() });
        assert_eq!(budget.expand(2), Ok(()));
        assert_eq!(budget.record(|| budget.expand(2)), Ok(()));
        assert_eq!(budget.expand(1), Err(RowsError::Expanded(2)));
    }

    #[test]
    fn an_error_is_a_sentence() {
        assert!(RowsError::Memory(512 << 20).to_string().contains("more than 512 MiB of rows"));
        assert!(RowsError::Memory(1 << 10).to_string().contains("1 KiB"));
    }
}
