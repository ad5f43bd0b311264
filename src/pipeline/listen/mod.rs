//! Listeners: what they accept becomes connections, within their limits.

mod connection;
mod counters;
mod notices;
mod proxy;
mod sockets;
mod tcp;
mod unix;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use super::feed::{ListenError, LiveOptions};
use super::queue::{Kind, Open, Queue};
use super::source::Input;
use connection::{Accepted, Connection};
pub(super) use counters::Counters;
pub(super) use notices::Notices;
pub(super) use sockets::Sockets;

/// How long accepting rests when the system gives no more connections: out of file descriptors, mostly.
const REST: Duration = Duration::from_millis(100);

/// What all listeners of a run share.
#[derive(Clone, Debug)]
pub(super) struct Listening {
    pub(super) options: Arc<LiveOptions>,
    pub(super) max_line: usize,
    pub(super) queue: Arc<Queue>,
    pub(super) budget: Arc<Budget>,
    pub(super) stop: CancellationToken,
    pub(super) counters: Arc<Counters>,
    pub(super) notices: Arc<Notices>,
    /// One for each connection that there may be.
    pub(super) slots: Arc<Semaphore>,
}

/// What is wrong with a listener before it is bound, in a sentence.
pub(super) fn check(input: &Input, options: &LiveOptions) -> Result<(), String> {
    match input {
        Input::Tcp(address) => tcp::resolve(address, options).map(drop),
        Input::Unix(_) | Input::Stdin | Input::File(_) => Ok(()),
    }
}

impl Listening {
    /// Binds a listener.
    pub(super) fn bind(&self, input: &Input) -> Result<Listener, ListenError> {
        let bound = match input {
            Input::Tcp(address) => tcp::bind(address, &self.options).map(Socket::Tcp),
            Input::Unix(path) => unix::UnixSocket::bind(path, self.options.socket_mode).map(Socket::Unix),
            Input::Stdin | Input::File(_) => Err(std::io::Error::other("it is no listener")),
        };
        let socket = bound.map_err(|e| ListenError::Bind(input.name(), e))?;
        let name = match &socket {
            Socket::Tcp(listener) => match listener.local_addr() {
                Ok(address) => format!("tcp://{address}"),
                Err(_) => input.name(),
            },
            Socket::Unix(_) => input.name(),
        };
        Ok(Listener { socket, name, shared: self.clone(), open: self.queue.open(Kind::Socket) })
    }
}

/// A bound listener.
#[derive(Debug)]
pub(super) struct Listener {
    socket: Socket,
    name: String,
    shared: Listening,
    /// Let go of last, when the socket is closed.
    open: Open,
}

#[derive(Debug)]
enum Socket {
    Tcp(tokio::net::TcpListener),
    Unix(unix::UnixSocket),
}

impl Listener {
    /// Where it listens, with the port that it got.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Accepts connections until the run is stopped.
    pub(super) async fn accept(self) {
        let Listener { socket, name, shared, open } = self;
        loop {
            let accepted = tokio::select! {
                biased;
                () = shared.stop.cancelled() => break,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok(accepted) => shared.admit(accepted, &name),
                Err(error) => {
                    shared.notices.say(|| format!("{name}: cannot accept a connection: {error}"));
                    tokio::time::sleep(REST).await;
                }
            }
        }
        drop(socket);
        drop(open);
    }
}

impl Socket {
    async fn accept(&self) -> std::io::Result<Accepted> {
        match self {
            Socket::Tcp(listener) => listener.accept().await.map(|(stream, peer)| Accepted::Tcp(stream, peer)),
            Socket::Unix(socket) => socket.accept().await.map(Accepted::Unix),
        }
    }
}

impl Listening {
    /// Serves a connection, or closes it at once if there are too many.
    fn admit(&self, accepted: Accepted, listener: &str) {
        let Ok(slot) = self.slots.clone().try_acquire_owned() else {
            self.counters.refused();
            self.notices.say(|| {
                format!(
                    "{}: refused: {} connections are open (max_connections)",
                    accepted.name(listener),
                    self.options.max_connections
                )
            });
            return;
        };
        self.counters.accepted();
        let open = self.queue.open(Kind::Socket);
        let connection = Connection::new(self.clone(), accepted.name(listener));
        let listener = listener.to_owned();
        tokio::spawn(async move {
            connection.serve(accepted, &listener).await;
            drop((slot, open));
        });
    }
}
