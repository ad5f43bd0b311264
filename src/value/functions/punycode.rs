//! Punycode: text of any letters in those of host names.
//!
//! <https://datatracker.ietf.org/doc/html/rfc3492>, and <https://learn.microsoft.com/kusto/query/punycode-from-string-function>
//! with its neighbours.

use super::arguments::text_at;
use super::limits::Text;
use super::{Function, Param};
use crate::schema::ScalarType;
use crate::value::Value;

const TEXT: &[Param] = &[Param::Is(ScalarType::String)];
const STRING: ScalarType = ScalarType::String;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "punycode_from_string",
        "punycode_from_string(text)",
        "A text in punycode; \"\" of one with more than 1,024 characters.",
    )
    .takes(1, 1, TEXT)
    .calls(STRING, |_, a| Value::string(encode(&text_at(a, 0)).unwrap_or_default())),
    Function::of(
        "punycode_to_string",
        "punycode_to_string(text)",
        "The text that punycode stands for; \"\" where it is none, or more than 1,024 characters.",
    )
    .takes(1, 1, TEXT)
    .calls(STRING, |_, a| Value::string(decode(&text_at(a, 0)).unwrap_or_default())),
    Function::of(
        "punycode_domain_to_string",
        "punycode_domain_to_string(domain)",
        "A domain with each part that has other letters than those of ASCII in punycode, behind xn--.",
    )
    .takes(1, 1, TEXT)
    .calls(STRING, |_, a| {
        labels(&text_at(a, 0), |label| match label.is_ascii() {
            true => Some(label.to_owned()),
            false => encode(label).map(|code| format!("{PREFIX}{code}")),
        })
    }),
    Function::of(
        "punycode_domain_from_string",
        "punycode_domain_from_string(domain)",
        "A domain with each part behind xn-- as the text that it stands for; \"\" where one is no punycode.",
    )
    .takes(1, 1, TEXT)
    .calls(STRING, |_, a| {
        labels(&text_at(a, 0), |label| match encoded(label) {
            None => Some(label.to_owned()),
            Some(code) => decode(code),
        })
    }),
];

const PREFIX: &str = "xn--";

/// What parts of a domain may stand between, as IDNA has it.
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

/// The most characters: each is held against all others.
const MAX_LENGTH: usize = 1024;

const BASE: u32 = 36;
const FIRST: u32 = 128;

/// What stands behind `xn--`, in either case: names of hosts mind none.
fn encoded(label: &str) -> Option<&str> {
    let (prefix, code) = label.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(code)
}

/// Each part of a domain as something else, with full stops between them.
fn labels<'a>(domain: &str, each: impl Fn(&str) -> Option<String>) -> Value<'a> {
    let mut text = Text::default();
    for (at, label) in domain.split(DOTS).enumerate() {
        let Some(label) = each(label) else { return Value::string("") };
        // Beyond a text's bound nothing is kept, so nothing more is made.
        if (at > 0 && !text.push(".")) || !text.push(&label) {
            break;
        }
    }
    text.value()
}

/// Where digits of a number end, in dependence of the place and the bias.
fn threshold(place: u32, bias: u32) -> u32 {
    (BASE * (place + 1)).saturating_sub(bias).clamp(1, 26)
}

fn adapt(delta: u32, length: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / length;
    let mut bias = 0;
    while delta > 35 * 26 / 2 {
        delta /= 35;
        bias += BASE;
    }
    bias + 36 * delta / (delta + 38)
}

fn encode(text: &str) -> Option<String> {
    let points: Vec<u32> = text.chars().map(u32::from).collect();
    if points.len() > MAX_LENGTH {
        return None;
    }
    let mut code: String = text.chars().filter(char::is_ascii).collect();
    let basic = code.len() as u32;
    let (mut done, mut point, mut delta, mut bias) = (basic, FIRST, 0_u32, 72);
    if basic > 0 {
        code.push('-');
    }
    while (done as usize) < points.len() {
        let next = points.iter().copied().filter(|other| *other >= point).min()?;
        delta = delta.checked_add((next - point).checked_mul(done + 1)?)?;
        point = next;
        for other in &points {
            if *other < point {
                delta = delta.checked_add(1)?;
            }
            if *other != point {
                continue;
            }
            let mut rest = delta;
            for place in 0.. {
                let threshold = threshold(place, bias);
                if rest < threshold {
                    break;
                }
                code.push(digit(threshold + (rest - threshold) % (BASE - threshold)));
                rest = (rest - threshold) / (BASE - threshold);
            }
            code.push(digit(rest));
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done += 1;
        }
        delta += 1;
        point += 1;
    }
    Some(code)
}

fn digit(value: u32) -> char {
    char::from(if value < 26 { b'a' + value as u8 } else { b'0' + (value - 26) as u8 })
}

fn decode(code: &str) -> Option<String> {
    let (basic, rest) = code.rsplit_once('-').unwrap_or(("", code));
    if !basic.is_ascii() || code.len() > 4 * MAX_LENGTH {
        return None;
    }
    let mut text: Vec<char> = basic.chars().collect();
    let (mut point, mut at, mut bias) = (FIRST, 0_u32, 72);
    let mut digits = rest.bytes().peekable();
    while digits.peek().is_some() {
        let (before, mut weight) = (at, 1_u32);
        for place in 0.. {
            let value = match digits.next()? {
                byte @ b'a'..=b'z' => byte - b'a',
                byte @ b'A'..=b'Z' => byte - b'A',
                byte @ b'0'..=b'9' => byte - b'0' + 26,
                _ => return None,
            };
            at = at.checked_add(u32::from(value).checked_mul(weight)?)?;
            let threshold = threshold(place, bias);
            if u32::from(value) < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
        }
        let length = text.len() as u32 + 1;
        bias = adapt(at - before, length, before == 0);
        point = point.checked_add(at / length)?;
        at %= length;
        if text.len() == MAX_LENGTH {
            return None;
        }
        text.insert(at as usize, char::from_u32(point)?);
        at += 1;
    }
    Some(text.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn there_and_back() {
        for (text, code) in
            [("académie-française", "acadmie-franaise-npb1a"), ("艺术", "cqv902d"), ("", ""), ("a-b", "a-b-")]
        {
            assert_eq!(call("punycode_from_string", &[Value::string(text)]), Value::string(code));
            assert_eq!(call("punycode_to_string", &[Value::string(code)]), Value::string(text));
        }
        let domain = Value::string("Lê Lợi。Thuận Thiên。com");
        assert_eq!(
            call("punycode_domain_to_string", &[domain]),
            Value::string("xn--L Li-gpa4517b.xn--Thun Thin-s4a7194f.com")
        );
        let code = Value::string("xn--Ry-lja8c.xn--Jng-uta63a.xn--Bng-9ka.com");
        assert_eq!(call("punycode_domain_from_string", &[code]), Value::string("Rúyì.Jīngū.Bàng.com"));
    }

    #[test]
    fn what_is_no_punycode_is_empty() {
        for code in ["é-a", "a-!", "99999999999", "zz"] {
            assert_eq!(call("punycode_to_string", &[Value::string(code)]), Value::string(""), "{code}");
        }
        let long = "é".repeat(MAX_LENGTH + 1);
        assert_eq!(call("punycode_from_string", &[Value::string(long)]), Value::string(""));
    }
}
