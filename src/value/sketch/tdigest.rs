//! t-digest: how numbers are spread, kept as the middles of groups that are small at the ends.
//!
//! <https://arxiv.org/abs/1902.04023>

use std::sync::Arc;

use crate::value::{Dynamic, Value};

/// Marks a dynamic as a sketch of this kind.
const MARK: &str = "tdigest";

/// How many groups are kept at most; up to as many values, nothing is lost.
const GROUPS: usize = 2048;

/// Groups of numbers: the middle of each, and how much it weighs.
#[derive(Clone, Debug, PartialEq)]
pub struct TDigest {
    groups: Vec<(f64, f64)>,
    /// How much all of them weigh; always finite.
    total: f64,
    /// Whether all numbers were whole, so that a percentile is.
    whole: bool,
}

impl Default for TDigest {
    fn default() -> Self {
        TDigest { groups: Vec::new(), total: 0.0, whole: true }
    }
}

impl TDigest {
    /// Sees a number of that weight.
    pub fn add(&mut self, number: f64, weight: f64, whole: bool) {
        if number.is_finite() && weight > 0.0 && (self.total + weight).is_finite() {
            self.total += weight;
            self.whole &= whole;
            self.groups.push((number, weight));
            if self.groups.len() >= 2 * GROUPS {
                self.compress();
            }
        }
    }

    /// Sees what another one has seen.
    pub fn merge(&mut self, other: TDigest) {
        other.groups.into_iter().for_each(|(middle, weight)| self.add(middle, weight, other.whole));
    }

    /// Whether it has seen nothing.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// How much all numbers weigh.
    pub fn weight(&self) -> f64 {
        self.total
    }

    /// Puts neighbours together as long as a group is small for its place.
    fn compress(&mut self) {
        self.groups.sort_by(|a, b| a.0.total_cmp(&b.0));
        if self.groups.len() <= GROUPS {
            return;
        }
        let total = self.weight();
        let (mut kept, mut before): (Vec<(f64, f64)>, f64) = (Vec::with_capacity(GROUPS), 0.0);
        for (middle, weight) in std::mem::take(&mut self.groups) {
            let last = kept.last_mut();
            match last {
                Some((last, own)) => {
                    let share = (before + (*own + weight) / 2.0) / total;
                    // So the groups in the middle are the largest, and there are about half of GROUPS.
                    if *own + weight <= (8.0 * total * share * (1.0 - share) / GROUPS as f64).max(total / GROUPS as f64)
                    {
                        *last += (middle - *last) * (weight / (*own + weight));
                        *own += weight;
                    } else {
                        before += *own;
                        kept.push((middle, weight));
                    }
                }
                None => kept.push((middle, weight)),
            }
        }
        self.groups = kept;
    }

