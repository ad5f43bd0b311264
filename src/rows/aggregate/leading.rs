//! The arguments of one row out of all: the one that leads.

use std::marker::PhantomData;

use crate::compile::bound::Accumulator;
use crate::rows::limits::row_size;
use crate::value::Value;

/// Which row leads.
pub(super) trait Leads {
    /// Whether `new` takes the place of `old`.
    fn leads(new: &[Value<'static>], old: &[Value<'static>]) -> bool;
}

/// The row that leads so far; none before the first.
pub(super) struct Leading<L> {
    row: Vec<Value<'static>>,
    by: PhantomData<L>,
}

impl<L> Default for Leading<L> {
    fn default() -> Self {
        Leading { row: Vec::new(), by: PhantomData }
    }
}

impl<L: Leads> Accumulator for Leading<L> {
    fn add(&mut self, arguments: &[Value<'static>]) {
        if self.row.is_empty() || L::leads(arguments, &self.row) {
            self.row = arguments.to_vec();
        }
    }

    fn finish(&mut self) -> Value<'static> {
        self.row.first().cloned().unwrap_or(Value::Null)
    }

    fn rest(&mut self) -> Vec<Value<'static>> {
        self.row.drain(1.min(self.row.len())..).collect()
    }

    fn size(&self) -> usize {
        64 + row_size(&self.row)
    }
}
