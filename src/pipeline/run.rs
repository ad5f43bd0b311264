//! One run: every input through workers into the sink, until the inputs end or the run is stopped.
//!
//! A worker reads a block, handles it, and writes what it gave when the blocks before it are written; a few that are done
//! early are left to the worker whose turn it is. So output is in input order, what is in memory is one block and a few
//! outputs for each worker, and a sink that stops taking stops the read. One worker does the same, and never waits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::drain::Drain;
use super::feed::{Feed, ListenError, LiveOptions};
use super::framing::{Block, READ_SIZE};
use super::generation::{Generation, Generations};
use super::joined::InOrder;
use super::ledger::Ledger;
use super::reader::{Reader, Ticket};
use super::sink::{Output, PeerTls, Sink, SinkError, SinkOptions, SinkState, Tally};
use super::source::Input;
use super::stretch::Stretch;
use super::worker::{BlockOutput, Place, Worker, WorkerOptions};
use super::writer::Writer;
use crate::rows::RowsError;

/// What to run.
pub struct Run {
    /// The rules.
    pub rules: Generations,
    /// Read one after the other; all at once if one of them is a socket.
    pub inputs: Vec<Input>,
    /// Bounds and ways of inputs that are sockets.
    pub live: LiveOptions,
    /// Where alerts go.
    pub output: Output,
    /// How they get there.
    pub sink: SinkOptions,
    /// Where malformed lines go.
    pub dead_letter: Option<Output>,
    /// How lines are handled.
    pub options: WorkerOptions,
    /// Threads that handle lines; at least 1.
    pub workers: usize,
    /// The most that `--batch` keeps, in bytes of results.
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
    /// Whether an input could not be opened, or not be read to its end; it has been named on standard error.
    pub unread: bool,
}

/// A run could not begin, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An output could not be opened.
    #[error("cannot write to {0}: {1}")]
    Open(String, String),
    /// An input cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
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
    /// A sink did not take what had been read when the run was stopped.
    #[error("stopped, and the output did not take what had been read within {} s (drain_timeout); its alerts are lost", .0.as_secs_f64())]
    NotDrained(Duration),
    /// A second signal came while the run was ending.
    #[error("told a second time to stop; what had been read and not written is lost")]
    Quit,
}

/// How much longer than its drain's time-out a stop waits for a sink that is just giving up, to hear what it says.
pub const GRACE: Duration = Duration::from_millis(500);

/// A run under way: [`Running::drive`] on one thread, [`Running::stop`] from any other.
pub struct Running {
    run: Run,
    reader: Mutex<Reader>,
    /// What live inputs read; the reader has it too.
    feed: Option<Arc<Feed>>,
    turn: Mutex<Turn>,
    /// Told whenever a turn ends.
    ended: Condvar,
    /// Only for whoever's turn it is. A sink may hold it for as long as it likes; nothing else waits for it.
    writer: Mutex<Writer>,
    drain: Arc<Drain>,
    /// What became of alerts behind the sink.
    tally: Arc<Tally>,
    /// Told when an output takes no more: the run is to be ended, though a read may go on for ever.
    failed: Notify,
    /// Whether the sink is there.
    sink: Arc<SinkState>,
    /// Held by whoever ends the run, so that the second finds all done.
    ending: Mutex<()>,
    /// Set to have files opened anew.
    reopen: Vec<Arc<AtomicBool>>,
    /// What outputs are reached with.
    peers: Vec<Arc<PeerTls>>,
    started: Instant,
}

/// Blocks that each worker may leave unwritten behind one that is slower. With none, two workers waited for each other a
/// sixth of the time (measured).
const LEFT_PER_WORKER: usize = 2;

/// Longer than a read of a full block takes: some 150 µs of a connection on loopback, 50 of a pipe (measured).
const READ_TIME: Duration = Duration::from_micros(300);

/// A block that has been handled.
struct Done {
    ticket: Ticket,
    out: BlockOutput,
    lines: u64,
    /// By which rules it was evaluated.
    generation: Arc<Generation>,
}

