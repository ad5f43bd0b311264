//! Lines and polygons that are straight on a map, with places between so that they are on the ground too.
//!
//! <https://learn.microsoft.com/kusto/query/geo-line-densify-function> and its neighbour.

use super::super::arguments::{argument, real_at};
use super::super::limits::bounded;
use super::super::{Function, Param};
use super::edges::along;
use super::polygon::Polygons;
use super::shape::{self, lines};
use super::sphere::{Point, RADIUS};
use super::{DYNAMIC, REAL};
use crate::schema::ScalarType;
use crate::value::Value;

const PARAMS: &[Param] = &[DYNAMIC, REAL, Param::Is(ScalarType::Bool)];

/// The farthest that the way on the map may be from that on the ground, in metres.
const TOLERANCE: f64 = 10.0;

/// Where between two places the ways differ most, and what of the tolerance is held against it: what S2's edge tessellator has
/// (<https://github.com/google/s2geometry>), which the documented answers agree with.
const AT: f64 = 0.312_156_910_822_483_1;
const SCALE: f64 = 0.838_299_925_698_885_1;

/// How many places there may be; the documentation allows more than a dynamic holds.
const MAX_PLACES: usize = 1 << 18;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "geo_line_densify",
        "geo_line_densify(line, [tolerance, [preserve_crossing]])",
        "A LineString or MultiLineString that is straight on a map, with as many places between as keep it within 10 metres, or so \
         many from 0.1 to 10000, of that on the ground. Null for what is no line, for another tolerance, and where an edge passes \
         over 180 degrees.",
    )
    .takes(1, 3, PARAMS)
    .calls(ScalarType::Dynamic, |_, a| {
        let dense = lines(argument(a, 0), true).zip(Tolerance::read(a)).and_then(|(lines, mut tolerance)| {
            lines.iter().map(|line| tolerance.densified(line)).collect::<Option<Vec<_>>>()
        });
        dense.map_or(Value::Null, |lines| bounded(shape::of_lines(&lines)))
    }),
    Function::of(
        "geo_polygon_densify",
        "geo_polygon_densify(polygon, [tolerance, [preserve_crossing]])",
        "A Polygon or MultiPolygon that is straight on a map, with as many places between as keep it within 10 metres, or so many \
         from 0.1 to 10000, of that on the ground. Null for what is no polygon, for another tolerance, and where an edge passes \
         over 180 degrees.",
    )
    .takes(1, 3, PARAMS)
    .calls(ScalarType::Dynamic, |_, a| {
        let dense = Polygons::read(argument(a, 0)).zip(Tolerance::read(a)).and_then(|(polygons, mut tolerance)| {
            let mut ring = |(at, ring): (usize, &Vec<Point>)| {
                let closed: Vec<Point> = ring.iter().chain(ring.first()).copied().collect();
                let mut dense = tolerance.densified(&closed)?;
                dense.pop();
                // Holes go round clockwise.
                if at > 0 {
                    dense.reverse();
                }
                Some(dense)
            };
            let mut rings =
                |rings: &Vec<Vec<Point>>| rings.iter().enumerate().map(&mut ring).collect::<Option<Vec<_>>>();
            polygons.rings().iter().map(&mut rings).collect::<Option<Vec<_>>>()
        });
        dense.map_or(Value::Null, |polygons| bounded(shape::of_polygons(&polygons)))
    }),
];

/// Degrees on the map.
type Flat = (f64, f64);

struct Tolerance {
    /// In radians.
    angle: f64,
    /// How many places there may still be.
    room: usize,
}

