//! Which bytes of a literal to look for first, and how often they are met.

/// Bytes of a literal that the first look compares. Three let little through if they are chosen well, four cost a load and two
/// look-ups more (measured: no gain).
pub(super) const WINDOW: usize = 3;

/// Offset of the rarest window of a literal that has at least [`WINDOW`] bytes.
pub(super) fn rarest(literal: &[u8]) -> usize {
    let windows = literal.windows(WINDOW).enumerate();
    let met = |window: &[u8]| window.iter().map(|b| share(*b) + share(b.to_ascii_uppercase())).product::<f32>();
    windows.min_by(|(_, a), (_, b)| met(a).total_cmp(&met(b))).map_or(0, |(at, _)| at)
}

/// The share of a byte in JSON logs. Made by counting Defender and Entra records, and rounded: quotes and the letters of words
/// lead, then digits, which ids and hashes are full of. Of eight letters one is a capital.
pub(super) fn share(byte: u8) -> f32 {
    let halvings = match byte.to_ascii_lowercase() {
        b'"' | b'i' | b'e' => 3.5,
        b'n' | b't' => 4.0,
        b's' | b'o' | b'a' | b'c' => 4.5,
        b'r' | b'p' | b':' => 5.0,
        b'd' | b'1' | b'l' | b',' | b'2' => 5.5,
        b'f' | b'u' | b'g' | b'm' | b'-' | b'0' | b'3'..=b'6' | b'8' => 6.0,
        b'7' | b'9' | b'\\' | b'b' => 6.5,
        b'.' | b'v' => 7.0,
        b' ' | b'y' | b'h' => 7.5,
        b'x' | b'k' => 8.5,
        b'z' | b'w' | b'/' => 9.0,
        b'q' | b'{' | b'}' => 9.5,
        b'_' => 10.0,
        b'j' | b'=' | b'@' | b'[' | b']' | b'\n' => 11.0,
        b'!'..=b'~' => 14.0,
        // Bytes of letters that are not ASCII, all together.
        0x80.. => 12.0,
        _ => 20.0,
    };
    let share = (-halvings as f32).exp2();
    if byte.is_ascii_uppercase() { share / 8.0 } else { share }
}
