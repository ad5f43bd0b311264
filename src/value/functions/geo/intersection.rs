//! What shapes have in common.
//!
//! <https://learn.microsoft.com/kusto/query/geo-intersection-2lines-function> and its neighbour. Lines have edges in common that
//! are the same, and places; edges that only lie along each other are not told from those that do not.

use std::collections::HashSet;

use super::super::arguments::argument;
use super::super::limits::bounded;
use super::super::{Function, Param};
use super::DYNAMIC;
use super::edges::{Edge, Looks, along, bits, cut, middle};
use super::polygon::Polygons;
use super::shape::{self, lines};
use super::sphere::Point;
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const SHAPES: &[Param] = &[DYNAMIC];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "geo_intersection_2lines",
        "geo_intersection_2lines(line, line)",
        "What two lines, LineString or MultiLineString, have in common: places, edges, both, or an empty GeometryCollection. Null \
         for what is no line, and beyond 4,194,304 pairs of edges.",
    )
    .takes(2, 2, SHAPES)
    .calls(ScalarType::Dynamic, |_, a| {
        let both = lines(argument(a, 0), true).zip(lines(argument(a, 1), true));
        both.and_then(|(a, b)| of_lines(&a, &b)).map_or(Value::Null, bounded)
    }),
    Function::of(
        "geo_intersection_line_with_polygon",
        "geo_intersection_line_with_polygon(line, polygon)",
        "What of a line, LineString or MultiLineString, lies in a Polygon or MultiPolygon: lines, or an empty GeometryCollection. \
         Null for what is no line or polygon, and beyond 4,194,304 pairs of edges.",
    )
    .takes(2, 2, SHAPES)
    .calls(ScalarType::Dynamic, |_, a| {
        let both = lines(argument(a, 0), true).zip(Polygons::read(argument(a, 1)));
        both.and_then(|(lines, polygons)| within(&lines, &polygons)).map_or(Value::Null, bounded)
    }),
];

fn of_lines(a: &[Vec<Point>], b: &[Vec<Point>]) -> Option<Dynamic<'static>> {
    let edges = |lines: &[Vec<Point>]| lines.iter().flat_map(|line| along(line)).collect::<Vec<Edge>>();
    let mut left = Looks::new();
    let others = edges(b);
    let parts = cut(&[edges(a), others.clone()], &mut left)?;
    let [ours, theirs] = parts.as_slice() else { return None };
    let same: HashSet<_> = others.iter().flat_map(|(a, b)| [bits(&(*a, *b)), bits(&(*b, *a))]).collect();
    let places: HashSet<[u64; 3]> = theirs.iter().flatten().flat_map(|(a, b)| [a.bits(), b.bits()]).collect();
    let mut common = Chains::default();
    let mut points: Vec<Point> = Vec::new();
    let mut seen: HashSet<[u64; 3]> = HashSet::new();
    let mut at = 0;
    for line in a {
        common.end();
        for edge in along(line) {
            if same.contains(&bits(&edge)) {
                common.push(edge);
            } else {
                common.end();
            }
            let ends = ours.get(at)?.iter().flat_map(|(a, b)| [*a, *b]);
            points.extend(ends.filter(|p| places.contains(&p.bits()) && seen.insert(p.bits())));
            at += 1;
        }
    }
    let chains = common.finish();
    let covered: HashSet<[u64; 3]> = chains.iter().flatten().map(|place| place.bits()).collect();
    points.retain(|place| !covered.contains(&place.bits()));
    Some(match (points.is_empty(), chains.is_empty()) {
        (true, true) => shape::collection(Vec::new()),
        (false, true) => shape::of_points(&points),
        (true, false) => shape::of_lines(&chains),
        (false, false) => shape::collection(vec![shape::of_points(&points), shape::of_lines(&chains)]),
    })
}

fn within(lines: &[Vec<Point>], polygons: &Polygons) -> Option<Dynamic<'static>> {
    let edges: Vec<Edge> = lines.iter().flat_map(|line| along(line)).collect();
    let round = polygons.edges();
    let mut left = Looks::new();
    let parts = cut(&[edges, round.clone()], &mut left)?;
    let ours = parts.first()?;
    let same: HashSet<_> = round.iter().flat_map(|(a, b)| [bits(&(*a, *b)), bits(&(*b, *a))]).collect();
    let mut common = Chains::default();
    let mut at = 0;
    for line in lines {
        common.end();
        for _ in along(line) {
            for part in ours.get(at)? {
                left.take(round.len())?;
                if same.contains(&bits(part)) || polygons.contain(middle(part)) {
                    common.push(*part);
                } else {
                    common.end();
                }
            }
            at += 1;
        }
    }
    let chains = common.finish();
    Some(if chains.is_empty() { shape::collection(Vec::new()) } else { shape::of_lines(&chains) })
}

