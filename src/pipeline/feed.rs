//! Live inputs: as soon as one input is a socket, every input runs on its own and puts its blocks into one queue.
//!
//! Sockets are tasks, run by the worker that waits for a block; standard input and each file have a thread. What they may have
//! read ahead of the writer is bounded in bytes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

use super::budget::{Account, Budget};
use super::cutter::Cutter;
use super::framing::{Block, READ_SIZE};
use super::ledger::Connections;
use super::listen::{self, Listening, Sockets};
use super::queue::{Kind, Live, Origin, Queue, Queued};
use super::reader::ReadError;
use super::source::Input;
use super::tls::Tls;

/// Bounds and ways of live inputs; see config/kqltap.toml.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// Connections at a time, of all listeners together.
    pub max_connections: usize,
    /// Bytes that all inputs may have read and not written.
    pub max_in_flight: usize,
    /// The same of one connection.
    pub max_connection: usize,
    /// How long a connection may be silent between two lines.
    pub idle_timeout: Option<Duration>,
    /// How long a line's sender may be waited for within the line.
    pub line_timeout: Option<Duration>,
    /// How long the PROXY header and the TLS handshake may take.
    pub handshake_timeout: Duration,
    /// Whether each TCP connection begins with a PROXY protocol header, version 2.
    pub proxy_protocol: bool,
    /// The mode of Unix sockets.
    pub socket_mode: u32,
    /// Bytes of the kernel's receive buffer; what the kernel takes by itself if none.
    pub receive_buffer: Option<usize>,
    /// Whether a listener others can reach may do without TLS.
    pub allow_plaintext: bool,
    /// TLS for TCP listeners.
    pub tls: Option<Arc<Tls>>,
}

/// Live inputs cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Bind(String, std::io::Error),
    /// No thread can be started.
    #[error("cannot start reading: {0}")]
    Start(std::io::Error),
}

/// What is wrong with live inputs before anything is opened: the usage, in a sentence.
pub fn check(inputs: &[Input], options: &LiveOptions, max_line: usize) -> Result<(), String> {
    if !inputs.iter().any(Input::is_listener) {
        return Ok(());
    }
    let of_all = ("max_in_flight_bytes", options.max_in_flight, Budget::smallest(max_line));
    let of_one = ("max_connection_bytes", options.max_connection, Budget::smallest_of_one(max_line));
    for (name, value, smallest) in [of_all, of_one] {
        if value < smallest {
            return Err(format!(
                "{name} = {value}: with max_line_bytes = {max_line} it takes {smallest} or more, so that the longest line fits \
                 and holds up no other; raise it, or lower max_line_bytes"
            ));
        }
    }
    inputs.iter().try_for_each(|input| listen::check(input, options))
}

/// The live inputs of a run.
#[derive(Debug)]
pub(super) struct Feed {
    queue: Arc<Queue>,
    sockets: Arc<Sockets>,
    budget: Arc<Budget>,
    stop: CancellationToken,
    connections: Arc<listen::Counters>,
    /// Room for connections.
    slots: Arc<Semaphore>,
    max_connections: usize,
    tls: Option<Arc<Tls>>,
}

