//! `composer.lock`.

use super::{Entries, Entry, Need, json};

pub(super) fn parse(text: &str) -> Entries {
    let document = json(text)?;
    let mut entries = Vec::new();
    for (section, need) in [
        ("packages", Need::Runtime),
        ("packages-dev", Need::Development),
    ] {
        for package in document[section].as_array().into_iter().flatten() {
            if let (Some(name), Some(version)) =
                (package["name"].as_str(), package["version"].as_str())
            {
                entries.push(Entry::exact(name, version).needed(need));
            }
        }
    }
    Ok(entries)
}
