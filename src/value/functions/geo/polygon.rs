//! Functions of polygons: what lies within them, and how far they are.
//!
//! <https://learn.microsoft.com/kusto/query/geo-point-in-polygon-function> and its neighbours.

use std::collections::HashSet;

use super::super::arguments::argument;
use super::super::callee::{Prepared, prepared};
use super::super::{Function, Param, Refusal, Returns};
use super::edges::{Edge, Looks, any_cross};
use super::shape::{self, ring};
use super::sphere::{Point, RADIUS};
use super::{REAL, point_at};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const PARAMS: &[Param] = &[REAL, REAL, Param::Is(ScalarType::Dynamic)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "geo_point_in_polygon",
        "geo_point_in_polygon(longitude, latitude, polygon)",
        "Whether a place is in a Polygon, or one of a MultiPolygon. Null for what is no place or polygon, such as one whose edges \
         cross.",
    )
    .takes(3, 3, PARAMS)
    .prepares(Returns::Type(ScalarType::Bool), |constants| {
        over_polygons(constants, |at, polygons| Value::Bool(polygons.contain(at)))
    }),
    Function::of(
        "geo_distance_point_to_polygon",
        "geo_distance_point_to_polygon(longitude, latitude, polygon)",
        "The metres from a place to a Polygon or MultiPolygon; 0 within it. Null for what is no place or polygon.",
    )
    .takes(3, 3, PARAMS)
    .prepares(Returns::Type(ScalarType::Real), |constants| {
        over_polygons(constants, |at, polygons| Value::Real(at.angle(polygons.nearest(at)) * RADIUS))
    }),
    Function::of(
        "geo_closest_point_on_polygon",
        "geo_closest_point_on_polygon(longitude, latitude, polygon)",
        "The Point of a Polygon or MultiPolygon that is nearest to a place. Null for what is no place or polygon.",
    )
    .takes(3, 3, PARAMS)
    .prepares(Returns::Type(ScalarType::Dynamic), |constants| {
        over_polygons(constants, |at, polygons| shape::point(polygons.nearest(at).degrees()))
    }),
];

/// Edges, one after the other round what they enclose, which lies to the left.
type Ring = Vec<Point>;

/// Polygons, each a shell and its holes.
pub(super) struct Polygons(Vec<Vec<Ring>>);

