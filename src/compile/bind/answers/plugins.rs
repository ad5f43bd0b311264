//! Plug-ins of `evaluate`, and what is found out only when rows are read.

use super::{answer, bound, check, refuse, waiting};
use crate::compile::{BindOptions, bind_query};
use crate::kql::{Limits, parse};
use crate::schema::Catalog;

/// The codes of everything that is said of a query.
fn said(query: &str) -> Vec<&'static str> {
    let parsed = parse(query, &Limits::default());
    let (_, diagnostics) = bind_query(&parsed.query, &Catalog::builtin(), BindOptions::default());
    parsed.diagnostics.iter().chain(&diagnostics).map(|d| d.code).collect()
}

const NETS: &str = "let N = datatable(net:string, who:string, k:string) \
                    ['10.0.0.0/8', 'all', 'x', '10.1.0.0/16', 'one', 'x', '192.0.2.1', 'host', 'y']; ";

#[test]
fn addresses_are_looked_up_in_networks() {
    let ips = "datatable(ip:string, k:string)['10.1.2.3', 'x', '192.0.2.1', 'x', '198.51.100.1', 'x', 'none', 'x']";
    check(
        &format!("{NETS}{ips} | evaluate ipv4_lookup(N, ip, net)"),
        "ip:string k:string net:string who:string k1:string\n10.1.2.3|x|10.0.0.0/8|all|x\n10.1.2.3|x|10.1.0.0/16|one|x\n192.0.2.1|x|192.0.2.1|host|y",
    );
    // A further key must be equal too; what has no partner stays if that is asked for.
    check(
        &format!("{NETS}{ips} | evaluate ipv4_lookup(N, ip, net, k, return_unmatched=true)"),
        "ip:string k:string net:string who:string\n10.1.2.3|x|10.0.0.0/8|all\n10.1.2.3|x|10.1.0.0/16|one\n192.0.2.1|x||\n198.51.100.1|x||\nnone|x||",
    );
    // A network that is wider than those of the table meets them in the bits that both have.
    check(&format!("{NETS}print ip='10.0.0.0/7' | evaluate ipv4_lookup(N, ip, net) | count"), "Count:long\n2");
    check(
        "let N = datatable(net:string)['2001:db8::/32', '10.0.0.0/8']; \
         datatable(ip:string)['2001:db8::1', '10.9.9.9', '2001:db9::1'] | evaluate ipv6_lookup(N, ip, net, true)",
        "net:string ip:string\n2001:db8::/32|2001:db8::1\n10.0.0.0/8|10.9.9.9\n|2001:db9::1",
    );
    // A known table of networks needs no window; one of records does.
    assert_eq!(waiting(&format!("{NETS}SigninLogs | evaluate ipv4_lookup(N, IPAddress, net)")), [""; 0]);
    assert_eq!(waiting("SigninLogs | evaluate ipv4_lookup(Heartbeat, IPAddress, ComputerIP)"), ["ipv4_lookup"]);
    refuse("SigninLogs | evaluate ipv4_lookup(Heartbeat, IPAddress)", "KS119");
    refuse(&format!("{NETS}SigninLogs | evaluate ipv4_lookup(N, CreatedDateTime, net)"), "KS107");
    refuse(&format!("{NETS}SigninLogs | evaluate ipv4_lookup(N, IPAddress, net, 5)"), "KS131");
    refuse("SigninLogs | evaluate basket()", "KT001");
}

#[test]
fn members_of_a_bag_that_nobody_knows_are_columns() {
    let bag = "datatable(s:string)['{\"a\":1,\"b\":\"x\"}'] | extend d = parse_json(s) ";
    check(&format!("{bag}| evaluate bag_unpack(d) | where a == 1 | project b"), "b:string\nx");
    check(&format!("{bag}| evaluate bag_unpack(d, 'p_') | project-away s"), "p_a:long p_b:string\n1|x");
    check(
        &format!(
            "{bag}| evaluate bag_unpack(d) | project x = column_ifexists('a', long(7)), y = column_ifexists('z', long(7))"
        ),
        "x:long y:long\n1|7",
    );
    // Names that known tables agree on have their type.
    check("print d = parse_json('{\"SHA256\":\"q\"}') | evaluate bag_unpack(d) | project SHA256", "SHA256:string\nq");
    // Of records nobody knows it, and the bag stays beside what is read of it.
    let records = "AuditLogs | extend d = parse_json(Result) ";
    check(&format!("{records}| evaluate bag_unpack(d, 'p_') | project p_b, d"), "p_b:dynamic d:dynamic");
    assert_eq!(said(&format!("{records}| evaluate bag_unpack(d) | where a == 1")), ["KT014"]);
    assert_eq!(said(&format!("{records}| evaluate bag_unpack(d) : (a:long) | where a == 1")), [""; 0]);
    refuse(
        &format!("{records}| project d | evaluate bag_unpack(d, ignoredProperties=dynamic(['q'])) | where q == 1"),
        "KS142",
    );
    // What is projected is all there is.
    refuse(&format!("{bag}| evaluate bag_unpack(d) | project a | where b == 1"), "KS142");
    assert_eq!(waiting("AuditLogs | extend d = parse_json(Result) | evaluate bag_unpack(d) | where zz == 1"), [""; 0]);
}

