//! Functions of lines: how long they are, and what on them is near.
//!
//! <https://learn.microsoft.com/kusto/query/geo-line-length-function> and its neighbours.

use std::collections::HashSet;

use super::super::arguments::{argument, real_at};
use super::super::callee::prepared;
use super::super::{Function, Param, Returns};
use super::edges::{Edge, along};
use super::shape::{self, lines};
use super::sphere::{Point, RADIUS};
use super::{REAL, point_at};
use crate::schema::ScalarType;
use crate::value::Value;

const LINE: Param = Param::Is(ScalarType::Dynamic);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "geo_line_length",
        "geo_line_length(line)",
        "The metres that a LineString or MultiLineString is long; an edge that stands in it twice counts once. Null for what is no \
         line.",
    )
    .takes(1, 1, &[LINE])
    .calls(ScalarType::Real, |_, a| {
        let length = edges(argument(a, 0)).map(|edges| edges.iter().map(|(a, b)| a.angle(*b)).sum::<f64>() * RADIUS);
        length.map_or(Value::Null, Value::Real)
    }),
    Function::of(
        "geo_line_centroid",
        "geo_line_centroid(line)",
        "The middle of a LineString or MultiLineString, weighed by length, as a Point; an edge that stands in it twice counts once. \
         Null for what is no line.",
    )
    .takes(1, 1, &[LINE])
    .calls(ScalarType::Dynamic, |_, a| {
        let sum = edges(argument(a, 0)).map(|edges| edges.iter().fold(Point([0.0; 3]), |sum, edge| sum.plus(middle(edge))));
        sum.and_then(Point::unit).map_or(Value::Null, |at| shape::point(at.degrees()))
    }),
    Function::of(
        "geo_line_interpolate_point",
        "geo_line_interpolate_point(line, fraction)",
        "The Point on a LineString that so much of it, from 0 to 1, lies before. Null for what is no line, and another fraction.",
    )
    .takes(2, 2, &[LINE, REAL])
    .calls(ScalarType::Dynamic, |_, a| {
        let fraction = real_at(a, 1).filter(|fraction| (0.0..=1.0).contains(fraction));
        let line = lines(argument(a, 0), false).and_then(|mut lines| lines.pop());
        let found = line.zip(fraction).and_then(|(line, fraction)| at_fraction(&line, fraction));
        found.map_or(Value::Null, |at| shape::point(at.degrees()))
    }),
    Function::of(
        "geo_line_locate_point",
        "geo_line_locate_point(line, longitude, latitude, [use_spheroid])",
        "How much of a LineString, from 0 to 1, lies before its nearest place. Null for what is no line or place; on a spheroid it \
         is not computed.",
    )
    .takes(3, 4, &[LINE, REAL, REAL, Param::Is(ScalarType::Bool)])
    .prepares(Returns::Type(ScalarType::Real), |constants| match constants.get(3) {
        None | Some(Some(Value::Bool(false))) => prepared(|_, a| {
            let line = lines(argument(a, 0), false).and_then(|mut lines| lines.pop());
            line.zip(point_at(a, 1)).and_then(|(line, at)| located(&line, at)).map_or(Value::Null, Value::Real)
        }),
        Some(_) => Err(("KT003", "geo_line_locate_point() computes on a ball alone: leave use_spheroid out".to_owned())),
    }),
    Function::of(
        "geo_closest_point_on_line",
        "geo_closest_point_on_line(longitude, latitude, line)",
        "The Point of a LineString or MultiLineString that is nearest to a place. Null for what is no line or place.",
    )
    .takes(3, 3, &[REAL, REAL, LINE])
    .calls(ScalarType::Dynamic, |_, a| closest(a).map_or(Value::Null, |(_, near)| shape::point(near.degrees()))),
    Function::of(
        "geo_distance_point_to_line",
        "geo_distance_point_to_line(longitude, latitude, line)",
        "The metres from a place to the nearest one of a LineString or MultiLineString. Null for what is no line or place.",
    )
    .takes(3, 3, &[REAL, REAL, LINE])
    .calls(ScalarType::Real, |_, a| closest(a).map_or(Value::Null, |(at, near)| Value::Real(at.angle(near) * RADIUS))),
];

/// The edges of all lines, each once.
fn edges(value: &Value<'_>) -> Option<Vec<Edge>> {
    let lines = lines(value, true)?;
    let mut seen = HashSet::new();
    let mut is_new = |(a, b): &Edge| seen.insert((a.bits().min(b.bits()), a.bits().max(b.bits())));
    Some(lines.iter().flat_map(|line| along(line)).filter(|edge| is_new(edge)).collect())
}

/// The middle of an edge, as long as the edge: such a sum over edges points to the middle of all.
fn middle((a, b): &Edge) -> Point {
    let (difference, sum) = (a.plus(b.times(-1.0)), a.plus(*b));
    sum.times(difference.norm() / sum.norm())
}

fn length(line: &[Point]) -> f64 {
    along(line).map(|(a, b)| a.angle(b)).sum()
}

