//! A user's own tables, from files.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{Catalog, SchemaError, Table};

/// The largest table file that is read, in bytes. The largest that comes with kqltap has 16 KiB.
pub const MAX_TABLE_BYTES: u64 = 4 << 20;

impl Catalog {
    /// Adds the table in a file, or those in the `.toml` files of a folder and the folders in it; gives how many.
    ///
    /// # Errors
    /// Something cannot be read, or is no good table file; a folder without one.
    pub fn add_path(&mut self, path: &Path) -> Result<usize, SchemaError> {
        let files = files(path)?;
        if files.is_empty() {
            let message =
                "there is no table file in this folder; one ends in .toml, and is like those in config/tables";
            return Err(refusal(path, message));
        }
        for file in &files {
            let mut text = String::new();
            let opened = fs::File::open(file).map_err(|error| refusal(file, format!("cannot be read: {error}")))?;
            let read = opened.take(MAX_TABLE_BYTES + 1).read_to_string(&mut text);
            let length = read.map_err(|error| refusal(file, format!("cannot be read: {error}")))?;
            if length as u64 > MAX_TABLE_BYTES {
                return Err(refusal(file, format!("a table file may have {} MiB at most", MAX_TABLE_BYTES >> 20)));
            }
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            self.add(Table::from_toml(text, &file.display().to_string())?);
        }
        Ok(files.len())
    }
}

/// The file itself, or a folder's table files in the order of their paths. Names that begin with a dot are passed over, and
/// a link to a folder is not followed, as with rules.
fn files(path: &Path) -> Result<Vec<PathBuf>, SchemaError> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let unreadable = |error: std::io::Error| refusal(&folder, format!("cannot be read: {error}"));
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type().map_err(unreadable)?.is_dir() {
                folders.push(path);
            } else if path.is_file() && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml")) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn refusal(path: &Path, message: impl Into<String>) -> SchemaError {
    SchemaError { file: path.display().to_string(), line: 1, message: message.into() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_tables_is_added_and_a_mistake_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let mut catalog = Catalog::builtin();
        assert!(catalog.add_path(folder.path()).unwrap_err().to_string().contains("no table file in this folder"));
        write("badge.toml", "\u{feff}name = \"Badge_CL\"\n[columns]\nDoor_d = \"real\"\n");
        write("syslog.TOML", "name = \"Syslog\"\n[columns]\nText = \"string\"\n");
        write("notes.md", "no table");
        write(".hidden.toml", "no table");
        assert_eq!(catalog.add_path(folder.path()).unwrap(), 2);
        assert!(catalog.table("Badge_CL").unwrap().column("Door_d").is_some());
        assert_eq!(catalog.table("Syslog").unwrap().columns.len(), 1, "an own table takes the place of a known one");
        assert_eq!(catalog.suggest("Badges_CL"), Some("Badge_CL"));
        write("bad.toml", "name = \"X\"\n[columns]\na = \"text\"\n");
        let error = catalog.add_path(&folder.path().join("bad.toml")).unwrap_err().to_string();
        assert!(error.contains("bad.toml:3: `text` is not a Kusto type"), "{error}");
        let error = catalog.add_path(Path::new("/no/such.toml")).unwrap_err().to_string();
        assert!(error.starts_with("/no/such.toml:1: cannot be read"), "{error}");
    }
}
