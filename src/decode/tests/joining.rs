//! Records that belong together, in one line.

use proptest::prelude::*;

use super::super::auditd::Joiner;

/// A name, records (machine, type, stamp), and what becomes of them.
type Case<'c> = (&'c str, &'c [(&'c str, &'c str, &'c str)], &'c str);

fn join(blocks: &[&[u8]]) -> String {
    let mut joiner = Joiner::default();
    let mut out = Vec::new();
    for block in blocks {
        joiner.block(block, &mut out);
    }
    joiner.end(&mut out);
    String::from_utf8(out).unwrap().replace('\u{1e}', "~").replace(" msg=audit(", " ")
}

fn record(node: &str, kind: &str, stamp: &str) -> String {
    let node = if node.is_empty() { String::new() } else { format!("node={node} ") };
    format!("{node}type={kind} msg=audit({stamp}): x\n")
}

/// The lines of records that each line of joined ones counts, and the lines that passed.
fn lines(joined: &str) -> usize {
    let count = |line: &str| match line.strip_prefix('~') {
        Some(rest) => rest.split('~').next().unwrap().parse().unwrap(),
        None => 1,
    };
    joined.lines().map(count).sum()
}

#[test]
fn events_are_joined_by_their_stamp_and_their_machine() {
    let cases: &[Case<'_>] = &[
        (
            "one after the other",
            &[("", "SYSCALL", "1.0:1"), ("", "PROCTITLE", "1.0:1"), ("", "SYSCALL", "1.0:2")],
            "~2~type=SYSCALL 1.0:1): x~type=PROCTITLE 1.0:1): x\n~1~type=SYSCALL 1.0:2): x\n",
        ),
        (
            "mixed",
            &[("", "SYSCALL", "1.0:1"), ("", "SYSCALL", "1.0:2"), ("", "EOE", "1.0:2"), ("", "EOE", "1.0:1")],
            "~3~type=SYSCALL 1.0:2): x\n~1~type=SYSCALL 1.0:1): x\n",
        ),
        (
            "of two machines",
            &[("a", "SYSCALL", "1.0:1"), ("b", "SYSCALL", "1.0:1"), ("a", "EOE", "1.0:1")],
            "~3~node=a type=SYSCALL 1.0:1): x\n~0~node=b type=SYSCALL 1.0:1): x\n",
        ),
        (
            "ended twice",
            &[("", "SYSCALL", "1.0:1"), ("", "PROCTITLE", "1.0:1"), ("", "EOE", "1.0:1")],
            "~2~type=SYSCALL 1.0:1): x~type=PROCTITLE 1.0:1): x\n~1~type=EOE 1.0:1): x\n",
        ),
        (
            "late",
            &[("", "SYSCALL", "1.0:1"), ("", "PROCTITLE", "1.0:1"), ("", "PATH", "1.0:1"), ("", "EOE", "1.0:1")],
            "~2~type=SYSCALL 1.0:1): x~type=PROCTITLE 1.0:1): x\n~2~type=PATH 1.0:1): x\n",
        ),
        (
            "alone",
            &[("", "SYSCALL", "1.0:1"), ("", "USER_LOGIN", "1.0:2")],
            "~2~type=USER_LOGIN 1.0:2): x\n~0~type=SYSCALL 1.0:1): x\n",
        ),
        (
            "by age",
            &[("", "SYSCALL", "1.0:1"), ("", "SYSCALL", "2.999:2"), ("", "SYSCALL", "3.001:3"), ("", "EOE", "3.001:3")],
            "~3~type=SYSCALL 1.0:1): x\n~1~type=SYSCALL 3.001:3): x\n~0~type=SYSCALL 2.999:2): x\n",
        ),
        (
            "by its own machine's age",
            &[("a", "SYSCALL", "1.0:1"), ("b", "SYSCALL", "9.0:2"), ("a", "EOE", "1.0:1")],
            "~3~node=a type=SYSCALL 1.0:1): x\n~0~node=b type=SYSCALL 9.0:2): x\n",
        ),
    ];
    for (name, records, wanted) in cases {
        let text: String = records.iter().map(|(node, kind, stamp)| record(node, kind, stamp)).collect();
        let joined = join(&[text.as_bytes()]);
        assert_eq!(joined, *wanted, "{name}");
        assert_eq!(lines(&joined), records.len(), "{name}");
    }
}

#[test]
fn a_clock_that_was_far_ahead_once_does_not_end_events() {
    let records =
        [("SYSCALL", "99999999.0:1"), ("SYSCALL", "1.0:2"), ("SYSCALL", "2.5:3"), ("EOE", "1.0:2"), ("EOE", "2.5:3")];
    let text: String = records.iter().map(|(kind, stamp)| record("", kind, stamp)).collect();
    assert!(join(&[text.as_bytes()]).starts_with("~4~type=SYSCALL 1.0:2): x\n~1~type=SYSCALL 2.5:3): x\n"));
}

#[test]
fn other_lines_pass_as_they_are() {
    let text = "plain\n\n{\"a\":\"type=X msg=audit(1.0:1): \"}\n\u{1e}7\u{1e}x\nlast";
    assert_eq!(join(&[text.as_bytes()]), "plain\n\n{\"a\":\"type=X 1.0:1): \"}\n~1~~7~x\nlast\n");
    // A separator in a record could pass for the end of one.
    let odd = "type=USER msg=audit(1.0:1): \u{1e}type=SYSCALL msg=audit(1.0:1): x\n";
    assert_eq!(join(&[odd.as_bytes()]), "type=USER 1.0:1): ~type=SYSCALL 1.0:1): x\n");
}

#[test]
fn the_table_is_bounded() {
    let mut joiner = Joiner::default();
    let mut out = Vec::new();
    for serial in 0..2_000 {
        joiner.block(record("", "SYSCALL", &format!("1.0:{serial}")).as_bytes(), &mut out);
    }
    let written = out.iter().filter(|byte| **byte == b'\n').count();
    assert!((1_000..2_000).contains(&written), "{written}");
    assert!(String::from_utf8_lossy(&out).contains("(1.0:0)"), "the oldest goes first");
    let long = format!("type=EXECVE msg=audit(1.0:1): a0={}\n", "6".repeat(1 << 20));
    let mut out = Vec::new();
    for _ in 0..40 {
        joiner.block(long.as_bytes(), &mut out);
    }
    assert!(out.len() > 16 << 20, "{}", out.len());
    // More machines than are remembered.
    let mut out = Vec::new();
    let mut joiner = Joiner::default();
    for node in 0..5_000 {
        joiner.block(record(&format!("n{node}"), "SYSCALL", "1.0:1").as_bytes(), &mut out);
    }
    joiner.end(&mut out);
    assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 5_000);
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
        let without_counts = |joined: &str| {
            let mut lines: Vec<String> = joined.lines().map(|line| line[1..].split_once('~').unwrap().1.to_owned()).collect();
            lines.sort();
            lines
        };
        let (ordered, mixed_joined) = (join(&[in_order.as_bytes()]), join(&[&mixed.as_bytes()[..cut], &mixed.as_bytes()[cut..]]));
        prop_assert_eq!(without_counts(&ordered), without_counts(&mixed_joined));
        prop_assert_eq!(lines(&ordered), in_order.lines().count());
        prop_assert_eq!(lines(&mixed_joined), in_order.lines().count());
    }

    #[test]
    fn bytes_never_panic(blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4)) {
        let mut joiner = Joiner::default();
        let mut out = Vec::new();
        for block in &blocks {
            joiner.block(block, &mut out);
        }
        joiner.end(&mut out);
    }
}
