//! Temporary remotes for `git push`, through the API.

use crate::support::{Client, Remote, TestApp, wait_for};
use serde_json::{Value, json};

async fn repository(client: &Client, source_type: &str) -> String {
    let project = client.post("/v1/projects", json!({"name": "p"})).await;
    let path = format!("/v1/projects/{}/repositories", project.text_at("id"));
    let wish = json!({"name": "r", "source_type": source_type});
    client
        .post(&path, wish)
        .await
        .expect_status(201)
        .text_at("id")
}

async fn make(client: &Client, repository: &str) -> crate::support::Answer {
    let wish = json!({"repository_id": repository});
    client.post("/v1/git-uploads", wish).await
}

#[tokio::test]
async fn a_remote_is_made_shown_and_removed() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let repository = repository(&client, "git_push").await;
    let made = make(&client, &repository).await.expect_status(201).json();
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("up_"));
    let url = format!("{}/v1/git-uploads/{id}/repo.git", app.address);
    assert_eq!(made["remote_url"], url);
    assert_eq!(
        (&made["username"], &made["status"]),
        (&json!("vega"), &json!("open"))
    );
    assert!(made["password"].as_str().unwrap().len() >= 40);

    let path = format!("/v1/git-uploads/{id}");
    let mut expected = made.clone();
    expected.as_object_mut().unwrap().remove("password");
    assert_eq!(client.get(&path).await.json(), expected);
    let other = self::repository(&client, "git_push").await;
    make(&client, &other).await.expect_status(201);
    assert_eq!(client.get("/v1/git-uploads").await.items().len(), 2);
    let narrowed = format!("/v1/git-uploads?repository_id={repository}");
    assert_eq!(client.get(&narrowed).await.items(), [expected]);
    let first = client.get("/v1/git-uploads?limit=1").await;
    assert!(first.header("link").contains("rel=\"next\""));

    client.delete(&path).await.expect_status(204);
    client.get(&path).await.expect_error("not_found");
    client.delete(&path).await.expect_error("not_found");
    let stored = std::fs::read_dir(app.data.path().join("data/metadata")).unwrap();
    let password = made["password"].as_str().unwrap();
    for file in stored.flatten() {
        let text = std::fs::read(file.path()).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains(password));
    }
}

#[tokio::test]
async fn wishes_that_make_no_sense_are_refused() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    for wrong in [
        json!({}),
        json!({"repository_id": "prj_01m7xzhczpe8mr4s5tgn8e6hve"}),
        json!({"repository_id": 7}),
        json!({"repository_id": "repo_01m7xzhczpe8mr4s5tgn8e6hve", "password": "x"}),
    ] {
        let answer = client.post("/v1/git-uploads", wrong).await;
        answer.expect_error("validation_error");
    }
    let missing = make(&client, "repo_01m7xzhczpe8mr4s5tgn8e6hve").await;
    missing.expect_error("not_found");
    let archive = repository(&client, "archive").await;
    make(&client, &archive).await.expect_error("conflict");
    for query in ["repository_id=x", "limit=0", "repo=x", "cursor=x"] {
        let answer = client.get(&format!("/v1/git-uploads?{query}")).await;
        answer.expect_error("validation_error");
    }
    let made = make(&client, &repository(&client, "git_push").await).await;
    let id = made.text_at("id");
    // What was put into the address by the request is only the request's own.
    let path = format!("/v1/git-uploads/{id}");
    for (host, proto, expected) in [
        ("vega.example.com", "https", "https://vega.example.com/v1/"),
        ("a\"b", "gopher", "/v1/"),
        ("127.0.0.1:1", "javascript", "http://127.0.0.1:1/v1/"),
    ] {
        let request = client.request(reqwest::Method::GET, &path);
        let request = request
            .header("host", host)
            .header("x-forwarded-proto", proto);
        let url = client.send(request).await;
        if url.status == 200 {
            let url = url.text_at("remote_url");
            assert!(url.starts_with(expected), "{url}");
        }
    }
}

