//! Functions that make a datetime or a timespan: from numbers, from Unix time, from another zone's clock.

use jiff::civil;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::arguments::{argument, long_at, real_at, text_at, time_at};
use super::{Context, Function, Param, limits};
use crate::schema::ScalarType;
use crate::value::datetime::Civil;
use crate::value::timespan::{TICKS_PER_DAY, TICKS_PER_SECOND};
use crate::value::{DateTime, Dynamic, TimeSpan, Value, convert};

const TIME: Param = Param::Is(ScalarType::DateTime);
const DATETIME: ScalarType = ScalarType::DateTime;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "make_datetime",
        "make_datetime(year, month, day, [hour, minute, [second]])",
        "The datetime of these numbers, or of one text; null if there is none such.",
    )
    .takes(1, 6, &[Param::Any])
    .calls(DATETIME, make_datetime),
    Function::of(
        "make_timespan",
        "make_timespan([days,] hours, minutes, [seconds])",
        "The timespan of these numbers; null if one is out of range.",
    )
    .takes(2, 4, &[Param::Number])
    .calls(ScalarType::TimeSpan, make_timespan),
    unix("unixtime_seconds_todatetime", "unixtime_seconds_todatetime(seconds)", |_, a| {
        from_unix(a, TICKS_PER_SECOND, 1)
    }),
    unix("unixtime_milliseconds_todatetime", "unixtime_milliseconds_todatetime(milliseconds)", |_, a| {
        from_unix(a, TICKS_PER_SECOND / 1000, 1)
    }),
    unix("unixtime_microseconds_todatetime", "unixtime_microseconds_todatetime(microseconds)", |_, a| {
        from_unix(a, TICKS_PER_SECOND / 1_000_000, 1)
    }),
    unix("unixtime_nanoseconds_todatetime", "unixtime_nanoseconds_todatetime(nanoseconds)", |_, a| {
        from_unix(a, 1, 100)
    }),
    Function::of(
        "datetime_local_to_utc",
        "datetime_local_to_utc(datetime, zone)",
        "The UTC of what a clock of a zone such as Europe/Paris shows; null for a zone that is not known.",
    )
    .takes(2, 2, &[TIME, Param::Text])
    .calls(DATETIME, local_to_utc),
    Function::of(
        "datetime_utc_to_local",
        "datetime_utc_to_local(datetime, zone)",
        "What a clock of a zone such as Europe/Paris shows at a time; null for a zone that is not known.",
    )
    .takes(2, 2, &[TIME, Param::Text])
    .calls(DATETIME, utc_to_local),
    Function::of(
        "datetime_list_timezones",
        "datetime_list_timezones()",
        "The names of all time zones that kqltap knows, in order.",
    )
    .calls(ScalarType::Dynamic, |_, _| {
        // Those that come with kqltap, whatever the machine has.
        let zones = TimeZoneDatabase::bundled();
        let names = zones.available().map(|name| name.as_str().to_owned());
        // Where it is not known is no place.
        let mut names: Vec<String> = names.filter(|name| name != "Factory").collect();
        names.sort_unstable();
        limits::array(names.into_iter().map(|name| Dynamic::String(name.into())))
    }),
];

const fn unix(name: &'static str, signature: &'static str, call: super::Call) -> Function {
    let doc = "The datetime of a Unix time, counted from 1970; null out of range.";
    Function::of(name, signature, doc).takes(1, 1, &[Param::Number]).calls(DATETIME, call)
}

fn make_datetime<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    if let [text] = arguments {
        return convert::todatetime(text);
    }
    let part = |at: usize, default: i64| match arguments.get(at) {
        None => Some(default),
        Some(_) => long_at(arguments, at),
    };
    let datetime = || {
        let (hour, minute) = (part(3, 0)?, part(4, 0)?);
        let seconds = seconds(arguments, 5)?;
        let known = (0..24).contains(&hour) && (0..60).contains(&minute);
        let ticks = known.then(|| (hour * 60 + minute) * 60 * TICKS_PER_SECOND + seconds)?;
        DateTime::from_civil(Civil { year: part(0, 0)?, month: part(1, 0)?, day: part(2, 0)?, ticks })
    };
    datetime().map_or(Value::Null, Value::DateTime)
}

/// The seconds of a minute, in ticks; 0 if they are left out.
fn seconds(arguments: &[Value<'_>], at: usize) -> Option<i64> {
    if arguments.get(at).is_none() {
        return Some(0);
    }
    let seconds = real_at(arguments, at).filter(|s| (0.0..60.0).contains(s))?;
    Some(((seconds * TICKS_PER_SECOND as f64).round() as i64).min(60 * TICKS_PER_SECOND - 1))
}

fn make_timespan<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    // With four numbers the first counts days.
    let (days, clock) = match arguments {
        [_, clock @ ..] if arguments.len() == 4 => (long_at(arguments, 0), clock),
        clock => (Some(0), clock),
    };
    let span = || {
        let days = days.filter(|d| *d >= 0)?.checked_mul(TICKS_PER_DAY)?;
        let hours = long_at(clock, 0).filter(|h| (0..24).contains(h))?;
        let minutes = long_at(clock, 1).filter(|m| (0..60).contains(m))?;
        days.checked_add((hours * 60 + minutes) * 60 * TICKS_PER_SECOND + seconds(clock, 2)?)
    };
    span().map_or(Value::Null, |ticks| Value::TimeSpan(TimeSpan(ticks)))
}

