//! Functions of URLs. `parse_url` keeps what it finds as it stands, as Kusto does: no decoding, no lower case.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::arguments::text_at;
use super::limits::{self, Text};
use super::{Context, Function, Param};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const TEXT: &[Param] = &[Param::Text];
const STRING: ScalarType = ScalarType::String;

const URL: Function =
    Function::of("parse_url", "parse_url(url)", PARSE_URL).takes(1, 1, TEXT).calls(ScalarType::Dynamic, parse_url);

const QUERY: Function = Function::of(
    "parse_urlquery",
    "parse_urlquery(query)",
    "A bag whose one member, Query Parameters, is the bag of a URL's query.",
)
.takes(1, 1, TEXT)
.calls(ScalarType::Dynamic, |_, a| {
    let text = text_at(a, 0);
    let query = text.strip_prefix('?').unwrap_or(&text);
    limits::bounded(Dynamic::Bag([("Query Parameters".into(), parameters(query))].into()))
});

pub(super) const FUNCTIONS: &[Function] = &[
    URL,
    URL.alias("parseurl", "parseurl(url)"),
    QUERY,
    QUERY.alias("parseurlquery", "parseurlquery(query)"),
    Function::of("url_decode", "url_decode(text)", "The text with %XX decoded and + as a space.")
        .takes(1, 1, TEXT)
        .calls(STRING, |_, a| Value::string(decode(&text_at(a, 0)))),
    Function::of(
        "url_encode",
        "url_encode(text)",
        "The text with all but letters, digits and -_.!*() as %xx, and a space as +.",
    )
    .takes(1, 1, TEXT)
    .calls(STRING, |_, a| encode(&text_at(a, 0), "+")),
    Function::of("url_encode_component", "url_encode_component(text)", "As url_encode(), with a space as %20.")
        .takes(1, 1, TEXT)
        .calls(STRING, |_, a| encode(&text_at(a, 0), "%20")),
];

const PARSE_URL: &str = "A bag of a URL's parts as texts: Scheme, Host, Port, Path, Username, Password, Query Parameters (a bag) \
                         and Fragment; all empty for what is no absolute URL.";

/// The parts of a URL.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parts<'t> {
    scheme: &'t str,
    host: &'t str,
    port: &'t str,
    path: &'t str,
    username: &'t str,
    password: &'t str,
    query: &'t str,
    fragment: &'t str,
}

fn parts(url: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let letters = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !letters || !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // Userinfo without a colon is left in the host, as measured.
    let userinfo = authority.rsplit_once('@').and_then(|(info, host)| Some((info.split_once(':')?, host)));
    let ((username, password), authority) = userinfo.unwrap_or((("", ""), authority));
    let (host, port) = match authority.rfind(']') {
        // The colons within the brackets are the address's.
        Some(end) => match authority[end + 1..].strip_prefix(':') {
            Some(port) => (&authority[..=end], port),
            None => (authority, ""),
        },
        None => authority.rsplit_once(':').unwrap_or((authority, "")),
    };
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(Parts { scheme, host, port, path: if path == "/" { "" } else { path }, username, password, query, fragment })
}

fn parse_url<'a>(_: &Context, arguments: &[Value<'a>]) -> Value<'a> {
    let url = text_at(arguments, 0);
    let parts = parts(&url).unwrap_or_default();
    let text = |text: &str| Dynamic::String(Cow::Owned(text.to_owned()));
    limits::bounded(Dynamic::Bag(
        [
            ("Scheme".into(), text(parts.scheme)),
            ("Host".into(), text(parts.host)),
            ("Port".into(), text(parts.port)),
            ("Path".into(), text(parts.path)),
            ("Username".into(), text(parts.username)),
            ("Password".into(), text(parts.password)),
            ("Query Parameters".into(), parameters(parts.query)),
            ("Fragment".into(), text(parts.fragment)),
        ]
        .into(),
    ))
}

/// A query's parameters by name, those without a value left out; of one name the last counts.
fn parameters(query: &str) -> Dynamic<'static> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('=')).filter(|(_, value)| !value.is_empty());
    let sorted: BTreeMap<&str, &str> = pairs.collect();
    let members = sorted
        .into_iter()
        .map(|(name, value)| (Cow::Owned(name.to_owned()), Dynamic::String(Cow::Owned(value.to_owned()))));
    Dynamic::Bag(members.collect())
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).filter(|d| d.iter().all(u8::is_ascii_hexdigit));
        let escaped = digits
            .filter(|_| *byte == b'%')
            .and_then(|d| std::str::from_utf8(d).ok())
            .and_then(|d| u8::from_str_radix(d, 16).ok());
        decoded.push(escaped.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn encode<'a>(text: &str, space: &str) -> Value<'a> {
    let mut encoded = Text::default();
    for byte in text.bytes() {
        let room = match byte {
            b' ' => encoded.push(space),
            b if b.is_ascii_alphanumeric() || b"-_.!*()".contains(&b) => {
                encoded.push(char::from(b).encode_utf8(&mut [0; 4]))
            }
            b => encoded.push(&format!("%{b:02x}")),
        };
        if !room {
            break;
        }
    }
    encoded.value()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, json_of};
    use super::*;

    #[test]
    fn urls_come_apart() {
        let all = parts("scheme://user:p@ss@host:1234/a/path?k1=v1&k2=v2#frag");
        let expected = Parts {
            scheme: "scheme",
            host: "host",
            port: "1234",
            path: "/a/path",
            username: "user",
            password: "p@ss",
            query: "k1=v1&k2=v2",
            fragment: "frag",
        };
        assert_eq!(all, Some(expected));
        let host = |url| parts(url).map(|p| (p.scheme, p.host, p.port, p.path));
        assert_eq!(host("https://example.com/"), Some(("https", "example.com", "", "")));
        assert_eq!(host("HTTPS://EXAMPLE.com/P"), Some(("HTTPS", "EXAMPLE.com", "", "/P")));
        assert_eq!(host("https://[::1]:80/p"), Some(("https", "[::1]", "80", "/p")));
        assert_eq!(host("https://user@example.com"), Some(("https", "user@example.com", "", "")));
        for none in ["not a url", "example.com/path", "://x", "1http://x", "http://x:8a/", ""] {
            assert_eq!(parts(none), None, "{none}");
        }
    }

    #[test]
    fn queries() {
        let of = |query| json_of("parse_urlquery", &[Value::string(query)]);
        assert_eq!(of("?y=2&x=1&z=&w&x=3"), r#"{"Query Parameters":{"x":"3","y":"2"}}"#);
        let url = json_of("parse_url", &[Value::string("bad")]);
        assert!(url.contains(r#""Host":"""#) && url.contains(r#""Query Parameters":{}"#), "{url}");
    }

    #[test]
    fn encoding() {
        for (plain, encoded) in
            [("https://example.com/a b", "https%3a%2f%2fexample.com%2fa+b"), ("é_(x)!", "%c3%a9_(x)!")]
        {
            assert_eq!(call("url_encode", &[Value::string(plain)]), Value::string(encoded));
            assert_eq!(call("url_decode", &[Value::string(encoded)]), Value::string(plain));
        }
        assert_eq!(call("url_encode_component", &[Value::string("a b")]), Value::string("a%20b"));
        assert_eq!(call("url_decode", &[Value::string("%4%zz%41%")]), Value::string("%4%zzA%"));
        assert_eq!(call("url_decode", &[Value::string("%é%ff")]), Value::string("%é\u{fffd}"));
    }
}
