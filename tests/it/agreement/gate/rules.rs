//! Random rules whose needles are cut out of the rows that they will be held against, so that they match, and so that a
//! needle may lie anywhere: across an escape, a number, or the punctuation of JSON.

use super::super::pieces;
use super::super::queries::TABLES;
use super::random::Random;
use super::rows::{Row, text};
use super::speller::{Json, compact};

pub(super) fn rule(rows: &[Row], table: usize, random: &mut Random) -> String {
    let mut filters: Vec<String> = (0..=random.below(2)).map(|_| truth(rows, table, random, 2)).collect();
    // Whatever else is asked, a plain question first: of these there are literals.
    if random.chance(800) {
        filters.truncate(random.pick(&[0, 0, 1]));
        filters.insert(0, plain_question(rows, table, random));
    }
    format!("{}\n| where {}", TABLES[table].name, filters.join("\n| where "))
}

fn truth(rows: &[Row], table: usize, random: &mut Random, depth: u32) -> String {
    let deeper = |random: &mut Random| truth(rows, table, random, depth.saturating_sub(1));
    match random.below(if depth == 0 { 8 } else { 15 }) {
        8 | 9 => format!("({} and {})", deeper(random), deeper(random)),
        10 | 11 => format!("({} or {})", deeper(random), deeper(random)),
        12 => format!("not({})", deeper(random)),
        13 => format!("iff({}, {}, {})", deeper(random), deeper(random), deeper(random)),
        14 => format!("case({}, {}, {}, {}, {})", deeper(random), deeper(random), deeper(random), "true", "false"),
        7 => number(table, random),
        _ => question(rows, table, random),
    }
}

fn number(table: usize, random: &mut Random) -> String {
    let column = random.pick(TABLES[table].numbers);
    let test = ["== 1000", "in (5, 1000, 42)", "between (0 .. 2000)", "!in (7)", "== \"1000\"", ">= 0", "!= 5"];
    format!("{column} {}", random.pick(&test))
}

/// Whether a piece of the first row stands in a row.
fn plain_question(rows: &[Row], table: usize, random: &mut Random) -> String {
    let (table, row) = (&TABLES[table], &rows[0]);
    let dynamics = [table.dynamics, &["Unheard"]].concat();
    let columns = if random.chance(500) { table.texts } else { &dynamics };
    let column = random.pick(columns);
    let mut texts = Vec::new();
    collect(row.iter().find(|(name, _)| name == column).map(|(_, value)| value), &mut texts, 3);
    texts.sort_by_key(String::len);
    // The longer ones: what is shorter than three letters gives no literal.
    let at = texts.len() / 2 + random.index(texts.len() - texts.len() / 2);
    let subject = match columns == table.texts {
        true => column.to_owned(),
        false => random.pick(&["#", "tostring(#)"]).replace('#', column),
    };
    let op = random.pick(&["contains", "contains", "has", "has_any"]);
    let needles: Vec<String> =
        (0..random.pick(&[1, 1, 2])).map(|_| quoted(&long_part(&texts[at], random), random)).collect();
    match (op, needles.as_slice()) {
        ("has_any", needles) => format!("{subject} has_any ({})", needles.join(", ")),
        (op, [needle]) => format!("{subject} {op} {needle}"),
        (op, needles) => {
            let questions: Vec<String> = needles.iter().map(|needle| format!("{subject} {op} {needle}")).collect();
            format!("({})", questions.join(" or "))
        }
    }
}

/// A string predicate on a column, or on something made of it.
fn question(rows: &[Row], table: usize, random: &mut Random) -> String {
    let row = &rows[random.index(rows.len())];
    let table = &TABLES[table];
    let dynamics = [table.dynamics, &["Unheard"]].concat();
    let column = if random.chance(500) { random.pick(table.texts) } else { random.pick(&dynamics) };
    let is_dynamic = dynamics.contains(&column);
    let other = random.pick(table.texts);
    let forms: &[&str] = match is_dynamic {
        true => &[
            "#",
            "#",
            "#.a",
            "#[\"k\"]",
            "#[0]",
            "#.a.b",
            "tostring(#)",
            "tostring(#)",
            "tostring(#.a)",
            "tostring(#[0].k)",
            "parse_json(tostring(#.a))",
            "tostring(parse_json(tostring(#)))",
            "strcat(#, @)",
            "coalesce(tostring(#), @)",
            "tolower(tostring(#))",
        ],
        false => &[
            "#",
            "#",
            "#",
            "#",
            "tolower(#)",
            "toupper(#)",
            "strcat(#, @)",
            "strcat(@, \"1000\", #)",
            "parse_json(#)",
            "tostring(parse_json(#))",
            "tostring(parse_json(#).a)",
            "parse_json(#)[0]",
            "tostring(parse_json(tostring(parse_json(#).a)))",
            "substring(#, 1)",
        ],
    };
    let subject = random.pick(forms).replace('#', column).replace('@', other);
    let mut texts = Vec::new();
    collect(row.iter().find(|(name, _)| name == column).map(|(_, value)| value), &mut texts, 3);
    let whole = texts[random.index(texts.len())].clone();
    ask(&subject, &whole, random)
}

