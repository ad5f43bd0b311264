//! The table files as a whole: complete, well-typed, and told apart by their shapes.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeSet, HashSet};

use super::builtin::{AZURE_MONITOR, DEFENDER, TABLES};
use super::*;

#[test]
fn the_list_is_the_folder() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config/tables");
    let files: BTreeSet<String> =
        std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    let mut listed: BTreeSet<String> = TABLES.iter().map(|(name, _)| format!("{name}.toml")).collect();
    listed.extend(["azure-monitor.tsv".to_owned(), "defender.tsv".to_owned()]);
    assert_eq!(files, listed);
    assert!(TABLES.is_sorted(), "names are looked up by binary search");
}

#[test]
fn every_file_is_read_and_names_its_table() {
    for (name, text) in TABLES {
        let table = Table::from_toml(text, name).unwrap();
        assert_eq!(table.name, *name);
        let head = table::Recognition::from_toml(text).unwrap();
        assert_eq!((head.categories, head.shapes), (table.categories.clone(), table.shapes.clone()), "{name}");
        let names: HashSet<_> = table.columns.iter().map(|c| &c.name).collect();
        assert_eq!(names.len(), table.columns.len(), "{name} repeats a column");
        // The workspace's own time; a table that only Defender has lacks it.
        let time = ["TimeGenerated", "Timestamp"].into_iter().find_map(|time| table.column(time));
        assert!(time.is_some_and(|c| c.ty == ScalarType::DateTime), "{name}");
        for entry in table.shapes.iter().flat_map(|shape| &shape.entries) {
            let known = table.columns.iter().any(|c| c.members.iter().any(|m| m.name == entry.member()));
            assert_eq!(known, !matches!(entry, Entry::Absent(_)), "{name}: shape entry {entry:?}");
        }
    }
}

#[test]
fn every_column_of_the_reference_is_there() {
    // Counts of the Azure Monitor table reference, with Timestamp where Defender sends it, and with the standard column
    // TenantId where the reference of a table leaves it out.
    let catalog = Catalog::builtin();
    let columns = |name: &str| catalog.table(name).unwrap().columns.len();
    assert_eq!(columns("DeviceNetworkEvents"), 52);
    assert_eq!(columns("DeviceFileEvents"), 65);
    assert_eq!(columns("DeviceProcessEvents"), 75);
    assert_eq!(columns("AuditLogs"), 32);
    assert_eq!(columns("SigninLogs"), 96);
    // And EventOriginId, which it leaves out.
    assert_eq!(columns("SecurityEvent"), 229);
    assert_eq!(TABLES.iter().map(|(name, _)| columns(name)).sum::<usize>(), 2800);
    assert_eq!(catalog.names().count(), 917);
}

#[test]
fn types_are_kusto_types() {
    let catalog = Catalog::builtin();
    let ty = |table: &str, column: &str| catalog.table(table).unwrap().column(column).unwrap().ty;
    assert_eq!(ty("DeviceNetworkEvents", "RemotePort"), ScalarType::Int);
    assert_eq!(ty("DeviceNetworkEvents", "InitiatingProcessId"), ScalarType::Long);
    assert_eq!(ty("DeviceFileEvents", "AdditionalFields"), ScalarType::Dynamic);
    assert_eq!(ty("DeviceFileEvents", "IsAzureInfoProtectionApplied"), ScalarType::Bool);
    assert_eq!(ty("AuditLogs", "TargetResources"), ScalarType::Dynamic);
    assert_eq!(ty("AACAudit", "CallerIdentity"), ScalarType::Dynamic);
    assert_eq!(ty("AACAudit", "Category"), ScalarType::String);
    assert_eq!(catalog.table("DeviceNetworkEvents").unwrap().column("AccountName"), None);
    for line in AZURE_MONITOR.lines().chain(DEFENDER.lines()).filter(|line| !line.starts_with('#')) {
        let (name, columns) = line.split_once('\t').unwrap();
        assert!(TABLES.iter().all(|(known, _)| *known != name), "{name} has a file");
        for column in columns.split(',') {
            let ty = column.split_once(':').map_or("string", |(_, ty)| ty);
            assert!(ScalarType::from_name(ty).is_some(), "{name}: {column}");
        }
    }
}

