//! What a live input brings becomes blocks of whole lines: newline framing, or octet counting (RFC 6587).
//!
//! Like [`Framer`](super::framing::Framer), but it is given bytes and asks for none: a connection reads when there is
//! something, and for that it must be between two calls. Which framing a sender speaks is told by its first bytes: a count is
//! digits, the first no `0`, and a space, before something that a record begins with. A line may well begin with a number, a
//! time in seconds for one; taken for a count it would swallow all that follows.

use super::framing::{Block, KEPT, Oversized, READ_SIZE};

/// Digits of a count, at most: no message has ten gigabytes.
const MAX_DIGITS: usize = 10;

/// What a message begins with, for the first count to be believed: JSON, one record or several, XML, a record of auditd; and
/// syslog, which is `<` and a digit.
const BEGINNINGS: [&[u8]; 8] = [b"{", b"[{", b"[\n", b"[\r\n", b"<Event", b"<?xml", b"type=", b"node="];

/// A beginning of a line up to so many bytes is copied to where the next read goes; a longer one stays where it is, so
/// that the time for a long line does not grow with its square.
const SMALL: usize = 16 * 1024;

/// The framing cannot be made out any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CountError {
    /// Where a count must stand there is something else.
    #[error(
        "octet counting: a message must begin with its length and a space, and here it begins with {0:?}; is the sender \
         counting characters instead of bytes?"
    )]
    Bad(String),
    /// The sender closed within a message.
    #[error("octet counting: the connection ends within a message; what came of it is handled as a line")]
    Torn,
}

#[derive(Debug)]
enum Framing {
    /// The first bytes have not decided.
    Unknown,
    Newline,
    Counted,
}

/// A line over the limit of which more is to come.
#[derive(Debug)]
struct Skipped {
    line: Oversized,
    /// Bytes of the message that are still to come, if they are counted.
    left: u64,
}

/// Cuts the bytes of one input.
#[derive(Debug)]
pub(super) struct Cutter {
    framing: Framing,
    max_line: usize,
    /// What has come of a line, or of a message, that is not whole.
    tail: Vec<u8>,
    skipped: Option<Skipped>,
    /// With counting: the bytes that the tail must have before it is worth a look.
    wanted: usize,
    /// Bytes that came, and are in no block yet.
    read: u64,
}

impl Cutter {
    /// For an input of lines of at most `max_line` bytes, which may count them.
    pub(super) fn sniffing(max_line: usize) -> Cutter {
        Cutter { framing: Framing::Unknown, max_line, tail: Vec::new(), skipped: None, wanted: 0, read: 0 }
    }

    /// For an input whose lines end in newlines.
    pub(super) fn newlines(max_line: usize) -> Cutter {
        Cutter { framing: Framing::Newline, ..Cutter::sniffing(max_line) }
    }

    /// Bytes that it holds for later.
    pub(super) fn kept(&self) -> usize {
        self.tail.len() + self.skipped.as_ref().map_or(0, |skipped| skipped.line.start.len())
    }

    /// Whether a line has begun, and its end has not come.
    pub(super) fn within_line(&self) -> bool {
        !self.tail.is_empty() || self.skipped.is_some()
    }

    /// Where in the block's room the next read goes: [`READ_SIZE`] bytes from there are free. Nothing is changed if no
    /// read follows.
    pub(super) fn begin(&self, block: &mut Block) -> usize {
        block.begin();
        let known = if self.tail.len() <= SMALL { self.tail.len() } else { 0 };
        if block.room.len() < known + READ_SIZE {
            block.room.resize(known + READ_SIZE, 0);
        }
        block.room[..known].copy_from_slice(&self.tail[..known]);
        known
    }

