//! Where lines come from.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use super::compressed;

/// An input of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input, `-`
    Stdin,
    /// A file.
    File(PathBuf),
    /// A TCP listener on `HOST:PORT`.
    Tcp(String),
    /// A Unix socket that is listened on.
    Unix(PathBuf),
}

impl Input {
    /// The input that a command-line argument names.
    pub fn parse(argument: &str) -> Result<Input, String> {
        match argument {
            "-" => Ok(Input::Stdin),
            a => match (a.strip_prefix("tcp://"), a.strip_prefix("unix:")) {
                (Some(address), _) => match address.rsplit_once(':') {
                    Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                        Ok(Input::Tcp(address.to_owned()))
                    }
                    _ => Err(format!(
                        "'{a}': it takes tcp://HOST:PORT, such as tcp://127.0.0.1:5514 or tcp://[::1]:5514"
                    )),
                },
                (_, Some("")) => Err(format!("'{a}': it takes unix:PATH, such as unix:/run/kqltap.sock")),
                (_, Some(path)) => Ok(Input::Unix(PathBuf::from(path))),
                // A file of that name has `./` before it.
                _ if a
                    .split_once("://")
                    .is_some_and(|(scheme, _)| scheme.bytes().all(|b| b.is_ascii_alphanumeric())) =>
                {
                    Err(format!("'{a}': it takes a file, -, tcp://HOST:PORT or unix:PATH"))
                }
                _ => Ok(Input::File(PathBuf::from(a))),
            },
        }
    }

    /// Whether senders connect to it.
    pub fn is_listener(&self) -> bool {
        matches!(self, Input::Tcp(_) | Input::Unix(_))
    }

    /// What alerts call it.
    pub fn name(&self) -> String {
        match self {
            Input::Stdin => "-".to_owned(),
            Input::File(path) => path.display().to_string(),
            Input::Tcp(address) => format!("tcp://{address}"),
            Input::Unix(path) => format!("unix:{}", path.display()),
        }
    }

    /// Bytes that are to be read; `None` if that is not known: of a pipe, a socket, or what is compressed.
    pub fn size(&self) -> Option<u64> {
        let file = match self {
            Input::Stdin => File::from(io::stdin().as_fd().try_clone_to_owned().ok()?),
            // Not a pipe with a name: it would wait to be opened until somebody writes.
            Input::File(path) if std::fs::metadata(path).ok()?.is_file() => File::open(path).ok()?,
            _ => return None,
        };
        let metadata = file.metadata().ok().filter(|metadata| metadata.is_file())?;
        let begin = (&file).stream_position().ok()?;
        let mut start = [0; compressed::MAGIC];
        let read = file.read_at(&mut start, begin).ok()?;
        (!compressed::is_compressed(&start[..read])).then_some(metadata.len().saturating_sub(begin))
    }

    /// Opens standard input or a file for reading; what is compressed is read as what it was.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        compressed::decompress(match self {
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
            Input::Tcp(_) | Input::Unix(_) => {
                return Err(io::Error::other("it is listened on, and not read by itself"));
            }
        })
    }
}

/// Bytes that a pipe should hold. The default of 64 KiB makes writer and reader wait for each other all the time. With 512 KiB,
/// which every user may ask for, a pipe is nearly as fast as a file; more gains nothing, for then what stands in the pipe no
/// longer stands in a core's cache. (Measured: 1 GB from `cat`, medians of 15, in two runs takes 0.95 and 0.98 of the time that it takes with 1 MiB.)
const PIPE_SIZE: usize = 512 << 10;

/// Makes a pipe hold more. What is no pipe, or may not be widened, stays as it is.
fn widen(stream: &impl AsFd) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(stream, PIPE_SIZE);
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}
