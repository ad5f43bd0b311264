//! Which bytes of a literal to look for first: the rarest few that stand together.

/// Bytes of a literal that the first look compares. Three let too much through, more cost a load and two look-ups each.
pub(super) const WINDOW: usize = 3;

/// Offset of the rarest window of a literal that has at least [`WINDOW`] bytes.
pub(super) fn rarest(literal: &[u8]) -> usize {
    let windows = literal.windows(WINDOW).enumerate();
    windows.min_by_key(|(_, w)| w.iter().map(|b| commonness(*b)).sum::<u32>()).map_or(0, |(at, _)| at)
}

/// How often a byte occurs in JSON logs, by rough rank; case counts as one. Made by counting Defender, Entra and Sysmon
/// records: quotes and the letters of words lead, then digits, which ids and hashes are full of.
fn commonness(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b'"' | b'e' | b'i' | b's' => 10,
        b't' | b'n' | b'o' | b'r' | b'a' | b'c' => 9,
        b':' | b',' | b'd' | b'0'..=b'9' => 8,
        b'l' | b'p' | b'f' | b'm' | b'u' | b'b' => 7,
        b'-' | b'.' | b'g' | b'h' | b'v' | b'\\' => 5,
        b' ' | b'w' | b'y' | b'_' | b'x' => 4,
        b'/' | b'k' => 3,
        b'q' | b'j' | b'z' => 2,
        _ => 1,
    }
}
