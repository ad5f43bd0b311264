//! Text to datetime: what `todatetime()` and `datetime(…)` read.

use super::{Civil, DateTime};
use crate::value::timespan::{TICKS_PER_SECOND, fraction_ticks};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl DateTime {
    /// Reads the forms Kusto documents and was measured on; `None` for anything else, such as a thirteenth month.
    ///
    /// - ISO 8601 with `T` or a space, with or without time, seconds, fraction and offset; also `yyyy/MM/dd`, `yyyyMMdd`
    /// - the order of the United States: `MM-dd-yyyy`, `MM/dd/yyyy`, `MM.dd.yyyy`, one digit or two
    /// - `2 Dec 2022`, `Dec 2, 2022`, and RFC 822 and RFC 850 with their weekday, which is not checked
    ///
    /// A time may end in `AM` or `PM`. Years of two digits are 1950 to 2049. A time without offset is UTC. Digits finer
    /// than a tick are cut off.
    pub fn parse(text: &str) -> Option<DateTime> {
        iso(text.as_bytes()).or_else(|| Cursor(text.trim()).datetime())
    }
}

/// The forms nearly every record has, `yyyy-MM-ddTHH:mm:ss[.f…]Z`, and with a blank for the `T` or without the `Z`, without the
/// general reader.
fn iso(text: &[u8]) -> Option<DateTime> {
    let (head, tail) = text.split_at_checked(19)?;
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if !matches!(head[10], b'T' | b' ') || separators.iter().any(|(at, separator)| head[*at] != *separator) {
        return None;
    }
    let field = |from: usize, to: usize| {
        head[from..to].iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let fraction = match tail.strip_suffix(b"Z").unwrap_or(tail) {
        [] => 0,
        [b'.', digits @ ..] => fraction_ticks(std::str::from_utf8(digits).ok()?)?,
        _ => return None,
    };
    let ticks = clock(field(11, 13)?, field(14, 16)?, field(17, 19)?, fraction)?;
    DateTime::from_civil(Civil { year: field(0, 4)?, month: field(5, 7)?, day: field(8, 10)?, ticks })
}

/// Ticks since midnight.
fn clock(hour: i64, minute: i64, second: i64, fraction: i64) -> Option<i64> {
    let known = hour < 24 && minute < 60 && second < 60;
    known.then(|| (hour * 3600 + minute * 60 + second) * TICKS_PER_SECOND + fraction)
}

/// What is left to read.
#[derive(Clone, Copy)]
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn datetime(mut self) -> Option<DateTime> {
        let (year, month, day) = self.date()?;
        let mut ticks = 0;
        let mut offset = 0;
        if !self.0.is_empty() {
            if !self.eat('T') && !self.eat('t') && !self.spaces() {
                return None;
            }
            ticks = self.time()?;
            offset = self.zone()?;
        }
        let local = DateTime::from_civil(Civil { year, month, day, ticks })?;
        DateTime::from_ticks(local.0 - offset * 60 * TICKS_PER_SECOND)
    }

    fn date(&mut self) -> Option<(i64, i64, i64)> {
        if let Some(word) = self.word() {
            if is_name_in(word, &WEEKDAYS).is_some() {
                self.eat(',');
                self.spaces();
                return self.date_after_weekday();
            }
            return self.date_after_month(is_name_in(word, &MONTHS)?);
        }
        let first = self.digits()?;
        match first.len() {
            8 => Some((number(&first[..4])?, number(&first[4..6])?, number(&first[6..])?)),
            4 => {
                let separator = self.one_of(&['-', '/'])?;
                let month = self.short()?;
                self.eat(separator).then_some(())?;
                Some((number(first)?, month, self.short()?))
            }
            1 | 2 => self.date_after_number(number(first)?),
            _ => None,
        }
    }

    fn date_after_weekday(&mut self) -> Option<(i64, i64, i64)> {
        if let Some(word) = self.word() {
            return self.date_after_month(is_name_in(word, &MONTHS)?);
        }
        let day = self.short()?;
        self.date_after_number(day)
    }

    /// After `12`: `-02-2022`, where it was a month, or ` Dec 2022`, `-Dec-22`, where it was a day.
    fn date_after_number(&mut self, first: i64) -> Option<(i64, i64, i64)> {
        let separator = self.separator()?;
        if let Some(word) = self.word() {
            let month = is_name_in(word, &MONTHS)?;
            (self.separator()? == separator).then_some(())?;
            return Some((self.year()?, month, first));
        }
        if separator == ' ' {
            return None;
        }
        let day = self.short()?;
        self.eat(separator).then_some(())?;
        Some((self.year()?, first, day))
    }

    /// After `Dec`: ` 2, 2022`.
    fn date_after_month(&mut self, month: i64) -> Option<(i64, i64, i64)> {
        self.separator()?;
        let day = self.short()?;
        (self.eat(',') | self.spaces()).then_some(())?;
        self.spaces();
        Some((self.year()?, month, day))
    }

    /// `13:45[:56[.789]]`, with or without AM or PM.
    fn time(&mut self) -> Option<i64> {
        let mut hour = self.short()?;
        self.eat(':').then_some(())?;
        let minute = self.short()?;
        let mut second = 0;
        let mut fraction = 0;
        if self.eat(':') {
            second = self.short()?;
            if self.eat('.') {
                fraction = fraction_ticks(self.digits()?)?;
            }
        }
        let here = *self;
        self.spaces();
        match self.word() {
            Some(half) if half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm") => {
                (1..=12).contains(&hour).then_some(())?;
                hour = hour % 12 + if half.eq_ignore_ascii_case("pm") { 12 } else { 0 };
            }
            _ => *self = here,
        }
        clock(hour, minute, second, fraction)
    }

    /// Minutes east of Greenwich, up to the end of the text.
    fn zone(&mut self) -> Option<i64> {
        self.spaces();
        if let Some(name) = self.word() {
            let utc = ["z", "utc", "gmt", "ut"].iter().any(|zone| name.eq_ignore_ascii_case(zone));
            return (utc && self.0.is_empty()).then_some(0);
        }
        if self.0.is_empty() {
            return Some(0);
        }
        let sign = if self.one_of(&['+', '-'])? == '-' { -1 } else { 1 };
        let hours = self.digits()?;
        let (hours, minutes) = match hours.len() {
            4 => (number(&hours[..2])?, number(&hours[2..])?),
            1 | 2 if self.eat(':') => (number(hours)?, self.short()?),
            1 | 2 => (number(hours)?, 0),
            _ => return None,
        };
        // .NET's bound of an offset.
        let known = self.0.is_empty() && minutes < 60 && hours * 60 + minutes <= 14 * 60;
        known.then_some(sign * (hours * 60 + minutes))
    }

    fn year(&mut self) -> Option<i64> {
        let digits = self.digits()?;
        let year = number(digits)?;
        match digits.len() {
            4 => Some(year),
            2 => Some(year + if year < 50 { 2000 } else { 1900 }),
            _ => None,
        }
    }

    /// One digit or two.
    fn short(&mut self) -> Option<i64> {
        let digits = self.digits()?;
        (digits.len() <= 2).then(|| number(digits))?
    }

    fn digits(&mut self) -> Option<&'a str> {
        self.run(|b| b.is_ascii_digit())
    }

    fn word(&mut self) -> Option<&'a str> {
        self.run(|b| b.is_ascii_alphabetic())
    }

    fn run(&mut self, belongs: impl Fn(u8) -> bool) -> Option<&'a str> {
        let end = self.0.bytes().position(|b| !belongs(b)).unwrap_or(self.0.len());
        let (run, rest) = self.0.split_at(end);
        self.0 = rest;
        (!run.is_empty()).then_some(run)
    }

    fn spaces(&mut self) -> bool {
        self.run(|b| b == b' ').is_some()
    }

    fn separator(&mut self) -> Option<char> {
        if self.spaces() { Some(' ') } else { self.one_of(&['-', '/', '.']) }
    }

    fn one_of(&mut self, chars: &[char]) -> Option<char> {
        chars.iter().copied().find(|c| self.eat(*c))
    }

    fn eat(&mut self, c: char) -> bool {
        match self.0.strip_prefix(c) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }
}

