//! Hashes.

use super::arguments::{argument, long_at, text_at};
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::{Value, convert};

const STRING: ScalarType = ScalarType::String;
const SOURCE: &[Param] = &[Param::Plain];

const HASH: Function = Function::of("hash_xxhash64", "hash_xxhash64(value, [mod])", XXHASH)
    .takes(1, 2, &[Param::Plain, Param::Is(ScalarType::Long)])
    .calls(ScalarType::Long, hash);

pub(super) const FUNCTIONS: &[Function] = &[
    HASH,
    HASH.alias("hash", "hash(value, [mod])"),
    Function::of("hash_md5", "hash_md5(value)", "MD5 of a value's text, in hexadecimal; of none, none.")
        .takes(1, 1, SOURCE)
        .calls(STRING, |_, a| digest::<md5::Md5>(a)),
    Function::of("hash_sha1", "hash_sha1(value)", "SHA-1 of a value's text, in hexadecimal.")
        .takes(1, 1, SOURCE)
        .calls(STRING, |_, a| digest::<sha1::Sha1>(a)),
    Function::of("hash_sha256", "hash_sha256(value)", "SHA-256 of a value's text, in hexadecimal.")
        .takes(1, 1, SOURCE)
        .calls(STRING, |_, a| digest::<sha2::Sha256>(a)),
];

const XXHASH: &str = "xxHash64 of a value (of text its UTF-8, of a number or a time its 8 bytes), or its remainder of mod. \
                      Kusto promises it only within one query.";

/// The measured hash of nothing is nothing.
fn digest<'a, D: sha2::Digest>(arguments: &[Value<'_>]) -> Value<'a> {
    let text = text_at(arguments, 0);
    if text.is_empty() {
        return Value::string("");
    }
    Value::string(D::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn hash<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let value = argument(arguments, 0);
    let hash = match value {
        Value::Int(_) | Value::Long(_) | Value::DateTime(_) | Value::TimeSpan(_) | Value::Bool(_) => {
            match convert::tolong(value) {
                Value::Long(n) => xxhash(&n.to_le_bytes()),
                _ => return Value::Null,
            }
        }
        Value::Real(n) => xxhash(&n.to_bits().to_le_bytes()),
        other => xxhash(convert::text(other).as_bytes()),
    };
    match arguments.get(1) {
        None => Value::Long(hash.cast_signed()),
        Some(_) => match long_at(arguments, 1).and_then(|m| u64::try_from(m).ok()) {
            Some(modulus) if modulus > 0 => Value::Long((hash % modulus).cast_signed()),
            _ => Value::Null,
        },
    }
}

fn xxhash(bytes: &[u8]) -> u64 {
    twox_hash::XxHash64::oneshot(0, bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::call;
    use super::*;
    use crate::value::DateTime;

    #[test]
    fn known_hashes() {
        let time = |text| Value::DateTime(DateTime::parse(text).unwrap());
        let world = Value::string("World");
        assert_eq!(call("hash", std::slice::from_ref(&world)), Value::Long(1846988464401551951));
        assert_eq!(call("hash", &[world.clone(), Value::Long(100)]), Value::Long(51));
        assert_eq!(call("hash", &[world.clone(), Value::Long(0)]), Value::Null);
        assert_eq!(call("hash", &[time("2015-01-01")]), Value::Long(1380966698541616202));
        assert_eq!(call("hash_md5", std::slice::from_ref(&world)), Value::string("f5a7924e621e84c9280a9a27e1bcb7f6"));
        assert_eq!(call("hash_md5", &[time("2020-01-01")]), Value::string("786c530672d1f8db31fee25ea8a9390b"));
        assert_eq!(call("hash_md5", &[Value::string("")]), Value::string(""));
        assert_eq!(call("hash_sha1", &[world]), Value::string("70c07ec18ef89c5309bbb0937f3a6342411e1fdd"));
    }
}
