//! Falco's alerts with `json_output`: `output_fields` has what the rule's output names.
//!
//! Which fields there are depends on the rule. A rule that does not say which call it saw (`evt.type`) is about a file if
//! `fd.name` is a path, and then about writing it if its name says so, else about reading.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::linux::{Actor, Connection, EventName, FILE, NETWORK, PROCESS, Parent, resolve};
use super::tree::Node;
use super::{Around, Rows, Taken};
use crate::value::DateTime;

const NAME: &str = "falco";

pub(super) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    if node.get("rule").is_none() {
        return Taken::No;
    }
    let Some(fields) = node.get("output_fields").filter(Node::is_object) else {
        // `json_include_output_fields_property` can be off.
        return if node.get("priority").and(node.get("output")).is_some() { Taken::Yes } else { Taken::No };
    };
    let text = |name: &str| fields.get(name).and_then(|field| field.text()).unwrap_or_default();
    let fd = first(fields, &["fd.name", "evt.arg.path", "evt.arg.name", "fs.path.name"]);
    let call = text("evt.type");
    let is_failed = text("evt.failed") == "true" || text("evt.res").starts_with('E');
    match &*call {
        "connect" if rows.wants(NETWORK) => connection(fields, &fd, &actor(node, fields, around), rows),
        "execve" | "execveat" if rows.wants(PROCESS) && !is_failed => actor(node, fields, around).process(rows),
        call if rows.wants(FILE) && !is_failed && !fd.is_empty() => {
            if let Some(action) = action(call, node, fields, &fd) {
                let folder = text("proc.cwd");
                let path = resolve(&fd, Some(&*folder).filter(|folder| !folder.is_empty()));
                actor(node, fields, around).file(rows, action, &path, None);
            }
        }
        _ => {}
    }
    Taken::Yes
}

/// What was done to the file; `None` if the event is about none.
fn action(call: &str, node: Node<'_>, fields: Node<'_>, fd: &str) -> Option<&'static str> {
    match call {
        "open" | "openat" | "openat2" | "open_by_handle_at" => {
            let says = |field: &str| fields.get(field).and_then(|value| value.text());
            let flags = says("evt.arg.flags").or_else(|| says("evt.flags")).unwrap_or_default();
            let is = |field: &str, flag: &str| says(field).as_deref() == Some("true") || flags.contains(flag);
            if is("evt.is_open_create", "O_F_CREATED") {
                Some("FileCreated")
            } else if is("evt.is_open_write", "O_WRONLY") || flags.contains("O_RDWR") {
                Some("FileModified")
            } else if flags.contains("O_DIRECTORY") {
                None
            } else {
                Some("FileRead")
            }
        }
        "creat" => Some("FileCreated"),
        "unlink" | "unlinkat" => Some("FileDeleted"),
        "rename" | "renameat" | "renameat2" => Some("FileRenamed"),
        "read" | "readv" | "pread" | "preadv" | "sendfile" if fd.starts_with('/') => Some("FileRead"),
        "write" | "writev" | "pwrite" | "pwritev" if fd.starts_with('/') => Some("FileModified"),
        "" if fd.starts_with('/') => {
            let rule = node.text_at("rule").unwrap_or_default().to_ascii_lowercase();
            Some(if ["write", "modif", "below"].iter().any(|word| rule.contains(word)) {
                "FileModified"
            } else {
                "FileRead"
            })
        }
        _ => None,
    }
}

/// `fd.name` is `10.0.0.5:43210->169.254.169.254:80`; or the two ends have fields of their own.
fn connection(fields: Node<'_>, fd: &str, actor: &Actor<'_>, rows: &mut Rows) {
    let (local, remote) = match fd.split_once("->") {
        Some((local, remote)) => (end(local), end(remote)),
        None => (None, None),
    };
    let text = |names: &[&str]| first(fields, names);
    let remote_ip = remote.map(|end| end.ip()).or_else(|| text(&["fd.sip", "fd.rip"]).parse().ok());
    let remote_port = remote.map(|end| end.port()).or_else(|| text(&["fd.sport", "fd.rport"]).parse().ok());
    if remote_ip.is_none() {
        return;
    }
    // What `connect` gives back if the connection is not made at once.
    let action = match &*text(&["evt.res", "evt.rawres"]) {
        "SUCCESS" | "0" => "ConnectionSuccess",
        "" | "EINPROGRESS" | "-115" => "ConnectionAttempt",
        _ => "ConnectionFailed",
    };
    let protocol = Some(text(&["fd.l4proto"]));
    actor.connection(rows, action, &Connection { remote_ip, remote_port, local, url: None, protocol });
}

/// One end of a connection: an address, of IPv6 too without brackets, a colon and a port.
fn end(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.rsplit_once(':')?;
    let ip = ip.trim_start_matches('[').trim_end_matches(']');
    Some(SocketAddr::new(ip.parse().ok()?, port.parse().ok()?))
}

/// The first of the fields that has a value. Falco writes `<NA>` for none.
fn first<'t>(fields: Node<'t>, names: &[&str]) -> Cow<'t, str> {
    let text = |name: &&str| fields.get(name)?.text().filter(|text| !matches!(&**text, "" | "<NA>" | "N/A"));
    names.iter().find_map(text).unwrap_or_default()
}

fn actor<'t>(node: Node<'t>, fields: Node<'t>, around: &'t Around<'_>) -> Actor<'t> {
    let text = |names: &[&str]| first(fields, names);
    let time = node.text_at("time").or_else(|| fields.get("evt.time.iso8601")?.text());
    let raw_time = text(&["evt.time", "evt.rawtime"]);
    Actor {
        decoder: NAME,
        // Falco numbers no alert; the time in nanoseconds and the rule tell them apart.
        event: EventName::of(text(&["evt.num", "evt.time", "evt.rawtime"])),
        time: time.and_then(|time| DateTime::parse(&time)).or_else(|| of_nanoseconds(&raw_time)).or(around.time),
        host: node.text_at("hostname").or_else(|| fields.get("evt.hostname")?.text()).or_else(|| around.host.clone()),
        exe: text(&["proc.exepath"]),
        name: text(&["proc.name"]),
        command_line: text(&["proc.cmdline"]),
        pid: text(&["proc.pid"]),
        user: text(&["user.name", "user.uid"]),
        parent: Parent {
            pid: text(&["proc.ppid"]),
            exe: text(&["proc.pexepath"]),
            name: text(&["proc.pname"]),
            command_line: text(&["proc.pcmdline"]),
        },
        details: vec![
            ("rule", node.text_at("rule").unwrap_or_default()),
            ("container", Some(text(&["container.id"])).filter(|id| id != "host").unwrap_or_default()),
            ("namespace", text(&["k8s.ns.name"])),
            ("pod", text(&["k8s.pod.name"])),
        ],
    }
}

fn of_nanoseconds(text: &str) -> Option<DateTime> {
    let nanoseconds: i64 = text.parse().ok()?;
    DateTime::from_unix(nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000) as u32)
}
