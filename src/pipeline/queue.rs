//! Blocks that live inputs have read and no worker has taken.
//!
//! There is no bound here but the [`Budget`](super::budget::Budget): every block holds its bytes. Small blocks of one input that
//! wait behind each other are joined, so that a sender of one line at a time costs no more room than its lines.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use tokio::time::timeout_at;

use super::budget::Held;
use super::framing::{Block, READ_SIZE};
use super::joined::{Joins, MAX_SILENCE};
use super::reader::ReadError;
use crate::decode::Choice;

/// Rooms of blocks that are kept for the next reads.
const SPARE: usize = 16;

/// An input, as its blocks name it.
#[derive(Debug)]
pub(super) struct Origin {
    name: Arc<str>,
    /// The number of the first line that has not been written.
    lines: Arc<AtomicU64>,
    joins: Arc<Mutex<Joins>>,
    begun: bool,
    /// The place in the queue of its last block.
    last: Option<u64>,
}

impl Origin {
    pub(super) fn new(name: &str) -> Origin {
        Origin {
            name: name.into(),
            lines: Arc::new(AtomicU64::new(1)),
            joins: Arc::default(),
            begun: false,
            last: None,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// What a live block holds until it has been written.
#[derive(Debug)]
pub(super) struct Live {
    /// The number of its input's first line that has not been written.
    pub(super) lines: Arc<AtomicU64>,
    /// What its input has that waits for other lines. Blocks are taken in order, so that joining is done when they are.
    joins: Arc<Mutex<Joins>>,
    /// When its first lines were read.
    pub(super) since: Instant,
    held: Held,
}

impl Live {
    /// Joins the lines of the input's block that belong together; `waiting` are the bytes of all inputs that wait for others.
    /// If some of this one do, gives when they have waited long enough.
    pub(super) fn join(
        &self,
        choice: Choice,
        max_line: usize,
        waiting: &mut usize,
        block: &mut Block,
    ) -> Option<Instant> {
        let mut joins = self.joins.lock().unwrap_or_else(PoisonError::into_inner);
        joins.block_of_many(choice, max_line, Instant::now(), waiting, block)
    }
}

/// Lines of an input wait for others of their event, and at some time have waited long enough.
#[derive(Debug)]
struct Later {
    at: Instant,
    input: Arc<str>,
    live: Live,
}

/// A block of an input.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) input: Arc<str>,
    pub(super) begins: bool,
    pub(super) live: Live,
    block: Block,
}

/// Whether an input can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A listener or a connection, which ends soon after a stop.
    Socket,
    /// Standard input or a file, whose read may never return.
    Blocking,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Result<Queued, ReadError>>,
    /// The place of the first that waits.
    first: u64,
    sockets: usize,
    blocking: usize,
    stopping: bool,
    over: bool,
    /// One an input at most.
    later: Vec<Later>,
    spare: Vec<Block>,
}

/// The queue: inputs put in, workers take out, one at a time.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

/// An input that is open; the queue ends with the last of them.
#[derive(Debug)]
pub(super) struct Open {
    queue: Arc<Queue>,
    kind: Kind,
}

impl Queue {
    /// Another input. It is open until what is given back is let go.
    pub(super) fn open(self: &Arc<Self>, kind: Kind) -> Open {
        let mut state = self.lock();
        *state.open(kind) += 1;
        Open { queue: self.clone(), kind }
    }

    /// Adds a block; `false` if no more are taken.
    pub(super) fn push(&self, origin: &mut Origin, mut block: Block, held: Held) -> bool {
        let mut state = self.lock();
        if state.over {
            return false;
        }
        let place = origin.last.and_then(|last| last.checked_sub(state.first)).and_then(|at| usize::try_from(at).ok());
        if let Some(Ok(before)) = place.and_then(|at| state.waiting.get_mut(at))
            && before.block.can_take(&block)
        {
            before.block.append(block);
            before.live.held.join(held);
            return true;
        }
        // A few lines that must wait do not keep a read's room with them.
        if !state.waiting.is_empty() && block.length < block.room.len() / 2 {
            let lines = block.room[..block.length].to_vec();
            let room = std::mem::replace(&mut block.room, lines);
            state.keep(Block { room, ..Block::default() });
        }
        let begins = !std::mem::replace(&mut origin.begun, true);
        origin.last = Some(state.first + state.waiting.len() as u64);
        let live = Live { lines: origin.lines.clone(), joins: origin.joins.clone(), since: Instant::now(), held };
        state.waiting.push_back(Ok(Queued { input: origin.name.clone(), begins, live, block }));
        drop(state);
        self.changed.notify_one();
        true
    }

