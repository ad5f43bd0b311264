//! Where a socket's other end is, and how to get there.

use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;

use super::connection::Connection;

/// How long one address is tried. A stop does not wait for it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection is idle before the system asks whether the peer is there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// Bytes of the socket's send buffer, which Linux doubles for its own use and bounds by `net.core.wmem_max`. Named so that what
/// the kernel may hold is known: `resend_bytes` is more than twice this and what a peer's receive buffer may grow to.
const SEND_BUFFER: usize = 1 << 20;

/// A peer that alerts are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `tcp://HOST:PORT`
    Tcp(String),
    /// `tls://HOST:PORT`
    Tls(String),
    /// `unix:PATH`
    Unix(PathBuf),
}

impl Address {
    /// The address that a target names; `None` if it names a file.
    pub(super) fn parse(target: &str) -> Option<Result<Address, String>> {
        let (rest, address): (&str, fn(String) -> Address) =
            match (target.strip_prefix("tcp://"), target.strip_prefix("tls://"), target.strip_prefix("unix:")) {
                (Some(rest), ..) => (rest, Address::Tcp),
                (_, Some(rest), _) => (rest, Address::Tls),
                (.., Some("")) => return Some(Err(format!("'{target}': a path must follow unix:"))),
                (.., Some(path)) => return Some(Ok(Address::Unix(PathBuf::from(path)))),
                _ => return None,
            };
        let parts = rest.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        Some(match parts.map(|(_, port)| port.parse::<u16>()) {
            Some(Ok(port)) if port > 0 => Ok(address(rest.to_owned())),
            _ => Err(format!("'{target}': a host and a port must follow, such as tcp://192.0.2.7:5514")),
        })
    }

    /// What messages call it.
    pub fn name(&self) -> String {
        match self {
            Address::Tcp(place) => format!("tcp://{place}"),
            Address::Tls(place) => format!("tls://{place}"),
            Address::Unix(path) => format!("unix:{}", path.display()),
        }
    }

    /// Connects, trying each address of a name in turn.
    pub(super) fn connect(&self, tls: Option<Arc<rustls::ClientConfig>>) -> io::Result<Connection> {
        let place = match self {
            Address::Unix(path) => return Connection::unix(UnixStream::connect(path)?),
            Address::Tcp(place) | Address::Tls(place) => place,
        };
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in place.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    // A peer whose machine is gone says nothing: the system asks it now and then.
                    rustix::net::sockopt::set_socket_keepalive(&stream, true)?;
                    rustix::net::sockopt::set_tcp_keepidle(&stream, KEEP_ALIVE)?;
                    rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER)?;
                    return match tls {
                        Some(tls) => Connection::tls(stream, tls, self.server_name()?),
                        None => Connection::tcp(stream),
                    };
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// The name that the peer's certificate must have: the host, as it is written in the address.
    fn server_name(&self) -> io::Result<ServerName<'static>> {
        let (Address::Tcp(place) | Address::Tls(place)) = self else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a path has no server name"));
        };
        let host = place.rsplit_once(':').map_or(place.as_str(), |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        ServerName::try_from(host.to_owned()).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn targets_name_addresses_or_files() {
        for name in ["tcp://192.0.2.7:5514", "tls://logs.example.com:6514", "unix:/run/a.sock", "tcp://[2001:db8::1]:1"]
        {
            assert_eq!(Address::parse(name).unwrap().unwrap().name(), name);
        }
        for name in ["alerts.ndjson", "./tcp", "-", "unix"] {
            assert_eq!(Address::parse(name), None);
        }
        for name in ["tcp://", "tcp://host", "tcp://:1", "tls://host:0", "tls://host:99999", "unix:"] {
            assert!(Address::parse(name).unwrap().unwrap_err().contains(name));
        }
    }

    #[test]
    fn a_certificate_is_held_to_the_host() {
        let name = |a: &str| Address::parse(a).unwrap().unwrap().server_name().unwrap().to_str().into_owned();
        assert_eq!(name("tls://logs.example.com:6514"), "logs.example.com");
        assert_eq!(name("tls://192.0.2.7:6514"), "192.0.2.7");
        assert_eq!(name("tls://[2001:db8::1]:6514"), "2001:db8::1");
    }
}
