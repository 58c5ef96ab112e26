//! Projects, their lists and their deletion.

use crate::support::{TestApp, wait_for};
use serde_json::json;

#[tokio::test]
async fn a_project_is_created_read_changed_and_deleted() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let body = json!({"name": "  Shop  ", "description": "the web shop"});
    let created = client.post("/v1/projects", body).await.expect_status(201);
    let path = format!("/v1/projects/{}", created.text_at("id"));
    assert_eq!(created.json()["name"], "Shop");
    assert_eq!(created.json()["repository_count"], 0);

    let patched = client
        .patch(&path, json!({"name": "Store"}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (&patched["name"], &patched["description"]),
        (&json!("Store"), &json!("the web shop"))
    );
    let replaced = client
        .put(&path, json!({"name": "New"}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(replaced["description"], "");
    for name in ["", "   ", &"x".repeat(201), "a\u{0}b"] {
        client
            .patch(&path, json!({"name": name}))
            .await
            .expect_error("validation_error");
    }

    client.delete(&path).await.expect_status(202);
    client.get(&path).await.expect_error("not_found");
    client.delete(&path).await.expect_error("not_found");
    assert!(client.get("/v1/projects").await.items().is_empty());
}

#[tokio::test]
async fn lists_continue_through_their_link() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    for number in 0..5 {
        client
            .post("/v1/projects", json!({"name": format!("p{number}")}))
            .await
            .expect_status(201);
    }
    let mut path = "/v1/projects?limit=2".to_owned();
    let mut names = Vec::new();
    loop {
        let answer = client.get(&path).await.expect_status(200);
        names.extend(
            answer
                .items()
                .iter()
                .map(|it| it["name"].as_str().unwrap().to_owned()),
        );
        let Some((link, _)) = answer.header("link").split_once(">; rel=\"next\"") else {
            break;
        };
        path = link.trim_start_matches('<').to_owned();
    }
    assert_eq!(names, ["p4", "p3", "p2", "p1", "p0"]);
}

#[tokio::test]
async fn deleting_a_project_removes_its_files() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (project, repository) = client.repository_with(&[("a.py", "eval(input())\n")]).await;
    let scan = client.scan(&repository, json!({})).await;
    let data = app.data.path().join("data");
    let snapshots = data.join("snapshots").join(&repository);
    let artifacts = data.join("scans").join(scan["id"].as_str().unwrap());
    assert!(snapshots.exists() && artifacts.exists());
    client
        .delete(&format!("/v1/projects/{project}"))
        .await
        .expect_status(202);
    for path in [
        format!("/v1/repositories/{repository}"),
        format!("/v1/scans/{}", scan["id"].as_str().unwrap()),
    ] {
        client.get(&path).await.expect_error("not_found");
    }
    wait_for("the files' removal", async || {
        (!snapshots.exists() && !artifacts.exists()).then_some(())
    })
    .await;
}
