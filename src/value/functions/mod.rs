//! Kusto's scalar functions: one table, one file a family.
//!
//! A function is found by name and checked against argument types once, when a rule is compiled; after that only its
//! `call` runs, with values. `call` gets every argument already evaluated; who wants `iff` to be lazy does it before.
//!
//! What each function means is taken from Kusto's documentation and, where the two differ or it says nothing, from answers
//! of the Kusto Emulator over rows.

mod arguments;
mod array;
mod bag;
mod base64;
mod bitwise;
mod calendar;
mod callee;
mod chance;
mod clock;
mod codepoints;
mod command_line;
mod compressed;
mod control;
mod conversion;
mod csv;
mod datetime;
mod decomposition;
mod dynamic;
mod elementwise;
mod fill;
mod format;
mod geo;
mod hash;
mod ip_search;
mod ipv4;
mod ipv6;
mod json_path;
mod limits;
mod math;
mod measure;
mod network;
mod null;
mod path;
mod periods;
mod punycode;
mod refused;
mod regex;
mod search;
mod series;
mod set;
mod sketch;
mod sort;
mod statistics;
mod string;
mod units;
mod url;
mod user_agent;
mod version;
mod xml;

pub use bag::{PACK_FILLED, PACK_PAIRS};
pub use callee::{Callee, Prepared};
pub use geo::GEO_INFO;
pub(crate) use limits::Scan;
pub use limits::{MAX_ELEMENTS, MAX_TEXT, MAX_WEIGHT, room_after};
pub use network::IpNetwork;
pub use refused::refused;
pub use user_agent::USER_AGENT;

use super::{DateTime, Value};
use crate::schema::ScalarType;
use arguments::argument;

/// What a function may know besides its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// What `now()` is; the same for a whole query.
    pub now: DateTime,
}

/// One scalar function.
pub struct Function {
    /// Its name in a query; names are case-sensitive.
    pub name: &'static str,
    /// Its arguments and result, for people.
    pub signature: &'static str,
    /// What it means in Kusto.
    pub doc: &'static str,
    /// The least number of arguments.
    pub min: usize,
    /// The greatest number of arguments.
    pub max: usize,
    /// The parameters; the last [`Function::repeat`] of them repeat.
    pub params: &'static [Param],
    /// How many parameters at the end repeat as a group; 1 but for pairs.
    pub repeat: usize,
    /// The type of its value.
    pub returns: Returns,
    /// The function itself. Arguments are as many as [`Function::check`] allowed.
    pub call: Call,
    /// What is made of the arguments that are constants, once, when the query is bound: a regular expression compiled, the
    /// name of a part of a date understood. It then runs in place of `call`.
    pub prepare: Option<Prepare>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What a function does: its arguments to its value.
pub type Call = for<'a> fn(&Context, &[Value<'a>]) -> Value<'a>;

/// What makes a function ready: its arguments, those that are constants with their values, to what runs in place of
/// [`Function::call`].
pub type Prepare = fn(&[Option<&Value<'static>>]) -> Result<Prepared, Refusal>;

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// A value of any type.
    Any,
    /// A value of any type that may become the result: see [`Returns::Common`].
    Result,
    /// That type; a `real` takes all numbers and a `long` takes an `int`.
    Is(ScalarType),
    /// A bool, and no dynamic: that must be converted first.
    Bool,
    /// A bool or a number.
    Truth,
    /// A number.
    Number,
    /// A number, a datetime or a timespan.
    Summable,
    /// A string or a dynamic.
    Text,
    /// A value of any type but dynamic.
    Plain,
    /// `typeof(type)`: no value, but the type of the result.
    Type,
}

/// The type of a function's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// Always that type.
    Type(ScalarType),
    /// The type all [`Param::Result`] arguments have in common; the last argument always counts as one. An int and a long
    /// have a long in common; a dynamic goes with anything.
    Common,
    /// The type of the argument at that index; real if any argument is.
    Argument(usize),
    /// The type that the `typeof()` at that index names; a string if it is left out.
    Named(usize),
    /// The same; a dynamic if it is left out.
    NamedOrDynamic(usize),
    /// The widest type of all arguments: of numbers the one that holds them all, else the one that they have in common.
    Widest,
}

