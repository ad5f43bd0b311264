//! MITRE ATT&CK, as far as rules name it: config/attack.toml, compiled in.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::diagnostic::suggest;

const DATA: &str = include_str!("../../config/attack.toml");

/// The matrix of one version.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// Of ATT&CK: `17.0`.
    pub version: String,
    /// Names by id, in Sentinel's spelling: `TA0006`, `CredentialAccess`.
    pub tactics: BTreeMap<String, String>,
    /// The tactics under which a technique stands, for those that the built-in rules name.
    tactics_of: BTreeMap<String, Vec<String>>,
    /// Names by id, sub-techniques too: `T1552.005`, `Cloud Instance Metadata API`.
    pub techniques: BTreeMap<String, String>,
}

impl Attack {
    /// The matrix that comes with kqltap; empty if its file were no good, to which a test holds it.
    pub fn builtin() -> Attack {
        toml::from_str(DATA).unwrap_or_default()
    }

    /// The tactics under which a technique stands, in Sentinel's spelling; a sub-technique stands where its technique does.
    /// Empty for one that no built-in rule names.
    pub fn tactics_of(&self, technique: &str) -> &[String] {
        let parent = technique.split_once('.').map_or(technique, |(parent, _)| parent);
        self.tactics_of.get(parent).map_or(&[], Vec::as_slice)
    }

    /// What to say of a technique that the matrix does not have. Those of the matrix for control systems (`T0…`) are not
    /// judged.
    pub fn complaint(&self, technique: &str) -> Option<String> {
        if self.techniques.contains_key(technique) || technique.starts_with("T0") || self.techniques.is_empty() {
            return None;
        }
        // The technique of a sub-technique that is not there is nearer than any other's sub-technique.
        let parent = technique.split('.').next().filter(|parent| self.techniques.contains_key(*parent));
        let near = parent.or_else(|| suggest(technique, self.techniques.keys().map(String::as_str)));
        let near = near.and_then(|id| Some((id, self.techniques.get(id)?)));
        let near = near.map_or(String::new(), |(id, name)| format!("; did you mean {id}, {name}?"));
        Some(format!("ATT&CK {} has no technique '{technique}'{near}", self.version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_good_and_a_wrong_id_is_answered_with_a_near_one() {
        let attack = Attack::builtin();
        assert_eq!(attack.version, "17.0");
        assert_eq!(attack.tactics.get("TA0006").map(String::as_str), Some("CredentialAccess"));
        assert!(attack.tactics_of.keys().all(|id| attack.techniques.contains_key(id)));
        assert!(attack.tactics_of.values().flatten().all(|name| attack.tactics.values().any(|known| known == name)));
        assert_eq!(attack.tactics_of("T1550.001"), ["DefenseEvasion", "LateralMovement"]);
        assert_eq!(attack.complaint("T1528"), None);
        assert_eq!(attack.complaint("T0886"), None);
        let wrong = attack.complaint("T1552.905").unwrap_or_default();
        assert_eq!(wrong, "ATT&CK 17.0 has no technique 'T1552.905'; did you mean T1552, Unsecured Credentials?");
        assert!(attack.complaint("T15528").unwrap_or_default().contains("did you mean T1"), "a slip of the finger");
        assert!(attack.complaint("credential theft").is_some_and(|said| !said.contains("did you mean")));
    }
}
