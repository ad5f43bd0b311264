//! Why a line gives no records.

use crate::value::json::{JsonError, Reason};

/// Why a line gives no records. Offsets are bytes from the line's start; columns count characters from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Nothing but white space.
    #[error("the line is blank; a record is a JSON object")]
    Empty,
    /// Not UTF-8.
    #[error("the line is not UTF-8 from byte {offset} (column {column}) on; send UTF-8")]
    Utf8 {
        /// The first byte that is no part of UTF-8 text
        offset: usize,
        /// The same place in characters
        column: usize,
    },
    /// Not JSON.
    #[error("the line is not JSON: {reason} at byte {offset} (column {column})")]
    Json {
        /// What is wrong
        reason: Reason,
        /// Where
        offset: usize,
        /// Where, in characters
        column: usize,
    },
    /// Nested deeper than the setting allows.
    #[error(
        "arrays and objects nest deeper than {max_depth} at byte {offset} (column {column}); the setting `max_record_depth` allows more"
    )]
    TooDeep {
        /// The setting
        max_depth: usize,
        /// The bracket that is one too many
        offset: usize,
        /// Where, in characters
        column: usize,
    },
    /// JSON that is neither an object nor an array.
    #[error("the line is {found}; a record is a JSON object, and a line one object or an array of them")]
    NotAnObject {
        /// What it is
        found: &'static str,
    },
    /// An element of `records`, or of a line that is an array, that is no object.
    #[error("element {element} of the line's array of records, at byte {offset}, is {found}; each must be an object")]
    NotARecord {
        /// Which one, counted from 0
        element: usize,
        /// What it is
        found: &'static str,
        /// Where it begins
        offset: usize,
    },
    /// More records in one line than the setting allows.
    #[error("the line holds more than {max_records} records; the setting `max_line_records` allows more")]
    TooManyRecords {
        /// The setting
        max_records: usize,
    },
}

impl Malformed {
    /// What is wrong with the JSON of `text`, which begins `skipped` bytes into the line.
    pub(super) fn json(error: JsonError, text: &str, skipped: usize) -> Malformed {
        let column = column(text, error.offset);
        let offset = error.offset + skipped;
        match error.reason {
            Reason::TooDeep(max_depth) => Malformed::TooDeep { max_depth, offset, column },
            reason => Malformed::Json { reason, offset, column },
        }
    }
}

/// The column of the character at a byte offset, from 1. A byte order mark is none.
pub(super) fn column(text: &str, offset: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < offset).count() + 1
}

/// What a value is that begins with this byte.
pub(super) fn kind(first: u8) -> &'static str {
    match first {
        b'{' => "an object",
        b'[' => "an array",
        b'"' => "a string",
        b't' | b'f' => "true or false",
        b'n' => "null",
        _ => "a number",
    }
}
