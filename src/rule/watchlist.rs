//! Watchlists: the tables that `_GetWatchlist('name')` gives, from files.
//!
//! A folder holds one file for each: `name.csv` with a header, or `name.json` with an array of objects or an object a
//! line. All columns are strings, as a watchlist's are in Sentinel, and one more, `SearchKey`, repeats the first unless the
//! file has a column of that name. What Sentinel keeps besides (`_DTItemId`, `LastUpdatedTimeUTC`) is there only if the
//! file has it. A watchlist that does not exist is no mistake in Sentinel: it has no rows.

mod csv;
mod json;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

pub(super) use csv::Reader;

use super::files::{ending, files_with, read_at_most};
use super::{RuleError, stem};
use crate::diagnostic::suggest;
use crate::value::Value;

/// The largest file of a watchlist, in bytes.
pub const MAX_WATCHLIST_BYTES: usize = 64 << 20;

/// The most cells that all watchlists of a folder may have together; each costs some tens of bytes.
pub const MAX_WATCHLIST_CELLS: usize = 8_000_000;

/// The column that repeats the key.
const SEARCH_KEY: &str = "SearchKey";

/// One watchlist.
#[derive(Clone, Debug)]
pub struct Watchlist {
    /// What queries call it: the file's name without its ending.
    pub name: String,
    /// Its columns, each of type string; `SearchKey` is one of them.
    pub columns: Vec<String>,
    /// A value for each column.
    pub rows: Arc<Vec<Vec<Value<'static>>>>,
}

/// The watchlists of a folder.
#[derive(Debug, Default)]
pub struct Watchlists {
    folder: Option<PathBuf>,
    lists: BTreeMap<String, Watchlist>,
    read: Vec<Stamp>,
}

/// A file as it was when it was read.
#[derive(Debug, PartialEq)]
struct Stamp {
    path: PathBuf,
    modified: Option<SystemTime>,
    length: u64,
}

/// What a file holds, still without `SearchKey`.
struct Sheet {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// What is wrong with a text, and the line that it is in.
type Mistake = (usize, String);

impl Watchlists {
    /// Reads every watchlist in a folder.
    ///
    /// # Errors
    /// The folder or a file in it cannot be read, is no good CSV or JSON, or there is more than [`MAX_WATCHLIST_BYTES`] and
    /// [`MAX_WATCHLIST_CELLS`] allow; two files give the same watchlist.
    pub fn load(folder: &Path) -> Result<Watchlists, RuleError> {
        let (mut lists, mut cells) = (BTreeMap::new(), 0);
        let read = stamps(folder)?;
        for Stamp { path, .. } in &read {
            let list = load_file(path, &mut cells)?;
            if let Some(first) = lists.insert(list.name.clone(), list) {
                let message = format!("the watchlist '{}' has another file in this folder; keep one", first.name);
                return Err(invalid(&path.display().to_string(), 1, message));
            }
        }
        Ok(Watchlists { folder: Some(folder.to_path_buf()), lists, read })
    }

    /// The watchlist of that name; names are case-sensitive.
    pub fn find(&self, name: &str) -> Option<&Watchlist> {
        self.lists.get(name)
    }

    /// All of them, in the order of their names.
    pub fn all(&self) -> impl Iterator<Item = &Watchlist> {
        self.lists.values()
    }

    /// The known watchlist whose name is nearest to one that is not known.
    pub fn suggest(&self, name: &str) -> Option<&str> {
        suggest(name, self.lists.keys().map(String::as_str))
    }

    /// Whether the folder has other files than those that were read, or one of them was written since.
    pub fn changed(&self) -> bool {
        self.folder.as_deref().is_some_and(|folder| match stamps(folder) {
            Ok(now) => now != self.read,
            // A folder that is gone for a moment, as while it is replaced, is no news.
            Err(_) => false,
        })
    }
}

impl Watchlist {
    /// What a watchlist is that does not exist: no rows, and no column but `SearchKey`.
    pub fn missing(name: &str) -> Watchlist {
        Watchlist { name: name.to_owned(), columns: vec![SEARCH_KEY.to_owned()], rows: Arc::default() }
    }
}

/// The folder's files as they are now, in the order of their paths.
fn stamps(folder: &Path) -> Result<Vec<Stamp>, RuleError> {
    if !folder.is_dir() {
        let error = std::io::Error::other("watchlists are files in a folder, and this is none");
        return Err(RuleError::Io { path: folder.display().to_string(), error });
    }
    let stamp = |path: PathBuf| {
        let data = path.metadata().map_err(|error| RuleError::Io { path: path.display().to_string(), error })?;
        Ok(Stamp { modified: data.modified().ok(), length: data.len(), path })
    };
    files_with(folder, &["csv", "json"])?.into_iter().map(stamp).collect()
}

fn load_file(path: &Path, cells: &mut usize) -> Result<Watchlist, RuleError> {
    let label = path.display().to_string();
    let text = read_at_most(path, &label, MAX_WATCHLIST_BYTES)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let room = MAX_WATCHLIST_CELLS - *cells;
    let sheet = match ending(path).as_deref() {
        Some("csv") => csv::sheet(text, room),
        _ => json::sheet(text, room),
    };
    let Sheet { mut columns, rows } = sheet.map_err(|(line, message)| invalid(&label, line, message))?;
    let mut rows: Vec<Vec<Value<'static>>> =
        rows.into_iter().map(|row| row.into_iter().map(Value::string).collect()).collect();
    if !columns.iter().any(|column| column == SEARCH_KEY) {
        columns.insert(0, SEARCH_KEY.to_owned());
        for row in &mut rows {
            let key = row.first().cloned().unwrap_or_else(|| Value::string(""));
            row.insert(0, key);
        }
    }
    *cells += columns.len() * rows.len();
    if *cells > MAX_WATCHLIST_CELLS {
        return Err(invalid(&label, 1, too_many()));
    }
    Ok(Watchlist { name: stem(&label), columns, rows: Arc::new(rows) })
}

fn too_many() -> String {
    format!("the watchlists of a folder may have {MAX_WATCHLIST_CELLS} cells together; make them smaller")
}

fn invalid(path: &str, line: usize, message: String) -> RuleError {
    RuleError::Invalid { path: path.to_owned(), line, column: 1, message }
}

#[cfg(test)]
mod tests;
