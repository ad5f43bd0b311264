//! Lines and polygons with fewer corners.
//!
//! <https://learn.microsoft.com/kusto/query/geo-line-simplify-function> and its neighbours.

use std::collections::HashMap;

use super::super::arguments::{argument, array_at, real_at};
use super::super::limits::bounded;
use super::super::{Function, Param};
use super::chains::{Hop, simplified};
use super::edges::{Edge, Looks, along};
use super::overlay::{Corners, Rings, followed, polygons};
use super::polygon::{Polygons, edges};
use super::shape::{self, lines};
use super::sites::Sites;
use super::sphere::{Point, RADIUS};
use super::union::{chained, distinct, each_once, whole};
use super::{DYNAMIC, REAL};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const PARAMS: &[Param] = &[DYNAMIC, REAL];

/// In metres.
const TOLERANCE: f64 = 10.0;

/// The greatest that S2 can do, in degrees; the documentation has it in metres, about 7800000.
const GREATEST: f64 = 70.0;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "geo_line_simplify",
        "geo_line_simplify(line, [tolerance])",
        "A LineString or MultiLineString with fewer places: none of them nearer to another than 10 metres, or the tolerance, and what is \
         left within it of the line. Null for what is no line, for another tolerance than 0 to 70 degrees round the earth, for a line of \
         which nothing is left, and beyond 4,194,304 looks at pairs.",
    )
    .takes(1, 2, PARAMS)
    .calls(ScalarType::Dynamic, |_, a| {
        let line = lines(argument(a, 0), true).zip(distance(a, 0.0..=GREATEST.to_radians() * RADIUS));
        line.and_then(|(lines, distance)| of_lines(&lines, distance)).map_or(Value::Null, bounded)
    }),
    Function::of(
        "geo_polygon_simplify",
        "geo_polygon_simplify(polygon, [tolerance])",
        "A Polygon or MultiPolygon with fewer corners: none of them nearer to another than 10 metres, or the tolerance, and the border \
         within it of what it was. Null for what is no polygon, for another tolerance than 0.1 to 10000, for a polygon of which nothing \
         is left, and beyond 4,194,304 looks at pairs.",
    )
    .takes(1, 2, PARAMS)
    .calls(ScalarType::Dynamic, |_, a| {
        let polygon = Polygons::read(argument(a, 0)).zip(distance(a, 0.1..=10_000.0));
        let simple = polygon.and_then(|(polygon, distance)| {
            let mut left = Looks::new();
            let rings = whole(&polygon, &mut Corners::default(), &mut left)?;
            of_polygons(&[rings], distance, &mut left)
        });
        simple.map_or(Value::Null, bounded)
    }),
    Function::of(
        "geo_simplify_polygons_array",
        "geo_simplify_polygons_array(polygons, [tolerance])",
        "An array of Polygons and MultiPolygons as one MultiPolygon with fewer corners, as of geo_polygon_simplify(); borders that two \
         of them have in common stay common. Null if one is none, for another tolerance than 0 to 70 degrees round the earth, \
         where nothing is left, and beyond 4,194,304 looks at pairs.",
    )
    .takes(1, 2, PARAMS)
    .calls(ScalarType::Dynamic, |_, a| {
        let shapes = array_at(a, 0).zip(distance(a, 0.0..=GREATEST.to_radians() * RADIUS));
        let simple = shapes.and_then(|(shapes, distance)| {
            let (mut left, mut corners) = (Looks::new(), Corners::default());
            let mut polygons = Vec::with_capacity(shapes.len());
            for shape in shapes {
                let polygon = Polygons::of(shape, &mut left)?;
                polygons.push(whole(&polygon, &mut corners, &mut left)?);
            }
            of_polygons(&polygons, distance, &mut left)
        });
        simple.map_or(Value::Null, bounded)
    }),
];

/// An angle that doubles near 1 do not tell from none: some nanometres on the ground.
const FINEST: f64 = 1e-15;

