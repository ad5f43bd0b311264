//! What blocks gave, written in their turn.

use std::sync::atomic::Ordering;

use super::reader::Ticket;
use super::result_table::ResultTable;
use super::run::{Run, RunError};
use super::sink::{Output, Sink};
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
    pub(super) fn open(run: &Run) -> Result<Writer, RunError> {
        let open = |output: &Output| output.open().map_err(|e| RunError::Open(output.name(), e));
        Ok(Writer {
            sink: open(&run.output)?,
            dead_letter: run.dead_letter.as_ref().map(open).transpose()?,
            results: ResultTable::default(),
            line: 1,
            unfinished: false,
            messages: 0,
            resolved: Vec::new(),
        })
    }

    /// Writes what a block has given so far.
    pub(super) fn write(&mut self, run: &Run, ticket: &Ticket, out: &mut BlockOutput) -> Result<(), RunError> {
        match &ticket.live {
            // Blocks of several inputs come by turns, and each counts its own lines.
            Some(live) => self.line = live.lines.load(Ordering::Relaxed),
            None if ticket.begins && out.begins => self.line = 1,
            None => {}
        }
        for (line, message) in &out.alarms {
            say!("kqltap: {}:{}: {message}", ticket.input, self.line + line);
        }
        for (line, message) in &out.messages {
            self.messages += 1;
            match self.messages {
                n if n <= MAX_MESSAGES => say!("kqltap: {}:{}: {message}", ticket.input, self.line + line),
                n if n == MAX_MESSAGES + 1 => say!("kqltap: more such lines are counted, and not shown"),
                _ => {}
            }
        }
        if let Some(dead_letter) = &mut self.dead_letter {
            self.resolved.clear();
            out.dead_letters.resolve(self.line, &mut self.resolved);
            dead_letter.write(&self.resolved)?;
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
        self.sink.write(&self.resolved)?;
        Ok(())
    }

    /// The block is done; it had that many lines.
    pub(super) fn end_block(&mut self, ticket: &Ticket, lines: u64) {
        self.line += lines;
        if let Some(live) = &ticket.live {
            live.lines.fetch_add(lines, Ordering::Relaxed);
        }
    }

    /// Writes the ordered results of a batch: how many rows there are, and whether they could be written.
    pub(super) fn write_results(&mut self, run: &Run) -> (u64, Result<(), RunError>) {
        let context = Context { now: run.options.now.unwrap_or_else(DateTime::now) };
        match std::mem::take(&mut self.results).finish(&run.ruleset, &context, run.batch_memory) {
            Ok((bytes, count)) => (count, self.sink.write(&bytes).map_err(RunError::from)),
            Err(failure) => (0, Err(failure)),
        }
    }
}
