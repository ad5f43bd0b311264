//! Events whose last record has not come, of senders that say nothing more.

use std::io::Write as _;
use std::process::Stdio;

use super::{Live, matching};
use crate::joining::open_event;

#[test]
fn what_waits_for_a_silent_sender_waits_no_longer_than_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let socket = format!("unix:{}", folder.path().join("socket").display());
    let mut live = Live::start(&["tcp://127.0.0.1:0", &socket], &[]);
    let mut tcp = live.connect();
    tcp.write_all(open_event().as_bytes()).unwrap();
    assert_eq!(live.alerts(2)[1]["source"]["decoder"], "auditd");
    // Again, with a line behind it that is not finished.
    tcp.write_all(open_event().as_bytes()).unwrap();
    tcp.write_all(b"type=").unwrap();
    assert_eq!(live.alerts(2)[1]["source"]["line"], 2 * open_event().lines().count());
    let mut unix = std::os::unix::net::UnixStream::connect(folder.path().join("socket")).unwrap();
    unix.write_all(open_event().as_bytes()).unwrap();
    assert_eq!(live.alerts(2)[1]["source"]["decoder"], "auditd");
    // Nobody has closed.
    live.stopped().counted(&[("alerts", 6)]);
}

#[test]
fn a_stop_drops_nothing_that_waits_on_a_silent_standard_input() {
    let mut live = Live::with(&["-", "tcp://127.0.0.1:0"], &[], Stdio::piped(), Stdio::piped());
    let mut stdin = live.stdin();
    writeln!(stdin, "{}{}", open_event(), matching("behind it")).unwrap();
    assert_eq!(live.alerts(1)[0]["columns"]["Source"], "behind it");
    live.terminate();
    let ended = live.ended();
    assert_eq!(ended.status, Some(0));
    ended.counted(&[("alerts", 3)]);
    drop(stdin);
}
