//! Which operand types an operator takes, and what it gives.
//!
//! The tables are those of Kusto's own binder (Kusto.Language, `Operators.cs`); where only the query service refuses,
//! the code is the service's (`SEMnnnn`).

use super::Binder;
use super::plugin::converted;
use crate::compile::bound::{Bound, BoundKind};
use crate::diagnostic::{Diagnostic, Span};
use crate::kql::ast::{BinaryOp, ListOp, TextKind, TextOp};
use crate::schema::ScalarType::{self, Bool, DateTime, Dynamic, Int, Long, String, TimeSpan};
use crate::value::{Value, arithmetic, convert};

impl Binder<'_> {
    fn undefined(&mut self, op: &str, op_span: Span, types: &[ScalarType], span: Span) -> Bound {
        let list = types.iter().map(|t| t.name()).collect::<Vec<_>>().join(" and ");
        self.error("KS106", op_span, format!("the operator '{op}' is not defined for {list}"));
        Bound::error(span)
    }

    pub(super) fn sign(&mut self, negate: bool, operand: Bound, span: Span) -> Bound {
        if operand.is_error() {
            return operand;
        }
        let ty = match operand.ty {
            Int if operand.as_constant().is_none() => Long,
            ty if ty.is_numeric() || matches!(ty, TimeSpan | Dynamic) => ty,
            ty => return self.undefined(if negate { "-" } else { "+" }, span, &[ty], span),
        };
        match negate {
            true => Bound { kind: BoundKind::Negate(Box::new(operand)), ty, span },
            false => Bound { span, ..operand },
        }
    }

    pub(super) fn logical(&mut self, and: bool, operands: Vec<Bound>, span: Span) -> Bound {
        for operand in &operands {
            if operand.is_error() {
                return Bound::error(span);
            }
            // Kusto's binder lets a dynamic pass here; its truth is that of tobool().
            if !matches!(operand.ty, Bool | Dynamic) {
                return self.undefined(if and { "and" } else { "or" }, operand.span, &[operand.ty], span);
            }
        }
        Bound { kind: if and { BoundKind::And(operands) } else { BoundKind::Or(operands) }, ty: Bool, span }
    }

    pub(super) fn binary(&mut self, op: BinaryOp, op_span: Span, left: Bound, right: Bound, span: Span) -> Bound {
        if left.is_error() || right.is_error() {
            return Bound::error(span);
        }
        match op {
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => {
                match arithmetic::result_type(op, left.ty, right.ty) {
                    Some(ty) => Bound { kind: BoundKind::Arithmetic(op, Box::new(left), Box::new(right)), ty, span },
                    None => self.undefined(symbol(op), op_span, &[left.ty, right.ty], span),
                }
            }
            BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual => {
                if matches!((left.ty, right.ty), (Dynamic, String) | (String, Dynamic)) {
                    let (left, right) = (left.ty, right.ty);
                    self.error("SEM0064", op_span, format!("a {left} cannot be ordered against a {right}"));
                    return Bound::error(span);
                }
                if !comparable(left.ty, right.ty) {
                    return self.undefined(symbol(op), op_span, &[left.ty, right.ty], span);
                }
                Bound { kind: BoundKind::Compare(op, Box::new(left), Box::new(right)), ty: Bool, span }
            }
            BinaryOp::Equal | BinaryOp::NotEqual => self.equal(op == BinaryOp::NotEqual, op_span, left, right, span),
            BinaryOp::EqualFolded { negated } => {
                if !left.ty.is_text() || !right.ty.is_text() {
                    return self.undefined(if negated { "!~" } else { "=~" }, op_span, &[left.ty, right.ty], span);
                }
                Bound {
                    kind: BoundKind::Equal { negated, folded: true, left: Box::new(left), right: Box::new(right) },
                    ty: Bool,
                    span,
                }
            }
            BinaryOp::Text(op) => self.text(op, op_span, left, right, span),
            BinaryOp::MatchesRegex => Bound::error(span), // bound by `regex`, which needs the pattern
        }
    }

    fn text(&mut self, op: TextOp, op_span: Span, left: Bound, right: Bound, span: Span) -> Bound {
        let needs_string = matches!(op.kind, TextKind::Has | TextKind::HasPrefix | TextKind::HasSuffix);
        if needs_string && left.ty.is_text() && right.ty == Dynamic {
            self.error(
                "SEM0001",
                op_span,
                format!("the right side of '{}' must be a string; tostring() makes one of a dynamic", text_name(op)),
            );
            return Bound::error(span);
        }
        if !left.ty.is_text() || !right.ty.is_text() {
            return self.undefined(text_name(op), op_span, &[left.ty, right.ty], span);
        }
        Bound { kind: BoundKind::Text { op, subject: Box::new(left), needle: Box::new(right) }, ty: Bool, span }
    }

    fn equal(&mut self, negated: bool, op_span: Span, left: Bound, right: Bound, span: Span) -> Bound {
        if left.ty == Dynamic && right.ty == Dynamic && !is_null(&left) && !is_null(&right) {
            self.report(
                Diagnostic::error("SEM0001", op_span, "two dynamics cannot be compared")
                    .help("convert one side, for example with tostring()"),
            );
            return Bound::error(span);
        }
        let (left, right) = match (self.coerced(left, right.ty), right) {
            (left, right) if left.ty != right.ty => {
                let right = self.coerced(right, left.ty);
                (left, right)
            }
            pair => pair,
        };
        if left.is_error() || right.is_error() {
            return Bound::error(span);
        }
        // `_IsBillable == true`, as Azure Monitor's documentation asks of a column of text.
        let (left, right) = match (left.ty, right.ty) {
            (String, Bool) if right.as_constant().is_some() => (converted(left, Bool), right),
            (Bool, String) if left.as_constant().is_some() => (left, converted(right, Bool)),
            _ => (left, right),
        };
        if !equatable(left.ty, right.ty) {
            self.error("SEM0064", op_span, format!("a {} cannot be compared with a {}", left.ty, right.ty));
            return Bound::error(span);
        }
        Bound {
            kind: BoundKind::Equal { negated, folded: false, left: Box::new(left), right: Box::new(right) },
            ty: Bool,
            span,
        }
    }

    /// A literal beside another type is read as that type: `long == "1"`, and `string == 0` is `string == "0"`.
    fn coerced(&mut self, bound: Bound, ty: ScalarType) -> Bound {
        if ty == String
            && bound.ty.is_numeric()
            && let Some(value) = bound.as_constant()
        {
            return Bound::constant(convert::tostring(value).into_owned(), ty, bound.span);
        }
        if bound.ty != String || matches!(ty, String | Dynamic) {
            return bound;
        }
        let Some(Value::String(text)) = bound.as_constant() else {
            return bound;
        };
        Bound::constant(convert::to_type(&Value::string(text.as_ref()), ty).into_owned(), ty, bound.span)
    }

    pub(super) fn list(&mut self, op: ListOp, op_span: Span, subject: Bound, items: Vec<Bound>, span: Span) -> Bound {
        if subject.is_error() || items.iter().any(Bound::is_error) {
            return Bound::error(span);
        }
        match op {
            ListOp::HasAny | ListOp::HasAll => {
                let all = op == ListOp::HasAll;
                if !subject.ty.is_text() {
                    return self.undefined(if all { "has_all" } else { "has_any" }, op_span, &[subject.ty], span);
                }
                Bound { kind: BoundKind::HasList { all, subject: Box::new(subject), needles: items }, ty: Bool, span }
            }
            ListOp::In { folded, negated } => {
                if folded && !subject.ty.is_text() {
                    return self.undefined(if negated { "!in~" } else { "in~" }, op_span, &[subject.ty], span);
                }
                let items: Vec<Bound> = items.into_iter().map(|item| self.coerced(item, subject.ty)).collect();
                if let Some(item) = items.iter().find(|item| item.ty != Dynamic && !equatable(subject.ty, item.ty)) {
                    let (code, message) =
                        ("SEM0064", format!("a {} cannot be in a list with a {}", subject.ty, item.ty));
                    self.error(code, item.span, message);
                    return Bound::error(span);
                }
                Bound { kind: BoundKind::In { folded, negated, subject: Box::new(subject), items }, ty: Bool, span }
            }
        }
    }

    pub(super) fn between(
        &mut self,
        negated: bool,
        op_span: Span,
        [subject, low, high]: [Bound; 3],
        span: Span,
    ) -> Bound {
        if subject.is_error() || low.is_error() || high.is_error() {
            return Bound::error(span);
        }
        let fits = match (subject.ty, low.ty, high.ty) {
            (DateTime, DateTime, DateTime | TimeSpan) | (TimeSpan, TimeSpan, TimeSpan) | (Bool, Bool, Bool) => true,
            // Kusto's binder has signatures with a dynamic; the query service refuses them.
            types => <[ScalarType; 3]>::from(types).iter().all(|ty| ty.is_numeric()),
        };
        if !fits {
            let (s, l, h) = (subject.ty, low.ty, high.ty);
            self.error("SEM0208", op_span, format!("'between' is not defined for a {s} and bounds of {l} and {h}"));
            return Bound::error(span);
        }
        let kind = BoundKind::Between { negated, subject: Box::new(subject), low: Box::new(low), high: Box::new(high) };
        Bound { kind, ty: Bool, span }
    }
}

