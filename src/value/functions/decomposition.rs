//! Series as a season, a trend and a rest: what is expected of each value, and how far off it is.
//!
//! That the season of a phase is its median, that the trend is that of what the season leaves, and the numbers of the test for
//! outliers, are as the Kusto Emulator answers the documentation's examples, to the last digit. How a period is sought stands in
//! `periods`.

use super::arguments::{argument, array_at, long_at, real_at, text_at};
use super::series::{Line, median, number, phases};
use super::{Function, Param, periods};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const DYNAMIC: ScalarType = ScalarType::Dynamic;
const SERIES: Param = Param::Is(DYNAMIC);
const LONG: Param = Param::Is(ScalarType::Long);
const REAL: Param = Param::Is(ScalarType::Real);
const STRING: Param = Param::Is(ScalarType::String);

/// How wide the range between the 10th and the 90th percentile is, in the unit of scores; measured in answers of the Kusto
/// Emulator, the same in all.
const RANGES: f64 = 2.772_605_605_507_916;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "series_outliers",
        "series_outliers(series, [kind, [missing]])",
        "How far each element lies beyond the 10th or 90th percentile ('ctukey'), or the 25th or 75th ('tukey'): beyond 1.5 or \
         -1.5 it is an outlier. 0 within them.",
    )
    .takes(1, 3, &[SERIES, STRING, Param::Any])
    .calls(DYNAMIC, |_, a| {
        let kind = if a.len() > 1 { text_at(a, 1).into_owned() } else { DEFAULT_TEST.to_owned() };
        let elements = array_at(a, 0);
        elements.and_then(|elements| scores(elements, &kind, argument(a, 2))).map_or(Value::Null, reals)
    }),
    Function::of(
        "series_decompose_dynamic",
        "series_decompose_dynamic(series, [period, [trend, [test_points, [threshold]]]])",
        "A bag of baseline, seasonal, trend and residual: the medians of the phases, 'avg', 'linefit' or 'none' of what they \
         leave, both together, and the rest. A period of 0 is no season; without one, or with -1, the best is taken whose score \
         is at least the threshold, 0.6.",
    )
    .takes(1, 5, &[SERIES, LONG, STRING, LONG, REAL])
    .calls(DYNAMIC, |_, a| parts_of(a, 1, 4).map_or(Value::Null, Parts::bag)),
    Function::of(
        "series_decompose_anomalies_dynamic",
        "series_decompose_anomalies_dynamic(series, [threshold, [period, [trend, [test_points, [test, [period_threshold]]]]]])",
        "A bag of ad_flag (1 and -1 where the score is beyond the threshold, 1.5), ad_score (see series_outliers) and baseline \
         (see series_decompose_dynamic).",
    )
    .takes(1, 7, &[SERIES, REAL, LONG, STRING, LONG, STRING, REAL])
    .calls(DYNAMIC, |_, a| anomalies(a).unwrap_or(Value::Null)),
    Function::of(
        "series_decompose_forecast",
        "series_decompose_forecast(series, points, [period, [trend, [period_threshold]]])",
        "The baseline (see series_decompose_dynamic, with 'linefit') of a series whose last points are not known yet.",
    )
    .takes(2, 5, &[SERIES, LONG, LONG, STRING, REAL])
    .calls(DYNAMIC, |_, a| forecast(a).unwrap_or(Value::Null)),
];

const DEFAULT_TEST: &str = "ctukey";

/// What the score of a period that is sought must be at least (documentation of `series_decompose()`).
const LEAST_SCORE: f64 = 0.6;

/// How far off an anomaly is (documentation of `series_decompose_anomalies()`).
const THRESHOLD: f64 = 1.5;

struct Parts {
    values: Vec<f64>,
    seasonal: Vec<f64>,
    trend: Vec<f64>,
}

impl Parts {
    fn baseline(&self) -> impl Iterator<Item = f64> {
        self.seasonal.iter().zip(&self.trend).map(|(season, trend)| season + trend)
    }

    fn residual(&self) -> impl Iterator<Item = f64> {
        self.values.iter().zip(self.baseline()).map(|(value, baseline)| value - baseline)
    }

    fn bag<'a>(self) -> Value<'a> {
        let (baseline, residual) = (array_of(self.baseline().collect()), array_of(self.residual().collect()));
        super::series::bag(vec![
            ("baseline", baseline),
            ("seasonal", array_of(self.seasonal)),
            ("trend", array_of(self.trend)),
            ("residual", residual),
        ])
    }
}

