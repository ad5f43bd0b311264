//! Watchlists as folders of files.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn text(list: &Watchlist) -> Vec<Vec<String>> {
    let cell = |value: &Value<'static>| match value {
        Value::String(text) => text.to_string(),
        other => panic!("{other:?}"),
    };
    list.rows.iter().map(|row| row.iter().map(cell).collect()).collect()
}

#[test]
fn the_first_column_is_the_search_key_unless_the_file_has_one() {
    let folder = folder(&[
        ("Ranges.csv", "\u{feff}IPAddress,Location\n192.0.2.1,Home\n198.51.100.7\n"),
        ("keyed.csv", "Name,SearchKey\na,b\n"),
        ("users.json", "{\"Upn\":\"a@contoso.example\",\"Level\":3}\n"),
        ("notes.txt", "no watchlist"),
    ]);
    let lists = Watchlists::load(folder.path()).unwrap();
    assert_eq!(lists.all().map(|list| list.name.as_str()).collect::<Vec<_>>(), ["Ranges", "keyed", "users"]);
    let ranges = lists.find("Ranges").unwrap();
    assert_eq!(ranges.columns, ["SearchKey", "IPAddress", "Location"]);
    assert_eq!(text(ranges), [["192.0.2.1", "192.0.2.1", "Home"], ["198.51.100.7", "198.51.100.7", ""]]);
    let keyed = lists.find("keyed").unwrap();
    assert_eq!(
        (keyed.columns.as_slice(), text(keyed)),
        (["Name".into(), "SearchKey".into()].as_slice(), vec![vec!["a".into(), "b".into()]])
    );
    let users = lists.find("users").unwrap();
    assert_eq!(text(users), [["a@contoso.example", "a@contoso.example", "3"]]);
    assert!(lists.find("ranges").is_none());
    assert_eq!(lists.suggest("ranges"), Some("Ranges"));
    assert_eq!(Watchlist::missing("gone").columns, ["SearchKey"]);
}

#[test]
fn a_change_of_the_files_is_seen() {
    let folder = folder(&[("a.csv", "x\n1\n")]);
    let lists = Watchlists::load(folder.path()).unwrap();
    assert!(!lists.changed());
    // The length changes, so that this does not hang on how fine the clock of the file system is.
    fs::write(folder.path().join("a.csv"), "x\n1\n2\n").unwrap();
    assert!(lists.changed());
    let lists = Watchlists::load(folder.path()).unwrap();
    fs::write(folder.path().join("b.txt"), "").unwrap();
    assert!(!lists.changed());
    fs::write(folder.path().join("b.csv"), "x\n").unwrap();
    assert!(lists.changed());
    let lists = Watchlists::load(folder.path()).unwrap();
    fs::remove_file(folder.path().join("a.csv")).unwrap();
    assert!(lists.changed());
    assert!(!Watchlists::default().changed());
}

#[test]
fn mistakes_are_named_with_file_and_line() {
    let refused = |files: &[(&str, &str)]| Watchlists::load(folder(files).path()).unwrap_err().to_string();
    assert!(refused(&[("a.csv", "x\n1,2\n")]).contains("a.csv:2:1: this row has 2 values"));
    assert!(
        refused(&[("a.csv", "x\n"), ("a.json", "{\"x\":1}")]).contains("a.json:1:1: the watchlist 'a' has another")
    );
    let gone = Watchlists::load(Path::new("/no/such/folder")).unwrap_err().to_string();
    assert!(gone.starts_with("/no/such/folder: cannot be read"), "{gone}");
}
