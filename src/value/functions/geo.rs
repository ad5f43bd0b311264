//! Where an address is, and how far places are apart. The binder puts in what reads the database.
//!
//! The earth is a ball here, as for Kusto, and edges are the shortest ways on it. Kusto computes with S2; where corners come from
//! computation, so that more than one answer would do, they are where S2 has them.

mod area;
mod buffer;
mod chains;
mod cover;
mod densify;
mod edges;
mod geohash;
mod h3;
mod h3_fill;
mod intersection;
mod line;
mod meeting;
mod offset;
mod outline;
mod overlay;
mod polygon;
mod s2;
mod shape;
mod simplify;
mod sites;
mod sphere;
mod union;
mod winding;
mod window;
mod wkt;

use super::arguments::real_at;
use super::{Function, Param};
use crate::schema::ScalarType;
use crate::value::Value;
use sphere::Point;

const REAL: Param = Param::Is(ScalarType::Real);
const DYNAMIC: Param = Param::Is(ScalarType::Dynamic);
const LEVEL: Param = Param::Is(ScalarType::Long);
const CELL: &[Param] = &[Param::Is(ScalarType::String)];

/// The families of functions of places.
pub(super) const FAMILIES: [&[Function]; 16] = [
    FUNCTIONS,
    geohash::FUNCTIONS,
    h3::FUNCTIONS,
    s2::FUNCTIONS,
    line::FUNCTIONS,
    polygon::FUNCTIONS,
    meeting::FUNCTIONS,
    area::FUNCTIONS,
    buffer::FUNCTIONS,
    simplify::FUNCTIONS,
    densify::FUNCTIONS,
    intersection::FUNCTIONS,
    cover::FUNCTIONS,
    h3_fill::FUNCTIONS,
    union::FUNCTIONS,
    wkt::FUNCTIONS,
];

const FUNCTIONS: &[Function] = &[
    Function::of(
        GEO_INFO,
        "geo_info_from_ip_address(ip)",
        "A bag of country, state, city, latitude and longitude, as far as the file of --geo-database knows them; null where \
         the text is no address.",
    )
    .takes(1, 1, &[Param::Text]),
    Function::of(
        "geo_distance_2points",
        "geo_distance_2points(longitude1, latitude1, longitude2, latitude2)",
        "The metres between two places along the ground, on a ball; null for what is no place.",
    )
    .takes(4, 4, &[REAL])
    .calls(ScalarType::Real, |_, a| metres(a, 0, 2).map_or(Value::Null, Value::Real)),
    Function::of(
        "geo_point_in_circle",
        "geo_point_in_circle(longitude, latitude, centre_longitude, centre_latitude, radius)",
        "Whether a place is so many metres along the ground from the centre, or fewer; null for what is no place, and unless \
         the radius is above zero.",
    )
    .takes(5, 5, &[REAL])
    .calls(ScalarType::Bool, |_, a| {
        let radius = real_at(a, 4).filter(|radius| *radius > 0.0);
        metres(a, 0, 2).zip(radius).map(|(metres, radius)| metres <= radius).into()
    }),
    Function::of(
        "geo_azimuth",
        "geo_azimuth(longitude1, latitude1, longitude2, latitude2)",
        "The direction from one place to another, in radians clockwise from north; null for what is no place, and where they \
         are the same or opposite.",
    )
    .takes(4, 4, &[REAL])
    .calls(ScalarType::Real, |_, a| {
        let azimuth = point_at(a, 0).zip(point_at(a, 2)).and_then(|(from, to)| from.azimuth(to));
        azimuth.map_or(Value::Null, Value::Real)
    }),
    Function::of(
        "geo_angle",
        "geo_angle(longitude1, latitude1, longitude2, latitude2, longitude3, latitude3)",
        "The angle at the second place, clockwise from the way to the first one to the way to the third, in radians; null for \
         what is no place, and where neighbours are the same or opposite.",
    )
    .takes(6, 6, &[REAL])
    .calls(ScalarType::Real, |_, a| angle(a).map_or(Value::Null, Value::Real)),
];

