//! Aggregates: a stand-in.

use crate::compile::bound::AggregateFunction;
use crate::schema::ScalarType;

struct Nothing;

impl crate::compile::bound::Accumulator for Nothing {
    fn add(&mut self, _: &[crate::value::Value<'static>]) {}
    fn finish(&mut self) -> crate::value::Value<'static> {
        crate::value::Value::Null
    }
}

macro_rules! stub {
    ($($name:literal $min:literal $max:literal $ty:expr),* $(,)?) => {
        static ALL: &[AggregateFunction] = &[$(AggregateFunction {
            name: $name, signature: "", doc: "", min: $min, max: $max,
            check: |t| { let f: fn(&[ScalarType]) -> ScalarType = $ty; Ok(f(t)) },
            begin: || Box::new(Nothing),
        }),*];
    };
}

stub! {
    "count" 0 0 |_| ScalarType::Long,
    "countif" 1 1 |_| ScalarType::Long,
    "dcount" 1 2 |_| ScalarType::Long,
    "sum" 1 1 |t| t[0],
    "min" 1 1 |t| t[0],
    "max" 1 1 |t| t[0],
    "avg" 1 1 |_| ScalarType::Real,
    "make_set" 1 2 |_| ScalarType::Dynamic,
    "make_list" 1 2 |_| ScalarType::Dynamic,
    "arg_max" 1 1000 |t| t[0],
    "arg_min" 1 1000 |t| t[0],
    "take_any" 1 1 |t| t[0],
    "percentile" 2 2 |t| t[0],
}

/// The aggregate of that name.
pub fn find(name: &str) -> Option<&'static AggregateFunction> {
    ALL.iter().find(|f| f.name == name)
}
