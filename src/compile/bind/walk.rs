//! Looks through an expression for what an operator must compute beforehand.

use crate::kql::ast::{Expr, ExprKind, Step};

/// Calls `see` with `expr` and every expression in it, the outermost first; where it gives true, what is inside is passed
/// over. What stands inside a table is the table's.
pub(super) fn each<'e>(expr: &'e Expr, see: &mut dyn FnMut(&'e Expr) -> bool) {
    if see(expr) {
        return;
    }
    match &expr.kind {
        ExprKind::Call { arguments, .. } => arguments.iter().for_each(|a| each(&a.value, see)),
        ExprKind::Path { base, steps } => {
            each(base, see);
            for step in steps {
                if let Step::Index(index) = step {
                    each(index, see);
                }
            }
        }
        ExprKind::Unary { operand, .. } => each(operand, see),
        ExprKind::Binary { left, right, .. } => {
            each(left, see);
            each(right, see);
        }
        ExprKind::Logical { operands, .. } => operands.iter().for_each(|o| each(o, see)),
        ExprKind::List { subject, items, .. } => {
            each(subject, see);
            items.iter().for_each(|i| each(i, see));
        }
        ExprKind::Between { subject, low, high, .. } => {
            each(subject, see);
            each(low, see);
            each(high, see);
        }
        ExprKind::Unpack { value, .. } | ExprKind::Shaped { value, .. } => each(value, see),
        ExprKind::Literal(_)
        | ExprKind::Dynamic(_)
        | ExprKind::Name(_)
        | ExprKind::Star
        | ExprKind::Typeof(_)
        | ExprKind::Pipe { .. }
        | ExprKind::Operator(_)
        | ExprKind::Function(_)
        | ExprKind::Wildcard(_)
        | ExprKind::Error => {}
    }
}
