//! One connection: its peer is made out, and what it sends is read until it ends.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::server::TlsStream;

use super::{Listening, proxy, tcp};
use crate::pipeline::budget::{Account, Held};
use crate::pipeline::cutter::{CountError, Cutter};
use crate::pipeline::framing::{Block, READ_SIZE};
use crate::pipeline::queue::Origin;
use crate::pipeline::tls;

/// After a stop, bytes that are read of one connection at most: what the kernel has taken and acknowledged. Linux keeps 6 MiB for
/// a connection (`tcp_rmem`); a peer that goes on sending does not hold up the stop.
const LAST_BYTES: usize = 8 << 20;

/// What a listener accepts.
#[derive(Debug)]
pub(super) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

impl Accepted {
    /// What alerts call it: the listener, and who speaks.
    pub(super) fn name(&self, listener: &str) -> String {
        match self {
            Accepted::Tcp(_, peer) => format!("{listener} {peer}"),
            Accepted::Unix(stream) => match stream.peer_cred().ok().and_then(|peer| peer.pid()) {
                Some(pid) => format!("{listener} pid {pid}"),
                None => listener.to_owned(),
            },
        }
    }
}

/// How a connection ended.
#[derive(Debug)]
enum End {
    /// The peer has sent all it has.
    Closed,
    /// The run was stopped.
    Stopped,
    /// No line came for too long.
    Idle(Duration),
    /// A line was not finished in time.
    Slow(Duration),
    /// The header or the handshake took too long.
    NotBegun(Duration),
    Broken(io::Error),
    Count(CountError),
    Tls(io::Error),
    Proxy(io::Error),
}

/// A connection that has been accepted.
pub(super) struct Connection {
    shared: Listening,
    origin: Origin,
    cutter: Cutter,
    account: Account,
    /// What the cutter keeps.
    held: Held,
    blocks: Vec<Block>,
}

impl Connection {
    pub(super) fn new(shared: Listening, name: String) -> Connection {
        let account = Account::new(&shared.budget, shared.options.max_connection);
        let cutter = Cutter::sniffing(shared.max_line);
        Connection { origin: Origin::new(&name), cutter, held: account.nothing(), account, blocks: Vec::new(), shared }
    }

    /// Serves it to its end, and says so if that was no good one.
    pub(super) async fn serve(mut self, accepted: Accepted, listener: &str) {
        let end = match accepted {
            Accepted::Tcp(stream, _) => self.tcp(stream, listener).await,
            Accepted::Unix(mut stream) => self.read(&mut stream).await,
        };
        self.ended(end);
    }

    async fn tcp(&mut self, mut stream: TcpStream, listener: &str) -> End {
        tcp::keep_alive(&stream);
        let within = self.shared.options.handshake_timeout;
        let stop = self.shared.stop.clone();
        if self.shared.options.proxy_protocol {
            let header = tokio::select! {
                () = stop.cancelled() => return End::Stopped,
                header = timeout(within, proxy::read(&mut stream)) => header,
            };
            match header {
                Ok(Ok(Some(peer))) => self.origin = Origin::new(&format!("{listener} {peer}")),
                Ok(Ok(None)) => {}
                Ok(Err(error)) => return End::Proxy(error),
                Err(_) => return End::NotBegun(within),
            }
        }
        let Some(tls) = self.shared.options.tls.clone() else {
            return self.read(&mut stream).await;
        };
        let handshake = tokio::select! {
            () = stop.cancelled() => return End::Stopped,
            handshake = timeout(within, tls.acceptor().accept(stream)) => handshake,
        };
        match handshake {
            Ok(Ok(mut stream)) => self.read(&mut stream).await,
            Ok(Err(error)) => End::Tls(error),
            Err(_) => End::NotBegun(within),
        }
    }

    /// Reads lines until the connection ends.
    async fn read(&mut self, stream: &mut impl Socket) -> End {
        let stop = self.shared.stop.clone();
        // How long the peer has been waited for: within this line, or since the last.
        let mut waited = Duration::ZERO;
        // What may still be read once the run is stopped, and how often there was nothing.
        let mut last = None;
        let mut nothing = 0;
        loop {
            if last.is_none() && stop.is_cancelled() {
                last = Some(LAST_BYTES);
            }
            let most = last.unwrap_or(READ_SIZE).min(READ_SIZE);
            if most == 0 {
                return End::Stopped;
            }
            let room = self.account.take(most).await;
            let within_line = self.cutter.within_line();
            match self.read_at_once(stream, room).await {
                Some(Ok(Taken::End)) => return End::Closed,
                Some(Ok(Taken::NotWanted)) => return End::Stopped,
                Some(Ok(Taken::Bytes { read, lines })) => {
                    last = last.map(|last| last.saturating_sub(read));
                    nothing = 0;
                    // A beginning of a line ends the silence; only the end of a line ends the wait for it.
                    if lines || !within_line {
                        waited = Duration::ZERO;
                    }
                    if lines {
                        // A worker may wait for them: it runs this task.
                        yield_now().await;
                    }
                }
                Some(Err(end)) => return end,
                None if last.is_some() => {
                    // The runtime may not have looked whether there is something.
                    if nothing > 0 {
                        return End::Stopped;
                    }
                    nothing += 1;
                    yield_now().await;
                }
                None => {
                    let (bound, end): (_, fn(Duration) -> End) = match within_line {
                        true => (self.shared.options.line_timeout, End::Slow),
                        false => (self.shared.options.idle_timeout, End::Idle),
                    };
                    // Whatever woke the task, it has looked once more for bytes before it gives up.
                    if let Some(bound) = bound.filter(|bound| waited >= *bound) {
                        return end(bound);
                    }
                    let since = Instant::now();
                    let deadline = bound.map(|bound| since + bound.saturating_sub(waited));
                    tokio::select! {
                        () = stop.cancelled() => {}
                        // What is wrong with it, the next read says.
                        _ = stream.readable() => {}
                        () = passed(deadline) => {}
                    }
                    waited += since.elapsed();
                }
            }
        }
    }

