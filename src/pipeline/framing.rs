//! A stream of bytes becomes blocks of whole lines.
//!
//! A block is what one read brought, cut at its last newline; what stands behind that begins the next block. So nothing
//! waits that could be handled, and the cost is one search for a newline from the end of each read. A line that exceeds
//! the limit is let go as it is read, so that memory stays bounded whatever comes.

use std::io::{self, ErrorKind, Read};

use super::joined::{Together, Turn, begins_with_remark};

/// Bytes asked of the source at a time.
pub const READ_SIZE: usize = 256 * 1024;

/// Bytes of an oversized line that are kept for the dead letters, however its reads fell.
pub const KEPT: usize = 64 * 1024;

/// Whole lines. The room is reused from block to block.
#[derive(Debug, Default)]
pub struct Block {
    /// Room that is never given back, so that it is zeroed once; the lines are its beginning.
    pub(super) room: Vec<u8>,
    /// Where the lines begin and end in it.
    pub(super) begin: usize,
    pub(super) length: usize,
    /// A line over the limit, which stands behind the lines of this block.
    pub oversized: Option<Oversized>,
    /// Bytes of input that this block stands for.
    pub read: u64,
    /// What lines that belong together have become.
    pub together: Together,
    /// Where they are still to be joined.
    pub(super) turn: Option<Turn>,
    /// Whether its input has ended behind it.
    pub(super) ends: bool,
    /// Whether it has no lines, and is there because some of its input have waited long enough for others of their event.
    pub(super) expires: bool,
}

impl Block {
    /// Lines with their newlines; only the last line of an input may lack it.
    pub fn bytes(&self) -> &[u8] {
        &self.room[self.begin..self.length]
    }

    /// Joins lines that belong together, in the order of their input, if that is still to be done. `may_hold` says whether
    /// lines may be some that are joined.
    pub(super) fn join(&mut self, may_hold: impl FnOnce(&[u8]) -> bool) {
        if let Some(turn) = self.turn.take() {
            let waits = self.ends || may_hold(self.bytes()) || begins_with_remark(self.bytes());
            turn.join(waits, self);
        }
    }

    /// Empties it.
    pub(super) fn begin(&mut self) {
        self.begin = 0;
        self.length = 0;
        self.oversized = None;
        self.read = 0;
        self.together.clear();
        self.turn = None;
        self.ends = false;
        self.expires = false;
    }
}

/// A line that was over the limit.
#[derive(Debug)]
pub struct Oversized {
    /// Its first bytes.
    pub start: Vec<u8>,
    /// Its length in bytes, newline not counted.
    pub length: u64,
}

/// Cuts what it reads into blocks.
pub struct Framer<R> {
    source: R,
    /// The beginning of a line whose end has not been read.
    carry: Vec<u8>,
    max_line: usize,
    ended: bool,
}

impl<R: Read> Framer<R> {
    /// A framer; `max_line` is the longest line in bytes.
    pub fn new(source: R, max_line: usize) -> Self {
        Framer { source, carry: Vec::new(), max_line, ended: false }
    }

    /// Fills `block` with the next whole lines; `false` at the end of the input.
    pub fn next(&mut self, block: &mut Block) -> io::Result<bool> {
        block.begin();
        if self.ended {
            return Ok(false);
        }
        // Behind a line that was let go there may be whole lines: they go on now, and are no part of what comes next.
        self.restore(block);
        if self.cut(block, 0) {
            return Ok(true);
        }
        loop {
            let known = block.length;
            if block.room.len() < known + READ_SIZE {
                block.room.resize(known + READ_SIZE, 0);
            }
            // After an error nothing more is asked of the source.
            let read =
                read(&mut self.source, &mut block.room[known..known + READ_SIZE]).inspect_err(|_| self.ended = true)?;
            block.length += read;
            block.read += read as u64;
            if read == 0 {
                self.ended = true;
                return Ok(block.length > 0);
            }
            if self.cut(block, known) {
                return Ok(true);
            }
            if block.length > self.max_line {
                self.skip_line(block)?;
                return Ok(true);
            }
        }
    }

