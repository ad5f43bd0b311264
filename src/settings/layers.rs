//! Where each setting comes from: the layers, before they become one.

use std::fmt;
use std::path::Path;

use super::{DEFAULTS, RawSettings, Settings, SettingsError};
use crate::diagnostic::{line_column, suggest};
use crate::log;

/// Variables of whoever runs us that begin as ours do: what Kubernetes sets for a service called kqltap.
const OF_OTHERS: [&str; 2] = ["KQLTAP_SERVICE_", "KQLTAP_PORT"];

/// The settings as they were given, the later ones over the earlier.
#[derive(Clone, Debug)]
pub struct Layers {
    defaults: RawSettings,
    file: RawSettings,
    /// The file's name, and each setting's line in it, from 1.
    lines: (String, Vec<(String, usize)>),
    environment: RawSettings,
    flags: RawSettings,
}

/// Where a setting's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// kqltap's own value.
    Default,
    /// A file, and the line in it.
    File(String, usize),
    /// A variable of the environment.
    Environment(String),
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(name, line) => write!(f, "{name}:{line}"),
            Origin::Environment(name) => f.write_str(name),
            Origin::Flag => f.write_str("flag"),
        }
    }
}

impl Layers {
    /// Reads the file and the environment. Variables that are no settings are named on standard error, and from here on
    /// everything is said as `log_format` wants it.
    pub fn read(flags: RawSettings, config: Option<&Path>) -> Result<Layers, SettingsError> {
        let vars = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let (environment, unknown) = RawSettings::from_env(vars)?;
        // What is wrong with the file is said as those want it who go before it.
        let format = |raw: &RawSettings| super::log_format(raw).into_iter().for_each(log::set_format);
        format(&flags.clone().over(environment.clone()));
        let (name, text) = match config {
            Some(path) => (path.display().to_string(), RawSettings::read(path)?),
            None => Default::default(),
        };
        let layers = Layers::new(flags, environment, &name, &text)?;
        format(&layers.merged());
        for variable in unknown.iter().filter(|name| !OF_OTHERS.iter().any(|other| name.starts_with(other))) {
            let near = near(&variable.trim_start_matches("KQLTAP_").to_ascii_lowercase());
            let near = near.map_or(String::new(), |near| format!("; did you mean {}?", variable_of(near)));
            say!(Warn; "kqltap: {variable} in the environment is not a setting; it is left out{near}");
        }
        Ok(layers)
    }

    pub(super) fn new(
        flags: RawSettings,
        environment: RawSettings,
        name: &str,
        text: &str,
    ) -> Result<Layers, SettingsError> {
        let defaults = RawSettings::from_toml("config/kqltap.toml", DEFAULTS)?;
        let lines = (name.to_owned(), lines(text).into_iter().map(|(key, line)| (key.to_owned(), line)).collect());
        Ok(Layers { defaults, file: RawSettings::from_toml(name, text)?, lines, environment, flags })
    }

    /// One over the other.
    fn merged(&self) -> RawSettings {
        let Layers { defaults, file, environment, flags, .. } = self.clone();
        flags.over(environment).over(file).over(defaults)
    }

    /// One over the other, checked.
    pub fn settings(&self) -> Result<Settings, SettingsError> {
        Settings::new(self.merged()).map_err(|error| match error {
            SettingsError::Value { name, value, message } => match self.origin(name) {
                Some(origin @ (Origin::File(..) | Origin::Environment(_))) => {
                    SettingsError::Value { name, value, message: format!("{message} ({origin})") }
                }
                _ => SettingsError::Value { name, value, message },
            },
            error => error,
        })
    }

    /// Where a setting's value comes from; `None` if there is no such setting.
    pub fn origin(&self, name: &str) -> Option<Origin> {
        let has = |layer: &RawSettings| table(layer).contains_key(name);
        if has(&self.flags) {
            Some(Origin::Flag)
        } else if has(&self.environment) {
            Some(Origin::Environment(variable_of(name)))
        } else if has(&self.file) {
            let (file, lines) = &self.lines;
            let line = lines.iter().find(|(key, _)| key == name).map_or(1, |(_, line)| *line);
            Some(Origin::File(file.clone(), line))
        } else {
            has(&self.defaults).then_some(Origin::Default)
        }
    }

