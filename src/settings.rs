//! Settings: defaults, then a file, then the environment, then flags; one validated [`Settings`] comes out.
//!
//! config/kqltap.toml is embedded and read like any other file, so what it says is what is.

mod layers;
mod live;
mod sink;
mod units;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use layers::{Layers, Origin};

use crate::alert::Format;
use crate::compile::BindOptions;
use crate::decode::Choice;
use crate::kql;
use crate::log;
use crate::pipeline::feed::LiveOptions;
use crate::pipeline::sink::{Output, SinkOptions};
use crate::pipeline::tls::TlsFiles;
use crate::pipeline::worker::{Emit, WorkerOptions};
use crate::record;
use crate::value::DateTime;

/// The commented defaults.
pub const DEFAULTS: &str = include_str!("../config/kqltap.toml");

/// Settings as written: what a file, the environment or flags leave out is `None`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RawSettings {
    /// See config/kqltap.toml, for this and all that follow.
    pub rules: Option<Vec<String>>,
    #[allow(missing_docs)]
    pub tuning: Option<Vec<String>>,
    #[allow(missing_docs)]
    pub functions: Option<Vec<String>>,
    #[allow(missing_docs)]
    pub watchlists: Option<String>,
    #[allow(missing_docs)]
    pub external_data: Option<String>,
    #[allow(missing_docs)]
    pub geo_database: Option<String>,
    #[allow(missing_docs)]
    pub user_agents: Option<String>,
    #[allow(missing_docs)]
    pub table_schemas: Option<Vec<String>>,
    #[allow(missing_docs)]
    pub output: Option<String>,
    #[allow(missing_docs)]
    pub watch: Option<bool>,
    #[allow(missing_docs)]
    pub metrics: Option<String>,
    #[allow(missing_docs)]
    pub emit: Option<String>,
    #[allow(missing_docs)]
    pub format: Option<String>,
    #[allow(missing_docs)]
    pub table: Option<String>,
    #[allow(missing_docs)]
    pub lookback: Option<String>,
    #[allow(missing_docs)]
    pub now: Option<String>,
    #[allow(missing_docs)]
    pub batch: Option<bool>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "units::bytes")]
    pub batch_memory: Option<u64>,
    #[allow(missing_docs)]
    pub strict: Option<bool>,
    #[allow(missing_docs)]
    pub dead_letter: Option<String>,
    #[allow(missing_docs)]
    pub output_tls_ca: Option<String>,
    #[allow(missing_docs)]
    pub output_tls_cert: Option<String>,
    #[allow(missing_docs)]
    pub output_tls_key: Option<String>,
    #[allow(missing_docs)]
    pub on_full: Option<String>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "units::bytes")]
    pub queue_bytes: Option<u64>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "units::bytes")]
    pub resend_bytes: Option<u64>,
    #[allow(missing_docs)]
    pub spool: Option<String>,
    #[allow(missing_docs)]
    pub spool_max: Option<String>,
    #[allow(missing_docs)]
    pub spool_sync: Option<bool>,
    #[allow(missing_docs)]
    pub drain_timeout: Option<String>,
    #[allow(missing_docs)]
    pub workers: Option<u64>,
    #[allow(missing_docs)]
    pub shadow: Option<u64>,
    #[allow(missing_docs)]
    pub decode: Option<String>,
    #[allow(missing_docs)]
    pub stats: Option<String>,
    #[allow(missing_docs)]
    pub stats_interval: Option<String>,
    #[allow(missing_docs)]
    pub log_format: Option<String>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "units::bytes")]
    pub max_line_bytes: Option<u64>,
    #[allow(missing_docs)]
    pub max_record_depth: Option<u64>,
    #[allow(missing_docs)]
    pub max_line_records: Option<u64>,
    #[allow(missing_docs)]
    pub max_query_length: Option<u64>,
    #[allow(missing_docs)]
    pub max_query_depth: Option<u64>,
    #[allow(missing_docs)]
    pub max_connections: Option<u64>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "units::bytes")]
    pub max_in_flight_bytes: Option<u64>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "units::bytes")]
    pub max_connection_bytes: Option<u64>,
    #[allow(missing_docs)]
    pub idle_timeout: Option<String>,
    #[allow(missing_docs)]
    pub line_timeout: Option<String>,
    #[allow(missing_docs)]
    pub handshake_timeout: Option<String>,
    #[allow(missing_docs)]
    pub proxy_protocol: Option<String>,
    #[allow(missing_docs)]
    pub unix_socket_mode: Option<String>,
    #[allow(missing_docs)]
    #[serde(default, deserialize_with = "units::bytes")]
    pub receive_buffer_bytes: Option<u64>,
    #[allow(missing_docs)]
    pub tls_cert: Option<String>,
    #[allow(missing_docs)]
    pub tls_key: Option<String>,
    #[allow(missing_docs)]
    pub tls_client_ca: Option<String>,
    #[allow(missing_docs)]
    pub allow_plaintext: Option<bool>,
}

