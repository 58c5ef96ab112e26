//! `Gemfile.lock`: the gems of its `GEM` and `GIT` sections.

use super::{Entries, Entry};

pub(super) fn parse(text: &str) -> Entries {
    let mut entries = Vec::new();
    let mut section = "";
    for line in text.lines() {
        if !line.starts_with(' ') {
            section = line.trim();
            continue;
        }
        // Four blanks are a gem, six are what it asks for.
        let gem = line
            .strip_prefix("    ")
            .filter(|rest| !rest.starts_with(' '));
        let Some((name, version)) = gem.and_then(|gem| gem.split_once(" (")) else {
            continue;
        };
        if matches!(section, "GEM" | "GIT") {
            let version = version.trim_end().trim_end_matches(')');
            // A platform may follow: `1.2.3-x86_64-linux`.
            let version = version.split('-').next().unwrap_or(version);
            entries.push(Entry::exact(name, version));
        }
    }
    Ok(entries)
}
