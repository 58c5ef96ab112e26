//! `Idempotency-Key`: a POST that is sent again does nothing again.

use crate::support::{Answer, Client, TestApp, tar_gz};
use reqwest::{Method, multipart};
use serde_json::{Value, json};

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    let request = client
        .request(Method::POST, path)
        .header("idempotency-key", key)
        .json(body);
    client.send(request).await
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let wish = json!({"name": "once"});
    let first = post(&client, "/v1/projects", "key-1", &wish).await;
    let first = first.expect_status(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    for path in ["/v1/projects", "/v1/projects/"] {
        let again = post(&client, path, "key-1", &wish).await.expect_status(201);
        assert_eq!(again.json(), first.json());
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.header("content-type"), "application/json");
    }
    assert_eq!(client.get("/v1/projects").await.items().len(), 1);
    // A secret that is shown once is in the repeated answer too, and nowhere in plain text.
    let key = post(&client, "/v1/api-keys", "key-1", &json!({"name": "ci"})).await;
    let secret = key.expect_status(201).text_at("secret");
    let again = post(&client, "/v1/api-keys", "key-1", &json!({"name": "ci"})).await;
    assert_eq!(again.text_at("secret"), secret);
    assert_eq!(client.get("/v1/api-keys").await.items().len(), 1);
    let journal = app.data.path().join("data/metadata");
    for file in std::fs::read_dir(journal).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(&secret));
    }
}

#[tokio::test]
async fn another_body_or_place_under_a_used_key_is_a_conflict() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let first = post(&client, "/v1/projects", "key-1", &json!({"name": "a"})).await;
    let first = first.expect_status(201).text_at("id");
    let error = post(&client, "/v1/projects", "key-1", &json!({"name": "b"})).await;
    assert_eq!(
        error.expect_error("conflict")["details"]["reason"],
        "key_reused"
    );
    let second = client.post("/v1/projects", json!({"name": "b"})).await;
    let second = second.text_at("id");
    let wish = json!({"name": "r", "source_type": "archive"});
    let path = |project: &str| format!("/v1/projects/{project}/repositories");
    post(&client, &path(&first), "key-2", &wish)
        .await
        .expect_status(201);
    post(&client, &path(&second), "key-2", &wish)
        .await
        .expect_error("conflict");
    // Another user's keys are another's.
    let other = app.other_user("other@example.com").await;
    post(&other, "/v1/projects", "key-1", &json!({"name": "b"}))
        .await
        .expect_status(201);
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_key_up() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    post(&client, "/v1/projects", "key-1", &json!({"nmae": "a"}))
        .await
        .expect_error("validation_error");
    post(&client, "/v1/projects", "key-1", &json!({"name": "a"}))
        .await
        .expect_status(201);
    for key in ["", "with space", &"x".repeat(256)] {
        let error = post(&client, "/v1/projects", key, &json!({"name": "a"})).await;
        let error = error.expect_error("validation_error");
        assert_eq!(error["details"]["fields"][0]["path"], "Idempotency-Key");
    }
    post(
        &app.anonymous(),
        "/v1/projects",
        "key-1",
        &json!({"name": "a"}),
    )
    .await
    .expect_error("invalid_token");
}

#[tokio::test]
async fn duplicates_at_the_same_time_make_one_thing() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let wish = json!({"name": "once"});
    let both = (0..8).map(|_| post(&client, "/v1/projects", "key-1", &wish));
    let answers = futures_util::future::join_all(both).await;
    let ids: std::collections::BTreeSet<_> =
        answers.iter().map(|answer| answer.text_at("id")).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(client.get("/v1/projects").await.items().len(), 1);
}

#[tokio::test]
async fn an_uploaded_form_is_recognised_whatever_its_boundary() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let project = client.post("/v1/projects", json!({"name": "p"})).await;
    let project = project.text_at("id");
    let wish = json!({"name": "r", "source_type": "archive"});
    let path = format!("/v1/projects/{project}/repositories");
    let repository = client.post(&path, wish).await.text_at("id");
    let upload = async |archive: Vec<u8>| {
        let part = multipart::Part::bytes(archive).file_name("source.tgz");
        let request = client
            .request(
                Method::POST,
                &format!("/v1/repositories/{repository}/archive"),
            )
            .header("idempotency-key", "upload-1")
            .multipart(multipart::Form::new().part("file", part));
        client.send(request).await
    };
    let archive = tar_gz(&[("a.py", "x = 1\n")]);
    let first = upload(archive.clone()).await.expect_status(202);
    client.ingested(&repository).await;
    let again = upload(archive).await.expect_status(202);
    assert_eq!(again.json(), first.json());
    let other = upload(tar_gz(&[("a.py", "x = 2\n")])).await;
    assert_eq!(
        other.expect_error("conflict")["details"]["reason"],
        "key_reused"
    );
    let snapshots = format!("/v1/repositories/{repository}/snapshots");
    assert_eq!(client.get(&snapshots).await.items().len(), 1);
}

