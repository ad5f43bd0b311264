//! `ipv4_lookup` and `ipv6_lookup`: rows of two inputs side by side, where an address of the left lies in a network of the
//! right.
//!
//! The networks are filed by the length of their prefixes, so that an address costs a look for each length there is and not
//! one for each network. Where the right side is known when the query is bound this is done once, and not for each record.

use std::collections::{BTreeMap, HashMap};

use super::limits::Held;
use super::{Budget, Emit, Row, RowsError, RowsLimits, Scope, TableRows, each_row, key, side_by_side};
use crate::compile::bound::{BoundQuery, Join, JoinKind, NetworkKey};
use crate::rows::NoTables;
use crate::value::convert;
use crate::value::functions::{Context, IpNetwork};

/// Networks by their first address and the other keys: places among the rows.
type Filed = HashMap<(u128, Vec<u8>), Vec<usize>>;

/// The right side of a lookup.
#[derive(Debug, Default)]
pub struct Networks {
    rows: Vec<Row>,
    /// For each length of a prefix its networks.
    by_prefix: BTreeMap<u8, Filed>,
}

impl Networks {
    /// Those of a query that reads no table of records and no clock.
    ///
    /// # Errors
    /// It holds more than [`RowsLimits::default`] allows.
    pub(crate) fn known(join: &Join, network: &NetworkKey) -> Result<Networks, RowsError> {
        let context = Context { now: crate::value::DateTime(0) };
        let budget = Budget::new(RowsLimits::default());
        let mut held = Held::new(&budget);
        each_row(&join.right, &mut NoTables, Scope::new(&context, &budget), &mut |row| held.push(row))?;
        Ok(Networks::of(std::mem::take(&mut held.rows), join, network))
    }

    fn of(rows: Vec<Row>, join: &Join, network: &NetworkKey) -> Networks {
        let mut by_prefix: BTreeMap<u8, Filed> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate() {
            let Some((net, others)) = keys_of(row, network.right, join.keys.iter().map(|(_, r)| *r), network) else {
                continue;
            };
            by_prefix.entry(net.prefix).or_default().entry((net.first(), others)).or_default().push(at);
        }
        Networks { rows, by_prefix }
    }

    /// The rows whose networks and the address, which may be a network itself, have the shorter of their prefixes in common;
    /// in the order of the right side.
    fn partners(&self, net: IpNetwork, others: Vec<u8>) -> Vec<usize> {
        let mut found = Vec::new();
        let mut key = (0, others);
        for (prefix, networks) in &self.by_prefix {
            if *prefix <= net.prefix {
                key.0 = net.shortened(*prefix).first();
                found.extend(networks.get(&key).into_iter().flatten());
                continue;
            }
            let inside = |first: u128| IpNetwork { address: first, prefix: net.prefix }.first() == net.first();
            let within = networks.iter().filter(|((first, others), _)| *others == key.1 && inside(*first));
            found.extend(within.flat_map(|(_, places)| places));
        }
        found.sort_unstable();
        found
    }
}

/// The network and the other keys of a row; `None` where it has no network, or a null among the keys.
fn keys_of(
    row: &Row,
    at: usize,
    others: impl Iterator<Item = usize>,
    network: &NetworkKey,
) -> Option<(IpNetwork, Vec<u8>)> {
    let text = convert::text(row.get(at)?);
    let net = if network.v6 { IpNetwork::parse(&text)? } else { IpNetwork::parse_v4(&text)? };
    let others: Vec<_> = others.map(|at| row.get(at)).collect::<Option<_>>()?;
    if others.iter().any(|value| value.is_null()) {
        return None;
    }
    Some((net, key::of(others)))
}

/// The rows of the lookup in the order of the left side.
pub(super) fn run(
    left: &BoundQuery,
    join: &Join,
    network: &NetworkKey,
    tables: &mut dyn TableRows,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let mut held = Held::new(scope.budget);
    let read;
    let networks = match &network.known {
        Some(known) => known.as_ref(),
        None => {
            each_row(&join.right, tables, scope, &mut |row| held.push(row))?;
            read = Networks::of(std::mem::take(&mut held.rows), join, network);
            &read
        }
    };
    each_row(left, tables, scope, &mut |row| {
        let keys = keys_of(&row, network.left, join.keys.iter().map(|(left, _)| *left), network);
        let partners = keys.map_or_else(Vec::new, |(net, others)| networks.partners(net, others));
        if partners.is_empty() && join.kind == JoinKind::LeftOuter {
            return emit(side_by_side(join, Some(&row), None));
        }
        partners.iter().try_for_each(|at| emit(side_by_side(join, Some(&row), networks.rows.get(*at))))
    })
}
