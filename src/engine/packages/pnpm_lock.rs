//! `pnpm-lock.yaml`, versions 5 to 9: the keys of its `packages` section, line by line.
//!
//! The file is written by a program in one layout, so no YAML reader is needed.

use super::{Entries, Entry, Need};

pub(super) fn parse(text: &str) -> Entries {
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix("lockfileVersion:"))
        .ok_or("no pnpm lock file")?;
    let key_of = match version.trim().trim_matches('\'').starts_with('5') {
        true => by_slash,
        false => by_at,
    };
    let mut entries: Vec<Entry> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if !line.starts_with(' ') && !line.is_empty() {
            inside = line.trim_end() == "packages:";
        } else if inside {
            let deeper = line.starts_with("   ");
            if deeper && line.trim() == "dev: true" {
                if let Some(last) = entries.last_mut() {
                    last.need = Need::Development;
                }
            } else if !deeper {
                let entry = key_of(key(line)).filter(|(_, version)| {
                    version.starts_with(|first: char| first.is_ascii_digit())
                });
                entries.extend(entry.map(|(name, version)| Entry::exact(name, version)));
            }
        }
    }
    Ok(entries)
}

fn key(line: &str) -> &str {
    let line = line.trim().trim_end_matches(" {}").trim_end_matches(':');
    line.trim_matches(['\'', '"']).trim_start_matches('/')
}

/// Version 5: `/name/1.0.0_peer`.
fn by_slash(key: &str) -> Option<(&str, &str)> {
    let key = key.split('_').next()?;
    key.rsplit_once('/')
}

/// Later versions: `/name@1.0.0(peer)`, `@scope/name@1.0.0`.
fn by_at(key: &str) -> Option<(&str, &str)> {
    let key = key.split('(').next()?;
    key.rsplit_once('@').filter(|(name, _)| !name.is_empty())
}
