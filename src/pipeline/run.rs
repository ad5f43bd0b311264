//! One run: every input through workers into the sink, until the inputs end or the run is stopped.
//!
//! A worker reads a block, handles it, waits until the blocks before it are written, writes, and takes the next. So output
//! is in input order, what is in memory is one block and its output for each worker, and a sink that stops taking stops the
//! read. One worker does the same, and never waits.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::framing::Block;
use super::ledger::Ledger;
use super::reader::{Reader, Ticket};
use super::result_table::ResultTable;
use super::sink::{Output, Sink, SinkError};
use super::source::Input;
use super::worker::{BlockOutput, Worker, WorkerOptions};
use crate::matcher::Ruleset;
use crate::rows::RowsError;
use crate::value::DateTime;
use crate::value::functions::Context;

/// What to run.
pub struct Run {
    /// The rules.
    pub ruleset: Arc<Ruleset>,
    /// Read one after the other.
    pub inputs: Vec<Input>,
    /// Where alerts go.
    pub output: Output,
    /// Where malformed lines go.
    pub dead_letter: Option<Output>,
    /// How lines are handled.
    pub options: WorkerOptions,
    /// Threads that handle lines; at least 1.
    pub workers: usize,
    /// The most that `--batch` keeps, in bytes of alerts.
    pub batch_memory: usize,
}

/// How a run ended.
#[derive(Debug, Default)]
pub struct Report {
    /// Where every line went.
    pub ledger: Ledger,
    /// How long it took.
    pub elapsed: Duration,
    /// Whether the reader of the output went away.
    pub closed: bool,
}

/// A run could not begin, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An input could not be opened or read.
    #[error("cannot read {0}: {1}")]
    Read(String, std::io::Error),
    /// An output could not be opened.
    #[error("cannot write to {0}: {1}")]
    Open(String, std::io::Error),
    /// An output failed.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// A query over the whole input failed.
    #[error("rule '{0}': {1}")]
    Query(String, RowsError),
    /// A batch is too large.
    #[error(
        "the results of --batch take more than {0} bytes (batch_memory); raise it, narrow the rules, or run without --batch"
    )]
    BatchMemory(usize),
}

/// Messages about lines that are printed; the rest is counted in the ledger.
const MAX_MESSAGES: u64 = 20;

/// How long a stop waits for blocks that have been read.
const DRAIN: Duration = Duration::from_secs(3);

/// A run under way: [`Running::drive`] on one thread, [`Running::stop`] from any other.
pub struct Running {
    run: Run,
    reader: Mutex<Reader>,
    turn: Mutex<Turn>,
    /// Told whenever a turn ends.
    ended: Condvar,
    started: Instant,
}

/// What blocks change one after the other, in input order.
struct Turn {
    /// Blocks read so far.
    read: u64,
    /// Blocks written so far: the number of the one whose turn it is.
    written: u64,
    /// The number of the line that comes next in this input.
    line: u64,
    sink: Sink,
    dead_letter: Option<Sink>,
    results: ResultTable,
    ledger: Ledger,
    messages: u64,
    /// Room for output whose line numbers have been filled in.
    resolved: Vec<u8>,
    /// No more blocks are taken.
    stopped: bool,
    /// The reader of the output has gone.
    closed: bool,
    /// A worker has panicked, so its turn will not end.
    broken: bool,
    failure: Option<RunError>,
}

impl Running {
    /// Opens the outputs.
    pub fn new(mut run: Run) -> Result<Running, RunError> {
        let open = |output: &Output| output.open().map_err(|e| RunError::Open(output.name(), e));
        let sink = open(&run.output)?;
        let dead_letter = run.dead_letter.as_ref().map(open).transpose()?;
        let ledger = Ledger { keeps_dead_letters: dead_letter.is_some(), ..Ledger::default() };
        let reader = Mutex::new(Reader::new(std::mem::take(&mut run.inputs), run.options.max_line));
        let turn = Turn {
            read: 0,
            written: 0,
            line: 1,
            sink,
            dead_letter,
            results: ResultTable::default(),
            ledger,
            messages: 0,
            resolved: Vec::new(),
            stopped: false,
            closed: false,
            broken: false,
            failure: None,
        };
        Ok(Running { run, reader, turn: Mutex::new(turn), ended: Condvar::new(), started: Instant::now() })
    }

