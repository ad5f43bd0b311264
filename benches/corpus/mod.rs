//! A corpus of records as Defender and Entra send them: full rows of about 2.7 KB, Windows paths with their backslashes
//! doubled, command lines, hashes, and a share of records that the T1528 pack must look at.
//!
//! Lines are made from a seed, so a corpus of the same size and rate is the same everywhere. Nothing in it is real.

#[allow(dead_code)] // each user of this file uses its own part
pub(crate) mod audit;
#[allow(dead_code)]
pub(crate) mod rules;
#[allow(dead_code)]
pub(crate) mod senders;

use std::fmt::Write as _;

/// SplitMix64: a few operations a number, good enough to spread choices.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn chance(&mut self, rate: f64) -> bool {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64 <= rate
    }

    fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len() as u64) as usize]
    }

    fn hex(&mut self, digits: usize) -> String {
        let mut text = String::new();
        while text.len() < digits {
            let _ = write!(text, "{:016x}", self.next());
        }
        text.truncate(digits);
        text
    }

    fn guid(&mut self) -> String {
        let h = self.hex(32);
        format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
    }

    fn time(&mut self) -> String {
        let (h, m, s, t) = (self.below(24), self.below(60), self.below(60), self.below(10_000_000));
        format!("2026-11-24T{h:02}:{m:02}:{s:02}.{t:07}Z")
    }
}

/// Appends one line. `rate` is the share of lines that a rule of the pack must look at: half of these match, and half are
/// near misses.
pub(crate) fn line(random: &mut Random, rate: f64, out: &mut Vec<u8>) {
    let interesting = random.chance(rate);
    let row = match random.below(20) {
        0..=8 => network(random, interesting),
        9..=17 => file(random, interesting),
        _ => audit(random, interesting),
    };
    out.extend_from_slice(row.as_bytes());
    out.push(b'\n');
}

/// A corpus of at least `bytes` bytes.
#[allow(dead_code)] // each user of this file uses its own part
pub(crate) fn corpus(bytes: usize, rate: f64, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut out = Vec::with_capacity(bytes + 8192);
    while out.len() < bytes {
        line(&mut random, rate, &mut out);
    }
    out
}

const PROCESSES: &[(&str, &str)] = &[
    ("chrome.exe", r"c:\\program files\\google\\chrome\\application\\chrome.exe"),
    ("svchost.exe", r"c:\\windows\\system32\\svchost.exe"),
    ("outlook.exe", r"c:\\program files\\microsoft office\\root\\office16\\outlook.exe"),
    ("msedge.exe", r"c:\\program files (x86)\\microsoft\\edge\\application\\msedge.exe"),
    ("node", "/usr/bin/node"),
    ("sshd", "/usr/sbin/sshd"),
    ("updater.exe", r"c:\\users\\user1\\appdata\\local\\updater\\updater.exe"),
    ("powershell.exe", r"c:\\windows\\system32\\windowspowershell\\v1.0\\powershell.exe"),
];

const ARGUMENTS: &[&str] = &[
    r"--type=utility --utility-sub-type=network.mojom.NetworkService --lang=en-US --service-sandbox-type=none --field-trial-handle=1804,i,1266,2144",
    r"-k netsvcs -p -s Schedule",
    r#"-NoProfile -ExecutionPolicy Bypass -File \"c:\\users\\user1\\scripts\\inventory.ps1\" -Out c:\\temp\\report.csv"#,
    r"/quiet /norestart /log c:\\windows\\temp\\setup_001.log ALLUSERS=1 REBOOT=ReallySuppress",
    r"/opt/app/server.js --port 8443 --config /etc/app/config.yaml --metrics-bind 127.0.0.1:9100",
];

