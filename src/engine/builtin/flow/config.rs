//! Settings that stand in files of the tree, so that code that asks for one is known to get it.
//!
//! Read are Java's `.properties`. A key that several files set has all of their values.

use crate::engine::inventory::{Inventory, SourceFile};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Larger files are data, not settings.
const MAX_FILE: u64 = 256 * 1024;
/// More values of one key are "anything".
const MAX_VALUES: usize = 4;

/// Values by key.
#[derive(Debug, Default)]
pub(super) struct Config {
    values: BTreeMap<String, BTreeSet<String>>,
    /// Whether a file on disk is another one than the inventory saw.
    pub(super) is_other: bool,
}

impl Config {
    /// Whether a file is one of settings.
    pub(super) fn is_read(file: &SourceFile) -> bool {
        file.unread.is_none() && file.size <= MAX_FILE && file.path.ends_with(".properties")
    }

    /// The settings of a tree. What cannot be read is left out.
    pub(super) fn read(root: &Path, inventory: &Inventory) -> Self {
        let mut config = Self::default();
        for file in inventory.files.iter().filter(|file| Self::is_read(file)) {
            let bytes = std::fs::read(file.on_disk(root)).unwrap_or_default();
            config.is_other |= !file.holds(&bytes);
            config.add_properties(&String::from_utf8_lossy(&bytes));
        }
        config
    }

    /// `key = value`, `key: value`, comments with `#` and `!`, lines that go on behind `\`.
    fn add_properties(&mut self, text: &str) {
        let mut line = String::new();
        for part in text.lines() {
            let part = part.trim_start();
            if line.is_empty() && part.starts_with(['#', '!']) {
                continue;
            }
            if let Some(begun) = part.strip_suffix('\\') {
                line.push_str(begun);
                continue;
            }
            line.push_str(part);
            if let Some(end) = line.find(['=', ':']) {
                let (key, value) = line.split_at(end);
                let value = value.get(1..).unwrap_or("").trim();
                let values = self.values.entry(key.trim().to_owned()).or_default();
                values.insert(value.to_owned());
            }
            line.clear();
        }
    }

    /// What a key may be set to; nothing when no file sets it, or too many do.
    pub(super) fn get(&self, key: &str) -> impl Iterator<Item = &str> {
        let values = self.values.get(key);
        let few = values.filter(|values| values.len() <= MAX_VALUES);
        few.into_iter().flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn properties_are_read_as_java_reads_them() {
        let mut config = Config::default();
        config.add_properties("# no\na = 1\n b: two\nlong=x\\\n  y\n! no\n=\nbare\n");
        let of = |config: &Config, key: &str| config.get(key).map(str::to_owned).collect();
        let found: Vec<Vec<String>> = ["a", "b", "long", "bare"]
            .iter()
            .map(|key| of(&config, key))
            .collect();
        assert_eq!(found, [vec!["1"], vec!["two"], vec!["xy"], vec![]]);
        config.add_properties("a=2");
        let two: Vec<String> = of(&config, "a");
        assert_eq!(two, ["1", "2"]);
        config.add_properties("a=3\na=4\na=5");
        let many: Vec<String> = of(&config, "a");
        assert!(many.is_empty(), "too many values tell nothing");
    }
}
