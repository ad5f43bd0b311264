//! The inputs of a run, one after the other, as numbered blocks.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use super::compressed;
use super::feed::Feed;
use super::framing::{Block, Framer, READ_SIZE};
use super::joined::{InOrder, Turn};
use super::queue::{Live, Queued};
use super::source::Input;
use super::stretch::Stretch;
use crate::decode::Choice;

/// Reads every input to its end. Workers share one, each filling a block of its own in turn.
pub(super) struct Reader {
    waiting: VecDeque<Input>,
    open: Option<Open>,
    max_line: usize,
    /// Whether regular files are given out in stretches, which several workers read at once.
    in_stretches: bool,
    /// Whose lines they are; some are joined.
    decode: Choice,
    /// Where blocks come from if some input is a socket; there is nothing else to read then.
    feed: Option<Arc<Feed>>,
    /// Bytes of live inputs' records that wait to be joined.
    waiting_bytes: usize,
}

struct Open {
    bytes: Bytes,
    name: Arc<str>,
    /// Blocks that have been given out.
    given: u64,
    /// Where lines that belong together are joined.
    order: Arc<InOrder>,
}

enum Bytes {
    Stream(Framer<Box<dyn Read + Send>>),
    Stretches(Stretch),
}

/// What a block is of.
pub(super) struct Ticket {
    /// The input's name.
    pub(super) input: Arc<str>,
    /// Whether it is the first block of its input, so that lines count from 1 again.
    pub(super) begins: bool,
    /// What is still to be read, by whoever holds the ticket.
    pub(super) stretch: Option<Stretch>,
    /// What a block of a live input holds until it has been written.
    pub(super) live: Option<Live>,
}

/// An input that could not be opened, or not be read to its end.
pub(super) type ReadError = (String, std::io::Error);

impl Reader {
    pub(super) fn new(inputs: Vec<Input>, max_line: usize, in_stretches: bool, decode: Choice) -> Reader {
        Reader { waiting: inputs.into(), open: None, max_line, in_stretches, decode, feed: None, waiting_bytes: 0 }
    }

    /// Gives out what live inputs read.
    pub(super) fn of_feed(feed: Arc<Feed>, max_line: usize, decode: Choice) -> Reader {
        Reader { feed: Some(feed), ..Reader::new(Vec::new(), max_line, false, decode) }
    }

    /// Fills `block` from the first input that still has lines, or says which stretch is to be read; `None` when there is
    /// none left. After an error the next call goes on with the next input.
    pub(super) fn next(&mut self, block: &mut Block) -> Result<Option<Ticket>, ReadError> {
        if let Some(feed) = &self.feed {
            let next = feed.next(block)?;
            return Ok(next.map(|Queued { input, begins, live, .. }| {
                live.join(self.decode, self.max_line, &mut self.waiting_bytes, block);
                Ticket { input, begins, stretch: None, live: Some(live) }
            }));
        }
        loop {
            let Some(open) = &mut self.open else {
                let Some(input) = self.waiting.pop_front() else { return Ok(None) };
                let name = input.name();
                let bytes = self.open(&input).map_err(|e| (name.clone(), e))?;
                self.open = Some(Open { bytes, name: name.into(), given: 0, order: Arc::default() });
                continue;
            };
            let begins = open.given == 0;
            let input = open.name.clone();
            match &mut open.bytes {
                Bytes::Stretches(next) => {
                    let stretch = next.clone();
                    next.offset += READ_SIZE as u64;
                    open.given += 1;
                    return Ok(Some(Ticket { input, begins, stretch: Some(stretch), live: None }));
                }
                Bytes::Stream(framer) => match framer.next(block) {
                    Ok(more) => {
                        // Behind the end comes a block without lines: what waits to be joined waits no longer.
                        block.ends = !more;
                        block.turn = Turn::new(&open.order, open.given, self.decode, self.max_line);
                        open.given += 1;
                        if !more {
                            self.open = None;
                        }
                        return Ok(Some(Ticket { input, begins, stretch: None, live: None }));
                    }
                    // The next call finds its end.
                    Err(e) => return Err((input.to_string(), e)),
                },
            }
        }
    }

    fn open(&self, input: &Input) -> std::io::Result<Bytes> {
        if let (true, Input::File(path)) = (self.in_stretches, input)
            && std::fs::metadata(path)?.is_file()
        {
            let file = File::open(path)?;
            let mut start = [0; compressed::MAGIC];
            let read = file.read_at(&mut start, 0)?;
            // What is compressed can be read from its beginning only.
            if !compressed::is_compressed(&start[..read]) {
                let order = Arc::new(InOrder::default());
                return Ok(Bytes::Stretches(Stretch { file: Arc::new(file), offset: 0, order }));
            }
        }
        Ok(Bytes::Stream(Framer::new(input.open()?, self.max_line)))
    }

    /// Whoever read that stretch has met the file's end, or could not read: no more of it is given out.
    pub(super) fn end_of(&mut self, stretch: &Stretch) {
        let same =
            |open: &Open| matches!(&open.bytes, Bytes::Stretches(next) if Arc::ptr_eq(&next.file, &stretch.file));
        if self.open.as_ref().is_some_and(same) {
            self.open = None;
        }
    }
}
