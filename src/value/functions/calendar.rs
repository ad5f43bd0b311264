//! Functions that count in the calendar: parts of a datetime, distances in parts, starts and ends of them.

use super::arguments::{constant_text, long_at, time_at};
use super::callee::{Prepared, prepared};
use super::{Function, Param, Refusal, Returns};
use crate::schema::ScalarType;
use crate::value::datetime::Civil;
use crate::value::timespan::{TICKS_PER_DAY, TICKS_PER_SECOND};
use crate::value::{DateTime, Value};

const LONG: Param = Param::Is(ScalarType::Long);
const TIME: Param = Param::Is(ScalarType::DateTime);
const DATETIME: ScalarType = ScalarType::DateTime;

const PART: Function = Function::of("datetime_part", "datetime_part(part, datetime)", DATETIME_PART)
    .takes(2, 2, &[Param::Text, TIME])
    .prepares(Returns::Type(ScalarType::Int), datetime_part);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("datetime_add", "datetime_add(part, amount, datetime)", DATETIME_ADD)
        .takes(3, 3, &[Param::Text, LONG, TIME])
        .prepares(Returns::Type(DATETIME), datetime_add),
    Function::of("datetime_diff", "datetime_diff(part, a, b)", DATETIME_DIFF)
        .takes(3, 3, &[Param::Text, TIME, TIME])
        .prepares(Returns::Type(ScalarType::Long), datetime_diff),
    PART,
    PART.alias("datepart", "datepart(part, datetime)"),
    week("week_of_year", "week_of_year(datetime)", "The week of the year as ISO 8601 counts.", |_, a| {
        week_number(a, 3, 0)
    }),
    week(
        "weekofyear",
        "weekofyear(datetime)",
        "The week of the year in weeks from Sunday, of which the first has the year's first Wednesday.",
        |_, a| week_number(a, 3, 1),
    ),
    edge("startofday", "startofday(datetime, [offset])", "The day's start, some days on.", |_, a| start(a, Part::Day)),
    edge("startofweek", "startofweek(datetime, [offset])", "The week's start, a Sunday, some weeks on.", |_, a| {
        start(a, Part::Week)
    }),
    edge("startofmonth", "startofmonth(datetime, [offset])", "The month's start, some months on.", |_, a| {
        start(a, Part::Month)
    }),
    edge("startofyear", "startofyear(datetime, [offset])", "The year's start, some years on.", |_, a| {
        start(a, Part::Year)
    }),
    edge("endofday", "endofday(datetime, [offset])", "The day's last tick, some days on.", |_, a| end(a, Part::Day)),
    edge(
        "endofweek",
        "endofweek(datetime, [offset])",
        "The week's last tick, on a Saturday, some weeks on.",
        |_, a| end(a, Part::Week),
    ),
    edge("endofmonth", "endofmonth(datetime, [offset])", "The month's last tick, some months on.", |_, a| {
        end(a, Part::Month)
    }),
    edge("endofyear", "endofyear(datetime, [offset])", "The year's last tick, some years on.", |_, a| {
        end(a, Part::Year)
    }),
];

const DATETIME_ADD: &str = "The datetime some years, quarters, months, weeks, days, hours, minutes, seconds, milli-, micro- or \
                            nanoseconds on; a day that its month lacks becomes the month's last.";
const DATETIME_DIFF: &str = "How many boundaries of a part (as datetime_add() names them) lie between b and a, negative if a is \
                             the earlier; weeks begin on Sunday.";
const DATETIME_PART: &str = "A part of a datetime: year, quarter, month, week_of_year, day, dayofyear, hour, minute, second, \
                             millisecond, microsecond or nanosecond.";

const fn week(name: &'static str, signature: &'static str, doc: &'static str, call: super::Call) -> Function {
    Function::of(name, signature, doc).takes(1, 1, &[TIME]).calls(ScalarType::Int, call)
}

const fn edge(name: &'static str, signature: &'static str, doc: &'static str, call: super::Call) -> Function {
    Function::of(name, signature, doc).takes(1, 2, &[TIME, LONG]).calls(DATETIME, call)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    WeekOfYear,
    DayOfYear,
}

use Part::{
    Day, DayOfYear, Hour, Microsecond, Millisecond, Minute, Month, Nanosecond, Quarter, Second, Week, WeekOfYear, Year,
};

