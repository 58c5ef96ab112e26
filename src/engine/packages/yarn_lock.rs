//! `yarn.lock`: the format of version 1 and the YAML of later ones, line by line.

use super::{Entries, Entry};

pub(super) fn parse(text: &str) -> Entries {
    let mut entries = Vec::new();
    let mut name: Option<String> = None;
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        if line.trim().is_empty() {
            continue;
        }
        if !line.starts_with(' ') {
            name = name_of(line);
            continue;
        }
        let field = line.trim();
        let version = field
            .strip_prefix("version ")
            .or_else(|| field.strip_prefix("version: "));
        if let (Some(version), true) = (version, line.starts_with("  ") && !line.starts_with("   "))
            && let Some(name) = name.take()
        {
            entries.push(Entry::exact(name, version.trim().trim_matches('"')));
        }
    }
    Ok(entries)
}

/// The package of a block's head: `"@scope/name@^1.0.0", name@npm:other@^2.0.0:`.
fn name_of(head: &str) -> Option<String> {
    let first = head
        .trim_end()
        .strip_suffix(':')?
        .split(", ")
        .next()?
        .trim_matches('"');
    let (name, range) = split_spec(first)?;
    if ["workspace:", "link:", "portal:", "file:"]
        .iter()
        .any(|own| range.starts_with(own))
    {
        return None;
    }
    let alias = range.strip_prefix("npm:").and_then(split_spec);
    Some(alias.map_or(name, |(target, _)| target).to_owned())
}

/// Name and range of `name@range`; a scope's own `@` is part of the name.
fn split_spec(spec: &str) -> Option<(&str, &str)> {
    let at = spec
        .char_indices()
        .skip(1)
        .find(|(_, character)| *character == '@')?
        .0;
    Some((&spec[..at], &spec[at + 1..]))
}
