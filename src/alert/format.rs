//! The shapes in which an alert can be written.

use serde_json::{Map, Value};

use super::finding::Finding;
use super::{Numbered, asim, ecs, ocsf};

/// A shape of alerts. All but kqltap's own carry the native alert whole, where their standard has a place for what it does not
/// know; so nothing is lost by choosing one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// kqltap's own.
    #[default]
    Native,
    /// A Detection Finding (class 2004) of the Open Cybersecurity Schema Framework 1.8.0.
    Ocsf,
    /// An alert of the Elastic Common Schema 9.4.
    Ecs,
    /// A row of Microsoft Sentinel's ASIM AlertEvent schema 0.1.
    Asim,
}

impl Format {
    /// Every format, by the name that settings use.
    pub const ALL: [(&'static str, Format); 4] =
        [("native", Format::Native), ("ocsf", Format::Ocsf), ("ecs", Format::Ecs), ("asim", Format::Asim)];

    /// Appends an alert, a line of JSON with its newline; `native` is the same in kqltap's own format.
    pub(super) fn write(self, finding: &Finding<'_>, native: &Numbered, out: &mut Numbered) {
        // The native alert stands at the end, as text: its line's number may still be open.
        let (members, path): (Map<String, Value>, &[&str]) = match self {
            Format::Native => return out.append_line(native),
            Format::Ocsf => (ocsf::alert(finding), &["unmapped", "kqltap"]),
            Format::Ecs => (ecs::alert(finding), &["kqltap"]),
            Format::Asim => (asim::alert(finding), &["AdditionalFields"]),
        };
        let text = Value::Object(members).to_string();
        out.push(text.strip_suffix('}').unwrap_or(&text).as_bytes());
        out.push(b",");
        for (depth, name) in path.iter().enumerate() {
            out.push(if depth > 0 { b"{\"" } else { b"\"" });
            out.push(name.as_bytes());
            out.push(b"\":");
        }
        out.append_trimmed(native);
        path.iter().for_each(|_| out.push(b"}"));
        out.push(b"\n");
    }
}
