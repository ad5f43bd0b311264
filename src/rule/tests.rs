//! The loader as a whole. What a single stage does is tested beside it.
#![allow(clippy::unwrap_used)]

use std::fs;

use super::*;
use crate::diagnostic::Span;

const MINIMAL: &str = "name: R\nquery: |\n  T\n  | where a == 1\n";

fn only(text: &str) -> Rule {
    let mut rules = parse_yaml("r.yaml", text).unwrap();
    assert_eq!(rules.len(), 1);
    rules.remove(0)
}

fn complaint(text: &str) -> String {
    parse_yaml("r.yaml", text).unwrap_err().to_string()
}

#[test]
fn the_built_in_pack_has_rules_with_proof() {
    let rules = builtin().unwrap();
    let attack = Attack::builtin();
    for rule in &rules {
        assert!(rule.confidence.is_some(), "{}", rule.name);
        assert!(rule.tactics.iter().all(|tactic| attack.tactics.values().any(|name| name == tactic)), "{}", rule.name);
        assert!(rule.techniques.iter().any(|id| id == "T1528" || id == "T1552.005"), "{}", rule.name);
        assert!(rule.techniques.iter().all(|id| attack.complaint(id).is_none()), "{}", rule.name);
        // Sentinel wants each technique under one of the rule's tactics; a tactic without any says nothing.
        for technique in &rule.techniques {
            let under = attack.tactics_of(technique);
            assert!(under.iter().any(|tactic| rule.tactics.contains(tactic)), "{}: {technique}, {under:?}", rule.name);
        }
        for tactic in &rule.tactics {
            let stands = |id: &String| attack.tactics_of(id).contains(tactic);
            assert!(rule.techniques.iter().any(stands), "{}: {tactic}", rule.name);
        }
        assert!(!rule.data_sources.is_empty() && !rule.false_positives.is_empty(), "{}", rule.name);
        assert!(!rule.tests.matching.is_empty() && !rule.tests.ignored.is_empty(), "{}", rule.name);
        assert!(rule.tests.ignored.iter().all(|test| test.why.is_some()), "{}", rule.name);
        assert!(rule.tests.matching.iter().any(|test| !test.expect.is_empty()), "{}", rule.name);
    }
    let mut ids: Vec<_> = rules.iter().map(|rule| &rule.id).collect();
    let mut names: Vec<_> = rules.iter().map(|rule| &rule.name).collect();
    ids.sort();
    ids.dedup();
    names.sort();
    names.dedup();
    assert_eq!((ids.len(), names.len()), (rules.len(), rules.len()));
    // The page's own are first, and as they were.
    let page = page().unwrap();
    assert_eq!(page.len(), 4);
    for (rule, built_in) in page.iter().zip(&rules) {
        assert_eq!(rule.id, built_in.id);
        assert_eq!((rule.severity, rule.confidence), (Severity::High, Some(Confidence::Medium)), "{}", rule.name);
        assert_eq!(
            (rule.tactics.as_slice(), rule.techniques.as_slice()),
            (&["CredentialAccess".to_owned()][..], &["T1528".to_owned()][..])
        );
        assert!(rule.origin.path.ends_with("t1528.yaml"), "{}", rule.origin.path);
    }
}

#[test]
fn a_place_in_a_built_in_query_is_found_in_the_file() {
    for rule in builtin().unwrap() {
        let at = rule.query.find("project Timestamp").unwrap();
        let (line, column) = rule.origin.line_and_column(Span::new(at, at + 7));
        let text = rule.origin.source.lines().nth(line - 1).unwrap();
        assert!(text[column - 1..].starts_with("project Timestamp"), "{}: {text}", rule.name);
    }
}

#[test]
fn a_test_record_knows_its_line() {
    for rule in builtin().unwrap() {
        for test in rule.tests.matching.iter().chain(&rule.tests.ignored) {
            let text = rule.origin.source.lines().nth(test.line - 1).unwrap();
            assert_eq!(text.trim(), test.record);
        }
    }
}

#[test]
fn what_sentinel_files_hold_is_accepted() {
    let rule = only(
        "id: 11111111-2222-4333-8444-555555555555\nname: R\nkind: NRT\nversion: 1.0\nseverity: hIGH\ndescription: |\n  'What it\n  is about'\ntactics:\nrelevantTechniques:\n\
         \x20 - T1552.005\n  -\nmetadata:\n  source: {kind: Community}\ncustomDetails: {}\nquery: >-\n  T\n  | take 1\n",
    );
    assert_eq!((rule.version.as_str(), rule.severity), ("1.0", Severity::High));
    assert_eq!((rule.tactics.len(), rule.techniques.as_slice()), (0, &["T1552.005".to_owned()][..]));
    assert_eq!((rule.query.as_str(), rule.description.as_str()), ("T | take 1", "What it\nis about"));
    assert_eq!(only("query: T | take 1\ntactics: Impact\n").tactics, ["Impact"]);
}

