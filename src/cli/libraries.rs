//! What queries may use besides the tables and functions that come with kqltap: files that flags and settings name.

use std::path::Path;

use super::args::LibraryArguments;
use crate::compile::BindOptions;
use crate::kql;
use crate::rule::{ExternalFiles, FunctionLibrary, GeoDatabase, Libraries, Tuning, UserAgents, Watchlists};
use crate::schema::Catalog;
use crate::settings::{RawSettings, Settings};

/// Tables, saved functions and files, and how queries are read and bound.
pub(super) struct Known {
    pub(super) catalog: Catalog,
    pub(super) libraries: Libraries,
    pub(super) limits: kql::Limits,
    pub(super) bind: BindOptions,
    /// `--tuning`
    pub(super) tuning: Tuning,
}

impl Known {
    /// What comes with kqltap and what the settings name. Warnings are printed; the error is a sentence.
    pub(super) fn load(settings: &Settings) -> Result<Known, String> {
        let mut catalog = Catalog::builtin();
        for path in &settings.table_schemas {
            catalog.add_path(Path::new(path)).map_err(|error| error.to_string())?;
        }
        let limits = settings.query_limits;
        let functions = FunctionLibrary::load(&settings.functions, &limits).map_err(|error| error.to_string())?;
        for warning in functions.warnings() {
            say!(Warn; "kqltap: warning: {warning}");
        }
        let watchlists = match &settings.watchlists {
            Some(folder) => Watchlists::load(Path::new(folder)).map_err(|error| error.to_string())?,
            None => Watchlists::default(),
        };
        let external = match &settings.external_data {
            Some(folder) => ExternalFiles::load(Path::new(folder)).map_err(|error| error.to_string())?,
            None => ExternalFiles::default(),
        };
        let geo = settings.geo_database.as_deref().map(|file| GeoDatabase::load(Path::new(file)));
        let geo = geo.transpose().map_err(|error| error.to_string())?;
        let user_agents = settings.user_agents.as_deref().map(|file| UserAgents::load(Path::new(file)));
        let user_agents = user_agents.transpose().map_err(|error| error.to_string())?;
        let libraries = Libraries { functions, watchlists, external, geo, user_agents };
        let tuning = Tuning::load(&settings.tuning).map_err(|error| error.to_string())?;
        Ok(Known { catalog, libraries, limits, bind: settings.bind, tuning })
    }

    /// The same for a command that reads no records: from its flags, the environment and a file of settings; what is wrong
    /// is printed.
    pub(super) fn from_flags(flags: &LibraryArguments) -> Option<Known> {
        let settings = RawSettings::resolve(flags.settings(), flags.config.as_deref());
        match settings.map_err(|error| error.to_string()).and_then(|settings| Known::load(&settings)) {
            Ok(known) => Some(known),
            Err(error) => {
                say!(Error; "kqltap: {error}");
                None
            }
        }
    }

    /// The same, with these tuning overlays, if any; what is wrong is printed.
    pub(super) fn tuned(self, paths: &[String]) -> Option<Known> {
        if paths.is_empty() {
            return Some(self);
        }
        match Tuning::load(paths) {
            Ok(tuning) => Some(Known { tuning, ..self }),
            Err(error) => {
                say!("kqltap: {error}");
                None
            }
        }
    }
}
