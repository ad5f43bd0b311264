//! How a sink is, for whoever looks from outside while it may be busy.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Whether the target is there, and how full the spool before it is.
#[derive(Debug)]
pub struct SinkState {
    name: String,
    /// Bytes that the spool may take; 0 without one.
    spool_max: u64,
    spool_bytes: AtomicU64,
    /// The last alert found no room in the spool.
    full: AtomicBool,
    /// Why the peer is away.
    away: Mutex<Option<String>>,
    /// A thread before the target has ended in a failure, which the next write says.
    failed: Notify,
}

impl SinkState {
    pub(super) fn new(name: String, spool_max: u64) -> SinkState {
        SinkState {
            name,
            spool_max,
            spool_bytes: AtomicU64::new(0),
            full: AtomicBool::new(false),
            away: Mutex::default(),
            failed: Notify::new(),
        }
    }

    /// What messages call the target.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why the target is not there, as far as that is known: a peer is connected to when there is something to send, and is
    /// taken to be there until that fails.
    pub fn away(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Waits until it takes no more, though nothing is written that would say so.
    pub async fn failed(&self) {
        self.failed.notified().await;
    }

    /// Bytes in the spool, and how many it takes; none without one.
    pub fn spool(&self) -> Option<(u64, u64)> {
        (self.spool_max > 0).then(|| (self.spool_bytes(), self.spool_max))
    }

    pub(super) fn spool_bytes(&self) -> u64 {
        self.spool_bytes.load(Relaxed)
    }

    /// Why alerts go nowhere just now: neither to the target nor into the spool.
    pub fn trouble(&self) -> Option<String> {
        match self.away() {
            Some(why) if self.spool_max == 0 => Some(format!("{}: {why}", self.name)),
            _ if self.full.load(Relaxed) => Some(format!("the spool before {} is full", self.name)),
            _ => None,
        }
    }

    pub(super) fn set_away(&self, why: Option<String>) {
        *self.lock() = why;
    }

    pub(super) fn fail(&self) {
        self.failed.notify_one();
    }

    pub(super) fn set_spool(&self, bytes: u64) {
        self.spool_bytes.store(bytes, Relaxed);
    }

    pub(super) fn set_full(&self, full: bool) {
        self.full.store(full, Relaxed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
