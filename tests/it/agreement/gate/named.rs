//! What was, or could be, a hole: each with a name.

use std::sync::Arc;

use kqltap::decode::markers;
use kqltap::matcher::gate::Gate;
use kqltap::matcher::{GatePlan, Matcher, Path, Ruleset};
use kqltap::record::Limits;

use super::{CATALOG, HARMLESS, bound, candidates, has_alert};

/// A gate from its rule's filter, an alert, and a candidate.
fn is_let_through(predicate: &str, members: &str) {
    let query = format!("DeviceFileEvents | where {predicate}");
    // With a default table nothing need name the table, so that the filter's literals are all that the gate has.
    let ruleset = Ruleset::new(vec![bound(&query).expect("binds")], &CATALOG, Some("DeviceFileEvents")).unwrap();
    let line = format!("{{{members}}}");
    let ruleset = Arc::new(ruleset);
    let mut matcher = Matcher::new(ruleset.clone(), Limits::default(), Path::Plain);
    assert!(has_alert(&mut matcher, &line).unwrap(), "{predicate} does not match {line}");
    if let GatePlan::On(gate) = &ruleset.gate {
        for gate in [gate, &Gate::portable(gate.literals().to_vec())] {
            let found = candidates(gate, line.as_bytes()).0;
            assert_eq!(found.len(), 1, "{predicate} with {:?} keeps back {line}", gate.literals());
        }
    }
}

