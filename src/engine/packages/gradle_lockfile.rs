//! `gradle.lockfile`: `group:artifact:version=configurations`.

use super::{Entries, Entry, Need};

pub(super) fn parse(text: &str) -> Entries {
    let entries = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (coordinates, configurations) = line.trim().split_once('=')?;
            let (name, version) = coordinates.rsplit_once(':')?;
            let only_tests = configurations.split(',').all(|name| {
                name.to_lowercase().contains("test") || name.contains("annotationProcessor")
            });
            let need = if only_tests {
                Need::Development
            } else {
                Need::Runtime
            };
            name.contains(':')
                .then(|| Entry::exact(name, version).needed(need))
        });
    Ok(entries.collect())
}
