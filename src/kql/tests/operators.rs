//! The operators over many rows, tables that a query spells out, functions: what they look like in the tree.

use super::*;

pub(super) fn series(series: &MakeSeries, named: &dyn Fn(&[NamedExpr]) -> String) -> String {
    let aggregates = joined(series.aggregates.iter().map(|(item, default)| {
        let item = named(std::slice::from_ref(item));
        default.as_ref().map_or(item.clone(), |value| format!("{item} default {}", short(value)))
    }));
    let bound = |bound: &Option<Expr>| bound.as_ref().map_or("-".into(), short);
    format!(
        "series {aggregates} on {} {} {}{} {} by {}",
        named(std::slice::from_ref(&series.axis)),
        bound(&series.first),
        bound(&series.last),
        if series.inclusive { "!" } else { "" },
        short(&series.step),
        named(&series.by)
    )
}

pub(super) fn scan(scan: &Scan) -> String {
    let columns = scan.columns.iter().map(|(column, default)| {
        let default = default.as_ref().map_or(String::new(), |value| format!("={}", short(value)));
        format!("{}:{}{default}", column.name.text, column.ty.text)
    });
    let steps = scan.steps.iter().map(|step| {
        let output = step.output.as_ref().map_or(String::new(), |output| format!("/{}", output.text));
        let assigned = step.assignments.iter().map(|(name, value)| format!("{}={}", name.text, short(value)));
        format!("{}{output}: {} => {};", step.name.text, short(&step.condition), joined(assigned))
    });
    let id = scan.match_id.as_ref().map_or(String::new(), |name| format!("{} ", name.text));
    format!("scan {id}({}) {}", joined(columns), joined(steps))
}

pub(super) fn graph(graph: &Graph) -> String {
    let name = |name: &Option<Name>| name.as_ref().map_or("-".to_owned(), |name| name.text.clone());
    let nodes =
        graph.nodes.as_ref().map_or(String::new(), |(table, id)| format!(" with {} on {}", short(table), id.text));
    let components = graph.components.as_ref().map_or(String::new(), |components| {
        format!(" components {}{}", name(&components.name), if components.strong { "!" } else { "" })
    });
    let output = match &graph.output {
        GraphOutput::Nodes { id } => format!("nodes {}", name(id)),
        GraphOutput::Edges { source, target } => format!("edges {} {}", name(source), name(target)),
    };
    let (source, target) = (&graph.source.text, &graph.target.text);
    format!("graph {source}>{target}{nodes} {}{components} to {output}", name(&graph.node_id))
}

pub(super) fn nested(levels: &[NestedLevel], named: &dyn Fn(&[NamedExpr]) -> String) -> String {
    let level = |level: &NestedLevel| {
        let count = level.count.as_ref().map_or("all".into(), short);
        let others = level.others.as_ref().map_or(String::new(), |others| format!(" others {}", short(others)));
        let (of, by) = (named(std::slice::from_ref(&level.of)), named(std::slice::from_ref(&level.by)));
        format!("{count} of {of}{others} by {by} {}", if level.descending { "desc" } else { "asc" })
    };
    format!("nested {}", joined(levels.iter().map(level)))
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let (shown, diagnostics) = short_query(text);
        assert_eq!((shown.as_str(), diagnostics), (*expected, vec![]), "{text}");
    }
}

