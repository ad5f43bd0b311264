//! Lines that were several: a sender's event may come in many lines, and they are joined before a worker sees them.
//!
//! A joined line is `<MARK><n><MARK><line><MARK><line>…`, where n is how many lines of the input it accounts for: those that
//! have been read since the joined line before it.

use super::framing::Block;
use crate::decode::Choice;
use crate::decode::auditd::{Joiner, NAME, is_auditd};

/// The lines of one input that wait for others of their event.
#[derive(Debug, Default)]
pub(super) struct Joins {
    /// Whether the input's lines are joined; not known before its first block.
    joins: Option<bool>,
    joiner: Joiner,
}

impl Joins {
    /// Joins the lines of a block, if the input is one whose lines are joined: its first block says so, or any other that
    /// begins with such a line. To look into every block would cost more than all else that reading does.
    pub(super) fn block(&mut self, choice: Choice, block: &mut Block) {
        let joins = match choice {
            Choice::Off => false,
            Choice::One(sender) => sender.name == NAME,
            Choice::Auto if self.joins == Some(true) => true,
            Choice::Auto if self.joins.is_none() => is_auditd(block.bytes()),
            Choice::Auto => is_auditd(first_line(block.bytes())),
        };
        self.joins = Some(joins);
        if joins {
            let mut lines = Vec::with_capacity(block.length);
            self.joiner.block(block.bytes(), &mut lines);
            replace(block, lines);
        }
    }

    /// The input has ended: what still waits for others goes on as it is. `false` if that is nothing.
    pub(super) fn end(&mut self, block: &mut Block) -> bool {
        let mut lines = Vec::new();
        self.joiner.end(&mut lines);
        let any = !lines.is_empty();
        if any {
            block.begin();
            replace(block, lines);
        }
        any
    }
}

fn first_line(lines: &[u8]) -> &[u8] {
    &lines[..memchr::memchr(b'\n', lines).map_or(lines.len(), |at| at + 1)]
}

fn replace(block: &mut Block, lines: Vec<u8>) {
    block.begin = 0;
    block.length = lines.len();
    block.room = lines;
    block.joined = true;
}

/// Stands before the count and before each line.
pub(super) const MARK: u8 = 0x1e;

/// How many lines of the input a line accounts for.
pub(super) fn lines(text: &[u8]) -> u64 {
    let Some(rest) = text.strip_prefix(&[MARK]) else { return 1 };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok().and_then(|digits| digits.parse().ok()).unwrap_or(1)
}

/// Whether a line among those of auditd is what tools put between its records: `ausearch` a rule and a time, and people
/// comments.
pub(super) fn is_remark(text: &[u8]) -> bool {
    text == b"----" || text.starts_with(b"time->") || text.starts_with(b"#")
}

/// The lines as they came, each with its newline.
pub(super) fn apart(joined: &[u8]) -> Vec<u8> {
    let mut parts = joined.split(|b| *b == MARK).skip(2);
    let mut lines = parts.next().unwrap_or_default().to_vec();
    for part in parts {
        lines.push(b'\n');
        lines.extend_from_slice(part);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joined_line_says_what_it_was() {
        let joined = b"\x1e3\x1eone\x1etwo\n";
        assert_eq!(lines(joined), 3);
        assert_eq!(apart(joined), b"one\ntwo\n");
        assert_eq!(lines(b"plain"), 1);
    }
}
