//! Where an address is, and how far places are apart. The binder puts in what reads the database.

use super::arguments::real_at;
use super::{Function, Param};
use crate::schema::ScalarType;
use crate::value::Value;

const REAL: Param = Param::Is(ScalarType::Real);

pub(super) const FUNCTIONS: &[Function] = &[
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
    .calls(ScalarType::Real, |_, a| {
        let place = |at| place(real_at(a, at)?, real_at(a, at + 1)?);
        place(0).zip(place(2)).map_or(Value::Null, |(a, b)| Value::Real(distance(a, b)))
    }),
];

/// The function that needs a database of places.
pub const GEO_INFO: &str = "geo_info_from_ip_address";

/// Of the ball that Kusto takes the earth for, in metres: what its documented distance comes out with, to the last digit.
const RADIUS: f64 = 6_371_010.0;

/// A place in radians, if it is one.
fn place(longitude: f64, latitude: f64) -> Option<(f64, f64)> {
    ((-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude))
        .then(|| (longitude.to_radians(), latitude.to_radians()))
}

/// The haversine formula.
fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    let half = |x: f64| (x / 2.0).sin().powi(2);
    let chord = half(b.1 - a.1) + a.1.cos() * b.1.cos() * half(b.0 - a.0);
    2.0 * RADIUS * chord.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    #[test]
    fn metres_between_places() {
        let distance = |place: [f64; 4]| call("geo_distance_2points", &place.map(Value::Real));
        // From the documentation; Kusto Emulator: the same to ten digits.
        let Value::Real(metres) = distance([-122.407628, 47.578557, -118.275287, 34.019056]) else { return };
        assert!((metres - 1_546_754.351_973_809_5).abs() < 1e-6, "{metres}");
        assert_eq!(distance([10.0, 10.0, 10.0, 10.0]), Value::Real(0.0));
        assert_eq!(distance([300.0, 1.0, 1.0, 1.0]), Value::Null);
        assert_eq!(distance([1.0, 91.0, 1.0, 1.0]), Value::Null);
    }
}
