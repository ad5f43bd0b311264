//! A peer that alerts are sent to, with what it may not have read kept in memory.

use super::SinkError;
use super::link::{GivenUp, Link};
use super::tail::Tail;
use super::target::Target;

/// Sends each block before it takes the next. What the system has taken counts as written; since a connection that breaks may
/// lose that, its end is kept and sent again on the next connection. So a line may arrive twice, and ids tell.
pub(super) struct Client {
    link: Link,
    tail: Tail,
    /// Bytes sent so far.
    sent: u64,
}

impl Client {
    /// `resend` is how many bytes are kept.
    pub(super) fn new(link: Link, resend: usize) -> Client {
        Client { link, tail: Tail::new(resend), sent: 0 }
    }

    /// A connection on which all has been sent that the last one may have lost; `false` if it broke meanwhile.
    fn ready(&mut self) -> Result<bool, GivenUp> {
        let from = self.sent - self.tail.len() as u64;
        if self.link.ensure(from)? { self.link.write(self.tail.bytes()) } else { Ok(true) }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), GivenUp> {
        self.link.begin();
        while !(self.ready()? && self.link.write(bytes)?) {}
        self.tail.push(bytes);
        self.sent += bytes.len() as u64;
        Ok(())
    }

    /// `Ok` once the peer has read everything, or once it is known to have it all and just does not close its side.
    fn settle(&mut self) -> Result<(), GivenUp> {
        self.link.begin();
        while !self.tail.bytes().is_empty() {
            if !self.ready()? {
                continue;
            }
            match self.link.finish() {
                Ok(true) => self.tail.clear(),
                Ok(false) => {}
                // The connection holds, and what was sent is with the system, which goes on to deliver it.
                Err(GivenUp) => return Ok(()),
            }
        }
        Ok(())
    }
}

impl Target for Client {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.send(bytes).map_err(|GivenUp| SinkError::Unsent(self.link.name()))
    }

    fn finish(&mut self) -> Result<(), (SinkError, u64)> {
        self.settle().map_err(|GivenUp| (SinkError::Unsent(self.link.name()), self.tail.lines()))
    }
}
