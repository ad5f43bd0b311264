//! A socket's address as the kernel has it in memory.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// `AF_INET` and `AF_INET6`.
const INET: u8 = 2;
const INET6: u8 = 10;

/// The address in a `struct sockaddr`: the family in the machine's order of bytes, the port and the address in that of the
/// network. `None` of other families (a local socket, netlink) and of too few bytes.
pub(in super::super) fn of_bytes(bytes: &[u8]) -> Option<SocketAddr> {
    let (&[low, high, port_high, port_low], rest) = bytes.split_first_chunk::<4>()?;
    let family = match (low, high) {
        (family, 0) | (0, family) => family,
        _ => return None,
    };
    let ip: IpAddr = match family {
        INET => Ipv4Addr::from(*rest.first_chunk::<4>()?).into(),
        // Four bytes of flow information come first.
        INET6 => Ipv6Addr::from(*rest.get(4..)?.first_chunk::<16>()?).into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip.to_canonical(), u16::from_be_bytes([port_high, port_low])))
}

/// The address that enrichment or a translation spells out.
pub(in super::super) fn of_text(ip: &str, port: &str) -> Option<SocketAddr> {
    Some(SocketAddr::new(ip.parse::<IpAddr>().ok()?.to_canonical(), port.parse().ok()?))
}
