//! `parse_path`: a file path's parts.

use std::borrow::Cow;

use super::arguments::text_at;
use super::limits;
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

pub(super) const FUNCTIONS: &[Function] = &[Function::of("parse_path", "parse_path(path)", PARSE_PATH)
    .takes(1, 1, &[Param::Text])
    .calls(ScalarType::Dynamic, parse_path)];

const PARSE_PATH: &str = "A bag of a path's parts as texts, whichever its slashes: Scheme, RootPath, DirectoryPath, \
                          DirectoryName, Filename, Extension and AlternateDataStreamName.";

#[derive(Debug, Default, PartialEq, Eq)]
struct Parts<'t> {
    scheme: &'t str,
    root: &'t str,
    directory: &'t str,
    directory_name: &'t str,
    filename: &'t str,
    extension: &'t str,
    stream: &'t str,
}

const SLASHES: [char; 2] = ['/', '\\'];

fn parts(path: &str) -> Parts<'_> {
    let (scheme, rest) = path.split_once("://").unwrap_or(("", path));
    // What makes a long path long is no part of it.
    let rest = rest.strip_prefix(r"\\?\").unwrap_or(rest);
    let drive = rest.trim_start_matches('/');
    let root = match drive.as_bytes() {
        [letter, b':', ..] if letter.is_ascii_alphabetic() => &drive[..2],
        _ => "",
    };
    let rest = if root.is_empty() { rest } else { drive };
    let (directory, file) = match rest.rfind(SLASHES) {
        Some(slash) => (&rest[..slash], &rest[slash + 1..]),
        None => (root, &rest[root.len()..]),
    };
    let (filename, stream) = file.split_once(':').unwrap_or((file, ""));
    let directory_name = directory.rsplit(SLASHES).next().unwrap_or(directory);
    Parts {
        scheme,
        root,
        directory,
        directory_name: if directory_name == root { "" } else { directory_name },
        filename,
        extension: filename.rsplit_once('.').map_or("", |(_, extension)| extension),
        stream,
    }
}

fn parse_path<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let path = text_at(arguments, 0);
    let parts = parts(&path);
    let member = |name: &'static str, text: &str| (Cow::Borrowed(name), Dynamic::String(Cow::Owned(text.to_owned())));
    limits::bounded(Dynamic::Bag(
        [
            member("Scheme", parts.scheme),
            member("RootPath", parts.root),
            member("DirectoryPath", parts.directory),
            member("DirectoryName", parts.directory_name),
            member("Filename", parts.filename),
            member("Extension", parts.extension),
            member("AlternateDataStreamName", parts.stream),
        ]
        .into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_apart() {
        for (path, [scheme, root, directory, directory_name, filename, extension, stream]) in [
            (r"C:\temp\file.txt", ["", "C:", r"C:\temp", "temp", "file.txt", "txt", ""]),
            (r"temp\file.txt", ["", "", "temp", "temp", "file.txt", "txt", ""]),
            ("file://C:/temp/file.txt:some.exe", ["file", "C:", "C:/temp", "temp", "file.txt", "txt", "some.exe"]),
            ("file:///C:/file", ["file", "C:", "C:", "", "file", "", ""]),
            (r"\\shared\users\temp\file.txt.gz", ["", "", r"\\shared\users\temp", "temp", "file.txt.gz", "gz", ""]),
            (r"\\?\C:\temp\x", ["", "C:", r"C:\temp", "temp", "x", "", ""]),
            ("/usr/lib/temp/file.txt", ["", "", "/usr/lib/temp", "temp", "file.txt", "txt", ""]),
            ("file", ["", "", "", "", "file", "", ""]),
            ("", ["", "", "", "", "", "", ""]),
        ] {
            let expected = Parts { scheme, root, directory, directory_name, filename, extension, stream };
            assert_eq!(parts(path), expected, "{path}");
        }
    }
}
