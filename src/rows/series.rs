//! `make-series`: an axis cut into equal steps, and for each group of rows one array over these steps.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::distinct::KEY_OVERHEAD;
use super::limits::{Held, row_size};
use super::summarize::{States, add, begin};
use super::{Emit, Row, RowsError, Scope, TableRows, each_row, key};
use crate::compile::bound::{Bound, BoundQuery, Computed};
use crate::value::functions::MAX_ELEMENTS;
use crate::value::{DateTime, Dynamic, TimeSpan, Value, convert};

/// What series are made of.
pub(super) struct Plan<'q> {
    pub(super) by: &'q [Bound],
    pub(super) columns: &'q [(Computed, Value<'static>)],
    pub(super) axis: &'q Bound,
    pub(super) first: Option<&'q Value<'static>>,
    pub(super) last: Option<&'q Value<'static>>,
    pub(super) step: &'q Value<'static>,
    pub(super) nonempty: bool,
}

/// The steps of a group that have rows.
type Steps = BTreeMap<i64, States>;

/// One row for each group, in the order of first appearance: the keys, an array for each aggregate, the axis.
pub(super) fn run(
    input: &BoundQuery,
    plan: &Plan<'_>,
    tables: &mut dyn TableRows,
    scope: Scope<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), RowsError> {
    let grid = Grid::of(plan).ok_or(RowsError::Step)?;
    let aggregates = || plan.columns.iter().flat_map(|(computed, _)| &computed.aggregates);
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<(Row, Steps)> = Vec::new();
    let mut held = Held::new(scope.budget);
    each_row(input, tables, scope, &mut |row| {
        let Some(step) = grid.step_of(&scope.value(plan.axis, &row)) else {
            return Ok(());
        };
        let keys: Row = plan.by.iter().map(|bound| scope.value(bound, &row)).collect();
        let place = match places.entry(key::of(&keys)) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                held.charge(row_size(&keys) + entry.key().len() + KEY_OVERHEAD)?;
                groups.push((keys, Steps::new()));
                *entry.insert(groups.len() - 1)
            }
        };
        let Some((_, steps)) = groups.get_mut(place) else {
            return Ok(());
        };
        let states = steps.entry(step).or_insert_with(|| begin(aggregates()));
        held.charge(KEY_OVERHEAD)?;
        add(aggregates(), states, &row, scope, &mut held)
    })?;
    if groups.is_empty() && plan.by.is_empty() && plan.nonempty {
        groups.push((Row::new(), Steps::new()));
    }
    for (keys, steps) in groups {
        emit(series(plan, &grid, keys, steps, scope, &mut held)?)?;
    }
    Ok(())
}

fn series(
    plan: &Plan<'_>,
    grid: &Grid,
    mut row: Row,
    mut steps: Steps,
    scope: Scope<'_>,
    held: &mut Held<'_>,
) -> Result<Row, RowsError> {
    let from = match plan.first {
        Some(_) => 0,
        None => steps.keys().next().copied().unwrap_or(0),
    };
    let to = match grid.end {
        Some(end) => end,
        None => steps.keys().next_back().map_or(from, |last| last.saturating_add(1)),
    };
    let length = usize::try_from(to.saturating_sub(from)).unwrap_or(0);
    if length > MAX_ELEMENTS {
        return Err(RowsError::Series(MAX_ELEMENTS));
    }
    held.charge(length * size_of::<Dynamic<'_>>() * (plan.columns.len() + 1))?;
    let mut before = 0;
    for (computed, default) in plan.columns {
        let own = before..before + computed.aggregates.len();
        before = own.end;
        let element = |step: i64| {
            let Some(states) = steps.get_mut(&step) else { return convert::into_dynamic(default.clone()) };
            let values = states.get_mut(own.clone()).unwrap_or_default();
            let values: Row = values.iter_mut().map(|state| state.finish()).collect();
            convert::into_dynamic(scope.value(&computed.value, &values))
        };
        row.push(Value::Dynamic(Dynamic::Array((from..to).map(element).collect())));
    }
    let axis = (from..to).map(|step| convert::into_dynamic(grid.value(step))).collect();
    row.push(Value::Dynamic(Dynamic::Array(axis)));
    Ok(row)
}

/// Where steps begin.
struct Grid {
    kind: Kind,
    scale: Scale,
    /// The number of the step behind the last, if the series has an end.
    end: Option<i64>,
}

/// Of what type the axis is.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    Time,
    Span,
}

