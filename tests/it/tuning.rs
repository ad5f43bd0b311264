//! Tuning overlays by the binary: what they change, and what is said of their mistakes.

use std::path::Path;

use serde_json::json;

use crate::records::{file, flat, input, network};
use crate::tap::{self, run};

const RULE: &str = r#"id: 11111111-2222-4333-8444-555555555555
name: Token read
severity: High
query: |
  // Who may read it.
  let Known = dynamic(["kubelet", 'runc']);
  DeviceFileEvents
  | where Timestamp > ago(1d)
  | where FileName == "token" and InitiatingProcessFileName !in~ (Known)
  | project Timestamp, Source = DeviceName, Process = InitiatingProcessFileName, FolderPath // the end
"#;

/// A folder with the rule and an overlay.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(overlay: &str) -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        std::fs::write(place.folder.path().join("rule.yaml"), RULE).unwrap();
        std::fs::write(place.overlay(), overlay).unwrap();
        place
    }

    fn rule(&self) -> String {
        self.folder.path().join("rule.yaml").to_str().unwrap().to_owned()
    }

    fn overlay(&self) -> String {
        self.folder.path().join("tuning.yml").to_str().unwrap().to_owned()
    }

    /// The processes that alert among kubelet, runc, cat and tar.
    fn alerts(&self) -> Vec<String> {
        let (rule, overlay) = (self.rule(), self.overlay());
        let records: Vec<_> = ["kubelet", "runc", "cat", "tar"]
            .into_iter()
            .zip(1..)
            .map(|(process, second)| {
                flat("DeviceFileEvents", &file(second, "FileRead", "/srv/token", "token", process))
            })
            .collect();
        let arguments = ["run", "--rules", &rule, "--tuning", &overlay, "--now", tap::NOW];
        let alerts = run(arguments, input(&records)).ended(0).alerts();
        alerts.iter().map(|a| a["columns"]["Process"].as_str().unwrap().to_owned()).collect()
    }

    /// What a run says, which must not run.
    fn refusal(&self) -> String {
        let (rule, overlay) = (self.rule(), self.overlay());
        run(["run", "--rules", &rule, "--tuning", &overlay, "--now", tap::NOW], "").ended(2).err
    }
}

fn entry(rest: &str) -> String {
    format!("rules:\n  - rule: Token read\n{rest}")
}

#[test]
fn lists_gain_lose_and_change_their_items() {
    assert_eq!(Place::new("rules: []\n").alerts(), ["cat", "tar"]);
    let list = |change: &str| Place::new(&entry(&format!("    lists:\n      Known: {change}\n"))).alerts();
    assert_eq!(list("{add: [cat]}"), ["tar"]);
    assert_eq!(list("{remove: [runc]}"), ["runc", "cat", "tar"]);
    assert_eq!(list("{remove: [runc], add: [TAR]}"), ["runc", "cat"]);
    assert_eq!(list("{replace: [cat]}"), ["kubelet", "runc", "tar"]);
    // By id, and twice: the second begins where the first has ended.
    let twice = format!(
        "{}{}",
        entry("    lists:\n      Known: {add: [cat]}\n"),
        "  - rule: 11111111-2222-4333-8444-555555555555\n    lists:\n      Known: {remove: [kubelet]}\n"
    );
    assert_eq!(Place::new(&twice).alerts(), ["kubelet", "tar"]);
}

fn except(predicate: &str) -> String {
    entry(&format!("    exceptions:\n      - where: {predicate}\n        reason: known\n        expires: 2027-01-31\n"))
}

#[test]
fn exceptions_take_alerts_away_over_the_result_or_the_table() {
    assert_eq!(Place::new(&except("Process == 'cat'")).alerts(), ["tar"]);
    // Not in the result; and a comment at the end takes nothing along.
    assert_eq!(Place::new(&except("|\n          InitiatingProcessFileName == 'tar' // why")).alerts(), ["cat"]);
    // What cannot be answered takes nothing away.
    assert_eq!(Place::new(&except("FileSize > 3")).alerts(), ["cat", "tar"]);
    assert_eq!(Place::new(&except("not(FileSize > 3)")).alerts(), ["cat", "tar"]);
    let both = format!(
        "{}      - where: Process == 'tar'\n        reason: r\n        expires: 2027-01-31\n",
        except("FileName == 'token' and InitiatingProcessFileName has 'cat'")
    );
    assert_eq!(Place::new(&both).alerts(), [""; 0]);
}

