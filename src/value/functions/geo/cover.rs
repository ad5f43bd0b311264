//! The cells of S2 that cover lines and polygons.
//!
//! <https://learn.microsoft.com/kusto/query/geo-polygon-to-s2cells-function> and its neighbour.

use super::super::arguments::{argument, real_at};
use super::super::limits::array;
use super::super::{Function, Param};
use super::edges::{Edge, Looks, along, crosses};
use super::polygon::Polygons;
use super::s2::{Cell, MAX_LEVEL};
use super::shape::lines;
use super::sphere::{Point, RADIUS};
use super::{DYNAMIC, LEVEL, REAL, level};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const PARAMS: &[Param] = &[DYNAMIC, LEVEL, REAL];

/// The most cells; the documentation's own number.
const MAX_CELLS: usize = 65_536;

/// An edge so near a cell lies on its side, as one along the meridian of Greenwich does: both cells beside it have places of it.
const TOUCHES: f64 = 2e-15;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "geo_polygon_to_s2cells",
        "geo_polygon_to_s2cells(polygon, [level, [radius]])",
        "The tokens of the S2 cells, of a level from 0 to 30 (11), that a Polygon or MultiPolygon has places in, or places within \
         so many metres of it. Null for what is no polygon, another level, a radius below zero, and more than 65,536 cells.",
    )
    .takes(1, 3, PARAMS)
    .calls(ScalarType::Dynamic, |_, a| {
        let polygons = Polygons::read(argument(a, 0));
        tokens(polygons.and_then(|polygons| Cover::of(a, polygons.edges(), Some(polygons))?.cells()))
    }),
    Function::of(
        "geo_line_to_s2cells",
        "geo_line_to_s2cells(line, [level, [radius]])",
        "The tokens of the S2 cells, of a level from 0 to 30 (11), that a LineString or MultiLineString has places in, or places \
         within so many metres of it. Null for what is no line, another level, a radius below zero, and more than 65,536 cells.",
    )
    .takes(1, 3, PARAMS)
    .calls(ScalarType::Dynamic, |_, a| {
        let edges = lines(argument(a, 0), true).map(|lines| lines.iter().flat_map(|line| along(line)).collect());
        tokens(edges.and_then(|edges| Cover::of(a, edges, None)?.cells()))
    }),
];

fn tokens<'a>(cells: Option<Vec<Cell>>) -> Value<'a> {
    cells.map_or(Value::Null, |cells| array(cells.into_iter().map(|cell| Dynamic::String(cell.token().into()))))
}

/// What a cell and an edge cost, in looks at two edges: each of its sides is held against the edge, and how far corners are.
const LOOKS: usize = 8;

/// What is covered, and how.
struct Cover {
    edges: Vec<Edge>,
    polygons: Option<Polygons>,
    level: u8,
    /// In radians.
    radius: f64,
    left: Looks,
}

/// A cell, and the edges that are near it; none of a cell that lies within as a whole.
type Near = (Cell, Option<Vec<Edge>>);

