//! Records of auditd's that shippers have put into objects of JSON: Fluent Bit (`log`), Filebeat (`message`) and others that
//! follow the log file a line at a time, one by one or in batches. They have to come out before those of one event can be
//! joined.

use memchr::memchr;

use super::record::Head;
use crate::decode::tree::{self, Node, Room};
use crate::decode::wrapped;

/// How deep a shipper's object may nest.
const MAX_DEPTH: usize = 32;

/// How many shippers may have passed a line on.
const MAX_WRAPPERS: usize = 4;

/// The records in a line that is such an object, an array or a batch of them, behind a syslog header or not. Where a record
/// does not name its machine and the shipper does, it does then.
pub(super) fn unwrapped(line: &str) -> Vec<String> {
    let mut records = Vec::new();
    match line.starts_with(['{', '[']) {
        true => tree(line, None, 0, &mut records),
        false => {
            if let Some((inner, around)) = wrapped::syslog(line) {
                tree(inner, around.host.as_deref(), 0, &mut records);
            }
        }
    }
    records
}

fn tree(text: &str, host: Option<&str>, depth: usize, records: &mut Vec<String>) {
    let mut room = Room::of_few();
    let Ok(node) = tree::parse(text, MAX_DEPTH, &mut room) else { return };
    let batch = node.get("records").filter(Node::is_array);
    if !node.is_array() && batch.is_none() {
        return object(node, host, depth, records);
    }
    for element in batch.unwrap_or(node).children().filter(Node::is_object) {
        object(element, host, depth, records);
    }
}

fn object(node: Node<'_>, host: Option<&str>, depth: usize, records: &mut Vec<String>) {
    let around = wrapped::around(node);
    let host = around.host.as_deref().or(host);
    let before = records.len();
    for inner in wrapped::lines(node) {
        if !inner.starts_with(['{', '[']) {
            records.extend(record(&inner, host));
        } else if depth < MAX_WRAPPERS {
            tree(&inner, host, depth + 1, records);
        }
        if records.len() > before {
            return;
        }
    }
}

fn record(text: &str, host: Option<&str>) -> Option<String> {
    // What has several lines is an event that somebody else has joined.
    let head = Head::find(text.as_bytes()).filter(|_| memchr(b'\n', text.as_bytes()).is_none())?;
    let host = host.filter(|host| head.node.is_empty() && text.starts_with("type=") && !host.contains([' ', '\n']));
    Some(match host {
        Some(host) => format!("node={host} {text}"),
        None => text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::unwrapped;

    #[test]
    fn a_record_comes_out_of_a_shippers_object() {
        let record = r#"type=CWD msg=audit(1795453547.993:32): cwd="/""#;
        let quoted = record.replace('"', "\\\"");
        let out = |line: String| unwrapped(&line).join("|");
        assert_eq!(out(format!(r#"{{"date":1.5,"log":"{quoted}"}}"#)), record);
        assert_eq!(
            out(format!(r#"{{"message":"{quoted}","host":{{"name":"web-1"}}}}"#)),
            format!("node=web-1 {record}")
        );
        assert_eq!(out(format!(r#"{{"message":"node=a {quoted}","host":"b"}}"#)), format!("node=a {record}"));
        // Another shipper's around it, and batches.
        let twice = format!(r#"{{"message":"{quoted}"}}"#).replace('\\', "\\\\").replace('"', "\\\"");
        assert_eq!(out(format!(r#"{{"log":"{twice}","host":"b"}}"#)), format!("node=b {record}"));
        let two = format!(r#"[{{"message":"{quoted}"}},{{"a":1}},{{"message":"node=c {quoted}"}}]"#);
        assert_eq!(out(two.clone()), format!("{record}|node=c {record}"));
        assert_eq!(out(format!(r#"{{"records":{two}}}"#)), format!("{record}|node=c {record}"));
        assert_eq!(
            out(format!(r#"<13>1 2026-11-24T08:00:00Z web-2 a - - - {{"log":"{quoted}"}}"#)),
            format!("node=web-2 {record}")
        );
        // Beside what is for people.
        assert_eq!(out(format!(r#"{{"message":"read","event":{{"original":"{quoted}"}}}}"#)), record);
        assert_eq!(out(format!(r#"{{"message":"read","log":"{quoted}"}}"#)), record);
        assert_eq!(out(format!(r#"{{"message":"node=a {quoted}\nb"}}"#)), "");
        for line in [r#"{"CommandLine":"grep msg=audit( x"}"#, r#"{"message":"msg=audit("}"#, "{msg=audit(", record] {
            assert_eq!(out(line.to_owned()), "", "{line}");
        }
    }
}