#[test]
fn a_member_with_the_name_of_a_column() {
    let bag = "datatable(a:string, d:dynamic)['old', dynamic({\"a\":\"new\",\"b\":1})] ";
    refuse(&format!("{bag}| evaluate bag_unpack(d)"), "KS171");
    check(&format!("{bag}| evaluate bag_unpack(d, columnsConflict='keep_source')"), "a:string b:long\nold|1");
    check(&format!("{bag}| evaluate bag_unpack(d, '', 'replace_source')"), "a:string b:long\nnew|1");
    check(&format!("{bag}| evaluate bag_unpack(d, 'p_')"), "a:string p_a:string p_b:long\nold|new|1");
    check(&format!("{bag}| evaluate bag_unpack(d, ignoredProperties=dynamic(['a']))"), "a:string b:long\nold|1");
    refuse(&format!("{bag}| evaluate bag_unpack(d, columnsConflict='maybe')"), "KS131");
    // Bags that are made of rows that are known are known.
    let made = "datatable(k:string, v:string)['x', 'a', 'y', 'b'] | summarize bag = make_bag(bag_pack(k, v))";
    check(&format!("{made} | evaluate bag_unpack(bag)"), "x:string y:string\na|b");
}

#[test]
fn values_of_a_column_become_columns() {
    let rows = "datatable(c:string, k:string, n:long)['a', 'x', 1, 'b', 'x', 2, 'a', 'y', 3, 'a', 'y', 4] ";
    check(
        &format!("{rows}| evaluate pivot(c, sum(n), k) | project k, a, t = a + coalesce(b, 0)"),
        "k:string a:long t:long\nx|1|3\ny|7|7",
    );
    check(
        &format!("{rows}| evaluate pivot(c, sum(n), k) : (k:string, b:long, z:long)"),
        "k:string b:long z:long\nx|2|\ny||",
    );
    check(
        &format!("{rows}| project c, k | evaluate pivot(c)"),
        "k:string pivot:dynamic\nx|{\"a\":1,\"b\":1}\ny|{\"a\":2}",
    );
    refuse(&format!("{rows}| evaluate pivot(5)"), "KS109");
}

#[test]
fn within_mv_apply_the_record_is_open() {
    assert_eq!(said("AuditLogs | mv-apply t = TargetResources on (where Own_s == t.id) | project Own_s"), ["KS142"]);
    assert_eq!(
        answer("AuditLogs | mv-apply t = TargetResources on (summarize a = take_any(Own_s)) | project a"),
        "a:string"
    );
    // One in the other.
    let nested = "AuditLogs | mv-apply t = TargetResources on (mv-apply u = t.x on (where Own_s == u)) | project Own_s";
    assert_eq!(bound(nested).unwrap().columns.len(), 1);
    // What is put away, or is no column of rows that are spelt out, is unknown.
    refuse("AuditLogs | mv-apply t = TargetResources on (project t | where Own_s == t.id)", "KS142");
    refuse("AuditLogs | mv-apply t = TargetResources on (project-away Result | where Result == 'x')", "KS142");
    refuse("print d = dynamic([1]) | mv-apply d on (where e == 1)", "KS142");
    refuse("SigninLogs | summarize count() by IPAddress | where Own_s == 'x'", "KS142");
}

#[test]
fn what_defender_knows_of_a_file_is_empty() {
    let query = "DeviceFileEvents | invoke FileProfile('SHA256', 500) | where GlobalPrevalence < 10 | project Signer";
    assert_eq!(said(query), ["KT015"]);
    assert_eq!(answer(query), "Signer:string");
    check("print a = 1 | invoke SeenBy() | project n = isnull(SeenBy)", "n:bool\nTrue");
    check(
        "print SHA1 = 'x' | invoke FileProfile() | project SHA1, n = isnull(GlobalPrevalence)",
        "SHA1:string n:bool\nx|True",
    );
    check(
        "let FileProfile = (T:(*)) { T | extend Own = 1 }; print a = 2 | invoke FileProfile()",
        "a:long Own:long\n2|1",
    );
}

#[test]
fn find_shows_what_is_asked_for_and_packs_the_rest() {
    let tables = "let A = view () { datatable(a:string, n:long)['x', 1, 'y', 2] }; \
                  let B = view () { datatable(b:string, n:long)['x', 3] }; ";
    check(
        &format!("{tables}find in (A, B) where n > 1 project n, b:string"),
        "source_:string n:long b:string\nA|2|\nB|3|x",
    );
    check(
        &format!("{tables}find withsource=T in (A, B) where n > 1"),
        "T:string n:long pack_:dynamic\nA|2|{\"a\":\"y\"}\nB|3|{\"b\":\"x\"}",
    );
    check(&format!("{tables}find in (A, B) 'x' project n"), "source_:string n:long\nA|1\nB|3");
    // Tables of records need no window.
    assert_eq!(waiting("find in (SigninLogs, AuditLogs) where CorrelationId == 'x'"), [""; 0]);
    let columns = answer("find in (SigninLogs, AuditLogs) where UserId == 'x'");
    assert!(columns.starts_with("source_:string ") && columns.contains(" CorrelationId:string"), "{columns}");
    assert!(columns.contains(" UserId:string") && !columns.contains(" IPAddress:"), "{columns}");
    refuse("SigninLogs | find in (AuditLogs) where UserId == 'x'", "KS175");
}

