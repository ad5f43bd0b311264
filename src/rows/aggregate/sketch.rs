//! `hll()` and `tdigest()`: sketches of values, which functions ask later.

use super::{Checked, function, new, number, predicate, refused, value_of};
use crate::compile::bound::{Accumulator, AggregateFunction};
use crate::rows::key;
use crate::schema::ScalarType;
use crate::value::Value;
use crate::value::convert::{todouble, tolong};
use crate::value::sketch::{Hll, TDigest};

fn any(_: &[ScalarType]) -> Checked {
    Ok(ScalarType::Dynamic)
}

fn any_if(types: &[ScalarType]) -> Checked {
    predicate(types, 1).map(|()| ScalarType::Dynamic)
}

fn sketch(types: &[ScalarType]) -> Checked {
    match types.first() {
        Some(ScalarType::Dynamic) | None => Ok(ScalarType::Dynamic),
        Some(other) => refused(0, "a sketch, which is a dynamic", *other),
    }
}

fn numbers(types: &[ScalarType]) -> Checked {
    number(types).and_then(|_| number(types.get(1..).unwrap_or_default())).map(|_| ScalarType::Dynamic)
}

const MERGE: &str = "What tdigest() would have kept of the values of all sketches in a group.";

/// <https://learn.microsoft.com/kusto/query/hll-aggregation-function>, …/tdigest-aggregation-function.
pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    function(
        "hll",
        "hll(value, [accuracy])",
        "A sketch of the different values, at accuracy 0 to 4 (1), for dcount_hll() and hll_merge(); null of none.",
        (1, 2),
        any,
        new::<Distinct<false>>,
    ),
    function(
        "hll_if",
        "hll_if(value, predicate, [accuracy])",
        "A sketch, as of hll(), of the values where the predicate is true.",
        (2, 3),
        any_if,
        new::<Distinct<true>>,
    ),
    function(
        "hll_merge",
        "hll_merge(sketch)",
        "What hll() would have kept of the values of all sketches in a group; null where they have different accuracies.",
        (1, 1),
        sketch,
        new::<Merged>,
    ),
    function(
        "tdigest",
        "tdigest(number, [weight])",
        "A sketch of how numbers are spread, for percentile_tdigest() and its like; null of none. Of other types it is not \
         supported.",
        (1, 2),
        numbers,
        new::<Spread>,
    ),
    function("tdigest_merge", "tdigest_merge(sketch)", MERGE, (1, 1), sketch, new::<MergedSpread>),
    function("merge_tdigest", "merge_tdigest(sketch)", MERGE, (1, 1), sketch, new::<MergedSpread>),
];

/// `hll()`, and `hll_if()` with a predicate behind the value.
#[derive(Default)]
struct Distinct<const IF: bool> {
    seen: Option<Hll>,
}

impl<const IF: bool> Accumulator for Distinct<IF> {
    fn add(&mut self, arguments: &[Value<'static>]) {
        if IF && arguments.get(1) != Some(&Value::Bool(true)) {
            return;
        }
        let accuracy = match arguments.get(1 + usize::from(IF)).map(tolong) {
            Some(Value::Long(accuracy)) => accuracy,
            _ => 1,
        };
        if let Some(value) = value_of(arguments) {
            let hash = twox_hash::XxHash64::oneshot(0, &key::of(std::slice::from_ref(value)));
            if self.seen.is_none() {
                self.seen = Hll::new(accuracy);
            }
            if let Some(seen) = &mut self.seen {
                seen.add(hash);
            }
        }
    }

    fn finish(&mut self) -> Value<'static> {
        self.seen.as_ref().map_or(Value::Null, Hll::value)
    }

    fn size(&self) -> usize {
        64 + self.seen.as_ref().map_or(0, Hll::size)
    }
}

/// `hll_merge()`
#[derive(Default)]
struct Merged {
    seen: Option<Hll>,
    differ: bool,
}

impl Accumulator for Merged {
    fn add(&mut self, arguments: &[Value<'static>]) {
        let Some(next) = arguments.first().and_then(Hll::read) else { return };
        self.seen = match self.seen.take() {
            None => Some(next),
            Some(seen) => seen.merged(&next),
        };
        self.differ |= self.seen.is_none();
    }

    fn finish(&mut self) -> Value<'static> {
        self.seen.as_ref().filter(|_| !self.differ).map_or(Value::Null, Hll::value)
    }

    fn size(&self) -> usize {
        64 + self.seen.as_ref().map_or(0, Hll::size)
    }
}

/// `tdigest()`
#[derive(Default)]
struct Spread(TDigest);

impl Accumulator for Spread {
    fn add(&mut self, arguments: &[Value<'static>]) {
        let weight = match arguments.get(1).map(todouble) {
            Some(Value::Real(weight)) => weight,
            Some(_) => return,
            None => 1.0,
        };
        if let Some(value) = value_of(arguments)
            && let Value::Real(number) = todouble(value)
        {
            self.0.add(number, weight, matches!(value, Value::Int(_) | Value::Long(_)));
        }
    }

    fn finish(&mut self) -> Value<'static> {
        std::mem::take(&mut self.0).value()
    }

    fn size(&self) -> usize {
        64 + self.0.size()
    }
}

/// `tdigest_merge()`
#[derive(Default)]
struct MergedSpread(TDigest);

impl Accumulator for MergedSpread {
    fn add(&mut self, arguments: &[Value<'static>]) {
        if let Some(next) = arguments.first().and_then(TDigest::read) {
            self.0.merge(next);
        }
    }

    fn finish(&mut self) -> Value<'static> {
        std::mem::take(&mut self.0).value()
    }

    fn size(&self) -> usize {
        64 + self.0.size()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::{longs, over, over_rows};
    use super::*;

    #[test]
    fn sketches_are_merged() {
        let (low, high) = (over("hll", &longs(&[1, 2, 3, 3])), over("hll", &longs(&[3, 4])));
        assert_eq!(Hll::read(&low).unwrap().estimate(), 3);
        let both = over("hll_merge", &[low.clone(), high]);
        assert_eq!(Hll::read(&both).unwrap().estimate(), 4);
        let rough = over_rows("hll", &[longs(&[7, 0])])[0].clone();
        assert_eq!(over("hll_merge", &[low.clone(), rough, low]), Value::Null);
        let spread = over("tdigest", &longs(&[1, 2, 3]));
        let twice = over("tdigest_merge", &[spread.clone(), spread]);
        assert_eq!(TDigest::read(&twice).unwrap().weight(), 6.0);
        let weighed = over_rows("tdigest", &[longs(&[1, 1]), longs(&[2, 2])])[0].clone();
        assert_eq!(TDigest::read(&weighed).unwrap().percentile(50.0), Some(2.0));
    }
}