    /// `read` bytes have come to where [`Cutter::begin`] said. Whole lines are added to `blocks`; the block is taken for
    /// them, or its room can be used again.
    pub(super) fn took(&mut self, block: &mut Block, read: usize, blocks: &mut Vec<Block>) -> Result<(), CountError> {
        let known = if self.tail.len() <= SMALL { self.tail.len() } else { 0 };
        self.read += read as u64;
        let (before, end) = (blocks.len(), known + read);
        let result = match self.framing {
            Framing::Newline if self.skipped.is_none() && self.tail.len() == known => {
                self.lines_in_place(block, known, end, blocks);
                Ok(())
            }
            _ => {
                let mut bytes = std::mem::take(&mut block.room);
                let result = self.any(&bytes[known..end], blocks);
                std::mem::swap(&mut block.room, &mut bytes);
                result
            }
        };
        self.account(&mut blocks[before..]);
        result
    }

    /// The input has ended: what has come of a line counts as one.
    pub(super) fn finish(&mut self, blocks: &mut Vec<Block>) -> Result<(), CountError> {
        let before = blocks.len();
        let tail = std::mem::take(&mut self.tail);
        let torn = matches!(self.framing, Framing::Counted) && (!tail.is_empty() || self.skipped.is_some());
        let mut block = match (torn, counted(&tail)) {
            (true, Counted::Message { begin, .. }) => {
                let mut line = Vec::with_capacity(tail.len());
                append_line(&tail[begin..], &mut line);
                block_from(line)
            }
            _ => block_from(tail),
        };
        block.oversized = self.skipped.take().map(|skipped| skipped.line);
        if !block.bytes().is_empty() || block.oversized.is_some() {
            blocks.push(block);
        }
        self.account(&mut blocks[before..]);
        if torn { Err(CountError::Torn) } else { Ok(()) }
    }

    /// The bytes that came and are not kept are those of the last block.
    fn account(&mut self, blocks: &mut [Block]) {
        if let Some(last) = blocks.last_mut() {
            last.read = self.read - (self.tail.len() as u64).min(self.read);
            self.read -= last.read;
        }
    }

    /// The usual case: `known` bytes of tail and what was read stand together, and the lines stay where they are.
    fn lines_in_place(&mut self, block: &mut Block, known: usize, end: usize, blocks: &mut Vec<Block>) {
        match memchr::memrchr(b'\n', &block.room[known..end]) {
            Some(at) => {
                let whole = known + at + 1;
                self.tail.clear();
                self.tail.extend_from_slice(&block.room[whole..end]);
                block.length = whole;
                blocks.push(std::mem::take(block));
            }
            None => {
                self.tail.extend_from_slice(&block.room[known..end]);
                self.skip_if_too_long();
            }
        }
    }

    /// Any framing, any state.
    fn any(&mut self, mut bytes: &[u8], blocks: &mut Vec<Block>) -> Result<(), CountError> {
        loop {
            if let Some(skipped) = &mut self.skipped {
                let ended = match self.framing {
                    Framing::Counted => {
                        let left = usize::try_from(skipped.left).unwrap_or(usize::MAX).min(bytes.len());
                        skipped.left -= left as u64;
                        (skipped.left == 0).then_some((left, left))
                    }
                    _ => memchr::memchr(b'\n', bytes).map(|at| (at, at + 1)),
                };
                let (length, behind) = ended.unwrap_or((bytes.len(), bytes.len()));
                if !matches!(self.framing, Framing::Counted) {
                    skipped.line.length += length as u64;
                }
                bytes = &bytes[behind..];
                if ended.is_none() {
                    return Ok(());
                }
                let line = self.skipped.take().map(|skipped| skipped.line);
                blocks.push(Block { oversized: line, ..Block::default() });
            }
            match self.framing {
                Framing::Unknown => {
                    self.tail.extend_from_slice(bytes);
                    bytes = &[];
                    match speaks_counts(&self.tail, self.max_line) {
                        None => return Ok(()),
                        Some(false) => self.framing = Framing::Newline,
                        Some(true) => self.framing = Framing::Counted,
                    }
                }
                Framing::Newline => {
                    // Beginnings of more than `SMALL`, what followed a line that was let go, and the very first bytes.
                    let known = self.tail.len();
                    self.tail.extend_from_slice(bytes);
                    let from = if bytes.is_empty() { 0 } else { known };
                    if let Some(at) = memchr::memrchr(b'\n', &self.tail[from..]) {
                        let rest = self.tail.split_off(from + at + 1);
                        blocks.push(block_from(std::mem::replace(&mut self.tail, rest)));
                    }
                    self.skip_if_too_long();
                    return Ok(());
                }
                Framing::Counted => {
                    self.tail.extend_from_slice(bytes);
                    bytes = &[];
                    if self.tail.len() < self.wanted {
                        return Ok(());
                    }
                    self.messages(blocks)?;
                    if self.skipped.is_none() {
                        return Ok(());
                    }
                    // The tail was the beginning of a message that is let go, and is in its count already.
                }
            }
        }
    }