/// The tolerance behind a shape, as an angle.
fn distance(arguments: &[Value<'_>], valid: std::ops::RangeInclusive<f64>) -> Option<f64> {
    let metres = match arguments.get(1) {
        None => TOLERANCE,
        Some(_) => real_at(arguments, 1)?,
    };
    let distance = metres / RADIUS;
    valid.contains(&metres).then_some(if distance < FINEST { 0.0 } else { distance })
}

/// Edges with chains made one, each of a shape, in the order of the edges.
fn hops(edges: &[Edge], shapes: &[usize], distance: f64, left: &mut Looks) -> Option<(Sites, Vec<Hop>)> {
    let sites = Sites::of(edges, distance, left)?;
    let mut hops = simplified(edges, shapes, &sites, distance);
    hops.sort_by_key(|hop| (hop.shape, hop.number));
    Some((sites, hops))
}

/// The edge that a hop is.
fn edge(sites: &Sites, hop: &Hop) -> Option<Edge> {
    Some((*sites.places.get(hop.from)?, *sites.places.get(hop.to)?))
}

fn of_lines(lines: &[Vec<Point>], distance: f64) -> Option<Dynamic<'static>> {
    let mut left = Looks::new();
    // Several are put together, one may go over the same place again.
    let mut edges: Vec<Edge> = match lines {
        [line] => along(line).collect(),
        lines => distinct(lines, &mut left)?,
    };
    edges.retain(|(a, b)| a != b);
    if distance > 0.0 {
        let (sites, hops) = hops(&edges, &vec![0; edges.len()], distance, &mut left)?;
        edges = hops.iter().map(|hop| edge(&sites, hop)).collect::<Option<_>>()?;
    }
    let found = match lines {
        [_] => walked(&edges),
        _ => chained(each_once(edges.into_iter())),
    };
    (!found.is_empty()).then(|| shape::of_lines(&found))
}

/// The way over all edges of one line, those that come first first: where two of its places have become one, there are several.
fn walked(edges: &[Edge]) -> Vec<Vec<Point>> {
    let mut onward: HashMap<[u64; 3], Vec<Point>> = HashMap::new();
    let mut excess: HashMap<[u64; 3], i64> = HashMap::new();
    for (a, b) in edges.iter().rev() {
        onward.entry(a.bits()).or_default().push(*b);
        *excess.entry(a.bits()).or_default() += 1;
        *excess.entry(b.bits()).or_default() -= 1;
    }
    let start = edges.iter().find(|(a, _)| excess.get(&a.bits()).is_some_and(|excess| *excess > 0));
    let Some((start, _)) = start.or(edges.first()) else { return Vec::new() };
    // Hierholzer's way: what is left when it goes on no more is a round trip from a place on it.
    let (mut open, mut line) = (vec![*start], Vec::new());
    while let Some(at) = open.last() {
        match onward.get_mut(&at.bits()).and_then(Vec::pop) {
            Some(next) => open.push(next),
            None => line.extend(open.pop()),
        }
    }
    line.reverse();
    vec![line]
}

/// Polygons, each its rings with what they enclose on their left.
fn of_polygons(shapes: &[Rings], distance: f64, left: &mut Looks) -> Option<Dynamic<'static>> {
    let mut found: Vec<Rings> = Vec::new();
    if distance > 0.0 {
        let of_shape = |rings: &Rings| rings.iter().flat_map(|ring| edges(ring)).collect::<Vec<Edge>>();
        let all: Vec<Vec<Edge>> = shapes.iter().map(of_shape).collect();
        let numbers: Vec<usize> =
            all.iter().enumerate().flat_map(|(shape, edges)| std::iter::repeat_n(shape, edges.len())).collect();
        let (sites, hops) = hops(&all.concat(), &numbers, distance, left)?;
        for hops in hops.chunk_by(|a, b| a.shape == b.shape) {
            found.extend(polygons(followed(uncancelled(&sites, hops)?), left)?);
        }
    } else {
        for rings in shapes {
            found.extend(polygons(rings.clone(), left)?);
        }
    }
    (!found.is_empty()).then(|| shape::of_polygons(&found))
}

