//! `requirements.txt` of pip (PEP 508 lines), and requirements as other files of Python write them.

use super::{Entries, Entry};

/// Whether a file of this (lower-case) name has the format.
pub(super) fn is_one(name: &str) -> bool {
    name.ends_with(".txt")
        && (name.starts_with("requirements") || name.ends_with("requirements.txt"))
}

pub(super) fn parse(text: &str) -> Entries {
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    Ok(joined.lines().filter_map(requirement).collect())
}

/// One requirement; options, URLs and local paths without a name give nothing.
pub(super) fn requirement(line: &str) -> Option<Entry> {
    let line = line.trim();
    let line = line.split(" #").next().unwrap_or(line);
    let line = line.split(" --").next().unwrap_or(line);
    if line.starts_with(['-', '#', '.', '/']) || line.contains("://") && !line.contains(" @ ") {
        return None;
    }
    let line = line.split(';').next().unwrap_or(line).trim();
    let end = line
        .find(|character: char| {
            !character.is_ascii_alphanumeric() && !matches!(character, '-' | '_' | '.')
        })
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let rest = rest.trim();
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1.trim(),
        None => rest,
    };
    let range = rest.trim_matches(['(', ')']).trim();
    let pinned = range
        .strip_prefix("===")
        .or_else(|| range.strip_prefix("=="));
    let pinned = pinned
        .map(str::trim)
        .filter(|version| !version.contains([',', '*', ' ']));
    Some(match pinned {
        Some(version) => Entry::exact(name, version),
        None => Entry::asked(name, range),
    })
}
