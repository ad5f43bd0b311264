//! A sink that stops taking stops the senders, after an exact number of bytes.

use std::fs;
use std::io::{ErrorKind, PipeReader, PipeWriter, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{GUARD, Live, long};

/// Bytes that a new pipe holds (pipe(7)).
const PIPE: usize = 65536;

/// A pipe that takes nothing until it is read.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&vec![b'\n'; PIPE]).unwrap();
    (reader, writer)
}

/// The queues of the socket with these ports: bytes to be sent and not acknowledged, bytes received and not read.
fn queues(local: SocketAddr, remote: SocketAddr) -> Option<(usize, usize)> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let port = |field: &str| u16::from_str_radix(field.rsplit(':').next().unwrap(), 16).unwrap();
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let found = port(fields[1]) == local.port() && port(fields[2]) == remote.port();
        let (tx, rx) = fields[4].split_once(':').unwrap();
        let bytes = |hex| usize::from_str_radix(hex, 16).unwrap();
        found.then(|| (bytes(tx), bytes(rx)))
    })
}

/// A sender that never has to wait for anything but the other side.
struct Sender {
    stream: TcpStream,
    sent: usize,
}

impl Sender {
    fn new(live: &Live) -> Sender {
        let stream = live.connect();
        stream.set_nonblocking(true).unwrap();
        Sender { stream, sent: 0 }
    }

    /// The bytes of its lines from one place on: each names the place where it begins.
    fn text(from: usize, length: usize) -> Vec<u8> {
        const LINE: usize = 64;
        let mut text: Vec<u8> = Vec::new();
        for line in from / LINE..(from + length) / LINE + 1 {
            text.extend(format!("{{\"at\":\"{:0>width$}\"}}\n", line, width = LINE - 10).bytes());
        }
        text[from % LINE..][..length].to_vec()
    }

    /// Sends what is taken at once, up to `most` bytes.
    fn send(&mut self, most: usize) {
        let text = Sender::text(self.sent, most);
        match self.stream.write(&text) {
            Ok(sent) => self.sent += sent,
            Err(e) => assert_eq!(e.kind(), ErrorKind::WouldBlock),
        }
    }

    /// What the other side has read of it: what was sent less what stands in the kernel's two queues. `None` while they do
    /// not agree.
    fn taken(&self) -> Option<usize> {
        let (here, there) = (self.stream.local_addr().unwrap(), self.stream.peer_addr().unwrap());
        let (tx, rx) = (queues(here, there)?.0, queues(there, here)?.1);
        self.sent.checked_sub(tx + rx)
    }

    /// Sends until the other side has taken nothing more for a while.
    fn until_stopped(senders: &mut [Sender]) -> Vec<usize> {
        let started = Instant::now();
        let (mut last, mut quiet) = (Vec::new(), 0);
        loop {
            senders.iter_mut().for_each(|sender| sender.send(1 << 16));
            let taken: Vec<Option<usize>> = senders.iter().map(Sender::taken).collect();
            let taken: Vec<usize> = taken.into_iter().flatten().collect();
            quiet = if taken == last && taken.len() == senders.len() { quiet + 1 } else { 0 };
            last = taken;
            if quiet == 100 {
                return last;
            }
            assert!(started.elapsed() < GUARD, "it does not stop: {last:?}");
            std::thread::sleep(Duration::from_millis(if quiet > 0 { 10 } else { 0 }));
        }
    }
}

/// Resident memory of a process, in bytes.
fn resident(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

const MAX_IN_FLIGHT: usize = 3_000_000;

fn settings(of_one: &str) -> [(&str, &str); 6] {
    [
        ("KQLTAP_MAX_LINE_BYTES", "65536"),
        ("KQLTAP_MAX_IN_FLIGHT_BYTES", "3000000"),
        ("KQLTAP_MAX_CONNECTION_BYTES", of_one),
        ("KQLTAP_RECEIVE_BUFFER_BYTES", "65536"),
        ("KQLTAP_EMIT", "annotate"),
        ("KQLTAP_WORKERS", "2"),
    ]
}

#[test]
fn a_sink_that_stops_stops_its_sender_after_so_many_bytes_and_nothing_is_lost() {
    let (mut reader, writer) = full_pipe();
    let live = Live::with(&["tcp://127.0.0.1:0"], &settings("3000000"), writer.into(), Stdio::null());
    let mut senders = [Sender::new(&live)];
    assert_eq!(Sender::until_stopped(&mut senders), [MAX_IN_FLIGHT]);

    // It goes on, and all comes out as it went in.
    let [mut sender] = senders;
    let total = if long() { 4 << 30 } else { 40 << 20 };
    let reading = std::thread::spawn(move || {
        let mut filler = vec![0; PIPE];
        reader.read_exact(&mut filler).unwrap();
        let (mut at, mut buffer) = (0, vec![0; 1 << 20]);
        loop {
            let read = reader.read(&mut buffer).unwrap();
            if read == 0 {
                return at;
            }
            assert!(buffer[..read] == Sender::text(at, read), "other bytes from {at} on");
            at += read;
        }
    });
    sender.stream.set_nonblocking(false).unwrap();
    // The first half makes all the room that is ever needed.
    let (mut before, mut most) = (0, 0);
    while sender.sent < total {
        sender.send((total - sender.sent).min(1 << 20));
        let highest = if sender.sent < total / 2 { &mut before } else { &mut most };
        *highest = resident(live.pid()).max(*highest);
    }
    sender.stream.set_write_timeout(Some(GUARD)).unwrap();
    super::closed({
        sender.stream.shutdown(std::net::Shutdown::Write).unwrap();
        sender.stream
    });
    let ended = live.stopped();
    ended.counted(&[("bytes", total), ("connections", 1), ("broken", 0)]);
    assert_eq!(reading.join().unwrap(), total);
    println!("{total} bytes offered; {before} bytes resident in the first half, {most} in the second");
    assert!(most < before + (8 << 20), "{before} bytes resident, then {most}");
}

#[test]
fn one_connection_leaves_room_for_the_others() {
    let (mut reader, writer) = full_pipe();
    let live = Live::with(&["tcp://127.0.0.1:0"], &settings("400000"), writer.into(), Stdio::null());
    let mut senders: Vec<Sender> = (0..10).map(|_| Sender::new(&live)).collect();
    let mut first = [senders.remove(0)];
    assert_eq!(Sender::until_stopped(&mut first), [400_000]);
    senders.extend(first);
    let taken = Sender::until_stopped(&mut senders);
    // The last part is for one at a time, which may have met its own bound before.
    let reserve = 65536 + 262_144;
    assert!((MAX_IN_FLIGHT - reserve..=MAX_IN_FLIGHT).contains(&taken.iter().sum()), "{taken:?}");
    assert!(taken.iter().all(|taken| *taken <= 400_000), "{taken:?}");
    // The sink takes again: every whole line goes on.
    let reading = std::thread::spawn(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        all.len() - PIPE
    });
    let sent: Vec<usize> = senders.iter().map(|sender| sender.sent).collect();
    for sender in senders {
        sender.stream.set_nonblocking(false).unwrap();
        sender.stream.shutdown(std::net::Shutdown::Write).unwrap();
        super::closed(sender.stream);
    }
    live.stopped().counted(&[("bytes", sent.iter().sum()), ("connections", 10)]);
    // A last line without its newline gets one, unless it is the last of all.
    let unfinished = sent.iter().filter(|sent| *sent % 64 != 0).count();
    let written = reading.join().unwrap() - sent.iter().sum::<usize>();
    assert!(written <= unfinished, "{written} bytes too many");
}
