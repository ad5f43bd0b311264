//! What senders take has a member by which it is theirs.

use std::path::Path;

use super::super::tree::parse;
use super::super::*;
use super::written::files;

#[test]
fn whatever_a_sender_takes_has_one_of_its_members() {
    let members = Members::new();
    let (mut room, mut taken) = (Room::default(), [0; 64]);
    let mut look = |text: &str| {
        let Ok(node) = parse(text, 64, &mut room) else { return };
        let found = members.senders(node);
        for (at, sender) in SENDERS.iter().enumerate() {
            let Form::Object { decode, .. } = sender.form else { continue };
            let mut rows = Rows::of_tables(TABLES.map(str::to_owned).to_vec());
            if decode(node, &Around::default(), &mut rows) != Taken::No {
                assert!(found & (1 << at) != 0, "{}: {text}", sender.name);
                taken[at] += 1;
            }
        }
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    files(&root.join("examples/records"), &mut all);
    files(&root.join("tests/captures"), &mut all);
    let texts = all.into_iter().map(|path| std::fs::read(path).unwrap());
    let lines: Vec<String> =
        texts.flat_map(|text| String::from_utf8_lossy(&text).lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    for line in lines.iter().filter(|line| line.starts_with('{')) {
        look(line);
        // A sender may ask for less than its records have, and for names with dots as well as for objects.
        let mut room = Room::default();
        let Ok(node) = parse(line, 64, &mut room) else { continue };
        let written = |member: Node<'_>| format!("\"{}\":{}", member.name(), json(member));
        for left_out in 0..node.children().count() {
            let rest = node.children().enumerate().filter(|(at, _)| *at != left_out).map(|(_, member)| written(member));
            look(&format!("{{{}}}", rest.collect::<Vec<_>>().join(",")));
        }
        let flat = node.children().flat_map(|member| match member.is_object() {
            true => member
                .children()
                .map(|inner| format!("\"{}.{}\":{}", member.name(), inner.name(), json(inner)))
                .collect(),
            false => vec![written(member)],
        });
        look(&format!("{{{}}}", flat.collect::<Vec<_>>().join(",")));
    }
    let objects = SENDERS.iter().enumerate().filter(|(_, sender)| matches!(sender.form, Form::Object { .. }));
    for (at, sender) in objects {
        assert!(taken[at] > 0, "{}", sender.name);
    }
}

#[test]
fn a_member_that_is_spelt_with_an_escape_may_be_anybodys() {
    let mut decoders = Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 64);
    let line = r#"{"r\u0075le":"x","output_fields":{"evt.type":"openat","fd.name":"/x"}}"#;
    assert!(matches!(decoders.decode(line.as_bytes()), Decoded::Rows(rows) if rows.events().len() == 1));
}

/// A value as it is written, a string in its quotes.
fn json(node: Node<'_>) -> String {
    let start = node.raw().as_ptr() as usize - node.source().as_ptr() as usize;
    match node.source()[..start].ends_with('"') {
        true => format!("\"{}\"", node.raw()),
        false => node.raw().to_owned(),
    }
}
