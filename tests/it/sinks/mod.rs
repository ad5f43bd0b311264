//! Sinks, as whoever runs kqltap meets them: peers that are slow, stalled, gone and back, a spool, and how a run ends.
//!
//! Nothing here depends on speed: tests wait for what they can see, and the bound on a wait only ends a test that hangs.

mod files;
mod network;
mod peer;
mod spool;
mod stop;
mod tls;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::records::{flat, network};
use crate::tap;

/// For sinks that are to be waited for as long as a test lasts.
const LONG: &str = "10m";

/// Whether the long versions of tests are to run.
fn long() -> bool {
    std::env::var_os("KQLTAP_LONG").is_some()
}

/// Fails a test that would wait for ever.
fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(300), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A record that matches once; its number is in its alert too.
fn record(number: usize) -> String {
    let url = format!("http://169.254.169.254/metadata/identity/oauth2/token?n={number}");
    format!("{}\n", flat("DeviceNetworkEvents", &network(1, &url, "curl")))
}

fn records(count: usize) -> String {
    (1..=count).map(record).collect()
}

/// A file of records.
fn input(folder: &Path, count: usize) -> String {
    let path = folder.join("records.ndjson");
    std::fs::write(&path, records(count)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Rules that make some 5 MB of alerts of every 256 KiB of [`records`]: more than a connection holds.
fn many_rules(folder: &Path) -> String {
    let rules = folder.join("rules");
    std::fs::create_dir(&rules).unwrap();
    for n in 0..8 {
        let query = format!("DeviceNetworkEvents | where RemoteUrl has 'metadata' | extend Rule = {n}");
        std::fs::write(rules.join(format!("rule{n:02}.kql")), query).unwrap();
    }
    rules.to_str().unwrap().to_owned()
}

/// kqltap at work.
struct Tap {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
}

impl Tap {
    /// `run --stats json` with these arguments.
    fn start(arguments: &[&str]) -> Tap {
        Tap::with(arguments, &[])
    }

    fn with(arguments: &[&str], settings: &[(&str, &str)]) -> Tap {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kqltap"));
        for name in tap::settings_around() {
            command.env_remove(name);
        }
        command.args(["run", "--stats", "json"]).args(arguments).envs(settings.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (err, heard) = (BufReader::new(child.stderr.take().unwrap()), said.clone());
        let listener = std::thread::spawn(move || {
            for line in err.lines() {
                let mut said = heard.lock().unwrap();
                said.push_str(&line.unwrap());
                said.push('\n');
            }
        });
        Tap { stdin: child.stdin.take(), child, said, listener: Some(listener) }
    }

    fn feed(&mut self, lines: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(lines.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    fn wait_for(&self, words: &str) {
        until(words, || self.said().contains(words).then_some(()));
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits for the end: the status, what was said, and the ledger.
    fn end(mut self) -> Ended {
        let status = until("the run's end", || self.child.try_wait().unwrap());
        self.listener.take().unwrap().join().unwrap();
        let said = self.said();
        let ledger = said.lines().find_map(|line| serde_json::from_str::<Json>(line).ok());
        Ended { status: status.code(), ledger: ledger.unwrap_or_default(), said }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Ended {
    status: Option<i32>,
    said: String,
    ledger: Json,
}

impl Ended {
    fn count(&self, name: &str) -> u64 {
        self.ledger[name].as_u64().unwrap_or_else(|| panic!("no {name}: {}", self.said))
    }

    /// Fails unless it ended so, with a ledger that says the same.
    fn with(self, status: i32, balanced: bool) -> Ended {
        assert_eq!((self.status, &self.ledger["balanced"]), (Some(status), &Json::Bool(balanced)), "{}", self.said);
        self
    }

    fn counts<const N: usize>(&self, names: [&str; N]) -> [u64; N] {
        names.map(|name| self.count(name))
    }
}

/// Files in a folder, and what stands in them.
fn segments(folder: &Path) -> Vec<(PathBuf, u64)> {
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = files
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "segment"))
        .filter_map(|path| Some((path.clone(), std::fs::metadata(path).ok()?.len())))
        .collect();
    found.sort();
    found
}
