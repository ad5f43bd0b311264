//! Amounts in other units.
//!
//! <https://learn.microsoft.com/kusto/query/convert-angle-function> and its neighbours. What units are is in `units.tsv`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::arguments::{real_at, text_at};
use super::{Function, Param};
use crate::schema::ScalarType;
use crate::value::Value;

const REAL: ScalarType = ScalarType::Real;
const PARAMS: &[Param] = &[Param::Is(REAL), Param::Is(ScalarType::String), Param::Is(ScalarType::String)];

const UNITS: &str = include_str!("units.tsv");

/// The angle whose sine is the amount: no multiple of anything.
const TILT: &str = "Tilt";

const DOC: &str = "An amount in another unit, such as \"Meter\" and \"Foot\", \"Kelvin\" and \"DegreeCelsius\"; null for a unit that \
                   Kusto's documentation does not list.";

pub(super) const FUNCTIONS: &[Function] = &[
    converts("convert_angle", "convert_angle(value, from, to)", |_, a| converted("angle", a)),
    converts("convert_energy", "convert_energy(value, from, to)", |_, a| converted("energy", a)),
    converts("convert_force", "convert_force(value, from, to)", |_, a| converted("force", a)),
    converts("convert_length", "convert_length(value, from, to)", |_, a| converted("length", a)),
    converts("convert_mass", "convert_mass(value, from, to)", |_, a| converted("mass", a)),
    converts("convert_speed", "convert_speed(value, from, to)", |_, a| converted("speed", a)),
    converts("convert_temperature", "convert_temperature(value, from, to)", |_, a| converted("temperature", a)),
    converts("convert_volume", "convert_volume(value, from, to)", |_, a| converted("volume", a)),
];

const fn converts(name: &'static str, signature: &'static str, call: super::Call) -> Function {
    Function::of(name, signature, DOC).takes(3, 3, PARAMS).calls(REAL, call)
}

/// What an amount of a unit is in the quantity's own unit.
#[derive(Clone, Copy)]
enum Unit {
    Linear { factor: f64, offset: f64 },
    Sine,
}

impl Unit {
    fn find(quantity: &str, name: &str) -> Option<Unit> {
        /// The table, read once: a name of a unit is looked up twice for each row.
        static TABLE: LazyLock<HashMap<(&str, &str), Unit>> =
            LazyLock::new(|| UNITS.lines().filter(|line| !line.starts_with('#')).filter_map(Unit::of_row).collect());
        if (quantity, name) == ("angle", TILT) {
            return Some(Unit::Sine);
        }
        TABLE.get(&(quantity, name)).copied()
    }

    fn of_row(row: &str) -> Option<((&str, &str), Unit)> {
        let mut cells = row.split('\t');
        let (quantity, name, factor) = (cells.next()?, cells.next()?, cells.next()?.parse().ok()?);
        let offset = cells.next().and_then(|offset| offset.parse().ok()).unwrap_or(0.0);
        Some(((quantity, name), Unit::Linear { factor, offset }))
    }

    fn to_own(self, amount: f64) -> f64 {
        match self {
            Unit::Linear { factor, offset } => amount * factor + offset,
            Unit::Sine => amount.asin().to_degrees(),
        }
    }

    fn of_own(self, own: f64) -> f64 {
        match self {
            Unit::Linear { factor, offset } => (own - offset) / factor,
            Unit::Sine => own.to_radians().sin(),
        }
    }
}

fn converted<'a>(quantity: &str, arguments: &[Value<'_>]) -> Value<'a> {
    let units = Unit::find(quantity, &text_at(arguments, 1)).zip(Unit::find(quantity, &text_at(arguments, 2)));
    let converted = real_at(arguments, 0).zip(units).map(|(amount, (from, to))| to.of_own(from.to_own(amount)));
    converted.map_or(Value::Null, Value::Real)
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    #[track_caller]
    fn near(name: &str, amount: f64, from: &str, to: &str, expected: f64) {
        let value = call(name, &[Value::Real(amount), Value::string(from), Value::string(to)]);
        assert!(
            matches!(value, Value::Real(n) if (n - expected).abs() <= expected.abs() * 1e-12),
            "{from} {to}: {value:?}"
        );
    }

    /// The documentation's examples, and by them the Kusto Emulator's.
    #[test]
    fn documented_amounts() {
        near("convert_angle", 1.2, "Degree", "Arcminute", 72.0);
        near("convert_energy", 1.2, "Joule", "BritishThermalUnit", 0.0011373805443759806);
        near("convert_force", 1.2, "Newton", "Decanewton", 0.12);
        near("convert_length", 1.2, "Meter", "Foot", 3.9370078740157477);
        near("convert_mass", 1.2, "Kilogram", "Pound", 2.6455471462185307);
        near("convert_speed", 1.2, "MeterPerSecond", "CentimeterPerHour", 432_000.0);
        near("convert_temperature", 1.2, "Kelvin", "DegreeCelsius", -271.95);
        near("convert_volume", 1.2, "CubicMeter", "AcreFoot", 0.0009728568);
        near("convert_temperature", 100.0, "DegreeCelsius", "DegreeFahrenheit", 212.0);
        near("convert_angle", 0.5, "Tilt", "Degree", 30.0);
        near("convert_angle", 30.0, "Degree", "Tilt", 0.5);
    }

    #[test]
    fn a_unit_of_another_quantity_is_none() {
        for (name, from, to) in [
            ("convert_length", "Meter", "Degree"),
            ("convert_length", "Tilt", "Meter"),
            ("convert_length", "meter", "Foot"),
            ("convert_mass", "", "Gram"),
        ] {
            let arguments = [Value::Real(1.0), Value::string(from), Value::string(to)];
            assert_eq!(call(name, &arguments), Value::Null, "{name} {from} {to}");
        }
    }

    #[test]
    fn every_unit_leads_back() {
        for line in UNITS.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            let unit = Unit::find(fields[0], fields[1]);
            let back = unit.map(|unit| unit.of_own(unit.to_own(2.5)));
            assert!(back.is_some_and(|back| (back - 2.5).abs() < 1e-9 || fields[1] == "MillidegreeCelsius"), "{line}");
            assert!((3..=4).contains(&fields.len()), "{line}");
        }
    }
}
