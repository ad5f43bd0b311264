//! Where addresses are: a file in MaxMind's format, which says it of ranges.

use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use maxminddb::Reader;
use serde::Deserialize;

use super::RuleError;
use crate::value::{Dynamic, Value};

/// The largest database, in bytes. Public ones of all cities have some 60 MiB.
pub const MAX_GEO_BYTES: usize = 1 << 30;

/// A database of places.
#[derive(Clone)]
pub struct GeoDatabase {
    reader: Arc<Reader<Vec<u8>>>,
}

impl std::fmt::Debug for GeoDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reader.metadata().database_type)
    }
}

/// What a city or country database has of an address.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Place<'a> {
    #[serde(borrow)]
    country: Named<'a>,
    #[serde(borrow)]
    subdivisions: Vec<Named<'a>>,
    #[serde(borrow)]
    city: Named<'a>,
    location: Location,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    names: Names<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Names<'a> {
    en: Option<&'a str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Location {
    latitude: Option<f64>,
    longitude: Option<f64>,
}

impl GeoDatabase {
    /// Reads a database whole.
    ///
    /// # Errors
    /// The file cannot be read, is no MaxMind DB, or has more than [`MAX_GEO_BYTES`].
    pub fn load(path: &Path) -> Result<GeoDatabase, RuleError> {
        let label = path.display().to_string();
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MAX_GEO_BYTES as u64 + 1).read_to_end(&mut bytes));
        read.map_err(|error| RuleError::Io { path: label.clone(), error })?;
        if bytes.len() > MAX_GEO_BYTES {
            return Err(RuleError::TooLong { path: label, most: MAX_GEO_BYTES });
        }
        let reader = Reader::from_source(bytes).map_err(|error| RuleError::Io {
            path: label,
            error: std::io::Error::other(format!("it is no MaxMind DB of places: {error}")),
        })?;
        Ok(GeoDatabase { reader: Arc::new(reader) })
    }

    /// What `geo_info_from_ip_address()` gives: the members that are known, and the null for what is no address.
    pub fn place(&self, address: &str) -> Value<'static> {
        let Ok(address) = address.trim().parse::<IpAddr>() else { return Value::Null };
        let place = self.reader.lookup(address.to_canonical()).and_then(|found| found.decode::<Place<'_>>());
        let place = place.ok().flatten().unwrap_or_default();
        let mut members: Vec<(std::borrow::Cow<'static, str>, Dynamic<'static>)> = Vec::new();
        let mut add =
            |name: &'static str, value: Option<Dynamic<'static>>| members.extend(value.map(|v| (name.into(), v)));
        let text = |named: Option<&Named<'_>>| {
            named.and_then(|n| n.names.en).map(|name| Dynamic::String(name.to_owned().into()))
        };
        add("country", text(Some(&place.country)));
        add("state", text(place.subdivisions.first()));
        add("city", text(Some(&place.city)));
        add("latitude", place.location.latitude.map(Dynamic::Real));
        add("longitude", place.location.longitude.map(Dynamic::Real));
        Value::dynamic(Dynamic::Bag(members.into()))
    }
}
