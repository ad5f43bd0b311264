//! What senders on Linux have in common: a process did something, and a table has a row for it.
//!
//! Defender keeps the path of a file and its name in `FolderPath`, a bare name in `FileName`; so do these rows. What no
//! column is for (the login user, an audit rule's key, a pod) goes to `AdditionalFields`.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::net::{IpAddr, SocketAddr};

use super::Rows;
use super::rows::Row;
use crate::value::DateTime;
use crate::value::dynamic::append_json_string;

/// The tables that have rows for what these senders see.
pub(super) const FILE: &str = "DeviceFileEvents";
pub(super) const NETWORK: &str = "DeviceNetworkEvents";
pub(super) const PROCESS: &str = "DeviceProcessEvents";

/// Who did it, where and when. What a sender does not say stays empty.
#[derive(Debug, Default)]
pub(super) struct Actor<'t> {
    /// The sender's name.
    pub(super) decoder: &'static str,
    /// The sender's own name of the event.
    pub(super) event: EventName<'t>,
    pub(super) time: Option<DateTime>,
    pub(super) host: Option<Cow<'t, str>>,
    /// The program's whole path.
    pub(super) exe: Cow<'t, str>,
    /// A name of the program's, for senders who have no path.
    pub(super) name: Cow<'t, str>,
    pub(super) command_line: Cow<'t, str>,
    pub(super) pid: Cow<'t, str>,
    /// A name, or a number from senders that look no name up.
    pub(super) user: Cow<'t, str>,
    pub(super) parent: Parent<'t>,
    /// Members of `AdditionalFields`.
    pub(super) details: Vec<(&'static str, Cow<'t, str>)>,
}

/// A name of an event, and before it who gave it, where names of several come together.
#[derive(Debug, Default)]
pub(super) struct EventName<'t> {
    pub(super) by: Option<Cow<'t, str>>,
    pub(super) name: Cow<'t, str>,
}

impl<'t> EventName<'t> {
    /// A name that is nobody else's.
    pub(super) fn of(name: Cow<'t, str>) -> EventName<'t> {
        EventName { by: None, name }
    }
}

impl Display for EventName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.by {
            Some(by) => write!(f, "{by}:{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The process that started the one that did it.
#[derive(Debug, Default)]
pub(super) struct Parent<'t> {
    pub(super) pid: Cow<'t, str>,
    pub(super) exe: Cow<'t, str>,
    pub(super) name: Cow<'t, str>,
    pub(super) command_line: Cow<'t, str>,
}

/// What is known of a connection.
#[derive(Debug, Default)]
pub(super) struct Connection<'t> {
    pub(super) remote_ip: Option<IpAddr>,
    pub(super) remote_port: Option<u16>,
    pub(super) local: Option<SocketAddr>,
    pub(super) url: Option<&'t str>,
    pub(super) protocol: Option<Cow<'t, str>>,
}

impl Actor<'_> {
    /// A row of DeviceFileEvents. `previous` is the path that the file had.
    pub(super) fn file(&self, rows: &mut Rows, action: &str, path: &str, previous: Option<&str>) {
        let Some(mut row) = rows.row(FILE, self.decoder, &self.event) else {
            return;
        };
        self.head(&mut row, action);
        row.string("FolderPath", path);
        row.string("FileName", base_name(path));
        if let Some(previous) = previous {
            let name = base_name(previous);
            let folder = &previous[..previous.len() - name.len()];
            row.string("PreviousFolderPath", if folder.len() > 1 { folder.trim_end_matches('/') } else { folder });
            row.string("PreviousFileName", name);
        }
        self.initiator(&mut row);
    }

    /// A row of DeviceNetworkEvents.
    pub(super) fn connection(&self, rows: &mut Rows, action: &str, connection: &Connection<'_>) {
        let Some(mut row) = rows.row(NETWORK, self.decoder, &self.event) else {
            return;
        };
        self.head(&mut row, action);
        row.made("RemoteIP", || connection.remote_ip.map(|ip| ip.to_canonical().to_string()));
        row.number("RemotePort", connection.remote_port.map(|port| port.to_string()));
        row.maybe("RemoteUrl", connection.url);
        row.made("LocalIP", || connection.local.map(|local| local.ip().to_canonical().to_string()));
        row.number("LocalPort", connection.local.map(|local| local.port().to_string()));
        row.maybe("Protocol", connection.protocol.as_deref());
        self.initiator(&mut row);
    }

