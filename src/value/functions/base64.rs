//! Functions of base64, plain and compressed.

use std::io::Read as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::arguments::{argument, array_at, text_at};
use super::limits::{self, MAX_TEXT};
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const TEXT: &[Param] = &[Param::Text];
const STRING: ScalarType = ScalarType::String;

/// Padding may lack: senders leave it out.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
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
    Function::of(
        "gzip_decompress_from_base64_string",
        "gzip_decompress_from_base64_string(text)",
        "The text, at most 1 MiB of it, of gzip in base64; \"\" where there is none.",
    )
    .takes(1, 1, TEXT)
    .calls(STRING, |_, a| {
        decode(a).map_or(Value::string(""), |bytes| read(flate2::read::GzDecoder::new(bytes.as_slice())))
    }),
    Function::of(
        "zlib_decompress_from_base64_string",
        "zlib_decompress_from_base64_string(text)",
        "The text, at most 1 MiB of it, of zlib in base64; \"\" where there is none.",
    )
    .takes(1, 1, TEXT)
    .calls(STRING, |_, a| {
        decode(a).map_or(Value::string(""), |bytes| read(flate2::read::ZlibDecoder::new(bytes.as_slice())))
    }),
];

fn decode(arguments: &[Value<'_>]) -> Option<Vec<u8>> {
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

/// What a reader gives, to the limit: a few bytes may unpack to any number.
fn read<'a>(reader: impl std::io::Read) -> Value<'a> {
    let mut bytes = Vec::new();
    if reader.take(MAX_TEXT as u64).read_to_end(&mut bytes).is_err() {
        return Value::string("");
    }
    match String::from_utf8(bytes) {
        Ok(text) => Value::string(text),
        // The limit may have cut the last character in two.
        Err(error) if error.as_bytes().len() == MAX_TEXT && error.utf8_error().error_len().is_none() => {
            let whole = error.utf8_error().valid_up_to();
            Value::string(String::from_utf8_lossy(&error.as_bytes()[..whole]).into_owned())
        }
        Err(_) => Value::string(""),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::{call, json, json_of};
    use super::*;
    use std::io::Write as _;

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

    #[test]
    fn a_bomb_unpacks_to_the_limit() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all("é".repeat(MAX_TEXT).as_bytes()).unwrap();
        let packed = ENGINE.encode(gzip.finish().unwrap());
        let Value::String(text) = call("gzip_decompress_from_base64_string", &[s(&packed)]) else { unreachable!() };
        assert_eq!(text.len(), MAX_TEXT);
        assert_eq!(call("zlib_decompress_from_base64_string", &[s(&packed)]), s(""));
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(b"Kusto").unwrap();
        let packed = ENGINE.encode(zlib.finish().unwrap());
        assert_eq!(call("zlib_decompress_from_base64_string", &[s(&packed)]), s("Kusto"));
    }
}
