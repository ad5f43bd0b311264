//! `datetime`: a point in time in ticks of 100 ns since 0001-01-01, UTC, and its text.

mod parse;

use super::timespan::{TICKS_PER_DAY, TICKS_PER_SECOND};

/// A point in time: ticks of 100 ns since 0001-01-01T00:00:00Z, from [`DateTime::MIN`] to [`DateTime::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(pub i64);

/// A datetime taken apart, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// 1 to 9999
    pub year: i64,
    /// 1 to 12
    pub month: i64,
    /// 1 to 31
    pub day: i64,
    /// Ticks since midnight.
    pub ticks: i64,
}

/// Ticks from 0001-01-01 to 1970-01-01.
const UNIX_EPOCH: i64 = 621_355_968_000_000_000;

impl DateTime {
    /// What the clock says.
    pub fn now() -> DateTime {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        DateTime::from_unix(since.as_secs() as i64, since.subsec_nanos()).unwrap_or(DateTime::MIN)
    }

    /// 0001-01-01T00:00:00Z
    pub const MIN: DateTime = DateTime(0);
    /// 9999-12-31T23:59:59.9999999Z
    pub const MAX: DateTime = DateTime(3_155_378_975_999_999_999);

    /// The datetime of that many ticks; `None` outside of Kusto's range.
    pub fn from_ticks(ticks: i64) -> Option<DateTime> {
        (Self::MIN.0..=Self::MAX.0).contains(&ticks).then_some(DateTime(ticks))
    }

    /// The datetime of a Unix time: whole seconds and nanoseconds of the next (cut to ticks). `None` out of range.
    pub fn from_unix(seconds: i64, nanoseconds: u32) -> Option<DateTime> {
        let ticks = seconds.checked_mul(TICKS_PER_SECOND)?.checked_add(UNIX_EPOCH)?;
        Self::from_ticks(ticks.checked_add(i64::from(nanoseconds / 100))?)
    }

    /// Seconds since 1970 (rounded down) and the nanoseconds after.
    pub fn to_unix(self) -> (i64, u32) {
        let ticks = self.0 - UNIX_EPOCH;
        let nanoseconds = ticks.rem_euclid(TICKS_PER_SECOND) * 100;
        (ticks.div_euclid(TICKS_PER_SECOND), u32::try_from(nanoseconds).unwrap_or(0))
    }

    /// The datetime of a date and the ticks since its midnight; `None` if there is no such date.
    pub fn from_civil(civil: Civil) -> Option<DateTime> {
        let Civil { year, month, day, ticks } = civil;
        let known = (1..=9999).contains(&year) && (1..=12).contains(&month);
        if !known || day < 1 || day > days_in_month(year, month) || !(0..TICKS_PER_DAY).contains(&ticks) {
            return None;
        }
        let days = days_before_year(year) + days_before_month(year, month) + day - 1;
        Some(DateTime(days * TICKS_PER_DAY + ticks))
    }

    /// Year, month, day and the ticks since midnight.
    pub fn civil(self) -> Civil {
        let days = self.0.div_euclid(TICKS_PER_DAY);
        // A guess from the mean year is one too high at most.
        let guess = days * 400 / 146_097 + 1;
        let year = if days_before_year(guess) > days { guess - 1 } else { guess };
        let year = if days_before_year(year + 1) <= days { year + 1 } else { year };
        let day_of_year = days - days_before_year(year);
        let month = (1..=12).rev().find(|m| days_before_month(year, *m) <= day_of_year).unwrap_or(1);
        Civil {
            year,
            month,
            day: day_of_year - days_before_month(year, month) + 1,
            ticks: self.0.rem_euclid(TICKS_PER_DAY),
        }
    }

    /// The day of the year, 1 to 366.
    pub fn day_of_year(self) -> i64 {
        let Civil { year, month, day, .. } = self.civil();
        days_before_month(year, month) + day
    }

    /// The text of `tostring`: `yyyy-MM-ddTHH:mm:ss.fffffffZ`, always seven digits.
    pub fn to_text7(self) -> String {
        let mut text = String::with_capacity(28);
        self.append_text7(&mut text);
        text
    }

    /// Appends that text: every row that a sender's event becomes has one.
    pub fn append_text7(self, text: &mut String) {
        let mut bytes = *b"0000-00-00T00:00:00.0000000Z";
        let Civil { year, month, day, ticks } = self.civil();
        let seconds = ticks / TICKS_PER_SECOND;
        let fraction = ticks % TICKS_PER_SECOND;
        let pairs = [
            (0, year / 100),
            (2, year % 100),
            (5, month),
            (8, day),
            (11, seconds / 3600),
            (14, seconds / 60 % 60),
            (17, seconds % 60),
            (20, fraction / 100_000),
            (22, fraction / 1_000 % 100),
            (24, fraction / 10 % 100),
        ];
        for (at, pair) in pairs {
            bytes[at] += (pair / 10) as u8;
            bytes[at + 1] += (pair % 10) as u8;
        }
        bytes[26] += (fraction % 10) as u8;
        text.push_str(std::str::from_utf8(&bytes).unwrap_or_default());
    }

    /// The text of the service's JSON: as [`DateTime::to_text7`] without the fraction's trailing zeros.
    pub fn to_text_short(self) -> String {
        let mut text = self.to_text7();
        text.pop();
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
        text.push('Z');
        text
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from 0001-01-01 to the first day of `year`.
fn days_before_year(year: i64) -> i64 {
    let past = year - 1;
    past * 365 + past / 4 - past / 100 + past / 400
}

/// Days from the first of January to the first day of `month`.
fn days_before_month(year: i64, month: i64) -> i64 {
    const BEFORE: [i64; 13] = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let before = usize::try_from(month).ok().and_then(|m| BEFORE.get(m)).copied().unwrap_or(0);
    before + i64::from(month > 2 && is_leap(year))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_day_comes_back() {
        let mut last = Civil { year: 0, month: 12, day: 31, ticks: 0 };
        for days in 0..=DateTime::MAX.0 / TICKS_PER_DAY {
            let at = DateTime(days * TICKS_PER_DAY + 1);
            let civil = at.civil();
            assert_eq!(DateTime::from_civil(civil), Some(at));
            let next_day = civil.day == last.day + 1 && civil.month == last.month && civil.year == last.year;
            assert!(next_day || civil.day == 1, "{civil:?}");
            last = civil;
        }
        assert_eq!((last.year, last.month, last.day), (9999, 12, 31));
    }

    #[test]
    fn unix_time() {
        assert_eq!(DateTime::from_unix(0, 0).unwrap().to_text7(), "1970-01-01T00:00:00.0000000Z");
        let before = DateTime::from_unix(-1, 999_999_999).unwrap();
        assert_eq!(before.to_text7(), "1969-12-31T23:59:59.9999999Z");
        assert_eq!(before.to_unix(), (-1, 999_999_900));
        assert_eq!(DateTime::from_unix(i64::MAX, 0), None);
    }

    #[test]
    fn texts() {
        assert_eq!(DateTime::MIN.to_text7(), "0001-01-01T00:00:00.0000000Z");
        assert_eq!(DateTime::MAX.to_text_short(), "9999-12-31T23:59:59.9999999Z");
        let at = DateTime::parse("2014-05-25T08:20:03.1200Z").unwrap();
        assert_eq!(at.to_text_short(), "2014-05-25T08:20:03.12Z");
        assert_eq!(DateTime::parse("2020-01-01").unwrap().to_text_short(), "2020-01-01T00:00:00Z");
    }
}
