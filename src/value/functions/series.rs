//! Functions of series: arrays of numbers. Those alone whose values Kusto's documentation gives to the digit; for the
//! others see `refused`.

use std::sync::Arc;

use super::arguments::{argument, array_at};
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const DYNAMIC: ScalarType = ScalarType::Dynamic;
const SERIES: Param = Param::Is(DYNAMIC);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "series_fit_line_dynamic",
        "series_fit_line_dynamic(series)",
        "The line of least squares: a bag of rsquare, slope, variance, rvariance, interception, line_fit. Null for fewer than \
         two elements, and where one is no number.",
    )
    .takes(1, 1, &[SERIES])
    .calls(DYNAMIC, fit_line),
    Function::of(
        "series_fit_2lines_dynamic",
        "series_fit_2lines_dynamic(series)",
        "The two lines of least squares, left and right of the best split: a bag of rsquare, split_idx, variance, rvariance, \
         line_fit, right and left. Null for fewer than two elements, and where one is no number.",
    )
    .takes(1, 1, &[SERIES])
    .calls(DYNAMIC, fit_2lines),
    Function::of(
        "series_stats_dynamic",
        "series_stats_dynamic(series, [ignore_nonfinite])",
        "A bag of min, min_idx, max, max_idx, avg, stdev, variance, sum, len. Null for an array of none, and where an element \
         is no finite number, unless those are to be passed over.",
    )
    .takes(1, 2, &[SERIES, Param::Is(ScalarType::Bool)])
    .calls(DYNAMIC, stats),
];

/// What an element counts as, if it is a finite number.
pub(super) fn number(element: &Dynamic<'_>) -> Option<f64> {
    match element {
        Dynamic::Long(n) => Some(*n as f64),
        Dynamic::Real(n) => Some(*n).filter(|n| n.is_finite()),
        _ => None,
    }
}

pub(super) fn bag(members: Vec<(&'static str, Dynamic<'static>)>) -> Value<'static> {
    let members: Arc<[_]> = members.into_iter().map(|(name, value)| (name.into(), value)).collect();
    Value::Dynamic(Dynamic::Bag(members))
}

/// The sum of the squares of what values differ from their average by.
fn spread(values: &[f64], average: f64) -> f64 {
    values.iter().map(|y| (y - average).powi(2)).sum()
}

/// The line of least squares through values at 0, 1, 2, ….
pub(super) struct Line {
    slope: f64,
    /// What it is worth at the first value.
    first: f64,
    variance: f64,
    rvariance: f64,
    rsquare: Option<f64>,
    /// The sum of the squares of what the values differ from it by.
    rest: f64,
}

impl Line {
    /// Through one value it is flat; there must be one.
    pub(super) fn through(values: &[f64]) -> Line {
        let count = values.len() as f64;
        let (middle, average) = ((count - 1.0) / 2.0, values.iter().sum::<f64>() / count);
        let along: f64 = (0..values.len()).map(|x| (x as f64 - middle).powi(2)).sum();
        let both: f64 = values.iter().enumerate().map(|(x, y)| (x as f64 - middle) * (y - average)).sum();
        let slope = if values.len() > 1 { both / along } else { 0.0 };
        let first = average - slope * middle;
        let spread = spread(values, average);
        let rest: f64 = values.iter().enumerate().map(|(x, y)| (y - (first + slope * x as f64)).powi(2)).sum();
        let degrees = (count - 1.0).max(1.0);
        Line {
            slope,
            first,
            variance: spread / degrees,
            rvariance: rest / degrees,
            rsquare: (spread > 0.0).then(|| 1.0 - rest / spread),
            rest,
        }
    }

    pub(super) fn at(&self, x: usize) -> f64 {
        self.first + self.slope * x as f64
    }

    /// Its members in a bag. The line is drawn from 0 on, and its interception counts from 1 on: so it is in Kusto's example.
    fn members(&self) -> Vec<(&'static str, Dynamic<'static>)> {
        vec![
            ("rsquare", self.rsquare.map_or(Dynamic::Null, Dynamic::Real)),
            ("slope", Dynamic::Real(self.slope)),
            ("variance", Dynamic::Real(self.variance)),
            ("rvariance", Dynamic::Real(self.rvariance)),
            ("interception", Dynamic::Real(self.first - self.slope)),
        ]
    }
}

fn fit_line<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(values) = numbers(arguments) else { return Value::Null };
    let line = Line::through(&values);
    let mut members = line.members();
    members.push(("line_fit", Dynamic::Array((0..values.len()).map(|x| Dynamic::Real(line.at(x))).collect())));
    bag(members)
}