#[test]
fn a_file_without_the_optional_keys_has_defaults() {
    let rule = only(MINIMAL);
    assert_eq!((rule.severity, rule.version.as_str(), rule.confidence), (Severity::Medium, "1", None));
    assert_eq!(rule.id, derived_id("T\n| where a == 1\n"));
    assert_eq!(rule.id.len(), 36);
    assert_eq!(only("query: T").name, "r");
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing() {
    let rule = only(&format!("\u{feff}{}", MINIMAL.replace('\n', "\r\n")));
    assert_eq!(rule.id, only(MINIMAL).id);
    let at = rule.query.find("a ==").unwrap();
    assert_eq!(rule.origin.line_and_column(Span::new(at, at + 1)), (4, 11));

    let kql = parse_kql("folder/odd name.kql", "\u{feff}T\r\n| where a").unwrap().remove(0);
    assert_eq!((kql.name.as_str(), kql.query.as_str()), ("odd name", "T\r\n| where a"));
    assert_eq!(kql.id, parse_kql("x.kql", "T\n| where a").unwrap().remove(0).id);
    assert_eq!(kql.origin.line_and_column(Span::new(11, 12)), (2, 9));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let at = |tail: &str| format!("{MINIMAL}{tail}");
    for (text, wanted) in [
        (at("severity: Hihg\n"), "r.yaml:5:11: severity `Hihg` is unknown; write Informational, Low, Medium or High"),
        (
            at("kqltap:\n  confidance: low\n"),
            "r.yaml:6:3: there is no key `confidance` here; did you mean `confidence`?",
        ),
        (
            at("kqltap:\n  zzz: low\n"),
            "r.yaml:6:3: there is no key `zzz` here; kqltap knows `confidence`, `dataSources`",
        ),
        (at("kqltap:\n  confidence: sure\n"), "r.yaml:6:15: confidence `sure` is unknown"),
        (at("kqltap: {tests: {match: [{why: x}]}}\n"), "the key `record` is missing here"),
        (
            at("kqltap:\n  tests:\n    ignore:\n      - record: |\n          {}\n          {\"a\"\n"),
            "r.yaml:10:11: each line of `record`",
        ),
        (at("---\nname: no query\n"), "r.yaml:1:1: document 2 of this file has no `query`"),
        ("query: [T]\n".to_owned(), "r.yaml:1:8: the YAML cannot be read: "),
        ("query: \"T\n".to_owned(), "r.yaml:1:8: the YAML cannot be read: "),
        ("query: ' '\n".to_owned(), "r.yaml:1:8: `query` is empty"),
        ("query: T\nquery: U\n".to_owned(), "r.yaml:2:1: the YAML cannot be read: "),
    ] {
        let said = complaint(&text);
        assert!(said.contains(wanted), "{text}\n{said}");
    }
}

#[test]
fn yaml_without_a_query_is_no_rule() {
    for text in [
        "",
        "---\n",
        "- a\n- b\n",
        "just text\n",
        "Parser:\n  Title: x\nParserQuery: T\n",
        "name: [1]\nversion: {a: 1}\n",
        "5\n",
    ] {
        assert!(matches!(parse_yaml("r.yaml", text), Err(RuleError::NotARule { .. })), "{text:?}");
    }
}

#[test]
fn bombs_end_in_an_error() {
    let mut aliases = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in ["b", "c", "d", "e", "f", "g", "h"].iter().zip(["a", "b", "c", "d", "e", "f", "g"]) {
        aliases.push_str(&format!("{name}: &{name} [*{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}]\n"));
    }
    aliases.push_str("query: T\ntactics: *h\n");
    assert!(complaint(&aliases).contains("the YAML cannot be read"));
    let deep = format!("query: T\nx: {}{}\n", "[".repeat(50_000), "]".repeat(50_000));
    assert!(complaint(&deep).contains("the YAML cannot be read"));
}

#[test]
fn a_folder_gives_its_rules_in_the_order_of_paths() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("b.yml", "name: second\nquery: T\n---\nname: third\nquery: U\n");
    write("c/d.KQL", "V");
    write("a.yaml", "name: first\nquery: T\n");
    write("parser.yaml", "ParserQuery: T\n");
    write("notes.md", "query: no\n");
    write(".hidden/e.kql", "W");
    let names: Vec<String> = load(folder.path()).unwrap().into_iter().map(|rule| rule.name).collect();
    assert_eq!(names, ["first", "second", "third", "d"]);

    let named = |name: &str| load(&folder.path().join(name)).unwrap_err().to_string();
    assert!(named("parser.yaml").ends_with("so this is no rule; add the key `query` with the KQL text"));
    assert!(named("notes.md").ends_with("a rule file ends in .yaml, .yml or .kql"));
    assert!(named("absent.kql").contains("cannot be read"));
    fs::write(folder.path().join("latin1.kql"), b"T\n| where a == '\xe9'").unwrap();
    assert!(named("latin1.kql").contains("latin1.kql:2: this line is not UTF-8"));
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(load(empty.path()), Err(RuleError::NoRules { .. })));
}
