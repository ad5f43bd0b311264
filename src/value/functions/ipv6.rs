//! Functions of IPv6 addresses. An IPv4 address is the IPv6 address that maps it (`::ffff:a.b.c.d`), its prefix 96 longer.

use std::net::Ipv6Addr;

use super::arguments::{long_at, text_at};
use super::ipv4::{self, any_range};
use super::network::{IpNetwork, mask};
use super::{Function, Param};
use crate::schema::ScalarType;
use crate::value::Value;

const LONG: Param = Param::Is(ScalarType::Long);
const TEXT: Param = Param::Text;
const BOOL: ScalarType = ScalarType::Bool;
const STRING: ScalarType = ScalarType::String;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "parse_ipv6",
        "parse_ipv6(ip)",
        "The eight groups of four digits of an address, what is behind its prefix zero; \"\" for what is no address.",
    )
    .takes(1, 1, &[TEXT])
    .calls(STRING, |_, a| Value::string(canonical(a))),
    Function::of(
        "parse_ipv6_mask",
        "parse_ipv6_mask(ip, prefix)",
        "As parse_ipv6(), with a prefix; of two the shorter counts.",
    )
    .takes(2, 2, &[TEXT, LONG])
    .calls(STRING, |_, a| Value::string(canonical(a))),
    Function::of(
        "ipv6_compare",
        "ipv6_compare(a, b, [prefix])",
        "-1, 0 or 1 as a comes before, with or after b under the shortest prefix; null for what is no address.",
    )
    .takes(2, 3, &[TEXT, TEXT, LONG])
    .calls(ScalarType::Long, |_, a| compared(a).map_or(Value::Null, |(x, y)| Value::Long(x.cmp(&y) as i64))),
    Function::of(
        "ipv6_is_match",
        "ipv6_is_match(a, b, [prefix])",
        "Whether two addresses are one under the shortest prefix; null for what is no address.",
    )
    .takes(2, 3, &[TEXT, TEXT, LONG])
    .calls(BOOL, |_, a| compared(a).map(|(x, y)| x == y).into()),
    Function::of(
        "ipv6_is_in_range",
        "ipv6_is_in_range(ip, range)",
        "Whether an address lies in a range; null for what is no address.",
    )
    .takes(2, 2, &[TEXT])
    .calls(BOOL, |_, a| {
        let both = parse(&text_at(a, 0)).zip(parse(&text_at(a, 1)));
        both.map(|(ip, range)| range.holds(ip.first())).into()
    }),
    Function::of(
        "ipv6_is_in_any_range",
        "ipv6_is_in_any_range(ip, range, ...)",
        "Whether an address lies in any of the ranges, given one by one or as arrays; null for what is no address.",
    )
    .takes(2, 255, &[TEXT])
    .calls(BOOL, |_, a| {
        let Some(ip) = parse(&text_at(a, 0)) else {
            return Value::Null;
        };
        any_range(a, &mut |range| parse(range).is_some_and(|range| range.holds(ip.first()))).into()
    }),
];

pub(super) fn mapped(net: ipv4::Net) -> IpNetwork {
    IpNetwork { address: 0xffff_0000_0000 | u128::from(net.address), prefix: net.prefix + 96 }
}

pub(super) fn parse(text: &str) -> Option<IpNetwork> {
    let text = text.trim();
    // Kusto also maps the older form of an embedded address, ::a.b.c.d, and counts its prefix as IPv4's.
    if let Some(net) = ipv4::parse(text.strip_prefix("::").unwrap_or(text)) {
        return Some(mapped(net));
    }
    let (address, prefix) = match text.split_once('/') {
        None => (text, 128),
        Some((address, prefix)) => (address, ipv4::prefix(prefix, 128)?),
    };
    let address: Ipv6Addr = address.parse().ok()?;
    Some(IpNetwork { address: address.into(), prefix })
}

