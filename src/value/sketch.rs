//! What can be kept of many values to estimate how many differ, and how they are spread: HyperLogLog and t-digest.
//!
//! A query hands both on as dynamics. How Kusto writes its own is not documented, and nobody reads it but its functions.

mod hll;
mod tdigest;

pub use hll::Hll;
pub use tdigest::TDigest;