    /// Reads what there is, as much as `room` allows; `None` if there is nothing now.
    async fn read_at_once(&mut self, stream: &mut impl Socket, mut room: Held) -> Option<Result<Taken, End>> {
        let mut block = self.shared.queue.spare();
        let at = self.cutter.begin(&mut block);
        let buffer = &mut block.room[at..at + room.bytes()];
        let read = poll_fn(|cx| Poll::Ready(poll_read(stream, cx, buffer))).await;
        let read = match read {
            Poll::Pending => {
                self.shared.queue.give_back(block);
                return None;
            }
            Poll::Ready(Ok(0)) => return Some(Ok(Taken::End)),
            // Many senders close without the word of farewell that TLS has.
            Poll::Ready(Err(e)) if e.kind() == io::ErrorKind::UnexpectedEof => return Some(Ok(Taken::End)),
            Poll::Ready(Err(e)) => return Some(Err(End::Broken(e))),
            Poll::Ready(Ok(read)) => read,
        };
        drop(room.keep(read));
        self.held.join(room);
        let cut = self.cutter.took(&mut block, read, &mut self.blocks);
        self.shared.queue.give_back(block);
        let lines = !self.blocks.is_empty();
        let wanted = self.push();
        Some(match cut {
            Err(error) => Err(End::Count(error)),
            Ok(()) if !wanted => Ok(Taken::NotWanted),
            Ok(()) => Ok(Taken::Bytes { read, lines }),
        })
    }

    fn push(&mut self) -> bool {
        let kept = self.cutter.kept();
        self.shared.queue.push_all(&mut self.origin, &mut self.blocks, &mut self.held, kept)
    }

    /// Hands over what came of a last line, counts how it ended, and says so if somebody should look.
    fn ended(mut self, mut end: End) {
        let counters = self.shared.counters.clone();
        if let End::Stopped = end {
            if self.cutter.within_line() {
                counters.cut_off();
            }
            self.shared.queue.push_end(&mut self.origin, self.account.nothing());
            return;
        }
        let finished = self.cutter.finish(&mut self.blocks);
        self.push();
        self.shared.queue.push_end(&mut self.origin, self.account.nothing());
        if let (End::Closed, Err(error)) = (&end, finished) {
            end = End::Count(error);
        }
        let why = match &end {
            End::Closed | End::Stopped => return,
            End::Idle(bound) => {
                counters.timed_out();
                format!("closed: no line came for {bound:?} (idle_timeout)")
            }
            End::Slow(bound) => {
                counters.timed_out();
                format!(
                    "closed: a line was begun and not finished within {bound:?} (line_timeout); what came of it is handled"
                )
            }
            End::NotBegun(bound) => {
                counters.timed_out();
                format!("closed: it did not introduce itself within {bound:?} (handshake_timeout)")
            }
            End::Broken(error) => {
                counters.broken();
                format!("broken: {error}")
            }
            End::Count(error) => {
                counters.octet_errors();
                format!("closed: {error}")
            }
            End::Tls(error) => {
                counters.tls_errors();
                format!("refused: {}", tls::explain(error))
            }
            End::Proxy(error) => {
                counters.proxy_errors();
                format!("refused: {error} (proxy_protocol)")
            }
        };
        self.shared.notices.say(|| format!("{}: {why}", self.origin.name()));
    }
}

/// What a read gave.
enum Taken {
    End,
    Bytes {
        read: usize,
        lines: bool,
    },
    /// The run is over.
    NotWanted,
}

/// What is read from, and can be waited for without a place to read to: who waits for a silent peer holds none.
///
/// The wait asks the socket itself. That a read has nothing does not mean that the task will be woken by that read: a task that
/// has done much is told so too, lest it keep others from their turn, and then the wait that follows gets no second word.
trait Socket: AsyncRead + Unpin + Send {
    /// Comes when a read may have something.
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send;
}