    /// Begins the block with what the last one left.
    fn restore(&mut self, block: &mut Block) {
        if block.room.len() < self.carry.len() {
            block.room.resize(self.carry.len() + READ_SIZE, 0);
        }
        block.length = self.carry.len();
        block.room[..block.length].copy_from_slice(&self.carry);
        self.carry.clear();
    }

    /// Cuts the block at its last newline from `known` on; `false` if there is none.
    fn cut(&mut self, block: &mut Block, known: usize) -> bool {
        let Some(at) = memchr::memrchr(b'\n', &block.bytes()[known..]) else {
            return false;
        };
        let end = known + at + 1;
        self.carry.extend_from_slice(&block.bytes()[end..]);
        block.length = end;
        true
    }

    /// Lets the rest of a line go that has grown over the limit.
    fn skip_line(&mut self, block: &mut Block) -> io::Result<()> {
        let mut length = block.length as u64;
        let start = block.bytes()[..block.length.min(KEPT)].to_vec();
        block.length = 0;
        let mut buffer = vec![0; READ_SIZE];
        loop {
            let read = read(&mut self.source, &mut buffer).inspect_err(|_| self.ended = true)?;
            block.read += read as u64;
            match memchr::memchr(b'\n', &buffer[..read]) {
                Some(at) => {
                    length += at as u64;
                    self.carry.extend_from_slice(&buffer[at + 1..read]);
                    break;
                }
                None if read == 0 => {
                    self.ended = true;
                    break;
                }
                None => length += read as u64,
            }
        }
        block.oversized = Some(Oversized { start, length });
        Ok(())
    }
}

fn read(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buffer) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Gives at most `step` bytes a read.
    struct Slow<'a> {
        bytes: &'a [u8],
        step: usize,
    }

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.step.min(self.bytes.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.bytes[..n]);
            self.bytes = &self.bytes[n..];
            Ok(n)
        }
    }

    fn lines(input: &[u8], step: usize, max_line: usize) -> (Vec<String>, u64) {
        let mut framer = Framer::new(Slow { bytes: input, step }, max_line);
        let mut block = Block::default();
        let (mut lines, mut read) = (Vec::new(), 0);
        while framer.next(&mut block).unwrap() {
            read += block.read;
            for line in block.bytes().split_inclusive(|b| *b == b'\n') {
                lines.push(String::from_utf8_lossy(line).into_owned());
            }
            if let Some(o) = &block.oversized {
                lines.push(format!("<{}>", o.length));
            }
        }
        (lines, read + block.read)
    }

    #[test]
    fn lines_come_whole_however_the_reads_fall() {
        let input = b"one\n\ntwo two\r\nthree";
        for step in 1..=input.len() {
            let (got, read) = lines(input, step, 1000);
            assert_eq!(got, ["one\n", "\n", "two two\r\n", "three"], "{step} bytes a read");
            assert_eq!(read, input.len() as u64);
        }
    }

    #[test]
    fn a_line_over_the_limit_does_not_harm_its_neighbours() {
        let mut input = b"before\n".to_vec();
        input.extend(vec![b'x'; 3 * READ_SIZE]);
        input.extend(b"\nafter\n");
        let (got, read) = lines(&input, READ_SIZE, READ_SIZE);
        assert_eq!(got, ["before\n", &format!("<{}>", 3 * READ_SIZE), "after\n"]);
        assert_eq!(read, input.len() as u64);
        // Whole lines between two such lines, longer together than the limit.
        let mut input = vec![b'x'; READ_SIZE + 10];
        input.extend(b"\none\ntwo\n");
        input.extend(vec![b'y'; 2 * READ_SIZE]);
        let (got, _) = lines(&input, READ_SIZE, 5);
        let (x, y) = (format!("<{}>", READ_SIZE + 10), format!("<{}>", 2 * READ_SIZE));
        assert_eq!(got, [x.as_str(), "one\n", "two\n", y.as_str()]);
        let mut input = b"before\n".to_vec();
        input.extend(vec![b'x'; 3 * READ_SIZE]);
        // Without an end it is let go all the same.
        let (got, _) = lines(&input[..3 * READ_SIZE], 1000, 2000);
        assert_eq!(got, ["before\n", &format!("<{}>", 3 * READ_SIZE - 7)]);
    }
}
