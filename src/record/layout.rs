//! What the rules want of a record: which members, and the slot each one fills.

use std::sync::Arc;

use super::names::Names;
use super::route::Router;
use crate::schema::{Catalog, Column, Table};
use crate::value::json::unescape;

/// The columns that rules read of one table. The column at index `i` fills slot `i`.
#[derive(Clone, Debug)]
pub struct TableColumns {
    /// The table.
    pub table: Arc<Table>,
    /// Its columns, and names that it does not declare, which read the member of that name.
    pub columns: Vec<Column>,
}

/// What is wanted of which table, with all names resolved: built once from the rules, shared by every [`Decoder`].
///
/// [`Decoder`]: super::Decoder
#[derive(Debug)]
pub struct Layout {
    tables: Vec<TableColumns>,
    /// For each table, for each slot: where its value may be, the preferred member first.
    slots: Vec<Vec<Vec<Wanted>>>,
    /// For each table, for each slot: whether it has a part in what matches.
    deciding: Vec<Vec<bool>>,
    names: Names,
    pub(super) router: Router,
}

/// A member that may fill a slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) name: usize,
    /// Whether it is a member of the envelope around the record.
    pub(super) envelope: bool,
}

/// Numbers of the names that mean something to every record.
pub(super) const TYPE: usize = 0;
pub(super) const CATEGORY: usize = 1;
pub(super) const PROPERTIES: usize = 2;
pub(super) const RECORDS: usize = 3;

impl Layout {
    /// Resolves the columns that rules read. `default_table` is the table of records that name none; records are
    /// routed to every table of the catalog, those without rules as [`Routed::Unused`].
    ///
    /// [`Routed::Unused`]: super::Routed::Unused
    pub fn new(catalog: &Catalog, tables: &[TableColumns], default_table: Option<&str>) -> Layout {
        let mut names = Names::default();
        for name in ["Type", "category", "properties", "records"] {
            names.add(name);
        }
        let slots = tables.iter().map(|table| table.columns.iter().map(|c| wanted(c, &mut names)).collect()).collect();
        let router = Router::new(catalog, tables, default_table, &mut names);
        names.seal();
        let deciding = tables.iter().map(|table| vec![true; table.columns.len()]).collect();
        Layout { tables: tables.to_vec(), slots, deciding, names, router }
    }

    /// The same, where only those slots of each table have a part in what matches.
    pub fn deciding(self, deciding: Vec<Vec<bool>>) -> Layout {
        Layout { deciding, ..self }
    }

    /// Whether a slot of a table has a part in what matches.
    pub(super) fn decides(&self, table: usize, slot: usize) -> bool {
        self.deciding.get(table).and_then(|slots| slots.get(slot)).is_none_or(|decides| *decides)
    }

    /// The tables, in the order that [`Routed::Table`](super::Routed::Table) counts.
    pub fn tables(&self) -> &[TableColumns] {
        &self.tables
    }

    pub(super) fn slots(&self, table: usize) -> &[Vec<Wanted>] {
        self.slots.get(table).map_or(&[], Vec::as_slice)
    }

    pub(super) fn names(&self) -> usize {
        self.names.len()
    }

    pub(super) fn name(&self, number: usize) -> &str {
        self.names.name(number)
    }

    /// The number of a member's name, as it is spelt in the text, if anything asks for it.
    #[inline]
    pub(super) fn find(&self, name: &str, escaped: bool) -> Option<usize> {
        if escaped { self.names.find(&*unescape(name)) } else { self.names.find(name) }
    }
}

fn wanted(column: &Column, names: &mut Names) -> Vec<Wanted> {
    if column.members.is_empty() {
        return vec![Wanted { name: names.add(&column.name), envelope: false }];
    }
    column.members.iter().map(|m| Wanted { name: names.add(&m.name), envelope: m.envelope }).collect()
}
