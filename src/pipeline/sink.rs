//! Where alerts go.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
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
        let target: Box<dyn Write + Send> = match self {
            Output::Stdout => Box::new(io::stdout()),
            Output::File(path) => Box::new(OpenOptions::new().create(true).append(true).open(path)?),
        };
        Ok(Sink { target, name: self.name() })
    }
}

/// An open target. What it is given is written and flushed before the call returns, so a block that has been handled is out.
pub struct Sink {
    target: Box<dyn Write + Send>,
    name: String,
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
        let result = self.target.write_all(bytes).and_then(|()| self.target.flush());
        result.map_err(|e| match e.kind() {
            ErrorKind::BrokenPipe => SinkError::Closed(self.name.clone()),
            _ => SinkError::Failed(self.name.clone(), e),
        })
    }
}