fn shorten(net: IpNetwork, arguments: &[Value<'_>], at: usize) -> Option<IpNetwork> {
    if arguments.get(at).is_none() {
        return Some(net);
    }
    let prefix = u8::try_from(long_at(arguments, at)?).ok().filter(|prefix| *prefix <= 128)?;
    Some(IpNetwork { prefix: prefix.min(net.prefix), ..net })
}

fn masked(arguments: &[Value<'_>], at: usize) -> Option<IpNetwork> {
    shorten(parse(&text_at(arguments, 0))?, arguments, at)
}

fn compared(arguments: &[Value<'_>]) -> Option<(u128, u128)> {
    let (a, b) = (masked(arguments, 2)?, parse(&text_at(arguments, 1))?);
    let mask = mask(a.prefix.min(b.prefix));
    Some((a.address & mask, b.address & mask))
}

fn canonical(arguments: &[Value<'_>]) -> String {
    let Some(net) = masked(arguments, 1) else { return String::new() };
    // Where it is shown, and only there, ::a.b.c.d keeps the zeros before its IPv4 address.
    let is_compatible = text_at(arguments, 0).trim().strip_prefix("::").is_some_and(|rest| ipv4::parse(rest).is_some());
    let address = if is_compatible { net.first() & u128::from(u32::MAX) } else { net.first() };
    let groups = Ipv6Addr::from(address).segments().map(|group| format!("{group:04x}"));
    groups.join(":")
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    fn s(text: &str) -> Value<'_> {
        Value::string(text)
    }

    #[test]
    fn canonical_texts() {
        for (ip, prefix, expected) in [
            ("::1", 128, "0000:0000:0000:0000:0000:0000:0000:0001"),
            ("192.168.255.255", 120, "0000:0000:0000:0000:0000:ffff:c0a8:ff00"),
            ("192.168.255.255/24", 124, "0000:0000:0000:0000:0000:ffff:c0a8:ff00"),
            ("fe80::85d:e82c:9446:7994/120", 124, "fe80:0000:0000:0000:085d:e82c:9446:7900"),
            ("::192.168.255.255/24", 128, "0000:0000:0000:0000:0000:0000:c0a8:ff00"),
            ("::/0", 128, "0000:0000:0000:0000:0000:0000:0000:0000"),
            ("nope", 128, ""),
            ("::1", 129, ""),
            ("::1/129", 128, ""),
        ] {
            assert_eq!(call("parse_ipv6_mask", &[s(ip), Value::Long(prefix)]), s(expected), "{ip}");
        }
        assert_eq!(call("parse_ipv6", &[s("10.0.0.1")]), s("0000:0000:0000:0000:0000:ffff:0a00:0001"));
    }

    #[test]
    fn comparison_and_ranges() {
        for (a, b, expected) in [
            ("192.168.1.1/24", "::ffff:c0a8:01ff", Some(true)),
            ("::192.168.1.1/30", "192.168.1.255/24", Some(true)),
            ("fe80::85d:e82c:9446:7994/120", "fe80::85d:e82c:9446:7998", Some(true)),
            ("fe80::85d:e82c:9446:7994", "fe80::85d:e82c:9446:7998", Some(false)),
            ("x", "::1", None),
        ] {
            assert_eq!(call("ipv6_is_match", &[s(a), s(b)]), expected.into(), "{a} {b}");
        }
        assert_eq!(call("ipv6_compare", &[s("::1"), s("::2")]), Value::Long(-1));
        let in_any = |ip| call("ipv6_is_in_any_range", &[s(ip), s("2001:db8::/32"), s("192.168.1.1/24")]);
        assert_eq!(in_any("2001:db8:1::1"), Value::Bool(true));
        assert_eq!(in_any("192.168.1.7"), Value::Bool(true));
        assert_eq!(in_any("2001:db9::1"), Value::Bool(false));
        assert_eq!(call("ipv6_is_in_range", &[s("2001:db8::1"), s("2001:db8::/32")]), Value::Bool(true));
    }
}
