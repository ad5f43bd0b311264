//! Which escapes matter.
//!
//! JSON may spell any character as `\uXXXX` and a slash as `\/`. Only an escape of a character that a literal has can hide a
//! literal; and, where JSON stands in a string of JSON, one of a character that an inner escape is made of. Writers that
//! escape quotes, ampersands or non-ASCII letters cost nothing, nor do paths such as `c:\\users`.

/// The characters whose escapes make a line a candidate.
#[derive(Debug)]
pub(super) struct Escapes {
    /// By ASCII code, both cases.
    matters: [bool; 128],
}

impl Escapes {
    pub(super) fn new(literals: &[String]) -> Escapes {
        let mut matters = [false; 128];
        // `\\u0041` is an escape inside a string inside a string; its own characters may be escaped once more.
        for byte in literals.iter().flat_map(|l| l.bytes()).chain(*b"\\u0123456789abcdef") {
            matters[usize::from(byte.to_ascii_lowercase()) & 127] = true;
            matters[usize::from(byte.to_ascii_uppercase()) & 127] = true;
        }
        Escapes { matters }
    }

    /// Whether the backslash at `at` begins an escape that matters. How many backslashes stand before it is not asked: in
    /// JSON inside a string each of them is doubled.
    pub(super) fn matters(&self, block: &[u8], at: usize) -> bool {
        match block.get(at + 1) {
            Some(b'/') => self.matters[usize::from(b'/')],
            Some(b'u') => {
                let Some(digits) = block.get(at + 2..at + 6) else {
                    return false;
                };
                let mut code = 0;
                for digit in digits {
                    let Some(value) = (*digit as char).to_digit(16) else {
                        return false;
                    };
                    code = code * 16 + value;
                }
                code < 128 && self.matters[code as usize]
            }
            _ => false,
        }
    }
}
