//! The spool: alerts that a peer has not taken survive whatever happens to either side.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kqltap::pipeline::spool::Spool;

use super::peer::{self, accept, accept_unix, all, lines, listen, nobody, numbers};
use super::{LONG, Tap, input, long, records, segments};

/// What a spool holds that is not known to have been received: the lines.
fn spooled(folder: &Path) -> Vec<String> {
    let spool = Spool::open(folder, 1 << 30, false).unwrap();
    let (mut at, mut bytes) = (spool.received(), Vec::new());
    while let Some((record, behind)) = spool.read(at).unwrap() {
        bytes.extend(record.bytes);
        at = behind;
    }
    String::from_utf8(bytes).unwrap().split_inclusive('\n').map(str::to_owned).collect()
}

/// A peer that reads some, closes, stays away, comes back, until it is told to be good.
fn flapping(path: &Path, good: Arc<AtomicBool>, found: Arc<Mutex<Vec<String>>>) {
    let mut random = fastrand::Rng::with_seed(7);
    let mut listener = peer::unix(path).0;
    listener.set_nonblocking(true).unwrap();
    let next = |listener: &UnixListener| listener.accept().ok().map(|(stream, _)| stream);
    loop {
        let is_good = good.load(Ordering::Acquire);
        let Some(stream) = next(&listener) else {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        };
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
        let most = if is_good { usize::MAX } else { random.usize(0..600) };
        let got = lines(&stream, most);
        // Whoever has died had said something, and nothing that is torn.
        numbers(&got);
        found.lock().unwrap().extend(got);
        if is_good && good.load(Ordering::Acquire) && Arc::strong_count(&good) == 1 {
            return;
        }
        if !is_good && random.bool() {
            drop((stream, listener));
            fs::remove_file(path).unwrap();
            std::thread::sleep(Duration::from_millis(random.u64(0..20)));
            listener = peer::unix(path).0;
            listener.set_nonblocking(true).unwrap();
        }
    }
}

/// CI kills twenty times; `KQLTAP_LONG=1` two hundred.
#[test]
fn kill_9_loses_no_alert_that_was_spooled() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, socket) = (folder.path().join("spool"), folder.path().join("sink.sock"));
    let (good, found) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let sink = {
        let (socket, good, found) = (socket.clone(), good.clone(), found.clone());
        std::thread::spawn(move || flapping(&socket, good, found))
    };
    let target = format!("unix:{}", socket.display());
    let arguments = ["--output", &target, "--drain-timeout", LONG, "--spool", spool.to_str().unwrap()];
    let settings = [("KQLTAP_RESEND_BYTES", "524288"), ("KQLTAP_SPOOL_MAX", "8MiB")];
    let (mut promised, mut number) = (BTreeSet::new(), 0);
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..if long() { 200 } else { 20 } {
        let mut tap = Tap::with(&arguments, &settings);
        // It is killed before it has begun, while it reads, or while it waits for more.
        let size = || segments(&spool).iter().map(|(_, length)| length).sum::<u64>();
        let before = size();
        let some: String = (0..random.usize(1..400)).map(|n| super::record(number + n + 1)).collect();
        number += some.lines().count();
        let mut stdin = tap.stdin.take().unwrap();
        // Its input stays open, so that it does not end by itself before.
        let feeder = std::thread::spawn(move || {
            let _ = stdin.write_all(some.as_bytes());
            stdin
        });
        if random.u8(0..4) > 0 {
            super::until("something in the spool", || {
                (size() != before || tap.said().contains("is full")).then_some(())
            });
        }
        std::thread::sleep(Duration::from_millis(random.u64(0..60)));
        tap.signal("-KILL");
        assert_eq!(tap.child.wait().unwrap().code(), None);
        drop(feeder.join().unwrap());
        drop(tap);
        promised.extend(spooled(&spool).iter().map(|line| peer::id(line)));
    }
    assert!(!promised.is_empty());
    good.store(true, Ordering::Release);
    let mut tap = Tap::with(&arguments, &settings);
    drop(tap.stdin.take());
    tap.end().with(0, true);
    drop(good);
    assert_eq!(segments(&spool), []);
    // One more connection wakes it to its end.
    while !sink.is_finished() {
        drop(std::os::unix::net::UnixStream::connect(&socket));
        std::thread::sleep(Duration::from_millis(1));
    }
    sink.join().unwrap();
    let arrived: BTreeSet<String> = found.lock().unwrap().iter().map(|line| peer::id(line)).collect();
    let lost: Vec<_> = promised.difference(&arrived).collect();
    assert!(lost.is_empty(), "{} of {} that were spooled did not arrive", lost.len(), promised.len());
}

