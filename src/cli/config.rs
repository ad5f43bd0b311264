//! `kqltap config`: the settings of a run, and where each comes from.

use clap::CommandFactory as _;

use super::args::{Arguments, RunArguments};
use super::{OK, USAGE, print};
use crate::settings::{Layers, Origin};

/// Where the remarks begin, unless a value is longer.
const REMARKS: usize = 44;

pub(super) fn config(arguments: &RunArguments) -> u8 {
    let layers = match Layers::read(arguments.settings(), arguments.libraries.config.as_deref()) {
        Ok(layers) => layers,
        Err(error) => {
            say!(Error; "kqltap: {error}");
            return USAGE;
        }
    };
    let mut text = String::new();
    for (name, value, origin) in layers.values() {
        let origin = match origin {
            Origin::Flag => flag(name),
            origin => origin.to_string(),
        };
        text.push_str(&format!("{:REMARKS$}# {origin}\n", format!("{name} = {value} ")));
    }
    print(&text);
    // What does not do is shown all the same: whoever asks wants to know where it comes from.
    match layers.settings() {
        Ok(_) => OK,
        Err(error) => {
            say!(Error; "kqltap: {error}");
            USAGE
        }
    }
}

/// The flag of a setting; most have its name, and `table_schemas` is given one by one.
fn flag(setting: &str) -> String {
    let command = Arguments::command();
    let run = command.find_subcommand("run");
    let flag = run.and_then(|run| run.get_arguments().find(|flag| flag.get_id() == setting)?.get_long());
    flag.map_or("flag".to_owned(), |flag| format!("--{flag}"))
}
