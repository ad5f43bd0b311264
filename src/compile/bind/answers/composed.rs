//! Plug-ins that are queries of other operators, and what is computed over groups in groups.

use super::{check, refuse};

/// Ids by number, so that windows are easy to see.
const SEEN: &str = "datatable(id:string, t:long)['a', 0, 'b', 0, 'a', 1, 'c', 2] | evaluate ";

#[test]
fn windows_slide_over_ids() {
    check(
        &format!("{SEEN} sliding_window_counts(id, t, 0, 3, 2, 1)"),
        "t:long Count:long Dcount:long\n0|2|2\n1|3|2\n2|2|2\n3|1|1",
    );
    refuse(&format!("{SEEN} sliding_window_counts(id, t, 0, 3, 2, 'week')"), "KT003");
    refuse(&format!("{SEEN} sliding_window_counts(id, t, 0, 3, 20000, 1)"), "KT016");
    refuse(&format!("{SEEN} sliding_window_counts(id, t, 0, 3)"), "KS120");
    refuse(&format!("{SEEN} sliding_window_counts(id, t, 0, 3, 2, 1, t + 1)"), "KS109");
    check(
        "datatable(id:string, t:long, k:string)['a', 0, 'x', 'a', 1, 'x', 'b', 1, 'x', 'a', 1, 'y'] \
         | evaluate activity_counts_metrics(id, t, 0, 1, 1, k)",
        "t:long k:string count:long dcount:long new_dcount:long aggregated_dcount:long\n0|x|1|1|1|1\n1|x|2|2|1|2\n1|y|1|1|1|1",
    );
    // A session is new where its id was not seen for the lookback.
    check(
        "datatable(id:string, t:long)['a', 0, 'a', 1, 'a', 5, 'b', 1] | evaluate session_count(id, t, 0, 9, 5, 3)",
        "t:long count_sessions:long\n0|2\n5|1",
    );
    check(
        "datatable(id:string, t:long)['a', 0, 'a', 3] | evaluate session_count(id, t, 0, 9, 5, 3)",
        "t:long count_sessions:long\n0|2",
    );
    // A lookback ends with the row's own period, and what is as far back as it is long is not in it.
    let users = "datatable(id:string, t:datetime)['a', datetime(2024-01-02), 'a', datetime(2024-01-03), 'b', datetime(2024-01-01), \
                 'b', datetime(2024-01-03)]";
    check(
        &format!(
            "{users} | evaluate active_users_count(id, t, datetime(2024-01-01), datetime(2024-01-09), 2d, 1d, 2, 7d)"
        ),
        "t:datetime dcount:long\n2024-01-01T00:00:00.0000000Z|1",
    );
    check(
        "let T = datatable(t:long, v:long)[0, 1, 1, 5, 2, 9, 4, 2]; let p = 100; T | evaluate rolling_percentile(v, p, t, 1, 2)",
        "t:long rolling_2_percentile_v_100:long\n0|1\n1|5\n2|9\n4|2",
    );
}

#[test]
fn own_names_do_not_clash_and_values_must_fit() {
    // A column may be called like a plug-in's own, or like what stands for one in its query.
    check(
        "datatable(__id:string, __at:long, ['{time}']:string)['a', 0, 'x', 'a', 1, 'x'] \
         | evaluate sliding_window_counts(__id, __at, 0, 3, 2, 1, ['{time}'])",
        "__at:long {time}:string Count:long Dcount:long\n0|x|1|1\n1|x|2|1\n2|x|1|1",
    );
    // A lookback that begins before time does.
    check(
        "datatable(id:string, t:datetime)['a', datetime(0001-01-01 01:00)] \
         | evaluate session_count(id, t, datetime(0001-01-01), datetime(0001-01-09), 1d, 5d)",
        "t:datetime count_sessions:long\n0001-01-01T00:00:00.0000000Z|1",
    );
    for call in [
        "sliding_window_counts(id, t, 0, 3, -2, -1)",
        "session_count(id, t, 0, 9, 0, 3)",
        "rolling_percentile(t, 150, t, 1, 2)",
        "rolling_percentile(t, 50, t, 1, -2)",
        "rows_near(t == 1, -1)",
        "rows_near(t == 1, 1, -1)",
    ] {
        refuse(&format!("{SEEN} {call}"), "KS107");
    }
}