/// Each text has exactly these diagnostics: code, and the text that the span covers.
fn check_mistakes(cases: &[(&str, &[(&str, &str)])]) {
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let (shown, diagnostics) = short_query(text);
        let found: Vec<_> = diagnostics.iter().map(|d| (d.code, &text[d.span.start..d.span.end])).collect();
        if &found != expected {
            wrong.push(format!("{text}\n  {shown}\n  {found:?}\n  {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn columns() {
    check(&[
        ("T | project-away a, *_s, b*c*, ['d e'], [f*]", "T|away a *_s b*c* d e f*"),
        ("T | project-keep *, x1*2", "T|keep * x1*2"),
        ("T | project-rename a = b, ['c d']=['e f']", "T|rename a=b c d=e f"),
        ("T | project-reorder a, b* desc, ['c'] asc, *", "T|reorder a b* desc c asc *"),
        ("T | distinct * | distinct a, b = tolower(c)", "T|distinct *|distinct a b=tolower(c)"),
        ("T | count | getschema", "T|count|getschema"),
        ("T | extend (a, b) = f(x), (c)=g(y), (d)", "T|extend (a b)=f(x) (c)=g(y) d"),
        (
            "T | as hint.materialized=true X | serialize | serialize n = row_number()",
            "T|as X|serialize |serialize n=row_number()",
        ),
        ("T | sample 5 | sample-distinct 3 of a.b", "T|sample Long:5|sample Long:3 of a.b"),
        ("T | render timechart with (title='a, b', ysplit=axes) | take 1", "T|render|take Long:1"),
        ("T | render columnchart kind=stacked by a, b", "T|render"),
        (
            "T | where count == 1 and distinct > 2 | extend as = parse",
            "T|where (and (Equal count Long:1) (Greater distinct Long:2))|extend as=parse",
        ),
    ]);
}

#[test]
fn groups_in_groups_and_statements() {
    check(&[
        (
            "T | top-nested 2 of a by sum(b), top-nested of k = bin(c, 1) with others = 'x' by n = max(d) asc | take 1",
            "T|nested Long:2 of a by sum(b) desc all of k=bin(c Long:1) others String:x by n=max(d) asc|take Long:1",
        ),
        ("f(T | top-nested 1 of a by b, x)", "f(T|nested Long:1 of a by b desc x)"),
        (
            "declare pattern p = (a:string, b:string)[c:string] { ('x', 'y').['z'] = { let n = 1; T }; ('u', 'v').['w'] = { U } }; T",
            "pattern p (String:x String:y).String:z={let n=Long:1; T} (String:u String:v).String:w={U}; T",
        ),
        (
            "T | make-graph a --> b with (N | take 1) on c | graph-to-table edges with_source_id=S with_target_id=D | count",
            "T|graph a>b with N|take Long:1 on c - to edges S D|count",
        ),
        (
            "T | make-graph a --> b with_node_id=n | graph-mark-components kind=strong with_component_id=k | graph-to-table nodes",
            "T|graph a>b n components k! to nodes -",
        ),
        ("declare pattern p; T", "pattern p ; T"),
        ("set notruncation; set query_bin_auto_size = 1h; T", "set query_bin_auto_size=TimeSpan:1h; T"),
    ]);
}

#[test]
fn aggregates() {
    check(&[
        ("T | summarize by a", "T|summarize  by a"),
        ("T | summarize count()", "T|summarize count() by "),
        (
            "T | summarize hint.strategy=shuffle hint.shufflekey=a n=count(), make_set(x) by bin(T, 1h), k = tostring(y.z)",
            "T|summarize n=count() make_set(x) by bin(T TimeSpan:1h) k=tostring(y.z)",
        ),
        (
            "T | summarize (t, x) = arg_max(t, x), arg_min(t, *) by a",
            "T|summarize (t x)=arg_max(t x) arg_min(t *) by a",
        ),
        ("T | summarize by = count() by by", "T|summarize by=count() by by"),
        (
            "T | make-series n=count() default=0, avg(x) on Time from ago(7d) to now() step 1h by k, m",
            "T|series n=count() default Long:0 avg(x) on Time ago(TimeSpan:7d) now() TimeSpan:1h by k m",
        ),
        (
            "T | make-series kind=nonempty sum(x) on t in range(a, b, 1d) by k | take 1",
            "T|series sum(x) on t a b! TimeSpan:1d by k|take Long:1",
        ),
        ("T | make-series count() on t step 1d", "T|series count() on t - - TimeSpan:1d by "),
    ]);
}

#[test]
fn arrays() {
    check(&[
        ("T | mv-expand a, b = c.d to typeof(long) limit 10", "T|expand a b=c.d:long limit Long:10"),
        (
            "T | mvexpand bagexpansion=array with_itemindex=i parse_json(x) to typeof(string)",
            "T|expand bagexpansion=array with_itemindex=i parse_json(x):string",
        ),
        (
            "T | mv-apply x = arr to typeof(string) on (where x has 'a' | summarize n=make_list(x)) | take 1",
            "T|apply x=arr:string on (|where (Text(TextOp { kind: Has, case_sensitive: false, negated: false }) x String:a)|summarize n=make_list(x) by )|take Long:1",
        ),
        (
            "T | mv-apply a, b limit 3 on (mv-apply c on (top 1 by d))",
            "T|apply a b limit Long:3 on (|apply c on (|top Long:1 d desc nl))",
        ),
    ]);
}

#[test]
fn texts() {
    check(&[
        (
            "T | parse kind=regex flags=Ui s with * \"a\" x:long 'b' \"c\" ['d e'] * y | take 1",
            "T|parse kind=regex flags=Ui s with * \"a\" x:long \"bc\" d e * y|take Long:1",
        ),
        ("T | parse-where tostring(a.b) with x ' ' y:datetime", "T|parse-where tostring(a.b) with x \" \" y:datetime"),
        (
            "T | parse-kv s as (a:long, ['b c']:string,) with (pair_delimiter=' ', kv_delimiter=\"=\", quote='\"', greedy=true)",
            "T|kv s (a:long b c:string) pair_delimiter=String:  kv_delimiter=String:= quote=String:\" greedy=Bool:true",
        ),
        ("T | parse-kv s as (a:string)", "T|kv s (a:string) "),
    ]);
}

#[test]
fn tables() {
    check(&[
        (
            "T | join kind=leftouter hint.strategy=shuffle (U | where x) on a, $left.b == $right.c | take 1",
            "T|join kind=leftouter hint.strategy=shuffle U|where x on a (Equal $left.b $right.c)|take Long:1",
        ),
        ("T | join U on ['a b']", "T|join U on a b"),
        ("T | join kind = inner materialize(U) on a", "T|join kind=inner materialize(U) on a"),
        ("T | lookup kind=inner (datatable(a:long)[1]) on a", "T|lookup kind=inner datatable(a:long)[Long:1] on a"),
        (
            "datatable(a:string, b:dynamic) ['x', dynamic([1]), 'y' 'z', -1, datetime(2020-01-01),] | where a",
            "datatable(a:string b:dynamic)[String:x dynamic [Long:1] String:yz (neg Long:1) DateTime:2020-01-01]|where a",
        ),
        ("datatable(a:string)[]", "datatable(a:string)[]"),
        ("union datatable(a:long)[1, 2], T", "union [datatable(a:long)[Long:1 Long:2] T]"),
        (
            "let t = datatable(a:long)[1]; T | where x in (datatable(a:long)[1] | take 1)",
            "let t=datatable(a:long)[Long:1]; T|where (In { folded: false, negated: false } x [datatable(a:long)[Long:1]|take Long:1])",
        ),
        ("print x = 1, 'y' | take 1", "print x=Long:1 String:y|take Long:1"),
        ("print -1", "print (neg Long:1)"),
        ("print ['a b']=1; print (1)", "print a b=Long:1; print Long:1"),
        ("range x from 1 to 10 step 1 | count", "range x Long:1 Long:10 Long:1|count"),
        ("union T*, *, withsource | take 1", "union [~T* * withsource]|take Long:1"),
        ("union withsource=X T1, T2*, *_CL", "union withsource=X[T1 ~T2* ~*_CL]"),
        (
            "search in (A, B*) 'x' and c:'y'",
            "search [A ~B*] (and String:x (Text(TextOp { kind: Has, case_sensitive: false, negated: false }) c String:y))",
        ),
        ("search * | where a == b", "search [] *|where (Equal a b)"),
        ("T | search kind=case_insensitive 'x' or 'y'", "T|search [] (or String:x String:y)"),
        ("T | invoke f(1, x='y')", "T|invoke f(Long:1 x=String:y)"),
        ("T | evaluate hint.distribution=per_node bag_unpack(d, 'p_')", "T|evaluate bag_unpack(d String:p_)"),
        ("T | evaluate bag_unpack(d) : (*, a:string, b:long)", "T|evaluate bag_unpack(d):*(a:string b:long)"),
        (
            "let x = toscalar(T | summarize max(y)); T | where a in (U | project b)",
            "let x=toscalar(T|summarize max(y) by ); T|where (In { folded: false, negated: false } a [U|project b])",
        ),
    ]);
}

#[test]
fn places_are_ignored() {
    for (text, expected) in [
        ("workspace('x').T | take 1", "T|take Long:1"),
        ("cluster('c').database('d').T", "T"),
        ("cluster('c').database('d').['T U']", "T U"),
        ("database('d').table('T') | count", "T|count"),
        ("workspace('x').f(1)", "f(Long:1)"),
        ("union T, cluster('c').database('d').T*", "union [T ~T*]"),
        ("T | join (workspace('x').U) on a", "T|join U on a"),
    ] {
        let (shown, diagnostics) = short_query(text);
        let codes: Vec<_> = diagnostics.iter().map(|d| (d.code, d.is_error())).collect();
        assert_eq!((shown.as_str(), codes), (expected, vec![("KT006", false)]), "{text}");
    }
}

#[test]
fn functions() {
    check(&[
        ("let f = () { T }; f()", "let f=fn(){T}; f()"),
        ("let v = view () { T | where a; }; v", "let v=fn(){T|where a}; v"),
        (
            "let f = (t:(a:long, b:string), u:(*), s:string, n:int = 5, d:dynamic=dynamic([]), e:datetime=datetime(null)) { let x = n; t | where a == x };\nf(T, U, 'y')",
            "let f=fn(t:(a:long b:string) u:() s:string n:int=Long:5 d:dynamic=dynamic [] e:datetime=DateTime:null){let x=n; t|where (Equal a x)}; f(T U String:y)",
        ),
        (
            "let f = (a:long) { let g = (b:long) { b; }; g(a) + 1 }; T | invoke f()",
            "let f=fn(a:long){let g=fn(b:long){b}; (Add g(a) Long:1)}; T|invoke f()",
        ),
        (
            "declare query_parameters(a:long, b:string = 'x'); T | where c == a",
            "parameters a:long b:string=String:x; T|where (Equal c a)",
        ),
        ("set notruncation; set query_now=datetime(2020-01-01);\nT", "T"),
        ("T | extend set = 1", "T|extend set=Long:1"),
    ]);
}

#[test]
fn one_mistake_in_an_operator() {
    check_mistakes(&[
        ("T | summarize by | where z = 1", &[("KS006", "|"), ("KS002", "=")]),
        ("T | summarize count() bye x | take", &[("KS002", "bye"), ("KS006", "")]),
        ("T | join kind=inner (U | where y = 1) | where z = 1", &[("KS002", "="), ("KS001", "|"), ("KS002", "=")]),
        ("T | join kind=inner (U) where a == b", &[("KT003", "where")]),
        ("T | mv-expand a to string | where b = 1", &[("KS001", "string"), ("KS002", "=")]),
        ("T | mv-apply a on () | where b = 1", &[("KS176", ")"), ("KS002", "=")]),
        ("T | mv-apply a on (whree x | take) | where b = 1", &[("KS176", "whree"), ("KS006", ")"), ("KS002", "=")]),
        ("T | datatable(a:long)[1] | where b = 1", &[("KS176", "datatable"), ("KS002", "=")]),
        ("T | mv-apply a | where b = 1", &[("KS001", "|"), ("KS002", "=")]),
        ("T | parse a | where b = 1", &[("KS001", "|"), ("KS002", "=")]),
        ("T | parse a with | where b = 1", &[("KS006", "|"), ("KS002", "=")]),
        ("T | parse a with 'x' 5 | where b = 1", &[("KS002", "5"), ("KS002", "=")]),
        ("T | parse-kv a with (x=1)", &[("KS001", "with")]),
        ("T | project-away a.b, c", &[("KS002", ".")]),
        ("T | project-rename a", &[("KS001", "")]),
        ("T | project-reorder a granny-asc", &[("KT003", "granny-asc")]),
        ("T | make-series count() on t from a to b", &[("KS001", "")]),
        ("T | search kind=other 'x'", &[("KS140", "other")]),
        ("range x from 1 to 5", &[("KS001", "")]),
        ("datatable(a:string, b)['x'] | where c = 1", &[("KS001", ")"), ("KS002", "=")]),
        ("datatable(a:string)['x' | where c = 1", &[("KS001", "|"), ("KS002", "=")]),
        (
            "externaldata(a:string)[@'https://example.com/a|b'] with (format='csv', x=y) | where c = 1",
            &[("KS002", "=")],
        ),
        ("T | where a in (externaldata(a:string)['x'] | where c = 1)", &[("KS002", "=")]),
        ("externaldata(a:string) | where c = 1", &[("KS001", "|"), ("KS002", "=")]),
        ("externaldata(a:string)['x'] with (format) | where c = 1", &[("KS001", ")"), ("KS002", "=")]),
        (
            "T | scan declare (x:long=0) with (step s1: true => x = 1; step s2: y => = s1.x;) | where b = 1",
            &[("KS006", "="), ("KS002", "=")],
        ),
        ("let f = (a:) { T }; f(1)", &[("KS006", ")")]),
        ("let f = (a:long { T }; f(1) | where b = 1", &[("KS001", "{"), ("KS002", "=")]),
        ("let f = () {}; f()", &[("KS006", "}")]),
        (
            "let f = () { T | where a = 1; U | where b = 1 }; f() | where c = 1",
            &[("KS002", "="), ("KS002", "="), ("KS002", "=")],
        ),
        ("let f = () { T | where (a }; f() | where c = 1", &[("KS001", "}"), ("KS002", "=")]),
        ("let f = () { let x = 1 T }; f() | where c = 1", &[("KS002", "T"), ("KS002", "=")]),
        ("let f = () { let x = 1 let y = 2; T }; f()", &[("KS001", "")]),
        ("let f = () { T } f()", &[("KS002", "f")]),
        ("declare query_parameters(a long); T | where c = 1", &[("KS001", "long"), ("KS002", "=")]),
    ]);
}

/// The most common form in Sentinel's rules: a leg in parentheses right behind an option.
#[test]
fn an_option_of_union_is_a_word() {
    for text in [
        "union isfuzzy=true (A | where x), (B)",
        "union kind=inner (A), (B)",
        "T | union kind=outer (U)",
        "union withsource=S (A)",
    ] {
        assert_eq!(parse(text, &Limits::default()).diagnostics, [], "{text}");
    }
}

#[test]
fn scans_and_partitions() {
    check(&[
        (
            "T | scan with_match_id=m declare (x:long=0, y:string) with (step a: true => x = a.x + 1, y = z; step b output=none: c > 1;)",
            "T|scan m (x:long=Long:0 y:string) a: Bool:true => x=(Add a.x Long:1) y=z; b/none: (Greater c Long:1) => ;",
        ),
        ("T | scan with (step a: b) | take 1", "T|scan () a: b => ;|take Long:1"),
        ("T | partition hint.strategy=native by k (sort by t | take 1)", "T|partition k (|sort t desc nl|take Long:1)"),
    ]);
    check_mistakes(&[
        ("T | scan with ()", &[("KS001", ")")]),
        ("T | scan with (step a: b; step: c;) | take 1", &[("KS006", ":")]),
        (
            "union (T | scan with (step a: b; step: c;) | take d e), (T | where 1 2)",
            &[("KS006", ":"), ("KS002", "e"), ("KS002", "2")],
        ),
        ("T | partition by k { T | take 1 }", &[("KT001", "{")]),
    ]);
}