/// Edges that follow each other, as lines.
#[derive(Default)]
struct Chains {
    done: Vec<Vec<Point>>,
    open: Vec<Point>,
}

impl Chains {
    fn push(&mut self, (a, b): Edge) {
        if self.open.last() != Some(&a) {
            self.end();
            self.open.push(a);
        }
        self.open.push(b);
    }

    fn end(&mut self) {
        if !self.open.is_empty() {
            self.done.push(std::mem::take(&mut self.open));
        }
    }

    fn finish(mut self) -> Vec<Vec<Point>> {
        self.end();
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json, json_of};
    use super::*;

    fn value(kind: &str, coordinates: &str) -> Value<'static> {
        json(Box::leak(format!(r#"{{"type":"{kind}","coordinates":{coordinates}}}"#).into_boxed_str()))
    }

    fn line(coordinates: &str) -> Value<'static> {
        value("LineString", coordinates)
    }

    #[track_caller]
    fn near(name: &str, arguments: [Value<'static>; 2], expected: &str) {
        let found = json_of(name, &arguments);
        let numbers = |text: &str| -> Vec<f64> {
            text.split(|c: char| !(c.is_ascii_digit() || "-.e".contains(c))).filter_map(|n| n.parse().ok()).collect()
        };
        let letters =
            |text: &str| text.chars().filter(|c| c.is_alphabetic() || "[]{}".contains(*c)).collect::<String>();
        let (a, b) = (numbers(&found), numbers(expected));
        let close = a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-10);
        assert!(close && letters(&found) == letters(expected), "{found} is not {expected}");
    }

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn documented_intersections() {
        let first = || line("[[-73.978929,40.785155],[-73.980903,40.782621]]");
        let lines = "geo_intersection_2lines";
        near(
            lines,
            [first(), line("[[-73.985195,40.788275],[-73.974552,40.779761]]")],
            r#"{"type":"Point","coordinates":[-73.97983711667098,40.783989289772165]}"#,
        );
        near(
            lines,
            [first(), first()],
            r#"{"type":"LineString","coordinates":[[-73.978929,40.785155],[-73.980903,40.782621]]}"#,
        );
        let nothing = r#"{"type":"GeometryCollection","geometries":[]}"#;
        near(lines, [line("[[1,1],[2,2]]"), line("[[3,3],[4,4]]")], nothing);
        assert_eq!(call(lines, &[line("[[1,1],[2,2]]"), line("[[3,3]]")]), Value::Null);
        let polygon = "geo_intersection_line_with_polygon";
        let triangle = || {
            value(
                "Polygon",
                "[[[-73.9712905883789,40.78580561168767],[-73.98004531860352,40.775276834803655],[-73.97000312805176,40.77852663535664],[-73.9712905883789,40.78580561168767]]]",
            )
        };
        near(
            polygon,
            [line("[[-73.985195,40.788275],[-73.974552,40.779761]]"), triangle()],
            r#"{"type":"LineString","coordinates":[[-73.97561195657819,40.78060906714618],[-73.974552,40.77976100000001]]}"#,
        );
        near(
            polygon,
            [
                line("[[-110.522,39.198],[-91.428,40.880]]"),
                value(
                    "Polygon",
                    "[[[-90.263,36.738],[-102.041,45.274],[-109.335,36.527],[-90.263,36.738]],[[-100.393,41.705],[-103.139,38.925],[-97.558,39.113],[-100.393,41.705]]]",
                ),
            ],
            r#"{"type":"MultiLineString","coordinates":[[[-106.89353655881905,39.769226209776306],[-101.74448553679453,40.373506008712525]],[[-99.13649943132886,40.589336512699994],[-95.28452773731179,40.79906024224635]]]}"#,
        );
        near(polygon, [line("[[1,1],[2,2]]"), triangle()], nothing);
    }

    #[test]
    fn edges_and_places_together() {
        let bent = line("[[0,0],[1,0],[2,1],[3,1]]");
        near(
            "geo_intersection_2lines",
            [bent, value("MultiLineString", "[[[1,0],[0,0]],[[2,1],[2,5]]]")],
            r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[2,1]},{"type":"LineString","coordinates":[[0,0],[1,0]]}]}"#,
        );
        let square = value("Polygon", "[[[0,0],[2,0],[2,2],[0,2],[0,0]]]");
        near(
            "geo_intersection_line_with_polygon",
            [line("[[0.5,0.5],[1,1],[0.5,1]]"), square],
            r#"{"type":"LineString","coordinates":[[0.5,0.5],[1,1],[0.5,1]]}"#,
        );
    }
}
