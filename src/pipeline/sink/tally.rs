//! What became of alerts behind a sink, which may take them later than they were handed to it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often dropped alerts are summed up on standard error.
const SUMMARY: Duration = Duration::from_secs(60);

/// Counts of alerts of this run.
#[derive(Debug, Default)]
pub struct Tally {
    written: AtomicU64,
    dropped: AtomicU64,
    spooled: AtomicU64,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    /// Dropped since the last summary.
    count: u64,
    last: Option<Instant>,
}

impl Tally {
    /// Alerts that the sink has taken.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Alerts that did not fit and were let go.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Acquire)
    }

    /// Alerts that are in the spool and still to be sent.
    pub fn spooled(&self) -> u64 {
        self.spooled.load(Ordering::Acquire)
    }

    pub(super) fn write(&self, alerts: u64) {
        self.written.fetch_add(alerts, Ordering::AcqRel);
    }

    /// What was counted as written has not arrived after all.
    pub(super) fn unwrite(&self, alerts: u64) {
        let less = |written: u64| Some(written.saturating_sub(alerts));
        let _ = self.written.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
    }

    pub(super) fn spool(&self, alerts: u64) {
        self.spooled.fetch_add(alerts, Ordering::AcqRel);
    }

    /// So many alerts left the spool; those of earlier runs are not of this one's ledger.
    pub(super) fn unspool(&self, alerts: u64) {
        self.spooled.fetch_sub(alerts, Ordering::AcqRel);
        self.write(alerts);
    }

    /// Counts what is let go, and says so, once a minute at most.
    pub(super) fn drop_alerts(&self, alerts: u64, sink: &str) {
        if alerts == 0 {
            return;
        }
        self.dropped.fetch_add(alerts, Ordering::AcqRel);
        self.said.lock().unwrap_or_else(PoisonError::into_inner).count += alerts;
        self.sum_up(sink, SUMMARY);
    }

    /// Says how many alerts were dropped since it was last said, if that is so long ago.
    pub(super) fn sum_up(&self, sink: &str, age: Duration) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.count == 0 || said.last.is_some_and(|last| last.elapsed() < age) {
            return;
        }
        say!(Warn, dropped = said.count; "kqltap: {sink} does not take alerts fast enough: {} dropped (on_full = drop)", said.count);
        *said = Said { count: 0, last: Some(Instant::now()) };
    }
}
