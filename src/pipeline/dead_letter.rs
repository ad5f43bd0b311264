//! Lines that could not be decoded, kept with the reason and byte for byte.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::alert::{Numbered, Source};
use crate::value::dynamic::append_json_string;

/// Appends one JSON record: reason, input, line number and the line's bytes, as `text`, or as `base64` where they are not
/// UTF-8. `length` is the line's length in bytes when only its start is kept.
pub fn write(out: &mut Numbered, reason: &str, source: Source<'_>, bytes: &[u8], length: Option<u64>) {
    let mut record = String::with_capacity(bytes.len() + 256);
    record.push_str("{\"reason\":");
    append_json_string(reason, &mut record);
    record.push_str(",\"source\":");
    append_json_string(source.input, &mut record);
    record.push_str(",\"line\":");
    out.push(record.as_bytes());
    out.place(source.line);
    record.clear();
    if let Some(length) = length {
        record.push_str(&format!(",\"length\":{length},\"truncated\":true"));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            record.push_str(",\"text\":");
            append_json_string(text, &mut record);
        }
        Err(_) => {
            record.push_str(",\"base64\":\"");
            STANDARD.encode_string(bytes, &mut record);
            record.push('"');
        }
    }
    record.push_str("}\n");
    out.push(record.as_bytes());
}