    /// Cuts whole messages off the tail; each becomes a line.
    fn messages(&mut self, blocks: &mut Vec<Block>) -> Result<(), CountError> {
        let tail = std::mem::take(&mut self.tail);
        let mut lines = Vec::with_capacity(tail.len());
        let mut at = 0;
        self.wanted = 0;
        let result = loop {
            let rest = &tail[at..];
            match counted(rest) {
                Counted::Open => break Ok(()),
                Counted::Message { begin, length } if length > self.max_line as u64 => {
                    // What the sender says is believed: a line that long need not be waited for.
                    let have = &rest
                        [begin..rest.len().min(begin.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)))];
                    let line = Oversized { start: have[..have.len().min(KEPT)].to_vec(), length };
                    let left = length - have.len() as u64;
                    at += begin + have.len();
                    if left > 0 {
                        self.skipped = Some(Skipped { line, left });
                        break Ok(());
                    }
                    push_lines(&mut lines, Some(line), blocks);
                }
                Counted::Message { begin, length } => {
                    let end = begin + usize::try_from(length).unwrap_or(usize::MAX);
                    if rest.len() < end {
                        self.wanted = end;
                        break Ok(());
                    }
                    append_line(&rest[begin..end], &mut lines);
                    at += end;
                }
                Counted::No => {
                    let start = String::from_utf8_lossy(&rest[..rest.len().min(16)]).into_owned();
                    // What stands behind is handled as lines, whatever it is; nothing that was read is lost.
                    lines.extend_from_slice(rest);
                    at = tail.len();
                    break Err(CountError::Bad(start));
                }
            }
        };
        let skipped = self.skipped.is_some();
        push_lines(&mut lines, None, blocks);
        if skipped {
            self.tail.clear();
        } else {
            self.tail = tail;
            self.tail.drain(..at);
        }
        result
    }

    /// Lets a line go that has grown over the limit.
    fn skip_if_too_long(&mut self) {
        if self.tail.len() > self.max_line {
            let length = self.tail.len() as u64;
            self.tail.truncate(KEPT);
            let start = self.tail.as_slice().to_vec();
            self.tail = Vec::new();
            self.skipped = Some(Skipped { line: Oversized { start, length }, left: 0 });
        }
    }
}

/// What stands where a count may.
enum Counted {
    /// Too little to say.
    Open,
    No,
    Message {
        /// Where the message begins.
        begin: usize,
        length: u64,
    },
}

fn counted(bytes: &[u8]) -> Counted {
    let digits = bytes.iter().take(MAX_DIGITS + 1).take_while(|b| b.is_ascii_digit()).count();
    let number = std::str::from_utf8(&bytes[..digits]).ok().and_then(|digits| digits.parse().ok());
    match (bytes.get(digits), number) {
        _ if bytes.first() == Some(&b'0') || digits > MAX_DIGITS => Counted::No,
        (None, _) => Counted::Open,
        (Some(b' '), Some(length)) => Counted::Message { begin: digits + 1, length },
        _ => Counted::No,
    }
}

