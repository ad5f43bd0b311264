//! Lines that belong together: a sender's event may come in many lines. They are found before a worker sees them, in the order
//! of their input, and stay where they are.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::framing::Block;
use crate::decode::Choice;
use crate::decode::auditd::{Joined, Joiner, NAME, TakenLine};

/// Bytes of records that wait for others of their event, of all live inputs together; an input by itself has a bound of its
/// own.
const MAX_WAITING: usize = 64 << 20;

/// How long a live input's event without an end waits for its next record, by the clock: as long as by the records' own times,
/// which nothing tells where no record follows.
pub(super) const MAX_SILENCE: Duration = Duration::from_secs(2);

/// What the lines of a block have become, beside them.
#[derive(Debug, Default)]
pub struct Together {
    pub(super) joined: Joined,
    /// Whether the input has lines that are joined, in this block or before.
    pub(super) is_joined: bool,
    /// Whether this is the first block of its input in which events were cut.
    pub(super) is_first_cut: bool,
}

impl Together {
    /// Whether no event is complete.
    pub(super) fn is_nothing(&self) -> bool {
        self.joined.events().is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.joined.clear();
        self.is_joined = false;
        self.is_first_cut = false;
    }
}

/// The lines of one input that wait for others of their event.
#[derive(Debug, Default)]
pub(super) struct Joins {
    joiner: Joiner,
    /// Whether the input has had lines that are joined.
    any: bool,
    /// Whether events of it have been cut.
    cut: bool,
}

/// Whether these senders have lines that are joined.
pub(super) fn joins(choice: Choice) -> bool {
    match choice {
        Choice::Auto => true,
        Choice::Off => false,
        Choice::One(sender) => sender.name == NAME,
    }
}

impl Joins {
    /// The same for one of many live inputs, of which `waiting` bytes wait for others already. If some still do, gives when they
    /// have waited long enough.
    pub(super) fn block_of_many(
        &mut self,
        choice: Choice,
        max_line: usize,
        now: Instant,
        waiting: &mut usize,
        block: &mut Block,
    ) -> Option<Instant> {
        let before = self.joiner.open_bytes();
        self.joiner.set_clock(now);
        self.block(choice, max_line, block);
        if let (true, Some(by)) = (block.expires, now.checked_sub(MAX_SILENCE)) {
            let length = block.bytes().len();
            self.joiner.expire(by, length, &mut block.together.joined);
        }
        *waiting = (*waiting + self.joiner.open_bytes()).saturating_sub(before);
        if *waiting > MAX_WAITING && self.joiner.open_bytes() > before {
            *waiting = waiting.saturating_sub(self.joiner.open_bytes());
            let length = block.bytes().len();
            self.joiner.cut(length, &mut block.together.joined);
            self.note_cut(block);
        }
        self.joiner.longest_silent().map(|since| since + MAX_SILENCE)
    }

    fn note_cut(&mut self, block: &mut Block) {
        if block.together.joined.cut() > 0 && !std::mem::replace(&mut self.cut, true) {
            block.together.is_first_cut = true;
        }
    }

    /// Joins lines of the input's next block, if there are any that may be joined. If the block says that the input has ended,
    /// what still waits for others goes on as it is.
    pub(super) fn block(&mut self, choice: Choice, max_line: usize, block: &mut Block) {
        if !joins(choice) {
            return;
        }
        let Block { room, begin, length, ends, together, .. } = block;
        let lines = &room[*begin..*length];
        self.joiner.block(lines, max_line, &mut together.joined);
        if *ends {
            self.joiner.end(lines.len(), &mut together.joined);
        }
        self.any |= !together.joined.lines().is_empty();
        together.is_joined = self.any || matches!(choice, Choice::One(_));
        self.note_cut(block);
    }
}

/// Joining for an input whose blocks several workers handle at once: lines are joined in the input's order. Where no line may
/// be one that is joined, nobody waits.
#[derive(Debug, Default)]
pub(super) struct InOrder {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The block whose turn it is.
    next: u64,
    /// Blocks behind it that have been looked at already.
    ahead: BTreeSet<u64>,
    joins: Joins,
}