/// Why a call is refused: Kusto's code and a sentence.
pub type Refusal = (&'static str, String);

const FAMILIES: [&[Function]; 43] = [
    control::FUNCTIONS,
    null::FUNCTIONS,
    string::FUNCTIONS,
    search::FUNCTIONS,
    regex::FUNCTIONS,
    conversion::FUNCTIONS,
    dynamic::FUNCTIONS,
    array::FUNCTIONS,
    sort::FUNCTIONS,
    bag::FUNCTIONS,
    set::FUNCTIONS,
    series::FUNCTIONS,
    elementwise::FUNCTIONS,
    measure::FUNCTIONS,
    fill::FUNCTIONS,
    decomposition::FUNCTIONS,
    periods::FUNCTIONS,
    json_path::FUNCTIONS,
    csv::FUNCTIONS,
    xml::FUNCTIONS,
    datetime::FUNCTIONS,
    calendar::FUNCTIONS,
    clock::FUNCTIONS,
    chance::FUNCTIONS,
    format::FUNCTIONS,
    ipv4::FUNCTIONS,
    ipv6::FUNCTIONS,
    ip_search::FUNCTIONS,
    url::FUNCTIONS,
    path::FUNCTIONS,
    version::FUNCTIONS,
    command_line::FUNCTIONS,
    codepoints::FUNCTIONS,
    punycode::FUNCTIONS,
    base64::FUNCTIONS,
    compressed::FUNCTIONS,
    hash::FUNCTIONS,
    math::FUNCTIONS,
    bitwise::FUNCTIONS,
    sketch::FUNCTIONS,
    statistics::FUNCTIONS,
    units::FUNCTIONS,
    user_agent::FUNCTIONS,
];

/// The function of that name.
pub fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// Every function, family by family.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.into_iter().chain(geo::FAMILIES).flatten()
}

impl Function {
    /// A function that takes nothing yet and gives null.
    const fn of(name: &'static str, signature: &'static str, doc: &'static str) -> Function {
        Function {
            name,
            signature,
            doc,
            min: 0,
            max: 0,
            params: &[],
            repeat: 1,
            returns: Returns::Type(ScalarType::Dynamic),
            call: |_, _| Value::Null,
            prepare: None,
        }
    }

    /// The same under another name.
    const fn alias(self, name: &'static str, signature: &'static str) -> Function {
        Function { name, signature, ..self }
    }

    /// The same, taking `min` to `max` arguments.
    const fn takes(self, min: usize, max: usize, params: &'static [Param]) -> Function {
        Function { min, max, params, ..self }
    }

    /// The same, with its type and what it does.
    const fn calls(self, returns: ScalarType, call: Call) -> Function {
        Function { returns: Returns::Type(returns), call, ..self }
    }

    /// The same, with the rule for its type.
    const fn gives(self, returns: Returns, call: Call) -> Function {
        Function { returns, call, ..self }
    }

    /// The same, with its type and what makes it ready.
    const fn prepares(self, returns: Returns, prepare: Prepare) -> Function {
        Function { returns, prepare: Some(prepare), ..self }
    }

    /// The same, the last `count` parameters repeated as a group.
    const fn repeats(self, repeat: usize) -> Function {
        Function { repeat, ..self }
    }

    /// Whether the argument at that index must be a `typeof()`.
    pub fn takes_type(&self, at: usize) -> bool {
        self.param(at) == Param::Type
    }

    /// Whether its value depends on when it is asked, so that it must not be computed when the query is bound.
    pub fn reads_clock(&self) -> bool {
        matches!(self.name, "ago" | "now" | "ingestion_time") || self.is_random()
    }

    /// Whether its value is another each time it is asked, so that a stream must not ask it.
    pub fn is_random(&self) -> bool {
        matches!(self.name, "new_guid" | "rand")
    }

