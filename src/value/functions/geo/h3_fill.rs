//! The cells of H3 whose middles lie in a polygon.
//!
//! <https://learn.microsoft.com/kusto/query/geo-polygon-to-h3cells-function>. Edges are straight on a map.

use std::collections::HashSet;

use h3o::{CellIndex, LatLng, Resolution};

use super::super::arguments::{argument, real_at};
use super::super::callee::prepared;
use super::super::limits::array;
use super::super::{Function, Param, Returns};
use super::edges::Looks;
use super::polygon::Polygons;
use super::sphere::RADIUS;
use super::{DYNAMIC, LEVEL, REAL, level};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

const PARAMS: &[Param] = &[DYNAMIC, LEVEL, REAL];

/// The most cells; the documentation's own number.
const MAX_CELLS: usize = 61_680;

/// How long the edges of the largest cells are, in metres, and what they shrink by from one resolution to the next
/// (<https://h3geo.org/docs/core-library/restable>).
const LONGEST_EDGE: f64 = 1_281_256.0;
const SHRINKS: f64 = 2.645_751_311_064_590_7;

pub(super) const FUNCTIONS: &[Function] = &[Function::of(
    "geo_polygon_to_h3cells",
    "geo_polygon_to_h3cells(polygon, [resolution, [radius]])",
    "The tokens of the H3 cells, of a resolution from 0 to 15 (6), whose middles lie in a Polygon or MultiPolygon that is straight on \
     a map, in the order of their numbers. Null for what is no polygon, another resolution, and more than 61,680 cells; with a \
     radius it is not computed.",
)
.takes(1, 3, PARAMS)
.prepares(Returns::Type(ScalarType::Dynamic), |constants| {
    let none = match constants.get(2) {
        None => true,
        Some(Some(radius)) => real_at(&[(*radius).clone()], 0) == Some(0.0),
        Some(None) => false,
    };
    if !none {
        return Err(("KT003", "geo_polygon_to_h3cells() widens no polygon: leave the radius out".to_owned()));
    }
    prepared(|_, a| {
        let cells = level(a, 1, 6).and_then(|level| Resolution::try_from(level).ok()).and_then(|resolution| {
            let polygons = Polygons::read(argument(a, 0))?;
            let mut fill = Fill { resolution, cells: HashSet::new(), left: Looks::new() };
            polygons.rings().iter().try_for_each(|rings| {
                let rings: Vec<Vec<(f64, f64)>> =
                    rings.iter().map(|ring| ring.iter().map(|corner| corner.degrees()).collect()).collect();
                fill.polygon(&Flat::of(rings))
            })?;
            let mut cells: Vec<CellIndex> = fill.cells.into_iter().collect();
            cells.sort_unstable_by_key(|cell| u64::from(*cell));
            Some(cells)
        });
        cells.map_or(Value::Null, |cells| array(cells.into_iter().map(|cell| Dynamic::String(cell.to_string().into()))))
    })
})];

/// A polygon on a map.
struct Flat {
    rings: Vec<Vec<(f64, f64)>>,
    /// It lies about 180 degrees, and what is west of it there counts on.
    turns: bool,
}

impl Flat {
    fn of(rings: Vec<Vec<(f64, f64)>>) -> Flat {
        let mut flat = Flat { rings, turns: false };
        // No edge is longer than half the way round: what seems to be goes the other way.
        let turns = flat.edges().any(|((x, _), (to_x, _))| (to_x - x).abs() > 180.0);
        flat.turns = turns;
        if turns {
            flat.rings.iter_mut().flatten().for_each(|corner| corner.0 = turned(corner.0));
        }
        flat
    }

    fn edges(&self) -> impl Iterator<Item = ((f64, f64), (f64, f64))> {
        self.rings.iter().flat_map(|ring| ring.iter().copied().zip(ring.iter().copied().cycle().skip(1)))
    }

    /// Whether as many edges as make it odd lie east of a place.
    fn contains(&self, (longitude, latitude): (f64, f64)) -> bool {
        let longitude = if self.turns { turned(longitude) } else { longitude };
        let east = |((x, y), (to_x, to_y)): &((f64, f64), (f64, f64))| {
            (*y > latitude) != (*to_y > latitude) && longitude < (to_x - x) * (latitude - y) / (to_y - y) + x
        };
        self.edges().filter(east).count() % 2 == 1
    }
}

fn turned(longitude: f64) -> f64 {
    if longitude < 0.0 { longitude + 360.0 } else { longitude }
}

struct Fill {
    resolution: Resolution,
    cells: HashSet<CellIndex>,
    left: Looks,
}

