//! How long what has been read may wait for a sink, once no more is read.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When a sink that takes nothing is given up: never while the run reads, after `timeout` once it does not.
#[derive(Debug)]
pub struct Drain {
    timeout: Duration,
    phase: Mutex<Phase>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// The run reads. A sink that does not take holds it up, for as long as it likes.
    Reading,
    /// The inputs have ended. A sink may be slow, but must take something within the time-out.
    Ended(Instant),
    /// The run has been told to stop. By then all must be out: whoever told it so will not wait.
    Stopped { deadline: Instant },
}

impl Drain {
    /// For a run that reads. `timeout` is the setting `drain_timeout`.
    pub fn new(timeout: Duration) -> Drain {
        Drain { timeout, phase: Mutex::new(Phase::Reading), changed: Condvar::new() }
    }

    /// The setting.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The inputs have ended; a stop goes before.
    pub fn inputs_ended(&self) {
        let mut phase = self.lock();
        if *phase == Phase::Reading {
            *phase = Phase::Ended(Instant::now());
            self.changed.notify_all();
        }
    }

    /// The run is to stop; gives when all must be out. Only the first call sets it.
    pub fn stop(&self) -> Instant {
        let mut phase = self.lock();
        if let Phase::Stopped { deadline } = *phase {
            return deadline;
        }
        let deadline = Instant::now() + self.timeout;
        *phase = Phase::Stopped { deadline };
        self.changed.notify_all();
        deadline
    }

    /// Whether the run still reads.
    pub fn is_reading(&self) -> bool {
        *self.lock() == Phase::Reading
    }

    /// Whether a sink that has taken nothing since then is to be given up.
    pub fn gives_up(&self, since: Instant) -> bool {
        self.until(since).is_some_and(|at| at <= Instant::now())
    }

    /// When a sink that has taken nothing since then is given up, if it ever is.
    fn until(&self, since: Instant) -> Option<Instant> {
        match *self.lock() {
            Phase::Reading => None,
            Phase::Ended(at) => Some(at.max(since) + self.timeout),
            Phase::Stopped { deadline } => Some(deadline),
        }
    }

    /// Sleeps so long, or until the run stops reading or is told to stop: then what is tried again is tried at once.
    pub fn sleep(&self, how_long: Duration) {
        let phase = self.lock();
        let before = *phase;
        drop(self.changed.wait_timeout_while(phase, how_long, |phase| *phase == before));
    }

    fn lock(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far a sink has come, and since when it has come no further. Sending again what was sent is no progress: a peer that
/// takes some and breaks off, time and again, would keep a run from ending for ever.
#[derive(Debug)]
pub(super) struct Progress {
    /// Bytes of the run sent so far; what is sent again is not counted twice.
    at: u64,
    best: u64,
    since: Instant,
}

impl Progress {
    pub(super) fn new() -> Progress {
        Progress { at: 0, best: 0, since: Instant::now() }
    }

    /// There is something to send, and was not before.
    pub(super) fn begin(&mut self) {
        self.since = Instant::now();
    }

    pub(super) fn advance(&mut self, bytes: u64) {
        self.at += bytes;
        if self.at > self.best {
            self.best = self.at;
            self.since = Instant::now();
        }
    }

    /// All that followed the first `from` bytes is sent again.
    pub(super) fn restart(&mut self, from: u64) {
        self.at = from;
    }

    pub(super) fn since(&self) -> Instant {
        self.since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;

    #[test]
    fn a_sink_is_given_up_once_nothing_more_is_read() {
        let drain = Drain::new(NONE);
        let long_ago = Instant::now();
        assert!(!drain.gives_up(long_ago), "while the run reads it may take as long as it likes");
        drain.inputs_ended();
        assert!(drain.gives_up(long_ago));

        let patient = Drain::new(Duration::from_secs(3600));
        patient.inputs_ended();
        assert!(!patient.gives_up(long_ago));
        // What comes later than an hour ago is progress; a stop does not ask for progress, and the first one counts.
        let deadline = patient.stop();
        assert_eq!(patient.stop(), deadline);
        patient.inputs_ended();
        assert_eq!(patient.stop(), deadline);
    }

    #[test]
    fn sending_again_is_no_progress() {
        let mut progress = Progress::new();
        progress.advance(10);
        let since = progress.since();
        progress.restart(2);
        progress.advance(8);
        assert_eq!(progress.since(), since);
        progress.advance(1);
        assert!(progress.since() > since);
    }
}
