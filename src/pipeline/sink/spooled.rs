//! A spool before a peer: alerts are on disk before the run goes on, and a thread sends them from there.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::drain::Drain;
use super::super::spool::{AppendError, Position, Record, Spool};
use super::lines::Pieces;
use super::link::{GivenUp, Link};
use super::state::SinkState;
use super::tally::Tally;
use super::{OnFull, SinkError, SinkOptions, SpoolOptions};

/// Bytes of one record, unless a line is longer or the spool is very small.
const PIECE: usize = 64 * 1024;

/// How often whoever waits looks up: whether the peer is still there, whether the run has given up.
const STEP: Duration = Duration::from_millis(50);

/// How often a full spool is mentioned.
const MENTION: Duration = Duration::from_secs(60);

pub(super) struct Spooled {
    shared: Arc<Shared>,
    /// What messages call the peer, and the spool.
    name: String,
    folder: String,
    on_full: OnFull,
    /// Bytes of one record, unless a line is longer.
    piece: usize,
    tally: Arc<Tally>,
    drain: Arc<Drain>,
    seen: Arc<SinkState>,
    mentioned: Option<Instant>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    spool: Spool,
    /// Records sent so far.
    sent: u64,
    /// Nothing more is put in.
    ending: bool,
    /// The relay has ended.
    ended: bool,
    failure: Option<SinkError>,
}

impl Spooled {
    /// Opens the spool and begins to send what is in it.
    pub(super) fn start(
        link: Link,
        spool: &SpoolOptions,
        options: &SinkOptions,
        tally: Arc<Tally>,
        drain: Arc<Drain>,
        seen: Arc<SinkState>,
    ) -> Result<Spooled, String> {
        let (name, folder) = (link.name(), spool.folder.display().to_string());
        let piece = PIECE.min(Spool::largest(spool.max));
        let spool = Spool::open(&spool.folder, spool.max, spool.sync)?;
        if spool.size() > 0 {
            say!("kqltap: the spool in {folder} has {} bytes of an earlier run; they are sent first", spool.size());
        }
        seen.set_spool(spool.size());
        let (cursor, first) = (spool.received(), spool.next_segment());
        let state = State { spool, sent: 0, ending: false, ended: false, failure: None };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let relay = Relay {
            link,
            shared: shared.clone(),
            tally: tally.clone(),
            seen: seen.clone(),
            resend: options.resend_bytes as u64,
            first,
            cursor,
            sent: 0,
            unsure: VecDeque::new(),
            unsure_bytes: 0,
        };
        std::thread::Builder::new().name("relay".to_owned()).spawn(move || relay.run()).map_err(|e| e.to_string())?;
        Ok(Spooled { shared, name, folder, on_full: options.on_full, piece, tally, drain, seen, mentioned: None })
    }

    /// Puts lines in. When it returns they are on disk, or were let go as `on_full` says.
    pub(super) fn write(&mut self, bytes: &[u8], alerts: u64) -> Result<(), SinkError> {
        let mut left = alerts;
        let mut pieces = Pieces::new(bytes, self.piece);
        while let Some(piece) = pieces.next() {
            // With `annotate` a line is no alert; then the last piece stands for what is left.
            let lines = memchr::memchr_iter(b'\n', piece).count() as u64;
            let count = if pieces.rest().is_empty() { left } else { left.min(lines) };
            left -= count;
            self.append(piece, count)?;
        }
        let committed = self.shared.lock().spool.commit();
        committed.map_err(|e| self.failed(e))
    }

