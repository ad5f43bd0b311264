//! Periods of a series: how it is found out what a series repeats after.
//!
//! Kusto documents no rule. This one gives all the answers of the Kusto Emulator that are recorded for the documentation's
//! examples. A series is laid on itself, shifted by each number of places and around its end; how alike the two are is scaled so
//! that the least is 0 and no shift is 1. That is the score of a shift. A frequency that is stronger than the average points
//! to a period, and the period is the best shift between the frequency's neighbours, if it does not stand at their edge.

use std::f64::consts::PI;

use super::arguments::{array_at, long_at, real_at};
use super::series::{bag, number};
use super::{Function, Param};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const DYNAMIC: ScalarType = ScalarType::Dynamic;
const SERIES: Param = Param::Is(DYNAMIC);
const REAL: Param = Param::Is(ScalarType::Real);

/// The shortest period (documentation of `series_periods_detect()`); the longest is half of the series.
const SHORTEST: usize = 4;

/// How many periods `series_periods_validate()` takes.
const MAX_VALIDATED: usize = 16;

/// How many periods may be asked for; of more, as many are given.
const MAX_DETECTED: i64 = 1024;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "series_periods_detect_dynamic",
        "series_periods_detect_dynamic(series, min_period, max_period, num_periods)",
        "A bag of periods and scores: the best periods of a series between two lengths, and how alike the series is to itself \
         so much later, from 0 to 1. Zeros where there are fewer; 1024 at the most. \
         Source: https://learn.microsoft.com/kusto/query/series-periods-detect-function",
    )
    .takes(4, 4, &[SERIES, REAL, REAL, Param::Is(ScalarType::Long)])
    .calls(DYNAMIC, |_, a| {
        let found = detected(a);
        found.map_or(Value::Null, |(periods, scores)| periods_and_scores(periods, scores))
    }),
    Function::of(
        "series_periods_validate_dynamic",
        "series_periods_validate_dynamic(series, period, ...)",
        "A bag of periods and scores: of each period that is asked for how alike the series is to itself so much later, and 0 \
         where a period nearby does better. \
         Source: https://learn.microsoft.com/kusto/query/series-periods-validate-function",
    )
    .takes(2, 1 + MAX_VALIDATED, &[SERIES, REAL])
    .calls(DYNAMIC, |_, a| {
        let periods: Option<Vec<f64>> = (1..a.len()).map(|at| real_at(a, at)).collect();
        values_of(a).zip(periods).map_or(Value::Null, |(values, periods)| {
            let shifts = Shifts::of(&values);
            let scores = periods.iter().map(|period| shifts.as_ref().map_or(0.0, |shifts| shifts.validated(*period)));
            let scores = scores.collect();
            periods_and_scores(periods, scores)
        })
    }),
];