/// Every text that may be asked about in a value: itself, what it holds, and what JSON in it holds.
fn collect(value: Option<&Json>, texts: &mut Vec<String>, depth: u32) {
    let Some(value) = value else { return texts.push(String::new()) };
    texts.push(compact(value));
    if depth == 0 {
        return;
    }
    match value {
        Json::Bare(_) => {}
        Json::Text(text) => {
            texts.push(text.clone());
            if let Ok(parsed) = kqltap::value::json::parse(text, 64) {
                texts.push(parsed.to_text().into_owned());
            }
        }
        Json::Array(items) => items.iter().for_each(|item| collect(Some(item), texts, depth - 1)),
        Json::Object(members) => members.iter().for_each(|(_, item)| collect(Some(item), texts, depth - 1)),
    }
}

fn ask(subject: &str, whole: &str, random: &mut Random) -> String {
    let cased = random.chance(250);
    let cs = if cased { "_cs" } else { "" };
    let not = if random.chance(100) { "!" } else { "" };
    match random.below(12) {
        0 => format!("{subject} {not}startswith{cs} {}", quoted(&head(whole, random), random)),
        1 => format!("{subject} {not}endswith{cs} {}", quoted(&tail(whole, random), random)),
        2 => {
            let op = random.pick(&["==", "=~", "==", "!=", "!~"]);
            format!("{subject} {op} {}", quoted(whole, random))
        }
        3 => {
            let op = random.pick(&["in", "in~", "!in"]);
            let third = random.pick(&["\"1000\"", "\"\"", "dynamic([\"x\", 1e3])", "\"none\""]);
            format!("{subject} {op} ({}, {}, {third})", quoted(whole, random), quoted(&text(random), random))
        }
        4 | 5 => {
            let op = random.pick(&["has_any", "has_any", "has_all"]);
            let third = random.pick(&[
                "1000",
                "1.50",
                "\"none\"",
                "dynamic([\"xyz\", [\"KELVIN\"]])",
                "true",
                "datetime(2024-01-02T03:04:05.1234567Z)",
            ]);
            format!(
                "{subject} {op} ({}, {}, {third})",
                quoted(&part(whole, random), random),
                quoted(&part(whole, random), random)
            )
        }
        6 => format!("{subject} {not}hasprefix{cs} {}", quoted(&part(whole, random), random)),
        7 => format!("{subject} {not}hassuffix{cs} {}", quoted(&part(whole, random), random)),
        8 => format!("{subject} {not}has{cs} {}", quoted(&part(whole, random), random)),
        _ => format!("{subject} {not}contains{cs} {}", quoted(&part(whole, random), random)),
    }
}

/// The needle as a literal; its case is often another.
fn quoted(needle: &str, random: &mut Random) -> String {
    let needle = match random.below(4) {
        0 => needle.to_ascii_uppercase(),
        1 => needle.to_ascii_lowercase(),
        _ => needle.to_owned(),
    };
    pieces::kql(&needle, 2 + random.below(3) as u8)
}

fn part(whole: &str, random: &mut Random) -> String {
    let chars: Vec<char> = whole.chars().collect();
    if chars.is_empty() {
        return text(random);
    }
    let start = random.index(chars.len());
    let length = 3 + random.index(13);
    chars[start..(start + length).min(chars.len())].iter().collect()
}

/// The best of a few, for a literal is made of plain characters that stand together.
fn long_part(whole: &str, random: &mut Random) -> String {
    let run = |text: &String| {
        let runs = text.split(|c: char| !c.is_ascii() || c.is_ascii_control() || c == '"' || c == '\\');
        runs.map(str::len).max().unwrap_or(0).min(6)
    };
    let parts: Vec<String> = (0..4).map(|_| part(whole, random)).collect();
    parts.into_iter().max_by_key(run).unwrap_or_default()
}

fn head(whole: &str, random: &mut Random) -> String {
    let length = 1 + random.index(20);
    whole.chars().take(length).collect()
}

fn tail(whole: &str, random: &mut Random) -> String {
    let count = whole.chars().count();
    let length = 1 + random.index(20);
    whole.chars().skip(count.saturating_sub(length)).collect()
}
