//! One run: every input through a worker into the sink, until the inputs end or the run is stopped.
//!
//! A block is handled and written before the next is read, so a sink that stops taking stops the read, and nothing is in
//! flight between blocks. A stop request is therefore a lock: whoever holds the state knows that all that was read is out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::framing::{Block, Framer};
use super::ledger::Ledger;
use super::result_table::ResultTable;
use super::sink::{Output, Sink, SinkError};
use super::source::Input;
use super::worker::{BlockOutput, Worker, WorkerOptions};
use crate::matcher::Path;
use crate::matcher::Ruleset;

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
    /// The most that `--batch` keeps, in bytes of alerts.
    pub batch_memory: usize,
    /// Which evaluator decides.
    pub path: Path,
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
    /// A batch is too large.
    #[error(
        "the results of --batch take more than {0} bytes (batch_memory); raise it, narrow the rules, or run without --batch"
    )]
    BatchMemory(usize),
}

/// Shared between the thread that reads and whoever stops it.
struct State {
    sink: Sink,
    dead_letter: Option<Sink>,
    ledger: Ledger,
    messages: u64,
    stopped: bool,
    closed: bool,
}

/// Messages about lines that are printed; the rest is counted in the ledger.
const MAX_MESSAGES: u64 = 20;

/// A run under way: [`Running::drive`] on one thread, [`Running::stop`] from any other.
pub struct Running {
    run: Run,
    state: Mutex<State>,
    started: Instant,
}

impl Running {
    /// Opens the outputs.
    pub fn new(run: Run) -> Result<Running, RunError> {
        let open = |output: &Output| output.open().map_err(|e| RunError::Open(output.name(), e));
        let sink = open(&run.output)?;
        let dead_letter = run.dead_letter.as_ref().map(open).transpose()?;
        let ledger = Ledger { keeps_dead_letters: dead_letter.is_some(), ..Ledger::default() };
        let state = State { sink, dead_letter, ledger, messages: 0, stopped: false, closed: false };
        Ok(Running { run, state: Mutex::new(state), started: Instant::now() })
    }

    /// Reads every input to its end. An input that cannot be read is reported, and the others are read all the same.
    pub fn drive(&self) -> Result<(), RunError> {
        let mut worker = Worker::new(self.run.ruleset.clone(), self.run.path, self.run.options.clone());
        let mut out = BlockOutput::default();
        let mut failure = None;
        for input in &self.run.inputs {
            match self.input(input, &mut worker, &mut out) {
                Ok(true) => {}
                Ok(false) => break,
                Err(RunError::Read(name, e)) => {
                    eprintln!("kqltap: cannot read {name}: {e}");
                    failure.get_or_insert(RunError::Read(name, e));
                }
                Err(e) => return Err(e),
            }
        }
        self.results(std::mem::take(&mut out.results))?;
        match failure {
            Some(e) => Err(e),
            None => Ok(()),
        }
    }

    /// Reads one input; `false` if the run is over.
    fn input(&self, input: &Input, worker: &mut Worker, out: &mut BlockOutput) -> Result<bool, RunError> {
        let name = input.name();
        let source = input.open().map_err(|e| RunError::Read(name.clone(), e))?;
        let mut framer = Framer::new(source, self.run.options.max_line);
        let mut block = Block::default();
        let mut line = 1;
        while framer.next(&mut block).map_err(|e| RunError::Read(name.clone(), e))? {
            let mut state = self.lock();
            if state.stopped {
                return Ok(false);
            }
            out.clear();
            line = worker.block(&block, &name, line, out);
            if out.results.bytes() > self.run.batch_memory {
                return Err(RunError::BatchMemory(self.run.batch_memory));
            }
            if !state.take(out, self.run.options.batch)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn results(&self, results: ResultTable) -> Result<(), RunError> {
        if !self.run.options.batch {
            return Ok(());
        }
        let (bytes, count) = results.finish(&self.run.ruleset);
        let mut state = self.lock();
        state.ledger.alerts = count;
        if state.write(&bytes)? {
            state.ledger.written = count;
        }
        Ok(())
    }

    /// Ends the run between two blocks, waiting for the one in hand.
    pub fn stop(&self) {
        self.lock().stopped = true;
    }

    /// How it stands.
    pub fn report(&self) -> Report {
        let state = self.lock();
        Report { ledger: state.ledger.clone(), elapsed: self.started.elapsed(), closed: state.closed }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Writes what a block gave; `false` if nobody reads it any more.
    fn take(&mut self, out: &BlockOutput, batch: bool) -> Result<bool, RunError> {
        for message in &out.messages {
            self.messages += 1;
            match self.messages {
                n if n < MAX_MESSAGES => eprintln!("kqltap: {message}"),
                MAX_MESSAGES => eprintln!("kqltap: {message}\nkqltap: more such lines are counted, and not shown"),
                _ => {}
            }
        }
        if let Some(dead_letter) = &mut self.dead_letter {
            dead_letter.write(&out.dead_letters)?;
        }
        let written = self.write(&out.bytes)?;
        let mut ledger = out.ledger.clone();
        ledger.written = if written && !batch { ledger.alerts } else { 0 };
        self.ledger += &ledger;
        Ok(written)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<bool, RunError> {
        match self.sink.write(bytes) {
            Ok(()) => Ok(true),
            Err(SinkError::Closed(_)) => {
                self.closed = true;
                Ok(false)
            }
            Err(e) => Err(e.into()),
        }
    }
}
