//! `make-series`

use super::Binder;
use super::feed::Feed;
use super::names::{inferred_name, make_unique};
use super::scope::{Scope, Tabular};
use crate::compile::bound::{Bound, OutputColumn, RowsKind};
use crate::diagnostic::Span;
use crate::kql::ast::{BinaryOp, Expr, MakeSeries};
use crate::schema::ScalarType;
use crate::value::{TimeSpan, Value, convert};

impl Binder<'_> {
    pub(super) fn make_series(&mut self, table: Tabular, series: &MakeSeries, span: Span) -> Option<Tabular> {
        let mut feed = Feed::of(table);
        let keys = self.keys(&mut feed, &series.by);
        let mut columns = keys.columns.clone();
        let mut computed_columns = Vec::new();
        for (item, default) in &series.aggregates {
            for (computed, name) in self.computed_of(&mut feed, item, &keys.plain)? {
                let default = self.series_default(default.as_ref(), computed.value.ty)?;
                columns.push(OutputColumn { name, ty: ScalarType::Dynamic });
                computed_columns.push((computed, default));
            }
        }
        let axis = self.feed(&mut feed, &series.axis.value);
        if axis.is_error() || keys.values.iter().any(Bound::is_error) {
            return None;
        }
        let named = series.axis.name.as_ref().map(|n| n.text.clone());
        let name = named.or_else(|| inferred_name(&series.axis.value)).unwrap_or_else(|| "Column1".to_owned());
        columns.push(OutputColumn { name, ty: ScalarType::Dynamic });
        let first = self.bound_of_axis(series.first.as_ref(), axis.ty)?;
        let mut last = self.bound_of_axis(series.last.as_ref(), axis.ty)?;
        let step_type = if axis.ty == ScalarType::DateTime { ScalarType::TimeSpan } else { axis.ty };
        let step = self.bound_of_axis(Some(&series.step), step_type)??;
        let Some(step) = step.as_constant().map(|value| convert::to_type(value, step_type).into_owned()) else {
            self.error("KS129", series.step.span, "the step of make-series must be a constant");
            return None;
        };
        if series.inclusive {
            last = last.map(|last| self.just_behind(last, &step));
        }
        make_unique(&mut columns);
        let kind = RowsKind::MakeSeries {
            by: keys.values,
            columns: computed_columns,
            axis,
            first,
            last,
            step,
            nonempty: series.nonempty,
        };
        Some(Tabular::of(self.rows(kind, feed.finish(), columns, span, "make-series")))
    }

    /// The old form's last value is inclusive: the end is moved by less than any step.
    fn just_behind(&mut self, last: Bound, step: &Value<'static>) -> Bound {
        let (least, ty) = match (last.ty, step) {
            (ScalarType::DateTime | ScalarType::TimeSpan, _) => (Value::TimeSpan(TimeSpan(1)), ScalarType::TimeSpan),
            (_, Value::Real(step)) => (Value::Real(step * 1e-9), ScalarType::Real),
            _ => (Value::Long(1), ScalarType::Long),
        };
        let span = last.span;
        self.binary(BinaryOp::Add, span, last, Bound::constant(least, ty, span), span)
    }

    fn series_default(&mut self, default: Option<&Expr>, ty: ScalarType) -> Option<Value<'static>> {
        let Some(expr) = default else {
            // Kusto's default of the default.
            return Some(convert::to_type(&Value::Long(0), ty).into_owned());
        };
        let bound = self.scalar(expr, &mut Scope::Nothing);
        match bound.as_constant() {
            Some(value) if bound.ty.is_numeric() && ty.is_numeric() && bound.ty != ScalarType::Real => {
                Some(convert::to_type(value, ty).into_owned())
            }
            Some(value) => Some(value.clone()),
            None => {
                if !bound.is_error() {
                    self.error("KS131", expr.span, "the default of a step without rows must be a literal");
                }
                None
            }
        }
    }

    /// `from`, `to` and `step` are of the axis' type, and read no column.
    fn bound_of_axis(&mut self, expr: Option<&Expr>, ty: ScalarType) -> Option<Option<Bound>> {
        let Some(expr) = expr else { return Some(None) };
        let bound = self.scalar(expr, &mut Scope::Nothing);
        if bound.is_error() {
            return None;
        }
        if bound.ty != ty && !(bound.ty.is_numeric() && ty.is_numeric()) {
            self.error("KS178", expr.span, format!("the axis is a {ty} here, and this is a {}", bound.ty));
            return None;
        }
        Some(Some(bound))
    }
}
