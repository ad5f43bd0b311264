//! What can take bytes: the innermost part of a sink.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Stdout, Write};
use std::path::PathBuf;

use super::SinkError;

/// Takes bytes, blocking while it cannot.
pub(super) trait Target: Send {
    /// Writes all of `bytes`, which are whole lines. When it returns they are out of the process.
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError>;

    /// Opens a file anew under its name, which may be another file by now.
    fn reopen(&mut self) {}

    /// Nothing more comes. After an error so many of the last lines that were written may not have arrived.
    fn finish(&mut self) -> Result<(), (SinkError, u64)> {
        Ok(())
    }
}

impl Target for Stdout {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.write_all(bytes).and_then(|()| self.flush()).map_err(|e| match e.kind() {
            ErrorKind::BrokenPipe => SinkError::Closed("standard output".to_owned()),
            _ => SinkError::Failed("standard output".to_owned(), e),
        })
    }
}

/// A file that is appended to.
pub(super) struct FileTarget {
    path: PathBuf,
    file: File,
    /// What is written first must not be glued to what stands there.
    unfinished: bool,
}

impl FileTarget {
    pub(super) fn open(path: PathBuf) -> io::Result<FileTarget> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
        let unfinished = ends_within_a_line(&mut file);
        Ok(FileTarget { path, file, unfinished })
    }
}

impl Target for FileTarget {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let begin: &[u8] = if std::mem::take(&mut self.unfinished) { b"\n" } else { b"" };
        let written = self.file.write_all(begin).and_then(|()| self.file.write_all(bytes));
        written.map_err(|e| match e.kind() {
            // A named pipe may be an output too.
            ErrorKind::BrokenPipe => SinkError::Closed(self.path.display().to_string()),
            _ => SinkError::Failed(self.path.display().to_string(), e),
        })
    }

    fn reopen(&mut self) {
        match FileTarget::open(self.path.clone()) {
            Ok(target) => *self = target,
            Err(e) => say!(Error; "kqltap: cannot open {} anew: {e}; the old file is kept open", self.path.display()),
        }
    }
}

/// Whether a run that was cut off has left half a line at the end.
fn ends_within_a_line(file: &mut File) -> bool {
    let mut last = [0];
    file.seek(SeekFrom::End(-1)).is_ok() && file.read_exact(&mut last).is_ok() && last != *b"\n"
}
