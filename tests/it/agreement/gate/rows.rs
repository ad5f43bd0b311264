//! Random rows made of what has been, or may be, trouble for a gate, and the lines that senders make of them.

use super::super::queries::TABLES;
use super::random::Random;
use super::speller::{Json, Style, spelt};

/// Fragments of text. Some are what JSON is made of: an escape within a text, a number, punctuation.
#[rustfmt::skip]
pub(super) const PIECES: &[&str] = &[
    "169.254.169.254", "/run/secrets/", "mail.read", "hosts.yml", ".azure", "Consent to application", "offline_access", "KELVIN", "K",
    "ſecret", "nmail.read", "n", "bird", "u000abc", "u0041", "\\u0041", "\\n", "\\", "c:\\users\\", "\"", "a\"b", "'", "\n", "\t", "\r", "\u{8}",
    "\u{c}", "\u{1}", "\u{1f}", "\u{7f}", "é", "日本", "😀", "\u{301}", "1000", "1e3", "1.50", "-0", "0x1f", "1E+20", "true", "FALSE", "null",
    "NaN", "Infinity", ":", ",", "[", "]", "{", "}", "\":\"", "[1,2]", "{\"k\":\"v\"}", " ", "  ", "/", "//", "DeviceFileEvents",
    "AuditLogs", "FolderPath", "a",
];

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "5",
    "42",
    "1000",
    "1e3",
    "1E3",
    "1.50",
    "1.5",
    "100000000000000000000",
    "1e20",
    "0.00001",
    "-12.340",
    "123456",
];

pub(super) type Row = Vec<(String, Json)>;

pub(super) fn text(random: &mut Random) -> String {
    let count = random.pick(&[0, 1, 1, 2, 2, 3, 5]);
    (0..count).map(|_| random.pick(PIECES)).collect()
}

fn bare(random: &mut Random) -> Json {
    let token = match random.below(4) {
        0 => random.pick(&["true", "false", "null"]),
        _ => random.pick(NUMBERS),
    };
    Json::Bare(token.to_owned())
}

fn dynamic(random: &mut Random, depth: u32) -> Json {
    match random.below(if depth == 0 { 5 } else { 9 }) {
        0 | 1 => Json::Text(text(random)),
        2 | 3 => bare(random),
        4 => Json::Text(inner(random, depth.saturating_sub(1))),
        5 | 6 => {
            let count = random.below(4);
            let name = |random: &mut Random| {
                let odd = text(random);
                random.pick(&["a", "b", "k", "flag", "displayName", odd.as_str()]).to_owned()
            };
            Json::Object((0..count).map(|_| (name(random), dynamic(random, depth - 1))).collect())
        }
        _ => {
            let count = random.below(4);
            Json::Array((0..count).map(|_| dynamic(random, depth - 1)).collect())
        }
    }
}

/// JSON as a text of its own, in a spelling of its own.
fn inner(random: &mut Random, depth: u32) -> String {
    let value = dynamic(random, depth);
    let style = if random.chance(500) { Style::PLAIN } else { Style::random(random) };
    spelt(&value, style, random)
}

/// A row of a table, now and then with a value of another type than its column's.
pub(super) fn row(random: &mut Random, table: usize) -> Row {
    let table = &TABLES[table];
    let mut row = Row::new();
    for name in table.texts {
        let value = match random.below(10) {
            0 => bare(random),
            1 => dynamic(random, 2),
            2 | 3 => Json::Text(inner(random, 2)),
            _ => Json::Text(text(random)),
        };
        row.push(((*name).to_owned(), value));
    }
    for name in table.numbers {
        let value =
            if random.chance(800) { Json::Bare(random.pick(NUMBERS).to_owned()) } else { Json::Text(text(random)) };
        row.push(((*name).to_owned(), value));
    }
    for name in [table.dynamics, &["Unheard"]].concat() {
        let value = if random.chance(300) { Json::Text(inner(random, 3)) } else { dynamic(random, 3) };
        row.push((name.to_owned(), value));
    }
    let time = random.pick(&["TimeGenerated", "Timestamp"]);
    row.push((time.to_owned(), Json::Text("2024-01-02T03:04:05.1234567Z".to_owned())));
    row
}

