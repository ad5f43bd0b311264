//! Saved functions: a stand-in until the library lands.

use crate::diagnostic::Diagnostic;
use crate::kql::ast::{Parameter, Query};

/// What queries may use besides tables: saved functions and watchlists.
#[derive(Debug, Default)]
pub struct Libraries {
    /// `--functions`
    pub functions: FunctionLibrary,
}

/// A function that queries can call.
#[derive(Clone, Debug)]
pub struct SavedFunction {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub parameters: Vec<Parameter>,
    /// What it does.
    pub body: Query,
    /// The file that it is from.
    pub path: String,
    /// What is wrong with its text.
    pub diagnostics: Vec<Diagnostic>,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct FunctionLibrary {
    /// Stand-in.
    pub functions: Vec<SavedFunction>,
}

impl FunctionLibrary {
    /// The function of that name.
    pub fn find(&self, name: &str) -> Option<&SavedFunction> {
        self.functions.iter().find(|f| f.name == name)
    }
}
