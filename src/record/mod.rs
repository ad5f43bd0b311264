//! Lines to records: a line of bytes is validated and walked once, and the members that rules ask for come out as slots
//! that borrow from it.
//!
//! A line is one object, an object whose `records` is an array of objects (a message of an Event Hub), or an array of
//! objects. An object that names its table itself, or whose `records` holds no object, is one record, whatever that member
//! may be to its sender. Where a name comes twice in an object the last value counts. A line gives all of its records or,
//! if anything in it is wrong, none.

mod cell;
mod decoder;
mod found;
mod layout;
mod malformed;
mod names;
mod records;
mod route;
mod scan;
mod written;

pub use cell::Cell;
pub use decoder::{Decoder, Limits};
pub use layout::{Layout, TableColumns};
pub use malformed::Malformed;
pub(crate) use names::{Names, is_same};
pub use records::{Record, Records};
pub(crate) use written::Written;

/// Which table a record belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routed {
    /// The table of that index in [`Layout::tables`].
    Table(usize),
    /// A table that is known and of which no rule reads.
    Unused,
    /// The same, and its rows hold other senders' events: [`CARRIERS`].
    Carrier,
    /// Nothing tells the table.
    Unrouted,
}

/// Tables whose rows hold what another sender wrote: an event of Windows, a line of syslog.
pub const CARRIERS: [&str; 4] = ["Event", "WindowsEvent", "SecurityEvent", "Syslog"];

/// Whether a line holds nothing but white space, and is no record.
pub fn is_blank(line: &[u8]) -> bool {
    let line = line.strip_prefix(BOM).unwrap_or(line);
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

/// The byte order mark that Windows tools put at the start of UTF-8 text.
const BOM: &[u8] = b"\xEF\xBB\xBF";

#[cfg(test)]
mod tests;