/// Whose turn it is, and what has been counted. Held for moments only.
#[derive(Default)]
struct Turn {
    /// Blocks read so far.
    read: u64,
    /// Blocks done so far: the number of the one whose turn it is.
    done: u64,
    /// When those that are read and not done were.
    since: VecDeque<Instant>,
    /// Blocks that were done before their turn.
    left: BTreeMap<u64, Done>,
    /// The input that is being read, and where its lines are joined; none of live inputs.
    open: Option<(Arc<str>, Arc<InOrder>)>,
    /// Room for output, for those who left theirs.
    room: Vec<BlockOutput>,
    ledger: Ledger,
    /// No more blocks are wanted; of live inputs, none but those that have been read.
    stopped: bool,
    /// All blocks that live inputs have read are taken.
    drained: bool,
    /// The run has been reported on: what is read now was never taken.
    over: bool,
    /// The reader of the output has gone.
    closed: bool,
    /// An input could not be read.
    unread: bool,
    /// A worker has panicked, so its turn will not end.
    broken: bool,
    failure: Option<Arc<RunError>>,
}

impl Running {
    /// Opens the outputs, and binds the listeners.
    pub fn new(mut run: Run) -> Result<Running, RunError> {
        run.options.dead_letters = run.dead_letter.is_some();
        let drain = Arc::new(Drain::new(run.sink.drain_timeout));
        let mut writer = Writer::open(&run, &drain)?;
        let reopen = writer.sinks().map(|sink| sink.reopen_flag()).collect();
        let peers = writer.sinks().filter_map(|sink| sink.tls()).collect();
        let (tally, sink) = (writer.tally(), writer.state());
        let writer = Mutex::new(writer);
        let ledger = Ledger { keeps_dead_letters: run.dead_letter.is_some(), ..Ledger::default() };
        let inputs = std::mem::take(&mut run.inputs);
        let max_line = run.options.max_line;
        let feed = match inputs.iter().any(Input::is_listener) {
            true => Some(Arc::new(Feed::start(&inputs, &run.live, max_line)?)),
            false => None,
        };
        let reader = Mutex::new(match &feed {
            Some(feed) => Reader::of_feed(feed.clone(), max_line, run.options.decode),
            None => Reader::new(inputs, max_line, run.workers > 1, run.options.decode),
        });
        let turn = Mutex::new(Turn { ledger, drained: feed.is_none(), ..Turn::default() });
        let (ended, started) = (Condvar::new(), Instant::now());
        let (failed, ending) = (Notify::new(), Mutex::default());
        Ok(Running {
            run,
            reader,
            feed,
            turn,
            ended,
            writer,
            drain,
            tally,
            sink,
            failed,
            ending,
            reopen,
            peers,
            started,
        })
    }

    /// Reads every input to its end. An input that cannot be read is reported, and the others are read all the same.
    ///
    /// With live inputs it runs their sockets on this thread: call it where blocking is allowed, and not within a future.
    pub fn drive(&self) -> Result<(), Arc<RunError>> {
        std::thread::scope(|scope| {
            for _ in 1..self.run.workers {
                scope.spawn(|| self.work());
            }
            self.work();
        });
        self.finish()
    }

    /// What each worker does.
    fn work(&self) {
        let _broken = Broken(self);
        let mut worker = Worker::new(self.run.rules.current(), self.run.options.clone());
        let (mut block, mut out) = (Block::default(), BlockOutput::default());
        while let Some((sequence, ticket, generation)) = self.take(&mut block) {
            if let Some(stretch) = &ticket.stretch {
                self.read(stretch, &ticket.input, &mut block);
            }
            worker.follow(&generation);
            let place = Place { input: &ticket.input, sequence, begins: ticket.begins };
            // What outgrows its room is written early, in the block's turn.
            let lines = worker.block(&mut block, place, &mut out, &mut |out| {
                if self.await_turn(sequence) {
                    self.write(&ticket, &generation, out);
                }
            });
            let block = Done { ticket, out, lines, generation };
            match self.hand_in(sequence, block) {
                Some(room) => out = room,
                None => return,
            }
        }
    }

