//! Sysmon's fields as columns.
//!
//! | event | table | what happened |
//! |---|---|---|
//! | 1 | DeviceProcessEvents | a process began |
//! | 3 | DeviceNetworkEvents | a connection, with no path and no command line |
//! | 11, 15 | DeviceFileEvents | a file was created or overwritten; never a read |
//! | 2 | DeviceFileEvents | a file's time was changed |
//! | 23, 26 | DeviceFileEvents | a file was deleted |
//! | 22 | DeviceEvents | a name was looked up |
//!
//! Event 3 names both ends by who sent first. Whether one's own end is the source depends: of TCP, the source is the other
//! side if `Initiated` is false; of UDP, Sysmon has no connections, and its source is one's own end always.

use super::super::rows::Row;
use super::fields::{Field, Fields};
use super::{file, initiating};
use crate::value::DateTime;
use crate::value::dynamic::append_json_string;

/// Writes the columns of event `id`.
pub(super) fn columns(id: u16, fields: &Fields<'_>, time: Option<DateTime>, row: &mut Row<'_>) {
    row.string("ActionType", action(id, fields));
    match id {
        1 => return process(fields, time, row),
        3 => connection(fields, row),
        22 => query(fields, row),
        _ => {
            file(fields.get(Field::TargetFilename), row);
            hashes(fields.get(Field::Hashes).or(fields.get(Field::Hash)), row);
        }
    }
    initiating(fields.get(Field::Image), row);
    row.number("InitiatingProcessId", fields.get(Field::ProcessId));
    row.maybe("InitiatingProcessUniqueId", fields.get(Field::ProcessGuid));
    account(fields.get(Field::User), ["InitiatingProcessAccountDomain", "InitiatingProcessAccountName"], row);
}

fn action(id: u16, fields: &Fields<'_>) -> &'static str {
    match id {
        1 => "ProcessCreated",
        2 => "FileModified",
        3 if is_inbound(fields) => "InboundConnectionAccepted",
        3 => "ConnectionSuccess",
        22 => "DnsQueryResponse",
        23 | 26 => "FileDeleted",
        _ => "FileCreated",
    }
}

fn is_inbound(fields: &Fields<'_>) -> bool {
    fields.get(Field::Initiated).is_some_and(|initiated| initiated.eq_ignore_ascii_case("false"))
}

fn connection(fields: &Fields<'_>, row: &mut Row<'_>) {
    let source = [Field::SourceIp, Field::SourcePort, Field::SourceHostname];
    let destination = [Field::DestinationIp, Field::DestinationPort, Field::DestinationHostname];
    let is_tcp = fields.get(Field::Protocol).is_some_and(|protocol| protocol.eq_ignore_ascii_case("tcp"));
    let (local, remote) = if is_tcp && is_inbound(fields) { (destination, source) } else { (source, destination) };
    row.maybe("RemoteIP", fields.get(remote[0]));
    row.number("RemotePort", fields.get(remote[1]));
    row.maybe("RemoteUrl", fields.get(remote[2]));
    row.maybe("LocalIP", fields.get(local[0]));
    row.number("LocalPort", fields.get(local[1]));
    row.maybe("Protocol", fields.get(Field::Protocol).map(protocol));
}

/// As Defender spells it.
fn protocol(name: &str) -> &str {
    match name {
        "tcp" => "Tcp",
        "udp" => "Udp",
        other => other,
    }
}

fn process(fields: &Fields<'_>, time: Option<DateTime>, row: &mut Row<'_>) {
    file(fields.get(Field::Image), row);
    row.maybe("ProcessCommandLine", fields.get(Field::CommandLine));
    row.number("ProcessId", fields.get(Field::ProcessId));
    row.maybe("ProcessUniqueId", fields.get(Field::ProcessGuid));
    row.made("ProcessCreationTime", || time.map(DateTime::to_text7));
    row.maybe("ProcessIntegrityLevel", fields.get(Field::IntegrityLevel));
    row.maybe("ProcessVersionInfoCompanyName", fields.get(Field::Company));
    row.maybe("ProcessVersionInfoProductName", fields.get(Field::Product));
    row.maybe("ProcessVersionInfoFileDescription", fields.get(Field::Description));
    row.maybe("ProcessVersionInfoOriginalFileName", fields.get(Field::OriginalFileName));
    row.number("LogonId", fields.get(Field::LogonId));
    hashes(fields.get(Field::Hashes), row);
    account(fields.get(Field::User), ["AccountDomain", "AccountName"], row);
    initiating(fields.get(Field::ParentImage), row);
    row.maybe("InitiatingProcessCommandLine", fields.get(Field::ParentCommandLine));
    row.number("InitiatingProcessId", fields.get(Field::ParentProcessId));
    row.maybe("InitiatingProcessUniqueId", fields.get(Field::ParentProcessGuid));
    account(fields.get(Field::ParentUser), ["InitiatingProcessAccountDomain", "InitiatingProcessAccountName"], row);
}

/// What Defender puts under AdditionalFields for `DnsQueryResponse`, and the answer as Sysmon writes it.
fn query(fields: &Fields<'_>, row: &mut Row<'_>) {
    let Some(name) = fields.get(Field::QueryName).filter(|_| row.wants("AdditionalFields")) else {
        return;
    };
    let mut json = String::from("{\"DnsQueryString\":");
    append_json_string(name, &mut json);
    for (member, field) in [("QueryStatus", Field::QueryStatus), ("QueryResults", Field::QueryResults)] {
        if let Some(text) = fields.get(field) {
            json.push_str(",\"");
            json.push_str(member);
            json.push_str("\":");
            append_json_string(text, &mut json);
        }
    }
    json.push('}');
    row.json("AdditionalFields", &json);
}

/// `DOMAIN\name`, or a name alone, as Sysmon for Linux has it.
fn account(user: Option<&str>, [domain_column, name_column]: [&str; 2], row: &mut Row<'_>) {
    if let Some(user) = user {
        let (domain, name) = user.split_once('\\').unwrap_or(("", user));
        row.string(domain_column, domain);
        row.string(name_column, name);
    }
}

/// `SHA1=…,MD5=…,SHA256=…,IMPHASH=…`, in lower case as Defender has them.
fn hashes(hashes: Option<&str>, row: &mut Row<'_>) {
    for hash in hashes.unwrap_or_default().split(',') {
        let (name, digits) = hash.split_once('=').unwrap_or_default();
        if matches!(name, "SHA1" | "MD5" | "SHA256") && digits.bytes().any(|digit| digit != b'0') {
            row.made(name, || Some(digits.to_ascii_lowercase()));
        }
    }
}
