//! Which table a record belongs to.
//!
//! Senders say it in different ways, tried in this order: `Type` (rows of Log Analytics), where it is the name of a
//! table and not, as in some rows of AuditLogs, something of the row's own; `category` (envelopes of Defender's
//! streaming and of diagnostic settings, with the row in `properties`); the table that the user named; the members
//! that a row has.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use super::found::Found;
use super::layout::{CATEGORY, TYPE, TableColumns};
use super::names::Names;
use super::{CARRIERS, Routed};
use crate::schema::{Catalog, Entry};
use crate::value::json::{Kind, Lexeme, unescape};

/// Defender's streaming puts this before the table's name in `category`.
const ADVANCED_HUNTING: &str = "AdvancedHunting-";

#[derive(Debug)]
pub(super) struct Router {
    /// By the table's name, as written.
    tables: HashMap<Box<str>, Routed>,
    /// By category, as documented and in lower case.
    categories: HashMap<Box<str>, Routed>,
    /// By the table's name in lower case: made when a sender first spells one otherwise, for there are many tables.
    folded: OnceLock<HashMap<Box<str>, Routed>>,
    default: Option<Routed>,
    /// The most specific first.
    shapes: Vec<(Vec<Trait>, Routed)>,
}

/// What a shape says of one member.
#[derive(Debug)]
struct Trait {
    name: usize,
    entry: Entry,
}

/// Where a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) routed: Routed,
    /// Whether the record is an envelope, with the row in `properties`.
    pub(super) envelope: bool,
}

impl Router {
    pub(super) fn new(
        catalog: &Catalog,
        columns: &[TableColumns],
        default_table: Option<&str>,
        names: &mut Names,
    ) -> Router {
        let mut tables: HashMap<Box<str>, Routed> = catalog
            .names()
            .map(|name| (name.into(), if CARRIERS.contains(&name) { Routed::Carrier } else { Routed::Unused }))
            .collect();
        for (index, table) in columns.iter().enumerate() {
            tables.insert(table.table.name.as_str().into(), Routed::Table(index));
        }
        let find = |table: &str| tables.get(table).copied().unwrap_or(Routed::Unused);

        // What rules read goes before all. The catalog has a user's own tables first, and those go before the others.
        let read = columns.iter().enumerate().rev();
        let read = read.flat_map(|(at, table)| table.table.categories.iter().map(move |c| (&**c, Routed::Table(at))));
        let known = catalog.categories().map(|(category, table)| (category, find(table)));
        let mut categories: HashMap<Box<str>, Routed> = HashMap::new();
        for (category, routed) in read.chain(known) {
            categories.entry(category.into()).or_insert(routed);
            categories.entry(category.to_ascii_lowercase().into()).or_insert(routed);
        }

        let mut shape_trait = |entry: &Entry| Trait { name: names.add(entry.member()), entry: entry.clone() };
        let shapes = catalog.shapes().iter();
        let shapes = shapes.map(|(s, table)| (s.entries.iter().map(&mut shape_trait).collect(), find(table))).collect();
        let default = default_table.map(find);
        Router { tables, categories, folded: OnceLock::new(), default, shapes }
    }

    /// Where the record goes whose own members were found in `text`.
    pub(super) fn route(&self, members: &Found, text: &str) -> Route {
        if let Some(route) = self.named(members.get(TYPE), members.get(CATEGORY), text) {
            return route;
        }
        let by_shape = || self.shapes.iter().find(|(shape, _)| fits(shape, members, text)).map(|(_, routed)| *routed);
        Route { routed: self.default.or_else(by_shape).unwrap_or(Routed::Unrouted), envelope: false }
    }

    /// Where a record goes of whose members none means anything. Every shape asks for some.
    pub(super) fn nothing_known(&self) -> Routed {
        self.default.unwrap_or(Routed::Unrouted)
    }

    /// Where the record goes that names its table itself.
    pub(super) fn named(&self, ty: Option<Lexeme>, category: Option<Lexeme>, text: &str) -> Option<Route> {
        let word = |lexeme: Option<Lexeme>| lexeme.and_then(|lexeme| string(lexeme, text));
        if let Some(&routed) = word(ty).and_then(|name| self.tables.get(&*name)) {
            return Some(Route { routed, envelope: false });
        }
        let routed = word(category).and_then(|category| self.category(&category))?;
        Some(Route { routed, envelope: true })
    }

    /// Categories are compared without case: paths in storage spell them in lower case.
    fn category(&self, category: &str) -> Option<Routed> {
        let of_table = || category.strip_prefix(ADVANCED_HUNTING).and_then(|table| self.tables.get(table));
        let folded = || {
            let lower = category.to_ascii_lowercase();
            let of_table = || self.folded().get(lower.strip_prefix(&*ADVANCED_HUNTING.to_ascii_lowercase())?);
            self.categories.get(&*lower).or_else(of_table)
        };
        self.categories.get(category).or_else(of_table).or_else(folded).copied()
    }

    fn folded(&self) -> &HashMap<Box<str>, Routed> {
        self.folded.get_or_init(|| {
            let mut tables: Vec<_> = self.tables.iter().collect();
            // Of names that differ in case alone the same one is taken each time.
            tables.sort_unstable_by_key(|(name, _)| *name);
            tables.into_iter().map(|(name, routed)| (name.to_ascii_lowercase().into(), *routed)).collect()
        })
    }
}

fn string(lexeme: Lexeme, text: &str) -> Option<Cow<'_, str>> {
    match lexeme.kind {
        Kind::String => Some(Cow::Borrowed(lexeme.of(text))),
        Kind::EscapedString => Some(unescape(lexeme.of(text))),
        _ => None,
    }
}

fn fits(shape: &[Trait], members: &Found, text: &str) -> bool {
    shape.iter().all(|Trait { name, entry }| {
        let found = members.get(*name);
        entry.holds(found.is_some(), || found.and_then(|lexeme| string(lexeme, text)))
    })
}
