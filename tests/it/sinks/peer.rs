//! The other end of a connection.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use serde_json::Value as Json;

/// Listens on a free port; what it takes without reading is little.
pub(super) fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::sockopt::set_socket_recv_buffer_size(&listener, 4096).unwrap();
    let target = format!("tcp://{}", listener.local_addr().unwrap());
    (listener, target)
}

/// A target where nobody listens.
pub(super) fn nobody() -> String {
    let (listener, target) = listen();
    drop(listener);
    target
}

pub(super) fn unix(path: &Path) -> (UnixListener, String) {
    let listener = UnixListener::bind(path).unwrap();
    (listener, format!("unix:{}", path.display()))
}

/// Takes the next connection; a test that waits for one in vain ends.
pub(super) fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let (stream, _) = super::until("a connection", || listener.accept().ok());
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
    stream
}

pub(super) fn accept_unix(listener: &UnixListener) -> UnixStream {
    listener.set_nonblocking(true).unwrap();
    let (stream, _) = super::until("a connection", || listener.accept().ok());
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
    stream
}

/// Reads up to so many whole lines; a last line without a newline is no line.
pub(super) fn lines(stream: impl Read, most: usize) -> Vec<String> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    while lines.len() < most {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(_) if line.ends_with('\n') => lines.push(line),
            // The process was killed: what came before is whole.
            Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{error}"),
            _ => break,
        }
    }
    lines
}

/// Everything up to the end.
pub(super) fn all(stream: impl Read) -> Vec<String> {
    lines(stream, usize::MAX)
}

/// The number of the record that an alert is of.
pub(super) fn number(alert: &str) -> usize {
    let alert: Json = serde_json::from_str(alert).unwrap_or_else(|e| panic!("{e}: torn: {alert}"));
    let url = alert["columns"].as_object().unwrap().values().filter_map(Json::as_str).find(|v| v.contains("token?n="));
    url.unwrap().split_once("token?n=").unwrap().1.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

pub(super) fn numbers(lines: &[String]) -> Vec<usize> {
    lines.iter().map(|line| number(line)).collect()
}

pub(super) fn id(alert: &str) -> String {
    serde_json::from_str::<Json>(alert).unwrap()["id"].as_str().unwrap().to_owned()
}
