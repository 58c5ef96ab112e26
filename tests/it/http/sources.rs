//! Repositories: uploads good and bad, git URLs, snapshots, threat profiles.

use crate::support::{TestApp, tar_gz, wait_for, zip};
use reqwest::{Method, multipart};
use serde_json::{Value, json};

async fn archive_repository(app: &TestApp) -> (crate::support::Client, String) {
    let client = app.debug().await;
    let project = client
        .post("/v1/projects", json!({"name": "p"}))
        .await
        .text_at("id");
    let repository = client
        .post(
            &format!("/v1/projects/{project}/repositories"),
            json!({"name": "r", "source_type": "archive"}),
        )
        .await
        .expect_status(201);
    assert_eq!(repository.json()["ingest_status"], "pending");
    (client, repository.text_at("id"))
}

#[tokio::test]
async fn the_same_tree_is_the_same_snapshot_however_it_is_packed() {
    let app = TestApp::start().await;
    let (client, repository) = archive_repository(&app).await;
    let files = [("app/main.py", "print(1)\n"), ("README.md", "hello\n")];
    client.ingest(&repository, tar_gz(&files)).await;
    client.ingest(&repository, zip(&files)).await;
    let snapshots = client
        .get(&format!("/v1/repositories/{repository}/snapshots"))
        .await
        .items();
    assert_eq!(snapshots.len(), 1);
    assert_eq!(snapshots[0]["file_count"], 2);
    assert!(snapshots[0]["languages"]["python"].as_u64().unwrap() > 0);

    client
        .ingest(&repository, zip(&[("other.py", "x = 1\n")]))
        .await;
    let snapshots = client
        .get(&format!("/v1/repositories/{repository}/snapshots"))
        .await
        .items();
    assert_eq!(snapshots.len(), 2);
}

#[tokio::test]
async fn a_form_upload_keeps_the_files_name() {
    let app = TestApp::start().await;
    let (client, repository) = archive_repository(&app).await;
    let part =
        multipart::Part::bytes(zip(&[("a.py", "x = 1\n")])).file_name("../evil/shop-1.0.zip");
    let request = client
        .request(
            Method::POST,
            &format!("/v1/repositories/{repository}/archive"),
        )
        .multipart(multipart::Form::new().part("file", part));
    client.send(request).await.expect_status(202);
    assert_eq!(client.ingested(&repository).await["ingest_status"], "ready");
    let snapshots = client
        .get(&format!("/v1/repositories/{repository}/snapshots"))
        .await
        .items();
    assert_eq!(snapshots[0]["source_label"], "shop-1.0.zip");
}

#[tokio::test]
async fn uploads_that_are_no_archives_are_refused_at_once() {
    let app = TestApp::with(&[("VEGA_MAX_SOURCE_BYTES", "20000")]).await;
    let (client, repository) = archive_repository(&app).await;
    for bytes in [
        Vec::new(),
        b"hello".to_vec(),
        vec![0; 600],
        b"PK\x03\x04 broken".to_vec(),
    ] {
        let error = client
            .upload(&repository, bytes)
            .await
            .expect_error("archive_rejected");
        assert!(error["details"]["reason"].is_string(), "{error}");
    }
    client
        .upload(&repository, vec![b'x'; 200_000])
        .await
        .expect_error("payload_too_large");
    let path = format!("/v1/repositories/{repository}/archive");
    let as_text = client
        .request(Method::POST, &path)
        .header("content-type", "text/html")
        .body("x");
    client
        .send(as_text)
        .await
        .expect_error("unsupported_media_type");
    let form = multipart::Form::new().text("other", "x");
    client
        .send(client.request(Method::POST, &path).multipart(form))
        .await
        .expect_error("validation_error");
    let two = multipart::Form::new()
        .part("file", multipart::Part::bytes(zip(&[("a.py", "x = 1\n")])))
        .text("more", "x");
    client
        .send(client.request(Method::POST, &path).multipart(two))
        .await
        .expect_error("validation_error");
    let state = client
        .get(&format!("/v1/repositories/{repository}"))
        .await
        .json();
    assert_eq!(state["ingest_status"], "pending");
    assert_no_leftovers(&app).await;
}

#[tokio::test]
async fn a_hostile_archive_ends_in_the_ingest_error_and_leaves_no_file() {
    let app = TestApp::start().await;
    let (client, repository) = archive_repository(&app).await;
    // The tar crate refuses to write such a name through its checked interface.
    let mut header = tar::Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..11].copy_from_slice(b"../evil.txt");
    header.set_size(3);
    header.set_mode(0o644);
    header.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append(&header, &b"bad"[..]).unwrap();
    client
        .upload(&repository, archive.into_inner().unwrap())
        .await
        .expect_status(202);
    let state = client.ingested(&repository).await;
    assert_eq!(state["ingest_status"], "failed", "{state}");
    assert_eq!(state["ingest_error"]["code"], "archive_rejected");
    assert_eq!(state["ingest_error"]["details"]["entry"], "../evil.txt");
    client
        .post(&format!("/v1/repositories/{repository}/scans"), json!({}))
        .await
        .expect_error("conflict");
    assert_no_leftovers(&app).await;
}

