//! Laurel: auditd's events as one object of JSON each, with the records' types as its members.
//!
//! Names for numbers stand beside them (`translate.userdb`) or in their place (`translate.universal`). What is no printable
//! ASCII is written as `%` and two hexadecimal digits, and so is `%`.

use std::borrow::Cow;
use std::net::SocketAddr;

use memchr::memchr;

use super::auditd::{self, AuditEvent, Call, Name, Outcome};
use super::linux::{Actor, EventName, Parent};
use super::tree::Node;
use super::{Around, Rows, Taken};

const NAME: &str = "laurel";

/// The user ids that stand for none.
const UNSET: [&str; 2] = ["4294967295", "unset"];

/// The members of a call's record; those with names for numbers are in capitals.
#[derive(Default)]
struct Syscall<'t> {
    arch: Option<Node<'t>>,
    arch_name: Option<Node<'t>>,
    number: Option<Node<'t>>,
    name: Option<Node<'t>>,
    success: Option<Node<'t>>,
    exit: Option<Node<'t>>,
    arguments: Option<Node<'t>>,
    pid: Option<Node<'t>>,
    ppid: Option<Node<'t>>,
    parent: Option<Node<'t>>,
    uid: Option<Node<'t>>,
    user: Option<Node<'t>>,
    auid: Option<Node<'t>>,
    login: Option<Node<'t>>,
    comm: Option<Node<'t>>,
    exe: Option<Node<'t>>,
    key: Option<Node<'t>>,
    container: Option<Node<'t>>,
}

/// The records of an event, by their types, and what the event says of itself.
#[derive(Default)]
struct Records<'t> {
    id: Option<Node<'t>>,
    machine: Option<Node<'t>>,
    syscall: Option<Node<'t>>,
    open: Option<Node<'t>>,
    cwd: Option<Node<'t>>,
    paths: Option<Node<'t>>,
    addresses: Option<Node<'t>>,
    program: Option<Node<'t>>,
    title: Option<Node<'t>>,
    parent: Option<Node<'t>>,
    container: Option<Node<'t>>,
}

pub(super) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let records = Records::of(node);
    let Some((id, time)) = records.id.and_then(|id| id.text()).and_then(|id| auditd::time(&id).map(|time| (id, time)))
    else {
        return Taken::No;
    };
    let Some(syscall) = records.syscall.filter(Node::is_object).map(Syscall::of) else {
        // Something else that the kernel or auditd wrote.
        let is_record =
            |member: Node<'_>| member.text().is_none() && member.name().starts_with(|c: char| c.is_ascii_uppercase());
        return if node.children().any(is_record) { Taken::Yes } else { Taken::No };
    };
    let outcome = Outcome::of(word(syscall.success) != "no", &word(syscall.exit));
    let Some(call) = syscall.call().filter(|call| call.has_rows(outcome, rows)) else {
        return Taken::Yes;
    };
    let (is_connection, is_execution) = (call == Call::Connect, call == Call::Execute);
    let event = AuditEvent {
        call,
        arguments: syscall.arguments(),
        outcome,
        open_flags: of(records.open, "oflag").and_then(|flags| octal(&flags.text()?)).map(u64::from),
        cwd: text(of(records.cwd, "cwd")),
        names: each(records.paths.filter(|_| !is_connection && !is_execution)).map(name).collect(),
        remote: each(records.addresses.filter(|_| is_connection)).find_map(remote),
        argv: argv(records.program.filter(|_| is_execution)).map(Cow::Owned),
    };
    let machine = records.machine.and_then(|machine| machine.text());
    let command = match &event.argv {
        Some(argv) => auditd::command_line(argv),
        None => {
            argv(records.program).or_else(|| argv(records.title)).map(auditd::into_command_line).unwrap_or_default()
        }
    };
    let actor = Actor {
        decoder: NAME,
        time: Some(time),
        event: EventName { by: machine.clone(), name: id },
        host: machine.or_else(|| around.host.clone()),
        exe: text(syscall.exe),
        name: text(syscall.comm),
        command_line: Cow::Owned(command),
        pid: word(syscall.pid),
        user: either(syscall.user, syscall.uid),
        parent: parent(records.parent.or(syscall.parent), syscall.ppid),
        details: vec![
            (
                "auid",
                Some(either(syscall.login, syscall.auid)).filter(|id| !UNSET.contains(&&**id)).unwrap_or_default(),
            ),
            ("key", text(syscall.key)),
            ("container", text(of(records.container, "ID").or(of(syscall.container, "ID")))),
        ],
    };
    event.rows(&actor, rows);
    Taken::Yes
}

