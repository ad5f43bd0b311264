//! One file of a spool: records, one behind the other.
//!
//! A record is 4 bytes with the length of its bytes, 4 with how many alerts are in them, 4 with the CRC-32 of those eight and
//! the bytes, all little-endian; then the bytes.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Bytes before a record's own.
pub(super) const HEADER: usize = 12;

/// What is damaged is searched for the next whole record, and lengths up to this are tried, in bytes. Four bytes of text are a
/// length far beyond it, so that the search does not read the same bytes time and again.
const LONGEST_SOUGHT: u64 = 64 << 20;

/// A record that is sought has fewer alerts, as one of 64 KiB must. So bytes at random hardly ever look like a header.
const ALERTS_SOUGHT: u32 = 1 << 16;

/// Bytes that such a search may read for each byte of the segment. It ends, whatever the bytes are.
const READS_OF_A_BYTE: u64 = 64;

/// Bytes that it looks at at a time.
const WINDOW: usize = 64 * 1024;

/// A record read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Lines.
    pub bytes: Vec<u8>,
    /// How many alerts are in them.
    pub alerts: u32,
}

impl Record {
    /// Bytes that it takes in a segment.
    pub(super) fn size(&self) -> u64 {
        (HEADER + self.bytes.len()) as u64
    }
}

pub(super) struct Segment {
    pub(super) number: u64,
    /// Bytes up to the end of the last whole record; what stands behind them is no part of the spool.
    pub(super) length: u64,
    /// Damaged bytes with whole records behind them. They are passed over.
    holes: Vec<Range<u64>>,
    file: File,
    path: PathBuf,
}

impl Segment {
    /// A new, empty one.
    pub(super) fn create(folder: &Path, number: u64) -> io::Result<Segment> {
        let path = folder.join(format!("{number:020}.segment"));
        let file = OpenOptions::new().create_new(true).read(true).write(true).open(&path)?;
        Ok(Segment { number, length: 0, holes: Vec::new(), file, path })
    }

    /// One that is there. Gives also how many bytes stood behind its last whole record; they are cut off. What is damaged before
    /// that stays, and is passed over.
    pub(super) fn open(folder: &Path, number: u64) -> io::Result<(Segment, u64)> {
        let path = folder.join(format!("{number:020}.segment"));
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let length = file.metadata()?.len();
        let mut segment = Segment { number, length, holes: Vec::new(), file, path };
        let mut whole = 0;
        loop {
            if let Some((_, behind)) = segment.read(whole)? {
                whole = behind;
            } else if let Some(next) = segment.seek(whole)? {
                segment.holes.push(whole..next);
            } else {
                break;
            }
        }
        if whole < length {
            segment.file.set_len(whole)?;
            segment.length = whole;
        }
        Ok((segment, length - whole))
    }

    /// The number of the segment in a file of this name.
    pub(super) fn number(name: &str) -> Option<u64> {
        let digits = name.strip_suffix(".segment").filter(|digits| digits.len() == 20)?;
        digits.parse().ok()
    }

    /// Appends a record. After an error nothing of it counts.
    pub(super) fn append(&mut self, bytes: &[u8], alerts: u32) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let mut record = Vec::with_capacity(HEADER + bytes.len());
        record.extend_from_slice(&length.to_le_bytes());
        record.extend_from_slice(&alerts.to_le_bytes());
        let sum = checksum(&record, bytes);
        record.extend_from_slice(&sum.to_le_bytes());
        record.extend_from_slice(bytes);
        self.file.write_all_at(&record, self.length)?;
        self.length += record.len() as u64;
        Ok(())
    }

    /// Bytes that are damaged, with whole records behind them.
    pub(super) fn damaged(&self) -> u64 {
        self.holes.iter().map(|hole| hole.end - hole.start).sum()
    }

    /// The record at an offset, or behind the damage there, and where it ends; `None` if no whole one stands there.
    pub(super) fn read(&self, offset: u64) -> io::Result<Option<(Record, u64)>> {
        let offset = self.holes.iter().find(|hole| hole.contains(&offset)).map_or(offset, |hole| hole.end);
        let record = self.whole(offset)?;
        Ok(record.map(|record| {
            let behind = offset + record.size();
            (record, behind)
        }))
    }

    /// Where the next whole record behind a damaged one begins.
    fn seek(&self, damaged: u64) -> io::Result<Option<u64>> {
        let mut left = self.length.saturating_mul(READS_OF_A_BYTE);
        let mut offset = damaged + 1;
        let mut window = vec![0; WINDOW];
        while offset + HEADER as u64 <= self.length {
            let read = WINDOW.min(usize::try_from(self.length - offset).unwrap_or(WINDOW));
            self.file.read_exact_at(&mut window[..read], offset)?;
            for header in window[..read].windows(HEADER) {
                let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
                let (length, alerts) = (u64::from(word(0)), word(4));
                if alerts < ALERTS_SOUGHT && length <= LONGEST_SOUGHT.min(self.length - offset - HEADER as u64) {
                    let Some(rest) = left.checked_sub(length) else { return Ok(None) };
                    left = rest;
                    if self.whole(offset)?.is_some() {
                        return Ok(Some(offset));
                    }
                }
                offset += 1;
            }
        }
        Ok(None)
    }

    /// The record whose header stands at an offset.
    fn whole(&self, offset: u64) -> io::Result<Option<Record>> {
        let mut header = [0; HEADER];
        if offset + HEADER as u64 > self.length {
            return Ok(None);
        }
        self.file.read_exact_at(&mut header, offset)?;
        let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (length, alerts, sum) = (word(0), word(4), word(8));
        // Not more than there is, whatever a damaged header says.
        if u64::from(length) > self.length - offset - HEADER as u64 {
            return Ok(None);
        }
        let mut bytes = vec![0; length as usize];
        self.file.read_exact_at(&mut bytes, offset + HEADER as u64)?;
        Ok((checksum(&header[..8], &bytes) == sum).then_some(Record { bytes, alerts }))
    }

    /// Deletes the file.
    pub(super) fn delete(self) -> io::Result<()> {
        std::fs::remove_file(self.path)
    }

    /// Sees to it that the file's bytes are on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn checksum(header: &[u8], bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(bytes);
    hasher.finalize()
}
