//! `on_full = drop`: a bounded queue before the target, which lets go of what does not fit.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::drain::Drain;
use super::SinkError;
use super::lines::{Pieces, whole_lines};
use super::state::SinkState;
use super::tally::Tally;
use super::target::Target;

/// Bytes that are written at a time: a slow target shows that it takes something.
const PIECE: usize = 64 * 1024;

/// How much longer than the drain the sender is waited for. It gives up at the same moment, and is the one who knows whether all
/// has been written; less than [`GRACE`](super::super::run::GRACE), for which the run waits in its turn.
const LAST_WORD: Duration = Duration::from_millis(250);

/// The other end is a thread of its own, so that whoever puts something in never waits.
pub(super) struct Queue {
    shared: Arc<Shared>,
    /// Most bytes that wait.
    capacity: usize,
    name: String,
    tally: Arc<Tally>,
    drain: Arc<Drain>,
    /// [`LAST_WORD`]
    last_word: Duration,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    /// Bytes that wait, those that are just being written among them.
    bytes: usize,
    reopen: bool,
    /// Nothing more comes.
    ending: bool,
    /// The sender has ended.
    ended: bool,
    failure: Option<SinkError>,
}

impl Queue {
    /// Starts the sender. Each line is an alert.
    pub(super) fn start(
        target: Box<dyn Target>,
        capacity: usize,
        name: String,
        tally: Arc<Tally>,
        drain: Arc<Drain>,
        seen: Arc<SinkState>,
    ) -> std::io::Result<Queue> {
        let shared = Arc::new(Shared::default());
        let sender = Sender { target, shared: shared.clone(), tally: tally.clone(), seen };
        std::thread::Builder::new().name("sink".to_owned()).spawn(move || sender.run())?;
        Ok(Queue { shared, capacity, name, tally, drain, last_word: LAST_WORD })
    }

    /// Puts in as many of the lines as fit, from the first on; the rest is dropped.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let mut state = self.shared.lock();
        if let Some(failure) = state.failure.take() {
            return Err(failure);
        }
        let (fits, rest) = bytes.split_at(whole_lines(bytes, self.capacity.saturating_sub(state.bytes)));
        state.bytes += fits.len();
        state.waiting.extend(Pieces::new(fits, PIECE).map(<[u8]>::to_vec));
        drop(state);
        self.shared.changed.notify_all();
        self.tally.drop_alerts(lines(rest), &self.name);
        Ok(())
    }

    pub(super) fn reopen(&mut self) {
        self.shared.lock().reopen = true;
        self.shared.changed.notify_all();
    }

    /// Waits until all has been written; what a target does not take in time stays unsent.
    pub(super) fn finish(&mut self) -> Result<(), SinkError> {
        let mut state = self.shared.lock();
        state.ending = true;
        self.shared.changed.notify_all();
        let (mut left, mut since) = (state.bytes, Instant::now());
        // A target that blocks for ever, as standard output may, does not see the drain's end.
        while !state.ended && !self.drain.gives_up(since) {
            let waited = self.shared.changed.wait_timeout(state, Duration::from_millis(50));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if state.bytes < left {
                (left, since) = (state.bytes, Instant::now());
            }
        }
        let waited = self.shared.changed.wait_timeout_while(state, self.last_word, |state| !state.ended);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        self.tally.sum_up(&self.name, Duration::ZERO);
        match state.failure.take() {
            Some(failure) => Err(failure),
            None if !state.ended => Err(SinkError::Unsent(self.name.clone())),
            None => Ok(()),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

struct Sender {
    target: Box<dyn Target>,
    shared: Arc<Shared>,
    tally: Arc<Tally>,
    seen: Arc<SinkState>,
}

impl Sender {
    fn run(mut self) {
        let failure = self.send_all();
        let failed = failure.is_some();
        let mut state = self.shared.lock();
        state.failure = failure;
        state.ended = true;
        drop(state);
        self.shared.changed.notify_all();
        // The input may be silent for ever, and no write would hear of it.
        if failed {
            self.seen.fail();
        }
    }

    fn send_all(&mut self) -> Option<SinkError> {
        loop {
            let mut state = self.shared.lock();
            let idle = |state: &mut State| state.waiting.is_empty() && !state.reopen && !state.ending;
            state = self.shared.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
            let reopen = std::mem::take(&mut state.reopen);
            let next = state.waiting.pop_front();
            let ending = state.ending;
            drop(state);
            if reopen {
                self.target.reopen();
            }
            match next {
                Some(bytes) => {
                    if let Err(failure) = self.target.write(&bytes) {
                        return Some(failure);
                    }
                    self.tally.write(lines(&bytes));
                    self.shared.lock().bytes -= bytes.len();
                    self.shared.changed.notify_all();
                }
                None if ending => {
                    return self.target.finish().err().map(|(failure, lost)| {
                        self.tally.unwrite(lost);
                        failure
                    });
                }
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Broken;

    impl Target for Broken {
        fn write(&mut self, _: &[u8]) -> Result<(), SinkError> {
            Err(SinkError::Closed("a pipe".to_owned()))
        }
    }

    /// Takes all, and has nothing to say against the end.
    struct Willing;

    impl Target for Willing {
        fn write(&mut self, _: &[u8]) -> Result<(), SinkError> {
            Ok(())
        }
    }

    /// What has been written is no loss, however late the sender says so.
    #[test]
    fn the_drain_is_over_for_both_at_the_same_moment() {
        let seen = Arc::new(SinkState::new("a peer".to_owned(), 0));
        let (tally, drain) = (Arc::new(Tally::default()), Arc::new(Drain::new(Duration::ZERO)));
        drain.stop();
        let mut queue = Queue::start(Box::new(Willing), 100, "a peer".to_owned(), tally.clone(), drain, seen).unwrap();
        queue.last_word = Duration::from_secs(300);
        queue.write(b"{}\n").unwrap();
        assert!(queue.finish().is_ok());
        assert_eq!(tally.written(), 1);
    }

    /// The run hears of it, and need not write once more.
    #[tokio::test]
    async fn a_failure_is_heard_of_at_once() {
        let seen = Arc::new(SinkState::new("a pipe".to_owned(), 0));
        let (tally, drain) = (Arc::default(), Arc::new(Drain::new(Duration::ZERO)));
        let mut queue = Queue::start(Box::new(Broken), 100, "a pipe".to_owned(), tally, drain, seen.clone()).unwrap();
        queue.write(b"{}\n").unwrap();
        tokio::time::timeout(Duration::from_secs(300), seen.failed()).await.unwrap();
        assert!(matches!(queue.write(b"{}\n"), Err(SinkError::Closed(_))));
    }
}
