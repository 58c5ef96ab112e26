//! `poetry.lock`.

use super::{Entries, Need, toml_entry, toml_packages};

pub(super) fn parse(text: &str) -> Entries {
    let packages = toml_packages(text)?;
    let entries = packages.iter().filter_map(|package| {
        let main = match (package.get("category"), package.get("groups")) {
            (Some(category), _) => category.as_str() != Some("dev"),
            (None, Some(groups)) => groups
                .as_array()
                .is_none_or(|groups| groups.iter().any(|group| group.as_str() == Some("main"))),
            (None, None) => true,
        };
        let need = if main {
            Need::Runtime
        } else {
            Need::Development
        };
        Some(toml_entry(package)?.needed(need))
    });
    Ok(entries.collect())
}
