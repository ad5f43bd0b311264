//! Rules as detection teams write them, in any number: for how cost grows with the number of rules.
//!
//! They read the two Device tables of the corpus, so that every one of them is asked of nearly every line. Their needles
//! are invented words, so they hit next to nothing, as most rules do on most days; what is common (`.dll`, `FileCreated`)
//! is common here too. The first N rules are the same whatever the number asked for.

use std::fmt::Write as _;

use super::Random;

const SEED: u64 = 1528;

/// The queries of `count` rules, as KQL.
pub(crate) fn rules(count: usize) -> Vec<String> {
    let mut random = Random::new(SEED);
    (0..count).map(|_| rule(&mut random)).collect()
}

fn rule(random: &mut Random) -> String {
    let mut query = String::new();
    let _ = match random.below(10) {
        0..=1 => remote_urls(random, &mut query),
        2..=3 => folders(random, &mut query),
        4..=5 => command_lines(random, &mut query),
        6 => file_names(random, &mut query),
        7 => addresses(random, &mut query),
        8 => hashes(random, &mut query),
        _ => masquerade(random, &mut query),
    };
    query
}

const NETWORK: &str = "DeviceNetworkEvents\n| where Timestamp > ago(1d)\n";
const FILE: &str = "DeviceFileEvents\n| where Timestamp > ago(1d)\n";

fn remote_urls(random: &mut Random, query: &mut String) -> std::fmt::Result {
    let many = 2 + random.below(6);
    let urls = list(many, || match random.below(3) {
        0 => format!("{}.example.net", word(random)),
        1 => format!("{}.{}.example.org", word(random), word(random)),
        _ => format!("{}/{}.php", word(random), word(random)),
    });
    let known = list(3, || format!("{}.exe", word(random)));
    write!(
        query,
        "let Known = dynamic([{known}, \"chrome.exe\", \"msedge.exe\"]);\n{NETWORK}\
         | where RemoteUrl has_any ({urls})\n\
         | where InitiatingProcessFileName !in~ (Known)\n\
         | project Timestamp, DeviceName, InitiatingProcessFileName, InitiatingProcessCommandLine, RemoteUrl, RemoteIP\n"
    )
}

fn folders(random: &mut Random, query: &mut String) -> std::fmt::Result {
    let many = 1 + random.below(4);
    let folders = list(many, || match random.below(2) {
        0 => format!(r"\\AppData\\Roaming\\{}\\", title(random)),
        _ => format!("/opt/{}/{}", word(random), word(random)),
    });
    let ending = random.pick(&[".dll", ".exe", ".ps1", ".json", ".tmp", ".lnk"]);
    write!(
        query,
        "{FILE}| where ActionType in (\"FileCreated\", \"FileModified\", \"FileRenamed\")\n\
         | where FolderPath has_any ({folders}) and FileName endswith \"{ending}\"\n\
         | extend Kind = case(FileName endswith \".dll\", \"library\", FileName endswith \".exe\", \"program\", \"data\")\n\
         | extend Detail = strcat(InitiatingProcessFileName, \" wrote \", Kind, \" \", FolderPath)\n\
         | project Timestamp, DeviceName, Kind, Detail, SHA256\n"
    )
}

fn command_lines(random: &mut Random, query: &mut String) -> std::fmt::Result {
    let many = 2 + random.below(5);
    let arguments = list(many, || match random.below(3) {
        0 => format!("--{}-{}", word(random), word(random)),
        1 => format!("-{} {}", title(random), word(random)),
        _ => format!("{}.ps1", title(random)),
    });
    let table = random.pick(&[NETWORK, FILE]);
    let program = random.pick(&["powershell.exe", "rundll32.exe", "mshta.exe", "wscript.exe", "python3"]);
    write!(
        query,
        "{table}| where InitiatingProcessCommandLine has_any ({arguments})\n\
         \x20   or (InitiatingProcessFileName =~ \"{program}\" and InitiatingProcessCommandLine contains \"{}\")\n\
         | where InitiatingProcessAccountName !in~ (\"{}\", \"system\")\n\
         | project Timestamp, DeviceName, InitiatingProcessFileName, InitiatingProcessCommandLine\n",
        word(random),
        word(random),
    )
}

fn file_names(random: &mut Random, query: &mut String) -> std::fmt::Result {
    let many = 2 + random.below(8);
    let names = list(many, || {
        let ending = random.pick(&["exe", "dll", "sys", "bat", "txt"]);
        format!("{}.{ending}", word(random))
    });
    write!(
        query,
        "{FILE}| where FileName in~ ({names})\n\
         | where not(FolderPath startswith @\"C:\\Windows\\WinSxS\\\")\n\
         | project Timestamp, DeviceName, FileName, FolderPath, SHA256\n"
    )
}

fn addresses(random: &mut Random, query: &mut String) -> std::fmt::Result {
    // 198.18.0.0/15 is set apart for measuring.
    let many = 1 + random.below(5);
    let addresses = list(many, || format!("198.{}.{}.{}", 18 + random.below(2), random.below(256), random.below(256)));
    write!(
        query,
        "{NETWORK}| where RemoteIP in ({addresses}) and ActionType == \"ConnectionSuccess\"\n\
         | where RemotePort !in (53, 123)\n\
         | project Timestamp, DeviceName, RemoteIP, RemotePort, InitiatingProcessFileName\n"
    )
}

fn hashes(random: &mut Random, query: &mut String) -> std::fmt::Result {
    let many = 1 + random.below(5);
    let hashes = list(many, || random.hex(64));
    write!(
        query,
        "{FILE}| where SHA256 in~ ({hashes})\n    or InitiatingProcessSHA256 == \"{}\"\n\
         | project Timestamp, DeviceName, FileName, FolderPath, SHA256\n",
        random.hex(64),
    )
}

/// A program with a system program's name that runs from elsewhere, or that has a company's name it should not have.
fn masquerade(random: &mut Random, query: &mut String) -> std::fmt::Result {
    let table = random.pick(&[NETWORK, FILE]);
    write!(
        query,
        "{table}| where InitiatingProcessFileName == \"{}.exe\"\n\
         \x20   or InitiatingProcessFolderPath endswith @\"\\{}\\{}.exe\"\n\
         | where InitiatingProcessVersionInfoCompanyName !contains \"{}\"\n\
         | extend Score = case(InitiatingProcessIntegrityLevel == \"System\", 3,\n\
         \x20                     InitiatingProcessCommandLine has \"{}\", 2, 1)\n\
         | project Timestamp, DeviceName, InitiatingProcessFileName, InitiatingProcessFolderPath, Score\n",
        word(random),
        word(random),
        word(random),
        word(random),
        word(random),
    )
}

/// `count` quoted strings, as they stand in a list.
fn list(count: u64, mut item: impl FnMut() -> String) -> String {
    (0..count).map(|_| format!("\"{}\"", item())).collect::<Vec<_>>().join(", ")
}

/// A word nobody uses, of three to five syllables.
fn word(random: &mut Random) -> String {
    const FIRST: &[&str] = &[
        "ba", "ce", "dri", "fo", "gu", "ha", "ji", "ko", "lu", "ma", "ne", "pi", "qua", "ro", "su", "ta", "ve", "wi",
        "xo", "zy",
    ];
    const LAST: &[&str] = &["", "n", "r", "s", "t", "l", "x", "ck"];
    let syllables = 3 + random.below(3);
    (0..syllables).map(|_| format!("{}{}", random.pick(FIRST), random.pick(LAST))).collect()
}

fn title(random: &mut Random) -> String {
    let mut word = word(random);
    word[..1].make_ascii_uppercase();
    word
}
