//! Falco's alerts with `json_output`: `output_fields` has what the rule's output names.
//!
//! Which fields there are depends on the rule. A rule that does not say which call it saw (`evt.type`) is about a file if
//! `fd.name` is a path, and then about writing it if its name says so, else about reading.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::linux::{Actor, Connection, EventName, FILE, NETWORK, PROCESS, Parent, resolve};
use super::paths::{Places, paths};
use super::tree::Node;
use super::{Around, Rows, Taken};
use crate::value::DateTime;

const NAME: &str = "falco";

paths! {
    /// What is asked for of an alert.
    Member, names:
    Hostname "hostname"
    Output "output"
    OutputFields "output_fields"
    Priority "priority"
    Rule "rule"
    Time "time"
}

paths! {
    /// What is asked for of `output_fields`, whose names have dots.
    Field, names:
    ContainerId "container.id"
    EvtArgFlags "evt.arg.flags"
    EvtArgName "evt.arg.name"
    EvtArgPath "evt.arg.path"
    EvtFailed "evt.failed"
    EvtFlags "evt.flags"
    EvtHostname "evt.hostname"
    EvtIsOpenCreate "evt.is_open_create"
    EvtIsOpenWrite "evt.is_open_write"
    EvtNum "evt.num"
    EvtRawres "evt.rawres"
    EvtRawtime "evt.rawtime"
    EvtRes "evt.res"
    EvtTime "evt.time"
    EvtTimeIso8601 "evt.time.iso8601"
    EvtType "evt.type"
    FdL4proto "fd.l4proto"
    FdName "fd.name"
    FdRip "fd.rip"
    FdRport "fd.rport"
    FdSip "fd.sip"
    FdSport "fd.sport"
    FsPathName "fs.path.name"
    K8sNsName "k8s.ns.name"
    K8sPodName "k8s.pod.name"
    ProcCmdline "proc.cmdline"
    ProcCwd "proc.cwd"
    ProcExepath "proc.exepath"
    ProcName "proc.name"
    ProcPcmdline "proc.pcmdline"
    ProcPexepath "proc.pexepath"
    ProcPid "proc.pid"
    ProcPname "proc.pname"
    ProcPpid "proc.ppid"
    UserName "user.name"
    UserUid "user.uid"
}

pub(super) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let alert = Member::of(node);
    if alert.get(Member::Rule).is_none() {
        return Taken::No;
    }
    let Some(fields) = alert.get(Member::OutputFields).filter(Node::is_object) else {
        // `json_include_output_fields_property` can be off.
        return if alert.get(Member::Priority).and(alert.get(Member::Output)).is_some() {
            Taken::Yes
        } else {
            Taken::No
        };
    };
    let fields = Field::of(fields);
    let text = |field: Field| fields.text(field).unwrap_or_default();
    let fd = first(&fields, &[Field::FdName, Field::EvtArgPath, Field::EvtArgName, Field::FsPathName]);
    let call = text(Field::EvtType);
    let is_failed = text(Field::EvtFailed) == "true" || text(Field::EvtRes).starts_with('E');
    match &*call {
        "connect" if rows.wants(NETWORK) => connection(&fields, &fd, &actor(&alert, &fields, around), rows),
        "execve" | "execveat" if rows.wants(PROCESS) && !is_failed => actor(&alert, &fields, around).process(rows),
        call if rows.wants(FILE) && !is_failed && !fd.is_empty() => {
            if let Some(action) = action(call, &alert, &fields, &fd) {
                let folder = text(Field::ProcCwd);
                let path = resolve(&fd, Some(&*folder).filter(|folder| !folder.is_empty()));
                actor(&alert, &fields, around).file(rows, action, &path, None);
            }
        }
        _ => {}
    }
    Taken::Yes
}

