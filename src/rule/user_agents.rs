//! What user agents are: uap-core's patterns, of which the crate ua-parser makes automata.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use ua_parser::{Extractor, Regexes, device, os, user_agent};

use super::RuleError;
use super::files::read;
use crate::value::functions::MAX_TEXT;
use crate::value::{Dynamic, Value};

/// What nothing is known of, as ua-parser's specification calls it.
const OTHER: &str = "Other";

/// Patterns, ready to be held against user agents.
#[derive(Clone)]
pub struct UserAgents {
    extractor: Arc<Extractor<'static>>,
}

impl std::fmt::Debug for UserAgents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("patterns of user agents")
    }
}

impl UserAgents {
    /// Reads uap-core's `regexes.yaml`.
    ///
    /// # Errors
    /// The file cannot be read, or is none such.
    pub fn load(path: &Path) -> Result<UserAgents, RuleError> {
        let label = path.display().to_string();
        let text = read(path, &label)?;
        let refused = |what: String| RuleError::Io {
            path: label.clone(),
            error: std::io::Error::other(format!("it has no patterns of user agents: {what}")),
        };
        let regexes: Regexes<'static> = serde_saphyr::from_str_with_options(&text, super::yaml::options())
            .map_err(|error| refused(error.without_snippet().to_string()))?;
        let extractor = Extractor::try_from(regexes).map_err(|error| refused(error.to_string()))?;
        Ok(UserAgents { extractor: Arc::new(extractor) })
    }

    /// What `parse_user_agent()` gives.
    pub fn parsed(&self, agent: &str, look_for: &Value<'_>) -> Value<'static> {
        let words: Vec<Cow<'_, str>> = match look_for {
            Value::String(word) => vec![Cow::Borrowed(word.as_ref())],
            Value::Dynamic(Dynamic::String(word)) => vec![Cow::Borrowed(word.as_ref())],
            Value::Dynamic(Dynamic::Array(words)) => words.iter().map(Dynamic::to_text).collect(),
            _ => Vec::new(),
        };
        let asked = |word: &str| words.iter().any(|given| given.as_ref() == word);
        let agent = agent.get(..agent.floor_char_boundary(MAX_TEXT)).unwrap_or(agent);
        let mut members: Vec<(Cow<'static, str>, Dynamic<'static>)> = Vec::new();
        if asked("browser") {
            members.push(("Browser".into(), browser(self.extractor.ua.extract(agent))));
        }
        if asked("os") {
            members.push(("OperatingSystem".into(), system(self.extractor.os.extract(agent))));
        }
        if asked("device") {
            members.push(("Device".into(), device(self.extractor.dev.extract(agent))));
        }
        if members.is_empty() { Value::Null } else { Value::dynamic(Dynamic::Bag(members.into())) }
    }
}

fn browser(found: Option<user_agent::ValueRef<'_>>) -> Dynamic<'static> {
    let found = found.unwrap_or_else(|| user_agent::ValueRef { family: OTHER.into(), ..Default::default() });
    bag([
        ("Family", Some(found.family.as_ref())),
        ("MajorVersion", found.major),
        ("MinorVersion", found.minor),
        ("Patch", found.patch),
    ])
}

fn system(found: Option<os::ValueRef<'_>>) -> Dynamic<'static> {
    let found = found.unwrap_or_else(|| os::ValueRef { os: OTHER.into(), ..Default::default() });
    bag([
        ("Family", Some(found.os.as_ref())),
        ("MajorVersion", found.major.as_deref()),
        ("MinorVersion", found.minor.as_deref()),
        ("Patch", found.patch.as_deref()),
        ("PatchMinor", found.patch_minor.as_deref()),
    ])
}

fn device(found: Option<device::ValueRef<'_>>) -> Dynamic<'static> {
    let found = found.unwrap_or_else(|| device::ValueRef { device: OTHER.into(), ..Default::default() });
    bag([("Family", Some(found.device.as_ref())), ("Brand", found.brand.as_deref()), ("Model", found.model.as_deref())])
}

/// What is not known is the empty text.
fn bag<const N: usize>(members: [(&'static str, Option<&str>); N]) -> Dynamic<'static> {
    let text = |value: Option<&str>| Dynamic::String(value.unwrap_or_default().to_owned().into());
    Dynamic::Bag(members.into_iter().map(|(name, value)| (name.into(), text(value))).collect())
}
