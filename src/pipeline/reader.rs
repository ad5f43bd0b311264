//! The inputs of a run, one after the other, as numbered blocks.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::Arc;

use super::framing::{Block, Framer};
use super::source::Input;

/// Reads every input to its end. Workers share one, each filling a block of its own in turn.
pub(super) struct Reader {
    waiting: VecDeque<Input>,
    open: Option<Open>,
    max_line: usize,
}

struct Open {
    framer: Framer<Box<dyn Read + Send>>,
    name: Arc<str>,
    begun: bool,
}

/// What a block is of.
pub(super) struct Ticket {
    /// The input's name.
    pub(super) input: Arc<str>,
    /// Whether it is the first block of its input, so that lines count from 1 again.
    pub(super) begins: bool,
}

/// An input that could not be opened, or not be read to its end.
pub(super) type ReadError = (String, std::io::Error);

impl Reader {
    pub(super) fn new(inputs: Vec<Input>, max_line: usize) -> Reader {
        Reader { waiting: inputs.into(), open: None, max_line }
    }

    /// Fills `block` from the first input that still has lines; `None` when there is none left. After an error the next
    /// call goes on with the next input.
    pub(super) fn next(&mut self, block: &mut Block) -> Result<Option<Ticket>, ReadError> {
        loop {
            let Some(open) = &mut self.open else {
                let Some(input) = self.waiting.pop_front() else { return Ok(None) };
                let name = input.name();
                let source = input.open().map_err(|e| (name.clone(), e))?;
                self.open = Some(Open { framer: Framer::new(source, self.max_line), name: name.into(), begun: false });
                continue;
            };
            match open.framer.next(block) {
                Ok(true) => {
                    let begins = !std::mem::replace(&mut open.begun, true);
                    return Ok(Some(Ticket { input: open.name.clone(), begins }));
                }
                Ok(false) => self.open = None,
                Err(e) => {
                    let name = open.name.to_string();
                    self.open = None;
                    return Err((name, e));
                }
            }
        }
    }
}
