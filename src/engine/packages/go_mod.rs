//! `go.mod`: the `require` directives.

use super::{Entries, Entry};

pub(super) fn parse(text: &str) -> Entries {
    let mut entries = Vec::new();
    let mut block = String::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or(line).trim();
        if line == ")" {
            block.clear();
        } else if let Some(directive) = line.strip_suffix('(') {
            directive.trim().clone_into(&mut block);
        } else if block == "require" {
            entries.extend(entry_of(line));
        } else if let Some(required) = line.strip_prefix("require ").filter(|_| block.is_empty()) {
            entries.extend(entry_of(required));
        }
    }
    Ok(entries)
}

fn entry_of(line: &str) -> Option<Entry> {
    let mut words = line.split_whitespace().map(|word| word.trim_matches('"'));
    let (module, version) = (words.next()?, words.next()?);
    version
        .starts_with('v')
        .then(|| Entry::exact(module, version))
}
