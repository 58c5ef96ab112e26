//! Bad settings are refused with everything that is wrong; odd ones warn.

use crate::support::{Server, command, run, run_with_input};
use std::process::{Command, Output};

fn stderr_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn refused(command: &mut Command) -> String {
    let output = run(command);
    assert_eq!(output.status.code(), Some(2), "{}", stderr_of(&output));
    stderr_of(&output)
}

#[test]
fn every_bad_setting_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = refused(
        command(&["serve", "--port", "0"])
            .current_dir(&folder)
            .env("VEGA_SCAN_LEASE_SECONDS", "soon")
            .env("VEGA_SCAN_EXECUTION_MODE", "magic")
            .env("VEGA_API_PREFIX", "v1/")
            .env("VEGA_AUTH_SECRET", "far-too-short")
            .env("VEGA_MAX_SOURCE_BYTES", "-1"),
    );
    for name in [
        "VEGA_SCAN_LEASE_SECONDS",
        "VEGA_SCAN_EXECUTION_MODE",
        "VEGA_API_PREFIX",
        "VEGA_AUTH_SECRET",
        "VEGA_MAX_SOURCE_BYTES",
    ] {
        assert!(text.contains(name), "{name} is not named in {text}");
    }
    assert!(!text.contains("far-too-short"), "a secret is shown: {text}");
    assert!(
        !folder.path().join("data").exists(),
        "nothing is made before the settings are good"
    );
}

#[test]
fn production_refuses_what_is_unsafe_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = refused(
        command(&["serve", "--port", "0"])
            .current_dir(&folder)
            .env("VEGA_ENVIRONMENT", "prod"),
    );
    for name in [
        "VEGA_PERSISTENCE_BACKEND",
        "VEGA_FILE_STORAGE_BACKEND",
        "VEGA_SCAN_EXECUTION_MODE",
        "VEGA_AUTH_PROVIDER",
    ] {
        assert!(text.contains(name), "{name} is not named in {text}");
    }
}

