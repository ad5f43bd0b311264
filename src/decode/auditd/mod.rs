//! auditd: `audit.log`, raw or enriched, and the stream that its plugins read, behind a syslog header or not.
//!
//! An event is several records, a line each; `join` finds those that belong together before anything else sees them. What is
//! decoded here is the lines of one event, or one record that came alone.

mod address;
mod event;
mod join;
mod record;
mod syscall;
mod unwrapped;

use std::borrow::Cow;

use memchr::memchr;

use super::linux::{Actor, EventName};
use super::{Around, Rows, Taken};
use crate::value::DateTime;
use record::{Fields, Head, Value};

pub(super) use address::{of_bytes as address_of_bytes, of_text as address_of_text};
pub(super) use event::{AuditEvent, Name, Outcome, command_line, into_command_line};
pub use join::{Event, Joined, Joiner, Taken as TakenLine, holds_marker};
pub(super) use syscall::{Call, architecture, of_name as call_of_name, of_number as call_of_number};

/// What `--decode` calls it.
pub const NAME: &str = "auditd";

/// The user id that stands for none: nobody has logged in.
const UNSET: &str = "4294967295";

/// Bytes of a command line that are kept.
const MAX_COMMAND_LINE: usize = 64 << 10;

/// What the records of an event say of the process.
#[derive(Default)]
struct Syscall<'t> {
    arch: &'t str,
    number: &'t str,
    name: &'t str,
    arguments: [Value<'t>; 4],
    /// Which call it is, where the number says so.
    known: Option<Call>,
    is_failed: bool,
    exit: &'t str,
    pid: &'t str,
    ppid: &'t str,
    uid: &'t str,
    auid: &'t str,
    comm: Option<Value<'t>>,
    exe: Option<Value<'t>>,
    key: Option<Value<'t>>,
}

pub(super) fn decode(text: &str, around: &Around<'_>, rows: &mut Rows) -> Taken {
    // The record of the call comes first, but for what changed audit's own settings.
    let mut call = None;
    for (at, line) in lines(text).enumerate() {
        let Some(head) = Head::find(line.as_bytes()) else {
            return Taken::No;
        };
        if line.get(head.kind.clone()) == Some("SYSCALL") {
            call = Some((at, head, line));
            break;
        }
    }
    let Some((at, head, line)) = call else {
        return Taken::Yes;
    };
    let Some(syscall) = Syscall::of(line.get(head.body..).unwrap_or_default(), rows) else {
        return Taken::Yes;
    };
    if syscall.name.is_empty() && syscall.number.is_empty() {
        return Taken::Malformed(format!(
            "the SYSCALL record {} of auditd has no syscall=; the line may have been cut off on its way",
            &line[head.stamp]
        ));
    }
    let outcome = syscall.outcome();
    let Some(call) = syscall.known.or_else(|| syscall.call()).filter(|call| call.has_rows(outcome, rows)) else {
        return Taken::Yes;
    };
    let mut event = AuditEvent {
        call,
        arguments: syscall.arguments.map(Value::hex),
        outcome,
        open_flags: None,
        cwd: Cow::Borrowed(""),
        names: Vec::new(),
        remote: None,
        argv: None,
    };
    let mut argv = Vec::new();
    let mut title = None;
    let mark = head.mark(line.as_bytes());
    for (_, line) in lines(text).enumerate().filter(|(number, _)| *number != at) {
        let Some(head) = Head::find_like(line.as_bytes(), mark) else {
            continue;
        };
        let fields = Fields::of(line.get(head.body..).unwrap_or_default());
        event.read(line.get(head.kind).unwrap_or_default(), fields, &mut argv, &mut title);
    }
    event.argv = (!argv.is_empty()).then(|| Cow::Owned(record::text_of(argv)));
    event.rows(&syscall.actor(line, &head, around, event.argv.as_deref(), title), rows);
    Taken::Yes
}

/// Lines as they came or were joined, without what ends them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(line.strip_suffix('\r').unwrap_or(line))
    })
}