impl Tolerance {
    fn read(arguments: &[Value<'_>]) -> Option<Tolerance> {
        let metres = match arguments.get(1) {
            None => TOLERANCE,
            Some(_) => real_at(arguments, 1).filter(|metres| (0.1..=10_000.0).contains(metres))?,
        };
        Some(Tolerance { angle: SCALE * metres / RADIUS, room: MAX_PLACES })
    }

    fn densified(&mut self, line: &[Point]) -> Option<Vec<Point>> {
        let mut dense = vec![*line.first()?];
        for (a, b) in along(line) {
            self.between((a, a.degrees()), (b, b.degrees()), &mut dense)?;
        }
        Some(dense)
    }

    /// By halves, until the ways are near each other; a stack of what is left stands for the recursion.
    fn between(&mut self, from: (Point, Flat), to: (Point, Flat), dense: &mut Vec<Point>) -> Option<()> {
        if (from.1.0 - to.1.0).abs() > 180.0 {
            return None;
        }
        let (mut from, mut left) = (from, vec![to]);
        while let Some(to) = left.pop() {
            if self.near(from, to)? {
                self.room = self.room.checked_sub(1)?;
                dense.push(to.0);
                from = to;
                continue;
            }
            let half = flat(from.1, to.1, 0.5);
            left.push(to);
            left.push((Point::from_degrees(half.0, half.1)?, half));
        }
        Some(())
    }

    /// Whether the two ways are within the tolerance of each other.
    fn near(&self, from: (Point, Flat), to: (Point, Flat)) -> Option<bool> {
        let length = from.0.angle(to.0);
        for at in [AT, 1.0 - AT] {
            let on_map = flat(from.1, to.1, at);
            let on_ground = from.0.towards(to.0, length * at);
            if Point::from_degrees(on_map.0, on_map.1)?.angle(on_ground) > self.angle {
                return Some(false);
            }
        }
        Some(true)
    }
}

fn flat(a: Flat, b: Flat, share: f64) -> Flat {
    (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json};
    use super::*;
    use crate::value::Dynamic;

    /// All numbers of a shape, in order.
    fn numbers(shape: &Dynamic<'_>, found: &mut Vec<f64>) {
        match shape {
            Dynamic::Array(elements) => elements.iter().for_each(|element| numbers(element, found)),
            Dynamic::Real(n) => found.push(*n),
            _ => {}
        }
    }

    #[track_caller]
    fn near(value: &Value<'_>, expected: &[f64]) {
        let mut found = Vec::new();
        if let Value::Dynamic(shape) = value {
            numbers(&shape.member("coordinates"), &mut found);
        }
        let close = found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(close, "{found:?} is not {expected:?}");
    }

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn straight_on_a_map() {
        let line = |coordinates: &'static str| {
            json(Box::leak(format!(r#"{{"type":"LineString","coordinates":{coordinates}}}"#).into_boxed_str()))
        };
        let short = [-73.949247, 40.796860, -73.973017, 40.764323];
        near(&call("geo_line_densify", &[line("[[-73.949247, 40.796860],[-73.973017, 40.764323]]")]), &short);
        let eighths: Vec<f64> = (0..=8).flat_map(|n| [50.0 + f64::from(n) / 8.0; 2]).collect();
        near(&call("geo_line_densify", &[line("[[50,50],[51,51]]")]), &eighths);
        near(&call("geo_line_densify", &[line("[[50,50],[51,51]]"), Value::Real(10_000.0)]), &[50.0, 50.0, 51.0, 51.0]);
        for (line, tolerance) in [
            (line("[[300,1],[1,1]]"), 10.0),
            (line("[[1,1],[2,2]]"), 0.0),
            (line("[[1,1],[2,2]]"), 10_001.0),
            (line("[[170,1],[-170,2]]"), 10.0),
        ] {
            assert_eq!(call("geo_line_densify", &[line, Value::Real(tolerance)]), Value::Null);
        }
    }

    #[test]
    fn what_is_clockwise_is_turned() {
        let square = json(r#"{"type":"Polygon","coordinates":[[[10,10],[11,10],[11,11],[10,11],[10,10]]]}"#);
        #[rustfmt::skip]
        let expected = [
            10.0, 10.0, 10.25, 10.0, 10.5, 10.0, 10.75, 10.0, 11.0, 10.0, 11.0, 11.0, 10.75, 11.0, 10.5, 11.0, 10.25, 11.0,
            10.0, 11.0, 10.0, 10.0,
        ];
        near(&call("geo_polygon_densify", &[square]), &expected);
        let park = json(
            r#"{"type":"Polygon","coordinates":[[[-73.958244,40.800719],[-73.949146,40.79695],[-73.973093,40.764226],[-73.982062,40.768159],[-73.958244,40.800719]]]}"#,
        );
        #[rustfmt::skip]
        let expected = [
            -73.982062, 40.768159, -73.973093, 40.764226, -73.949146, 40.79695, -73.958244, 40.800719, -73.982062, 40.768159,
        ];
        near(&call("geo_polygon_densify", &[park]), &expected);
        let holed = json(
            r#"{"type":"Polygon","coordinates":[[[0,0],[0.3,0],[0.3,0.3],[0,0.3],[0,0]],[[0.1,0.1],[0.2,0.1],[0.2,0.2],[0.1,0.1]]]}"#,
        );
        #[rustfmt::skip]
        let expected = [
            0.0, 0.0, 0.3, 0.0, 0.3, 0.3, 0.0, 0.3, 0.0, 0.0, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.2, 0.2,
        ];
        near(&call("geo_polygon_densify", &[holed]), &expected);
    }
}
