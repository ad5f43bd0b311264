//! `kqltap man`: manual pages, made from the same descriptions as `--help`.

use std::io;

use clap::CommandFactory as _;

use super::args::{Arguments, ManArguments};
use super::{FAILED, OK, print};

pub(super) fn man(arguments: &ManArguments) -> u8 {
    let pages = match &arguments.dir {
        Some(folder) => std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(Arguments::command(), folder))
            .map_err(|e| io::Error::new(e.kind(), format!("cannot write the pages to {}: {e}", folder.display()))),
        None => {
            let mut page = Vec::new();
            let rendered = clap_mangen::Man::new(Arguments::command()).render(&mut page);
            rendered.map(|()| print(&String::from_utf8_lossy(&page)))
        }
    };
    match pages {
        Ok(()) => OK,
        Err(error) => {
            say!(Error; "kqltap: {error}");
            FAILED
        }
    }
}
