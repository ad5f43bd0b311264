//! The functions of `summarize`: one table, one file a family.
//!
//! All but `count()` pass over nulls, and a group without values has a neutral one: 0 for sums and counts, NaN for an
//! average, `[]` for a list, the null for an extreme (Kusto's documentation, and measured on its emulator).

mod any;
mod bag;
mod bits;
mod count;
mod covariance;
mod extreme;
mod leading;
mod list;
mod percentile;
mod schema;
mod sketch;
mod spread;
mod sum;

use crate::compile::bound::{Accumulator, AggregateFunction};
use crate::schema::ScalarType;
use crate::value::Value;
use crate::value::functions::MAX_ELEMENTS;

/// The most arguments of what takes any number.
const MANY: usize = 1024;

type Checked = Result<ScalarType, (&'static str, String)>;

const FAMILIES: [&[AggregateFunction]; 12] = [
    count::FUNCTIONS,
    sum::FUNCTIONS,
    spread::FUNCTIONS,
    covariance::FUNCTIONS,
    extreme::FUNCTIONS,
    any::FUNCTIONS,
    list::FUNCTIONS,
    bag::FUNCTIONS,
    percentile::FUNCTIONS,
    bits::FUNCTIONS,
    schema::FUNCTIONS,
    sketch::FUNCTIONS,
];

/// The aggregate function of that name.
pub fn find(name: &str) -> Option<&'static AggregateFunction> {
    all().find(|function| function.name == name)
}

/// Every aggregate function, family by family.
pub fn all() -> impl Iterator<Item = &'static AggregateFunction> {
    FAMILIES.into_iter().flatten()
}

impl AggregateFunction {
    /// The type of a call with arguments of these types; of several columns, that of the first.
    ///
    /// # Errors
    /// Kusto's code and a sentence: KS119 or KS120 for the number of arguments, KS107 for the type of one.
    pub fn result(&self, types: &[ScalarType]) -> Checked {
        let AggregateFunction { name, min, max, .. } = self;
        if !(*min..=*max).contains(&types.len()) {
            let wanted = match (min, max) {
                (0, 0) => "no argument".to_owned(),
                (1, 1) => "1 argument".to_owned(),
                _ if min == max => format!("{min} arguments"),
                _ if *max == MANY => format!("{min} arguments or more"),
                _ => format!("{min} to {max} arguments"),
            };
            let code = if min == max { "KS119" } else { "KS120" };
            return Err((code, format!("{name}() takes {wanted}, not {}.", types.len())));
        }
        (self.check)(types).map_err(|(code, message)| (code, format!("{name}(): {message}")))
    }

    /// How many columns a call with that many arguments gives. `arg_max`, `arg_min` and `take_any` give one for each, and
    /// `percentiles` one for each percentile.
    pub fn width(&self, arguments: usize) -> usize {
        match self.name {
            "arg_max" | "arg_min" | "argmax" | "argmin" | "take_any" | "any" => arguments.max(1),
            "percentiles" => arguments.saturating_sub(1).max(1),
            "percentilesw" => arguments.saturating_sub(2).max(1),
            _ => 1,
        }
    }
}

/// A row of the table of functions.
const fn function(
    name: &'static str,
    signature: &'static str,
    doc: &'static str,
    (min, max): (usize, usize),
    check: fn(&[ScalarType]) -> Checked,
    begin: fn() -> Box<dyn Accumulator>,
) -> AggregateFunction {
    AggregateFunction { name, signature, doc, min, max, check, begin }
}

/// Begins a group with an accumulator that knows nothing.
fn new<A: Accumulator + Default + 'static>() -> Box<dyn Accumulator> {
    Box::new(A::default())
}

/// Begins a group of the `…if` form of an aggregate.
fn new_if<A: Accumulator + Default + 'static>() -> Box<dyn Accumulator> {
    Box::new(If(A::default()))
}

/// The `…if` form: the second argument says whether a row counts.
struct If<A>(A);

