//! Libraries of functions as files.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::diagnostic::Span;

/// A folder with these files, and what the library made of them says.
fn library(files: &[(&str, &str)]) -> (tempfile::TempDir, FunctionLibrary) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let library = FunctionLibrary::load(&[folder.path()], &Limits::default()).unwrap();
    (folder, library)
}

fn signature(library: &FunctionLibrary, name: &str) -> String {
    let function = library.find(name).unwrap_or_else(|| panic!("no {name} in {library:?}"));
    assert_eq!(function.error(), None, "{name}");
    function.signature()
}

const SENTINEL: &str = "\
id: 00000000-0000-0000-0000-000000000000
Function:
  Title: Parser of the example product
FunctionName: Example Product
FunctionAlias: ExampleProduct
FunctionParams: starttime:datetime=datetime(null), pack:bool=false
FunctionQuery: |
  Syslog
  | where ProcessName == 'example'
";

const ASIM: &str = "\
Parser:
  Title: Audit parser
ParserName: vimAuditEventExample
EquivalentBuiltInParser: _Im_AuditEvent_Example
ParserParams:
  - Name: starttime
    Type: datetime
    Default: datetime(null)
  - Name: eventresult
    Type: string
    Default: '*'
  - Name: disabled
    Type: bool
    Default: false
  - Name: limit
    Type: int
    Default: 3
ParserQuery: |
  Syslog | where not(disabled)
";

const INVOKED: &str = "\
FunctionName: ASIM_Example
EquivalentBuiltInFunction: _ASIM_Example
FunctionParams:
  - Name: T
    Type: table:(*)
  - Name: field
    Type: string
FunctionQuery: |
    T
    | extend Copy = column_ifexists(field, '')
";

#[test]
fn sentinel_and_asim_parsers_resolve_by_every_name() {
    let (_folder, library) = library(&[
        ("a.yaml", SENTINEL),
        ("deep/b.yml", ASIM),
        ("c.yaml", INVOKED),
        ("rule.yaml", "name: A rule\nquery: T\n"),
        ("other.yaml", "- 1\n"),
    ]);
    assert_eq!(library.warnings(), [""; 0]);
    assert_eq!(
        library.names(),
        [
            "ASIM_Example",
            "Example Product",
            "ExampleProduct",
            "_ASIM_Example",
            "_Im_AuditEvent_Example",
            "vimAuditEventExample"
        ]
    );
    assert_eq!(signature(&library, "ExampleProduct"), "ExampleProduct([starttime:datetime], [pack:bool])");
    let asim = "vimAuditEventExample([starttime:datetime], [eventresult:string], [disabled:bool], [limit:int])";
    assert_eq!(signature(&library, "_Im_AuditEvent_Example"), asim);
    assert_eq!(signature(&library, "_ASIM_Example"), "ASIM_Example(T:(*), field:string)");
    assert!(library.find("Im_AuditEvent_Example").is_none());
    assert_eq!(library.suggest("Im_AuditEvent_Example"), Some("_Im_AuditEvent_Example"));
}

#[test]
fn a_place_in_a_body_is_a_place_in_the_file() {
    let (folder, library) = library(&[("a.yaml", SENTINEL)]);
    let function = library.find("ExampleProduct").unwrap();
    assert_eq!(function.path, folder.path().join("a.yaml").display().to_string());
    assert_eq!(function.origin.line_and_column(Span::new(7, 8)), (9, 3));
}

#[test]
fn a_file_of_kql_is_a_function_or_defines_some() {
    let (_folder, library) = library(&[
        ("Quiet.kql", "\u{feff}Syslog | where SeverityLevel == 'debug'"),
        ("Named.kql", "let Named = (a:string, b:long = 3) { Syslog | where HostName == a };\nNamed('x')"),
        ("several.txt", "let base = 5;\nlet One = () { print base };\nlet Two = (base:int) { print base };\n"),
        ("empty.txt", "\n"),
    ]);
    assert_eq!(library.warnings(), [""; 0]);
    assert_eq!(library.names(), ["Named", "One", "Quiet", "Two"]);
    assert_eq!(signature(&library, "Quiet"), "Quiet()");
    assert_eq!(signature(&library, "Named"), "Named(a:string, [b:long])");
    assert_eq!(signature(&library, "Two"), "Two(base:int)");
    let lets = |name: &str| -> Vec<String> {
        let text = |statement: &ast::Statement| match statement {
            ast::Statement::Let { name, .. } => name.text.clone(),
            _ => "print".to_owned(),
        };
        library.find(name).unwrap().body.statements.iter().map(text).collect()
    };
    assert_eq!(lets("One"), ["base", "print"], "what the file says before a function goes with it");
    assert_eq!(lets("Two"), ["One", "print"], "but not what its own parameter hides");
}

#[test]
fn the_first_path_wins_and_says_so() {
    let (first, _) = library(&[("x.yaml", SENTINEL)]);
    let (second, _) = library(&[("y.yaml", &SENTINEL.replace("Syslog", "Event")), ("Free.kql", "Event")]);
    let paths = [first.path().join("x.yaml"), second.path().to_path_buf()];
    let library = FunctionLibrary::load(&paths, &Limits::default()).unwrap();
    assert!(library.find("ExampleProduct").unwrap().path.ends_with("x.yaml"));
    assert!(library.contains("Free"));
    let warnings = library.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("y.yaml: the function 'ExampleProduct' is in "), "{warnings:?}");
}

#[test]
fn what_is_wrong_with_a_function_is_kept_for_its_caller() {
    let broken = SENTINEL.replace("== 'example'", "==");
    let strange = ASIM.replace("Type: int", "Type: in t");
    let (folder, library) = library(&[("a.yaml", &broken), ("b.yaml", &strange), ("c.yaml", "FunctionQuery: [\n")]);
    assert!(library.find("ExampleProduct").unwrap().error().is_some());
    let error = library.find("vimAuditEventExample").unwrap().error().unwrap();
    assert!(error.message.contains("parameters cannot be read"), "{error}");
    assert!(library.warnings()[0].contains("c.yaml:"), "{:?}", library.warnings());
    // The same file, named, is an error.
    let named = FunctionLibrary::load(&[folder.path().join("c.yaml")], &Limits::default()).unwrap_err().to_string();
    assert!(named.contains("the YAML cannot be read"), "{named}");
    fs::write(folder.path().join("d.yaml"), "name: x\n").unwrap();
    let named = FunctionLibrary::load(&[folder.path().join("d.yaml")], &Limits::default()).unwrap_err();
    assert!(matches!(named, RuleError::NotAFunction { .. }), "{named}");
    let gone = FunctionLibrary::load(&[PathBuf::from("/no/such.kql")], &Limits::default()).unwrap_err();
    assert!(matches!(gone, RuleError::Io { .. }), "{gone}");
}
