//! Queries through the binder and over rows: what names mean, which columns come out, what is refused.

use std::collections::BTreeSet;

use super::*;
use crate::kql::{Limits, parse};
use crate::rows::{NoTables, RowsLimits, run};
use crate::value::DateTime;
use crate::value::convert;
use crate::value::functions::Context;

const NOW: DateTime = DateTime(640_000_000_000_000_000);

fn bound(query: &str) -> Result<BoundQuery, Vec<String>> {
    let parsed = parse(query, &Limits::default());
    let (bound, diagnostics) = bind_query(&parsed.query, &Catalog::builtin(), BindOptions::default());
    let errors = parsed.diagnostics.iter().chain(&diagnostics).filter(|d| d.is_error());
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    match bound {
        Some(bound) if errors.is_empty() => Ok(bound),
        _ => Err(errors),
    }
}

/// The columns on the first line, then the rows; or the first error.
fn answer(query: &str) -> String {
    let bound = match bound(query) {
        Ok(bound) => bound,
        Err(errors) => return errors.first().cloned().unwrap_or_default(),
    };
    let mut text = bound.columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect::<Vec<_>>().join(" ");
    if !bound.is_static() {
        return text;
    }
    for row in run(&bound, &mut NoTables, &Context { now: NOW }, &RowsLimits::default()).unwrap() {
        text.push('\n');
        text.push_str(&row.iter().map(|v| convert::text(v).into_owned()).collect::<Vec<_>>().join("|"));
    }
    text
}

#[track_caller]
fn check(query: &str, expected: &str) {
    assert_eq!(answer(query), expected, "{query}");
}

#[track_caller]
fn refuse(query: &str, code: &str) {
    let answer = answer(query);
    assert!(answer.starts_with(code), "{query}: {answer}");
}

/// The operators that keep a query from a stream.
fn waiting(query: &str) -> Vec<String> {
    let quoted = |text: String| text.split('\'').nth(1).map(str::to_owned);
    bound(query).unwrap().stream_refusals().into_iter().filter_map(|d| quoted(d.message)).collect()
}

mod composed;
mod plugins;

const T: &str = "let T = datatable(a:string, b:long) ['x', 1, 'y', 2, 'x', 3]; T";

#[test]
fn sources_make_rows() {
    check("print 1, x = 2, strlen('abc'), x = 'b'", "KS171: a column 'x' is already declared in this operator");
    check("print 1, x = 2, toupper('b')", "print_0:long x:long print_2:string\n1|2|B");
    check("range x from 1 to 6 step 2", "x:long\n1\n3\n5");
    check("range x from 3 to 1 step -1", "x:long\n3\n2\n1");
    check("range x from 1 to 2 step 0.5", "x:real\n1\n1.5\n2");
    check("range d from ago(1d) to now() step 12h | summarize count()", "count_:long\n3");
    refuse("range x from 1 to 3 step 0", "KS140");
    refuse("range x from 1 to 100000000 step 1", "KS245");
    refuse("datatable(a:string, b:long) ['x']", "KS173");
    refuse("datatable(a:nothing) ['x']", "KS160");
    check("datatable(a:real, d:dynamic) [1, dynamic([1])]", "a:real d:dynamic\n1|[1]");
    check(
        "print a = 1, b = 'x' | getschema | project ColumnName, ColumnType",
        "ColumnName:string ColumnType:string\na|long\nb|string",
    );
    check("declare query_parameters(x:long = 5); print x", "print_0:long\n5");
    refuse("declare query_parameters(x:long); print x", "KS189");
    refuse("print 1 | print 2", "KS");
}

#[test]
fn columns_are_chosen_by_name() {
    let table = "datatable(a:string, ab:long, c:long) ['x', 1, 2] ";
    check(&format!("{table} | project-away a*"), "c:long\n2");
    check(&format!("{table} | project-keep c, a"), "a:string c:long\nx|2");
    check(&format!("{table} | project-rename z = a"), "z:string ab:long c:long\nx|1|2");
    check(&format!("{table} | project-reorder c, a* desc"), "c:long ab:long a:string\n2|1|x");
    refuse(&format!("{table} | project-rename c = a"), "KS171");
    refuse(&format!("{table} | project-keep nothing"), "KS142");
    check(&format!("{T} | distinct a"), "a:string\nx\ny");
    check(&format!("{T} | distinct *"), "a:string b:long\nx|1\ny|2\nx|3");
}