/// The numbers of a series of two or more.
fn numbers(arguments: &[Value<'_>]) -> Option<Vec<f64>> {
    let values: Option<Vec<f64>> = array_at(arguments, 0)?.iter().map(number).collect();
    values.filter(|values| values.len() > 1)
}

/// The two lines, left and right of a split, that leave the least of the values' variance. `split_idx` is where the right one
/// begins: Kusto's own series_shapes_fl() counts from the left line's first value to it.
fn fit_2lines<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(values) = numbers(arguments) else { return Value::Null };
    let at = best_split(&values);
    let (left, right) = (Line::through(&values[..at]), Line::through(&values[at..]));
    let count = values.len() as f64;
    let spread = spread(&values, values.iter().sum::<f64>() / count);
    let rest = left.rest + right.rest;
    let fitted = (0..values.len()).map(|x| Dynamic::Real(if x < at { left.at(x) } else { right.at(x - at) }));
    let side = |line: &Line| Dynamic::Bag(line.members().into_iter().map(|(n, v)| (n.into(), v)).collect());
    bag(vec![
        ("rsquare", if spread > 0.0 { Dynamic::Real(1.0 - rest / spread) } else { Dynamic::Null }),
        ("split_idx", Dynamic::Long(i64::try_from(at).unwrap_or(i64::MAX))),
        ("variance", Dynamic::Real(spread / (count - 1.0))),
        ("rvariance", Dynamic::Real(rest / (count - 1.0))),
        ("line_fit", Dynamic::Array(fitted.collect())),
        ("right", side(&right)),
        ("left", side(&left)),
    ])
}

/// Where two lines leave the least of the values, of which there are two or more. What a line leaves of the values before and
/// behind each place is had from their sums, so that all places are tried in one walk.
fn best_split(values: &[f64]) -> usize {
    let before = left_by_lines(values.iter());
    let mut behind = left_by_lines(values.iter().rev());
    behind.reverse();
    let both = (1..values.len()).map(|at| (at, before[at - 1] + behind[at]));
    both.reduce(|best, next| if next.1 < best.1 { next } else { best }).map_or(1, |(at, _)| at)
}

/// For each beginning of the values, what a line through it leaves: the sum of the squares of what they differ from it by.
fn left_by_lines<'v>(values: impl Iterator<Item = &'v f64>) -> Vec<f64> {
    // Means and sums about them, taken on from value to value, lose no digits where values are large and alike (Welford).
    let (mut count, mut middle, mut average) = (0.0, 0.0, 0.0);
    let (mut along, mut both, mut spread) = (0.0, 0.0, 0.0);
    let mut left = Vec::new();
    for y in values {
        let x = count;
        count += 1.0;
        let (dx, dy) = (x - middle, y - average);
        middle += dx / count;
        average += dy / count;
        along += dx * (x - middle);
        both += dx * (y - average);
        spread += dy * (y - average);
        left.push(if along > 0.0 { (spread - both * both / along).max(0.0) } else { 0.0 });
    }
    left
}

/// The middle one of sorted values, or the average of the two; there must be one.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let (half, odd) = (values.len() / 2, !values.len().is_multiple_of(2));
    if odd { values[half] } else { (values[half - 1] + values[half]) / 2.0 }
}

/// What `of` makes of the values in each phase of a period, which is at least 1.
pub(super) fn phases(values: &[f64], period: usize, of: impl Fn(&mut [f64]) -> f64) -> Vec<f64> {
    (0..period.min(values.len()))
        .map(|phase| of(&mut values.iter().skip(phase).step_by(period).copied().collect::<Vec<f64>>()))
        .collect()
}

