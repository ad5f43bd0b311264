//! GeoJSON: shapes as dynamics.
//!
//! <https://datatracker.ietf.org/doc/html/rfc7946>

use std::collections::HashSet;

use super::sphere::Point;
use crate::value::{Dynamic, Value};

/// How near the sum of two opposite places comes to nothing.
const OPPOSITE: f64 = 1e-15;

/// A shape: its type, and its coordinates.
pub(super) fn shape(kind: &'static str, coordinates: Dynamic<'static>) -> Dynamic<'static> {
    Dynamic::Bag([("type".into(), Dynamic::String(kind.into())), ("coordinates".into(), coordinates)].into())
}

/// A pair of degrees.
pub(super) fn pair((longitude, latitude): (f64, f64)) -> Dynamic<'static> {
    Dynamic::Array([Dynamic::Real(longitude), Dynamic::Real(latitude)].into())
}

/// Places in their order.
fn places(line: &[Point]) -> Dynamic<'static> {
    Dynamic::Array(line.iter().map(|place| pair(place.degrees())).collect())
}

/// One line, or many.
pub(super) fn of_lines(lines: &[Vec<Point>]) -> Dynamic<'static> {
    match lines {
        [line] => shape("LineString", places(line)),
        lines => shape("MultiLineString", Dynamic::Array(lines.iter().map(|line| places(line)).collect())),
    }
}

/// One place, or many.
pub(super) fn of_points(points: &[Point]) -> Dynamic<'static> {
    match points {
        [point] => shape("Point", pair(point.degrees())),
        points => shape("MultiPoint", places(points)),
    }
}

/// One polygon, or many; each ring is closed by its first corner.
pub(super) fn of_polygons(polygons: &[Vec<Vec<Point>>]) -> Dynamic<'static> {
    let ring = |ring: &Vec<Point>| {
        let closed: Vec<Point> = ring.iter().chain(ring.first()).copied().collect();
        places(&closed)
    };
    let rings = |rings: &Vec<Vec<Point>>| Dynamic::Array(rings.iter().map(ring).collect());
    match polygons {
        [one] => shape("Polygon", rings(one)),
        many => shape("MultiPolygon", Dynamic::Array(many.iter().map(rings).collect())),
    }
}

/// Shapes of different kinds, or none.
pub(super) fn collection(shapes: Vec<Dynamic<'static>>) -> Dynamic<'static> {
    Dynamic::Bag(
        [
            ("type".into(), Dynamic::String("GeometryCollection".into())),
            ("geometries".into(), Dynamic::Array(shapes.into())),
        ]
        .into(),
    )
}

/// A place.
pub(super) fn point<'a>(degrees: (f64, f64)) -> Value<'a> {
    Value::Dynamic(shape("Point", pair(degrees)))
}

/// What lies within these corners; the first one closes it.
pub(super) fn polygon<'a>(corners: impl IntoIterator<Item = (f64, f64)>) -> Value<'a> {
    let mut ring: Vec<Dynamic<'static>> = corners.into_iter().map(pair).collect();
    ring.extend(ring.first().cloned());
    Value::Dynamic(shape("Polygon", Dynamic::Array([Dynamic::Array(ring.into())].into())))
}

/// The lines of a LineString or, if there may be `many`, a MultiLineString; none if any of it is no line.
pub(super) fn lines(value: &Value<'_>, many: bool) -> Option<Vec<Vec<Point>>> {
    let Value::Dynamic(shape) = value else { return None };
    let coordinates = shape.member("coordinates");
    match (shape.member("type"), &coordinates) {
        (Dynamic::String(kind), line) if kind == "LineString" => Some(vec![self::line(line)?]),
        (Dynamic::String(kind), Dynamic::Array(lines)) if kind == "MultiLineString" && many && !lines.is_empty() => {
            lines.iter().map(self::line).collect()
        }
        _ => None,
    }
}

/// Two places or more, none of them opposite to the one before it.
fn line(coordinates: &Dynamic<'_>) -> Option<Vec<Point>> {
    let Dynamic::Array(places) = coordinates else { return None };
    let points: Vec<Point> = places.iter().map(place).collect::<Option<_>>()?;
    let joined = points.windows(2).all(|ends| matches!(ends, [a, b] if a.plus(*b).norm() > OPPOSITE));
    (points.len() > 1 && joined).then_some(points)
}

/// The corners of a ring, which differ: three or more, and the first again to close it.
pub(super) fn ring(coordinates: &Dynamic<'_>) -> Option<Vec<Point>> {
    let mut corners = line(coordinates)?;
    let last = corners.pop();
    let mut seen = HashSet::new();
    let closed = last.map(Point::bits) == corners.first().map(|first| first.bits());
    (closed && corners.len() > 2 && corners.iter().all(|corner| seen.insert(corner.bits()))).then_some(corners)
}

/// A pair of degrees as a place.
fn place(pair: &Dynamic<'_>) -> Option<Point> {
    let Dynamic::Array(numbers) = pair else { return None };
    let number = |at: usize| match numbers.get(at) {
        Some(Dynamic::Long(n)) => Some(*n as f64),
        Some(Dynamic::Real(n)) => Some(*n),
        _ => None,
    };
    Point::from_degrees(number(0)?, number(1)?)
}