#[test]
fn summarize_names_its_columns_as_kusto_does() {
    check(
        &format!(
            "{T} | summarize count(), sum(b), make_set(b), dcount(b), avg(b), countif(b > 1), percentile(b, 50) by a"
        ),
        "a:string count_:long sum_b:long set_b:dynamic dcount_b:long avg_b:real countif_:long percentile_b_50:long\n\
         x|2|4|[1,3]|2|2|1|1\ny|1|2|[2]|1|2|1|2",
    );
    check(
        &format!("{T} | summarize count(), count() by c = b > 1"),
        "c:bool count_:long count_1:long\nFalse|1|1\nTrue|2|2",
    );
    check(&format!("{T} | summarize n = count() * 10 + max(b)"), "n:long\n33");
    check(&format!("{T} | summarize tostring(make_list(b)) by a"), "a:string list_b:string\nx|[1,3]\ny|[2]");
    check(&format!("{T} | summarize by a"), "a:string\nx\ny");
    check(&format!("{T} | summarize arg_max(b, *) by a"), "a:string b:long\nx|3\ny|2");
    check(&format!("{T} | summarize m = arg_max(b, a)"), "m:long a:string\n3|x");
    check(&format!("{T} | summarize (m, n) = arg_min(b, a)"), "m:long n:string\n1|x");
    check(&format!("{T} | summarize percentiles(b, 50, 99.9)"), "percentile_b_50:long percentile_b_99_9:long\n2|3");
    check(&format!("{T} | summarize take_any(*)"), "a:string b:long\nx|1");
    check(&format!("{T} | where b > 9 | summarize count()"), "count_:long\n0");
    check(&format!("{T} | count"), "Count:long\n3");
    check(&format!("{T} | count as Rows"), "Rows:long\n3");
    check(
        &format!("{T} | summarize percentilesw(b, b, 50, 99.9), w = percentilew(b, b, 10)"),
        "percentile_b_50:long percentile_b_99_9:long w:long\n2|3|1",
    );
    refuse(&format!("{T} | summarize percentilew(b, a, 50)"), "KS107");
    refuse(&format!("{T} | summarize nothing(b)"), "KS143");
    refuse(&format!("{T} | summarize nothing(nowhere) by a"), "KS143");
    refuse(&format!("{T} | summarize sum(a)"), "KS");
    refuse(&format!("{T} | summarize x = count(), x = count()"), "KS171");
    refuse(&format!("{T} | summarize count() | where b > 1"), "KS142");
}

#[test]
fn joins_rename_the_right_side() {
    let sides = "let L = datatable(k:string, v:long) ['x', 1, 'y', 2]; let R = datatable(k:string, w:long) ['x', 10, 'z', 30]; L | ";
    check(&format!("{sides} join kind=leftouter R on k"), "k:string v:long k1:string w:long\nx|1|x|10\ny|2||");
    check(&format!("{sides} join kind=leftanti R on k"), "k:string v:long\ny|2");
    check(&format!("{sides} join kind=rightanti R on k"), "k:string w:long\nz|30");
    check(&format!("{sides} join (R | project q = k, w) on $left.k == $right.q | project w"), "w:long\n10");
    check(&format!("{sides} lookup R on k"), "k:string v:long w:long\nx|1|10\ny|2|");
    refuse(&format!("{sides} join R on v"), "KS145");
    refuse(&format!("{sides} join R on $left.v == $right.k"), "KS242");
    refuse(&format!("{sides} join R on $left.v > $right.w"), "KS182");
    refuse(&format!("{sides} join R on $left.k == 'x'"), "KS183");
    refuse(&format!("{sides} join kind=nothing R on k"), "KS140");
    refuse("print d = dynamic(1) | join (print d = dynamic(1)) on d", "KS241");
}

#[test]
fn arrays_become_rows() {
    let table = "datatable(a:string, d:dynamic) ['x', dynamic([1, 2, 3]), 'y', dynamic([5])] ";
    check(&format!("{table} | mv-expand d to typeof(long) | where d > 2"), "a:string d:long\nx|3\ny|5");
    check(
        &format!("{table} | mv-expand with_itemindex=i e = d to typeof(long) | where i == 1"),
        "a:string d:dynamic e:long i:long\nx|[1,2,3]|2|1",
    );
    check(
        &format!("{table} | mv-apply e = d to typeof(long) on (where e > 1 | summarize s = sum(e), w = take_any(a))"),
        "a:string d:dynamic s:long w:string\nx|[1,2,3]|5|x\ny|[5]|5|y",
    );
    check(&format!("{table} | mv-apply d to typeof(long) on (top 1 by d)"), "a:string d:long\nx|3\ny|5");
    refuse(&format!("{table} | mv-expand a"), "KS141");
    refuse(&format!("{table} | mv-apply d on (join (AuditLogs) on a)"), "KT007");
}

