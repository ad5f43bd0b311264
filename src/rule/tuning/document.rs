//! The shape of an overlay's YAML. A key that is not known is an error: nobody else would notice the typing mistake.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Overlay {
    pub(super) rules: Vec<Entry>,
}

/// What is said of one rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) rule: Spanned<String>,
    pub(super) disabled: Option<Spanned<bool>>,
    pub(super) severity: Option<Spanned<String>>,
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) lists: BTreeMap<String, Spanned<Change>>,
    #[serde(default)]
    pub(super) exceptions: Vec<Spanned<Except>>,
}

/// What becomes of a list: new items alone, or fewer and more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    pub(super) replace: Option<Vec<Value>>,
    #[serde(default)]
    pub(super) remove: Vec<Value>,
    #[serde(default)]
    pub(super) add: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Except {
    #[serde(rename = "where")]
    pub(super) predicate: Spanned<String>,
    pub(super) reason: Option<String>,
    pub(super) expires: Option<Spanned<String>>,
}
