//! Series: lines over holes in them, and filters that remember. What fills holes otherwise is in `measure`.

use super::arguments::{argument, array_at};
use super::series::number;
use super::{Context, Function, Param, limits};
use crate::schema::ScalarType;
use crate::value::convert::into_dynamic;
use crate::value::{Dynamic, Value};

const DYNAMIC: ScalarType = ScalarType::Dynamic;
const SERIES: Param = Param::Is(DYNAMIC);
const BOOL: Param = Param::Is(ScalarType::Bool);

/// The most coefficients of a filter: each element is held against all of them.
const MAX_COEFFICIENTS: usize = 1024;

/// The most multiplications of a filter.
const MAX_WORK: usize = 1 << 26;

/// <https://learn.microsoft.com/kusto/query/series-fill-linear-function> and its neighbours.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "series_fill_linear",
        "series_fill_linear(series, [missing, fill_edges, constant])",
        "A series with what lies on the line between its neighbours in place of each element that is missing: null, or what the \
         second argument says; cut to whole numbers in a series of those. At the edges the nearest element, unless fill_edges is \
         false; where all are missing, the constant (0).",
    )
    .takes(1, 4, &[SERIES, Param::Any, BOOL, Param::Any])
    .calls(DYNAMIC, fill_linear),
    Function::of(
        "series_iir",
        "series_iir(series, numerators, denominators)",
        "A series through a filter that remembers: each element is the sum of numerators over the last elements, less that of \
         denominators over the last results, by the first denominator. Null where something is no number, that is 0, or it takes more than 67,108,864 multiplications.",
    )
    .takes(3, 3, &[SERIES])
    .calls(DYNAMIC, |_, a| iir(a).map_or(Value::Null, |results| limits::array(results.into_iter().map(Dynamic::Real)))),
];

/// Each hole gets the last element that came before it.
fn carry<'v, 'a: 'v>(series: impl Iterator<Item = &'v mut Option<Dynamic<'a>>>) {
    let mut last = None;
    for element in series {
        match element {
            Some(element) => last = Some(element.clone()),
            hole => *hole = last.clone(),
        }
    }
}

/// Whether there are elements, and all are whole numbers.
fn is_whole(series: &[Option<Dynamic<'_>>]) -> bool {
    let mut elements = series.iter().flatten().peekable();
    elements.peek().is_some() && elements.all(|element| matches!(element, Dynamic::Long(_)))
}

fn fill_linear<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let edges = arguments.get(2).is_none_or(|edges| *edges == Value::Bool(true));
    let constant = match arguments.get(3) {
        None => Dynamic::Real(0.0),
        Some(constant) => into_dynamic(constant.clone()),
    };
    let Some(elements) = array_at(arguments, 0) else { return Value::Null };
    let missing = into_dynamic(argument(arguments, 1).clone());
    let mut series: Vec<Option<Dynamic<'a>>> = elements
        .iter()
        .map(|element| {
            let same = match (number(element), number(&missing)) {
                (Some(a), Some(b)) => a == b,
                _ => *element == missing,
            };
            (!same).then(|| element.clone())
        })
        .collect();
    if series.iter().all(Option::is_none) {
        series.fill(Some(constant));
    }
    let in_whole = is_whole(&series);
    let mut last: Option<(usize, f64)> = None;
    for at in 0..series.len() {
        let Some(value) = series.get(at).and_then(Option::as_ref).and_then(number) else { continue };
        if let Some((from, start)) = last {
            let slope = (value - start) / (at - from) as f64;
            let mut between = start;
            for hole in series.iter_mut().take(at).skip(from + 1) {
                between += slope;
                *hole = Some(if in_whole { Dynamic::Long(between as i64) } else { Dynamic::Real(between) });
            }
        }
        last = Some((at, value));
    }
    if edges {
        carry(series.iter_mut());
        carry(series.iter_mut().rev());
    }
    limits::array(series.into_iter().map(|element| element.unwrap_or_else(|| missing.clone())))
}

fn iir(arguments: &[Value<'_>]) -> Option<Vec<f64>> {
    let numbers = |at: usize| array_at(arguments, at)?.iter().map(number).collect::<Option<Vec<f64>>>();
    let (series, numerators, denominators) = (numbers(0)?, numbers(1)?, numbers(2)?);
    let [first, denominators @ ..] = denominators.as_slice() else { return None };
    let work = series.len().saturating_mul(numerators.len() + denominators.len());
    if *first == 0.0 || work > MAX_WORK || numerators.len() > MAX_COEFFICIENTS || denominators.len() > MAX_COEFFICIENTS
    {
        return None;
    }
    let mut results: Vec<f64> = Vec::with_capacity(series.len());
    for at in 0..series.len() {
        let inputs = series.iter().take(at + 1).rev().zip(&numerators).map(|(x, b)| x * b).sum::<f64>();
        let memory = results.iter().rev().zip(denominators).map(|(y, a)| y * a).sum::<f64>();
        results.push((inputs - memory) / first);
    }
    Some(results)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, json, json_of};
    use super::*;

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn lines_over_holes() {
        let series = || json("[null,111,null,36,41,null,null,16,null]");
        assert_eq!(json_of("series_fill_linear", &[series()]), "[111,111,73,36,41,32,24,16,16]");
        assert_eq!(
            json_of("series_fill_linear", &[series(), Value::Null, Value::Bool(false)]),
            "[null,111,73,36,41,32,24,16,null]"
        );
        assert_eq!(json_of("series_fill_linear", &[json("[1.5,null,2.5]")]), "[1.5,2,2.5]");
        assert_eq!(json_of("series_fill_linear", &[json("[-1,2,-1]"), Value::Long(-1)]), "[2,2,2]");
        assert_eq!(
            json_of("series_fill_linear", &[json("[null]"), Value::Null, Value::Bool(true), Value::Long(7)]),
            "[7]"
        );
        assert_eq!(call("series_fill_linear", &[json("{}")]), Value::Null);
    }

    #[test]
    fn a_filter_remembers() {
        let sums = json_of("series_iir", &[json("[1,2,3]"), json("[1]"), json("[1,-1]")]);
        assert_eq!(sums, "[1,3,6]");
        for denominators in ["[0,1]", "[]", "[1,\"x\"]"] {
            assert_eq!(call("series_iir", &[json("[1,2]"), json("[1]"), json(denominators)]), Value::Null);
        }
    }
}
