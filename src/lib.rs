//! kqltap: Microsoft Sentinel KQL detections, evaluated on log records as they pass.
//!
//! The way of the data, in the order in which to read: [`rule`] loads rules, [`kql`] parses their queries, [`compile`] binds
//! and lowers them to a [`matcher::Ruleset`]; [`pipeline`] cuts bytes into lines, [`record`] decodes a line, [`matcher`]
//! holds it against the ruleset, [`alert`] says what was found. [`rows`] runs whole queries over rows in memory.
//! [`schema`] and [`value`] lie under all of them.

/// Prints a line for people on standard error. Where nobody can read it, work goes on: alerts matter more.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr().lock(), $($words)*);
    }};
}

pub mod alert;
pub mod cli;
pub mod compile;
pub mod diagnostic;
pub mod kql;
pub mod matcher;
pub mod pipeline;
pub mod record;
pub mod rows;
pub mod rule;
pub mod schema;
pub mod settings;
pub mod value;