/// A real argument, or what it is where it is left out.
fn real_or(arguments: &[Value<'_>], at: usize, or: f64) -> Option<f64> {
    if arguments.len() > at { real_at(arguments, at) } else { Some(or) }
}

/// The period that a call asks for; `None` is one that is sought, with that score at least.
struct Season {
    period: Option<usize>,
    least: f64,
}

impl Season {
    /// Of the arguments with those numbers.
    fn of(arguments: &[Value<'_>], period: usize, least: usize) -> Option<Season> {
        let period = if arguments.len() > period { long_at(arguments, period)? } else { -1 };
        // -1 asks for the best one; of a length below that nothing repeats.
        let period = if period == -1 { None } else { Some(usize::try_from(period).unwrap_or(0)) };
        Some(Season { period, least: real_or(arguments, least, LEAST_SCORE)? })
    }
}

/// The parts of a call whose period, trend and test points begin at that argument.
fn parts_of(arguments: &[Value<'_>], at: usize, least: usize) -> Option<Parts> {
    let trend = if arguments.len() > at + 1 { text_at(arguments, at + 1).into_owned() } else { "avg".to_owned() };
    let points = if arguments.len() > at + 2 { usize::try_from(long_at(arguments, at + 2)?).ok()? } else { 0 };
    parts(arguments, &Season::of(arguments, at, least)?, &trend, points)
}

/// `None` where an element is no number, a trend has another name, or nothing is left to learn from.
fn parts(arguments: &[Value<'_>], season: &Season, trend: &str, test_points: usize) -> Option<Parts> {
    let values: Vec<f64> = array_at(arguments, 0)?.iter().map(number).collect::<Option<_>>()?;
    let learnt = values.len().checked_sub(test_points).filter(|learnt| *learnt > 0)?;
    let period = season.period.unwrap_or_else(|| periods::best(&values[..learnt], season.least));
    let seasonal: Vec<f64> = if period == 0 {
        vec![0.0; values.len()]
    } else {
        let phases = phases(&values[..learnt], period, median);
        (0..values.len()).map(|at| phases.get(at % period).copied().unwrap_or_default()).collect()
    };
    let left: Vec<f64> = values[..learnt].iter().zip(&seasonal).map(|(value, season)| value - season).collect();
    let trend = match trend {
        "avg" => vec![left.iter().sum::<f64>() / left.len() as f64; values.len()],
        "linefit" => {
            let line = Line::through(&left);
            (0..values.len()).map(|at| line.at(at)).collect()
        }
        "none" => vec![0.0; values.len()],
        _ => return None,
    };
    Some(Parts { values, seasonal, trend })
}

fn forecast<'a>(arguments: &[Value<'_>]) -> Option<Value<'a>> {
    let trend = if arguments.len() > 3 { text_at(arguments, 3).into_owned() } else { "linefit".to_owned() };
    let points = usize::try_from(long_at(arguments, 1)?).ok()?;
    Some(reals(parts(arguments, &Season::of(arguments, 2, 4)?, &trend, points)?.baseline().collect()))
}

fn anomalies<'a>(arguments: &[Value<'_>]) -> Option<Value<'a>> {
    let parts = parts_of(arguments, 2, 6)?;
    let threshold = real_or(arguments, 1, THRESHOLD)?;
    let test = if arguments.len() > 5 { text_at(arguments, 5).into_owned() } else { DEFAULT_TEST.to_owned() };
    let residual: Vec<Dynamic<'_>> = parts.residual().map(Dynamic::Real).collect();
    let scores = scores(&residual, &test, &Value::Null)?;
    let flag = |score: &f64| Dynamic::Long(i64::from(*score > threshold) - i64::from(*score < -threshold));
    Some(super::series::bag(vec![
        ("ad_flag", Dynamic::Array(scores.iter().map(flag).collect())),
        ("ad_score", array_of(scores)),
        ("baseline", array_of(parts.baseline().collect())),
    ]))
}

/// The score of each element; those that are missing, or no numbers, have none and count for nothing.
fn scores(elements: &[Dynamic<'_>], kind: &str, missing: &Value<'_>) -> Option<Vec<f64>> {
    let (share, ranges) = match kind {
        "ctukey" => (0.1, RANGES),
        "tukey" => (0.25, 1.0),
        _ => return None,
    };
    let missing = number(&crate::value::convert::into_dynamic(missing.clone()));
    let numbers: Vec<Option<f64>> = elements.iter().map(|e| number(e).filter(|x| Some(*x) != missing)).collect();
    let mut sorted: Vec<f64> = numbers.iter().copied().flatten().collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let percentile = |share: f64| {
        let at = share * last as f64;
        let below = at.floor() as usize;
        sorted[below] + (sorted[(below + 1).min(last)] - sorted[below]) * (at - at.floor())
    };
    let (low, high) = (percentile(share), percentile(1.0 - share));
    let unit = (high - low) / ranges;
    let score = |x: f64| match x {
        x if x > high => (x - high) / unit,
        x if x < low => (x - low) / unit,
        _ => 0.0,
    };
    Some(numbers.into_iter().map(|x| x.map_or(0.0, score)).collect())
}

fn array_of(numbers: Vec<f64>) -> Dynamic<'static> {
    Dynamic::Array(numbers.into_iter().map(Dynamic::Real).collect())
}

