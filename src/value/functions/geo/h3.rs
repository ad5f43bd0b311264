//! Cells of H3, hexagons in 16 sizes, as the crate h3o has them.
//!
//! <https://learn.microsoft.com/kusto/query/geo-point-to-h3cell-function> and its neighbours.

use h3o::{CellIndex, LatLng, Resolution};

use super::super::arguments::{long_at, real_at, text_at};
use super::super::limits::array;
use super::super::{Function, Param};
use super::{CELL, LEVEL, REAL, level, point_at, shape};
use crate::schema::ScalarType;
use crate::value::{Dynamic, Value};

/// The farthest ring.
const MAX_DISTANCE: i64 = 142;

/// How many levels below a cell its children may be: a cell has at most 16,807 of them.
const MAX_CHILDREN: u8 = 5;

/// The places of a cell's edges in the order in which the Kusto Emulator gives the neighbours of 862a1072fffffff; no order is
/// promised.
const EDGES: [usize; 6] = [0, 2, 1, 5, 4, 3];

const CELL_AND_LEVEL: &[Param] = &[Param::Is(ScalarType::String), LEVEL];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of(
        "geo_point_to_h3cell",
        "geo_point_to_h3cell(longitude, latitude, [resolution])",
        "The token of the H3 cell of a place, at resolution 0 to 15 (6); \"\" for what is no place, and another resolution.",
    )
    .takes(2, 3, &[REAL, REAL, LEVEL])
    .calls(ScalarType::String, |_, a| {
        let resolution = level(a, 2, 6).and_then(|level| Resolution::try_from(level).ok());
        let place = point_at(a, 0).and_then(|_| LatLng::new(real_at(a, 1)?, real_at(a, 0)?).ok());
        text(place.zip(resolution).map(|(place, resolution)| place.to_cell(resolution)))
    }),
    Function::of(
        "geo_h3cell_to_central_point",
        "geo_h3cell_to_central_point(cell)",
        "The Point in the middle of an H3 cell; null for what is none.",
    )
    .takes(1, 1, CELL)
    .calls(ScalarType::Dynamic, |_, a| read(a).map_or(Value::Null, |cell| shape::point(degrees(&LatLng::from(cell))))),
    Function::of("geo_h3cell_to_polygon", "geo_h3cell_to_polygon(cell)", "An H3 cell as a Polygon; null for what is none.")
        .takes(1, 1, CELL)
        .calls(ScalarType::Dynamic, |_, a| {
            read(a).map_or(Value::Null, |cell| shape::polygon(cell.boundary().iter().map(degrees)))
        }),
    Function::of("geo_h3cell_level", "geo_h3cell_level(cell)", "The resolution of an H3 cell; null for what is none.")
        .takes(1, 1, CELL)
        .calls(ScalarType::Int, |_, a| {
            read(a).map_or(Value::Null, |cell| Value::Int(i32::from(u8::from(cell.resolution()))))
        }),
    Function::of(
        "geo_h3cell_parent",
        "geo_h3cell_parent(cell, [resolution])",
        "The H3 cell around a cell, of the next lower resolution or of that one; \"\" where there is none.",
    )
    .takes(1, 2, CELL_AND_LEVEL)
    .calls(ScalarType::String, |_, a| {
        let above = |cell: CellIndex| match a.get(1) {
            None => u8::from(cell.resolution()).checked_sub(1),
            Some(_) => level(a, 1, 0),
        };
        text(read(a).and_then(|cell| cell.parent(Resolution::try_from(above(cell)?).ok()?)))
    }),
    Function::of(
        "geo_h3cell_children",
        "geo_h3cell_children(cell, [resolution])",
        "The H3 cells within a cell, of the next higher resolution or of that one, at most 5 higher; else null.",
    )
    .takes(1, 2, CELL_AND_LEVEL)
    .calls(ScalarType::Dynamic, |_, a| {
        let children = read(a).and_then(|cell| {
            let own = u8::from(cell.resolution());
            let wanted = level(a, 1, own + 1).filter(|level| (1..=MAX_CHILDREN).contains(&level.wrapping_sub(own)))?;
            Some(cell.children(Resolution::try_from(wanted).ok()?))
        });
        children.map_or(Value::Null, |children| array(children.map(token)))
    }),
    Function::of(
        "geo_h3cell_neighbors",
        "geo_h3cell_neighbors(cell)",
        "The H3 cells that share an edge with a cell; null for what is none.",
    )
    .takes(1, 1, CELL)
    .calls(ScalarType::Dynamic, |_, a| {
        read(a).map_or(Value::Null, |cell| {
            let around: Vec<CellIndex> = cell.edges().map(|edge| edge.destination()).collect();
            // A pentagon has five neighbours, in an order of their own.
            let at = |at: usize| if around.len() == EDGES.len() { EDGES.get(at).copied().unwrap_or(at) } else { at };
            array((0..around.len()).filter_map(|n| around.get(at(n)).copied().map(token)))
        })
    }),
    Function::of(
        "geo_h3cell_rings",
        "geo_h3cell_rings(cell, distance)",
        "The H3 cells around a cell in rings, the first of which is the cell itself, up to a distance of at most 142; null for \
         another distance, and what is no cell.",
    )
    .takes(2, 2, CELL_AND_LEVEL)
    .calls(ScalarType::Dynamic, |_, a| {
        let distance = long_at(a, 1).filter(|distance| (0..=MAX_DISTANCE).contains(distance));
        let cell_and_distance = read(a).zip(distance.and_then(|distance| u32::try_from(distance).ok()));
        cell_and_distance.map_or(Value::Null, |(cell, distance)| {
            let mut rings = vec![Vec::new(); distance as usize + 1];
            for (near, ring) in cell.grid_disk_distances::<Vec<_>>(distance) {
                if let Some(ring) = rings.get_mut(ring as usize) {
                    ring.push(token(near));
                }
            }
            array(rings.into_iter().map(|ring| Dynamic::Array(ring.into())))
        })
    }),
];

