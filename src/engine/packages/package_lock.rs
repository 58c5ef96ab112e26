//! `package-lock.json` and `npm-shrinkwrap.json`, lock file versions 1 to 3.

use super::{Entries, Entry, Need, json};
use serde_json::Value;

pub(super) fn parse(text: &str) -> Entries {
    let document = json(text)?;
    if let Some(packages) = document["packages"].as_object() {
        let entries = packages.iter().filter_map(|(place, package)| {
            let (_, name) = place.rsplit_once("node_modules/")?;
            // Links lead to packages of the tree itself.
            let linked = package["link"].as_bool() == Some(true);
            let name = package["name"].as_str().unwrap_or(name);
            let version = package["version"].as_str().filter(|_| !linked)?;
            Some(Entry::exact(name, version).needed(need_of(package)))
        });
        return Ok(entries.collect());
    }
    let Some(_) = document["dependencies"].as_object() else {
        return match document["lockfileVersion"].is_number() {
            true => Ok(Vec::new()),
            false => Err("no package lock of version 1, 2 or 3".to_owned()),
        };
    };
    // Version 1 nests; the parser has limited how deep.
    let mut entries = Vec::new();
    let mut todo = vec![&document["dependencies"]];
    while let Some(level) = todo.pop() {
        for (name, package) in level.as_object().into_iter().flatten() {
            let version = package["version"].as_str();
            if let Some(version) = version.filter(|version| !version.starts_with("file:")) {
                entries.push(Entry::exact(name, version).needed(need_of(package)));
            }
            todo.push(&package["dependencies"]);
        }
    }
    Ok(entries)
}

fn need_of(package: &Value) -> Need {
    let says = |key: &str| package[key].as_bool() == Some(true);
    match () {
        () if says("dev") || says("devOptional") => Need::Development,
        () if says("optional") => Need::Optional,
        () => Need::Runtime,
    }
}