#[test]
fn texts_are_parsed() {
    let table = "datatable(t:string) ['user=bob id=7 end', 'nothing'] ";
    check(
        &format!("{table} | parse t with 'user=' u ' id=' i:long ' ' *"),
        "t:string u:string i:long\nuser=bob id=7 end|bob|7\nnothing||",
    );
    check(&format!("{table} | parse-where t with * 'id=' i:long ' ' r | project i, r"), "i:long r:string\n7|end");
    check(
        &format!("{table} | parse kind=regex t with * 'id=' i:long @'\\s+' r | project i, r"),
        "i:long r:string\n7|end\n|",
    );
    check(
        "print t = 'a=1, b=two' | parse-kv t as (a:long, b:string) with (pair_delimiter=',', kv_delimiter='=')",
        "t:string a:long b:string\na=1, b=two|1|two",
    );
    // Before a `*` a column that is no text ends where its type does.
    let lines = "datatable(t:string) ['n=27, at=02/17/2016 08:40:01, x=1.5s', 'n=none, at=never, x=?']";
    let pattern = "'n=' n:long * 'at=' at:datetime * 'x=' x:real * | project n, at, x";
    let head = "n:long at:datetime x:real\n27|2016-02-17T08:40:01.0000000Z|1.5";
    check(&format!("{lines} | parse-where t with {pattern}"), head);
    check(&format!("{lines} | parse t with {pattern}"), &format!("{head}\n||"));
    check(&format!("{lines} | parse kind=relaxed t with {pattern}"), &format!("{head}\n||"));
    refuse(&format!("{table} | parse t with a b"), "KS101");
    refuse(&format!("{table} | parse kind=regex t with '(' a"), "SEM0420");
    refuse("print t = 1 | parse t with a", "KS141");
}

#[test]
fn functions_are_put_where_they_are_called() {
    let f = "let f = (x:long, y:long = 3) { x + y }; ";
    check(
        &format!("{f} print f(1), f(1, 1), f(y = 10, x = 1), f(f(1))"),
        "print_0:long print_1:long print_2:long print_3:long\n4|2|11|7",
    );
    check(&format!("{f} range a from 1 to 2 step 1 | extend b = f(a * 2) | where f(b) > 8"), "a:long b:long\n2|7");
    check("let g = (T:(a:long), n:long) { T | where a > n }; range a from 1 to 4 step 1 | invoke g(2)", "a:long\n3\n4");
    check("let g = (T:(*)) { T | count }; g(range a from 1 to 4 step 1)", "Count:long\n4");
    check("let v = view () { print a = 1 }; v | extend b = a", "a:long b:long\n1|1");
    check("let n = 1; let f = () { n }; let n = 2; print f(), n", "print_0:long print_1:long\n1|2");
    refuse("let f = (x:long) { f(x) }; print f(1)", "KS143");
    refuse(&format!("{f} print f()"), "KS197");
    refuse(&format!("{f} print f(1, 2, 3)"), "KS119");
    refuse(&format!("{f} print f(z = 1)"), "KS196");
    refuse(&format!("{f} print f('a')"), "KS107");
    refuse("let g = (T:(b:long)) { T }; print a = 1 | invoke g()", "KS249");
}

#[test]
fn functions_that_double_are_bounded() {
    let mut query = String::from("let f0 = (x:long) { x + x };");
    for n in 1..30 {
        query.push_str(&format!("let f{n} = (x:long) {{ f{}(x) + f{}(x) }};", n - 1, n - 1));
    }
    refuse(&format!("{query} print f29(1)"), "KT010");
    let mut query = String::from("let t0 = datatable(a:long) [1];");
    for n in 1..30 {
        query.push_str(&format!("let t{n} = union t{}, t{};", n - 1, n - 1));
    }
    refuse(&format!("{query} t29"), "KT008");
}