impl<'t> Syscall<'t> {
    /// Reads the record, but for one of which it shows early that it has no row: then there is nothing.
    fn of(body: &'t str, rows: &Rows) -> Option<Syscall<'t>> {
        let mut syscall = Syscall::default();
        let mut fields = Fields::of(body);
        while let Some((name, value)) = fields.next() {
            match name {
                b"arch" => syscall.arch = value.word(),
                b"syscall" => syscall.number = value.word(),
                b"success" => syscall.is_failed = value.raw == "no",
                b"exit" => syscall.exit = value.word(),
                b"a0" => syscall.arguments[0] = value,
                b"a1" => syscall.arguments[1] = value,
                b"a2" => syscall.arguments[2] = value,
                b"a3" => syscall.arguments[3] = value,
                // What the kernel says of the call ends here; who made it follows.
                b"items" => {
                    syscall.known = syscall.call();
                    if syscall.is_without_rows(body, rows) {
                        return None;
                    }
                }
                b"pid" => syscall.pid = value.word(),
                b"ppid" => syscall.ppid = value.word(),
                // What the numbers mean comes after them, and counts.
                b"UID" => syscall.uid = value.word(),
                b"uid" => {
                    syscall.uid = value.word();
                    // Its other ids, its terminal and its session.
                    fields.skip_to_name();
                }
                b"auid" | b"AUID" => syscall.auid = value.word(),
                b"comm" => syscall.comm = Some(value),
                b"exe" => syscall.exe = Some(value),
                b"key" => syscall.key = Some(value),
                b"SYSCALL" => syscall.name = value.word(),
                _ => {}
            }
        }
        Some(syscall)
    }

    /// Whether it can have no row, whatever follows. A number that says nothing may be followed by a name that does.
    fn is_without_rows(&self, body: &str, rows: &Rows) -> bool {
        match self.known {
            Some(call) => !call.has_rows(self.outcome(), rows),
            None => !self.number.is_empty() && !record::names_call_by_name(body.as_bytes()),
        }
    }

    fn outcome(&self) -> Outcome {
        Outcome::of(!self.is_failed, self.exit)
    }

    fn call(&self) -> Option<Call> {
        match self.number.parse() {
            Ok(number) => call_of_number(architecture(self.arch), number, || self.arguments[0].hex()),
            Err(_) => None,
        }
        .or_else(|| call_of_name(self.name))
    }

    fn actor(
        &self,
        line: &'t str,
        head: &Head,
        around: &'t Around<'_>,
        argv: Option<&str>,
        title: Option<Value<'t>>,
    ) -> Actor<'t> {
        let stamp = line.get(head.stamp.clone()).unwrap_or_default();
        let node = line.get(head.node.clone()).filter(|node| !node.is_empty());
        let login = if matches!(self.auid, UNSET | "unset" | "-1") { "" } else { self.auid };
        let command = match (argv, title) {
            (Some(argv), _) => command_line(argv),
            (None, Some(title)) => into_command_line(title.text().into_owned()),
            (None, None) => String::new(),
        };
        Actor {
            decoder: NAME,
            event: EventName { by: node.map(Cow::Borrowed), name: Cow::Borrowed(stamp) },
            time: time(stamp),
            host: node.or(around.host.as_deref()).map(Cow::Borrowed),
            exe: self.exe.map(Value::text).unwrap_or_default(),
            name: self.comm.map(Value::text).unwrap_or_default(),
            command_line: Cow::Owned(command),
            pid: Cow::Borrowed(self.pid),
            user: Cow::Borrowed(self.uid),
            parent: super::linux::Parent { pid: Cow::Borrowed(self.ppid), ..Default::default() },
            details: vec![("auid", Cow::Borrowed(login)), ("key", self.key.map(Value::text).unwrap_or_default())],
        }
    }
}

impl<'t> AuditEvent<'t> {
    /// Takes up what a record beside that of the call says.
    fn read(&mut self, kind: &str, mut fields: Fields<'t>, argv: &mut Vec<u8>, title: &mut Option<Value<'t>>) {
        match kind {
            "PATH" if !matches!(self.call, Call::Connect | Call::Execute) => self.names.push(name(fields)),
            "CWD" => self.cwd = fields.find(|f| f.0 == b"cwd").map(|f| f.1.text()).unwrap_or_default(),
            "PROCTITLE" => *title = fields.find(|f| f.0 == b"proctitle").map(|f| f.1),
            "EXECVE" if self.call == Call::Execute => arguments(fields, argv),
            "SOCKADDR" if self.call == Call::Connect => self.remote = remote(fields),
            // Octal, unlike all other flags.
            "OPENAT2" => {
                let flags = fields.find(|f| f.0 == b"oflag");
                self.open_flags = flags.and_then(|f| u64::from_str_radix(f.1.word(), 8).ok());
            }
            _ => {}
        }
    }
}

fn name<'t>(fields: Fields<'t>) -> Name<'t> {
    let mut name = Name::default();
    for (field, value) in fields {
        match field {
            b"name" => name.name = value.text(),
            // What the kernel says behind it is of no use here.
            b"nametype" => {
                name.kind = Cow::Borrowed(value.word());
                break;
            }
            b"mode" => name.mode = u32::from_str_radix(value.word(), 8).unwrap_or_default(),
            _ => {}
        }
    }
    name
}

/// Appends the arguments of an EXECVE record, each ended by NUL. A long one comes in pieces: `a1_len=9000 a1[0]=… a1[1]=…`.
fn arguments(fields: Fields<'_>, argv: &mut Vec<u8>) {
    for (name, value) in fields {
        let [b'a', number @ ..] = name else { continue };
        let is_number = number.first().is_some_and(u8::is_ascii_digit);
        if !is_number || argv.len() > MAX_COMMAND_LINE || number.ends_with(b"_len") {
            continue;
        }
        let piece = memchr(b'[', number).map(|at| &number[at..]);
        if piece.is_some_and(|piece| piece != b"[0]") && argv.last() == Some(&0) {
            argv.pop();
        }
        value.append_to(argv);
        argv.push(0);
    }
}

fn remote(fields: Fields<'_>) -> Option<std::net::SocketAddr> {
    let (mut ip, mut port) = ("", "");
    for (name, value) in fields {
        match name {
            b"saddr" => {
                if let Some(address) = value.bytes().and_then(|bytes| address_of_bytes(&bytes)) {
                    return Some(address);
                }
            }
            b"laddr" | b"addr" => ip = value.word(),
            b"lport" | b"port" => port = value.word(),
            _ => {}
        }
    }
    address_of_text(ip, port)
}

/// The time of `1795453547.993:32`: seconds and milliseconds since 1970.
pub(super) fn time(stamp: &str) -> Option<DateTime> {
    let (seconds, rest) = stamp.split_once('.')?;
    let milliseconds: u32 = rest.split(':').next()?.parse().ok()?;
    DateTime::from_unix(seconds.parse().ok()?, milliseconds.min(999) * 1_000_000)
}
