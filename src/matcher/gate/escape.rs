//! Which escapes matter.
//!
//! JSON may spell any character as `\uXXXX` and a slash as `\/`. Only an escape of a character that a literal has can hide a
//! literal; and, where JSON stands in a string of JSON, one of a character that an inner escape is made of; and one of a
//! control character that has a shorter escape too. Writers that escape quotes, ampersands or non-ASCII letters cost
//! nothing, nor do paths such as `c:\\users`.

/// The characters whose escapes make a line a candidate.
#[derive(Debug)]
pub(super) struct Escapes {
    /// By ASCII code, both cases.
    matters: [bool; 128],
}

impl Escapes {
    pub(super) fn new(literals: &[String]) -> Escapes {
        let mut matters = [false; 128];
        // A dynamic is written anew: `\u000a` becomes `\n`, whose letter may begin a literal (`nmail`).
        for control in *b"\x08\t\n\x0c\r" {
            matters[usize::from(control)] = true;
        }
        // `\\u0041` is an escape inside a string inside a string; its own characters may be escaped once more.
        for byte in literals.iter().flat_map(|l| l.bytes()).chain(*b"\\u0123456789abcdef") {
            matters[usize::from(byte.to_ascii_lowercase()) & 127] = true;
            matters[usize::from(byte.to_ascii_uppercase()) & 127] = true;
        }
        Escapes { matters }
    }

    /// What escapes that matter begin with, by the bytes that each of the first three may be; no byte stands for any.
    pub(super) fn beginnings(&self) -> Vec<[&'static [u8]; 3]> {
        // Those of ASCII characters are `\u00..`.
        let mut beginnings: Vec<[&[u8]; 3]> = vec![[b"\\", b"u", b"0"]];
        if self.matters[usize::from(b'/')] {
            beginnings.push([b"\\", b"/", b""]);
        }
        beginnings
    }

    /// What escapes that matter begin with, in the order of bytes.
    pub(super) fn prefixes(&self) -> Vec<&'static str> {
        // Those of ASCII characters are `\u00..`.
        let mut prefixes = vec![r"\u00"];
        if self.matters[usize::from(b'/')] {
            prefixes.push(r"\/");
        }
        prefixes
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
