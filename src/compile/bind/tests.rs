//! Binding, case by case.

use crate::compile::bound::{BoundQuery, Step};
use crate::compile::{BindOptions, bind_query};
use crate::diagnostic::Diagnostic;
use crate::kql::{Limits, parse};
use crate::schema::Catalog;

fn bound(query: &str) -> (Option<BoundQuery>, Vec<Diagnostic>) {
    let parsed = parse(query, &Limits::default());
    assert_eq!(parsed.diagnostics, []);
    bind_query(&parsed.query, &Catalog::builtin(), BindOptions::default())
}

fn codes(query: &str) -> Vec<&'static str> {
    bound(query).1.iter().map(|d| d.code).collect()
}

/// The result's columns, each with its type.
fn columns(query: &str) -> String {
    let (bound, diagnostics) = bound(query);
    let bound = bound.unwrap_or_else(|| panic!("{diagnostics:?}"));
    bound.columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_lookback_is_found_in_brackets_too() {
    for predicate in [
        "TimeGenerated > ago(24h) and HostName has 'a' and Facility == 'b'",
        "(TimeGenerated > ago(24h) and HostName has 'a') and Facility == 'b'",
        "HostName has 'a' and (Facility == 'b' and (SyslogMessage has 'c' and TimeGenerated > ago(24h)))",
    ] {
        let leg = bound(&format!("Syslog | where {predicate}")).0.unwrap().legs.remove(0);
        assert_eq!(leg.lookback.len(), 1, "{predicate}");
        let filters = leg.steps.iter().filter(|s| matches!(s, Step::Filter(_))).count();
        assert_eq!(filters, predicate.matches(" and ").count(), "{predicate}");
    }
    // What stands under an `or` bounds nothing.
    let leg = bound("Syslog | where (TimeGenerated > ago(1d) and HostName == 'a') or HostName == 'b'")
        .0
        .unwrap()
        .legs
        .remove(0);
    let filters = leg.steps.iter().filter(|s| matches!(s, Step::Filter(_))).count();
    assert_eq!((leg.lookback.len(), filters), (0, 1));
}

#[test]
fn between_takes_no_dynamic() {
    for predicate in [
        "dynamic(5) between (1 .. 9)",
        "5 between (dynamic(1) .. 9)",
        "5 between (1 .. dynamic(9))",
        "5 !between (1 .. todynamic('9'))",
        "'b' between ('a' .. 'c')",
    ] {
        assert_eq!(codes(&format!("Syslog | where {predicate}")), ["SEM0208"], "{predicate}");
    }
    for predicate in ["5 between (1 .. 9.5)", "now() between (ago(1d) .. 1h)", "1h between (1m .. 2h)"] {
        assert_eq!(codes(&format!("Syslog | where {predicate}")), [""; 0], "{predicate}");
    }
}

#[test]
fn a_dynamic_and_a_string_have_no_order() {
    for predicate in ["dynamic(5) < 'y'", "'y' >= dynamic(5)"] {
        assert_eq!(codes(&format!("Syslog | where {predicate}")), ["SEM0064"], "{predicate}");
    }
    assert_eq!(codes("Syslog | where 1 < 'y'"), ["KS106"]);
    assert_eq!(codes("Syslog | where dynamic(5) < 6"), [""; 0]);
}

#[test]
fn a_split_column_stays_in_its_place() {
    let first = "(Syslog | project a = 'x', b = true)";
    let second = "(Syslog | project a = int(1), c = 2)";
    assert_eq!(columns(&format!("union {first}, {second}")), "a_string:string a_int:int b:bool c:long");
    // A title that is taken gets a number.
    let third = "(Syslog | project a_int = 'y')";
    assert_eq!(
        columns(&format!("union {third}, {first}, {second}")),
        "a_int:string a_string:string a_int1:int b:bool c:long"
    );
    assert_eq!(columns(&format!("{} | union {first}", &first[1..first.len() - 1])), "a:string b:bool");
}

#[test]
fn a_column_without_a_name_takes_no_other_ones() {
    let extended = "Syslog | project Column1 = 'x' | extend strcat(Column1, 'y'), 1 + 1";
    assert_eq!(columns(extended), "Column1:string Column2:string Column3:long");
    // A projection leaves the other columns behind.
    assert_eq!(columns("Syslog | project Column1 = 'x' | project strcat(Column1, 'y')"), "Column1:string");
    assert_eq!(columns("Syslog | project Column1 = 'x', strcat('a', 'b')"), "Column1:string Column2:string");
    // A name that is taken from the argument replaces that column, as in Kusto.
    assert_eq!(columns("Syslog | project n = 5 | extend tostring(n)"), "n:string");
}

#[test]
fn diagnostics_are_bounded_and_an_error_is_never_lost() {
    let unknown = |n: usize| (0..n).map(|i| format!("NoColumn{i} == 'a'")).collect::<Vec<_>>().join(" or ");
    let (query, warnings) = bound(&format!("Syslog | where {}", unknown(4_000)));
    assert_eq!((query.is_some(), warnings.len()), (true, 200));
    let (query, both) = bound(&format!("Syslog | where ({}) and 1 < 'y' and 2 < 'z'", unknown(300)));
    assert!(query.is_none());
    assert_eq!(both.iter().filter(|d| d.is_error()).map(|d| d.code).collect::<Vec<_>>(), ["KS106"]);
}

#[test]
fn several_names_stand_for_the_columns_of_one_aggregate() {
    let latest = "Syslog | summarize (Latest, On) = arg_max(EventTime, Computer)";
    assert_eq!(columns(latest), "Latest:datetime On:string");
    assert_eq!(codes("Syslog | extend (a, b) = Computer"), ["KT003"]);
}

#[test]
fn calls_of_functions_are_counted() {
    let doubling = |levels: usize| {
        let next = |i: usize| format!("let f{i} = (n:long) {{ f{}(n) + f{}(n) }};\n", i - 1, i - 1);
        let functions: String = (1..=levels).map(next).collect();
        format!("let f0 = (n:long) {{ n }};\n{functions}Syslog | where f{levels}(1) > 0")
    };
    assert_eq!(codes(&doubling(8)), [""; 0]);
    assert!(codes(&doubling(14)).contains(&"KT010"));
    // Deeper than calls may nest, and not wide.
    let next = |i: usize| format!("let f{i} = (n:long) {{ f{}(n) }};\n", i - 1);
    let chain: String = (1..=40).map(next).collect();
    assert_eq!(codes(&format!("let f0 = (n:long) {{ n }};\n{chain}Syslog | where f40(1) > 0")), ["KT010"]);
}

#[test]
fn a_watchlist_that_is_not_there_has_no_rows() {
    let (query, said) = bound("Syslog | where Computer in ((_GetWatchlist('none') | project SearchKey))");
    assert_eq!((query.is_some(), said.iter().map(|d| d.code).collect::<Vec<_>>()), (true, vec!["KT011"]));
}

#[test]
fn patterns_for_columns_are_bounded_and_names_are_not() {
    for operator in ["project-away", "project-keep", "project-reorder"] {
        let stars = |n: usize| (0..n).map(|i| format!("Host*{i}")).collect::<Vec<_>>().join(", ");
        assert_eq!(codes(&format!("Syslog | {operator} Computer, {}", stars(256))), [""; 0], "{operator}");
        assert_eq!(codes(&format!("Syslog | {operator} Computer, {}", stars(257))), ["KS245"], "{operator}");
    }
    let names = (0..2_000).map(|i| format!("a{i}")).collect::<Vec<_>>().join(", ");
    let made = names.replace(", ", " = 1, ") + " = 1";
    let query = format!("print {made} | project-reorder a1999, {names} | project-rename b = a5, c = a5");
    assert!(columns(&query).starts_with("a1999:long a0:long a1:long a2:long a3:long a4:long b:long a6:long"));
    assert_eq!(columns(&format!("print z = 1, {made} | project-away {names}")), "z:long");
}

/// What is said of a query over custom tables, and the columns it gives.
fn custom(query: &str) -> (Vec<&'static str>, String) {
    let (bound, said) = bound(query);
    let columns = bound.map_or(Vec::new(), |b| b.columns);
    let columns = columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect::<Vec<_>>().join(" ");
    (said.iter().map(|d| d.code).collect(), columns)
}

#[test]
fn a_custom_table_has_the_columns_that_are_named() {
    for (query, expected) in [
        ("Door_CL | project TimeGenerated, Who_s, Level_d, Open_b, At_t, Id_g, Type", {
            "TimeGenerated:datetime Who_s:string Level_d:real Open_b:bool At_t:datetime Id_g:string Type:string"
        }),
        // Text, or what an operator asks for.
        ("Door_CL | where Weight > 5 and At between (ago(1d) .. now()) | project Weight, Sum = Weight + Height", {
            "Weight:string Sum:real"
        }),
        ("Door_CL | project Who = Person.name | project-rename B = Who", "B:dynamic"),
        ("Door_CL | mv-expand Persons | project Persons", "Persons:dynamic"),
        ("Door_CL | summarize sum(Weight), max(Person) by Who = tostring(Person.name)", {
            "Who:string sum_Weight:real max_Person:string"
        }),
        ("Door_CL | project A = array_length(Persons), B = round(Weight, 1)", "A:long B:real"),
        ("Door_CL | project column_ifexists('Weight', 0), column_ifexists('Type', '')", "Weight:long Type:string"),
        // The name tells the type of a column that is there; where that does not do, it is not there.
        ("Door_CL | extend Size = column_ifexists('Size_d', '') | summarize sum(Size)", "sum_Size:real"),
        ("Door_CL | project Size = column_ifexists('Size_d', '') | where Size startswith '4'", "Size:string"),
        ("Door_CL | project Size = column_ifexists('Size_d', '')", "Size:string"),
        // A column that only the join or a rename names.
        (
            "union Door_CL, Syslog | lookup (datatable(Kind_d: real, Kind: string)[1, 'a']) on Kind_d | project Kind",
            "Kind:string",
        ),
        ("Door_CL | union (Door_CL | project-rename Who = Who_s) | where Who == 'a' | project Who", "Who:string"),
        ("let t = Door_CL; t | summarize arg_max(TimeGenerated, *) by Who_s | where Floor == 'x' | project Floor", {
            "Floor:string"
        }),
        ("Door_CL | union Syslog | where Who_s == 'a' | project Who_s, HostName", "Who_s:string HostName:string"),
        ("union isfuzzy=true Door_CL, (Syslog | take 1) | project TimeGenerated", "TimeGenerated:datetime"),
        (
            "Door_CL | join kind=inner (table('Door_CL') | project Who_s, Floor_d) on Who_s | project Floor_d",
            "Floor_d:real",
        ),
    ] {
        assert_eq!(custom(query), (vec!["KT020"], expected.to_owned()), "{query}");
    }
    assert_eq!(custom("Door_CL | where Who_s.x == 'a'").0, ["KT020", "KS142"], "a column of known type keeps it");
    assert_eq!(custom("Door_CL | project a = Who_s | where b == 'c'").0, ["KT020", "KS142"], "it is projected away");
    assert_eq!(custom("Door_cl | take 1").0, ["KS204"]);
    assert_eq!(custom("_CL | take 1").0, ["KS204"]);
}

#[test]
fn a_custom_table_is_an_error_to_the_strict() {
    let parsed = parse("Door_CL | where Who_s == 'a'", &Limits::default());
    let strict = BindOptions { strict: true, ..BindOptions::default() };
    let (bound, said) = bind_query(&parsed.query, &Catalog::builtin(), strict);
    assert_eq!((bound.is_some(), said.iter().map(|d| d.code).collect::<Vec<_>>()), (false, vec!["KS204"]));
}
