//! Well-known text, `POINT (1 2)`: shapes as databases write them.
//!
//! <https://learn.microsoft.com/kusto/query/geo-from-wkt-function>

use super::super::arguments::text_at;
use super::super::{Function, Param, limits};
use super::shape::shape;
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

/// How deep collections may nest.
const MAX_DEPTH: usize = 16;

pub(super) const FUNCTIONS: &[Function] = &[Function::of(
    "geo_from_wkt",
    "geo_from_wkt(text)",
    "The GeoJSON of a shape in well-known text: POINT, LINESTRING, POLYGON, MULTI… and GEOMETRYCOLLECTION, of two dimensions; null \
     for what is none.",
)
.takes(1, 1, &[Param::Is(ScalarType::String)])
.calls(ScalarType::Dynamic, |_, a| {
    let text = text_at(a, 0);
    let mut reader = Reader { rest: &text };
    let shape = reader.shape(0).filter(|_| reader.rest.trim_start().is_empty());
    shape.map_or(Value::Null, limits::bounded)
})];

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn shape(&mut self, depth: usize) -> Option<Dynamic<'static>> {
        let word = self.word().to_ascii_uppercase();
        let (kind, levels) = match word.as_str() {
            "POINT" => {
                self.eat('(').then_some(())?;
                let point = self.pair()?;
                return self.eat(')').then(|| shape("Point", point));
            }
            "LINESTRING" => ("LineString", 1),
            "MULTIPOINT" => ("MultiPoint", 1),
            "POLYGON" => ("Polygon", 2),
            "MULTILINESTRING" => ("MultiLineString", 2),
            "MULTIPOLYGON" => ("MultiPolygon", 3),
            "GEOMETRYCOLLECTION" if depth < MAX_DEPTH => {
                let members = self.list(|reader| reader.shape(depth + 1))?;
                let kind = ("type".into(), Dynamic::String("GeometryCollection".into()));
                return Some(Dynamic::Bag([kind, ("geometries".into(), members)].into()));
            }
            _ => return None,
        };
        Some(shape(kind, self.places(levels, kind == "MultiPoint")?))
    }

    /// Lists of lists of pairs, so many levels of them. A pair may have parentheses of its own in a MULTIPOINT.
    fn places(&mut self, levels: usize, of_points: bool) -> Option<Dynamic<'static>> {
        self.list(|reader| match levels {
            0 | 1 if of_points && reader.eat('(') => {
                let pair = reader.pair()?;
                reader.eat(')').then_some(pair)
            }
            0 | 1 => reader.pair(),
            _ => reader.places(levels - 1, of_points),
        })
    }

    /// `(item, …)`
    fn list(&mut self, mut item: impl FnMut(&mut Self) -> Option<Dynamic<'static>>) -> Option<Dynamic<'static>> {
        self.eat('(').then_some(())?;
        let mut items = vec![item(self)?];
        while self.eat(',') {
            items.push(item(self)?);
        }
        self.eat(')').then(|| Dynamic::Array(items.into()))
    }

    fn pair(&mut self) -> Option<Dynamic<'static>> {
        let pair = [self.number()?, self.number()?];
        Some(Dynamic::Array(pair.map(Dynamic::Real).into()))
    }

    fn number(&mut self) -> Option<f64> {
        let number = self.taken(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'));
        number.parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn word(&mut self) -> &'t str {
        self.taken(|c| c.is_ascii_alphabetic())
    }

    fn taken(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let text = self.rest.trim_start();
        let end = text.find(|c| !wanted(c)).unwrap_or(text.len());
        let (taken, rest) = text.split_at(end);
        self.rest = rest;
        taken
    }

    fn eat(&mut self, wanted: char) -> bool {
        match self.rest.trim_start().strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json_of};
    use super::*;

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn shapes() {
        for (text, expected) in [
            ("POINT (1 2)", r#"{"type":"Point","coordinates":[1,2]}"#),
            ("linestring(1 2,3 4)", r#"{"type":"LineString","coordinates":[[1,2],[3,4]]}"#),
            ("MULTIPOINT (1 1, (2 2))", r#"{"type":"MultiPoint","coordinates":[[1,1],[2,2]]}"#),
            ("POLYGON ((0 0, 2 0, 2 2, 0 0))", r#"{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,0]]]}"#),
            (
                "GEOMETRYCOLLECTION (POINT (1 1),POINT(-2e0 2))",
                r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,1]},{"type":"Point","coordinates":[-2,2]}]}"#,
            ),
        ] {
            assert_eq!(json_of("geo_from_wkt", &[Value::string(text)]), expected);
        }
    }

    #[test]
    fn what_is_no_shape_is_null() {
        let deep = "GEOMETRYCOLLECTION(".repeat(100_000);
        for text in
            ["LINESTRING", "POINT (1 2", "POINT (1 2) x", "POINT (1 2 3)", "POLYGON (0 0, 1 1)", "POINT EMPTY", &deep]
        {
            assert_eq!(call("geo_from_wkt", &[Value::string(text)]), Value::Null, "{text:.20}");
        }
    }
}
