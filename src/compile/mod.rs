//! Rules become programs: [`bind`] gives names their meanings, `lower` shares and flattens, [`ruleset`] puts all rules
//! of a run together.

pub mod bind;
pub mod bound;
pub mod ir;
mod lookback;
mod lower;
mod print;
pub mod ruleset;

pub use bind::{BindOptions, bind_query, bind_scalar};
pub use ruleset::{BoundRule, Ruleset, TableMatcher, bind_rule};
