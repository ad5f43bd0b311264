//! The `kqltap` program; everything is in the library.

use std::process::ExitCode;

/// Here and not in the library: who embeds that has an allocator already.
#[cfg(feature = "fast-allocator")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kqltap::cli::main()
}
