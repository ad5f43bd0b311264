//! Regular expressions. Kusto's syntax today is that of the `regex` crate, so there is nothing to translate; every search
//! is linear in the text.

use regex::{Regex, RegexBuilder};

/// The largest compiled form of one regular expression, in bytes.
const MAX_SIZE: usize = 4 << 20;

/// Compiles a pattern.
///
/// # Errors
/// A sentence that says what is wrong: the syntax, or a compiled form that is too large.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(MAX_SIZE).dfa_size_limit(MAX_SIZE).build().map_err(|error| {
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default();
        let reason = reason.trim_start_matches("error:").trim();
        format!("the regular expression cannot be used: {reason}")
    })
}
