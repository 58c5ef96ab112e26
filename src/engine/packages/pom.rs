//! Maven's `pom.xml`: its own dependencies; properties of the same file are filled in.
//!
//! Parents and imported lists of versions are other files, which are not read: such dependencies
//! have no version here.

use super::{Entries, Entry, Need, xml};
use std::collections::BTreeMap;

pub(super) fn parse(text: &str) -> Entries {
    let elements = xml::elements(text)?;
    let mut properties: BTreeMap<String, &str> = BTreeMap::new();
    for element in &elements {
        if let Some(name) = element.path.strip_prefix("project/properties/") {
            properties.insert(name.to_owned(), &element.text);
        }
        match element.path.as_str() {
            "project/version" => properties.insert("project.version".to_owned(), &element.text),
            "project/parent/version" => {
                properties
                    .entry("project.version".to_owned())
                    .or_insert(&element.text);
                properties.insert("project.parent.version".to_owned(), &element.text)
            }
            _ => None,
        };
    }
    let mut entries = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        if element.path != "project/dependencies/dependency" {
            continue;
        }
        let child = |name: &str| {
            let path = format!("{}/{name}", element.path);
            let found = elements[index..]
                .iter()
                .take(32)
                .find(|other| other.parent == index && other.path == path);
            found.map(|found| found.text.as_str())
        };
        let (Some(group), Some(artifact)) = (child("groupId"), child("artifactId")) else {
            continue;
        };
        let name = format!(
            "{}:{}",
            filled(group, &properties),
            filled(artifact, &properties)
        );
        let version = child("version")
            .map(|version| filled(version, &properties))
            .unwrap_or_default();
        let plain = !version.is_empty() && !version.contains(['$', '[', '(', ',']);
        let entry = if plain {
            Entry::exact(name, version)
        } else {
            Entry::asked(name, version)
        };
        entries.push(entry.needed(match child("scope") {
            Some("test" | "provided") => Need::Development,
            _ if child("optional") == Some("true") => Need::Optional,
            _ => Need::Runtime,
        }));
    }
    Ok(entries)
}

/// The value of `${name}`, once: a property that refers to another one stays open.
fn filled(text: &str, properties: &BTreeMap<String, &str>) -> String {
    let name = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    let value = name.and_then(|name| properties.get(name));
    value.map_or(text, |value| value).to_owned()
}
