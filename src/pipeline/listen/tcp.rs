//! TCP listeners.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::pipeline::feed::LiveOptions;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// A peer that has been silent for so long is asked whether it still lives; the kernel's default is two hours.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// The addresses of `HOST:PORT`. Whoever can be reached by others must have TLS, or have said that plain text will do.
pub(super) fn resolve(address: &str, options: &LiveOptions) -> Result<Vec<SocketAddr>, String> {
    let found = address.to_socket_addrs().map_err(|e| format!("tcp://{address}: cannot find the address: {e}"))?;
    let addresses: Vec<SocketAddr> = found.collect();
    match addresses.iter().find(|address| !address.ip().to_canonical().is_loopback()) {
        _ if options.tls.is_some() || options.allow_plaintext => Ok(addresses),
        Some(open) => Err(format!(
            "tcp://{address}: {} can be reached by other machines, and records would cross the network as plain text; give \
             --tls-cert and --tls-key, listen on 127.0.0.1, or say --allow-plaintext",
            open.ip()
        )),
        None => Ok(addresses),
    }
}

/// Binds the first of the addresses that can be bound.
pub(super) fn bind(address: &str, options: &LiveOptions) -> io::Result<TcpListener> {
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in resolve(address, options).map_err(io::Error::other)? {
        match bind_one(address, options) {
            Ok(listener) => return Ok(listener),
            Err(e) => failed = e,
        }
    }
    Err(failed)
}

fn bind_one(address: SocketAddr, options: &LiveOptions) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    if let Some(bytes) = options.receive_buffer {
        // Before it listens: the window that a peer is offered is settled in the handshake.
        socket.set_recv_buffer_size(u32::try_from(bytes).unwrap_or(u32::MAX))?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A peer that is gone without a word is noticed. Where the system cannot do that, it is not.
pub(super) fn keep_alive(stream: &TcpStream) {
    let _ = sockopt::set_socket_keepalive(stream, true);
    let _ = sockopt::set_tcp_keepidle(stream, KEEPALIVE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::feed::tests::options;

    #[test]
    fn who_can_be_reached_by_others_needs_tls_or_a_word() {
        let plain = options();
        for near in ["127.0.0.1:0", "[::1]:0", "127.9.9.9:0", "[::ffff:127.0.0.1]:0"] {
            assert!(resolve(near, &plain).is_ok(), "{near}");
        }
        let said = LiveOptions { allow_plaintext: true, ..options() };
        for far in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
            assert!(resolve(far, &plain).is_err_and(|e| e.contains("--allow-plaintext")), "{far}");
            assert!(resolve(far, &said).is_ok(), "{far}");
        }
    }
}
