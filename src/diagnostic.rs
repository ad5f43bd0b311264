//! What is said about a rule: a place in its text, a code, a sentence.
//!
//! Codes are Kusto's own: `KSnnn` from the language service, `SEMnnnn` from the query service where only that one
//! refuses. What kqltap alone refuses has a `KTnnn` code. Data is here; drawing it is in [`render()`].
//!
//! The codes that the reading of text gives out:
//!
//! | code | what it says |
//! |---|---|
//! | `KS001` | something is missing: a bracket, `;`, `by` |
//! | `KS002` | something stands where it cannot |
//! | `KS004` | a literal is malformed |
//! | `KS005` | one of a few words is missing |
//! | `KS006` | an expression or a name is missing |
//! | `KS176` | no operator stands behind a pipe |
//! | `KS244`, `KS245` | the text is too long, or nested too deep |
//! | `KT001` | a tabular operator that is not supported yet |
//! | `KT002` | a statement that is not supported yet |
//! | `KT003` | another form that is not supported yet: a union of all tables, calls behind a dot, `(a, b) =` outside `summarize`, `where` inside a `join` |
//! | `KT006` | the place that a table is read from is left out: records of all places come in one stream (a warning) |
//!
//! and those of kqltap's own that the binding of names adds:
//!
//! | code | what it says |
//! |---|---|
//! | `KT005` | the query needs more than one record, and a stream has one at a time; `--batch` runs it |
//! | `KT007` | something that must be known before the records is read from them |
//! | `KT008` | a union of too many tables |
//! | `KT009` | with what its names stand for written out, the query is too large |
//! | `KT010` | a function calls itself, or functions call each other too often |
//! | `KT011` | a watchlist that is not there; it has no rows (a warning) |
//! | `KT012` | a local copy of what `externaldata` reads is not there, or cannot be read (a warning in `check` and `explain`) |
//! | `KT013` | `geo_info_from_ip_address()` or `parse_user_agent()` has no file to look in (a warning in `check` and `explain`) |
//! | `KT014` | which columns an operator gives depends on the records; those that the query names are read (a warning) |
//! | `KT015` | a function of Defender's that adds columns, which are empty here (a warning) |
//! | `KT016` | a row of too many columns |
//! | `KT020` | a table that no file declares is taken for the user's own, by the `_CL` at its end (a warning) |
//! | `KT021` | what `assert()` asserts is false |
//!
//! and those about what stands around a query:
//!
//! | code | what it says |
//! |---|---|
//! | `KT017` | a tuning overlay names a rule or a list that is not there, or an item of one (a warning) |
//! | `KT018` | an exception has expired (a warning) |
//! | `KT019` | a technique that ATT&CK does not have (a warning) |

mod render;
mod suggest;

pub use render::{line_column, render};
pub use suggest::suggest;

/// A half-open range of byte offsets into a query's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset just past the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` to `end`, in bytes.
    pub const fn new(start: usize, end: usize) -> Self {
        Span { start, end }
    }

    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// How much a diagnostic weighs: a rule with an error does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The rule runs; its author should know.
    Warning,
    /// The rule does not run.
    Error,
}

impl Severity {
    /// The word that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One thing to say about a query's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Kusto's code (`KS142`), the service's (`SEM0525`) or kqltap's own (`KT001`).
    pub code: &'static str,
    /// Whether the rule can still run.
    pub severity: Severity,
    /// Where in the query's text.
    pub span: Span,
    /// What is wrong, one sentence.
    pub message: String,
    /// What to do about it, when that is known.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic that keeps the rule from running.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Diagnostic { code, severity: Severity::Error, span, message: message.into(), help: None }
    }

    /// A diagnostic that lets the rule run.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// The same, with a sentence on what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether it keeps the rule from running.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
