//! The `kqltap` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    kqltap::cli::main()
}
