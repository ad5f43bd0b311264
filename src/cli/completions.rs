//! `kqltap completions`: what a shell has to know to complete commands and flags.

use clap::CommandFactory as _;

use super::args::{Arguments, CompletionsArguments};
use super::{OK, print};

pub(super) fn completions(arguments: &CompletionsArguments) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "kqltap", &mut script);
    print(&String::from_utf8_lossy(&script));
    OK
}