#[test]
fn defender_tables_have_two_names_for_event_time() {
    let catalog = Catalog::builtin();
    let mut seen = 0;
    for (name, _) in TABLES {
        let table = catalog.table(name).unwrap();
        if !table.categories.iter().any(|c| c.starts_with("AdvancedHunting-")) {
            continue;
        }
        seen += 1;
        assert_eq!(table.categories, [format!("AdvancedHunting-{name}")]);
        assert!(table.is_time("Timestamp") && table.is_time("TimeGenerated"), "{name}");
        assert_eq!(members(&table, "Timestamp"), ["Timestamp", "TimeGenerated"]);
        assert_eq!(members(&table, "TimeGenerated"), ["TimeGenerated", "Timestamp", "envelope.time"]);
    }
    assert_eq!(seen, 21);
}

fn members(table: &Table, column: &str) -> Vec<String> {
    let column = table.column(column).unwrap_or_else(|| panic!("{} has no {column}", table.name));
    column.members.iter().map(|m| if m.envelope { format!("envelope.{}", m.name) } else { m.name.clone() }).collect()
}

#[test]
fn audit_logs_columns_come_from_the_diagnostic_form() {
    let table = Catalog::builtin().table("AuditLogs").unwrap();
    // (member of the record that a diagnostic setting sends, column of the Log Analytics row)
    let mapping = [
        ("operationName", "OperationName"),
        ("activityDisplayName", "OperationName"),
        ("activityDisplayName", "ActivityDisplayName"),
        ("result", "Result"),
        ("initiatedBy", "InitiatedBy"),
        ("targetResources", "TargetResources"),
        ("envelope.time", "TimeGenerated"),
        ("activityDateTime", "TimeGenerated"),
        ("activityDateTime", "ActivityDateTime"),
        ("category", "Category"),
        ("operationType", "AADOperationType"),
        ("loggedByService", "LoggedByService"),
        ("id", "Id"),
        ("correlationId", "CorrelationId"),
        ("envelope.correlationId", "CorrelationId"),
        ("resultReason", "ResultReason"),
        ("envelope.resultDescription", "ResultDescription"),
        ("additionalDetails", "AdditionalDetails"),
        ("envelope.tenantId", "AADTenantId"),
        ("envelope.resourceId", "ResourceId"),
        ("envelope.identity", "Identity"),
        ("envelope.Level", "Level"),
        ("envelope.level", "Level"),
    ];
    for (member, column) in mapping {
        assert!(members(&table, column).contains(&member.to_owned()), "{column} is not read from {member}");
    }
    // The envelope's result fields are empty or "None", its category is the table, its time is not the activity's.
    assert_eq!(members(&table, "Result"), ["Result", "result"]);
    assert_eq!(members(&table, "Category"), ["Category", "category"]);
    assert_eq!(members(&table, "ActivityDateTime"), ["ActivityDateTime", "activityDateTime"]);
    assert!(table.is_time("TimeGenerated") && !table.is_time("ActivityDateTime"));
}

#[test]
fn categories_name_tables_in_any_case() {
    let catalog = Catalog::builtin();
    assert_eq!(catalog.by_category("AuditLogs"), Some("AuditLogs"));
    assert_eq!(catalog.by_category("advancedhunting-devicefileevents"), Some("DeviceFileEvents"));
    assert_eq!(catalog.by_category("SignInLogs"), Some("SigninLogs"));
    assert_eq!(catalog.by_category("ApplicationManagement"), None);
    let mut seen = HashSet::new();
    for (name, _) in TABLES {
        for category in &catalog.table(name).unwrap().categories {
            assert!(seen.insert(category.to_lowercase()), "{category} names two tables");
        }
    }
}

/// The values that a table's own rows have in the members that shapes hold against a list.
fn values(catalog: &Catalog, table: &str) -> Vec<String> {
    let listed = |shape: &Shape| -> Vec<String> {
        let values = shape
            .entries
            .iter()
            .filter_map(|e| if let Entry::OneOf(_, values) = e { Some(values.clone()) } else { None });
        values.flatten().collect()
    };
    let shapes = catalog.shapes();
    let mut own: Vec<String> = match table {
        "IdentityLogonEvents" => vec!["LogonSuccess".to_owned(), "LogonFailed".to_owned()],
        // Custom collection rules copy the Device tables; all others have values of their own.
        _ if table.starts_with("DeviceCustom") => shapes.iter().flat_map(|(shape, _)| listed(shape)).collect(),
        _ => shapes.iter().filter(|(_, t)| t == table).flat_map(|(shape, _)| listed(shape)).collect(),
    };
    own.push("SomethingElse".to_owned());
    own.sort();
    own.dedup();
    own
}

