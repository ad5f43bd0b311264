//! Functions of IPv4 addresses, with or without a prefix length (`192.0.2.1/24`).

use super::arguments::{argument, array_at, long_at, text_at};
use super::limits;
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const LONG: Param = Param::Is(ScalarType::Long);
const TEXT: Param = Param::Text;
const BOOL: ScalarType = ScalarType::Bool;
const STRING: ScalarType = ScalarType::String;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "parse_ipv4",
        "parse_ipv4(ip)",
        "An address as a long, what is behind its prefix zero; null for what is no address.",
    )
    .takes(1, 1, &[TEXT])
    .calls(ScalarType::Long, |_, a| parse(&text_at(a, 0)).map_or(Value::Null, |net| Value::Long(net.first().into()))),
    Function::of(
        "parse_ipv4_mask",
        "parse_ipv4_mask(ip, prefix)",
        "As parse_ipv4(), with a prefix; of two the shorter counts.",
    )
    .takes(2, 2, &[TEXT, LONG])
    .calls(ScalarType::Long, |_, a| masked(a).map_or(Value::Null, |net| Value::Long(net.first().into()))),
    Function::of(
        "format_ipv4",
        "format_ipv4(ip, [prefix])",
        "The text of an address given as text or number, what is behind its prefix zero; \"\" where there is none.",
    )
    .takes(1, 2, &[Param::Any, LONG])
    .calls(STRING, |_, a| Value::string(masked(a).map(|net| net.text()).unwrap_or_default())),
    Function::of("format_ipv4_mask", "format_ipv4_mask(ip, [prefix])", "As format_ipv4(), with the prefix behind it.")
        .takes(1, 2, &[Param::Any, LONG])
        .calls(STRING, |_, a| {
            let text = masked(a).map(|net| format!("{}/{}", net.text(), net.prefix));
            Value::string(text.unwrap_or_default())
        }),
    Function::of(
        "ipv4_compare",
        "ipv4_compare(a, b, [prefix])",
        "-1, 0 or 1 as a comes before, with or after b under the shortest prefix; null for what is no address.",
    )
    .takes(2, 3, &[TEXT, TEXT, LONG])
    .calls(ScalarType::Long, |_, a| compared(a).map_or(Value::Null, |(x, y)| Value::Long(x.cmp(&y) as i64))),
    Function::of(
        "ipv4_is_match",
        "ipv4_is_match(a, b, [prefix])",
        "Whether two addresses are one under the shortest prefix; null for what is no address.",
    )
    .takes(2, 3, &[TEXT, TEXT, LONG])
    .calls(BOOL, |_, a| compared(a).map(|(x, y)| x == y).into()),
    Function::of(
        "ipv4_is_in_range",
        "ipv4_is_in_range(ip, range)",
        "Whether an address lies in a range; null for what is no address.",
    )
    .takes(2, 2, &[TEXT])
    .calls(BOOL, |_, a| {
        let both = parse(&text_at(a, 0)).zip(parse(&text_at(a, 1)));
        both.map(|(ip, range)| range.holds(ip.first())).into()
    }),
    Function::of(
        "ipv4_is_in_any_range",
        "ipv4_is_in_any_range(ip, range, ...)",
        "Whether an address lies in any of the ranges, given one by one or as arrays; null for what is no address.",
    )
    .takes(2, 255, &[TEXT])
    .calls(BOOL, |_, a| {
        let Some(ip) = parse(&text_at(a, 0)) else {
            return Value::Null;
        };
        any_range(a, &mut |range| parse(range).is_some_and(|range| range.holds(ip.first()))).into()
    }),
    Function::of(
        "ipv4_is_private",
        "ipv4_is_private(ip)",
        "Whether an address is of 10/8, 172.16/12 or 192.168/16; null for what is no address.",
    )
    .takes(1, 1, &[TEXT])
    .calls(BOOL, |_, a| parse(&text_at(a, 0)).map(|net| std::net::Ipv4Addr::from(net.first()).is_private()).into()),
    Function::of(
        "ipv4_netmask_suffix",
        "ipv4_netmask_suffix(ip)",
        "The length of an address's prefix, 32 if it has none; null for what is no address.",
    )
    .takes(1, 1, &[TEXT])
    .calls(ScalarType::Long, |_, a| parse(&text_at(a, 0)).map_or(Value::Null, |net| Value::Long(net.prefix.into()))),
    Function::of(
        "ipv4_range_to_cidr_list",
        "ipv4_range_to_cidr_list(first, last)",
        "The fewest networks, as an array of texts, that hold the addresses from first to last and no other.",
    )
    .takes(2, 2, &[TEXT])
    .calls(ScalarType::Dynamic, range_to_networks),
];

