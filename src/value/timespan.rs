//! `timespan`: a duration in ticks of 100 ns, its literals and its text.

/// A duration in ticks of 100 ns, negative or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TimeSpan(pub i64);

/// Ticks in a second.
pub const TICKS_PER_SECOND: i64 = 10_000_000;
/// Ticks in a day.
pub const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

impl TimeSpan {
    /// Reads what stands in a query: `1d`, `1.5h`, `10microsecond`, or the inside of `time(…)`, a clock such as
    /// `1.02:03:04.5`, a bare number of days, or a number with a unit. A fraction finer than a tick is cut off.
    pub fn parse_literal(text: &str) -> Option<TimeSpan> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let ticks = if rest.contains(':') { clock(rest) } else { quantity(rest) }?;
        Some(TimeSpan(if negative { -ticks } else { ticks }))
    }

    /// `totimespan(string)`: as a literal, spaces around it allowed.
    pub fn parse(text: &str) -> Option<TimeSpan> {
        Self::parse_literal(text.trim())
    }

    /// Kusto's text, `[-][d.]hh:mm:ss[.fffffff]`: days and fraction only where they are not zero.
    pub fn to_text(self) -> String {
        let ticks = self.0.unsigned_abs();
        let second = TICKS_PER_SECOND.unsigned_abs();
        let (seconds, fraction) = (ticks / second, ticks % second);
        let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
        let sign = if self.0 < 0 { "-" } else { "" };
        let mut text = sign.to_owned();
        if days != 0 {
            text.push_str(&format!("{days}."));
        }
        text.push_str(&format!("{hours:02}:{:02}:{:02}", seconds / 60 % 60, seconds % 60));
        if fraction != 0 {
            text.push_str(&format!(".{fraction:07}"));
        }
        text
    }
}

/// `1.5h`, or `2` for two days.
fn quantity(text: &str) -> Option<i64> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    if unit.is_empty() && number.contains('.') {
        return None;
    }
    // Units below a tick divide: 150 ns are one tick.
    let (multiply, divide) = match unit.trim_start() {
        "" | "d" | "day" | "days" => (TICKS_PER_DAY, 1),
        "h" | "hr" | "hrs" | "hour" | "hours" => (3600 * TICKS_PER_SECOND, 1),
        "m" | "min" | "minute" | "minutes" => (60 * TICKS_PER_SECOND, 1),
        "s" | "sec" | "second" | "seconds" => (TICKS_PER_SECOND, 1),
        "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => (10_000, 1),
        "micro" | "micros" | "microsecond" | "microseconds" => (10, 1),
        "nano" | "nanos" | "nanosecond" | "nanoseconds" => (1, 100),
        "tick" | "ticks" => (1, 1),
        _ => return None,
    };
    if !number.contains('.') {
        return Some(number.parse::<i64>().ok()?.checked_mul(multiply)? / divide);
    }
    let ticks = number.parse::<f64>().ok()? * multiply as f64 / divide as f64;
    // Past 2^63 a cast would saturate and look like a value.
    (ticks < i64::MAX as f64).then_some(ticks.round() as i64)
}

/// `[d.]hh:mm[:ss[.fffffff]]`, and `d:hh:mm:ss` as .NET has it.
fn clock(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.splitn(5, ':').collect();
    let (days, hours, minutes, seconds) = match parts[..] {
        [hours, minutes] => (None, hours, minutes, "0"),
        [hours, minutes, seconds] => (None, hours, minutes, seconds),
        [days, hours, minutes, seconds] => (Some(days), hours, minutes, seconds),
        _ => return None,
    };
    let (days, hours) = match (days, hours.split_once('.')) {
        (None, Some((days, hours))) => (days, hours),
        (Some(days), None) => (days, hours),
        (None, None) => ("0", hours),
        (Some(_), Some(_)) => return None,
    };
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let days = digits(days, i64::MAX)?.checked_mul(TICKS_PER_DAY)?;
    let seconds = digits(hours, 23)? * 3600 + digits(minutes, 59)? * 60 + digits(seconds, 59)?;
    days.checked_add(seconds * TICKS_PER_SECOND + fraction_ticks(fraction)?)
}

/// Decimal digits after the point as ticks; what is finer than a tick is cut off.
pub(super) fn fraction_ticks(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (mut ticks, mut unit) = (0, TICKS_PER_SECOND / 10);
    for digit in text.bytes().take(7) {
        ticks += i64::from(digit - b'0') * unit;
        unit /= 10;
    }
    Some(ticks)
}

fn digits(text: &str, most: i64) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|n| *n <= most)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn literals_in_ticks() {
        for (text, ticks) in [
            ("1d", 864_000_000_000),
            ("1.5h", 54_000_000_000),
            ("90m", 54_000_000_000),
            ("100ms", 1_000_000),
            ("10microsecond", 100),
            ("1tick", 1),
            ("2days", 1_728_000_000_000),
            ("1milli", 10_000),
            ("150nanoseconds", 1),
            ("1.02:03:04", 937_840_000_000),
            ("1.02:03:04.1234567", 937_841_234_567),
            ("10:00", 360_000_000_000),
            ("2", 1_728_000_000_000),
            ("-1.00:00:00", -864_000_000_000),
            ("00:01:30.5", 905_000_000),
            ("1.5s", 15_000_000),
        ] {
            assert_eq!(TimeSpan::parse_literal(text), Some(TimeSpan(ticks)), "{text}");
        }
    }

    #[test]
    fn what_is_no_timespan() {
        for text in ["", "-", "1w", "d", "1:2:3:4:5", "24:00:00", "1.5", "00:60", "99999999999999d", "1e9d", "é"] {
            assert_eq!(TimeSpan::parse(text), None, "{text}");
        }
    }

    #[test]
    fn text_has_days_and_fraction_only_if_any() {
        for (literal, text) in [
            ("1d", "1.00:00:00"),
            ("1.02:03:04.5", "1.02:03:04.5000000"),
            ("-2h", "-02:00:00"),
            ("0s", "00:00:00"),
            ("1ms", "00:00:00.0010000"),
            ("-1.5d", "-1.12:00:00"),
            ("100d", "100.00:00:00"),
        ] {
            assert_eq!(TimeSpan::parse(literal).unwrap().to_text(), text);
        }
        assert_eq!(TimeSpan(i64::MIN).to_text(), "-10675199.02:48:05.4775808");
    }
}
