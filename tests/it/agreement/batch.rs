//! A query over many rows gives the same whether `run --batch` collects its rows from records or `eval --query` reads them
//! from a datatable.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use serde_json::{Value as Json, json};

use super::pieces::any_of;
use super::{hold, wanted};
use crate::tap;

/// A row of the first table: its name, size and time, as KQL and as JSON.
type Row = [(String, String); 3];

fn row() -> impl Strategy<Value = Row> {
    // What a column lacks is null, but for a text.
    let name = any_of(&["a", "b", "A", "mail", "", "é"]).prop_map(|s| (format!("'{s}'"), json!(s).to_string()));
    let size = any_of(&["0", "1", "1", "2", "-3", "7", "9223372036854775807", "null"])
        .prop_map(|n| (format!("long({n})"), n.to_string()));
    let time = any_of(&["2024-01-01T00:00:00Z", "2024-01-01T00:30:00Z", "2024-01-02T00:00:00.1234567Z", "null"])
        .prop_map(|t| {
            let json = if t == "null" { t.to_string() } else { json!(t).to_string() };
            (format!("datetime({t})"), json)
        });
    (name, size, time).prop_map(|(name, size, time)| [name, size, time])
}

/// Operators over many rows, one or a few behind each other. Every name is always there again.
fn query() -> impl Strategy<Value = String> {
    let key = any_of(&["Name", "Size", "bin(Time, 1h)", "Name, Size", "strlen(Name)"]);
    let aggregate = any_of(&[
        "count()",
        "sum(Size)",
        "min(Time)",
        "max(Size)",
        "dcount(Name)",
        "avg(Size)",
        "countif(Size > 1)",
        "make_list(Name)",
        "make_set(Size)",
        "take_any(Name)",
        "percentile(Size, 50)",
        "stdev(Size)",
        "make_bag(bag_pack(Name, Size))",
        "sumif(Size, Name == 'a')",
        "dcountif(Name, Size > 0)",
        "make_list_if(Size, Size < 5)",
    ]);
    let order = any_of(&["Size desc", "Name asc, Size", "Time asc nulls last, Name", "Size asc nulls first, Time"]);
    let kind =
        any_of(&["inner", "innerunique", "leftouter", "rightouter", "fullouter", "leftsemi", "leftanti", "rightsemi"]);
    let step = prop_oneof![
        2 => any_of(&["where Size > 0", "where Name has 'a'", "extend Size = Size + 1", "where isnotnull(Time)"]),
        1 => any_of(&["distinct Name, Size, Time", "distinct Name | extend Size = strlen(Name), Time = datetime(null)"]),
        2 => (order.clone(), 1..4u8).prop_map(|(o, n)| format!("top {n} by {}", o.split(',').next().unwrap_or("Size"))),
        2 => order.clone().prop_map(|o| format!("sort by {o}")),
        1 => order.clone().prop_map(|o| format!("sort by {o} | extend Size = prev(Size, 1, 0) | take 4")),
        1 => order.prop_map(|o| format!("sort by {o} | serialize | extend Size = row_number()")),
        2 => kind.clone().prop_map(|k| format!("join kind={k} (More) on Name | extend Size = 1, Name = 'j', Time = datetime(null)")),
        1 => any_of(&["lookup (More) on Name", "lookup kind=inner (More) on Name"]),
        1 => Just("where Name in (More | project Name)".to_owned()),
        1 => Just("where Name !in (More | project Name) or Size in (More | project Weight)".to_owned()),
        1 => Just("where Size <= toscalar(Rows | summarize max(Size))".to_owned()),
        1 => Just("summarize Size = sum(Size), Time = max(Time) by Name".to_owned()),
        1 => Just("mv-expand Size = pack_array(Size, 5) to typeof(long)".to_owned()),
    ];
    let end = prop_oneof![
        2 => Just(String::new()),
        4 => (aggregate.clone(), aggregate, key).prop_map(|(a, b, k)| format!("\n| summarize A = {a}, B = {b} by {k}")),
        1 => any_of(&["summarize arg_max(Size, *) by Name", "summarize arg_min(Time, Size) by Name", "summarize take_any(*)"])
            .prop_map(|s| format!("\n| {s}")),
        1 => any_of(&["", " | summarize N = count(), S = sum(Size) by Name"])
            .prop_map(|s| format!("\n| union (More | extend Size = Weight){s}")),
        1 => Just("\n| count".to_owned()),
        1 => Just("\n| make-series N = count() default = 0 on Size from 0 to 5 step 1 by Name".to_owned()),
        1 => kind.prop_map(|k| format!("\n| join kind={k} (More) on Name")),
    ];
    (vec(step, 0..4), end).prop_map(|(steps, end)| {
        let steps: String = steps.iter().map(|step| format!("\n| {step}")).collect();
        format!("Rows{steps}{end}")
    })
}

