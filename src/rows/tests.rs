//! Whole queries over rows.

use super::*;
use crate::compile::{BindOptions, bind_query};
use crate::kql::{Limits, parse};
use crate::schema::Catalog;
use crate::value::DateTime;

fn result(query: &str, limits: &RowsLimits) -> Result<Vec<Row>, RowsError> {
    let parsed = parse(query, &Limits::default());
    assert!(parsed.diagnostics.is_empty(), "{query}: {:?}", parsed.diagnostics);
    let (bound, diagnostics) = bind_query(&parsed.query, &Catalog::builtin(), BindOptions::default());
    let Some(bound) = bound else { panic!("{query}: {diagnostics:?}") };
    run(&bound, &mut NoTables, &Context { now: DateTime::MIN }, limits)
}

/// The rows of a query, as text.
fn rows(query: &str) -> Vec<String> {
    let show = |row: &Row| row.iter().map(|value| convert::text(value).into_owned()).collect::<Vec<_>>().join("|");
    match result(query, &RowsLimits::default()) {
        Ok(rows) => rows.iter().map(show).collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[track_caller]
fn check(query: &str, expected: &[&str]) {
    assert_eq!(rows(query), expected, "{query}");
}

/// The same rows in any order.
#[track_caller]
fn check_any_order(query: &str, expected: &[&str]) {
    let (mut rows, mut expected) = (rows(query), expected.to_vec());
    rows.sort_unstable();
    expected.sort_unstable();
    assert_eq!(rows, expected, "{query}");
}

const HOSTS: &str = "let T = datatable(host:string, user:string, n:int) \
    ['a','u1',1, 'b','u2',int(null), 'a','u2',3, 'c','',4, 'b','u2',5]; ";

#[track_caller]
fn hosts(query: &str, expected: &[&str]) {
    check(&format!("{HOSTS} T | {query}"), expected);
}

#[test]
fn summarize_groups() {
    hosts("summarize count(), sum(n) by host", &["a|2|4", "b|2|5", "c|1|4"]);
    hosts("summarize c = count() by host | where c > 1 | project host", &["a", "b"]);
    hosts("summarize by user", &["u1", "u2", ""]);
    hosts("summarize dcount(user), avg(n), min(n), max(n), countif(n > 3)", &["3|3.25|1|5|2"]);
    hosts("summarize arg_max(n, user) by host", &["a|3|u2", "b|5|u2", "c|4|"]);
    hosts("summarize arg_min(n, *) by host", &["a|1|u1", "b|5|u2", "c|4|"]);
    hosts("summarize make_set(user), make_list(n) by bin(n, 10)", &[r#"0|["u1","u2",""]|[1,3,4,5]"#, r#"|["u2"]|[]"#]);
    hosts("summarize count() by k = isnull(n)", &["False|4", "True|1"]);
    hosts("summarize percentiles(n, 25, 75), take_any(host)", &["1|4|a"]);
    hosts("where n > 100 | summarize count(), sum(n), max(n), make_list(n), arg_max(n, user)", &["0|0||[]||"]);
    hosts("where n > 100 | summarize count() by host", &[]);
    check("datatable(t:timespan) [1h, 2h] | summarize sum(t), avg(t)", &["03:00:00|01:30:00"]);
    check("datatable(t:timespan) [] | summarize sum(t)", &["00:00:00"]);
    check("datatable(x:real) [] | summarize sum(x), avg(x)", &["0|NaN"]);
}

#[test]
fn distinct_count_sort_take() {
    hosts("distinct host, user", &["a|u1", "b|u2", "a|u2", "c|"]);
    hosts("distinct *", &["a|u1|1", "b|u2|", "a|u2|3", "c||4", "b|u2|5"]);
    hosts("count", &["5"]);
    hosts("where host == 'a' | count | extend Count * 2", &["2|4"]);
    hosts("sort by n | project n", &["5", "4", "3", "1", ""]);
    hosts("sort by n asc | project n", &["", "1", "3", "4", "5"]);
    hosts("sort by host asc, n desc | project host, n", &["a|3", "a|1", "b|5", "b|", "c|4"]);
    hosts("top 2 by n | project n", &["5", "4"]);
    hosts("top 3 by n | where n != 4 | project n", &["5", "3"]);
    hosts("top 3 by n | summarize sum(n)", &["12"]);
    hosts("take 2 | count", &["2"]);
    hosts("sort by n | take 1 | project host", &["b"]);
}

const SIDES: &str = "let L = datatable(k:string, l:int) ['a',1, 'a',2, 'b',3, 'd',4]; \
    let R = datatable(k:string, r:int) ['a',10, 'a',20, 'c',30]; ";

#[test]
fn join_kinds() {
    for (kind, expected) in [
        ("", &["a|1|a|10", "a|1|a|20"][..]),
        ("kind=innerunique", &["a|1|a|10", "a|1|a|20"]),
        ("kind=inner", &["a|1|a|10", "a|1|a|20", "a|2|a|10", "a|2|a|20"]),
        ("kind=leftouter", &["a|1|a|10", "a|1|a|20", "a|2|a|10", "a|2|a|20", "b|3||", "d|4||"]),
        ("kind=rightouter", &["a|1|a|10", "a|1|a|20", "a|2|a|10", "a|2|a|20", "||c|30"]),
        ("kind=fullouter", &["a|1|a|10", "a|1|a|20", "a|2|a|10", "a|2|a|20", "b|3||", "d|4||", "||c|30"]),
        ("kind=leftsemi", &["a|1", "a|2"]),
        ("kind=leftanti", &["b|3", "d|4"]),
        ("kind=rightsemi", &["a|10", "a|20"]),
        ("kind=rightanti", &["c|30"]),
    ] {
        check(&format!("{SIDES} L | join {kind} (R) on k"), expected);
    }
    check(&format!("{SIDES} L | lookup (R) on k"), &["a|1|10", "a|1|20", "a|2|10", "a|2|20", "b|3|", "d|4|"]);
    check(&format!("{SIDES} L | lookup kind=inner (R | where r < 20) on k"), &["a|1|10", "a|2|10"]);
    check(&format!("{SIDES} L | join kind=inner (R) on $left.k == $right.k | summarize sum(l * r)"), &["90"]);
}

#[test]
fn a_null_key_joins_nothing() {
    let query = "let T = datatable(k:int, v:int) [1,1, int(null),2]; T | join kind={} (T) on k";
    check(&query.replace("{}", "inner"), &["1|1|1|1"]);
    check(&query.replace("{}", "leftanti"), &["|2"]);
    check(&query.replace("{}", "fullouter"), &["1|1|1|1", "|2||", "|||2"]);
    check("let T = datatable(k:string, v:int) ['',1]; T | join kind=inner (T) on k", &["|1||1"]);
}

#[test]
fn expand_and_apply() {
    let list = "print a = dynamic([3,1,2]), b = dynamic({'x':1})";
    check(&format!("{list} | mv-expand a | project a"), &["3", "1", "2"]);
    check(
        &format!("{list} | mv-expand with_itemindex=i a to typeof(long), b | project i, a * 2, b"),
        &[r#"0|6|{"x":1}"#, "1|2|", "2|4|"],
    );
    check(&format!("{list} | mv-expand a | mv-expand c = a | where a > 1 | summarize count()"), &["2"]);
    check(
        &format!("{list} | mv-apply a to typeof(long) on (summarize m = max(a), n = count()) | project m, n"),
        &["3|3"],
    );
    check(
        &format!("{list} | mv-apply a to typeof(long) on (where a > 1 | extend d = a * 10) | project a, d"),
        &["3|30", "2|20"],
    );
    check(&format!("{list} | mv-apply a to typeof(long) on (top 2 by a asc) | project a"), &["1", "2"]);
    check("print a = dynamic([]) | mv-apply a on (summarize count())", &[]);
    check(
        "datatable(id:int, v:dynamic) [1, dynamic([1,2]), 2, dynamic([5])] \
         | mv-apply v to typeof(int) on (summarize s = sum(v)) | project id, s",
        &["1|3", "2|5"],
    );
}

#[test]
fn what_expands_beyond_measure_is_an_error() {
    let query =
        "print a = range(1, 1000) | mv-expand a | mv-expand b = range(1, 1000) | mv-expand c = range(1, 1000) | count";
    check(query, &["mv-expand and mv-apply make more than 1048576 rows of one record"]);
    let small = RowsLimits { max_bytes: 10_000, ..RowsLimits::default() };
    for query in [
        "range x from 1 to 1000 step 1 | sort by x",
        "range x from 1 to 1000 step 1 | summarize count() by x",
        "range x from 1 to 1000 step 1 | summarize make_set(x)",
        "range x from 1 to 1000 step 1 | summarize make_list(x)",
        "range x from 1 to 1000 step 1 | summarize dcount(x)",
        "range x from 1 to 1000 step 1 | distinct x",
        "print x = 1 | join (range x from 1 to 1000 step 1) on x",
        "range x from 1 to 1000 step 1 | serialize n = row_number()",
        "print a = range(1, 1000) | mv-apply a on (summarize count())",
        "range x from 1 to 3 step 1 | extend s = strrep('a', 4000) | scan with (step a: true; step b: true; step c: true;)",
    ] {
        assert_eq!(result(query, &small), Err(RowsError::Memory(10_000)), "{query}");
    }
    let values = "range x from 1 to 100 step 1 | top-nested of x by v = make_set(strcat_array(repeat('a', 100), ''))";
    assert_eq!(result(values, &small), Err(RowsError::Memory(10_000)), "values of groups");
}

#[test]
fn rows_and_copies_in_all_are_bounded() {
    let few = RowsLimits { max_made: 50, ..RowsLimits::default() };
    let windows = "range t from 1 to 10 step 1 | evaluate sliding_window_counts(t, t, 1, 10, 6, 1)";
    assert_eq!(result(windows, &few), Err(RowsError::Made(50)));
    assert!(result("range t from 1 to 10 step 1 | mv-expand a = range(1, 5)", &few).is_ok());
    // What a step keeps grows with every row, and is copied with every row.
    let growing = |rows: usize| {
        format!(
            "range x from 1 to {rows} step 1 | scan declare (s: string = '') with (step a: true => s = strcat(a.s, 'abcdefgh');)"
        )
    };
    let small = RowsLimits { max_copied: 100_000, ..RowsLimits::default() };
    assert!(result(&growing(10), &small).is_ok());
    assert_eq!(result(&growing(1000), &small), Err(RowsError::Copied(100_000)));
}

#[test]
fn top_holds_no_more_than_it_gives() {
    let small = RowsLimits { max_bytes: 200_000, ..RowsLimits::default() };
    let count = |query: &str| result(query, &small).map(|rows| rows.len());
    assert_eq!(count("range x from 1 to 10000 step 1 | top 2 by x"), Ok(2));
    assert_eq!(count("range x from 1 to 10000 step 1 | sort by x"), Err(RowsError::Memory(200_000)));
    assert_eq!(count("range x from 1 to 10000 step 1 | summarize count() by x % 2"), Ok(2));
}

#[test]
fn parse_kinds() {
    let text = "datatable(s:string) ['user=ann n=5;', 'user=bo n=x;', 'none']";
    let pattern = "s with * 'user=' u ' n=' n:long ';' *";
    check(&format!("{text} | parse {pattern} | project u, n"), &["ann|5", "|", "|"]);
    check(&format!("{text} | parse kind=relaxed {pattern} | project u, n"), &["ann|5", "bo|", "|"]);
    check(&format!("{text} | parse-where {pattern} | project u, n"), &["ann|5"]);
    check(&format!("{text} | parse kind=regex s with 'user=' u ' n=[0-9]' * | project u"), &["ann", "", ""]);
    check(
        "print s = 'src=192.0.2.1 n=\"a b\" n=2' | parse-kv s as (n:string, src:string) \
         with (pair_delimiter=' ', kv_delimiter='=', quote='\"') | project n, src",
        &["a b|192.0.2.1"],
    );
}

#[test]
fn windows() {
    let table = "datatable(k:string, n:int) ['a',1, 'a',2, 'b',5, 'b',7]";
    check(&format!("{table} | serialize r = row_number()"), &["a|1|1", "a|2|2", "b|5|3", "b|7|4"]);
    check(
        &format!("{table} | sort by k asc, n asc | extend p = prev(k) | extend r = row_number(10, k != p) | project r"),
        &["10", "11", "10", "11"],
    );
    check(
        &format!("{table} | serialize p = prev(n), q = next(n, 2, -1) | project p, q"),
        &["|5", "1|7", "2|-1", "5|-1"],
    );
    check(
        &format!("{table} | serialize p = prev(k) | extend s = row_cumsum(n, k != p) | project s"),
        &["1", "3", "5", "12"],
    );
}

/// From the documentation, and the Kusto Emulator.
#[test]
fn ranks() {
    let table = "datatable(k:string, n:long) ['a',1, 'a',3, 'a',3, 'b',3, 'b',4] | sort by k asc, n asc";
    check(&format!("{table} | extend r = row_rank_dense(n) | project r"), &["1", "2", "2", "2", "3"]);
    check(&format!("{table} | extend r = row_rank_min(n) | project r"), &["1", "2", "2", "2", "5"]);
    check(&format!("{table} | extend r = row_rank_min(n, k != prev(k)) | project r"), &["1", "2", "2", "1", "2"]);
}

/// From the documentation, and the Kusto Emulator.
#[test]
fn scans() {
    check(
        "range x from 1 to 4 step 1 | scan declare (sum:long=0) with (step s: true => sum = x + s.sum;)",
        &["1|1", "2|3", "3|6", "4|10"],
    );
    let events = "datatable(t:long, e:string) \
        [0,'A', 1,'Start', 2,'B', 3,'D', 4,'Stop', 6,'C', 8,'Start', 11,'E', 12,'Stop'] | sort by t asc";
    let steps = "step s1: e == 'Start'; step s2: e != 'Start' and e != 'Stop' and t - s1.t <= 5; \
        step s3: e == 'Stop' and t - s1.t <= 5;";
    check(
        &format!("{events} | scan with_match_id=m with ({steps})"),
        &["1|Start|0", "2|B|0", "3|D|0", "4|Stop|0", "8|Start|1", "11|E|1", "12|Stop|1"],
    );
    check(
        &format!(
            "{events} | scan with_match_id=m declare (since:long) with \
             (step inside: true => since = iff(isnull(inside.since), t, inside.since); \
              step over output=none: t - inside.since > 3;) | project t, since, m"
        ),
        &["0|0|0", "1|0|0", "2|0|0", "3|0|0", "4|4|1", "6|4|1", "8|8|2", "11|8|2", "12|12|3"],
    );
    // A `;` ends a step within parentheses too.
    let few = "range x from 1 to 4 step 1";
    check(
        &format!("{few} | extend k = x % 2 | partition by k (scan with (step a: x > 1; step b: x > 3;) | count)"),
        &["1", "3"],
    );
    check(
        &format!("union ({few} | scan with (step a: x > 2; step b: false;)), (print x = 9) | sort by x asc"),
        &["3", "4", "9"],
    );
    check(&format!("let n = toscalar({few} | scan with (step a: x > 1;) | count); {few} | where x == n"), &["3"]);
    // What a step has seen of a dynamic has members.
    check(
        "datatable(d:dynamic) [dynamic({'n':1}), dynamic({'n':2})] | scan declare (before:long=-1) with \
         (step s: true => before = tolong(s.d.n);) | project before",
        &["", "1"],
    );
}

#[test]
fn partitions() {
    let table = "datatable(k:string, n:long) ['a',1, 'b',5, 'a',3, 'b',4, 'c',9]";
    check(&format!("{table} | partition by k (top 1 by n)"), &["a|3", "b|5", "c|9"]);
    check(
        &format!("{table} | partition hint.strategy=native by k (summarize sum(n), count())"),
        &["4|2", "9|2", "9|1"],
    );
    check(&format!("{table} | where n > 100 | partition by k (count)"), &[]);
    check(
        &format!(
            "{table} | partition by k (sort by n asc | extend r = row_number() | mv-expand x = range(1, r)) | summarize count()"
        ),
        &["7"],
    );
}

#[test]
fn sketches_are_asked_later() {
    check(
        "range x from 1 to 10 step 1 | extend y = x + 10 | summarize a = hll(x), b = hll(y) | project dcount_hll(hll_merge(a, b))",
        &["20"],
    );
    check(
        "range x from 1 to 1000 step 1 | summarize t = tdigest(x) \
         | project rank_tdigest(t, 685), percentile_tdigest(t, 50, typeof(long)), percentrank_tdigest(t, 250)",
        &["685|500|25"],
    );
}

#[test]
fn windows_in_windows() {
    let table = "datatable(k:string, m:int, n:int) ['a',0,1, 'a',0,2, 'b',0,5, 'b',1,7]";
    check(&format!("{table} | serialize s = row_cumsum(n, k != prev(k)) | project s"), &["1", "3", "5", "12"]);
    check(
        &format!("{table} | serialize r = row_number(1, k != prev(k) or m != prev(m)), p = prev(k)"),
        &["a|0|1|1|", "a|0|2|2|a", "b|0|5|1|a", "b|1|7|1|b"],
    );
}

#[test]
fn series() {
    let table = "datatable(t:datetime, k:string, n:long) \
        [datetime(2024-01-01 05:00),'a',1, datetime(2024-01-01 06:00),'a',2, datetime(2024-01-03),'a',4, \
         datetime(2024-01-02),'b',8, datetime(2024-01-04),'b',16]";
    let bounds = "from datetime(2024-01-01) to datetime(2024-01-04) step 1d";
    check(
        &format!("{table} | make-series s = sum(n), c = count() default=-1 on t {bounds} by k | project k, s, c"),
        &["a|[3,0,4]|[2,-1,1]", "b|[0,8,0]|[-1,1,-1]"],
    );
    check(
        &format!("{table} | make-series count() on t {bounds} | mv-expand t to typeof(datetime) | project t"),
        &["2024-01-01T00:00:00.0000000Z", "2024-01-02T00:00:00.0000000Z", "2024-01-03T00:00:00.0000000Z"],
    );
    check(&format!("{table} | make-series s = sum(n) on t step 1d by k | project k, s"), &["a|[3,0,4]", "b|[8,0,16]"]);
    check("datatable(x:real) [0.5, 2.5, -1.0] | make-series c = count() on x from 0 to 3 step 1", &["[1,0,1]|[0,1,2]"]);
    check("datatable(x:long) [-5, 6] | make-series c = count() on x step 5", &["[1,0,1]|[-5,0,5]"]);
    check(
        "datatable(x:long) [0, 10000000] | make-series count() on x step 1",
        &["make-series makes a series of more than 1048576 steps"],
    );
}

#[test]
fn unions_and_nested_queries() {
    check_any_order(&format!("{SIDES} union L, R | summarize count() by k"), &["a|4", "b|1", "c|1", "d|1"]);
    check(
        &format!("{SIDES} union (L | summarize n = count()), (R | summarize n = count()) | summarize sum(n)"),
        &["7"],
    );
    check(&format!("{SIDES} L | where k in ((R | project k)) | count"), &["2"]);
    check(&format!("{SIDES} L | where l > toscalar(L | summarize avg(l)) | project l"), &["3", "4"]);
    check("range x from 1 to 3 step 1 | extend y = x * x", &["1|1", "2|4", "3|9"]);
}
