//! TLS: who is let in, who is not and why; those who are never notice the others.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::{Live, closed, matching, send};

/// An authority.
struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
struct Own {
    certificate: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Authority { certificate, issuer: Issuer::new(params, key) }
    }

    /// A certificate that ends with this year.
    fn sign(&self, last_year: i32) -> Own {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(last_year, 12, 31));
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &self.issuer).unwrap();
        Own { certificate: made.der().clone(), pem: made.pem(), key }
    }
}

/// A year that these tests do not live to see.
const FAR: i32 = 4000;

fn start(folder: &Path, authority: &Authority, own: &Own, client_ca: bool) -> Live {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (cert, key) = (write("cert.pem", &own.pem), write("key.pem", &own.key.serialize_pem()));
    let mut arguments = vec!["tcp://127.0.0.1:0", "--tls-cert", &cert, "--tls-key", &key];
    let ca = write("ca.pem", &authority.certificate.pem());
    if client_ca {
        arguments.extend(["--tls-client-ca", &ca]);
    }
    Live::start(&arguments, &[])
}

/// Sends a line over TLS and closes in order; what it is told.
fn talk(live: &Live, trusts: &Authority, shows: Option<&Own>, word: &str) -> std::io::Result<()> {
    let mut roots = RootCertStore::empty();
    roots.add(trusts.certificate.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let config = match shows {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let key = PrivateKeyDer::try_from(own.key.serialize_der()).unwrap();
            builder.with_client_auth_cert(vec![own.certificate.clone()], key).unwrap()
        }
    };
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = live.connect();
    stream.set_read_timeout(Some(super::GUARD)).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    stream.write_all(format!("{}\n", matching(word)).as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()?;
    match stream.read(&mut [0]) {
        // The other side closes without a word when it has read all.
        Ok(0) => Ok(()),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(()),
        Err(e) => Err(e),
        Ok(_) => panic!("it answers"),
    }
}

#[test]
fn who_may_not_in_is_refused_with_a_reason_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, other) = (Authority::new("one"), Authority::new("other"));
    let mut live = start(folder.path(), &authority, &authority.sign(FAR), true);
    let good = authority.sign(FAR);
    talk(&live, &authority, Some(&good), "before").unwrap();

    assert!(talk(&live, &authority, Some(&other.sign(FAR)), "wrong authority").is_err());
    live.wait_for("not of an authority in tls_client_ca");
    assert!(talk(&live, &authority, Some(&authority.sign(2021)), "expired").is_err());
    live.wait_for("has expired");
    assert!(talk(&live, &authority, None, "no certificate").is_err());
    live.wait_for("it shows no certificate");
    let plain = live.connect();
    let copy = plain.try_clone().unwrap();
    send(plain, format!("{}\n", matching("plain")).as_bytes());
    live.wait_for("plain text to a TLS port");
    until_closed(copy);
    // One that does not trust us.
    assert!(talk(&live, &other, Some(&good), "does not trust").is_err());
    live.wait_for("does it know the authority of tls_cert?");

    talk(&live, &authority, Some(&good), "after").unwrap();
    let words: Vec<String> =
        live.alerts(2).iter().map(|a| a["columns"]["Source"].as_str().unwrap().to_owned()).collect();
    assert_eq!(words, ["before", "after"]);
    let ended = live.stopped();
    assert!(ended.alerts.is_empty(), "{:?}", ended.alerts);
    ended.counted(&[("alerts", 2), ("tls_errors", 5), ("connections", 7), ("lines", 2), ("broken", 0)]);
}

/// It may be told why first, in a language that it does not speak.
fn until_closed(mut stream: TcpStream) {
    stream.set_read_timeout(Some(super::GUARD)).unwrap();
    let mut rest = Vec::new();
    if let Err(e) = stream.read_to_end(&mut rest) {
        assert_eq!(e.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

#[test]
fn without_an_authority_of_clients_anybody_may_send_and_a_handshake_has_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("one");
    let own = authority.sign(FAR);
    let live = start(folder.path(), &authority, &own, false);
    talk(&live, &authority, None, "a").unwrap();
    live.stopped().counted(&[("alerts", 1), ("tls_errors", 0)]);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let files = [("KQLTAP_TLS_CERT", path("cert.pem")), ("KQLTAP_TLS_KEY", path("key.pem"))];
    let mut settings: Vec<(&str, &str)> = files.iter().map(|(name, path)| (*name, path.as_str())).collect();
    settings.push(("KQLTAP_HANDSHAKE_TIMEOUT", "100ms"));
    let mut live = Live::start(&["tcp://127.0.0.1:0"], &settings);
    closed(live.connect());
    live.wait_for("handshake_timeout");
    live.stopped().counted(&[("timed_out", 1), ("connections", 1)]);
}

#[test]
fn a_certificate_is_replaced_while_it_listens() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (Authority::new("one"), Authority::new("two"));
    let mut live = start(folder.path(), &one, &one.sign(FAR), false);
    talk(&live, &one, None, "a").unwrap();
    // It does not go with the key.
    let own = two.sign(FAR);
    std::fs::write(folder.path().join("cert.pem"), &own.pem).unwrap();
    live.signal("-HUP");
    live.wait_for("the certificates that are there stay");
    live.wait_for("generation 2");
    talk(&live, &one, None, "b").unwrap();
    std::fs::write(folder.path().join("key.pem"), own.key.serialize_pem()).unwrap();
    live.signal("-HUP");
    live.wait_for("generation 3");
    assert!(talk(&live, &one, None, "c").is_err());
    talk(&live, &two, None, "d").unwrap();
    live.stopped().counted(&[("alerts", 3), ("tls_errors", 1), ("connections", 4)]);
}
