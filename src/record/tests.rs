#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::schema::{Catalog, Column, Entry, Member, ScalarType, Shape, Table};

const NETWORK: usize = 0;
const AUDIT: usize = 1;
const DOOR: usize = 2;

fn column(name: &str, others: &[&str]) -> Column {
    let member = |name: &str| match name.strip_prefix("envelope.") {
        Some(name) => Member { name: name.to_owned(), envelope: true },
        None => Member { name: name.to_owned(), envelope: false },
    };
    let members = std::iter::once(name).chain(others.iter().copied()).map(member).collect();
    Column { name: name.to_owned(), ty: ScalarType::String, members }
}

fn table(name: &str, categories: &[&str], shapes: Vec<Vec<Entry>>, columns: &[Column]) -> TableColumns {
    let table = Table {
        name: name.to_owned(),
        categories: categories.iter().map(|c| (*c).to_owned()).collect(),
        time: None,
        shapes: shapes.into_iter().map(|entries| Shape { entries }).collect(),
        columns: columns.to_vec(),
    };
    TableColumns { table: Arc::new(table), columns: columns.to_vec() }
}

fn present(name: &str) -> Entry {
    Entry::Present(name.to_owned())
}

fn tables() -> Vec<TableColumns> {
    vec![
        table(
            "DeviceNetworkEvents",
            &["AdvancedHunting-DeviceNetworkEvents"],
            vec![vec![present("RemoteIP"), Entry::Absent("FileName".to_owned())]],
            &[
                column("RemoteUrl", &[]),
                column("RemoteIP", &[]),
                column("Timestamp", &["TimeGenerated"]),
                column("TimeGenerated", &["Timestamp", "envelope.time"]),
                column("AdditionalFields", &[]),
                column("AccountName", &[]),
            ],
        ),
        table(
            "AuditLogs",
            &["AuditLogs"],
            vec![vec![present("activityDisplayName"), present("targetResources")]],
            &[
                column("OperationName", &["operationName", "activityDisplayName"]),
                column("Category", &["category"]),
                column("TargetResources", &["targetResources"]),
                column("AADTenantId", &["envelope.tenantId"]),
                column("Type", &[]),
            ],
        ),
        table(
            "Door_CL",
            &[],
            vec![vec![Entry::OneOf("Door".to_owned(), vec!["front".to_owned(), "back".to_owned()])]],
            &[column("Door", &[]), column("records", &[])],
        ),
    ]
}

fn layout(default_table: Option<&str>) -> Layout {
    let tables = tables();
    let mut catalog = Catalog::builtin();
    for columns in &tables {
        catalog.add((*columns.table).clone());
    }
    Layout::new(&catalog, &tables, default_table)
}

static PLAIN: LazyLock<Arc<Layout>> = LazyLock::new(|| Arc::new(layout(None)));
static WITH_DEFAULT: LazyLock<Arc<Layout>> = LazyLock::new(|| Arc::new(layout(Some("Door_CL"))));

fn decoder_with(layout: &Arc<Layout>, limits: Limits) -> Decoder {
    Decoder::new(Arc::clone(layout), limits)
}

fn decoder() -> Decoder {
    decoder_with(&PLAIN, Limits::default())
}

#[test]
fn an_own_tables_category_goes_first_however_it_is_spelt() {
    let own = table("Badge_CL", &["auditlogs"], Vec::new(), &[column("Badge", &[])]);
    // More than once, for a map's order differs from run to run.
    for _ in 0..20 {
        let mut catalog = Catalog::builtin();
        catalog.add((*own.table).clone());
        let layout = Layout::new(&catalog, std::slice::from_ref(&own), None);
        let mut decoder = decoder_with(&Arc::new(layout), Limits::default());
        let record = r#"{"category":"AUDITLOGS","properties":{}}"#;
        assert_eq!(decoder.decode(record.as_bytes()).unwrap().iter().next().unwrap().routed, Routed::Table(0));
    }
}

/// Each record's route, and its slots as JSON text.
fn shown(line: impl AsRef<[u8]>) -> Vec<(Routed, Vec<String>)> {
    let mut decoder = decoder();
    let records = decoder.decode(line.as_ref()).unwrap();
    let slots = |record: Record<'_>| match record.routed {
        Routed::Table(t) => (0..PLAIN.tables()[t].columns.len()).map(|slot| text(record.cell(slot))).collect(),
        _ => Vec::new(),
    };
    records.iter().map(|record| (record.routed, slots(record))).collect()
}