#[test]
fn tables_inside_expressions() {
    check("range a from 1 to 4 step 1 | where a in (range b from 2 to 3 step 1)", "a:long\n2\n3");
    check(
        "let m = toscalar(range x from 1 to 5 step 1 | summarize max(x)); print m, m + 1",
        "print_0:long print_1:long\n5|6",
    );
    check("print toscalar(print 1 | where 1 == 2)", "print_0:long\n");
    check(
        "let seen = SigninLogs | summarize make_set(UserPrincipalName); AuditLogs | mv-apply u = toscalar(seen) to \
         typeof(string) on (where Result contains u) | project u, Result",
        "u:string Result:string",
    );
    check(
        "let seen = SigninLogs | summarize make_set(UserPrincipalName); print a = 1 | mv-expand u = toscalar(seen)",
        "a:long u:dynamic",
    );
    // A column that was set to a constant is one.
    check("print a = 'x1' | extend r = @'^x\\d' | where a matches regex r | project a", "a:string\nx1");
    refuse("print a = 'x1' | extend r = strcat(a, '') | where a matches regex r", "KS129");
    check(
        "let ips = SigninLogs | distinct IPAddress; AuditLogs | where OperationName !in (ips) | project Result",
        "Result:string",
    );
    check("let n = toscalar(SigninLogs | count); AuditLogs | summarize c = count() | where c > n", "c:long");
    refuse("AuditLogs | sort by OperationName | take toscalar(SigninLogs | count)", "KT007");
}

#[test]
fn a_name_that_is_given_goes_behind_one_that_came_by_itself() {
    let table = "datatable(a:string, m:long)['x', 1] ";
    check(&format!("{table} | summarize arg_max(m, *), m = dcount(a)"), "m:long a:string m1:long\n1|x|1");
    refuse(&format!("{table} | summarize m = count(), m = dcount(a)"), "KS171");
    refuse(&format!("{table} | summarize m = count() by m"), "KS171");
}

#[test]
fn windows_look_at_other_rows() {
    check(
        "range x from 1 to 3 step 1 | sort by x asc | extend p = prev(x), n = next(x, 1, 9), r = row_number(), c = row_cumsum(x)",
        "x:long p:long n:long r:long c:long\n1||2|1|1\n2|1|3|2|3\n3|2|9|3|6",
    );
    // The clock may stand in where no row is.
    check("print t = now() | serialize | extend d = prev(t, 1, now(-1d)) | project n = isnull(d)", "n:bool\nFalse");
    check("range x from 1 to 3 step 1 | sort by x desc | where row_number() == 1", "x:long\n3");
    check("range x from 1 to 9 step 1 | take 3 | where x > 1 | count", "Count:long\n2");
}

#[test]
fn unions_take_views_and_name_their_sources() {
    check("union withsource=s (print x = 1 | as A), (print x = 2 | as B | where x > 0)", "s:string x:long\nA|1\nB|2");
    check("union withsource=s (print x = 1), (print x = 'a') | project-away s", "x_long:long x_string:string\n1|\n|a");
    check("print x = 1 | as A | union withsource=s (print x = 2 | as B)", "s:string x:long\nA|1\nB|2");
    check("let A1 = view () { print a = 1 }; let A2 = print a = 2; union A1, A2", "a:long\n1\n2");
    check("let Zz_1 = print a = 1; let Zz_2 = print a = 2; union Zz_*", "a:long\n1\n2");
    check("union isfuzzy=true NoSuch, Neither(), (print a = 1)", "a:long\n1");
    check(&format!("{T} | as U | union U | count"), "Count:long\n6");
    refuse("union Zz_*", "KS204");
}

#[test]
fn bags_unpack_where_their_members_are_known() {
    let table = "datatable(d:dynamic) [dynamic({'a': 1, 'b': 'x'}), dynamic({'a': 2})] ";
    check(&format!("{table} | evaluate bag_unpack(d, 'p_')"), "p_a:long p_b:string\n1|x\n2|");
    check(&format!("{table} | evaluate bag_unpack(d) : (a:long, c:string)"), "a:long c:string\n1|\n2|");
    check(
        "print x = 1 | extend d = bag_pack('k', x, 'm', 'y') | evaluate bag_unpack(d)",
        "x:long k:long m:string\n1|1|y",
    );
    refuse("print 1 | evaluate nothing()", "KT001");
}