    /// The type of a call with arguments of these types.
    ///
    /// # Errors
    /// Kusto's code and a sentence: KS119, KS120, KS121, SEM0219 or SEM0223 for the number of arguments, KS107 for the
    /// type of one, SEM0525 for results of different types.
    pub fn check(&self, types: &[ScalarType]) -> Result<ScalarType, Refusal> {
        self.check_count(types.len())?;
        let last = types.len().saturating_sub(1);
        let (mut common, mut plain) = (None, None);
        for (at, given) in types.iter().enumerate() {
            let param = if at == last && self.returns == Returns::Common { Param::Result } else { self.param(at) };
            if !param.takes(*given) {
                let name = self.name;
                let wanted = param.name();
                let message = format!("Argument {} of {name}() must be {wanted}, but it is of type {given}.", at + 1);
                return Err(("KS107", message));
            }
            if param == Param::Result {
                common = Some(match common {
                    None => *given,
                    Some(so_far) => self.common(so_far, *given)?,
                });
                plain = match plain {
                    _ if *given == ScalarType::Dynamic => plain,
                    None => Some(Ok(*given)),
                    Some(so_far) => Some(so_far.and_then(|so_far| self.common(so_far, *given))),
                };
            }
        }
        Ok(match self.returns {
            Returns::Type(is) => is,
            // Beside a text a dynamic becomes one, which loses nothing. Into another type many values do not go.
            Returns::Common => match (common, plain) {
                (Some(ScalarType::Dynamic), Some(Ok(ScalarType::String))) => ScalarType::String,
                (common, _) => common.unwrap_or(ScalarType::Dynamic),
            },
            Returns::Argument(_) if types.contains(&ScalarType::Real) => ScalarType::Real,
            Returns::Argument(at) => types.get(at).copied().unwrap_or(ScalarType::Dynamic),
            Returns::Named(at) => types.get(at).copied().unwrap_or(ScalarType::String),
            Returns::NamedOrDynamic(at) => types.get(at).copied().unwrap_or(ScalarType::Dynamic),
            Returns::Widest => self.widest(types)?,
        })
    }

    fn check_count(&self, count: usize) -> Result<(), Refusal> {
        let Function { name, min, max, .. } = self;
        if (*min..=*max).contains(&count) {
            // case(predicate, value, …, else): pairs and one.
            if *name == "case" && count.is_multiple_of(2) {
                let message = format!("case() takes pairs and a last value, an odd number of arguments, not {count}.");
                return Err(("KS121", message));
            }
            if matches!(*name, "bag_pack" | "pack" | "pack_dictionary") && !count.is_multiple_of(2) {
                return Err(("KS121", format!("{name}() takes pairs of a key and a value, not {count} arguments.")));
            }
            return Ok(());
        }
        let code = match *name {
            "coalesce" if count == 1 => "SEM0223",
            "bin" | "floor" if count == 1 => "SEM0219",
            _ if min == max => "KS119",
            _ => "KS120",
        };
        let wanted = match (min, max) {
            (1, 1) => "1 argument".to_owned(),
            _ if min == max => format!("{min} arguments"),
            _ => format!("{min} to {max} arguments"),
        };
        Err((code, format!("{name}() takes {wanted}, not {count}.")))
    }

    fn param(&self, at: usize) -> Param {
        let fixed = self.params.len().saturating_sub(self.repeat);
        let place = if at < fixed { at } else { fixed + (at - fixed) % self.repeat.max(1) };
        self.params.get(place).copied().unwrap_or(Param::Any)
    }

    fn widest(&self, types: &[ScalarType]) -> Result<ScalarType, Refusal> {
        use ScalarType::{Decimal, Int, Long, Real};
        if types.iter().all(|t| t.is_numeric()) {
            let widest = [Decimal, Real, Long].into_iter().find(|t| types.contains(t));
            return Ok(widest.unwrap_or(Int));
        }
        let mut rest = types.iter().copied();
        let first = rest.next().unwrap_or(ScalarType::Dynamic);
        rest.try_fold(first, |so_far, given| self.common(so_far, given))
    }