    /// Writes a block in its turn, and those behind it that have been left; gives room for the next block's output. A block
    /// whose turn has not come is left for the worker whose turn it is, while there are few such. `None` if the turn will
    /// never come.
    fn hand_in(&self, sequence: u64, mut block: Done) -> Option<BlockOutput> {
        {
            let mut turn = self.lock();
            if turn.done != sequence && turn.left.len() < self.run.workers * LEFT_PER_WORKER {
                turn.left.insert(sequence, block);
                return Some(turn.room.pop().unwrap_or_default());
            }
        }
        if !self.await_turn(sequence) {
            return None;
        }
        loop {
            self.write(&block.ticket, &block.generation, &mut block.out);
            self.writer().end_block(&block.ticket, block.lines);
            let mut turn = self.lock();
            turn.done += 1;
            turn.since.pop_front();
            let done = turn.done;
            match turn.left.remove(&done) {
                Some(next) => turn.room.push(std::mem::replace(&mut block, next).out),
                None => break,
            }
        }
        self.ended.notify_all();
        Some(block.out)
    }

    /// The next block of the inputs, with its number and the rules that are current; `None` if there is none, or no more are
    /// wanted.
    fn take(&self, block: &mut Block) -> Option<(u64, Ticket, Arc<Generation>)> {
        let mut reader = self.reader(block.bytes().len() >= READ_SIZE / 2);
        loop {
            if self.lock().stopped {
                match &self.feed {
                    Some(feed) => feed.stop(),
                    None => return None,
                }
            }
            match reader.next(block) {
                Ok(None) => {
                    self.lock().drained = true;
                    self.ended.notify_all();
                    self.drain.inputs_ended();
                    return None;
                }
                Ok(Some(ticket)) => {
                    let mut turn = self.lock();
                    // What has been read is handled, though a stop has come meanwhile; unless that has been waited for.
                    if turn.over {
                        return None;
                    }
                    turn.read += 1;
                    turn.open = ticket.order.clone().map(|order| (ticket.input.clone(), order));
                    turn.since.push_back(ticket.live.as_ref().map_or_else(Instant::now, |live| live.since));
                    return Some((turn.read - 1, ticket, self.run.rules.current()));
                }
                Err((name, error)) => {
                    say!(Error, input = name; "kqltap: cannot read {name}: {error}");
                    self.lock().unread = true;
                }
            }
        }
    }

    /// The reader, once no other worker has it. Where blocks come full another worker is about to have read one: going to sleep
    /// and being woken would take longer than that (measured: an eighth of the throughput over TCP). Where they do not, somebody
    /// waits for a sender.
    fn reader(&self, is_busy: bool) -> MutexGuard<'_, Reader> {
        let begun = Instant::now();
        while is_busy && begun.elapsed() < READ_TIME {
            if let Ok(reader) = self.reader.try_lock() {
                return reader;
            }
            std::thread::yield_now();
        }
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a stretch of a file; at the file's end, or where it cannot be read, there are no lines.
    fn read(&self, stretch: &Stretch, input: &str, block: &mut Block) {
        let max_line = self.run.options.max_line;
        let read = stretch.read(block, max_line);
        if let Err(error) = &read {
            block.begin();
            block.ends = true;
            say!(Error, input = input; "kqltap: cannot read {input}: {error}");
            self.lock().unread = true;
        }
        block.turn = stretch.turn(self.run.options.decode, max_line);
        if !matches!(read, Ok(true)) {
            self.reader.lock().unwrap_or_else(PoisonError::into_inner).end_of(stretch);
        }
    }

    /// Waits until every block before this one is done; `false` if that will never be.
    fn await_turn(&self, sequence: u64) -> bool {
        let turn = self.lock();
        let turn = self.ended.wait_while(turn, |turn| turn.done != sequence && !turn.broken);
        !turn.unwrap_or_else(PoisonError::into_inner).broken
    }

