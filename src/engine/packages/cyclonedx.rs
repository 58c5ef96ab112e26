//! The packages of a tree as a bill of materials: CycloneDX 1.6 in JSON (ECMA-424).
//!
//! No serial number and no time: the same tree gives the same bytes.

use super::{Ecosystem, Need, Package, Packages};
use serde_json::{Value, json};

/// The bill of materials.
pub fn to_cyclonedx(packages: &Packages) -> Value {
    let components: Vec<Value> = packages.packages.iter().map(component).collect();
    let faults: Vec<Value> = packages
        .faults
        .iter()
        .map(
            |(path, reason)| json!({ "name": "vega:unread", "value": format!("{path}: {reason}") }),
        )
        .collect();
    let mut bom = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{ "phase": "pre-build" }],
            "tools": { "components": [{
                "type": "application",
                "name": "vega",
                "version": env!("CARGO_PKG_VERSION"),
            }]},
        },
        "components": components,
    });
    if !faults.is_empty() {
        bom["properties"] = Value::from(faults);
    }
    bom
}

fn component(package: &Package) -> Value {
    let (group, name) = split(package);
    let files = package.files.iter().map(|path| json!({ "location": path }));
    let mut component = json!({
        "type": "library",
        "bom-ref": package.purl,
        "name": name,
        "purl": package.purl,
        "scope": match package.need {
            Need::Runtime => "required",
            Need::Optional => "optional",
            Need::Development => "excluded",
        },
        "evidence": { "occurrences": files.collect::<Vec<_>>() },
    });
    if let Some(group) = group {
        component["group"] = Value::from(group);
    }
    if let Some(version) = &package.version {
        component["version"] = Value::from(version.as_str());
    } else if let Some(requirement) = &package.requirement {
        component["properties"] = json!([{ "name": "vega:requirement", "value": requirement }]);
    }
    component
}

/// Group and name, where an ecosystem has groups.
fn split(package: &Package) -> (Option<&str>, &str) {
    let parts = match package.ecosystem {
        Ecosystem::Maven => package.name.split_once(':'),
        Ecosystem::Npm if !package.name.starts_with('@') => None,
        Ecosystem::Npm | Ecosystem::Composer => package.name.split_once('/'),
        Ecosystem::Golang => package.name.rsplit_once('/'),
        Ecosystem::Pypi | Ecosystem::Cargo | Ecosystem::Gem | Ecosystem::Nuget => None,
    };
    parts.map_or((None, &package.name), |(group, name)| (Some(group), name))
}
