//! What blocks gave, written in their turn.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::drain::Drain;
use super::generation::Generation;
use super::reader::Ticket;
use super::result_table::ResultTable;
use super::run::{Run, RunError};
use super::sink::{Output, Sink, SinkOptions, SinkState, Tally};
use super::worker::{BlockOutput, Emit};
use crate::value::DateTime;
use crate::value::functions::Context;

/// Messages about lines that are printed; the rest is counted in the ledger.
const MAX_MESSAGES: u64 = 20;

/// The outputs of a run, and where in the input they stand.
pub(super) struct Writer {
    sink: Sink,
    dead_letter: Option<Sink>,
    results: ResultTable,
    /// The number of the first line of the block whose turn it is.
    line: u64,
    /// The last line that went on had no newline: the last one of its input.
    unfinished: bool,
    messages: u64,
    /// Room for output whose line numbers have been filled in.
    resolved: Vec<u8>,
}

impl Writer {
    pub(super) fn open(run: &Run, drain: &Arc<Drain>) -> Result<Writer, RunError> {
        let open = |output: &Output, options: &SinkOptions| {
            Sink::open(output, options, drain).map_err(|e| RunError::Open(output.name(), e))
        };
        // Dead letters are not alerts: they are never dropped, and stand in a file at once.
        let plain = SinkOptions::default();
        Ok(Writer {
            sink: open(&run.output, &run.sink)?,
            dead_letter: run.dead_letter.as_ref().map(|output| open(output, &plain)).transpose()?,
            results: ResultTable::default(),
            line: 1,
            unfinished: false,
            messages: 0,
            resolved: Vec::new(),
        })
    }

    /// The outputs, to be opened anew.
    pub(super) fn sinks(&mut self) -> impl Iterator<Item = &mut Sink> {
        std::iter::once(&mut self.sink).chain(&mut self.dead_letter)
    }

    /// What becomes of alerts.
    pub(super) fn tally(&self) -> Arc<Tally> {
        self.sink.tally()
    }

    /// How the sink of alerts is.
    pub(super) fn state(&self) -> Arc<SinkState> {
        self.sink.state()
    }

    /// Writes what a block has given so far, with so many alerts in it.
    pub(super) fn write(
        &mut self,
        run: &Run,
        ticket: &Ticket,
        out: &mut BlockOutput,
        alerts: u64,
    ) -> Result<(), RunError> {
        match &ticket.live {
            // Blocks of several inputs come by turns, and each counts its own lines.
            Some(live) => self.line = live.lines.load(Ordering::Relaxed),
            None if ticket.begins && out.begins => self.line = 1,
            None => {}
        }
        for (line, message) in &out.alarms {
            say!(Error, input = *ticket.input, line = self.line.wrapping_add(*line); "kqltap: {}:{}: {message}", ticket.input, self.line.wrapping_add(*line));
        }
        for (line, message) in &out.messages {
            self.messages += 1;
            match self.messages {
                n if n <= MAX_MESSAGES => {
                    say!(Warn, input = *ticket.input, line = self.line.wrapping_add(*line); "kqltap: {}:{}: {message}", ticket.input, self.line.wrapping_add(*line))
                }
                n if n == MAX_MESSAGES + 1 => say!(Warn; "kqltap: more such lines are counted, and not shown"),
                _ => {}
            }
        }
        if let Some(dead_letter) = &mut self.dead_letter {
            self.resolved.clear();
            out.dead_letters.resolve(self.line, &mut self.resolved);
            dead_letter.write(&self.resolved, 0)?;
        }
        for row in out.results.drain(..) {
            self.results.push(row, self.line);
        }
        for row in out.collected.drain(..) {
            self.results.collect(row);
        }
        if self.results.bytes() > run.batch_memory {
            return Err(RunError::BatchMemory(run.batch_memory));
        }
        self.resolved.clear();
        if run.options.emit == Emit::Annotate && !out.bytes.is_empty() {
            // The next input's first line is not the end of this one's last.
            if self.unfinished {
                self.resolved.push(b'\n');
            }
            self.unfinished = !out.bytes.ends_with_newline();
        }
        out.bytes.resolve(self.line, &mut self.resolved);
        self.sink.write(&self.resolved, alerts)?;
        Ok(())
    }

    /// The block is done; it had that many lines.
    pub(super) fn end_block(&mut self, ticket: &Ticket, lines: u64) {
        self.line += lines;
        if let Some(live) = &ticket.live {
            live.lines.fetch_add(lines, Ordering::Relaxed);
        }
    }

    /// Sees everything out.
    pub(super) fn finish(&mut self) -> Result<(), RunError> {
        let finished: Vec<_> = self.sinks().map(Sink::finish).collect();
        Ok(finished.into_iter().collect::<Result<(), _>>()?)
    }

    /// Writes the ordered results of a batch: how many rows there are, and whether they could be written.
    pub(super) fn write_results(&mut self, run: &Run, generation: &Generation) -> (u64, Result<(), RunError>) {
        let context = Context { now: run.options.now.unwrap_or_else(DateTime::now) };
        match std::mem::take(&mut self.results).finish(
            &generation.ruleset,
            &context,
            run.options.format,
            run.batch_memory,
        ) {
            Ok((bytes, counts)) => {
                for (rule, alerts) in counts.iter().enumerate() {
                    generation.counts(rule).into_iter().for_each(|counts| counts.add_alerts(*alerts));
                }
                let count = counts.iter().sum();
                (count, self.sink.write(&bytes, count).map_err(RunError::from))
            }
            Err(failure) => (0, Err(failure)),
        }
    }
}
