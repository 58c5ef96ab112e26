//! `git push` to the real server, as a developer does it, and what `kill -9` does to it.

use crate::support::{Client, Server};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

const FAULTY: &str = "import os\nfrom flask import request\n\ndef run():\n    \
                      os.system('ls ' + request.args.get('name'))\n";

fn git(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("git")
        .args(["-c", "user.name=A", "-c", "user.email=a@example.com"])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.success(), text)
}

fn commit(folder: &Path, content: &str) {
    fs::write(folder.join("app.py"), content).unwrap();
    for arguments in [&["add", "--all"][..], &["commit", "--quiet", "-m", "x"]] {
        let (worked, text) = git(folder, arguments);
        assert!(worked, "{text}");
    }
}

/// A new repository and a remote of it: its id and the address with its credentials.
async fn remote(client: &Client) -> (String, Value, String) {
    let project = client.post("/v1/projects", json!({"name": "p"})).await;
    let path = format!("/v1/projects/{}/repositories", project.text_at("id"));
    let wish = json!({"name": "pushed", "source_type": "git_push"});
    let repository = client.post(&path, wish).await.expect_status(201);
    let repository = repository.text_at("id");
    let wish = json!({"repository_id": repository});
    let made = client.post("/v1/git-uploads", wish).await;
    let made = made.expect_status(201).json();
    let password = made["password"].as_str().unwrap();
    let url = made["remote_url"].as_str().unwrap();
    let url = url.replace("http://", &format!("http://vega:{password}@"));
    (repository, made, url)
}

#[tokio::test]
async fn a_developer_pushes_and_scans() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    let client = server.debug().await;
    let (repository, _, url) = remote(&client).await;
    let work = tempfile::tempdir().unwrap();
    git(work.path(), &["init", "--quiet", "--initial-branch=main"]);
    commit(work.path(), FAULTY);
    git(work.path(), &["remote", "add", "vega", &url]);
    let (worked, text) = git(work.path(), &["push", "vega", "main"]);
    assert!(
        worked && text.contains("remote: Vega received main@"),
        "{text}"
    );
    client.ingested(&repository).await;
    let scans = format!("/v1/repositories/{repository}/scans");
    let scan = client.post(&scans, json!({})).await.expect_status(201);
    let scan = client.ended(&scan.text_at("id")).await;
    assert_eq!(scan["status"], "completed");
    assert_eq!(scan["finding_counts"]["critical"], 1, "{scan}");
}

#[tokio::test]
async fn a_push_that_was_answered_survives_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::start(data.path(), &[]).await;
    let client = server.debug().await;
    let (repository, made, url) = remote(&client).await;
    let work = tempfile::tempdir().unwrap();
    git(work.path(), &["init", "--quiet", "--initial-branch=main"]);
    commit(work.path(), FAULTY);
    let (worked, text) = git(work.path(), &["push", &url, "main"]);
    assert!(worked, "{text}");
    server.process.kill();
    let server = Server::start(data.path(), &[]).await;
    let client = server.again(&client);
    let state = client.ingested(&repository).await;
    assert_eq!(state["ingest_status"], "ready", "{state}");

    // The remote still stands. Its repository is gone with the process: the push is a full one.
    let path = format!("/v1/git-uploads/{}", made["id"].as_str().unwrap());
    let shown = client.get(&path).await.expect_status(200).json();
    let password = made["password"].as_str().unwrap();
    let url = shown["remote_url"].as_str().unwrap();
    let url = url.replace("http://", &format!("http://vega:{password}@"));
    commit(work.path(), "x = 1\n");
    let (worked, text) = git(work.path(), &["push", &url, "main"]);
    assert!(worked, "{text}");
    client.ingested(&repository).await;
    let snapshots = format!("/v1/repositories/{repository}/snapshots");
    assert_eq!(client.get(&snapshots).await.items().len(), 2);
}
