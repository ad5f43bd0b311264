//! Cells of S2: each face of a cube around the earth in quarters, 30 times, numbered along a Hilbert curve.
//!
//! <https://learn.microsoft.com/kusto/query/geo-point-to-s2cell-function> and its neighbours; the numbers are those of
//! <https://s2geometry.io/devguide/s2cell_hierarchy>.

use super::super::Function;
use super::super::arguments::text_at;
use super::super::limits::array;
use super::sphere::Point;
use super::{CELL, LEVEL, REAL, level, point_at, shape};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "geo_point_to_s2cell",
        "geo_point_to_s2cell(longitude, latitude, [level])",
        "The token of the S2 cell of a place, at level 0 to 30 (11); \"\" for what is no place, and another level.",
    )
    .takes(2, 3, &[REAL, REAL, LEVEL])
    .calls(ScalarType::String, |_, a| {
        let level = level(a, 2, 11).filter(|level| *level <= MAX_LEVEL);
        let cell = point_at(a, 0).zip(level).map(|(place, level)| Leaf::of(place).cell(level));
        Value::string(cell.map(Cell::token).unwrap_or_default())
    }),
    Function::of(
        "geo_s2cell_to_central_point",
        "geo_s2cell_to_central_point(cell)",
        "The Point in the middle of an S2 cell; null for what is none.",
    )
    .takes(1, 1, CELL)
    .calls(ScalarType::Dynamic, |_, a| {
        Cell::read(&text_at(a, 0)).map_or(Value::Null, |cell| shape::point(cell.at(0.5, 0.5).degrees()))
    }),
    Function::of(
        "geo_s2cell_to_polygon",
        "geo_s2cell_to_polygon(cell)",
        "An S2 cell as a Polygon; null for what is none.",
    )
    .takes(1, 1, CELL)
    .calls(ScalarType::Dynamic, |_, a| {
        Cell::read(&text_at(a, 0)).map_or(Value::Null, |cell| shape::polygon(cell.corners().map(Point::degrees)))
    }),
    Function::of(
        "geo_s2cell_neighbors",
        "geo_s2cell_neighbors(cell)",
        "The S2 cells of the same level that touch a cell; null for what is none.",
    )
    .takes(1, 1, CELL)
    .calls(ScalarType::Dynamic, |_, a| {
        Cell::read(&text_at(a, 0)).map_or(Value::Null, |cell| {
            array(cell.neighbors().into_iter().map(|near| Dynamic::String(near.token().into())))
        })
    }),
];

/// The level of the smallest cells, the leaves.
pub(super) const MAX_LEVEL: u8 = 30;

/// How many leaves a face's side has.
const SIDE: i64 = 1 << MAX_LEVEL;

/// A leaf: its face, and where on it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Leaf {
    face: u8,
    i: i64,
    j: i64,
}

/// A cell by its number: the face in three bits, two for each level, then a one that ends them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell(u64);

/// Right and up, in the order in which the Kusto Emulator gives those of 89c259; no order is promised.
const NEIGHBORS: [(i64, i64); 8] = [(1, 1), (1, 0), (-1, 0), (0, -1), (-1, 1), (1, -1), (0, 1), (-1, -1)];

/// The order of a cell's quarters, right in the high bit and up in the low one, for each of four ways the curve may run.
const QUARTERS: [[u64; 4]; 4] = [[0, 1, 3, 2], [0, 2, 3, 1], [3, 2, 0, 1], [3, 1, 0, 2]];

/// How the way changes in each quarter.
const TURNS: [usize; 4] = [1, 0, 0, 3];

/// The number of the smallest cell around a place.
pub(super) fn leaf_number(place: Point) -> u64 {
    Leaf::of(place).cell(MAX_LEVEL).0
}

impl Leaf {
    fn of(place: Point) -> Leaf {
        let (face, u, v) = project(place);
        Leaf { face, i: leaf(fold(u)), j: leaf(fold(v)) }
    }

