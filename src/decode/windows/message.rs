//! Sysmon's message, for people: a line for each field, `Name: value`, with the same names that the fields have. Where a
//! shipper has passed on nothing else, this is read.
//!
//! A value may hold line breaks, and so lines that look like another field's: of each field, what came first counts.

use std::borrow::Cow;

use super::fields::{Field, Fields};

pub(super) fn read<'t>(message: Cow<'t, str>, fields: &mut Fields<'t>) {
    // The first line names the event.
    for (at, _) in message.match_indices('\n') {
        let line = message[at + 1..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let Some((name, value)) = line.split_once(": ") else {
            continue;
        };
        if let Some(field) = Field::named(name) {
            fields.add(field, Some(Cow::Owned(value.to_owned())));
        }
    }
}