fn values_of(arguments: &[Value<'_>]) -> Option<Vec<f64>> {
    array_at(arguments, 0)?.iter().map(number).collect()
}

fn detected(arguments: &[Value<'_>]) -> Option<(Vec<f64>, Vec<f64>)> {
    let values = values_of(arguments)?;
    let (shortest, longest) = (real_at(arguments, 1)?, real_at(arguments, 2)?);
    let count = usize::try_from(long_at(arguments, 3)?.clamp(0, MAX_DETECTED)).ok()?;
    let mut found = Shifts::of(&values).map_or(Vec::new(), |shifts| shifts.periods());
    found.retain(|(period, _)| (shortest..=longest).contains(&(*period as f64)));
    let (mut periods, mut scores): (Vec<f64>, Vec<f64>) =
        found.into_iter().map(|(period, score)| (period as f64, score)).unzip();
    periods.resize(count, 0.0);
    scores.resize(count, 0.0);
    Some((periods, scores))
}

fn periods_and_scores<'a>(periods: Vec<f64>, scores: Vec<f64>) -> Value<'a> {
    let array = |numbers: Vec<f64>| Dynamic::Array(numbers.into_iter().map(Dynamic::Real).collect());
    bag(vec![("periods", array(periods)), ("scores", array(scores))])
}

/// The best period of a series, if its score is at least that; 0 if there is none.
pub(super) fn best(values: &[f64], least: f64) -> usize {
    let found = Shifts::of(values).and_then(|shifts| shifts.periods().into_iter().next());
    found.filter(|(_, score)| *score >= least).map_or(0, |(period, _)| period)
}

/// What a series is against itself.
struct Shifts {
    /// Of each shift, how alike: from 0 to 1.
    scores: Vec<f64>,
    /// The square of each frequency's strength: so many times in the series.
    power: Vec<f64>,
}

impl Shifts {
    /// `None` where nothing can repeat: the series is too short, or all of its values are the same.
    fn of(values: &[f64]) -> Option<Shifts> {
        if values.len() < 2 * SHORTEST {
            return None;
        }
        let average = values.iter().sum::<f64>() / values.len() as f64;
        let around: Vec<f64> = values.iter().map(|value| value - average).collect();
        // Both are transforms: what repeats is strong at its frequency, and the strengths' own transform is the likeness.
        let power: Vec<f64> = transform(&around).into_iter().map(|(re, im)| re * re + im * im).collect();
        let likeness: Vec<f64> = transform(&power).into_iter().map(|(re, _)| re).collect();
        let (same, least) = (likeness[0], likeness.iter().copied().fold(f64::INFINITY, f64::min));
        let range = same - least;
        let is_flat = range.is_nan() || range <= 0.0 || around.iter().all(|value| *value == around[0]);
        (!is_flat)
            .then(|| Shifts { scores: likeness.iter().map(|likeness| (likeness - least) / range).collect(), power })
    }

    /// All periods, the best first and of equal ones the shortest.
    fn periods(&self) -> Vec<(usize, f64)> {
        let half = self.power.len() / 2;
        let average = self.power[1..=half].iter().sum::<f64>() / half as f64;
        let strong = (2..=self.power.len() / SHORTEST).filter(|at| self.power[*at] > average);
        let mut periods: Vec<usize> = strong.filter_map(|at| self.top(at)).collect();
        periods.sort_unstable();
        periods.dedup();
        let mut found: Vec<(usize, f64)> = periods.into_iter().map(|period| (period, self.scores[period])).collect();
        found.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        found
    }

    /// The best shift between the neighbours of a frequency.
    fn top(&self, frequency: usize) -> Option<usize> {
        let (count, at) = (self.scores.len() as f64, frequency as f64);
        if frequency < 2 {
            return None;
        }
        let from = ((count / (at + 1.0) + count / at) / 2.0 - 1.0).floor().max(0.0) as usize;
        let to = ((count / at + count / (at - 1.0)) / 2.0 + 1.0).ceil() as usize;
        let to = to.min(self.scores.len() - 1);
        let mut top = from;
        for shift in from..=to {
            if self.scores[shift] > self.scores[top] {
                top = shift;
            }
        }
        (from < top && top < to && (SHORTEST..=self.scores.len() / 2).contains(&top)).then_some(top)
    }

    fn validated(&self, period: f64) -> f64 {
        let places = period.round();
        if !(SHORTEST as f64..=self.scores.len() as f64 / 2.0).contains(&period) {
            return 0.0;
        }
        let top = self.top((self.scores.len() as f64 / period).round() as usize);
        top.filter(|top| *top as f64 == places).map_or(0.0, |top| self.scores[top])
    }
}

type Complex = (f64, f64);

fn times((a, b): Complex, (c, d): Complex) -> Complex {
    (a * c - b * d, a * d + b * c)
}

/// The Fourier transform of as many numbers as there are: as a convolution of a power of two (Bluestein), since a series has
/// any length and the time must not grow with its square.
fn transform(values: &[f64]) -> Vec<Complex> {
    let count = values.len();
    let size = (2 * count).next_power_of_two();
    let turn = |at: usize| {
        // The square is taken within the circle, or the angle would lose its digits.
        let (sin, cos) = (PI * ((at * at) % (2 * count)) as f64 / count as f64).sin_cos();
        (cos, -sin)
    };
    let turns: Vec<Complex> = (0..count).map(turn).collect();
    let (mut left, mut right) = (vec![(0.0, 0.0); size], vec![(0.0, 0.0); size]);
    for (at, (value, (cos, sin))) in values.iter().zip(&turns).enumerate() {
        left[at] = (value * cos, value * sin);
        right[at] = (*cos, -sin);
        right[(size - at) % size] = (*cos, -sin);
    }
    transform_in_place(&mut left, -1.0);
    transform_in_place(&mut right, -1.0);
    left.iter_mut().zip(&right).for_each(|(left, right)| *left = times(*left, *right));
    transform_in_place(&mut left, 1.0);
    let scaled = |(value, turn): (&Complex, &Complex)| {
        let (re, im) = times(*value, *turn);
        (re / size as f64, im / size as f64)
    };
    left.iter().zip(&turns).map(scaled).collect()
}

/// The same of a power of two, forward (`-1`) or back (`1`).
fn transform_in_place(values: &mut [Complex], direction: f64) {
    let count = values.len();
    if count < 2 {
        return;
    }
    let unused = usize::BITS - count.trailing_zeros();
    for at in 0..count {
        let other = at.reverse_bits() >> unused;
        if at < other {
            values.swap(at, other);
        }
    }
    let mut half = 1;
    while half < count {
        let turns: Vec<Complex> = (0..half)
            .map(|at| {
                let (sin, cos) = (direction * PI * at as f64 / half as f64).sin_cos();
                (cos, sin)
            })
            .collect();
        for block in values.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for ((low, high), turn) in low.iter_mut().zip(high).zip(&turns) {
                let turned = times(*high, *turn);
                *high = (low.0 - turned.0, low.1 - turned.1);
                *low = (low.0 + turned.0, low.1 + turned.1);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, json, json_of};
    use super::*;

    /// Traffic of a month, twice a day (the documentation of `series_periods_detect()`).
    const TRAFFIC: [u8; 60] = [
        80, 139, 87, 110, 68, 54, 50, 51, 53, 133, 86, 141, 97, 156, 94, 149, 95, 140, 77, 61, 50, 54, 47, 133, 72,
        152, 94, 148, 105, 162, 101, 160, 87, 63, 53, 55, 54, 151, 103, 189, 108, 183, 113, 175, 113, 178, 90, 71, 62,
        62, 65, 165, 109, 181, 115, 182, 121, 178, 114, 170,
    ];

    fn traffic() -> Value<'static> {
        Value::dynamic(Dynamic::Array(TRAFFIC.iter().map(|n| Dynamic::Long(i64::from(*n))).collect()))
    }

    fn numbers(bag: &Value<'_>, member: &str) -> Vec<f64> {
        let Value::Dynamic(bag) = bag else { return Vec::new() };
        match bag.member(member) {
            Dynamic::Array(elements) => elements.iter().filter_map(number).collect(),
            _ => Vec::new(),
        }
    }

    /// As the Kusto Emulator answers the documentation's examples.
    #[test]
    fn periods_and_scores_are_kustos() {
        let arguments = [traffic(), Value::Real(0.0), Value::Real(50.0), Value::Long(2)];
        let found = call("series_periods_detect_dynamic", &arguments);
        assert_eq!(numbers(&found, "periods"), [14.0, 0.0]);
        assert!((numbers(&found, "scores")[0] - 0.840_555_879_409_144_3).abs() < 1e-13, "{found:?}");
        let asked = call("series_periods_validate_dynamic", &[traffic(), Value::Real(14.0), Value::Real(10.0)]);
        assert_eq!(numbers(&asked, "periods"), [14.0, 10.0]);
        let scores = numbers(&asked, "scores");
        assert!((scores[0] - 0.840_555_879_409_144_3).abs() < 1e-13 && scores[1] == 0.0, "{scores:?}");
    }

    #[test]
    fn what_does_not_repeat_has_no_period() {
        let best = |series: &'static str| values_of(&[json(series)]).map(|values| best(&values, 0.6));
        assert_eq!(best("[1,5,4,4,5,9,2,1,5,4,4,5,9,2,1,5,4,4,5,9,2]"), Some(7));
        assert_eq!(best("[5,5,5,5,5,5,5,5,5,5,5,5]"), Some(0));
        assert_eq!(best("[1,2,3,1,2,3,1]"), Some(0), "too short");
        assert_eq!(best("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]"), Some(0));
        assert_eq!(best("[0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1]"), Some(0));
        assert_eq!(best("[1,null,3]"), None);
        assert_eq!(json_of("series_periods_validate_dynamic", &[json("[]"), Value::Real(4.0)]), {
            r#"{"periods":[4],"scores":[0]}"#
        });
    }

    /// Of every length: what the definition gives.
    #[test]
    fn a_transform_is_that_of_the_definition() {
        for count in 8..80_usize {
            let values: Vec<f64> = (0..count).map(|at| ((at * 7919) % 101) as f64).collect();
            for (frequency, (re, im)) in transform(&values).into_iter().enumerate() {
                let angle = |at: usize| std::f64::consts::TAU * (frequency * at % count) as f64 / count as f64;
                let sum =
                    |part: fn(f64) -> f64| values.iter().enumerate().map(|(at, v)| v * part(angle(at))).sum::<f64>();
                assert!((re - sum(f64::cos)).abs() < 1e-8, "{count} {frequency}");
                assert!((im.abs() - sum(f64::sin).abs()).abs() < 1e-8, "{count} {frequency}");
            }
        }
    }
}
