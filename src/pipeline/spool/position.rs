//! How far a spool has been sent.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// A place between two records: a segment's number and an offset in it, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The segment.
    pub segment: u64,
    /// Where in it.
    pub offset: u64,
}

const FILE: &str = "position";
const NEW: &str = "position.new";

impl Position {
    /// The place that was stored last. `None` if there is none or it cannot be read: then everything is sent again.
    pub(super) fn load(folder: &Path) -> Option<Position> {
        let text = fs::read_to_string(folder.join(FILE)).ok()?;
        let mut words = text.split_ascii_whitespace();
        let (segment, offset, sum) = (words.next()?, words.next()?, words.next()?);
        let position = Position { segment: segment.parse().ok()?, offset: offset.parse().ok()? };
        (sum == position.sum()).then_some(position)
    }

    /// Stores it so that whoever reads it, at whatever moment, finds this place or one before: then some is sent twice.
    pub(super) fn store(self, folder: &Path) -> io::Result<()> {
        let new = folder.join(NEW);
        let mut file = File::create(&new)?;
        writeln!(file, "{} {} {}", self.segment, self.offset, self.sum())?;
        fs::rename(new, folder.join(FILE))
    }

    fn sum(self) -> String {
        format!("{:08x}", crc32fast::hash(format!("{} {}", self.segment, self.offset).as_bytes()))
    }
}