#[tokio::test]
async fn another_user_and_a_lower_role_make_and_remove_nothing() {
    let app = TestApp::start().await;
    let owner = app.debug().await;
    let remote = Remote::new(&owner).await;
    let path = format!("/v1/git-uploads/{}", remote.id);
    let other = app.other_user("viewer@example.com").await;
    make(&other, &remote.repository)
        .await
        .expect_error("not_found");
    other.get(&path).await.expect_error("not_found");
    other.delete(&path).await.expect_error("not_found");
    let narrowed = format!("/v1/git-uploads?repository_id={}", remote.repository);
    other.get(&narrowed).await.expect_error("not_found");

    let members = format!("/v1/projects/{}/members", remote.project);
    for role in ["viewer", "triager"] {
        let wish = json!({"email": "viewer@example.com", "role": role});
        owner.put(&members, wish).await.expect_status(200);
        let seen = other.get(&path).await.expect_status(200).json();
        assert_eq!(seen["password"], Value::Null);
        assert_eq!(other.get("/v1/git-uploads").await.items().len(), 1);
        other.delete(&path).await.expect_error("forbidden");
        make(&other, &remote.repository)
            .await
            .expect_error("forbidden");
    }
    let key = json!({"name": "r", "scopes": ["read"]});
    let key = owner.post("/v1/api-keys", key).await.text_at("secret");
    let reader = app.anonymous().with_bearer(key);
    make(&reader, &remote.repository)
        .await
        .expect_error("insufficient_scope");
    reader
        .delete(&path)
        .await
        .expect_error("insufficient_scope");
}

#[tokio::test]
async fn a_user_has_so_many_remotes_and_no_more() {
    let app = TestApp::with(&[("VEGA_MAX_GIT_UPLOADS_PER_USER", "2")]).await;
    let client = app.debug().await;
    let repository = repository(&client, "git_push").await;
    let first = make(&client, &repository).await.expect_status(201);
    make(&client, &repository).await.expect_status(201);
    let refused = make(&client, &repository).await;
    refused.expect_error("quota_exceeded");
    let path = format!("/v1/git-uploads/{}", first.text_at("id"));
    client.delete(&path).await.expect_status(204);
    make(&client, &repository).await.expect_status(201);
}

#[tokio::test]
async fn a_repeated_wish_makes_one_remote_with_one_password() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let repository = repository(&client, "git_push").await;
    let wish = json!({"repository_id": repository});
    let again = async || {
        let request = client.request(reqwest::Method::POST, "/v1/git-uploads");
        let request = request.header("idempotency-key", "once").json(&wish);
        client.send(request).await.expect_status(201).json()
    };
    assert_eq!(again().await, again().await);
    assert_eq!(client.get("/v1/git-uploads").await.items().len(), 1);
}

#[tokio::test]
async fn what_is_done_with_remotes_stands_in_the_audit_log() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let path = format!("/v1/git-uploads/{}", remote.id);
    client.delete(&path).await.expect_status(204);
    let log = format!("/v1/audit-log?entity_id={}", remote.id);
    let log = client.get(&log).await.items();
    let actions: Vec<_> = log
        .iter()
        .map(|it| it["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["git_upload.deleted", "git_upload.created"]);
    assert!(log[0]["after"].is_null() && log[0]["before"] == log[1]["after"]);
}

#[tokio::test]
async fn an_expired_remote_is_shown_and_cleared_up() {
    let app = TestApp::with(&[("VEGA_GIT_UPLOAD_TTL_SECONDS", "1")]).await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let path = format!("/v1/git-uploads/{}", remote.id);
    wait_for("the end of the remote", async || {
        let seen = client.get(&path).await.text_at("status");
        (seen == "expired").then_some(())
    })
    .await;
    let checkout = crate::support::Checkout::new();
    checkout.commit(&[("a.py", "x = 1\n")]);
    let refused = checkout.push(&remote, &["main"]).await;
    refused.expect_refused("remote: This git upload expired at");
    // Its record stays for some days.
    let cleaned = client.post("/v1/ops/cleanup", json!({})).await;
    assert_eq!(cleaned.expect_status(200).json()["git_uploads"], 0);
    client.get(&path).await.expect_status(200);
}

#[tokio::test]
async fn a_remote_ends_with_the_api_key_that_made_it() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let key = client.post("/v1/api-keys", json!({"name": "ci"})).await;
    let key = key.expect_status(201).json();
    let by_key = client.with_bearer(key["secret"].as_str().unwrap());
    let remote = Remote::new(&by_key).await;
    let kept = Remote::new(&client).await;
    let checkout = crate::support::Checkout::new();
    checkout.commit(&[("a.py", "x = 1\n")]);
    checkout.push(&remote, &["main"]).await.expect_worked();
    by_key.ingested(&remote.repository).await;

    let path = format!("/v1/api-keys/{}", key["id"].as_str().unwrap());
    client.delete(&path).await.expect_status(204);
    checkout.commit(&[("a.py", "x = 2\n")]);
    let refused = checkout.push(&remote, &["main"]).await;
    refused.expect_refused("was revoked");
    let path = format!("/v1/git-uploads/{}", remote.id);
    assert_eq!(client.get(&path).await.text_at("status"), "revoked");
    // One that was made by somebody who had signed in goes on.
    checkout.push(&kept, &["main"]).await.expect_worked();
}
