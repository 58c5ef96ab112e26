//! Finished components, saved so that a recovered scan does not repeat them.
//!
//! A checkpoint counts only for the very same work: its key is a hash over rules version, models,
//! auditors, chosen files with their content hashes, files left out with their reasons, and all that
//! the data flow read. Anything that does not read back or has another key is silently not there.

use super::{AuditUnit, ComponentResult};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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
    let mut hasher = Sha256::new();
    let mut field = |text: &str| {
        hasher.update(text.as_bytes());
        hasher.update([0]);
    };
    field(env!("CARGO_PKG_VERSION"));
    field(unit.rules.version());
    field(&unit.models.digest());
    let take = unit.selected.take.iter();
    if take
        .clone()
        .any(|index| unit.flow.of(&unit.inventory.files[*index].path).is_some())
    {
        // What data does in one file depends on the others.
        field(unit.flow.inputs());
    }
    for auditor in unit.auditors {
        field(auditor);
    }
    field("take");
    for index in take {
        let file = &unit.inventory.files[*index];
        field(&file.path);
        field(&file.sha256);
        field(file.role.as_str());
    }
    field("leave");
    for (index, reason) in &unit.selected.leave {
        field(&unit.inventory.files[*index].path);
        field(reason);
    }
    hex::encode(hasher.finalize())
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