#[test]
fn a_text_is_searched_in_every_column() {
    let table = "datatable(a:string, b:string) ['foo bar', 'x', 'y', 'foobar'] ";
    check(&format!("{table} | search 'bar' | project a"), "a:string\nfoo bar");
    check(&format!("{table} | search '*bar' and a == 'y' | project b"), "b:string\nfoobar");
    check(&format!("{table} | search not('bar') | project a"), "a:string\ny");
    check(&format!("{table} | where * contains 'obar' | project a"), "a:string\ny");
    // A `*` in the middle stands for anything between two terms; what is piped is called by its table's name.
    check(&format!("{table} | search 'f*bar' | project a, b"), "a:string b:string\nfoo bar|x\ny|foobar");
    check(&format!("{table} | as T | search 'o*bar'"), "$table:string a:string b:string");
    check("print a = 'x' | as T | search a:'X'", "$table:string a:string\nT|x");
}

#[test]
fn diagnostics_have_columns_that_no_schema_knows() {
    let join = "AzureDiagnostics | join (AzureDiagnostics | where Category == 'x') on CorrelationId";
    check(&format!("{join} | project clientIP_s, spare_d"), "clientIP_s:string spare_d:real");
    check("AzureDiagnostics | summarize make_set(spare_s) by Resource", "Resource:string set_spare_s:dynamic");
    refuse(&format!("{join} | project Zork"), "KS142");
}

#[test]
fn a_number_beside_a_string_is_text() {
    let table = "datatable(a:string) ['0', '1', 'y'] ";
    check(&format!("{table} | where a == 0"), "a:string\n0");
    check(&format!("{table} | where a != 0"), "a:string\n1\ny");
    check(&format!("{table} | where a in (0, '1')"), "a:string\n0\n1");
    refuse(&format!("{table} | extend n = 1 + row_number() | where a == n"), "SEM0064");
    // A text beside true or false is what it reads as.
    check("datatable(a:string)['True', 'false', 'x', ''] | where a == true", "a:string\nTrue");
    check("datatable(a:string)['True', 'false', 'x', ''] | where false != a", "a:string\nTrue\nx\n");
    refuse("print a = 'x', b = true | extend b = b and true | where a == b", "SEM0064");
    refuse(&format!("{table} | where a > 0"), "KS106");
}

#[test]
fn make_series_over_the_clock() {
    let table = "datatable(t:datetime, v:long) [datetime(2024-01-01), 1, datetime(2024-01-03), 5] | make-series sum(v) default=0 on t ";
    check(
        &format!("{table} from datetime(2024-01-01) to datetime(2024-01-04) step 1d | project sum_v"),
        "sum_v:dynamic\n[1,0,5]",
    );
    check(
        &format!("{table} in range(datetime(2024-01-01), datetime(2024-01-04), 1d) | project sum_v"),
        "sum_v:dynamic\n[1,0,5,0]",
    );
    check(
        "print t = ago(1h) | make-series count() on t from ago(2d) to now() step 1d | project count_",
        "count_:dynamic\n[0,1]",
    );
    refuse(&format!("{table} from 1 to 2 step 1d"), "KS178");
}

#[test]
fn a_stream_refuses_what_needs_all_rows() {
    for (query, expected) in [
        ("AuditLogs | where Result == 'x' | project Result", ""),
        ("AuditLogs | mv-expand TargetResources | parse Result with a 'x' b", ""),
        ("AuditLogs | mv-apply t = TargetResources on (summarize count())", ""),
        ("AuditLogs | join kind=inner (print Result = 'a') on Result", ""),
        ("print Result = 'a' | join kind=inner (AuditLogs) on Result", ""),
        ("AuditLogs | where Result in ((print 'a'))", ""),
        ("AuditLogs | sort by Result | take 5", ""),
        ("AuditLogs | summarize count()", "summarize"),
        ("AuditLogs | distinct Result", "distinct"),
        ("AuditLogs | top-nested 1 of Result by count()", "top-nested"),
        (
            "AuditLogs | make-graph Result --> Id with_node_id=n | graph-mark-components | graph-to-table nodes",
            "graph-mark-components",
        ),
        ("AuditLogs | make-graph Result --> Id | graph-to-table edges with_source_id=s", ""),
        ("AuditLogs | take 5 | project Result", "take"),
        ("AuditLogs | join kind=fullouter (print Result = 'a') on Result", "join"),
        ("AuditLogs | join (SigninLogs) on CorrelationId", "join"),
        ("AuditLogs | where Result in ((SigninLogs | project Id))", "in"),
        ("union AuditLogs, (SigninLogs | count) | join kind=inner (print Result = 'a') on Result", "count"),
    ] {
        assert_eq!(waiting(query).join(","), expected, "{query}");
    }
    assert_eq!(bound("print 1").unwrap().stream_refusals().len(), 1, "no record can match it");
}