fn reals<'a>(numbers: Vec<f64>) -> Value<'a> {
    super::limits::array(numbers.into_iter().map(Dynamic::Real))
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::super::tests::{call, json};
    use super::*;

    fn numbers(value: &Value<'_>, member: &str) -> Vec<f64> {
        let found = match value {
            Value::Dynamic(bag @ Dynamic::Bag(_)) => bag.member(member),
            Value::Dynamic(array) => array.clone(),
            other => panic!("{other:?}"),
        };
        match found {
            Dynamic::Array(elements) => elements.iter().filter_map(number).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn near(value: &Value<'_>, member: &str, expected: &[f64]) {
        let found = numbers(value, member);
        let close = found.len() == expected.len() && found.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-9);
        assert!(close, "{member}: {found:?}");
    }

    #[test]
    fn a_season_is_the_median_of_its_phase() {
        let series = || json("[1,10,2,11,9,12]");
        let parts = call("series_decompose_dynamic", &[series(), Value::Long(2)]);
        near(&parts, "seasonal", &[2.0, 11.0, 2.0, 11.0, 2.0, 11.0]);
        near(&parts, "trend", &[1.0; 6]);
        near(&parts, "baseline", &[3.0, 12.0, 3.0, 12.0, 3.0, 12.0]);
        near(&parts, "residual", &[-2.0, -2.0, -1.0, -1.0, 6.0, 0.0]);
        let line = call("series_decompose_dynamic", &[json("[1,2,3,4]"), Value::Long(0), Value::string("linefit")]);
        near(&line, "trend", &[1.0, 2.0, 3.0, 4.0]);
        let none = call("series_decompose_dynamic", &[json("[1,2]"), Value::Long(0), Value::string("none")]);
        near(&none, "residual", &[1.0, 2.0]);
        // The last two are not learnt from.
        let ahead = call("series_decompose_forecast", &[json("[1,2,3,0,0]"), Value::Long(2), Value::Long(0)]);
        near(&ahead, "", &[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(call("series_decompose_dynamic", &[json("[1,null]"), Value::Long(0)]), Value::Null);
    }

    /// Scores as the Kusto Emulator gives them: to the percentiles, in 2.77th parts of the range between them.
    #[test]
    fn outliers_are_counted_from_the_percentiles() {
        let series = json("[0,1,2,3,4,5,6,7,8,9,20]");
        let custom = 11.0 * RANGES / 8.0;
        near(&call("series_outliers", std::slice::from_ref(&series)), "", &{
            let mut scores = [0.0; 11];
            scores[0] = -RANGES / 8.0;
            scores[10] = custom;
            scores
        });
        let tukey = numbers(&call("series_outliers", &[series.clone(), Value::string("tukey")]), "");
        assert_eq!((tukey[0], tukey[10]), (-0.5, 2.5));
        let anomalies = call(
            "series_decompose_anomalies_dynamic",
            &[series, Value::Real(1.5), Value::Long(0), Value::string("none")],
        );
        near(&anomalies, "ad_flag", &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(numbers(&anomalies, "ad_score")[10], custom);
    }

    #[test]
    fn a_period_is_sought_where_none_is_given() {
        let weeks = || json("[10,11,10,12,10,1,1,10,11,10,12,10,1,1,10,11,10,12,10,1,1]");
        let season = [10.0, 11.0, 10.0, 12.0, 10.0, 1.0, 1.0].repeat(3);
        near(&call("series_decompose_dynamic", &[weeks()]), "seasonal", &season);
        let sought = [weeks(), Value::Long(-1), Value::string("avg"), Value::Long(0), Value::Real(0.9)];
        near(&call("series_decompose_dynamic", &sought), "seasonal", &season);
        let too_much = [weeks(), Value::Long(-1), Value::string("none"), Value::Long(0), Value::Real(1.5)];
        near(&call("series_decompose_dynamic", &too_much), "seasonal", &[0.0; 21]);
        near(&call("series_decompose_anomalies_dynamic", &[weeks()]), "baseline", &season);
        let ahead = call("series_decompose_forecast", &[weeks(), Value::Long(7)]);
        near(&ahead, "", &season);
    }
}
