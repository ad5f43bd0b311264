//! Geohashes: the earth's map in halves, 5 a character.
//!
//! <https://learn.microsoft.com/kusto/query/geo-point-to-geohash-function> and its neighbours.

use super::super::Function;
use super::super::arguments::{real_at, text_at};
use super::super::limits::array;
use super::{CELL, LEVEL, REAL, level, point_at, shape};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// The most characters of a geohash.
const MAX_LENGTH: usize = 18;

/// In the order of the Kusto Emulator: columns to the east, rows to the north.
const NEIGHBORS: [(i64, i64); 8] = [(-1, 0), (-1, -1), (0, -1), (1, -1), (1, 1), (1, 0), (0, 1), (-1, 1)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "geo_point_to_geohash",
        "geo_point_to_geohash(longitude, latitude, [accuracy])",
        "The geohash of a place, with 1 to 18 characters (5); \"\" for what is no place, and another number of characters.",
    )
    .takes(2, 3, &[REAL, REAL, LEVEL])
    .calls(ScalarType::String, |_, a| {
        let length = level(a, 2, 5).map(usize::from).filter(|length| (1..=MAX_LENGTH).contains(length));
        let place = point_at(a, 0).and_then(|_| real_at(a, 0).zip(real_at(a, 1)));
        Value::string(place.zip(length).map(|(place, length)| Cell::of(place, length).text()).unwrap_or_default())
    }),
    Function::of(
        "geo_geohash_to_central_point",
        "geo_geohash_to_central_point(geohash)",
        "The Point in the middle of a geohash's box; null for what is no geohash.",
    )
    .takes(1, 1, CELL)
    .calls(ScalarType::Dynamic, |_, a| {
        Cell::read(&text_at(a, 0)).map_or(Value::Null, |found| {
            let [west, south, east, north] = found.sides();
            shape::point(((west + east) / 2.0, (south + north) / 2.0))
        })
    }),
    Function::of(
        "geo_geohash_to_polygon",
        "geo_geohash_to_polygon(geohash)",
        "The box of a geohash as a Polygon; null for what is no geohash.",
    )
    .takes(1, 1, CELL)
    .calls(ScalarType::Dynamic, |_, a| {
        Cell::read(&text_at(a, 0)).map_or(Value::Null, |found| {
            let [west, south, east, north] = found.sides();
            shape::polygon([(west, south), (east, south), (east, north), (west, north)])
        })
    }),
    Function::of(
        "geo_geohash_neighbors",
        "geo_geohash_neighbors(geohash)",
        "The geohashes of the boxes around one, none beyond the poles; null for what is no geohash.",
    )
    .takes(1, 1, CELL)
    .calls(ScalarType::Dynamic, |_, a| {
        Cell::read(&text_at(a, 0)).map_or(Value::Null, |found| {
            let around = NEIGHBORS.iter().filter_map(|offset| found.neighbor(*offset));
            array(around.map(|cell| Dynamic::String(cell.text().into())))
        })
    }),
];

/// A cell of the map: which one of `1 << bits` columns and rows, from the south-west.
struct Cell {
    length: usize,
    column: u64,
    row: u64,
}

impl Cell {
    /// How many bits the column has, and the row: the first bit of a geohash is the column's.
    fn bits(length: usize) -> (u32, u32) {
        let bits = 5 * length as u32;
        (bits.div_ceil(2), bits / 2)
    }

    fn of((longitude, latitude): (f64, f64), length: usize) -> Cell {
        let (columns, rows) = Cell::bits(length);
        let part = |share: f64, bits: u32| ((share * (1_u64 << bits) as f64) as u64).min((1 << bits) - 1);
        Cell { length, column: part((longitude + 180.0) / 360.0, columns), row: part((latitude + 90.0) / 180.0, rows) }
    }

    fn read(text: &str) -> Option<Cell> {
        if !(1..=MAX_LENGTH).contains(&text.len()) {
            return None;
        }
        let (mut column, mut row, mut of_column) = (0, 0, true);
        for byte in text.bytes() {
            let digit = DIGITS.iter().position(|digit| *digit == byte)? as u64;
            for bit in (0..5).rev() {
                let half = if of_column { &mut column } else { &mut row };
                *half = *half << 1 | (digit >> bit & 1);
                of_column = !of_column;
            }
        }
        Some(Cell { length: text.len(), column, row })
    }

    fn text(&self) -> String {
        let (mut columns, mut rows) = Cell::bits(self.length);
        let mut of_column = true;
        let mut next = || {
            let (half, left) = if of_column { (self.column, &mut columns) } else { (self.row, &mut rows) };
            of_column = !of_column;
            *left -= 1;
            (half >> *left & 1) as usize
        };
        (0..self.length)
            .map(|_| {
                let digit = (0..5).fold(0, |digit, _| digit << 1 | next());
                DIGITS.get(digit).copied().map_or('0', char::from)
            })
            .collect()
    }

    /// West, south, east, north.
    fn sides(&self) -> [f64; 4] {
        let (columns, rows) = Cell::bits(self.length);
        let degrees = |part: u64, bits: u32, whole: f64| part as f64 / (1_u64 << bits) as f64 * whole - whole / 2.0;
        [
            degrees(self.column, columns, 360.0),
            degrees(self.row, rows, 180.0),
            degrees(self.column + 1, columns, 360.0),
            degrees(self.row + 1, rows, 180.0),
        ]
    }

    fn neighbor(&self, (east, north): (i64, i64)) -> Option<Cell> {
        let (columns, rows) = Cell::bits(self.length);
        let row = self.row.checked_add_signed(north).filter(|row| *row < 1 << rows)?;
        let column = self.column.wrapping_add_signed(east) & ((1 << columns) - 1);
        Some(Cell { length: self.length, column, row })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json_of};
    use super::*;

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn boxes() {
        let of = |longitude: f64, latitude: f64, length| {
            call("geo_point_to_geohash", &[Value::Real(longitude), Value::Real(latitude), Value::Long(length)])
        };
        assert_eq!(of(-80.195829, 25.802215, 8), Value::string("dhwfz15h"));
        assert_eq!(of(180.0, 90.0, 3), Value::string("zzz"));
        for (length, text) in [(0, ""), (19, ""), (18, "s00000000000000000")] {
            assert_eq!(of(0.0, 0.0, length), Value::string(text));
        }
        let sunny = [Value::string("sunny")];
        assert_eq!(
            json_of("geo_geohash_neighbors", &sunny),
            r#"["sunnv","sunnt","sunnw","sunnx","sunpp","sunnz","sunpn","sunpj"]"#
        );
        assert_eq!(
            json_of("geo_geohash_to_central_point", &sunny),
            r#"{"type":"Point","coordinates":[42.47314453125,23.70849609375]}"#
        );
        // Round the map, and not over the pole.
        assert_eq!(json_of("geo_geohash_neighbors", &[Value::string("z")]), r#"["y","w","x","8","b"]"#);
        for text in ["a", "", "s00000000000000000000"] {
            assert_eq!(call("geo_geohash_to_polygon", &[Value::string(text)]), Value::Null);
        }
    }
}