#[test]
fn a_column_that_no_schema_knows_has_the_type_of_its_name() {
    let columns = answer("AzureDiagnostics | project a_s, b_d, c_t, d_b, e_g, f");
    assert_eq!(columns, "a_s:string b_d:real c_t:datetime d_b:bool e_g:string f:dynamic");
    // As a key of a join it is text.
    check("AuditLogs | where Foo != 1 | join kind=leftsemi (print Foo = 'x') on Foo | project Foo", "Foo:string");
}

#[test]
fn every_operator_is_bound_without_an_error_twice() {
    // What is wrong in both legs of a union is said once, and what is wrong in one expression does not hide another.
    let errors = bound("union AuditLogs, SigninLogs | where nothing1() | extend x = nothing2()").unwrap_err();
    assert_eq!(errors.iter().collect::<BTreeSet<_>>().len(), errors.len());
    assert_eq!(errors.len(), 2, "{errors:?}");
}

#[test]
fn a_session_ends_where_rows_are_far_apart() {
    let rows = "datatable(k:string, m:long)['a', 0, 'a', 4, 'a', 8, 'a', 13, 'b', 14, 'b', 74, 'b', long(null), 'b', 75] \
                | extend t = datetime(2024-04-11) + m * 1m | sort by k asc, m asc nulls last";
    let session =
        "| extend s = row_window_session(t, 10m, 5m, k != prev(k)) | project m, s = (s - datetime(2024-04-11)) / 1m";
    check(&format!("{rows} {session}"), "m:long s:real\n0|0\n4|0\n8|0\n13|13\n14|14\n74|74\n75|74\n|");
    refuse(&format!("{rows} | extend s = row_window_session(m, 10m, 5m)"), "KS141");
    refuse(&format!("{rows} | extend s = row_window_session(t, m * 1m, 5m)"), "KS");
}

#[test]
fn a_series_gives_several_columns() {
    let series = "print y = dynamic([1, 3, 5])";
    check(&format!("{series} | extend (r, s) = series_fit_line(y) | project-away y"), "r:real s:real\n1|2");
    check(
        &format!("{series} | project series_stats(y)"),
        "series_stats_y_min:real series_stats_y_min_idx:long series_stats_y_max:real series_stats_y_max_idx:long \
         series_stats_y_avg:real series_stats_y_stdev:real series_stats_y_variance:real\n1|0|5|2|3|2|4",
    );
    check(&format!("{series} | extend (low) = series_stats(y) | project-away y"), "low:real\n1");
    check(&format!("{series} | project f = series_fit_line_dynamic(y).line_fit"), "f:dynamic\n[1,3,5]");
    check(
        &format!("{series} | project (a) = series_decompose_anomalies(y, 1.5, 0)"),
        "a:dynamic series_decompose_anomalies_y_ad_score:dynamic series_decompose_anomalies_y_baseline:dynamic\n\
         [0,0,0]|[-0.3465757006884894,0,0.3465757006884894]|[3,3,3]",
    );
    check(
        &format!("{series} | project series_periods_detect(y, 4.0, 9.0, 1)"),
        "series_periods_detect_y_periods:dynamic series_periods_detect_y_scores:dynamic\n[0]|[0]",
    );
    refuse(&format!("{series} | project (a, b) = array_length(y)"), "KT003");
    refuse(&format!("{series} | project (a, b, c, d, e, f, g, h) = series_stats(y)"), "KS150");
    refuse(&format!("{series} | extend (a, a) = series_stats(y)"), "KS171");
    // `project` shows what has no name too, and so does a name without parentheses.
    let rest = "series_stats_y_min_idx:long series_stats_y_max:real series_stats_y_max_idx:long series_stats_y_avg:real \
                series_stats_y_stdev:real series_stats_y_variance:real\n1|0|3|1|2|1.4142135623730951|2";
    check("print y = dynamic([1, 3]) | project (m) = series_stats(y)", &format!("m:real {rest}"));
    check("print y = dynamic([1, 3]) | extend m = series_stats(y) | project-away y", &format!("m:real {rest}"));
    check(
        "print y = dynamic([1,9,1,9]) | extend (a, b) = series_decompose_anomalies(y, 1.5, 2) | project b",
        "b:dynamic\n[0,0,0,0]",
    );
    check(
        "print y = dynamic([1,9,1,9]) | extend (a) = series_decompose_anomalies(y, 1.5, -1) | project a",
        "a:dynamic\n[0,0,0,0]",
    );
    check(
        "print y = dynamic([1,2,9,8]) | extend series_fit_2lines(y) | project series_fit_2lines_y_right_slope",
        "series_fit_2lines_y_right_slope:real\n-1",
    );
    // Arrays that follow another: a column each, or an array of them where one value is asked for.
    check(
        "let a = dynamic([2,1]); let b = dynamic(['x','y']); print array_sort_asc(a, b), c = array_sort_desc(a, b)[1]",
        "a_sorted:dynamic b_sorted:dynamic c:dynamic\n[1,2]|[\"y\",\"x\"]|[\"x\",\"y\"]",
    );
    check(
        "print a = dynamic([2,1]) | extend (p) = array_sort_asc(a, dynamic([7,8])) | project-away a",
        "p:dynamic\n[1,2]",
    );
}

