//! The tables that come with kqltap, as text: nothing is read before somebody asks.

macro_rules! tables {
    ($($name:ident)*) => {
        /// Name and file of each, sorted by name.
        pub(super) const TABLES: &[(&str, &str)] =
            &[$((stringify!($name), include_str!(concat!("../../config/tables/", stringify!($name), ".toml")))),*];
    };
}

tables! {
    AADManagedIdentitySignInLogs
    AADNonInteractiveUserSignInLogs
    AADServicePrincipalSignInLogs
    AADSignInEventsBeta
    AADSpnSignInEventsBeta
    AADUserRiskEvents
    AKSAudit
    AKSAuditAdmin
    AWSCloudTrail
    AZKVAuditLogs
    AlertEvidence
    AlertInfo
    AuditLogs
    AzureActivity
    AzureDevOpsAuditing
    AzureDiagnostics
    BehaviorAnalytics
    CloudAppEvents
    CommonSecurityLog
    ContainerLogV2
    DeviceEvents
    DeviceFileCertificateInfo
    DeviceFileEvents
    DeviceImageLoadEvents
    DeviceInfo
    DeviceLogonEvents
    DeviceNetworkEvents
    DeviceNetworkInfo
    DeviceProcessEvents
    DeviceRegistryEvents
    DnsEvents
    EmailAttachmentInfo
    EmailEvents
    EmailUrlInfo
    EntraIdSignInEvents
    EntraIdSpnSignInEvents
    Event
    GCPAuditLogs
    Heartbeat
    IdentityDirectoryEvents
    IdentityInfo
    IdentityLogonEvents
    IdentityQueryEvents
    MicrosoftGraphActivityLogs
    OfficeActivity
    SecurityAlert
    SecurityEvent
    SecurityIncident
    SigninLogs
    StorageBlobLogs
    Syslog
    ThreatIntelligenceIndicator
    UrlClickEvents
    VMConnection
    W3CIISLog
    WindowsEvent
}

/// The other tables of Azure Monitor, one a line: name, tab, columns.
pub(super) const AZURE_MONITOR: &str = include_str!("../../config/tables/azure-monitor.tsv");

/// The other tables of Defender's advanced hunting, in the same form.
pub(super) const DEFENDER: &str = include_str!("../../config/tables/defender.tsv");
