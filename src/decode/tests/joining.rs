//! Records that belong together, in one line.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::auditd::{Joined, Joiner};
use super::auditd::join as whole;

/// A name, records (machine, type, stamp), and what becomes of them.
type Case<'c> = (&'c str, &'c [(&'c str, &'c str, &'c str)], &'c str);

/// The events of blocks, a line each: the line of the input, from 1, that made it complete (`e` for its end), `*` if it has a
/// record of it, and the records with `~` before each.
fn join(blocks: &[&[u8]]) -> String {
    let mut joiner = Joiner::default();
    let (mut text, mut before) = (String::new(), 0);
    for (number, block) in blocks.iter().enumerate() {
        let mut joined = Joined::default();
        joiner.block(block, usize::MAX, &mut joined);
        if number + 1 == blocks.len() {
            joiner.end(block.len(), &mut joined);
        }
        for event in joined.events() {
            let line = before + block[..event.at].iter().filter(|byte| **byte == b'\n').count() + 1;
            let line = if event.at == block.len() { "e".to_owned() } else { line.to_string() };
            let records: Vec<&str> = joined.records(event).lines().collect();
            let own = if event.is_own { "*" } else { "" };
            let _ = writeln!(text, "{line}{own}~{}", records.join("~"));
        }
        before += block.iter().filter(|byte| **byte == b'\n').count();
    }
    text.replace(" msg=audit(", " ")
}

fn record(node: &str, kind: &str, stamp: &str) -> String {
    let node = if node.is_empty() { String::new() } else { format!("node={node} ") };
    format!("{node}type={kind} msg=audit({stamp}): syscall=x\n")
}

#[test]
fn events_are_joined_by_their_stamp_and_their_machine() {
    let cases: &[Case<'_>] = &[
        (
            "one after the other",
            &[("", "SYSCALL", "1.0:1"), ("", "PROCTITLE", "1.0:1"), ("", "SYSCALL", "1.0:2")],
            "2*~type=SYSCALL 1.0:1): syscall=x~type=PROCTITLE 1.0:1): syscall=x\ne~type=SYSCALL 1.0:2): syscall=x\n",
        ),
        (
            "mixed",
            &[("", "SYSCALL", "1.0:1"), ("", "SYSCALL", "1.0:2"), ("", "EOE", "1.0:2"), ("", "EOE", "1.0:1")],
            "3*~type=SYSCALL 1.0:2): syscall=x\n4*~type=SYSCALL 1.0:1): syscall=x\n",
        ),
        (
            "of two machines",
            &[("a", "SYSCALL", "1.0:1"), ("b", "SYSCALL", "1.0:1"), ("a", "EOE", "1.0:1")],
            "3*~node=a type=SYSCALL 1.0:1): syscall=x\ne~node=b type=SYSCALL 1.0:1): syscall=x\n",
        ),
        (
            "ended twice",
            &[("", "SYSCALL", "1.0:1"), ("", "PROCTITLE", "1.0:1"), ("", "EOE", "1.0:1")],
            "2*~type=SYSCALL 1.0:1): syscall=x~type=PROCTITLE 1.0:1): syscall=x\n",
        ),
        (
            "late",
            &[("", "SYSCALL", "1.0:1"), ("", "PROCTITLE", "1.0:1"), ("", "PATH", "1.0:1"), ("", "EOE", "1.0:1")],
            "2*~type=SYSCALL 1.0:1): syscall=x~type=PROCTITLE 1.0:1): syscall=x\n4*~type=PATH 1.0:1): syscall=x\n",
        ),
        (
            "alone",
            &[("", "SYSCALL", "1.0:1"), ("", "USER_LOGIN", "1.0:2")],
            "2*~type=USER_LOGIN 1.0:2): syscall=x\ne~type=SYSCALL 1.0:1): syscall=x\n",
        ),
        (
            "by age",
            &[("", "SYSCALL", "1.0:1"), ("", "SYSCALL", "2.999:2"), ("", "SYSCALL", "3.001:3"), ("", "EOE", "3.001:3")],
            "3~type=SYSCALL 1.0:1): syscall=x\n4*~type=SYSCALL 3.001:3): syscall=x\ne~type=SYSCALL 2.999:2): syscall=x\n",
        ),
        (
            "by its own machine's age",
            &[("a", "SYSCALL", "1.0:1"), ("b", "SYSCALL", "9.0:2"), ("a", "EOE", "1.0:1")],
            "3*~node=a type=SYSCALL 1.0:1): syscall=x\ne~node=b type=SYSCALL 9.0:2): syscall=x\n",
        ),
    ];
    for (name, records, wanted) in cases {
        let text: String = records.iter().map(|(node, kind, stamp)| record(node, kind, stamp)).collect();
        let joined = join(&[text.as_bytes()]);
        assert_eq!(joined, *wanted, "{name}");
        assert_eq!(whole(text.as_bytes()).lines().len(), records.len(), "{name}");
    }
}

