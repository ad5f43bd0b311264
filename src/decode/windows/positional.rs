//! Values without names: what stands where depends on the event, and on the version of its schema, which is known by how
//! many values there are.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::fields::{Field, Fields};
use super::{Kind, Provider};
use crate::value::DateTime;

/// Sysmon's schemas, newest last. `_` is a field that no column is made of; all of them begin with a RuleName, which came
/// with version 8: an event with one value less, a time first, is from before.
const SYSMON: &[(u16, &str)] = &[
    (
        1,
        "_ UtcTime ProcessGuid ProcessId Image _ Description Product Company CommandLine _ User _ LogonId _ IntegrityLevel Hashes ParentProcessGuid ParentProcessId ParentImage ParentCommandLine",
    ),
    (
        1,
        "_ UtcTime ProcessGuid ProcessId Image _ Description Product Company OriginalFileName CommandLine _ User _ LogonId _ IntegrityLevel Hashes ParentProcessGuid ParentProcessId ParentImage ParentCommandLine",
    ),
    (
        1,
        "_ UtcTime ProcessGuid ProcessId Image _ Description Product Company OriginalFileName CommandLine _ User _ LogonId _ IntegrityLevel Hashes ParentProcessGuid ParentProcessId ParentImage ParentCommandLine ParentUser",
    ),
    (2, "_ UtcTime ProcessGuid ProcessId Image TargetFilename _ _"),
    (2, "_ UtcTime ProcessGuid ProcessId Image TargetFilename _ _ User"),
    (
        3,
        "_ UtcTime ProcessGuid ProcessId Image User Protocol Initiated _ SourceIp SourceHostname SourcePort _ _ DestinationIp DestinationHostname DestinationPort _",
    ),
    (11, "_ UtcTime ProcessGuid ProcessId Image TargetFilename _"),
    (11, "_ UtcTime ProcessGuid ProcessId Image TargetFilename _ User"),
    (15, "_ UtcTime ProcessGuid ProcessId Image TargetFilename _ Hash"),
    (15, "_ UtcTime ProcessGuid ProcessId Image TargetFilename _ Hash _"),
    (15, "_ UtcTime ProcessGuid ProcessId Image TargetFilename _ Hash _ User"),
    (22, "_ UtcTime ProcessGuid ProcessId QueryName QueryStatus QueryResults Image"),
    (22, "_ UtcTime ProcessGuid ProcessId QueryName QueryStatus QueryResults Image User"),
    (23, "_ UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes _ _"),
    (26, "_ UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes _"),
];

/// The Security log's schemas.
const SECURITY: &[(u16, &str)] = &[
    (
        4663,
        "SubjectUserSid SubjectUserName SubjectDomainName _ _ ObjectType ObjectName _ _ AccessMask ProcessId ProcessName",
    ),
    (
        4663,
        "SubjectUserSid SubjectUserName SubjectDomainName _ _ ObjectType ObjectName _ _ AccessMask ProcessId ProcessName _",
    ),
    (
        4688,
        "SubjectUserSid SubjectUserName SubjectDomainName _ NewProcessId NewProcessName TokenElevationType ProcessId",
    ),
    (
        4688,
        "SubjectUserSid SubjectUserName SubjectDomainName _ NewProcessId NewProcessName TokenElevationType ProcessId CommandLine",
    ),
    (
        4688,
        "SubjectUserSid SubjectUserName SubjectDomainName _ NewProcessId NewProcessName TokenElevationType ProcessId CommandLine TargetUserSid TargetUserName TargetDomainName _ ParentProcessName MandatoryLabel",
    ),
    (5156, "ProcessID Application Direction SourceAddress SourcePort DestAddress DestPort Protocol _ _ _"),
    (5156, "ProcessID Application Direction SourceAddress SourcePort DestAddress DestPort Protocol _ _ _ _ _"),
];

/// A schema, taken apart: the event's provider and number, and the field at each place.
type Schema = (Kind, Vec<Option<Field>>);

/// All of them, in their order.
static SCHEMAS: LazyLock<Vec<Schema>> = LazyLock::new(|| {
    let of = |provider, schemas: &'static [(u16, &'static str)]| {
        let fields = |names: &str| names.split(' ').map(Field::named).collect();
        schemas.iter().map(move |(id, names)| (Kind { provider, id: *id }, fields(names)))
    };
    of(Provider::Sysmon, SYSMON).chain(of(Provider::Security, SECURITY)).collect()
});

/// Gives the values their names; false if no schema of that event has as many.
pub(super) fn read<'t>(kind: Kind, values: Vec<Cow<'t, str>>, fields: &mut Fields<'t>) -> bool {
    // Its first value is a time only where there is no RuleName.
    let is_old = kind.provider == Provider::Sysmon
        && values.first().is_some_and(|value| value.starts_with("20") && DateTime::parse(value).is_some());
    let unnamed = usize::from(is_old);
    let mut schemas = SCHEMAS.iter().filter(|(of, _)| *of == kind);
    let Some((_, places)) = schemas.find(|(_, places)| places.len() == values.len() + unnamed) else {
        return false;
    };
    for (field, value) in places.iter().skip(unnamed).zip(values) {
        if let Some(field) = field {
            fields.set(*field, value);
        }
    }
    true
}
