//! Percentiles by the nearest rank: always a value that is there. Kusto estimates; here they are exact.

use super::{Checked, MANY, function, new, value_of};
use crate::compile::bound::{Accumulator, AggregateFunction};
use crate::rows::limits::value_size;
use crate::schema::ScalarType;
use crate::value::compare::sort_cmp;
use crate::value::convert::{into_dynamic, todouble};
use crate::value::{Dynamic, Value};

fn value_type(types: &[ScalarType]) -> Checked {
    Ok(match types.first().copied().unwrap_or(ScalarType::Dynamic) {
        ScalarType::Int => ScalarType::Long,
        ScalarType::Decimal => ScalarType::Real,
        other => other,
    })
}

pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    function(
        "percentile",
        "percentile(value, percentile)",
        "The least value that so many percent of the values do not exceed.",
        (2, 2),
        value_type,
        new::<Percentiles<false>>,
    ),
    function(
        "percentiles",
        "percentiles(value, percentile, ...)",
        "Several percentiles, each in a column of its own.",
        (2, MANY),
        value_type,
        new::<Percentiles<false>>,
    ),
    function(
        "percentiles_array",
        "percentiles_array(value, percentile, ...)",
        "Several percentiles, given one by one or as an array, in an array.",
        (2, MANY),
        |_| Ok(ScalarType::Dynamic),
        new::<Percentiles<true>>,
    ),
];

#[derive(Default)]
struct Percentiles<const ARRAY: bool> {
    wanted: Vec<f64>,
    values: Vec<Value<'static>>,
    bytes: usize,
}

impl<const ARRAY: bool> Percentiles<ARRAY> {
    /// The value of each percentile that is wanted. `values` are sorted.
    fn ranked(&self) -> impl Iterator<Item = Value<'static>> {
        self.wanted.iter().map(|percent| {
            let rank = (percent / 100.0 * self.values.len() as f64).ceil() as usize;
            let at = rank.saturating_sub(1).min(self.values.len().saturating_sub(1));
            self.values.get(at).cloned().unwrap_or(Value::Null)
        })
    }
}

fn percents(arguments: &[Value<'static>]) -> Vec<f64> {
    let mut wanted = Vec::new();
    let mut put = |value: &Value<'static>| {
        if let Value::Real(percent) = todouble(value) {
            wanted.push(percent);
        }
    };
    for argument in arguments {
        match argument {
            Value::Dynamic(Dynamic::Array(items)) => items.iter().for_each(|item| put(&Value::dynamic(item.clone()))),
            other => put(other),
        }
    }
    wanted
}

impl<const ARRAY: bool> Accumulator for Percentiles<ARRAY> {
    fn add(&mut self, arguments: &[Value<'static>]) {
        if self.wanted.is_empty() {
            self.wanted = percents(arguments.get(1..).unwrap_or_default());
        }
        if let Some(value) = value_of(arguments) {
            self.bytes += value_size(value);
            self.values.push(value.clone());
        }
    }

    fn finish(&mut self) -> Value<'static> {
        self.values.sort_by(|a, b| sort_cmp(a, b, false, true));
        if ARRAY {
            return Value::Dynamic(Dynamic::Array(self.ranked().map(into_dynamic).collect()));
        }
        self.ranked().next().unwrap_or(Value::Null)
    }

    fn rest(&mut self) -> Vec<Value<'static>> {
        if ARRAY { Vec::new() } else { self.ranked().skip(1).collect() }
    }

    fn size(&self) -> usize {
        64 + self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{longs, over_rows};
    use super::*;
    use crate::value::convert;

    #[test]
    fn nearest_ranks() {
        let rows = |percents: &[i64]| -> Vec<Vec<Value<'static>>> {
            let row = |n: i64| [longs(&[n]), longs(percents)].concat();
            [9, 1, 8, 2, 7, 3, 6, 4, 5, 10].map(row).to_vec()
        };
        for (percent, expected) in [(0, 1), (5, 1), (10, 1), (11, 2), (50, 5), (95, 10), (100, 10), (200, 10)] {
            assert_eq!(over_rows("percentile", &rows(&[percent])), longs(&[expected]), "{percent}");
        }
        assert_eq!(over_rows("percentiles", &rows(&[5, 50, 95])), longs(&[1, 5, 10]));
        assert_eq!(convert::text(&over_rows("percentiles_array", &rows(&[5, 50]))[0]), "[1,5]");
    }
}
