//! With `--batch` the whole input is one result: `sort`, `top` and `take` apply as Sentinel applies them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::compile::bound::{Order, SortColumn};
use crate::matcher::Match;
use crate::matcher::Ruleset;
use crate::value::{Value, compare};

/// The rows of each rule's result, with the alert that each becomes.
#[derive(Default)]
pub struct ResultTable {
    rules: BTreeMap<usize, Vec<Row>>,
    bytes: usize,
}

struct Row {
    /// What the result is sorted by: the columns behind the query's own.
    keys: Vec<Value<'static>>,
    alert: Vec<u8>,
}

impl ResultTable {
    /// Adds a match and the alert that was made of it.
    pub fn push(&mut self, found: &Match<'_>, alert: Vec<u8>) {
        let visible = found.rule.query.columns.len();
        let keys: Vec<_> = found.row[visible..].iter().map(|value| value.clone().into_owned()).collect();
        self.bytes += alert.len();
        self.rules.entry(found.rule_index).or_default().push(Row { keys, alert });
    }

    /// Bytes of alerts that it holds.
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
                    Order::Sort(keys) => rows.sort_by(|a, b| compare_rows(keys, visible, a, b)),
                    Order::Take(n) => rows.truncate(*n),
                }
            }
            count += rows.len() as u64;
            rows.iter().for_each(|row| out.extend_from_slice(&row.alert));
        }
        (out, count)
    }
}

fn compare_rows(keys: &[SortColumn], visible: usize, a: &Row, b: &Row) -> Ordering {
    for key in keys {
        let (x, y) = (&a.keys[key.column - visible], &b.keys[key.column - visible]);
        let order = compare::sort_cmp(x, y, key.descending, key.nulls_first);
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}