#[test]
fn old_spellings_are_read() {
    check("print 1000. / 4, 2.", "print_0:real print_1:real\n250|2");
    check(
        "print x = 'abc' | where x notcontains 'z' and x containscs 'b' and x notcontainscs 'B' | count",
        "Count:long\n1",
    );
    check("range x from 1 to 2 step 1 | where x between (1..2) | count", "Count:long\n2");
}

#[test]
fn a_value_beside_a_dynamic_is_one() {
    check(
        "print a = tostring(iff(true, true, dynamic(null))), b = tostring(case(false, dynamic(1), true, 1.5, 2.0)), \
         c = tostring(coalesce(dynamic(null), false)), d = gettype(iff(false, dynamic(1), true))",
        "a:string b:string c:string d:string\ntrue|1.5|false|bool",
    );
    let rows = "range x from 1 to 1 step 1 | extend b = x > 0";
    check(
        &format!("{rows} | project p = tostring(iff(b, b, dynamic(2))), q = tostring(iff(b, b, false))"),
        "p:string q:string\ntrue|True",
    );
    // Beside a text it becomes one, unless a constant chooses it.
    check(
        "print d = dynamic({'a': 'x', 'n': 5}) | project a = iff(isnull(d.no), d.a, ''), n = case(isnull(d.no), d.n, 'none'), \
         c = coalesce(tostring(d.no), split('p q', ' ')[0]), l = iff(true, d, dynamic([])), k = iff(1 > 0, dynamic([1]), 'a'), \
         m = coalesce(dynamic([1]), 5)",
        "a:string n:string c:string l:dynamic k:dynamic m:dynamic\nx|5|p|{\"a\":\"x\",\"n\":5}|[1]|[1]",
    );
}

#[test]
fn what_is_read_from_records_may_be_an_argument() {
    let parser = "let f = (names: dynamic, least: long) { Syslog | where HostName has_any (names) and ProcessID > least }; \
                  let g = (names: dynamic) { f(names, 5) }";
    let names = "toscalar(Heartbeat | summarize make_set(Computer))";
    check(&format!("{parser}; f({names}, 5) | project HostName"), "HostName:string");
    check(&format!("{parser}; let n = {names}; g(n) | project HostName"), "HostName:string");
    refuse(&format!("{parser}; f({names}, toscalar(Heartbeat | project Computer))"), "KS107");
    // It has the type that is declared, or the query is refused.
    check("let f = (x: real) { print y = x / 2 }; f(toscalar(print 5))", "y:real\n2.5");
    check("let f = (x: int) { print y = x }; f(toscalar(print 5.7))", "y:int\n5");
    refuse("let f = (x: real) { Syslog | where ProcessID > x / 2 }; f(toscalar(Heartbeat | count))", "KS107");
    // Within, a constant has the type that is declared.
    check(
        "let f = (names: dynamic) { print a = array_length(names), b = 'x y' has_any (names) }; f('x')",
        "a:long b:bool\n|True",
    );
    // A scalar of such scalars is one.
    check("let a = toscalar(Heartbeat | count); let b = toscalar(a + 1); Syslog | project x = b", "x:long");
    check("print a = datetime(now) == now()", "a:bool\nTrue");
}
