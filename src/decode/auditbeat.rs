//! Auditbeat, and Elastic Defend: the Elastic Common Schema, with what the kernel recorded (`auditd.data`, `auditd.paths`)
//! or without.
//!
//! Where the call is there, it decides, as for auditd. If not, `event.category` and `event.action` or `event.type` do: of a
//! file, what is `opened`, `read` or `access`ed is taken for a read.

use std::borrow::Cow;

use super::auditd::{self, AuditEvent, Name, Outcome};
use super::linux::{Actor, Connection, EventName, Parent, resolve};
use super::tree::Node;
use super::{Around, Rows, Taken};
use crate::value::DateTime;

const NAME: &str = "auditbeat";

/// The user id that stands for none.
const UNSET: [&str; 2] = ["4294967295", "unset"];

pub(super) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let module = node.text_at("event.module").unwrap_or_default();
    let dataset = node.text_at("event.dataset").unwrap_or_default();
    let is_endpoint = dataset.starts_with("endpoint.events.");
    if !is_endpoint && !matches!(&*module, "auditd" | "auditd_manager") {
        let is_ours = node.text_at("agent.type").is_some_and(|agent| matches!(&*agent, "auditbeat" | "endpoint"));
        return if is_ours { Taken::Yes } else { Taken::No };
    }
    // Who did it is looked for only where something was done.
    let actor = || actor(node, around);
    match node.text_at("auditd.data.syscall") {
        Some(call) => of_call(node, &call, actor, rows),
        None => of_schema(node, actor, rows),
    }
    Taken::Yes
}

fn of_call<'t>(node: Node<'_>, call: &str, actor: impl Fn() -> Actor<'t>, rows: &mut Rows) {
    let exit = node.text_at("auditd.data.exit").unwrap_or_default();
    let outcome = Outcome::of(!has_failed(node), &exit);
    let Some(call) = auditd::call_of_name(call).filter(|call| call.has_rows(outcome, rows)) else {
        return;
    };
    let mut arguments = [0; 4];
    for (argument, name) in arguments.iter_mut().zip(["a0", "a1", "a2", "a3"]) {
        let text = node.text_at(&format!("auditd.data.{name}")).unwrap_or_default();
        *argument = u64::from_str_radix(&text, 16).unwrap_or_default();
    }
    let paths = node.find("auditd.paths");
    let mut names: Vec<Name<'_>> = paths.iter().flat_map(Node::children).map(name).collect();
    if names.is_empty() {
        // A processor has dropped them.
        let name = node.text_at("file.path").unwrap_or_default();
        names.push(Name { name, kind: Cow::Borrowed("NORMAL"), mode: 0 });
    }
    let remote = node.text_at("destination.ip").zip(node.text_at("destination.port"));
    let event = AuditEvent {
        call,
        arguments,
        outcome,
        open_flags: None,
        cwd: node.text_at("process.working_directory").unwrap_or_default(),
        names,
        remote: remote.and_then(|(ip, port)| auditd::address_of_text(&ip, &port)),
        argv: args(node, "process.args", '\0').map(Cow::Owned),
    };
    event.rows(&actor(), rows);
}

fn name<'t>(path: Node<'t>) -> Name<'t> {
    Name {
        name: path.text_at("name").unwrap_or_default(),
        kind: path.text_at("nametype").unwrap_or_default(),
        mode: path.text_at("mode").and_then(|mode| u32::from_str_radix(&mode, 8).ok()).unwrap_or_default(),
    }
}

