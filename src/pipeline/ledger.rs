//! Where every line and every alert went.

use std::ops::AddAssign;

/// Counts of one run. It balances if every line and every alert is accounted for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Lines read; a last line without a newline counts.
    pub lines: u64,
    /// Lines that were not decoded, for nothing in them could match; blank lines are among them.
    pub gated: u64,
    /// Lines that were decoded.
    pub decoded: u64,
    /// Lines that could not be decoded.
    pub malformed: u64,
    /// Records in decoded lines.
    pub records: u64,
    /// Records whose table is not known.
    pub unrouted: u64,
    /// Columns of records that could not be read as their type, and were read as missing.
    pub mistyped: u64,
    /// Matches.
    pub alerts: u64,
    /// Alerts that the sink has taken; with a spool, those that are known to have been received.
    pub written: u64,
    /// Alerts that were let go, for the sink had no room for them (`on_full = drop`).
    pub dropped: u64,
    /// Alerts that are in the spool and still to be sent; the next run with that spool does it.
    pub spooled: u64,
    /// Lines written to the dead letters.
    pub dead_lettered: u64,
    /// Lines that `--shadow` has also held against the plain evaluator.
    pub shadowed: u64,
    /// Shadowed lines on which the evaluators disagree.
    pub disagreements: u64,
    /// Bytes read.
    pub bytes: u64,
    /// What became of connections, if there were listeners.
    pub connections: Option<Connections>,
    /// Whether malformed lines go to the dead letters, and so must be found there.
    pub keeps_dead_letters: bool,
}

/// What became of connections. Every one that was accepted ended in one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// Connections that were served.
    pub accepted: u64,
    /// Those that were closed at once, for there were too many.
    pub refused: u64,
    /// Those that were too slow: to begin, to finish a line, or to send one.
    pub timed_out: u64,
    /// Those whose octet counting was wrong, or cut short.
    pub octet_errors: u64,
    /// Handshakes that failed.
    pub tls_errors: u64,
    /// PROXY protocol headers that could not be read.
    pub proxy_errors: u64,
    /// Those that broke.
    pub broken: u64,
    /// Those that were within a line when the run was stopped; what had come of it is no line.
    pub cut_off: u64,
}

impl Connections {
    fn counts(&self) -> [(&'static str, u64); 8] {
        [
            ("connections", self.accepted),
            ("refused", self.refused),
            ("timed_out", self.timed_out),
            ("octet_errors", self.octet_errors),
            ("tls_errors", self.tls_errors),
            ("proxy_errors", self.proxy_errors),
            ("broken", self.broken),
            ("cut_off", self.cut_off),
        ]
    }
}

impl Ledger {
    /// Whether every line and every alert is accounted for.
    pub fn is_balanced(&self) -> bool {
        self.lines == self.gated + self.decoded + self.malformed
            && self.alerts == self.written + self.dropped + self.spooled
            && (!self.keeps_dead_letters || self.malformed == self.dead_lettered)
    }

    /// One line of JSON. `seconds` is the time of the run.
    pub fn to_json(&self, seconds: f64) -> String {
        format!("{{{},\"balanced\":{}}}", self.members(seconds), self.is_balanced())
    }

    /// The same of a run that goes on: it begins with `so_far`, and whether it balances is not known yet.
    pub fn to_json_so_far(&self, seconds: f64) -> String {
        format!("{{\"so_far\":true,{}}}", self.members(seconds))
    }

    fn members(&self, seconds: f64) -> String {
        let shadow = match self.shadowed {
            0 => String::new(),
            n => format!("\"shadowed\":{n},\"disagreements\":{},", self.disagreements),
        };
        let counts = self.connections.iter().flat_map(Connections::counts);
        let connections: String = counts.map(|(name, count)| format!("\"{name}\":{count},")).collect();
        format!(
            "\"lines\":{},\"gated\":{},\"decoded\":{},\"malformed\":{},\"records\":{},\"unrouted\":{},\"mistyped\":{},\
             \"alerts\":{},\"written\":{},\"dead_lettered\":{},\"dropped\":{},\"spooled\":{},{shadow}{connections}\"bytes\":{},\"seconds\":{seconds:.3}",
            self.lines,
            self.gated,
            self.decoded,
            self.malformed,
            self.records,
            self.unrouted,
            self.mistyped,
            self.alerts,
            self.written,
            self.dead_lettered,
            self.dropped,
            self.spooled,
            self.bytes,
        )
    }

    /// A line for people, and one more if it does not balance.
    pub fn to_text(&self, seconds: f64) -> String {
        let mut text = format!("kqltap: {}", self.counts(seconds));
        if !self.is_balanced() {
            text.push_str("\nkqltap: the ledger does not balance: lines or alerts were lost");
        }
        text
    }

    /// The same of a run that goes on.
    pub fn to_text_so_far(&self, seconds: f64) -> String {
        format!("kqltap: so far {}", self.counts(seconds))
    }

    fn counts(&self, seconds: f64) -> String {
        let rate = if seconds > 0.0 { self.bytes as f64 / seconds / 1e6 } else { 0.0 };
        let mut text = format!(
            "{} alerts from {} records in {} lines ({} gated, {} decoded, {} malformed); {:.1} MB in {seconds:.2} s, {rate:.0} MB/s",
            self.alerts,
            self.records,
            self.lines,
            self.gated,
            self.decoded,
            self.malformed,
            self.bytes as f64 / 1e6,
        );
        for (count, what) in [
            (self.unrouted, "records of no known table"),
            (self.mistyped, "columns of another type than their table's"),
            (self.dead_lettered, "lines in the dead letters"),
            (self.dropped, "alerts dropped"),
            (self.spooled, "alerts in the spool"),
            (self.shadowed, "lines shadowed"),
            (self.disagreements, "lines on which the evaluators disagree"),
        ] {
            if count > 0 {
                text.push_str(&format!("; {count} {what}"));
            }
        }
        for (name, count) in self.connections.iter().flat_map(Connections::counts).filter(|(_, count)| *count > 0) {
            text.push_str(&format!("; {count} {}", name.replace('_', " ")));
        }
        text
    }
}

impl AddAssign<&Ledger> for Ledger {
    fn add_assign(&mut self, other: &Ledger) {
        self.lines += other.lines;
        self.gated += other.gated;
        self.decoded += other.decoded;
        self.malformed += other.malformed;
        self.records += other.records;
        self.unrouted += other.unrouted;
        self.mistyped += other.mistyped;
        self.alerts += other.alerts;
        self.written += other.written;
        self.dead_lettered += other.dead_lettered;
        self.dropped += other.dropped;
        self.spooled += other.spooled;
        self.shadowed += other.shadowed;
        self.disagreements += other.disagreements;
        self.bytes += other.bytes;
        self.keeps_dead_letters |= other.keeps_dead_letters;
    }
}
