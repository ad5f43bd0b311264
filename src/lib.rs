//! kqltap: Microsoft Sentinel KQL detections, evaluated on log records as they pass.
//!
//! The way of the data, in the order in which to read: [`rule`] loads rules, [`kql`] parses their queries, [`compile`] binds
//! and lowers them to a [`matcher::Ruleset`]; [`pipeline`] cuts bytes into lines, [`record`] decodes a line, [`matcher`]
//! holds it against the ruleset, [`alert`] says what was found. [`rows`] runs whole queries over rows in memory.
//! [`schema`] and [`value`] lie under all of them.
//!
//! The library embeds anywhere; here it holds one record against one rule:
//!
//! ```
//! use std::sync::Arc;
//!
//! use kqltap::compile::{BindOptions, bind_rule};
//! use kqltap::matcher::{Matcher, Path, Ruleset};
//! use kqltap::{kql, record, rule, schema::Catalog, value::DateTime, value::functions::Context};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let query = "DeviceFileEvents | where FileName has 'hosts.yml' | project FileName, FolderPath";
//! let catalog = Catalog::builtin();
//! let mut rules = Vec::new();
//! for rule in rule::parse_kql("hosts.kql", query)? {
//!     let (bound, diagnostics) = bind_rule(rule, &catalog, &kql::Limits::default(), BindOptions::default());
//!     rules.push(bound.ok_or_else(|| format!("{diagnostics:?}"))?);
//! }
//! let ruleset = Arc::new(Ruleset::new(rules, &catalog, None)?);
//! let mut matcher = Matcher::new(ruleset, record::Limits::default(), Path::Compiled);
//!
//! let line = br#"{"Type":"DeviceFileEvents","FileName":"hosts.yml","FolderPath":"/home/user1/.config/gh/hosts.yml"}"#;
//! let mut rows = Vec::new();
//! matcher.line(line, &Context { now: DateTime::now() }, &mut |found| rows.push(format!("{:?}", found.row)))?;
//! assert_eq!(rows.len(), 1);
//! assert!(rows[0].contains("/home/user1/.config/gh/hosts.yml"));
//! # Ok(())
//! # }
//! ```

// First, for the others say things with its macro.
#[macro_use]
pub mod log;

pub mod alert;
pub mod cli;
pub mod compile;
pub mod decode;
pub mod diagnostic;
pub mod kql;
pub mod matcher;
mod parallel;
pub mod pipeline;
pub mod record;
pub mod rows;
pub mod rule;
pub mod schema;
pub mod settings;
pub mod value;
