//! How often each rule was held against a record, and, where that is asked for, how long it took.

use std::time::{Duration, Instant};

/// Counts by rule, until they are taken.
#[derive(Debug, Default)]
pub struct Profile {
    /// By the rule's place in the ruleset.
    rules: Vec<Cost>,
    /// Rules that have been counted.
    touched: Vec<u32>,
    timed: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    evaluations: u64,
    time: Duration,
}

impl Profile {
    /// For so many rules.
    pub(super) fn new(rules: usize) -> Profile {
        Profile { rules: vec![Cost::default(); rules], ..Profile::default() }
    }

    /// Whether what follows is timed. A look at the clock costs as much as a cheap filter, so that is for samples.
    pub fn time(&mut self, timed: bool) {
        self.timed = timed;
    }

    /// Counts an evaluation that begins.
    #[inline]
    pub(super) fn begin(&mut self, rule: usize) -> Option<Instant> {
        if let Some(cost) = self.rules.get_mut(rule) {
            if cost.evaluations == 0 {
                self.touched.push(rule as u32);
            }
            cost.evaluations += 1;
        }
        self.timed.then(Instant::now)
    }

    /// Counts the time of one that has ended.
    #[inline]
    pub(super) fn end(&mut self, rule: usize, begun: Option<Instant>) {
        if let (Some(begun), Some(cost)) = (begun, self.rules.get_mut(rule)) {
            cost.time += begun.elapsed();
        }
    }

    /// Gives out what has been counted, rule by rule, and begins anew.
    pub fn take(&mut self, each: &mut dyn FnMut(usize, u64, Duration)) {
        for rule in self.touched.drain(..) {
            let rule = rule as usize;
            if let Some(cost) = self.rules.get_mut(rule).map(std::mem::take) {
                each(rule, cost.evaluations, cost.time);
            }
        }
    }
}