#[test]
fn an_exception_ends_behind_its_day() {
    let place = Place::new(&except("Process == 'cat'"));
    let (rule, overlay) = (place.rule(), place.overlay());
    let records = input(&[flat("DeviceFileEvents", &file(1, "FileRead", "/srv/token", "token", "cat"))]);
    let at = |now: &str| {
        let arguments = ["run", "--rules", &rule, "--tuning", &overlay, "--now", now];
        run(arguments, records.clone()).ended(0)
    };
    assert_eq!(at("2027-01-31T23:59:59Z").alerts().len(), 0);
    let after = at("2027-02-01T00:00:00Z");
    assert_eq!(after.alerts().len(), 1);
    assert!(after.err.contains("expired on 2027-01-31"), "{}", after.err);
    // The check looks at the clock, and this one has been over for long.
    let old = Place::new(&except("Process == 'cat'").replace("2027", "2020"));
    let ran = run(["check", "--tuning", &old.overlay(), &old.rule()], "").ended(0);
    assert!(ran.text().contains("warning[KT018]") && ran.text().contains("tuning.yml:4:"), "{}", ran.text());
    assert!(ran.err.contains("1 warnings"), "{}", ran.err);
}

#[test]
fn a_rule_is_turned_off_and_its_severity_is_set() {
    let place = Place::new(&entry("    severity: low\n"));
    let (rule, overlay) = (place.rule(), place.overlay());
    let records = input(&[flat("DeviceFileEvents", &file(1, "FileRead", "/srv/token", "token", "cat"))]);
    let ran = run(["run", "--rules", &rule, "--tuning", &overlay], records.clone()).ended(0);
    assert_eq!(ran.alerts()[0]["rule"]["severity"], "low");
    let off = Place::new(&entry("    disabled: true\n    reason: not here\n"));
    let (_, overlay) = (off.rule(), off.overlay());
    let ran = run(["run", "--rules", &rule, "--rules", "builtin", "--tuning", &overlay], records).ended(0);
    assert_eq!(ran.text(), "");
    assert!(ran.err.contains("rule Token read is disabled"), "{}", ran.err);
    assert!(run(["explain", "--tuning", &overlay, &rule, "builtin"], "").ended(0).text().contains("not here"));
    let report = run(["check", "--json", "--tuning", &overlay, &rule], "").ended(0);
    let report: serde_json::Value = serde_json::from_str(report.text()).unwrap();
    assert_eq!(report["rules"][0]["ok"], json!(true));
    assert!(report["rules"][0]["disabled"].as_str().unwrap().contains("not here"));
}

#[test]
fn what_is_not_there_is_an_error_with_the_nearest_name() {
    let says = |overlay: &str, parts: &[&str]| {
        let said = Place::new(overlay).refusal();
        for part in parts {
            assert!(said.contains(part), "{overlay}\n{said}\nlacks {part}");
        }
    };
    says(
        "rules:\n  - rule: Token reed\n",
        &["error[KT017]", "Token reed", "did you mean 'Token read'?", "tuning.yml:2:"],
    );
    says(
        &entry("    lists:\n      Knwon: {add: [x]}\n"),
        &["error[KT017]", "no list 'Knwon'", "did you mean 'Known'?"],
    );
    says(&except("Procss == 'cat'"), &["error[KS142]", "Procss", "did you mean 'Process'?", "tuning.yml:4:16"]);
    says(&except("InitiatingProcessFileNam == 'cat'"), &["InitiatingProcessFileName", "tuning.yml:4:16"]);
    says(&except("Process == "), &["error[KS", "tuning.yml:4:"]);
    says(&except("Process has 5h"), &["error[", "tuning.yml:4:"]);
    says(&except("Process == 'a'; DeviceEvents"), &["tuning.yml:4:"]);
    says(&except("DeviceFileEvents | where true"), &["tuning.yml:4:"]);
    let (result, table) = ("'Process' is only in the result", "'DeviceName' only in DeviceFileEvents");
    says(&except("Process == 'cat' and DeviceName == 'x'"), &["error[KT017]", result, table, "tuning.yml:4:16"]);
    says(&except("Process == 'cat' and Nowhere == 'x'"), &["error[KS142]", "Nowhere"]);
    for neither in ["Process", "strlen(Process)"] {
        let said = Place::new(&except(neither)).refusal();
        assert!(
            said.contains("an exception is a predicate, which is true or false") && !said.contains("coalesce"),
            "{said}"
        );
    }
}

