//! kqltap: Microsoft Sentinel KQL detections, evaluated on log records as they pass.
pub mod diagnostic;
pub mod kql;
pub mod record;
pub mod rule;
pub mod schema;
pub mod value;
