//! Auditbeat, and Elastic Defend: the Elastic Common Schema, with what the kernel recorded (`auditd.data`, `auditd.paths`)
//! or without.
//!
//! Where the call is there, it decides, as for auditd. If not, `event.category` and `event.action` or `event.type` do: of a
//! file, what is `opened`, `read` or `access`ed is taken for a read.

use std::borrow::Cow;

use super::auditd::{self, AuditEvent, Call, Name, Outcome};
use super::linux::{Actor, Connection, EventName, Parent, resolve};
use super::paths::{Places, paths};
use super::tree::Node;
use super::{Around, Rows, Taken};
use crate::value::DateTime;

const NAME: &str = "auditbeat";

/// The user id that stands for none.
const UNSET: [&str; 2] = ["4294967295", "unset"];

paths! {
    /// What is asked for.
    At, dotted:
    Timestamp "@timestamp"
    AgentHostname "agent.hostname"
    AgentName "agent.name"
    AgentType "agent.type"
    AuditdDataA0 "auditd.data.a0"
    AuditdDataA1 "auditd.data.a1"
    AuditdDataA2 "auditd.data.a2"
    AuditdDataA3 "auditd.data.a3"
    AuditdDataExit "auditd.data.exit"
    AuditdDataSyscall "auditd.data.syscall"
    AuditdPaths "auditd.paths"
    AuditdResult "auditd.result"
    AuditdSequence "auditd.sequence"
    ContainerId "container.id"
    DestinationIp "destination.ip"
    DestinationPort "destination.port"
    EventAction "event.action"
    EventCategory "event.category"
    EventDataset "event.dataset"
    EventId "event.id"
    EventModule "event.module"
    EventOutcome "event.outcome"
    EventSequence "event.sequence"
    EventType "event.type"
    FileExtOriginalPath "file.Ext.original.path"
    FilePath "file.path"
    HostHostname "host.hostname"
    HostName "host.name"
    NetworkTransport "network.transport"
    ProcessArgs "process.args"
    ProcessCommandLine "process.command_line"
    ProcessExecutable "process.executable"
    ProcessName "process.name"
    ProcessParentCommandLine "process.parent.command_line"
    ProcessParentExecutable "process.parent.executable"
    ProcessParentName "process.parent.name"
    ProcessParentPid "process.parent.pid"
    ProcessPid "process.pid"
    ProcessPpid "process.ppid"
    ProcessTitle "process.title"
    ProcessWorkingDirectory "process.working_directory"
    SourceIp "source.ip"
    SourcePort "source.port"
    Tags "tags"
    UserAuditId "user.audit.id"
    UserAuditName "user.audit.name"
    UserId "user.id"
    UserName "user.name"
}

pub(super) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let at = At::of(node);
    let module = at.text(At::EventModule).unwrap_or_default();
    let dataset = at.text(At::EventDataset).unwrap_or_default();
    let is_endpoint = dataset.starts_with("endpoint.events.");
    if !is_endpoint && !matches!(&*module, "auditd" | "auditd_manager") {
        let is_ours = at.text(At::AgentType).is_some_and(|agent| matches!(&*agent, "auditbeat" | "endpoint"));
        return if is_ours { Taken::Yes } else { Taken::No };
    }
    // Who did it is looked for only where something was done.
    let actor = || actor(&at, around);
    match at.text(At::AuditdDataSyscall) {
        Some(call) => of_call(&at, &call, actor, rows),
        None => of_schema(&at, actor, rows),
    }
    Taken::Yes
}

fn of_call<'t>(at: &Places<'_>, call: &str, actor: impl Fn() -> Actor<'t>, rows: &mut Rows) {
    let exit = at.text(At::AuditdDataExit).unwrap_or_default();
    let outcome = Outcome::of(!has_failed(at), &exit);
    let Some(call) = auditd::call_of_name(call).filter(|call| call.has_rows(outcome, rows)) else {
        return;
    };
    let mut arguments = [0; 4];
    let numbers = [At::AuditdDataA0, At::AuditdDataA1, At::AuditdDataA2, At::AuditdDataA3];
    for (argument, path) in arguments.iter_mut().zip(numbers) {
        let text = at.text(path).unwrap_or_default();
        *argument = u64::from_str_radix(&text, 16).unwrap_or_default();
    }
    let paths = at.get(At::AuditdPaths);
    let mut names: Vec<Name<'_>> = paths.iter().flat_map(Node::children).map(name).collect();
    if names.is_empty() {
        // A processor has dropped them.
        let name = at.text(At::FilePath).unwrap_or_default();
        names.push(Name { name, kind: Cow::Borrowed("NORMAL"), mode: 0 });
    }
    let remote = at.text(At::DestinationIp).zip(at.text(At::DestinationPort));
    let event = AuditEvent {
        call,
        arguments,
        outcome,
        open_flags: None,
        cwd: at.text(At::ProcessWorkingDirectory).unwrap_or_default(),
        names,
        remote: remote.and_then(|(ip, port)| auditd::address_of_text(&ip, &port)),
        argv: Some(call).filter(|call| *call == Call::Execute).and_then(|_| args(at, '\0')).map(Cow::Owned),
    };
    event.rows(&actor(), rows);
}

