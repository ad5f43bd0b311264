//! The inputs of the fuzz targets that are kept in the repository: seeds, and every find of the past.

use std::fs;
use std::path::Path;

use crate::fuzz;

/// Every seed of a target, in the order of their names.
fn each(target: &str, run: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 10, "{} seeds are left of {target}", paths.len());
    for path in paths {
        println!("{}", path.display());
        run(&fs::read(&path).unwrap());
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[test]
fn queries() {
    each("query", |bytes| fuzz::query(text(bytes)));
}

#[test]
fn evaluations() {
    each("evaluate", |bytes| fuzz::evaluate(text(bytes)));
}

#[test]
fn functions() {
    each("function", fuzz::function);
}

#[test]
fn records() {
    each("record", fuzz::record);
}
