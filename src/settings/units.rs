//! Settings with a unit.

use std::time::Duration;

use super::{SettingsError, invalid};

/// A number of bytes: digits, and a unit if it is not bytes.
pub(super) fn size(name: &'static str, text: Option<&str>) -> Result<u64, SettingsError> {
    let text = text.unwrap_or_default();
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let shift = match unit.trim() {
        "" | "B" => Some(0),
        "KiB" => Some(10),
        "MiB" => Some(20),
        "GiB" => Some(30),
        "TiB" => Some(40),
        _ => None,
    };
    let bytes = digits.parse::<u64>().ok().zip(shift).and_then(|(n, shift)| n.checked_mul(1 << shift));
    bytes.ok_or_else(|| invalid(name, text, "it takes a size such as 512MiB or 2GiB"))
}

/// A time that something takes; units are required.
pub(super) fn duration(name: &'static str, text: Option<&str>) -> Result<Duration, SettingsError> {
    let text = text.unwrap_or_default();
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|d| Duration::try_from(d).ok());
    let bounded = parsed.filter(|d| *d <= Duration::from_secs(7 * 24 * 3600));
    bounded.ok_or_else(|| invalid(name, text, "it takes a time such as 3s, 500ms or 2m"))
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
        let error = size("spool_max", Some("much")).unwrap_err().to_string();
        assert_eq!(error, "spool_max = \"much\": it takes a size such as 512MiB or 2GiB");
    }
}
