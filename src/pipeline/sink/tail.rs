//! The last lines that were sent, kept because the peer may not have read them.

use std::collections::VecDeque;

/// Whole lines, at least so many bytes of them if that many were sent.
#[derive(Debug)]
pub(super) struct Tail {
    bytes: VecDeque<u8>,
    keep: usize,
}

impl Tail {
    pub(super) fn new(keep: usize) -> Tail {
        Tail { bytes: VecDeque::new(), keep }
    }

    /// These have been sent. Lines from the first on are let go while enough is left.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        // What will not be kept is not copied: a block may be larger than all that is.
        let beyond = bytes.len().saturating_sub(self.keep);
        if let Some(end) = memchr::memrchr(b'\n', &bytes[..beyond]) {
            self.bytes.clear();
            self.bytes.extend(&bytes[end + 1..]);
            return;
        }
        self.bytes.extend(bytes);
        let Some(excess) = self.bytes.len().checked_sub(self.keep).filter(|excess| *excess > 0) else { return };
        let (front, back) = self.bytes.as_slices();
        let in_back = excess.checked_sub(front.len()).and_then(|excess| {
            let found = memchr::memrchr(b'\n', &back[..excess]);
            found.map(|at| front.len() + at)
        });
        let end = in_back.or_else(|| memchr::memrchr(b'\n', &front[..excess.min(front.len())]));
        if let Some(end) = end {
            self.bytes.drain(..=end);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many lines there are.
    pub(super) fn lines(&self) -> u64 {
        let (front, back) = self.bytes.as_slices();
        (memchr::memchr_iter(b'\n', front).count() + memchr::memchr_iter(b'\n', back).count()) as u64
    }

    /// All of it, in one piece.
    pub(super) fn bytes(&mut self) -> &[u8] {
        self.bytes.make_contiguous()
    }

    pub(super) fn clear(&mut self) {
        self.bytes = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The tail is the shortest end of what was sent that begins with a line and has enough bytes.
        #[test]
        fn it_is_enough_and_begins_with_a_line(
            keep in 0usize..60,
            pushed in prop::collection::vec("([a-c]{0,9}\n){0,6}", 0..20),
            contiguous in prop::collection::vec(any::<bool>(), 20),
        ) {
            let (mut tail, mut all) = (Tail::new(keep), Vec::new());
            for (lines, contiguous) in pushed.iter().zip(contiguous) {
                tail.push(lines.as_bytes());
                all.extend_from_slice(lines.as_bytes());
                if contiguous {
                    tail.bytes();
                }
                let mut starts = std::iter::once(0).chain((0..all.len()).filter(|at| all[*at] == b'\n').map(|at| at + 1));
                let start = starts.rfind(|at| all.len() - at >= keep).unwrap_or(0);
                prop_assert_eq!(tail.lines(), all[start..].iter().filter(|b| **b == b'\n').count() as u64);
                prop_assert_eq!(tail.bytes.iter().copied().collect::<Vec<u8>>(), &all[start..]);
            }
        }
    }
}
