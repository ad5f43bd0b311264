//! Sixteen bytes of JSON text at a time.
//!
//! Names and values are short, most under 32 bytes, and escapes stand close in paths and in JSON within JSON. So a search with
//! a vector's width and no setup beats one for long texts, and eight bytes in a word. (Measured, in instructions a byte: a tenth
//! less for a line of Auditbeat's to become a tree, a quarter less for a row of WindowsEvent with its event in a string.)

use wide::u8x16;

/// Their number.
pub(super) const CHUNK: usize = 16;

/// A bit for each byte that a string cannot hold as it is, the first byte's the lowest: quotes, backslashes and control
/// characters.
#[inline(always)]
pub(super) fn specials(chunk: &[u8; CHUNK]) -> u32 {
    let text = u8x16::new(*chunk);
    let is = |byte| text.simd_eq(u8x16::splat(byte));
    let is_control = text.min(u8x16::splat(0x1F)).simd_eq(text);
    (is(b'"') | is(b'\\') | is_control).to_bitmask()
}

/// The same of one byte.
#[inline]
pub(super) fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..=0x1F)
}

/// How many stand before the first one that is `byte`; all of them if none is.
#[inline(always)]
pub(super) fn before(chunk: &[u8; CHUNK], byte: u8) -> usize {
    let marks = u8x16::new(*chunk).simd_eq(u8x16::splat(byte)).to_bitmask();
    (marks | 1 << CHUNK).trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..CHUNK {
                let mut chunk = [b'x'; CHUNK];
                chunk[place] = byte;
                assert_eq!(specials(&chunk), u32::from(is_special(byte)) << place, "{byte} at {place}");
                assert_eq!(before(&chunk, byte), if byte == b'x' { 0 } else { place }, "{byte} at {place}");
                assert_eq!(before(&chunk, b'y'), if byte == b'y' { place } else { CHUNK }, "{byte} at {place}");
            }
        }
    }
}