fn of_schema<'t>(node: Node<'_>, actor: impl Fn() -> Actor<'t>, rows: &mut Rows) {
    let action = node.text_at("event.action").unwrap_or_default();
    if says(node, "event.category", "file") {
        let Some(path) = node.text_at("file.path").filter(|_| !has_failed(node)) else {
            return;
        };
        let is = |words: &[&str]| words.iter().any(|word| *action == **word || says(node, "event.type", word));
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
        let folder = node.text_at("process.working_directory");
        let previous = node.text_at("file.Ext.original.path");
        actor().file(rows, action, &resolve(&path, folder.as_deref()), previous.as_deref());
    } else if says(node, "event.category", "network") {
        let is_ours = matches!(&*action, "connection_attempted" | "connected-to" | "connection_accepted");
        let remote = node.text_at("destination.ip").and_then(|ip| ip.parse().ok());
        if !is_ours || remote.is_none() {
            return;
        }
        let local = node.text_at("source.ip").zip(node.text_at("source.port"));
        let connection = Connection {
            remote_ip: remote,
            remote_port: node.text_at("destination.port").and_then(|port| port.parse().ok()),
            local: local.and_then(|(ip, port)| auditd::address_of_text(&ip, &port)),
            url: None,
            protocol: node.text_at("network.transport"),
        };
        let action = match &*action {
            "connection_accepted" => "InboundConnectionAccepted",
            "connection_attempted" => "ConnectionAttempt",
            _ if has_failed(node) => "ConnectionFailed",
            _ => "ConnectionSuccess",
        };
        actor().connection(rows, action, &connection);
    } else if says(node, "event.category", "process") && matches!(&*action, "exec" | "executed" | "process_started") {
        actor().process(rows);
    }
}

fn has_failed(node: Node<'_>) -> bool {
    node.text_at("event.outcome").as_deref() == Some("failure")
        || matches!(node.text_at("auditd.result").as_deref(), Some("fail" | "failed"))
}

/// Whether a member is that word, or a list that has it.
fn says(node: Node<'_>, member: &str, word: &str) -> bool {
    node.find(member).is_some_and(|value| {
        value.text().as_deref() == Some(word)
            || value.is_array() && value.children().any(|element| element.text().as_deref() == Some(word))
    })
}

/// The arguments, with a character behind each.
fn args(node: Node<'_>, member: &str, end: char) -> Option<String> {
    let mut line = String::new();
    for argument in node.find(member)?.children() {
        line.push_str(&argument.text().unwrap_or_default());
        line.push(end);
    }
    Some(line)
}

fn actor<'t>(node: Node<'t>, around: &'t Around<'_>) -> Actor<'t> {
    let text = |path: &str| node.text_at(path).unwrap_or_default();
    let first = |paths: &[&str]| paths.iter().find_map(|path| node.text_at(path)).unwrap_or_default();
    let command_line = match node.text_at("process.command_line") {
        Some(line) => line,
        None => match args(node, "process.args", ' ') {
            Some(line) => Cow::Owned(line.trim_end().to_owned()),
            None => text("process.title"),
        },
    };
    let time = node.text_at("@timestamp").and_then(|time| DateTime::parse(&time));
    Actor {
        decoder: NAME,
        event: EventName::of(first(&["event.id", "auditd.sequence", "event.sequence"])),
        time: time.or(around.time),
        host: ["host.hostname", "host.name", "agent.hostname", "agent.name"]
            .iter()
            .find_map(|path| node.text_at(path))
            .or_else(|| around.host.clone()),
        exe: text("process.executable"),
        name: text("process.name"),
        command_line,
        pid: text("process.pid"),
        user: first(&["user.name", "user.id"]),
        parent: Parent {
            pid: first(&["process.parent.pid", "process.ppid"]),
            exe: text("process.parent.executable"),
            name: text("process.parent.name"),
            command_line: text("process.parent.command_line"),
        },
        details: vec![
            (
                "auid",
                Some(first(&["user.audit.name", "user.audit.id"]))
                    .filter(|id| !UNSET.contains(&&**id))
                    .unwrap_or_default(),
            ),
            (
                "key",
                node.find("tags")
                    .filter(Node::is_array)
                    .and_then(|tags| tags.children().next()?.text())
                    .unwrap_or_default(),
            ),
            ("container", text("container.id")),
        ],
    }
}