/// An address and the length of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Net {
    pub(super) address: u32,
    /// 0 to 32
    pub(super) prefix: u8,
}

impl Net {
    /// The network's first address.
    pub(super) fn first(self) -> u32 {
        self.address & mask(self.prefix)
    }

    fn holds(self, address: u32) -> bool {
        address & mask(self.prefix) == self.first()
    }

    fn text(self) -> String {
        std::net::Ipv4Addr::from(self.first()).to_string()
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

/// An address with or without a prefix, spaces around it allowed. No octet may begin with a needless zero, which would be
/// octal to some.
pub(super) fn parse(text: &str) -> Option<Net> {
    let text = text.trim();
    let (address, prefix) = match text.split_once('/') {
        None => (text, 32),
        Some((address, prefix)) => (address, self::prefix(prefix, 32)?),
    };
    // The parser of the standard library is as strict.
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    Some(Net { address: address.into(), prefix })
}

/// Up to three digits that are no more than `most`.
pub(super) fn prefix(text: &str, most: u8) -> Option<u8> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|prefix| digits && *prefix <= most)
}

/// The first argument as a network, under the prefix that is the second if that is shorter.
fn masked(arguments: &[Value<'_>]) -> Option<Net> {
    let net = match argument(arguments, 0) {
        Value::Int(_) | Value::Long(_) => Net { address: long_at(arguments, 0)?.try_into().ok()?, prefix: 32 },
        _ => parse(&text_at(arguments, 0))?,
    };
    shorten(net, arguments, 1)
}

fn shorten(net: Net, arguments: &[Value<'_>], at: usize) -> Option<Net> {
    if arguments.get(at).is_none() {
        return Some(net);
    }
    let prefix = u8::try_from(long_at(arguments, at)?).ok().filter(|prefix| *prefix <= 32)?;
    Some(Net { prefix: prefix.min(net.prefix), ..net })
}

/// Two addresses under the shortest of their prefixes and the one that is given.
fn compared(arguments: &[Value<'_>]) -> Option<(u32, u32)> {
    let (a, b) = (parse(&text_at(arguments, 0))?, parse(&text_at(arguments, 1))?);
    let a = shorten(a, arguments, 2)?;
    let mask = mask(a.prefix.min(b.prefix));
    Some((a.address & mask, b.address & mask))
}

/// Whether any of the texts behind the first argument, one by one or in arrays, fits.
pub(super) fn any_range(arguments: &[Value<'_>], fits: &mut dyn FnMut(&str) -> bool) -> bool {
    (1..arguments.len()).any(|at| match array_at(arguments, at) {
        Some(elements) => elements.iter().any(|element| match element {
            Dynamic::String(text) => fits(text),
            _ => false,
        }),
        None => fits(&text_at(arguments, at)),
    })
}

fn range_to_networks<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let both = parse(&text_at(arguments, 0)).zip(parse(&text_at(arguments, 1)));
    let Some((first, last)) = both.map(|(first, last)| (u64::from(first.address), u64::from(last.address))) else {
        return Value::Null;
    };
    let mut networks = Vec::new();
    let mut at = first;
    while at <= last {
        // As large as the address is a multiple of, and as the rest has room for; 62 networks at most.
        let aligned = if at == 0 { 32 } else { at.trailing_zeros().min(32) };
        let bits = aligned.min((last - at + 1).ilog2());
        let net = Net { address: u32::try_from(at).unwrap_or(0), prefix: u8::try_from(32 - bits).unwrap_or(32) };
        networks.push(Dynamic::String(format!("{}/{}", net.text(), net.prefix).into()));
        at += 1 << bits;
    }
    limits::array(networks)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, json, json_of};
    use super::*;

    fn s(text: &str) -> Value<'_> {
        Value::string(text)
    }

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("203.0.113.10/24", Some(3405803776)),
            (" 203.0.113.10 ", Some(3405803786)),
            ("0.0.0.0/0", Some(0)),
            ("255.255.255.255", Some(4294967295)),
            ("01.02.03.04", None),
            ("1.2.3", None),
            ("1.2.3.256", None),
            ("1.2.3.4/33", None),
            ("1.2.3.4/", None),
            ("1.2.3.4/+8", None),
            ("", None),
        ] {
            assert_eq!(call("parse_ipv4", &[s(text)]), expected.map_or(Value::Null, Value::Long), "{text}");
        }
    }

    #[test]
    fn masks_and_texts() {
        for (ip, prefix, plain, masked) in [
            ("192.168.1.1", 24, "192.168.1.0", "192.168.1.0/24"),
            ("192.168.1.1", 32, "192.168.1.1", "192.168.1.1/32"),
            ("192.168.1.1/24", 32, "192.168.1.0", "192.168.1.0/24"),
            ("192.168.1.1/24", -1, "", ""),
        ] {
            assert_eq!(call("format_ipv4", &[s(ip), Value::Long(prefix)]), s(plain));
            assert_eq!(call("format_ipv4_mask", &[s(ip), Value::Long(prefix)]), s(masked));
        }
        assert_eq!(call("format_ipv4", &[Value::Long(3232235777)]), s("192.168.1.1"));
        assert_eq!(call("parse_ipv4_mask", &[s("127.0.0.1"), Value::Long(24)]), Value::Long(2130706432));
        assert_eq!(call("ipv4_netmask_suffix", &[s("127.0.0.1/16")]), Value::Long(16));
    }

    #[test]
    fn comparison_is_under_the_shortest_prefix() {
        for (a, b, prefix, expected) in [
            ("192.168.1.1/24", "192.168.1.255", 32, Some(0)),
            ("192.168.1.1/30", "192.168.1.255/24", 32, Some(0)),
            ("192.168.1.1", "192.168.1.0", 31, Some(0)),
            ("192.168.1.1", "192.168.1.2", 32, Some(-1)),
            ("192.168.1.1", "x", 32, None),
        ] {
            let arguments = [s(a), s(b), Value::Long(prefix)];
            assert_eq!(call("ipv4_compare", &arguments), expected.map_or(Value::Null, Value::Long));
            assert_eq!(call("ipv4_is_match", &arguments), expected.map(|order| order == 0).into());
        }
    }

    #[test]
    fn ranges() {
        let in_range = |ip, range| call("ipv4_is_in_range", &[s(ip), s(range)]);
        assert_eq!(in_range("192.168.1.1", "192.168.1.255/24"), Value::Bool(true));
        assert_eq!(in_range("192.168.2.1", "192.168.1.255/24"), Value::Bool(false));
        assert_eq!(in_range("x", "192.168.1.255/24"), Value::Null);
        let ranges = json(r#"["bad","10.0.0.0/8",5]"#);
        let any = |ip| call("ipv4_is_in_any_range", &[s(ip), s("192.168.1.1/24"), ranges.clone()]);
        assert_eq!(any("10.1.2.3"), Value::Bool(true));
        assert_eq!(any("192.168.1.9"), Value::Bool(true));
        assert_eq!(any("11.1.2.3"), Value::Bool(false));
        assert_eq!(any("no"), Value::Null);
        for (ip, private) in
            [("192.168.1.1/24", Some(true)), ("172.32.0.1", Some(false)), ("127.0.0.1", Some(false)), ("x", None)]
        {
            assert_eq!(call("ipv4_is_private", &[s(ip)]), private.into());
        }
    }

    #[test]
    fn a_range_as_networks() {
        let of = |a, b| json_of("ipv4_range_to_cidr_list", &[s(a), s(b)]);
        assert_eq!(of("1.1.128.0", "1.1.140.255"), r#"["1.1.128.0/21","1.1.136.0/22","1.1.140.0/24"]"#);
        assert_eq!(of("0.0.0.0", "255.255.255.255"), r#"["0.0.0.0/0"]"#);
        assert_eq!(of("0.0.0.1", "255.255.255.254").matches(',').count(), 61);
        assert_eq!(of("2.0.0.0", "1.0.0.0"), "[]");
    }
}
