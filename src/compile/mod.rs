//! Rules become programs: [`bind`] gives names their meanings, `lower` shares and flattens, the matcher puts all rules
//! of a run together.

pub mod bind;
pub mod bound;
pub mod ir;
pub mod literals;
mod lookback;
mod lower;
pub mod plain;
mod print;
mod rule;
mod stream;
mod tuned;

pub use bind::{BindOptions, bind_query, bind_query_with, bind_scalar, bind_scalar_with};
pub use bind::{PLUGINS, Plugin, several_columns};
pub use lower::programs;
pub use rule::{BoundRule, bind_rule, bind_rule_with};
pub use stream::{each_table_leg, up_to_filters};
pub use tuned::{Binding, Said, Tuned, bind_tuned, nameless};