#[test]
fn a_clock_that_was_far_ahead_once_does_not_end_events() {
    let records =
        [("SYSCALL", "99999999.0:1"), ("SYSCALL", "1.0:2"), ("SYSCALL", "2.5:3"), ("EOE", "1.0:2"), ("EOE", "2.5:3")];
    let text: String = records.iter().map(|(kind, stamp)| record("", kind, stamp)).collect();
    assert!(
        join(&[text.as_bytes()]).starts_with("4*~type=SYSCALL 1.0:2): syscall=x\n5*~type=SYSCALL 2.5:3): syscall=x\n")
    );
}

#[test]
fn what_is_no_record_harms_itself_only() {
    let (call, path) = (record("", "SYSCALL", "1.0:1"), record("", "PATH", "1.0:1"));
    let end = record("", "PROCTITLE", "1.0:1");
    for odd in [
        "plain\n",
        "\n",
        "{\"a\":\"type=X msg=audit(1.0:1): \"}\n",
        "\u{1e}2\u{1e}type=SYSCALL msg=audit(1.0:1): x\u{1e}type=PATH msg=audit(1.0:1): x\n",
        "type=SYSCALL msg=audit(1.0:2): arch=c00\n",
    ] {
        let text = [call.as_str(), odd, &path, &end].concat();
        let joined = whole(text.as_bytes());
        let starts = [0, call.len() + odd.len(), call.len() + odd.len() + path.len()];
        assert_eq!(joined.lines().iter().map(|line| line.at).collect::<Vec<_>>(), starts, "{odd}");
        assert_eq!(joined.events().len(), 1, "{odd}");
        assert_eq!(joined.records(&joined.events()[0]), [call.as_str(), &path, &end].concat(), "{odd}");
    }
    let bytes = [call.as_bytes(), b"type=PATH msg=audit(1.0:1): \xff\n", end.as_bytes()].concat();
    let joined = whole(&bytes);
    assert_eq!((joined.lines().len(), joined.events().len()), (2, 1));
    assert_eq!(joined.records(&joined.events()[0]), [call, end].concat());
}

#[test]
fn carriage_returns_and_a_byte_order_mark_are_no_part_of_a_record() {
    let records = [record("", "SYSCALL", "1.0:1"), record("", "PROCTITLE", "1.0:1")].concat();
    let text = format!("\u{FEFF}{}", records.replace('\n', "\r\n"));
    let joined = whole(text.as_bytes());
    assert_eq!(joined.events().len(), 1);
    assert_eq!(joined.records(&joined.events()[0]), records);
}

#[test]
fn a_line_over_the_limit_is_not_taken() {
    let text = record("", "SYSCALL", "1.0:1");
    for (max_line, taken) in [(text.len() - 1, 1), (text.len() - 2, 0)] {
        let (mut joiner, mut joined) = (Joiner::default(), Joined::default());
        joiner.block(text.as_bytes(), max_line, &mut joined);
        assert_eq!(joined.lines().len(), taken);
    }
}

