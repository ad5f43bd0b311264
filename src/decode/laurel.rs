//! Laurel: auditd's events as one object of JSON each, with the records' types as its members.
//!
//! Names for numbers stand beside them (`translate.userdb`) or in their place (`translate.universal`). What is no printable
//! ASCII is written as `%` and two hexadecimal digits, and so is `%`.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::auditd::{self, AuditEvent, Call, Name, Outcome};
use super::linux::{Actor, Parent};
use super::tree::Node;
use super::{Around, Rows, Taken};

const NAME: &str = "laurel";

/// The user ids that stand for none.
const UNSET: [&str; 2] = ["4294967295", "unset"];

pub(super) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let Some(id) = node.text_at("ID").filter(|id| auditd::time(id).is_some()) else {
        return Taken::No;
    };
    let Some(syscall) = node.get("SYSCALL").filter(Node::is_object) else {
        // Something else that the kernel or auditd wrote.
        let is_record =
            |member: Node<'_>| member.text().is_none() && member.name().starts_with(|c: char| c.is_ascii_uppercase());
        return if node.children().any(is_record) { Taken::Yes } else { Taken::No };
    };
    let arguments = arguments(syscall);
    let outcome = Outcome::of(
        syscall.text_at("success").as_deref() != Some("no"),
        syscall.text_at("exit").as_deref().unwrap_or_default(),
    );
    let Some(call) = call(syscall, arguments[0]).filter(|call| call.has_rows(outcome, rows)) else {
        return Taken::Yes;
    };
    let event = AuditEvent {
        call,
        arguments,
        outcome,
        open_flags: node.text_at("OPENAT2.oflag").and_then(|flags| octal(&flags)).map(u64::from),
        cwd: text(node.find("CWD.cwd")),
        names: each(node.get("PATH")).map(name).collect(),
        remote: each(node.get("SOCKADDR")).find_map(remote),
        argv: argv(node.get("EXECVE")).map(Cow::Owned),
    };
    let machine = node.text_at("NODE");
    let title = argv(node.get("PROCTITLE"));
    let command = event.argv.as_deref().or(title.as_deref()).map(auditd::command_line);
    let actor = Actor {
        decoder: NAME,
        time: auditd::time(&id),
        event: match &machine {
            Some(machine) => Cow::Owned(format!("{machine}:{id}")),
            None => id,
        },
        host: machine.or_else(|| around.host.clone()),
        exe: text(syscall.get("exe")),
        name: text(syscall.get("comm")),
        command_line: Cow::Owned(command.unwrap_or_default()),
        pid: syscall.get("pid").and_then(|pid| pid.text()).unwrap_or_default(),
        user: either(syscall, "UID", "uid"),
        parent: parent(node, syscall),
        details: vec![
            ("auid", Some(either(syscall, "AUID", "auid")).filter(|id| !UNSET.contains(&&**id)).unwrap_or_default()),
            ("key", text(syscall.get("key"))),
            ("container", text(node.find("CONTAINER_INFO.ID").or_else(|| syscall.find("CONTAINER_INFO.ID")))),
        ],
    };
    event.rows(&actor, rows);
    Taken::Yes
}

fn call(syscall: Node<'_>, first: u64) -> Option<Call> {
    let number = syscall.text_at("syscall").and_then(|number| number.parse().ok());
    let arch = syscall.text_at("arch").or_else(|| syscall.text_at("ARCH")).unwrap_or_default();
    number
        .and_then(|number| auditd::call_of_number(auditd::architecture(&arch), number, first))
        .or_else(|| auditd::call_of_name(&syscall.text_at("SYSCALL")?))
}

fn arguments(syscall: Node<'_>) -> [u64; 4] {
    let mut arguments = [0; 4];
    let list = syscall.get("ARGV").filter(Node::is_array);
    for (argument, text) in arguments.iter_mut().zip(list.iter().flat_map(Node::children)) {
        let hex = text.text().and_then(|text| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok());
        *argument = hex.unwrap_or_default();
    }
    arguments
}

fn name<'t>(path: Node<'t>) -> Name<'t> {
    Name {
        name: text(path.get("name")),
        kind: path.text_at("nametype").unwrap_or_default(),
        mode: path.text_at("mode").and_then(|mode| octal(&mode)).unwrap_or_default(),
    }
}

/// The address as the kernel has it, or translated.
fn remote(record: Node<'_>) -> Option<SocketAddr> {
    if let Some(raw) = record.text_at("saddr")
        && let Some(address) = auditd::address_of_bytes(&unescape(&raw))
    {
        return Some(address);
    }
    auditd::address_of_text(&record.text_at("SADDR.addr")?, &record.text_at("SADDR.port")?)
}

/// Arguments, each ended by NUL, from a list of them, or from one text if Laurel is set to that.
fn argv(record: Option<Node<'_>>) -> Option<String> {
    let record = record?;
    if let Some(whole) = record.get("ARGV_STR") {
        return Some(text(Some(whole)).replace(' ', "\0"));
    }
    let mut argv = String::new();
    for argument in record.get("ARGV")?.children() {
        argv.push_str(&text(Some(argument)));
        argv.push('\0');
    }
    Some(argv)
}

fn parent<'t>(node: Node<'t>, syscall: Node<'t>) -> Parent<'t> {
    // Of other versions and settings of Laurel's.
    let info = node.get("PARENT_INFO").or_else(|| syscall.get("PPID"));
    let of = |member| text(info.and_then(|info| info.get(member)));
    Parent {
        pid: syscall.text_at("ppid").unwrap_or_default(),
        exe: of("exe"),
        name: of("comm"),
        command_line: Cow::Owned(argv(info).map(|argv| auditd::command_line(&argv)).unwrap_or_default()),
    }
}

fn each<'t>(records: Option<Node<'t>>) -> impl Iterator<Item = Node<'t>> + use<'t> {
    records.into_iter().flat_map(|records| records.children())
}

fn either<'t>(node: Node<'t>, name: &str, number: &str) -> Cow<'t, str> {
    node.text_at(name).or_else(|| node.text_at(number)).unwrap_or_default()
}

fn octal(text: &str) -> Option<u32> {
    u32::from_str_radix(text.trim_start_matches("0o"), 8).ok()
}

/// A member's text without Laurel's escapes.
fn text<'t>(node: Option<Node<'t>>) -> Cow<'t, str> {
    let text = node.and_then(|node| node.text()).unwrap_or_default();
    if !text.contains('%') {
        return text;
    }
    Cow::Owned(String::from_utf8_lossy(&unescape(&text)).into_owned())
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        let digits = behind.first_chunk::<2>().filter(|_| byte == b'%').and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(escaped) => {
                bytes.push(escaped);
                rest = &rest[2..];
            }
            None => bytes.push(byte),
        }
    }
    bytes
}
