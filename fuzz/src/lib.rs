//! What each fuzz target does with its input; a panic is a find. `fuzz/run` runs them all, `cargo test` runs the inputs that
//! are kept in `fuzz/seeds`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod evaluate;
mod function;
mod query;
mod record;

pub use evaluate::evaluate;
pub use function::function;
pub use query::query;
pub use record::record;