impl Socket for TcpStream {
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send {
        TcpStream::readable(self)
    }
}

impl Socket for UnixStream {
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send {
        UnixStream::readable(self)
    }
}

impl Socket for TlsStream<TcpStream> {
    /// A read has nothing only when the session holds nothing any more: what comes, comes from the socket.
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send {
        self.get_ref().0.readable()
    }
}

fn poll_read(stream: &mut impl Socket, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
    let mut buffer = ReadBuf::new(room);
    Pin::new(stream).poll_read(cx, &mut buffer).map_ok(|()| buffer.filled().len())
}

/// Comes at the deadline; never if there is none.
async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::ready;

    use tokio::sync::Semaphore;
    use tokio::task::coop::consume_budget;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::pipeline::budget::Budget;
    use crate::pipeline::feed::LiveOptions;
    use crate::pipeline::feed::tests::options;
    use crate::pipeline::queue::Queue;

    /// Has a line for each of so many reads, and gives others their turn as tokio's sockets do.
    struct Eager(usize);

    impl AsyncRead for Eager {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            ready!(pin!(consume_budget()).poll(cx));
            if self.0 > 0 {
                self.0 -= 1;
                buffer.put_slice(b"{}\n");
            }
            Poll::Ready(Ok(()))
        }
    }

    impl Socket for Eager {
        async fn readable(&self) -> io::Result<()> {
            consume_budget().await;
            Ok(())
        }
    }

    fn shared(options: LiveOptions) -> Listening {
        Listening {
            options: Arc::new(options),
            max_line: 1000,
            queue: Arc::default(),
            budget: Budget::new(8 * READ_SIZE, 1000),
            stop: CancellationToken::new(),
            counters: Arc::default(),
            notices: Arc::default(),
            slots: Arc::new(Semaphore::new(1)),
        }
    }

    /// A peer that always has more used to be waited for until `line_timeout`, or for ever.
    #[tokio::test(start_paused = true)]
    async fn who_is_always_ready_is_read_to_the_end() {
        let shared = shared(options());
        let queue: Arc<Queue> = shared.queue.clone();
        let mut connection = Connection::new(shared, "test".to_owned());
        let read = timeout(Duration::from_secs(1), connection.read(&mut Eager(10_000))).await;
        assert!(matches!(read, Ok(End::Closed)), "{read:?}");
        let mut block = Block::default();
        assert!(queue.next(&mut block, || false).await.is_ok_and(|next| next.is_some()));
        assert_eq!(block.bytes().len(), 30_000);
    }

    /// Says these words, each so many seconds after the one before; then nothing.
    struct Slow(VecDeque<(u64, &'static [u8])>, Instant);

    impl Slow {
        fn new(words: &[(u64, &'static [u8])]) -> Slow {
            let mut slow = Slow(words.iter().copied().collect(), Instant::now());
            slow.wait();
            slow
        }

        fn wait(&mut self) {
            self.1 = Instant::now() + Duration::from_secs(self.0.front().map_or(0, |(seconds, _)| *seconds));
        }
    }

    impl AsyncRead for Slow {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            if Instant::now() < self.1 {
                return Poll::Pending;
            }
            let Some((_, word)) = self.0.pop_front() else { return Poll::Pending };
            buffer.put_slice(word);
            self.wait();
            Poll::Ready(Ok(()))
        }
    }

    impl Socket for Slow {
        async fn readable(&self) -> io::Result<()> {
            if self.0.is_empty() {
                return std::future::pending().await;
            }
            sleep_until(self.1).await;
            Ok(())
        }
    }

    /// How it ends, and after how many seconds, if a line may take 10 and the silence between two lines 60.
    async fn ends(words: &[(u64, &'static [u8])]) -> (&'static str, u64) {
        let bounds = LiveOptions {
            line_timeout: Some(Duration::from_secs(10)),
            idle_timeout: Some(Duration::from_secs(60)),
            ..options()
        };
        let since = Instant::now();
        let end = Connection::new(shared(bounds), "test".to_owned()).read(&mut Slow::new(words)).await;
        let why = match end {
            End::Idle(_) => "idle",
            End::Slow(_) => "slow",
            _ => "else",
        };
        (why, since.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_counted_from_the_last_line_and_a_line_from_its_beginning() {
        assert_eq!(ends(&[]).await, ("idle", 60));
        assert_eq!(ends(&[(50, b"{}\n"), (50, b"{}\n")]).await, ("idle", 160));
        assert_eq!(ends(&[(50, b"{")]).await, ("slow", 60));
        // A byte now and then does not hold it open; the end of the line does.
        assert_eq!(ends(&[(0, b"{"), (4, b" "), (4, b" "), (4, b" ")]).await, ("slow", 10));
        assert_eq!(ends(&[(0, b"{"), (9, b"}\n"), (59, b"{"), (9, b"}\n{")]).await, ("slow", 87));
    }
}
