//! Functions of base64.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::arguments::{argument, array_at, text_at};
use super::limits;
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const TEXT: &[Param] = &[Param::Text];
const STRING: ScalarType = ScalarType::String;

/// Padding may lack: senders leave it out.
pub(super) const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const DECODE: Function = Function::of(
    "base64_decode_tostring",
    "base64_decode_tostring(text)",
    "The text that base64 stands for; \"\" where it is no base64, or what it stands for no UTF-8.",
)
.takes(1, 1, TEXT)
.calls(STRING, |_, a| Value::string(decode(a).and_then(|b| String::from_utf8(b).ok()).unwrap_or_default()));

const ENCODE: Function = Function::of("base64_encode_tostring", "base64_encode_tostring(text)", "A text in base64.")
    .takes(1, 1, TEXT)
    .calls(STRING, |_, a| Value::string(ENGINE.encode(text_at(a, 0).as_bytes())));

pub(super) const FUNCTIONS: &[Function] = &[
    DECODE,
    DECODE.alias("base64_decodestring", "base64_decodestring(text)"),
    ENCODE,
    ENCODE.alias("base64_encodestring", "base64_encodestring(text)"),
    Function::of(
        "base64_decode_toarray",
        "base64_decode_toarray(text)",
        "The bytes that base64 stands for, as an array of longs; null where it is no base64.",
    )
    .takes(1, 1, TEXT)
    .calls(ScalarType::Dynamic, |_, a| {
        decode_padded(a).map_or(Value::Null, |bytes| limits::array(bytes.into_iter().map(|b| Dynamic::Long(b.into()))))
    }),
    Function::of(
        "base64_decode_toguid",
        "base64_decode_toguid(text)",
        "The guid whose 16 bytes, in the order of Windows, base64 stands for; or null.",
    )
    .takes(1, 1, TEXT)
    .calls(ScalarType::Guid, |_, a| {
        let bytes = decode(a).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        bytes.map_or(Value::Null, |bytes| Value::Guid(u128::from_be_bytes(windows_order(bytes))))
    }),
    Function::of(
        "base64_encode_fromarray",
        "base64_encode_fromarray(array)",
        "An array of bytes in base64; \"\" if it holds anything else.",
    )
    .takes(1, 1, &[Param::Is(ScalarType::Dynamic)])
    .calls(STRING, encode_array),
    Function::of(
        "base64_encode_fromguid",
        "base64_encode_fromguid(guid)",
        "The 16 bytes of a guid, in the order of Windows, in base64.",
    )
    .takes(1, 1, &[Param::Is(ScalarType::Guid)])
    .calls(STRING, |_, a| match argument(a, 0) {
        Value::Guid(guid) => Value::string(ENGINE.encode(windows_order(guid.to_be_bytes()))),
        _ => Value::string(""),
    }),
];

/// The bytes that base64 stands for.
pub(super) fn decode(arguments: &[Value<'_>]) -> Option<Vec<u8>> {
    ENGINE.decode(text_at(arguments, 0).trim()).ok()
}

/// The bytes of a text that keeps its `=` at the end; without them the engine gives nothing.
fn decode_padded(arguments: &[Value<'_>]) -> Option<Vec<u8>> {
    decode(arguments).filter(|_| text_at(arguments, 0).trim().len().is_multiple_of(4))
}

fn encode_array<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let bytes = array_at(arguments, 0).and_then(|elements| {
        let bytes = elements.iter().map(|element| match element {
            Dynamic::Long(byte) => u8::try_from(*byte).ok(),
            _ => None,
        });
        bytes.collect::<Option<Vec<u8>>>()
    });
    Value::string(bytes.map(|bytes| ENGINE.encode(bytes)).unwrap_or_default())
}

/// Windows stores the first three fields of a guid with their lowest byte first; to and fro is the same.
fn windows_order(bytes: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let [i, j, k, l, m, n, o, p] = rest;
    [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::{call, json, json_of};
    use super::*;

    fn s(text: &str) -> Value<'_> {
        Value::string(text)
    }

    #[test]
    fn text_and_bytes() {
        assert_eq!(call("base64_encode_tostring", &[s("Kusto")]), s("S3VzdG8="));
        for (encoded, text) in [("S3VzdG8=", "Kusto"), ("S3VzdG8", "Kusto"), ("/w==", ""), ("no!", ""), ("", "")] {
            assert_eq!(call("base64_decode_tostring", &[s(encoded)]), s(text), "{encoded}");
        }
        assert_eq!(json_of("base64_decode_toarray", &[s("S3X/")]), "[75,117,255]");
        assert_eq!(json_of("base64_decode_toarray", &[s("!")]), "null");
        assert_eq!(call("base64_encode_fromarray", &[json("[75,117,255]")]), s("S3X/"));
        assert_eq!(call("base64_encode_fromarray", &[json("[256]")]), s(""));
    }

    #[test]
    fn guids_have_the_order_of_windows() {
        let guid = Value::Guid(0x10e99626_bc2b_4c75_bb3e_fe606de25700);
        assert_eq!(call("base64_decode_toguid", &[s("JpbpECu8dUy7Pv5gbeJXAA==")]), guid);
        assert_eq!(call("base64_encode_fromguid", &[guid]), s("JpbpECu8dUy7Pv5gbeJXAA=="));
        assert_eq!(call("base64_decode_toguid", &[s("abcd1231")]), Value::Null);
    }
}