/// Ticks and whole numbers are counted exactly.
enum Scale {
    Whole { origin: i64, step: i64, bounded: bool, last: Option<i64> },
    Real { origin: f64, step: f64, bounded: bool, last: Option<f64> },
}

impl Grid {
    /// `None` if the step does not lead on.
    fn of(plan: &Plan<'_>) -> Option<Grid> {
        use crate::schema::ScalarType as S;
        let kind = match plan.axis.ty {
            S::DateTime => Kind::Time,
            S::TimeSpan => Kind::Span,
            _ => Kind::Number,
        };
        let bounded = plan.first.is_some();
        let given = [plan.first, plan.last, Some(plan.step)];
        let real = plan.axis.ty == S::Real || given.iter().flatten().any(|v| matches!(v, Value::Real(_)));
        let scale = if real {
            let (origin, last) = (plan.first.map(real_of), plan.last.map(real_of));
            Scale::Real { origin: origin.unwrap_or(0.0), step: real_of(plan.step), bounded, last }
        } else {
            let (origin, last) = (plan.first.map(whole_of), plan.last.map(whole_of));
            Scale::Whole { origin: origin.unwrap_or(0), step: whole_of(plan.step), bounded, last }
        };
        let end = match &scale {
            Scale::Whole { step, .. } if *step <= 0 => return None,
            Scale::Real { step, .. } if !(*step > 0.0 && step.is_finite()) => return None,
            Scale::Whole { origin, step, last, .. } => last.map(|last| {
                let length = i128::from(last) - i128::from(*origin);
                i64::try_from((length + i128::from(*step) - 1).div_euclid(i128::from(*step))).unwrap_or(i64::MAX)
            }),
            Scale::Real { origin, step, last, .. } => last.map(|last| ((last - origin) / step).ceil() as i64),
        };
        Some(Grid { kind, scale, end })
    }

    /// The number of the step that a value falls in; `None` outside of the series.
    fn step_of(&self, value: &Value<'_>) -> Option<i64> {
        if value.is_null() {
            return None;
        }
        match &self.scale {
            Scale::Whole { origin, step, bounded, last } => {
                let at = whole_of(value);
                let inside = (!bounded || at >= *origin) && last.is_none_or(|last| at < last);
                let steps = (i128::from(at) - i128::from(*origin)).div_euclid(i128::from(*step));
                inside.then_some(i64::try_from(steps).ok()?)
            }
            Scale::Real { origin, step, bounded, last } => {
                let at = real_of(value);
                let inside = at.is_finite() && (!bounded || at >= *origin) && last.is_none_or(|last| at < last);
                inside.then_some(((at - origin) / step).floor() as i64)
            }
        }
    }

    /// Where a step begins.
    fn value(&self, at: i64) -> Value<'static> {
        match &self.scale {
            Scale::Whole { origin, step, .. } => {
                let n = origin.wrapping_add(at.wrapping_mul(*step));
                match self.kind {
                    Kind::Number => Value::Long(n),
                    Kind::Time => DateTime::from_ticks(n).map_or(Value::Null, Value::DateTime),
                    Kind::Span => Value::TimeSpan(TimeSpan(n)),
                }
            }
            Scale::Real { origin, step, .. } => Value::Real(origin + at as f64 * step),
        }
    }
}

fn whole_of(value: &Value<'_>) -> i64 {
    match convert::tolong(value) {
        Value::Long(n) => n,
        _ => 0,
    }
}

fn real_of(value: &Value<'_>) -> f64 {
    match convert::todouble(value) {
        Value::Real(n) => n,
        _ => f64::NAN,
    }
}
