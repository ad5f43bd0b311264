//! What is measured of whole series, and how their gaps are filled.

use super::arguments::{argument, array_at, real_at};
use super::elementwise::factors;
use super::limits;
use super::series::{median, number, phases};
use super::{Function, Param, periods};
use crate::schema::ScalarType;
use crate::value::convert::into_dynamic;
use crate::value::{Dynamic, Value};

const DYNAMIC: ScalarType = ScalarType::Dynamic;
const REAL: ScalarType = ScalarType::Real;
const SERIES: Param = Param::Is(DYNAMIC);

/// What the score of a season's period that is sought must be at least (documentation of `series_seasonal()`).
const LEAST_SCORE: f64 = 0.7;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("series_sum", "series_sum(series)", "The sum of the elements; null if one is no number.")
        .takes(1, 1, &[SERIES])
        .calls(REAL, |_, a| numbers(a, 0).map_or(Value::Null, |x| Value::Real(x.iter().sum()))),
    Function::of("series_product", "series_product(series)", "The product of the elements; null if one is no number.")
        .takes(1, 1, &[SERIES])
        .calls(REAL, |_, a| numbers(a, 0).map_or(Value::Null, |x| Value::Real(x.iter().product()))),
    Function::of(
        "series_magnitude",
        "series_magnitude(series)",
        "The length of a vector; null if an element is no number.",
    )
    .takes(1, 1, &[SERIES])
    .calls(REAL, |_, a| numbers(a, 0).map_or(Value::Null, |x| Value::Real(dot(&x, &x).sqrt()))),
    Function::of(
        "series_dot_product",
        "series_dot_product(a, b)",
        "The sum of the products of two series, or of a series and a number; null where they differ in length.",
    )
    .takes(2, 2, &[Param::Any])
    .calls(REAL, |_, a| factors(a).map_or(Value::Null, |(x, y)| Value::Real(dot(&x, &y)))),
    Function::of(
        "series_cosine_similarity",
        "series_cosine_similarity(a, b)",
        "The cosine of the angle between two vectors; null where they differ in length.",
    )
    .takes(2, 2, &[SERIES])
    .calls(REAL, |_, a| {
        factors(a).map_or(Value::Null, |(x, y)| Value::Real(dot(&x, &y) / (dot(&x, &x).sqrt() * dot(&y, &y).sqrt())))
    }),
    Function::of(
        "series_pearson_correlation",
        "series_pearson_correlation(a, b)",
        "How far two series rise and fall together, from -1 to 1; null where they differ in length.",
    )
    .takes(2, 2, &[SERIES])
    .calls(REAL, |_, a| {
        factors(a).map_or(Value::Null, |(x, y)| {
            let (x, y) = (centred(&x), centred(&y));
            Value::Real(dot(&x, &y) / (dot(&x, &x).sqrt() * dot(&y, &y).sqrt()))
        })
    }),
    Function::of(
        "series_seasonal",
        "series_seasonal(series, [period])",
        "For each element the median of those in the same phase of the period. Without one, or with -1, the best is taken whose \
         score is at least 0.7; zeros where there is none.",
    )
    .takes(1, 2, &[SERIES, Param::Is(ScalarType::Long)])
    .calls(DYNAMIC, |_, a| {
        let asked = if a.len() > 1 { real_at(a, 1) } else { Some(-1.0) };
        numbers(a, 0).zip(asked).map_or(Value::Null, |(x, asked)| {
            let period = if asked == -1.0 { periods::best(&x, LEAST_SCORE) } else { asked.max(0.0) as usize };
            if period == 0 {
                return limits::array(x.iter().map(|_| Dynamic::Real(0.0)));
            }
            let phases = phases(&x, period, median);
            limits::array((0..x.len()).map(|at| Dynamic::Real(phases[at % phases.len()])))
        })
    }),
    Function::of(
        "series_fill_forward",
        "series_fill_forward(series, [missing])",
        "Each missing element as the one before it; null is what is missing.",
    )
    .takes(1, 2, &[SERIES, Param::Any])
    .calls(DYNAMIC, |_, a| array_at(a, 0).map_or(Value::Null, |e| limits::array(carried(e.iter(), &missing(a, 1))))),
    Function::of(
        "series_fill_backward",
        "series_fill_backward(series, [missing])",
        "Each missing element as the one behind it; null is what is missing.",
    )
    .takes(1, 2, &[SERIES, Param::Any])
    .calls(DYNAMIC, |_, a| {
        array_at(a, 0).map_or(Value::Null, |e| {
            let filled: Vec<Dynamic<'_>> = carried(e.iter().rev(), &missing(a, 1)).collect();
            limits::array(filled.into_iter().rev())
        })
    }),
    Function::of(
        "series_fill_const",
        "series_fill_const(series, value, [missing])",
        "Each missing element as the value; null is what is missing.",
    )
    .takes(2, 3, &[SERIES, Param::Any])
    .calls(DYNAMIC, |_, a| {
        array_at(a, 0).map_or(Value::Null, |elements| {
            let (fill, missing) = (into_dynamic(argument(a, 1).clone()), missing(a, 2));
            limits::array(elements.iter().map(|e| if *e == missing { fill.clone() } else { e.clone() }))
        })
    }),
];

