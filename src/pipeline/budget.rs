//! How many bytes live inputs may have read that are not written yet.
//!
//! Every byte is asked for before it is read, and given back when the block that it went into has been written; so a sink
//! that stops taking stops the reads after an exact number of bytes. Bytes of a line whose end has not come stay taken.
//! Lest such beginnings fill the budget, with no line ever finished, the last part of it is a reserve, large enough for the
//! longest line: only one input at a time draws on it, and keeps the right until the others can go on without it.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::framing::READ_SIZE;

/// The bytes of all live inputs of a run.
#[derive(Debug)]
pub(super) struct Budget {
    total: usize,
    /// The last part of it: a line of the longest kind, and one read.
    reserve: usize,
    /// Whoever was refused waits for so many bytes, lest a full budget be handed on in crumbs.
    refill: usize,
    state: Mutex<State>,
    freed: Notify,
    freed_blocking: Condvar,
}

#[derive(Debug)]
struct State {
    left: usize,
    /// The input that draws on the reserve.
    holder: Option<u64>,
    accounts: u64,
}

impl Budget {
    /// The smallest budget of one input with which lines of `max_line` bytes come through.
    pub(super) fn smallest_of_one(max_line: usize) -> usize {
        max_line.saturating_add(READ_SIZE)
    }

    /// The same of all inputs: beside the reserve there is as much again. With the reserve alone every beginning of a line
    /// would draw on it, and a peer that sends three bytes and no newline would stop all others.
    pub(super) fn smallest(max_line: usize) -> usize {
        Budget::smallest_of_one(max_line).saturating_mul(2)
    }

    /// A budget of `total` bytes, at least [`Budget::smallest`].
    pub(super) fn new(total: usize, max_line: usize) -> Arc<Budget> {
        let reserve = Budget::smallest_of_one(max_line).min(total);
        let state = Mutex::new(State { left: total, holder: None, accounts: 0 });
        let refill = READ_SIZE.min(reserve / 2).max(1);
        Arc::new(Budget { total, reserve, refill, state, freed: Notify::new(), freed_blocking: Condvar::new() })
    }

    /// Bytes that are taken.
    pub(super) fn taken(&self) -> usize {
        self.total - self.lock().left
    }

    /// Whether somebody may wait for bytes.
    pub(super) fn is_scarce(&self) -> bool {
        self.lock().left < self.reserve + self.refill
    }

