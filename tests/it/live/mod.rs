//! Inputs that are sockets. Everything stays on this machine's loopback; ports are whatever is free.

mod backpressure;
mod connections;
mod framing;
mod silence;
mod tls;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::records::{flat, network};
use crate::tap;

/// So that what hangs fails a test instead of holding it up.
pub(crate) const GUARD: Duration = Duration::from_secs(120);

/// Whether the long tests run whole; else a tenth of them.
pub(crate) fn long() -> bool {
    std::env::var_os("KQLTAP_LONG").is_some_and(|value| value == "1")
}

/// A line that matches, with a word that tells it from others.
pub(crate) fn matching(word: &str) -> String {
    let mut record = network(1, "http://169.254.169.254/metadata/identity", "curl");
    record["DeviceName"] = Json::from(word);
    flat("DeviceNetworkEvents", &record).to_string()
}

/// A process that does not outlive a test that fails.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already, if all is well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A run that listens.
pub(crate) struct Live {
    child: Process,
    listening: Vec<String>,
    said: Receiver<String>,
    err: Vec<String>,
    out: Option<JoinHandle<()>>,
    alerts: Receiver<String>,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) err: Vec<String>,
    pub(crate) alerts: Vec<Json>,
}

impl Ended {
    pub(crate) fn ledger(&self) -> Json {
        serde_json::from_str(self.err.last().unwrap()).unwrap_or_else(|_| panic!("no ledger in {:?}", self.err))
    }

    /// Fails unless these members of the ledger are so.
    pub(crate) fn counted(&self, expected: &[(&str, usize)]) {
        let ledger = self.ledger();
        for (name, count) in expected {
            assert_eq!(ledger[name], Json::from(*count), "{name} in {ledger}\n{:?}", self.err);
        }
        assert_eq!(ledger["balanced"], true);
    }
}

impl Live {
    /// Starts it; `settings` are in its environment.
    pub(crate) fn start(inputs: &[&str], settings: &[(&str, &str)]) -> Live {
        Live::with(inputs, settings, Stdio::piped(), Stdio::null())
    }

    pub(crate) fn with(inputs: &[&str], settings: &[(&str, &str)], out: Stdio, stdin: Stdio) -> Live {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kqltap"));
        for name in tap::settings_around() {
            command.env_remove(name);
        }
        command.args(["run", "--stats", "json"]).args(inputs).envs(settings.iter().copied());
        let mut child = command.stdin(stdin).stdout(out).stderr(Stdio::piped()).spawn().unwrap();
        let (says, said) = channel();
        let err = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || err.lines().map_while(Result::ok).all(|line| says.send(line).is_ok()));
        let (writes, alerts) = channel();
        let out = child.stdout.take().map(|out| {
            std::thread::spawn(move || {
                BufReader::new(out).lines().map_while(Result::ok).all(|line| writes.send(line).is_ok());
            })
        });
        let mut live = Live { child: Process(child), listening: Vec::new(), said, err: Vec::new(), out, alerts };
        let listeners = inputs.iter().filter(|input| input.starts_with("tcp://") || input.starts_with("unix:"));
        for _ in listeners {
            let line = live.wait_for("kqltap: listening on ");
            live.listening.push(line.trim_start_matches("kqltap: listening on ").to_owned());
        }
        live
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.0.id()
    }

    pub(crate) fn stdin(&mut self) -> std::process::ChildStdin {
        self.child.0.stdin.take().unwrap()
    }

    /// The name of its first listener.
    pub(crate) fn name(&self) -> &str {
        &self.listening[0]
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.name().trim_start_matches("tcp://").parse().unwrap()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address()).unwrap()
    }

    /// Waits until it says something with these words.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        loop {
            let line = self.said.recv_timeout(GUARD);
            let line = line.unwrap_or_else(|_| panic!("it never says {words:?}, but {:?}", self.err));
            self.err.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
    }

    /// The next alerts.
    pub(crate) fn alerts(&mut self, count: usize) -> Vec<Json> {
        let next = |_| {
            let line = self.alerts.recv_timeout(GUARD).expect("an alert is missing");
            serde_json::from_str(&line).unwrap()
        };
        (0..count).map(next).collect()
    }

    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    pub(crate) fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.pid().to_string()]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Ended {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.0.try_wait().unwrap() {
                break status.code();
            }
            assert!(started.elapsed() < GUARD, "it does not end: {:?}", self.err);
            std::thread::sleep(Duration::from_millis(5));
        };
        self.err.extend(self.said.iter());
        if let Some(out) = self.out {
            out.join().unwrap();
        }
        let alerts = self.alerts.iter().map(|line| serde_json::from_str(&line).unwrap()).collect();
        Ended { status, err: self.err, alerts }
    }

    pub(crate) fn stopped(self) -> Ended {
        self.terminate();
        self.ended()
    }
}

/// Sends it, and closes.
pub(crate) fn send(mut stream: TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).unwrap();
}

/// Waits until the other side closes; whether it did so in order or not.
pub(crate) fn closed(mut stream: TcpStream) {
    stream.set_read_timeout(Some(GUARD)).unwrap();
    match stream.read(&mut [0]) {
        Ok(0) => {}
        Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => {}
        other => panic!("it is not closed: {other:?}"),
    }
}
