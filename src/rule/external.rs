//! The files that `externaldata` reads: local copies of what its addresses name. Nothing is fetched.
//!
//! A folder holds them, `example.com/feeds/ips.csv` or just `ips.csv` for `https://example.com/feeds/ips.csv`. All of it is
//! read when kqltap starts; the query says what columns a file has and how it is written, so it is taken apart
//! ([`rows`]) only then.

mod rows;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::RuleError;
use super::files::{all_files, ending};

pub use rows::{Format, JsonPath, MAX_EXTERNAL_CELLS, json_mapping, rows};

/// The most bytes of text that the files of the folder may have together, those in gzip unpacked.
pub const MAX_EXTERNAL_BYTES: usize = 256 << 20;

/// The files of the folder, by their paths in it.
#[derive(Debug, Default)]
pub struct ExternalFiles {
    folder: Option<PathBuf>,
    /// A path from the folder, parts separated by `/`, to the text, or to why there is none.
    files: BTreeMap<String, Result<String, String>>,
}

impl ExternalFiles {
    /// Reads every file in a folder and the folders in it. A file that is no text is no mistake until a query asks for it.
    ///
    /// # Errors
    /// The folder or a file in it cannot be read, or there is more than [`MAX_EXTERNAL_BYTES`].
    pub fn load(folder: &Path) -> Result<ExternalFiles, RuleError> {
        if !folder.is_dir() {
            let error = std::io::Error::other("external data are files in a folder, and this is none");
            return Err(RuleError::Io { path: folder.display().to_string(), error });
        }
        let (mut files, mut room) = (BTreeMap::new(), MAX_EXTERNAL_BYTES);
        for path in all_files(folder)? {
            let unreadable = |error| RuleError::Io { path: path.display().to_string(), error };
            let bytes = read(&path, room).map_err(unreadable)?;
            room = room
                .checked_sub(bytes.len())
                .ok_or_else(|| RuleError::TooLong { path: folder.display().to_string(), most: MAX_EXTERNAL_BYTES })?;
            let name = path.strip_prefix(folder).unwrap_or(&path);
            let name: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
            let text = String::from_utf8(bytes).map_err(|_| "the file is no UTF-8 text".to_owned());
            files.insert(name.join("/"), text);
        }
        Ok(ExternalFiles { folder: Some(folder.to_path_buf()), files })
    }

    /// The text of the file that stands for an address.
    ///
    /// # Errors
    /// There is none, or it is no text: a sentence that names it.
    pub fn find(&self, address: &str) -> Result<&str, String> {
        let names = names(address);
        let Some(folder) = &self.folder else {
            let name = names.last().map_or(address, String::as_str);
            return Err(format!("'externaldata' reads a local copy, and no folder with the file '{name}' is given"));
        };
        for name in &names {
            // A copy may have been kept as it came, or packed.
            for name in [name.clone(), format!("{name}.gz")] {
                match self.files.get(&name) {
                    Some(Ok(text)) => return Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
                    Some(Err(why)) => {
                        return Err(format!("'externaldata' cannot read {}: {why}", folder.join(name).display()));
                    }
                    None => {}
                }
            }
        }
        let wanted: Vec<String> = names.iter().map(|name| folder.join(name).display().to_string()).collect();
        Err(format!("'externaldata' reads a local copy, and there is no file {}", wanted.join(" or ")))
    }
}

/// What a file may be called that stands for an address: host and path, or the path's last part.
fn names(address: &str) -> Vec<String> {
    // Behind `;` stands a secret, behind `?` and `#` what a server makes something of.
    let end = address.find([';', '?', '#']).unwrap_or(address.len());
    let place = &address[..end];
    let place = place.split_once("://").map_or(place, |(_, rest)| rest);
    let parts: Vec<&str> = place.split('/').filter(|part| !part.is_empty() && *part != "." && *part != "..").collect();
    let mut names = vec![parts.join("/")];
    if let [_, .., last] = parts.as_slice() {
        names.push((*last).to_owned());
    }
    names
}

/// The file's bytes, unpacked if they are gzip; no more than one beyond `room`.
fn read(path: &Path, room: usize) -> std::io::Result<Vec<u8>> {
    let (file, most) = (File::open(path)?, room as u64 + 1);
    let mut bytes = Vec::new();
    match ending(path).as_deref() {
        Some("gz") => MultiGzDecoder::new(file).take(most).read_to_end(&mut bytes)?,
        _ => file.take(most).read_to_end(&mut bytes)?,
    };
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_two_names() {
        assert_eq!(names("https://example.com/a/b.csv?x=1;secret"), ["example.com/a/b.csv", "b.csv"]);
        assert_eq!(names("b.csv"), ["b.csv"]);
        assert_eq!(names("https://example.com/../../etc/"), ["example.com/etc", "etc"]);
    }

    #[test]
    fn the_longer_name_goes_first_and_gzip_is_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("example.com")).unwrap();
        std::fs::write(folder.path().join("example.com/a.csv"), "long").unwrap();
        std::fs::write(folder.path().join("a.csv"), "short").unwrap();
        std::fs::write(folder.path().join("bad"), [0xff]).unwrap();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, b"packed").unwrap();
        std::fs::write(folder.path().join("c.csv.gz"), packed.finish().unwrap()).unwrap();
        let files = ExternalFiles::load(folder.path()).unwrap();
        assert_eq!(files.find("https://example.com/a.csv"), Ok("long"));
        assert_eq!(files.find("https://example.org/a.csv"), Ok("short"));
        assert_eq!(files.find("https://example.org/c.csv"), Ok("packed"));
        assert_eq!(files.find("https://example.org/c.csv.gz"), Ok("packed"));
        assert!(files.find("https://example.org/bad").unwrap_err().contains("no UTF-8"));
        let missing = files.find("https://example.org/x/d.csv").unwrap_err();
        assert!(missing.contains("example.org/x/d.csv or ") && missing.contains("/d.csv"), "{missing}");
        assert!(ExternalFiles::default().find("https://example.org/d.csv").unwrap_err().contains("'d.csv'"));
        assert!(ExternalFiles::load(&folder.path().join("a.csv")).is_err());
    }
}