fn at_fraction(line: &[Point], fraction: f64) -> Option<Point> {
    let mut left = length(line) * fraction;
    for (a, b) in along(line) {
        let edge = a.angle(b);
        if left < edge {
            return Some(a.towards(b, left));
        }
        left -= edge;
    }
    line.last().copied()
}

fn located(line: &[Point], at: Point) -> Option<f64> {
    let whole = length(line);
    let (mut before, mut best) = (0.0, None::<(f64, f64)>);
    for (a, b) in along(line) {
        let near = at.nearest(a, b);
        let away = at.angle(near);
        if best.is_none_or(|(least, _)| away < least) {
            best = Some((away, before + a.angle(near)));
        }
        before += a.angle(b);
    }
    // A line that goes nowhere has one place, its start.
    best.map(|(_, upto)| if whole > 0.0 { (upto / whole).min(1.0) } else { 0.0 })
}

/// The place that is asked about, and the nearest one on the line.
fn closest(arguments: &[Value<'_>]) -> Option<(Point, Point)> {
    let at = point_at(arguments, 0)?;
    let lines = lines(argument(arguments, 2), true)?;
    let nearest = lines.iter().flat_map(|line| along(line)).map(|(a, b)| at.nearest(a, b));
    nearest.min_by(|a, b| at.angle(*a).total_cmp(&at.angle(*b))).map(|near| (at, near))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json};
    use super::*;
    use crate::value::Dynamic;

    #[track_caller]
    fn near(found: &Value<'_>, expected: &[f64]) {
        let numbers: Vec<f64> = match found {
            Value::Real(n) => vec![*n],
            Value::Dynamic(point) => match point.member("coordinates") {
                Dynamic::Array(pair) => pair.iter().map(real).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        let close = numbers.len() == expected.len()
            && numbers.iter().zip(expected).all(|(a, b)| (a - b).abs() <= b.abs() * 1e-12);
        assert!(close, "{found:?} is not {expected:?}");
    }

    fn real(number: &Dynamic<'_>) -> f64 {
        if let Dynamic::Real(n) = number { *n } else { f64::NAN }
    }

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn lines_of_the_documentation() {
        let straight = || json(r#"{"type":"LineString","coordinates":[[-73.95796,40.80042],[-73.97317,40.764486]]}"#);
        let two = json(
            r#"{"type":"MultiLineString","coordinates":[[[-73.95798683166502,40.800556090021466],[-73.98193359375,40.76819171855746]],
               [[-73.94940376281738,40.79691751000055],[-73.97317886352539,40.76435634049001]]]}"#,
        );
        near(&call("geo_line_length", std::slice::from_ref(&two)), &[8262.243397537412]);
        near(&call("geo_line_centroid", &[two]), &[-73.96562218400669, 40.78250336313828]);
        near(&call("geo_line_centroid", &[straight()]), &[-73.96556705723094, 40.782453249627416]);
        let quarter = call("geo_line_interpolate_point", &[straight(), Value::Real(0.25)]);
        near(&quarter, &[-73.96176404321828, 40.79143668725723]);
        let located = call("geo_line_locate_point", &[straight(), Value::Real(-73.965), Value::Real(40.792)]);
        near(&located, &[0.2556013510030755]);
        let bent = || {
            json(
                r#"{"type":"LineString","coordinates":[[-115.183289,36.175007],[-115.192612,36.176736],[-115.202485,36.173439]]}"#,
            )
        };
        let at = [Value::Real(-115.199625), Value::Real(36.210419), bent()];
        near(&call("geo_distance_point_to_line", &at), &[3797.8888725332145]);
        near(&call("geo_closest_point_on_line", &at), &[-115.192612, 36.176736]);
    }

    #[test]
    fn an_edge_counts_once() {
        let there = json(r#"{"type":"LineString","coordinates":[[0,0],[1,0]]}"#);
        let and_back = json(r#"{"type":"LineString","coordinates":[[0,0],[1,0],[0,0]]}"#);
        assert_eq!(call("geo_line_length", &[there]), call("geo_line_length", &[and_back]));
    }

    #[test]
    fn what_is_no_line_is_null() {
        for line in [
            r#"{"type":"LineString","coordinates":[[1,1]]}"#,
            r#"{"type":"LineString","coordinates":[[1,1],[300,1]]}"#,
            r#"{"type":"LineString","coordinates":[[0,0],[180,0]]}"#,
            r#"{"type":"Polygon","coordinates":[[1,1],[2,2]]}"#,
            r#"{"type":"LineString"}"#,
            "[]",
        ] {
            for name in ["geo_line_length", "geo_line_centroid"] {
                assert_eq!(call(name, &[json(line)]), Value::Null, "{name} {line}");
            }
        }
        let many = json(r#"{"type":"MultiLineString","coordinates":[[[1,1],[2,2]]]}"#);
        assert_eq!(call("geo_line_interpolate_point", &[many, Value::Real(0.5)]), Value::Null);
    }
}
