//! HyperLogLog: how many values differ, from the most zeros that hashes begin with.
//!
//! <https://algo.inria.fr/flajolet/Publications/FlFuGaMe07.pdf>; accuracies as in
//! <https://learn.microsoft.com/kusto/query/dcount-aggregation-function>.

use std::sync::Arc;

use crate::value::{Dynamic, Value};

/// Marks a dynamic as a sketch of this kind.
const MARK: &str = "hll";

/// The character of a register that has seen nothing; a later one for each zero.
const ZERO: u8 = b'0';

/// How many bits of a hash choose its register, by accuracy.
const BITS: [u8; 5] = [12, 14, 16, 17, 18];

/// For each register one more than the most zeros behind the bits that chose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hll {
    bits: u8,
    registers: Vec<u8>,
}

impl Hll {
    /// One that has seen nothing, if Kusto has that accuracy, 0 to 4.
    pub fn new(accuracy: i64) -> Option<Hll> {
        let bits = *BITS.get(usize::try_from(accuracy).ok()?)?;
        Some(Hll { bits, registers: vec![0; 1 << bits] })
    }

    /// Sees a hash of 64 bits.
    pub fn add(&mut self, hash: u64) {
        let at = (hash >> (64 - self.bits)) as usize;
        // The bit that is set behind the rest bounds the zeros.
        let rank = ((hash << self.bits) | (1 << (self.bits - 1))).leading_zeros() as u8 + 1;
        if let Some(register) = self.registers.get_mut(at) {
            *register = rank.max(*register);
        }
    }

    /// What one would have kept that had seen the values of both; none of different accuracies.
    pub fn merged(mut self, other: &Hll) -> Option<Hll> {
        if self.bits != other.bits {
            return None;
        }
        self.registers.iter_mut().zip(&other.registers).for_each(|(own, other)| *own = (*own).max(*other));
        Some(self)
    }

    /// About how many different hashes it has seen.
    pub fn estimate(&self) -> i64 {
        let count = self.registers.len() as f64;
        let sum: f64 = self.registers.iter().map(|rank| 0.5_f64.powi(i32::from(*rank))).sum();
        let raw = 0.7213 / (1.0 + 1.079 / count) * count * count / sum;
        let empty = self.registers.iter().filter(|rank| **rank == 0).count() as f64;
        // While registers are empty, how many are says more.
        let estimate = if raw <= 2.5 * count && empty > 0.0 { count * (count / empty).ln() } else { raw };
        estimate.round() as i64
    }

    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        self.registers.len()
    }

    /// As a dynamic.
    pub fn value<'a>(&self) -> Value<'a> {
        let text: String = self.registers.iter().map(|rank| char::from(ZERO + rank)).collect();
        let parts: Arc<[_]> =
            [Dynamic::String(MARK.into()), Dynamic::Long(self.bits.into()), Dynamic::String(text.into())].into();
        Value::Dynamic(Dynamic::Array(parts))
    }

    /// The sketch that a dynamic is, if it is one.
    pub fn read(value: &Value<'_>) -> Option<Hll> {
        let Value::Dynamic(Dynamic::Array(parts)) = value else { return None };
        let [Dynamic::String(mark), Dynamic::Long(bits), Dynamic::String(text)] = &**parts else { return None };
        let bits = u8::try_from(*bits).ok().filter(|bits| mark == MARK && BITS.contains(bits))?;
        let registers = text.bytes().map(|byte| byte.checked_sub(ZERO).filter(|rank| *rank <= 65 - bits));
        let registers: Vec<u8> = registers.collect::<Option<_>>()?;
        (registers.len() == 1 << bits).then_some(Hll { bits, registers })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(numbers: std::ops::Range<u64>) -> Hll {
        let mut sketch = Hll::new(1).unwrap();
        numbers.for_each(|n| sketch.add(twox_hash::XxHash64::oneshot(0, &n.to_le_bytes())));
        sketch
    }

    #[test]
    fn few_are_counted_and_many_estimated() {
        assert_eq!(of(0..0).estimate(), 0);
        assert_eq!(of(0..20).estimate(), 20);
        let many = of(0..200_000).estimate();
        assert!((195_000..205_000).contains(&many), "{many}");
    }

    #[test]
    fn merged_they_have_seen_both() {
        let both = of(0..15).merged(&of(10..20)).unwrap();
        assert_eq!(both, of(0..20));
        assert_eq!(Hll::read(&both.value()), Some(both));
        assert_eq!(Hll::new(0).unwrap().merged(&of(0..1)), None);
        assert_eq!((Hll::new(5), Hll::new(-1)), (None, None));
        assert_eq!(Hll::read(&Value::string("hll")), None);
    }
}