#[test]
fn a_batch_has_several_records() {
    let objects: Vec<String> = ["SYSCALL", "PATH", "PROCTITLE"]
        .iter()
        .map(|kind| format!("{{\"message\":\"{}\"}}", record("", kind, "1.0:1").trim_end()))
        .collect();
    let joined = whole(format!("[{}]\n", objects.join(",")).as_bytes());
    assert_eq!((joined.lines()[0].records, joined.lines()[0].is_whole), (3, false));
    assert_eq!(joined.records(&joined.events()[0]).lines().count(), 3);
}

#[test]
fn the_table_is_bounded_and_what_is_cut_is_counted() {
    let mut text = String::new();
    for serial in 0..3_000 {
        text.push_str(&record("", "SYSCALL", &format!("1.0:{serial}")));
    }
    let (mut joiner, mut joined) = (Joiner::default(), Joined::default());
    joiner.block(text.as_bytes(), usize::MAX, &mut joined);
    assert_eq!((joined.cut(), joined.events().len()), (952, 952));
    assert!(joined.records(&joined.events()[0]).contains("(1.0:0)"), "the oldest goes first");
    let long = format!("type=EXECVE msg=audit(1.0:1): a0={}\n", "6".repeat(1 << 20)).repeat(10);
    let (mut joiner, mut joined) = (Joiner::default(), Joined::default());
    joiner.block(long.as_bytes(), usize::MAX, &mut joined);
    assert_eq!(joined.cut(), 2);
    // More machines than are remembered.
    let text: String = (0..5_000).map(|node| record(&format!("n{node}"), "SYSCALL", "1.0:1")).collect();
    assert_eq!(whole(text.as_bytes()).events().len(), 5_000);
}

proptest! {
    #[test]
    fn any_interleaving_gives_the_same_events(
        sizes in prop::collection::vec((1usize..5, 0u64..1_500, any::<bool>(), 0usize..3), 1..12),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 64),
        cut in any::<prop::sample::Index>(),
    ) {
        let ends = |is_eoe: bool| if is_eoe { "EOE" } else { "PROCTITLE" };
        let mut events: Vec<Vec<String>> = Vec::new();
        for (serial, (paths, milliseconds, is_eoe, node)) in sizes.iter().enumerate() {
            let stamp = format!("100{}.{:03}:{serial}", milliseconds / 1_000, milliseconds % 1_000);
            let node = ["", "a", "b"][*node];
            let kinds = ["SYSCALL"].into_iter().chain(std::iter::repeat_n("PATH", *paths)).chain([ends(*is_eoe)]);
            events.push(kinds.map(|kind| record(node, kind, &stamp)).collect());
        }
        let in_order: String = events.concat().concat();
        let mut left: Vec<std::vec::IntoIter<String>> = events.into_iter().map(Vec::into_iter).collect();
        let mut mixed = String::new();
        let mut picks = picks.into_iter().cycle();
        while !left.is_empty() {
            let which = picks.next().map_or(0, |pick| pick.index(left.len()));
            match left[which].next() {
                Some(line) => mixed.push_str(&line),
                None => drop(left.remove(which)),
            }
        }
        let cut = mixed[..cut.index(mixed.len())].rfind('\n').map_or(0, |newline| newline + 1);
        let events = |joined: &str| {
            let mut events: Vec<String> = joined.lines().map(|line| line.split_once('~').unwrap().1.to_owned()).collect();
            events.sort();
            events
        };
        let (ordered, mixed_joined) = (join(&[in_order.as_bytes()]), join(&[&mixed.as_bytes()[..cut], &mixed.as_bytes()[cut..]]));
        prop_assert_eq!(events(&ordered), events(&mixed_joined));
        prop_assert_eq!(whole(in_order.as_bytes()).lines().len(), in_order.lines().count());
        prop_assert_eq!(whole(mixed.as_bytes()).lines().len(), in_order.lines().count());
    }

    #[test]
    fn bytes_never_panic(blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4)) {
        let mut joiner = Joiner::default();
        for block in &blocks {
            let mut joined = Joined::default();
            joiner.block(block, 100, &mut joined);
            joiner.end(block.len(), &mut joined);
        }
    }
}