fn name<'t>(path: Node<'t>) -> Name<'t> {
    let mut name = Name::default();
    for member in path.children() {
        let text = || member.text().unwrap_or_default();
        match member.name().as_bytes() {
            b"name" => name.name = text(),
            b"nametype" => name.kind = text(),
            b"mode" => name.mode = u32::from_str_radix(&text(), 8).unwrap_or_default(),
            _ => {}
        }
    }
    name
}

fn of_schema<'t>(at: &Places<'_>, actor: impl Fn() -> Actor<'t>, rows: &mut Rows) {
    let action = at.text(At::EventAction).unwrap_or_default();
    if says(at, At::EventCategory, "file") {
        let Some(path) = at.text(At::FilePath).filter(|_| !has_failed(at)) else {
            return;
        };
        let is = |words: &[&str]| words.iter().any(|word| *action == **word || says(at, At::EventType, word));
        let action = if is(&["deletion", "deleted", "unlinked"]) {
            "FileDeleted"
        } else if is(&["rename", "renamed"]) {
            "FileRenamed"
        } else if is(&["creation", "created"]) {
            "FileCreated"
        } else if is(&["modification", "overwrite", "change", "updated", "wrote-to-file"]) {
            "FileModified"
        } else if is(&["open", "read", "access", "opened-file", "accessed-file"]) {
            "FileRead"
        } else {
            return;
        };
        let folder = at.text(At::ProcessWorkingDirectory);
        let previous = at.text(At::FileExtOriginalPath);
        actor().file(rows, action, &resolve(&path, folder.as_deref()), previous.as_deref());
    } else if says(at, At::EventCategory, "network") {
        let is_ours = matches!(&*action, "connection_attempted" | "connected-to" | "connection_accepted");
        let remote = at.text(At::DestinationIp).and_then(|ip| ip.parse().ok());
        if !is_ours || remote.is_none() {
            return;
        }
        let local = at.text(At::SourceIp).zip(at.text(At::SourcePort));
        let connection = Connection {
            remote_ip: remote,
            remote_port: at.text(At::DestinationPort).and_then(|port| port.parse().ok()),
            local: local.and_then(|(ip, port)| auditd::address_of_text(&ip, &port)),
            url: None,
            protocol: at.text(At::NetworkTransport),
        };
        let action = match &*action {
            "connection_accepted" => "InboundConnectionAccepted",
            "connection_attempted" => "ConnectionAttempt",
            _ if has_failed(at) => "ConnectionFailed",
            _ => "ConnectionSuccess",
        };
        actor().connection(rows, action, &connection);
    } else if says(at, At::EventCategory, "process") && matches!(&*action, "exec" | "executed" | "process_started") {
        actor().process(rows);
    }
}

fn has_failed(at: &Places<'_>) -> bool {
    at.text(At::EventOutcome).as_deref() == Some("failure")
        || matches!(at.text(At::AuditdResult).as_deref(), Some("fail" | "failed"))
}

/// Whether a member is that word, or a list that has it.
fn says(at: &Places<'_>, member: At, word: &str) -> bool {
    at.get(member).is_some_and(|value| {
        value.text().as_deref() == Some(word)
            || value.is_array() && value.children().any(|element| element.text().as_deref() == Some(word))
    })
}

/// The arguments, with a character behind each.
fn args(at: &Places<'_>, end: char) -> Option<String> {
    let arguments = at.get(At::ProcessArgs)?;
    let mut line = String::with_capacity(arguments.raw().len());
    for argument in arguments.children() {
        line.push_str(&argument.text().unwrap_or_default());
        line.push(end);
    }
    Some(line)
}

fn actor<'t>(at: &Places<'t>, around: &'t Around<'_>) -> Actor<'t> {
    let text = |path: At| at.text(path).unwrap_or_default();
    let command_line = match at.text(At::ProcessCommandLine) {
        Some(line) => line,
        None => match args(at, ' ') {
            Some(line) => Cow::Owned(line.trim_end().to_owned()),
            None => text(At::ProcessTitle),
        },
    };
    let time = at.text(At::Timestamp).and_then(|time| DateTime::parse(&time));
    Actor {
        decoder: NAME,
        event: EventName::of(at.first([At::EventId, At::AuditdSequence, At::EventSequence]).unwrap_or_default()),
        time: time.or(around.time),
        host: at
            .first([At::HostHostname, At::HostName, At::AgentHostname, At::AgentName])
            .or_else(|| around.host.clone()),
        exe: text(At::ProcessExecutable),
        name: text(At::ProcessName),
        command_line,
        pid: text(At::ProcessPid),
        user: at.first([At::UserName, At::UserId]).unwrap_or_default(),
        parent: Parent {
            pid: at.first([At::ProcessParentPid, At::ProcessPpid]).unwrap_or_default(),
            exe: text(At::ProcessParentExecutable),
            name: text(At::ProcessParentName),
            command_line: text(At::ProcessParentCommandLine),
        },
        details: vec![
            (
                "auid",
                at.first([At::UserAuditName, At::UserAuditId]).filter(|id| !UNSET.contains(&&**id)).unwrap_or_default(),
            ),
            (
                "key",
                at.get(At::Tags)
                    .filter(Node::is_array)
                    .and_then(|tags| tags.children().next()?.text())
                    .unwrap_or_default(),
            ),
            ("container", text(At::ContainerId)),
        ],
    }
}