    /// Every setting, in the order of config/kqltap.toml: its name, its value as TOML, where it comes from. Secrets are files
    /// that settings name, so there are none in it.
    pub fn values(&self) -> Vec<(&'static str, String, Origin)> {
        let merged = table(&self.merged());
        let value = |name| Some((name, merged.get(name)?.to_string(), self.origin(name)?));
        lines(DEFAULTS).into_iter().filter_map(|(name, _)| value(name)).collect()
    }
}

/// What a layer says, by name.
fn table(layer: &RawSettings) -> toml::Table {
    toml::Table::try_from(layer).unwrap_or_default()
}

fn variable_of(name: &str) -> String {
    format!("KQLTAP_{}", name.to_ascii_uppercase())
}

/// The setting whose name is nearest.
fn near(name: &str) -> Option<&'static str> {
    suggest(name, lines(DEFAULTS).into_iter().map(|(name, _)| name))
}

/// The names of a file's settings, and their lines; none if it is no TOML.
fn lines(text: &str) -> Vec<(&str, usize)> {
    let Ok(table) = toml::de::DeTable::parse(text) else { return Vec::new() };
    let mut spans: Vec<_> = table.get_ref().keys().map(|key| key.span()).collect();
    spans.sort_by_key(|span| span.start);
    let name = |span: &std::ops::Range<usize>| text[span.clone()].trim_matches(['"', '\'']);
    spans.iter().map(|span| (name(span), line_column(text, span.start).0)).collect()
}

/// The first setting of a file that kqltap does not know, as a sentence.
pub(super) fn unknown(text: &str) -> Option<String> {
    let known = lines(DEFAULTS);
    let (name, line) = lines(text).into_iter().find(|(name, _)| known.iter().all(|(known, _)| known != name))?;
    let near = near(name).map_or("config/kqltap.toml lists them".to_owned(), |near| format!("did you mean '{near}'?"));
    Some(format!("line {line}: there is no setting '{name}'; {near}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn layers(flags: &str, environment: &str, file: &str) -> Layers {
        let raw = |text| RawSettings::from_toml("t", text).unwrap();
        Layers::new(raw(flags), raw(environment), "my.toml", file).unwrap()
    }

    #[test]
    fn every_setting_is_shown_with_where_it_comes_from() {
        let layers =
            layers("table = 'F'\nstrict = true", "table = 'E'\nrules = ['a', 'b']", "\n# c\ntable = 'T'\nnow = ''");
        let values = layers.values();
        assert_eq!(values.len(), toml::from_str::<toml::Table>(DEFAULTS).unwrap().len());
        let of = |name: &str| values.iter().find(|(n, ..)| *n == name).map(|(_, value, origin)| (&**value, origin));
        assert_eq!(of("table"), Some(("\"F\"", &Origin::Flag)));
        assert_eq!(of("strict"), Some(("true", &Origin::Flag)));
        assert_eq!(of("rules"), Some(("[\"a\", \"b\"]", &Origin::Environment("KQLTAP_RULES".to_owned()))));
        assert_eq!(of("now"), Some(("\"\"", &Origin::File("my.toml".to_owned(), 4))));
        assert_eq!(of("emit"), Some(("\"alerts\"", &Origin::Default)));
        assert_eq!(values[0].0, "rules", "in the order of the file");
        // What is shown is read again as the same.
        let text: String =
            values.iter().map(|(name, value, origin)| format!("{name} = {value} # {origin}\n")).collect();
        assert_eq!(format!("{:?}", RawSettings::from_toml("shown", &text).unwrap()), format!("{:?}", layers.merged()));
    }

    #[test]
    fn what_is_unknown_or_wrong_is_named_with_its_place() {
        assert_eq!(
            unknown("table = ''\n\ntabel = ''").unwrap(),
            "line 3: there is no setting 'tabel'; did you mean 'table'?"
        );
        assert_eq!(
            unknown("zzzzzz = 1").unwrap(),
            "line 1: there is no setting 'zzzzzz'; config/kqltap.toml lists them"
        );
        assert_eq!(unknown("table = ''"), None);
        let wrong = |flags, file| layers(flags, "", file).settings().unwrap_err().to_string();
        assert_eq!(wrong("", "\nlookback = 'never'"), "lookback = \"never\": it takes stream or apply (my.toml:2)");
        assert_eq!(wrong("lookback = 'never'", ""), "lookback = \"never\": it takes stream or apply");
    }
}
