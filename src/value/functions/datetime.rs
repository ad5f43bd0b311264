//! Functions of time.

use super::{Function, Param, Returns, argument};
use crate::schema::ScalarType;
use crate::value::datetime::Civil;
use crate::value::timespan::{TICKS_PER_DAY, TICKS_PER_SECOND};
use crate::value::{DateTime, TimeSpan, Value, arithmetic};

const TIMESPAN: Param = Param::Is(ScalarType::TimeSpan);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "now",
        signature: "now([offset])",
        doc: "The current time, the same everywhere in a query, plus an offset.",
        min: 0,
        max: 1,
        params: &[TIMESPAN],
        repeat: 1,
        returns: Returns::Type(ScalarType::DateTime),
        call: |context, arguments| {
            let now = Value::DateTime(context.now);
            arguments.first().map_or(now.clone(), |offset| arithmetic::add(&now, offset))
        },
        prepare: None,
    },
    Function {
        name: "ago",
        signature: "ago(span)",
        doc: "The current time less a timespan.",
        min: 1,
        max: 1,
        params: &[TIMESPAN],
        repeat: 1,
        returns: Returns::Type(ScalarType::DateTime),
        call: |context, arguments| arithmetic::subtract(&Value::DateTime(context.now), argument(arguments, 0)),
        prepare: None,
    },
    Function::of("ingestion_time", "ingestion_time()", "When the record came in: in a stream it comes in now.")
        .calls(ScalarType::DateTime, |context, _| Value::DateTime(context.now)),
    part("getyear", "getyear(datetime)", "The year.", ScalarType::Int, |_, a| int(a, |_, c| c.year)),
    part("getmonth", "getmonth(datetime)", "The month, 1 to 12.", ScalarType::Int, |_, a| int(a, |_, c| c.month)),
    part("monthofyear", "monthofyear(datetime)", "The month, 1 to 12.", ScalarType::Int, |_, a| int(a, |_, c| c.month)),
    part("dayofmonth", "dayofmonth(datetime)", "The day of the month.", ScalarType::Int, |_, a| int(a, |_, c| c.day)),
    part("dayofyear", "dayofyear(datetime)", "The day of the year.", ScalarType::Int, |_, a| {
        int(a, |at, _| at.day_of_year())
    }),
    part("hourofday", "hourofday(datetime)", "The hour, 0 to 23.", ScalarType::Int, |_, a| {
        int(a, |_, c| c.ticks / (3600 * TICKS_PER_SECOND))
    }),
    part(
        "dayofweek",
        "dayofweek(datetime)",
        "Days since the last Sunday, as a timespan.",
        ScalarType::TimeSpan,
        |_, a| {
            // 0001-01-01 was a Monday.
            at(a).map_or(Value::Null, |at| Value::TimeSpan(TimeSpan((at.0 / TICKS_PER_DAY + 1) % 7 * TICKS_PER_DAY)))
        },
    ),
];

const fn part(
    name: &'static str,
    signature: &'static str,
    doc: &'static str,
    returns: ScalarType,
    call: super::Call,
) -> Function {
    let params = &[Param::Is(ScalarType::DateTime)];
    Function {
        name,
        signature,
        doc,
        min: 1,
        max: 1,
        params,
        repeat: 1,
        returns: Returns::Type(returns),
        call,
        prepare: None,
    }
}

fn at(arguments: &[Value<'_>]) -> Option<DateTime> {
    match argument(arguments, 0) {
        Value::DateTime(at) => Some(*at),
        _ => None,
    }
}

fn int<'a>(arguments: &[Value<'_>], part: impl Fn(DateTime, Civil) -> i64) -> Value<'a> {
    let part = at(arguments).and_then(|at| i32::try_from(part(at, at.civil())).ok());
    part.map_or(Value::Null, Value::Int)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::call;
    use super::*;
    use crate::value::convert::text;

    #[test]
    fn now_and_ago_go_by_the_context() {
        let day = Value::TimeSpan(TimeSpan(TICKS_PER_DAY));
        assert_eq!(text(&call("now", &[])), "2024-03-01T12:00:00.0000000Z");
        assert_eq!(text(&call("now", std::slice::from_ref(&day))), "2024-03-02T12:00:00.0000000Z");
        assert_eq!(text(&call("ago", &[day])), "2024-02-29T12:00:00.0000000Z");
        assert_eq!(call("ago", &[Value::TimeSpan(TimeSpan(i64::MAX))]), Value::Null);
    }

    #[test]
    fn parts_of_a_datetime() {
        let time = |text: &str| Value::DateTime(DateTime::parse(text).unwrap());
        let leap_day = time("2024-12-31T23:59:59Z");
        for (name, expected) in
            [("getyear", 2024), ("getmonth", 12), ("dayofmonth", 31), ("dayofyear", 366), ("hourofday", 23)]
        {
            assert_eq!(call(name, std::slice::from_ref(&leap_day)), Value::Int(expected), "{name}");
        }
        assert_eq!(text(&call("dayofweek", &[time("1947-11-30 10:00:05")])), "00:00:00");
        assert_eq!(text(&call("dayofweek", &[time("1970-05-11")])), "1.00:00:00");
    }
}