impl InOrder {
    /// Nothing follows: all blocks that have been given out have been joined, and this one behind them has no lines.
    pub(super) fn end(&self, choice: Choice, max_line: usize, block: &mut Block) {
        block.ends = true;
        self.state.lock().unwrap_or_else(PoisonError::into_inner).joins.block(choice, max_line, block);
    }
}

/// A block's turn to be joined to those before it.
#[derive(Debug)]
pub(super) struct Turn {
    order: Arc<InOrder>,
    /// The block's number in its input.
    number: u64,
    choice: Choice,
    max_line: usize,
}

impl Turn {
    /// The turn of an input's block of that number; none if these senders have no lines that are joined.
    pub(super) fn new(order: &Arc<InOrder>, number: u64, choice: Choice, max_line: usize) -> Option<Turn> {
        joins(choice).then(|| Turn { order: order.clone(), number, choice, max_line })
    }

    /// Joins the block's lines, once those before it have been. Unless it `waits`, no line of it is one that is joined.
    pub(super) fn join(self, waits: bool, block: &mut Block) {
        let mut state = self.order.state.lock().unwrap_or_else(PoisonError::into_inner);
        if waits {
            let turn = self.order.changed.wait_while(state, |state| state.next != self.number);
            state = turn.unwrap_or_else(PoisonError::into_inner);
            state.joins.block(self.choice, self.max_line, block);
        } else {
            block.together.is_joined = state.joins.any || matches!(self.choice, Choice::One(_));
        }
    }
}

impl Drop for Turn {
    /// It is over, however it went: others wait for it.
    fn drop(&mut self) {
        let mut state = self.order.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.ahead.insert(self.number);
        while state.ahead.first() == Some(&state.next) {
            state.ahead.pop_first();
            state.next += 1;
        }
        drop(state);
        self.order.changed.notify_all();
    }
}

/// Where a worker stands in what stands beside a block's lines.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    line: usize,
    event: usize,
}

impl Cursor {
    /// What was taken of the line that begins at `at`. Lines may be left out, and are asked for in order.
    pub(super) fn taken(&mut self, joined: &Joined, at: usize) -> Option<TakenLine> {
        while let Some(taken) = joined.lines().get(self.line).filter(|taken| taken.at <= at) {
            self.line += 1;
            if taken.at == at {
                return Some(*taken);
            }
        }
        None
    }

    /// The next event that is complete with a line that begins at `at` or before: its records, and whether the last of them
    /// made it so.
    pub(super) fn event<'j>(&mut self, joined: &'j Joined, at: usize) -> Option<(&'j str, bool)> {
        let event = joined.events().get(self.event).filter(|event| event.at <= at)?;
        self.event += 1;
        Some((joined.records(event), event.is_own))
    }
}

/// Whether lines begin with such a one: those behind it may be of a tool's output, whose records stand in a block before.
pub(super) fn begins_with_remark(lines: &[u8]) -> bool {
    let end = memchr::memchr(b'\n', lines).unwrap_or(lines.len());
    is_remark(&lines[..end])
}

