//! Archives put by a signed address.

use crate::support::{Answer, Client, TestApp, tar_gz, wait_for};
use reqwest::Method;
use serde_json::{Value, json};

async fn repository(client: &Client) -> String {
    let project = client.post("/v1/projects", json!({"name": "p"})).await;
    let path = format!("/v1/projects/{}/repositories", project.text_at("id"));
    let wish = json!({"name": "r", "source_type": "archive"});
    client
        .post(&path, wish)
        .await
        .expect_status(201)
        .text_at("id")
}

/// Where to put an archive; and where to say that it is there.
async fn place(client: &Client, repository: &str) -> (Value, String) {
    let path = format!("/v1/repositories/{repository}/archive-uploads");
    let request = client.request(Method::POST, &path);
    let place = client.send(request).await.expect_status(201).json();
    let complete = format!("{path}/{}/complete", place["upload_id"].as_str().unwrap());
    (place, complete)
}

async fn put(app: &TestApp, url: &str, bytes: Vec<u8>) -> Answer {
    // Without a credential: the address is one.
    let anyone = app.anonymous();
    let request = anyone.request(Method::PUT, url).body(bytes);
    anyone.send(request).await
}

async fn post(client: &Client, path: &str) -> Answer {
    client.send(client.request(Method::POST, path)).await
}

fn leftovers(app: &TestApp) -> usize {
    let uploads = app.data.path().join("data/uploads");
    let folders = std::fs::read_dir(uploads).into_iter().flatten().flatten();
    folders
        .map(|it| std::fs::read_dir(it.path()).unwrap().count())
        .sum()
}

/// An archive goes when its snapshot is kept, so shortly after the repository is ready.
async fn nothing_left(app: &TestApp) {
    let gone = async || (leftovers(app) == 0).then_some(());
    wait_for("the archives to go", gone).await;
}

#[tokio::test]
async fn an_archive_put_to_its_address_is_ingested_once() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let repository = repository(&client).await;
    let (address, complete) = place(&client, &repository).await;
    let url = address["upload_url"].as_str().unwrap();
    assert!(url.starts_with("/v1/objects/uploads/"), "{url}");
    assert_eq!(address["method"], "PUT");
    let nothing = post(&client, &complete).await;
    nothing.expect_error("not_found");
    put(&app, url, b"a first try".to_vec())
        .await
        .expect_status(204);
    let archive = tar_gz(&[("a.py", "x = 1\n")]);
    put(&app, url, archive).await.expect_status(204);
    let named = format!("{complete}?filename=../shop.tgz");
    let first = post(&client, &named).await.expect_status(202).json();
    let state = client.ingested(&repository).await;
    assert_eq!(state["ingest_status"], "ready", "{state}");
    let again = post(&client, &complete).await.expect_status(202).json();
    assert_eq!(again["job"]["id"], first["job"]["id"]);
    assert_eq!(again["job"]["status"], "succeeded");
    let snapshots = format!("/v1/repositories/{repository}/snapshots");
    let snapshots = client.get(&snapshots).await.items();
    assert_eq!(snapshots.len(), 1);
    assert_eq!(snapshots[0]["source_label"], "shop.tgz");
    nothing_left(&app).await;
}

#[tokio::test]
async fn completing_twice_at_once_starts_one_ingest() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let repository = repository(&client).await;
    let (address, complete) = place(&client, &repository).await;
    let url = address["upload_url"].as_str().unwrap();
    let archive = tar_gz(&[("a.py", "x = 1\n")]);
    put(&app, url, archive).await.expect_status(204);
    let both = tokio::join!(post(&client, &complete), post(&client, &complete));
    let id = |answer: Answer| answer.json()["job"]["id"].clone();
    let jobs = [both.0, both.1].map(|answer| id(answer.expect_status(202)));
    client.ingested(&repository).await;
    let again = id(post(&client, &complete).await.expect_status(202));
    assert!(jobs.iter().all(|job| *job == again), "{jobs:?} {again}");
    nothing_left(&app).await;
}

