//! Finished components, saved so that a recovered scan does not repeat them.
//!
//! A checkpoint counts only for the very same work: its key is a hash over the build, rules, models,
//! auditors, chosen files with their content hashes and what the data flow says of them, and files left
//! out with their reasons. Anything that does not read back or has another key is silently not there.

use super::{AuditUnit, ComponentResult};
use crate::engine::cache::KeyOf;
use serde::{Deserialize, Serialize};

/// The version of the saved form.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Saved {
    format: u32,
    key: String,
    result: ComponentResult,
}

/// The hash of everything the result of `unit` depends on.
pub(crate) fn key(unit: &AuditUnit<'_>) -> String {
    let file = |index: &usize| &unit.inventory.files[*index];
    let key = KeyOf::new("component").and(unit.rules.digest());
    let mut key = key.and(unit.models.digest());
    key = unit.auditors.iter().fold(key, KeyOf::and);
    key = key.and("take");
    for index in &unit.selected.take {
        let digest = unit.flow.digest(&file(index).path);
        key = key.and_file(file(index)).and(digest.unwrap_or_default());
    }
    key = key.and("leave");
    for (index, reason) in &unit.selected.leave {
        key = key.and(&file(index).path).and(reason);
    }
    hex::encode(key.key())
}

/// The saved form of `result`.
pub(crate) fn encode(key: String, result: &ComponentResult) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Saved {
        format: FORMAT,
        key,
        result: result.clone(),
    })
}

/// The result in `bytes`, if it belongs to `key`.
pub(crate) fn decode(key: &str, bytes: &[u8]) -> Option<ComponentResult> {
    let saved: Saved = serde_json::from_slice(bytes).ok()?;
    (saved.format == FORMAT && saved.key == key).then_some(saved.result)
}
