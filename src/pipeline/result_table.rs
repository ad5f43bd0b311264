//! With `--batch` the whole input is one result: `sort`, `top` and `take` apply as Sentinel applies them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::run::RunError;
use crate::alert::{self, Format, Numbered};
use crate::compile::bound::{Leg, Order, SortColumn};
use crate::compile::{BoundRule, each_table_leg};
use crate::matcher::{Match, Ruleset};
use crate::rows::{self, Row, RowsError, RowsLimits, TableRows, TakeRow, row_size};
use crate::value::functions::Context;
use crate::value::{Value, compare};

/// The rows of each rule's result, with the alert that each becomes.
#[derive(Default)]
pub struct ResultTable {
    /// By rule; each row's keys and its alert.
    rules: BTreeMap<usize, Vec<OrderedRow>>,
    /// For each rule whose query needs all rows, the rows of each table that it reads.
    collected: BTreeMap<usize, BTreeMap<usize, Vec<Row>>>,
    bytes: usize,
}

type OrderedRow = (Vec<Value<'static>>, Vec<u8>);

/// A record of a table that a query reads as a whole.
pub struct CollectedRow {
    rule: usize,
    place: usize,
    row: Row,
}

impl CollectedRow {
    /// The record of a match, for the table leg at that place of its rule's query.
    pub fn new(found: &Match<'_>, place: usize) -> CollectedRow {
        let row = found.row.iter().map(|value| value.clone().into_owned()).collect();
        CollectedRow { rule: found.rule_index, place, row }
    }
}

/// A row of a result.
pub struct ResultRow {
    rule: usize,
    /// What the result is sorted by: the columns behind the query's own.
    keys: Vec<Value<'static>>,
    alert: Numbered,
}

impl ResultRow {
    /// The row of a match, and the alert that was made of it.
    pub fn new(found: &Match<'_>, alert: Numbered) -> ResultRow {
        let visible = found.rule.query.columns.len();
        let keys = found.row[visible..].iter().map(|value| value.clone().into_owned()).collect();
        ResultRow { rule: found.rule_index, keys, alert }
    }
}

impl ResultTable {
    /// Adds a row; `first` is the number of its block's first line.
    pub fn push(&mut self, row: ResultRow, first: u64) {
        let mut alert = Vec::with_capacity(row.alert.len() + 8);
        row.alert.resolve(first, &mut alert);
        let text = |key: &Value<'_>| match key {
            Value::String(text) => text.len(),
            _ => 0,
        };
        self.bytes += alert.len() + row.keys.iter().map(|key| size_of::<Value<'_>>() + text(key)).sum::<usize>();
        self.rules.entry(row.rule).or_default().push((row.keys, alert));
    }

    /// Keeps a record until the input ends.
    pub fn collect(&mut self, row: CollectedRow) {
        self.bytes += row_size(&row.row);
        self.collected.entry(row.rule).or_default().entry(row.place).or_default().push(row.row);
    }

    /// About how many bytes of alerts and records it holds.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Rule by rule, in the query's order: what is to be written, and how many alerts of each rule that is.
    ///
    /// # Errors
    /// A query over the whole input needs more than `max_bytes`.
    pub fn finish(
        mut self,
        ruleset: &Ruleset,
        context: &Context,
        format: Format,
        max_bytes: usize,
    ) -> Result<(Vec<u8>, Vec<u64>), RunError> {
        let (mut out, mut counts) = (Vec::new(), vec![0; ruleset.rules.len()]);
        for (rule, bound) in ruleset.rules.iter().enumerate() {
            if bound.query.needs_all_rows() {
                let mut tables = Collected::new(bound, self.collected.remove(&rule).unwrap_or_default());
                let limits = RowsLimits { max_bytes, ..RowsLimits::default() };
                let rows = rows::run(&bound.query, &mut tables, context, &limits)
                    .map_err(|error| RunError::Query(bound.rule.name.clone(), error))?;
                counts[rule] = rows.len() as u64;
                for (nth, row) in rows.iter().enumerate() {
                    alert::write_result(bound, row, nth, format, context.now, &mut out);
                }
                continue;
            }
            let Some(mut rows) = self.rules.remove(&rule) else { continue };
            let visible = bound.query.columns.len();
            for order in &bound.query.order {
                match order {
                    Order::Sort(keys) => rows.sort_by(|a, b| compare_keys(keys, visible, &a.0, &b.0)),
                    Order::Take(n) => rows.truncate(*n),
                }
            }
            counts[rule] = rows.len() as u64;
            rows.iter().for_each(|(_, alert)| out.extend_from_slice(alert));
        }
        Ok((out, counts))
    }
}

/// The records that were kept, as the tables of one query.
struct Collected<'q> {
    legs: Vec<&'q Leg>,
    rows: BTreeMap<usize, Vec<Row>>,
}

impl<'q> Collected<'q> {
    fn new(rule: &'q BoundRule, rows: BTreeMap<usize, Vec<Row>>) -> Collected<'q> {
        let mut legs = Vec::new();
        rule.query.legs.iter().for_each(|leg| each_table_leg(leg, &mut |leg| legs.push(leg)));
        Collected { legs, rows }
    }
}

impl TableRows for Collected<'_> {
    fn rows(&mut self, leg: &Leg, take: &mut TakeRow<'_>) -> Result<(), RowsError> {
        let place = self.legs.iter().position(|known| std::ptr::eq(*known, leg));
        let rows = place.and_then(|place| self.rows.get(&place)).map_or(&[][..], Vec::as_slice);
        rows.iter().try_for_each(|row| take(row.clone()))
    }
}

fn compare_keys(order: &[SortColumn], visible: usize, a: &[Value<'_>], b: &[Value<'_>]) -> Ordering {
    order
        .iter()
        .map(|key| {
            let at = key.column - visible;
            compare::sort_cmp(&a[at], &b[at], key.descending, key.nulls_first)
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}