#[tokio::test]
async fn an_address_is_for_one_archive_and_one_purpose() {
    let app = TestApp::with(&[("VEGA_MAX_SOURCE_BYTES", "1000")]).await;
    let client = app.debug().await;
    let repository = repository(&client).await;
    let (address, complete) = place(&client, &repository).await;
    assert_eq!(address["max_bytes"], 1000);
    let url = address["upload_url"].as_str().unwrap();
    put(&app, url, vec![0; 1001])
        .await
        .expect_error("payload_too_large");
    put(&app, url, vec![0; 100_000])
        .await
        .expect_error("payload_too_large");
    app.anonymous().get(url).await.expect_error("invalid_token");
    let other = url.replace("/up_", "/up_x");
    put(&app, &other, vec![1])
        .await
        .expect_error("invalid_token");
    let later = url.replace("expires=", "expires=9");
    put(&app, &later, vec![1])
        .await
        .expect_error("invalid_token");
    put(&app, url, b"no archive at all".to_vec())
        .await
        .expect_status(204);
    let refused = post(&client, &complete).await;
    let refused = refused.expect_error("archive_rejected");
    assert_eq!(refused["details"]["reason"], "unknown_format");
    // It may be put again, and completed by its owner only.
    let stranger = app.other_user("other@example.com").await;
    post(&stranger, &complete).await.expect_error("not_found");
    let elsewhere = complete.replace(&repository, &self::repository(&client).await);
    post(&client, &elsewhere).await.expect_error("not_found");
    put(&app, url, tar_gz(&[("a", "b")]))
        .await
        .expect_status(204);
    post(&client, &complete).await.expect_status(202);
    let wish = json!({"name": "g", "source_type": "git", "git_url": "https://192.0.2.1/x.git"});
    let project = client.get("/v1/projects").await.items();
    let path = format!(
        "/v1/projects/{}/repositories",
        project[0]["id"].as_str().unwrap()
    );
    let git = client
        .post(&path, wish)
        .await
        .expect_status(201)
        .text_at("id");
    let path = format!("/v1/repositories/{git}/archive-uploads");
    post(&client, &path).await.expect_error("conflict");
}

#[tokio::test]
async fn nobody_gets_many_addresses_without_completing_some() {
    let app = TestApp::with(&[("VEGA_MAX_OPEN_ARCHIVE_UPLOADS_PER_USER", "2")]).await;
    let client = app.debug().await;
    let first = repository(&client).await;
    let (address, complete) = place(&client, &first).await;
    // Another repository does not help.
    let second = repository(&client).await;
    place(&client, &second).await;
    let path = format!("/v1/repositories/{second}/archive-uploads");
    let refused = post(&client, &path).await.expect_error("quota_exceeded");
    assert!(refused["details"]["retry_after_seconds"].as_u64() > Some(0));
    let other = app.other_user("other@example.com").await;
    let theirs = repository(&other).await;
    place(&other, &theirs).await;

    let url = address["upload_url"].as_str().unwrap();
    let archive = tar_gz(&[("a.py", "x = 1\n")]);
    put(&app, url, archive.clone()).await.expect_status(204);
    post(&client, &complete).await.expect_status(202);
    post(&client, &complete).await.expect_status(202);
    place(&client, &second).await;
    post(&client, &path).await.expect_error("quota_exceeded");
    // An address that was used takes nothing more in.
    client.ingested(&first).await;
    put(&app, url, archive).await.expect_error("conflict");
    nothing_left(&app).await;
}

#[tokio::test]
async fn an_address_ends_with_its_repository_and_its_project() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    for of_project in [false, true] {
        let repository = repository(&client).await;
        let (address, _) = place(&client, &repository).await;
        let url = address["upload_url"].as_str().unwrap();
        put(&app, url, b"a first try".to_vec())
            .await
            .expect_status(204);
        let path = format!("/v1/repositories/{repository}");
        if of_project {
            let project = client.get(&path).await.text_at("project_id");
            let project = format!("/v1/projects/{project}");
            client.delete(&project).await.expect_status(202);
        } else {
            client.delete(&path).await.expect_status(204);
        }
        put(&app, url, b"a second try".to_vec())
            .await
            .expect_error("not_found");
    }
}