    /// Writes what a block has given so far. It is counted first: what cannot be written does not balance.
    fn write(&self, ticket: &Ticket, generation: &Generation, out: &mut BlockOutput) {
        let mut counted = std::mem::take(&mut out.ledger);
        if self.run.options.batch {
            // Which rows become alerts is known at the end.
            counted.alerts = 0;
        } else {
            let counts = out.matched.iter().filter_map(|rule| generation.counts(*rule as usize));
            counts.for_each(|counts| counts.add_alerts(1));
        }
        let (alerts, dead_letters) = (counted.alerts, std::mem::take(&mut counted.dead_lettered));
        let gone = {
            let mut turn = self.lock();
            turn.ledger += &counted;
            turn.closed || turn.failure.is_some()
        };
        // After a failure nothing is written: a hole would look like an output.
        let written = if gone { Ok(()) } else { self.writer().write(&self.run, ticket, out, alerts) };
        out.written();
        let mut turn = self.lock();
        match written {
            Ok(()) if !gone => turn.ledger.dead_lettered += dead_letters,
            Ok(()) => {}
            Err(failure) => {
                turn.fail(failure);
                // Another worker may wait for a block, which would never come.
                self.feed.iter().for_each(|feed| feed.stop());
                self.failed.notify_one();
            }
        }
    }

    /// Waits until an output takes no more; [`Running::stop`] then says why.
    pub async fn failed(&self) {
        tokio::select! {
            () = self.failed.notified() => {}
            () = self.sink.failed() => {}
        }
    }

    /// Writes the ordered results of a batch, sees everything out, and says how the run went. A stop may come while a run ends
    /// by itself: whoever is second finds nothing left to do, and hears the same.
    fn finish(&self) -> Result<(), Arc<RunError>> {
        // They may not have ended, after a failure, but no more is read.
        self.drain.inputs_ended();
        let _ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        self.let_go();
        let mut writer = self.writer();
        if self.lock().failure.is_none() && !self.lock().closed {
            let (count, written) = writer.write_results(&self.run, &self.run.rules.current());
            let mut turn = self.lock();
            turn.ledger.alerts += count;
            if let Err(failure) = written {
                turn.fail(failure);
            }
        }
        // What was handed over before a failure is seen out all the same.
        let finished = if self.lock().closed { Ok(()) } else { writer.finish() };
        let mut turn = self.lock();
        if let Err(failure) = finished {
            turn.fail(failure);
        }
        turn.failure.clone().map_or(Ok(()), Err)
    }

    /// What the input that was being read holds back, for others of its event may follow: none do. At the input's own end there
    /// is nothing left.
    fn let_go(&self) {
        let (open, sequence) = {
            let mut turn = self.lock();
            (turn.open.take().filter(|_| turn.failure.is_none() && !turn.closed && !turn.broken), turn.read)
        };
        let Some((input, order)) = open else { return };
        let (options, generation) = (self.run.options.clone(), self.run.rules.current());
        let (mut block, mut out) = (Block::default(), BlockOutput::default());
        order.end(options.decode, options.max_line, &mut block);
        if block.together.is_nothing() {
            return;
        }
        let ticket = Ticket { input: input.clone(), begins: false, stretch: None, order: None, live: None };
        let place = Place { input: &input, sequence, begins: false };
        let mut worker = Worker::new(generation.clone(), options);
        worker.block(&mut block, place, &mut out, &mut |out| self.write(&ticket, &generation, out));
        self.write(&ticket, &generation, &mut out);
    }

