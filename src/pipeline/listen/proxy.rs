//! The PROXY protocol, version 2: a proxy in front says who really speaks.

use std::io;
use std::net::SocketAddr;

use proxy_header::{ParseConfig, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Bytes up to the header's own length, which is their last two.
const FIXED: usize = 16;

/// The first bytes of every header of version 2.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Reads the header, and nothing behind it. `None` if the proxy speaks for itself, as it does to see whether we are there.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let mut header = vec![0; FIXED];
    stream.read_exact(&mut header).await?;
    if !header.starts_with(SIGNATURE) {
        return Err(io::Error::other("it does not begin with a PROXY protocol header, version 2"));
    }
    let length = usize::from(u16::from_be_bytes([header[FIXED - 2], header[FIXED - 1]]));
    header.resize(FIXED + length, 0);
    stream.read_exact(&mut header[FIXED..]).await?;
    let config = ParseConfig { include_tlvs: false, allow_v1: false, allow_v2: true };
    match ProxyHeader::parse(&header, config) {
        Ok((parsed, _)) => Ok(parsed.proxied_address().map(|address| address.source)),
        Err(e) => Err(io::Error::other(format!("its PROXY protocol header cannot be read: {e:?}"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proxy_header::ProxiedAddress;

    use super::*;

    async fn read_all(mut bytes: &[u8]) -> io::Result<(Option<SocketAddr>, Vec<u8>)> {
        let peer = read(&mut bytes).await?;
        Ok((peer, bytes.to_vec()))
    }

    #[tokio::test]
    async fn the_header_names_the_peer_and_the_rest_stays() {
        let source: SocketAddr = "192.0.2.7:40112".parse().unwrap();
        let six: SocketAddr = "[2001:db8::7]:40112".parse().unwrap();
        for (source, to) in [(source, "192.0.2.1:514"), (six, "[2001:db8::1]:514")] {
            let mut bytes = Vec::new();
            let address = ProxiedAddress::stream(source, to.parse().unwrap());
            ProxyHeader::with_address(address).encode_v2(&mut bytes).unwrap();
            bytes.extend(b"{}\n");
            assert_eq!(read_all(&bytes).await.unwrap(), (Some(source), b"{}\n".to_vec()));
            assert!(read_all(&bytes[..20]).await.is_err(), "cut off");
        }
        let mut bytes = Vec::new();
        ProxyHeader::with_local().encode_v2(&mut bytes).unwrap();
        assert_eq!(read_all(&bytes).await.unwrap(), (None, Vec::new()));
        let plain = read_all(b"{\"Type\":\"DeviceFileEvents\"}\n").await.unwrap_err().to_string();
        assert!(plain.contains("PROXY protocol"), "{plain}");
    }
}
