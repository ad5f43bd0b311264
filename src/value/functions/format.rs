//! `format_datetime`, `format_timespan` and `format_bytes`.

use super::arguments::{argument, long_at, real_at, text_at, time_at};
use super::limits::Text;
use super::math::rounded;
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::convert::append_real;
use crate::value::timespan::{TICKS_PER_DAY, TICKS_PER_SECOND};
use crate::value::{TimeSpan, Value};

const STRING: ScalarType = ScalarType::String;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("format_datetime", "format_datetime(datetime, format)", DATETIME)
        .takes(2, 2, &[Param::Is(ScalarType::DateTime), Param::Text])
        .calls(STRING, format_datetime),
    Function::of("format_timespan", "format_timespan(timespan, format)", TIMESPAN)
        .takes(2, 2, &[Param::Is(ScalarType::TimeSpan), Param::Text])
        .calls(STRING, format_timespan),
    Function::of("format_bytes", "format_bytes(size, [digits, [unit]])", BYTES)
        .takes(1, 3, &[Param::Number, Param::Number, Param::Text])
        .calls(STRING, format_bytes),
];

const DATETIME: &str = "A datetime as a format says: y M d h H m s f F repeated to their number of digits, tt for AM or PM; \
                        other characters stand for themselves.";
const TIMESPAN: &str = "A timespan as a format says: d H h m s f F repeated to their number of digits; other characters stand \
                        for themselves.";
const BYTES: &str = "A number of bytes in Bytes, KB, MB, GB, TB, PB or EB, in the largest that leaves one whole or in a given \
                     one, rounded to digits after the point (0).";

/// What a format is filled from.
struct Fields {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    fraction: i64,
    /// A timespan has no year and no half of a day.
    is_datetime: bool,
}

fn format_datetime<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(at) = time_at(arguments, 0) else {
        return Value::string("");
    };
    let civil = at.civil();
    let fields =
        Fields { year: civil.year, month: civil.month, day: civil.day, is_datetime: true, ..clock(civil.ticks) };
    fill(&text_at(arguments, 1), &fields)
}

fn format_timespan<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Value::TimeSpan(TimeSpan(ticks)) = argument(arguments, 0) else {
        return Value::string("");
    };
    // The sign is lost, as .NET's formats lose it.
    let ticks = ticks.checked_abs().unwrap_or(i64::MAX);
    let fields = Fields { day: ticks / TICKS_PER_DAY, ..clock(ticks % TICKS_PER_DAY) };
    fill(&text_at(arguments, 1), &fields)
}

fn clock(ticks: i64) -> Fields {
    let seconds = ticks / TICKS_PER_SECOND;
    Fields {
        year: 0,
        month: 0,
        day: 0,
        hour: seconds / 3600,
        minute: seconds / 60 % 60,
        second: seconds % 60,
        fraction: ticks % TICKS_PER_SECOND,
        is_datetime: false,
    }
}

fn fill<'a>(format: &str, fields: &Fields) -> Value<'a> {
    let mut filled = Text::default();
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        let run = rest.find(|c| c != letter).unwrap_or(rest.len());
        let count = run / letter.len_utf8();
        let piece = field(letter, count, fields).unwrap_or_else(|| rest[..run].to_owned());
        if !filled.push(&piece) {
            break;
        }
        rest = &rest[run..];
    }
    filled.value()
}

/// A run of one letter, filled; `None` if the letter stands for itself.
fn field(letter: char, count: usize, fields: &Fields) -> Option<String> {
    // No field needs more digits; a longer run must not make a longer text than it is.
    let width = count.min(8);
    let half = fields.hour % 12;
    let number = match letter {
        'y' if fields.is_datetime && count <= 2 => fields.year % 100,
        'y' if fields.is_datetime => fields.year,
        'M' if fields.is_datetime => fields.month,
        'd' => fields.day,
        'H' => fields.hour,
        'h' if fields.is_datetime => {
            if half == 0 {
                12
            } else {
                half
            }
        }
        'h' => fields.hour,
        'm' => fields.minute,
        's' => fields.second,
        't' if fields.is_datetime => {
            let name = if fields.hour < 12 { "AM" } else { "PM" };
            return Some(name[..count.min(2)].to_owned());
        }
        'f' | 'F' => {
            let digits = format!("{:07}", fields.fraction);
            let digits = &digits[..count.min(7)];
            return Some(if letter == 'F' { digits.trim_end_matches('0') } else { digits }.to_owned());
        }
        _ => return None,
    };
    Some(format!("{number:0width$}"))
}

const UNITS: [&str; 7] = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];

fn format_bytes<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let Some(size) = real_at(arguments, 0).filter(|size| size.is_finite()) else {
        return Value::string("");
    };
    let digits = long_at(arguments, 1).unwrap_or(0).clamp(0, 15);
    let wanted = text_at(arguments, 2);
    let unit = match wanted.is_empty() {
        false => UNITS.iter().position(|unit| *unit == wanted),
        true => Some((1..UNITS.len()).take_while(|power| size.abs() >= 1024_f64.powi(*power as i32)).count()),
    };
    let Some(unit) = unit else {
        return Value::string("");
    };
    let mut text = String::new();
    append_real(rounded(size / 1024_f64.powi(unit as i32), digits), &mut text);
    Value::string(format!("{text} {}", UNITS[unit]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::call;
    use super::*;
    use crate::value::DateTime;

    #[test]
    fn datetimes() {
        for (text, format, expected) in [
            ("2017-01-29 09:00:05", "yyyy-M-dd [H:mm:ss]", "2017-1-29 [9:00:05]"),
            ("2017-01-29 09:00:05", "yy-MM-dd [HH:mm:ss]", "17-01-29 [09:00:05]"),
            ("2009-06-15 13:45:30.0500000", "h:mm tt f ff F FF FFF", "1:45 PM 0 05  05 05"),
            ("0009-06-15 00:45:30", "y yyyy hh t", "9 0009 12 A"),
            ("2009-06-15 13:45:30", "yyyy/MM/dd, é_", "2009/06/15, é_"),
        ] {
            let at = Value::DateTime(DateTime::parse(text).unwrap());
            assert_eq!(call("format_datetime", &[at, Value::string(format)]), Value::string(expected));
        }
        assert_eq!(call("format_datetime", &[Value::Null, Value::string("yyyy")]), Value::string(""));
    }

    #[test]
    fn timespans() {
        let span = Value::TimeSpan(TimeSpan::parse("29.09:00:05.12345").unwrap());
        for (format, expected) in
            [("dd.hh:mm:ss:FF", "29.09:00:05:12"), ("ddd.h:mm:ss [fffffff]", "029.9:00:05 [1234500]"), ("yyyy", "yyyy")]
        {
            assert_eq!(call("format_timespan", &[span.clone(), Value::string(format)]), Value::string(expected));
        }
    }

    #[test]
    fn bytes() {
        let of = |size: i64, digits: i64, unit| {
            call("format_bytes", &[Value::Long(size), Value::Long(digits), Value::string(unit)])
        };
        for (size, digits, unit, expected) in [
            (564, 0, "", "564 Bytes"),
            (10332, 1, "", "10.1 KB"),
            (20010332, 0, "", "19 MB"),
            (20010332, 2, "", "19.08 MB"),
            (20010332, 0, "KB", "19541 KB"),
            (1, 0, "XB", ""),
        ] {
            assert_eq!(of(size, digits, unit), Value::string(expected));
        }
    }
}
