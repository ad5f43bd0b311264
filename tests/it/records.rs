//! Records that the page's query is held to, and the forms in which they travel.

use serde_json::{Value as Json, json};

/// A row of DeviceNetworkEvents: a request to the metadata service. `AccountName` is what the page's query asks for.
pub(crate) fn network(second: u32, url: &str, process: &str) -> Json {
    json!({
        "Timestamp": format!("2026-11-24T08:00:{second:02}Z"),
        "DeviceName": "web-01.contoso.example",
        "AccountName": "svc-web",
        "ActionType": "ConnectionSuccess",
        "RemoteIP": "169.254.169.254",
        "RemotePort": 80,
        "RemoteUrl": url,
        "InitiatingProcessFileName": process,
        "InitiatingProcessCommandLine": format!("{process} {url}"),
    })
}

/// A row of DeviceFileEvents.
pub(crate) fn file(second: u32, action: &str, folder: &str, name: &str, process: &str) -> Json {
    json!({
        "Timestamp": format!("2026-11-24T08:01:{second:02}Z"),
        "DeviceName": "ws-12.contoso.example",
        "AccountName": "user1",
        "ActionType": action,
        "FolderPath": folder,
        "FileName": name,
        "InitiatingProcessFileName": process,
        "InitiatingProcessCommandLine": format!("{process} {folder}"),
    })
}

/// What an audit record's target has under `modifiedProperties`: a grant's scope, quoted once more as Entra does.
pub(crate) fn properties(scope: &str) -> Json {
    let quoted = serde_json::to_string(scope).unwrap();
    json!([{"displayName": "DelegatedPermissionGrant.Scope", "oldValue": null, "newValue": quoted}])
}

/// A row of AuditLogs as a workspace has it.
pub(crate) fn audit(second: u32, operation: &str, result: &str, properties: &Json) -> Json {
    json!({
        "TimeGenerated": format!("2026-11-24T08:02:{second:02}Z"),
        "OperationName": operation,
        "Result": result,
        "InitiatedBy": {"user": {"userPrincipalName": "user2@contoso.example", "ipAddress": "203.0.113.24"}},
        "TargetResources": [{"displayName": "Calendar App", "modifiedProperties": properties}],
    })
}

/// A consent as it stands with one scope.
pub(crate) fn consent(second: u32, scope: &str) -> Json {
    audit(second, "Consent to application", "success", &properties(scope))
}

/// A row that names its table.
pub(crate) fn flat(table: &str, row: &Json) -> Json {
    let mut row = row.clone();
    row["Type"] = json!(table);
    row
}

/// Defender's streaming envelope; its time is when the record was sent, and is not the event's.
pub(crate) fn streaming(table: &str, row: &Json, sent: &str) -> Json {
    json!({
        "time": sent,
        "tenantId": "1f2e3d4c-5b6a-4798-8695-a4b3c2d1e0f1",
        "operationName": "Publish",
        "category": format!("AdvancedHunting-{table}"),
        "properties": row,
        "Tenant": "DefaultTenant",
    })
}

/// Entra's diagnostic envelope around an AuditLogs row, its properties in camel case.
pub(crate) fn diagnostic(row: &Json) -> Json {
    json!({
        "time": row["TimeGenerated"],
        "resourceId": "/tenants/1f2e3d4c-5b6a-4798-8695-a4b3c2d1e0f1/providers/Microsoft.aadiam",
        "operationName": row["OperationName"],
        "category": "AuditLogs",
        "properties": {
            "category": "ApplicationManagement",
            "activityDisplayName": row["OperationName"],
            "activityDateTime": row["TimeGenerated"],
            "operationType": "Assign",
            "result": row["Result"],
            "initiatedBy": row["InitiatedBy"],
            "targetResources": row["TargetResources"],
        },
    })
}

/// An Event Hub message: many records in one line.
pub(crate) fn batch(records: &[Json]) -> Json {
    json!({"records": records})
}

/// Records as lines.
pub(crate) fn lines(records: &[Json]) -> Vec<String> {
    records.iter().map(Json::to_string).collect()
}

/// Lines as the bytes of an input.
pub(crate) fn input(records: &[Json]) -> Vec<u8> {
    records.iter().flat_map(|r| format!("{r}\n").into_bytes()).collect()
}
