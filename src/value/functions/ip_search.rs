//! `has_ipv4` and its like: IPv4 addresses in a text.

use std::net::Ipv4Addr;

use super::arguments::text_at;
use super::ipv4::any_range;
use super::{Function, Param};
use crate::schema::ScalarType;
use crate::value::Value;
use crate::value::text::is_term_char;

const TEXT: &[Param] = &[Param::Text];
const BOOL: ScalarType = ScalarType::Bool;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "has_ipv4",
        "has_ipv4(text, ip)",
        "Whether a text holds an IPv4 address, with neither letter nor digit beside it.",
    )
    .takes(2, 2, TEXT)
    .calls(BOOL, |_, a| any(a, &mut |wanted| Wanted::address(wanted))),
    Function::of(
        "has_any_ipv4",
        "has_any_ipv4(text, ip, ...)",
        "As has_ipv4(), for any of the addresses, given one by one or as arrays.",
    )
    .takes(2, 255, TEXT)
    .calls(BOOL, |_, a| any(a, &mut |wanted| Wanted::address(wanted))),
    Function::of(
        "has_ipv4_prefix",
        "has_ipv4_prefix(text, prefix)",
        "Whether a text holds an IPv4 address that begins so; a prefix is an address, or ends in a dot.",
    )
    .takes(2, 2, TEXT)
    .calls(BOOL, |_, a| any(a, &mut |wanted| Wanted::prefix(wanted))),
    Function::of(
        "has_any_ipv4_prefix",
        "has_any_ipv4_prefix(text, prefix, ...)",
        "As has_ipv4_prefix(), for any of the prefixes, given one by one or as arrays.",
    )
    .takes(2, 255, TEXT)
    .calls(BOOL, |_, a| any(a, &mut |wanted| Wanted::prefix(wanted))),
];

/// The addresses that are looked for: those whose first bits are these.
#[derive(Clone, Copy)]
struct Wanted {
    first: u32,
    mask: u32,
}

impl Wanted {
    fn address(text: &str) -> Option<Wanted> {
        let address: Ipv4Addr = text.trim().parse().ok()?;
        Some(Wanted { first: address.into(), mask: u32::MAX })
    }

    fn prefix(text: &str) -> Option<Wanted> {
        let Some(octets) = text.trim().strip_suffix('.') else {
            return Wanted::address(text);
        };
        let missing = 4_usize.checked_sub(octets.split('.').count()).filter(|missing| *missing > 0)?;
        let whole: Ipv4Addr = format!("{octets}{}", ".0".repeat(missing)).parse().ok()?;
        Some(Wanted { first: whole.into(), mask: u32::MAX << (8 * missing) })
    }
}

fn any<'a>(arguments: &[Value<'_>], wanted: &mut dyn FnMut(&str) -> Option<Wanted>) -> Value<'a> {
    let text = text_at(arguments, 0);
    let found = addresses(&text);
    any_range(arguments, &mut |text| {
        wanted(text).is_some_and(|wanted| match wanted.mask {
            u32::MAX => found.binary_search(&wanted.first).is_ok(),
            mask => {
                // Sorted, so the first that is not below the prefix decides.
                let at = found.partition_point(|address| *address < wanted.first);
                found.get(at).is_some_and(|address| address & mask == wanted.first)
            }
        })
    })
    .into()
}

/// The addresses in a text, sorted: four octets, with neither a letter nor a digit nor a further octet beside them.
fn addresses(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut before = ' ';
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        before = rest[..start].chars().next_back().unwrap_or(before);
        let run = &rest[start..];
        let end = run.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(run.len());
        let (digits, tail) = run.split_at(end);
        let after = tail.chars().next().unwrap_or(' ');
        // A dot at the end is a sentence's.
        let delimited = !is_term_char(before) && before != '.' && !is_term_char(after);
        if delimited && let Ok(address) = digits.trim_end_matches('.').parse::<Ipv4Addr>() {
            found.push(address.into());
        }
        before = digits.chars().next_back().unwrap_or(before);
        rest = tail;
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, json};
    use super::*;

    #[test]
    fn addresses_are_delimited() {
        let found = |text| addresses(text).into_iter().map(|a| Ipv4Addr::from(a).to_string()).collect::<Vec<_>>();
        assert_eq!(found("05:04:54 127.0.0.1 GET (192.0.2.7), 192.0.2.1."), ["127.0.0.1", "192.0.2.1", "192.0.2.7"]);
        for none in
            ["05:04:54127.0.0.1", "127.0.0.256", "127.0.0.1a", "é127.0.0.1", "1.2.3.4.5", ".1.2.3.4", "1.2.3", ""]
        {
            assert!(found(none).is_empty(), "{none}");
        }
        assert_eq!(found("127.0.0.1:80 x-10.0.0.1-y"), ["10.0.0.1", "127.0.0.1"]);
    }

    #[test]
    fn searches() {
        let text = "05:04:54 127.0.0.1 GET /favicon.ico 404";
        for (name, wanted, expected) in [
            ("has_ipv4", "127.0.0.1", true),
            ("has_ipv4", "127.0.0.2", false),
            ("has_ipv4", "127.0.", false),
            ("has_ipv4_prefix", "127.0.", true),
            ("has_ipv4_prefix", "127.0", false),
            ("has_ipv4_prefix", "127.0.0.1", true),
            ("has_ipv4_prefix", "127.0.0.1.", false),
            ("has_ipv4_prefix", "126.", false),
            ("has_ipv4_prefix", ".", false),
        ] {
            assert_eq!(
                call(name, &[Value::string(text), Value::string(wanted)]),
                Value::Bool(expected),
                "{name} {wanted}"
            );
        }
        let list = json(r#"["10.0.0.1","127.0.0.1"]"#);
        assert_eq!(call("has_any_ipv4", &[Value::string(text), list.clone()]), Value::Bool(true));
        assert_eq!(call("has_any_ipv4", &[Value::string("x"), list]), Value::Bool(false));
        let prefixes = [Value::string(text), Value::string("192.168."), Value::string("127.0.")];
        assert_eq!(call("has_any_ipv4_prefix", &prefixes), Value::Bool(true));
    }
}
