//! Gzip and Zstandard, known by their first bytes and not by a name.

use std::io::{self, BufReader, Cursor, Read};

/// The first bytes of a gzip member (RFC 1952).
const GZIP: &[u8] = &[0x1f, 0x8b];
/// The first bytes of a Zstandard frame (RFC 8878).
const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Bytes that tell whether a stream is compressed.
pub(super) const MAGIC: usize = ZSTANDARD.len();

/// Compressed bytes that are read at a time.
const COMPRESSED_READ: usize = 64 * 1024;

/// Whether a file that begins so is compressed.
pub(super) fn is_compressed(start: &[u8]) -> bool {
    [GZIP, ZSTANDARD].iter().any(|magic| start.starts_with(magic))
}

/// The bytes of `source`, decompressed if they are compressed. Several members or frames, one behind the other, are one
/// stream. It waits for the first byte, and for another only while it may be the beginning of a compressed stream.
pub(super) fn decompress(mut source: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    let mut start = [0; MAGIC];
    let mut known = 0;
    while known < start.len()
        && [GZIP, ZSTANDARD].iter().any(|magic| magic.len() > known && magic.starts_with(&start[..known]))
    {
        match source.read(&mut start[known..]) {
            Ok(0) => break,
            Ok(read) => known += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let start = start[..known].to_vec();
    if !is_compressed(&start) {
        return Ok(if start.is_empty() { source } else { Box::new(Cursor::new(start).chain(source)) });
    }
    let gzip = start.starts_with(GZIP);
    let source = BufReader::with_capacity(COMPRESSED_READ, Cursor::new(start).chain(source));
    Ok(match gzip {
        true => Box::new(flate2::bufread::MultiGzDecoder::new(source)),
        false => Box::new(zstd::stream::read::Decoder::with_buffer(source)?),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write as _;

    use super::*;

    /// One byte a read.
    struct Slow(Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(1);
            self.0.read(&mut buffer[..most])
        }
    }

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        decompress(Box::new(Slow(Cursor::new(bytes.to_vec()))))?.read_to_end(&mut all)?;
        Ok(all)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_compressed_is_decompressed_and_all_else_stays() {
        for plain in ["", "{", "{}\n", "\x1f", "\x28", "(\n", "no magic here"] {
            assert_eq!(read(plain.as_bytes()).unwrap(), plain.as_bytes(), "{plain:?}");
        }
        let (one, two) = (b"one\n".repeat(1000), b"two\n".repeat(1000));
        let both = [one.clone(), two.clone()].concat();
        assert_eq!(read(&[gzip(&one), gzip(&two)].concat()).unwrap(), both);
        let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
        assert_eq!(read(&[zstd(&one), zstd(&two)].concat()).unwrap(), both);
    }

    #[test]
    fn a_stream_that_is_cut_off_is_an_error() {
        let whole = gzip(&b"one\n".repeat(1000));
        assert!(read(&whole[..whole.len() - 4]).is_err());
        let whole = zstd::encode_all(&b"one\n".repeat(1000)[..], 1).unwrap();
        assert!(read(&whole[..whole.len() - 4]).is_err());
    }
}