#[test]
fn records_of_a_batch_are_rows_of_a_table() {
    let case = (vec(query(), 40), vec(row(), 0..12), vec(row(), 0..5));
    let compared = Cell::new(0);
    let cases = wanted().div_ceil(2_500);
    hold(cases, &case, |(queries, rows, more)| same(&queries, &rows, &more, &compared));
    assert!(compared.get() >= 40 * cases, "{} rows in {cases} cases show nothing", compared.get());
}

fn same(queries: &[String], rows: &[Row], more: &[Row], compared: &Cell<u64>) -> TestCaseResult {
    let folder = tempfile::tempdir().unwrap();
    // As tables, the rows are named; as records, they are read by a projection that gives the same columns.
    let records = "let Rows = DeviceFileEvents | project Name = FileName, Size = FileSize, Time = Timestamp;\n\
                   let More = DeviceNetworkEvents | project Name = RemoteUrl, Weight = tolong(LocalPort), Time = Timestamp;\n";
    let table = |rows: &[Row]| {
        let cells: Vec<&str> = rows.iter().flatten().map(|(kql, _)| kql.as_str()).collect();
        cells.join(", ")
    };
    let (rows_table, more_table) = (table(rows), table(&small(more)));
    let datatables = format!(
        "let Rows = datatable(Name:string, Size:long, Time:datetime) [{rows_table}];\n\
         let More = datatable(Name:string, Weight:long, Time:datetime) [{more_table}];\n"
    );
    for (at, query) in queries.iter().enumerate() {
        // A rule's id is that of its text, and the same query may come twice.
        std::fs::write(folder.path().join(format!("{at:02}.kql")), format!("// {at}\n{records}{query}")).unwrap();
    }
    let line = |table: &str, names: [&str; 3], row: &Row| {
        let [name, size, time] = row.each_ref().map(|(_, json)| json);
        format!("{{\"Type\":\"{table}\",\"{}\":{name},\"{}\":{size},\"{}\":{time}}}\n", names[0], names[1], names[2])
    };
    let lines = rows.iter().map(|row| line("DeviceFileEvents", ["FileName", "FileSize", "Timestamp"], row));
    let others = small(more);
    let others = others.iter().map(|row| line("DeviceNetworkEvents", ["RemoteUrl", "LocalPort", "Timestamp"], row));
    let input: String = lines.chain(others).collect();
    let path = folder.path().to_str().unwrap();
    let ran = tap::run(["run", "--batch", "--lookback", "apply", "--now", tap::NOW, "--rules", path], input).ended(0);
    let alerts = ran.alerts();
    let texts: String = queries.iter().map(|query| json!(format!("{datatables}{query}")).to_string() + "\n").collect();
    let evaluated = tap::run(["eval", "--query", "--jsonl", "--now", tap::NOW], texts).ended(0);
    for (at, (query, answer)) in queries.iter().zip(evaluated.alerts()).enumerate() {
        prop_assert!(answer["error"].is_null(), "{query}\n{answer}");
        let names = answer["columns"].as_array().unwrap().iter().map(|column| column[0].clone());
        let names: Vec<String> = names.map(|name| name.as_str().unwrap().to_owned()).collect();
        let mut expected: Vec<Vec<Json>> = answer["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_array().unwrap().iter().map(plain).collect())
            .collect();
        let of_rule = alerts.iter().filter(|alert| alert["rule"]["name"] == format!("{at:02}"));
        let mut found: Vec<Vec<Json>> =
            of_rule.map(|alert| names.iter().map(|name| plain(&alert["columns"][name])).collect()).collect();
        // The rows of a union come in no order: a batch gives them in that of its records.
        if query.contains("| union") {
            found.sort_by_key(|row| format!("{row:?}"));
            expected.sort_by_key(|row| format!("{row:?}"));
        }
        compared.set(compared.get() + found.len() as u64);
        prop_assert_eq!(&found, &expected, "{}{}\n{}", datatables, query, names.join(", "));
    }
    Ok(())
}

/// Rows whose number fits into a port.
fn small(rows: &[Row]) -> Vec<Row> {
    let fit = |row: &Row| {
        let mut row = row.clone();
        if row[1].1.len() > 5 {
            row[1] = ("long(9)".to_owned(), "9".to_owned());
        }
        row
    };
    rows.iter().map(fit).collect()
}

/// A time has the same digits in both, and a whole real is a number as any other.
fn plain(value: &Json) -> Json {
    match value {
        Json::String(text) if text.ends_with('Z') && text.contains('.') => {
            let bare = text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
            json!(format!("{bare}Z"))
        }
        Json::Number(number) => number.as_f64().map_or(Json::Null, |n| json!(n)),
        other => other.clone(),
    }
}
