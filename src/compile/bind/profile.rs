//! `invoke FileProfile(…)`: what Defender's cloud knows of a file; and `invoke SeenBy()`, of who has seen a device.
//!
//! kqltap asks nobody, so the columns are there and empty, and conditions on them do not hold. A function of that name that
//! is given with `--functions` goes before this one.

use super::Binder;
use super::scope::Tabular;
use crate::diagnostic::Diagnostic;
use crate::kql::ast::Name;
use crate::schema::ScalarType;

/// The columns that it adds, as Defender documents them.
const COLUMNS: &[(&str, ScalarType)] = &[
    ("SHA1", ScalarType::String),
    ("SHA256", ScalarType::String),
    ("MD5", ScalarType::String),
    ("FileSize", ScalarType::Int),
    ("GlobalPrevalence", ScalarType::Int),
    ("GlobalFirstSeen", ScalarType::DateTime),
    ("GlobalLastSeen", ScalarType::DateTime),
    ("Signer", ScalarType::String),
    ("Issuer", ScalarType::String),
    ("SignerHash", ScalarType::String),
    ("IsCertificateValid", ScalarType::Bool),
    ("IsRootSignerMicrosoft", ScalarType::Bool),
    ("SignatureState", ScalarType::String),
    ("IsExecutable", ScalarType::Bool),
    ("ThreatName", ScalarType::String),
    ("Publisher", ScalarType::String),
    ("SoftwareName", ScalarType::String),
    ("ProfileAvailability", ScalarType::String),
];

/// Of `invoke SeenBy()`: the devices that have seen one.
const SEEN_BY: &[(&str, ScalarType)] = &[("SeenBy", ScalarType::Dynamic)];

impl Binder<'_> {
    /// A table with the empty columns of one of these functions; `None` of any other function.
    pub(super) fn cloud_profile(&mut self, mut table: Tabular, name: &Name) -> Option<Tabular> {
        let (columns, plural) = match name.text.as_str() {
            "FileProfile" => (COLUMNS, "columns that it adds are"),
            "SeenBy" => (SEEN_BY, "column that it adds is"),
            _ => return None,
        };
        for leg in &mut table.legs {
            for (name, ty) in columns {
                if !leg.columns.iter().any(|c| c.name == *name) {
                    let column = leg.missing(name, *ty);
                    leg.columns.push(column);
                }
            }
        }
        self.report(
            Diagnostic::warning(
                "KT015",
                name.span,
                format!("'{}' asks Defender's cloud, and kqltap asks nobody: the {plural} empty", name.text),
            )
            .help("a function of that name in a file of --functions can give other values"),
        );
        Some(table)
    }
}
