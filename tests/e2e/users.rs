//! `vega maintenance users` beside a running server.

use crate::support::{Server, command, done, refused, run, run_with_input};
use serde_json::{Value, json};
use std::{path::Path, process::Output};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "a long enough password";

fn users(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = command(&["maintenance", "--data-dir"]);
    command
        .arg(data)
        .arg("users")
        .args(arguments)
        .current_dir(data.parent().unwrap());
    run_with_input(&mut command, input)
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_added_changed_and_locked_out_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]).await;
    let sign_in = |password: &'static str| {
        let client = server.client();
        async move {
            client
                .post(
                    "/v1/auth/login",
                    json!({"email": EMAIL, "password": password}),
                )
                .await
        }
    };
    sign_in(PASSWORD).await.expect_error("invalid_token");

    refused(&users(&data, &["add", "not an email"], PASSWORD), "email");
    refused(&users(&data, &["add", EMAIL], "short"), "12");
    refused(
        &users(&data, &["add", EMAIL, "--groups", "kings"], PASSWORD),
        "root",
    );
    let added = done(&users(
        &data,
        &["add", "Ada@Example.com", "--name", "Ada"],
        PASSWORD,
    ));
    assert!(added.contains(EMAIL) && added.contains("active"), "{added}");
    // Once more the same is nothing; anything else is refused.
    assert_eq!(done(&users(&data, &["add", EMAIL], PASSWORD)), added);
    refused(
        &users(&data, &["add", EMAIL], "quite another password"),
        EMAIL,
    );
    refused(
        &users(&data, &["add", EMAIL, "--name", "Eve"], PASSWORD),
        EMAIL,
    );

    let client = server.client().signed_in(EMAIL, PASSWORD).await;
    let me = client.get("/v1/auth/me").await.expect_status(200).json();
    assert_eq!(
        (&me["display_name"], &me["groups"]),
        (&json!("Ada"), &json!(["user"]))
    );
    let key = client
        .post("/v1/api-keys", json!({"name": "ci"}))
        .await
        .expect_status(201)
        .json();
    let secret = ["secret", "key", "token"]
        .iter()
        .find_map(|it| key[it].as_str())
        .unwrap();
    let by_key = server.client().with_bearer(secret);
    by_key.get("/v1/projects").await.expect_status(200);

    done(&users(&data, &["groups", EMAIL, "operator,user"], ""));
    let me = client.get("/v1/auth/me").await.expect_status(200).json();
    let groups = me["groups"].to_string();
    assert!(
        groups.contains("operator"),
        "a group counts at once: {groups}"
    );

    done(&users(&data, &["passwd", EMAIL], "another long password\n"));
    client
        .get("/v1/auth/me")
        .await
        .expect_error("invalid_token");
    sign_in(PASSWORD).await.expect_error("invalid_token");
    let client = server
        .client()
        .signed_in(EMAIL, "another long password")
        .await;
    // Once more the same is nothing, and ends no session.
    let again = users(&data, &["passwd", EMAIL, "--json"], "another long password");
    let again: Value = serde_json::from_str(&done(&again)).unwrap();
    assert_eq!(again["changed"], false, "{again}");
    client.get("/v1/auth/me").await.expect_status(200);

    done(&users(&data, &["disable", EMAIL], ""));
    client
        .get("/v1/auth/me")
        .await
        .expect_error("invalid_token");
    by_key
        .get("/v1/projects")
        .await
        .expect_error("invalid_token");
    sign_in("another long password")
        .await
        .expect_error("invalid_token");
    assert!(done(&users(&data, &["list"], "")).contains("disabled"));

    done(&users(&data, &["enable", EMAIL], ""));
    sign_in("another long password").await.expect_status(200);
    client
        .get("/v1/auth/me")
        .await
        .expect_error("invalid_token");
    let listed = done(&users(&data, &["list", "--json"], ""));
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert!(!listed.to_string().contains("argon2"), "{listed}");
    let ada = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["email"] == EMAIL)
        .unwrap();
    assert_eq!(ada["is_active"], true);
    refused(
        &users(&data, &["disable", "nobody@example.com"], ""),
        "nobody@example.com",
    );
    server.stop().await;
}

#[test]
fn there_is_nothing_to_migrate_and_the_program_says_so() {
    let output = run(&mut command(&["maintenance", "migrate"]));
    refused(&output, "nothing to migrate");
}