/// Whether a sender that begins so counts its messages; `None` if that is too little to say. What is over the limit is no
/// first count: once counts are spoken, they are believed.
fn speaks_counts(bytes: &[u8], max_line: usize) -> Option<bool> {
    let message = match counted(bytes) {
        Counted::Open => return None,
        Counted::No => return Some(false),
        Counted::Message { length, .. } if length > max_line as u64 => return Some(false),
        Counted::Message { begin, .. } => &bytes[begin..],
    };
    match message {
        [] | [b'<'] => None,
        [b'<', b'0'..=b'9', ..] => Some(true),
        _ if BEGINNINGS.iter().any(|beginning| message.starts_with(beginning)) => Some(true),
        _ if BEGINNINGS.iter().any(|beginning| beginning.starts_with(message)) => None,
        _ => Some(false),
    }
}

/// A message becomes a line: a newline at its end is the line's own, one within becomes a space, which JSON takes for the
/// same.
fn append_line(message: &[u8], lines: &mut Vec<u8>) {
    let text = message.strip_suffix(b"\n").unwrap_or(message);
    let mut at = 0;
    for newline in memchr::memchr_iter(b'\n', text) {
        lines.extend_from_slice(&text[at..newline]);
        lines.push(b' ');
        at = newline + 1;
    }
    lines.extend_from_slice(&text[at..]);
    lines.push(b'\n');
}

fn push_lines(lines: &mut Vec<u8>, oversized: Option<Oversized>, blocks: &mut Vec<Block>) {
    if !lines.is_empty() || oversized.is_some() {
        blocks.push(Block { oversized, ..block_from(std::mem::take(lines)) });
    }
}

