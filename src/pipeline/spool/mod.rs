//! A queue on disk: what is put in is there until it is known to be received, whatever happens to the process.
//!
//! A folder holds segments, which are appended to and deleted as a whole, the place up to which all has been received, and a
//! lock. Nothing that was written is ever written over. A process that dies leaves a torn record at most, at a segment's end;
//! it was not acknowledged to anyone, and is cut off. What a disk has damaged before that is passed over when the spool is opened.

mod position;
mod segment;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

pub use position::Position;
pub use segment::Record;
use segment::{HEADER, Segment};

/// Segments that a full spool has, more or less: what has been sent of the oldest still takes its room.
const SEGMENTS: u64 = 16;

/// Share of the spool that one record may take. What is known to be received lags behind what was sent by `resend_bytes`, which
/// may be another such share; with both, there is always room for a record once all has been sent.
pub const SHARE: u64 = 4;

/// Bytes between two places that are stored. After a crash so many more may be sent twice.
const STEP: u64 = 64 * 1024;

/// A spool that this process holds.
pub struct Spool {
    folder: PathBuf,
    max: u64,
    sync: bool,
    /// The oldest first.
    segments: VecDeque<Segment>,
    /// Whether the last one is appended to. Those of an earlier process are not.
    appending: bool,
    /// The number of the next one.
    next: u64,
    received: Position,
    stored: Position,
    /// Held as long as the spool is.
    _lock: File,
}

/// Why a record was not put in.
#[derive(Debug)]
pub enum AppendError {
    /// There is no room now.
    Full,
    /// There will never be room for it.
    TooLarge,
    /// The disk failed.
    Io(io::Error),
}

impl From<io::Error> for AppendError {
    fn from(error: io::Error) -> AppendError {
        // A full disk is a full spool: what is deleted makes room.
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => AppendError::Full,
            _ => AppendError::Io(error),
        }
    }
}

impl Spool {
    /// Opens the spool in a folder, which is made if it is not there. `max` is how many bytes its segments may take. With `sync`
    /// what was committed is on the disk. What a crash has torn is cut off, and said.
    pub fn open(folder: &Path, max: u64, sync: bool) -> Result<Spool, String> {
        let failed = |e: io::Error| format!("cannot use the spool in {}: {e}", folder.display());
        // Alerts say what an attacker may like to know.
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let lock =
            File::options().create(true).truncate(false).write(true).open(folder.join("lock")).map_err(failed)?;
        lock.try_lock().map_err(|e| match e {
            TryLockError::WouldBlock => {
                format!("the spool in {} is in use by another process; give each its own", folder.display())
            }
            TryLockError::Error(e) => failed(e),
        })?;
        Spool::read_folder(folder, max, sync, lock).map_err(failed)
    }

    fn read_folder(folder: &Path, max: u64, sync: bool, lock: File) -> io::Result<Spool> {
        let received = Position::load(folder).unwrap_or_default();
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            numbers.extend(entry?.file_name().to_str().and_then(Segment::number));
        }
        numbers.sort_unstable();
        let last = numbers.last().copied().unwrap_or(0).max(received.segment);
        let mut segments = VecDeque::new();
        for number in numbers {
            let (segment, torn) = Segment::open(folder, number)?;
            if torn > 0 {
                say!(
                    Warn;
                    "kqltap: the spool in {}: {torn} bytes behind the last whole record of segment {number} are cut off; \
                      a process that died leaves such, and nothing else should",
                    folder.display()
                );
            }
            if segment.damaged() > 0 {
                say!(
                    Warn;
                    "kqltap: the spool in {}: {} bytes within segment {number} are damaged, and the alerts in them are lost; the \
                      disk may be failing. What stands behind them is sent",
                    folder.display(),
                    segment.damaged()
                );
            }
            segments.push_back(segment);
        }
        let folder = folder.to_owned();
        let (next, appending) = (last + 1, false);
        let mut spool = Spool { folder, max, sync, segments, appending, next, received, stored: received, _lock: lock };
        spool.delete_received()?;
        Ok(spool)
    }

    /// Bytes of the largest record that a spool of `max` bytes takes.
    pub fn largest(max: u64) -> usize {
        usize::try_from(max / SHARE).unwrap_or(usize::MAX).saturating_sub(HEADER)
    }

    /// Puts a record in, behind all others. It is there for good once [`Spool::commit`] returns.
    pub fn append(&mut self, bytes: &[u8], alerts: u32) -> Result<(), AppendError> {
        let size = (HEADER + bytes.len()) as u64;
        if bytes.len() > Spool::largest(self.max) {
            return Err(AppendError::TooLarge);
        }
        if self.size() + size > self.max {
            return Err(AppendError::Full);
        }
        if self.appending && self.segments.back().is_some_and(|last| last.length + size > self.max / SEGMENTS) {
            self.commit()?;
            self.appending = false;
        }
        if !self.appending {
            self.segments.push_back(Segment::create(&self.folder, self.next)?);
            self.next += 1;
            self.appending = true;
            if self.sync {
                File::open(&self.folder)?.sync_all()?;
            }
        }
        if let Some(last) = self.segments.back_mut() {
            last.append(bytes, alerts)?;
        }
        Ok(())
    }

    /// Sees to it that what was put in survives: a crash of the process at all times, and one of the machine with `sync`.
    pub fn commit(&self) -> io::Result<()> {
        match self.segments.back() {
            Some(last) if self.sync && self.appending => last.sync(),
            _ => Ok(()),
        }
    }

    /// The record at a place, or the next one behind it, and the place behind that; `None` at the end.
    pub fn read(&self, at: Position) -> io::Result<Option<(Record, Position)>> {
        for segment in self.segments.iter().filter(|segment| segment.number >= at.segment) {
            let offset = if segment.number == at.segment { at.offset } else { 0 };
            if let Some((record, behind)) = segment.read(offset)? {
                return Ok(Some((record, Position { segment: segment.number, offset: behind })));
            }
            if offset < segment.length {
                let number = segment.number;
                let message = format!(
                    "segment {number} of the spool is damaged at offset {offset}; the next run passes over that"
                );
                return Err(io::Error::new(ErrorKind::InvalidData, message));
            }
        }
        Ok(None)
    }

    /// Up to where all has been received.
    pub fn received(&self) -> Position {
        self.received
    }

    /// All before that place has been received. What has been so wholly is deleted.
    pub fn receive(&mut self, to: Position) -> io::Result<()> {
        self.received = to;
        let last = self.segments.back().map(|last| Position { segment: last.number, offset: last.length });
        let is_all = last.is_none_or(|end| to >= end);
        if is_all || to.segment != self.stored.segment || to.offset - self.stored.offset >= STEP {
            self.store()?;
        }
        self.delete_received()
    }

    /// Stores up to where all has been received, which is otherwise done now and then.
    pub fn store(&mut self) -> io::Result<()> {
        if self.stored != self.received {
            self.received.store(&self.folder)?;
            self.stored = self.received;
        }
        Ok(())
    }

    /// The segment that the first record put in next may stand in; records in earlier ones were there before.
    pub fn next_segment(&self) -> u64 {
        self.next
    }

    fn delete_received(&mut self) -> io::Result<()> {
        while let Some(first) = self.segments.front()
            && (first.length == 0 || Position { segment: first.number, offset: first.length } <= self.received)
            && let Some(first) = self.segments.pop_front()
        {
            first.delete()?;
        }
        self.appending &= !self.segments.is_empty();
        Ok(())
    }

    /// Bytes that the segments take.
    pub fn size(&self) -> u64 {
        self.segments.iter().map(|segment| segment.length).sum()
    }
}