    fn append(&mut self, piece: &[u8], alerts: u64) -> Result<(), SinkError> {
        let since = Instant::now();
        let mut state = self.shared.lock();
        loop {
            if let Some(failure) = state.failure.take() {
                return Err(failure);
            }
            match state.spool.append(piece, u32::try_from(alerts).unwrap_or(u32::MAX)) {
                Ok(()) => {
                    self.tally.spool(alerts);
                    self.seen.set_spool(state.spool.size());
                    self.seen.set_full(false);
                    self.shared.changed.notify_all();
                    return Ok(());
                }
                Err(AppendError::Io(e)) => return Err(self.failed(e)),
                Err(why) if self.on_full == OnFull::Drop => {
                    self.seen.set_full(matches!(why, AppendError::Full));
                    self.tally.drop_alerts(alerts, &self.name);
                    return Ok(());
                }
                Err(AppendError::TooLarge) => return Err(SinkError::TooLarge(piece.len())),
                Err(AppendError::Full) if self.drain.gives_up(since) => {
                    return Err(SinkError::Unsent(self.name.clone()));
                }
                Err(AppendError::Full) => {
                    self.seen.set_full(true);
                    if self.mentioned.is_none_or(|at| at.elapsed() >= MENTION) {
                        self.mentioned = Some(Instant::now());
                        say!(
                            Warn;
                            "kqltap: the spool in {} is full; no more is read until {} takes some",
                            self.folder,
                            self.name
                        );
                    }
                    let waited = self.shared.changed.wait_timeout(state, STEP);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// Waits until the peer has read everything. What it does not take in time stays in the spool.
    pub(super) fn finish(&mut self) -> Result<(), SinkError> {
        let mut state = self.shared.lock();
        state.ending = true;
        self.shared.changed.notify_all();
        let (mut sent, mut since) = (state.sent, Instant::now());
        // The relay gives up by itself, unless it hangs where it cannot: in a name that is not resolved, say.
        while !state.ended && !self.drain.gives_up(since) {
            state = self.shared.changed.wait_timeout(state, STEP).unwrap_or_else(PoisonError::into_inner).0;
            if state.sent != sent {
                (sent, since) = (state.sent, Instant::now());
            }
        }
        self.tally.sum_up(&self.name, Duration::ZERO);
        let stored = state.spool.store();
        if state.spool.size() > 0 {
            say!(
                Warn;
                "kqltap: {} has not taken all alerts; the next run with the spool in {} sends the rest",
                self.name,
                self.folder
            );
        }
        match state.failure.take() {
            Some(failure) => Err(failure),
            None => stored.map_err(|e| self.failed(e)),
        }
    }

    fn failed(&self, error: std::io::Error) -> SinkError {
        SinkError::Failed(format!("the spool in {}", self.folder), error)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends what is in the spool, in order.
struct Relay {
    link: Link,
    shared: Arc<Shared>,
    tally: Arc<Tally>,
    seen: Arc<SinkState>,
    /// Bytes that a peer may not have read though they were sent.
    resend: u64,
    /// Records from this segment on are of this run.
    first: u64,
    /// What is sent next.
    cursor: Position,
    /// Bytes sent, what is sent again not counted.
    sent: u64,
    /// Records that were sent and may have to be sent again.
    unsure: VecDeque<Sent>,
    unsure_bytes: u64,
}

struct Sent {
    /// The place behind the record.
    behind: Position,
    bytes: u64,
    /// Alerts of this run in it.
    alerts: u64,
}

enum Next {
    Record(Record, Position),
    /// The connection broke while there was nothing to send.
    Lost,
    /// All has been sent, and nothing more comes.
    End,
}

impl Relay {
    fn run(mut self) {
        let failure = self.relay().err();
        let failed = failure.is_some();
        let mut state = self.shared.lock();
        state.failure = failure.map(|e| SinkError::Failed("the spool".to_owned(), e));
        state.ended = true;
        drop(state);
        self.shared.changed.notify_all();
        // The input may be silent for ever, and no write would hear of it.
        if failed {
            self.seen.fail();
        }
    }

    fn relay(&mut self) -> std::io::Result<()> {
        loop {
            let outcome = match self.next()? {
                Next::Record(record, behind) => self.send(&record, behind),
                Next::Lost => self.connect().map(|_| Ok(())),
                Next::End => match self.finish() {
                    Ok(true) => return self.forget(0),
                    Ok(false) => Ok(Ok(())),
                    Err(given_up) => Err(given_up),
                },
            };
            match outcome {
                Ok(result) => result?,
                // What has not been sent stays where it is.
                Err(GivenUp) => return Ok(()),
            }
        }
    }

    /// Waits for something to do.
    fn next(&mut self) -> std::io::Result<Next> {
        let shared = self.shared.clone();
        let mut state = shared.lock();
        let mut idle = false;
        loop {
            if let Some((record, behind)) = state.spool.read(self.cursor)? {
                if idle {
                    self.link.begin();
                }
                return Ok(Next::Record(record, behind));
            }
            if state.ending {
                return Ok(Next::End);
            }
            state = shared.changed.wait_timeout(state, STEP).unwrap_or_else(PoisonError::into_inner).0;
            idle = true;
            if self.unsure.is_empty() {
                continue;
            }
            // A connection that broke is paused after: meanwhile whoever puts something in must not wait.
            drop(state);
            if !self.link.check() {
                return Ok(Next::Lost);
            }
            state = shared.lock();
        }
    }

    /// Sees to it that there is a connection; `false` if it is a new one, and sending begins again with what the last one may
    /// have lost.
    fn connect(&mut self) -> Result<bool, GivenUp> {
        if !self.link.ensure(self.sent - self.unsure_bytes)? || self.unsure.is_empty() {
            return Ok(true);
        }
        self.sent -= self.unsure_bytes;
        self.unsure.clear();
        self.unsure_bytes = 0;
        self.cursor = self.shared.lock().spool.received();
        Ok(false)
    }

    fn send(&mut self, record: &Record, behind: Position) -> Result<std::io::Result<()>, GivenUp> {
        if !self.connect()? || !self.link.write(&record.bytes)? {
            return Ok(Ok(()));
        }
        let bytes = record.bytes.len() as u64;
        let alerts = if behind.segment >= self.first { u64::from(record.alerts) } else { 0 };
        self.cursor = behind;
        self.sent += bytes;
        self.unsure.push_back(Sent { behind, bytes, alerts });
        self.unsure_bytes += bytes;
        Ok(self.forget(self.resend))
    }

    /// Lets go of what was sent before the last `keep` bytes: it has been received.
    fn forget(&mut self, keep: u64) -> std::io::Result<()> {
        let shared = self.shared.clone();
        let mut state = shared.lock();
        state.sent += 1;
        while let Some(first) = self.unsure.front()
            && self.unsure_bytes - first.bytes >= keep
            && let Some(first) = self.unsure.pop_front()
        {
            self.unsure_bytes -= first.bytes;
            state.spool.receive(first.behind)?;
            self.tally.unspool(first.alerts);
        }
        if state.spool.size() < self.seen.spool_bytes() {
            self.seen.set_full(false);
        }
        self.seen.set_spool(state.spool.size());
        drop(state);
        shared.changed.notify_all();
        Ok(())
    }

    /// Ends the connection; `true` once the peer has read everything.
    fn finish(&mut self) -> Result<bool, GivenUp> {
        self.link.begin();
        Ok(self.unsure.is_empty() || (self.connect()? && self.link.finish()?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Read as _;
    use std::net::TcpListener;

    use super::super::address::Address;
    use super::*;

    /// A peer that takes connections and breaks them is paused after; alerts are put into the spool meanwhile.
    #[test]
    fn the_spool_is_free_while_the_relay_pauses() {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Tcp(listener.local_addr().unwrap().to_string());
        let seen = Arc::new(SinkState::new(address.name(), 1 << 20));
        let drain = Arc::new(Drain::new(Duration::ZERO));
        let link = Link::new(address, None, drain.clone(), seen.clone()).waiting_long();
        let spool = SpoolOptions { folder: folder.path().to_owned(), max: 1 << 20, sync: false };
        let options = SinkOptions::default();
        let mut spooled = Spooled::start(link, &spool, &options, Arc::default(), drain.clone(), seen.clone()).unwrap();
        spooled.write(b"{}\n", 1).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        peer.read_exact(&mut [0; 3]).unwrap();
        drop(peer);
        // It says so before it pauses, and then does not touch the spool for seconds.
        while seen.away().is_none() {
            std::thread::yield_now();
        }
        assert!(spooled.shared.state.try_lock().is_ok(), "the relay sleeps with the spool in its hand");
        drain.stop();
    }
}