    fn common(&self, a: ScalarType, b: ScalarType) -> Result<ScalarType, Refusal> {
        use ScalarType::{Dynamic, Int, Long};
        match (a, b) {
            _ if a == b => Ok(a),
            (Int, Long) | (Long, Int) => Ok(Long),
            (Dynamic, _) | (_, Dynamic) => Ok(Dynamic),
            _ => {
                let message =
                    format!("The results of {}() must be of one type, but one is {a} and one {b}.", self.name);
                Err(("SEM0525", message))
            }
        }
    }
}

impl Param {
    fn takes(self, given: ScalarType) -> bool {
        use ScalarType as S;
        match self {
            Param::Any | Param::Result | Param::Type => true,
            Param::Plain => given != S::Dynamic,
            Param::Is(S::Real) => given.is_numeric(),
            Param::Is(S::Long) => matches!(given, S::Int | S::Long),
            Param::Is(wanted) => given == wanted,
            Param::Bool => given == S::Bool,
            Param::Truth => given == S::Bool || given.is_numeric(),
            Param::Number => given.is_numeric(),
            Param::Summable => given.is_numeric() || matches!(given, S::DateTime | S::TimeSpan),
            Param::Text => matches!(given, S::String | S::Dynamic),
        }
    }

    /// What it takes, as part of a sentence.
    fn name(self) -> String {
        match self {
            Param::Any | Param::Result => "of any type".to_owned(),
            Param::Is(wanted) => format!("of type {wanted}"),
            Param::Bool => "a bool (a dynamic needs tobool())".to_owned(),
            Param::Truth => "a bool or a number (a dynamic needs tobool())".to_owned(),
            Param::Number => "a number".to_owned(),
            Param::Summable => "a number, a datetime or a timespan".to_owned(),
            Param::Text => "a string".to_owned(),
            Param::Plain => "of any type but dynamic".to_owned(),
            Param::Type => "a type, as typeof(type)".to_owned(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    /// Calls a function of the table by name.
    pub(super) fn call<'a>(name: &str, arguments: &[Value<'a>]) -> Value<'a> {
        let context = Context { now: DateTime::parse("2024-03-01T12:00:00Z").unwrap() };
        let owned: Vec<Value<'static>> = arguments.iter().map(|a| a.clone().into_owned()).collect();
        let constants: Vec<_> = owned.iter().map(Some).collect();
        let callee = Callee::of(find(name).unwrap(), &constants).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        callee.run(&context, arguments)
    }

