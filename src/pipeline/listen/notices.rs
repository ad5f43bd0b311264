//! What is said about connections: whoever floods a listener does not flood the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines a minute; what goes beyond is counted, and the count is said.
const A_MINUTE: u32 = 60;
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(in crate::pipeline) struct Notices(Mutex<Said>);

#[derive(Debug, Default)]
struct Said {
    since: Option<Instant>,
    lines: u32,
    hidden: u64,
}

impl Notices {
    /// Says it, unless there has been too much of it.
    pub(super) fn say(&self, message: impl FnOnce() -> String) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hidden = match said.since {
            Some(since) if since.elapsed() < MINUTE => 0,
            _ => {
                let hidden = said.hidden;
                *said = Said { since: Some(Instant::now()), ..Said::default() };
                hidden
            }
        };
        if said.lines >= A_MINUTE {
            said.hidden += 1;
            return;
        }
        said.lines += 1;
        let last = said.lines == A_MINUTE;
        drop(said);
        if hidden > 0 {
            say!(Warn; "kqltap: {hidden} more such lines were not shown");
        }
        say!(Warn; "kqltap: {}", message());
        if last {
            say!(Warn; "kqltap: more such lines of this minute are counted, and not shown");
        }
    }
}
