//! A very small HTTP/1.1 server: three pages, one request a connection.
//!
//! Whoever asks is looked after beside the run and never by it. What a client can take up is bounded: the size of a request,
//! the time of a connection, and how many there are.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{CONTENT_TYPE, ready, text};
use crate::pipeline::run::Running;

/// Bytes of a request, head included; scrapers send some hundred.
const MAX_REQUEST: usize = 8 << 10;

/// How long a connection may take from its beginning to its end.
const MAX_TIME: Duration = Duration::from_secs(10);

/// Connections at a time. Others wait in the system's queue.
const MAX_CONNECTIONS: usize = 16;

/// How long accepting rests when the system gives no more connections.
const REST: Duration = Duration::from_millis(100);

/// A listener for scrapers and probes.
#[derive(Debug)]
pub struct Server {
    listener: std::net::TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens, and does not answer yet.
    pub fn bind(address: &str) -> io::Result<Server> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Server { listener, address })
    }

    /// Where it listens, with the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers for that run, as long as the runtime lives.
    pub async fn serve(self, running: Arc<Running>) {
        let listener = match tokio::net::TcpListener::from_std(self.listener) {
            Ok(listener) => listener,
            Err(error) => return say!(Error; "kqltap: metrics cannot be served: {error}"),
        };
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        // It is never closed.
        while let Ok(slot) = slots.clone().acquire_owned().await {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(REST).await;
                continue;
            };
            let running = running.clone();
            tokio::spawn(async move {
                // A client that fails, or is too slow, has only itself to tell.
                let _ = timeout(MAX_TIME, answer(stream, &running)).await;
                drop(slot);
            });
        }
    }
}

async fn answer(mut stream: TcpStream, running: &Running) -> io::Result<()> {
    let mut request = Vec::with_capacity(1 << 10);
    let complete = loop {
        if let Some(end) = memchr::memmem::find(&request, b"\r\n\r\n") {
            break Some(end);
        }
        if request.len() >= MAX_REQUEST {
            break None;
        }
        if (&mut stream).take((MAX_REQUEST - request.len()) as u64).read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    };
    let response = match complete {
        Some(end) => response(&request[..end], running),
        None => {
            Response::new(431, "Request Header Fields Too Large", format!("a request has {MAX_REQUEST} bytes at most"))
        }
    };
    stream.write_all(&response.bytes(request.starts_with(b"HEAD "))).await?;
    stream.shutdown().await
}

struct Response {
    status: u16,
    reason: &'static str,
    content_type: &'static str,
    body: String,
}

impl Response {
    fn new(status: u16, reason: &'static str, sentence: String) -> Response {
        Response { status, reason, content_type: "text/plain; charset=utf-8", body: sentence + "\n" }
    }

    fn bytes(&self, head_only: bool) -> Vec<u8> {
        let Response { status, reason, content_type, body } = self;
        let allow = if *status == 405 { "Allow: GET, HEAD\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n{allow}Connection: close\r\n\r\n",
            body.len()
        );
        if head_only { head.into_bytes() } else { (head + body).into_bytes() }
    }
}

fn response(head: &[u8], running: &Running) -> Response {
    match target(head) {
        Err(response) => response,
        Ok("/metrics") => Response { status: 200, reason: "OK", content_type: CONTENT_TYPE, body: text(running) },
        Ok("/healthz") => Response::new(200, "OK", "ok".to_owned()),
        Ok("/readyz") => match ready(running) {
            Ok(()) => Response::new(200, "OK", "ok".to_owned()),
            Err(why) => Response::new(503, "Service Unavailable", why),
        },
        Ok(_) => Response::new(404, "Not Found", "there are /metrics, /healthz and /readyz".to_owned()),
    }
}

/// The path that the first line of a request asks for.
fn target(head: &[u8]) -> Result<&str, Response> {
    let bad = || Response::new(400, "Bad Request", "this is no request of HTTP/1.1".to_owned());
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = std::str::from_utf8(line).map_err(|_| bad())?.split(' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) if target.starts_with('/') => match method {
            "GET" | "HEAD" => Ok(target.split('?').next().unwrap_or_default()),
            _ => Err(Response::new(405, "Method Not Allowed", "only GET and HEAD are answered".to_owned())),
        },
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::target;

    fn asked(head: &str) -> Result<&str, u16> {
        target(head.as_bytes()).map_err(|response| response.status)
    }

    #[test]
    fn only_the_first_line_counts() {
        assert_eq!(asked("GET /metrics HTTP/1.1\r\nHost: a"), Ok("/metrics"));
        assert_eq!(asked("HEAD /readyz?verbose HTTP/1.0"), Ok("/readyz"));
        assert_eq!(asked("POST /metrics HTTP/1.1"), Err(405));
        for wrong in
            ["", "GET", "GET /metrics", "GET metrics HTTP/1.1", "GET / a HTTP/1.1", "GET / HTTP/2", "\u{16}\u{3}"]
        {
            assert_eq!(asked(wrong), Err(400), "{wrong}");
        }
        assert_eq!(target(b"GET /\xff HTTP/1.1").map_err(|response| response.status), Err(400));
    }
}