/// The part that a constant argument names, out of those that the function takes.
fn part(constants: &[Option<&Value<'static>>], taken: &[(&str, Part)]) -> Result<Part, Refusal> {
    let name = constant_text(constants, 0, "The name of the part")?;
    let found = taken.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
    found.map(|(_, part)| *part).ok_or_else(|| {
        let known: Vec<&str> = taken.iter().map(|(known, _)| *known).collect();
        ("KS131", format!("'{name}' is no part of a datetime here; there are {}.", known.join(", ")))
    })
}

/// What `datetime_add` and `datetime_diff` take.
const STEPS: &[(&str, Part)] = &[
    ("year", Year),
    ("quarter", Quarter),
    ("month", Month),
    ("week", Week),
    ("day", Day),
    ("hour", Hour),
    ("minute", Minute),
    ("second", Second),
    ("millisecond", Millisecond),
    ("microsecond", Microsecond),
    ("nanosecond", Nanosecond),
];

/// What `datetime_part` takes.
const PARTS: &[(&str, Part)] = &[
    ("year", Year),
    ("quarter", Quarter),
    ("month", Month),
    ("week_of_year", WeekOfYear),
    ("weekofyear", WeekOfYear),
    ("day", Day),
    ("dayofyear", DayOfYear),
    ("hour", Hour),
    ("minute", Minute),
    ("second", Second),
    ("millisecond", Millisecond),
    ("microsecond", Microsecond),
    ("nanosecond", Nanosecond),
];

impl Part {
    /// Its length where that is always the same; a nanosecond is less than a tick.
    fn ticks(self) -> Option<i64> {
        Some(match self {
            Week => 7 * TICKS_PER_DAY,
            Day => TICKS_PER_DAY,
            Hour => 3600 * TICKS_PER_SECOND,
            Minute => 60 * TICKS_PER_SECOND,
            Second => TICKS_PER_SECOND,
            Millisecond => TICKS_PER_SECOND / 1000,
            Microsecond => TICKS_PER_SECOND / 1_000_000,
            _ => return None,
        })
    }
}

fn datetime_add(constants: &[Option<&Value<'static>>]) -> Result<Prepared, Refusal> {
    let part = part(constants, STEPS)?;
    prepared(move |_, arguments| {
        let sum = long_at(arguments, 1).zip(time_at(arguments, 2)).and_then(|(n, at)| add(at, part, n));
        sum.map_or(Value::Null, Value::DateTime)
    })
}

fn add(at: DateTime, part: Part, amount: i64) -> Option<DateTime> {
    let months = match part {
        Year => 12,
        Quarter => 3,
        Month => 1,
        Nanosecond => return DateTime::from_ticks(at.0.checked_add(amount / 100)?),
        _ => return DateTime::from_ticks(at.0.checked_add(amount.checked_mul(part.ticks()?)?)?),
    };
    let Civil { year, month, day, ticks } = at.civil();
    let month = (year * 12 + month - 1).checked_add(amount.checked_mul(months)?)?;
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    // The last day that the month has.
    (28..=day.max(28)).rev().find_map(|last| {
        let day = day.min(last);
        DateTime::from_civil(Civil { year, month, day, ticks })
    })
}

fn datetime_diff(constants: &[Option<&Value<'static>>]) -> Result<Prepared, Refusal> {
    let part = part(constants, STEPS)?;
    prepared(move |_, arguments| {
        let both = time_at(arguments, 1).zip(time_at(arguments, 2));
        let difference = both.and_then(|(a, b)| match part {
            Nanosecond => (a.0 - b.0).checked_mul(100),
            _ => Some(number(a, part)? - number(b, part)?),
        });
        difference.map_or(Value::Null, Value::Long)
    })
}

/// The number of the part that a datetime falls into, counted from the year 1 or before.
fn number(at: DateTime, part: Part) -> Option<i64> {
    let Civil { year, month, .. } = at.civil();
    Some(match part {
        Year => year,
        Quarter => year * 4 + (month - 1) / 3,
        Month => year * 12 + month,
        // 0001-01-01 was a Monday.
        Week => (at.0 + TICKS_PER_DAY) / (7 * TICKS_PER_DAY),
        _ => at.0 / part.ticks()?,
    })
}

fn datetime_part(constants: &[Option<&Value<'static>>]) -> Result<Prepared, Refusal> {
    let part = part(constants, PARTS)?;
    prepared(move |_, arguments| {
        let value = time_at(arguments, 1).and_then(|at| i32::try_from(value(at, part)).ok());
        value.map_or(Value::Null, Value::Int)
    })
}

fn value(at: DateTime, part: Part) -> i64 {
    let Civil { year, month, day, ticks } = at.civil();
    let second = ticks / TICKS_PER_SECOND;
    let fraction = ticks % TICKS_PER_SECOND;
    match part {
        Year => year,
        Quarter => (month - 1) / 3 + 1,
        Month => month,
        Week | WeekOfYear => week_of(at, 3, 0),
        Day => day,
        DayOfYear => at.day_of_year(),
        Hour => second / 3600,
        Minute => second / 60 % 60,
        Second => second % 60,
        Millisecond => fraction / 10_000,
        Microsecond => fraction / 10,
        Nanosecond => fraction * 100,
    }
}

fn week_number<'a>(arguments: &[Value<'_>], decides: i64, before_monday: i64) -> Value<'a> {
    let week = time_at(arguments, 0).and_then(|at| i32::try_from(week_of(at, decides, before_monday)).ok());
    week.map_or(Value::Null, Value::Int)
}

/// Weeks begin `before_monday` days before Monday; a week belongs to the year in which its day number `decides` lies.
fn week_of(at: DateTime, decides: i64, before_monday: i64) -> i64 {
    let days = at.0 / TICKS_PER_DAY;
    let first = days - (days + before_monday) % 7;
    // In the very first and very last week the deciding day may be out of range.
    let day = (first + decides).clamp(0, DateTime::MAX.0 / TICKS_PER_DAY);
    (DateTime(day * TICKS_PER_DAY).day_of_year() - 1) / 7 + 1
}

fn offset(arguments: &[Value<'_>]) -> Option<i64> {
    match arguments.get(1) {
        None => Some(0),
        Some(_) => long_at(arguments, 1),
    }
}

fn start<'a>(arguments: &[Value<'_>], part: Part) -> Value<'a> {
    let start = time_at(arguments, 0).zip(offset(arguments));
    start.and_then(|(at, by)| start_of(at, part, by)).map_or(Value::Null, Value::DateTime)
}

