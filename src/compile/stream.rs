//! What of a query can be answered record by record.
//!
//! A stream shows one record at a time and never says that all are there. What filters, shapes or takes apart one record
//! needs no more; neither does a join with rows that the query or a watchlist spells out. Everything else needs a window,
//! which a stream does not have yet, and is refused.

use super::bound::{
    Bound, BoundKind, BoundQuery, CellId, Expand, Join, JoinKind, Leg, RowSource, RowsKind, RowsOp, Step,
};
use crate::diagnostic::{Diagnostic, Span};

impl BoundQuery {
    /// What keeps the query from a stream, one for each operator: `KT005`.
    pub fn stream_refusals(&self) -> Vec<Diagnostic> {
        let mut refusals = self.waiting();
        if refusals.is_empty() && self.is_static() {
            refusals.push(
                Diagnostic::error("KT005", Span::default(), "the query reads no table, and so no record can match it")
                    .help("`kqltap eval --query` runs it"),
            );
        }
        refusals
    }

    /// Whether some operator needs all rows, so that there is no result before the input ends.
    pub fn needs_all_rows(&self) -> bool {
        !self.waiting().is_empty()
    }

    fn waiting(&self) -> Vec<Diagnostic> {
        let mut refusals = Vec::new();
        self.legs.iter().for_each(|leg| refuse(leg, &mut refusals));
        refusals
    }
}

/// Calls `each` with every leg that reads a table of records: the leg itself, or those below operators over many rows.
pub fn each_table_leg<'q>(leg: &'q Leg, each: &mut dyn FnMut(&'q Leg)) {
    match &leg.source {
        RowSource::Table(_) => each(leg),
        RowSource::Rows(op) => {
            op.input.legs.iter().for_each(|leg| each_table_leg(leg, each));
            if let Some(beside) = op.beside() {
                beside.legs.iter().for_each(|leg| each_table_leg(leg, each));
            }
        }
        RowSource::Values(_) | RowSource::Elements => {}
    }
}

fn refuse(leg: &Leg, refusals: &mut Vec<Diagnostic>) {
    leg.each_bound(&mut |bound| {
        if let Some(random) = random_call(bound) {
            let message = format!(
                "'{random}' cannot run on a stream: a record must give the same alert each time it is seen, and it does not"
            );
            refusals.push(
                Diagnostic::error("KT005", bound.span, message)
                    .help("`kqltap run --batch` runs it over input that ends"),
            );
        }
    });
    let RowSource::Rows(op) = &leg.source else { return };
    if is_static(op) {
        return;
    }
    match driving(op) {
        Some(input) => input.legs.iter().for_each(|leg| refuse(leg, refusals)),
        None => {
            let needs = match op.name {
                "toscalar" | "in" => "a table inside an expression needs the rows of that table",
                "join" | "lookup" => "both sides are read from records, and a row may wait for its partner",
                "take" => "which rows are taken depends on all of them",
                _ => "it needs all rows of its input",
            };
            refusals.push(
                Diagnostic::error(
                    "KT005",
                    op.span,
                    format!("'{}' cannot run on a stream: {needs}, and a stream has no window yet", op.name),
                )
                .help("`kqltap run --batch` runs it over input that ends"),
            );
        }
    }
}

/// The side of an operator whose records can be answered one by one, because the other side is known.
fn driving(op: &RowsOp) -> Option<&BoundQuery> {
    use JoinKind::{Inner, InnerUnique, LeftAnti, LeftOuter, LeftSemi, RightAnti, RightOuter, RightSemi};
    let RowsKind::Join(Join { kind, right, .. }) = &op.kind else { return None };
    match kind {
        Inner | InnerUnique | LeftOuter | LeftSemi | LeftAnti if right.is_static() => Some(&op.input),
        Inner | InnerUnique | RightOuter | RightSemi | RightAnti if op.input.is_static() => Some(right),
        _ => None,
    }
}

