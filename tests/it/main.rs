//! Tests of kqltap from outside, in one binary, so that it is linked once: the table of KQL cases, the page's query, the
//! command line, the forms of records, and how far both evaluators agree.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
mod batch;
mod cases;
mod cli;
mod decode;
mod formats;
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;
mod growth;
mod index;
mod joining;
mod ledger;
mod libraries;
mod live;
mod metrics;
mod outside;
mod packaging;
mod page;
mod records;
mod reload;
mod rows;
mod said;
mod seeds;
mod settings;
mod signals;
mod sinks;
mod sources;
mod tap;
mod tuning;