/// Makes a function of a place and a polygon ready: a polygon that is a constant is read once.
fn over_polygons(
    constants: &[Option<&Value<'static>>],
    of: impl Fn(Point, &Polygons) -> Value<'static> + Send + Sync + 'static,
) -> Result<Prepared, Refusal> {
    match constants.get(2) {
        Some(Some(constant)) => {
            let polygons = Polygons::read(constant);
            prepared(move |_, a| {
                point_at(a, 0).zip(polygons.as_ref()).map_or(Value::Null, |(at, polygons)| of(at, polygons))
            })
        }
        _ => prepared(move |_, a| {
            let polygons = Polygons::read(argument(a, 2));
            point_at(a, 0).zip(polygons.as_ref()).map_or(Value::Null, |(at, polygons)| of(at, polygons))
        }),
    }
}

impl Polygons {
    /// The polygons of a Polygon or a MultiPolygon; none if any of it is no polygon.
    pub(super) fn read(value: &Value<'_>) -> Option<Polygons> {
        let Value::Dynamic(shape) = value else { return None };
        // Of many polygons as of one: a record may hold any number.
        Polygons::of(shape, &mut Looks::new())
    }

    /// The same, of a shape of several.
    pub(super) fn of(shape: &Dynamic<'_>, left: &mut Looks) -> Option<Polygons> {
        let coordinates = shape.member("coordinates");
        match (shape.member("type"), &coordinates) {
            (Dynamic::String(kind), rings) if kind == "Polygon" => Some(Polygons(vec![polygon(rings, left)?])),
            (Dynamic::String(kind), Dynamic::Array(list)) if kind == "MultiPolygon" && !list.is_empty() => {
                list.iter().map(|rings| polygon(rings, left)).collect::<Option<_>>().map(Polygons)
            }
            _ => None,
        }
    }

    pub(super) fn contain(&self, at: Point) -> bool {
        self.0.iter().any(|rings| within(rings, at))
    }

    /// The edges of each, with what it encloses to the left of shell and holes.
    pub(super) fn outlines(&self) -> Vec<Vec<Edge>> {
        let outline = |rings: &Vec<Ring>| {
            let edge = |(at, ring): (usize, &Ring)| {
                edges(ring).map(move |(a, b)| if at == 0 { (a, b) } else { (b, a) }).collect::<Vec<Edge>>()
            };
            rings.iter().enumerate().flat_map(edge).collect()
        };
        self.0.iter().map(outline).collect()
    }

    /// The rings of each, shells and holes counterclockwise.
    pub(super) fn rings(&self) -> &[Vec<Vec<Point>>] {
        &self.0
    }

    /// Whether a place is in the one of that number.
    pub(super) fn contains(&self, number: usize, at: Point) -> bool {
        self.0.get(number).is_some_and(|rings| within(rings, at))
    }

    /// Every edge of theirs.
    pub(super) fn edges(&self) -> Vec<Edge> {
        self.0.iter().flatten().flat_map(|ring| edges(ring)).collect()
    }

    /// A corner of each.
    pub(super) fn corners(&self) -> impl Iterator<Item = Point> {
        self.0.iter().filter_map(|rings| rings.first()?.first().copied())
    }

    /// The place itself within a polygon, else the nearest on an edge.
    fn nearest(&self, at: Point) -> Point {
        if self.contain(at) {
            return at;
        }
        let near = self.0.iter().flatten().flat_map(|ring| edges(ring)).map(|(a, b)| at.nearest(a, b));
        near.min_by(|a, b| at.angle(*a).total_cmp(&at.angle(*b))).unwrap_or(at)
    }
}

/// A hole takes away what its shell has.
fn within(rings: &[Ring], at: Point) -> bool {
    rings.iter().filter(|ring| encloses(ring, at)).count() % 2 == 1
}

pub(super) fn edges(ring: &[Point]) -> impl Iterator<Item = Edge> {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// Rings whose edges neither cross nor stand twice.
fn polygon(coordinates: &Dynamic<'_>, left: &mut Looks) -> Option<Vec<Ring>> {
    let Dynamic::Array(rings) = coordinates else { return None };
    let rings: Vec<Ring> = rings.iter().map(|coordinates| Some(turned(ring(coordinates)?))).collect::<Option<_>>()?;
    let all: Vec<Edge> = rings.iter().flat_map(|ring| edges(ring)).collect();
    (!all.is_empty() && !cross(all, left)).then_some(rings)
}

/// A ring the other way round, if that encloses less: what it encloses is at most half of the ball.
fn turned(mut ring: Ring) -> Ring {
    if enclosed(&ring) > std::f64::consts::TAU {
        ring.reverse();
    }
    ring
}

/// The area left of a ring, on a ball of radius 1.
pub(super) fn enclosed(ring: &[Point]) -> f64 {
    let Some(first) = ring.first() else { return 0.0 };
    // The areas of triangles from one corner, those that lie on the other side taken away.
    let area: f64 = edges(ring).map(|(a, b)| excess(*first, a, b)).sum();
    area.rem_euclid(2.0 * std::f64::consts::TAU)
}

/// The area of a triangle: above zero if its corners go round it counterclockwise.
pub(super) fn excess(a: Point, b: Point, c: Point) -> f64 {
    let (to_b, to_c) = (b.plus(a.times(-1.0)), c.plus(a.times(-1.0)));
    2.0 * a.dot(to_b.cross(to_c)).atan2(1.0 + a.dot(b) + b.dot(c) + c.dot(a))
}

/// Whether one who looks along the ring from a place turns round once to the left. From the opposite place it is to the right.
pub(super) fn encloses(ring: &[Point], at: Point) -> bool {
    let turn: f64 = edges(ring)
        .map(|(a, b)| {
            let (to_a, to_b) = (at.cross(a), at.cross(b));
            at.dot(to_a.cross(to_b)).atan2(to_a.dot(to_b))
        })
        .sum();
    turn > std::f64::consts::PI
}

/// Whether an edge stands twice, or two cross. Where there are too many to know, they are taken not to.
fn cross(all: Vec<Edge>, left: &mut Looks) -> bool {
    let mut seen = HashSet::new();
    !all.iter().all(|(a, b)| seen.insert((a.bits().min(b.bits()), a.bits().max(b.bits()))))
        || any_cross(all, left) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json};
    use super::*;

    const PARK: &str = r#"{"type":"Polygon","coordinates":[[[-73.9495,40.7969],[-73.95807266235352,40.80068603561921],[-73.98201942443848,40.76825672305777],[-73.97317886352539,40.76455136505513],[-73.9495,40.7969]]]}"#;

    fn ask(name: &str, longitude: f64, latitude: f64, polygon: &'static str) -> Value<'static> {
        call(name, &[Value::Real(longitude), Value::Real(latitude), json(polygon)])
    }

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn near_the_park() {
        let metres = ask("geo_distance_point_to_polygon", -73.9839, 40.7705, PARK);
        assert!(matches!(metres, Value::Real(n) if (n - 259.9407560705964).abs() < 1e-6), "{metres:?}");
        assert_eq!(ask("geo_distance_point_to_polygon", -73.965, 40.783, PARK), Value::Real(0.0));
        assert_eq!(ask("geo_point_in_polygon", -73.9839, 40.7705, PARK), Value::Bool(false));
        assert_eq!(ask("geo_point_in_polygon", -73.965, 40.783, PARK), Value::Bool(true));
        // The other side of the ball.
        assert_eq!(ask("geo_point_in_polygon", 106.035, -40.783, PARK), Value::Bool(false));
    }

    #[test]
    fn either_way_round_and_with_holes() {
        let holed =
            r#"{"type":"Polygon","coordinates":[[[0,0],[0,10],[10,10],[10,0],[0,0]],[[4,4],[6,4],[6,6],[4,6],[4,4]]]}"#;
        assert_eq!(ask("geo_point_in_polygon", 2.0, 2.0, holed), Value::Bool(true));
        assert_eq!(ask("geo_point_in_polygon", 5.0, 5.0, holed), Value::Bool(false));
        let many = r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[179,0],[-179,0],[-179,1],[179,1],[179,0]]]]}"#;
        assert_eq!(ask("geo_point_in_polygon", 180.0, 0.5, many), Value::Bool(true));
        assert_eq!(ask("geo_point_in_polygon", 0.9, 0.1, many), Value::Bool(true));
        assert_eq!(ask("geo_point_in_polygon", 170.0, 0.5, many), Value::Bool(false));
    }

    #[test]
    fn what_is_no_polygon_is_null() {
        for polygon in [
            r#"{"type":"Polygon","coordinates":[[[0,0],[10,10],[10,10],[0,0]]]}"#,
            r#"{"type":"Polygon","coordinates":[[[0,0],[10,10],[0,10],[10,0],[0,0]]]}"#,
            r#"{"type":"Polygon","coordinates":[[[0,0],[10,10],[10,0]]]}"#,
            r#"{"type":"Polygon","coordinates":[]}"#,
            r#"{"type":"Polygon"}"#,
            r#"{"type":"LineString","coordinates":[[0,0],[10,10]]}"#,
        ] {
            for name in ["geo_point_in_polygon", "geo_distance_point_to_polygon", "geo_closest_point_on_polygon"] {
                assert_eq!(ask(name, 1.0, 1.0, polygon), Value::Null, "{name} {polygon}");
            }
        }
        assert_eq!(ask("geo_point_in_polygon", 200.0, 1.0, PARK), Value::Null);
    }
}
