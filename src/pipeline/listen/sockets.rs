//! The sockets' tasks, and who runs them: the worker that waits for a block.
//!
//! So what a socket brings is matched by the thread that has read it, while it stands in that core's cache, and nobody has to be
//! woken to take it over. A thread of its own looks after the sockets only while no worker does: they may all be busy for long, or
//! held up by a sink, and what may be in flight is read all the same.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::yield_now;

/// How long nobody may have looked after the sockets before the thread of their own does. Much longer than a block takes, and
/// shorter than anybody notices.
const PATIENCE: Duration = Duration::from_millis(5);

/// Blocks that workers take one after the other, if there are so many, until one looks after the sockets first.
const BLOCKS_A_ROUND: u64 = 4;

/// A runtime that has no thread.
#[derive(Debug)]
pub(in crate::pipeline) struct Sockets {
    /// None once all tasks have ended.
    runtime: Mutex<Option<Runtime>>,
    /// How often workers have come for a block.
    turns: AtomicU64,
    /// Who waits for the runtime, and is to have it before the thread of the sockets' own goes on with it.
    coming: AtomicUsize,
    /// Told when somebody comes.
    wanted: Notify,
}

impl Sockets {
    pub(in crate::pipeline) fn new(runtime: Runtime) -> Sockets {
        let (turns, coming) = (AtomicU64::new(0), AtomicUsize::new(0));
        Sockets { runtime: Mutex::new(Some(runtime)), turns, coming, wanted: Notify::new() }
    }

    /// A worker comes for a block; whether it is to look after the sockets though there may be one.
    pub(in crate::pipeline) fn turn(&self) -> bool {
        self.turns.fetch_add(1, Relaxed).is_multiple_of(BLOCKS_A_ROUND)
    }

    /// Runs the tasks until the future has come; `None` if there are none any more.
    pub(in crate::pipeline) fn run<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        self.come().as_ref().map(|runtime| runtime.block_on(future))
    }

    /// Runs the tasks whenever no worker has done so for a while, until they have ended.
    pub(in crate::pipeline) fn stand_in(&self) {
        let mut seen = None;
        loop {
            std::thread::sleep(PATIENCE);
            // A worker that runs them is waited for.
            let runtime = self.lock();
            let Some(runtime) = runtime.as_ref() else { return };
            let turns = Some(self.turns.load(Relaxed));
            if turns == seen {
                runtime.block_on(async {
                    yield_now().await;
                    // The word may have been meant for a turn before this one; that somebody waits is true all the same.
                    while self.coming.load(SeqCst) == 0 {
                        self.wanted.notified().await;
                    }
                });
            }
            seen = turns;
        }
    }

    /// Lets go of what is left of the tasks.
    pub(in crate::pipeline) fn end(&self) {
        if let Some(runtime) = self.come().take() {
            // Whatever thread this is on, it must not wait for tasks.
            runtime.shutdown_background();
        }
    }

    /// Takes the runtime from whoever runs it for nobody.
    fn come(&self) -> MutexGuard<'_, Option<Runtime>> {
        self.coming.fetch_add(1, SeqCst);
        self.wanted.notify_one();
        let runtime = self.lock();
        self.coming.fetch_sub(1, SeqCst);
        runtime
    }

    fn lock(&self) -> MutexGuard<'_, Option<Runtime>> {
        self.runtime.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use super::*;

    fn sockets() -> Arc<Sockets> {
        Arc::new(Sockets::new(tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()))
    }

    /// A word that comes too early is kept by nobody, so who waits must be seen without it.
    #[test]
    fn who_waits_is_let_in_though_the_word_was_used_up() {
        let sockets = sockets();
        sockets.coming.fetch_add(1, SeqCst);
        let standing_in = std::thread::spawn({
            let sockets = sockets.clone();
            move || sockets.stand_in()
        });
        // Long enough for the thread to have stood in several times, had nobody been coming.
        std::thread::sleep(8 * PATIENCE);
        let runtime = sockets.lock().take();
        assert!(runtime.is_some());
        drop(runtime);
        standing_in.join().unwrap();
    }

    #[test]
    fn it_ends_while_it_is_stood_in_for() {
        let sockets = sockets();
        let standing_in = std::thread::spawn({
            let sockets = sockets.clone();
            move || sockets.stand_in()
        });
        std::thread::sleep(4 * PATIENCE);
        assert_eq!(sockets.run(async { 1 }), Some(1));
        sockets.end();
        assert_eq!(sockets.run(async { 1 }), None);
        standing_in.join().unwrap();
    }
}
