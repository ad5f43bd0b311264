//! What queries read from outside: local copies for `externaldata`, a database of places, and the settings that name them.

use std::path::Path;

use serde_json::json;

use crate::tap::run;

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

const FEED: &str = "\
let bad = externaldata(net:string, why:string) [@'https://example.com/feeds/bad.csv'] with (format='csv', ignoreFirstRecord=true);
SigninLogs
| evaluate ipv4_lookup(bad, IPAddress, net)
| project IPAddress, why
";

fn signins() -> String {
    ["192.0.2.7", "198.51.100.1", "203.0.113.9"]
        .map(|ip| format!("{}\n", json!({"Type": "SigninLogs", "IPAddress": ip})))
        .concat()
}

#[test]
fn a_feed_is_read_from_its_copy() {
    let folder = tempfile::tempdir().unwrap();
    let rule = write(folder.path(), "feed.kql", FEED);
    write(
        folder.path(),
        "copies/example.com/feeds/bad.csv",
        "net,why\n192.0.2.0/24,scans\n203.0.113.9,\"talks, a lot\"\n",
    );
    let copies = folder.path().join("copies");
    let copies = copies.to_str().unwrap();
    let expected =
        [json!({"IPAddress": "192.0.2.7", "why": "scans"}), json!({"IPAddress": "203.0.113.9", "why": "talks, a lot"})];
    // Every block is held against the plain evaluator, too.
    let ran = run(["run", "--rules", &rule, "--external-data", copies, "--shadow", "1"], signins()).ended(0);
    assert_eq!(ran.alerts().iter().map(|a| a["columns"].clone()).collect::<Vec<_>>(), expected);
    // All commands read a file of settings.
    let settings = write(folder.path(), "kqltap.toml", format!("rules = [{rule:?}]\nexternal_data = {copies:?}\n"));
    let again = run(["run", "--config", &settings], signins()).ended(0);
    assert_eq!(again.text(), ran.text());
    let ran = run(["check", "--config", &settings, &rule], "").ended(0);
    assert!(ran.err.contains("1 ok, 0 refused; 0 warnings"), "{}", ran.err);
    let query = "externaldata(net:string)['https://example.com/feeds/bad.csv'] | count";
    let ran = run(["eval", "--query", "--config", &settings, query], "").ended(0);
    assert_eq!(ran.text(), "{\"columns\":[[\"Count\",\"long\"]],\"rows\":[[3]]}\n");
    run(["explain", "--config", &settings, &rule], "").ended(0);
    run(["test", "--config", &settings, &rule], "").ended(0);
}

#[test]
fn without_its_copy_a_query_is_checked_and_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let rule = write(folder.path(), "feed.kql", FEED);
    let ran = run(["check", &rule], "").ended(0);
    assert!(ran.text().contains("KT012") && ran.text().contains("'bad.csv'"), "{}", ran.text());
    for command in [vec!["run", "--rules", &rule], vec!["test", &rule]] {
        let ran = run(command, signins()).ended(2);
        assert!(ran.text().is_empty(), "{}", ran.text());
        assert!(ran.err.contains("'bad.csv'") && ran.err.contains("external_data"), "{}", ran.err);
    }
    // With a folder it is the file that is named.
    write(folder.path(), "copies/other.csv", "");
    let copies = folder.path().join("copies");
    let ran = run(["run", "--rules", &rule, "--external-data", copies.to_str().unwrap()], signins()).ended(2);
    assert!(ran.err.contains("copies/example.com/feeds/bad.csv or ") && ran.text().is_empty(), "{}", ran.err);
    write(folder.path(), "copies/bad.csv", "net\n\"open\n");
    let ran = run(["run", "--rules", &rule, "--external-data", copies.to_str().unwrap()], signins()).ended(2);
    assert!(ran.err.contains("line 2 of the copy of 'https://example.com/feeds/bad.csv'"), "{}", ran.err);
}

