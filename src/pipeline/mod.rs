//! Bytes in, alerts out: inputs are cut into blocks of whole lines, matched, and written, with nothing lost on the way.

mod budget;
mod compressed;
mod cutter;
pub mod dead_letter;
pub mod drain;
pub mod feed;
pub mod framing;
pub mod generation;
pub mod identity;
mod joined;
pub mod ledger;
mod lines;
mod listen;
pub mod metrics;
mod queue;
mod reader;
pub mod result_table;
pub mod run;
mod shadow;
pub mod sink;
pub mod source;
pub mod spool;
mod stretch;
pub mod tls;
pub mod worker;
mod writer;

pub use ledger::Ledger;
pub use run::{Report, Run, RunError};
