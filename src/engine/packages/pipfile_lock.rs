//! `Pipfile.lock`.

use super::{Entries, Entry, Need, json};

pub(super) fn parse(text: &str) -> Entries {
    let document = json(text)?;
    let mut entries = Vec::new();
    for (section, need) in [("default", Need::Runtime), ("develop", Need::Development)] {
        for (name, package) in document[section].as_object().into_iter().flatten() {
            let version = package["version"].as_str().unwrap_or_default();
            let entry = match version.strip_prefix("==") {
                Some(version) => Entry::exact(name, version),
                None => Entry::asked(name, version),
            };
            entries.push(entry.needed(need));
        }
    }
    Ok(entries)
}
