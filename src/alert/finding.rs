//! What every standard's alert says: who did what, where, and by which rule. The facts are looked for in the query's result row,
//! and then in the record itself, by the names that Defender's, Entra's and the built-in rules' columns have.

use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use crate::compile::bound::OutputColumn;
use crate::rule::{Attack, Rule};
use crate::value::convert::text;
use crate::value::{DateTime, Value};

static ATTACK: LazyLock<Attack> = LazyLock::new(Attack::builtin);

/// An alert's facts.
pub(super) struct Finding<'f> {
    pub(super) id: &'f str,
    pub(super) rule: &'f Rule,
    /// The table, or all that the query reads, with commas between them.
    pub(super) table: &'f str,
    /// The event's own time, if it has one.
    pub(super) time: Option<DateTime>,
    /// When it was found.
    pub(super) now: DateTime,
    columns: &'f [OutputColumn],
    row: &'f [Value<'f>],
    /// The record; none if many made the row.
    record: Map<String, Json>,
}

/// An id of ATT&CK's and its name.
pub(super) type Named<'f> = (&'f str, &'f str);

/// A technique of the rule, and a tactic under which it stands.
pub(super) struct Technique<'f> {
    pub(super) technique: Named<'f>,
    /// The sub-technique that the rule names.
    pub(super) sub: Option<Named<'f>>,
    /// The tactic's id and its name as people read it: `TA0006`, `Credential Access`.
    pub(super) tactic: Option<(&'f str, String)>,
}

