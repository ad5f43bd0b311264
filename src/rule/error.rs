//! What can be wrong with a rule's file, in sentences.

use std::io;

/// Why a file gave no rules. The text of each says where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The file or folder cannot be read.
    #[error("{path}: cannot be read: {error}")]
    Io {
        /// The file or folder.
        path: String,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// The file is longer than [`MAX_FILE_BYTES`](super::MAX_FILE_BYTES), or than a watchlist may be.
    #[error("{path}: such a file may have {} MiB at most; split it", most >> 20)]
    TooLong {
        /// The file.
        path: String,
        /// The limit, in bytes.
        most: usize,
    },
    /// The file is not UTF-8.
    #[error("{path}:{line}: this line is not UTF-8; save the file as UTF-8")]
    NotUtf8 {
        /// The file.
        path: String,
        /// The first line with a bad byte, from 1.
        line: usize,
    },
    /// The file was named and has an ending that rules do not have.
    #[error("{path}: a rule file ends in .yaml, .yml or .kql")]
    Ending {
        /// The file.
        path: String,
    },
    /// The file is YAML and no document in it has a `query`. A caller that walks folders may pass over it.
    #[error("{path}: no document here has a `query`, so this is no rule; add the key `query` with the KQL text")]
    NotARule {
        /// The file.
        path: String,
    },
    /// The file was named as one of functions and holds none. A caller that walks folders may pass over it.
    #[error(
        "{path}: no function here; a function is YAML with the key FunctionQuery or ParserQuery, or KQL under a name: \
         the file's, or that of `let name = (…) {{…}}`"
    )]
    NotAFunction {
        /// The file.
        path: String,
    },
    /// The folder has no rule in it.
    #[error("{path}: no rules in this folder; a rule is a .kql file, or a .yaml or .yml file with the key `query`")]
    NoRules {
        /// The folder.
        path: String,
    },
    /// Something in the file is wrong.
    #[error("{path}:{line}:{column}: {message}")]
    Invalid {
        /// The file.
        path: String,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What is wrong and what to do.
        message: String,
    },
}
