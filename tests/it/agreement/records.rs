//! Random records: rows of three tables in the forms that senders have, with members missing, null, doubled or of a wrong
//! type.

use proptest::collection::vec;
use proptest::prelude::*;

use super::pieces::{self, any_of};
use super::queries::TABLES;

/// One line, the table that its records belong to, and how many they are.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) table: usize,
    pub(super) records: usize,
    pub(super) text: String,
}

/// A member: its name, and its value as JSON.
type Member = (String, String);

/// Lines most of which are of the table `main`.
pub(super) fn lines(palette: &[&'static str], main: usize, count: usize) -> impl Strategy<Value = Vec<Line>> + use<> {
    let choices: Vec<_> =
        (0..TABLES.len()).map(|table| (if table == main { 6 } else { 1 }, line(palette, table))).collect();
    vec(proptest::strategy::Union::new_weighted(choices), count)
}

fn line(palette: &[&'static str], table: usize) -> BoxedStrategy<Line> {
    let flat = row(palette, table).prop_map(move |row| flat(table, &row)).boxed();
    let enveloped =
        (row(palette, table), any::<bool>()).prop_map(move |(row, as_text)| envelope(table, &row, as_text)).boxed();
    let record = prop_oneof![3 => flat, 1 => enveloped].boxed();
    let one = move |text: String, records| Line { table, records, text };
    prop_oneof![
        8 => record.clone().prop_map(move |text| one(text, 1)),
        1 => vec(record.clone(), 1..3)
            .prop_map(move |all| one(format!("{{\"records\":[{}]}}", all.join(",")), all.len())),
        1 => vec(record, 1..3).prop_map(move |all| one(format!("[{}]", all.join(" ,\t")), all.len())),
    ]
    .boxed()
}

fn flat(table: usize, row: &[Member]) -> String {
    let mut members = row.to_vec();
    members.insert(members.len() / 2, ("Type".to_owned(), format!("\"{}\"", TABLES[table].name)));
    object(&members)
}

fn envelope(table: usize, row: &[Member], as_text: bool) -> String {
    let table = &TABLES[table];
    let (category, row) = match table.name {
        // Diagnostic settings begin the names of a row's members in lower case.
        "AuditLogs" => {
            let lower = |(name, value): &Member| (name[..1].to_ascii_lowercase() + &name[1..], value.clone());
            ("AuditLogs".to_owned(), row.iter().map(lower).collect())
        }
        name => (format!("AdvancedHunting-{name}"), row.to_vec()),
    };
    let mut properties = object(&row);
    if as_text {
        properties = pieces::json(&properties, 1);
    }
    format!(
        "{{\"time\":\"2024-01-02T03:04:05Z\",\"durationMs\":7,\"properties\":{properties},\"category\":\"{category}\"}}"
    )
}

fn object(members: &[Member]) -> String {
    let list: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}:{value}", pieces::json(name, if value.len() % 16 == 0 { 2 } else { 9 })))
        .collect();
    format!("{{{}}}", list.join(","))
}

/// A row; a member may come twice, and the last one counts.
fn row(palette: &[&'static str], table: usize) -> BoxedStrategy<Vec<Member>> {
    let table = &TABLES[table];
    let mut members: Vec<BoxedStrategy<Vec<Member>>> = Vec::new();
    let mut add = |names: &[&str], value: &BoxedStrategy<String>| {
        for name in names {
            let name = (*name).to_owned();
            let times = prop_oneof![1 => Just(0usize), 12 => Just(1), 1 => Just(2)];
            let member = times
                .prop_flat_map({
                    let value = value.clone();
                    move |times| vec(value.clone(), times)
                })
                .prop_map(move |values| values.into_iter().map(|v| (name.clone(), v)).collect());
            members.push(member.boxed());
        }
    };
    let text = string(palette);
    add(table.texts, &prop_oneof![10 => text.clone(), 1 => stray(palette)].boxed());
    add(table.numbers, &prop_oneof![8 => number(), 1 => stray(palette)].boxed());
    add(table.truths, &prop_oneof![8 => truth(), 1 => stray(palette)].boxed());
    add(table.times, &prop_oneof![8 => time(), 1 => stray(palette)].boxed());
    add(table.dynamics, &dynamic(palette));
    add(&["Unheard"], &dynamic(palette));
    add(&["AccountName"], &text);
    members.prop_map(|members| members.concat()).boxed()
}

fn string(palette: &[&'static str]) -> BoxedStrategy<String> {
    (pieces::text(palette, 5), 0..5u8).prop_map(|(text, form)| pieces::json(&text, form)).boxed()
}

/// A value of any type, for a column of another.
fn stray(palette: &[&'static str]) -> BoxedStrategy<String> {
    let fixed = ["null", "true", "-7", "1.5", "1e3", "12345678901234567890", "[]", "{}", "[1,\"a\"]", "\"\""];
    prop_oneof![2 => any_of(&fixed), 1 => string(palette)].boxed()
}

fn number() -> BoxedStrategy<String> {
    let spelt = [
        "0",
        "1",
        "2",
        "5",
        "5",
        "42",
        "-5",
        "9223372036854775807",
        "-0",
        "5.0",
        "1.5",
        "\"42\"",
        "\" 5 \"",
        "\"0x1f\"",
        "\"\"",
        "\"x\"",
    ];
    any_of(&spelt)
}

fn truth() -> BoxedStrategy<String> {
    let spelt = ["true", "false", "\"true\"", "\"FALSE\"", "1", "0", "\"1\"", "null"];
    any_of(&spelt)
}

fn time() -> BoxedStrategy<String> {
    let spelt = [
        "\"2024-01-01T00:00:00Z\"",
        "\"2024-01-01T00:00:00.1234567Z\"",
        "\"2024-01-02\"",
        "\"2024-01-01T02:00:00+02:00\"",
        "\"2023-12-31 23:59:59\"",
        "\"yesterday\"",
        "null",
        "1704067200",
    ];
    any_of(&spelt)
}

/// JSON to a few levels, made of the members that queries ask for, plain or in a string.
fn dynamic(palette: &[&'static str]) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        6 => string(palette),
        2 => any_of(&["null", "true", "false", "1", "5", "42", "1.5", "[]", "{}"]),
    ];
    let json = leaf.prop_recursive(3, 8, 3, |inner| {
        let name = any_of(&["a", "b", "k", "A", "displayName", "modifiedProperties", "flag"]);
        let bag = vec((name, inner.clone()), 0..4).prop_map(|members| object(&members));
        prop_oneof![2 => bag, 1 => vec(inner, 0..3).prop_map(|items| format!("[ {}]", items.join(",")))]
    });
    (json, 0..6u8)
        .prop_map(|(json, form)| match form {
            0 => pieces::json(&json, 1),
            1 => pieces::json(&json, 2),
            2 => pieces::json(&json[..json.floor_char_boundary(json.len() / 2)], 0),
            _ => json,
        })
        .boxed()
}
