//! Polygons and lines put together, and what polygons have in common.
//!
//! <https://learn.microsoft.com/kusto/query/geo-union-polygons-array-function> and its neighbours.

use std::collections::{HashMap, HashSet};

use super::super::arguments::{argument, array_at};
use super::super::limits::bounded;
use super::super::{Function, Param};
use super::DYNAMIC;
use super::edges::{Edge, Looks, along, bits, cut};
use super::overlay::{Corners, Rings, common, polygons, union};
use super::polygon::Polygons;
use super::shape::{self, lines};
use super::sphere::Point;
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const SHAPES: &[Param] = &[DYNAMIC];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "geo_intersection_2polygons",
        "geo_intersection_2polygons(polygon, polygon)",
        "What two of Polygon or MultiPolygon have in common: polygons, edges or places that they touch in, several of these, or an \
         empty GeometryCollection. Null for what is no polygon, and beyond 4,194,304 pairs of edges.",
    )
    .takes(2, 2, SHAPES)
    .calls(ScalarType::Dynamic, |_, a| {
        let both = Polygons::read(argument(a, 0)).zip(Polygons::read(argument(a, 1)));
        both.and_then(|(a, b)| intersection(&a, &b)).map_or(Value::Null, bounded)
    }),
    Function::of(
        "geo_union_polygons_array",
        "geo_union_polygons_array(polygons)",
        "An array of Polygons and MultiPolygons as one. Null if one is none, and beyond 4,194,304 pairs of edges.",
    )
    .takes(1, 1, SHAPES)
    .calls(ScalarType::Dynamic, |_, a| array_at(a, 0).and_then(united).map_or(Value::Null, bounded)),
    Function::of(
        "geo_union_lines_array",
        "geo_union_lines_array(lines)",
        "An array of LineStrings and MultiLineStrings as one, each edge once. Null if one is none, and beyond \
         4,194,304 pairs of edges.",
    )
    .takes(1, 1, SHAPES)
    .calls(ScalarType::Dynamic, |_, a| array_at(a, 0).and_then(joined).map_or(Value::Null, bounded)),
];

/// Rings with what they enclose on their left, and the same corner for what is the same place.
fn rings(rings: &[Vec<Point>], corners: &mut Corners) -> Rings {
    let ring = |(at, ring): (usize, &Vec<Point>)| {
        let mut ring: Vec<Point> = ring.iter().map(|corner| corners.of(*corner)).collect();
        if at > 0 {
            ring.reverse();
        }
        ring
    };
    rings.iter().enumerate().map(ring).collect()
}

/// The polygons as one; those of a MultiPolygon may lie over each other too.
pub(super) fn whole(polygons: &Polygons, corners: &mut Corners, left: &mut Looks) -> Option<Rings> {
    let mut parts = polygons.rings().iter().map(|part| rings(part, corners)).collect::<Vec<Rings>>().into_iter();
    let first = parts.next()?;
    parts.try_fold(first, |whole, part| union(&whole, &part, left))
}

fn intersection(a: &Polygons, b: &Polygons) -> Option<Dynamic<'static>> {
    let (mut left, mut corners) = (Looks::new(), Corners::default());
    let a = whole(a, &mut corners, &mut left)?;
    let b = whole(b, &mut corners, &mut left)?;
    let found = common(&a, &b, &mut left)?;
    let mut shapes = Vec::new();
    if !found.places.is_empty() {
        shapes.push(shape::of_points(&found.places));
    }
    if !found.edges.is_empty() {
        shapes.push(shape::of_lines(&chained(found.edges)));
    }
    if !found.rings.is_empty() {
        shapes.push(shape::of_polygons(&polygons(found.rings, &mut left)?));
    }
    Some(if shapes.len() == 1 { shapes.remove(0) } else { shape::collection(shapes) })
}