/// Whether a line among those of auditd is what tools put between its records: `ausearch` a rule and a time, and people
/// comments.
pub(super) fn is_remark(text: &[u8]) -> bool {
    text == b"----" || text.starts_with(b"time->") || text.starts_with(b"#")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(lines: &str, ends: bool) -> Block {
        Block { room: lines.as_bytes().to_vec(), length: lines.len(), ends, ..Block::default() }
    }

    #[test]
    fn blocks_are_joined_in_their_inputs_order() {
        let (order, done) = (Arc::new(InOrder::default()), Mutex::new(Vec::new()));
        let call = "type=SYSCALL msg=audit(1.0:1): syscall=59\n";
        let title = "type=PROCTITLE msg=audit(1.0:1): proctitle=61\n";
        let parts = [("{}\n", false), (call, false), ("{}\n", false), (title, false), ("", true)];
        std::thread::scope(|scope| {
            // The last begin first.
            for (number, (lines, ends)) in parts.into_iter().enumerate().rev() {
                let (order, done) = (&order, &done);
                scope.spawn(move || {
                    let mut block = block(lines, ends);
                    block.turn = Turn::new(order, number as u64, Choice::Auto, 1_000);
                    block.join(|lines| lines.starts_with(b"type="));
                    let joined = &block.together.joined;
                    let events: Vec<String> =
                        joined.events().iter().map(|event| joined.records(event).to_owned()).collect();
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((number, events));
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort();
        let events: Vec<Vec<String>> = done.into_iter().map(|(_, events)| events).collect();
        assert_eq!(events, [vec![], vec![], vec![], vec![format!("{call}{title}")], vec![]]);
    }

    #[test]
    fn the_end_completes_what_waits() {
        let mut joins = Joins::default();
        let mut first = block("{}\ntype=SYSCALL msg=audit(1.0:1): syscall=59\n{}\n", false);
        joins.block(Choice::Auto, 1_000, &mut first);
        assert_eq!(first.together.joined.lines().iter().map(|line| line.at).collect::<Vec<_>>(), [3]);
        assert!(first.together.joined.events().is_empty() && first.together.is_joined);
        let mut end = block("", true);
        joins.block(Choice::Auto, 1_000, &mut end);
        assert_eq!(end.together.joined.events().len(), 1);
    }

    #[test]
    fn a_live_inputs_event_waits_no_longer_than_a_while() {
        let (mut joins, begun) = (Joins::default(), Instant::now());
        let mut hold = |block: &mut Block, after: Duration| {
            let next = joins.block_of_many(Choice::Auto, 1_000, begun + after, &mut 0, block);
            (block.together.joined.events().len(), next.map(|at| at - begun))
        };
        let call = |serial: u32| block(&format!("type=SYSCALL msg=audit(1.0:{serial}): syscall=59\n"), false);
        let expires = || Block { expires: true, ..Block::default() };
        assert_eq!(hold(&mut call(1), Duration::ZERO), (0, Some(MAX_SILENCE)));
        let second = Duration::from_secs(1);
        assert_eq!(hold(&mut call(2), second), (0, Some(MAX_SILENCE)));
        assert_eq!(hold(&mut expires(), MAX_SILENCE), (1, Some(MAX_SILENCE + second)));
        // Another record of it, and it waits anew.
        assert_eq!(hold(&mut call(2), MAX_SILENCE), (0, Some(2 * MAX_SILENCE)));
        assert_eq!(hold(&mut expires(), MAX_SILENCE + second), (0, Some(2 * MAX_SILENCE)));
        assert_eq!(hold(&mut expires(), 2 * MAX_SILENCE), (1, None));
    }

    #[test]
    fn many_inputs_have_a_bound_together() {
        let lines = |node: usize| {
            let record = format!("node=n{node} type=SYSCALL msg=audit(1.0:1): syscall=59 a={}\n", "6".repeat(1 << 20));
            record.repeat(3)
        };
        let (mut waiting, mut cut) = (0, Vec::new());
        let mut inputs: Vec<Joins> = (0..30).map(|_| Joins::default()).collect();
        for (node, joins) in inputs.iter_mut().enumerate() {
            let mut block = block(&lines(node), false);
            joins.block_of_many(Choice::Auto, usize::MAX, Instant::now(), &mut waiting, &mut block);
            assert!(waiting <= MAX_WAITING);
            cut.push(block.together.is_first_cut);
        }
        assert_eq!(cut.iter().filter(|cut| **cut).count(), 9, "21 have room");
        for joins in &mut inputs {
            let mut end = block("", true);
            joins.block_of_many(Choice::Auto, usize::MAX, Instant::now(), &mut waiting, &mut end);
        }
        assert_eq!(waiting, 0);
    }
}
