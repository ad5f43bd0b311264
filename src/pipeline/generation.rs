//! The rules of a run, which may be replaced while it goes on.
//!
//! A generation is a ruleset and its number. A block is given the one that is current when it is taken, and is evaluated by it
//! whatever comes meanwhile; so generations follow each other in the output as blocks do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::matcher::Ruleset;

/// Rules that no generation has any more, whose counts are kept all the same.
const GONE: usize = 1000;

/// A ruleset and its number.
#[derive(Debug)]
pub struct Generation {
    /// From 1.
    pub number: u64,
    /// The rules.
    pub ruleset: Arc<Ruleset>,
    /// One for each rule.
    counts: Vec<Arc<RuleCounts>>,
}

/// What a rule has done so far, in all generations that have a rule of its name.
#[derive(Debug, Default)]
pub struct RuleCounts {
    alerts: AtomicU64,
    evaluations: AtomicU64,
    nanoseconds: AtomicU64,
}

/// The generations of a run: the current one, and what is counted of all.
#[derive(Debug)]
pub struct Generations {
    state: Mutex<State>,
    reloads: AtomicU64,
    failed: AtomicU64,
}

#[derive(Debug)]
struct State {
    current: Arc<Generation>,
    /// By the rules' names.
    counts: BTreeMap<String, Arc<RuleCounts>>,
}

impl Generation {
    /// The first one, for whoever has no other.
    pub fn first(ruleset: Arc<Ruleset>) -> Arc<Generation> {
        Generations::new(ruleset).current()
    }

    fn new(number: u64, ruleset: Arc<Ruleset>, known: &mut BTreeMap<String, Arc<RuleCounts>>) -> Arc<Generation> {
        let counts = ruleset.rules.iter().map(|rule| known.entry(rule.rule.name.clone()).or_default().clone());
        let counts = counts.collect();
        Arc::new(Generation { number, ruleset, counts })
    }

    /// The counts of a rule, by its place in the ruleset.
    pub fn counts(&self, rule: usize) -> Option<&RuleCounts> {
        self.counts.get(rule).map(Arc::as_ref)
    }
}

impl RuleCounts {
    /// Alerts that have been counted in the ledger.
    pub fn alerts(&self) -> u64 {
        self.alerts.load(Relaxed)
    }

    /// How often one of its detections was held against a record.
    pub fn evaluations(&self) -> u64 {
        self.evaluations.load(Relaxed)
    }

    /// The time that this took.
    pub fn time(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Relaxed))
    }

    pub(super) fn add_alerts(&self, alerts: u64) {
        self.alerts.fetch_add(alerts, Relaxed);
    }

    pub(super) fn add_evaluations(&self, evaluations: u64, time: Duration) {
        self.evaluations.fetch_add(evaluations, Relaxed);
        if !time.is_zero() {
            self.nanoseconds.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
        }
    }
}

impl Generations {
    /// A run begins with these rules; they are generation 1.
    pub fn new(ruleset: Arc<Ruleset>) -> Generations {
        let mut counts = BTreeMap::new();
        let current = Generation::new(1, ruleset, &mut counts);
        let state = Mutex::new(State { current, counts });
        Generations { state, reloads: AtomicU64::new(0), failed: AtomicU64::new(0) }
    }

    /// The one that a block which is taken now is evaluated by.
    pub fn current(&self) -> Arc<Generation> {
        self.lock().current.clone()
    }

    /// Puts other rules in the place of those that are there; gives their number.
    pub fn install(&self, ruleset: Arc<Ruleset>) -> u64 {
        let mut state = self.lock();
        let state = &mut *state;
        let number = state.current.number + 1;
        let next = Generation::new(number, ruleset, &mut state.counts);
        // Whoever renames rules for months does not fill the memory with what they were called.
        if state.counts.len() > next.counts.len() + GONE {
            state.counts.retain(|_, counts| next.counts.iter().any(|kept| Arc::ptr_eq(kept, counts)));
        }
        state.current = next;
        number
    }

    /// Notes how a reload went.
    pub fn reloaded(&self, well: bool) {
        if well { &self.reloads } else { &self.failed }.fetch_add(1, Relaxed);
    }

    /// Reloads that went well, and those that did not.
    pub fn reloads(&self) -> (u64, u64) {
        (self.reloads.load(Relaxed), self.failed.load(Relaxed))
    }

    /// The counts of all rules, by name.
    pub fn counts(&self) -> Vec<(String, Arc<RuleCounts>)> {
        self.lock().counts.iter().map(|(name, counts)| (name.clone(), counts.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::compile::{BindOptions, bind_rule};
    use crate::{kql, rule, schema::Catalog};

    /// Reading all tables takes a moment.
    static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::builtin);

    fn ruleset(names: &[&str]) -> Arc<Ruleset> {
        let bind = |name: &&str| {
            let rule = rule::parse_kql(name, "Syslog | where HostName == 'a'").unwrap().remove(0);
            bind_rule(rule, &CATALOG, &kql::Limits::default(), BindOptions::default()).0.unwrap()
        };
        Arc::new(Ruleset::new(names.iter().map(bind).collect(), &CATALOG, None).unwrap())
    }

    #[test]
    fn a_rule_keeps_its_counts_from_one_generation_to_the_next() {
        let generations = Generations::new(ruleset(&["a.kql", "b.kql"]));
        let first = generations.current();
        first.counts(0).unwrap().add_alerts(1);
        assert_eq!(generations.install(ruleset(&["c.kql", "a.kql"])), 2);
        let second = generations.current();
        assert_eq!((first.number, second.number), (1, 2));
        second.counts(1).unwrap().add_alerts(1);
        // What was taken before is still counted.
        first.counts(1).unwrap().add_evaluations(3, Duration::from_nanos(5));
        let counts = generations.counts();
        let counted = |(name, c): &(String, Arc<RuleCounts>)| (name.clone(), c.alerts(), c.evaluations());
        let counted: Vec<_> = counts.iter().map(counted).collect();
        assert_eq!(counted, [("a".to_owned(), 2, 0), ("b".to_owned(), 0, 3), ("c".to_owned(), 0, 0)]);
        assert_eq!(counts[1].1.time(), Duration::from_nanos(5));
    }

    #[test]
    fn names_that_are_gone_are_forgotten_when_there_are_many() {
        let generations = Generations::new(ruleset(&["0.kql"]));
        for n in 1..=GONE {
            generations.install(ruleset(&[&format!("{n}.kql")]));
        }
        assert_eq!(generations.counts().len(), GONE + 1);
        generations.install(ruleset(&["last.kql"]));
        assert_eq!(generations.counts().len(), 1);
    }
}