    /// The leaf there, or on the next face if that is beyond the edge of this one.
    fn near(face: u8, i: i64, j: i64) -> Leaf {
        if (0..SIDE).contains(&i) && (0..SIDE).contains(&j) {
            return Leaf { face, i, j };
        }
        // Just beyond an edge the plane of the cube will do: faces meet there, leaf at leaf.
        let beyond = |at: i64| {
            let at = (2 * (at.clamp(-1, SIDE) - SIDE / 2) + 1) as f64 / SIDE as f64;
            at.clamp(-1.0 - f64::EPSILON, 1.0 + f64::EPSILON)
        };
        let (face, u, v) = project(direction(face, beyond(i), beyond(j)));
        Leaf { face, i: leaf(0.5 * (u + 1.0)), j: leaf(0.5 * (v + 1.0)) }
    }

    /// The cell around it at a level.
    fn cell(self, level: u8) -> Cell {
        let (mut number, mut way) = (u64::from(self.face), usize::from(self.face & 1));
        for bit in (0..MAX_LEVEL).rev() {
            let quarter = (((self.i >> bit) & 1) << 1 | ((self.j >> bit) & 1)) as u64;
            let order = QUARTERS.get(way).and_then(|order| order.iter().position(|q| *q == quarter)).unwrap_or(0);
            number = number << 2 | order as u64;
            way ^= TURNS.get(order).copied().unwrap_or(0);
        }
        let end = 1_u64 << (2 * (MAX_LEVEL - level));
        Cell((number << 1 | 1) & end.wrapping_neg() | end)
    }
}

impl Cell {
    /// The cell that a token names: its number in hexadecimal, without the zeros at the end.
    fn read(token: &str) -> Option<Cell> {
        if !(1..=16).contains(&token.len()) || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let number = u64::from_str_radix(token, 16).ok()? << (4 * (16 - token.len()));
        let end = number & number.wrapping_neg();
        // The one that ends a number stands behind the face, or behind whole levels.
        (number >> 61 < 6 && end & 0x1555_5555_5555_5555 != 0).then_some(Cell(number))
    }

    pub(super) fn token(self) -> String {
        format!("{:016x}", self.0).trim_end_matches('0').to_owned()
    }

    fn level(self) -> u8 {
        MAX_LEVEL - (self.0.trailing_zeros() / 2) as u8
    }

    /// How many leaves its side has.
    fn side(self) -> i64 {
        1 << (MAX_LEVEL - self.level())
    }

    /// The leaf in its lower left corner.
    fn corner(self) -> Leaf {
        let face = (self.0 >> 61) as u8;
        let (mut i, mut j, mut way) = (0, 0, usize::from(face & 1));
        for level in 0..self.level() {
            let order = (self.0 >> (59 - 2 * u32::from(level)) & 3) as usize;
            let quarter = QUARTERS.get(way).and_then(|quarters| quarters.get(order)).copied().unwrap_or(0);
            i = i << 1 | (quarter >> 1) as i64;
            j = j << 1 | (quarter & 1) as i64;
            way ^= TURNS.get(order).copied().unwrap_or(0);
        }
        Leaf { face, i: i * self.side(), j: j * self.side() }
    }

    /// One of the six that are a face each.
    pub(super) fn face(number: u64) -> Cell {
        Cell(number << 61 | 1 << 60)
    }

    /// Its quarters; a leaf has none.
    pub(super) fn quarters(self) -> impl Iterator<Item = Cell> {
        let end = self.0 & self.0.wrapping_neg();
        let quarter = move |number: u64| Cell((self.0 - end).wrapping_add((2 * number + 1) * (end >> 2)));
        (0..4).filter(move |_| end > 2).map(quarter)
    }

    /// Its corners, counterclockwise.
    pub(super) fn corners(self) -> [Point; 4] {
        [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(right, up)| self.at(right, up))
    }

    /// The place that so much of its sides, from 0 to 1, lies left of and below.
    pub(super) fn at(self, right: f64, up: f64) -> Point {
        let (Leaf { face, i, j }, side) = (self.corner(), self.side() as f64);
        let share = |corner: i64, share: f64| unfold((corner as f64 + share * side) / SIDE as f64);
        let place = direction(face, share(i, right), share(j, up));
        place.unit().unwrap_or(place)
    }