fn from_unix<'a>(arguments: &[Value<'_>], multiply: i64, divide: i64) -> Value<'a> {
    let ticks = match argument(arguments, 0) {
        Value::Real(n) if n.is_finite() => Some((n * multiply as f64 / divide as f64).round() as i64),
        Value::Int(_) | Value::Long(_) => {
            long_at(arguments, 0).and_then(|n| Some(n.checked_mul(multiply)?.div_euclid(divide)))
        }
        _ => None,
    };
    let epoch = DateTime::from_unix(0, 0);
    let at = ticks.zip(epoch).and_then(|(ticks, epoch)| DateTime::from_ticks(epoch.0.checked_add(ticks)?));
    at.map_or(Value::Null, Value::DateTime)
}

fn zone(arguments: &[Value<'_>]) -> Option<TimeZone> {
    TimeZone::get(&text_at(arguments, 1)).ok()
}

fn utc_to_local<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let local = || {
        let at = time_at(arguments, 0)?;
        let (seconds, nanoseconds) = at.to_unix();
        let instant = jiff::Timestamp::new(seconds, i32::try_from(nanoseconds).ok()?).ok()?;
        let offset = i64::from(zone(arguments)?.to_offset(instant).seconds());
        DateTime::from_ticks(at.0.checked_add(offset * TICKS_PER_SECOND)?)
    };
    local().map_or(Value::Null, Value::DateTime)
}

fn local_to_utc<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let utc = || {
        let at = time_at(arguments, 0)?;
        let Civil { year, month, day, ticks } = at.civil();
        let second = ticks / TICKS_PER_SECOND;
        let clock = civil::DateTime::new(
            year.try_into().ok()?,
            month.try_into().ok()?,
            day.try_into().ok()?,
            (second / 3600).try_into().ok()?,
            (second / 60 % 60).try_into().ok()?,
            (second % 60).try_into().ok()?,
            0,
        )
        .ok()?;
        // A time that the clock shows twice is the earlier. One that it skips is read as summer time, as in the example of
        // Kusto's documentation; that is earlier too.
        let instant = zone(arguments)?.to_ambiguous_timestamp(clock).earlier().ok()?;
        let whole = DateTime::from_unix(instant.as_second(), 0)?;
        DateTime::from_ticks(whole.0.checked_add(ticks % TICKS_PER_SECOND)?)
    };
    utc().map_or(Value::Null, Value::DateTime)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::call;
    use super::*;

    fn short(value: &Value<'_>) -> String {
        match value {
            Value::DateTime(at) => at.to_text_short(),
            other => convert::text(other).into_owned(),
        }
    }

    fn numbers(name: &str, numbers: &[f64]) -> String {
        let arguments: Vec<Value<'_>> =
            numbers.iter().map(|n| if n.fract() == 0.0 { Value::Long(*n as i64) } else { Value::Real(*n) }).collect();
        short(&call(name, &arguments))
    }

    #[test]
    fn from_numbers() {
        for (parts, expected) in [
            (&[2017.0, 10.0, 1.0][..], "2017-10-01T00:00:00Z"),
            (&[2017.0, 10.0, 1.0, 12.0, 11.0, 0.1234567], "2017-10-01T12:11:00.1234567Z"),
            (&[2017.0, 2.0, 29.0], ""),
            (&[2017.0, 2.0, 1.0, 24.0], ""),
            (&[2017.0, 2.0, 1.0, 0.0, 0.0, 59.99999999], "2017-02-01T00:00:59.9999999Z"),
        ] {
            assert_eq!(numbers("make_datetime", parts), expected, "{parts:?}");
        }
        assert_eq!(short(&call("make_datetime", &[Value::string("2017-10-01")])), "2017-10-01T00:00:00Z");
        assert_eq!(numbers("make_timespan", &[1.0, 12.0, 30.0, 55.123]), "1.12:30:55.1230000");
        assert_eq!(numbers("make_timespan", &[12.0, 30.0]), "12:30:00");
        assert_eq!(numbers("make_timespan", &[24.0, 30.0]), "");
    }

    #[test]
    fn unix_times() {
        assert_eq!(numbers("unixtime_seconds_todatetime", &[1546300800.0]), "2019-01-01T00:00:00Z");
        assert_eq!(numbers("unixtime_seconds_todatetime", &[0.5]), "1970-01-01T00:00:00.5Z");
        assert_eq!(numbers("unixtime_milliseconds_todatetime", &[1546300800001.0]), "2019-01-01T00:00:00.001Z");
        assert_eq!(numbers("unixtime_nanoseconds_todatetime", &[-1.0]), "1969-12-31T23:59:59.9999999Z");
        assert_eq!(short(&call("unixtime_seconds_todatetime", &[Value::Long(i64::MAX)])), "");
        assert_eq!(short(&call("unixtime_seconds_todatetime", &[Value::Real(1e300)])), "");
    }

    #[test]
    fn zones() {
        let at = Value::DateTime(DateTime::parse("2024-07-01 12:00:00.1").unwrap());
        let of = |name, zone| short(&call(name, &[at.clone(), Value::string(zone)]));
        assert_eq!(of("datetime_utc_to_local", "Europe/Paris"), "2024-07-01T14:00:00.1Z");
        assert_eq!(of("datetime_local_to_utc", "Europe/Paris"), "2024-07-01T10:00:00.1Z");
        let skipped = Value::DateTime(DateTime::parse("2022-03-27T02:00:00").unwrap());
        let utc = call("datetime_local_to_utc", &[skipped, Value::string("Europe/Brussels")]);
        assert_eq!(convert::text(&utc), "2022-03-27T00:00:00.0000000Z");
        assert_eq!(of("datetime_utc_to_local", "Nowhere/Atall"), "");
    }
}