#[test]
fn rows_near_others_and_what_sketches_share() {
    let rows = "range x from 1 to 9 step 1 | evaluate";
    check(&format!("{rows} rows_near(x == 5, 1)"), "x:long\n4\n5\n6");
    check(&format!("{rows} rows_near(x == 5 or x == 9, 1, 2)"), "x:long\n4\n5\n6\n7\n8\n9");
    check(&format!("{rows} rows_near(x == 1, 0)"), "x:long\n1");
    refuse(&format!("{rows} rows_near(x == 5)"), "KS120");
    refuse(&format!("{rows} rows_near(nothing, 1)"), "KS142");
    check(
        "range x from 1 to 12 step 1 | summarize a = hll(x), b = hll(iff(x % 2 == 0, x, 2)), c = hll(iff(x % 3 == 0, x, 3)) \
         | evaluate dcount_intersect(a, b, c)",
        "s0:long s1:long s2:long\n12|6|2",
    );
    refuse("print a = hll_merge(dynamic(1), dynamic(2)) | evaluate dcount_intersect(a)", "KT003");
}

#[test]
fn schemas_become_one() {
    let schemas = "let A = datatable(a:string, b:int)[] | getschema; let B = datatable(a:string, c:string, b:int)[] | getschema; \
                   union A, B | evaluate";
    let head = "ColumnName:string ColumnOrdinal:long DataType:string ColumnType:string\na|0|System.String|string\n";
    check(
        &format!("{schemas} schema_merge(PreserveOrder = false)"),
        &format!("{head}c|1|System.String|string\nb|2|System.Int32|int"),
    );
    refuse(&format!("{schemas} schema_merge(PreserveOrder = nonsense)"), "KS107");
    let error = "ERROR(columns are out of order)";
    check(
        &format!("{schemas} schema_merge()"),
        &format!("{head}c|1|System.String|string\nb|-1|ERROR(unknown CSL type:{error})|{error}"),
    );
    refuse(
        "union (datatable(a:int)[] | getschema), (datatable(a:long)[] | getschema) | evaluate schema_merge()",
        "KT003",
    );
    refuse("print a = 1 | evaluate schema_merge()", "KT003");
}

#[test]
fn groups_in_groups() {
    let table =
        "datatable(k:string, u:string, n:long)['a', 'u1', 1, 'a', 'u2', 3, 'b', 'u1', 5, 'b', 'u3', 1, 'c', 'u1', 2]";
    check(
        &format!("{table} | top-nested 2 of k by sum(n), top-nested 1 of u by sum(n)"),
        "k:string aggregated_k:long u:string aggregated_u:long\nb|6|u1|5\na|4|u2|3",
    );
    check(
        &format!("{table} | top-nested 1 of k with others='rest' by s = sum(n) | project k, s"),
        "k:string s:long\nb|6\nrest|6",
    );
    check(
        &format!(
            "{table} | top-nested 1 of k with others='K' by sum(n), top-nested 1 of u with others='U' by max(n) - 1 asc"
        ),
        "k:string aggregated_k:long u:string aggregated_u:long\nb|6|u3|0\nb|6|U|4\nK|6|U|2",
    );
    check(&format!("{table} | top-nested of bin(n, 4) by c = count() asc | project n, c"), "n:long c:long\n4|1\n0|4");
    // Of equal ones the later comes first.
    check(&format!("{table} | top-nested 2 of k by max(1) | project k"), "k:string\nc\nb");
    check(&format!("{table} | where n > 9 | top-nested of k by count()"), "k:string aggregated_k:long");
    refuse(&format!("{table} | top-nested 1 of k with others='r' by sum(n), top-nested 1 of u by sum(n)"), "KT003");
    refuse(&format!("{table} | top-nested 1 of k by nothing(n)"), "KS143");
    refuse(&format!("{table} | top-nested 1 of k by n"), "K");
}

#[test]
fn series_of_what_is_computed() {
    check(
        "datatable(t:long, v:long)[0, 1, 0, 2, 2, 5] | make-series s = sum(v) * 10 + count(), c = -1 default=-2, max(v) on t \
         from 0 to 3 step 1",
        "s:dynamic c:dynamic max_v:dynamic t:dynamic\n[32,0,51]|[-1,-2,-1]|[2,0,5]|[0,1,2]",
    );
}