#[test]
fn rows_of_all_tables_have_the_columns_that_the_query_names() {
    check(
        "union withsource=T * | where Computer == 'x'",
        "T:string TimeGenerated:datetime Type:string Computer:string pack_:dynamic",
    );
    check("find where AccountName == 'x' project ActionType", "source_:string ActionType:string");
    check("search 'x' | summarize count() by $table", "$table:string count_:long");
    check("union * | summarize arg_max(TimeGenerated, *) by Type | project Computer", "Computer:string");
    // What some table has, and a name that no table has.
    check("union * | project a = column_ifexists('Computer', 7), b = column_ifexists('Zork', 7)", "a:string b:long");
    refuse("union * | where Zork == 'x'", "KS142");
    // `Status` is a text in most tables, and a number in some.
    check("union * | project Status", "Status:string");
    // A term is sought in each table's own columns, and no record needs another.
    let bound = bound("search 'x'").unwrap();
    let of = |name: &str| bound.legs.iter().find(|leg| leg.table().unwrap().name == name).unwrap();
    let cells: Vec<&str> = of("DeviceFileEvents").cells.iter().map(|cell| cell.name.as_str()).collect();
    assert!(cells.contains(&"FolderPath") && !cells.contains(&"OperationName"), "{cells:?}");
    assert_eq!(waiting("search 'x' | where TimeGenerated > ago(1d)"), [""; 0]);
    assert_eq!(waiting("union * | summarize count() by Type"), ["summarize"]);
}

#[test]
fn smaller_forms() {
    check("datatable(a:string)['x Y', 'x y'] | search kind=case_sensitive 'Y'", "$table:string a:string\n|x Y");
    check(
        "print s = 'k=1; n=two' | parse-kv s as (k:long, n:string) with (regex=@'(\\w+)=(\\w+)') | project-away s",
        "k:long n:string\n1|two",
    );
    refuse("print s = 'a' | parse-kv s as (k:long) with (regex=@'(\\w+)=')", "KS131");
    let series = |kind: &str| {
        format!("datatable(t:long)[] | make-series {kind} n = count() default = 7 on t from 0 to 3 step 1")
    };
    check(&series(""), "n:dynamic t:dynamic");
    check(&series("kind=nonempty"), "n:dynamic t:dynamic\n[7,7,7]|[0,1,2]");
    check("print d = dynamic([1, 2]) | mv-apply d to typeof(long) id 5 on (where d > 1)", "d:long\n2");
    check("union isfuzzy=true NoSuchTable*, (print a = 1)", "a:long\n1");
    check(
        "datatable(v:string)['1.2.4', '1.2.3.5', '1.10'] | where parse_version(v) > parse_version('1.2.4') | project v",
        "v:string\n1.10",
    );
    check("print v = parse_version('1.2.3.4')", "v:decimal\n1000000020000000300000004");
    check("print a = parse_version('1.0.0.1') == parse_version('1.0.0.2')", "a:bool\nFalse");
    check(
        "datatable(a:long, b:string)[1, 'x', 2, ''] | evaluate narrow()",
        "Row:long Column:string Value:string\n0|a|1\n0|b|x\n1|a|2\n1|b|",
    );
    refuse("print a = 1 | evaluate narrow(a)", "KS119");
    assert_eq!(waiting("SigninLogs | evaluate narrow()"), ["narrow"]);
    // What differs each time would give another alert for the record each time.
    assert_eq!(waiting("SigninLogs | extend g = new_guid()"), ["new_guid"]);
    assert_eq!(waiting("SigninLogs | where rand(10) < 1"), ["rand"]);
    check("range x from 1 to 3 step 1 | extend g = new_guid() | summarize dcount(g)", "dcount_g:long\n3");
    let wide = |n: usize| (0..n).map(|i| format!("a{i} = {i}")).collect::<Vec<_>>().join(", ");
    assert!(bound(&format!("print {} | extend b = 1", wide(9_999))).is_ok());
    assert!(answer(&format!("print {} | extend b = 1, c = 2", wide(9_999))).starts_with("KT016"));
}

#[test]
fn every_plug_in_that_is_listed_is_known() {
    for plugin in crate::compile::PLUGINS {
        let answer = answer(&format!("print a = 1 | evaluate {}()", plugin.name));
        assert!(!answer.starts_with("KT001") && plugin.signature.starts_with(plugin.name), "{answer}");
    }
    let listed: Vec<&str> = crate::compile::several_columns().map(|(name, _)| name).collect();
    assert!(listed.contains(&"series_decompose_anomalies") && listed.len() == 7, "{listed:?}");
}
