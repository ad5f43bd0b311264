//! Work that is many pieces, on every core.

use std::sync::{Mutex, PoisonError};
use std::{panic, thread};

/// So many rules take longer to read, to bind or to build automata of than threads to start.
pub(crate) const MANY_RULES: usize = 100;

/// A stack for the deepest query that the limits allow, as the main thread has it.
const STACK: usize = 8 << 20;

/// The most threads that are started.
const MAX_THREADS: usize = 16;

/// What `of` makes of each item, in their order. Fewer than `least` items are not worth a thread.
pub(crate) fn map<T: Send, R: Send>(items: Vec<T>, least: usize, of: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, |n| n.get().min(MAX_THREADS)).min(items.len());
    if threads < 2 || items.len() < least {
        return items.into_iter().map(of).collect();
    }
    let left = Mutex::new(items.into_iter().enumerate());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut done = Vec::new();
        while let Some((at, item)) = next() {
            done.push((at, of(item)));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        let start = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok();
        let started: Vec<_> = (1..threads).filter_map(start).collect();
        let mut done = work();
        for thread in started {
            done.extend(thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}

/// What both give, one beside the other.
pub(crate) fn both<A: Send, B>(a: impl Fn() -> A + Sync, b: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let started = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, &a);
        let b = b();
        let a = match started {
            Ok(thread) => thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic)),
            Err(_) => a(),
        };
        (a, b)
    })
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn what_is_made_is_in_the_order_of_the_items() {
        for (items, least) in [(0, 0), (1, 0), (1000, 0), (1000, 2000)] {
            let made = map((0..items).collect(), least, |n: usize| n * 2);
            assert_eq!(made, (0..items).map(|n| n * 2).collect::<Vec<_>>());
        }
    }
}
