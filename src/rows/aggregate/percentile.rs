//! Percentiles by the nearest rank: always a value that is there. Kusto estimates; here they are exact.

use super::{Checked, MANY, function, new, refused, value_of};
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

/// A weight is a whole number.
fn weighted(types: &[ScalarType]) -> Checked {
    match types.get(1) {
        Some(ScalarType::Int | ScalarType::Long) => value_type(types),
        Some(other) => refused(1, "a whole number", *other),
        None => value_type(types),
    }
}

pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    function(
        "percentile",
        "percentile(value, percentile)",
        "The least value that so many percent of the values do not exceed.",
        (2, 2),
        value_type,
        new::<Percentiles<false, false>>,
    ),
    function(
        "percentiles",
        "percentiles(value, percentile, ...)",
        "Several percentiles, each in a column of its own.",
        (2, MANY),
        value_type,
        new::<Percentiles<false, false>>,
    ),
    function(
        "percentiles_array",
        "percentiles_array(value, percentile, ...)",
        "Several percentiles, given one by one or as an array, in an array.",
        (2, MANY),
        |_| Ok(ScalarType::Dynamic),
        new::<Percentiles<true, false>>,
    ),
    function(
        "percentilew",
        "percentilew(value, weight, percentile)",
        "The least value such that it and what is less have so many percent of all weight.",
        (3, 3),
        weighted,
        new::<Percentiles<false, true>>,
    ),
    function(
        "percentilesw",
        "percentilesw(value, weight, percentile, ...)",
        "Several weighted percentiles, each in a column of its own.",
        (3, MANY),
        weighted,
        new::<Percentiles<false, true>>,
    ),
    function(
        "percentilesw_array",
        "percentilesw_array(value, weight, percentile, ...)",
        "Several weighted percentiles, given one by one or as an array, in an array.",
        (3, MANY),
        |types| weighted(types).map(|_| ScalarType::Dynamic),
        new::<Percentiles<true, true>>,
    ),
];

/// The values, each with its weight, which is 1 where none is given.
#[derive(Default)]
struct Percentiles<const ARRAY: bool, const WEIGHTED: bool> {
    wanted: Vec<f64>,
    values: Vec<(Value<'static>, u64)>,
    bytes: usize,
}

impl<const ARRAY: bool, const WEIGHTED: bool> Percentiles<ARRAY, WEIGHTED> {
    /// The value of each percentile that is wanted. `values` are sorted.
    fn ranked(&self) -> impl Iterator<Item = Value<'static>> {
        let mut upto = Vec::with_capacity(self.values.len());
        let mut total = 0u64;
        for (_, weight) in &self.values {
            total = total.saturating_add(*weight);
            upto.push(total);
        }
        self.wanted.iter().map(move |percent| {
            let rank = ((percent * total as f64 / 100.0).ceil() as u64).max(1);
            let at = upto.partition_point(|upto| *upto < rank).min(upto.len().saturating_sub(1));
            self.values.get(at).map_or(Value::Null, |(value, _)| value.clone())
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

impl<const ARRAY: bool, const WEIGHTED: bool> Accumulator for Percentiles<ARRAY, WEIGHTED> {
    fn add(&mut self, arguments: &[Value<'static>]) {
        if self.wanted.is_empty() {
            self.wanted = percents(arguments.get(1 + usize::from(WEIGHTED)..).unwrap_or_default());
        }
        let weight = match arguments.get(1) {
            Some(Value::Long(n)) if WEIGHTED => u64::try_from(*n).unwrap_or(0),
            Some(Value::Int(n)) if WEIGHTED => u64::try_from(*n).unwrap_or(0),
            _ => u64::from(!WEIGHTED),
        };
        if let Some(value) = value_of(arguments).filter(|_| weight > 0) {
            self.bytes += value_size(value) + size_of::<u64>();
            self.values.push((value.clone(), weight));
        }
    }

    fn finish(&mut self) -> Value<'static> {
        self.values.sort_by(|(a, _), (b, _)| sort_cmp(a, b, false, true));
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
        let weighted = |percents: &[i64]| -> Vec<Vec<Value<'static>>> {
            let row = |(n, weight): (i64, i64)| [longs(&[n, weight]), longs(percents)].concat();
            [(10, 1), (20, 0), (30, 8), (40, 1), (50, -1)].map(row).to_vec()
        };
        for (percent, expected) in [(0, 10), (10, 10), (11, 30), (90, 30), (91, 40), (100, 40)] {
            assert_eq!(over_rows("percentilew", &weighted(&[percent])), longs(&[expected]), "{percent}");
        }
        assert_eq!(convert::text(&over_rows("percentilesw_array", &weighted(&[5, 50]))[0]), "[10,30]");
        assert_eq!(convert::text(&over_rows("percentiles_array", &rows(&[5, 50]))[0]), "[1,5]");
    }
}
