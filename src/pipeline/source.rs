//! Where lines come from.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// An input of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input, `-`
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Input {
    /// The input that a command-line argument names.
    pub fn parse(argument: &str) -> Result<Input, String> {
        match argument {
            "-" => Ok(Input::Stdin),
            a if a.starts_with("tcp://") || a.starts_with("unix:") => {
                Err(format!("'{a}': sockets are not supported yet; use a file or - for standard input"))
            }
            a => Ok(Input::File(PathBuf::from(a))),
        }
    }

    /// What alerts call it.
    pub fn name(&self) -> String {
        match self {
            Input::Stdin => "-".to_owned(),
            Input::File(path) => path.display().to_string(),
        }
    }

    /// Opens it for reading.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Input::Stdin => Box::new(io::stdin()),
            Input::File(path) => {
                if path.is_dir() {
                    return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder; name the files in it"));
                }
                Box::new(File::open(path)?)
            }
        })
    }
}