impl Feed {
    /// Binds the listeners, says where they listen, and begins to read.
    pub(super) fn start(inputs: &[Input], options: &LiveOptions, max_line: usize) -> Result<Feed, ListenError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ListenError::Start)?;
        let listening = Listening {
            options: Arc::new(options.clone()),
            max_line,
            queue: Arc::default(),
            budget: Budget::new(options.max_in_flight, max_line),
            stop: CancellationToken::new(),
            counters: Arc::default(),
            notices: Arc::default(),
            slots: Arc::new(Semaphore::new(options.max_connections)),
        };
        let listeners = {
            let _runtime = runtime.enter();
            let listeners = inputs.iter().filter(|input| input.is_listener()).map(|input| listening.bind(input));
            listeners.collect::<Result<Vec<_>, _>>()?
        };
        for listener in &listeners {
            say!(Info, input = listener.name(); "kqltap: listening on {}", listener.name());
        }
        for listener in listeners {
            runtime.spawn(listener.accept());
        }
        let feed = Feed {
            queue: listening.queue,
            sockets: Arc::new(Sockets::new(runtime)),
            budget: listening.budget,
            stop: listening.stop,
            connections: listening.counters,
            slots: listening.slots,
            max_connections: options.max_connections,
            tls: options.tls.clone(),
        };
        let sockets = feed.sockets.clone();
        start_thread("sockets", move || sockets.stand_in())?;
        for input in inputs.iter().filter(|input| !input.is_listener()) {
            let (queue, open) = (feed.queue.clone(), feed.queue.open(Kind::Blocking));
            let mut account = Account::new(&feed.budget, options.max_connection);
            let input = input.clone();
            start_thread("input", move || {
                let _open = open;
                if let Err(error) = read(&input, max_line, &mut account, &queue) {
                    queue.push_error((input.name(), error));
                }
            })?;
        }
        Ok(feed)
    }

    /// Waits for the next block of any input; `None` when there will be none.
    pub(super) fn next(&self, block: &mut Block) -> Result<Option<Queued>, ReadError> {
        let first_a_round = self.sockets.turn();
        let is_scarce = || self.budget.is_scarce();
        if !first_a_round && let Some(next) = self.queue.pop(block, is_scarce) {
            return next;
        }
        let next = self.sockets.run(async {
            if first_a_round {
                yield_now().await;
            }
            self.queue.next(block, is_scarce).await
        });
        let next = next.unwrap_or(Ok(None));
        if let Ok(None) = next {
            self.sockets.end();
        }
        next
    }

    /// Lines of that input wait for others of their event: they are to be looked at again at that time.
    pub(super) fn look_again(&self, input: &Arc<str>, live: &Live, at: Instant) {
        self.queue.look_again(input, live, at);
    }

    /// Closes the listeners and ends the connections. What has been read is still given out, and what stands in the
    /// kernel's buffers is read.
    pub(super) fn stop(&self) {
        self.stop.cancel();
        self.queue.stop();
    }

    /// Bytes that have been read and not been written.
    pub(super) fn in_flight(&self) -> usize {
        self.budget.taken()
    }

    /// Connections that are open.
    pub(super) fn open_connections(&self) -> usize {
        self.max_connections - self.slots.available_permits()
    }

    /// When the block was read that waits longest for a worker.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.queue.oldest()
    }

    /// What became of connections.
    pub(super) fn connections(&self) -> Connections {
        self.connections.counted()
    }

    /// Reads the certificates again; on an error the old ones stay.
    pub(super) fn reload(&self) -> Result<(), super::tls::TlsError> {
        self.tls.as_ref().map_or(Ok(()), |tls| tls.reload())
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.sockets.end();
    }
}

fn start_thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), ListenError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop).map_err(ListenError::Start)
}

/// Reads standard input or a file to its end. One read goes ahead of the budget: whoever waits for a silent standard input
/// takes nothing from the others.
fn read(input: &Input, max_line: usize, account: &mut Account, queue: &Queue) -> std::io::Result<()> {
    let mut source = input.open()?;
    let (mut cutter, mut origin) = (Cutter::newlines(max_line), Origin::new(&input.name()));
    let (mut held, mut blocks) = (account.nothing(), Vec::new());
    loop {
        let mut block = queue.spare();
        let at = cutter.begin(&mut block);
        let (read, failed) = match source.read(&mut block.room[at..at + READ_SIZE]) {
            Ok(read) => (read, None),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            // What was read before is handled.
            Err(e) => (0, Some(e)),
        };
        held.join(account.take_all(read));
        // Newlines cannot be wrong.
        let _ = if read > 0 { cutter.took(&mut block, read, &mut blocks) } else { cutter.finish(&mut blocks) };
        queue.give_back(block);
        if !queue.push_all(&mut origin, &mut blocks, &mut held, cutter.kept()) || queue.is_stopping() {
            return Ok(());
        }
        if read == 0 {
            queue.push_end(&mut origin, account.nothing());
            return failed.map_or(Ok(()), Err);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::pipeline) fn options() -> LiveOptions {
        LiveOptions {
            max_connections: 10,
            max_in_flight: 8 * READ_SIZE,
            max_connection: 8 * READ_SIZE,
            idle_timeout: None,
            line_timeout: None,
            handshake_timeout: Duration::from_secs(10),
            proxy_protocol: false,
            socket_mode: 0o600,
            receive_buffer: None,
            allow_plaintext: false,
            tls: None,
        }
    }

    #[test]
    fn the_longest_line_must_fit() {
        let (file, socket) = (Input::File("a".into()), Input::Tcp("127.0.0.1:0".to_owned()));
        let line = 3 * READ_SIZE;
        assert_eq!(check(&[file.clone(), socket.clone()], &options(), line), Ok(()));
        let refused = check(&[file.clone(), socket.clone()], &options(), line + 1);
        assert!(refused.is_err_and(|e| e.contains("max_in_flight_bytes")));
        let narrow = LiveOptions { max_connection: READ_SIZE, ..options() };
        assert!(check(&[socket], &narrow, line).is_err_and(|e| e.contains("max_connection_bytes")));
        assert_eq!(check(&[file], &narrow, line), Ok(()), "no listener, no bound");
    }
}
