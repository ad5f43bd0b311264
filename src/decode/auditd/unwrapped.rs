//! A record of auditd's that a shipper has put into an object of JSON: Fluent Bit (`log`), Filebeat (`message`) and others that
//! follow the log file a line at a time. It has to come out before records of one event can be joined.

use memchr::{memchr2, memmem};

use super::SEPARATOR;
use super::record::{Head, MARKER};
use crate::decode::tree::{self, Room};
use crate::decode::wrapped;

/// How deep a shipper's object may nest.
const MAX_DEPTH: usize = 32;

/// The record in a line that is such an object. Where the record does not name its machine and the shipper does, it does then.
pub(super) fn unwrapped(line: &[u8]) -> Option<Vec<u8>> {
    if line.first() != Some(&b'{') {
        return None;
    }
    memmem::find(line, MARKER.as_bytes())?;
    let mut room = Room::default();
    let node = tree::parse(std::str::from_utf8(line).ok()?, MAX_DEPTH, &mut room).ok()?;
    let (inner, around) = wrapped::member(node)?;
    let record = inner.as_bytes();
    if memchr2(b'\n', SEPARATOR, record).is_some() {
        return None;
    }
    let head = Head::find(record)?;
    let host =
        around.host.filter(|host| head.node.is_empty() && inner.starts_with("type=") && !host.contains([' ', '\n']));
    Some(match host {
        Some(host) => [b"node=", host.as_bytes(), b" ", record].concat(),
        None => record.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::unwrapped;

    #[test]
    fn a_record_comes_out_of_a_shippers_object() {
        let record = r#"type=CWD msg=audit(1795453547.993:32): cwd="/""#;
        let quoted = record.replace('"', "\\\"");
        let out = |line: String| unwrapped(line.as_bytes()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert_eq!(out(format!(r#"{{"date":1.5,"log":"{quoted}"}}"#)).as_deref(), Some(record));
        assert_eq!(
            out(format!(r#"{{"message":"{quoted}","host":{{"name":"web-1"}}}}"#)),
            Some(format!("node=web-1 {record}"))
        );
        assert_eq!(out(format!(r#"{{"message":"node=a {quoted}","host":"b"}}"#)), Some(format!("node=a {record}")));
        assert_eq!(out(format!(r#"{{"message":"node=a {quoted}\nb"}}"#)), None);
        for line in [r#"{"CommandLine":"grep msg=audit( x"}"#, r#"{"message":"msg=audit("}"#, "{msg=audit(", record] {
            assert_eq!(out(line.to_owned()), None, "{line}");
        }
    }
}
