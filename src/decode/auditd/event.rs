//! What the kernel recorded of one system call, whoever passed it on, and the rows that it becomes.
//!
//! A call that failed did nothing: a read that was denied is no read, and gives no row. A connection is the exception. One
//! that cannot be made at once is reported as failed with `EINPROGRESS`, which is how most programs connect, so it is a
//! `ConnectionAttempt`; any other failure is a `ConnectionFailed`.
//!
//! An `openat2` whose flags were not recorded (kernels before 5.16) is taken for a read. Directories and what is opened as
//! a mere place (`O_PATH`) are no reads. A relative name begins in the working directory, or, if the call named a folder by
//! a descriptor, in one that no record tells; then it stays relative.

use std::borrow::Cow;
use std::net::SocketAddr;

use memchr::memchr;

use super::super::Rows;
use super::super::download;
use super::super::linux::{Actor, Connection, FILE, NETWORK, PROCESS, resolve};
use super::syscall::Call;

/// Flags of `open`, the same on every architecture whose numbers are known here.
const O_ACCMODE: u64 = 0o3;
const O_RDONLY: u64 = 0;
const O_PATH: u64 = 0o10_000_000;

/// The mask of a file's kind in its mode, and the kind of a directory.
const S_IFMT: u32 = 0o170_000;
const S_IFDIR: u32 = 0o040_000;

/// The working directory, in place of a folder's descriptor.
const AT_FDCWD: u32 = 0xffff_ff9c;

/// `EINPROGRESS`, `EALREADY` and `EINTR`: a connection is on its way.
const ON_ITS_WAY: [&str; 6] = ["-115", "-114", "-4", "EINPROGRESS", "EALREADY", "EINTR"];

/// One system call.
#[derive(Debug)]
pub(in super::super) struct AuditEvent<'t> {
    pub(in super::super) call: Call,
    /// The first four arguments.
    pub(in super::super) arguments: [u64; 4],
    pub(in super::super) outcome: Outcome,
    /// The flags of an `openat2`.
    pub(in super::super) open_flags: Option<u64>,
    pub(in super::super) cwd: Cow<'t, str>,
    pub(in super::super) names: Vec<Name<'t>>,
    pub(in super::super) remote: Option<SocketAddr>,
    /// The whole command line of a program that was started, its arguments ended by NUL.
    pub(in super::super) argv: Option<Cow<'t, str>>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Outcome {
    /// It did what it was for.
    Success,
    /// A connection is being made.
    OnItsWay,
    /// It did nothing.
    Failed,
}

/// A name that a call was about.
#[derive(Debug, Default)]
pub(in super::super) struct Name<'t> {
    pub(in super::super) name: Cow<'t, str>,
    /// `NORMAL`, `CREATE`, `DELETE`, `PARENT`, `UNKNOWN`
    pub(in super::super) kind: Cow<'t, str>,
    /// The file's mode
    pub(in super::super) mode: u32,
}

impl Outcome {
    /// The outcome of `success` (`yes` or `no`) and the value that the call gave back.
    pub(in super::super) fn of(is_success: bool, exit: &str) -> Outcome {
        match is_success {
            true => Outcome::Success,
            false if ON_ITS_WAY.contains(&exit) => Outcome::OnItsWay,
            false => Outcome::Failed,
        }
    }
}

impl Call {
    /// Whether a rule reads a table that has a row for it.
    pub(in super::super) fn is_wanted(self, rows: &Rows) -> bool {
        match self {
            Call::Connect => rows.wants(NETWORK),
            Call::Execute => rows.wants(PROCESS) || rows.wants(NETWORK),
            _ => rows.wants(FILE),
        }
    }

    /// The same, ended so.
    pub(in super::super) fn has_rows(self, outcome: Outcome, rows: &Rows) -> bool {
        self.counts(outcome) && self.is_wanted(rows)
    }

    /// Whether it did something, ended so.
    fn counts(self, outcome: Outcome) -> bool {
        outcome == Outcome::Success || self == Call::Connect
    }
}