    /// Adds what has been cut; the last block holds all bytes but the `kept` ones. `false` if no more are taken.
    pub(super) fn push_all(&self, origin: &mut Origin, blocks: &mut Vec<Block>, held: &mut Held, kept: usize) -> bool {
        let mut rest = held.keep(kept);
        let last = blocks.len().saturating_sub(1);
        let mut cut = blocks.drain(..).enumerate();
        cut.all(|(at, block)| self.push(origin, block, rest.keep(if at == last { 0 } else { usize::MAX })))
    }

    /// Says that an input has ended, if it has given anything: what waits for more lines waits no longer.
    pub(super) fn push_end(&self, origin: &mut Origin, held: Held) {
        if origin.begun {
            self.push(origin, Block { ends: true, ..Block::default() }, held);
        }
    }

    /// Says that an input could not be opened, or not be read to its end.
    pub(super) fn push_error(&self, error: ReadError) {
        self.lock().waiting.push_back(Err(error));
        self.changed.notify_one();
    }

    /// Lines of that input wait for others; when they have waited long enough, there is a block without lines, if nothing of
    /// the input has come before.
    pub(super) fn look_again(&self, input: &Arc<str>, live: &Live, at: Instant) {
        let mut state = self.lock();
        if !state.later.iter().any(|later| Arc::ptr_eq(&later.live.joins, &live.joins)) {
            let (lines, joins) = (live.lines.clone(), live.joins.clone());
            let live = Live { lines, joins, since: at, held: live.held.nothing() };
            state.later.push(Later { at, input: input.clone(), live });
        }
    }

    /// The next block, or that there will be none; `None` if there is none yet. While `is_scarce`, lines may stand in the kernel's
    /// buffers and be read later, so that none has waited long enough.
    pub(super) fn pop(
        &self,
        block: &mut Block,
        is_scarce: impl Fn() -> bool,
    ) -> Option<Result<Option<Queued>, ReadError>> {
        let mut state = self.lock();
        // The last room that is kept is the first for the next read: what a worker reads comes to where its cache is.
        state.keep(std::mem::take(block));
        if let Some(later) = state.due(Instant::now(), is_scarce) {
            block.expires = true;
            return Some(Ok(Some(later.queued())));
        }
        if let Some(next) = state.waiting.pop_front() {
            state.first += 1;
            return Some(next.map(|mut next| {
                *block = std::mem::take(&mut next.block);
                Some(next)
            }));
        }
        if state.sockets > 0 || (state.blocking > 0 && !state.stopping) {
            return None;
        }
        // Of an input whose end nobody has met, such as a silent standard input.
        if let Some(later) = state.later.pop() {
            (block.expires, block.ends) = (true, true);
            return Some(Ok(Some(later.queued())));
        }
        state.over = true;
        Some(Ok(None))
    }

    /// Waits for the next block; `None` when there will be none.
    pub(super) async fn next(
        &self,
        block: &mut Block,
        is_scarce: impl Fn() -> bool,
    ) -> Result<Option<Queued>, ReadError> {
        loop {
            if let Some(next) = self.pop(block, &is_scarce) {
                return next;
            }
            let at = self.lock().later.iter().map(|later| later.at).min();
            match at {
                // Either way it is looked at again.
                Some(at) => drop(timeout_at(at.into(), self.changed.notified()).await),
                None => self.changed.notified().await,
            }
        }
    }

    /// Since when the block waits that has waited longest.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.lock().waiting.iter().find_map(|waiting| Some(waiting.as_ref().ok()?.live.since))
    }