fn stats<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(series) = array_at(arguments, 0) else {
        return Value::Null;
    };
    let pass_over = *argument(arguments, 1) == Value::Bool(true);
    let numbers: Vec<(usize, f64)> = series.iter().enumerate().filter_map(|(at, e)| Some((at, number(e)?))).collect();
    let Some(first) = numbers.first().filter(|_| pass_over || numbers.len() == series.len()) else {
        return Value::Null;
    };
    let (mut least, mut most) = (*first, *first);
    for &(at, value) in &numbers {
        if value < least.1 {
            least = (at, value);
        }
        if value > most.1 {
            most = (at, value);
        }
    }
    let values: Vec<f64> = numbers.into_iter().map(|(_, value)| value).collect();
    let (sum, count) = (values.iter().sum::<f64>(), values.len() as f64);
    let variance = if values.len() > 1 { spread(&values, sum / count) / (count - 1.0) } else { 0.0 };
    let place = |at: usize| Dynamic::Long(i64::try_from(at).unwrap_or(i64::MAX));
    bag(vec![
        ("min", Dynamic::Real(least.1)),
        ("min_idx", place(least.0)),
        ("max", Dynamic::Real(most.1)),
        ("max_idx", place(most.0)),
        ("avg", Dynamic::Real(sum / count)),
        ("stdev", Dynamic::Real(variance.sqrt())),
        ("variance", Dynamic::Real(variance)),
        ("sum", Dynamic::Real(sum)),
        ("len", place(values.len())),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, json};
    use super::*;

    fn member(value: &Value<'_>, name: &str) -> f64 {
        match value {
            Value::Dynamic(bag) => number(&bag.member(name)).unwrap_or(f64::NAN),
            _ => f64::NAN,
        }
    }

    #[track_caller]
    fn near(value: &Value<'_>, members: &[(&str, f64)]) {
        for (name, expected) in members {
            let found = member(value, name);
            assert!((found - expected).abs() < 1e-3, "{name}: {found}");
        }
    }

    /// The examples of Kusto's documentation.
    #[test]
    fn documented_series() {
        let line = call("series_fit_line_dynamic", &[json("[2,5,6,8,11,15,17,18,25,26,30,30]")]);
        let ends = [("rsquare", 0.9829), ("slope", 2.7308), ("variance", 98.6288), ("rvariance", 1.6865)];
        near(&line, &ends);
        near(&line, &[("interception", -1.6667)]);
        let Value::Dynamic(bag) = &line else { return };
        assert!((number(&bag.member("line_fit").index(11)).unwrap_or(0.0) - 31.1026).abs() < 1e-3);
        let stats = call("series_stats_dynamic", &[json("[23,46,23,87,4,8,3,75,2,56,13,75,32,16,29]")]);
        near(&stats, &[("min", 2.0), ("min_idx", 8.0), ("max", 87.0), ("max_idx", 3.0), ("avg", 32.8)]);
        near(&stats, &[("stdev", 28.503634), ("variance", 812.457143), ("sum", 492.0), ("len", 15.0)]);
    }

    /// The answer of the Kusto Emulator to the documentation's example.
    #[test]
    fn two_lines() {
        let lines = call("series_fit_2lines_dynamic", &[json("[1,2.2,2.5,4.7,5.0,12,10.3,10.3,9,8.3,6.2]")]);
        near(&lines, &[("split_idx", 5.0)]);
        let Value::Dynamic(bag) = &lines else { return };
        let fitted = bag.member("line_fit");
        for (at, expected) in [(0, 0.98), (4, 5.18), (5, 11.942857142857143), (10, 6.75714285714286)] {
            assert!((number(&fitted.index(at)).unwrap_or(0.0) - expected).abs() < 1e-12, "{at}");
        }
        near(&Value::Dynamic(bag.member("left")), &[("slope", 1.05)]);
        assert_eq!(call("series_fit_2lines_dynamic", &[json("[1]")]), Value::Null);
    }

    #[test]
    fn the_best_split_is_that_of_all_that_were_tried() {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            1e6 + (state >> 40) as f64 / 1e6
        };
        for length in 2..60 {
            let values: Vec<f64> = (0..length).map(|_| next()).collect();
            let rest = |at: usize| Line::through(&values[..at]).rest + Line::through(&values[at..]).rest;
            let least = (1..length).map(rest).fold(f64::INFINITY, f64::min);
            assert!(rest(best_split(&values)) <= least * (1.0 + 1e-9) + 1e-9, "{values:?}");
        }
    }

    #[test]
    fn what_is_no_number() {
        let holes = json("[null,4,\"x\",2]");
        assert_eq!(call("series_fit_line_dynamic", std::slice::from_ref(&holes)), Value::Null);
        assert_eq!(call("series_fit_line_dynamic", &[json("[1]")]), Value::Null);
        assert_eq!(call("series_stats_dynamic", std::slice::from_ref(&holes)), Value::Null);
        assert_eq!(call("series_stats_dynamic", &[json("[]"), Value::Bool(true)]), Value::Null);
        near(
            &call("series_stats_dynamic", &[holes, Value::Bool(true)]),
            &[("min", 2.0), ("min_idx", 3.0), ("len", 2.0)],
        );
        let flat = call("series_fit_line_dynamic", &[json("[3,3,3]")]);
        near(&flat, &[("slope", 0.0), ("variance", 0.0), ("interception", 3.0)]);
    }
}