fn block_from(lines: Vec<u8>) -> Block {
    Block { length: lines.len(), room: lines, ..Block::default() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The lines of some input, `step` bytes a read; `<n>` is a line of n bytes that was let go.
    fn cut(mut cutter: Cutter, input: &[u8], step: usize) -> (Vec<String>, Result<(), CountError>) {
        let (mut block, mut blocks, mut result) = (Block::default(), Vec::new(), Ok(()));
        for read in input.chunks(step) {
            let at = cutter.begin(&mut block);
            block.room[at..at + read.len()].copy_from_slice(read);
            result = cutter.took(&mut block, read.len(), &mut blocks);
            if result.is_err() {
                break;
            }
        }
        if result.is_ok() {
            result = cutter.finish(&mut blocks);
        }
        assert_eq!(cutter.kept(), 0);
        let read: u64 = blocks.iter().map(|block| block.read).sum();
        if result.is_ok() {
            assert_eq!(read, input.len() as u64, "{step} bytes a read");
        }
        let mut lines = Vec::new();
        for block in &blocks {
            let text = block.bytes().split_inclusive(|b| *b == b'\n');
            lines.extend(text.map(|line| String::from_utf8_lossy(line).into_owned()));
            lines.extend(block.oversized.as_ref().map(|line| format!("<{}>", line.length)));
        }
        (lines, result)
    }

    /// However the reads fall.
    fn every_step(input: &[u8], max_line: usize, expected: &[&str], ends: Result<(), CountError>) {
        for step in 1..=input.len() {
            let (lines, result) = cut(Cutter::sniffing(max_line), input, step);
            assert_eq!(lines, expected, "{step} bytes a read");
            assert_eq!(result, ends, "{step} bytes a read");
        }
    }

    #[test]
    fn newlines_end_lines() {
        every_step(b"{}\n\ntwo two\r\n3 three", 100, &["{}\n", "\n", "two two\r\n", "3 three"], Ok(()));
        every_step(b"12", 100, &["12"], Ok(()));
        every_step(b"0 none\n", 100, &["0 none\n"], Ok(()));
        every_step(b"2026-11-24 12:00 text\n", 100, &["2026-11-24 12:00 text\n"], Ok(()));
        every_step(b"", 100, &[], Ok(()));
    }

    /// A number before a line is no count if a message cannot be that long, or would not begin so.
    #[test]
    fn a_number_that_begins_a_line_is_no_count() {
        let json = "{\"a\":1}\n";
        for first in
            ["1795453547 host app: hello", "101 {}", "12 lines read", "176 [main] INFO done", "3 <b>", "7 ", "7"]
        {
            every_step(format!("{first}\n{json}").as_bytes(), 100, &[&format!("{first}\n"), json], Ok(()));
        }
        // The sender has closed before it could be said.
        every_step(b"7 <Ev", 100, &["7 <Ev"], Ok(()));
        for first in ["{}", "[{}]", "[\r\n{}]", "<134>1 - app", "<Event/>", "<?xml?>", "type=CWD", "node=vm type=CWD"] {
            let line = format!("{}\n", first.replace('\n', " "));
            let input = format!("{} {first}3 two", first.len());
            every_step(input.as_bytes(), 100, &[&line, "two\n"], Ok(()));
        }
    }

    #[test]
    fn counts_end_messages() {
        every_step(b"2 {}6 two\n2\n10 {\n \"a\":1}\n1 x", 100, &["{}\n", "two 2\n", "{  \"a\":1}\n", "x\n"], Ok(()));
        every_step(b"2 {}5 two", 100, &["{}\n", "two\n"], Err(CountError::Torn));
        every_step(b"2 {}5", 100, &["{}\n", "5"], Err(CountError::Torn));
    }

    #[test]
    fn a_bad_count_ends_it_and_what_came_is_kept() {
        let (lines, result) = cut(Cutter::sniffing(100), b"2 {}two\nthree\n", 100);
        assert_eq!(lines, ["{}\n", "two\n", "three\n"]);
        assert!(matches!(result, Err(CountError::Bad(start)) if start == "two\nthree\n"));
        let (_, result) = cut(Cutter::sniffing(100), b"2 {}12345678901 x", 7);
        assert!(matches!(result, Err(CountError::Bad(_))));
    }

    #[test]
    fn what_is_over_the_limit_is_let_go() {
        every_step(b"2 {}20 abcdefghijklmnopqrst3 two", 10, &["{}\n", "<20>", "two\n"], Ok(()));
        every_step(b"2 {}20 abcdefghijkl", 10, &["{}\n", "<20>"], Err(CountError::Torn));
        let long = "x".repeat(3 * READ_SIZE);
        let input = format!("a\n{long}\nb\nc\n{long}");
        for step in [1000, READ_SIZE - 1, READ_SIZE] {
            let (lines, result) = cut(Cutter::sniffing(100_000), input.as_bytes(), step);
            let let_go = format!("<{}>", long.len());
            assert_eq!(lines, ["a\n", &let_go, "b\n", "c\n", &let_go], "{step} bytes a read");
            assert_eq!(result, Ok(()));
        }
    }

    #[test]
    fn long_lines_come_whole() {
        let line = |c: char, n| format!("{}\n", c.to_string().repeat(n));
        let lines = [line('a', 10), line('b', SMALL), line('c', 3 * READ_SIZE), line('d', SMALL + 1), line('e', 1)];
        let input = lines.concat();
        for step in [100, 1000, SMALL, READ_SIZE] {
            assert!(cut(Cutter::newlines(usize::MAX), input.as_bytes(), step).0 == lines, "{step} bytes a read");
            let counted: String = lines.iter().map(|line| format!("{} {line}", line.len())).collect();
            let (found, _) = cut(Cutter::sniffing(usize::MAX), format!("2 {{}}{counted}").as_bytes(), step);
            assert!(found[1..] == lines, "{step} bytes a read");
        }
    }
}