/// How the ledger is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stats {
    /// For people.
    Text,
    /// One line of JSON.
    Json,
    /// Not at all.
    Off,
}

/// Settings, ready to use.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Paths of rules, or `builtin`.
    pub rules: Vec<String>,
    /// Files and folders of tuning overlays.
    pub tuning: Vec<String>,
    /// Files and folders of saved functions.
    pub functions: Vec<String>,
    /// The folder of watchlists.
    pub watchlists: Option<String>,
    /// The folder of what `externaldata` reads.
    pub external_data: Option<String>,
    /// The file that says where addresses are.
    pub geo_database: Option<String>,
    /// The file that says what user agents are.
    pub user_agents: Option<String>,
    /// Files and folders of own tables.
    pub table_schemas: Vec<String>,
    /// Where alerts go.
    pub output: Output,
    /// How they get there.
    pub sink: SinkOptions,
    /// Where malformed lines go.
    pub dead_letter: Option<Output>,
    /// The table of records that name none.
    pub table: Option<String>,
    /// Whether rules, and all that they lean on, are read again when their files change.
    pub watch: bool,
    /// Where it is served how the run is: an address and a port.
    pub metrics: Option<String>,
    /// How queries are bound.
    pub bind: BindOptions,
    /// Bounds of queries.
    pub query_limits: kql::Limits,
    /// How lines are handled.
    pub worker: WorkerOptions,
    /// Threads that handle lines.
    pub workers: usize,
    /// Bytes of results that `--batch` keeps.
    pub batch_memory: usize,
    /// How the ledger is shown.
    pub stats: Stats,
    /// How often it is shown while the run goes on; `None` for never.
    pub stats_interval: Option<Duration>,
    /// How things are said on standard error.
    pub log_format: log::Format,
    /// Bounds and ways of inputs that are sockets, TLS left out.
    pub live: LiveOptions,
    /// The files of their TLS.
    pub tls: Option<TlsFiles>,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings in {0}: {1}")]
    Read(PathBuf, std::io::Error),
    /// The file is no TOML, or has a setting that kqltap does not know.
    #[error("{0}: {1}")]
    Parse(String, String),
    /// A value is not one that the setting takes.
    #[error("{name} = {value:?}: {message}")]
    Value {
        /// The setting.
        name: &'static str,
        /// What it was set to.
        value: String,
        /// What it takes.
        message: String,
    },
}

impl RawSettings {
    /// The settings of a file.
    pub fn from_file(path: &Path) -> Result<RawSettings, SettingsError> {
        RawSettings::from_toml(&path.display().to_string(), &RawSettings::read(path)?)
    }

    fn read(path: &Path) -> Result<String, SettingsError> {
        std::fs::read_to_string(path).map_err(|e| SettingsError::Read(path.to_owned(), e))
    }

    /// The settings in a text; `name` is what errors call it.
    pub fn from_toml(name: &str, text: &str) -> Result<RawSettings, SettingsError> {
        let error = |message| SettingsError::Parse(name.to_owned(), message);
        if let Some(unknown) = layers::unknown(text) {
            return Err(error(unknown));
        }
        toml::from_str(text).map_err(|e| error(e.to_string().trim_end().to_owned()))
    }

