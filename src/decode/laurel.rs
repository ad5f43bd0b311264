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

pub(super) fn decode(node: Node<'_>, around: &Around<'_>, rows: &mut Rows) -> Taken {
    let Some(id) = node.text_at("ID").filter(|id| auditd::time(id).is_some()) else {
        return Taken::No;
    };
    let Some(syscall) = node.get("SYSCALL").filter(Node::is_object).map(Syscall::of) else {
        // Something else that the kernel or auditd wrote.
        let is_record =
            |member: Node<'_>| member.text().is_none() && member.name().starts_with(|c: char| c.is_ascii_uppercase());
        return if node.children().any(is_record) { Taken::Yes } else { Taken::No };
    };
    let outcome = Outcome::of(word(syscall.success) != "no", &word(syscall.exit));
    let arguments = syscall.arguments();
    let Some(call) = syscall.call(arguments[0]).filter(|call| call.has_rows(outcome, rows)) else {
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
        exe: text(syscall.exe),
        name: text(syscall.comm),
        command_line: Cow::Owned(command.unwrap_or_default()),
        pid: word(syscall.pid),
        user: either(syscall.user, syscall.uid),
        parent: parent(node, &syscall),
        details: vec![
            (
                "auid",
                Some(either(syscall.login, syscall.auid)).filter(|id| !UNSET.contains(&&**id)).unwrap_or_default(),
            ),
            ("key", text(syscall.key)),
            ("container", text(node.find("CONTAINER_INFO.ID").or(syscall.container))),
        ],
    };
    event.rows(&actor, rows);
    Taken::Yes
}

impl<'t> Syscall<'t> {
    /// Its members, found in one walk: of a name that comes twice the last counts.
    fn of(record: Node<'t>) -> Syscall<'t> {
        let mut syscall = Syscall::default();
        for member in record.children() {
            let place = match &*member.name() {
                "arch" => &mut syscall.arch,
                "ARCH" => &mut syscall.arch_name,
                "syscall" => &mut syscall.number,
                "SYSCALL" => &mut syscall.name,
                "success" => &mut syscall.success,
                "exit" => &mut syscall.exit,
                "ARGV" => &mut syscall.arguments,
                "pid" => &mut syscall.pid,
                "ppid" => &mut syscall.ppid,
                "PPID" => &mut syscall.parent,
                "uid" => &mut syscall.uid,
                "UID" => &mut syscall.user,
                "auid" => &mut syscall.auid,
                "AUID" => &mut syscall.login,
                "comm" => &mut syscall.comm,
                "exe" => &mut syscall.exe,
                "key" => &mut syscall.key,
                "CONTAINER_INFO" => {
                    syscall.container = member.get("ID");
                    continue;
                }
                _ => continue,
            };
            *place = Some(member);
        }
        syscall
    }

    fn call(&self, first: u64) -> Option<Call> {
        let number = self.number.and_then(|number| number.text()?.parse().ok());
        let arch = either(self.arch, self.arch_name);
        number
            .and_then(|number| auditd::call_of_number(auditd::architecture(&arch), number, first))
            .or_else(|| auditd::call_of_name(&self.name?.text()?))
    }

    fn arguments(&self) -> [u64; 4] {
        let mut arguments = [0; 4];
        let list = self.arguments.filter(Node::is_array);
        for (argument, text) in arguments.iter_mut().zip(list.iter().flat_map(Node::children)) {
            let hex = text.text().and_then(|text| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok());
            *argument = hex.unwrap_or_default();
        }
        arguments
    }
}

fn name<'t>(path: Node<'t>) -> Name<'t> {
    let mut name = Name::default();
    for member in path.children() {
        match &*member.name() {
            "name" => name.name = text(Some(member)),
            "nametype" => name.kind = word(Some(member)),
            "mode" => name.mode = octal(&word(Some(member))).unwrap_or_default(),
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
    let mut argv = String::new();
    for argument in record.get("ARGV")?.children() {
        argv.push_str(&text(Some(argument)));
        argv.push('\0');
    }
    Some(argv)
}

fn parent<'t>(node: Node<'t>, syscall: &Syscall<'t>) -> Parent<'t> {
    // Of other versions and settings of Laurel's.
    let info = node.get("PARENT_INFO").or(syscall.parent);
    let of = |member| text(info.and_then(|info| info.get(member)));
    Parent {
        pid: word(syscall.ppid),
        exe: of("exe"),
        name: of("comm"),
        command_line: Cow::Owned(argv(info).map(|argv| auditd::command_line(&argv)).unwrap_or_default()),
    }
}

fn each<'t>(records: Option<Node<'t>>) -> impl Iterator<Item = Node<'t>> + use<'t> {
    records.into_iter().flat_map(|records| records.children())
}

fn either<'t>(first: Option<Node<'t>>, second: Option<Node<'t>>) -> Cow<'t, str> {
    let text = first.and_then(|node| node.text());
    text.unwrap_or_else(|| word(second))
}

/// A member's text as it stands there.
fn word<'t>(node: Option<Node<'t>>) -> Cow<'t, str> {
    node.and_then(|node| node.text()).unwrap_or_default()
}

fn octal(text: &str) -> Option<u32> {
    u32::from_str_radix(text.trim_start_matches("0o"), 8).ok()
}

/// A member's text without Laurel's escapes.
fn text<'t>(node: Option<Node<'t>>) -> Cow<'t, str> {
    let text = word(node);
    if !text.as_bytes().contains(&b'%') {
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