    /// Why a call with these constants is refused.
    pub(super) fn refusal(name: &str, arguments: &[Value<'static>]) -> &'static str {
        let constants: Vec<_> = arguments.iter().map(Some).collect();
        Callee::of(find(name).unwrap(), &constants).unwrap_err().0
    }

    /// A value of a JSON text.
    pub(super) fn json(text: &'static str) -> Value<'static> {
        Value::dynamic(crate::value::json::parse(text, 128).unwrap())
    }

    /// The JSON text of what a call gives; "null" for the null.
    pub(super) fn json_of(name: &str, arguments: &[Value<'_>]) -> String {
        let mut text = String::new();
        crate::value::convert::into_dynamic(call(name, arguments)).to_json(&mut text);
        text
    }

    fn code(name: &str, types: &[ScalarType]) -> &'static str {
        find(name).unwrap().check(types).unwrap_err().0
    }

    #[test]
    fn the_table_is_sound() {
        let mut names: Vec<_> = all().map(|f| f.name).collect();
        for function in all() {
            assert!(function.min <= function.max, "{}", function.name);
            assert!(function.params.len() <= function.max, "{}", function.name);
            assert!(!function.doc.is_empty(), "{}", function.name);
            assert!(function.signature.starts_with(function.name), "{}", function.name);
            // A call must bear whatever the check lets through, nulls first of all.
            for count in function.min..=function.max.min(5) {
                if function.prepare.is_none() {
                    call(function.name, &vec![Value::Null; count]);
                    call(function.name, &vec![Value::string("é-1"); count]);
                    call(function.name, &vec![Value::Long(i64::MIN); count]);
                }
            }
        }
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    /// Whatever the values and their types: a wrong one is null, never a panic.
    #[test]
    fn no_call_panics() {
        use crate::value::TimeSpan;
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::string(""),
            Value::string("é\u{301}x y"),
            Value::string("1.2.3.4/24"),
            Value::string("https://a:b@example.com:1/c?d=e#f"),
            Value::string("$.a[0].b"),
            Value::string("day"),
            Value::string("(.)"),
            Value::string("\\\"%\u{0}"),
            Value::Int(i32::MIN),
            Value::Long(i64::MIN),
            Value::Long(-1),
            Value::Long(i64::MAX),
            Value::Real(f64::NAN),
            Value::Real(-1e300),
            Value::DateTime(DateTime::MIN),
            Value::DateTime(DateTime::MAX),
            Value::TimeSpan(TimeSpan(i64::MIN)),
            Value::TimeSpan(TimeSpan(1)),
            json(r#"["é",-1,null,[1],9223372036854775807]"#),
            json(r#"{"a":[{"b":1}],"é":null}"#),
        ];
        let context = Context { now: DateTime::MAX };
        // A generator of its own, so that every run asks the same.
        let mut state = 1_u64;
        let mut any = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            &values[(state >> 33) as usize % values.len()]
        };
        for function in all() {
            for round in 0..200 {
                let count = function.min + round % (function.max.min(function.min + 3) - function.min + 1);
                let arguments: Vec<_> = (0..count).map(|_| any().clone()).collect();
                let constants: Vec<_> = arguments.iter().map(Some).collect();
                if let Ok(callee) = Callee::of(function, &constants) {
                    callee.run(&context, &arguments);
                }
            }
        }
    }

    #[test]
    fn refusals_have_kustos_codes() {
        use ScalarType::{Bool, Dynamic, Long, Real, String};
        assert_eq!(code("case", &[Bool, String, Bool, String]), "KS121");
        assert_eq!(code("case", &[Bool, String, Long]), "SEM0525");
        assert_eq!(code("case", &[Bool, String, Dynamic, String, String]), "KS107");
        assert_eq!(code("iff", &[Bool, String, Long]), "SEM0525");
        assert_eq!(code("iff", &[Bool, Long, Real]), "SEM0525");
        assert_eq!(code("iff", &[String, Long, Long]), "KS107");
        assert_eq!(code("iff", &[Dynamic, Long, Long]), "KS107");
        assert_eq!(code("iff", &[Bool, Long]), "KS119");
        assert_eq!(code("coalesce", &[String]), "SEM0223");
        assert_eq!(code("coalesce", &[String, Long]), "SEM0525");
        assert_eq!(code("not", &[String]), "KS107");
        assert_eq!(code("strcat", &[]), "KS120");
        assert_eq!(code("floor", &[Real]), "SEM0219");
        assert_eq!(code("strlen", &[Long]), "KS107");
    }

    #[test]
    fn results_have_a_type() {
        use ScalarType::{Bool, Dynamic, Int, Long, Real, String};
        let check = |name: &str, types: &[ScalarType]| find(name).unwrap().check(types);
        assert_eq!(check("iff", &[Bool, Int, Long]), Ok(Long));
        assert_eq!(check("iff", &[Bool, Dynamic, String]), Ok(String));
        assert_eq!(check("case", &[Bool, String, Bool, Dynamic, Dynamic]), Ok(String));
        assert_eq!(check("case", &[Bool, Dynamic, Bool, Int, Long]), Ok(Dynamic));
        assert_eq!(check("case", &[Bool, Dynamic, Bool, String, Long]), Ok(Dynamic), "they have none in common");
        assert_eq!(check("coalesce", &[Dynamic, Dynamic]), Ok(Dynamic));
        assert_eq!(check("case", &[Bool, String, Bool, String, String]), Ok(String));
        assert_eq!(check("not", &[Long]), Ok(Bool));
        assert_eq!(check("bin", &[Long, Long]), Ok(Long));
        assert_eq!(check("bin", &[Long, Real]), Ok(Real));
        assert_eq!(check("strcat", &[Long, Dynamic, Bool]), Ok(String));
    }
}
