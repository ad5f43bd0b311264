//! Covariance, of a sample and of a population.

use super::{Checked, function, new, number, predicate};
use crate::compile::bound::{Accumulator, AggregateFunction};
use crate::schema::ScalarType;
use crate::value::Value;
use crate::value::convert::todouble;

fn real(types: &[ScalarType]) -> Checked {
    number(types.get(1..).unwrap_or_default())?;
    predicate(types, 2)?;
    number(types).map(|_| ScalarType::Real)
}

const SAMPLE: &str = "The covariance of two values, the rows being a sample; 0 of fewer than two.";
const POPULATION: &str = "The covariance of two values, the rows being all there are.";

/// <https://learn.microsoft.com/kusto/query/covariance-aggregation-function> and its neighbours.
pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    function("covariance", "covariance(x, y)", SAMPLE, (2, 2), real, new::<Covariance<true>>),
    function("covarianceif", "covarianceif(x, y, predicate)", SAMPLE, (3, 3), real, new::<Covariance<true>>),
    function("covariancep", "covariancep(x, y)", POPULATION, (2, 2), real, new::<Covariance<false>>),
    function("covariancepif", "covariancepif(x, y, predicate)", POPULATION, (3, 3), real, new::<Covariance<false>>),
];

/// Means, and the products of the distances from them, brought up to date with each row (Welford's way).
#[derive(Default)]
struct Covariance<const SAMPLE: bool> {
    count: f64,
    means: (f64, f64),
    products: f64,
}

impl<const SAMPLE: bool> Accumulator for Covariance<SAMPLE> {
    fn add(&mut self, arguments: &[Value<'static>]) {
        let [x, y, predicate @ ..] = arguments else { return };
        let (Value::Real(x), Value::Real(y)) = (todouble(x), todouble(y)) else { return };
        if predicate.iter().any(|predicate| *predicate != Value::Bool(true)) {
            return;
        }
        self.count += 1.0;
        let distance = x - self.means.0;
        self.means.0 += distance / self.count;
        self.means.1 += (y - self.means.1) / self.count;
        self.products += distance * (y - self.means.1);
    }

    fn finish(&mut self) -> Value<'static> {
        let divisor = if SAMPLE { self.count - 1.0 } else { self.count };
        Value::Real(if divisor < 1.0 { 0.0 } else { self.products / divisor })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::over_rows;
    use super::*;

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn of_samples_and_populations() {
        let rows = [(1.0, 14.0), (2.0, 10.0), (3.0, 17.0), (4.0, 20.0), (5.0, 50.0)]
            .map(|(x, y)| vec![Value::Real(x), Value::Real(y)]);
        assert_eq!(over_rows("covariance", &rows), [Value::Real(20.5)]);
        assert_eq!(over_rows("covariancep", &rows), [Value::Real(16.4)]);
        let none = rows.clone().map(|row| [row, vec![Value::Bool(false)]].concat());
        assert_eq!(over_rows("covarianceif", &none), [Value::Real(0.0)]);
        let all = rows.map(|row| [row, vec![Value::Bool(true)]].concat());
        assert_eq!(over_rows("covariancepif", &all), [Value::Real(16.4)]);
    }
}
