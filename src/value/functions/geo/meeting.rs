//! Whether shapes have a place in common.
//!
//! <https://learn.microsoft.com/kusto/query/geo-intersects-2lines-function> and its neighbours.

use super::super::arguments::argument;
use super::super::{Function, Param};
use super::edges::{Edge, Looks, Meeting, along, meeting};
use super::polygon::Polygons;
use super::shape::lines;
use crate::schema::ScalarType;
use crate::value::Value;

const SHAPES: &[Param] = &[Param::Is(ScalarType::Dynamic)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "geo_intersects_2lines",
        "geo_intersects_2lines(line, line)",
        "Whether two lines, LineString or MultiLineString, have a place in common. Null for what is no line, and beyond \
         4,194,304 pairs of edges.",
    )
    .takes(2, 2, SHAPES)
    .calls(ScalarType::Bool, |_, a| {
        let both = line_at(a, 0).zip(line_at(a, 1));
        both.and_then(|(a, b)| Some(meeting(a, b, &mut Looks::new())? == Meeting::Common)).into()
    }),
    Function::of(
        "geo_intersects_line_with_polygon",
        "geo_intersects_line_with_polygon(line, polygon)",
        "Whether a line, LineString or MultiLineString, and a Polygon or MultiPolygon have a place in common. Null for what is no \
         line or polygon, and beyond 4,194,304 pairs of edges.",
    )
    .takes(2, 2, SHAPES)
    .calls(ScalarType::Bool, |_, a| {
        let both = lines(argument(a, 0), true).zip(Polygons::read(argument(a, 1)));
        both.and_then(|(lines, polygons)| {
            let (edges, mut left) = (polygons.edges(), Looks::new());
            left.take(lines.len().checked_mul(edges.len())?)?;
            // A line that crosses no edge is inside as a whole, or outside.
            let within = lines.iter().filter_map(|line| line.first()).any(|start| polygons.contain(*start));
            let line = lines.iter().flat_map(|line| along(line)).collect();
            Some(within || meeting(line, edges, &mut left)? == Meeting::Common)
        })
        .into()
    }),
    Function::of(
        "geo_intersects_2polygons",
        "geo_intersects_2polygons(polygon, polygon)",
        "Whether two of Polygon or MultiPolygon have a place in common. Null for what is no polygon, and beyond \
         4,194,304 pairs of edges.",
    )
    .takes(2, 2, SHAPES)
    .calls(ScalarType::Bool, |_, a| {
        let both = Polygons::read(argument(a, 0)).zip(Polygons::read(argument(a, 1)));
        both.and_then(|(a, b)| {
            let (of_a, of_b, mut left) = (a.edges(), b.edges(), Looks::new());
            left.take(a.corners().count().checked_mul(of_b.len())?)?;
            left.take(b.corners().count().checked_mul(of_a.len())?)?;
            let within = a.corners().any(|corner| b.contain(corner)) || b.corners().any(|corner| a.contain(corner));
            Some(within || meeting(of_a, of_b, &mut left)? == Meeting::Common)
        })
        .into()
    }),
];

/// The edges of the lines that an argument is.
fn line_at(arguments: &[Value<'_>], at: usize) -> Option<Vec<Edge>> {
    let lines = lines(argument(arguments, at), true)?;
    Some(lines.iter().flat_map(|line| along(line)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json};
    use super::*;

    const SQUARE: &str = r#"{"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}"#;

    fn ask(name: &str, a: &'static str, b: &'static str) -> Value<'static> {
        call(name, &[json(a), json(b)])
    }

    #[test]
    fn lines_and_polygons_meet() {
        // From the documentation, and the Kusto Emulator.
        let street = r#"{"type":"LineString","coordinates":[[-73.978929,40.785155],[-73.980903,40.782621]]}"#;
        let other = r#"{"type":"LineString","coordinates":[[-73.985195,40.788275],[-73.974552,40.779761]]}"#;
        let lines = |a, b| ask("geo_intersects_2lines", a, b);
        assert_eq!(lines(street, other), Value::Bool(true));
        assert_eq!(lines(street, r#"{"type":"LineString","coordinates":[[1,1],[2,2]]}"#), Value::Bool(false));
        assert_eq!(
            lines(street, r#"{"type":"LineString","coordinates":[[1,1],[-73.980903,40.782621]]}"#),
            Value::Bool(true)
        );
        assert_eq!(lines(street, r#"{"type":"LineString","coordinates":[[1,1]]}"#), Value::Null);
        assert_eq!(lines(street, SQUARE), Value::Null);
        let crossing = |line| ask("geo_intersects_line_with_polygon", line, SQUARE);
        assert_eq!(crossing(r#"{"type":"LineString","coordinates":[[-5,5],[15,5]]}"#), Value::Bool(true));
        assert_eq!(crossing(r#"{"type":"LineString","coordinates":[[4,5],[5,5]]}"#), Value::Bool(true));
        assert_eq!(crossing(r#"{"type":"LineString","coordinates":[[14,5],[15,5]]}"#), Value::Bool(false));
        let polygons = |polygon| ask("geo_intersects_2polygons", SQUARE, polygon);
        assert_eq!(polygons(r#"{"type":"Polygon","coordinates":[[[4,4],[5,4],[5,5],[4,4]]]}"#), Value::Bool(true));
        assert_eq!(polygons(r#"{"type":"Polygon","coordinates":[[[-5,4],[15,4],[15,5],[-5,4]]]}"#), Value::Bool(true));
        assert_eq!(polygons(r#"{"type":"Polygon","coordinates":[[[14,4],[15,4],[15,5],[14,4]]]}"#), Value::Bool(false));
        assert_eq!(polygons(r#"{"type":"Polygon"}"#), Value::Null);
    }
}
