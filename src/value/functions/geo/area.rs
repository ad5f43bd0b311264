//! How large polygons are, and where their middle is; of several, that of all together.
//!
//! <https://learn.microsoft.com/kusto/query/geo-polygon-area-function> and its neighbours.

use super::super::arguments::argument;
use super::super::{Function, Param};
use super::edges::{Edge, Looks};
use super::outline::outline;
use super::polygon::{Polygons, excess};
use super::shape;
use super::sphere::{Point, RADIUS};
use crate::schema::ScalarType;
use crate::value::Value;

const POLYGON: &[Param] = &[Param::Is(ScalarType::Dynamic)];

/// The area of a ball of radius 1.
const WHOLE: f64 = 4.0 * std::f64::consts::PI;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "geo_polygon_area",
        "geo_polygon_area(polygon)",
        "The square metres of a Polygon, or that those of a MultiPolygon have together. Null for what is no polygon.",
    )
    .takes(1, 1, POLYGON)
    .calls(ScalarType::Real, |_, a| {
        let area = edges(a).map(|edges| area(&edges) * RADIUS * RADIUS);
        area.map_or(Value::Null, Value::Real)
    }),
    Function::of(
        "geo_polygon_perimeter",
        "geo_polygon_perimeter(polygon)",
        "The metres round a Polygon and its holes, or round those of a MultiPolygon together. Null for what is no polygon.",
    )
    .takes(1, 1, POLYGON)
    .calls(ScalarType::Real, |_, a| {
        let length = edges(a).map(|edges| edges.iter().map(|(a, b)| a.angle(*b)).sum::<f64>() * RADIUS);
        length.map_or(Value::Null, Value::Real)
    }),
    Function::of(
        "geo_polygon_centroid",
        "geo_polygon_centroid(polygon)",
        "The middle of a Polygon, or of those of a MultiPolygon together, weighed by area, as a Point. Null for what is no polygon.",
    )
    .takes(1, 1, POLYGON)
    .calls(ScalarType::Dynamic, |_, a| {
        let middle = edges(a).and_then(|edges| centroid(&edges).unit());
        middle.map_or(Value::Null, |at| shape::point(at.degrees()))
    }),
];