#[test]
fn an_overlay_that_cannot_be_read_says_why() {
    let says = |overlay: &str, parts: &[&str]| {
        let said = Place::new(overlay).refusal();
        for part in parts {
            assert!(said.contains(part), "{overlay}\n{said}\nlacks {part}");
        }
    };
    says(&entry("    exceptons: []\n"), &["tuning.yml:3:", "did you mean `exceptions`?"]);
    says(&entry("    disabled: true\n"), &["tuning.yml:3:", "needs a `reason`"]);
    says(&entry("    severity: huge\n"), &["tuning.yml:3:", "Informational, Low, Medium or High"]);
    says(
        &entry("    exceptions:\n      - where: Process == 'a'\n        expires: 2027-01-01\n"),
        &["needs a `reason`"],
    );
    says(&entry("    exceptions:\n      - where: Process == 'a'\n        reason: r\n"), &["needs `expires`"]);
    says(&except("x").replace("2027-01-31", "soon"), &["`expires: soon` is no date"]);
    says(&entry("    lists:\n      Known: {replace: [a], add: [b]}\n"), &["leave out `add` and `remove`"]);
    says(&entry("    lists:\n      Known: {add: [[a]]}\n"), &["must be a text or a number"]);
}

#[test]
fn an_item_that_is_not_there_to_remove_is_a_warning() {
    let place = Place::new(&entry("    lists:\n      Known: {remove: [runcc]}\n"));
    let ran = run(["check", "--tuning", &place.overlay(), &place.rule()], "").ended(0);
    assert!(ran.text().contains("warning[KT017]") && ran.text().contains("did you mean \"runc\"?"), "{}", ran.text());
}

#[test]
fn explain_shows_the_rule_with_its_overlay() {
    let place = Place::new(&format!("{}    lists:\n      Known: {{add: [cat]}}\n", except("Process == 'tar'")));
    let ran = run(["explain", "--tuning", &place.overlay(), &place.rule()], "").ended(0);
    let text = ran.text();
    assert!(text.contains("list Known with \"cat\" ("), "{text}");
    assert!(text.contains("except Process == 'tar', of its result, until 2027-01-31: known ("), "{text}");
    assert!(text.contains("\"cat\""), "the automaton's patterns are those of the overlay: {text}");
    // The rule's own mistakes stay in its file, though the query is another one now.
    let wrong = RULE.replace("FolderPath //", "FolderPath, Nowhere //");
    std::fs::write(place.rule(), wrong).unwrap();
    let ran = run(["run", "--rules", &place.rule(), "--tuning", &place.overlay(), "--now", tap::NOW], "").ended(0);
    assert!(ran.err.contains("warning[KS142]") && ran.err.contains("rule.yaml:10:"), "{}", ran.err);
}

#[test]
fn the_example_overlay_is_good_and_its_rules_keep_their_word() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tuning.yaml");
    let overlay = path.to_str().unwrap();
    let ran = run(["check", "--tuning", overlay, "builtin"], "").ended(0);
    assert!(ran.text().lines().all(|line| !line.starts_with("error")), "{}", ran.text());
    // Every entry is there to be seen.
    let explained = run(["explain", "--tuning", overlay, "builtin"], "").ended(0);
    for part in [
        "posture-agent",
        "scan-01.contoso.example",
        "pulumi",
        "cluster-operator",
        "/opt/operators/",
        "build-",
        "provisioning",
        "is disabled",
        "git-credential-store",
        "FileDeleted",
    ] {
        assert!(explained.text().contains(part), "{part}");
    }
    let network = flat(
        "DeviceNetworkEvents",
        &network(1, "http://169.254.169.254/metadata/identity/oauth2/token", "posture-agent"),
    );
    let token = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    let removed = flat("DeviceFileEvents", &file(2, "FileDeleted", token, "token", "rm"));
    let read = flat("DeviceFileEvents", &file(3, "FileRead", token, "token", "cat"));
    let tuned = |record: &serde_json::Value, arguments: &[&str]| {
        let all = ["run", "--now", tap::NOW].into_iter().chain(arguments.iter().copied());
        run(all, input(std::slice::from_ref(record))).ended(0).alerts().len()
    };
    for (record, alerts) in [(network, (1, 0)), (removed, (1, 0)), (read, (1, 1))] {
        assert_eq!((tuned(&record, &[]), tuned(&record, &["--tuning", overlay])), alerts, "{record}");
    }
}
