//! What is said to people on standard error: as text, or a line of JSON each (`log_format`).
//!
//! Where nobody can read it, work goes on: alerts matter more. There is one standard error, so format and progress bar are of
//! the process and not of a run.

use std::fmt;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;
use serde_json::{Map, Value as Json};

/// Says something: `say!("kqltap: …")`, `say!(Warn; "kqltap: …")`, `say!(Warn, line = 3; "kqltap: …")`. Text is written as it
/// stands; JSON leaves out the `kqltap: `, and has the fields as members.
macro_rules! say {
    ($level:ident $(, $field:ident = $value:expr)*; $($words:tt)+) => {
        $crate::log::write(
            $crate::log::Level::$level,
            &[$((stringify!($field), ::serde_json::json!($value))),*],
            format_args!($($words)+),
        )
    };
    ($($words:tt)+) => { say!(Info; $($words)+) };
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One object a line: `time`, `level`, `message`, and fields where there are some.
    Json,
}

/// How much it weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// All is well.
    Info,
    /// Something is not as it should be, and work goes on.
    Warn,
    /// Something cannot be done.
    Error,
}

static JSON: AtomicBool = AtomicBool::new(false);
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// From now on it is written so.
pub(crate) fn set_format(format: Format) {
    JSON.store(format == Format::Json, Ordering::Relaxed);
}

/// How it is written now.
pub(crate) fn format() -> Format {
    if JSON.load(Ordering::Relaxed) { Format::Json } else { Format::Text }
}

/// A bar that is drawn on the same terminal, and steps aside for lines; `None` when it is gone.
pub(crate) fn set_bar(bar: Option<ProgressBar>) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

/// What `say!` does.
pub(crate) fn write(level: Level, fields: &[(&str, Json)], words: fmt::Arguments<'_>) {
    let mut line = match format() {
        Format::Text => words.to_string(),
        Format::Json => json(jiff::Timestamp::now(), level, fields, &words.to_string()),
    };
    line.push('\n');
    let write = || {
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    };
    // Whoever holds the lock draws or writes, and is done in a moment.
    match &*BAR.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

fn json(time: jiff::Timestamp, level: Level, fields: &[(&str, Json)], message: &str) -> String {
    let level = match level {
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    };
    let mut object = Map::new();
    object.insert("time".to_owned(), Json::String(format!("{time:.6}")));
    object.insert("level".to_owned(), Json::String(level.to_owned()));
    object.insert("message".to_owned(), Json::String(message.strip_prefix("kqltap: ").unwrap_or(message).to_owned()));
    for (name, value) in fields {
        object.insert((*name).to_owned(), value.clone());
    }
    Json::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_object() {
        let time = jiff::Timestamp::constant(1_764_000_000, 123_456_789);
        let line = json(time, Level::Warn, &[("line", Json::from(3))], "kqltap: a \"b\"\nc");
        assert_eq!(line, r#"{"time":"2025-11-24T16:00:00.123456Z","level":"warn","message":"a \"b\"\nc","line":3}"#);
    }
}