/// A MaxMind DB of one network, 192.0.2.0/24: its tree of 24 nodes, and one record.
fn places() -> Vec<u8> {
    let text = |text: &str| [&[0x40 | text.len() as u8][..], text.as_bytes()].concat();
    let map = |members: &[(&str, Vec<u8>)]| {
        let mut out = vec![0xe0 | members.len() as u8];
        members.iter().for_each(|(name, value)| out.extend([text(name), value.clone()].concat()));
        out
    };
    let double = |n: f64| [&[0x68][..], &n.to_be_bytes()].concat();
    let number =
        |control: u8, n: u64, size: usize| [&[control | size as u8][..], &n.to_be_bytes()[8 - size..]].concat();
    let named = |name: &str| map(&[("names", map(&[("en", text(name))]))]);
    let record = map(&[
        ("city", named("Exampletown")),
        ("country", named("Exampleland")),
        ("location", map(&[("latitude", double(1.5)), ("longitude", double(-2.25))])),
    ]);
    let (nodes, network) = (24u32, 0xc000_0200u32);
    let mut bytes = Vec::new();
    for node in 0..nodes {
        let next = if node + 1 == nodes { nodes + 16 } else { node + 1 };
        let right = network >> (31 - node) & 1 == 1;
        for value in if right { [nodes, next] } else { [next, nodes] } {
            bytes.extend(&value.to_be_bytes()[1..]);
        }
    }
    bytes.extend([0; 16]);
    bytes.extend(record);
    bytes.extend(b"\xab\xcd\xefMaxMind.com");
    // Unsigned numbers of 16, 32 and, as an extended type, 64 bits.
    let wide = [&[0x08, 0x02][..], &[0; 8]].concat();
    bytes.extend(map(&[
        ("binary_format_major_version", number(0xa0, 2, 2)),
        ("binary_format_minor_version", number(0xa0, 0, 2)),
        ("build_epoch", wide),
        ("database_type", text("Test-City")),
        ("description", map(&[])),
        ("ip_version", number(0xa0, 4, 2)),
        ("languages", vec![0x00, 0x04]),
        ("node_count", number(0xc0, u64::from(nodes), 4)),
        ("record_size", number(0xa0, 24, 2)),
    ]));
    bytes
}

