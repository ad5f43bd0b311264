//! Whole queries over rows.