impl Fill {
    /// What lies within is reached from the cells along the edges.
    fn polygon(&mut self, polygon: &Flat) -> Option<()> {
        let count: usize = polygon.rings.iter().map(Vec::len).sum();
        let mut asked: HashSet<CellIndex> = HashSet::new();
        let mut next: Vec<CellIndex> = Vec::new();
        // Of this polygon alone: what lies within is not reached through cells that another has found.
        let mut cells: HashSet<CellIndex> = HashSet::new();
        for edge in polygon.edges() {
            self.along(edge, &mut asked, &mut next)?;
        }
        while let Some(cell) = next.pop() {
            for near in cell.grid_disk::<Vec<_>>(1) {
                if cells.contains(&near) {
                    continue;
                }
                self.left.take(count)?;
                let middle = LatLng::from(near);
                if polygon.contains((middle.lng(), middle.lat())) && cells.insert(near) {
                    if cells.len() > MAX_CELLS {
                        return None;
                    }
                    next.push(near);
                }
            }
        }
        self.cells.extend(cells);
        (self.cells.len() <= MAX_CELLS).then_some(())
    }

    /// The cells along an edge, which is walked in steps of half a cell's edge.
    fn along(
        &mut self,
        ((x, y), (to_x, to_y)): ((f64, f64), (f64, f64)),
        asked: &mut HashSet<CellIndex>,
        next: &mut Vec<CellIndex>,
    ) -> Option<()> {
        let step = LONGEST_EDGE / SHRINKS.powi(i32::from(u8::from(self.resolution))) / 2.0;
        let metres = (to_x - x).hypot(to_y - y).to_radians() * RADIUS;
        let steps = (metres / step).ceil().max(1.0);
        self.left.take(steps as usize)?;
        for at in 0..=steps as usize {
            let share = at as f64 / steps;
            let longitude = x + share * (to_x - x);
            let longitude = if longitude > 180.0 { longitude - 360.0 } else { longitude };
            let place = LatLng::new(y + share * (to_y - y), longitude).ok()?;
            let cell = place.to_cell(self.resolution);
            if asked.insert(cell) {
                next.push(cell);
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json, json_of, refusal};
    use super::*;

    /// From the documentation, and the Kusto Emulator, which give other orders.
    #[test]
    fn documented_cells() {
        let polygon = || {
            json(
                r#"{"type":"Polygon","coordinates":[[[-3.659,40.553],[-3.913,40.409],[-3.729,40.273],[-3.524,40.440],[-3.659,40.553]]]}"#,
            )
        };
        let expected = [
            "86390ca07ffffff",
            "86390ca27ffffff",
            "86390ca2fffffff",
            "86390ca37ffffff",
            "86390cb07ffffff",
            "86390cb0fffffff",
            "86390cb17ffffff",
            "86390cb1fffffff",
            "86390cb57ffffff",
            "86390cb87ffffff",
            "86390cb8fffffff",
            "86390cba7ffffff",
            "86390cbafffffff",
        ];
        let expected = format!("[{}]", expected.map(|cell| format!("\"{cell}\"")).join(","));
        assert_eq!(json_of("geo_polygon_to_h3cells", &[polygon()]), expected);
        let two = json(r#"{"type":"Polygon","coordinates":[[[0,0],[1,1]]]}"#);
        assert_eq!(call("geo_polygon_to_h3cells", &[two]), Value::Null);
        assert_eq!(call("geo_polygon_to_h3cells", &[polygon(), Value::Long(15)]), Value::Null);
        assert_eq!(call("geo_polygon_to_h3cells", &[polygon(), Value::Long(16)]), Value::Null);
        assert_eq!(json_of("geo_polygon_to_h3cells", &[polygon(), Value::Long(0)]), "[]");
        assert_eq!(refusal("geo_polygon_to_h3cells", &[polygon(), Value::Long(6), Value::Real(1.0)]), "KT003");
    }

    #[test]
    fn middles_decide_whatever_lies_between() {
        // Over 180 degrees, with a hole; every cell of a grid about it is asked.
        let polygon = || {
            json(
                r#"{"type":"Polygon","coordinates":[[[179,0],[-179,0],[-179,2],[179,2],[179,0]],[[179.5,0.5],[179.5,1.5],[-179.5,1.5],[-179.5,0.5],[179.5,0.5]]]}"#,
            )
        };
        let cells = json_of("geo_polygon_to_h3cells", &[polygon(), Value::Long(5)]);
        let mut inside = HashSet::new();
        for (x, y) in (0..250).flat_map(|x| (0..250).map(move |y| (x, y))) {
            let longitude = 178.5 + f64::from(x) * 0.012;
            let longitude = if longitude > 180.0 { longitude - 360.0 } else { longitude };
            let Ok(place) = LatLng::new(-0.5 + f64::from(y) * 0.012, longitude) else { continue };
            let cell = place.to_cell(Resolution::Five);
            let middle = LatLng::from(cell);
            let (longitude, latitude) = (turned(middle.lng()), middle.lat());
            let outer = longitude > 179.0 && longitude < 181.0 && latitude > 0.0 && latitude < 2.0;
            let hole = longitude > 179.5 && longitude < 180.5 && latitude > 0.5 && latitude < 1.5;
            if outer && !hole {
                inside.insert(cell.to_string());
            }
        }
        assert_eq!(cells.matches('"').count() / 2, inside.len(), "{cells}");
        assert!(inside.iter().all(|cell| cells.contains(cell.as_str())));
    }
}