fn text(cell: Cell<'_>) -> String {
    match cell {
        Cell::Missing => "-".to_owned(),
        Cell::Null => "null".to_owned(),
        Cell::Bool(b) => b.to_string(),
        Cell::Number(text) | Cell::Composite(text) => text.to_owned(),
        Cell::String { .. } => cell.as_string().unwrap().into_owned(),
    }
}

fn refused(line: impl AsRef<[u8]>) -> String {
    decoder().decode(line.as_ref()).unwrap_err().to_string()
}

const STREAMED: &str = r#"{"time":"2026-01-02T03:09:00Z","tenantId":"t","category":"AdvancedHunting-DeviceNetworkEvents","properties":{"RemoteIP":"192.0.2.1","Remote\u0055rl":"http:\/\/a.example.com","Timestamp":"2026-01-02T03:04:05Z","AdditionalFields":{"x":[1,{"RemoteIP":"no"}]}},"Tenant":"DefaultTenant"}"#;

#[test]
fn a_streamed_record() {
    let fields = r#"{"x":[1,{"RemoteIP":"no"}]}"#;
    let time = "2026-01-02T03:04:05Z";
    let row = ["http://a.example.com", "192.0.2.1", time, time, fields, "-"].map(String::from).to_vec();
    assert_eq!(shown(STREAMED), [(Routed::Table(NETWORK), row)]);

    let mut decoder = decoder();
    let record = decoder.decode(STREAMED.as_bytes()).unwrap().iter().next().unwrap();
    assert_eq!(record.text(), STREAMED);
    assert!(record.payload().starts_with(r#"{"RemoteIP""#) && record.payload().ends_with("]}}"));
    assert!(matches!(record.cell(0), Cell::String { escaped: true, .. }));
    assert!(matches!(record.cell(1), Cell::String { raw: "192.0.2.1", escaped: false }));
    assert_eq!(record.cell(99), Cell::Missing);
}

#[test]
fn every_line_form_gives_the_same_record() {
    let one = shown(STREAMED);
    for line in [
        format!("\u{FEFF}{STREAMED}\r\n"),
        format!(" \t{STREAMED} "),
        format!("[{STREAMED}]"),
        format!("{{\"records\":[{STREAMED}]}}"),
        format!("{{\"a\":1,\"records\" : [ {STREAMED} ] ,\"category\":\"Batches\",\"properties\":{{}}}}"),
        STREAMED.replace("AdvancedHunting-DeviceNetworkEvents", "advancedhunting-devicenetworkevents"),
    ] {
        assert_eq!(shown(&line), one, "{line}");
    }
    assert!(shown("[]").is_empty());
    assert!(shown(r#"{"records":[]}"#).is_empty());
}

#[test]
fn a_batch_numbers_its_records() {
    let line = r#" [{"Type":"Door_CL","Door":"side"},{"Type":"Syslog"}, {"x":1}]"#;
    let mut decoder = decoder();
    let records = decoder.decode(line.as_bytes()).unwrap();
    let got: Vec<_> = records.iter().map(|r| (r.index, r.routed, r.text())).collect();
    assert_eq!(records.len(), 3);
    assert_eq!(got[0], (0, Routed::Table(DOOR), r#"{"Type":"Door_CL","Door":"side"}"#));
    assert_eq!(got[1], (1, Routed::Carrier, r#"{"Type":"Syslog"}"#));
    assert_eq!(got[2], (2, Routed::Unrouted, r#"{"x":1}"#));
}

#[test]
fn type_counts_only_if_it_names_a_table() {
    let row = |values: [&str; 5]| (Routed::Table(AUDIT), values.map(String::from).to_vec());
    // The rows of an export that unpacked a bag over `Type`.
    let trap = r#"{"category":"AuditLogs","Type":"ServicePrincipal","OperationName":"Consent to application"}"#;
    assert_eq!(shown(trap), [row(["Consent to application", "AuditLogs", "-", "-", "ServicePrincipal"])]);
    let shape = r#"{"Type":"ServicePrincipal","category":"UserManagement","activityDisplayName":"Add user","targetResources":[]}"#;
    assert_eq!(shown(shape), [row(["Add user", "UserManagement", "[]", "-", "ServicePrincipal"])]);
    // Inside `properties` it says nothing.
    let inner = r#"{"category":"AuditLogs","tenantId":"t","properties":{"Type":"Door_CL","category":"x"}}"#;
    assert_eq!(shown(inner), [row(["-", "x", "-", "t", "Door_CL"])]);
    let escaped = r#"{"Type":"Door\u005fCL","Door":1}"#;
    assert_eq!(shown(escaped), [(Routed::Table(DOOR), vec!["1".to_owned(), "-".to_owned()])]);
}

#[test]
fn routes_in_order() {
    let route =
        |decoder: &mut Decoder, line: &str| decoder.decode(line.as_bytes()).unwrap().iter().next().unwrap().routed;
    let mut plain = decoder();
    let mut with_default = decoder_with(&WITH_DEFAULT, Limits::default());
    let mut unused_default = decoder_with(&Arc::new(layout(Some("Syslog"))), Limits::default());
    let shaped = r#"{"RemoteIP":null}"#;
    assert_eq!(route(&mut plain, shaped), Routed::Table(NETWORK));
    assert_eq!(route(&mut with_default, shaped), Routed::Table(DOOR));
    assert_eq!(route(&mut unused_default, shaped), Routed::Carrier);
    assert_eq!(route(&mut with_default, STREAMED), Routed::Table(NETWORK));
    assert_eq!(route(&mut plain, r#"{"RemoteIP":null,"FileName":"a"}"#), Routed::Unrouted);
    assert_eq!(route(&mut plain, r#"{"Door":"b\u0061ck"}"#), Routed::Table(DOOR));
    assert_eq!(route(&mut plain, r#"{"Door":"side"}"#), Routed::Unrouted);
    assert_eq!(route(&mut plain, r#"{"category":"AdvancedHunting-DeviceInfo","properties":{}}"#), Routed::Unused);
    assert_eq!(route(&mut plain, r#"{"category":7,"Type":{}}"#), Routed::Unrouted);
}

#[test]
fn the_best_member_that_is_not_null() {
    let cells = |members: &str| {
        let rows = shown(format!(
            r#"{{"category":"AdvancedHunting-DeviceNetworkEvents","time":"e","properties":{{{members}}}}}"#
        ));
        (rows[0].1[2].clone(), rows[0].1[3].clone())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(cells(r#""Timestamp":"t","TimeGenerated":"g""#), pair("t", "g"));
    assert_eq!(cells(r#""TimeGenerated":"g""#), pair("g", "g"));
    assert_eq!(cells(r#""Timestamp":null,"TimeGenerated":null"#), pair("null", "e"));
    assert_eq!(cells(r#""Timestamp":null"#), pair("null", "e"));
    assert_eq!(cells(""), pair("-", "e"));
    // A row without an envelope has no member of an envelope.
    let flat = shown(r#"{"Type":"DeviceNetworkEvents","time":"e"}"#);
    assert_eq!(flat[0].1[3], "-");
}

#[test]
fn duplicates_the_last_counts() {
    let rows = shown(r#"{"Type":"Door_CL","Door":"a","\u0044oor":null}"#);
    assert_eq!(rows[0].1[0], "null");
    let rows = shown(r#"{"Type":"Syslog","Type":"Door_CL","Door":"a","Door":"b"}"#);
    assert_eq!(rows[0], (Routed::Table(DOOR), vec!["b".to_owned(), "-".to_owned()]));
    let rows = shown(r#"{"category":"AuditLogs","properties":{"Type":"a","category":"c"},"properties":{"Type":"b"}}"#);
    assert_eq!(rows[0].1, ["-", "-", "-", "-", "b"]);
    let rows = shown(r#"{"Type":"Doors","records":[{"x":1}],"records":[{"Type":"Syslog"},{}]}"#);
    assert_eq!(rows.iter().map(|r| r.0).collect::<Vec<_>>(), [Routed::Carrier, Routed::Unrouted]);
    let rows = shown(r#"{"Type":"Door_CL","Door":1,"records":[{"Door":2}],"records":3}"#);
    assert_eq!(rows, [(Routed::Table(DOOR), vec!["1".to_owned(), "3".to_owned()])]);
}

#[test]
fn a_row_may_have_a_member_called_records() {
    let one = |records: &str| vec![(Routed::Table(DOOR), vec!["1".to_owned(), records.to_owned()])];
    for records in [r#"["a",7]"#, "[[{}]]", r#"[{"Door":2},{"Door":3}]"#, "[]", r#"[{},"x"]"#] {
        assert_eq!(shown(format!(r#"{{"Type":"Door_CL","Door":1,"records":{records}}}"#)), one(records));
        // What names the table may come behind it.
        assert_eq!(shown(format!(r#"{{"records":{records},"Door":1,"Type":"Door_CL"}}"#)), one(records));
    }
    let many = r#"{"records":[{},{},{}],"Type":"Door_CL"}"#;
    let mut few = decoder_with(&PLAIN, Limits { max_records: 2, ..Limits::default() });
    assert_eq!(few.decode(many.as_bytes()).unwrap().len(), 1);
    let rows = shown(r#"{"records":[{"Door":2}],"category":"AuditLogs","properties":{"Category":"c"}}"#);
    assert_eq!(rows, [(Routed::Table(AUDIT), ["-", "c", "-", "-", "-"].map(String::from).to_vec())]);
    // A table that no rule reads is named all the same.
    assert_eq!(shown(r#"{"records":[{"Door":2}],"Type":"Syslog"}"#), [(Routed::Carrier, vec![])]);
    // Without an object in it, it is no batch, whatever tells the table.
    assert_eq!(
        shown(r#"{"records":["a"],"Door":"front"}"#),
        [(Routed::Table(DOOR), vec!["front".into(), r#"["a"]"#.into()])]
    );
    assert_eq!(shown(r#"{"records":[1]}"#), [(Routed::Unrouted, vec![])]);
}

#[test]
fn properties_as_json_in_a_string() {
    let Json::Object(mut record) = serde_json::from_str(STREAMED).unwrap() else { panic!() };
    let object = record["properties"].to_string();
    record["properties"] = Json::String(object.clone());
    let line = json!({"records": [record.clone(), record]}).to_string();
    let rows = shown(&line);
    assert_eq!(rows, [shown(STREAMED), shown(STREAMED)].concat());
    let mut decoder = decoder();
    let records = decoder.decode(line.as_bytes()).unwrap();
    assert!(records.iter().all(|r| r.payload() == object && r.text().starts_with(r#"{"time""#)));
    // No object in it: the envelope's own members are all there is.
    for string in ["", "x", "[]", r#"{\"Category\":1"#, r#"{\"Category\":1} x"#] {
        let line = format!(r#"{{"category":"AuditLogs","tenantId":"t","properties":"{string}"}}"#);
        assert_eq!(shown(&line)[0].1, ["-", "AuditLogs", "-", "t", "-"], "{line}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    assert_eq!(refused(""), "the line is blank; a record is a JSON object");
    assert_eq!(refused(" \r"), refused("\u{FEFF}"));
    assert_eq!(refused(r#"{"é":tru}"#), "the line is not JSON: expected a value at byte 6 (column 6)");
    assert_eq!(refused("\u{FEFF}{\"é\":tru}"), "the line is not JSON: expected a value at byte 9 (column 6)");
    assert_eq!(refused(b"{\"\xC3\xA9\xFF\":1}"), "the line is not UTF-8 from byte 4 (column 4) on; send UTF-8");
    assert!(refused("17").starts_with("the line is a number; a record is a JSON object"));
    assert!(refused("hello").starts_with("the line is not JSON"));
    assert_eq!(
        refused(r#"{"records":[{}, "x"]}"#),
        "element 1 of the line's array of records, at byte 16, is a string; each must be an object"
    );
    assert!(refused("[[]]").starts_with("element 0 "));
    let mut few = decoder_with(&PLAIN, Limits { max_records: 2, ..Limits::default() });
    assert_eq!(few.decode(b"[{},{}]").unwrap().len(), 2);
    assert_eq!(few.decode(b"[{},{},{}]").unwrap_err(), Malformed::TooManyRecords { max_records: 2 });
    assert_eq!(few.decode(b"{}").unwrap().len(), 1, "a refused line leaves nothing behind");
}

#[test]
fn depth_is_bounded() {
    for line in ["[".repeat(1_000_000), r#"{"a":"#.repeat(1_000_000), r#"{"properties":"#.repeat(1_000_000)] {
        assert!(matches!(decoder().decode(line.as_bytes()), Err(Malformed::TooDeep { max_depth: 128, .. })));
    }
    let nest = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
    assert!(decoder().decode(nest(127).as_bytes()).is_ok());
    assert!(refused(nest(128)).contains("the setting `max_record_depth` allows more"));
    let mut deep = decoder_with(&PLAIN, Limits { max_depth: usize::MAX, ..Limits::default() });
    assert!(deep.decode(nest(1023).as_bytes()).is_ok());
    assert_eq!(
        deep.decode(nest(1024).as_bytes()).unwrap_err(),
        Malformed::TooDeep { max_depth: 1024, offset: 1028, column: 1029 }
    );
}

#[test]
fn no_truncation_panics() {
    let batch = format!("{{\"records\":[{STREAMED},{STREAMED}]}}");
    let mut decoder = decoder();
    for end in 0..batch.len() {
        assert!(decoder.decode(&batch.as_bytes()[..end]).is_err(), "{end}");
    }
    assert_eq!(decoder.decode(batch.as_bytes()).unwrap().len(), 2);
}

/// One value that no double holds must not cost the record.
#[test]
fn a_number_beyond_doubles_is_read() {
    let line = r#"{"Type":"DeviceNetworkEvents","RemotePort":1e400,"AdditionalFields":{"n":-1e400}}"#;
    assert_eq!(decoder().decode(line.as_bytes()).map(|records| records.len()), Ok(1));
}

#[test]
fn blank_lines() {
    assert!(is_blank(b"") && is_blank(b" \t\r\n") && is_blank(b"\xEF\xBB\xBF\r"));
    assert!(!is_blank(b"{}") && !is_blank(b"\xEF\xBB"));
}

/// JSON text whose objects use the names that mean something, with repeats, escapes and white space.
fn json_text() -> impl Strategy<Value = String> {
    let names = "Type|category|propert(ies|\\\\u0069es)|records|Remote(U|\\\\u0055)rl|RemoteIP|Timestamp|TimeGenerated|time|OperationName|activityDisplayName|targetResources|tenantId|Door|x";
    let words = "AuditLogs|auditlogs|AdvancedHunting-Device(Network|File)Events|Door(_|\\\\u005f)CL|DeviceNetworkEvents|Syslog|front|ba\\\\u0063k|C:\\\\\\\\Users|é\\\\n|\\{\\\\\"Door\\\\\":1,\\\\\"RemoteIP\\\\\":\\\\\"C:\\\\\\\\\\\\\\\\x\\\\\"\\}|\\{|";
    let leaf = prop_oneof![
        3 => words.prop_map(|word| format!("\"{word}\"")),
        1 => "null|true|false|-?[1-9][0-9]{0,18}|0|-0|[0-9]\\.[0-9]{1,3}(e-?[0-9])?",
    ];
    let space = || "( |\t|\r)?";
    leaf.prop_recursive(4, 40, 6, move |value| {
        let member = (names, space(), space(), value.clone(), space())
            .prop_map(|(name, a, b, value, c)| format!("{a}\"{name}\"{b}:{c}{value}"));
        prop_oneof![
            3 => prop::collection::vec(member, 0..7).prop_map(|members| format!("{{{}}}", members.join(","))),
            1 => prop::collection::vec(value, 0..4).prop_map(|elements| format!("[{}]", elements.join(" ,"))),
        ]
    })
}

/// The records of a line after the documentation, by way of serde_json: each one's table and columns.
fn oracle(line: &Json, default_table: Option<&str>) -> Option<Vec<(Routed, Vec<Option<Json>>)>> {
    let is_batch = |object: &serde_json::Map<String, Json>, records: &[Json]| {
        (records.is_empty() || records.iter().any(Json::is_object)) && named(object).is_none()
    };
    let records = match (line, line.get("records")) {
        (Json::Array(records), _) => records.as_slice(),
        (Json::Object(object), Some(Json::Array(records))) if is_batch(object, records) => records.as_slice(),
        _ => std::slice::from_ref(line),
    };
    records.iter().map(|record| Some(oracle_record(record.as_object()?, default_table))).collect()
}

fn oracle_table(name: &str) -> Option<Routed> {
    match tables().iter().position(|t| t.table.name.eq_ignore_ascii_case(name)) {
        Some(index) => Some(Routed::Table(index)),
        None => [("Syslog", Routed::Carrier), ("DeviceFileEvents", Routed::Unused)]
            .iter()
            .find(|(table, _)| table.eq_ignore_ascii_case(name))
            .map(|(_, routed)| *routed),
    }
}

/// The table that a record names itself, and whether it does as an envelope.
fn named(record: &serde_json::Map<String, Json>) -> Option<(Routed, bool)> {
    // A table's name is case-sensitive, a category is not.
    let by_type = record.get("Type").and_then(Json::as_str).filter(|name| *name != "auditlogs").and_then(oracle_table);
    let by_category = || {
        let category = record.get("category")?.as_str()?.to_ascii_lowercase();
        match category.strip_prefix("advancedhunting-") {
            Some(name) => oracle_table(name),
            None => (category == "auditlogs").then_some(Routed::Table(AUDIT)),
        }
    };
    by_type.map(|routed| (routed, false)).or_else(|| by_category().map(|routed| (routed, true)))
}

fn oracle_record(record: &serde_json::Map<String, Json>, default_table: Option<&str>) -> (Routed, Vec<Option<Json>>) {
    let tables = tables();
    let has = |name| record.contains_key(name);
    let by_shape = || {
        if matches!(record.get("Door").and_then(Json::as_str), Some("front" | "back")) {
            Some(Routed::Table(DOOR))
        } else if has("activityDisplayName") && has("targetResources") {
            Some(Routed::Table(AUDIT))
        } else if has("RemoteIP") {
            Some(Routed::Table(NETWORK))
        } else {
            None
        }
    };
    let (routed, envelope) = named(record).unwrap_or_else(|| {
        let routed = default_table.and_then(oracle_table).or_else(by_shape);
        (routed.unwrap_or(Routed::Unrouted), false)
    });
    let row = match record.get("properties").filter(|_| envelope) {
        Some(Json::Object(object)) => object.clone(),
        Some(Json::String(text)) => match serde_json::from_str(text) {
            Ok(Json::Object(object)) => object,
            _ => record.clone(),
        },
        _ => record.clone(),
    };
    let Routed::Table(index) = routed else {
        return (routed, Vec::new());
    };
    let cell = |column: &Column| {
        let members = column.members.iter().filter(|m| envelope || !m.envelope);
        let found: Vec<&Json> =
            members.filter_map(|m| if m.envelope { record.get(&m.name) } else { row.get(&m.name) }).collect();
        found.iter().find(|v| !v.is_null()).or(found.first()).map(|v| (*v).clone())
    };
    (routed, tables[index].columns.iter().map(cell).collect())
}

fn json_of(cell: Cell<'_>) -> Option<Json> {
    match cell {
        Cell::Missing => None,
        Cell::Null => Some(Json::Null),
        Cell::Bool(b) => Some(Json::Bool(b)),
        Cell::String { .. } => cell.as_string().map(|s| Json::String(s.into_owned())),
        Cell::Number(text) | Cell::Composite(text) => Some(serde_json::from_str(text).unwrap()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn records_are_what_serde_json_finds(line in json_text(), with_default: bool) {
        let (layout, default) = if with_default { (&WITH_DEFAULT, Some("Door_CL")) } else { (&PLAIN, None) };
        let mut decoder = decoder_with(layout, Limits::default());
        let expected = oracle(&serde_json::from_str(&line).unwrap(), default);
        let got: Option<Vec<_>> = decoder.decode(line.as_bytes()).ok().map(|records| {
            let cells = |r: &Record<'_>| match r.routed {
                Routed::Table(table) => (0..PLAIN.tables()[table].columns.len()).map(|slot| json_of(r.cell(slot))).collect(),
                _ => Vec::new(),
            };
            records.iter().map(|r| (r.routed, cells(&r))).collect()
        });
        prop_assert_eq!(got, expected);
    }

    /// A line with a few bytes changed is refused if and only if serde_json refuses it, save for numbers that no double holds.
    #[test]
    fn verdicts_are_serde_jsons(
        line in json_text(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..3, prop::sample::select(&b"{}[]\",:\\u0019.eE+-tn \x01\xC3\x7F"[..])), 0..3),
    ) {
        let mut line = line.into_bytes();
        for (at, change, byte) in changes {
            let at = at.index(line.len() + 1);
            match change {
                0 => line.insert(at, byte),
                1 if at < line.len() => line[at] = byte,
                _ if at < line.len() => { line.remove(at); }
                _ => {}
            }
        }
        let theirs = serde_json::from_slice::<Json>(&line);
        if theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range")) {
            return Ok(());
        }
        match decoder().decode(&line).map(|records| records.len()) {
            Ok(_) | Err(Malformed::NotAnObject { .. } | Malformed::NotARecord { .. }) => {
                prop_assert!(theirs.is_ok(), "{theirs:?}");
            }
            Err(error) => prop_assert!(theirs.is_err(), "{error}"),
        }
    }
}