    /// The settings in the environment: `KQLTAP_` and the setting's name in capitals. Names that are no settings are
    /// given back: whoever runs us may have variables of their own that begin so, as Kubernetes does for a service.
    pub fn from_env(vars: impl Iterator<Item = (String, String)>) -> Result<(RawSettings, Vec<String>), SettingsError> {
        let known = toml::from_str::<toml::Table>(DEFAULTS).unwrap_or_default();
        let (mut text, mut unknown) = (String::new(), Vec::new());
        for (key, value) in vars {
            let Some(name) = key.strip_prefix("KQLTAP_") else { continue };
            let name = name.to_ascii_lowercase();
            let literal = match known.get(&name) {
                Some(toml::Value::Array(_)) => {
                    format!("{:?}", value.split(':').filter(|path| !path.is_empty()).collect::<Vec<_>>())
                }
                Some(toml::Value::String(_)) => toml::Value::String(value).to_string(),
                // A number or true; a size may have a unit, and what is neither is named as it stands.
                Some(_) if value.parse::<i64>().is_ok() || value.parse::<bool>().is_ok() => value,
                Some(_) => toml::Value::String(value).to_string(),
                None => {
                    unknown.push(key);
                    continue;
                }
            };
            text.push_str(&format!("{name} = {literal}\n"));
        }
        Ok((RawSettings::from_toml("environment (KQLTAP_*)", &text)?, unknown))
    }

    /// These settings, and where they say nothing those of `below`.
    pub fn over(self, below: RawSettings) -> RawSettings {
        RawSettings {
            rules: self.rules.or(below.rules),
            tuning: self.tuning.or(below.tuning),
            functions: self.functions.or(below.functions),
            watchlists: self.watchlists.or(below.watchlists),
            external_data: self.external_data.or(below.external_data),
            geo_database: self.geo_database.or(below.geo_database),
            user_agents: self.user_agents.or(below.user_agents),
            table_schemas: self.table_schemas.or(below.table_schemas),
            output: self.output.or(below.output),
            watch: self.watch.or(below.watch),
            metrics: self.metrics.or(below.metrics),
            emit: self.emit.or(below.emit),
            format: self.format.or(below.format),
            table: self.table.or(below.table),
            lookback: self.lookback.or(below.lookback),
            now: self.now.or(below.now),
            batch: self.batch.or(below.batch),
            batch_memory: self.batch_memory.or(below.batch_memory),
            strict: self.strict.or(below.strict),
            dead_letter: self.dead_letter.or(below.dead_letter),
            output_tls_ca: self.output_tls_ca.or(below.output_tls_ca),
            output_tls_cert: self.output_tls_cert.or(below.output_tls_cert),
            output_tls_key: self.output_tls_key.or(below.output_tls_key),
            on_full: self.on_full.or(below.on_full),
            queue_bytes: self.queue_bytes.or(below.queue_bytes),
            resend_bytes: self.resend_bytes.or(below.resend_bytes),
            spool: self.spool.or(below.spool),
            spool_max: self.spool_max.or(below.spool_max),
            spool_sync: self.spool_sync.or(below.spool_sync),
            drain_timeout: self.drain_timeout.or(below.drain_timeout),
            workers: self.workers.or(below.workers),
            shadow: self.shadow.or(below.shadow),
            decode: self.decode.or(below.decode),
            stats: self.stats.or(below.stats),
            stats_interval: self.stats_interval.or(below.stats_interval),
            log_format: self.log_format.or(below.log_format),
            max_line_bytes: self.max_line_bytes.or(below.max_line_bytes),
            max_record_depth: self.max_record_depth.or(below.max_record_depth),
            max_line_records: self.max_line_records.or(below.max_line_records),
            max_query_length: self.max_query_length.or(below.max_query_length),
            max_query_depth: self.max_query_depth.or(below.max_query_depth),
            max_connections: self.max_connections.or(below.max_connections),
            max_in_flight_bytes: self.max_in_flight_bytes.or(below.max_in_flight_bytes),
            max_connection_bytes: self.max_connection_bytes.or(below.max_connection_bytes),
            idle_timeout: self.idle_timeout.or(below.idle_timeout),
            line_timeout: self.line_timeout.or(below.line_timeout),
            handshake_timeout: self.handshake_timeout.or(below.handshake_timeout),
            proxy_protocol: self.proxy_protocol.or(below.proxy_protocol),
            unix_socket_mode: self.unix_socket_mode.or(below.unix_socket_mode),
            receive_buffer_bytes: self.receive_buffer_bytes.or(below.receive_buffer_bytes),
            tls_cert: self.tls_cert.or(below.tls_cert),
            tls_key: self.tls_key.or(below.tls_key),
            tls_client_ca: self.tls_client_ca.or(below.tls_client_ca),
            allow_plaintext: self.allow_plaintext.or(below.allow_plaintext),
        }
    }

