//! `Cargo.lock`, every version.

use super::{Entries, toml_entry, toml_packages};

pub(super) fn parse(text: &str) -> Entries {
    let packages = toml_packages(text)?;
    // Members of the workspace have no source.
    let foreign = packages
        .iter()
        .filter(|package| package.contains_key("source"));
    Ok(foreign.filter_map(toml_entry).collect())
}