    /// Reads every input to its end. An input that cannot be read is reported, and the others are read all the same.
    pub fn drive(&self) -> Result<(), RunError> {
        std::thread::scope(|scope| {
            for _ in 1..self.run.workers {
                scope.spawn(|| self.work());
            }
            self.work();
        });
        let mut turn = self.lock();
        turn.write_results(&self.run)?;
        match turn.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// What each worker does.
    fn work(&self) {
        let _broken = Broken(self);
        let mut worker = Worker::new(self.run.ruleset.clone(), self.run.options.clone());
        let (mut block, mut out) = (Block::default(), BlockOutput::default());
        while let Some((sequence, ticket)) = self.take(&mut block) {
            let lines = worker.block(&block, sequence, &ticket.input, &mut out);
            let mut turn = self.lock();
            while turn.written != sequence && !turn.broken {
                turn = self.ended.wait(turn).unwrap_or_else(PoisonError::into_inner);
            }
            if let Err(failure) = turn.write(&ticket, &mut out, lines, &self.run) {
                turn.failure.get_or_insert(failure);
                turn.stopped = true;
            }
            turn.written += 1;
            self.ended.notify_all();
        }
    }

    /// The next block of the inputs, with its number; `None` if there is none, or no more are wanted.
    fn take(&self, block: &mut Block) -> Option<(u64, Ticket)> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.lock().stopped {
                return None;
            }
            match reader.next(block) {
                Ok(None) => return None,
                Ok(Some(ticket)) => {
                    let mut turn = self.lock();
                    // What was read after the stop was never taken.
                    if turn.stopped {
                        return None;
                    }
                    turn.read += 1;
                    return Some((turn.read - 1, ticket));
                }
                Err((name, error)) => {
                    eprintln!("kqltap: cannot read {name}: {error}");
                    self.lock().failure.get_or_insert(RunError::Read(name, error));
                }
            }
        }
    }

    /// Ends the run, waiting for the blocks that have been read.
    pub fn stop(&self) {
        let mut turn = self.lock();
        turn.stopped = true;
        let unfinished = |turn: &mut Turn| turn.written < turn.read && !turn.broken;
        let waited = self.ended.wait_timeout_while(turn, DRAIN, unfinished);
        turn = waited.unwrap_or_else(PoisonError::into_inner).0;
        if let Err(failure) = turn.write_results(&self.run) {
            turn.failure.get_or_insert(failure);
        }
    }

    /// How it stands.
    pub fn report(&self) -> Report {
        let turn = self.lock();
        Report { ledger: turn.ledger.clone(), elapsed: self.started.elapsed(), closed: turn.closed }
    }

    fn lock(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says so if its worker panics, lest the others wait for its turn for ever.
struct Broken<'r>(&'r Running);

impl Drop for Broken<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().broken = true;
            self.0.ended.notify_all();
        }
    }
}

impl Turn {
    /// Writes what a block gave.
    fn write(&mut self, ticket: &Ticket, out: &mut BlockOutput, lines: u64, run: &Run) -> Result<(), RunError> {
        if ticket.begins {
            self.line = 1;
        }
        let first = self.line;
        self.line += lines;
        for (line, message) in &out.messages {
            self.say(&format!("{}:{}: {message}", ticket.input, first + line));
        }
        if let Some(dead_letter) = &mut self.dead_letter {
            self.resolved.clear();
            out.dead_letters.resolve(first, &mut self.resolved);
            dead_letter.write(&self.resolved)?;
        }
        for row in out.results.drain(..) {
            self.results.push(row, first);
        }
        for row in out.collected.drain(..) {
            self.results.collect(row);
        }
        if self.results.bytes() > run.batch_memory {
            return Err(RunError::BatchMemory(run.batch_memory));
        }
        self.resolved.clear();
        out.bytes.resolve(first, &mut self.resolved);
        let mut ledger = std::mem::take(&mut out.ledger);
        if run.options.batch {
            // Which rows become alerts is known at the end.
            ledger.alerts = 0;
        }
        ledger.written = if self.write_resolved()? { ledger.alerts } else { 0 };
        self.ledger += &ledger;
        Ok(())
    }

    /// Writes the ordered results of a batch, once.
    fn write_results(&mut self, run: &Run) -> Result<(), RunError> {
        let context = Context { now: run.options.now.unwrap_or_else(DateTime::now) };
        let results = std::mem::take(&mut self.results);
        let (bytes, count) = results.finish(&run.ruleset, &context, run.batch_memory)?;
        self.resolved = bytes;
        self.ledger.alerts += count;
        if self.write_resolved()? {
            self.ledger.written += count;
        }
        Ok(())
    }

    /// Gives the sink what has been resolved; `false` if nobody reads it any more.
    fn write_resolved(&mut self) -> Result<bool, RunError> {
        match self.sink.write(&self.resolved) {
            Ok(()) => Ok(true),
            Err(SinkError::Closed(_)) => {
                self.closed = true;
                self.stopped = true;
                Ok(false)
            }
            Err(e) => Err(e.into()),
        }
    }

    fn say(&mut self, message: &str) {
        self.messages += 1;
        match self.messages {
            n if n < MAX_MESSAGES => eprintln!("kqltap: {message}"),
            MAX_MESSAGES => eprintln!("kqltap: {message}\nkqltap: more such lines are counted, and not shown"),
            _ => {}
        }
    }
}
