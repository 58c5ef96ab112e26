//! Documents that could drift from the code: reference pages, OpenAPI, the README's commands.

use std::process::Command;
use vega::{api::app, settings::catalogue};

fn committed(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn printed(page: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_vega"))
        .args(["maintenance", "docs", page])
        .env_clear()
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_reference_pages_are_what_the_program_prints() {
    for (file, page) in [
        (".env.example", "env-example"),
        ("docs/settings.md", "settings"),
        ("docs/errors.md", "errors"),
        ("docs/openapi.json", "openapi"),
    ] {
        assert!(
            committed(file) == printed(page),
            "{file} is out of date: run `make docs`"
        );
    }
}

#[test]
fn every_roles_help_lists_its_settings() {
    for (role, subcommand) in [
        ("api", "serve"),
        ("worker", "worker"),
        ("runner", "runner"),
        ("llm-proxy", "proxy"),
        ("maintenance", "maintenance"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_vega"))
            .args([subcommand, "--help"])
            .env_clear()
            .output()
            .unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        for variable in catalogue::CATALOGUE {
            let reads = variable.roles.iter().any(|it| it.as_str() == role);
            let named = help.contains(&format!("{} ", variable.name))
                || help.contains(&format!("{}\n", variable.name));
            assert!(
                !reads || named,
                "vega {subcommand} --help does not name {}",
                variable.name
            );
        }
    }
}

#[test]
fn the_document_is_openapi_3_1_and_every_operation_is_described() {
    let document = serde_json::to_value(app::document("Vega", "/v1")).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            let id = operation["operationId"]
                .as_str()
                .unwrap_or_else(|| panic!("{name}: no id"));
            assert!(ids.insert(id.to_owned()), "{name}: {id} is used twice");
            assert!(operation["summary"].is_string(), "{name}: no summary");
            assert!(
                operation["responses"]["500"].is_object(),
                "{name}: no error answer"
            );
        }
    }
}
