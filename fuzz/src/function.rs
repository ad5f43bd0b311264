//! One scalar function over odd values. The first bytes choose the function and which arguments are constants, the rest are
//! the arguments; every value is of the type that the function's check has promised.

use kqltap::schema::ScalarType;
use kqltap::value::functions::{Callee, Context, all};
use kqltap::value::{DateTime, TimeSpan, Value, json};

/// The ticks of 9999-12-31T23:59:59.9999999, the last datetime.
const LAST_TICK: u64 = 3_155_378_975_999_999_999;

const TEXTS: [&str; 24] = [
    "",
    " ",
    "a",
    "A,b;c\n\"d\",",
    "İ ſ K ß 日本 😀",
    "\0\u{7f}\u{301}",
    "192.0.2.1/24",
    "fe80::1%eth0/64",
    "::ffff:192.0.2.1",
    "https://user:pw@contoso.example:99999/a/b?c=%zz&c=d#e",
    "C:\\a\\b.tar.gz:stream",
    "2024-02-29T12:00:00.1234567Z",
    "-106751991.02:48:05.4775808",
    "1e400",
    "-9223372036854775808",
    "0x7fffffffffffffff",
    "{\"a\":[1,{\"b\":null}]}",
    "$.a[0]..b[*]",
    "(a*)*b|(?P<n>c)",
    "[[]",
    "cmd \"a b\" c\\\" 'd",
    "<a b='c'><d/>&lt;</a>",
    "yyyy-MM-dd HH:mm:ss.fffffff tt",
    "11111111-2222-3333-4444-555555555555",
];

/// What is left of the input; behind its end there are zeros.
struct Bytes<'i>(&'i [u8]);

impl<'i> Bytes<'i> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    fn word(&mut self) -> u64 {
        // Small numbers and those at the edge of a type are worth more than any others.
        match self.byte() % 4 {
            0 => u64::from(self.byte()),
            1 => u64::from(self.byte()).wrapping_neg(),
            2 => [i64::MAX, i64::MIN, 1 << 31, 1 << 53][usize::from(self.byte() % 4)] as u64,
            _ => u64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }

    fn text(&mut self) -> &'i str {
        let choice = usize::from(self.byte());
        if let Some(text) = TEXTS.get(choice) {
            return text;
        }
        let length = usize::from(self.byte()).min(self.0.len());
        let bytes = self.0.split_off(..length).unwrap_or_default();
        str::from_utf8(bytes).unwrap_or_else(|error| str::from_utf8(&bytes[..error.valid_up_to()]).unwrap())
    }

    fn value(&mut self) -> (ScalarType, Value<'i>) {
        use ScalarType as S;
        let kind = self.byte();
        let (ty, value) = match kind % 10 {
            0 => (S::Bool, Value::Bool(self.byte() % 2 == 1)),
            1 => (S::Int, Value::Int(self.word() as i32)),
            2 => (S::Long, Value::Long(self.word() as i64)),
            3 => (S::Real, Value::Real(f64::from_bits(self.word()))),
            4 => (S::DateTime, Value::DateTime(DateTime((self.word() % (LAST_TICK + 1)) as i64))),
            5 => (S::TimeSpan, Value::TimeSpan(TimeSpan(self.word() as i64))),
            6 => (S::Guid, Value::Guid(u128::from(self.word()) << 64 | u128::from(self.word()))),
            7 => (S::Dynamic, json::parse(self.text(), 64).map_or(Value::Null, Value::dynamic)),
            _ => return (S::String, Value::string(self.text())),
        };
        (ty, if kind >= 240 { Value::Null } else { value })
    }
}

pub fn function(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let choice = usize::from(bytes.byte()) << 8 | usize::from(bytes.byte());
    let function = all().nth(choice % all().count()).unwrap();
    let (constant, more) = (bytes.byte(), usize::from(bytes.byte() % 4));
    let count = function.max.min(function.min + more);
    let (types, values): (Vec<ScalarType>, Vec<Value<'_>>) = (0..count).map(|_| bytes.value()).unzip();
    let Ok(promised) = function.check(&types) else { return };
    let owned: Vec<Value<'static>> = values.iter().map(|value| value.clone().into_owned()).collect();
    let constants: Vec<_> =
        owned.iter().enumerate().map(|(i, v)| (constant >> (i % 8) & 1 == 0).then_some(v)).collect();
    let Ok(callee) = Callee::of(function, &constants) else { return };
    let context = Context { now: DateTime::parse("2026-11-24T12:00:00Z").unwrap() };
    let value = callee.run(&context, &values);
    assert!(is_of(promised, &value), "{}{values:?} is {value:?} and no {promised}", function.name);
}

fn is_of(promised: ScalarType, value: &Value<'_>) -> bool {
    use ScalarType as S;
    match value {
        // An evaluator makes "" of a null string, and a dynamic may be any value that goes into one.
        _ if promised == S::Dynamic => true,
        Value::Null => true,
        Value::Bool(_) => promised == S::Bool,
        // What chooses among numbers of several types gives one as it is; the binder converts it.
        Value::Int(_) => matches!(promised, S::Int | S::Long | S::Real | S::Decimal),
        Value::Long(_) => matches!(promised, S::Long | S::Real | S::Decimal),
        Value::Real(_) => matches!(promised, S::Real | S::Decimal),
        Value::Decimal(_) => promised == S::Decimal,
        Value::String(_) => promised == S::String,
        Value::DateTime(_) => promised == S::DateTime,
        Value::TimeSpan(_) => promised == S::TimeSpan,
        Value::Guid(_) => promised == S::Guid,
        Value::Dynamic(_) => promised == S::Dynamic,
    }
}
