//! Saved functions: what a query may call besides the functions of the language.
//!
//! A workspace keeps queries under names: Sentinel's parsers, Microsoft's ASIM, a team's own. Here they come from files, and
//! the binder puts a function's body where a query calls it. A body is parsed when it is first asked for, so that a
//! library of a thousand parsers costs a query only what it calls.

mod document;
mod kql_file;
mod parameters;
mod yaml;

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use super::files::{ending, files_with, read};
use super::{ExternalFiles, GeoDatabase, Origin, RuleError, UserAgents, Watchlists};
use crate::diagnostic::{Diagnostic, suggest};
use crate::kql::{Limits, ast, parse};

/// What queries may use besides tables: saved functions, watchlists, and files that stand for what they read from outside.
#[derive(Debug, Default)]
pub struct Libraries {
    /// `--functions`
    pub functions: FunctionLibrary,
    /// `--watchlists`
    pub watchlists: Watchlists,
    /// `--external-data`
    pub external: ExternalFiles,
    /// `--geo-database`
    pub geo: Option<GeoDatabase>,
    /// `--user-agents`
    pub user_agents: Option<UserAgents>,
}

/// A function that queries can call by its name.
#[derive(Clone, Debug)]
pub struct SavedFunction {
    /// The name that it is called by; a further name leads to the same function.
    pub name: String,
    /// In the order of a call's arguments.
    pub parameters: Vec<ast::Parameter>,
    /// Its statements; the last one is its value.
    pub body: ast::Query,
    /// Its file.
    pub path: String,
    /// Where the body's text stands in the file.
    pub origin: Origin,
    /// What is wrong with its text. With an error among them it cannot be called, and whoever calls it is told why.
    pub diagnostics: Vec<Diagnostic>,
}

/// Saved functions by name.
#[derive(Debug, Default)]
pub struct FunctionLibrary {
    entries: Vec<Entry>,
    names: HashMap<String, usize>,
    warnings: Vec<String>,
    limits: Limits,
}

/// A function as its file has it, and, once it was asked for, as it is.
#[derive(Debug)]
struct Entry {
    /// The name that is shown for it, then its other names.
    names: Vec<String>,
    path: String,
    source: Source,
    function: OnceLock<SavedFunction>,
}

/// Text that is not parsed yet.
#[derive(Debug)]
struct Source {
    parameters: String,
    body: String,
    origin: Origin,
}

impl FunctionLibrary {
    /// The functions in files and folders. Where two have a name in common the first path's one stands, and a warning says so.
    ///
    /// A folder is read with the folders in it: `.yaml` and `.yml` are Sentinel's parsers, `.kql` and `.txt` hold KQL. What
    /// in a folder is no function is passed over, and what cannot be read is a warning; a file that was named must be good.
    ///
    /// # Errors
    /// A path cannot be read, or a named file holds no function.
    pub fn load<P: AsRef<Path>>(paths: &[P], limits: &Limits) -> Result<FunctionLibrary, RuleError> {
        let mut library = FunctionLibrary { limits: *limits, ..FunctionLibrary::default() };
        for path in paths {
            let path = path.as_ref();
            if !path.is_dir() {
                for entry in read_file(path, limits)? {
                    library.add(entry);
                }
                continue;
            }
            for file in files_with(path, &["yaml", "yml", "kql", "txt"])? {
                match read_file(&file, limits) {
                    Ok(entries) => entries.into_iter().for_each(|entry| library.add(entry)),
                    Err(RuleError::NotAFunction { .. }) => {}
                    Err(error) => library.warnings.push(error.to_string()),
                }
            }
        }
        Ok(library)
    }

    /// The function of that name; names are case-sensitive.
    pub fn find(&self, name: &str) -> Option<&SavedFunction> {
        let entry = self.entries.get(*self.names.get(name)?)?;
        Some(entry.function.get_or_init(|| entry.parsed(&self.limits)))
    }

    /// Whether a function of that name is known; parses nothing.
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// All names, further ones included, in the order of the alphabet.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.names.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The known name that is nearest to one that is not known.
    pub fn suggest(&self, name: &str) -> Option<&str> {
        suggest(name, self.names().into_iter())
    }

    /// What was passed over or is hidden by another function, one sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn add(&mut self, mut entry: Entry) {
        let at = self.entries.len();
        entry.names.retain(|name| match self.names.get(name).and_then(|first| self.entries.get(*first)) {
            None => true,
            Some(first) => {
                let (path, first) = (&entry.path, &first.path);
                self.warnings.push(format!("{path}: the function '{name}' is in {first} too, and that one is used"));
                false
            }
        });
        if entry.names.is_empty() {
            return;
        }
        self.names.extend(entry.names.iter().map(|name| (name.clone(), at)));
        self.entries.push(entry);
    }
}

impl Entry {
    fn new(names: Vec<String>, path: &str, source: Source) -> Entry {
        Entry { names, path: path.to_owned(), source, function: OnceLock::new() }
    }

    fn parsed(&self, limits: &Limits) -> SavedFunction {
        let body = parse(&self.source.body, limits);
        let mut diagnostics = body.diagnostics;
        let parameters = match parameters::parsed(&self.source.parameters, limits) {
            Ok(parameters) => parameters,
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                Vec::new()
            }
        };
        SavedFunction {
            name: self.names.first().cloned().unwrap_or_default(),
            parameters,
            body: body.query,
            path: self.path.clone(),
            origin: self.source.origin.clone(),
            diagnostics,
        }
    }
}

impl SavedFunction {
    /// Its name and parameters, for people: `name(a:string, [b:long])`, what has a default in brackets.
    pub fn signature(&self) -> String {
        let columns = |columns: &[ast::ColumnDeclaration]| match columns {
            [] => "*".to_owned(),
            columns => columns.iter().map(|c| format!("{}:{}", c.name.text, c.ty.text)).collect::<Vec<_>>().join(", "),
        };
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|parameter| {
                let ty = match &parameter.ty {
                    ast::ParameterType::Scalar(name) => name.text.clone(),
                    ast::ParameterType::Table(list) => format!("({})", columns(list)),
                };
                let text = format!("{}:{ty}", parameter.name.text);
                if parameter.default.is_some() { format!("[{text}]") } else { text }
            })
            .collect();
        format!("{}({})", self.name, parameters.join(", "))
    }

    /// The first thing that keeps it from being called.
    pub fn error(&self) -> Option<&Diagnostic> {
        self.diagnostics.iter().find(|diagnostic| diagnostic.is_error())
    }
}

/// The functions of one file.
fn read_file(path: &Path, limits: &Limits) -> Result<Vec<Entry>, RuleError> {
    let label = path.display().to_string();
    let text = read(path, &label)?;
    match ending(path).as_deref() {
        Some("yaml" | "yml") => yaml::functions(&label, &text),
        _ => kql_file::functions(&label, &text, limits),
    }
}

#[cfg(test)]
mod tests;
