//! What lies within a distance of places, lines and polygons.
//!
//! <https://learn.microsoft.com/kusto/query/geo-point-buffer-function> and its neighbours.

use super::super::Function;
use super::super::arguments::{argument, real_at};
use super::super::limits::bounded;
use super::edges::Looks;
use super::offset::{Curves, Distance, KNOWN};
use super::overlay::polygons;
use super::polygon::{Polygons, enclosed};
use super::shape::{self, lines};
use super::sphere::Point;
use super::winding;
use super::{DYNAMIC, REAL, point_at};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

/// How far the border may be from where it should be, in metres.
const TOLERANCE: f64 = 10.0;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "geo_point_buffer",
        "geo_point_buffer(longitude, latitude, radius, [tolerance])",
        "The Polygon of what lies within so many metres of a place, its border within 10 metres of them, or within the tolerance. Null \
         for what is no place, unless the radius is above zero, and for a tolerance below a millionth of it; here also for more than a \
         quarter round the earth, for more than 262,144 corners, and beyond 4,194,304 looks at pairs of edges.",
    )
    .takes(3, 4, &[REAL])
    .calls(ScalarType::Dynamic, |_, a| {
        let place = point_at(a, 0).zip(distance(a, 2));
        place.and_then(|(place, distance)| buffer(&distance, |curves| curves.round_place(place))).map_or(Value::Null, bounded)
    }),
    Function::of(
        "geo_line_buffer",
        "geo_line_buffer(line, radius, [tolerance])",
        "The Polygon or MultiPolygon of what lies within so many metres of a LineString or MultiLineString, round at its ends. Null for \
         what is no line, and as for geo_point_buffer(); here also for more than half of the earth.",
    )
    .takes(2, 3, &[DYNAMIC, REAL])
    .calls(ScalarType::Dynamic, |_, a| {
        let lines = lines(argument(a, 0), true).zip(distance(a, 1));
        let buffer = lines.and_then(|(lines, distance)| {
            buffer(&distance, |curves| lines.iter().try_for_each(|line| curves.round_line(line)))
        });
        buffer.map_or(Value::Null, bounded)
    }),
    Function::of(
        "geo_polygon_buffer",
        "geo_polygon_buffer(polygon, radius, [tolerance])",
        "A Polygon or MultiPolygon with what lies within so many metres of it. Null for what is no polygon, and as for \
         geo_point_buffer(); here also for more than half of the earth.",
    )
    .takes(2, 3, &[DYNAMIC, REAL])
    .calls(ScalarType::Dynamic, |_, a| {
        let polygons = Polygons::read(argument(a, 0)).zip(distance(a, 1));
        let buffer = polygons.and_then(|(polygons, distance)| buffer(&distance, |curves| round(&polygons, curves)));
        buffer.map_or(Value::Null, bounded)
    }),
];