fn told(output: &Output) -> Value {
    serde_json::from_str(&done(output)).unwrap()
}

#[test]
fn a_dry_run_tells_what_would_be_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dry = |arguments: &[&str], input: &str| {
        let mut all = arguments.to_vec();
        all.extend(["--dry-run", "--json"]);
        users(&data, &all, input)
    };
    let would = told(&dry(
        &["add", EMAIL, "--groups", "user,operator,user"],
        PASSWORD,
    ));
    assert_eq!(
        (&would["dry_run"], &would["changed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(would["user"]["groups"], json!(["operator", "user"]));
    assert!(would["user"]["id"].is_null(), "it would be another one");
    refused(&dry(&["add", "nonsense"], PASSWORD), "email");
    refused(&dry(&["add", EMAIL], "short"), "12");
    assert!(!data.exists(), "a dry run makes no data");

    let added = told(&users(&data, &["add", EMAIL, "--json"], PASSWORD));
    assert_eq!(
        (&added["dry_run"], &added["changed"]),
        (&json!(false), &json!(true))
    );
    let before = told(&users(&data, &["list", "--json"], ""));
    assert_eq!(before, json!([added["user"]]));
    let again = told(&users(&data, &["add", EMAIL, "--json"], PASSWORD));
    assert_eq!(
        (&again["changed"], &again["user"]),
        (&json!(false), &added["user"])
    );
    for (arguments, changed) in [
        (&["add", EMAIL][..], false),
        (&["groups", EMAIL, "operator"], true),
        (&["groups", EMAIL, "user,user"], false),
        (&["disable", EMAIL], true),
        (&["enable", EMAIL], false),
        (&["passwd", EMAIL], false),
    ] {
        let would = told(&dry(arguments, PASSWORD));
        assert_eq!(would["changed"], changed, "{arguments:?}");
    }
    let would = told(&dry(&["passwd", EMAIL], "another long password"));
    assert_eq!(would["changed"], true);
    assert!(done(&users(&data, &["disable", EMAIL, "--dry-run"], "")).starts_with("would be"));
    refused(&dry(&["add", EMAIL], "another long password"), EMAIL);
    refused(
        &dry(&["disable", "nobody@example.com"], ""),
        "nobody@example.com",
    );
    assert_eq!(told(&users(&data, &["list", "--json"], "")), before);
    // Done twice, the second time is nothing.
    for changed in [true, false] {
        let disabled = told(&users(&data, &["disable", EMAIL, "--json"], ""));
        assert_eq!(
            (&disabled["changed"], &disabled["user"]["is_active"]),
            (&json!(changed), &json!(false))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_names_the_administrator_and_what_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]).await;
    done(&users(
        &data,
        &["add", EMAIL, "--groups", "operator"],
        PASSWORD,
    ));
    done(&users(&data, &["disable", EMAIL], ""));
    done(&users(&data, &["disable", EMAIL], ""));
    done(&users(&data, &["enable", EMAIL], ""));
    done(&users(
        &data,
        &["groups", EMAIL, "user,operator", "--dry-run"],
        "",
    ));
    done(&users(&data, &["groups", EMAIL, "user,operator"], ""));
    for _ in 0..2 {
        done(&users(&data, &["passwd", EMAIL], "another long password"));
    }
    let client = server
        .client()
        .signed_in(EMAIL, "another long password")
        .await;
    let log = client.get("/v1/audit-log?actor=cli").await.items();
    let told: Vec<_> = log
        .iter()
        .rev()
        .map(|it| (it["action"].as_str().unwrap(), &it["details"]))
        .collect();
    assert_eq!(
        told,
        [
            ("user.created", &json!({"groups": ["operator"]})),
            (
                "user.changed",
                &json!({"changed": ["is_active"], "is_active": false})
            ),
            (
                "user.changed",
                &json!({"changed": ["is_active"], "is_active": true})
            ),
            (
                "user.changed",
                &json!({"changed": ["groups"], "groups": ["operator", "user"]})
            ),
            ("user.changed", &json!({"changed": ["password"]})),
        ]
    );
    assert!(log.iter().all(|it| it["actor"] == "cli"));
    assert!(!json!(log).to_string().contains("argon2"));
    server.stop().await;
}
