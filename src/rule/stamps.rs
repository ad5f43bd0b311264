//! What tells one state of files from another, so that changes are noticed.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::files::all_files;

/// Files as they were when they were looked at. A link is what it leads to: when it leads elsewhere, that is a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamps(Vec<(PathBuf, Option<Stamp>)>);

/// A file that is written over in place has another time, one that is moved here another inode.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds of the last change to its content.
    modified: (i64, i64),
    /// And of the last change to its inode.
    changed: (i64, i64),
}

impl Stamps {
    /// Looks at files, and at all files in folders and the folders in them. What is not there is seen as such.
    pub fn of<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Stamps {
        let mut stamps = Vec::new();
        for path in paths {
            let path = path.as_ref();
            match path.is_dir().then(|| all_files(path)) {
                Some(Ok(files)) => stamps.extend(files.into_iter().map(stamp)),
                // Its files cannot be seen, which is another state than that there are none.
                Some(Err(_)) => stamps.push((path.to_owned(), None)),
                None => stamps.push(stamp(path.to_owned())),
            }
        }
        Stamps(stamps)
    }
}

fn stamp(path: PathBuf) -> (PathBuf, Option<Stamp>) {
    let stamp = std::fs::metadata(&path).ok().map(|data| Stamp {
        device: data.dev(),
        inode: data.ino(),
        length: data.len(),
        modified: (data.mtime(), data.mtime_nsec()),
        changed: (data.ctime(), data.ctime_nsec()),
    });
    (path, stamp)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_change_shows() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("one")).unwrap();
        fs::create_dir_all(at("two")).unwrap();
        fs::write(at("one/a.kql"), "a").unwrap();
        fs::write(at("two/a.kql"), "a").unwrap();
        // As Kubernetes mounts a ConfigMap: the file is a link through a link that is replaced.
        fs::create_dir(at("rules")).unwrap();
        std::os::unix::fs::symlink(at("one"), at("rules/..data")).unwrap();
        std::os::unix::fs::symlink("..data/a.kql", at("rules/a.kql")).unwrap();
        let rules = at("rules");
        let look = || Stamps::of([&rules]);
        let mut last = look();
        assert_eq!(last, look());
        let mut changed = |what: &str| {
            let now = look();
            assert_ne!(now, last, "{what}");
            last = now;
        };
        std::os::unix::fs::symlink(at("two"), at("rules/..new")).unwrap();
        fs::rename(at("rules/..new"), at("rules/..data")).unwrap();
        changed("a link was replaced");
        fs::write(at("rules/b.kql"), "b").unwrap();
        changed("a new file");
        fs::write(at("c"), "b").unwrap();
        fs::rename(at("c"), at("rules/b.kql")).unwrap();
        changed("a file of the same size was moved there");
        fs::create_dir(at("rules/more")).unwrap();
        fs::write(at("rules/more/d.kql"), "d").unwrap();
        changed("a file in a folder in it");
        fs::remove_file(at("rules/b.kql")).unwrap();
        changed("a file that is gone");
        fs::rename(&rules, at("away")).unwrap();
        changed("the folder is gone");
    }
}
