//! `invoke FileProfile(…)`: what Defender's cloud knows of a file.
//!
//! kqltap asks nobody, so the columns are there and empty, and conditions on them do not hold. A function of that name that
//! is given with `--functions` goes before this one.

use super::Binder;
use super::scope::Tabular;
use crate::diagnostic::{Diagnostic, Span};
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

impl Binder<'_> {
    pub(super) fn file_profile(&mut self, mut table: Tabular, span: Span) -> Tabular {
        for leg in &mut table.legs {
            for (name, ty) in COLUMNS {
                if !leg.columns.iter().any(|c| c.name == *name) {
                    let column = leg.missing(name, *ty);
                    leg.columns.push(column);
                }
            }
        }
        self.report(
            Diagnostic::warning(
                "KT015",
                span,
                "'FileProfile' asks Defender's cloud, and kqltap asks nobody: the columns that it adds are empty",
            )
            .help("a function of that name in a file of --functions can give other values"),
        );
        table
    }
}
