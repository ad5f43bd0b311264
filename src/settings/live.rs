//! Settings of inputs that are sockets.

use std::path::PathBuf;

use super::units::{LONGEST, timeout};
use super::{RawSettings, SettingsError, bound, choice, invalid};
use crate::pipeline::feed::LiveOptions;
use crate::pipeline::tls::TlsFiles;

/// Checks them. The files of TLS are read when the run begins.
pub(super) fn live(raw: &RawSettings) -> Result<(LiveOptions, Option<TlsFiles>), SettingsError> {
    let mode = raw.unix_socket_mode.clone().unwrap_or_default();
    let mode_bits = u32::from_str_radix(&mode, 8).ok().filter(|bits| *bits <= 0o777);
    let options = LiveOptions {
        max_connections: bound("max_connections", raw.max_connections, 1, 1 << 20)?,
        max_in_flight: bound("max_in_flight_bytes", raw.max_in_flight_bytes, 1, 1 << 40)?,
        max_connection: bound("max_connection_bytes", raw.max_connection_bytes, 1, 1 << 40)?,
        idle_timeout: timeout("idle_timeout", raw.idle_timeout.as_deref())?,
        line_timeout: timeout("line_timeout", raw.line_timeout.as_deref())?,
        handshake_timeout: timeout("handshake_timeout", raw.handshake_timeout.as_deref())?.unwrap_or(LONGEST),
        proxy_protocol: choice("proxy_protocol", raw.proxy_protocol.clone(), &[("off", false), ("on", true)])?,
        socket_mode: mode_bits
            .ok_or_else(|| invalid("unix_socket_mode", &mode, "it takes an octal mode such as 600 or 660"))?,
        receive_buffer: Some(bound("receive_buffer_bytes", raw.receive_buffer_bytes, 0, 1 << 30)?).filter(|n| *n > 0),
        allow_plaintext: raw.allow_plaintext.unwrap_or(false),
        tls: None,
    };
    Ok((options, tls(raw)?))
}

fn tls(raw: &RawSettings) -> Result<Option<TlsFiles>, SettingsError> {
    let path = |setting: &Option<String>| setting.as_ref().filter(|path| !path.is_empty()).map(PathBuf::from);
    match (path(&raw.tls_cert), path(&raw.tls_key), path(&raw.tls_client_ca)) {
        (Some(certificate), Some(key), client_ca) => Ok(Some(TlsFiles { certificate, key, client_ca })),
        (None, None, None) => Ok(None),
        (Some(_), None, _) => Err(invalid("tls_key", "", "tls_cert needs the file of its key")),
        (None, Some(_), _) => Err(invalid("tls_cert", "", "tls_key needs the file of its certificate")),
        (None, None, Some(_)) => Err(invalid("tls_cert", "", "tls_client_ca needs tls_cert and tls_key")),
    }
}

/// Where a run says how it is; the port may be 0, and whatever is free is taken.
pub(super) fn metrics(address: Option<String>) -> Result<Option<String>, SettingsError> {
    let Some(address) = address.filter(|address| !address.is_empty()) else { return Ok(None) };
    let (host, port) = address.rsplit_once(':').unwrap_or_default();
    match port.parse::<u16>() {
        Ok(_) if !host.is_empty() => Ok(Some(address)),
        _ => Err(invalid("metrics", &address, "it takes an address and a port such as 127.0.0.1:9464")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;
    use crate::settings::DEFAULTS;

    fn with(text: &str) -> Result<(LiveOptions, Option<TlsFiles>), String> {
        let raw = RawSettings::from_toml("t", text).unwrap().over(RawSettings::from_toml("d", DEFAULTS).unwrap());
        live(&raw).map_err(|e| e.to_string())
    }

    #[test]
    fn what_they_take() {
        let (options, tls) = with("").unwrap();
        assert_eq!((options.idle_timeout, options.line_timeout), (None, Some(Duration::from_secs(30))));
        assert_eq!((options.socket_mode, options.receive_buffer, tls), (0o600, None, None));
        let (options, _) = with("idle_timeout = '1m 30s'\nunix_socket_mode = '660'\nproxy_protocol = 'on'").unwrap();
        assert_eq!(options.idle_timeout, Some(Duration::from_secs(90)));
        assert_eq!((options.socket_mode, options.proxy_protocol), (0o660, true));
        for (wrong, word) in [
            ("line_timeout = 'soon'", "30s"),
            ("line_timeout = '-1s'", "30s"),
            ("unix_socket_mode = '9'", "octal"),
            ("tls_cert = 'a'", "tls_key"),
            ("tls_key = 'a'", "tls_cert"),
            ("tls_client_ca = 'a'", "tls_cert"),
            ("max_connections = 0", "max_connections"),
        ] {
            assert!(with(wrong).unwrap_err().contains(word), "{wrong}");
        }
    }

    #[test]
    fn metrics_take_an_address_and_a_port() {
        let taken = |address: &str| metrics(Some(address.to_owned())).map_err(|e| e.to_string());
        for address in ["127.0.0.1:9464", "[::1]:0", "localhost:1"] {
            assert_eq!(taken(address), Ok(Some(address.to_owned())));
        }
        assert_eq!(taken(""), Ok(None));
        for wrong in ["9464", ":9464", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999"] {
            assert!(taken(wrong).unwrap_err().contains("127.0.0.1:9464"), "{wrong}");
        }
    }
}
