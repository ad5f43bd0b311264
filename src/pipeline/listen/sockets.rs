//! The sockets' tasks, and who runs them: the worker that waits for a block.
//!
//! So what a socket brings is matched by the thread that has read it, while it stands in that core's cache, and nobody has to be
//! woken to take it over. A thread of its own looks after the sockets only while no worker does: they may all be busy for long, or
//! held up by a sink, and what may be in flight is read all the same.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
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
    /// Told when a worker comes.
    wanted: Notify,
}

impl Sockets {
    pub(in crate::pipeline) fn new(runtime: Runtime) -> Sockets {
        Sockets { runtime: Mutex::new(Some(runtime)), turns: AtomicU64::new(0), wanted: Notify::new() }
    }

    /// A worker comes for a block; whether it is to look after the sockets though there may be one.
    pub(in crate::pipeline) fn turn(&self) -> bool {
        let turn = self.turns.fetch_add(1, Relaxed);
        self.wanted.notify_one();
        turn.is_multiple_of(BLOCKS_A_ROUND)
    }

    /// Runs the tasks until the future has come; `None` if there are none any more.
    pub(in crate::pipeline) fn run<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        self.lock().as_ref().map(|runtime| runtime.block_on(future))
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
                    self.wanted.notified().await;
                });
            }
            seen = turns;
        }
    }

    /// Lets go of what is left of the tasks.
    pub(in crate::pipeline) fn end(&self) {
        self.wanted.notify_one();
        if let Some(runtime) = self.lock().take() {
            // Whatever thread this is on, it must not wait.
            runtime.shutdown_background();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Runtime>> {
        self.runtime.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
