//! What can take bytes: the innermost part of a sink.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Stdout, Write};
use std::path::{Path, PathBuf};

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
        // Not for reading too: then a named pipe would have a reader for ever, this one, and its end would go unnoticed.
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let unfinished = file.metadata()?.is_file() && ends_within_a_line(&path);
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
        // A pipe is not rotated; and opening one whose reader has gone would wait for the next.
        if std::fs::metadata(&self.path).is_ok_and(|metadata| !metadata.is_file()) {
            return;
        }
        match FileTarget::open(self.path.clone()) {
            Ok(target) => *self = target,
            Err(e) => say!(Error; "kqltap: cannot open {} anew: {e}; the old file is kept open", self.path.display()),
        }
    }
}

/// Whether a run that was cut off has left half a line at the end. A file that may not be read is taken to be whole.
fn ends_within_a_line(path: &Path) -> bool {
    let Ok(mut file) = File::open(path) else { return false };
    let mut last = [0];
    file.seek(SeekFrom::End(-1)).is_ok() && file.read_exact(&mut last).is_ok() && last != *b"\n"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A run is not its own reader: it hears that the other one has gone, and does not wait for it for ever.
    #[test]
    fn a_named_pipe_whose_reader_goes_ends_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let reader = std::thread::spawn({
            let path = path.clone();
            move || File::open(path).unwrap()
        });
        let mut target = FileTarget::open(path).unwrap();
        let mut reader = reader.join().unwrap();
        target.write(b"one\n").unwrap();
        // A pipe is the same one, however often it is asked to be another.
        target.reopen();
        target.write(b"two\n").unwrap();
        let mut read = [0; 8];
        reader.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"one\ntwo\n");
        drop(reader);
        target.reopen();
        assert!(matches!(target.write(b"three\n"), Err(SinkError::Closed(_))));
    }

    #[test]
    fn half_a_line_that_stands_there_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts");
        for (before, after) in [("", "new\n"), ("old\n", "old\nnew\n"), ("half", "half\nnew\n")] {
            std::fs::write(&path, before).unwrap();
            FileTarget::open(path.clone()).unwrap().write(b"new\n").unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
        }
    }
}
