//! Where lines come from.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
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
            Input::Stdin => {
                widen(&io::stdin());
                // Not through the standard library's buffer, which would copy every byte once more.
                Box::new(File::from(io::stdin().as_fd().try_clone_to_owned()?))
            }
            Input::File(path) => {
                if path.is_dir() {
                    return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder; name the files in it"));
                }
                Box::new(File::open(path)?)
            }
        })
    }
}

/// Bytes that a pipe should hold. The default of 64 KiB makes writer and reader wait for each other all the time: with 1 MiB,
/// which every user may ask for, a pipe is nearly as fast as a file (BENCHMARKS.md).
const PIPE_SIZE: usize = 1 << 20;

/// Makes a pipe hold more. What is no pipe, or may not be widened, stays as it is.
fn widen(stream: &impl AsFd) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(stream, PIPE_SIZE);
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}
