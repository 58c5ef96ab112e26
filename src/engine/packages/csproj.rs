//! Project files of .NET: `PackageReference` elements.

use super::{Entries, Entry, xml};

/// Whether a file of this (lower-case) name has the format.
pub(super) fn is_one(name: &str) -> bool {
    [".csproj", ".fsproj", ".vbproj"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

pub(super) fn parse(text: &str) -> Entries {
    let elements = xml::elements(text)?;
    let mut entries = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        if !element.path.ends_with("/PackageReference") {
            continue;
        }
        let attribute = |name: &str| {
            let found = element.attributes.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        let child = elements[index..]
            .iter()
            .take(16)
            .find(|other| other.parent == index && other.path.ends_with("/Version"))
            .map(|version| version.text.as_str());
        let Some(name) = attribute("Include") else {
            continue;
        };
        let version = attribute("Version").or(child).unwrap_or_default();
        let plain = version.starts_with(|first: char| first.is_ascii_digit())
            && !version.contains(['*', ',', '$']);
        entries.push(if plain {
            Entry::exact(name, version)
        } else {
            Entry::asked(name, version)
        });
    }
    Ok(entries)
}
