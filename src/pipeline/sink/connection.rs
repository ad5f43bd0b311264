//! One connection to a peer, given up when the run's drain says so.
//!
//! The socket does not block: it is waited for in short steps, for room to write and for the peer's end at once, so that a stop
//! is seen, and a peer that has closed is noticed before anything more is written to it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::super::drain::{Drain, Progress};

/// The longest wait before the drain is asked again.
const STEP: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// How long a peer may take to prove who it is.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a connection is of no use any more.
#[derive(Debug)]
pub(super) enum Broken {
    /// It broke: another one may be tried.
    Lost(io::Error),
    /// The peer took nothing for too long, and the run is to end.
    GivenUp,
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Broken {
        Broken::Lost(error)
    }
}

/// An open connection.
pub(super) enum Connection {
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    Unix(UnixStream),
}

impl Connection {
    pub(super) fn tcp(stream: TcpStream) -> io::Result<Connection> {
        stream.set_nonblocking(true)?;
        Ok(Connection::Tcp(stream))
    }

    pub(super) fn unix(stream: UnixStream) -> io::Result<Connection> {
        stream.set_nonblocking(true)?;
        Ok(Connection::Unix(stream))
    }

    pub(super) fn tls(stream: TcpStream, tls: Arc<ClientConfig>, name: ServerName<'static>) -> io::Result<Connection> {
        stream.set_nonblocking(true)?;
        let session = ClientConnection::new(tls, name).map_err(io::Error::other)?;
        Ok(Connection::Tls(Box::new(StreamOwned::new(session, stream))))
    }

    /// Shakes hands, where that is done, until the peer has been found to be the right one.
    pub(super) fn greet(&mut self, drain: &Drain, progress: &Progress) -> Result<(), Broken> {
        let begun = Instant::now();
        while let Connection::Tls(stream) = self {
            if !stream.conn.is_handshaking() {
                break;
            }
            if begun.elapsed() > HANDSHAKE_TIMEOUT {
                return Err(io::Error::new(ErrorKind::TimedOut, "the peer does not answer in TLS").into());
            }
            let StreamOwned { conn, sock } = &mut **stream;
            if let Err(error) = conn.complete_io(sock)
                && !is_not_yet(&error)
            {
                return Err(error.into());
            }
            let wanted = if conn.wants_write() { PollFlags::OUT } else { PollFlags::IN };
            if conn.is_handshaking() {
                self.wait(wanted, drain, progress)?;
            }
        }
        Ok(())
    }

    /// Writes all of it.
    pub(super) fn write(&mut self, mut bytes: &[u8], drain: &Drain, progress: &mut Progress) -> Result<(), Broken> {
        self.check()?;
        while !bytes.is_empty() {
            match self.stream().write(bytes) {
                Ok(0) => return Err(io::Error::from(ErrorKind::WriteZero).into()),
                Ok(n) => {
                    bytes = &bytes[n..];
                    progress.advance(n as u64);
                }
                Err(error) if is_not_yet(&error) => self.wait(PollFlags::OUT | PollFlags::IN, drain, progress)?,
                Err(error) => return Err(error.into()),
            }
        }
        loop {
            match self.stream().flush() {
                Ok(()) => return Ok(()),
                Err(error) if is_not_yet(&error) => self.wait(PollFlags::OUT | PollFlags::IN, drain, progress)?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Says that nothing more comes, and waits until the peer has read it all: then it closes its side too.
    pub(super) fn finish(&mut self, drain: &Drain, progress: &Progress) -> Result<(), Broken> {
        // Why a peer has refused us is said before it closes.
        self.check()?;
        if let Connection::Tls(stream) = self {
            stream.conn.send_close_notify();
            while stream.conn.wants_write() {
                match stream.conn.write_tls(&mut stream.sock) {
                    Ok(_) => {}
                    Err(error) if is_not_yet(&error) => wait(&stream.sock, PollFlags::OUT, drain, progress)?,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        match self {
            Connection::Tcp(stream) => stream.shutdown(Shutdown::Write)?,
            Connection::Tls(stream) => stream.sock.shutdown(Shutdown::Write)?,
            Connection::Unix(stream) => stream.shutdown(Shutdown::Write)?,
        }
        loop {
            match self.ended() {
                Ok(true) => return Ok(()),
                Ok(false) => self.wait(PollFlags::IN, drain, progress)?,
                // A TLS peer may end the connection without saying so. What it has not read makes the end a reset.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether the peer is still there.
    pub(super) fn check(&mut self) -> io::Result<()> {
        match self.ended()? {
            true => Err(io::Error::new(ErrorKind::ConnectionAborted, "the peer has closed the connection")),
            false => Ok(()),
        }
    }

    /// Whether the peer has closed its side. What it says is of no interest.
    fn ended(&mut self) -> io::Result<bool> {
        let mut answer = [0; 1024];
        loop {
            match self.stream().read(&mut answer) {
                Ok(0) => return Ok(true),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_not_yet(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for a step at most; notices whether the peer has gone or the run has given up.
    fn wait(&mut self, what: PollFlags, drain: &Drain, progress: &Progress) -> Result<(), Broken> {
        match self {
            Connection::Tcp(stream) => wait(stream, what, drain, progress)?,
            Connection::Tls(stream) => wait(&stream.sock, what, drain, progress)?,
            Connection::Unix(stream) => wait(stream, what, drain, progress)?,
        }
        if what.contains(PollFlags::OUT) {
            self.check()?;
        }
        Ok(())
    }

    fn stream(&mut self) -> &mut dyn Stream {
        match self {
            Connection::Tcp(stream) => stream,
            Connection::Tls(stream) => &mut **stream,
            Connection::Unix(stream) => stream,
        }
    }
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

fn wait(socket: &impl AsFd, what: PollFlags, drain: &Drain, progress: &Progress) -> Result<(), Broken> {
    if drain.gives_up(progress.since()) {
        return Err(Broken::GivenUp);
    }
    let socket: BorrowedFd<'_> = socket.as_fd();
    match poll(&mut [PollFd::new(&socket, what)], Some(&STEP)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(Broken::Lost(error.into())),
    }
}

fn is_not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
