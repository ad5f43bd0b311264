//! Sketches: what `hll()` and `tdigest()` keep of many values, merged and asked. Kusto's own are estimates too.

use super::arguments::{argument, real_at};
use super::callee::prepared;
use super::{Function, Param, Returns};
use crate::schema::ScalarType;
use crate::value::sketch::{Hll, TDigest};
use crate::value::{Value, convert};

const SKETCH: &[Param] = &[Param::Is(ScalarType::Dynamic)];
const REAL: ScalarType = ScalarType::Real;

const MERGE_TDIGEST: Function = Function::of(
    "merge_tdigest",
    "merge_tdigest(sketch, sketch, ...)",
    "What tdigest() would have kept of all values of several; null if one is none of its.",
)
.takes(2, 64, SKETCH)
.calls(ScalarType::Dynamic, |_, a| {
    let all = a.iter().map(TDigest::read).collect::<Option<Vec<_>>>();
    all.map_or(Value::Null, |all| {
        let mut merged = TDigest::default();
        all.into_iter().for_each(|sketch| merged.merge(sketch));
        merged.value()
    })
});

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "dcount_hll",
        "dcount_hll(sketch)",
        "About how many different values a sketch of hll() has seen; null if it is none.",
    )
    .takes(1, 1, SKETCH)
    .calls(ScalarType::Long, |_, a| {
        Hll::read(argument(a, 0)).map_or(Value::Null, |sketch| Value::Long(sketch.estimate()))
    }),
    Function::of(
        "hll_merge",
        "hll_merge(sketch, sketch, ...)",
        "What hll() would have kept of all values of several; null if one is none of its, and of different accuracies.",
    )
    .takes(2, 64, SKETCH)
    .calls(ScalarType::Dynamic, |_, a| {
        let mut sketches = a.iter().map(Hll::read);
        let first = sketches.next().flatten();
        let merged = first.and_then(|first| sketches.try_fold(first, |merged, next| merged.merged(&next?)));
        merged.map_or(Value::Null, |sketch| sketch.value())
    }),
    MERGE_TDIGEST,
    MERGE_TDIGEST.alias("tdigest_merge", "tdigest_merge(sketch, sketch, ...)"),
    Function::of(
        "percentile_tdigest",
        "percentile_tdigest(sketch, percentile, [typeof(type)])",
        "About the least value that so many percent of the values of a sketch of tdigest() do not exceed.",
    )
    .takes(2, 3, &[Param::Is(ScalarType::Dynamic), Param::Number, Param::Type])
    .prepares(Returns::NamedOrDynamic(2), |constants| {
        let ty = match constants.get(2) {
            None => ScalarType::Dynamic,
            Some(name) => {
                name.and_then(|name| ScalarType::from_name(&convert::text(name))).unwrap_or(ScalarType::Dynamic)
            }
        };
        prepared(move |_, a| {
            let Some((sketch, rank)) = TDigest::read(argument(a, 0)).zip(real_at(a, 1)) else { return Value::Null };
            let value = match sketch.percentile(rank) {
                Some(whole) if sketch.is_whole() => Value::Long(whole as i64),
                Some(value) => Value::Real(value),
                None => Value::Null,
            };
            convert::to_type(&value, ty).into_owned()
        })
    }),
    Function::of(
        "rank_tdigest",
        "rank_tdigest(sketch, value)",
        "About how many values of a sketch of tdigest() do not exceed a value.",
    )
    .takes(2, 2, &[Param::Is(ScalarType::Dynamic), Param::Number])
    .calls(REAL, |_, a| ranked(a, |sketch, value| sketch.rank(value))),
    Function::of(
        "percentrank_tdigest",
        "percentrank_tdigest(sketch, value)",
        "About how many percent of the values of a sketch of tdigest() do not exceed a value.",
    )
    .takes(2, 2, &[Param::Is(ScalarType::Dynamic), Param::Number])
    .calls(REAL, |_, a| ranked(a, |sketch, value| 100.0 * sketch.rank(value) / sketch.weight())),
];

fn ranked<'a>(arguments: &[Value<'_>], of: impl Fn(&TDigest, f64) -> f64) -> Value<'a> {
    let both = TDigest::read(argument(arguments, 0)).zip(real_at(arguments, 1));
    both.map_or(Value::Null, |(sketch, value)| Value::Real(of(&sketch, value)))
}