impl<'f> Finding<'f> {
    pub(super) fn new(
        (id, rule): (&'f str, &'f Rule),
        (table, record): (&'f str, Option<&str>),
        (time, now): (&Value<'_>, DateTime),
        (columns, row): (&'f [OutputColumn], &'f [Value<'f>]),
    ) -> Finding<'f> {
        let time = match time {
            Value::DateTime(time) => Some(*time),
            _ => None,
        };
        let record = record.and_then(|record| serde_json::from_str(record).ok()).unwrap_or_default();
        Finding { id, rule, table, time, now, columns, row, record }
    }

    /// The first of these columns that says something.
    fn fact(&self, names: &[&str]) -> Option<String> {
        let of_row = |name: &&str| {
            let at = self.columns.iter().position(|column| column.name == **name)?;
            says(text(self.row.get(at)?).into_owned())
        };
        // In Azure's export names begin with a small letter.
        let of_record = |name: &&str| {
            let own = self.record.iter().filter(|(member, _)| member.eq_ignore_ascii_case(name));
            own.map(|(_, value)| value).find_map(|value| match value {
                Json::String(text) => says(text.clone()),
                Json::Number(_) | Json::Bool(_) => says(value.to_string()),
                _ => None,
            })
        };
        names.iter().find_map(of_row).or_else(|| names.iter().find_map(of_record))
    }

    /// Whether it is about a device; else it is about a directory or a service.
    pub(super) fn is_of_device(&self) -> bool {
        self.table.starts_with("Device")
    }

    pub(super) fn host(&self) -> Option<String> {
        let named = self.fact(&["DeviceName", "Computer", "HostName"]);
        named.or_else(|| self.fact(&["Source"]).filter(|_| self.is_of_device()))
    }

    pub(super) fn user(&self) -> Option<String> {
        self.fact(&[
            "Actor",
            "AccountUpn",
            "AccountName",
            "InitiatingProcessAccountUpn",
            "InitiatingProcessAccountName",
            "UserPrincipalName",
            "UserId",
            "Identity",
            "Caller",
        ])
    }

    /// The address that a request came from, for what is no device's.
    pub(super) fn source_ip(&self) -> Option<String> {
        let named = self.fact(&["InitiatedByIP", "IPAddress", "CallerIpAddress", "ClientIP"]);
        let said = || self.fact(&["Source"]).filter(|_| !self.is_of_device());
        named.or_else(said).filter(|text| is_address(text))
    }

    pub(super) fn destination_ip(&self) -> Option<String> {
        self.fact(&["RemoteIP"]).filter(|text| is_address(text))
    }

    pub(super) fn url(&self) -> Option<String> {
        self.fact(&["RemoteUrl", "Uri", "Url"])
    }

    pub(super) fn process(&self) -> Option<String> {
        let named = self.fact(&["InitiatingProcessFileName"]);
        named.or_else(|| self.fact(&["Process", "ProcessName"]).filter(|_| self.is_of_device()))
    }

    pub(super) fn command_line(&self) -> Option<String> {
        let names = ["CommandLine", "InitiatingProcessCommandLine", "ProcessCommandLine"];
        self.fact(&names).filter(|_| self.is_of_device())
    }

    pub(super) fn file(&self) -> Option<String> {
        self.fact(&["FileName"])
    }

    /// A folder, or a whole path: Defender writes the one as well as the other.
    pub(super) fn path(&self) -> Option<String> {
        self.fact(&["FolderPath"])
    }

    pub(super) fn operation(&self) -> Option<String> {
        self.fact(&["OperationName", "ActionType", "Operation"])
    }

    /// The application or whatever else a directory's operation was about.
    pub(super) fn target(&self) -> Option<String> {
        self.fact(&["TargetApp", "Process", "AppDisplayName"]).filter(|_| !self.is_of_device())
    }

    /// What people read.
    pub(super) fn message(&self) -> String {
        self.fact(&["RiskDetail"]).unwrap_or_else(|| self.rule.name.clone())
    }

    /// The rule's techniques, with those of its tactics under which they stand.
    pub(super) fn techniques(&self) -> Vec<Technique<'f>> {
        let rule = self.rule;
        let technique = |id: &'f String| {
            let stands = |tactic: &&String| ATTACK.tactics_of(id).contains(tactic);
            let tactic =
                rule.tactics.iter().find(stands).or_else(|| rule.tactics.first().filter(|_| rule.tactics.len() == 1));
            let tactic = tactic.and_then(|name| Some((tactic_id(name)?, spaced(name))));
            let named = |id: &'f str| (id, ATTACK.techniques.get(id).map_or(id, String::as_str));
            match id.split_once('.') {
                Some((parent, _)) => Technique { technique: named(parent), sub: Some(named(id)), tactic },
                None => Technique { technique: named(id), sub: None, tactic },
            }
        };
        rule.techniques.iter().map(technique).collect()
    }

    /// The rule's tactics: ids, where they are known, and names as people read them.
    pub(super) fn tactics(&self) -> Vec<(Option<&'static str>, String)> {
        self.rule.tactics.iter().map(|name| (tactic_id(name), spaced(name))).collect()
    }

    /// Which ATT&CK that is.
    pub(super) fn attack_version() -> &'static str {
        &ATTACK.version
    }
}

/// The members that say something.
pub(super) fn members<const N: usize>(members: [(&str, Option<Json>); N]) -> Map<String, Json> {
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// An object of the members that say something, if any does.
pub(super) fn object<const N: usize>(some: [(&str, Option<Json>); N]) -> Option<Json> {
    let said = members(some);
    (!said.is_empty()).then_some(Json::Object(said))
}

/// A text as JSON, if there is any.
pub(super) fn maybe(text: Option<String>) -> Option<Json> {
    text.map(Json::String)
}

/// A text as JSON.
pub(super) fn string(text: impl AsRef<str>) -> Option<Json> {
    Some(json!(text.as_ref()))
}

/// Milliseconds since 1970.
pub(super) fn milliseconds(time: DateTime) -> i64 {
    let (seconds, nanoseconds) = time.to_unix();
    seconds * 1_000 + i64::from(nanoseconds) / 1_000_000
}

fn says(text: String) -> Option<String> {
    (!text.is_empty() && text != "-").then_some(text)
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

fn tactic_id(name: &str) -> Option<&'static str> {
    ATTACK.tactics.iter().find(|(_, known)| *known == name).map(|(id, _)| id.as_str())
}

/// `Credential Access` of `CredentialAccess`.
fn spaced(name: &str) -> String {
    let mut spaced = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push(letter);
    }
    // ATT&CK writes one of them so.
    spaced.replace(" And ", " and ")
}
