//! What comes with the binary: completions, manual pages, and examples of how to deploy it, held to the flags that there are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::tap::run;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(examples().join(path)).unwrap()
}

/// The flags in a text: `--name`, and what is no letter around it.
fn flags(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned).collect()
}

fn known_flags() -> BTreeSet<String> {
    flags(run(["run", "--help"], "").ended(0).text())
}

/// The command lines of a container's image in a Kubernetes object, `run` first.
fn containers(object: &Json) -> Vec<Vec<String>> {
    let spec = match object["kind"].as_str() {
        Some("Pod") => &object["spec"],
        _ => &object["spec"]["template"]["spec"],
    };
    let ours = spec["containers"].as_array().unwrap().iter();
    let ours = ours.filter(|c| c["image"].as_str().is_some_and(|image| image.contains("/kqltap:")));
    ours.map(|c| c["args"].as_array().unwrap().iter().map(|a| a.as_str().unwrap().to_owned()).collect()).collect()
}

/// Every command line that the examples give kqltap.
fn command_lines() -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    for file in ["kubernetes/sidecar.yaml", "kubernetes/daemonset.yaml"] {
        let object: Json = serde_saphyr::from_str(&read(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let found = containers(&object);
        assert_eq!(found.len(), 1, "{file}");
        lines.extend(found);
    }
    let unit = read("systemd/kqltap.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/kqltap ")).unwrap();
    lines.push(start.split(' ').map(str::to_owned).collect());
    lines
}

#[test]
fn the_examples_command_lines_are_understood() {
    let defaults = format!("{}/config/kqltap.toml", env!("CARGO_MANIFEST_DIR"));
    for line in command_lines() {
        assert_eq!(line[0], "run", "{line:?}");
        let arguments =
            line.iter().skip(1).map(|a| if a.starts_with("/etc/kqltap/") { defaults.clone() } else { a.clone() });
        // It reads the same flags and checks the same settings, and runs nothing.
        let arguments: Vec<String> = std::iter::once("config".to_owned()).chain(arguments).collect();
        run(arguments.iter().map(String::as_str), "").ended(0);
    }
}

#[test]
fn every_flag_that_a_text_names_exists() {
    let known = known_flags();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = |text: String| -> BTreeSet<String> {
        text.lines().filter(|line| line.contains("kqltap run")).flat_map(flags).collect()
    };
    for file in ["README.md", "examples/README.md"] {
        for flag in named(std::fs::read_to_string(root.join(file)).unwrap()) {
            let of_cargo = ["--release", "--profile"].contains(&&*flag);
            assert!(known.contains(&flag) || of_cargo, "{file} names {flag}, which kqltap run does not have");
        }
    }
}

#[test]
fn the_other_examples_are_what_they_seem() {
    let dashboard: Json = serde_json::from_str(&read("grafana/kqltap.json")).unwrap();
    assert!(!dashboard["panels"].as_array().unwrap().is_empty());
    let alerts: Json = serde_saphyr::from_str(&read("prometheus/kqltap.rules.yml")).unwrap();
    let rules = alerts["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.iter().all(|rule| rule["alert"].is_string() && rule["expr"].is_string()), "{alerts}");
}

#[test]
fn the_dockerfile_asks_for_a_feature_that_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest: toml::Table = toml::from_str(&std::fs::read_to_string(root.join("Cargo.toml")).unwrap()).unwrap();
    let file = std::fs::read_to_string(root.join("Dockerfile")).unwrap();
    let feature = file.split("--features ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    assert!(manifest["features"].as_table().unwrap().contains_key(feature), "{feature}");
}

/// systemd's own check of the unit, where it is installed.
#[test]
fn systemd_takes_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("kqltap.service");
    let text = read("systemd/kqltap.service").replace("/usr/local/bin/kqltap", env!("CARGO_BIN_EXE_kqltap"));
    std::fs::write(&unit, text).unwrap();
    let Ok(verified) = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output() else {
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    // It looks at the machine's other units too, which are not ours to judge.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("kqltap.service")).collect();
    assert!(ours.is_empty(), "{ours:?}");
}

#[test]
fn completions_know_commands_and_flags() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(["completions", shell], "").ended(0);
        // fish writes a flag without its dashes.
        assert!(script.text().contains("dead-letter") && script.text().contains("completions"), "{shell}");
    }
    run(["completions", "dos"], "").ended(2);
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let page = run(["man"], "").ended(0);
    assert!(page.text().contains(".TH kqltap 1") && page.text().contains("kqltap\\-run(1)"), "{}", page.text());
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    run(["man", "--dir", pages.to_str().unwrap()], "").ended(0);
    let text = std::fs::read_to_string(pages.join("kqltap-run.1")).unwrap();
    assert!(text.contains("\\-\\-dead\\-letter"), "{text}");
    assert!(pages.join("kqltap.1").is_file() && pages.join("kqltap-config.1").is_file());
    // A file stands where the folder should be.
    let ran = run(["man", "--dir", pages.join("kqltap.1").to_str().unwrap()], "").ended(1);
    assert!(ran.err.starts_with("kqltap: cannot write the pages to "), "{}", ran.err);
}
