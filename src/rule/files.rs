//! Rule files on disk: which they are, and their text.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Rule, RuleError, parse_kql, parse_yaml};
use crate::parallel;

/// The largest rule file that is read, in bytes. The largest public ones have some hundred kilobytes.
pub const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;

/// The rules of a file, or of a folder and the folders in it, files in the order of their paths.
///
/// In a folder, YAML that holds no rule is passed over ([`RuleError::NotARule`] says so when the file itself is named).
///
/// # Errors
/// The first file that cannot be read or is no good rule; a folder without a single rule.
pub fn load(path: &Path) -> Result<Vec<Rule>, RuleError> {
    if !path.is_dir() {
        return load_file(path);
    }
    let mut rules = Vec::new();
    for loaded in parallel::map(files(path)?, parallel::MANY_RULES, |file| load_file(&file)) {
        match loaded {
            Ok(more) => rules.extend(more),
            Err(RuleError::NotARule { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if rules.is_empty() {
        return Err(RuleError::NoRules { path: path.display().to_string() });
    }
    Ok(rules)
}

/// The rules of one file; its ending says what it is.
///
/// # Errors
/// The file cannot be read, has another ending than `.yaml`, `.yml` or `.kql`, or is no good rule.
pub fn load_file(path: &Path) -> Result<Vec<Rule>, RuleError> {
    let label = path.display().to_string();
    let parse = match ending(path).as_deref() {
        Some("yaml" | "yml") => parse_yaml,
        Some("kql") => parse_kql,
        _ => return Err(RuleError::Ending { path: label }),
    };
    let text = read(path, &label)?;
    parse(&label, &text)
}

/// The rule files at a path: the file itself, or those of a folder and the folders in it, in the order of their paths.
///
/// Names that begin with a dot are passed over, and a link to a folder is not followed: a mounted Kubernetes ConfigMap
/// holds each file once more behind such names, and a link may lead in a circle.
///
/// # Errors
/// A folder cannot be listed.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, RuleError> {
    files_with(path, &["yaml", "yml", "kql"])
}

/// The same, for files with one of these endings.
pub(super) fn files_with(path: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, RuleError> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = all_files(path)?;
    found.retain(|path| ending(path).is_some_and(|ending| endings.contains(&ending.as_str())));
    Ok(found)
}

/// Every file in a folder and the folders in it, but those whose names begin with a dot.
pub(super) fn all_files(path: &Path) -> Result<Vec<PathBuf>, RuleError> {
    let mut found = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let unreadable = |error: io::Error| RuleError::Io { path: folder.display().to_string(), error };
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type().map_err(unreadable)?.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The letters behind the last dot of the file's name, in lower case.
pub(super) fn ending(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

/// The text of a file of rules or functions, if it is UTF-8 and not too long.
pub(super) fn read(path: &Path, label: &str) -> Result<String, RuleError> {
    read_at_most(path, label, MAX_FILE_BYTES)
}

/// The file's text, if it is UTF-8 and has no more than `most` bytes.
pub(super) fn read_at_most(path: &Path, label: &str, most: usize) -> Result<String, RuleError> {
    let unreadable = |error: io::Error| RuleError::Io { path: label.to_owned(), error };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > most {
        return Err(RuleError::TooLong { path: label.to_owned(), most });
    }
    if let Some(text) = utf16(&bytes) {
        return Ok(text);
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes().iter().take(valid).filter(|&&b| b == b'\n').count();
        RuleError::NotUtf8 { path: label.to_owned(), line }
    })
}

/// The text of a file that begins with a byte order mark of UTF-16, as Windows' tools save files; a half of a pair that
/// lacks the other half becomes U+FFFD.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (mark, rest) = bytes.split_first_chunk::<2>()?;
    let unit = match mark {
        [0xFF, 0xFE] => u16::from_le_bytes,
        [0xFE, 0xFF] => u16::from_be_bytes,
        _ => return None,
    };
    let units = rest.chunks(2).map(|pair| match pair {
        [a, b] => unit([*a, *b]),
        // Half a unit at the end.
        _ => 0xFFFD,
    });
    Some(char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

#[cfg(test)]
mod tests {
    use super::utf16;

    #[test]
    fn utf16_is_known_by_its_mark() {
        assert_eq!(utf16(b"\xFF\xFEa\0\xE9\0").as_deref(), Some("a\u{e9}"));
        assert_eq!(utf16(b"\xFE\xFF\0a\xD8\x3D\xDE\x00").as_deref(), Some("a\u{1F600}"));
        assert_eq!(utf16(b"\xFF\xFEa").as_deref(), Some("\u{FFFD}"));
        assert_eq!(utf16(b"plain"), None);
        assert_eq!(utf16(b""), None);
    }
}