/// A radius and the tolerance behind it.
fn distance(arguments: &[Value<'_>], at: usize) -> Option<Distance> {
    let tolerance = match arguments.get(at + 1) {
        None => TOLERANCE,
        Some(_) => real_at(arguments, at + 1)?,
    };
    Distance::new(real_at(arguments, at)?, tolerance)
}

fn round(polygons: &Polygons, curves: &mut Curves<'_>) -> Option<()> {
    for (number, rings) in polygons.rings().iter().enumerate() {
        for (at, ring) in rings.iter().enumerate() {
            // What is enclosed lies right of a hole.
            let ring: Vec<Point> = if at == 0 { ring.clone() } else { ring.iter().rev().copied().collect() };
            curves.round_ring(&ring)?;
        }
        curves.around += i64::from(polygons.contains(number, KNOWN));
    }
    Some(())
}

/// What the curves that are drawn enclose. None for nothing, and for more than half of the ball, which GeoJSON cannot say.
fn buffer(distance: &Distance, draw: impl Fn(&mut Curves<'_>) -> Option<()>) -> Option<Dynamic<'static>> {
    let mut curves = Curves::new(distance);
    draw(&mut curves)?;
    let mut left = Looks::new();
    let rings = winding::enclosed(&curves, &mut left)?;
    let has_shell = rings.iter().any(|ring| enclosed(ring) < std::f64::consts::TAU);
    has_shell.then_some(())?;
    Some(shape::of_polygons(&polygons(rings, &mut left)?))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json, json_of};
    use super::*;

    fn value(text: String) -> Value<'static> {
        json(Box::leak(text.into_boxed_str()))
    }

    fn shape(kind: &str, coordinates: &str) -> Value<'static> {
        value(format!(r#"{{"type":"{kind}","coordinates":{coordinates}}}"#))
    }

    fn reals(numbers: &[f64]) -> Vec<Value<'static>> {
        numbers.iter().copied().map(Value::Real).collect()
    }

    /// The rings of all polygons of a shape.
    fn rings(shape: &Value<'_>) -> Vec<Vec<(f64, f64)>> {
        let mut found = Vec::new();
        if let Value::Dynamic(shape) = shape {
            read(&shape.member("coordinates"), &mut found);
        }
        found
    }

    fn read(list: &Dynamic<'_>, found: &mut Vec<Vec<(f64, f64)>>) {
        let Dynamic::Array(list) = list else { return };
        let number = |pair: &Dynamic<'_>, at| if let Dynamic::Real(n) = pair.index(at) { n } else { f64::NAN };
        match list.first().map(|first| first.index(0)) {
            Some(Dynamic::Real(_)) => found.push(list.iter().map(|pair| (number(pair, 0), number(pair, 1))).collect()),
            _ => list.iter().for_each(|list| read(list, found)),
        }
    }

    /// The first corners of a ring that has so many.
    #[track_caller]
    fn begins(found: &Value<'_>, count: usize, expected: &[(f64, f64)]) {
        let rings = rings(found);
        let ring = rings.first().map(Vec::as_slice).unwrap_or_default();
        let near = ring.iter().zip(expected).all(|(a, b)| (a.0 - b.0).abs() < 1e-12 && (a.1 - b.1).abs() < 1e-12);
        assert!(ring.len() == count && near, "{ring:?} is not {expected:?}");
    }

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn documented_buffers() {
        begins(
            &call("geo_point_buffer", &reals(&[-115.1745008278, 36.1497251277, 20_000.0])),
            101,
            &[
                (-115.23572342504431, 36.32267760568711),
                (-115.24907930550225, 36.31923150743684),
                (-115.26213894131708, 36.31511508767727),
            ],
        );
        let line =
            shape("LineString", "[[-80.66634997047466,24.894526340592122],[-80.67373241820246,24.890808090321286]]");
        begins(
            &call("geo_line_buffer", &[line, Value::Real(4.0), Value::Real(0.1)]),
            19,
            &[
                (-80.66633072022181, 24.894494890070384),
                (-80.6663175977799, 24.894505561911583),
                (-80.66631086894226, 24.89452033754221),
                (-80.66631186265636, 24.894536298776067),
                (-80.66632038266636, 24.894550293269273),
                (-80.66633474627177, 24.89455955710832),
                (-80.66635211665958, 24.894562260683784),
                (-80.6663690631755, 24.89455787003908),
                (-80.66636922073731, 24.894557791111392),
                (-80.67375166976578, 24.890839539893484),
                (-80.67376479117557, 24.890828867402227),
            ],
        );
        let polygon = shape(
            "Polygon",
            "[[[139.813757,35.719666],[139.72558,35.71813],[139.727471,35.653231],[139.818721,35.657264],[139.813757,35.719666]]]",
        );
        begins(
            &call("geo_polygon_buffer", &[polygon, Value::Real(10_000.0)]),
            77,
            &[
                (139.8114280519897, 35.80957816216173),
                (139.72315148622184, 35.808040426974344),
                (139.71325749406012, 35.80750442521031),
                (139.7034623645755, 35.806252987938),
            ],
        );
    }

    #[test]
    fn what_is_no_buffer_is_null() {
        let point = |numbers: &[f64]| call("geo_point_buffer", &reals(numbers));
        assert_eq!(point(&[200.0, 1.0, 0.1]), Value::Null);
        assert_eq!(point(&[10.0, 10.0, -1.0]), Value::Null);
        assert_eq!(point(&[10.0, 10.0, 10_008_000.0, 20.0]), Value::Null);
        let line = |text, radius| call("geo_line_buffer", &[shape("LineString", text), Value::Real(radius)]);
        assert_eq!(line("[[0,0]]", 5.0), Value::Null);
        assert_eq!(line("[[0,0],[1,1]]", 0.0), Value::Null);
        let polygon = |text, radius| call("geo_polygon_buffer", &[shape("Polygon", text), Value::Real(radius)]);
        assert_eq!(polygon("[[[10,10],[0,10],[0,0],[10,10]]]", 0.0), Value::Null);
        assert_eq!(polygon("[[[10,10],[0,10]]]", 1.0), Value::Null);
        // More than half of the ball.
        assert_eq!(polygon("[[[0,1],[120,1],[-120,1],[0,1]]]", 1e6), Value::Null);
        // Round the whole equator, and no shell.
        assert_eq!(line("[[0,0],[120,0],[-120,0],[0,0]]", 100_000.0), Value::Null);
    }

    /// Numbers from 0 to 1, always the same.
    fn numbers(mut state: u64) -> impl FnMut() -> f64 {
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    /// What is nearer than the radius is within, what is farther is not, and the border is as far away as it should be.
    #[track_caller]
    fn check(
        what: &Value<'static>,
        buffer: &Value<'static>,
        radius: f64,
        tolerance: f64,
        next: &mut dyn FnMut() -> f64,
    ) {
        let is_line = json_text(what).contains("LineString");
        let away = |(longitude, latitude): (f64, f64)| {
            let [x, y] = [Value::Real(longitude), Value::Real(latitude)];
            let name = if is_line { "geo_distance_point_to_line" } else { "geo_distance_point_to_polygon" };
            match call(name, &[x, y, what.clone()]) {
                Value::Real(metres) => metres,
                _ => f64::NAN,
            }
        };
        let rings = rings(buffer);
        assert!(!rings.is_empty(), "{} within {radius}", json_text(what));
        for ring in &rings {
            for pair in ring.windows(2) {
                let [a, b] = pair else { continue };
                let (Some(from), Some(to)) = (Point::from_degrees(a.0, a.1), Point::from_degrees(b.0, b.1)) else {
                    continue;
                };
                let middle = from.plus(to).unit().unwrap_or(from).degrees();
                for at in [*a, middle] {
                    let metres = away(at);
                    let near = (metres - radius).abs() <= tolerance * 1.01 + 1e-3;
                    assert!(near, "{metres} not {radius} at {at:?} from {}", json_text(what));
                }
            }
        }
        for _ in 0..20 {
            let ring = rings.get((next() * rings.len() as f64) as usize).cloned().unwrap_or_default();
            let corner = ring.get((next() * ring.len() as f64) as usize).copied().unwrap_or_default();
            let (east, north) = ((next() - 0.5) * radius / 40_000.0, (next() - 0.5) * radius / 40_000.0);
            let at = (corner.0 + east, (corner.1 + north).clamp(-90.0, 90.0));
            let metres = away(at);
            let within = call("geo_point_in_polygon", &[Value::Real(at.0), Value::Real(at.1), buffer.clone()]);
            if metres < radius - tolerance * 1.01 - 1e-3 {
                assert_eq!(within, Value::Bool(true), "{at:?} {metres} {radius} {}", json_text(what));
            } else if metres > radius + tolerance * 1.01 + 1e-3 {
                assert_eq!(within, Value::Bool(false), "{at:?} {metres} {radius} {}", json_text(what));
            }
        }
    }

    fn json_text(value: &Value<'static>) -> String {
        json_of("tostring", std::slice::from_ref(value))
    }

    /// Where shapes are hard: anywhere, beside the pole and on the other side of the map.
    const PLACES: [(f64, f64); 4] = [(14.0, 50.0), (-30.0, 88.5), (179.99, -10.0), (60.0, -89.9)];

    fn wrapped(longitude: f64) -> f64 {
        if longitude > 180.0 { longitude - 360.0 } else { longitude }
    }

    #[test]
    fn lines_that_wander() {
        let mut next = numbers(3);
        for round in 0..60 {
            let (longitude, latitude) = PLACES[round % PLACES.len()];
            let count = 2 + (next() * 12.0) as usize;
            let mut place = || format!("[{},{}]", wrapped(longitude + next() * 0.2), latitude + next() * 0.09);
            let mut places: Vec<String> = (0..count).map(|_| place()).collect();
            // There and back again, and over the same place twice.
            if round % 5 == 0 {
                places.extend(places.clone().into_iter().rev());
            }
            let line = shape("LineString", &format!("[{}]", places.join(",")));
            let (radius, tolerance) = (10.0 + next() * 3000.0, 1.0 + next() * 9.0);
            let buffer = call("geo_line_buffer", &[line.clone(), Value::Real(radius), Value::Real(tolerance)]);
            check(&line, &buffer, radius, tolerance, &mut next);
        }
    }

    #[test]
    fn polygons_with_bays_and_holes() {
        let mut next = numbers(5);
        for round in 0..60 {
            let (longitude, latitude) = PLACES[round % 3];
            let stretch = 1.0 / f64::to_radians(latitude).cos();
            // A star, and one within it as a hole.
            let mut star = |near: f64, far: f64| {
                let count = 3 + (next() * 12.0) as usize;
                let mut corners: Vec<String> = (0..count)
                    .map(|n| {
                        let angle = n as f64 / count as f64 * std::f64::consts::TAU;
                        let out = near + next() * (far - near);
                        format!(
                            "[{},{}]",
                            wrapped(longitude + out * angle.cos() * stretch),
                            latitude + out * angle.sin()
                        )
                    })
                    .collect();
                corners.extend(corners.first().cloned());
                format!("[{}]", corners.join(","))
            };
            let rings = match round % 3 {
                0 => star(0.02, 0.1),
                _ => format!("{},{}", star(0.05, 0.1), star(0.005, 0.015)),
            };
            let polygon = shape("Polygon", &format!("[{rings}]"));
            let (radius, tolerance) = (10.0 + next() * 3000.0, 1.0 + next() * 9.0);
            let buffer = call("geo_polygon_buffer", &[polygon.clone(), Value::Real(radius), Value::Real(tolerance)]);
            if call("geo_polygon_area", std::slice::from_ref(&polygon)) == Value::Null {
                assert_eq!(buffer, Value::Null);
                continue;
            }
            check(&polygon, &buffer, radius, tolerance, &mut next);
        }
    }

    #[test]
    fn several_shapes_become_one_where_they_are_near() {
        let two = || shape("MultiLineString", "[[[0,0],[0.01,0]],[[0.01,0],[0.02,0.0]],[[0.5,0],[0.5,0.01]]]");
        let buffer = |line, radius: f64| call("geo_line_buffer", &[line, Value::Real(radius)]);
        assert_eq!(rings(&buffer(two(), 100.0)).len(), 2);
        assert_eq!(rings(&buffer(two(), 60_000.0)).len(), 1);
        let polygons = || {
            shape(
                "MultiPolygon",
                "[[[[0,0],[1,0],[1,1],[0,1],[0,0]]],[[[1,0],[2,0],[2,1],[1,1],[1,0]]],[[[0.5,0.5],[1.5,0.5],[1,1],[0.5,0.5]]]]",
            )
        };
        let mut next = numbers(7);
        let found = call("geo_polygon_buffer", &[polygons(), Value::Real(1000.0)]);
        assert_eq!(rings(&found).len(), 1);
        check(&polygons(), &found, 1000.0, 10.0, &mut next);
        // A hole that is filled, and one that is left.
        let holed = |radius: f64| {
            let square = "[[[0,0],[1,0],[1,1],[0,1],[0,0]],[[0.4,0.4],[0.6,0.4],[0.6,0.6],[0.4,0.6],[0.4,0.4]]]";
            call("geo_polygon_buffer", &[shape("Polygon", square), Value::Real(radius)])
        };
        assert_eq!(rings(&holed(5000.0)).len(), 2);
        assert_eq!(rings(&holed(12_000.0)).len(), 1);
    }

    #[test]
    fn round_the_pole_and_over_half_the_ball() {
        let mut next = numbers(11);
        let pole = call("geo_point_buffer", &reals(&[0.0, 90.0, 1_000_000.0]));
        assert_eq!(
            call("geo_point_in_polygon", &[Value::Real(77.0), Value::Real(85.0), pole.clone()]),
            Value::Bool(true)
        );
        assert_eq!(call("geo_point_in_polygon", &[Value::Real(77.0), Value::Real(75.0), pole]), Value::Bool(false));
        let long = shape("LineString", "[[-80,10],[80,20]]");
        let buffer = call("geo_line_buffer", &[long.clone(), Value::Real(500_000.0), Value::Real(50.0)]);
        check(&long, &buffer, 500_000.0, 50.0, &mut next);
        let far = call("geo_point_buffer", &reals(&[10.0, 10.0, 9_000_000.0, 1000.0]));
        assert_eq!(call("geo_point_in_polygon", &[Value::Real(80.0), Value::Real(-20.0), far]), Value::Bool(true));
    }
}
