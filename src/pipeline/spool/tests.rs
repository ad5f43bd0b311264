//! The spool against a list in memory, with crashes at every byte.

#![allow(clippy::unwrap_used)]

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;

const MAX: u64 = 4096;

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<u8>),
    /// So many records more have been received.
    Receive(usize),
    /// The process ends in good order.
    Reopen,
    /// The process dies while the last bytes are being written, so many of which are there.
    Crash(prop::sample::Index),
    /// As does the machine, or whoever stores the place: it is gone.
    LosePosition,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        10 => prop::collection::vec(any::<u8>(), 0..700).prop_map(Step::Append),
        4 => (0usize..5).prop_map(Step::Receive),
        1 => Just(Step::Reopen),
        3 => any::<prop::sample::Index>().prop_map(Step::Crash),
        1 => Just(Step::LosePosition),
    ];
    prop::collection::vec(step, 0..60)
}

/// What is in the spool from a place on.
fn rest(spool: &Spool, mut at: Position) -> Vec<(Record, Position)> {
    let mut records = Vec::new();
    while let Some((record, behind)) = spool.read(at).unwrap() {
        at = behind;
        records.push((record, behind));
    }
    records
}

fn last_segment(folder: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|e| e == "segment")).max()
}

/// What the list says of some steps, the spool does.
fn agrees(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let open = || Spool::open(folder.path(), MAX, false).unwrap();
    let mut spool = open();
    // All records that may still have to be there, and how many of them have been received.
    let (mut model, mut received) = (Vec::<(Record, Position)>::new(), 0);
    let mut number = 0;
    for step in steps {
        let opens = !matches!(step, Step::Append(_) | Step::Receive(_));
        match step {
            Step::Append(bytes) => {
                number += 1;
                let size = spool.size() + (HEADER + bytes.len()) as u64;
                match spool.append(&bytes, number) {
                    Ok(()) => {
                        prop_assert!(size <= MAX);
                        let (record, behind) = rest(&spool, spool.received()).pop().unwrap();
                        prop_assert_eq!(&record, &Record { bytes, alerts: number });
                        model.push((record, behind));
                    }
                    Err(AppendError::Full) => prop_assert!(size > MAX),
                    Err(error) => prop_assert!(false, "{error:?}"),
                }
            }
            Step::Receive(more) => {
                let before = received;
                received = (received + more).min(model.len());
                if received > before {
                    spool.receive(model[received - 1].1).unwrap();
                }
            }
            Step::Reopen => {
                spool.store().unwrap();
                drop(spool);
                spool = open();
            }
            Step::Crash(at) => {
                drop(spool);
                if let Some(path) = last_segment(folder.path()) {
                    let length = std::fs::metadata(&path).unwrap().len();
                    let cut = at.index(usize::try_from(length).unwrap() + 1) as u64;
                    OpenOptions::new().write(true).open(&path).unwrap().set_len(cut).unwrap();
                    let number = Segment::number(path.file_name().unwrap().to_str().unwrap()).unwrap();
                    let torn = |p: &Position| p.segment == number && p.offset > cut;
                    model.retain(|(_, behind)| !torn(behind));
                }
                spool = open();
            }
            Step::LosePosition => {
                drop(spool);
                let _ = std::fs::remove_file(folder.path().join("position"));
                spool = open();
            }
        }
        received = received.min(model.len());
        // What is read is the end of the list: all of it that was not received, and perhaps some that was.
        let found = rest(&spool, spool.received());
        prop_assert!(found.len() >= model.len() - received, "{} of {}", found.len(), model.len() - received);
        prop_assert!(found.len() <= model.len());
        prop_assert_eq!(&found[..], &model[model.len() - found.len()..]);
        prop_assert!(spool.size() <= MAX);
        if opens {
            // Whoever sends begins with what was found; segments may hold more before it.
            model = rest(&spool, Position::default());
            received = model.len() - found.len();
        }
    }
    // Once all has been received there is nothing, and room for everything.
    if let Some((_, end)) = model.last() {
        spool.receive(*end).unwrap();
        prop_assert_eq!(spool.size(), 0);
    }
    prop_assert_eq!(last_segment(folder.path()), None);
    Ok(())
}

