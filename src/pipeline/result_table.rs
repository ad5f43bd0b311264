//! With `--batch` the whole input is one result: `sort`, `top` and `take` apply as Sentinel applies them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::alert::Numbered;
use crate::compile::bound::{Order, SortColumn};
use crate::matcher::{Match, Ruleset};
use crate::value::{Value, compare};

/// The rows of each rule's result, with the alert that each becomes.
#[derive(Default)]
pub struct ResultTable {
    /// By rule; each row's keys and its alert.
    rules: BTreeMap<usize, Vec<Row>>,
    bytes: usize,
}

type Row = (Vec<Value<'static>>, Vec<u8>);

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

    /// About how many bytes it holds.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Rule by rule, in the query's order: what is to be written, and how many alerts that is.
    pub fn finish(self, ruleset: &Ruleset) -> (Vec<u8>, u64) {
        let (mut out, mut count) = (Vec::new(), 0);
        for (rule, mut rows) in self.rules {
            let query = &ruleset.rules[rule].query;
            let visible = query.columns.len();
            for order in &query.order {
                match order {
                    Order::Sort(keys) => rows.sort_by(|a, b| compare_keys(keys, visible, &a.0, &b.0)),
                    Order::Take(n) => rows.truncate(*n),
                }
            }
            count += rows.len() as u64;
            rows.iter().for_each(|(_, alert)| out.extend_from_slice(alert));
        }
        (out, count)
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