    /// All layers on top of the defaults, checked.
    pub fn resolve(flags: RawSettings, config: Option<&Path>) -> Result<Settings, SettingsError> {
        Layers::read(flags, config)?.settings()
    }
}

impl Settings {
    /// Checks every value; what is missing has no default but the embedded file's.
    pub fn new(raw: RawSettings) -> Result<Settings, SettingsError> {
        let (live, tls) = live::live(&raw)?;
        let log_format = log_format(&raw)?;
        let output = raw.output.clone().unwrap_or_else(|| "-".to_owned());
        let now = raw.now.clone().filter(|now| !now.is_empty());
        let now = now
            .map(|text| {
                DateTime::parse(&text).ok_or_else(|| invalid("now", &text, "a time such as 2026-11-24T12:00:00Z"))
            })
            .transpose()?;
        let dead_letter = raw.dead_letter.clone().filter(|path| !path.is_empty());
        if raw.batch == Some(true) && raw.emit.as_deref() == Some("annotate") {
            return Err(invalid(
                "emit",
                "annotate",
                "it goes with a stream; batch puts alerts in order, and passes no lines",
            ));
        }
        let output = Output::parse(&output).map_err(|e| invalid("output", &output, &e))?;
        let sink = sink::options(&raw, &output)?;
        Ok(Settings {
            rules: raw.rules.unwrap_or_default(),
            tuning: raw.tuning.unwrap_or_default(),
            functions: raw.functions.unwrap_or_default(),
            watchlists: raw.watchlists.filter(|folder| !folder.is_empty()),
            external_data: raw.external_data.filter(|folder| !folder.is_empty()),
            geo_database: raw.geo_database.filter(|file| !file.is_empty()),
            user_agents: raw.user_agents.filter(|file| !file.is_empty()),
            table_schemas: raw.table_schemas.unwrap_or_default(),
            output,
            sink,
            dead_letter: dead_letter
                .map(|path| match Output::parse(&path) {
                    Ok(Output::Peer(_)) => {
                        Err(invalid("dead_letter", &path, "it takes a file, or - for standard output"))
                    }
                    parsed => parsed.map_err(|e| invalid("dead_letter", &path, &e)),
                })
                .transpose()?,
            table: raw.table.filter(|table| !table.is_empty()),
            watch: raw.watch.unwrap_or(false),
            metrics: live::metrics(raw.metrics)?,
            bind: BindOptions {
                strict: raw.strict.unwrap_or(false),
                apply_lookback: choice("lookback", raw.lookback, &[("stream", false), ("apply", true)])?,
                batch: raw.batch.unwrap_or(false),
                without_files: false,
                now,
            },
            query_limits: kql::Limits {
                max_length: bound("max_query_length", raw.max_query_length, 1, 1 << 30)?,
                max_depth: bound("max_query_depth", raw.max_query_depth, 10, 400)?,
            },
            worker: WorkerOptions {
                emit: choice("emit", raw.emit, &[("alerts", Emit::Alerts), ("annotate", Emit::Annotate)])?,
                format: choice("format", raw.format, &Format::ALL)?,
                limits: record::Limits {
                    max_depth: bound("max_record_depth", raw.max_record_depth, 2, 512)?,
                    max_records: bound("max_line_records", raw.max_line_records, 1, 1 << 31)?,
                },
                max_line: bound("max_line_bytes", raw.max_line_bytes, 1024, 1 << 31)?,
                now,
                batch: raw.batch.unwrap_or(false),
                dead_letters: false,
                shadow: raw.shadow.unwrap_or(0),
                decode: decode_choice(raw.decode)?,
            },
            workers: match bound("workers", raw.workers, 0, 1024)? {
                0 => std::thread::available_parallelism().map_or(1, |n| n.get().min(8)),
                n => n,
            },
            batch_memory: bound("batch_memory", raw.batch_memory, 1 << 10, 1 << 40)?,
            stats_interval: units::timeout("stats_interval", raw.stats_interval.as_deref())?,
            log_format,
            stats: choice("stats", raw.stats, &[("text", Stats::Text), ("json", Stats::Json), ("off", Stats::Off)])?,
            live,
            tls,
        })
    }
}