impl AuditEvent<'_> {
    /// Adds the rows.
    pub(in super::super) fn rows(&self, actor: &Actor<'_>, rows: &mut Rows) {
        if !self.call.counts(self.outcome) {
            return;
        }
        match self.call {
            Call::Connect => self.connection(actor, rows),
            Call::Execute => self.execution(actor, rows),
            call => self.file(call, actor, rows),
        }
    }

    fn file(&self, call: Call, actor: &Actor<'_>, rows: &mut Rows) {
        match call {
            Call::Open { dir, flags } => {
                let Some(name) = self.last("CREATE").or_else(|| self.last("NORMAL")) else {
                    return;
                };
                let flags = flags.map_or(self.open_flags.unwrap_or(O_RDONLY), |i| self.arguments[i]);
                let action = match name.kind.as_ref() {
                    "CREATE" => "FileCreated",
                    _ if flags & O_PATH != 0 => return,
                    _ if flags & O_ACCMODE == O_RDONLY => "FileRead",
                    _ => "FileModified",
                };
                self.row(actor, rows, action, name, dir, None);
            }
            Call::Create { dir } => {
                if let Some(name) = self.last("CREATE") {
                    self.row(actor, rows, "FileCreated", name, dir, None);
                } else if let Some(name) = self.last("NORMAL") {
                    // `creat` of a file that was there.
                    self.row(actor, rows, "FileModified", name, dir, None);
                }
            }
            Call::Rename { dirs } => {
                if let (Some(old), Some(new)) = (self.names.iter().find(|n| n.kind == "DELETE"), self.last("CREATE")) {
                    let previous = self.path(old, dirs.map(|dirs| dirs.0));
                    self.row(actor, rows, "FileRenamed", new, dirs.map(|dirs| dirs.1), Some(&previous));
                }
            }
            Call::Remove { dir } => {
                if let Some(name) = self.last("DELETE") {
                    self.row(actor, rows, "FileDeleted", name, dir, None);
                }
            }
            Call::Truncate => {
                if let Some(name) = self.last("NORMAL") {
                    self.row(actor, rows, "FileModified", name, None, None);
                }
            }
            Call::Connect | Call::Execute => {}
        }
    }

    fn row(
        &self,
        actor: &Actor<'_>,
        rows: &mut Rows,
        action: &str,
        name: &Name<'_>,
        dir: Option<usize>,
        previous: Option<&str>,
    ) {
        if name.mode & S_IFMT != S_IFDIR {
            actor.file(rows, action, &self.path(name, dir), previous);
        }
    }

    /// The last name of a kind: where a call followed a link, what it led to.
    fn last(&self, kind: &str) -> Option<&Name<'_>> {
        self.names.iter().rfind(|name| name.kind == kind && !name.name.is_empty())
    }

    fn path<'n>(&'n self, name: &'n Name<'_>, dir: Option<usize>) -> Cow<'n, str> {
        let is_in_cwd = dir.is_none_or(|i| self.arguments[i] as u32 == AT_FDCWD);
        resolve(&name.name, is_in_cwd.then_some(&*self.cwd))
    }

    fn connection(&self, actor: &Actor<'_>, rows: &mut Rows) {
        let action = match self.outcome {
            Outcome::Success => "ConnectionSuccess",
            Outcome::OnItsWay => "ConnectionAttempt",
            Outcome::Failed => "ConnectionFailed",
        };
        if let Some(remote) = self.remote {
            let (remote_ip, remote_port) = (Some(remote.ip()), Some(remote.port()));
            actor.connection(rows, action, &Connection { remote_ip, remote_port, ..Connection::default() });
        }
    }

    /// The process; and, for a program that fetches what its arguments name, the connection that it was asked for, since
    /// nowhere else does a record of the kernel's hold a URL.
    fn execution(&self, actor: &Actor<'_>, rows: &mut Rows) {
        actor.process(rows);
        let argv = self.argv.as_deref().unwrap_or_default();
        if !rows.wants(NETWORK) || !download::is_by(actor.file_name(), argv) {
            return;
        }
        for target in download::targets(argv) {
            let (remote_ip, remote_port) = (target.ip, Some(target.port));
            let connection = Connection { remote_ip, remote_port, url: Some(target.url), ..Connection::default() };
            actor.connection(rows, "ConnectionRequest", &connection);
        }
    }
}

/// Arguments that end with NUL, as one command line.
pub(in super::super) fn command_line(argv: &str) -> String {
    let mut rest = argv.trim_end_matches('\0');
    let mut line = String::with_capacity(rest.len());
    while let Some(nul) = memchr(0, rest.as_bytes()) {
        line.push_str(&rest[..nul]);
        line.push(' ');
        rest = &rest[nul + 1..];
    }
    line.push_str(rest);
    line
}

/// The same in the room that the arguments have.
pub(in super::super) fn into_command_line(argv: String) -> String {
    let mut line = argv.into_bytes();
    while line.last() == Some(&0) {
        line.pop();
    }
    line.iter_mut().filter(|byte| **byte == 0).for_each(|nul| *nul = b' ');
    // A blank is a character as NUL is.
    String::from_utf8(line).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_become_one_line() {
        for (argv, line) in [("curl\0-s\0x\0", "curl -s x"), ("a\0\0b\0\0", "a  b"), ("ä", "ä"), ("", ""), ("\0", "")]
        {
            assert_eq!((&*command_line(argv), &*into_command_line(argv.to_owned())), (line, line));
        }
    }
}
