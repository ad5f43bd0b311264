//! `evaluate ipv4_lookup(…)` and `ipv6_lookup(…)`: a join by the network that an address is in.

use std::sync::Arc;

use super::Binder;
use super::names::make_unique;
use super::scope::{Scope, Tabular};
use crate::compile::bound::{Join, JoinColumn, JoinKind, NetworkKey, OutputColumn, RowsKind};
use crate::diagnostic::Span;
use crate::kql::ast::{Argument, Expr, ExprKind};
use crate::rows::Networks;
use crate::schema::ScalarType;
use crate::value::Value;

impl Binder<'_> {
    /// `(networks, address, network, key…, return_unmatched)`
    pub(super) fn ip_lookup(
        &mut self,
        name: &'static str,
        mut left: Tabular,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Tabular> {
        let [table, address, network, rest @ ..] = arguments else {
            let message =
                format!("{name}() takes a table of networks, a column of addresses, and a column of networks");
            self.error("KS119", span, message);
            return None;
        };
        let mut right = self.tabular(&table.value)?;
        let (mut kind, mut keys) = (JoinKind::Inner, Vec::new());
        for argument in rest {
            let named = argument.name.as_ref().is_some_and(|name| name.text == "return_unmatched");
            if !named && matches!(argument.value.kind, ExprKind::Name(_)) {
                let pair = (self.place_of(&mut left, &argument.value)?, self.place_of(&mut right, &argument.value)?);
                keys.push(pair);
                continue;
            }
            let bound = self.scalar(&argument.value, &mut Scope::Nothing);
            match bound.as_constant() {
                Some(Value::Bool(true)) => kind = JoinKind::LeftOuter,
                Some(Value::Bool(false)) => kind = JoinKind::Inner,
                _ => {
                    self.error("KS131", argument.value.span, "whether unmatched rows are returned is true or false");
                    return None;
                }
            }
        }
        let places = (self.place_of(&mut left, &address.value)?, self.place_of(&mut right, &network.value)?);
        for (side, at, expr) in [(&left, places.0, address), (&right, places.1, network)] {
            let ty = side.legs[0].columns[at].ty;
            if !matches!(ty, ScalarType::String | ScalarType::Dynamic) {
                self.error("KS107", expr.value.span, format!("an address must be a string, and this is a {ty}"));
                return None;
            }
        }
        let v6 = name == "ipv6_lookup";
        let of_left = left.columns().into_iter().enumerate().map(|(at, column)| (JoinColumn::Left(at), column));
        let of_right = right.columns().into_iter().enumerate().filter(|(at, _)| !keys.iter().any(|(_, key)| key == at));
        let of_right = of_right.map(|(at, column)| (JoinColumn::Right(at), column));
        // The engine puts the networks' columns first where it looks up IPv6, and last where it looks up IPv4.
        let (output, mut columns): (Vec<JoinColumn>, Vec<OutputColumn>) =
            if v6 { of_right.chain(of_left).unzip() } else { of_left.chain(of_right).unzip() };
        make_unique(&mut columns);
        let mut key = NetworkKey { left: places.0, right: places.1, v6, known: None };
        let mut join = Join { kind, right: right.finish(), keys, output, network: None };
        if join.right.is_static() && !join.right.reads_clock() {
            match Networks::known(&join, &key) {
                Ok(known) => key.known = Some(Arc::new(known)),
                Err(error) => {
                    self.error("KT007", table.value.span, format!("this table cannot be computed: {error}"));
                    return None;
                }
            }
        }
        join.network = Some(key);
        Some(Tabular::of(self.rows(RowsKind::Join(join), left.finish(), columns, span, name)))
    }

    /// The place of the column that an argument names.
    pub(super) fn place_of(&mut self, table: &mut Tabular, expr: &Expr) -> Option<usize> {
        let ExprKind::Name(name) = &expr.kind else {
            self.error("KS109", expr.span, "the name of a column is expected here");
            return None;
        };
        for leg in &mut table.legs {
            if self.scalar(expr, &mut Scope::Row(leg)).is_error() {
                return None;
            }
        }
        table.legs[0].columns.iter().position(|c| c.name == name.text)
    }
}