proptest! {
    #[test]
    fn nothing_is_lost_but_what_was_torn_or_received(steps in steps()) {
        agrees(steps)?;
    }
}

/// All was received, and the place is lost: numbers begin again, and what the list knew of places before is void. A list that
/// went on with them told the spool that a record had been received which was yet to be put in.
#[test]
fn a_spool_that_is_empty_and_lost_its_place_begins_again() {
    let steps = vec![
        Step::Append(Vec::new()),
        Step::Receive(1),
        Step::LosePosition,
        Step::Receive(0),
        Step::Append(Vec::new()),
    ];
    agrees(steps).unwrap();
}

#[test]
fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = Spool::open(folder.path(), MAX, true).unwrap();
    let refused = Spool::open(folder.path(), MAX, true).err().unwrap();
    assert!(refused.contains("in use by another process"), "{refused}");
    drop(first);
    Spool::open(folder.path(), MAX, true).unwrap();
}

#[test]
fn what_can_never_fit_is_told_from_what_does_not_fit_now() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(folder.path(), MAX, true).unwrap();
    let largest = vec![b'x'; usize::try_from(MAX / SHARE).unwrap() - HEADER];
    for _ in 0..SHARE {
        spool.append(&largest, 1).unwrap();
    }
    assert!(matches!(spool.append(b"", 0), Err(AppendError::Full)));
    assert!(matches!(spool.append(&[&largest, &b"y"[..]].concat(), 1), Err(AppendError::TooLarge)));
}

/// A byte that has turned is noticed, whether the file is read from the disk anew or was open all the time.
#[test]
fn damage_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(folder.path(), MAX, true).unwrap();
    for text in ["one\n", "two\n", "three\n"] {
        spool.append(text.as_bytes(), 1).unwrap();
    }
    let path = last_segment(folder.path()).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(3).position(|w| w == b"two").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let (_, behind) = spool.read(Position::default()).unwrap().unwrap();
    assert_eq!(spool.read(behind).unwrap_err().kind(), ErrorKind::InvalidData);
    drop(spool);
    let spool = Spool::open(folder.path(), MAX, true).unwrap();
    let found: Vec<_> = rest(&spool, spool.received()).into_iter().map(|(record, _)| record.bytes).collect();
    assert_eq!(found, [&b"one\n"[..], b"three\n"]);
}

/// Whatever byte has turned, one record is lost and no other; nothing is cut off that stands behind it.
#[test]
fn damage_does_not_take_what_stands_behind_it() {
    let texts = ["one\n", "two and more\n", "three\n", "four\n"];
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(folder.path(), MAX, false).unwrap();
    let mut ends = Vec::new();
    for text in texts {
        spool.append(text.as_bytes(), 1).unwrap();
        ends.push(usize::try_from(spool.size()).unwrap());
    }
    let path = last_segment(folder.path()).unwrap();
    let whole = std::fs::read(&path).unwrap();
    drop(spool);
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        std::fs::write(&path, &bytes).unwrap();
        let lost = ends.iter().filter(|end| **end <= at).count();
        let mut expected = texts.to_vec();
        expected.remove(lost);
        // Opened twice: the first time leaves the damage where it is.
        for _ in 0..2 {
            let spool = Spool::open(folder.path(), MAX, false).unwrap();
            let found: Vec<_> = rest(&spool, spool.received()).into_iter().map(|(record, _)| record.bytes).collect();
            assert_eq!(found, expected.iter().map(|text| text.as_bytes()).collect::<Vec<_>>(), "byte {at}");
            // A place within the damage, which was stored before, is behind it.
            let within = Position { segment: 1, offset: at as u64 };
            if lost < texts.len() - 1 {
                assert_eq!(rest(&spool, within).len(), texts.len() - 1 - lost, "byte {at}");
            }
        }
    }
}