#[test]
fn places_come_from_the_database_that_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let query = "SigninLogs | extend g = geo_info_from_ip_address(IPAddress) | where g.country == 'Exampleland' \
                 | project City = tostring(g.city), Latitude = toreal(g.latitude)";
    let rule = write(folder.path(), "geo.kql", query);
    let database = write(folder.path(), "places.mmdb", places());
    let ran = run(["run", "--rules", &rule, "--geo-database", &database, "--shadow", "1"], signins()).ended(0);
    let alerts = ran.alerts();
    assert_eq!(
        alerts.iter().map(|a| &a["columns"]).collect::<Vec<_>>(),
        [&json!({"City": "Exampletown", "Latitude": 1.5})]
    );
    let value = |ip: &str| {
        let ran = run(["eval", "--geo-database", &database, &format!("geo_info_from_ip_address('{ip}')")], "").ended(0);
        ran.text().trim_end().to_owned()
    };
    let known = r#"{"value":{"country":"Exampleland","city":"Exampletown","latitude":1.5,"longitude":-2.25}}"#;
    assert_eq!(value("192.0.2.255"), known);
    assert_eq!(value("::ffff:192.0.2.1"), known);
    assert_eq!(value("198.51.100.1"), r#"{"value":{}}"#);
    assert_eq!(value("nowhere"), r#"{"value":null}"#);
    // Without it a rule is checked, and not run.
    assert!(run(["check", &rule], "").ended(0).text().contains("KT013"));
    let ran = run(["run", "--rules", &rule], signins()).ended(2);
    assert!(ran.text().is_empty() && ran.err.contains("geo_database"), "{}", ran.err);
    let ran = run(["run", "--rules", &rule, "--geo-database", &rule], signins()).ended(2);
    assert!(ran.err.contains("no MaxMind DB"), "{}", ran.err);
}

#[test]
fn user_agents_are_known_by_the_patterns_that_are_given() {
    let folder = tempfile::tempdir().unwrap();
    let query = "SigninLogs | extend a = parse_user_agent(UserAgent, dynamic(['browser', 'os'])) \
                 | where a.Browser.Family == 'Example Browser' \
                 | project Major = tostring(a.Browser.MajorVersion), System = tostring(a.OperatingSystem.Family)";
    let rule = write(folder.path(), "agents.kql", query);
    let patterns = write(
        folder.path(),
        "regexes.yaml",
        "user_agent_parsers:\n  - regex: '(Example Browser)/(\\d+)\\.(\\d+)'\n\
         os_parsers:\n  - regex: 'Example OS'\n    os_replacement: 'ExampleOS'\n    os_v1_replacement: '7'\n\
         device_parsers:\n  - regex: 'Handset (\\w+)'\n    device_replacement: 'Handset $1'\n    brand_replacement: 'Contoso'\n",
    );
    let records = r#"{"Type":"SigninLogs","TimeGenerated":"2024-01-01T00:00:00Z","UserAgent":"Mozilla (Example OS) Example Browser/12.5"}
{"Type":"SigninLogs","TimeGenerated":"2024-01-01T00:00:00Z","UserAgent":"curl/8"}
"#;
    let ran = run(["run", "--rules", &rule, "--user-agents", &patterns, "--shadow", "1"], records).ended(0);
    let alerts = ran.alerts();
    assert_eq!(
        alerts.iter().map(|a| &a["columns"]).collect::<Vec<_>>(),
        [&json!({"Major": "12", "System": "ExampleOS"})]
    );
    let value = |call: &str| {
        let ran = run(["eval", "--user-agents", &patterns, call], "").ended(0);
        ran.text().trim_end().to_owned()
    };
    assert_eq!(
        value("parse_user_agent('Handset X', 'device')"),
        r#"{"value":{"Device":{"Family":"Handset X","Brand":"Contoso","Model":"X"}}}"#
    );
    assert_eq!(
        value("parse_user_agent('curl/8', dynamic(['os', 'browser']))"),
        r#"{"value":{"Browser":{"Family":"Other","MajorVersion":"","MinorVersion":"","Patch":""},"OperatingSystem":{"Family":"Other","MajorVersion":"","MinorVersion":"","Patch":"","PatchMinor":""}}}"#
    );
    assert_eq!(value("parse_user_agent('curl/8', 'nothing')"), r#"{"value":null}"#);
    // Without them a rule is checked, and not run.
    assert!(run(["check", &rule], "").ended(0).text().contains("KT013"));
    let ran = run(["run", "--rules", &rule], records).ended(2);
    assert!(ran.text().is_empty() && ran.err.contains("user_agents"), "{}", ran.err);
    let ran = run(["run", "--rules", &rule, "--user-agents", &rule], records).ended(2);
    assert!(ran.err.contains("no patterns of user agents"), "{}", ran.err);
}

#[test]
fn the_clock_that_is_given_counts_in_what_is_computed_beforehand() {
    let query = "let limit = toscalar(print t = now()); print early = limit < datetime(2020-01-02)";
    let ran = run(["eval", "--query", "--now", "2020-01-01T00:00:00Z", query], "").ended(0);
    assert!(ran.text().contains("\"rows\":[[true]]"), "{}", ran.text());
}

#[test]
fn each_query_of_a_file_is_a_rule() {
    let folder = tempfile::tempdir().unwrap();
    let rules = write(
        folder.path(),
        "two.kql",
        "SigninLogs\n| where IPAddress == '192.0.2.7'\n\n// another\nSigninLogs\n| where IPAddress startswith '192'\n",
    );
    let ran = run(["run", "--rules", &rules], signins()).ended(0);
    let alerts = ran.alerts();
    let names: Vec<&str> = alerts.iter().map(|a| a["rule"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["two", "two (2)"]);
}