#[test]
fn what_json_writes_anew_is_no_literal() {
    for (predicate, members) in [
        // A number has many spellings.
        ("AdditionalFields.a == '1000'", r#""AdditionalFields":{"a":1e3}"#),
        ("AdditionalFields has '1.5'", r#""AdditionalFields":{"a":1.50}"#),
        ("AdditionalFields has_any (1000, 20000)", r#""AdditionalFields":"{\"a\":1.0e3}""#),
        ("tostring(AdditionalFields.a) startswith '-0.0012'", r#""AdditionalFields":{"a":-1.20e-3}"#),
        ("AdditionalFields contains 'E+20'", r#""AdditionalFields":{"a":100000000000000000000}"#),
        ("parse_json(FileName) has '1000'", r#""FileName":"[1e3]""#),
        // Punctuation may have white space around it.
        ("AdditionalFields contains ':1000'", r#""AdditionalFields":{"a" : 1000}"#),
        ("AdditionalFields contains ':true,'", r#""AdditionalFields":{"a":true , "b":1}"#),
        ("AdditionalFields contains '},{'", r#""AdditionalFields":[{}, {}]"#),
        ("AdditionalFields contains '[1,2,3]'", r#""AdditionalFields":[1, 2, 3]"#),
        ("AdditionalFields contains ':[],'", r#""AdditionalFields":{"a":[ ],"b":1}"#),
        ("AdditionalFields contains 'null,'", r#""AdditionalFields":[null ,1]"#),
        ("tostring(parse_json(FileName)) contains '1,2,3'", r#""FileName":"[ 1, 2, 3 ]""#),
    ] {
        is_let_through(predicate, members);
    }
}

#[test]
fn an_escape_that_json_writes_anew_may_begin_a_literal() {
    for control in ["000a", "000A"] {
        for (predicate, field) in [
            ("AdditionalFields contains 'nMail.Read'", r#"{"a":"x\uXXXXMail.Read"}"#),
            ("AdditionalFields contains '\\\\nMail.Read'", r#"{"a":"x\uXXXXMail.Read"}"#),
            ("tostring(AdditionalFields) contains 'nMail.Read'", r#""{\"a\":\"x\\uXXXXMail.Read\"}""#),
        ] {
            is_let_through(predicate, &format!("\"AdditionalFields\":{}", field.replace("XXXX", control)));
        }
    }
    for (needle, control) in
        [("tMail.Read", "0009"), ("rMail.Read", "000d"), ("bMail.Read", "0008"), ("fMail.Read", "000c")]
    {
        let predicate = format!("AdditionalFields contains '{needle}'");
        is_let_through(&predicate, &format!("\"AdditionalFields\":{{\"a\":\"x\\u{control}Mail.Read\"}}"));
    }
    // These have one spelling only.
    is_let_through("AdditionalFields contains 'u001Fmail'", r#""AdditionalFields":{"a":"\u001FMail"}"#);
    is_let_through("FileName contains 'u000amail'", r#""FileName":{"a":"\u000aMail"}"#);
}

#[test]
fn escapes_inside_escapes_are_seen() {
    for spelt in [
        r#""{\"a\":\"\\u0068osts.yml\"}""#,
        r#""{\"a\":\"\u005cu0068osts.yml\"}""#,
        r#""{\"a\":\"\\\u0075\u0030068osts.yml\"}""#,
        r#""\u007b\u0022\u0061\u0022:\"\\u\u0030\u0030\u0036\u0038osts.yml\"}""#,
        r#"{"a":"hosts\u002Eyml"}"#,
        r#"{"\u0061":"HOSTS.YM\u004c"}"#,
    ] {
        is_let_through("AdditionalFields.a has 'hosts.yml'", &format!("\"AdditionalFields\":{spelt}"));
    }
    is_let_through("AdditionalFields has '/var/run'", r#""AdditionalFields":"[\"\\\/var\\/run\"]""#);
    is_let_through("AdditionalFields has '/var/run'", r#""AdditionalFields":"[\"\/var\u005c/run\"]""#);
    is_let_through(
        "tostring(parse_json(tostring(parse_json(FileName).a)).b) == 'secret'",
        r#""FileName":"{\"a\":\"{\\\"b\\\":\\\"\\\\u0073ecret\\\"}\"}""#,
    );
}

#[test]
fn a_filter_that_may_hold_without_its_needle_has_no_literal() {
    for (predicate, members) in [
        ("not(FileName has 'needle')", r#""FileName":"other""#),
        ("FileName !contains 'needle'", r#""FileName":"other""#),
        ("FileName !in ('needle')", r#""FileName":"other""#),
        ("FileName in ('needle', '')", r#""FolderPath":"other""#),
        ("FileName has_any ('needle', '')", r#""FolderPath":"other""#),
        ("FileName has_all ('', dynamic([]))", r#""FolderPath":"other""#),
        ("FileName contains ''", r#""FolderPath":"other""#),
        ("iff(FileName has 'needle', false, true)", r#""FileName":"other""#),
        ("FileName has 'needle' or FileSize == 1000", r#""FileSize":1e3"#),
        ("FileName has 'needle' or FileSize between (900 .. 1100)", r#""FileSize":"1000""#),
        ("tolower(FileName) == 'needle' or FolderPath has 'needle'", r#""FileName":"NEEDLE""#),
        ("strcat(FileName, FolderPath) has 'needle'", r#""FileName":"nee","FolderPath":"dle""#),
        ("strcat(FileName, '-needle') has 'needle'", r#""FileName":"""#),
        ("replace_string(FileName, 'x', 'needle') has 'needle'", r#""FileName":"x""#),
        ("coalesce(FileName, 'needle') == 'needle'", r#""FileName":"""#),
        ("column_ifexists('Nothing', 'needle') == 'needle'", r#""FileName":"""#),
        ("tostring(FileSize) has '1000'", r#""FileSize":1e3"#),
        ("tostring(Timestamp) has '2024'", r#""Timestamp":"\/Date(1704067200000)\/","TimeGenerated":"1\/1\/2024""#),
        ("AdditionalFields.none in ('needle', '')", r#""AdditionalFields":{}"#),
        ("FileSize in (1000, 42)", r#""FileSize":"0x3e8""#),
    ] {
        let query = format!("DeviceFileEvents | where {predicate}");
        let ruleset = Ruleset::new(vec![bound(&query).expect("binds")], &CATALOG, Some("DeviceFileEvents")).unwrap();
        assert!(matches!(ruleset.gate, GatePlan::Off(_)), "{predicate} has a gate: {:?}", ruleset.gate);
        if !predicate.contains("Timestamp") {
            is_let_through(predicate, members);
        }
    }
}

#[test]
fn what_stands_in_the_line_is_looked_for() {
    for (predicate, literals) in [
        ("FileName has '1000'", vec!["1000"]),
        ("FileName has_any (10000, 'Hosts.yml')", vec!["10000", "hosts.yml"]),
        ("FolderPath contains @'C:\\Users\\someone'", vec!["someone"]),
        ("FileName has 'one' and FolderPath has 'a longer text'", vec!["a longer text"]),
        ("FileName has 'abcd' or FolderPath has 'xabcdx'", vec!["abcd"]),
        ("AdditionalFields has 'http://192.0.2.1/'", vec!["http://192.0.2.1/"]),
        ("AdditionalFields.a.b == 'É-Kelvin'", vec!["-kelvin"]),
        ("FileName =~ '\\u212aelvin'", vec!["elvin"]),
        ("FileName has 'needle' and false", vec![]),
    ] {
        let query = format!("DeviceFileEvents | where {predicate}");
        let ruleset = Ruleset::new(vec![bound(&query).expect("binds")], &CATALOG, Some("DeviceFileEvents")).unwrap();
        match &ruleset.gate {
            // Behind the markers of senders, which every gate over these tables looks for.
            GatePlan::On(gate) => {
                let is_marker = |literal: &&String| markers().any(|marker| marker.text == **literal);
                let own: Vec<&String> = gate.literals().iter().filter(|l| !is_marker(l)).collect();
                assert_eq!(own, literals.iter().collect::<Vec<_>>(), "{predicate}");
                assert!(gate.literals().len() > own.len(), "{predicate}");
            }
            GatePlan::Off(why) => panic!("{predicate}: {why}"),
        }
    }
}

/// A filter without a literal: what names the table must stand in the line, however the table is named.
#[test]
fn a_table_is_named_in_each_of_its_ways() {
    let rule = bound("AuditLogs | where not(Result has 'never')").expect("binds");
    let ruleset = Arc::new(Ruleset::new(vec![rule], &CATALOG, None).unwrap());
    let GatePlan::On(gate) = &ruleset.gate else { panic!("{:?}", ruleset.gate) };
    let mut matcher = Matcher::new(ruleset.clone(), Limits::default(), Path::Plain);
    for line in [
        r#"{"Type":"AuditLogs"}"#,
        r#"{"T\u0079pe":"\u0041uditLogs"}"#,
        r#"{"category":"auditlogs","properties":{}}"#,
        r#"{"category":"AUDITLOGS","properties":"{}"}"#,
        r#"{"category":"AdvancedHunting-AuditLogs","properties":{}}"#,
        r#"{"OperationName":1,"InitiatedBy":2,"TargetResources":3,"Category":4}"#,
        r#"{"activityDisplayName":1,"initiatedBy":2,"targetResources":3}"#,
        r#"{"activityDi\u0073playName":1,"\u0069nitiatedBy":2,"target\u0052esources":3}"#,
    ] {
        assert!(has_alert(&mut matcher, line).unwrap(), "{line} is no row of AuditLogs");
        assert_eq!(candidates(gate, line.as_bytes()).0.len(), 1, "{:?} keeps back {line}", gate.literals());
    }
    assert_eq!(candidates(gate, br#"{"Type":"SigninLogs","OperationName":"Sign-in"}"#).0, []);
}

/// Backslashes before `u` that are no escapes, and escapes of what no literal has: the gate must not let these through.
#[test]
fn harmless_lines_are_kept_back() {
    let page = std::fs::read_to_string(crate::tap::page_rule()).unwrap();
    let ruleset = Ruleset::new(vec![bound(&page).expect("binds")], &CATALOG, None).unwrap();
    let GatePlan::On(gate) = &ruleset.gate else { panic!("{:?}", ruleset.gate) };
    let block = HARMLESS.join("\n").repeat(3);
    for gate in [gate, &Gate::portable(gate.literals().to_vec())] {
        assert_eq!(candidates(gate, block.as_bytes()), (vec![], 3 * (HARMLESS.len() as u64 - 1) + 1));
        // The same with one escape that may spell a literal.
        let escaped = block.replace(r"\u0022quoted", r"\u0068osts.yml");
        assert_eq!(candidates(gate, escaped.as_bytes()).0.len(), 3);
    }
}