    /// A row of DeviceProcessEvents: the actor is the process that began.
    pub(super) fn process(&self, rows: &mut Rows) {
        let Some(mut row) = rows.row(PROCESS, self.decoder, &self.event) else {
            return;
        };
        self.head(&mut row, "ProcessCreated");
        row.string("FolderPath", &self.exe);
        row.string("FileName", self.file_name());
        row.string("ProcessCommandLine", &self.command_line);
        row.number("ProcessId", Some(&self.pid));
        row.string("AccountName", &self.user);
        row.string("InitiatingProcessAccountName", &self.user);
        row.number("InitiatingProcessId", Some(&self.parent.pid));
        row.string("InitiatingProcessFolderPath", &self.parent.exe);
        row.string("InitiatingProcessFileName", name_of(&self.parent.exe, &self.parent.name));
        row.string("InitiatingProcessCommandLine", &self.parent.command_line);
        self.details(&mut row);
    }

    /// The name of the program's file.
    pub(super) fn file_name(&self) -> &str {
        name_of(&self.exe, &self.name)
    }

    fn head(&self, row: &mut Row<'_>, action: &str) {
        row.time(self.time);
        row.maybe("DeviceName", self.host.as_deref());
        row.string("ActionType", action);
    }

    fn initiator(&self, row: &mut Row<'_>) {
        row.string("InitiatingProcessFolderPath", &self.exe);
        row.string("InitiatingProcessFileName", self.file_name());
        row.string("InitiatingProcessCommandLine", &self.command_line);
        row.number("InitiatingProcessId", Some(&self.pid));
        row.string("InitiatingProcessAccountName", &self.user);
        row.number("InitiatingProcessParentId", Some(&self.parent.pid));
        row.string("InitiatingProcessParentFileName", name_of(&self.parent.exe, &self.parent.name));
        self.details(row);
    }

    fn details(&self, row: &mut Row<'_>) {
        if !row.wants("AdditionalFields") {
            return;
        }
        let mut json = String::new();
        for (name, value) in self.details.iter().filter(|(_, value)| !value.is_empty()) {
            json.push(if json.is_empty() { '{' } else { ',' });
            append_json_string(name, &mut json);
            json.push(':');
            append_json_string(value, &mut json);
        }
        if !json.is_empty() {
            json.push('}');
            row.json("AdditionalFields", &json);
        }
    }
}

fn name_of<'a>(exe: &'a str, name: &'a str) -> &'a str {
    match base_name(exe) {
        "" => name,
        base => base,
    }
}

/// What stands behind the last slash.
pub(super) fn base_name(path: &str) -> &str {
    match memchr::memrchr(b'/', path.as_bytes()) {
        Some(slash) => &path[slash + 1..],
        None => path,
    }
}

/// A path without `.`, `..` and double slashes. A relative one begins in `folder`; where that is not known it stays as it
/// is, for it would be a guess.
pub(super) fn resolve<'t>(name: &'t str, folder: Option<&str>) -> Cow<'t, str> {
    let is_absolute = name.starts_with('/');
    if is_absolute && !has_odd_parts(name) {
        return Cow::Borrowed(name);
    }
    let folder = match folder {
        _ if is_absolute => "",
        Some(folder) if folder.starts_with('/') => folder,
        _ => return Cow::Borrowed(name),
    };
    let mut path = String::with_capacity(folder.len() + 1 + name.len());
    for part in folder.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." => path.truncate(path.rfind('/').unwrap_or(0)),
            part => {
                path.push('/');
                path.push_str(part);
            }
        }
    }
    if path.is_empty() {
        path.push('/');
    }
    Cow::Owned(path)
}

/// Whether a path may have parts that say nothing: `//`, `/.`, a slash at its end.
fn has_odd_parts(path: &str) -> bool {
    path.len() > 1 && (path.ends_with('/') || path.as_bytes().windows(2).any(|two| matches!(two, b"//" | b"/.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_whole() {
        let cases = [
            ("/a/b", Some("/c"), "/a/b"),
            ("token", Some("/run/secrets"), "/run/secrets/token"),
            ("token", Some("/"), "/token"),
            ("./x/../token", Some("/run//secrets/"), "/run/secrets/token"),
            ("../../../token", Some("/run"), "/token"),
            ("/a/./b//c/../d/", None, "/a/b/d"),
            ("/home/u/.azure/x", None, "/home/u/.azure/x"),
            ("/..", None, "/"),
            ("/", None, "/"),
            ("token", None, "token"),
            ("token", Some("relative"), "token"),
            ("..data/token", Some("/s"), "/s/..data/token"),
        ];
        for (name, folder, whole) in cases {
            assert_eq!(resolve(name, folder), whole, "{name} in {folder:?}");
        }
    }
}