#[test]
fn no_shape_claims_a_full_row_of_another_table() {
    let catalog = Catalog::builtin();
    let extra = |c: &str| c.starts_with('_') || ["TenantId", "Type", "SourceSystem", "TimeGenerated"].contains(&c);
    for name in catalog.names() {
        let table = catalog.table(name).unwrap();
        let own = table.shapes.len();
        let all: HashSet<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        let bare: HashSet<&str> = all.iter().copied().filter(|c| !extra(c)).collect();
        let mut found = false;
        for columns in [&all, &bare] {
            for value in values(&catalog, name) {
                let member = |m: &str| columns.contains(m).then_some(Some(value.as_str()));
                for (shape, claimed) in catalog.shapes().iter().filter(|(shape, _)| shape.claims(member)) {
                    assert_eq!(claimed, name, "a row of {name} is claimed by {shape:?}");
                    found = true;
                }
            }
        }
        assert_eq!(found, own > 0, "{name}: its own full row");
    }
}

#[test]
fn small_rows_are_known_by_shape() {
    let catalog = Catalog::builtin();
    let table = |row: &[(&str, &'static str)]| {
        let member = |m: &str| row.iter().find(|(name, _)| *name == m).map(|(_, value)| Some(*value));
        catalog.shapes().iter().find(|(shape, _)| shape.claims(member)).map(|(_, table)| table.as_str())
    };
    let network =
        [("Timestamp", ""), ("DeviceName", "pc.contoso.example"), ("RemoteIP", "192.0.2.1"), ("RemoteUrl", "")];
    assert_eq!(table(&[&network[..], &[("ActionType", "ConnectionSuccess")]].concat()), Some("DeviceNetworkEvents"));
    assert_eq!(table(&network), None, "DeviceEvents has these columns as well");
    let file =
        [("DeviceName", ""), ("FileName", "token"), ("FolderPath", "/run/token"), ("InitiatingProcessFileName", "cat")];
    assert_eq!(table(&[&file[..], &[("ActionType", "FileModified")]].concat()), Some("DeviceFileEvents"));
    assert_eq!(table(&[&file[..], &[("ActionType", "ProcessCreated")]].concat()), Some("DeviceProcessEvents"));
    assert_eq!(table(&[&file[..], &[("ActionType", "ImageLoaded")]].concat()), Some("DeviceImageLoadEvents"));
    assert_eq!(table(&[&file[..], &[("ActionType", "FileModified"), ("RuleName", "r")]].concat()), None);
    let graph = [("activityDisplayName", ""), ("initiatedBy", ""), ("targetResources", ""), ("category", "Policy")];
    assert_eq!(table(&graph), Some("AuditLogs"));
    assert_eq!(
        table(&[("OperationName", ""), ("InitiatedBy", ""), ("TargetResources", ""), ("Category", "")]),
        Some("AuditLogs")
    );
    assert_eq!(table(&[("Type", "ServicePrincipal")]), None);
}

#[test]
fn lookups() {
    let mut catalog = Catalog::builtin();
    assert!(catalog.contains("AuditLogs") && catalog.contains("AACAudit") && !catalog.contains("auditlogs"));
    assert!(catalog.table("ServicePrincipal").is_none());
    assert_eq!(catalog.suggest("DeviceNetworkEvent"), Some("DeviceNetworkEvents"));
    assert_eq!(catalog.column_type_elsewhere("RemotePort"), None, "the tables differ: int and string");
    assert_eq!(catalog.column_type_elsewhere("InitiatingProcessFileName"), Some(ScalarType::String));
    assert_eq!(catalog.column_type_elsewhere("NoSuchColumn"), None);

    let text = "name = \"AuditLogs\"\ncategory = [\"Mine\"]\nshape = [[\"mine\"]]\n[columns]\nA = \"int\"\n";
    catalog.add(Table::from_toml(text, "mine.toml").unwrap());
    assert_eq!(catalog.table("AuditLogs").unwrap().columns.len(), 1);
    assert_eq!(catalog.by_category("AuditLogs"), None, "an own table takes the place of the built-in one");
    assert_eq!(catalog.by_category("mine"), Some("AuditLogs"));
    assert_eq!(catalog.names().filter(|name| *name == "AuditLogs").count(), 1);
    assert!(catalog.shapes().iter().filter(|(_, table)| table == "AuditLogs").count() == 1);
}