/// The two with the fewest corners first, until one is left: the order in which S2 does it decides where rings begin.
fn united(shapes: &[Dynamic<'_>]) -> Option<Dynamic<'static>> {
    let (mut left, mut corners) = (Looks::new(), Corners::default());
    let size = |rings: &Rings| rings.iter().map(Vec::len).sum::<usize>();
    let mut waiting: Vec<Rings> = Vec::with_capacity(shapes.len());
    for shape in shapes {
        let polygons = Polygons::of(shape, &mut left)?;
        waiting.push(whole(&polygons, &mut corners, &mut left)?);
    }
    // Sorted from the end, so that what is taken is taken from there.
    waiting.sort_by_key(&size);
    waiting.reverse();
    while waiting.len() > 1 {
        let (a, b) = (waiting.pop()?, waiting.pop()?);
        let both = union(&a, &b, &mut left)?;
        let at = waiting.partition_point(|other| size(other) > size(&both));
        left.take(waiting.len() - at)?;
        waiting.insert(at, both);
    }
    Some(shape::of_polygons(&polygons(waiting.pop()?, &mut left)?))
}

fn joined(shapes: &[Dynamic<'_>]) -> Option<Dynamic<'static>> {
    let mut all = Vec::new();
    for shape in shapes {
        all.extend(lines(&Value::Dynamic(shape.clone()), true)?);
    }
    let lines = chained(distinct(&all, &mut Looks::new())?);
    (!lines.is_empty()).then(|| shape::of_lines(&lines))
}

/// The edges of lines, cut where these cross, and each once.
pub(super) fn distinct(lines: &[Vec<Point>], left: &mut Looks) -> Option<Vec<Edge>> {
    let mut corners = Corners::default();
    let mut edges = |line: &Vec<Point>| {
        let line: Vec<Point> = line.iter().map(|place| corners.of(*place)).collect();
        along(&line).collect()
    };
    let groups: Vec<Vec<Edge>> = lines.iter().map(&mut edges).collect();
    Some(each_once(cut(&groups, left)?.into_iter().flatten().flatten()))
}

/// Edges without those that come again, in either direction.
pub(super) fn each_once(edges: impl Iterator<Item = Edge>) -> Vec<Edge> {
    let mut seen = HashSet::new();
    edges.filter(|(a, b)| seen.insert(bits(&(*a, *b))) && seen.insert(bits(&(*b, *a)))).collect()
}

/// Edges one after the other, as long as one goes on where the last has ended.
pub(super) fn chained(edges: Vec<Edge>) -> Vec<Vec<Point>> {
    let mut from: HashMap<[u64; 3], Vec<usize>> = HashMap::new();
    let ends: HashSet<[u64; 3]> = edges.iter().map(|(_, end)| end.bits()).collect();
    for (at, (start, _)) in edges.iter().enumerate().rev() {
        from.entry(start.bits()).or_default().push(at);
    }
    let mut used = vec![false; edges.len()];
    let mut lines = Vec::new();
    // Those that no other leads to come first; what is left goes round.
    let first = (0..edges.len()).filter(|at| !ends.contains(&edges[*at].0.bits()));
    for start in first.collect::<Vec<usize>>().into_iter().chain(0..edges.len()) {
        if used[start] {
            continue;
        }
        let mut line = vec![edges[start].0];
        let mut next = Some(start);
        while let Some(at) = next {
            used[at] = true;
            line.push(edges[at].1);
            let onward = from.get_mut(&edges[at].1.bits());
            next = onward.and_then(|onward| {
                while onward.last().is_some_and(|at| used[*at]) {
                    onward.pop();
                }
                onward.pop()
            });
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json, json_of};
    use super::*;

    fn value(text: String) -> Value<'static> {
        json(Box::leak(text.into_boxed_str()))
    }

    fn polygon(rings: &str) -> String {
        format!(r#"{{"type":"Polygon","coordinates":[{rings}]}}"#)
    }

    /// Numbers of a text to six digits, and all else of it.
    fn rounded(text: &str) -> String {
        let is_number = |c: char| c.is_ascii_digit() || "-.".contains(c);
        let mut rounded = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(is_number) {
            rounded.push_str(&rest[..at]);
            rest = &rest[at..];
            let end = rest.find(|c| !is_number(c)).unwrap_or(rest.len());
            let number: f64 = rest[..end].parse().unwrap_or(f64::NAN);
            rounded.push_str(
                &format!("{number:.6}").trim_end_matches('0').trim_end_matches('.').replace("-0.000000", "0"),
            );
            rest = &rest[end..];
        }
        rounded + rest
    }

    #[track_caller]
    fn check(name: &str, arguments: &[String], expected: &str) {
        let arguments: Vec<Value<'static>> = arguments.iter().cloned().map(value).collect();
        assert_eq!(rounded(&json_of(name, &arguments)), expected, "{name}");
    }

    const SQUARE: &str = "[[0,0],[2,0],[2,2],[0,2],[0,0]]";

    #[test]
    fn what_squares_have_in_common() {
        let with = |other: &str, expected: &str| {
            check("geo_intersection_2polygons", &[polygon(SQUARE), polygon(other)], expected);
        };
        // Edges are the shortest ways on the ground: between two places of one latitude they bend to the pole.
        with(
            "[[1,-1],[3,-1],[3,1],[1,1],[1,-1]]",
            r#"{"type":"Polygon","coordinates":[[[1,0],[2,0],[2,1.000152],[1,1],[1,0]]]}"#,
        );
        with("[[0.5,0.5],[1,0.5],[1,1],[0.5,0.5]]", &polygon("[[0.5,0.5],[1,0.5],[1,1],[0.5,0.5]]"));
        with("[[2,2],[3,2],[3,3],[2,2]]", r#"{"type":"Point","coordinates":[2,2]}"#);
        with("[[2,0],[3,0],[3,2],[2,2],[2,0]]", r#"{"type":"LineString","coordinates":[[2,0],[2,2]]}"#);
        with("[[5,5],[6,5],[6,6],[5,5]]", r#"{"type":"GeometryCollection","geometries":[]}"#);
        // A hole is nothing that they have in common.
        with(
            "[[-1,-1],[3,-1],[3,3],[-1,3],[-1,-1]],[[0.5,0.5],[0.5,1],[1,1],[0.5,0.5]]",
            &polygon("[[0,0],[2,0],[2,2],[0,2],[0,0]],[[0.5,0.5],[0.5,1],[1,1],[0.5,0.5]]"),
        );
        assert_eq!(call("geo_intersection_2polygons", &[value(polygon(SQUARE)), json("{}")]), Value::Null);
    }

    #[test]
    fn polygons_become_one() {
        let of = |all: &[&str], expected: &str| {
            let all: Vec<String> = all.iter().map(|rings| polygon(rings)).collect();
            check("geo_union_polygons_array", &[format!("[{}]", all.join(","))], expected);
        };
        of(&[SQUARE], &polygon(SQUARE));
        of(&[SQUARE, SQUARE], &polygon(SQUARE));
        // The edge between neighbours is gone; so is what lies within.
        of(&[SQUARE, "[[2,0],[4,0],[4,2],[2,2],[2,0]]"], &polygon("[[2,2],[0,2],[0,0],[2,0],[4,0],[4,2],[2,2]]"));
        of(&[SQUARE, "[[0.5,0.5],[1,0.5],[1,1],[0.5,0.5]]"], &polygon(SQUARE));
        let apart = "[[5,5],[6,5],[6,6],[5,5]]";
        of(
            &[SQUARE, apart],
            r#"{"type":"MultiPolygon","coordinates":[[[[5,5],[6,5],[6,6],[5,5]]],[[[0,0],[2,0],[2,2],[0,2],[0,0]]]]}"#,
        );
        let bad = format!("[{},{}]", polygon(SQUARE), polygon("[[0,0],[1,1]]"));
        assert_eq!(call("geo_union_polygons_array", &[value(bad)]), Value::Null);
        assert_eq!(call("geo_union_polygons_array", &[json("[]")]), Value::Null);
    }

    #[test]
    fn areas_agree_however_polygons_lie() {
        let area = |polygon: &str| match call("geo_polygon_area", &[value(polygon.to_owned())]) {
            Value::Real(area) => area,
            _ => 0.0,
        };
        let mut state = 9_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for _ in 0..200 {
            // Stars about places near each other.
            let mut star = || {
                let (x, y) = (next() * 4.0, 40.0 + next() * 4.0);
                let corners: Vec<String> = (0..7)
                    .map(|n| {
                        let (angle, far) = (f64::from(n) / 7.0 * std::f64::consts::TAU, 1.0 + next() * 3.0);
                        format!("[{},{}]", x + far * angle.cos(), y + far * angle.sin())
                    })
                    .collect();
                polygon(&format!("[{},{}]", corners.join(","), corners[0]))
            };
            let (a, b) = (star(), star());
            let both = json_of("geo_intersection_2polygons", &[value(a.clone()), value(b.clone())]);
            let one = json_of("geo_union_polygons_array", &[value(format!("[{a},{b}]"))]);
            let (sum, apart) = (area(&a) + area(&b), area(&both) + area(&one));
            assert!((sum - apart).abs() < sum * 1e-9, "{a} {b}: {sum} {apart}\n{both}\n{one}");
        }
    }

    #[test]
    fn lines_become_one() {
        let of = |all: &[&str], expected: &str| {
            let line = |places: &&str| format!(r#"{{"type":"LineString","coordinates":{places}}}"#);
            let all: Vec<String> = all.iter().map(line).collect();
            check("geo_union_lines_array", &[format!("[{}]", all.join(","))], expected);
        };
        of(
            &["[[0,0],[1,0],[2,0]]", "[[1,0],[2,0],[3,1]]", "[[2,0],[1,0]]"],
            r#"{"type":"LineString","coordinates":[[0,0],[1,0],[2,0],[3,1]]}"#,
        );
        of(
            &["[[0,0],[1,0]]", "[[5,5],[6,6]]"],
            r#"{"type":"MultiLineString","coordinates":[[[0,0],[1,0]],[[5,5],[6,6]]]}"#,
        );
        let bad = r#"[{"type":"LineString","coordinates":[[1,1]]}]"#;
        assert_eq!(call("geo_union_lines_array", &[json(bad)]), Value::Null);
    }
}