#[test]
fn patterns_and_properties() {
    let pattern =
        "declare pattern p = (a:string)[b:string] { ('x').['y'] = { print n = 1 }; ('x').['z'] = { print n = 2 }; }; ";
    check(&format!("{pattern} union p('x').y, p(\"x\").['z'], (p('x').z | extend n = n + 1)"), "n:long\n1\n2\n3");
    refuse(&format!("{pattern} p('q').y"), "SEM0036");
    refuse(&format!("{pattern} p('x')"), "SEM0036");
    refuse("declare pattern p; p('x')", "SEM0036");
    refuse("declare pattern p = (a:string) { ('x', 'y') = { print 1 }; }; p('x')", "KS119");
    check("declare pattern p = (a:string) { ('x') = { print n = 1 } }; p('x') | count", "Count:long\n1");
    check(
        "let f = (n:long) { assert(n > 0, 'n') and n > 1 }; print f(1), f(2)",
        "print_0:bool print_1:bool\nFalse|True",
    );
    refuse("let f = (n:long) { assert(n > 0, 'n is small') }; print f(-1)", "KT021");
    refuse("range x from 1 to 2 step 1 | where assert(x > 0, 'x')", "KS129");
    let set = "set query_bin_auto_size = 10; set query_bin_auto_at = 3; set notruncation;";
    check(
        &format!("{set} range x from 0 to 20 step 5 | summarize count() by bin_auto(x)"),
        "x:long count_:long\n-7|1\n3|2\n13|2",
    );
    refuse("print bin_auto(5)", "KT003");
    check(
        "print a = 'four', b = 1, c = int(2), d = true | project size = estimate_data_size(*), part = estimate_data_size(a, c)",
        "size:long part:long\n17|8",
    );
    refuse("print a = dynamic([]) | project estimate_data_size(a)", "KT003");
    refuse("print a = 1 | project estimate_data_size(b)", "KS142");
    check("print d = datetime(2017 - 08 - 01)", "d:datetime\n2017-08-01T00:00:00.0000000Z");
}

#[test]
fn places_are_looked_up_in_shapes() {
    let shapes = "let S = datatable(name:string, x:string, s:dynamic)['square', 'k', dynamic({'type':'Polygon','coordinates':\
                  [[[0,0],[2,0],[2,2],[0,2],[0,0]]]})]; ";
    let places = "datatable(x:real, y:real)[1.0, 1.0, 9.0, 9.0, 2.5, 1.0] | evaluate geo_polygon_lookup(S, s, x, y";
    check(&format!("{shapes}{places})"), "x:real y:real name:string x1:string\n1|1|square|k");
    check(
        &format!("{shapes}{places}, radius=100000, return_unmatched=true)"),
        "x:real y:real name:string x1:string\n1|1|square|k\n9|9||\n2.5|1|square|k",
    );
    check(&format!("{shapes}{places}, return_lookup_key=true) | project t = tostring(s.type)"), "t:string\nPolygon");
    refuse(&format!("{shapes}{places}, return_unmatched=5)"), "KS131");
    let lines = "let L = datatable(name:string, l:dynamic)['line', dynamic({'type':'LineString','coordinates':[[0,0],[0,9]]})]; \
                 datatable(x:real, y:real)[0.001, 1.0, 1.0, 1.0] | evaluate geo_line_lookup(L, l, x, y";
    check(&format!("{lines}, 1000)"), "x:real y:real name:string\n0.001|1|line");
    refuse(&format!("{lines})"), "KS119");
}

#[test]
fn graphs_are_tables() {
    let edges = "datatable(a:string, b:string, n:long)['x', 'y', 1, 'y', 'x', 2, 'y', 'z', 3, 'u', 'v', 4] | make-graph a --> b ";
    check(
        &format!("{edges} with_node_id=node | graph-mark-components with_component_id = family | graph-to-table nodes"),
        "node:string family:long\nx|0\ny|0\nu|1\nz|0\nv|1",
    );
    check(
        &format!(
            "{edges} with_node_id=node | graph-mark-components kind=strong | graph-to-table nodes | summarize n = count() by ComponentId"
        ),
        "ComponentId:long n:long\n0|2\n1|1\n2|1\n3|1",
    );
    // Nodes of a table, and those that only edges name.
    let nodes = "(datatable(id:string, age:long)['x', 7, 'x', 8, 'w', 9])";
    check(
        &format!("{edges} with {nodes} on id | graph-mark-components | graph-to-table nodes | sort by id asc"),
        "id:string age:long ComponentId:long\nu||2\nv||2\nw|9|1\nx|7|0\ny||0\nz||0",
    );
    check(
        &format!("{edges} | graph-to-table edges with_target_id=t | where t == hash('z') | project-away t"),
        "a:string b:string n:long\ny|z|3",
    );
    check(
        &format!(
            "{edges} with_node_id=node | graph-to-table nodes with_node_id=h | where h == hash('v') | project node"
        ),
        "node:string\nv",
    );
    refuse(&format!("{edges} | graph-to-table nodes"), "KT003");
    refuse(&format!("{edges} | graph-match (p)-[e]->(q) project p"), "KT001");
    refuse(&format!("{edges} with {nodes} on id, {nodes} on id | graph-to-table nodes"), "KT001");
    refuse(&format!("{edges} with {nodes} on age | graph-to-table nodes"), "KS107");
    refuse("print a = 'x', b = 1 | make-graph a --> b | graph-to-table edges", "KS107");
    refuse("print a = 'x' | make-graph a --> c | graph-to-table edges", "KS142");
}