fn start_of(at: DateTime, part: Part, by: i64) -> Option<DateTime> {
    let civil = Civil { ticks: 0, ..at.civil() };
    let midnight = DateTime::from_civil(civil)?;
    let start = match part {
        Year => DateTime::from_civil(Civil { month: 1, day: 1, ..civil })?,
        Month => DateTime::from_civil(Civil { day: 1, ..civil })?,
        Week => {
            let since_sunday = (midnight.0 / TICKS_PER_DAY + 1) % 7;
            // The first Sunday came before the first datetime, but a later week may be asked for.
            let sunday = midnight.0 - since_sunday * TICKS_PER_DAY;
            return DateTime::from_ticks(sunday.checked_add(by.checked_mul(7 * TICKS_PER_DAY)?)?);
        }
        _ => midnight,
    };
    add(start, part, by)
}

fn end<'a>(arguments: &[Value<'_>], part: Part) -> Value<'a> {
    let Some((at, by)) = time_at(arguments, 0).zip(offset(arguments)) else {
        return Value::Null;
    };
    let end = match by.checked_add(1).and_then(|next| start_of(at, part, next)) {
        Some(next) => DateTime::from_ticks(next.0 - 1),
        // Nothing follows the last of all.
        None => start_of(at, part, by).map(|_| DateTime::MAX),
    };
    end.map_or(Value::Null, Value::DateTime)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::{call, refusal};
    use super::*;
    use crate::value::convert::text;

    fn at(text: &str) -> Value<'static> {
        Value::DateTime(DateTime::parse(text).unwrap())
    }

    fn short(value: &Value<'_>) -> String {
        match value {
            Value::DateTime(at) => at.to_text_short(),
            other => text(other).into_owned(),
        }
    }

    #[test]
    fn adding_parts() {
        let add = |part, n, from| short(&call("datetime_add", &[Value::string(part), Value::Long(n), at(from)]));
        for (part, n, from, expected) in [
            ("year", 1, "2024-02-29", "2025-02-28T00:00:00Z"),
            ("Quarter", -1, "2017-01-01", "2016-10-01T00:00:00Z"),
            ("month", -15, "2017-01-01", "2015-10-01T00:00:00Z"),
            ("month", 1, "2017-01-31", "2017-02-28T00:00:00Z"),
            ("week", 100, "2017-01-01", "2018-12-02T00:00:00Z"),
            ("nanosecond", 150, "2017-01-01", "2017-01-01T00:00:00.0000001Z"),
            ("year", i64::MAX, "2017-01-01", ""),
            ("day", -1, "0001-01-01", ""),
        ] {
            assert_eq!(add(part, n, from), expected, "{part} {n}");
        }
        assert_eq!(refusal("datetime_add", &[Value::string("dayofyear"), Value::Long(1), at("2017-01-01")]), "KS131");
    }

    #[test]
    fn differences_count_boundaries() {
        for (part, a, b, expected) in [
            ("year", "2017-01-01", "2000-12-31", 17),
            ("quarter", "2017-07-01", "2017-03-30", 2),
            ("month", "2017-01-01", "2015-12-30", 13),
            ("week", "2017-10-29 00:00:00", "2017-09-30 23:59:00", 5),
            ("day", "2017-10-29 00:00:00", "2017-09-30 23:59:00", 29),
            ("minute", "2017-10-30 23:05:01", "2017-10-30 23:00:59", 5),
            ("millisecond", "2017-10-30 23:00:00.200100", "2017-10-30 23:00:00.100900", 100),
            ("nanosecond", "2017-10-30 23:00:00.0000000", "2017-10-30 23:00:00.0000007", -700),
        ] {
            let diff = call("datetime_diff", &[Value::string(part), at(a), at(b)]);
            assert_eq!(diff, Value::Long(expected), "{part}");
        }
    }

    #[test]
    fn parts() {
        let moment = "2017-10-30 01:02:03.7654321";
        for (part, expected) in [
            ("year", 2017),
            ("quarter", 4),
            ("month", 10),
            ("week_of_year", 44),
            ("day", 30),
            ("dayOfYear", 303),
            ("hour", 1),
            ("minute", 2),
            ("second", 3),
            ("millisecond", 765),
            ("microsecond", 765432),
            ("nanosecond", 765432100),
        ] {
            assert_eq!(call("datetime_part", &[Value::string(part), at(moment)]), Value::Int(expected), "{part}");
        }
    }

    #[test]
    fn weeks() {
        let week = |name, text| call(name, &[at(text)]);
        for (text, iso) in
            [("2024-12-30", 1), ("2021-01-03", 53), ("2020-01-01", 1), ("2024-03-05", 10), ("0001-01-01", 1)]
        {
            assert_eq!(week("week_of_year", text), Value::Int(iso), "{text}");
        }
        assert_eq!(week("weekofyear", "2020-01-05"), Value::Int(2));
        assert_eq!(week("week_of_year", "2020-01-05"), Value::Int(1));
    }

    #[test]
    fn starts_and_ends() {
        for (name, from, by, expected) in [
            ("startofday", "2017-01-01 10:10:17", 0, "2017-01-01T00:00:00Z"),
            ("startofweek", "2017-01-01 10:10:17", -1, "2016-12-25T00:00:00Z"),
            ("startofweek", "2025-06-14", 0, "2025-06-08T00:00:00Z"),
            ("startofmonth", "2017-01-31", 1, "2017-02-01T00:00:00Z"),
            ("startofyear", "2017-05-05", -1, "2016-01-01T00:00:00Z"),
            ("endofday", "2017-01-01 10:10:17", 1, "2017-01-02T23:59:59.9999999Z"),
            ("endofweek", "2017-01-01", 0, "2017-01-07T23:59:59.9999999Z"),
            ("endofmonth", "2024-02-01", 0, "2024-02-29T23:59:59.9999999Z"),
            ("endofyear", "9999-02-01", 0, "9999-12-31T23:59:59.9999999Z"),
            ("startofweek", "0001-01-01", 0, ""),
            ("endofyear", "2000-01-01", i64::MAX, ""),
        ] {
            assert_eq!(short(&call(name, &[at(from), Value::Long(by)])), expected, "{name} {from}");
        }
    }
}
