//! Lines inside lines: what a shipper or a syslog daemon has put around what a sender wrote.

use std::borrow::Cow;

use memchr::memchr_iter;

use super::Around;
use super::tree::Node;
use crate::value::DateTime;

/// What alerts call the decoder of a table's record that came in another line.
pub(super) const NAME: &str = "wrapped";

/// Where shippers put the line that they have read: Elastic (`event.original`, beside which `message` may be a sentence for
/// people), Filebeat, Logstash and Vector (`message`), Fluent Bit (`log`), rsyslog (`msg`), syslog-ng (`MESSAGE`),
/// OpenTelemetry (`body`); Log Analytics' Syslog (`SyslogMessage`); Telegraf (`fields.message`), Splunk's HTTP event collector
/// (`event`).
const MEMBERS: [&str; 9] =
    ["event.original", "message", "log", "msg", "MESSAGE", "body", "SyslogMessage", "fields.message", "event"];

/// Where they put the name of the host that wrote it.
const HOSTS: [&str; 8] =
    ["host.name", "host", "HOST", "hostname", "HostName", "Computer", "agent.hostname", "tags.hostname"];

/// Where they put the time.
const TIMES: [&str; 5] = ["@timestamp", "timestamp", "ISODATE", "time", "TimeGenerated"];

/// Bytes at the start of a line in which a syslog header ends.
const MAX_HEADER: usize = 1024;

/// What stands in an object of Splunk's HTTP event collector. There `event` may be the object that somebody else has written;
/// beside other members it is what the sender says itself.
const COLLECTOR: [&str; 7] = ["time", "host", "source", "sourcetype", "index", "fields", "event"];

/// How events begin that are no JSON; behind that an object is a part of them.
const IN_NO_HEADER: [&str; 2] = ["<Event", "msg=audit("];

/// What may be the line in an object of a shipper's: the members of such names, texts first, for an object of such a name may
/// just as well be what the shipper says itself (`{"log":{"file":…}}`).
pub(super) fn lines<'t>(node: Node<'t>) -> impl Iterator<Item = Cow<'t, str>> {
    let is_collected = move || node.children().all(|member| COLLECTOR.contains(&&*member.name()));
    let members = move || {
        let is_wrapped = move |name, found: &Node<'_>| name != "event" || !found.is_object() || is_collected();
        MEMBERS.iter().filter_map(move |name| node.find(name).filter(|found| is_wrapped(*name, found)))
    };
    let texts = members().filter_map(|member| match member.text()? {
        Cow::Borrowed(text) => Some(Cow::Borrowed(text.trim())),
        Cow::Owned(text) => Some(Cow::Owned(text.trim().to_owned())),
    });
    let objects = members().filter(Node::is_object).map(|member| Cow::Borrowed(member.raw()));
    texts.filter(|text| text.len() > 1).chain(objects)
}

/// What the object of a shipper's says of the line.
pub(super) fn around<'t>(node: Node<'t>) -> Around<'t> {
    let host = HOSTS.iter().find_map(|name| node.text_at(name));
    let time = TIMES.iter().find_map(|name| DateTime::parse(&node.text_at(name)?));
    Around { host, time }
}

/// The JSON behind a syslog header (RFC 5424, RFC 3164, or what daemons make of them), and what the header says.
pub(super) fn syslog(text: &str) -> Option<(&str, Around<'_>)> {
    let head = &text.as_bytes()[..text.len().min(MAX_HEADER)];
    // The header ends with a blank, or with the byte order mark of RFC 5424; braces may stand in it.
    let found = memchr_iter(b'{', head).find_map(|start| {
        let header = text[..start].trim_end_matches('\u{FEFF}');
        header.ends_with(' ').then(|| (header, &text[start..]))
    });
    let (header, json) = found.filter(|(header, _)| !IN_NO_HEADER.iter().any(|begun| header.contains(begun)))?;
    Some((json, header_of(header)))
}

/// What a syslog header says: `<134>1 2026-11-24T08:00:00Z host app …`, `<13>Nov 24 08:00:00 host app: …`, with or without
/// the number in angle brackets.
pub(super) fn header_of(header: &str) -> Around<'_> {
    let rest = match header.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((digits, rest)) if digits.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => header,
    };
    let mut words = rest.split_ascii_whitespace();
    let mut first = words.next().unwrap_or_default();
    if first == "1" {
        first = words.next().unwrap_or_default();
    }
    let (host, time) = match first.as_bytes() {
        // A date as RFC 3339 has it.
        [b'0'..=b'9', ..] => (words.next(), DateTime::parse(first)),
        // `Nov 24 08:00:00`: no year and no zone, so no time.
        [b'A'..=b'Z', _, _] => (words.nth(2), None),
        _ => (None, None),
    };
    let host = host.filter(|host| *host != "-" && !host.ends_with(':')).map(Cow::Borrowed);
    Around { host, time }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_header_gives_host_and_time() {
        let cases = [
            ("<134>1 2026-11-24T08:00:00.5Z web-1.contoso.example app 77 ID1 - ", Some("web-1.contoso.example"), true),
            ("2026-11-24T08:00:00+01:00 web-1 app: ", Some("web-1"), true),
            ("<13>Nov 24 08:00:00 web-1 app[12]: ", Some("web-1"), false),
            ("Nov  4 08:00:00 web-1 app: ", Some("web-1"), false),
            ("<134>1 - - app - - - ", None, false),
            ("", None, false),
            ("anything at all ", None, false),
        ];
        for (header, host, time) in cases {
            let around = header_of(header);
            assert_eq!((around.host.as_deref(), around.time.is_some()), (host, time), "{header}");
        }
    }

    #[test]
    fn json_stands_behind_a_header() {
        assert_eq!(syslog("<13>Nov 24 08:00:00 h a: {\"a\":1}").unwrap().0, "{\"a\":1}");
        assert_eq!(syslog("<13>1 - h a - - - \u{FEFF}{}").unwrap().0, "{}");
        assert_eq!(syslog("<13>1 - h a{1} - [x y=\"{\"] {\"a\":1}").unwrap().0, "{\"a\":1}");
        assert!(syslog("a{b}").is_none());
        assert!(syslog("no object").is_none());
    }
}
