//! Tetragon's JSON: `process_exec`, and what its policies trace (`process_kprobe`, `process_lsm`, `process_tracepoint`).
//!
//! The arguments are those that the policy names, so they are looked for by their kind. A file that was opened or put into
//! a process (`fd_install`) with no word on how is taken for a read.

use std::borrow::Cow;

use super::linux::{Actor, Connection, EventName, FILE, NETWORK, PROCESS, Parent, resolve};
use super::paths::{Places, paths};
use super::tree::Node;
use super::{Around, Rows, Taken};
use crate::value::DateTime;

const NAME: &str = "tetragon";

/// What `security_file_permission` asks for.
const MAY_WRITE: i64 = 2;
const MAY_READ: i64 = 4;
const MAY_APPEND: i64 = 8;

/// What `security_mmap_file` asks for.
const PROT_READ: i64 = 1;
const PROT_WRITE: i64 = 2;

/// Flags of `open`.
const O_ACCMODE: i64 = 3;
const O_DIRECTORY: i64 = 0o200_000;

paths! {
    /// What is asked for of an event, beside its arguments.
    At, dotted:
    ParentArguments "parent.arguments"
    ParentBinary "parent.binary"
    ParentPid "parent.pid"
    PolicyName "policy_name"
    ProcessArguments "process.arguments"
    ProcessAuid "process.auid"
    ProcessBinary "process.binary"
    ProcessCwd "process.cwd"
    ProcessExecId "process.exec_id"
    ProcessPid "process.pid"
    ProcessPodContainerId "process.pod.container.id"
    ProcessPodName "process.pod.name"
    ProcessPodNamespace "process.pod.namespace"
    ProcessProcessCredentialsUidName "process.process_credentials.uid_name"
    ProcessUid "process.uid"
    ReturnIntArg "return.int_arg"
}

pub(super) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    if node.get("process_exec").is_some() {
        return execution(node, around, rows);
    }
    let Some((traced, function)) = traced(node) else {
        // A process's end, a library that was loaded.
        let is_other = |member: Node<'_>| member.is_object() && member.name().starts_with("process_");
        return if node.get("time").is_some() && node.children().any(is_other) { Taken::Yes } else { Taken::No };
    };
    let function =
        function.strip_prefix("__").map_or(&*function, |rest| rest.split_once('_').map_or(rest, |two| two.1));
    let at = At::of(traced);
    let has_failed = at.get(At::ReturnIntArg).and_then(number).is_some_and(|code| code < 0);
    match function {
        "tcp_connect"
        | "tcp_v4_connect"
        | "tcp_v6_connect"
        | "security_socket_connect"
        | "socket_connect"
        | "sys_connect"
            if rows.wants(NETWORK) =>
        {
            connection(node, traced, &at, around, rows);
        }
        function if rows.wants(FILE) && !has_failed => {
            if let Some((action, path)) = file(traced, function) {
                let folder = at.text(At::ProcessCwd);
                actor(node, &at, around).file(rows, action, &resolve(&path, folder.as_deref()), None);
            }
        }
        _ => {}
    }
    Taken::Yes
}

/// What a policy traced, and the function's name.
fn traced<'t>(node: Node<'t>) -> Option<(Node<'t>, Cow<'t, str>)> {
    let named = |member: &str, name: &str| {
        let traced = node.get(member)?;
        Some((traced, traced.text_at(name)?))
    };
    named("process_kprobe", "function_name")
        .or_else(|| named("process_lsm", "function_name"))
        .or_else(|| named("process_tracepoint", "event"))
}

fn execution(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let Some(executed) = node.get("process_exec").filter(|executed| executed.get("process").is_some()) else {
        return Taken::No;
    };
    if rows.wants(PROCESS) {
        actor(node, &At::of(executed), around).process(rows);
    }
    Taken::Yes
}

