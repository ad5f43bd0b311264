//! A connection that is made again when it breaks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::drain::{Drain, Progress};
use super::address::Address;
use super::connection::{Broken, Connection};
use super::state::SinkState;
use super::tls::PeerTls;

/// The wait before the second attempt; each wait is twice the last, up to the longest, and a random part of it is left out so
/// that many senders do not come back at once.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Between attempts once the run is ending, for time is short.
const LAST_WAITS: Duration = Duration::from_millis(200);

/// How often a peer that stays away is mentioned.
const MENTION: Duration = Duration::from_secs(60);

/// How long a connection must have held for the next waits to begin from the first again.
const STABLE: Duration = Duration::from_secs(10);

/// The run gives the peer up.
#[derive(Debug)]
pub(super) struct GivenUp;

/// A peer, connected or not.
pub(super) struct Link {
    address: Address,
    tls: Option<Arc<PeerTls>>,
    drain: Arc<Drain>,
    /// Told when the peer goes and comes.
    state: Arc<SinkState>,
    connection: Option<Connection>,
    progress: Progress,
    wait: Duration,
    /// When the connection was made.
    made: Instant,
    /// Since when there has been none.
    away: Option<Away>,
}

struct Away {
    since: Instant,
    /// When, and in which words, that was last mentioned.
    mentioned: Instant,
    words: String,
}

impl Link {
    pub(super) fn new(address: Address, tls: Option<Arc<PeerTls>>, drain: Arc<Drain>, state: Arc<SinkState>) -> Link {
        let now = Instant::now();
        let progress = Progress::new();
        Link { address, tls, drain, state, connection: None, progress, wait: FIRST_WAIT, made: now, away: None }
    }

    /// For tests: the next wait is a long one.
    #[cfg(test)]
    pub(super) fn waiting_long(self) -> Link {
        Link { wait: LONGEST_WAIT, ..self }
    }

    pub(super) fn name(&self) -> String {
        self.address.name()
    }

    /// Something is to be sent, after a time in which nothing was.
    pub(super) fn begin(&mut self) {
        self.progress.begin();
    }

    /// Sees to it that there is a connection; `true` if it is a new one, on which what the peer may not have read of the last
    /// one must be sent again: all that followed the first `from` bytes of the run.
    pub(super) fn ensure(&mut self, from: u64) -> Result<bool, GivenUp> {
        if self.connection.is_some() {
            return Ok(false);
        }
        loop {
            match self.attempt() {
                Ok(connection) => {
                    self.connection = Some(connection);
                    self.made = Instant::now();
                    self.state.set_away(None);
                    if let Some(away) = self.away.take() {
                        say!("kqltap: connected to {} after {:.1} s", self.name(), away.since.elapsed().as_secs_f64());
                    }
                    self.progress.restart(from);
                    return Ok(true);
                }
                Err(Broken::GivenUp) => return Err(GivenUp),
                Err(Broken::Lost(error)) => {
                    self.mention(&error, "cannot connect to");
                    self.pause()?;
                }
            }
        }
    }

    fn attempt(&self) -> Result<Connection, Broken> {
        if self.drain.gives_up(self.progress.since()) {
            return Err(Broken::GivenUp);
        }
        let mut connection = self.address.connect(self.tls.as_ref().map(|tls| tls.config()))?;
        connection.greet(&self.drain, &self.progress)?;
        Ok(connection)
    }

    fn pause(&mut self) -> Result<(), GivenUp> {
        let most = if self.drain.is_reading() { LONGEST_WAIT } else { LAST_WAITS };
        let wait = self.wait.min(most);
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        self.drain.sleep(wait.mul_f64(0.5 + fastrand::f64() / 2.0));
        if self.drain.gives_up(self.progress.since()) { Err(GivenUp) } else { Ok(()) }
    }

    fn mention(&mut self, error: &std::io::Error, what: &str) {
        let (now, words) = (Instant::now(), format!("{what} {}: {error}", self.name()));
        self.state.set_away(Some(error.to_string()));
        let known = self.away.as_ref().is_some_and(|away| away.words == words && away.mentioned.elapsed() < MENTION);
        if !known {
            say!(Warn; "kqltap: {words}; it is tried again");
            let since = self.away.as_ref().map_or(now, |away| away.since);
            self.away = Some(Away { since, mentioned: now, words });
        }
    }

    /// Writes all of it on the present connection; `false` if that broke: then [`Link::ensure`] makes another one.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<bool, GivenUp> {
        let Some(connection) = &mut self.connection else { return Ok(false) };
        let written = connection.write(bytes, &self.drain, &mut self.progress);
        self.kept(written)
    }

    /// Whether the peer is there, as far as can be seen without writing. A connection that broke is let go.
    pub(super) fn check(&mut self) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        let checked = connection.check().map_err(Broken::Lost);
        self.kept(checked).unwrap_or(false)
    }

    /// Ends the connection; `true` once the peer has read all of it, `false` if it broke before.
    pub(super) fn finish(&mut self) -> Result<bool, GivenUp> {
        let Some(connection) = &mut self.connection else { return Ok(false) };
        let finished = connection.finish(&self.drain, &self.progress);
        self.kept(finished)
    }

    fn kept(&mut self, result: Result<(), Broken>) -> Result<bool, GivenUp> {
        match result {
            Ok(()) => Ok(true),
            Err(Broken::GivenUp) => Err(GivenUp),
            Err(Broken::Lost(error)) => {
                self.connection = None;
                self.mention(&error, "lost the connection to");
                // A peer that takes connections and breaks them at once is not to be hammered.
                if self.made.elapsed() > STABLE {
                    self.wait = FIRST_WAIT;
                } else {
                    self.pause()?;
                }
                Ok(false)
            }
        }
    }
}