    fn give_back(&self, bytes: usize) {
        let mut state = self.lock();
        state.left += bytes;
        if state.left >= self.reserve {
            state.holder = None;
        }
        drop(state);
        self.freed.notify_waiters();
        self.freed_blocking.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one input takes of the budget.
#[derive(Debug)]
pub(super) struct Account {
    budget: Arc<Budget>,
    number: u64,
    /// The most that this input may have taken.
    most: usize,
    own: Arc<AtomicUsize>,
    /// It was refused.
    dry: bool,
}

impl Account {
    /// An account of an input of its own, which may take `most` bytes.
    pub(super) fn new(budget: &Arc<Budget>, most: usize) -> Account {
        let mut state = budget.lock();
        state.accounts += 1;
        let number = state.accounts;
        drop(state);
        Account { budget: budget.clone(), number, most, own: Arc::default(), dry: false }
    }

    /// Nothing yet.
    pub(super) fn nothing(&self) -> Held {
        Held { budget: self.budget.clone(), own: self.own.clone(), bytes: 0 }
    }

    /// Takes what there is, up to `wanted` bytes, and waits while there is nothing.
    pub(super) async fn take(&mut self, wanted: usize) -> Held {
        let budget = self.budget.clone();
        loop {
            let mut freed = std::pin::pin!(budget.freed.notified());
            // Before it is looked: what is given back meanwhile must not be missed.
            freed.as_mut().enable();
            if let Some(held) = self.try_take(&mut budget.lock(), wanted) {
                return held;
            }
            freed.await;
        }
    }

    /// The same for a thread that may wait, and takes all of `wanted`.
    pub(super) fn take_all(&mut self, wanted: usize) -> Held {
        let budget = self.budget.clone();
        let mut all = self.nothing();
        let mut state = budget.lock();
        while all.bytes < wanted {
            match self.try_take(&mut state, wanted - all.bytes) {
                Some(held) => all.join(held),
                None => state = budget.freed_blocking.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
        all
    }

    fn try_take(&mut self, state: &mut State, wanted: usize) -> Option<Held> {
        let enough = if self.dry { self.budget.refill.min(wanted) } else { 1 };
        self.dry = true;
        let own = self.most.saturating_sub(self.own.load(Relaxed));
        if own < enough {
            return None;
        }
        let mut room = state.left.saturating_sub(self.budget.reserve);
        if room < enough {
            if *state.holder.get_or_insert(self.number) != self.number {
                return None;
            }
            room = state.left;
        }
        if room < enough {
            return None;
        }
        self.dry = false;
        let bytes = wanted.min(room).min(own);
        state.left -= bytes;
        self.own.fetch_add(bytes, Relaxed);
        Some(Held { budget: self.budget.clone(), own: self.own.clone(), bytes })
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        if state.holder == Some(self.number) {
            state.holder = None;
            drop(state);
            // Somebody else may draw on the reserve now.
            self.budget.freed.notify_waiters();
            self.budget.freed_blocking.notify_all();
        }
    }
}

/// Bytes that are taken; whoever lets go of it gives them back.
#[derive(Debug)]
pub(super) struct Held {
    budget: Arc<Budget>,
    own: Arc<AtomicUsize>,
    bytes: usize,
}

impl Held {
    /// How many.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Nothing, of the same account.
    pub(super) fn nothing(&self) -> Held {
        Held { budget: self.budget.clone(), own: self.own.clone(), bytes: 0 }
    }

    /// Adds bytes that were taken from the same account.
    pub(super) fn join(&mut self, mut other: Held) {
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// Keeps so many, and gives the others out.
    pub(super) fn keep(&mut self, bytes: usize) -> Held {
        let kept = bytes.min(self.bytes);
        let rest = self.bytes - kept;
        self.bytes = kept;
        Held { budget: self.budget.clone(), own: self.own.clone(), bytes: rest }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.own.fetch_sub(self.bytes, Relaxed);
            self.budget.give_back(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is to be had at once.
    fn take(account: &mut Account, wanted: usize) -> Option<Held> {
        let budget = account.budget.clone();
        account.try_take(&mut budget.lock(), wanted)
    }

    #[test]
    fn one_input_gets_all_of_it_and_not_a_byte_more() {
        let total = 10 * READ_SIZE + 17;
        let budget = Budget::new(total, 1000);
        let mut account = Account::new(&budget, usize::MAX);
        let mut held = account.nothing();
        while let Some(more) = take(&mut account, READ_SIZE) {
            held.join(more);
        }
        assert_eq!((held.bytes(), budget.taken()), (total, total));
        // It does not go on with crumbs.
        drop(held.keep(total - 1));
        assert!(take(&mut account, READ_SIZE).is_none());
        drop(held);
        assert_eq!(budget.taken(), 0);
        assert_eq!(take(&mut account, READ_SIZE).map(|held| held.bytes()), Some(READ_SIZE));
    }

    #[test]
    fn one_input_has_its_own_bound() {
        let budget = Budget::new(10 * READ_SIZE, 1000);
        let (mut one, mut other) = (Account::new(&budget, READ_SIZE), Account::new(&budget, READ_SIZE));
        let held = take(&mut one, 2 * READ_SIZE);
        assert_eq!(held.as_ref().map(Held::bytes), Some(READ_SIZE));
        assert!(take(&mut one, 1).is_none());
        assert!(take(&mut other, 1).is_some());
        drop(held);
        assert!(take(&mut one, 1).is_some());
    }

    /// Beginnings of lines fill the budget; each line comes to its end all the same.
    #[test]
    fn unfinished_lines_cannot_block_each_other() {
        let line = 3 * READ_SIZE;
        let budget = Budget::new(2 * line, line);
        let mut inputs: Vec<(Account, Held)> = (0..20)
            .map(|_| Account::new(&budget, usize::MAX))
            .map(|account| {
                let held = account.nothing();
                (account, held)
            })
            .collect();
        let mut finished = 0;
        while finished < 20 {
            let mut progress = false;
            inputs.retain_mut(|(account, held)| {
                if let Some(more) = take(account, READ_SIZE.min(line - held.bytes())) {
                    progress = true;
                    held.join(more);
                }
                let ended = held.bytes() == line;
                finished += usize::from(ended);
                !ended
            });
            assert!(progress, "{finished} lines are finished, and nobody can go on");
            assert!(budget.taken() <= 2 * line);
        }
        assert_eq!(budget.taken(), 0);
    }

    /// However small the budget may be set.
    #[test]
    fn a_beginning_of_a_line_does_not_stop_the_others() {
        let budget = Budget::new(Budget::smallest(1000), 1000);
        let (mut slow, mut other) = (Account::new(&budget, usize::MAX), Account::new(&budget, usize::MAX));
        let mut begun = take(&mut slow, READ_SIZE);
        let _three_bytes = begun.as_mut().map(|held| drop(held.keep(3)));
        assert_eq!(budget.taken(), 3);
        let read = take(&mut other, READ_SIZE);
        assert_eq!(read.map(|held| held.bytes()), Some(READ_SIZE));
        // The slow one may ask for more at any time.
        assert!(take(&mut slow, 10).is_some() && take(&mut other, READ_SIZE).is_some());
    }

    #[tokio::test]
    async fn who_waits_is_told() {
        let budget = Budget::new(2 * READ_SIZE, 1000);
        let mut one = Account::new(&budget, usize::MAX);
        let all = [one.take(READ_SIZE).await, one.take(READ_SIZE).await];
        let mut other = Account::new(&budget, usize::MAX);
        let waiting = tokio::spawn(async move { other.take(READ_SIZE).await.bytes() });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(all);
        // All but the reserve, which is a line and a read.
        assert_eq!(waiting.await.ok(), Some(READ_SIZE - 1000));
    }
}