/// What was done to which file; `None` if the function is about none.
fn file<'t>(traced: Node<'t>, function: &str) -> Option<(&'static str, Cow<'t, str>)> {
    let path = argument(traced, &["file_arg.path", "path_arg.path", "linux_binprm_arg.path", "string_arg"])?.text()?;
    let numbers = || {
        traced.get("args").into_iter().flat_map(|args| args.children()).filter_map(|argument| {
            number(["int_arg", "uint_arg", "long_arg", "size_arg"].iter().find_map(|kind| argument.get(kind))?)
        })
    };
    let action = match function.strip_prefix("security_").unwrap_or(function) {
        "file_permission" => match numbers().next() {
            Some(mask) if mask & MAY_READ != 0 => "FileRead",
            Some(mask) if mask & (MAY_WRITE | MAY_APPEND) != 0 => "FileModified",
            // To run it, or to go into a folder.
            Some(_) => return None,
            None => "FileRead",
        },
        "mmap_file" => match numbers().next() {
            Some(protection) if protection & PROT_READ != 0 => "FileRead",
            Some(protection) if protection & PROT_WRITE != 0 => "FileModified",
            Some(_) => return None,
            None => "FileRead",
        },
        "fd_install" | "file_open" | "do_filp_open" | "vfs_open" | "vfs_read" => "FileRead",
        "sys_open" | "do_sys_open" | "sys_openat" | "do_sys_openat2" | "sys_openat2" | "sys_enter_openat" => {
            // The folder's descriptor, if it is there, comes before the flags, and is no number of flags.
            let is_at = function.contains("openat") || function.starts_with("do_");
            let folder_comes_first =
                traced.get("args").and_then(|args| args.children().next()?.get("int_arg")).is_some();
            match numbers().nth(usize::from(is_at && folder_comes_first)) {
                Some(flags) if flags & O_DIRECTORY != 0 => return None,
                Some(flags) if flags & O_ACCMODE != 0 => "FileModified",
                _ => "FileRead",
            }
        }
        "path_truncate" | "vfs_write" | "sys_truncate" => "FileModified",
        "path_unlink" | "sys_unlink" | "sys_unlinkat" => "FileDeleted",
        _ => return None,
    };
    Some((action, path))
}

fn connection(node: Node<'_>, traced: Node<'_>, at: &Places<'_>, around: &Around<'_>, rows: &mut Rows) {
    let socket = argument(traced, &["sock_arg", "sockaddr_arg"]);
    let Some(socket) = socket else {
        return;
    };
    let text = |names: &[&str]| names.iter().find_map(|name| socket.text_at(name));
    let Some(remote_ip) = text(&["daddr", "addr"]).and_then(|ip| ip.parse().ok()) else {
        return;
    };
    let local = text(&["saddr"]).zip(text(&["sport"]));
    let connection = Connection {
        remote_ip: Some(remote_ip),
        remote_port: text(&["dport", "port"]).and_then(|port| port.parse().ok()),
        local: local.and_then(|(ip, port)| super::auditd::address_of_text(&ip, &port)),
        url: None,
        protocol: text(&["protocol"]).map(|name| Cow::Owned(name.trim_start_matches("IPPROTO_").to_ascii_lowercase())),
    };
    // The function is where a connection begins; how it ends is not told.
    actor(node, at, around).connection(rows, "ConnectionAttempt", &connection);
}

/// The first argument of the first of these kinds that there is.
fn argument<'t>(traced: Node<'t>, kinds: &[&str]) -> Option<Node<'t>> {
    let args = traced.get("args").filter(Node::is_array)?;
    kinds.iter().find_map(|kind| args.children().find_map(|argument| argument.find(kind)))
}

fn number(node: Node<'_>) -> Option<i64> {
    node.text()?.parse().ok()
}

fn actor<'t>(node: Node<'t>, at: &Places<'t>, around: &'t Around<'_>) -> Actor<'t> {
    let text = |path: At| at.text(path).unwrap_or_default();
    let line = |binary: At, arguments: At| match (text(binary), text(arguments)) {
        (binary, arguments) if arguments.is_empty() => binary,
        (binary, arguments) => Cow::Owned([&*binary, " ", &*arguments].concat()),
    };
    let login = text(At::ProcessAuid);
    Actor {
        decoder: NAME,
        // A process's id is one of the cluster; with the time it is one of the event.
        event: EventName { by: Some(text(At::ProcessExecId)), name: node.text_at("time").unwrap_or_default() },
        time: node.text_at("time").and_then(|time| DateTime::parse(&time)).or(around.time),
        host: node.text_at("node_name").or_else(|| around.host.clone()),
        exe: text(At::ProcessBinary),
        name: Cow::Borrowed(""),
        command_line: line(At::ProcessBinary, At::ProcessArguments),
        pid: text(At::ProcessPid),
        user: at.first([At::ProcessProcessCredentialsUidName, At::ProcessUid]).unwrap_or_default(),
        parent: Parent {
            pid: text(At::ParentPid),
            exe: text(At::ParentBinary),
            name: Cow::Borrowed(""),
            command_line: line(At::ParentBinary, At::ParentArguments),
        },
        details: vec![
            ("auid", if login == "4294967295" { Cow::Borrowed("") } else { login }),
            ("policy", text(At::PolicyName)),
            ("container", text(At::ProcessPodContainerId)),
            ("namespace", text(At::ProcessPodNamespace)),
            ("pod", text(At::ProcessPodName)),
        ],
    }
}
