//! What queries may use besides the tables and functions that come with kqltap: files that the command line names.

use std::path::Path;

use super::args::LibraryArguments;
use crate::kql;
use crate::rule::{FunctionLibrary, Libraries, Tuning, Watchlists};
use crate::schema::Catalog;

/// Tables, saved functions and watchlists.
pub(super) struct Known {
    pub(super) catalog: Catalog,
    pub(super) libraries: Libraries,
    /// `--tuning`
    pub(super) tuning: Tuning,
}

impl Known {
    /// What comes with kqltap and what these paths hold. Warnings are printed; the error is a sentence.
    pub(super) fn load(
        functions: &[String],
        watchlists: Option<&str>,
        table_schemas: &[String],
        limits: &kql::Limits,
    ) -> Result<Known, String> {
        let mut catalog = Catalog::builtin();
        for path in table_schemas {
            catalog.add_path(Path::new(path)).map_err(|error| error.to_string())?;
        }
        let functions = FunctionLibrary::load(functions, limits).map_err(|error| error.to_string())?;
        for warning in functions.warnings() {
            say!("kqltap: warning: {warning}");
        }
        let watchlists = match watchlists {
            Some(folder) => Watchlists::load(Path::new(folder)).map_err(|error| error.to_string())?,
            None => Watchlists::default(),
        };
        Ok(Known { catalog, libraries: Libraries { functions, watchlists }, tuning: Tuning::default() })
    }

    /// The same from a command's flags; what is wrong is printed.
    pub(super) fn from_flags(flags: &LibraryArguments) -> Option<Known> {
        let limits = kql::Limits::default();
        match Known::load(&flags.functions, flags.watchlists.as_deref(), &flags.table_schemas, &limits) {
            Ok(known) => Some(known),
            Err(error) => {
                say!("kqltap: {error}");
                None
            }
        }
    }

    /// The same, with tuning overlays; what is wrong is printed.
    pub(super) fn tuned(self, paths: &[String]) -> Option<Known> {
        match Tuning::load(paths) {
            Ok(tuning) => Some(Known { tuning, ..self }),
            Err(error) => {
                say!("kqltap: {error}");
                None
            }
        }
    }
}
