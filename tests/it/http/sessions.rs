//! Legacy sessions: upload, analyse, read the result.

use crate::support::{Answer, Client, TestApp, tar_gz, wait_for};
use reqwest::Method;
use serde_json::{Value, json};

const FAULTY: &str =
    "import os\nfrom flask import request\n\n\ndef run():\n    os.system(request.args[\"c\"])\n";

async fn post(client: &Client, path: &str) -> Answer {
    client.send(client.request(Method::POST, path)).await
}

async fn upload(client: &Client, session: &str, archive: Vec<u8>) -> Answer {
    let path = format!("/v1/sessions/{session}/upload");
    let request = client
        .request(Method::POST, &path)
        .header("content-type", "application/octet-stream")
        .body(archive);
    client.send(request).await
}

/// The session once it is in one of these states.
async fn reached(client: &Client, session: &str, statuses: &[&str]) -> Value {
    let path = format!("/v1/sessions/{session}");
    wait_for("the session", async || {
        let state = client.get(&path).await.json();
        let status = state["status"].as_str()?.to_owned();
        statuses.contains(&status.as_str()).then_some(state)
    })
    .await
}

#[tokio::test]
async fn a_session_goes_from_upload_to_result() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    assert!(client.get("/v1/sessions").await.items().is_empty());
    let session = client.post("/v1/sessions", json!({"name": "shop"})).await;
    let session = session.expect_status(201);
    assert_eq!(session.text_at("status"), "created");
    let id = session.text_at("id");
    assert!(id.starts_with("ses_"), "{id}");
    let at = |end: &str| format!("/v1/sessions/{id}{end}");
    post(&client, &at("/analyze"))
        .await
        .expect_error("conflict");
    client.get(&at("/result")).await.expect_error("conflict");
    upload(&client, &id, b"no archive".to_vec())
        .await
        .expect_error("archive_rejected");
    let archive = tar_gz(&[("app.py", FAULTY)]);
    upload(&client, &id, archive).await.expect_status(202);
    reached(&client, &id, &["uploaded"]).await;
    client.get(&at("/result")).await.expect_error("conflict");
    let started = post(&client, &at("/analyze")).await.expect_status(202);
    let scan = started.text_at("scan_id");
    reached(&client, &id, &["completed", "failed"]).await;
    let result = client.get(&at("/result")).await.expect_status(200).json();
    assert_eq!(result["session"]["status"], "completed");
    assert_eq!(result["scan"]["id"], scan.as_str());
    assert_eq!(result["findings"][0]["file_path"], "app.py", "{result}");
    // It is a project, a repository and a scan like any other.
    let same = client.get(&format!("/v1/scans/{scan}/findings")).await;
    assert_eq!(
        same.items().len(),
        result["findings"].as_array().unwrap().len()
    );
    assert_eq!(client.get("/v1/sessions").await.items().len(), 1);
    let other = app.other_user("other@example.com").await;
    other.get(&at("")).await.expect_error("not_found");
    // A new upload makes the old result a thing of the past, at once and until it is analysed.
    upload(&client, &id, tar_gz(&[("app.py", "x = 1\n")]))
        .await
        .expect_status(202);
    client.get(&at("/result")).await.expect_error("conflict");
    reached(&client, &id, &["uploaded"]).await;
    client.get(&at("/result")).await.expect_error("conflict");
    client.ended(&scan).await;
    let started = post(&client, &at("/analyze")).await.expect_status(202);
    reached(&client, &id, &["completed", "failed"]).await;
    let result = client.get(&at("/result")).await.expect_status(200).json();
    assert_eq!(result["scan"]["id"], started.text_at("scan_id").as_str());
    assert_eq!(result["findings"], json!([]));
    client.ended(&started.text_at("scan_id")).await;
    client.delete(&at("")).await.expect_status(204);
    client.get(&at("")).await.expect_error("not_found");
}

#[tokio::test]
async fn there_are_only_so_many_sessions_and_other_repositories_are_none() {
    let app = TestApp::with(&[("VEGA_MAX_SESSIONS_PER_WORKSPACE", "2")]).await;
    let client = app.debug().await;
    let mut last = String::new();
    for _ in 0..2 {
        let session = client.post("/v1/sessions", json!({})).await;
        last = session.expect_status(201).text_at("id");
    }
    client
        .post("/v1/sessions", json!({}))
        .await
        .expect_error("quota_exceeded");
    let path = format!("/v1/sessions/{last}");
    client.delete(&path).await.expect_status(204);
    client
        .post("/v1/sessions", json!({}))
        .await
        .expect_status(201);
    app.other_user("other@example.com")
        .await
        .post("/v1/sessions", json!({}))
        .await
        .expect_status(201);
    let (_, repository) = client.repository_with(&[("a.py", "x = 1\n")]).await;
    let path = repository.replace("repo_", "/v1/sessions/ses_");
    client.get(&path).await.expect_error("not_found");
}
