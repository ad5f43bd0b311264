//! Standard deviation and variance, of a sample and of a population.

use super::{Checked, function, new, new_if, number, predicate, value_of};
use crate::compile::bound::{Accumulator, AggregateFunction};
use crate::schema::ScalarType;
use crate::value::Value;
use crate::value::convert::todouble;

fn real(types: &[ScalarType]) -> Checked {
    predicate(types, 1)?;
    number(types).map(|_| ScalarType::Real)
}

type Stdev = Spread<true, true>;
type Stdevp = Spread<false, true>;
type Variance = Spread<true, false>;
type Variancep = Spread<false, false>;

const STDEV: &str = "The standard deviation, the values being a sample; 0 of fewer than two.";
const STDEVP: &str = "The standard deviation, the values being all there are.";
const VARIANCE: &str = "The variance, the values being a sample; 0 of fewer than two.";
const VARIANCEP: &str = "The variance, the values being all there are.";

pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    function("stdev", "stdev(value)", STDEV, (1, 1), real, new::<Stdev>),
    function("stdevif", "stdevif(value, predicate)", STDEV, (2, 2), real, new_if::<Stdev>),
    function("stdevp", "stdevp(value)", STDEVP, (1, 1), real, new::<Stdevp>),
    function("variance", "variance(value)", VARIANCE, (1, 1), real, new::<Variance>),
    function("varianceif", "varianceif(value, predicate)", VARIANCE, (2, 2), real, new_if::<Variance>),
    function("variancep", "variancep(value)", VARIANCEP, (1, 1), real, new::<Variancep>),
    function("variancepif", "variancepif(value, predicate)", VARIANCEP, (2, 2), real, new_if::<Variancep>),
];

/// The mean and the squared distances from it, brought up to date with each value (Welford's way), which keeps the digits
/// that a sum of squares would lose.
#[derive(Default)]
struct Spread<const SAMPLE: bool, const ROOT: bool> {
    count: f64,
    mean: f64,
    squares: f64,
}

impl<const SAMPLE: bool, const ROOT: bool> Accumulator for Spread<SAMPLE, ROOT> {
    fn add(&mut self, arguments: &[Value<'static>]) {
        if let Some(Value::Real(n)) = value_of(arguments).map(todouble) {
            self.count += 1.0;
            let distance = n - self.mean;
            self.mean += distance / self.count;
            self.squares += distance * (n - self.mean);
        }
    }

    fn finish(&mut self) -> Value<'static> {
        let divisor = if SAMPLE { self.count - 1.0 } else { self.count };
        let variance = if divisor < 1.0 { 0.0 } else { self.squares / divisor };
        Value::Real(if ROOT { variance.sqrt() } else { variance })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{longs, over};
    use super::*;

    #[test]
    fn of_samples_and_populations() {
        let values = longs(&[1, 2, 3, 4, 5]);
        assert_eq!(over("stdev", &values), Value::Real(2.5_f64.sqrt()));
        assert_eq!(over("stdevp", &values), Value::Real(2.0_f64.sqrt()));
        assert_eq!(over("variance", &values), Value::Real(2.5));
        assert_eq!(over("variancep", &values), Value::Real(2.0));
        assert_eq!(over("stdev", &longs(&[7])), Value::Real(0.0));
    }
}