    /// From now on only what sockets have is waited for.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_one();
    }

    /// Whether no more is wanted of inputs that could be read for ever.
    pub(super) fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// A block with room for a read.
    pub(super) fn spare(&self) -> Block {
        self.lock().spare.pop().unwrap_or_default()
    }

    /// Room that is not needed any more.
    pub(super) fn give_back(&self, block: Block) {
        self.lock().keep(block);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Later {
    /// A block without lines.
    fn queued(self) -> Queued {
        Queued { input: self.input, begins: false, live: self.live, block: Block::default() }
    }
}

impl State {
    /// An input whose lines have waited long enough, and of which no others wait here.
    fn due(&mut self, now: Instant, is_scarce: impl Fn() -> bool) -> Option<Later> {
        let mut scarce = None;
        while let Some(at) = self.later.iter().position(|later| later.at <= now) {
            let joins = &self.later[at].live.joins;
            let is_of = |queued: &Queued| Arc::ptr_eq(&queued.live.joins, joins);
            let scarce = *scarce.get_or_insert_with(&is_scarce);
            if !scarce && !self.waiting.iter().flatten().any(is_of) {
                return Some(self.later.swap_remove(at));
            }
            self.later[at].at = now + MAX_SILENCE;
        }
        None
    }

    fn open(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Socket => &mut self.sockets,
            Kind::Blocking => &mut self.blocking,
        }
    }

    fn keep(&mut self, block: Block) {
        // Room that a long line has taken is not kept.
        if self.spare.len() < SPARE && (READ_SIZE..=2 * READ_SIZE).contains(&block.room.len()) {
            self.spare.push(block);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        *self.queue.lock().open(self.kind) -= 1;
        self.queue.changed.notify_one();
    }
}

impl Block {
    /// Whether the lines of `next` can stand in this block too.
    fn can_take(&self, next: &Block) -> bool {
        self.oversized.is_none() && !next.ends && self.bytes().len() + next.bytes().len() <= READ_SIZE
    }

    fn append(&mut self, next: Block) {
        self.room.truncate(self.length);
        self.room.extend_from_slice(next.bytes());
        self.length = self.room.len();
        self.oversized = next.oversized;
        self.read += next.read;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pipeline::budget::{Account, Budget};

    fn block(lines: &str) -> Block {
        Block { room: lines.as_bytes().to_vec(), length: lines.len(), read: lines.len() as u64, ..Block::default() }
    }

    #[tokio::test]
    async fn small_blocks_of_an_input_are_joined_and_keep_their_order() {
        let budget = Budget::new(10 * READ_SIZE, 1000);
        let mut account = Account::new(&budget, usize::MAX);
        let queue = Arc::new(Queue::default());
        let open = queue.open(Kind::Socket);
        let mut origins = [Origin::new("a"), Origin::new("b")];
        let big = "x\n".repeat(READ_SIZE / 2);
        for (origin, lines) in [(0, "1\n"), (1, "1\n"), (0, "2\n"), (1, &big), (1, "2\n")] {
            assert!(queue.push(&mut origins[origin], block(lines), account.take_all(lines.len())));
        }
        drop(open);
        let (mut room, mut taken) = (Block::default(), Vec::new());
        let mut tickets = Vec::new();
        while let Some(next) = queue.next(&mut room, || false).await.unwrap() {
            taken.push((next.input.to_string(), next.begins, String::from_utf8(room.bytes().to_vec()).unwrap()));
            assert_eq!(room.read, room.bytes().len() as u64);
            tickets.push(next);
        }
        let entry = |name: &str, begins, lines: &str| (name.to_owned(), begins, lines.to_owned());
        let expected =
            [entry("a", true, "1\n2\n"), entry("b", true, "1\n"), entry("b", false, &big), entry("b", false, "2\n")];
        assert!(taken == expected);
        assert_eq!(budget.taken(), big.len() + 8);
        // Written.
        drop(tickets);
        assert_eq!(budget.taken(), 0);
        assert!(!queue.push(&mut origins[0], block("3\n"), account.nothing()), "it is over");
    }

    #[tokio::test]
    async fn a_stop_does_not_wait_for_a_read_that_never_returns() {
        let queue = Arc::new(Queue::default());
        let _stdin = queue.open(Kind::Blocking);
        let socket = queue.open(Kind::Socket);
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.next(&mut Block::default(), || false).await.unwrap().is_none() }
        });
        tokio::task::yield_now().await;
        queue.stop();
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "a socket is read to its end");
        drop(socket);
        assert!(waiting.await.unwrap());
    }
}