    /// The cells of its level around it, each once: at a corner of the cube there are seven.
    fn neighbors(self) -> Vec<Cell> {
        let (Leaf { face, i, j }, side, level) = (self.corner(), self.side(), self.level());
        let mut around = Vec::with_capacity(8);
        let mut take = |right: i64, up: i64| {
            let cell = Leaf::near(face, i + right * side, j + up * side).cell(level);
            if cell != self && !around.contains(&cell) {
                around.push(cell);
            }
        };
        NEIGHBORS.iter().for_each(|(right, up)| take(*right, *up));
        around
    }
}

/// The face of a place, and where on its plane, from -1 to 1.
fn project(place: Point) -> (u8, f64, f64) {
    let [x, y, z] = place.0;
    let [a, b, c] = [x.abs(), y.abs(), z.abs()];
    let (axis, along) = match (a > b, a > c, b > c) {
        (true, true, _) => (0, x),
        (false, _, true) => (1, y),
        _ => (2, z),
    };
    let face = if along < 0.0 { axis + 3 } else { axis };
    let (u, v) = match face {
        0 => (y / x, z / x),
        1 => (-x / y, z / y),
        2 => (-x / z, -y / z),
        3 => (z / x, y / x),
        4 => (z / y, -x / y),
        _ => (-y / z, -x / z),
    };
    (face, u, v)
}

/// The direction of a place on a face's plane.
fn direction(face: u8, u: f64, v: f64) -> Point {
    Point(match face {
        0 => [1.0, u, v],
        1 => [-u, 1.0, v],
        2 => [-u, -v, 1.0],
        3 => [-1.0, -v, -u],
        4 => [v, -1.0, -u],
        _ => [v, u, -1.0],
    })
}

/// From a place on a plane, -1 to 1, to a share of the face's side, 0 to 1: quadratic, so that cells are about as large at the
/// edge as in the middle.
fn fold(u: f64) -> f64 {
    if u >= 0.0 { 0.5 * (1.0 + 3.0 * u).sqrt() } else { 1.0 - 0.5 * (1.0 - 3.0 * u).sqrt() }
}

/// The way back.
fn unfold(s: f64) -> f64 {
    if s >= 0.5 { (4.0 * s * s - 1.0) / 3.0 } else { (1.0 - 4.0 * (1.0 - s) * (1.0 - s)) / 3.0 }
}

/// The leaf at a share of a side.
fn leaf(share: f64) -> i64 {
    ((share * SIDE as f64).floor() as i64).clamp(0, SIDE - 1)
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json_of};
    use super::*;

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn quarters_of_a_cube() {
        let of = |longitude: f64, latitude: f64, level| {
            call("geo_point_to_s2cell", &[Value::Real(longitude), Value::Real(latitude), Value::Long(level)])
        };
        assert_eq!(of(-80.195829, 25.802215, 8), Value::string("88d9b"));
        assert_eq!(of(1.0, 1.0, 31), Value::string(""));
        assert_eq!(of(1.0, 1.0, 0), Value::string("1"));
        let cell = [Value::string("89c259")];
        assert_eq!(
            json_of("geo_s2cell_neighbors", &cell),
            r#"["89c25d","89c25b","89c2f7","89c257","89c2f5","89c251","89c25f","89c2f9"]"#
        );
        let polygon = json_of("geo_s2cell_to_polygon", &cell);
        assert!(polygon.starts_with(r#"{"type":"Polygon","coordinates":[[[-74.0300122498"#), "{polygon}");
        for text in ["a", "", "X", "89c259000000000001", "+1"] {
            assert_eq!(call("geo_s2cell_neighbors", &[Value::string(text)]), Value::Null, "{text}");
        }
    }

    #[test]
    fn a_cell_is_found_again_by_its_middle() {
        for face in 0..6 {
            for (i, j) in [(0, 0), (SIDE - 1, 0), (SIDE / 3, SIDE / 5), (SIDE - 1, SIDE - 1)] {
                for level in [0, 1, 7, 30] {
                    let cell = Leaf { face, i, j }.cell(level);
                    assert_eq!(Leaf::of(cell.at(0.5, 0.5)).cell(level), cell);
                    assert_eq!((Cell::read(&cell.token()), cell.level()), (Some(cell), level));
                    let count = cell.neighbors().len();
                    // A face has four beside it; a corner of the cube has three cells.
                    let expected = if level == 0 { 4..=4 } else { 6..=8 };
                    assert!(expected.contains(&count), "{face} {i} {j} {level}: {count}");
                }
            }
        }
    }
}
