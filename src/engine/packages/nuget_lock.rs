//! NuGet's `packages.lock.json`.

use super::{Entries, Entry, json};

pub(super) fn parse(text: &str) -> Entries {
    let document = json(text)?;
    let mut entries = Vec::new();
    for (_, packages) in document["dependencies"].as_object().into_iter().flatten() {
        for (name, package) in packages.as_object().into_iter().flatten() {
            // Projects of the same tree have no version.
            if let Some(version) = package["resolved"].as_str() {
                entries.push(Entry::exact(name, version));
            }
        }
    }
    Ok(entries)
}