/// What was done to the file; `None` if the event is about none.
fn action(call: &str, alert: &Places<'_>, fields: &Places<'_>, fd: &str) -> Option<&'static str> {
    match call {
        "open" | "openat" | "openat2" | "open_by_handle_at" => {
            let flags = fields.first([Field::EvtArgFlags, Field::EvtFlags]).unwrap_or_default();
            let is = |field: Field, flag: &str| fields.text(field).as_deref() == Some("true") || flags.contains(flag);
            if is(Field::EvtIsOpenCreate, "O_F_CREATED") {
                Some("FileCreated")
            } else if is(Field::EvtIsOpenWrite, "O_WRONLY") || flags.contains("O_RDWR") {
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
            let rule = alert.text(Member::Rule).unwrap_or_default().to_ascii_lowercase();
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
fn connection(fields: &Places<'_>, fd: &str, actor: &Actor<'_>, rows: &mut Rows) {
    let (local, remote) = match fd.split_once("->") {
        Some((local, remote)) => (end(local), end(remote)),
        None => (None, None),
    };
    let text = |names: &[Field]| first(fields, names);
    let remote_ip = remote.map(|end| end.ip()).or_else(|| text(&[Field::FdSip, Field::FdRip]).parse().ok());
    let remote_port = remote.map(|end| end.port()).or_else(|| text(&[Field::FdSport, Field::FdRport]).parse().ok());
    if remote_ip.is_none() {
        return;
    }
    // What `connect` gives back if the connection is not made at once.
    let action = match &*text(&[Field::EvtRes, Field::EvtRawres]) {
        "SUCCESS" | "0" => "ConnectionSuccess",
        "" | "EINPROGRESS" | "-115" => "ConnectionAttempt",
        _ => "ConnectionFailed",
    };
    let protocol = Some(text(&[Field::FdL4proto]));
    actor.connection(rows, action, &Connection { remote_ip, remote_port, local, url: None, protocol });
}

/// One end of a connection: an address, of IPv6 too without brackets, a colon and a port.
fn end(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.rsplit_once(':')?;
    let ip = ip.trim_start_matches('[').trim_end_matches(']');
    Some(SocketAddr::new(ip.parse().ok()?, port.parse().ok()?))
}

/// The first of the fields that has a value. Falco writes `<NA>` for none.
fn first<'t>(fields: &Places<'t>, names: &[Field]) -> Cow<'t, str> {
    let text = |field: &Field| fields.text(*field).filter(|text| !matches!(&**text, "" | "<NA>" | "N/A"));
    names.iter().find_map(text).unwrap_or_default()
}

fn actor<'t>(alert: &Places<'t>, fields: &Places<'t>, around: &'t Around<'_>) -> Actor<'t> {
    let text = |names: &[Field]| first(fields, names);
    let time = alert.text(Member::Time).or_else(|| fields.text(Field::EvtTimeIso8601));
    let raw_time = text(&[Field::EvtTime, Field::EvtRawtime]);
    Actor {
        decoder: NAME,
        // Falco numbers no alert; the time in nanoseconds and the rule tell them apart.
        event: EventName::of(text(&[Field::EvtNum, Field::EvtTime, Field::EvtRawtime])),
        time: time.and_then(|time| DateTime::parse(&time)).or_else(|| of_nanoseconds(&raw_time)).or(around.time),
        host: alert.text(Member::Hostname).or_else(|| fields.text(Field::EvtHostname)).or_else(|| around.host.clone()),
        exe: text(&[Field::ProcExepath]),
        name: text(&[Field::ProcName]),
        command_line: text(&[Field::ProcCmdline]),
        pid: text(&[Field::ProcPid]),
        user: text(&[Field::UserName, Field::UserUid]),
        parent: Parent {
            pid: text(&[Field::ProcPpid]),
            exe: text(&[Field::ProcPexepath]),
            name: text(&[Field::ProcPname]),
            command_line: text(&[Field::ProcPcmdline]),
        },
        details: vec![
            ("rule", alert.text(Member::Rule).unwrap_or_default()),
            ("container", Some(text(&[Field::ContainerId])).filter(|id| id != "host").unwrap_or_default()),
            ("namespace", text(&[Field::K8sNsName])),
            ("pod", text(&[Field::K8sPodName])),
        ],
    }
}

fn of_nanoseconds(text: &str) -> Option<DateTime> {
    let nanoseconds: i64 = text.parse().ok()?;
    DateTime::from_unix(nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000) as u32)
}