    /// About the least number that so many percent do not exceed.
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        let wanted = match percent * self.total {
            product if product.is_finite() => product / 100.0,
            _ => percent / 100.0 * self.total,
        };
        let mut upto = 0.0;
        let found = self.groups.iter().find(|(_, weight)| {
            upto += weight;
            upto >= wanted
        });
        found.or(self.groups.last()).map(|(middle, _)| if self.whole { middle.round() } else { *middle })
    }

    /// About how much of it does not exceed a number.
    pub fn rank(&self, number: f64) -> f64 {
        self.groups.iter().filter(|(middle, _)| *middle <= number).map(|(_, weight)| weight).sum()
    }

    /// Whether all numbers were whole.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        self.groups.capacity() * size_of::<(f64, f64)>()
    }

    /// As a dynamic; the null of nothing.
    pub fn value<'a>(mut self) -> Value<'a> {
        if self.is_empty() {
            return Value::Null;
        }
        self.compress();
        let groups: Arc<[_]> = self
            .groups
            .into_iter()
            .flat_map(|(middle, weight)| [Dynamic::Real(middle), Dynamic::Real(weight)])
            .collect();
        let parts: Arc<[_]> = [Dynamic::String(MARK.into()), Dynamic::Bool(self.whole), Dynamic::Array(groups)].into();
        Value::Dynamic(Dynamic::Array(parts))
    }

    /// The sketch that a dynamic is, if it is one.
    pub fn read(value: &Value<'_>) -> Option<TDigest> {
        let Value::Dynamic(Dynamic::Array(parts)) = value else { return None };
        let [Dynamic::String(mark), Dynamic::Bool(whole), Dynamic::Array(groups)] = &**parts else { return None };
        if mark != MARK || groups.is_empty() {
            return None;
        }
        // As text a whole number has no point, and is read as a long.
        let number = |value: &Dynamic<'_>| match value {
            Dynamic::Real(number) => Some(*number),
            Dynamic::Long(number) => Some(*number as f64),
            _ => None,
        };
        let group = |pair: &[Dynamic<'_>]| match pair {
            [middle, weight] => number(middle).zip(number(weight)),
            _ => None,
        };
        let groups: Vec<(f64, f64)> = groups.chunks(2).map(group).collect::<Option<_>>()?;
        let total: f64 = groups.iter().map(|(_, weight)| weight).sum();
        if !total.is_finite() || groups.iter().any(|(middle, weight)| !middle.is_finite() || *weight <= 0.0) {
            return None;
        }
        let sorted = groups.windows(2).all(|pair| matches!(pair, [a, b] if a.0 <= b.0));
        sorted.then_some(TDigest { groups, total, whole: *whole })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(numbers: std::ops::RangeInclusive<i32>) -> TDigest {
        let mut sketch = TDigest::default();
        numbers.for_each(|n| sketch.add(n.into(), 1.0, true));
        read_again(sketch)
    }

    /// As it comes back from a text.
    fn read_again(sketch: TDigest) -> TDigest {
        let (mut text, value) = (String::new(), sketch.value());
        let Value::Dynamic(dynamic) = &value else { return TDigest::default() };
        dynamic.to_json(&mut text);
        TDigest::read(&Value::Dynamic(crate::value::json::parse(&text, 8).unwrap())).unwrap()
    }

    #[test]
    fn large_numbers_and_weights_stay_finite() {
        let mut sketch = TDigest::default();
        (1..=5000).for_each(|n| sketch.add(f64::from(n) * 1e304, 1e300, false));
        sketch.add(7.0, f64::MAX, false);
        let sketch = read_again(sketch);
        assert!(sketch.percentile(50.0).is_some_and(|n| (n / 1e304 - 2500.0).abs() < 10.0));
        let hostile = Dynamic::Array([1.5, f64::INFINITY].map(Dynamic::Real).into());
        let parts = [Dynamic::String(MARK.into()), Dynamic::Bool(true), hostile];
        assert_eq!(TDigest::read(&Value::Dynamic(Dynamic::Array(parts.into()))), None);
    }

    #[test]
    fn of_few_nothing_is_lost() {
        let sketch = of(1..=1000);
        assert_eq!(sketch.rank(685.0), 685.0);
        // No share of a hundred is rounded up to the next.
        assert_eq!([7.0, 55.0, 56.0].map(|percent| of(1..=100).percentile(percent)), [7.0, 55.0, 56.0].map(Some));
        assert_eq!((sketch.percentile(0.0), sketch.percentile(50.0)), (Some(1.0), Some(500.0)));
        let mut both = of(1..=10);
        both.merge(of(11..=20));
        assert_eq!((both.percentile(100.0), both.weight()), (Some(20.0), 20.0));
    }

    #[test]
    fn of_many_it_is_an_estimate() {
        let sketch = of(1..=1_000_000);
        assert!(sketch.groups.len() <= 2 * GROUPS, "{}", sketch.groups.len());
        assert_eq!(sketch.weight(), 1_000_000.0);
        for percent in [1.0, 50.0, 95.0, 99.9] {
            let (found, exact) = (sketch.percentile(percent).unwrap(), percent * 10_000.0);
            assert!((found - exact).abs() < 2_000.0, "{percent}: {found}");
        }
        assert_eq!(sketch.percentile(100.0).map(|n| n > 999_000.0), Some(true));
    }
}
