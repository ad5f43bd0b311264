//! JSON as a value, and the many ways to write the same one.

use super::random::Random;
use kqltap::value::json;

#[derive(Clone, Debug)]
pub(super) enum Json {
    /// A number, `true`, `false` or `null`, as it is spelt.
    Bare(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// How one line is written. Shares are of a thousand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Characters that are written as `\uXXXX`.
    escapes: u64,
    /// Backslashes and `u` that are: what escapes of JSON within this text are made of.
    backslashes: u64,
    /// Slashes that are written as `\/`.
    slashes: u64,
    /// Places between two tokens that have white space.
    spaces: u64,
    /// Objects whose members stand in another order.
    shuffled: u64,
    /// Members that come twice, with the value that counts behind.
    doubled: u64,
}

impl Style {
    pub(super) const PLAIN: Style =
        Style { escapes: 0, backslashes: 0, slashes: 0, spaces: 0, shuffled: 0, doubled: 0 };

    pub(super) fn random(random: &mut Random) -> Style {
        let escaped = random.chance(400);
        Style {
            escapes: if escaped { random.pick(&[0, 5, 20, 300, 1000]) } else { 0 },
            backslashes: random.pick(&[0, 0, 0, 0, 300]),
            slashes: if escaped { random.pick(&[0, 300, 1000]) } else { 0 },
            spaces: random.pick(&[0, 0, 200, 1000]),
            shuffled: random.pick(&[0, 500]),
            doubled: random.pick(&[0, 0, 150]),
        }
    }
}

pub(super) fn spelt(value: &Json, style: Style, random: &mut Random) -> String {
    let mut out = String::new();
    write(value, style, random, &mut out);
    out
}

/// The text that `tostring` gives a dynamic that was written so.
pub(super) fn compact(value: &Json) -> String {
    let text = spelt(value, Style::PLAIN, &mut Random::new(0));
    json::parse(&text, 128).expect("what was written is JSON").to_text().into_owned()
}

fn write(value: &Json, style: Style, random: &mut Random, out: &mut String) {
    match value {
        Json::Bare(token) => out.push_str(token),
        Json::Text(text) => string(text, style, random, out),
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                between(at > 0, style, random, out);
                write(item, style, random, out);
            }
            space(style, random, out);
            out.push(']');
        }
        Json::Object(members) => {
            let mut order: Vec<&(String, Json)> = members.iter().collect();
            if random.chance(style.shuffled) {
                random.shuffle(&mut order);
            }
            out.push('{');
            let mut first = true;
            for (name, value) in order {
                if random.chance(style.doubled) {
                    between(!first, style, random, out);
                    member(name, &decoy(random), style, random, out);
                    first = false;
                }
                between(!first, style, random, out);
                member(name, value, style, random, out);
                first = false;
            }
            space(style, random, out);
            out.push('}');
        }
    }
}

/// What a later member of the same name takes the place of.
fn decoy(random: &mut Random) -> Json {
    match random.below(4) {
        0 => Json::Bare("null".to_owned()),
        1 => Json::Text("decoy".to_owned()),
        2 => Json::Object(Vec::new()),
        _ => Json::Array(vec![Json::Object(Vec::new())]),
    }
}

fn member(name: &str, value: &Json, style: Style, random: &mut Random, out: &mut String) {
    string(name, style, random, out);
    space(style, random, out);
    out.push(':');
    space(style, random, out);
    write(value, style, random, out);
}

fn between(comma: bool, style: Style, random: &mut Random, out: &mut String) {
    space(style, random, out);
    if comma {
        out.push(',');
        space(style, random, out);
    }
}

fn space(style: Style, random: &mut Random, out: &mut String) {
    while random.chance(style.spaces) {
        out.push(random.pick(&[' ', '\t', '\r']));
        if random.chance(500) {
            break;
        }
    }
}

fn string(text: &str, style: Style, random: &mut Random, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        let short = match c {
            '"' | '\\' => Some(c),
            '\n' => Some('n'),
            '\r' => Some('r'),
            '\t' => Some('t'),
            '\u{8}' => Some('b'),
            '\u{c}' => Some('f'),
            '/' if random.chance(style.slashes) => Some('/'),
            _ => None,
        };
        match short {
            _ if random.chance(style.escapes) => units(c, random, out),
            _ if matches!(c, '\\' | 'u') && random.chance(style.backslashes) => units(c, random, out),
            Some(short) => out.extend(['\\', short]),
            None if c < ' ' => units(c, random, out),
            None => out.push(c),
        }
    }
    out.push('"');
}

/// `\uXXXX`, twice for a character outside the first plane, digits in either case.
fn units(c: char, random: &mut Random, out: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.push_str("\\u");
        for digit in format!("{unit:04x}").chars() {
            out.push(if random.chance(500) { digit.to_ascii_uppercase() } else { digit });
        }
    }
}
