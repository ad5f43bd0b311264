//! What holds from end to end: the table of KQL cases, the page's query, the command line, the forms of records.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;
mod cli;
mod decode;
mod ledger;
mod page;
mod records;
mod signals;
mod tap;
