//! `parse_version`: versions as numbers that compare as they do.

use super::arguments::text_at;
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[Function::of(
    "parse_version",
    "parse_version(version)",
    "A decimal of 32 digits, 8 for each of up to four numbers with dots between; those that lack are 0. Null for anything else.",
)
.takes(1, 1, &[Param::Text])
.calls(ScalarType::Decimal, parse_version)];

/// The most numbers of a version.
const PARTS: usize = 4;
/// The most digits of each.
const DIGITS: usize = 8;

fn parse_version<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    number(text_at(arguments, 0).trim()).map_or(Value::Null, Value::Decimal)
}

fn number(version: &str) -> Option<i128> {
    let mut parts = [0; PARTS];
    for (at, part) in version.split('.').enumerate() {
        let digits = (1..=DIGITS).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        *parts.get_mut(at)? = part.parse().ok().filter(|_| digits)?;
    }
    Some(parts.iter().fold(0, |number, part: &i128| number * 10_i128.pow(DIGITS as u32) + part))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of the Kusto Emulator to the documentation's example, and what the documentation says of the rest.
    #[test]
    fn versions_compare_as_numbers() {
        for (version, expected) in [
            ("0.0.0.5", Some(5)),
            ("0.0.7.0", Some(700_000_000)),
            ("0.0.3", Some(300_000_000)),
            ("0.2", Some(20_000_000_000_000_000)),
            ("1.2.3.4", Some(1_000_000_020_000_000_300_000_004)),
            ("1", Some(1_000_000_000_000_000_000_000_000)),
            ("99999999.99999999.99999999.99999999", Some(10_i128.pow(32) - 1)),
            ("1.2.3.4.5", None),
            ("123456789", None),
            ("1..2", None),
            ("1.a", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(number(version), expected, "{version}");
        }
    }
}