#[test]
fn the_proxy_says_that_it_is_not_part_of_this_version() {
    let text = refused(&mut command(&["proxy"]));
    assert!(text.contains("not part of this version"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_well_known_password_is_refused_where_others_can_reach_it() {
    let folder = tempfile::tempdir().unwrap();
    let open = ["serve", "--host", "0.0.0.0", "--port", "0"];
    let text = refused(command(&open).current_dir(&folder));
    assert!(
        text.contains("--allow-debug-user") && text.contains("VEGA_DEBUG_PASSWORD"),
        "{text}"
    );
    let mut own_password = command(&open);
    own_password
        .current_dir(&folder)
        .env("VEGA_DEBUG_PASSWORD", "an own password");
    Server::of(own_password).await.stop().await;
    let mut allowed = command(&open);
    allowed.current_dir(&folder).arg("--allow-debug-user");
    Server::of(allowed).await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_told_clearly() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let text = refused(command(&["serve", "--port", &port]).current_dir(&folder));
    assert!(text.contains(&port) && text.contains("--port"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_setting_and_another_role_only_warn() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let odd = [
        ("VEGA_MAX_SORCE_BYTES", "1"),
        ("VEGA_SERVICE_ROLE", "worker"),
    ];
    let server = Server::start(&data, &odd).await;
    let warned = server
        .process
        .logged("no setting has this name; is it a typing error?");
    assert_eq!(warned[0].1["name"], "VEGA_MAX_SORCE_BYTES");
    assert_eq!(warned[0].1["level"], "WARN");
    assert_eq!(
        server
            .process
            .logged("the subcommand wins over VEGA_SERVICE_ROLE")
            .len(),
        1
    );
    server.stop().await;
}

#[test]
fn a_settings_file_counts_for_servers_and_the_environment_wins() {
    let folder = tempfile::tempdir().unwrap();
    let file = "VEGA_APP_NAME=\"From file\"\nVEGA_SCAN_LEASE_SECONDS=7\n";
    std::fs::write(folder.path().join(".env"), file).unwrap();
    let output = run(command(&["maintenance", "check"])
        .current_dir(&folder)
        .env("VEGA_SCAN_LEASE_SECONDS", "8"));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("VEGA_APP_NAME=From file  (set)"), "{text}");
    assert!(text.contains("VEGA_SCAN_LEASE_SECONDS=8  (set)"), "{text}");
    for broken in [
        "this is no setting\n",
        "VEGA_APP_NAME=x\nVEGA_AUTH_SECRET=not to be shown\n",
    ] {
        std::fs::write(folder.path().join(".env"), broken).unwrap();
        let text = refused(command(&["maintenance", "check"]).current_dir(&folder));
        assert!(text.contains(".env is not a valid settings file"), "{text}");
        assert!(!text.contains("shown"), "a secret is shown: {text}");
    }
}

#[test]
fn the_check_prints_settings_without_secrets_and_tries_the_dependencies() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "a secret of more than thirty-two characters";
    // Before there is anything, the settings are printed all the same.
    let output = run(command(&["maintenance", "check"]).current_dir(&folder));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("VEGA_DATA_DIR=data  (default)"), "{text}");
    assert!(stderr_of(&output).contains("no Vega data at"));
    assert_eq!(output.status.code(), Some(2));
    let mut add = command(&["maintenance", "users", "add", "ada@example.com"]);
    add.current_dir(&folder);
    let output = run_with_input(&mut add, "a long enough password");
    assert!(output.status.success(), "{}", stderr_of(&output));
    let output = run(command(&["maintenance", "check"])
        .current_dir(&folder)
        .env("VEGA_AUTH_SECRET", secret));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", stderr_of(&output));
    assert!(text.contains("VEGA_AUTH_SECRET=[redacted]"), "{text}");
    assert!(
        !text.contains(secret) && !text.contains("vega-debug-password"),
        "{text}"
    );
    assert!(text.contains("VEGA_DATA_DIR=data  (default)"), "{text}");
    for dependency in ["metadata_store: ok", "object_store: ok"] {
        assert!(text.contains(dependency), "{text}");
    }
    // A file where the folder should be.
    std::fs::write(folder.path().join("file"), "").unwrap();
    let text =
        refused(command(&["maintenance", "--data-dir", "file", "check"]).current_dir(&folder));
    assert!(!text.is_empty());
}

#[test]
fn the_check_is_one_document_whatever_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "a secret of more than thirty-two characters";
    let checked = |settings: &[(&str, &str)]| {
        let mut check = command(&["maintenance", "check", "--json"]);
        check.current_dir(&folder).env("VEGA_AUTH_SECRET", secret);
        let output = run(check.envs(settings.iter().copied()));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!text.contains(secret), "{text}");
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(told["ok"], output.status.success(), "{told}");
        assert!(output.status.success() || output.status.code() == Some(2));
        told
    };
    let nothing = checked(&[]);
    let problem = nothing["problems"][0]["message"].as_str().unwrap();
    assert!(problem.contains("no Vega data at"), "{nothing}");
    assert!(nothing["dependencies"].is_null());
    let wrong = [
        ("VEGA_SCAN_LEASE_SECONDS", "soon"),
        ("VEGA_API_PREFIX", "v1/"),
        ("VEGA_MAX_SORCE_BYTES", "1"),
    ];
    let told = checked(&wrong);
    let problems = told["problems"].as_array().unwrap();
    for name in ["VEGA_SCAN_LEASE_SECONDS", "VEGA_API_PREFIX"] {
        assert!(problems.iter().any(|it| it["path"] == name), "{told}");
    }
    assert_eq!(
        told["unknown_settings"],
        serde_json::json!(["VEGA_MAX_SORCE_BYTES"])
    );

    let mut add = command(&["maintenance", "users", "add", "ada@example.com"]);
    add.current_dir(&folder);
    assert!(
        run_with_input(&mut add, "a long enough password")
            .status
            .success()
    );
    let good = checked(&[]);
    assert_eq!(
        (&good["role"], &good["problems"]),
        (&"api".into(), &serde_json::json!([]))
    );
    let names: Vec<_> = good["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["metadata_store", "object_store"]);
    assert!(
        good["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["ok"] == true)
    );
    let named = |name: &str| {
        let all = good["settings"].as_array().unwrap();
        all.iter().find(|it| it["name"] == name).unwrap().clone()
    };
    assert_eq!(named("VEGA_AUTH_SECRET")["value"], "[redacted]");
    assert_eq!(named("VEGA_DATA_DIR")["origin"], "default");
}