#[tokio::test]
async fn a_kept_answer_is_given_to_who_could_have_made_it() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let key = async |scopes: Value| {
        let wish = json!({"name": "k", "scopes": scopes});
        let made = client.post("/v1/api-keys", wish).await.expect_status(201);
        app.anonymous().with_bearer(made.text_at("secret"))
    };
    let wish = json!({"name": "ci"});
    let first = post(&client, "/v1/api-keys", "key-1", &wish).await;
    let first = first.expect_status(201).json();
    // The answer shows a secret: a credential that may only read does not get it.
    for scopes in [json!(["read"]), json!(["read", "ops"])] {
        let reader = key(scopes).await;
        let refused = post(&reader, "/v1/api-keys", "key-1", &wish).await;
        let refused = refused.expect_error("insufficient_scope");
        assert_eq!(refused["details"]["required_scope"], "write");
    }
    // Nor does one that may make keys, but none that can do as much as this one.
    for scopes in [json!(["write"]), json!(["read", "write"])] {
        let writer = key(scopes).await;
        let refused = post(&writer, "/v1/api-keys", "key-1", &wish).await;
        refused.expect_error("insufficient_scope");
    }
    let full = key(json!(["read", "write", "ops"])).await;
    let again = post(&full, "/v1/api-keys", "key-1", &wish).await;
    assert_eq!(again.expect_status(201).json(), first);
    // What a weak credential made is for those who are as strong.
    let writer = key(json!(["write"])).await;
    let wish = json!({"name": "weak"});
    let weak = post(&writer, "/v1/api-keys", "key-3", &wish).await;
    let weak = weak.expect_status(201).json();
    for stronger in [&key(json!(["write"])).await, &full, &client] {
        let again = post(stronger, "/v1/api-keys", "key-3", &wish).await;
        assert_eq!(again.expect_status(201).json(), weak);
    }
    // What operators do is for operators, with the scope for it.
    let run = json!({"dry_run": false});
    let operator = key(json!(["ops"])).await;
    post(&operator, "/v1/ops/recover", "key-2", &run)
        .await
        .expect_status(200);
    post(&writer, "/v1/ops/recover", "key-2", &run)
        .await
        .expect_error("insufficient_scope");
    for stronger in [&operator, &full] {
        let again = post(stronger, "/v1/ops/recover", "key-2", &run).await;
        assert_eq!(again.header("idempotency-replayed"), "true");
    }
}

/// How many bytes the store has written.
fn journal_bytes(app: &TestApp) -> u64 {
    let folder = app.data.path().join("data/metadata");
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let journals = files.filter(|it| it.file_name().to_string_lossy().starts_with("journal-"));
    journals.map(|it| it.metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn what_is_not_let_in_costs_no_commit() {
    let app = TestApp::with(&[("VEGA_RATE_LIMIT_PER_MINUTE", "3")]).await;
    let client = app.debug().await;
    let wish = json!({"name": "k", "scopes": ["read"]});
    let made = client.post("/v1/api-keys", wish).await.expect_status(201);
    let reader = app.anonymous().with_bearer(made.text_at("secret"));
    // Its first use is noted.
    reader.get("/v1/projects").await.expect_status(200);
    post(&client, "/v1/projects", "key-0", &json!({"name": "a"}))
        .await
        .expect_status(201);
    client.get("/v1/projects").await.expect_status(200);
    let before = journal_bytes(&app);
    for n in 0..2 {
        let refused = post(&reader, "/v1/projects", &format!("r-{n}"), &json!({})).await;
        let error = refused.expect_error("insufficient_scope");
        assert_eq!(error["details"]["required_scope"], "write");
    }
    for n in 0..4 {
        let key = format!("c-{n}");
        for who in [&client, &reader] {
            let refused = post(who, "/v1/projects", &key, &json!({"name": "b"})).await;
            refused.expect_error("rate_limited");
        }
    }
    assert_eq!(journal_bytes(&app), before);
}

#[tokio::test]
async fn a_reader_may_use_keys_for_what_readers_may_do() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("a.py", "x = 1\n")]).await;
    let wish = json!({"name": "k", "scopes": ["read"]});
    let made = client.post("/v1/api-keys", wish).await.expect_status(201);
    let reader = app.anonymous().with_bearer(made.text_at("secret"));
    for (path, body) in [
        ("scans/estimate", json!({})),
        ("exports", json!({"format": "csv"})),
    ] {
        let path = format!("/v1/repositories/{repository}/{path}");
        let first = post(&reader, &path, "key-1", &body).await;
        assert!(first.status < 300, "{path}: {}", first.json());
        let again = post(&reader, &path, "key-1", &body).await;
        assert_eq!(again.header("idempotency-replayed"), "true", "{path}");
    }
}

#[tokio::test]
async fn a_kept_answer_counts_as_a_request() {
    let app = TestApp::with(&[("VEGA_RATE_LIMIT_PER_MINUTE", "2")]).await;
    let client = app.debug().await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let answer = post(&client, "/v1/projects", "key-1", &json!({"name": "a"})).await;
        if answer.status == 429 {
            assert!(!answer.header("retry-after").is_empty());
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [201, 201, 429]);
}
