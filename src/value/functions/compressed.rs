//! Texts that are compressed, in base64.
//!
//! <https://learn.microsoft.com/kusto/query/gzip-base64-compress> and its neighbours.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::arguments::text_at;
use super::base64::{ENGINE, decode};
use super::limits::MAX_TEXT;
use super::{Function, Param};
use crate::schema::ScalarType;
use crate::value::Value;

const TEXT: &[Param] = &[Param::Text];
const STRING: ScalarType = ScalarType::String;

/// Deflate, no flags, no time, of no system that it names: what the engine writes.
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Deflate with a window of 32 KiB, packed fast: what the engine writes.
const ZLIB_HEAD: [u8; 2] = [0x78, 0x01];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "gzip_compress_to_base64_string",
        "gzip_compress_to_base64_string(text)",
        "A text as gzip, in base64; \"\" of a text over 1 MiB. Kusto's own bytes may be others that unpack to the same.",
    )
    .takes(1, 1, TEXT)
    .calls(STRING, |_, a| {
        let text = text_at(a, 0);
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let tail = [crc32fast::hash(text.as_bytes()).to_le_bytes(), length.to_le_bytes()].concat();
        framed(&text, &GZIP_HEAD, &tail)
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
    Function::of(
        "zlib_compress_to_base64_string",
        "zlib_compress_to_base64_string(text)",
        "A text as zlib, in base64; \"\" of a text over 1 MiB. Kusto's own bytes may be others that unpack to the same.",
    )
    .takes(1, 1, TEXT)
    .calls(STRING, |_, a| {
        let text = text_at(a, 0);
        framed(&text, &ZLIB_HEAD, &adler32(text.as_bytes()).to_be_bytes())
    }),
];

/// A text packed, between a head and a tail.
fn framed<'a>(text: &str, head: &[u8], tail: &[u8]) -> Value<'a> {
    if text.len() > MAX_TEXT {
        return Value::string("");
    }
    let packed = deflated(text, Compression::fast());
    // What does not become shorter is stored as it is, as the engine does it.
    let packed = packed.filter(|packed| packed.len() < text.len()).or_else(|| deflated(text, Compression::none()));
    Value::string(packed.map(|packed| ENGINE.encode([head, &packed, tail].concat())).unwrap_or_default())
}

fn deflated(text: &str, level: Compression) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), level);
    encoder.write_all(text.as_bytes()).ok()?;
    encoder.finish().ok()
}

/// RFC 1950, 8.2.
fn adler32(bytes: &[u8]) -> u32 {
    const BASE: u32 = 65521;
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % BASE;
        (a, (b + a) % BASE)
    });
    b << 16 | a
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
    use super::super::tests::call;
    use super::*;

    fn s(text: &str) -> Value<'_> {
        Value::string(text)
    }

    /// The answers of the documentation; and what is packed unpacks.
    #[test]
    fn to_and_fro() {
        let pack = |kind: &str, text: &str| call(&format!("{kind}_compress_to_base64_string"), &[s(text)]).into_owned();
        let short = "1234567890qwertyuiop";
        assert_eq!(pack("gzip", short), s("H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA=="));
        assert_eq!(pack("zlib", short), s("eAEBFADr/zEyMzQ1Njc4OTBxd2VydHl1aW9wOAkGdw=="));
        let long = "all the same ".repeat(40_000);
        for (kind, text) in
            ["gzip", "zlib"].into_iter().flat_map(|kind| [(kind, ""), (kind, "é"), (kind, long.as_str())])
        {
            let packed = pack(kind, text);
            assert!(matches!(&packed, Value::String(packed) if packed.len() < 64.max(text.len() / 10)), "{packed:?}");
            assert_eq!(call(&format!("{kind}_decompress_from_base64_string"), &[packed]), s(text));
        }
        assert_eq!(pack("gzip", &"x".repeat(MAX_TEXT + 1)), s(""));
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