/// A function in an expression that gives another value each time.
fn random_call(bound: &Bound) -> Option<&'static str> {
    if let BoundKind::Call(callee, _) = &bound.kind
        && callee.is_random()
    {
        return Some(callee.name);
    }
    let mut found = None;
    bound.operands(&mut |operand| found = found.or_else(|| random_call(operand)));
    found
}

fn is_static(op: &RowsOp) -> bool {
    op.input.is_static() && op.beside().is_none_or(BoundQuery::is_static)
}

/// The leg as it is run for each record: rows that the query spells out come with no record, and so are left out of the side
/// that records drive. `None` if nothing is left.
pub(super) fn per_record(leg: &Leg) -> Option<Leg> {
    match &leg.source {
        RowSource::Table(_) => Some(leg.clone()),
        RowSource::Values(_) | RowSource::Elements => None,
        RowSource::Rows(op) => {
            let on_left = std::ptr::eq(driving(op)?, &op.input);
            let mut op = op.clone();
            let side = match &mut op.kind {
                RowsKind::Join(join) if !on_left => &mut join.right,
                _ => &mut op.input,
            };
            side.legs = side.legs.iter().filter_map(per_record).collect();
            if side.legs.is_empty() {
                return None;
            }
            Some(Leg { source: RowSource::Rows(op), ..leg.clone() })
        }
    }
}

/// Whether a leg's row is filtered and assigned to, and nothing else: then its table's program does all of it.
pub(super) fn is_plain(leg: &Leg) -> bool {
    leg.table().is_some() && leg.steps.iter().all(|step| matches!(step, Step::Filter(_) | Step::Assign(..)))
}

/// The filters and assignments of a leg that do not depend on what takes a record apart: they hold of the record itself,
/// wherever they stand.
pub(super) fn of_record(leg: &Leg) -> Vec<&Step> {
    let mut later = vec![false; leg.cells.len()];
    let mut steps = Vec::new();
    for step in &leg.steps {
        let taken_apart: Vec<CellId> = match step {
            Step::Expand(expand) => cells_of(expand).collect(),
            Step::Apply { expand, cells, .. } => cells_of(expand).chain(cells.iter().copied()).collect(),
            Step::Parse { cells, .. } => cells.clone(),
            Step::Filter(bound) => {
                if !reads(bound, &later) {
                    steps.push(step);
                }
                continue;
            }
            Step::Assign(_, value) if !reads(value, &later) => {
                steps.push(step);
                continue;
            }
            Step::Assign(cell, _) => vec![*cell],
        };
        taken_apart.into_iter().for_each(|cell| later[cell.index()] = true);
    }
    steps
}

/// Of these, the filters, and the assignments that they lean on.
pub fn up_to_filters(leg: &Leg) -> Vec<&Step> {
    let mut asked = vec![false; leg.cells.len()];
    let mut steps = of_record(leg);
    let mut kept = steps.len();
    // From behind: what a filter reads has been assigned in front of it.
    for at in (0..steps.len()).rev() {
        let read = match steps[at] {
            Step::Filter(bound) => bound,
            Step::Assign(cell, value) if asked[cell.index()] => value,
            _ => continue,
        };
        mark_read(read, &mut asked);
        kept -= 1;
        steps[kept] = steps[at];
    }
    steps.split_off(kept)
}

fn mark_read(bound: &Bound, cells: &mut [bool]) {
    if let BoundKind::Cell(cell) = bound.kind
        && let Some(is_read) = cells.get_mut(cell.index())
    {
        *is_read = true;
    }
    bound.operands(&mut |operand| mark_read(operand, cells));
}

fn cells_of(expand: &Expand) -> impl Iterator<Item = CellId> {
    expand.items.iter().map(|item| item.cell).chain(expand.index)
}

fn reads(bound: &Bound, cells: &[bool]) -> bool {
    let mut found = matches!(bound.kind, BoundKind::Cell(cell) if cells.get(cell.index()).copied().unwrap_or(true));
    bound.operands(&mut |operand| found |= reads(operand, cells));
    found
}
