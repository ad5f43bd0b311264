//! `evaluate geo_polygon_lookup(…)` and `geo_line_lookup(…)`: rows with the shapes that their places are in, or near.
//!
//! <https://learn.microsoft.com/kusto/query/geo-polygon-lookup-plugin> and its neighbour. Every place is held against every
//! shape.

use std::rc::Rc;

use super::composed::quoted;
use super::plugin::Plugin;
use super::scope::{Scope, Tabular};
use super::{Binder, Lets, Meaning};
use crate::diagnostic::Span;
use crate::kql::ast::{Argument, Expr, ExprKind};
use crate::value::Value;

const POLYGON: Plugin = Plugin {
    name: "geo_polygon_lookup",
    signature: "geo_polygon_lookup(polygons, polygon, longitude, latitude, [radius], [return_unmatched], [lookup_area_radius], \
                [return_lookup_key])",
    doc: "The rows with those of a table of polygons that their place is in, or within so many metres of.",
};

const LINE: Plugin = Plugin {
    name: "geo_line_lookup",
    signature: "geo_line_lookup(lines, line, longitude, latitude, radius, [return_unmatched], [lookup_area_radius], \
                [return_lookup_key])",
    doc: "The rows with those of a table of lines that their place is within so many metres of.",
};

/// Both, in the order of their names.
pub(super) const PLUGINS: [Plugin; 2] = [LINE, POLYGON];

/// What follows the columns, in order; each may be given by name.
const OPTIONS: [&str; 4] = ["radius", "return_unmatched", "lookup_area_radius", "return_lookup_key"];

impl Binder<'_> {
    /// `(shapes, shape, longitude, latitude, radius, …)`
    pub(super) fn geo_lookup(
        &mut self,
        is_polygon: bool,
        mut table: Tabular,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Tabular> {
        let plugin = if is_polygon { POLYGON } else { LINE };
        let [shapes, shape, longitude, latitude, options @ ..] = arguments else {
            self.error(
                "KS119",
                span,
                format!("{}() takes a table of shapes, and columns: {}", plugin.name, plugin.signature),
            );
            return None;
        };
        let [radius, unmatched, _, with_key] = self.lookup_options(options)?;
        if radius.is_none() && !is_polygon {
            self.error("KS119", span, format!("{}() takes a radius", plugin.name));
            return None;
        }
        let is_true = |value: Option<Value<'static>>| value == Some(Value::Bool(true));
        let (unmatched, with_key) = (is_true(unmatched), is_true(with_key));
        let ours: Vec<String> = table.columns().into_iter().map(|column| column.name).collect();
        let mut lookup = self.tabular(&shapes.value)?;
        let key = self.place_of(&mut lookup, &shape.value)?;
        let theirs: Vec<String> = lookup.columns().into_iter().map(|column| column.name).collect();
        self.add_column(&mut table, "__longitude", longitude)?;
        self.add_column(&mut table, "__latitude", latitude)?;
        let own = |at: usize| format!("__shape{at}");
        let of_lookup: Vec<String> =
            theirs.iter().enumerate().map(|(at, name)| format!("{} = {}", own(at), quoted(name))).collect();
        let shown = (0..theirs.len()).filter(|at| with_key || *at != key);
        let carried: Vec<String> = shown.clone().map(own).collect();
        let mut titles: Vec<String> = ours.iter().map(|name| quoted(name)).collect();
        let mut known = ours;
        titles.extend(shown.map(|at| {
            let title = super::names::unique(&theirs[at], &|name| known.iter().any(|known| known == name));
            let assigned = format!("{} = {}", quoted(&title), own(at));
            known.push(title);
            assigned
        }));
        let near = match (&radius, is_polygon) {
            (None, _) => format!("geo_point_in_polygon(__longitude, __latitude, {})", own(key)),
            (Some(_), true) => {
                format!("geo_distance_point_to_polygon(__longitude, __latitude, {}) <= __radius", own(key))
            }
            (Some(_), false) => {
                format!("geo_distance_point_to_line(__longitude, __latitude, {}) <= __radius", own(key))
            }
        };
        let found = format!(
            "placed | join kind=inner (shapes | project __all = 1, {}) on __all | where {near}",
            of_lookup.join(", ")
        );
        let titles = titles.join(", ");
        let query = if unmatched {
            let carried: String = carried.iter().map(|name| format!(", {name}")).collect();
            format!(
                "let placed = T | serialize | extend __all = 1, __at = row_number(); \
                 placed | join kind=leftouter ({found} | project __at{carried}) on __at | project {titles}"
            )
        } else {
            format!("let placed = T | extend __all = 1; {found} | project {titles}")
        };
        let mut lets = Lets::new();
        lets.insert("shapes".to_owned(), Meaning::Tabular(Rc::new(lookup)));
        if let Some(radius) = radius {
            let radius = crate::compile::bound::Bound::constant(radius, crate::schema::ScalarType::Real, span);
            lets.insert("__radius".to_owned(), Meaning::Scalar(radius));
        }
        self.through(plugin.name, &query, lets, table, span)
    }

    /// What is said behind the columns.
    fn lookup_options(&mut self, arguments: &[Argument]) -> Option<[Option<Value<'static>>; 4]> {
        let mut options = [const { None }; 4];
        for (at, argument) in arguments.iter().enumerate() {
            let at = match &argument.name {
                Some(name) => OPTIONS.iter().position(|option| *option == name.text),
                None => Some(at),
            };
            let value = self.lookup_option(&argument.value)?;
            let fits = matches!((at, &value), (Some(0 | 2), Value::Real(_)) | (Some(1 | 3), Value::Bool(_)));
            match at.and_then(|at| options.get_mut(at)).filter(|_| fits) {
                Some(option) => *option = Some(value),
                None => {
                    self.error(
                        "KS131",
                        argument.value.span,
                        format!("these follow the columns: {}", OPTIONS.join(", ")),
                    );
                    return None;
                }
            }
        }
        Some(options)
    }

    /// A constant; numbers as reals.
    fn lookup_option(&mut self, expr: &Expr) -> Option<Value<'static>> {
        if matches!(expr.kind, ExprKind::Error) {
            return None;
        }
        let bound = self.scalar(expr, &mut Scope::Nothing);
        match bound.as_constant() {
            Some(Value::Long(n)) => Some(Value::Real(*n as f64)),
            Some(Value::Int(n)) => Some(Value::Real(f64::from(*n))),
            Some(value) => Some(value.clone()),
            None => {
                if !bound.is_error() {
                    self.error("KS131", expr.span, "this must be a literal");
                }
                None
            }
        }
    }
}
