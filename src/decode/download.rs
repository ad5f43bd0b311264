//! The URLs in the arguments of programs that fetch what their arguments name.

use std::net::{IpAddr, Ipv4Addr};

/// How these programs' names begin.
const PROGRAMS: [&str; 6] = ["curl", "wget", "http", "xh", "aria2c", "axel"];

/// Options whose value may be a URL that is not fetched: a proxy, a referrer, a header, what is sent.
const VALUE_OPTIONS: [&str; 12] =
    ["-x", "--proxy", "--preproxy", "-e", "--referer", "-H", "--header", "-d", "--data", "--data-raw", "-A", "-o"];

/// How many URLs of one command line become rows.
const MAX_TARGETS: usize = 16;

/// What a program was asked to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target<'t> {
    pub(super) url: &'t str,
    /// The host, if it is an address.
    pub(super) ip: Option<IpAddr>,
    pub(super) port: u16,
}

/// Whether the program of that name, or of its first argument's, is one that fetches.
pub(super) fn is_by(name: &str, argv: &str) -> bool {
    let first = argv.split('\0').next().unwrap_or_default();
    let first = super::linux::base_name(first);
    PROGRAMS.iter().any(|program| name.starts_with(program) || first.starts_with(program))
}

/// The URLs among arguments that are ended by NUL.
pub(super) fn targets(argv: &str) -> impl Iterator<Item = Target<'_>> {
    let mut previous = "";
    let found = argv.split('\0').skip(1).filter_map(move |argument| {
        let is_value = VALUE_OPTIONS.contains(&previous);
        previous = argument;
        if is_value { None } else { target(argument.strip_prefix("--url=").unwrap_or(argument)) }
    });
    found.take(MAX_TARGETS)
}

/// A URL of HTTP, or one without a scheme that begins with an address and has a path, as curl takes it.
fn target(url: &str) -> Option<Target<'_>> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => (Some(scheme), rest),
        _ => (None, url),
    };
    let port = match scheme {
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => 443,
        Some(scheme) if !scheme.eq_ignore_ascii_case("http") => return None,
        _ => 80,
    };
    let end = rest.find(['/', '?', '#']);
    let authority = &rest[..end.unwrap_or(rest.len())];
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, given) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, behind)) => (host, behind.strip_prefix(':')),
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let ip = if scheme.is_some() { address(host) } else { host.parse().ok() };
    if host.is_empty() || scheme.is_none() && (ip.is_none() || end.is_none()) {
        return None;
    }
    Some(Target { url, ip, port: given.and_then(|port| port.parse().ok()).unwrap_or(port) })
}

/// An address, also as the single number that programs take for one of IPv4.
fn address(host: &str) -> Option<IpAddr> {
    let number = match host.strip_prefix("0x").or_else(|| host.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => host.parse().ok(),
    };
    match number {
        Some(number) => Some(Ipv4Addr::from(number).into()),
        None => host.parse::<IpAddr>().ok().map(|ip| ip.to_canonical()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn urls_are_found_and_taken_apart() {
        let cases = [
            ("curl\x00-s\x00http://169.254.169.254/latest", Some(("169.254.169.254", 80))),
            ("curl\x00169.254.169.254/latest/meta-data", Some(("169.254.169.254", 80))),
            ("curl\x00https://user@198.51.100.7:8443/x", Some(("198.51.100.7", 8443))),
            ("curl\x00http://[fd00:ec2::254]/latest", Some(("fd00:ec2::254", 80))),
            ("curl\x00http://[::ffff:169.254.169.254]:8080", Some(("169.254.169.254", 8080))),
            ("curl\x00http://2852039166/latest", Some(("169.254.169.254", 80))),
            ("curl\x00http://0xa9fea9fe/latest", Some(("169.254.169.254", 80))),
            ("curl\x00--url=HTTP://169.254.169.254?x", Some(("169.254.169.254", 80))),
            ("curl\x00https://metadata.google.internal/computeMetadata", Some(("", 443))),
        ];
        for (argv, wanted) in cases {
            let found: Vec<_> = targets(argv).collect();
            assert_eq!(found.len(), 1, "{argv}");
            let ip = found[0].ip.map(|ip| ip.to_string()).unwrap_or_default();
            assert_eq!(Some((ip.as_str(), found[0].port)), wanted, "{argv}");
        }
    }

    #[test]
    fn what_is_not_fetched_is_no_target() {
        let lines = [
            "http://192.0.2.1/x",
            "curl\x00-x\x00http://192.0.2.1:3128",
            "curl\x00-e\x00http://192.0.2.1/",
            "curl\x00192.0.2.1",
            "curl\x00file:///etc/passwd",
            "curl\x00-m\x003",
            "curl\x00./a/b",
            "curl\x00http://",
            "curl\x00",
            "",
        ];
        for argv in lines {
            assert_eq!(targets(argv).count(), 0, "{argv}");
        }
        assert!(is_by("curl-lab", "") && is_by("busybox", "/bin/wget\x00x") && !is_by("bash", "bash\x00-c\x00curl"));
    }
}
