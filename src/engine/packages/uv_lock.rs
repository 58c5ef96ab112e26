//! `uv.lock`.

use super::{Entries, toml_entry, toml_packages};

pub(super) fn parse(text: &str) -> Entries {
    let packages = toml_packages(text)?;
    let entries = packages.iter().filter(|package| {
        let source = package.get("source").and_then(|source| source.as_table());
        // The project itself and other members of the workspace.
        !source.is_some_and(|source| {
            ["virtual", "editable", "directory"]
                .iter()
                .any(|own| source.contains_key(*own))
        })
    });
    Ok(entries.filter_map(toml_entry).collect())
}
