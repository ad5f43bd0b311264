//! Settings with a unit.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::{SettingsError, invalid};

/// The longest time: a year.
pub(super) const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A number of bytes: digits, and a unit if it is not bytes.
pub(super) fn size(name: &'static str, text: Option<&str>) -> Result<u64, SettingsError> {
    let text = text.unwrap_or_default();
    parse_size(text).ok_or_else(|| invalid(name, text, "it takes a size such as 512MiB or 2GiB"))
}

/// The same where settings are read: a number, or a text with a unit.
pub(super) fn bytes<'de, D: Deserializer<'de>>(setting: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "it takes a size such as 16777216 or \"16MiB\"")]
    enum Size {
        Number(u64),
        Text(String),
    }
    match Size::deserialize(setting)? {
        Size::Number(bytes) => Ok(Some(bytes)),
        Size::Text(text) => parse_size(&text)
            .map(Some)
            .ok_or_else(|| D::Error::custom(format!("{text:?}: it takes a size such as 16777216 or \"16MiB\""))),
    }
}

fn parse_size(text: &str) -> Option<u64> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let shift = match unit.trim() {
        "" | "B" => Some(0),
        "KiB" => Some(10),
        "MiB" => Some(20),
        "GiB" => Some(30),
        "TiB" => Some(40),
        _ => None,
    };
    digits.parse::<u64>().ok().zip(shift).and_then(|(n, shift)| n.checked_mul(1 << shift))
}

/// A time that something takes; units are required.
pub(super) fn duration(name: &'static str, text: Option<&str>) -> Result<Duration, SettingsError> {
    let text = text.unwrap_or_default();
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|d| Duration::try_from(d).ok());
    let bounded = parsed.filter(|d| *d <= LONGEST);
    bounded.ok_or_else(|| invalid(name, text, "it takes a time such as 3s, 500ms or 2m"))
}

/// A time that may be none at all, which is written `0s`.
pub(super) fn timeout(name: &'static str, text: Option<&str>) -> Result<Option<Duration>, SettingsError> {
    match duration(name, text) {
        Ok(time) => Ok(Some(time).filter(|time| !time.is_zero())),
        Err(_) => Err(invalid(name, text.unwrap_or_default(), "it takes a time such as 30s, 500ms or 2m; 0s is none")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_have_units() {
        let bytes = |text| size("a", Some(text)).ok();
        assert_eq!([bytes("17"), bytes("4KiB"), bytes("2 GiB")], [Some(17), Some(4096), Some(2 << 30)]);
        assert_eq!([bytes(""), bytes("MiB"), bytes("1MB"), bytes("-1"), bytes("99999999TiB")], [None; 5]);
        let time = |text| duration("a", Some(text)).ok();
        assert_eq!(
            [time("3s"), time("500ms"), time("2m")],
            [3000, 500, 120_000].map(|ms| Some(Duration::from_millis(ms)))
        );
        assert_eq!([time(""), time("3"), time("-1s"), time("9999h")], [None; 4]);
        let timeout = |text| timeout("a", Some(text)).map_err(|e| e.to_string());
        assert_eq!([timeout("0s"), timeout("2s")], [Ok(None), Ok(Some(Duration::from_secs(2)))]);
        assert!(timeout("soon").unwrap_err().ends_with("0s is none"));
        let raw = |text: &str| crate::settings::RawSettings::from_toml("my.toml", text);
        let line = |text: &str| raw(text).map(|raw| raw.max_line_bytes).map_err(|e| e.to_string());
        assert_eq!(line("max_line_bytes = '2MiB'"), Ok(Some(2 << 20)));
        assert_eq!([line("max_line_bytes = 9"), line("")], [Ok(Some(9)), Ok(None)]);
        for wrong in ["'2MB'", "-1", "1.5"] {
            let error = line(&format!("max_line_bytes = {wrong}")).unwrap_err();
            assert!(error.contains("line 1") && error.contains("16MiB"), "{error}");
        }
        let error = size("spool_max", Some("much")).unwrap_err().to_string();
        assert_eq!(error, "spool_max = \"much\": it takes a size such as 512MiB or 2GiB");
    }
}