/// The elements, if they are numbers, and there are some.
fn numbers(arguments: &[Value<'_>], at: usize) -> Option<Vec<f64>> {
    array_at(arguments, at)?.iter().map(number).collect::<Option<Vec<f64>>>().filter(|x| !x.is_empty())
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn centred(x: &[f64]) -> Vec<f64> {
    let average = x.iter().sum::<f64>() / x.len() as f64;
    x.iter().map(|x| x - average).collect()
}

/// What an argument calls a missing element.
fn missing<'a>(arguments: &[Value<'a>], at: usize) -> Dynamic<'a> {
    into_dynamic(argument(arguments, at).clone())
}

fn carried<'v, 'a: 'v>(
    elements: impl Iterator<Item = &'v Dynamic<'a>>,
    missing: &Dynamic<'_>,
) -> impl Iterator<Item = Dynamic<'a>> {
    let mut last: Option<Dynamic<'a>> = None;
    elements.map(move |element| {
        if *element == *missing {
            return last.clone().unwrap_or_else(|| element.clone());
        }
        last = Some(element.clone());
        element.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{json, json_of};
    use super::*;

    /// Answers of the Kusto Emulator to the documentation's examples.
    #[test]
    fn measures_and_gaps() {
        for (name, arguments, expected) in [
            ("series_sum", &["[1,2,3,4]"][..], "10"),
            ("series_product", &["[1,2,3,4]"], "24"),
            ("series_magnitude", &["[1,2,3,4]"], "5.477225575051661"),
            ("series_sum", &["[1,\"x\"]"], "null"),
            ("series_dot_product", &["[1,2,4]", "[4,2,1]"], "12"),
            ("series_dot_product", &["[1,2,4]", "[4,2]"], "null"),
            ("series_cosine_similarity", &["[0.1,0.2,0.1,0.2]", "[1,2,3,4]"], "0.9237604307034012"),
            ("series_fill_forward", &["[null,36,null,16,null]"], "[null,36,36,16,16]"),
            ("series_fill_backward", &["[null,36,null,16,null]"], "[36,36,16,16,null]"),
        ] {
            let arguments: Vec<Value<'_>> = arguments.iter().map(|text| json(text)).collect();
            assert_eq!(json_of(name, &arguments), expected, "{name}");
        }
        assert_eq!(json_of("series_dot_product", &[json("[2,4,8]"), Value::Long(2)]), "28");
        assert_eq!(json_of("series_fill_const", &[json("[111,null]"), Value::Long(-1)]), "[111,-1]");
        let seasonal = json_of("series_seasonal", &[json("[1,3,5,2,4,6,1,3,5,2,4,6]"), Value::Long(3)]);
        assert_eq!(seasonal, "[1.5,3.5,5.5,1.5,3.5,5.5,1.5,3.5,5.5,1.5,3.5,5.5]");
        assert_eq!(json_of("series_seasonal", &[json("[1]"), Value::Long(0)]), "[0]");
        // As the Kusto Emulator answers the documentation's example: of the second the period is too short to be found.
        let found = json_of("series_seasonal", &[json("[2,5,3,4,3,2,1,2,3,4,3,2,1,2,3,4,3,2,1,2,3,4,3,2,1]")]);
        assert!(found.starts_with("[1,2,3,4,3,2,1,2,"), "{found}");
        let short = json_of("series_seasonal", &[json("[1,3,5,2,4,6,1,3,5,2,4,6]"), Value::Long(-1)]);
        assert_eq!(short, format!("[{}]", ["0"; 12].join(",")));
    }
}
