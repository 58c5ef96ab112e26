//! The packages of a whole tree, and the bill of materials made of them.

use super::{Memory, scan};
use serde_json::{Value, json};
use vega::engine::packages::{Packages, cyclonedx::to_cyclonedx};

fn packages(files: &[(&str, &str)]) -> Packages {
    let tree = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = tree.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    scan(tree.path(), &Memory::default(), 1).packages
}

fn some() -> Packages {
    packages(&[
        (
            "package.json",
            r#"{"dependencies":{"@scope/a":"^1.0.0","b":"^2.0.0"}}"#,
        ),
        (
            "package-lock.json",
            r#"{"lockfileVersion":3,"packages":{"node_modules/@scope/a":{"version":"1.2.3","dev":true}}}"#,
        ),
        (
            "sub/package-lock.json",
            r#"{"lockfileVersion":3,"packages":{"node_modules/@scope/a":{"version":"1.2.3"}}}"#,
        ),
        (
            "node_modules/x/package.json",
            r#"{"dependencies":{"hidden":"1.0.0"}}"#,
        ),
        ("requirements/base.txt", "Flask==3.0.3\n"),
        ("broken/Cargo.lock", "= ="),
    ])
}

#[test]
fn files_are_merged_and_what_cannot_be_read_is_told() {
    let packages = some();
    let purls: Vec<&str> = packages
        .packages
        .iter()
        .map(|package| package.purl.as_str())
        .collect();
    assert_eq!(
        purls,
        [
            "pkg:npm/%40scope/a@1.2.3",
            "pkg:npm/b",
            "pkg:pypi/flask@3.0.3"
        ]
    );
    let scoped = &packages.packages[0];
    assert_eq!(scoped.files, ["package-lock.json", "sub/package-lock.json"]);
    assert_eq!(scoped.need.as_str(), "runtime");
    assert_eq!(
        packages.faults,
        [(
            "broken/Cargo.lock".to_owned(),
            "no TOML document".to_owned()
        )]
    );
}

/// The parts of CycloneDX 1.6 that are used here, as its JSON schema prescribes their structure.
fn structure() -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    let property = json!({ "type": "object", "additionalProperties": false,
        "properties": { "name": { "type": "string" }, "value": { "type": "string" } } });
    let component = json!({
        "type": "object",
        "required": ["type", "name"],
        "additionalProperties": false,
        "properties": {
            "type": { "enum": ["application", "framework", "library", "container", "platform",
                "operating-system", "device", "device-driver", "firmware", "file",
                "machine-learning-model", "data", "cryptographic-asset"] },
            "bom-ref": text, "group": text, "name": text, "version": text,
            "purl": { "type": "string", "pattern": "^pkg:[a-z]+/[A-Za-z0-9.%_~:/-]+(@[A-Za-z0-9.%_~:-]+)?$" },
            "scope": { "enum": ["required", "optional", "excluded"] },
            "evidence": { "type": "object", "additionalProperties": false, "properties": {
                "occurrences": { "type": "array", "items": { "type": "object",
                    "required": ["location"], "additionalProperties": false,
                    "properties": { "location": text } } } } },
            "properties": { "type": "array", "items": property },
        },
    });
    json!({
        "type": "object",
        "required": ["bomFormat", "specVersion"],
        "additionalProperties": false,
        "properties": {
            "$schema": { "const": "http://cyclonedx.org/schema/bom-1.6.schema.json" },
            "bomFormat": { "const": "CycloneDX" },
            "specVersion": { "const": "1.6" },
            "version": { "type": "integer", "minimum": 1 },
            "metadata": { "type": "object", "additionalProperties": false, "properties": {
                "lifecycles": { "type": "array", "items": { "type": "object",
                    "required": ["phase"], "additionalProperties": false,
                    "properties": { "phase": { "enum": ["design", "pre-build", "build", "post-build",
                        "operations", "discovery", "decommission"] } } } },
                "tools": { "type": "object", "additionalProperties": false,
                    "properties": { "components": { "type": "array", "items": component } } },
            }},
            "components": { "type": "array", "uniqueItems": true, "items": component },
            "properties": { "type": "array", "items": property },
        },
    })
}

#[test]
fn the_bill_of_materials_has_the_prescribed_structure() {
    let validator = jsonschema::validator_for(&structure()).unwrap();
    for packages in [Packages::default(), some()] {
        let bom = to_cyclonedx(&packages);
        let faults: Vec<String> = validator
            .iter_errors(&bom)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
    let bom = to_cyclonedx(&some());
    assert_eq!(bom["components"][0]["group"], "@scope");
    assert_eq!(bom["components"][1]["properties"][0]["value"], "^2.0.0");
    assert_eq!(bom["properties"][0]["name"], "vega:unread");
}
