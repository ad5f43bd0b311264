//! Which file a name or a stream is, so that nothing is read and written at once.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;

use super::sink::Output;
use super::source::Input;

/// Device and inode of a regular file.
type Identity = (u64, u64);

/// Two targets, or an input and a target, that are one file: their names. It would feed itself, or mix what is kept apart.
pub fn clash(inputs: &[Input], output: &Output, dead_letter: Option<&Output>) -> Option<(String, String)> {
    let targets: Vec<&Output> = std::iter::once(output).chain(dead_letter).collect();
    for input in inputs {
        let known = of_input(input);
        if let Some(target) = targets.iter().find(|target| known.is_some() && of_output(target) == known) {
            return Some((input.name(), target.name()));
        }
    }
    let known = of_output(output);
    let other = dead_letter.filter(|target| *target == output || (known.is_some() && of_output(target) == known))?;
    Some((output.name(), other.name()))
}

fn of_input(input: &Input) -> Option<Identity> {
    match input {
        Input::Stdin => of_stream(io::stdin()),
        Input::File(path) => std::fs::metadata(path).ok().and_then(identity),
        Input::Tcp(_) | Input::Unix(_) => None,
    }
}

fn of_output(output: &Output) -> Option<Identity> {
    match output {
        Output::Stdout => of_stream(io::stdout()),
        Output::File(path) => std::fs::metadata(path).ok().and_then(identity),
        Output::Peer(_) => None,
    }
}

fn of_stream(stream: impl AsFd) -> Option<Identity> {
    let file = File::from(stream.as_fd().try_clone_to_owned().ok()?);
    file.metadata().ok().and_then(identity)
}

fn identity(metadata: Metadata) -> Option<Identity> {
    metadata.is_file().then(|| (metadata.dev(), metadata.ino()))
}