/// The members that both Device tables have of the process that acted.
fn process(random: &mut Random, row: &mut String, name: Option<&str>) {
    let (file, path) = PROCESSES[random.below(PROCESSES.len() as u64) as usize];
    let file = name.unwrap_or(file);
    let arguments = random.pick(ARGUMENTS);
    let _ = write!(
        row,
        r#""InitiatingProcessSHA1":"{}","InitiatingProcessMD5":"{}","InitiatingProcessFolderPath":"{path}","InitiatingProcessFileName":"{file}","InitiatingProcessCommandLine":"\"{path}\" {arguments}","InitiatingProcessId":{},"InitiatingProcessCreationTime":"{}","InitiatingProcessParentFileName":"explorer.exe","InitiatingProcessParentId":{},"InitiatingProcessParentCreationTime":"{}","InitiatingProcessAccountName":"user{}","InitiatingProcessAccountDomain":"contoso","InitiatingProcessAccountSid":"S-1-5-21-{}-{}-{}-1105","InitiatingProcessAccountUpn":"user{}@contoso.example","InitiatingProcessAccountObjectId":"{}","InitiatingProcessIntegrityLevel":"Medium","InitiatingProcessTokenElevation":"TokenElevationTypeDefault","InitiatingProcessSHA256":"{}","InitiatingProcessFileSize":{},"InitiatingProcessVersionInfoCompanyName":"Contoso Corporation","InitiatingProcessVersionInfoProductName":"Contoso® Desktop Suite","InitiatingProcessVersionInfoProductVersion":"10.0.{}.{}","InitiatingProcessVersionInfoInternalFileName":"{file}","InitiatingProcessVersionInfoOriginalFileName":"{file}","InitiatingProcessVersionInfoFileDescription":"Background task host of the desktop suite","InitiatingProcessSessionId":1,"IsInitiatingProcessRemoteSession":false,"InitiatingProcessRemoteSessionDeviceName":null,"InitiatingProcessRemoteSessionIP":null,"InitiatingProcessUniqueId":"{}","#,
        random.hex(40),
        random.hex(32),
        random.below(60000),
        random.time(),
        random.below(60000),
        random.time(),
        random.below(400),
        random.below(1 << 31),
        random.below(1 << 31),
        random.below(1 << 31),
        random.below(400),
        random.guid(),
        random.hex(64),
        random.below(90_000_000),
        random.below(30000),
        random.below(3000),
        random.below(1 << 50),
    );
}

/// Half of the rows come in the streaming envelope, half as flat rows with their table's name.
fn wrap(random: &mut Random, table: &str, row: &str) -> String {
    match random.below(2) {
        0 => format!(
            r#"{{"time":"{}","tenantId":"{}","operationName":"Publish","category":"AdvancedHunting-{table}","_TimeReceivedBySvc":"{}","properties":{{{row}}},"Tenant":"DefaultTenant"}}"#,
            random.time(),
            random.guid(),
            random.time(),
        ),
        _ => format!(
            r#"{{"TenantId":"{}","SourceSystem":"","TimeGenerated":"{}",{row},"Type":"{table}","_ItemId":"{}"}}"#,
            random.guid(),
            random.time(),
            random.guid(),
        ),
    }
}

fn device(random: &mut Random, row: &mut String) {
    let _ = write!(
        row,
        r#""DeviceId":"{}","DeviceName":"ws-{}.contoso.example","ReportId":{},"Timestamp":"{}","MachineGroup":"UnassignedGroup","AppGuardContainerId":"","#,
        random.hex(40),
        random.below(5000),
        random.below(90000),
        random.time(),
    );
}

fn network(random: &mut Random, interesting: bool) -> String {
    let mut row = String::with_capacity(3072);
    device(random, &mut row);
    let near_miss = interesting && random.chance(0.5);
    let name = (interesting && near_miss).then_some("WAAGENT.exe");
    process(random, &mut row, name);
    let (ip, url) = if interesting {
        (
            "169.254.169.254".to_owned(),
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01".to_owned(),
        )
    } else {
        let host =
            random.pick(&["www.example.com", "login.example.net", "updates.example.org", "telemetry.example.com"]);
        (format!("203.0.113.{}", random.below(256)), format!("https://{host}/"))
    };
    let _ = write!(
        row,
        r#""ActionType":"ConnectionSuccess","RemoteIP":"{ip}","RemotePort":{},"RemoteUrl":"{url}","LocalIP":"192.0.2.{}","LocalPort":{},"Protocol":"Tcp","LocalIPType":"Private","RemoteIPType":"Public","AdditionalFields":"{{\"conn_state\":\"SF\",\"duration\":\"{}\",\"uid\":\"{}\",\"orig_bytes\":{},\"resp_bytes\":{},\"history\":\"ShADadFf\"}}""#,
        random.pick(&["80", "443"]),
        random.below(256),
        49152 + random.below(16000),
        random.below(60),
        random.hex(18),
        random.below(100_000),
        random.below(1_000_000),
    );
    wrap(random, "DeviceNetworkEvents", &row)
}

