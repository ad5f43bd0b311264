//! What is seen of a run that goes on: a bar on a terminal, or now and then a line.

use std::future::pending;
use std::io::IsTerminal as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::log::{self, Format};
use crate::pipeline::ledger::Ledger;
use crate::pipeline::run::Running;
use crate::pipeline::sink::Output;
use crate::pipeline::source::Input;
use crate::settings::{Settings, Stats};

/// How often the bar moves.
const STEP: Duration = Duration::from_millis(100);

/// The bar; `{msg}` is the count of alerts. Before the first second is over nobody knows how long it takes.
const STYLE: &str =
    "{bar:24} {percent:>3} %  {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}, {msg}, {eta} left";

/// What is shown, and when next. It must be made within a tokio runtime.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    stats: Stats,
    due: Option<Interval>,
}

/// Chosen before the run takes its inputs.
pub(super) struct Plan {
    /// Bytes of all inputs, if there is to be a bar.
    total: Option<u64>,
    stats: Stats,
    interval: Option<Duration>,
}

impl Plan {
    /// A bar if somebody looks, nothing else is written to the same terminal, and it is known how much there is to read.
    pub(super) fn new(settings: &Settings, inputs: &[Input]) -> Plan {
        let alerts_are_shown = std::iter::once(&settings.output).chain(&settings.dead_letter).any(is_shown);
        let wanted = settings.stats != Stats::Off && settings.log_format == Format::Text;
        let bar = wanted && std::io::stderr().is_terminal() && !alerts_are_shown;
        let total = if bar { inputs.iter().map(Input::size).sum() } else { None };
        Plan {
            total,
            stats: settings.stats,
            interval: settings.stats_interval.filter(|_| settings.stats != Stats::Off),
        }
    }

    pub(super) fn begin(self) -> Progress {
        let bar = self.total.map(|total| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template(STYLE) {
                bar.set_style(style);
            }
            bar.set_message("0 alerts");
            bar.tick();
            log::set_bar(Some(bar.clone()));
            bar
        });
        let due = bar.as_ref().map(|_| STEP).or(self.interval).map(|period| {
            let mut due = interval(period);
            due.set_missed_tick_behavior(MissedTickBehavior::Delay);
            // The first one is due at once.
            due.reset();
            due
        });
        Progress { bar, stats: self.stats, due }
    }
}

impl Progress {
    /// Waits until something is to be shown; for ever if nothing is.
    pub(super) async fn due(&mut self) {
        match &mut self.due {
            Some(due) => {
                due.tick().await;
            }
            None => pending().await,
        }
    }

    /// Shows how the run stands.
    pub(super) fn show(&self, running: &Running) {
        let report = running.report();
        if let Some(bar) = &self.bar {
            bar.set_position(report.ledger.bytes);
            bar.set_message(format!("{} alerts", report.ledger.alerts));
            return;
        }
        say_ledger(&report.ledger, self.stats, report.elapsed, false);
    }
}

/// Says what has been counted, at the end or before it.
pub(super) fn say_ledger(ledger: &Ledger, stats: Stats, elapsed: Duration, ended: bool) {
    let seconds = elapsed.as_secs_f64();
    let (text, json) = match ended {
        true => (ledger.to_text(seconds), ledger.to_json(seconds)),
        false => (ledger.to_text_so_far(seconds), ledger.to_json_so_far(seconds)),
    };
    match (stats, log::format()) {
        (Stats::Off, _) => {}
        (Stats::Text, Format::Text) => say!("{text}"),
        (Stats::Json, Format::Text) => say!("{json}"),
        (_, Format::Json) => {
            let counts: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
            if ended && !ledger.is_balanced() {
                say!(Error, ledger = counts; "{text}");
            } else {
                say!(Info, ledger = counts; "{text}");
            }
        }
    }
}

/// Whether what is written there may be seen on the same terminal.
fn is_shown(output: &Output) -> bool {
    match output {
        Output::Stdout => std::io::stdout().is_terminal(),
        // Such as /dev/stderr and /dev/tty.
        Output::File(path) => {
            path != Path::new("/dev/null")
                && std::fs::metadata(path).is_ok_and(|file| file.file_type().is_char_device())
        }
        Output::Peer(_) => false,
    }
}

impl Drop for Progress {
    /// Takes the bar away, without a trace.
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            log::set_bar(None);
            bar.finish_and_clear();
        }
    }
}
