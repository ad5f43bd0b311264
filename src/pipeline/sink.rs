//! Where alerts go.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// The target of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Standard output, `-`
    Stdout,
    /// A file, appended to.
    File(PathBuf),
}

impl Output {
    /// The target that a command-line argument names.
    pub fn parse(argument: &str) -> Result<Output, String> {
        match argument {
            "-" => Ok(Output::Stdout),
            a if a.starts_with("tcp://") || a.starts_with("unix:") => {
                Err(format!("'{a}': sockets are not supported yet; use a file or - for standard output"))
            }
            a => Ok(Output::File(PathBuf::from(a))),
        }
    }

    /// What messages call it.
    pub fn name(&self) -> String {
        match self {
            Output::Stdout => "standard output".to_owned(),
            Output::File(path) => path.display().to_string(),
        }
    }

    /// Opens it for writing.
    pub fn open(&self) -> io::Result<Sink> {
        let (target, unfinished): (Box<dyn Write + Send>, bool) = match self {
            Output::Stdout => (Box::new(io::stdout()), false),
            Output::File(path) => {
                let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
                let unfinished = ends_within_a_line(&mut file);
                (Box::new(file), unfinished)
            }
        };
        Ok(Sink { target, name: self.name(), unfinished })
    }
}

/// Whether a run that was cut off has left half a line at the end.
fn ends_within_a_line(file: &mut File) -> bool {
    let mut last = [0];
    file.seek(SeekFrom::End(-1)).is_ok() && file.read_exact(&mut last).is_ok() && last != *b"\n"
}

/// An open target. What it is given is written and flushed before the call returns, so a block that has been handled is out.
pub struct Sink {
    target: Box<dyn Write + Send>,
    name: String,
    /// What is written first must not be glued to what stands there.
    unfinished: bool,
}

/// Nothing more can be written.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The reader of a pipe has gone; as for any stage of a pipe that is no failure.
    #[error("the reader of {0} has closed it")]
    Closed(String),
    /// The target failed.
    #[error("cannot write to {0}: {1}")]
    Failed(String, io::Error),
}

impl Sink {
    /// Writes all of `bytes`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let begin: &[u8] = if std::mem::take(&mut self.unfinished) { b"\n" } else { b"" };
        let written = self.target.write_all(begin).and_then(|()| self.target.write_all(bytes));
        let result = written.and_then(|()| self.target.flush());
        result.map_err(|e| match e.kind() {
            ErrorKind::BrokenPipe => SinkError::Closed(self.name.clone()),
            _ => SinkError::Failed(self.name.clone(), e),
        })
    }
}
