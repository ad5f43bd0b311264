//! Where alerts go.
//!
//! A sink is written to by whoever's turn it is, and blocks while its target takes nothing; so the read stops. Two things may
//! stand before the target: a queue that lets go of what does not fit (`queue`), or a spool on disk (`spooled`).

mod address;
mod client;
mod connection;
mod lines;
mod link;
mod queue;
mod spooled;
mod state;
mod tail;
mod tally;
mod target;
mod tls;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use address::Address;
pub use state::SinkState;
pub use tally::Tally;
pub use tls::{OutputTls, PeerTls};

use super::drain::Drain;
use client::Client;
use link::Link;
use queue::Queue;
use spooled::Spooled;
use target::{FileTarget, Target};

/// The target of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Standard output, `-`
    Stdout,
    /// A file, appended to.
    File(PathBuf),
    /// A peer, which is connected to.
    Peer(Address),
}

impl Output {
    /// The target that a command-line argument names.
    pub fn parse(argument: &str) -> Result<Output, String> {
        match argument {
            "-" => Ok(Output::Stdout),
            a => Address::parse(a).map_or_else(|| Ok(Output::File(PathBuf::from(a))), |a| a.map(Output::Peer)),
        }
    }

    /// What messages call it.
    pub fn name(&self) -> String {
        match self {
            Output::Stdout => "standard output".to_owned(),
            Output::File(path) => path.display().to_string(),
            Output::Peer(address) => address.name(),
        }
    }
}

/// What happens to an alert that the sink, or its spool, has no room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFull {
    /// The run waits, and reads no more.
    #[default]
    Block,
    /// It is let go, and counted.
    Drop,
}

/// How alerts reach their target; see config/kqltap.toml.
#[derive(Clone, Debug)]
pub struct SinkOptions {
    /// What happens to what there is no room for.
    pub on_full: OnFull,
    /// Bytes that wait before the target, with `on_full = drop`.
    pub queue_bytes: usize,
    /// Bytes that are sent again after a peer's connection broke.
    pub resend_bytes: usize,
    /// Keeps on disk what a peer has not taken.
    pub spool: Option<SpoolOptions>,
    /// Whom to trust, and who we are.
    pub tls: OutputTls,
    /// How long what was read may wait for the sink once the run is ending.
    pub drain_timeout: Duration,
}

impl Default for SinkOptions {
    /// What config/kqltap.toml says.
    fn default() -> SinkOptions {
        SinkOptions {
            on_full: OnFull::Block,
            queue_bytes: 8 << 20,
            resend_bytes: 8 << 20,
            spool: None,
            tls: OutputTls::default(),
            drain_timeout: Duration::from_secs(3),
        }
    }
}

/// A spool on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolOptions {
    /// The folder.
    pub folder: PathBuf,
    /// Bytes that its segments may take.
    pub max: u64,
    /// Whether what is put in is on the disk, and not only with the system, before the run goes on.
    pub sync: bool,
}

/// An open target. What it is given is out of the process, in the queue or in the spool when the call returns.
pub struct Sink {
    way: Way,
    reopen: Arc<AtomicBool>,
    tally: Arc<Tally>,
    state: Arc<SinkState>,
    tls: Option<Arc<PeerTls>>,
}

enum Way {
    Direct(Box<dyn Target>),
    Queued(Queue),
    Spooled(Spooled),
}

/// Nothing more can be written.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The reader of a pipe has gone; as for any stage of a pipe that is no failure.
    #[error("the reader of {0} has closed it")]
    Closed(String),
    /// The target failed.
    #[error("cannot write to {0}: {1}")]
    Failed(String, io::Error),
    /// The run is ending, and the target did not take what there was.
    #[error("{0} did not take all alerts within drain_timeout; those are lost")]
    Unsent(String),
    /// The spool cannot hold an alert, however empty it is.
    #[error("an alert of {0} bytes is too large for the spool; raise spool_max to more than four times that")]
    TooLarge(usize),
}