/// No upload, staging or working file is left anywhere below the data folder.
async fn assert_no_leftovers(app: &TestApp) {
    let data = app.data.path().join("data");
    wait_for("an empty working area", async || {
        let left: Vec<_> = ["uploads", "staging", "runtime", "snapshots"]
            .iter()
            .flat_map(|name| files_below(&data.join(name)))
            .filter(|path| !path.ends_with(".lock") && !path.ends_with("/lock"))
            .collect();
        left.is_empty().then_some(())
    })
    .await;
}

fn files_below(folder: &std::path::Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path.to_string_lossy().into_owned()]
            }
        })
        .collect()
}

#[tokio::test]
async fn git_urls_that_could_do_harm_are_refused() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let project = client
        .post("/v1/projects", json!({"name": "p"}))
        .await
        .text_at("id");
    let create = |body: Value| {
        let (client, path) = (
            client.clone(),
            format!("/v1/projects/{project}/repositories"),
        );
        async move { client.post(&path, body).await }
    };
    for url in [
        "file:///etc/passwd",
        "ext::sh -c id",
        "ssh://git@example.com/x",
        "git@example.com:x.git",
        "--upload-pack=touch /tmp/x",
        "git://example.com/x",
        "https://user:pw@example.com/x",
        "https://",
        "not a url",
        "https://example.com/\nx",
    ] {
        let body = json!({"name": "r", "source_type": "git", "git_url": url});
        create(body).await.expect_error("validation_error");
    }
    for reference in ["--help", "a..b", "", "x y", "-"] {
        let body = json!({
            "name": "r", "source_type": "git", "git_url": "https://example.com/x", "git_ref": reference
        });
        create(body).await.expect_error("validation_error");
    }
    create(json!({"name": "r", "source_type": "git"}))
        .await
        .expect_error("validation_error");
    create(json!({"name": "r", "source_type": "git_push", "git_ref": "main"}))
        .await
        .expect_error("validation_error");
    create(json!({"name": "r", "source_type": "svn"}))
        .await
        .expect_error("validation_error");
    create(json!({"name": "r", "source_type": "archive", "git_url": "https://example.com/x"}))
        .await
        .expect_error("validation_error");

    // Well-formed addresses of this machine and its neighbours end in the ingest error.
    for url in [
        "http://127.0.0.1:9/x.git",
        "http://localhost/x",
        "http://[::1]/x",
        "http://10.1.2.3/x",
        "http://169.254.169.254/latest",
        "http://0x7f000001/x",
        "http://2130706433/x",
    ] {
        let body = json!({
            "name": "r", "source_type": "git", "git_url": url, "git_token": "secret-token-value"
        });
        let created = create(body).await.expect_status(201);
        assert_eq!(created.json()["has_git_token"], true);
        let state = client.ingested(&created.text_at("id")).await;
        assert_eq!(
            state["ingest_error"]["code"], "ingest_failed",
            "{url}: {state}"
        );
        assert!(!state.to_string().contains("secret-token-value"));
    }
}

#[tokio::test]
async fn a_repository_is_changed_and_removed() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("a.py", "x = 1\n")]).await;
    let path = format!("/v1/repositories/{repository}");
    let change = json!({"name": "renamed", "default_paths": ["src/**", "!*.md"]});
    let changed = client.patch(&path, change).await.expect_status(200).json();
    assert_eq!(changed["default_paths"], json!(["src/**", "!*.md"]));
    client
        .patch(&path, json!({"default_paths": [""]}))
        .await
        .expect_error("validation_error");
    client
        .patch(&path, json!({"git_ref": "main"}))
        .await
        .expect_error("conflict");
    client
        .patch(&path, json!({"source_type": "git"}))
        .await
        .expect_error("validation_error");
    client
        .post(&format!("{path}/ingest"), json!({}))
        .await
        .expect_error("conflict");
    client.delete(&path).await.expect_status(204);
    client.get(&path).await.expect_error("not_found");
}

#[tokio::test]
async fn a_threat_profile_is_generated_edited_and_kept() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let source = "from flask import Flask\napp = Flask(__name__)\n\n@app.route('/x')\ndef x():\n    return ''\n";
    let (_, repository) = client.repository_with(&[("app.py", source)]).await;
    let path = format!("/v1/repositories/{repository}/threat-profile");
    client.get(&path).await.expect_error("not_found");
    client
        .post(&format!("{path}/generate"), json!(null))
        .await
        .expect_status(202);
    let profile = wait_for("the profile", async || {
        let answer = client.get(&path).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    assert_eq!(profile["origin"], "generated");
    assert_eq!(profile["content"]["languages"][0], "python");
    assert!(
        profile["content"]["frameworks"]
            .to_string()
            .to_lowercase()
            .contains("flask")
    );

    let mut content = profile["content"].clone();
    content["summary"] = json!("edited by hand");
    let edited = client
        .put(&path, json!({"content": content}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (&edited["origin"], &edited["version"]),
        (&json!("edited"), &json!(2))
    );
    content["focus_areas"] = json!([{"cwe": "89", "reason": "x", "weight": 7}]);
    let error = client
        .put(&path, json!({"content": content}))
        .await
        .expect_error("validation_error");
    assert_eq!(error["details"]["fields"].as_array().unwrap().len(), 2);

    client.scan(&repository, json!({})).await;
    let kept = client.get(&path).await.json();
    assert_eq!(
        kept["content"]["summary"], "edited by hand",
        "a scan never overwrites an edit"
    );
}
