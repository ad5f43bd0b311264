//! Rows that are noted while they are written are the same records as those that are read from what was written.

use std::path::Path;
use std::sync::Arc;

use super::super::auditd::{Joined, Joiner};
use super::super::*;
use crate::record::{Decoder, Layout, Limits, Record, Routed, TableColumns};
use crate::schema::{Catalog, Column};

/// All columns of the tables that have rows of senders', and a few that none declares.
fn layout() -> Arc<Layout> {
    let catalog = Catalog::builtin();
    let columns = |name: &str| {
        let table = catalog.table(name).unwrap();
        let own = |name: &str| Column { name: name.to_owned(), members: Vec::new(), ..table.columns[0].clone() };
        let columns = table.columns.iter().cloned().chain(["Type", "kqltap_event", "properties"].map(own)).collect();
        TableColumns { table, columns }
    };
    Arc::new(Layout::new(&catalog, &TABLES.map(columns), None))
}

fn shown(layout: &Layout, record: &Record<'_>) -> String {
    let Routed::Table(table) = record.routed else { panic!("{record:?}") };
    let cells: Vec<_> = (0..layout.tables()[table].columns.len()).map(|slot| record.cell(slot)).collect();
    format!("{} {table} {} {} {cells:?}", record.index, record.text(), record.payload())
}

/// How many rows there were.
fn compare(layout: &Arc<Layout>, rows: &Rows) -> usize {
    let mut decoder = Decoder::new(layout.clone(), Limits::default());
    let read = decoder.decode(rows.json().as_bytes()).unwrap();
    let Some(written) = rows.records() else { return 0 };
    let all = |records: &mut dyn Iterator<Item = Record<'_>>| -> Vec<String> {
        records.map(|record| shown(layout, &record)).collect()
    };
    assert_eq!(all(&mut written.iter()), all(&mut read.iter()));
    assert_eq!(written.len(), rows.events().len());
    written.len()
}

/// What rules read of the rows, whole or bare.
fn values(layout: &Layout, rows: &Rows) -> Vec<String> {
    let value = |record: &Record<'_>, slot| {
        record.cell(slot).as_string().map_or_else(|| format!("{:?}", record.cell(slot)), |text| format!("{text:?}"))
    };
    let row = |record: Record<'_>| {
        let Routed::Table(table) = record.routed else { panic!("{record:?}") };
        let slots = 0..layout.tables()[table].columns.len();
        format!("{table} {:?}", slots.map(|slot| value(&record, slot)).collect::<Vec<_>>())
    };
    rows.records().into_iter().flat_map(|records| records.iter().map(row).collect::<Vec<_>>()).collect()
}

#[test]
fn bare_rows_have_what_whole_ones_have() {
    let all = layout();
    // A rule seldom reads more than a few columns.
    let few = |name: &str| {
        let table = Catalog::builtin().table(name).unwrap();
        let columns = table.columns.iter().filter(|column| column.name.ends_with('e')).cloned().collect();
        TableColumns { table, columns }
    };
    let few = Arc::new(Layout::new(&Catalog::builtin(), &TABLES.map(few), None));
    let mut rows = 0;
    for layout in [all, few] {
        let decoders = || Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 64).noting(layout.clone());
        let (mut whole, mut bare) = (decoders(), decoders());
        bare.be_bare(true);
        let mut compare = |whole: Decoded<'_>, bare: Decoded<'_>| match (whole, bare) {
            (Decoded::Rows(whole), Decoded::Rows(bare)) => {
                rows += whole.events().len();
                assert_eq!(values(&layout, bare), values(&layout, whole), "{}", whole.json());
                let counts = |rows: &Rows| (rows.events().len(), rows.taken(), rows.faults().len(), rows.is_bare());
                let (length, taken, faults, _) = counts(whole);
                assert_eq!(counts(bare), (length, taken, faults, true));
                assert_eq!(bare.records().is_some(), whole.records().is_some());
            }
            (whole, bare) => assert_eq!(told(&whole), told(&bare)),
        };
        let mut paths = Vec::new();
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/records"), &mut paths);
        for text in paths.into_iter().map(|path| std::fs::read(path).unwrap()) {
            let (mut joiner, mut joined) = (Joiner::default(), Joined::default());
            joiner.block(&text, usize::MAX, &mut joined);
            joiner.end(text.len(), &mut joined);
            for event in joined.events().iter().map(|event| joined.records(event)) {
                compare(whole.decode_joined(event), bare.decode_joined(event));
            }
            for line in text.split(|byte| *byte == b'\n') {
                compare(whole.decode(line), bare.decode(line));
            }
        }
    }
    assert!(rows > 400, "{rows}");
}

