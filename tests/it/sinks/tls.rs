//! TLS towards a peer: who is trusted, and who is not. All certificates are made here.

use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::peer::{accept, listen, numbers};
use super::{LONG, Tap, input, until};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for a name, and its key.
fn issued(authority: &Authority, name: &str) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    (params.signed_by(&key, authority).unwrap(), key)
}

/// A server with a certificate for that name, which asks for one that `clients` signed.
fn server(authority: &Authority, name: &str, clients: Option<&Authority>) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(clients.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let (certificate, key) = issued(authority, name);
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    Arc::new(builder.with_single_cert(vec![certificate.der().clone()], key).unwrap())
}

/// What the server reads on one connection, to its end.
fn served(listener: &TcpListener, config: Arc<ServerConfig>) -> std::io::Result<Vec<String>> {
    let stream = accept(listener);
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text.split_inclusive('\n').map(str::to_owned).collect())
}

fn pem(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The address by a name that certificates can have.
fn by_name(target: &str) -> String {
    target.replace("tcp://127.0.0.1", "tls://localhost")
}

#[test]
fn a_peer_with_a_good_certificate_gets_every_alert_and_asks_for_ours() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path(), 2000);
    let (authority, clients) = (authority("servers"), authority("clients"));
    let ca = pem(folder.path(), "ca.pem", &authority.pem());
    let (certificate, key) = issued(&clients, "tap.contoso.example");
    let (cert, key) =
        (pem(folder.path(), "own.pem", &certificate.pem()), pem(folder.path(), "own.key", &key.serialize_pem()));
    for asked in [None, Some(&clients)] {
        let (listener, target) = listen();
        let target = by_name(&target);
        let own: &[&str] = if asked.is_some() { &["--output-tls-cert", &cert, "--output-tls-key", &key] } else { &[] };
        let arguments = [&["--output", &target, "--output-tls-ca", &ca, "--drain-timeout", LONG, &input], own].concat();
        let tap = Tap::start(&arguments);
        let found = served(&listener, server(&authority, "localhost", asked)).unwrap();
        assert_eq!(numbers(&found), (1..=2000).collect::<Vec<_>>());
        tap.end().with(0, true);
    }
}

#[test]
fn a_peer_that_is_not_who_it_should_be_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path(), 3);
    let (right, wrong) = (authority("right"), authority("wrong"));
    let ca = pem(folder.path(), "ca.pem", &right.pem());
    for (config, words) in [
        (server(&wrong, "localhost", None), "UnknownIssuer"),
        (server(&right, "other.contoso.example", None), "not valid for name"),
    ] {
        let (listener, target) = listen();
        let arguments = ["--output", &by_name(&target), "--output-tls-ca", &ca, "--drain-timeout", LONG, &input];
        let tap = Tap::start(&arguments);
        assert!(served(&listener, config).is_err());
        tap.wait_for(words);
        drop(listener);
        tap.signal("-KILL");
    }
}

/// The peer's authority has changed: who is trusted is read again at SIGHUP, and with `--watch` when the file changes.
#[test]
fn whom_to_trust_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path(), 3);
    let (old, new) = (authority("old"), authority("new"));
    for watch in [false, true] {
        let ca = pem(folder.path(), "ca.pem", &old.pem());
        let (listener, target) = listen();
        let target = by_name(&target);
        let mut arguments = vec!["--output", &target, "--output-tls-ca", &ca, "--drain-timeout", LONG, &input];
        arguments.extend(watch.then_some("--watch"));
        let tap = Tap::start(&arguments);
        let config = server(&new, "localhost", None);
        assert!(served(&listener, config.clone()).is_err());
        tap.wait_for("UnknownIssuer");
        if !watch {
            pem(folder.path(), "ca.pem", "nothing");
            tap.signal("-HUP");
            tap.wait_for("the certificates that are there stay");
        }
        pem(folder.path(), "ca.pem", &new.pem());
        if !watch {
            tap.signal("-HUP");
        }
        // Until then it tries with what it had.
        let found = until("a connection that is trusted", || served(&listener, config.clone()).ok());
        assert_eq!(numbers(&found), [1, 2, 3]);
        tap.end().with(0, true);
    }
}

#[test]
fn a_peer_that_wants_our_certificate_and_gets_none_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path(), 3);
    let authority = authority("one");
    let ca = pem(folder.path(), "ca.pem", &authority.pem());
    let (listener, target) = listen();
    let target = by_name(&target);
    let tap = Tap::start(&["--output", &target, "--output-tls-ca", &ca, "--drain-timeout", "1s", &input]);
    let config = server(&authority, "localhost", Some(&authority));
    assert!(served(&listener, config).is_err());
    drop(listener);
    let ended = tap.end().with(1, false);
    // What the peer says of it may be lost when it closes at once; that nothing was taken may not.
    assert_eq!(ended.counts(["alerts", "written"]), [3, 0]);
    assert!(ended.said.contains("tls://localhost"), "{}", ended.said);
}

#[test]
fn files_that_are_no_certificates_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let none = pem(folder.path(), "none.pem", "nothing\n");
    let own = pem(folder.path(), "own.pem", &authority("one").pem());
    for (arguments, words) in [
        (&["--output-tls-ca", &none][..], "no certificate in PEM"),
        (&["--output-tls-ca", "/nowhere.pem"], "cannot read certificates from /nowhere.pem"),
        (&["--output-tls-ca", &own, "--output-tls-cert", &own], "give both or neither"),
    ] {
        let ended = Tap::start(&[&["--output", "tls://localhost:1"], arguments].concat()).end();
        assert_eq!(ended.status, Some(1));
        assert!(ended.said.contains(words), "{}", ended.said);
    }
}