fn is_null(bound: &Bound) -> bool {
    matches!(bound.as_constant(), Some(Value::Null))
}

fn equatable(a: ScalarType, b: ScalarType) -> bool {
    let loose = |ty: ScalarType| ty.is_numeric() || ty == Bool;
    a == b || a == Dynamic || b == Dynamic || (loose(a) && loose(b))
}

fn comparable(a: ScalarType, b: ScalarType) -> bool {
    let loose = |ty: ScalarType| ty.is_numeric() || ty == Bool;
    match (a, b) {
        (Dynamic, Dynamic) | (TimeSpan, TimeSpan) | (DateTime, DateTime) => true,
        (Dynamic, other) | (other, Dynamic) => other.is_numeric() || matches!(other, DateTime | TimeSpan),
        (a, b) => loose(a) && loose(b),
    }
}

pub(crate) fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Modulo => "%",
        BinaryOp::Less => "<",
        BinaryOp::LessOrEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterOrEqual => ">=",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::EqualFolded { negated: false } => "=~",
        BinaryOp::EqualFolded { negated: true } => "!~",
        BinaryOp::Text(op) => text_name(op),
        BinaryOp::MatchesRegex => "matches regex",
    }
}

/// The operator as KQL writes it.
pub(crate) fn text_name(op: TextOp) -> &'static str {
    let names: [&str; 4] = match op.kind {
        TextKind::Has => ["has", "!has", "has_cs", "!has_cs"],
        TextKind::HasPrefix => ["hasprefix", "!hasprefix", "hasprefix_cs", "!hasprefix_cs"],
        TextKind::HasSuffix => ["hassuffix", "!hassuffix", "hassuffix_cs", "!hassuffix_cs"],
        TextKind::Contains => ["contains", "!contains", "contains_cs", "!contains_cs"],
        TextKind::StartsWith => ["startswith", "!startswith", "startswith_cs", "!startswith_cs"],
        TextKind::EndsWith => ["endswith", "!endswith", "endswith_cs", "!endswith_cs"],
    };
    names[usize::from(op.case_sensitive) * 2 + usize::from(op.negated)]
}