fn told(decoded: &Decoded<'_>) -> String {
    match decoded {
        Decoded::Nobodys => "nobody's".to_owned(),
        Decoded::Malformed(why) => why.clone(),
        Decoded::Rows(rows) => format!("{} {:?} {} {:?}", rows.json(), rows.events(), rows.taken(), rows.faults()),
    }
}

pub(super) fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn bare_rows_have_what_decides_and_no_more() {
    let catalog = Catalog::builtin();
    let table = catalog.table("DeviceFileEvents").unwrap();
    let columns = ["FileName", "FolderPath", "Timestamp"];
    let columns: Vec<Column> =
        columns.iter().map(|name| table.columns.iter().find(|column| column.name == *name).unwrap().clone()).collect();
    let layout = Layout::new(&catalog, &[TableColumns { table, columns }], None);
    let layout = Arc::new(layout.deciding(vec![vec![false, true, false]]));
    let mut decoders = Decoders::new(Choice::Auto, vec!["DeviceFileEvents".to_owned()], 64).noting(layout);
    let line = br#"{"rule":"r","output_fields":{"evt.type":"openat","fd.name":"/x/y"},"time":"2026-11-24T08:00:10Z"}"#;
    for (is_bare, filled) in [(true, [false, true, false]), (false, [true; 3])] {
        decoders.be_bare(is_bare);
        let Decoded::Rows(rows) = decoders.decode(line) else { panic!() };
        let records = rows.records().unwrap();
        let record = records.iter().next().unwrap();
        assert_eq!([0, 1, 2].map(|slot| record.cell(slot).as_string().is_some()), filled);
    }
}

#[test]
fn rows_are_noted_as_they_would_be_read() {
    let layout = layout();
    let mut decoders = Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 64).noting(layout.clone());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    files(&root.join("examples/records"), &mut all);
    files(&root.join("tests/captures"), &mut all);
    let mut senders = std::collections::BTreeSet::new();
    let (mut rows, mut objects) = (0, 0);
    for path in all {
        let text = std::fs::read(&path).unwrap();
        let (mut joiner, mut joined) = (Joiner::default(), Joined::default());
        joiner.block(&text, usize::MAX, &mut joined);
        joiner.end(text.len(), &mut joined);
        let mut note = |decoded: Decoded<'_>| {
            if let Decoded::Rows(found) = decoded {
                rows += compare(&layout, found);
                senders.extend(found.events().iter().map(|event| event.decoder));
            }
        };
        joined.events().iter().for_each(|event| note(decoders.decode_joined(joined.records(event))));
        for line in text.split(|byte| *byte == b'\n') {
            note(decoders.decode(line));
            // What an object's members say of it leads to the same.
            let Some(taken) = decoders.decode_object(line) else { continue };
            objects += 1;
            let found = told(&decoders.decoded(taken));
            assert_eq!(found, told(&decoders.decode(line)), "{}", path.display());
        }
    }
    assert!(rows > 200 && objects > 50 && senders.len() == SENDERS.len(), "{rows} {objects} {senders:?}");
}

#[test]
fn what_is_a_row_itself_is_not_taken_for_its_members() {
    let mut decoders = Decoders::new(Choice::Auto, TABLES.map(str::to_owned).to_vec(), 64).noting(layout());
    let laurel = r#"{"ID":"1795453547.993:32","SYSCALL":{"syscall":59},"EXECVE":{"ARGV":["a"]}"#;
    let is_taken = |decoders: &mut Decoders, rest: &str| {
        // It is asked for by whose the line before was.
        assert!(matches!(decoders.decode(format!("{laurel}}}").as_bytes()), Decoded::Rows(_)));
        decoders.decode_object(format!("{laurel}{rest}}}").as_bytes()).is_some()
    };
    assert!(is_taken(&mut decoders, ""));
    assert!(is_taken(&mut decoders, r#","Type":"Syslog""#));
    for rest in [
        r#","Type":"DeviceFileEvents""#,
        r#","T\u0079pe":"AlertInfo""#,
        r#","category":"AuditLogs""#,
        r#","records":[{}]"#,
        r#","x":"#,
    ] {
        assert!(!is_taken(&mut decoders, rest), "{rest}");
    }
}