fn number(digits: &str) -> Option<i64> {
    digits.parse().ok()
}

/// The number, from one, of a name in full or cut to three letters.
fn is_name_in(word: &str, names: &[&str]) -> Option<i64> {
    let at = names.iter().position(|name| {
        word.eq_ignore_ascii_case(name) || name.get(..3).is_some_and(|short| word.eq_ignore_ascii_case(short))
    })?;
    i64::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_kusto_reads() {
        for (text, expected) in [
            ("2022-12-02T13:45:56Z", "2022-12-02T13:45:56Z"),
            ("2022-12-02T13:45:56.123456789Z", "2022-12-02T13:45:56.1234567Z"),
            ("2022-12-02 13:45:56", "2022-12-02T13:45:56Z"),
            ("2022-12-02T13:45:56+02:00", "2022-12-02T11:45:56Z"),
            ("2022-12-02T23:45:56.5-0330", "2022-12-03T03:15:56.5Z"),
            ("2022/12/02", "2022-12-02T00:00:00Z"),
            ("20221202", "2022-12-02T00:00:00Z"),
            ("12-02-2022", "2022-12-02T00:00:00Z"),
            ("12/02/2022", "2022-12-02T00:00:00Z"),
            ("12.02.2022", "2022-12-02T00:00:00Z"),
            ("2/3/2022", "2022-02-03T00:00:00Z"),
            ("2/3/2022 1:05 PM", "2022-02-03T13:05:00Z"),
            ("12/1/2022 12:30:00 AM", "2022-12-01T00:30:00Z"),
            ("2 Dec 2022", "2022-12-02T00:00:00Z"),
            ("Dec 2, 2022", "2022-12-02T00:00:00Z"),
            ("Fri, 02 Dec 2022 13:45:56 GMT", "2022-12-02T13:45:56Z"),
            ("2014-05-25T08:20:03.123456Z", "2014-05-25T08:20:03.123456Z"),
            ("2014-05-25T08:20", "2014-05-25T08:20:00Z"),
            ("8 Nov 14 15:05", "2014-11-08T15:05:00Z"),
            ("Saturday, 08-Nov-14 15:05:02 GMT", "2014-11-08T15:05:02Z"),
            (" 2020-02-29 ", "2020-02-29T00:00:00Z"),
        ] {
            let read = DateTime::parse(text).map(DateTime::to_text_short);
            assert_eq!(read.as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_datetime() {
        for text in [
            "",
            "x12-02-2022",
            "13-01-2022",
            "2021-02-29",
            "2022-12-02T24:00:00Z",
            "2022-12-02T13:45:56Zz",
            "2022-12-02T13:45:56.Z",
            "0001-01-01T00:00:00+01:00",
            "12-02/2022",
            "2022-12-02T",
            "2 Dec",
            "1/1/2022 13:00 PM",
            "99999999999999999999",
            "2022-12-0é",
            "2022-12-02T13:45:5é",
        ] {
            assert_eq!(DateTime::parse(text), None, "{text}");
        }
    }
}