impl<'t> Records<'t> {
    /// Its members, found in one walk: of a name that comes twice the last counts.
    fn of(event: Node<'t>) -> Records<'t> {
        let mut records = Records::default();
        for member in event.children() {
            let place = match member.name().as_bytes() {
                b"ID" => &mut records.id,
                b"NODE" => &mut records.machine,
                b"SYSCALL" => &mut records.syscall,
                b"OPENAT2" => &mut records.open,
                b"CWD" => &mut records.cwd,
                b"PATH" => &mut records.paths,
                b"SOCKADDR" => &mut records.addresses,
                b"EXECVE" => &mut records.program,
                b"PROCTITLE" => &mut records.title,
                b"PARENT_INFO" => &mut records.parent,
                b"CONTAINER_INFO" => &mut records.container,
                _ => continue,
            };
            *place = Some(member);
        }
        records
    }
}

impl<'t> Syscall<'t> {
    /// The same of the call's record.
    fn of(record: Node<'t>) -> Syscall<'t> {
        let mut syscall = Syscall::default();
        for member in record.children() {
            let place = match member.name().as_bytes() {
                b"arch" => &mut syscall.arch,
                b"ARCH" => &mut syscall.arch_name,
                b"syscall" => &mut syscall.number,
                b"SYSCALL" => &mut syscall.name,
                b"success" => &mut syscall.success,
                b"exit" => &mut syscall.exit,
                b"ARGV" => &mut syscall.arguments,
                b"pid" => &mut syscall.pid,
                b"ppid" => &mut syscall.ppid,
                b"PPID" => &mut syscall.parent,
                b"uid" => &mut syscall.uid,
                b"UID" => &mut syscall.user,
                b"auid" => &mut syscall.auid,
                b"AUID" => &mut syscall.login,
                b"comm" => &mut syscall.comm,
                b"exe" => &mut syscall.exe,
                b"key" => &mut syscall.key,
                b"CONTAINER_INFO" => &mut syscall.container,
                _ => continue,
            };
            *place = Some(member);
        }
        syscall
    }

    fn call(&self) -> Option<Call> {
        let number = self.number.and_then(|number| number.text()?.parse().ok());
        let arch = either(self.arch, self.arch_name);
        number
            .and_then(|number| auditd::call_of_number(auditd::architecture(&arch), number, || self.arguments()[0]))
            .or_else(|| auditd::call_of_name(&self.name?.text()?))
    }

    fn arguments(&self) -> [u64; 4] {
        let mut arguments = [0; 4];
        let list = self.arguments.filter(Node::is_array);
        for (argument, text) in arguments.iter_mut().zip(list.iter().flat_map(Node::children)) {
            let hex = text.text().and_then(|text| u64::from_str_radix(without(&text, "0x"), 16).ok());
            *argument = hex.unwrap_or_default();
        }
        arguments
    }
}

fn name<'t>(path: Node<'t>) -> Name<'t> {
    let mut name = Name::default();
    for member in path.children() {
        match member.name().as_bytes() {
            b"name" => name.name = text(Some(member)),
            b"nametype" => name.kind = word(Some(member)),
            b"mode" => name.mode = octal(&word(Some(member))).unwrap_or_default(),
            _ => {}
        }
    }
    name
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
    let arguments = record.get("ARGV")?;
    let mut argv = String::with_capacity(arguments.raw().len());
    for argument in arguments.children() {
        argv.push_str(&text(Some(argument)));
        argv.push('\0');
    }
    Some(argv)
}

/// `info` are the parent's own records, of other versions and settings of Laurel's.
fn parent<'t>(info: Option<Node<'t>>, pid: Option<Node<'t>>) -> Parent<'t> {
    Parent {
        pid: word(pid),
        exe: text(of(info, "exe")),
        name: text(of(info, "comm")),
        command_line: Cow::Owned(argv(info).map(auditd::into_command_line).unwrap_or_default()),
    }
}

fn each<'t>(records: Option<Node<'t>>) -> impl Iterator<Item = Node<'t>> + use<'t> {
    let mut children = records.map(|records| records.children());
    std::iter::from_fn(move || children.as_mut()?.next())
}

fn either<'t>(first: Option<Node<'t>>, second: Option<Node<'t>>) -> Cow<'t, str> {
    let text = first.and_then(|node| node.text());
    text.unwrap_or_else(|| word(second))
}

/// A member's text as it stands there.
fn word<'t>(node: Option<Node<'t>>) -> Cow<'t, str> {
    node.and_then(|node| node.text()).unwrap_or_default()
}

/// A member of a record, if there is one.
fn of<'t>(record: Option<Node<'t>>, member: &str) -> Option<Node<'t>> {
    record?.get(member)
}

fn octal(text: &str) -> Option<u32> {
    u32::from_str_radix(without(text, "0o"), 8).ok()
}

/// Digits without what says their base.
fn without<'t>(text: &'t str, base: &str) -> &'t str {
    text.strip_prefix(base).unwrap_or(text)
}

/// A member's text without Laurel's escapes.
fn text<'t>(node: Option<Node<'t>>) -> Cow<'t, str> {
    let text = word(node);
    if memchr(b'%', text.as_bytes()).is_none() {
        return text;
    }
    Cow::Owned(String::from_utf8_lossy(&unescape(&text)).into_owned())
}

fn unescape(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match (byte, behind) {
            (b'%', [high, low, behind @ ..]) if let (Some(high), Some(low)) = (digit(*high), digit(*low)) => {
                bytes.push(high << 4 | low);
                rest = behind;
            }
            _ => bytes.push(byte),
        }
    }
    bytes
}
