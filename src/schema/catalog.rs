//! The tables that queries can name: those that come with kqltap, and a user's own.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, OnceLock};

use super::ScalarType;
use super::builtin::{AZURE_MONITOR, DEFENDER, TABLES};
use super::shape::{Entry, Shape};
use super::table::{Column, Member, Recognition, Table};
use crate::diagnostic::suggest;

/// The tables that are one line of a file, by name: (name, columns).
static LINES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| lines().collect());

/// All known tables. Making one is free; a table file is read when it is first asked for.
#[derive(Debug)]
pub struct Catalog {
    own: BTreeMap<String, Arc<Table>>,
    /// One for each of `TABLES`, in its order.
    builtin: Vec<OnceLock<Option<Arc<Table>>>>,
    routes: OnceLock<Routes>,
}

/// What is asked of records, not of queries.
#[derive(Debug, Default)]
struct Routes {
    /// (category, table)
    categories: Vec<(String, String)>,
    /// (shape, table), the most specific first
    shapes: Vec<(Shape, String)>,
}

impl Default for Catalog {
    fn default() -> Self {
        Catalog::builtin()
    }
}

impl Catalog {
    /// The tables that come with kqltap.
    pub fn builtin() -> Catalog {
        Catalog {
            own: BTreeMap::new(),
            builtin: TABLES.iter().map(|_| OnceLock::new()).collect(),
            routes: OnceLock::new(),
        }
    }

    /// Adds a user's own table; it takes the place of a known one of that name.
    pub fn add(&mut self, table: Table) {
        self.own.insert(table.name.clone(), Arc::new(table));
        self.routes = OnceLock::new();
    }

    /// The table of that name; names are case-sensitive.
    pub fn table(&self, name: &str) -> Option<Arc<Table>> {
        if let Some(table) = self.own.get(name) {
            return Some(Arc::clone(table));
        }
        match TABLES.binary_search_by_key(&name, |(table, _)| table) {
            Ok(index) => self.builtin_table(index),
            Err(_) => LINES.get_key_value(name).map(|(name, columns)| Arc::new(one_line_table(name, columns))),
        }
    }

    /// Whether a table of that name is known; reads no file.
    pub fn contains(&self, name: &str) -> bool {
        self.own.contains_key(name)
            || TABLES.binary_search_by_key(&name, |(table, _)| table).is_ok()
            || LINES.contains_key(name)
    }

    /// All names: the user's own, those with a file in `config/tables`, the rest of Azure Monitor and Defender.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let known = TABLES.iter().map(|(name, _)| *name).chain(lines().map(|(name, _)| name));
        self.own.keys().map(String::as_str).chain(known.filter(|name| !self.own.contains_key(*name)))
    }

    /// The known table whose name is nearest to one that is not known.
    pub fn suggest(&self, name: &str) -> Option<&str> {
        suggest(name, self.names())
    }

    /// Every category that an envelope may name, with its table.
    pub fn categories(&self) -> impl Iterator<Item = (&str, &str)> {
        self.routes().categories.iter().map(|(category, table)| (category.as_str(), table.as_str()))
    }

    /// The table that an envelope's `category` names; letter case does not count, blob containers use lower case.
    pub fn by_category(&self, category: &str) -> Option<&str> {
        let categories = &self.routes().categories;
        categories.iter().find(|(known, _)| known.eq_ignore_ascii_case(category)).map(|(_, table)| table.as_str())
    }

    /// Every table's shapes with the table's name, the most specific first.
    pub fn shapes(&self) -> &[(Shape, String)] {
        &self.routes().shapes
    }

    /// The type of a column in the tables that have a file and such a column, if they agree on it.
    pub fn column_type_elsewhere(&self, column: &str) -> Option<ScalarType> {
        let mut types = self.with_files().filter_map(|table| table.column(column).map(|c| c.ty));
        let first = types.next()?;
        types.all(|ty| ty == first).then_some(first)
    }

    fn builtin_table(&self, index: usize) -> Option<Arc<Table>> {
        let (name, text) = TABLES.get(index)?;
        // A test reads every file, so that none is refused here.
        let read = || Table::from_toml(text, &format!("{name}.toml")).ok().map(Arc::new);
        self.builtin.get(index)?.get_or_init(read).clone()
    }

    /// The user's own tables and those built-in ones with a file.
    fn with_files(&self) -> impl Iterator<Item = Arc<Table>> {
        let builtin = (0..TABLES.len()).filter(|&i| !self.own.contains_key(TABLES[i].0));
        self.own.values().cloned().chain(builtin.filter_map(|i| self.builtin_table(i)))
    }

    fn routes(&self) -> &Routes {
        self.routes.get_or_init(|| {
            let mut routes = Routes::default();
            let mut add = |name: &str, categories: &[String], shapes: &[Shape]| {
                routes.categories.extend(categories.iter().map(|c| (c.clone(), name.to_owned())));
                routes.shapes.extend(shapes.iter().map(|s| (s.clone(), name.to_owned())));
            };
            self.own.values().for_each(|table| add(&table.name, &table.categories, &table.shapes));
            for (name, text) in TABLES.iter().filter(|(name, _)| !self.own.contains_key(*name)) {
                let known = Recognition::from_toml(text).unwrap_or_default();
                add(name, &known.categories, &known.shapes);
            }
            // A value says more than a member's presence, and more entries say more than few.
            let weight = |shape: &Shape| {
                let valued = shape.entries.iter().filter(|entry| matches!(entry, Entry::OneOf(..))).count();
                (valued, shape.entries.len())
            };
            routes.shapes.sort_by_key(|(shape, _)| std::cmp::Reverse(weight(shape)));
            routes
        })
    }
}

fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    AZURE_MONITOR
        .lines()
        .chain(DEFENDER.lines())
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
}

/// A table that has no file of its own: its columns, and nothing on senders.
fn one_line_table(name: &str, columns: &str) -> Table {
    let column = |text: &str| {
        let (name, ty) = text.split_once(':').unwrap_or((text, "string"));
        let ty = ScalarType::from_name(ty).unwrap_or(ScalarType::String);
        Column { name: name.to_owned(), ty, members: vec![Member { name: name.to_owned(), envelope: false }] }
    };
    let mut columns: Vec<Column> = columns.split(',').map(column).collect();
    columns.sort_by(|a, b| a.name.cmp(&b.name));
    let is_time = |name: &&str| columns.iter().any(|c| c.name == *name && c.ty == ScalarType::DateTime);
    let time = ["TimeGenerated", "Timestamp"].into_iter().find(is_time).map(str::to_owned);
    Table { name: name.to_owned(), categories: Vec::new(), time, shapes: Vec::new(), columns }
}