/// A spool with the alerts of so many records, that nobody took.
fn filled(folder: &Path, count: usize) -> String {
    let spool = folder.join("spool").to_str().unwrap().to_owned();
    let arguments = ["--output", &nobody(), "--drain-timeout", "0s", "--spool", &spool, &input(folder, count)];
    let ended = Tap::start(&arguments).end().with(0, true);
    assert_eq!(ended.counts(["alerts", "spooled"]), [count as u64; 2]);
    spool
}

/// What a run with that spool sends that has nothing of its own.
fn sent(spool: &str) -> (Vec<String>, String) {
    let (listener, target) = listen();
    let tap = Tap::start(&["--output", &target, "--drain-timeout", LONG, "--spool", spool, "/dev/null"]);
    let found = all(accept(&listener));
    (found, tap.end().with(0, true).said)
}

#[test]
fn a_torn_record_is_cut_off_and_what_stands_before_it_is_sent() {
    for cut in [1, 5, 11] {
        let folder = tempfile::tempdir().unwrap();
        let spool = filled(folder.path(), 200);
        let (last, length) = segments(spool.as_ref()).pop().unwrap();
        let before = spooled(spool.as_ref());
        OpenOptions::new().write(true).open(&last).unwrap().set_len(length - cut).unwrap();
        let (found, said) = sent(&spool);
        assert!(said.contains("are cut off"), "{said}");
        assert!(!found.is_empty() && found.len() < before.len());
        assert_eq!(found, before[..found.len()]);
    }
    let folder = tempfile::tempdir().unwrap();
    let spool = filled(folder.path(), 50);
    let (last, _) = segments(spool.as_ref()).pop().unwrap();
    OpenOptions::new().append(true).open(&last).unwrap().write_all(&[7, 0, 0, 0, 1, 0]).unwrap();
    let (found, said) = sent(&spool);
    assert!(said.contains("6 bytes behind the last whole record"), "{said}");
    assert_eq!(numbers(&found), (1..=50).collect::<Vec<_>>());
}

#[test]
fn a_spool_belongs_to_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let _held = Spool::open(&spool, 1 << 20, false).unwrap();
    let ended = Tap::start(&["--output", &nobody(), "--spool", spool.to_str().unwrap(), "/dev/null"]).end();
    assert_eq!(ended.status, Some(1));
    assert!(ended.said.contains("in use by another process"), "{}", ended.said);
}

/// Little room: some hundred alerts.
const LITTLE: [(&str, &str); 2] = [("KQLTAP_RESEND_BYTES", "4096"), ("KQLTAP_SPOOL_MAX", "300KiB")];

#[test]
fn a_full_spool_holds_the_run_up() {
    let folder = tempfile::tempdir().unwrap();
    let (input, spool) = (input(folder.path(), 2000), folder.path().join("spool"));
    let socket = folder.path().join("sink.sock");
    let target = format!("unix:{}", socket.display());
    let arguments =
        ["--output", &target, "--drain-timeout", LONG, "--spool", spool.to_str().unwrap(), "--workers", "2", &input];
    let tap = Tap::with(&arguments, &LITTLE);
    tap.wait_for("is full; no more is read until");
    assert!(segments(&spool).iter().map(|(_, length)| length).sum::<u64>() <= 300 << 10);
    let (listener, _) = peer::unix(&socket);
    assert_eq!(numbers(&all(accept_unix(&listener))), (1..=2000).collect::<Vec<_>>());
    let ended = tap.end().with(0, true);
    assert_eq!(ended.counts(["alerts", "written", "dropped", "spooled"]), [2000, 2000, 0, 0]);
    assert_eq!(segments(&spool), []);
}

#[test]
fn a_full_spool_drops_if_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let (input, spool) = (input(folder.path(), 2000), folder.path().join("spool"));
    let spool = spool.to_str().unwrap();
    let target = nobody();
    let arguments = ["--output", &target, "--on-full", "drop", "--drain-timeout", "0s", "--spool", spool, &input];
    let ended = Tap::with(&arguments, &LITTLE).end().with(0, true);
    let [alerts, written, dropped, left] = ended.counts(["alerts", "written", "dropped", "spooled"]);
    assert_eq!((alerts, written), (2000, 0));
    assert!(dropped > 0 && left > 0 && dropped + left == alerts, "{}", ended.said);
    let (found, _) = sent(spool);
    assert_eq!(found.len() as u64, left);
    assert!(numbers(&found).is_sorted());
}

/// A block that is full of what fits in no spool: an error says so, and the ledger does.
#[test]
fn an_alert_that_no_spool_of_that_size_holds_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let path = folder.path().join("long.ndjson");
    fs::write(&path, records(1).replace("curl", &"x".repeat(200_000))).unwrap();
    let (target, path) = (nobody(), path.to_str().unwrap());
    let arguments = ["--output", &target, "--drain-timeout", "0s", "--spool", spool.to_str().unwrap(), path];
    let ended = Tap::with(&arguments, &LITTLE).end().with(1, false);
    assert!(ended.said.contains("too large for the spool"), "{}", ended.said);
}
