//! How a run is, as Prometheus reads it: text exposition format, version 0.0.4.
//!
//! Nothing is counted for this alone but what rules do: the rest is what the ledger, the sink and the inputs know.

mod server;

use std::fmt::{Display, Write as _};

use super::generation::RuleCounts;
use super::run::Running;
use super::worker::TIMED;

pub use server::Server;

/// The content type of [`text`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Why a run cannot do its work just now, in a sentence; `Ok` if it can.
pub fn ready(running: &Running) -> Result<(), String> {
    match running.sink().trouble() {
        _ if running.is_stopping() => Err("the run is ending".to_owned()),
        Some(trouble) => Err(trouble),
        // A run begins with its rules.
        None => Ok(()),
    }
}

/// All metrics.
pub fn text(running: &Running) -> String {
    let mut page = Page::default();
    page.family("build_info", Kind::Gauge, "What runs; always 1.");
    page.labelled("version", env!("CARGO_PKG_VERSION"), 1);
    let ledger = running.report().ledger;
    let connections = ledger.connections.unwrap_or_default();
    for (name, count, help) in [
        ("lines_total", ledger.lines, "Lines that have been handled."),
        ("bytes_total", ledger.bytes, "Bytes of them."),
        ("lines_gated_total", ledger.gated, "Lines that were not decoded, for nothing in them could match."),
        ("lines_decoded_total", ledger.decoded, "Lines that were decoded."),
        ("lines_malformed_total", ledger.malformed, "Lines that could not be decoded."),
        ("records_total", ledger.records, "Records in decoded lines."),
        ("records_unrouted_total", ledger.unrouted, "Records whose table is not known."),
        ("alerts_written_total", ledger.written, "Alerts that the sink has taken; behind a spool, that the peer has."),
        ("alerts_dropped_total", ledger.dropped, "Alerts that were let go, for there was no room (on_full = drop)."),
        ("dead_lettered_total", ledger.dead_lettered, "Lines written to the dead letters."),
        ("connections_total", connections.accepted, "Connections that were served."),
        ("connections_refused_total", connections.refused, "Connections that were closed at once (max_connections)."),
        ("connections_timed_out_total", connections.timed_out, "Connections that were closed for being too slow."),
    ] {
        page.one(name, Kind::Counter, help, count);
    }
    let sink = running.sink();
    let (spool_bytes, spool_max) = sink.spool().unwrap_or_default();
    let oldest = running.oldest().unwrap_or_default().as_secs_f64();
    page.one("alerts_spooled", Kind::Gauge, "Alerts of this run that are in the spool.", ledger.spooled);
    page.one("spool_bytes", Kind::Gauge, "Bytes that the spool takes; 0 without one.", spool_bytes);
    page.one("spool_max_bytes", Kind::Gauge, "Bytes that the spool may take (spool_max); 0 without one.", spool_max);
    page.one(
        "in_flight_bytes",
        Kind::Gauge,
        "Bytes that inputs have read and that are not written; only counted if one of them is listened on, else 0.",
        running.in_flight(),
    );
    page.one("oldest_record_seconds", Kind::Gauge, "Age of the oldest lines read and not written.", oldest);
    page.one("connections", Kind::Gauge, "Connections that are open.", running.open_connections());
    page.family("sink_up", Kind::Gauge, "0 while the output's peer cannot be reached.");
    page.labelled("sink", sink.name(), u8::from(sink.away().is_none()));
    let (well, failed) = running.rules().reloads();
    page.family(
        "reloads_total",
        Kind::Counter,
        "Reloads of rules and certificates; after a failed one the old ones stay.",
    );
    page.labelled("result", "ok", well);
    page.labelled("result", "failed", failed);
    let generation = running.rules().current().number;
    page.one("generation", Kind::Gauge, "Number of the rules that are current, from 1.", generation);
    rules(running, &mut page);
    page.0
}

fn rules(running: &Running, page: &mut Page) {
    let rules = running.rules().counts();
    let mut each = |name: &str, help: &str, value: &dyn Fn(&RuleCounts) -> String| {
        page.family(name, Kind::Counter, help);
        rules.iter().for_each(|(rule, counts)| page.labelled("rule", rule, value(counts)));
    };
    each("alerts_total", "Matches of a rule.", &|counts| counts.alerts().to_string());
    let help = "Times that one of a rule's detections was held against a record, candidates only where rules are many.";
    each("rule_evaluations_total", help, &|counts| counts.evaluations().to_string());
    let help = format!(
        "Time in those evaluations and the alerts that came of them. An estimate: one block of lines in {TIMED} is timed, and \
         stands for the others. What several rules ask is computed once, and counted to the first of them."
    );
    each("rule_seconds_total", &help, &|counts| counts.time().as_secs_f64().to_string());
}

enum Kind {
    Counter,
    Gauge,
}

/// What is written so far, and the name of the last family.
#[derive(Default)]
struct Page(String, String);

impl Page {
    fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let _ = write!(self.0, "# HELP kqltap_{name} {help}\n# TYPE kqltap_{name} {kind}\n");
        self.1 = name.to_owned();
    }

    fn one(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help);
        let _ = writeln!(self.0, "kqltap_{name} {value}");
    }

    /// A sample of the last family.
    fn labelled(&mut self, label: &str, value: &str, sample: impl Display) {
        let _ = write!(self.0, "kqltap_{}{{{label}=\"", self.1);
        for char in value.chars() {
            match char {
                '\\' | '"' => self.0.extend(['\\', char]),
                '\n' => self.0.push_str("\\n"),
                char => self.0.push(char),
            }
        }
        let _ = writeln!(self.0, "\"}} {sample}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut page = Page::default();
        page.family("alerts_total", Kind::Counter, "Help.");
        page.labelled("rule", "a \"b\" \\ c\nd", 3);
        let expected = "# HELP kqltap_alerts_total Help.\n# TYPE kqltap_alerts_total counter\n\
                        kqltap_alerts_total{rule=\"a \\\"b\\\" \\\\ c\\nd\"} 3\n";
        assert_eq!(page.0, expected);
    }
}