impl Cover {
    fn of(arguments: &[Value<'_>], edges: Vec<Edge>, polygons: Option<Polygons>) -> Option<Cover> {
        let level = level(arguments, 1, 11).filter(|level| *level <= MAX_LEVEL)?;
        let radius = match arguments.get(2) {
            None => 0.0,
            Some(_) => real_at(arguments, 2).filter(|radius| *radius >= 0.0 && radius.is_finite())? / RADIUS,
        };
        Some(Cover { edges, polygons, level, radius, left: Looks::new() })
    }

    /// From the faces down, quarter by quarter; what is near none of the edges is within as a whole, or not at all.
    fn cells(mut self) -> Option<Vec<Cell>> {
        let edges = std::mem::take(&mut self.edges);
        let mut cells: Vec<Near> = Vec::new();
        for face in 0..6 {
            self.add(Cell::face(face), &edges, edges.len(), &mut cells)?;
        }
        for _ in 0..self.level {
            let mut quarters: Vec<Near> = Vec::with_capacity(cells.len());
            for (cell, near) in cells {
                for quarter in cell.quarters() {
                    match &near {
                        None => quarters.push((quarter, None)),
                        Some(near) => self.add(quarter, near, edges.len(), &mut quarters)?,
                    }
                }
                if quarters.len() > MAX_CELLS {
                    return None;
                }
            }
            cells = quarters;
        }
        Some(cells.into_iter().map(|(cell, _)| cell).collect())
    }

    /// Adds a cell if it has to do with what is covered. `near` are the edges that may be near it, `all` how many there are.
    fn add(&mut self, cell: Cell, near: &[Edge], all: usize, cells: &mut Vec<Near>) -> Option<()> {
        self.left.take(near.len() * LOOKS)?;
        let corners = cell.corners();
        let near: Vec<Edge> = near.iter().filter(|edge| self.is_near(&corners, edge)).copied().collect();
        if !near.is_empty() {
            cells.push((cell, Some(near)));
        } else if let Some(polygons) = &self.polygons {
            self.left.take(all)?;
            if polygons.contain(cell.at(0.5, 0.5)) {
                cells.push((cell, None));
            }
        }
        Some(())
    }

    fn is_near(&self, corners: &[Point; 4], edge: &Edge) -> bool {
        let sides: [Edge; 4] = std::array::from_fn(|at| (corners[at], corners[(at + 1) % 4]));
        let within = |place: Point| sides.iter().all(|(a, b)| a.cross(*b).dot(place) >= 0.0);
        if within(edge.0) || within(edge.1) || sides.iter().any(|side| crosses(edge, side)) {
            return true;
        }
        let apart = |place: Point, (a, b): &Edge| place.angle(place.nearest(*a, *b));
        let ends = sides.iter().flat_map(|side| [apart(edge.0, side), apart(edge.1, side)]);
        let all = ends.chain(corners.iter().map(|corner| apart(*corner, edge)));
        all.fold(f64::INFINITY, f64::min) <= self.radius.max(TOUCHES)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json, json_of};
    use super::*;

    const WEDGE: &str = r#"{"type":"Polygon","coordinates":[[[0,0],[0,50],[100,50],[0,0]]]}"#;

    fn count(value: &Value<'_>) -> usize {
        match value {
            Value::Dynamic(Dynamic::Array(cells)) => cells.len(),
            _ => 0,
        }
    }

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn documented_covers() {
        assert_eq!(count(&call("geo_polygon_to_s2cells", &[json(WEDGE), Value::Long(5)])), 286);
        assert_eq!(call("geo_polygon_to_s2cells", &[json(WEDGE), Value::Long(30)]), Value::Null);
        let nowhere = json(r#"{"type":"LineString","coordinates":[[[0,0],[0,0]]]}"#);
        assert_eq!(call("geo_line_to_s2cells", &[nowhere]), Value::Null);
    }

    #[test]
    fn every_place_of_a_line_is_covered() {
        let line = || json(r#"{"type":"LineString","coordinates":[[10,10],[12,11]]}"#);
        for level in [0, 4, 9, 12] {
            let cells = json_of("geo_line_to_s2cells", &[line(), Value::Long(level)]);
            for n in 0..=20 {
                let share = Value::Real(f64::from(n) / 20.0);
                let Value::Dynamic(place) = call("geo_line_interpolate_point", &[line(), share]) else {
                    unreachable!()
                };
                let at = |at| match place.member("coordinates").index(at) {
                    Dynamic::Real(n) => Value::Real(n),
                    _ => Value::Null,
                };
                let cell = json_of("geo_point_to_s2cell", &[at(0), at(1), Value::Long(level)]);
                assert!(cells.contains(&cell), "{level} {n}: {cell}");
            }
        }
        let (plain, wide) = (call("geo_line_to_s2cells", &[line()]), [line(), Value::Long(11), Value::Real(20_000.0)]);
        assert!(count(&call("geo_line_to_s2cells", &wide)) > count(&plain));
        for (level, radius) in [(31, 0.0), (-1, 0.0), (11, -1.0), (11, f64::NAN)] {
            let arguments = [line(), Value::Long(level), Value::Real(radius)];
            assert_eq!(call("geo_line_to_s2cells", &arguments), Value::Null, "{level} {radius}");
        }
    }

    #[test]
    fn within_a_polygon_there_are_no_gaps() {
        let square = || json(r#"{"type":"Polygon","coordinates":[[[10,10],[12,10],[12,12],[10,12],[10,10]]]}"#);
        let cells = json_of("geo_polygon_to_s2cells", &[square(), Value::Long(9)]);
        for (longitude, latitude) in (1..40).flat_map(|x| (1..40).map(move |y| (x, y))) {
            let at = |n: i32| Value::Real(10.0 + f64::from(n) / 20.0);
            let cell = json_of("geo_point_to_s2cell", &[at(longitude), at(latitude), Value::Long(9)]);
            assert!(cells.contains(&cell), "{longitude} {latitude}");
        }
    }
}