impl<A: Accumulator> Accumulator for If<A> {
    fn add(&mut self, arguments: &[Value<'static>]) {
        let [value, predicate, rest @ ..] = arguments else {
            return;
        };
        if *predicate == Value::Bool(true) {
            match rest {
                [] => self.0.add(std::slice::from_ref(value)),
                [size, ..] => self.0.add(&[value.clone(), size.clone()]),
            }
        }
    }

    fn finish(&mut self) -> Value<'static> {
        self.0.finish()
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}

/// The argument that is aggregated, unless it is null.
fn value_of<'a>(arguments: &'a [Value<'static>]) -> Option<&'a Value<'static>> {
    arguments.first().filter(|value| !value.is_null())
}

/// The greatest number of elements, which an argument may lower.
fn max_size(argument: Option<&Value<'static>>, default: usize) -> usize {
    let wanted = match argument {
        Some(Value::Long(n)) => usize::try_from(*n).unwrap_or(default),
        Some(Value::Int(n)) => usize::try_from(*n).unwrap_or(default),
        _ => default,
    };
    wanted.min(MAX_ELEMENTS)
}

fn refused(at: usize, wanted: &str, given: ScalarType) -> Checked {
    Err(("KS107", format!("argument {} must be {wanted}, but it is of type {given}.", at + 1)))
}

/// Checks the predicate of an `…if` form.
fn predicate(types: &[ScalarType], at: usize) -> Result<(), (&'static str, String)> {
    match types.get(at) {
        Some(given) if *given != ScalarType::Bool => {
            refused(at, "a bool (a dynamic needs tobool())", *given).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Checks a number, datetime or timespan. A dynamic may hold a number.
fn summable(types: &[ScalarType]) -> Checked {
    use ScalarType as S;
    match types.first().copied().unwrap_or(S::Dynamic) {
        given @ (S::Bool | S::String | S::Guid) => refused(0, "a number, a datetime or a timespan", given),
        given => Ok(given),
    }
}

/// Checks a number; a dynamic may hold one.
fn number(types: &[ScalarType]) -> Checked {
    match types.first().copied().unwrap_or(ScalarType::Dynamic) {
        given if given.is_numeric() || given == ScalarType::Dynamic => Ok(given),
        given => refused(0, "a number", given),
    }
}

/// Of whatever type the first argument is.
fn same(types: &[ScalarType]) -> Checked {
    Ok(types.first().copied().unwrap_or(ScalarType::Dynamic))
}

/// The same, with a predicate behind it.
fn same_if(types: &[ScalarType]) -> Checked {
    predicate(types, 1)?;
    same(types)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::value::convert;

    /// The value of an aggregate of one argument over values.
    pub(super) fn over(name: &str, values: &[Value<'static>]) -> Value<'static> {
        let rows: Vec<Vec<Value<'static>>> = values.iter().map(|v| vec![v.clone()]).collect();
        over_rows(name, &rows)[0].clone()
    }

    /// The values of an aggregate over rows of arguments.
    pub(super) fn over_rows(name: &str, rows: &[Vec<Value<'static>>]) -> Vec<Value<'static>> {
        let mut state = (find(name).unwrap().begin)();
        rows.iter().for_each(|row| state.add(row));
        let mut values = vec![state.finish()];
        values.extend(state.rest());
        values
    }

    /// The text of an aggregate's value.
    pub(super) fn text(name: &str, values: &[Value<'static>]) -> String {
        convert::text(&over(name, values)).into_owned()
    }

    pub(super) fn longs(values: &[i64]) -> Vec<Value<'static>> {
        values.iter().map(|n| Value::Long(*n)).collect()
    }

    #[test]
    fn the_table_is_sound() {
        let mut names: Vec<_> = all().map(|f| f.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for function in all() {
            assert!(function.min <= function.max && !function.doc.is_empty(), "{}", function.name);
            assert!(function.signature.starts_with(function.name), "{}", function.name);
            // Whatever the rows hold, nothing breaks.
            let mut state = (function.begin)();
            for value in
                [Value::Null, Value::string("é"), Value::Long(i64::MIN), Value::Real(f64::NAN), Value::Bool(true)]
            {
                for arguments in function.min..=function.max.min(4) {
                    state.add(&vec![value.clone(); arguments]);
                }
            }
            state.finish();
            state.rest();
        }
    }

    #[test]
    fn arguments_are_checked() {
        use ScalarType as S;
        let check = |name: &str, types: &[S]| find(name).unwrap().result(types).map_err(|e| e.0);
        assert_eq!(check("sum", &[S::Int]), Ok(S::Long));
        assert_eq!(check("sum", &[S::TimeSpan]), Ok(S::TimeSpan));
        assert_eq!(check("sum", &[S::String]), Err("KS107"));
        assert_eq!(check("sum", &[]), Err("KS119"));
        assert_eq!(check("avg", &[S::Long]), Ok(S::Real));
        assert_eq!(check("sumif", &[S::Long, S::Long]), Err("KS107"));
        assert_eq!(check("dcountif", &[S::Long]), Err("KS120"));
        assert_eq!(check("max", &[S::DateTime]), Ok(S::DateTime));
        assert_eq!(check("percentile", &[S::Int, S::Long]), Ok(S::Long));
        assert_eq!(check("make_set", &[S::Guid]), Ok(S::Dynamic));
        assert_eq!(find("percentiles").unwrap().width(4), 3);
        assert_eq!(find("arg_max").unwrap().width(3), 3);
        assert_eq!(find("sum").unwrap().width(1), 1);
    }

    #[test]
    fn a_group_without_values_has_a_neutral_one() {
        for rows in [&[][..], &[Value::Null, Value::Null]] {
            for (name, expected) in [
                ("sum", Value::Long(0)),
                ("dcount", Value::Long(0)),
                ("min", Value::Null),
                ("max", Value::Null),
                ("percentile", Value::Null),
                ("take_any", Value::Null),
                ("stdev", Value::Real(0.0)),
                ("variance", Value::Real(0.0)),
            ] {
                assert_eq!(over(name, rows), expected, "{name}");
            }
            assert_eq!(text("avg", rows), "NaN");
            assert_eq!(text("make_set", rows), "[]");
            assert_eq!(text("make_list", rows), "[]");
            assert_eq!(text("make_bag", rows), "{}");
        }
    }

    #[test]
    fn a_predicate_says_which_rows_count() {
        let rows = [(1, Some(true)), (2, Some(false)), (4, None), (8, Some(true))]
            .map(|(n, p)| vec![Value::Long(n), Value::from(p)]);
        assert_eq!(over_rows("sumif", &rows), [Value::Long(9)]);
        assert_eq!(over_rows("maxif", &rows), [Value::Long(8)]);
        assert_eq!(over_rows("dcountif", &rows), [Value::Long(2)]);
        assert_eq!(convert::text(&over_rows("make_list_if", &rows)[0]), "[1,8]");
        let sized = rows.map(|mut row| {
            row.push(Value::Long(1));
            row
        });
        assert_eq!(convert::text(&over_rows("make_set_if", &sized)[0]), "[1]");
    }
}
