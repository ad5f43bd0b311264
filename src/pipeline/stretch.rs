//! A regular file, read by several workers at once.
//!
//! Blocks of a stream are read one after the other, and with two workers each then waits for the other's read (measured:
//! 1.5 times the speed of one). A file can be read anywhere: each worker takes a stretch of it and handles the lines that
//! *begin* there, reading on past the end of the stretch for the last of them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use super::framing::{Block, KEPT, Oversized, READ_SIZE};
use super::joined::{InOrder, Turn};
use crate::decode::Choice;

/// Bytes that are read at a time for the rest of a stretch's last line.
const STEP: usize = 16 * 1024;

/// A page of memory, and of a file in the page cache.
const PAGE: usize = 4096;

/// A part of a file.
#[derive(Clone)]
pub(super) struct Stretch {
    pub(super) file: Arc<File>,
    /// Where it begins; it is [`READ_SIZE`] bytes long.
    pub(super) offset: u64,
    /// Where lines that belong together are joined.
    pub(super) order: Arc<InOrder>,
}

impl Stretch {
    /// Its turn to be joined to those before it, read or not.
    pub(super) fn turn(&self, choice: Choice, max_line: usize) -> Option<Turn> {
        Turn::new(&self.order, self.offset / READ_SIZE as u64, choice, max_line)
    }

    /// Fills `block` with the lines that begin here; `false` if the file ends before.
    pub(super) fn read(&self, block: &mut Block, max_line: usize) -> io::Result<bool> {
        block.begin();
        // The byte before says whether a line begins right at the offset.
        let before = usize::from(self.offset > 0);
        let from = self.offset - before as u64;
        let start = place(block, from);
        let read = self.fill(block, from, start, READ_SIZE + before)?;
        let ended = read < READ_SIZE + before;
        block.ends = ended;
        if read <= before {
            return Ok(false);
        }
        let end = start + read;
        let begin = match before {
            0 => start,
            _ => memchr::memchr(b'\n', &block.room[start..end]).map_or(end, |at| start + at + 1),
        };
        if begin == end {
            return Ok(true);
        }
        block.begin = begin;
        block.length = end;
        if !ended && block.room[end - 1] != b'\n' {
            self.finish_line(block, from, start, max_line)?;
        }
        block.read = (block.length - block.begin) as u64 + block.oversized.as_ref().map_or(0, |line| line.length + 1);
        Ok(true)
    }

    /// Reads the rest of the last line, or lets it go if it is over the limit. What the file has at `from` is at `first` in the
    /// block's room.
    fn finish_line(&self, block: &mut Block, from: u64, first: usize, max_line: usize) -> io::Result<()> {
        let start = memchr::memrchr(b'\n', block.bytes()).map_or(block.begin, |at| block.begin + at + 1);
        loop {
            let known = block.length;
            let read = self.fill(block, from + (known - first) as u64, known, STEP)?;
            if let Some(at) = memchr::memchr(b'\n', &block.room[known..known + read]) {
                block.length = known + at + 1;
                return Ok(());
            }
            block.length = known + read;
            if read < STEP {
                return Ok(());
            }
            if block.length - start > max_line {
                return self.skip_line(block, start, from + (start - first) as u64);
            }
        }
    }

    fn skip_line(&self, block: &mut Block, start: usize, offset: u64) -> io::Result<()> {
        let kept = block.room[start..block.length.min(start + KEPT)].to_vec();
        let mut length = (block.length - start) as u64;
        let mut buffer = vec![0; READ_SIZE];
        loop {
            let read = self.file.read_at(&mut buffer, offset + length)?;
            match memchr::memchr(b'\n', &buffer[..read]) {
                Some(at) => {
                    length += at as u64;
                    break;
                }
                None if read == 0 => break,
                None => length += read as u64,
            }
        }
        block.length = start;
        block.oversized = Some(Oversized { start: kept, length });
        Ok(())
    }

    /// Reads up to `wanted` bytes to `room[at..]`; fewer only at the file's end.
    fn fill(&self, block: &mut Block, from: u64, at: usize, wanted: usize) -> io::Result<usize> {
        if block.room.len() < at + wanted {
            block.room.resize(at + wanted, 0);
        }
        let mut read = 0;
        while read < wanted {
            match self.file.read_at(&mut block.room[at + read..at + wanted], from + read as u64) {
                Ok(0) => break,
                Ok(n) => read += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(read)
    }
}

/// Where in a block's room what a file has at `from` is read to: half a page from where it lies in its own page. Some processors
/// copy at a fifth of their speed to what lies up to 31 bytes behind, counted within pages (measured on AMD's Zen 3, where two
/// workers were slower than one: what begins a byte before a page went to the 16th byte of one).
fn place(block: &Block, from: u64) -> usize {
    let (source, room) = (from as usize % PAGE, block.room.as_ptr().addr() % PAGE);
    (source + PAGE / 2 + PAGE - room) % PAGE
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write as _;

    use super::*;

    fn lines(bytes: &[u8], max_line: usize) -> (Vec<Vec<u8>>, u64) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let file = Arc::new(file);
        let (mut found, mut read, mut offset) = (Vec::new(), 0, 0);
        let mut block = Block::default();
        while (Stretch { file: file.clone(), offset, order: Arc::default() }).read(&mut block, max_line).unwrap() {
            found.extend(block.bytes().split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec));
            found.extend(block.oversized.as_ref().map(|line| format!("<{}>", line.length).into_bytes()));
            read += block.read;
            offset += READ_SIZE as u64;
        }
        (found, read)
    }

    #[test]
    fn each_line_is_in_one_stretch() {
        // Lines end before, at and behind a stretch's end; some are longer than a stretch.
        for shift in [0, 1, 2, 3, 7] {
            let mut bytes = Vec::new();
            for length in [READ_SIZE - 1 - shift, shift, READ_SIZE, 0, 3 * READ_SIZE + shift, 10, 2 * READ_SIZE - 1, 5]
            {
                bytes.extend(vec![b'x'; length]);
                bytes.push(b'\n');
            }
            for unfinished in [false, true] {
                if unfinished {
                    bytes.extend(b"no end");
                }
                let (found, read) = lines(&bytes, usize::MAX);
                let expected: Vec<Vec<u8>> = bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
                assert_eq!(found.len(), expected.len(), "shift {shift}");
                assert!(found == expected, "shift {shift}");
                assert_eq!(read, bytes.len() as u64);
            }
        }
        assert_eq!(lines(b"", 10), (vec![], 0));
    }

    #[test]
    fn a_line_over_the_limit_is_let_go_once() {
        let mut bytes = b"before\n".to_vec();
        bytes.extend(vec![b'x'; 5 * READ_SIZE]);
        bytes.extend(b"\nafter\n");
        let (found, read) = lines(&bytes, READ_SIZE);
        assert_eq!(found, [b"before\n".to_vec(), format!("<{}>", 5 * READ_SIZE).into_bytes(), b"after\n".to_vec()]);
        assert_eq!(read, bytes.len() as u64);
    }
}
