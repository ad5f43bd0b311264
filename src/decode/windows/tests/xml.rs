//! Events as XML, in the spellings that there are of it.

use serde_json::{Value as Json, json};

use super::fixtures::{self, sysmon};
use super::{IMDS, decode, row};

#[test]
fn xml_in_every_spelling() {
    let event = |data: &str| {
        format!(
            "<?xml version=\"1.0\"?><e:Event xmlns:e='x'><e:System><e:Provider Name=\"Linux&#45;Sysmon\"/><e:EventID \
             Qualifiers=''>11</e:EventID><e:TimeCreated SystemTime='2026-11-24T08:00:00Z'></e:TimeCreated></e:System>\
             <e:EventData>{data}</e:EventData></e:Event>"
        )
    };
    // The declaration and a prefix are not what the log writes, and so nobody's.
    assert_eq!(decode(&event("-Sysmon")), Err("nobody's".to_owned()));
    let event = |data: &str| {
        format!(
            "<Event xmlns='x'><!-- c --><System><Provider Name='Microsoft-Windows-Sysmon'></Provider><EventID>11</EventID>\
             <TimeCreated SystemTime=\"2026-11-24T08:00:00Z\"/></System>\
             <UserData><Data Name='TargetFilename'>no</Data></UserData><EventData>{data}</EventData></Event> #015"
        )
    };
    let cases = [
        (r#"<Data Name="TargetFilename">C:\a&amp;b\&lt;c&gt;&#x41;&#66;&quot;</Data>"#, Some(r#"C:\a&b\<c>AB""#)),
        (r"<Data Name='TargetFilename'><![CDATA[C:\<a>&amp;]]>b</Data>", Some(r"C:\<a>&amp;b")),
        ("<Data Name='TargetFilename'>&lt unknown&gt </Data>", Some("<unknown>")),
        ("<Data Name='TargetFilename'>a<!-- c -->b<x>no</x></Data>", Some("ab")),
        ("<Data Name='TargetFilename'></Data><Data Name='TargetFilename'/><Data>x</Data>", None),
        ("<Data Name='TargetFilename'>-</Data>", None),
        ("<x><Data Name='TargetFilename'>deeper</Data></x>", Some("deeper")),
    ];
    for (data, expected) in cases {
        assert_eq!(row(&event(data)).get("FolderPath").and_then(Json::as_str), expected, "{data}");
    }
    assert_eq!(row(&event(""))["Timestamp"], "2026-11-24T08:00:00.0000000Z");
    // What is read in one go and what piece by piece is the same.
    let line = fixtures::event_xml(&sysmon(3, IMDS));
    assert_eq!(row(&line), row(&line.replace("<Data Name", "<Data  Name")));
    assert_eq!(row(&line), row(&line.replace("</Data>", "</Data >\n")));
    // Two events in a line; the first is none that is wanted.
    let two = event("").replace("<EventID>11", "<EventID>7") + &event("<Data Name='TargetFilename'>second</Data>");
    assert_eq!(row(&two)["FolderPath"], "second");
}

#[test]
fn xml_that_is_cut_keeps_what_came_before_and_malformed_xml_says_so() {
    let line = fixtures::event_xml(&sysmon(3, IMDS));
    let cut = &line[..line.find("</Data><Data Name='DestinationPort'>").unwrap()];
    let found = row(cut);
    assert_eq!((&found["RemoteIP"], found.get("RemoteUrl")), (&json!("169.254.169.254"), None));
    let early = &line[..line.find("</EventID>").unwrap()];
    assert!(decode(early).unwrap_err().contains("was the line cut?"));
    for (from, to) in [("tcp</Data>", "tcp</Date>"), ("tcp</Data>", "&nosuch;</Data>"), ("tcp</Data>", "&#xZ;</Data>")]
    {
        let why = decode(&line.replace(from, to)).unwrap_err();
        assert!(why.starts_with("the event cannot be read: the XML is malformed"), "{why}");
    }
}

#[test]
fn the_last_event_of_a_text_is_known() {
    let event = fixtures::event_xml(&sysmon(11, &[("TargetFilename", "/x")]));
    let unwanted = fixtures::event_xml(&sysmon(7, IMDS));
    for line in [
        format!("{event} & <what a daemon adds>"),
        format!("<Events>{unwanted}{event}</Events>"),
        event.replace("<Event ", "<Event\t"),
        format!("{unwanted}\n{}", event.replace("<Event ", "<Event\r\n")),
    ] {
        assert_eq!(row(&line)["FolderPath"], "/x");
    }
    assert_eq!(decode(&format!("{unwanted} & <what a daemon adds>")), Ok(Vec::new()));
}

#[test]
fn xml_may_be_indented() {
    let line = fixtures::event_xml(&sysmon(3, IMDS));
    let raw = |xml: &str| {
        let properties = json!({"ProviderName": "Microsoft-Windows-Sysmon", "EventId": 3, "RawXml": xml});
        json!({"category": "WindowsEventLogsTable", "properties": properties}).to_string()
    };
    let table = |xml: &str| {
        json!({"Source": "Microsoft-Windows-Sysmon", "Computer": "x", "EventID": 3, "EventData": xml, "Type": "Event"})
            .to_string()
    };
    let data = &line[line.find("<EventData>").unwrap()..line.find("</Event>").unwrap()];
    for (from, to) in [("><", ">\r\n  <"), ("><", "> x <"), ("</Data><", "</Data>\n & <")] {
        assert_eq!(row(&line), row(&line.replace(from, to)), "{to:?}");
        assert_eq!(row(&raw(&line)), row(&raw(&line.replace(from, to))), "{to:?}");
        assert_eq!(row(&table(data)), row(&table(&data.replace(from, to))), "{to:?}");
    }
}

#[test]
fn system_in_every_spelling() {
    let line = fixtures::event_xml(&sysmon(3, IMDS));
    for (from, to) in [
        ("<Provider ", "<Provider  "),
        ("<Provider Name=", "<Provider a='>' Name="),
        ("Name='Microsoft-", "Name='Microsoft&#45;"),
        ("<EventID>", "<EventID >"),
        ("<EventID>3<", "<EventID>&#51;<"),
        ("<EventID>3<", "<EventID><x>4</x>3<"),
        ("<EventID>", "<EventID Qualifiers=\"\">"),
        ("<Correlation/>", "<Correlation a=''></Correlation>"),
        ("<Correlation/>", "<a:Correlation/>"),
        ("<Version>5</Version>", "<Version/>"),
    ] {
        assert!(line.contains(from), "{from}");
        assert_eq!(row(&line), row(&line.replacen(from, to, 1)), "{to}");
    }
}