impl Sink {
    /// Opens `output`. A peer is connected to when there is something to send, and need not be there before.
    pub fn open(output: &Output, options: &SinkOptions, drain: &Arc<Drain>) -> Result<Sink, String> {
        let tally = Arc::new(Tally::default());
        let spool_max = options.spool.as_ref().map_or(0, |spool| spool.max);
        let state = Arc::new(SinkState::new(output.name(), spool_max));
        let tls = match output {
            Output::Peer(address) if matches!(address, Address::Tls(_)) || options.tls.is_set() => {
                Some(Arc::new(PeerTls::load(options.tls.clone())?))
            }
            _ => None,
        };
        let link = |address: &Address| Link::new(address.clone(), tls.clone(), drain.clone(), state.clone());
        let drop = options.on_full == OnFull::Drop;
        let way = match (output, &options.spool) {
            (Output::Peer(address), Some(spool)) => Way::Spooled(Spooled::start(
                link(address),
                spool,
                options,
                tally.clone(),
                drain.clone(),
                state.clone(),
            )?),
            (output, _) if drop => {
                let (name, bytes) = (output.name(), options.queue_bytes);
                let target = target(output, options, link)?;
                let queue = Queue::start(target, bytes, name, tally.clone(), drain.clone(), state.clone());
                Way::Queued(queue.map_err(|e| e.to_string())?)
            }
            (output, _) => Way::Direct(target(output, options, link)?),
        };
        Ok(Sink { way, reopen: Arc::default(), tally, state, tls })
    }

    /// What became of the alerts.
    pub fn tally(&self) -> Arc<Tally> {
        self.tally.clone()
    }

    /// How it is.
    pub fn state(&self) -> Arc<SinkState> {
        self.state.clone()
    }

    /// The certificates that it is reached with, to be read again.
    pub fn tls(&self) -> Option<Arc<PeerTls>> {
        self.tls.clone()
    }

    /// Asks for files to be opened anew: when it is set, they are before something is written the next time.
    pub fn reopen_flag(&self) -> Arc<AtomicBool> {
        self.reopen.clone()
    }

    /// Opens a file anew under its name if that was asked for.
    pub fn reopen_if_asked(&mut self) {
        if self.reopen.swap(false, Ordering::AcqRel) {
            match &mut self.way {
                Way::Direct(target) => target.reopen(),
                Way::Queued(queue) => queue.reopen(),
                Way::Spooled(_) => {}
            }
        }
    }

    /// Writes all of `bytes`, whole lines with so many alerts in them.
    pub fn write(&mut self, bytes: &[u8], alerts: u64) -> Result<(), SinkError> {
        self.reopen_if_asked();
        if bytes.is_empty() {
            return Ok(());
        }
        match &mut self.way {
            Way::Direct(target) => {
                target.write(bytes)?;
                self.tally.write(alerts);
                Ok(())
            }
            Way::Queued(queue) => queue.write(bytes),
            Way::Spooled(spooled) => spooled.write(bytes, alerts),
        }
    }

    /// Sees everything out, within the time that the run's drain leaves.
    pub fn finish(&mut self) -> Result<(), SinkError> {
        match &mut self.way {
            Way::Direct(target) => target.finish().map_err(|(failure, lost)| {
                self.tally.unwrite(lost);
                failure
            }),
            Way::Queued(queue) => queue.finish(),
            Way::Spooled(spooled) => spooled.finish(),
        }
    }
}

fn target(output: &Output, options: &SinkOptions, link: impl Fn(&Address) -> Link) -> Result<Box<dyn Target>, String> {
    Ok(match output {
        Output::Stdout => Box::new(io::stdout()),
        Output::File(path) => Box::new(FileTarget::open(path.clone()).map_err(|e| e.to_string())?),
        Output::Peer(address) => Box::new(Client::new(link(address), options.resend_bytes)),
    })
}
