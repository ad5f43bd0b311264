//! A block of lines becomes alerts.

use std::sync::Arc;

use super::dead_letter;
use super::framing::Block;
use super::ledger::Ledger;
use super::result_table::ResultTable;
use crate::alert::{Alert, Source};
use crate::matcher::Ruleset;
use crate::matcher::{Match, Matcher, Path};
use crate::record::{self, Limits};
use crate::value::DateTime;
use crate::value::functions::Context;

/// What is written for a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    /// One alert a match.
    Alerts,
    /// Every line as it came; a matched record has gained a member `kqltap` with its alerts.
    Annotate,
}

/// How a worker works.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// What is written.
    pub emit: Emit,
    /// Bounds of what is decoded.
    pub limits: Limits,
    /// The longest line in bytes.
    pub max_line: usize,
    /// What `now()` is; the clock if none.
    pub now: Option<DateTime>,
    /// Keep results and order them at the end.
    pub batch: bool,
    /// Keep malformed lines.
    pub dead_letters: bool,
}

/// Handles blocks, one after the other.
pub struct Worker {
    matcher: Matcher,
    options: WorkerOptions,
}

/// What one block gave. The room is reused from block to block.
#[derive(Default)]
pub struct BlockOutput {
    /// For the sink.
    pub bytes: Vec<u8>,
    /// For the dead letters.
    pub dead_letters: Vec<u8>,
    /// For people: lines that were malformed, columns that were mistyped.
    pub messages: Vec<String>,
    /// What was counted; `written` is not known here.
    pub ledger: Ledger,
    /// With `batch`, the results so far.
    pub results: ResultTable,
}

/// Messages of one block that are kept; the rest is counted.
const MAX_MESSAGES: usize = 20;

impl Worker {
    /// A worker of its own for a thread.
    pub fn new(ruleset: Arc<Ruleset>, path: Path, options: WorkerOptions) -> Worker {
        Worker { matcher: Matcher::new(ruleset, options.limits, path), options }
    }

    /// Handles the lines of one block. `first_line` is the number of its first line, from 1; gives the number of the line
    /// that comes next.
    pub fn block(&mut self, block: &Block, input: &str, first_line: u64, out: &mut BlockOutput) -> u64 {
        let context = Context { now: self.options.now.unwrap_or_else(DateTime::now) };
        out.ledger.bytes += block.read;
        let mut number = first_line;
        let mut rest = block.bytes.as_slice();
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, behind) = rest.split_at(end);
            self.line(line, &context, Source { input, line: number }, out);
            number += 1;
            rest = behind;
        }
        if let Some(line) = &block.oversized {
            out.ledger.lines += 1;
            self.oversized(&line.start, line.length, Source { input, line: number }, out);
            number += 1;
        }
        number
    }

    fn line(&mut self, line: &[u8], context: &Context, source: Source<'_>, out: &mut BlockOutput) {
        out.ledger.lines += 1;
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if text.len() > self.options.max_line {
            return self.oversized(text, text.len() as u64, source, out);
        }
        if record::is_blank(text) {
            out.ledger.gated += 1;
            return self.pass(line, &[], out);
        }
        let mut notes: Vec<(usize, Vec<u8>)> = Vec::new();
        let (emit, batch) = (self.options.emit, self.options.batch);
        let (mut alerts, mark) = (0, out.bytes.len());
        let outcome = self.matcher.line(text, context, &mut |found: &Match<'_>| {
            alerts += 1;
            let alert = Alert::new(found, source, context);
            match emit {
                Emit::Annotate => {
                    let mut bytes = Vec::new();
                    alert.write_native(&mut bytes);
                    notes.push((end_of_object(text, found.record.text()), bytes));
                }
                Emit::Alerts if batch => {
                    let mut bytes = Vec::new();
                    alert.write_native(&mut bytes);
                    out.results.push(found, bytes);
                }
                Emit::Alerts => alert.write_native(&mut out.bytes),
            }
        });
        match outcome {
            Ok(outcome) => {
                out.ledger.decoded += 1;
                out.ledger.records += outcome.records;
                out.ledger.unrouted += outcome.unrouted;
                out.ledger.alerts += alerts;
                out.ledger.mistyped += outcome.mistyped.len() as u64;
                for mistyped in outcome.mistyped {
                    out.say(|| format!("{}:{}: {mistyped}", source.input, source.line));
                }
                self.pass(line, &notes, out);
            }
            Err(malformed) => {
                debug_assert_eq!((alerts, mark), (0, out.bytes.len()), "a malformed line gives no record");
                self.malformed(&malformed.to_string(), text, None, source, out);
                self.pass(line, &[], out);
            }
        }
    }

    /// With `annotate`, the line goes on, its matched records with what was found.
    fn pass(&self, line: &[u8], notes: &[(usize, Vec<u8>)], out: &mut BlockOutput) {
        if self.options.emit != Emit::Annotate {
            return;
        }
        let mut at = 0;
        for group in notes.chunk_by(|a, b| a.0 == b.0) {
            let end = group[0].0;
            out.bytes.extend_from_slice(&line[at..end]);
            // An object without members takes no comma.
            if !line[at..end].trim_ascii_end().ends_with(b"{") {
                out.bytes.push(b',');
            }
            out.bytes.extend_from_slice(b"\"kqltap\":[");
            for (i, (_, alert)) in group.iter().enumerate() {
                if i > 0 {
                    out.bytes.push(b',');
                }
                out.bytes.extend_from_slice(alert.trim_ascii_end());
            }
            out.bytes.push(b']');
            at = end;
        }
        out.bytes.extend_from_slice(&line[at..]);
    }

    fn oversized(&self, start: &[u8], length: u64, source: Source<'_>, out: &mut BlockOutput) {
        let reason = format!(
            "the line has {length} bytes, and the limit is {} (max_line_bytes); raise it, or make the sender write shorter lines",
            self.options.max_line
        );
        self.malformed(&reason, start, Some(length), source, out);
    }

    fn malformed(&self, reason: &str, bytes: &[u8], length: Option<u64>, source: Source<'_>, out: &mut BlockOutput) {
        out.ledger.malformed += 1;
        if self.options.dead_letters {
            out.ledger.dead_lettered += 1;
            let truncated = length.filter(|length| *length > bytes.len() as u64);
            dead_letter::write(&mut out.dead_letters, reason, source.input, source.line, bytes, truncated);
        }
        out.say(|| format!("{}:{}: malformed line: {reason}", source.input, source.line));
    }
}

impl BlockOutput {
    /// Empties it for the next block; results stay.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.dead_letters.clear();
        self.messages.clear();
        self.ledger = Ledger::default();
    }

    fn say(&mut self, message: impl FnOnce() -> String) {
        if self.messages.len() < MAX_MESSAGES {
            self.messages.push(message());
        }
    }
}

/// Where in `line` the last brace of `object` stands; `object` is a part of `line`.
fn end_of_object(line: &[u8], object: &str) -> usize {
    let start = object.as_ptr() as usize - line.as_ptr() as usize;
    start + object.trim_ascii_end().len() - 1
}