fn read(arguments: &[Value<'_>]) -> Option<CellIndex> {
    text_at(arguments, 0).parse().ok()
}

fn text<'a>(cell: Option<CellIndex>) -> Value<'a> {
    Value::string(cell.map(|cell| cell.to_string()).unwrap_or_default())
}

fn token(cell: CellIndex) -> Dynamic<'static> {
    Dynamic::String(cell.to_string().into())
}

fn degrees(place: &LatLng) -> (f64, f64) {
    (place.lng(), place.lat())
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{call, json_of};
    use super::*;

    /// From the documentation, and the Kusto Emulator.
    #[test]
    fn hexagons() {
        let cell = Value::string("862a1072fffffff");
        let of = |resolution| {
            let place = [Value::Real(-74.04450446039874), Value::Real(40.689250859314974)];
            call("geo_point_to_h3cell", &[&place[..], &[Value::Long(resolution)]].concat())
        };
        assert_eq!(of(6), cell);
        assert_eq!(of(16), Value::string(""));
        assert_eq!(call("geo_h3cell_parent", std::slice::from_ref(&cell)), Value::string("852a1073fffffff"));
        assert_eq!(call("geo_h3cell_parent", &[cell.clone(), Value::Long(1)]), Value::string("812a3ffffffffff"));
        assert_eq!(call("geo_h3cell_parent", &[cell.clone(), Value::Long(15)]), Value::string(""));
        assert_eq!(call("geo_h3cell_level", std::slice::from_ref(&cell)), Value::Int(6));
        let children = json_of("geo_h3cell_children", std::slice::from_ref(&cell));
        assert!(children.starts_with(r#"["872a10728ffffff","872a10729ffffff","#), "{children}");
        for level in [6, 12, -1] {
            assert_eq!(call("geo_h3cell_children", &[cell.clone(), Value::Long(level)]), Value::Null, "{level}");
        }
        assert_eq!(
            json_of("geo_h3cell_neighbors", std::slice::from_ref(&cell)),
            r#"["862a10777ffffff","862a100d7ffffff","862a100dfffffff","862a1070fffffff","862a10707ffffff","862a10727ffffff"]"#
        );
        assert_eq!(json_of("geo_h3cell_rings", &[cell.clone(), Value::Long(0)]), r#"[["862a1072fffffff"]]"#);
        assert_eq!(call("geo_h3cell_rings", &[cell, Value::Long(150)]), Value::Null);
        // A pentagon has five neighbours.
        let pentagon = json_of("geo_h3cell_neighbors", &[Value::string("8009fffffffffff")]);
        assert_eq!(pentagon.matches(',').count(), 4, "{pentagon}");
    }
}
