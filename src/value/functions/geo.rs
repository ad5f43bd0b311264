//! Where an address is. The binder puts in what reads the database.

use super::{Function, Param};

pub(super) const FUNCTIONS: &[Function] = &[Function::of(
    GEO_INFO,
    "geo_info_from_ip_address(ip)",
    "A bag of country, state, city, latitude and longitude, as far as the file of --geo-database knows them; null where the \
     text is no address.",
)
.takes(1, 1, &[Param::Text])];

/// The function that needs a database of places.
pub const GEO_INFO: &str = "geo_info_from_ip_address";