/// The edges that are not gone along as often either way: those have the same on both sides.
fn uncancelled(sites: &Sites, hops: &[Hop]) -> Option<Vec<(Edge, usize)>> {
    let mut counts: HashMap<(usize, usize), i64> = HashMap::new();
    for hop in hops {
        *counts.entry((hop.from, hop.to)).or_default() += 1;
        *counts.entry((hop.to, hop.from)).or_default() -= 1;
    }
    let mut kept = Vec::new();
    for hop in hops {
        if let Some(count) = counts.get_mut(&(hop.from, hop.to))
            && *count > 0
        {
            *count = 0;
            kept.push((edge(sites, hop)?, hop.number));
        }
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json, json_of};
    use super::*;

    fn shape(kind: &str, coordinates: &str) -> Value<'static> {
        json(Box::leak(format!(r#"{{"type":"{kind}","coordinates":{coordinates}}}"#).into_boxed_str()))
    }

    /// Polygons, by their coordinates.
    fn array(polygons: &[&str]) -> Value<'static> {
        let shapes: Vec<String> =
            polygons.iter().map(|rings| format!(r#"{{"type":"Polygon","coordinates":{rings}}}"#)).collect();
        json(Box::leak(format!("[{}]", shapes.join(",")).into_boxed_str()))
    }

    /// All pairs of degrees of a shape.
    fn pairs(shape: &Dynamic<'_>, found: &mut Vec<(f64, f64)>) {
        let Dynamic::Array(list) = shape else { return };
        if let [Dynamic::Real(x), Dynamic::Real(y)] = list.as_ref() {
            found.push((*x, *y));
        }
        list.iter().for_each(|list| pairs(list, found));
    }

    fn places(shape: &Value<'_>) -> Vec<(f64, f64)> {
        let mut found = Vec::new();
        if let Value::Dynamic(shape) = shape {
            pairs(&shape.member("coordinates"), &mut found);
        }
        found
    }

    #[track_caller]
    fn near(found: &Value<'_>, expected: &[(f64, f64)]) {
        let found = places(found);
        let same = found.iter().zip(expected).all(|(a, b)| (a.0 - b.0).abs() < 1e-12 && (a.1 - b.1).abs() < 1e-12);
        assert!(found.len() == expected.len() && same, "{found:?} is not {expected:?}");
    }

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn documented_shapes() {
        let line = shape(
            "LineString",
            "[[-73.97033169865608,40.789063020152824],[-73.97039607167244,40.78897975920816],[-73.9704617857933,40.78888837512432],[-73.97052884101868,40.7887949601531],[-73.9706052839756,40.788698498903564],[-73.97065222263336,40.78862640672032],[-73.97072866559029,40.78852791445617],[-73.97079303860664,40.788434498977836]]",
        );
        let expected = [(-73.97033169865608, 40.789063020152824), (-73.97079303860664, 40.788434498977836)];
        near(&call("geo_line_simplify", &[line, Value::Real(10.0)]), &expected);
        let polygon = shape(
            "Polygon",
            "[[[-73.94885122776031,40.79673476355657],[-73.94885927438736,40.79692258628347],[-73.94887939095497,40.79692055577034],[-73.9488673210144,40.79693476936093],[-73.94888743758202,40.79693476936093],[-73.9488834142685,40.796959135509105],[-73.94890084862709,40.79695304397289],[-73.94906312227248,40.79710736271788],[-73.94923612475395,40.7968708081794],[-73.94885122776031,40.79673476355657]]]",
        );
        let expected = [
            (-73.94885122776031, 40.79673476355657),
            (-73.94906312227248, 40.79710736271788),
            (-73.94923612475395, 40.79687080817939),
            (-73.94885122776031, 40.79673476355657),
        ];
        near(&call("geo_polygon_simplify", &[polygon]), &expected);
    }

    #[test]
    fn what_is_none_or_of_which_nothing_is_left_is_null() {
        let line = |text, metres| call("geo_line_simplify", &[shape("LineString", text), Value::Real(metres)]);
        assert_eq!(line("[[1,1]]", 10.0), Value::Null);
        assert_eq!(line("[[1,1],[2,2]]", -1.0), Value::Null);
        assert_eq!(line("[[1,1],[2,2]]", 7.8e6), Value::Null);
        assert_eq!(line("[[1.1,1.1],[1.2,1.2]]", 100_000.0), Value::Null);
        let polygon = |text, metres| call("geo_polygon_simplify", &[shape("Polygon", text), Value::Real(metres)]);
        assert_eq!(polygon("[[[5,48],[5,48]]]", 10.0), Value::Null);
        assert_eq!(polygon("[[[5,48],[0,50],[0,47],[4,47],[5,48]]]", -0.1), Value::Null);
        assert_eq!(polygon("[[[5,48],[0,50],[0,47],[4,47],[5,48]]]", 1_000_000.0), Value::Null);
        assert_eq!(polygon("[[[5,48],[5.01,48],[5.01,48.01],[5,48]]]", 10_000.0), Value::Null);
        let good = "[[[5,48],[0,50],[0,47],[4,47],[5,48]]]";
        let of =
            |polygons: &[&str], metres| call("geo_simplify_polygons_array", &[array(polygons), Value::Real(metres)]);
        assert_eq!(places(&of(&[good], 10.0)).len(), 5);
        assert_eq!(of(&[good, "[[[5,48]]]"], 10.0), Value::Null);
        assert_eq!(of(&[good], -1.0), Value::Null);
        assert_eq!(of(&[good], 1_000_000.0), Value::Null);
        assert_eq!(of(&[], 10.0), Value::Null);
    }

    #[test]
    fn without_a_tolerance_it_stays_as_it_is() {
        let corners = [(1.0, 1.0), (1.1, 1.1), (1.2, 1.2000001), (1.3, 1.3)];
        let line = || shape("LineString", "[[1,1],[1.1,1.1],[1.1,1.1],[1.2,1.2000001],[1.3,1.3]]");
        near(&call("geo_line_simplify", &[line(), Value::Real(0.0)]), &corners);
        near(&call("geo_line_simplify", &[line(), Value::Real(10.0)]), &[(1.0, 1.0), (1.3, 1.3)]);
        let two = shape("MultiLineString", "[[[1,1],[1.1,1.1]],[[1.1,1.1],[1.2,1.2000001],[1.3,1.3]],[[2,2],[3,3]]]");
        near(&call("geo_line_simplify", &[two]), &[(1.0, 1.0), (1.3, 1.3), (2.0, 2.0), (3.0, 3.0)]);
    }

    /// Numbers from 0 to 1, always the same.
    fn numbers(mut state: u64) -> impl FnMut() -> f64 {
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    fn away(name: &str, (longitude, latitude): (f64, f64), from: &Value<'static>) -> f64 {
        match call(name, &[Value::Real(longitude), Value::Real(latitude), from.clone()]) {
            Value::Real(metres) => metres,
            _ => f64::NAN,
        }
    }

    fn dynamic(value: Value<'static>) -> Option<Dynamic<'static>> {
        if let Value::Dynamic(dynamic) = value { Some(dynamic) } else { None }
    }

    fn list(places: &[(f64, f64)]) -> String {
        let places: Vec<String> = places.iter().map(|(x, y)| format!("[{x},{y}]")).collect();
        format!("[{}]", places.join(","))
    }

    #[test]
    fn lines_stay_near() {
        let mut next = numbers(9);
        for round in 0..40 {
            let latitude = [50.0, -88.0, 0.0][round % 3];
            let (step, bend) = (0.000_02 + next() * 0.000_5, next() * 1.5);
            let (mut x, mut y, mut way) = (179.999, latitude, next() * 6.0);
            let corners: Vec<(f64, f64)> = (0..50)
                .map(|_| {
                    way += (next() - 0.5) * bend;
                    x += step * way.cos();
                    y += step * way.sin();
                    (if x > 180.0 { x - 360.0 } else { x }, y)
                })
                .collect();
            let (line, metres) = (shape("LineString", &list(&corners)), 1.0 + next() * 50.0);
            let simple = call("geo_line_simplify", &[line.clone(), Value::Real(metres)]);
            if simple == Value::Null {
                assert!(corners.iter().all(|at| away(
                    "geo_distance_point_to_line",
                    *at,
                    &shape("LineString", &list(&[corners[0], corners[0]]))
                ) < 4.0 * metres));
                continue;
            }
            assert!(json_of("tostring", std::slice::from_ref(&simple)).contains("\"LineString"));
            for corner in &corners {
                assert!(away("geo_distance_point_to_line", *corner, &simple) < metres * 1.001);
            }
            let kept = places(&simple);
            assert!(kept.len() < corners.len());
            for corner in kept {
                assert!(away("geo_distance_point_to_line", corner, &line) < metres * 1.001);
            }
        }
    }

    #[test]
    fn a_hole_stays_within() {
        // The bump on the upper side is low, but without it the hole below it would reach out.
        let outer = "[[0,-100],[100,-100],[100,0],[50,9],[0,0],[0,-100]]";
        let polygon = |rings: &str| {
            let scaled: Vec<String> = rings
                .split(',')
                .map(|part| {
                    let number = part.trim_matches(['[', ']']);
                    let value: f64 = number.parse().unwrap_or(f64::NAN);
                    part.replace(number, &format!("{}", value / 10_000.0))
                })
                .collect();
            shape("Polygon", &format!("[{}]", scaled.join(",")))
        };
        // Ten of these units, in metres.
        let metres = Value::Real(0.001_f64.to_radians() * RADIUS);
        let simple = |rings| places(&call("geo_polygon_simplify", &[polygon(rings), metres.clone()])).len();
        assert_eq!(simple(outer), 5);
        assert_eq!(simple(&format!("{outer},[[40,1],[60,-60],[30,-60],[40,1]]")), 10);
    }

    #[test]
    fn polygons_stay_polygons_and_borders_common() {
        let (mut next, mut kept) = (numbers(4), 0);
        for _ in 0..20 {
            // Two beside each other, with a rough border between.
            let border: Vec<(f64, f64)> = (0..40).map(|n| (20.0 + next() * 0.001, f64::from(n) * 0.000_5)).collect();
            let mut west = border.clone();
            west.extend([(19.99, 0.0195), (19.99, 0.0), border[0]]);
            let mut east: Vec<(f64, f64)> = border.iter().rev().copied().collect();
            east.extend([(20.01, 0.0), (20.01, 0.0195), border[39]]);
            let [of_west, of_east] = [&west, &east].map(|ring| format!("[{}]", list(ring)));
            let metres = 5.0 + next() * 60.0;
            let both = array(&[&of_west, &of_east]);
            let simple = call("geo_simplify_polygons_array", &[both, Value::Real(metres)]);
            let area = |polygon: &Value<'static>| match call("geo_polygon_area", std::slice::from_ref(polygon)) {
                Value::Real(area) => area,
                _ => f64::NAN,
            };
            let Value::Dynamic(found) = &simple else { return assert_eq!(simple, json("{}")) };
            let of = |at: i64| {
                Value::Dynamic(Dynamic::Bag(
                    [
                        ("type".into(), Dynamic::String("Polygon".into())),
                        ("coordinates".into(), found.member("coordinates").index(at).into_owned()),
                    ]
                    .into(),
                ))
            };
            // Each is one, and there is nothing between them nor common to them.
            let (sum, whole) = (area(&of(0)) + area(&of(1)), area(&simple));
            assert!((sum - whole).abs() < 1.0, "{sum} {whole}");
            let parts = Value::Dynamic(Dynamic::Array([of(0), of(1)].into_iter().filter_map(dynamic).collect()));
            let union = call("geo_union_polygons_array", &[parts]);
            let rings = dynamic(union).map(|union| union.member("coordinates").into_owned());
            assert!(matches!(&rings, Some(Dynamic::Array(rings)) if rings.len() == 1), "{rings:?}");
            kept += places(&simple).len();
            let alone = call("geo_polygon_simplify", &[shape("Polygon", &of_west), Value::Real(metres)]);
            for corner in places(&alone) {
                assert!(
                    away("geo_distance_point_to_line", corner, &shape("LineString", &list(&west))) < metres * 1.001
                );
            }
            assert!(area(&alone) > 0.0);
        }
        // They had 86 each time.
        assert!(kept < 20 * 60, "{kept}");
    }
}
