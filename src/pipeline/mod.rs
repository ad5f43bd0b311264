//! Bytes in, alerts out: inputs are cut into blocks of whole lines, matched, and written, with nothing lost on the way.

pub mod dead_letter;
pub mod framing;
pub mod identity;
mod joined;
pub mod ledger;
mod lines;
mod reader;
pub mod result_table;
pub mod run;
mod shadow;
pub mod sink;
pub mod source;
mod stretch;
pub mod worker;
mod writer;

pub use ledger::Ledger;
pub use run::{Report, Run, RunError};