fn edges(arguments: &[Value<'_>]) -> Option<Vec<Edge>> {
    outline(&Polygons::read(argument(arguments, 0))?, &mut Looks::new())
}

/// What lies left of edges: triangles from one place, those on the other side taken away.
fn area(edges: &[Edge]) -> f64 {
    let Some((first, _)) = edges.first() else { return 0.0 };
    let area: f64 = edges.iter().map(|(a, b)| excess(*first, *a, *b)).sum();
    // What is far below zero is the rest of the ball; a sliver may come out a little below.
    if area < -1.0 { area + WHOLE } else { area.max(0.0) }
}

/// The sum of all places left of edges.
fn centroid(edges: &[Edge]) -> Point {
    let none = Point([0.0; 3]);
    let Some((first, _)) = edges.first() else { return none };
    edges.iter().fold(none, |sum, (a, b)| sum.plus(triangle(*first, *a, *b)))
}

/// The sum of all places of a triangle, by the lengths of its sides over their sines (Brock, "The Inertia Tensor for a Spherical
/// Triangle", 1974): planes through its corners, so that it holds for tiny triangles too.
fn triangle(a: Point, b: Point, c: Point) -> Point {
    let stretch = |angle: f64| if angle == 0.0 { 1.0 } else { angle / angle.sin() };
    let (of_a, of_b, of_c) = (stretch(b.angle(c)), stretch(c.angle(a)), stretch(a.angle(b)));
    let row = |at: usize| Point([a.0[at], b.0[at] - a.0[at], c.0[at] - a.0[at]]);
    let (x, y, z) = (row(0), row(1), row(2));
    let right = Point([of_a, of_b - of_a, of_c - of_a]);
    Point([y.cross(z).dot(right), z.cross(x).dot(right), x.cross(y).dot(right)]).times(0.5)
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json};
    use super::*;
    use crate::value::Dynamic;

    const PARK: &str = "[[[-73.9495,40.7969],[-73.95807266235352,40.80068603561921],[-73.98201942443848,40.76825672305777],[-73.97317886352539,40.76455136505513],[-73.9495,40.7969]]]";
    const BESIDE: &str = "[[[-73.94262313842773,40.775991804565585],[-73.98107528686523,40.791849155467695],[-73.99600982666016,40.77092185281977],[-73.96150588989258,40.75609977566361],[-73.94262313842773,40.775991804565585]]]";

    fn shape(kind: &str, coordinates: &str) -> Value<'static> {
        json(Box::leak(format!(r#"{{"type":"{kind}","coordinates":{coordinates}}}"#).into_boxed_str()))
    }

    #[track_caller]
    fn near(value: &Value<'_>, expected: f64) {
        assert!(
            matches!(value, Value::Real(n) if (n - expected).abs() <= expected * 1e-11),
            "{value:?} is not {expected}"
        );
    }

    #[track_caller]
    fn middle(polygon: Value<'static>, expected: [f64; 2]) {
        let Value::Dynamic(point) = call("geo_polygon_centroid", &[polygon]) else {
            return assert_eq!(expected, [0.0; 2]);
        };
        for (at, expected) in expected.into_iter().enumerate() {
            let found = point.member("coordinates").index(at as i64);
            assert!(matches!(found, Dynamic::Real(n) if (n - expected).abs() < 1e-10), "{found:?} is not {expected}");
        }
    }

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn the_park_and_what_lies_beside_it() {
        let park = || shape("Polygon", PARK);
        let both = || shape("MultiPolygon", &format!("[{PARK},{BESIDE}]"));
        near(&call("geo_polygon_area", &[park()]), 3475207.28346606);
        near(&call("geo_polygon_perimeter", &[park()]), 9930.301496049382);
        middle(park(), [-73.96573568990762, 40.78255053805781]);
        near(&call("geo_polygon_area", &[both()]), 10889971.534347963);
        near(&call("geo_polygon_perimeter", &[both()]), 15943.538457874045);
        middle(both(), [-73.96856958782088, 40.77631075255099]);
    }

    #[test]
    fn holes_neighbours_and_eighths() {
        let eighth = "[[[0,0],[90,0],[0,90],[0,0]]]";
        near(&call("geo_polygon_area", &[shape("Polygon", eighth)]), WHOLE / 8.0 * RADIUS * RADIUS);
        let (square, hole) = ("[[0,0],[2,0],[2,2],[0,2],[0,0]]", "[[0.5,0.5],[0.5,1],[1,1],[1,0.5],[0.5,0.5]]");
        let real = |polygon| match call("geo_polygon_area", &[polygon]) {
            Value::Real(area) => area,
            _ => f64::NAN,
        };
        let holed = real(shape("Polygon", &format!("[{square},{hole}]")));
        let (whole, gone) =
            (real(shape("Polygon", &format!("[{square}]"))), real(shape("Polygon", &format!("[{hole}]"))));
        assert!((holed + gone - whole).abs() < whole * 1e-12, "{holed} {gone} {whole}");
        // Of two that share an edge the edge is gone; of two that are the same one counts.
        let two = "[[[[0,0],[1,0],[1,1],[0,1],[0,0]]],[[[1,0],[2,0],[2,1],[1,1],[1,0]]]]";
        let one = real(shape("Polygon", "[[[0,0],[1,0],[1,1],[0,1],[0,0]]]"));
        assert!((real(shape("MultiPolygon", two)) - 2.0 * one).abs() < one * 1e-9);
        let same = format!("[[{square}],[{square}]]");
        near(&call("geo_polygon_area", &[shape("MultiPolygon", &same)]), whole);
    }

    #[test]
    fn what_is_no_polygon_is_null() {
        for name in ["geo_polygon_area", "geo_polygon_perimeter", "geo_polygon_centroid"] {
            assert_eq!(call(name, &[shape("Polygon", "[[[0,0],[10,10],[10,10],[0,0]]]")]), Value::Null, "{name}");
            assert_eq!(call(name, &[shape("LineString", "[[0,0],[10,10]]")]), Value::Null, "{name}");
        }
    }
}