/// The function that needs a database of places.
pub const GEO_INFO: &str = "geo_info_from_ip_address";

/// The place whose longitude is the argument at an index, and its latitude the next, if it is one.
fn point_at(arguments: &[Value<'_>], at: usize) -> Option<Point> {
    Point::from_degrees(real_at(arguments, at)?, real_at(arguments, at + 1)?)
}

/// The level of a cell, or how many characters it has: the default if the argument is left out, none if it is null.
fn level(arguments: &[Value<'_>], at: usize, default: u8) -> Option<u8> {
    match arguments.get(at) {
        None => Some(default),
        Some(_) => super::arguments::long_at(arguments, at).and_then(|level| u8::try_from(level).ok()),
    }
}

/// The haversine formula over the two places at these indices.
fn metres(arguments: &[Value<'_>], a: usize, b: usize) -> Option<f64> {
    point_at(arguments, a).zip(point_at(arguments, b))?;
    let radians = |at| Some((real_at(arguments, at)?.to_radians(), real_at(arguments, at + 1)?.to_radians()));
    let (a, b) = radians(a).zip(radians(b))?;
    let half = |x: f64| (x / 2.0).sin().powi(2);
    let chord = half(b.1 - a.1) + a.1.cos() * b.1.cos() * half(b.0 - a.0);
    Some(2.0 * sphere::RADIUS * chord.sqrt().min(1.0).asin())
}

fn angle(arguments: &[Value<'_>]) -> Option<f64> {
    let (first, second, third) = (point_at(arguments, 0)?, point_at(arguments, 2)?, point_at(arguments, 4)?);
    Some((second.azimuth(third)? - second.azimuth(first)?).rem_euclid(std::f64::consts::TAU))
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    fn reals(numbers: &[f64]) -> Vec<Value<'static>> {
        numbers.iter().copied().map(Value::Real).collect()
    }

    #[track_caller]
    fn near(name: &str, numbers: &[f64], expected: f64) {
        let value = call(name, &reals(numbers));
        assert!(matches!(value, Value::Real(n) if (n - expected).abs() <= expected.abs() * 1e-12), "{value:?}");
    }

    /// From the documentation; Kusto Emulator: the same.
    #[test]
    fn between_places() {
        near("geo_distance_2points", &[-122.407628, 47.578557, -118.275287, 34.019056], 1_546_754.351_973_809_5);
        near("geo_distance_2points", &[10.0; 4], 0.0);
        near("geo_azimuth", &[5.0, 10.0, 10.0, -40.0], 3.054_599_397_964_492);
        near("geo_angle", &[0.0, 10.0, 0.0, 5.0, 3.0, -10.0], 2.944_938_434_068_816_5);
        let within = |numbers: &[f64]| call("geo_point_in_circle", &reals(numbers));
        assert_eq!(within(&[-122.143564, 47.535677, -122.100896, 47.527351, 3500.0]), Value::Bool(true));
        assert_eq!(within(&[-122.137575, 47.630683, -122.100896, 47.527351, 3500.0]), Value::Bool(false));
    }

    #[test]
    fn what_is_no_place_is_null() {
        for (name, numbers) in [
            ("geo_distance_2points", &[300.0, 1.0, 1.0, 1.0][..]),
            ("geo_distance_2points", &[1.0, 91.0, 1.0, 1.0]),
            ("geo_distance_2points", &[f64::NAN, 1.0, 1.0, 1.0]),
            ("geo_azimuth", &[5.0, 10.0, 5.0, 10.0]),
            ("geo_azimuth", &[5.0, 10.0, -175.0, -10.0]),
            ("geo_angle", &[0.0, 10.0, 0.0, 10.0, 3.0, -10.0]),
            ("geo_point_in_circle", &[200.0, 1.0, 1.0, 1.0, 1.0]),
            ("geo_point_in_circle", &[1.0, 1.0, 1.0, 1.0, -1.0]),
        ] {
            assert_eq!(call(name, &reals(numbers)), Value::Null, "{name} {numbers:?}");
        }
    }
}
