//! A deletion job that is repeated after its work was done.

use crate::support::{Client, TestApp, tar_gz, wait_for};
use serde_json::json;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;
use vega::{domain::job::JobStatus, services::projects};

/// A session that was scanned: its project, and the folders of its files.
async fn scanned_session(client: &Client, data: &Path) -> (String, [PathBuf; 2]) {
    let session = client.post("/v1/sessions", json!({})).await;
    let session = session.expect_status(201);
    let repository = session.text_at("repository_id");
    client
        .ingest(&repository, tar_gz(&[("a.py", "eval(input())\n")]))
        .await;
    let scan = client.scan(&repository, json!({})).await;
    assert_eq!(scan["status"], "completed", "{scan}");
    let folders = [
        data.join("snapshots").join(&repository),
        data.join("scans").join(scan["id"].as_str().unwrap()),
    ];
    assert!(folders.iter().all(|folder| folder.exists()));
    (session.text_at("project_id"), folders)
}

#[tokio::test]
async fn a_repeated_deletion_spares_a_project_made_anew_under_the_same_id() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let data = app.data.path().join("data");
    let (project, old) = scanned_session(&client, &data).await;
    let path = format!("/v1/projects/{project}");
    client.delete(&path).await.expect_status(202);
    let context = app.as_administrator().await;
    let job = wait_for("the end of the deletion", async || {
        let jobs = context.store.jobs_of(&project, 1).await.unwrap();
        let mut jobs = jobs.into_iter();
        jobs.find(|job| job.status == JobStatus::Succeeded)
    })
    .await;
    assert!(!old.iter().any(|folder| folder.exists()));

    let (again, new) = scanned_session(&client, &data).await;
    assert_eq!(again, project);
    // What the next process does when the first died before it could note the job's end.
    let repeated = projects::run_deletion(&context, &job, &CancellationToken::new()).await;
    assert!(new.iter().all(|folder| folder.exists()));
    repeated.unwrap();
    client.get(&path).await.expect_status(200);
}
