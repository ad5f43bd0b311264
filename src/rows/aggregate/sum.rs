//! Sums and averages.

use super::{function, new, new_if, predicate, summable, value_of};
use crate::compile::bound::{Accumulator, AggregateFunction};
use crate::schema::ScalarType;
use crate::value::convert::unwrap;
use crate::value::{DateTime, TimeSpan, Value, arithmetic};

type Checked = super::Checked;

/// An int is summed up as a long.
fn sum_type(types: &[ScalarType]) -> Checked {
    predicate(types, 1)?;
    summable(types).map(|given| if given == ScalarType::Int { ScalarType::Long } else { given })
}

/// Numbers have a real average; datetimes and timespans one of their own.
fn avg_type(types: &[ScalarType]) -> Checked {
    predicate(types, 1)?;
    summable(types).map(|given| match given {
        ScalarType::DateTime | ScalarType::TimeSpan | ScalarType::Decimal => given,
        _ => ScalarType::Real,
    })
}

pub(super) const FUNCTIONS: &[AggregateFunction] = &[
    function("sum", "sum(value)", "The sum; 0 if there are no values.", (1, 1), sum_type, new::<Sum>),
    function(
        "sumif",
        "sumif(value, predicate)",
        "The sum where the predicate is true.",
        (2, 2),
        sum_type,
        new_if::<Sum>,
    ),
    function("avg", "avg(value)", "The average of all that is not null; NaN of nothing.", (1, 1), avg_type, new::<Avg>),
    function(
        "avgif",
        "avgif(value, predicate)",
        "The average where the predicate is true.",
        (2, 2),
        avg_type,
        new_if::<Avg>,
    ),
];

/// Nothing yet is the whole number 0; who puts it into a column makes a real or a timespan of it.
struct Sum(Value<'static>);

impl Default for Sum {
    fn default() -> Self {
        Sum(Value::Long(0))
    }
}

impl Accumulator for Sum {
    fn add(&mut self, arguments: &[Value<'static>]) {
        let Some(value) = value_of(arguments) else {
            return;
        };
        let sum = match (&self.0, value) {
            // The zero that it began with has no type yet.
            (Value::Long(0), Value::TimeSpan(_) | Value::DateTime(_)) => value.clone(),
            (sum, value) => arithmetic::add(sum, value),
        };
        // What is no number, in a dynamic, adds nothing.
        if !sum.is_null() {
            self.0 = sum;
        }
    }

    fn finish(&mut self) -> Value<'static> {
        self.0.clone()
    }
}

/// Whole numbers and ticks are added exactly, so that the order of the rows does not show.
#[derive(Default)]
struct Avg {
    whole: i128,
    real: f64,
    count: i128,
    kind: Kind,
}

#[derive(Clone, Copy, Default)]
enum Kind {
    #[default]
    Number,
    Time,
    Span,
}

impl Accumulator for Avg {
    fn add(&mut self, arguments: &[Value<'static>]) {
        match value_of(arguments).map(unwrap) {
            Some(Value::Int(n)) => self.whole += i128::from(n),
            Some(Value::Long(n)) => self.whole += i128::from(n),
            Some(Value::Real(n)) => self.real += n,
            Some(Value::DateTime(at)) => {
                self.whole += i128::from(at.0);
                self.kind = Kind::Time;
            }
            Some(Value::TimeSpan(span)) => {
                self.whole += i128::from(span.0);
                self.kind = Kind::Span;
            }
            _ => return,
        }
        self.count += 1;
    }

    fn finish(&mut self) -> Value<'static> {
        let ticks = || i64::try_from(self.whole / self.count.max(1)).unwrap_or(0);
        match self.kind {
            Kind::Number => Value::Real((self.whole as f64 + self.real) / self.count as f64),
            Kind::Time => Value::DateTime(DateTime(ticks())),
            Kind::Span => Value::TimeSpan(TimeSpan(ticks())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{longs, over};
    use super::*;

    #[test]
    fn sums() {
        assert_eq!(over("sum", &longs(&[1, 2, 4])), Value::Long(7));
        assert_eq!(over("sum", &[Value::Int(1), Value::Null, Value::Int(2)]), Value::Long(3));
        assert_eq!(over("sum", &[Value::Real(1.5), Value::Real(2.0)]), Value::Real(3.5));
        let spans = [Value::TimeSpan(TimeSpan(-5)), Value::TimeSpan(TimeSpan(5)), Value::TimeSpan(TimeSpan(7))];
        assert_eq!(over("sum", &spans), Value::TimeSpan(TimeSpan(7)));
    }

    #[test]
    fn averages() {
        assert_eq!(over("avg", &longs(&[1, 2])), Value::Real(1.5));
        assert_eq!(over("avg", &[Value::Real(1.0), Value::Null, Value::Real(2.0)]), Value::Real(1.5));
        assert_eq!(over("avg", &longs(&[i64::MAX, i64::MAX])), Value::Real(i64::MAX as f64));
        let times = [Value::DateTime(DateTime(10)), Value::DateTime(DateTime(20))];
        assert_eq!(over("avg", &times), Value::DateTime(DateTime(15)));
    }
}
