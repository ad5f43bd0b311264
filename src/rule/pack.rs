//! The pack that comes with kqltap: the files of config/rules, compiled in.

use super::{Rule, RuleError, parse_yaml};

/// A file's name, as messages and diagnostics show it, and its text.
type File = (&'static str, &'static str);

macro_rules! file {
    ($name:literal) => {
        (concat!("config/rules/", $name), include_str!(concat!("../../config/rules/", $name)))
    };
}

/// In the order of alerts: first the page's four, then what was added to them.
const FILES: &[File] = &[
    file!("t1528.yaml"),
    file!("app-credentials-added.yaml"),
    file!("app-permissions-changed.yaml"),
    file!("app-registered.yaml"),
    file!("app-role-assignment.yaml"),
    file!("browser-token-store.yaml"),
    file!("container-credentials.yaml"),
    file!("imds-command-line.yaml"),
    file!("imds-connection.yaml"),
    file!("imds-http-inspected.yaml"),
    file!("kubernetes-token-projected.yaml"),
    file!("kubernetes-token-sensitive-read.yaml"),
    file!("oauth-consent-new-scopes.yaml"),
    file!("token-cache-created.yaml"),
    file!("token-cache-sensitive-read.yaml"),
    file!("token-cache-tools.yaml"),
];

/// The built-in rules: every file of config/rules.
///
/// # Errors
/// None in a released build; a test holds the files to it.
pub fn builtin() -> Result<Vec<Rule>, RuleError> {
    let mut rules = Vec::new();
    for (path, text) in FILES {
        rules.extend(parse_yaml(path, text)?);
    }
    Ok(rules)
}

/// The page's four vectors alone: config/rules/t1528.yaml. What is measured is measured with these.
///
/// # Errors
/// None in a released build.
pub fn page() -> Result<Vec<Rule>, RuleError> {
    FILES.iter().take(1).try_fold(Vec::new(), |mut rules, (path, text)| {
        rules.extend(parse_yaml(path, text)?);
        Ok(rules)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_in_the_pack() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config/rules");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| format!("config/rules/{}", entry.unwrap().file_name().to_string_lossy()))
            .collect();
        let mut packed: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
        there.sort();
        packed.sort_unstable();
        assert_eq!(packed, there);
    }
}
