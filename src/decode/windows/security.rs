//! Fields of the Security log as columns.
//!
//! 4688 is a process that began: DeviceProcessEvents. 5156 is a connection that the filtering platform let through, so an
//! attempt of which nobody knows yet what becomes of it: DeviceNetworkEvents. It names the program by its device
//! (`\device\harddiskvolume3\…`) and no account.
//!
//! 4663 is an access to an object that was carried out, not only asked for. Of files it becomes a row of DeviceFileEvents:
//! DELETE is `FileDeleted`, writing or appending `FileModified`, and ReadData alone `FileRead`. Defender writes no reads,
//! but the rules here, and ASIM under another name, expect them there. ListDirectory has ReadData's bit, so a listed folder
//! is a row too: its path is the folder's. Accesses to attributes and permissions are none.

use super::super::rows::Row;
use super::fields::{Field, Fields};
use super::{file, initiating};
use crate::value::DateTime;

/// Rights of an access mask to a file.
const READ_DATA: u32 = 0x1;
const WRITE_DATA: u32 = 0x2;
const APPEND_DATA: u32 = 0x4;
const DELETE: u32 = 0x1_0000;

/// What happened, in Defender's words; `None` if it is nothing of which there are rows.
pub(super) fn action(id: u16, fields: &Fields<'_>) -> Option<&'static str> {
    match id {
        4688 => Some("ProcessCreated"),
        5156 if fields.get(Field::Direction) == Some("%%14592") => Some("InboundConnectionAccepted"),
        5156 => Some("ConnectionAttempt"),
        4663 if fields.get(Field::ObjectType) == Some("File") => access(fields.get(Field::AccessMask)?),
        _ => None,
    }
}

fn access(mask: &str) -> Option<&'static str> {
    let mask = u32::from_str_radix(mask.strip_prefix("0x")?, 16).ok()?;
    match mask {
        _ if mask & DELETE != 0 => Some("FileDeleted"),
        _ if mask & (WRITE_DATA | APPEND_DATA) != 0 => Some("FileModified"),
        _ if mask & READ_DATA != 0 => Some("FileRead"),
        _ => None,
    }
}

/// Writes the columns of event `id`.
pub(super) fn columns(id: u16, action: &str, fields: &Fields<'_>, time: Option<DateTime>, row: &mut Row<'_>) {
    row.string("ActionType", action);
    match id {
        4688 => process(fields, time, row),
        5156 => connection(fields, row),
        _ => {
            file(fields.get(Field::ObjectName), row);
            initiating(fields.get(Field::ProcessName), row);
            row.number("InitiatingProcessId", fields.get(Field::ProcessId));
            subject(fields, row);
        }
    }
}

fn subject(fields: &Fields<'_>, row: &mut Row<'_>) {
    row.maybe("InitiatingProcessAccountDomain", fields.get(Field::SubjectDomainName));
    row.maybe("InitiatingProcessAccountName", fields.get(Field::SubjectUserName));
    row.maybe("InitiatingProcessAccountSid", fields.get(Field::SubjectUserSid));
}

/// The source is one's own end, whoever began.
fn connection(fields: &Fields<'_>, row: &mut Row<'_>) {
    row.maybe("RemoteIP", fields.get(Field::DestAddress));
    row.number("RemotePort", fields.get(Field::DestPort));
    row.maybe("LocalIP", fields.get(Field::SourceAddress));
    row.number("LocalPort", fields.get(Field::SourcePort));
    row.maybe("Protocol", fields.get(Field::Protocol).map(protocol));
    initiating(fields.get(Field::Application), row);
    row.number("InitiatingProcessId", fields.get(Field::ProcessID));
}

/// IANA's numbers, by Defender's names.
fn protocol(number: &str) -> &str {
    match number {
        "6" => "Tcp",
        "17" => "Udp",
        "1" | "58" => "Icmp",
        other => other,
    }
}

/// Under whom the process runs is the target if there is one, and else who began it.
fn process(fields: &Fields<'_>, time: Option<DateTime>, row: &mut Row<'_>) {
    file(fields.get(Field::NewProcessName), row);
    row.maybe("ProcessCommandLine", fields.get(Field::CommandLine));
    row.number("ProcessId", fields.get(Field::NewProcessId));
    row.made("ProcessCreationTime", || time.map(DateTime::to_text7));
    row.maybe("ProcessIntegrityLevel", fields.get(Field::MandatoryLabel).and_then(integrity));
    row.maybe("ProcessTokenElevation", fields.get(Field::TokenElevationType).and_then(elevation));
    let target = [Field::TargetDomainName, Field::TargetUserName, Field::TargetUserSid];
    let own = [Field::SubjectDomainName, Field::SubjectUserName, Field::SubjectUserSid];
    let account = if fields.get(Field::TargetUserName).is_some() { target } else { own };
    for (column, field) in ["AccountDomain", "AccountName", "AccountSid"].iter().zip(account) {
        row.maybe(column, fields.get(field));
    }
    initiating(fields.get(Field::ParentProcessName), row);
    row.number("InitiatingProcessId", fields.get(Field::ProcessId));
    subject(fields, row);
}

/// The labels' well-known identifiers.
fn integrity(label: &str) -> Option<&'static str> {
    Some(match label {
        "S-1-16-0" => "Untrusted",
        "S-1-16-4096" => "Low",
        "S-1-16-8192" | "S-1-16-8448" => "Medium",
        "S-1-16-12288" => "High",
        "S-1-16-16384" => "System",
        _ => return None,
    })
}

fn elevation(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "%%1936" => "TokenElevationTypeDefault",
        "%%1937" => "TokenElevationTypeFull",
        "%%1938" => "TokenElevationTypeLimited",
        _ => return None,
    })
}