fn invalid(name: &'static str, value: &str, message: &str) -> SettingsError {
    SettingsError::Value { name, value: value.to_owned(), message: message.to_owned() }
}

fn choice<T: Copy>(name: &'static str, value: Option<String>, choices: &[(&str, T)]) -> Result<T, SettingsError> {
    let value = value.unwrap_or_default();
    let found = choices.iter().find(|(word, _)| *word == value);
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        invalid(name, &value, &format!("it takes {}", words.join(" or ")))
    })
}

fn log_format(raw: &RawSettings) -> Result<log::Format, SettingsError> {
    choice("log_format", raw.log_format.clone(), &[("text", log::Format::Text), ("json", log::Format::Json)])
}

fn decode_choice(value: Option<String>) -> Result<Choice, SettingsError> {
    let value = value.unwrap_or_default();
    Choice::parse(&value).map_err(|message| invalid("decode", &value, &message))
}

fn bound(name: &'static str, value: Option<u64>, low: u64, high: u64) -> Result<usize, SettingsError> {
    let value = value.unwrap_or_default();
    let inside = (low..=high).contains(&value).then_some(value).and_then(|v| usize::try_from(v).ok());
    inside.ok_or_else(|| invalid(name, &value.to_string(), &format!("it takes {low} to {high}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_setting_has_a_default_in_the_file() {
        let raw = RawSettings::from_toml("defaults", DEFAULTS).unwrap();
        // A setting without a default shows as None.
        assert!(!format!("{raw:?}").contains("None"), "{raw:?}");
        let settings = Settings::new(raw).unwrap();
        assert_eq!(settings.worker.max_line, 16 << 20);
        assert_eq!(settings.rules, ["builtin"]);
    }

    #[test]
    fn flags_go_before_environment_before_file() {
        let vars = [
            ("KQLTAP_TABLE", "Env"),
            ("KQLTAP_LOOKBACK", "apply"),
            ("KQLTAP_RULES", "a:b"),
            ("KQLTAP_FUNCTIONS", "f"),
            ("KQLTAP_TABLE_SCHEMAS", ""),
            ("OTHER", "x"),
            ("KQLTAP_OWN", "x"),
        ];
        let owned = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let (env, unknown) = RawSettings::from_env(owned).unwrap();
        assert_eq!(unknown, ["KQLTAP_OWN"]);
        let flags = RawSettings { table: Some("Flag".to_owned()), ..RawSettings::default() };
        let file = RawSettings::from_toml("f", "lookback = 'stream'\nmax_line_bytes = 2048").unwrap();
        let raw = flags.over(env).over(file).over(RawSettings::from_toml("d", DEFAULTS).unwrap());
        let settings = Settings::new(raw).unwrap();
        assert_eq!(settings.table.as_deref(), Some("Flag"));
        assert!(settings.bind.apply_lookback);
        assert_eq!(settings.rules, ["a", "b"]);
        assert_eq!(settings.functions, ["f"]);
        assert_eq!(settings.table_schemas, [""; 0], "set to nothing");
        assert_eq!(settings.worker.max_line, 2048);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let unknown = RawSettings::from_toml("my.toml", "tabel = 'x'").unwrap_err().to_string();
        assert!(unknown.contains("my.toml") && unknown.contains("tabel"), "{unknown}");
        let defaults = || RawSettings::from_toml("d", DEFAULTS).unwrap();
        let bad = Settings::new(RawSettings { lookback: Some("never".into()), ..Default::default() }.over(defaults()));
        assert_eq!(bad.unwrap_err().to_string(), "lookback = \"never\": it takes stream or apply");
        let bad = Settings::new(RawSettings { max_line_bytes: Some(1), ..Default::default() }.over(defaults()));
        assert!(bad.unwrap_err().to_string().contains("1024"));
    }
}