fn file(random: &mut Random, interesting: bool) -> String {
    let mut row = String::with_capacity(3072);
    device(random, &mut row);
    let near_miss = interesting && random.chance(0.5);
    process(random, &mut row, near_miss.then_some("kubelet"));
    let (name, path) = if interesting && near_miss {
        ("token".to_owned(), "/var/run/secrets/kubernetes.io/serviceaccount/token".to_owned())
    } else if interesting {
        let path = r"C:\\Users\\user1\\.azure\\msal_token_cache.json";
        ("msal_token_cache.json".to_owned(), path.to_owned())
    } else {
        let name = format!("{}.{}", random.hex(12), random.pick(&["tmp", "log", "dat", "docx", "json", "sdb", "dll"]));
        let folder = random.pick(&[
            r"C:\\Windows\\apppatch\\MergeSdbFiles",
            r"C:\\Users\\user1\\AppData\\Local\\Temp",
            r"C:\\ProgramData\\Contoso\\Cache\\v2",
            r"D:\\Shares\\Finance\\2026\\Q4",
        ]);
        (name.clone(), format!(r"{folder}\\{name}"))
    };
    let action = if interesting {
        "FileModified"
    } else {
        random.pick(&["FileCreated", "FileModified", "FileRenamed", "FileDeleted"])
    };
    let _ = write!(
        row,
        r#""ActionType":"{action}","FileName":"{name}","FolderPath":"{path}","SHA1":"{}","SHA256":"{}","MD5":"{}","FileSize":{},"FileOriginUrl":null,"FileOriginIP":null,"FileOriginReferrerUrl":null,"PreviousFileName":"","PreviousFolderPath":"","SensitivityLabel":null,"SensitivitySubLabel":null,"IsAzureInfoProtectionApplied":null,"RequestProtocol":"Local","RequestSourceIP":null,"RequestSourcePort":null,"RequestAccountName":"SYSTEM","RequestAccountDomain":"NT AUTHORITY","RequestAccountSid":"S-1-5-18","ShareName":null,"AdditionalFields":"{{\"FileType\":\"Unknown\"}}""#,
        random.hex(40),
        random.hex(64),
        random.hex(32),
        random.below(10_000_000),
    );
    wrap(random, "DeviceFileEvents", &row)
}

fn audit(random: &mut Random, interesting: bool) -> String {
    let near_miss = interesting && random.chance(0.5);
    let operation = match interesting {
        true => "Consent to application",
        false => random.pick(&[
            "Update user",
            "Add member to group",
            "Update device",
            "Update application",
            "Reset user password",
        ]),
    };
    let scope = match (interesting, near_miss) {
        (true, false) => "User.Read Mail.Read offline_access",
        (true, true) => "User.Read openid profile",
        _ => "none",
    };
    let (time, correlation, target) = (random.time(), random.guid(), random.guid());
    let mut properties = String::new();
    for name in [
        "ConsentContext.IsAdminConsent",
        "ConsentContext.IsAppOnly",
        "ConsentContext.OnBehalfOfAll",
        "Included Updated Properties",
    ] {
        let _ = write!(properties, r#"{{"displayName":"{name}","oldValue":null,"newValue":"\"False\""}},"#);
    }
    let _ = write!(
        properties,
        r#"{{"displayName":"ConsentAction.Permissions","oldValue":null,"newValue":"\"[] => [[Id: {}, ClientId: {target}, PrincipalId: {}, ResourceId: {}, ConsentType: Principal, Scope:  {scope}, CreatedDateTime: , LastModifiedDateTime ]]; \""}},{{"displayName":"TargetId.ServicePrincipalNames","oldValue":null,"newValue":"\"{}\""}}"#,
        random.hex(64),
        random.guid(),
        random.guid(),
        random.guid(),
    );
    format!(
        r#"{{"time":"{time}","resourceId":"/tenants/{}/providers/Microsoft.aadiam","operationName":"{operation}","operationVersion":"1.0","category":"AuditLogs","tenantId":"{}","resultSignature":"None","durationMs":0,"callerIpAddress":"198.51.100.7","correlationId":"{correlation}","Level":4,"properties":{{"tenantId":"{}","resultType":"","resultDescription":"","operationName":"{operation}","identity":"","tenantGeo":"EU","id":"Directory_{correlation}_{}","category":"ApplicationManagement","correlationId":"{correlation}","result":"success","resultReason":"","activityDisplayName":"{operation}","activityDateTime":"{time}","loggedByService":"Core Directory","operationType":"Assign","userAgent":null,"initiatedBy":{{"user":{{"id":"{}","displayName":null,"userPrincipalName":"user{}@contoso.example","ipAddress":"198.51.100.7","roles":[]}}}},"performedBy":null,"targetResources":[{{"id":"{target}","displayName":"App {}","type":"ServicePrincipal","modifiedProperties":[{properties}],"administrativeUnits":[]}}],"additionalDetails":[{{"key":"User-Agent","value":"EvoSTS"}},{{"key":"AppId","value":"{}"}}]}}}}"#,
        random.guid(),
        random.guid(),
        random.guid(),
        random.hex(12),
        random.guid(),
        random.below(400),
        random.below(100),
        random.guid(),
    )
}