    /// Ends the run, waiting for the blocks that have been read and for the sink to take what they gave, for as long as the
    /// drain's time-out and no longer.
    pub fn stop(&self) -> Result<(), Arc<RunError>> {
        let deadline = self.drain.stop() + GRACE;
        let mut turn = self.lock();
        turn.stopped = true;
        self.feed.iter().for_each(|feed| feed.stop());
        let unfinished = |turn: &mut Turn| (turn.done < turn.read || !turn.drained) && !turn.broken;
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = self.ended.wait_timeout_while(turn, left, unfinished);
        let (mut turn, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        turn.over = true;
        let failure = turn.failure.clone();
        drop(turn);
        match timeout.timed_out() {
            true => Err(failure.unwrap_or_else(|| self.not_drained())),
            false => self.finish(),
        }
    }

    /// How long a stop takes at most, [`GRACE`] not counted.
    pub fn drain_timeout(&self) -> Duration {
        self.drain.timeout()
    }

    /// What is said of a sink that hangs.
    pub fn not_drained(&self) -> Arc<RunError> {
        Arc::new(RunError::NotDrained(self.drain.timeout()))
    }

    /// Opens outputs that are files anew, for they may have been moved away (logrotate). A sink that is just being written to is
    /// opened anew before it is written to again.
    pub fn reopen(&self) {
        for reopen in &self.reopen {
            reopen.store(true, Ordering::Release);
        }
        if let Ok(mut writer) = self.writer.try_lock() {
            writer.sinks().for_each(Sink::reopen_if_asked);
        }
    }

    /// The rules: what is installed here is what the blocks to come are evaluated by.
    pub fn rules(&self) -> &Generations {
        &self.run.rules
    }

    /// Whether the results of the whole input are put in order at its end, so that rules cannot change before.
    pub fn is_batch(&self) -> bool {
        self.run.options.batch
    }

    /// How the sink of alerts is.
    pub fn sink(&self) -> &SinkState {
        &self.sink
    }

    /// Whether no more is to be read.
    pub fn is_stopping(&self) -> bool {
        self.lock().stopped
    }

    /// How long the oldest block has been here that is read and not written; none if there is no such block.
    pub fn oldest(&self) -> Option<Duration> {
        // A block that a worker has taken is older than those that wait.
        let taken = self.lock().since.front().copied();
        taken.or_else(|| self.feed.as_ref()?.oldest()).map(|since| since.elapsed())
    }

    /// Connections that are open.
    pub fn open_connections(&self) -> usize {
        self.feed.as_ref().map_or(0, |feed| feed.open_connections())
    }

    /// Bytes that live inputs have read and that are not written yet; never more than `max_in_flight_bytes`.
    pub fn in_flight(&self) -> usize {
        self.feed.as_ref().map_or(0, |feed| feed.in_flight())
    }

    /// Reads the certificates of listeners and outputs again, for connections to come. Where there is an error, which is given in
    /// a sentence, the old ones stay.
    pub fn reload_certificates(&self) -> Result<(), String> {
        let listeners = self.feed.iter().map(|feed| feed.reload().map_err(|error| error.to_string()));
        let outputs = self.peers.iter().map(|peer| peer.reload().map_err(|error| format!("output: {error}")));
        let wrong: Vec<String> = listeners.chain(outputs).filter_map(Result::err).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }

    /// How it stands.
    pub fn report(&self) -> Report {
        let turn = self.lock();
        let elapsed = self.started.elapsed();
        let mut ledger =
            Ledger { connections: self.feed.as_ref().map(|feed| feed.connections()), ..turn.ledger.clone() };
        (ledger.written, ledger.dropped, ledger.spooled) =
            (self.tally.written(), self.tally.dropped(), self.tally.spooled());
        if turn.closed && !self.run.options.batch {
            // Nobody wants the others any more, so they are no loss.
            ledger.alerts = ledger.written + ledger.dropped;
        }
        Report { ledger, elapsed, closed: turn.closed, unread: turn.unread }
    }

    fn lock(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Notes that an output takes no more.
    fn fail(&mut self, failure: RunError) {
        self.stopped = true;
        match failure {
            RunError::Sink(SinkError::Closed(_)) => self.closed = true,
            failure => {
                self.failure.get_or_insert(Arc::new(failure));
            }
        }
    }
}

/// Says so if its worker panics, lest the others wait for its turn for ever.
struct Broken<'r>(&'r Running);

impl Drop for Broken<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut turn = self.0.lock();
            turn.broken = true;
            turn.stopped = true;
            self.0.feed.iter().for_each(|feed| feed.stop());
            self.0.ended.notify_all();
        }
    }
}