/// The same row with letters of its values in the other case: what rules without regard to case must match too, and what
/// those with regard to it must not.
pub(super) fn recased(row: &Row, random: &mut Random) -> Row {
    fn each(value: &Json, random: &mut Random) -> Json {
        match value {
            Json::Bare(_) => value.clone(),
            Json::Text(text) => Json::Text(text.chars().map(|c| case(c, random)).collect()),
            Json::Array(items) => Json::Array(items.iter().map(|v| each(v, random)).collect()),
            Json::Object(members) => Json::Object(members.iter().map(|(n, v)| (n.clone(), each(v, random))).collect()),
        }
    }
    row.iter().map(|(name, value)| (name.clone(), each(value, random))).collect()
}

/// What has a backslash before it may not change, lest `\n` becomes another text; so letters of escapes stay.
fn case(c: char, random: &mut Random) -> char {
    match c {
        'k' | 'K' if random.chance(30) => 'K',
        'n' | 'u' | 'b' | 't' | 'r' | 'f' => c,
        c if random.chance(500) => {
            if c.is_ascii_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        }
        c => c,
    }
}

/// A line that has the row, in one of the forms that senders have.
pub(super) fn line(row: &Row, table: usize, by_default: bool, random: &mut Random) -> String {
    let style = Style::random(random);
    let record = record(row, table, by_default, random);
    let other = |random: &mut Random| match random.below(3) {
        0 => Json::Object(vec![("Type".to_owned(), Json::Text("DeviceInfo".to_owned()))]),
        1 => Json::Object(Vec::new()),
        _ => record_of_nothing(),
    };
    let whole = match random.below(8) {
        0 => Json::Object(vec![("records".to_owned(), Json::Array(vec![other(random), record, other(random)]))]),
        1 => Json::Array(vec![record, other(random)]),
        _ => record,
    };
    let mut line = spelt(&whole, style, random);
    if random.chance(100) {
        line = format!("\u{feff} {line}\r");
    }
    line
}

fn record_of_nothing() -> Json {
    Json::Object(vec![("FolderPath".to_owned(), Json::Text("C:\\Users\\u1".to_owned()))])
}

fn record(row: &Row, table: usize, by_default: bool, random: &mut Random) -> Json {
    let name = TABLES[table].name;
    let text = |text: &str| Json::Text(text.to_owned());
    let mut members = row.clone();
    match random.below(4) {
        0 | 1 if random.chance(700) || !by_default => members.push(("Type".to_owned(), text(name))),
        // Nothing but the members that it has says what it is, or the table of records that name none.
        0 | 1 => {}
        2 => shape(&mut members, name, random),
        _ => return envelope(&members, name, random),
    }
    Json::Object(members)
}

/// Adds the members by which a row of the table is known.
fn shape(members: &mut Row, table: &str, random: &mut Random) {
    let mut add = |name: &str, value: &str| {
        if !members.iter().any(|(known, _)| known == name) {
            members.push((name.to_owned(), Json::Text(value.to_owned())));
        }
    };
    match table {
        "DeviceFileEvents" => add("ActionType", random.pick(&["FileModified", "FileRead"])),
        "DeviceNetworkEvents" => add("ActionType", random.pick(&["ConnectionSuccess", "ConnectionFailed"])),
        _ if random.chance(500) => add("Category", "ApplicationManagement"),
        // A row of the Graph API.
        _ => {
            add("activityDisplayName", "");
            members.iter_mut().for_each(|(name, _)| *name = camel(name));
        }
    }
}

fn camel(name: &str) -> String {
    name[..1].to_ascii_lowercase() + &name[1..]
}

/// Defender's streaming or Entra's diagnostic form; `properties` may be JSON in a string.
fn envelope(members: &Row, table: &str, random: &mut Random) -> Json {
    let text = |text: &str| Json::Text(text.to_owned());
    let is_entra = table == "AuditLogs";
    let mut category = if is_entra { table.to_owned() } else { format!("AdvancedHunting-{table}") };
    if random.chance(300) {
        category.make_ascii_lowercase();
    }
    let name = |name: &str| if is_entra { camel(name) } else { name.to_owned() };
    let mut properties = Json::Object(members.iter().map(|(n, value)| (name(n), value.clone())).collect());
    if random.chance(400) {
        let style = Style::random(random);
        properties = Json::Text(spelt(&properties, style, random));
    }
    Json::Object(vec![
        ("time".to_owned(), text("2024-01-02T03:04:05Z")),
        ("category".to_owned(), Json::Text(category)),
        ("properties".to_owned(), properties),
    ])
}
