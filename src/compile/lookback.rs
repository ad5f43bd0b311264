//! Which conjuncts are a query's lookback.
//!
//! A scheduled rule says `where Timestamp > ago(24h)` to read what has come since its last run. In a stream every record
//! is looked at once, when it arrives, so such a conjunct is taken as true. It must bound the table's own time column,
//! and by the clock: a fixed `datetime(…)` is part of what the rule means.

use super::bound::{Bound, BoundKind, CellId};

/// Whether `conjunct` bounds the table's time by `ago()` or `now()` and says nothing else.
pub(super) fn is_lookback(conjunct: &Bound, is_time: &dyn Fn(CellId) -> bool) -> bool {
    let time = |b: &Bound| matches!(b.kind, BoundKind::Cell(cell) if is_time(cell));
    match &conjunct.kind {
        BoundKind::Compare(_, a, b) => (time(a) && is_clock(b)) || (is_clock(a) && time(b)),
        BoundKind::Between { negated: false, subject, low, high } => {
            time(subject) && is_fixed(low) && is_fixed(high) && (is_clock(low) || is_clock(high))
        }
        _ => false,
    }
}

/// Made of the clock, and of constants, alone.
fn is_clock(bound: &Bound) -> bool {
    let mut clock = matches!(&bound.kind, BoundKind::Call(f, _) if matches!(f.name, "ago" | "now"));
    bound.operands(&mut |operand| clock |= is_clock(operand));
    clock && is_fixed(bound)
}

/// Reads no cell.
fn is_fixed(bound: &Bound) -> bool {
    let mut fixed = !matches!(bound.kind, BoundKind::Cell(_) | BoundKind::Error);
    bound.operands(&mut |operand| fixed &= is_fixed(operand));
    fixed
}
