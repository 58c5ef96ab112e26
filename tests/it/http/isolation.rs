//! A second user sees nothing of the first: every endpoint with the first user's ids.
//!
//! The table is checked against the OpenAPI document, so a new route must be entered here.

use crate::support::{Client, TestApp};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What another user meets.
#[derive(Clone, Copy, PartialEq)]
enum Other {
    /// The resource does not exist for them.
    Missing,
    /// An empty list, or only their own things.
    OwnOnly,
    /// Open to everyone, or about the caller alone.
    Open,
    /// Only for operators.
    OperatorOnly,
}

/// Every route, what another user meets there, and a body that would be accepted from the owner.
fn table() -> Vec<(&'static str, &'static str, Other, Value)> {
    use Other::{Missing, Open, OperatorOnly, OwnOnly};
    let none = Value::Null;
    let profile = json!({"content": {"summary": "x", "application_type": "library"}});
    let repository = json!({"name": "x", "source_type": "archive"});
    vec![
        ("GET", "/v1/healthz", Open, none.clone()),
        ("GET", "/v1/readyz", Open, none.clone()),
        ("GET", "/v1/config", Open, none.clone()),
        ("POST", "/v1/auth/login", Open, none.clone()),
        ("POST", "/v1/auth/refresh", Open, none.clone()),
        ("POST", "/v1/auth/logout", Open, none.clone()),
        ("GET", "/v1/auth/me", OwnOnly, none.clone()),
        ("GET", "/v1/api-keys", OwnOnly, none.clone()),
        ("POST", "/v1/api-keys", Open, none.clone()),
        ("DELETE", "/v1/api-keys/{id}", Missing, none.clone()),
        ("GET", "/v1/projects", OwnOnly, none.clone()),
        ("POST", "/v1/projects", Open, none.clone()),
        ("GET", "/v1/projects/{id}", Missing, none.clone()),
        ("PUT", "/v1/projects/{id}", Missing, json!({"name": "x"})),
        ("PATCH", "/v1/projects/{id}", Missing, json!({"name": "x"})),
        ("DELETE", "/v1/projects/{id}", Missing, none.clone()),
        ("GET", "/v1/projects/{id}/members", Missing, none.clone()),
        (
            "PUT",
            "/v1/projects/{id}/members",
            Missing,
            json!({"email": "other@example.com", "role": "admin"}),
        ),
        ("DELETE", "/v1/projects/{id}/members", Missing, none.clone()),
        (
            "GET",
            "/v1/projects/{id}/repositories",
            Missing,
            none.clone(),
        ),
        (
            "POST",
            "/v1/projects/{id}/repositories",
            Missing,
            repository,
        ),
        ("GET", "/v1/projects/{id}/scans", Missing, none.clone()),
        ("GET", "/v1/projects/{id}/findings", Missing, none.clone()),
        ("GET", "/v1/repositories/{id}", Missing, none.clone()),
        (
            "PATCH",
            "/v1/repositories/{id}",
            Missing,
            json!({"name": "x"}),
        ),
        ("DELETE", "/v1/repositories/{id}", Missing, none.clone()),
        (
            "POST",
            "/v1/repositories/{id}/ingest",
            Missing,
            none.clone(),
        ),
        (
            "POST",
            "/v1/repositories/{id}/archive",
            Missing,
            none.clone(),
        ),
        ("GET", "/v1/jobs/{id}", Missing, none.clone()),
        (
            "GET",
            "/v1/repositories/{id}/snapshots",
            Missing,
            none.clone(),
        ),
        (
            "GET",
            "/v1/repositories/{id}/threat-profile",
            Missing,
            none.clone(),
        ),
        (
            "PUT",
            "/v1/repositories/{id}/threat-profile",
            Missing,
            profile,
        ),
        (
            "POST",
            "/v1/repositories/{id}/threat-profile/generate",
            Missing,
            none.clone(),
        ),
        ("POST", "/v1/repositories/{id}/scans", Missing, json!({})),
        ("GET", "/v1/repositories/{id}/scans", Missing, none.clone()),
        ("GET", "/v1/repositories/{id}/events", Missing, none.clone()),
        (
            "GET",
            "/v1/repositories/{id}/findings",
            Missing,
            none.clone(),
        ),
        (
            "POST",
            "/v1/repositories/{id}/findings/import",
            Missing,
            none.clone(),
        ),
        (
            "POST",
            "/v1/repositories/{id}/exports",
            Missing,
            json!({"format": "csv"}),
        ),
        (
            "GET",
            "/v1/repositories/{id}/exports",
            Missing,
            none.clone(),
        ),
        ("GET", "/v1/snapshots/{id}/tree", Missing, none.clone()),
        ("GET", "/v1/snapshots/{id}/file", Missing, none.clone()),
        ("GET", "/v1/scans/{id}", Missing, none.clone()),
        ("POST", "/v1/scans/{id}/cancel", Missing, none.clone()),
        ("GET", "/v1/scans/{id}/events", Missing, none.clone()),
        (
            "GET",
            "/v1/repositories/{id}/threat-profile/history",
            Missing,
            none.clone(),
        ),
        (
            "POST",
            "/v1/repositories/{id}/scans/estimate",
            Missing,
            json!({}),
        ),
        ("POST", "/v1/scans/{id}/retry", Missing, none.clone()),
        (
            "GET",
            "/v1/scans/{id}/compare/{other_id}",
            Missing,
            none.clone(),
        ),
        ("GET", "/v1/scans/{id}/events/stream", Missing, none.clone()),
        ("GET", "/v1/scans/{id}/findings", Missing, none.clone()),
        ("GET", "/v1/scans/{id}/report", Missing, none.clone()),
        ("GET", "/v1/findings", OwnOnly, none.clone()),
        ("GET", "/v1/findings/facets", OwnOnly, none.clone()),
        (
            "GET",
            "/v1/projects/{id}/findings/facets",
            Missing,
            none.clone(),
        ),
        (
            "GET",
            "/v1/repositories/{id}/findings/facets",
            Missing,
            none.clone(),
        ),
        (
            "GET",
            "/v1/scans/{id}/findings/facets",
            Missing,
            none.clone(),
        ),
        ("GET", "/v1/findings/{id}", Missing, none.clone()),
        (
            "PATCH",
            "/v1/findings/{id}",
            Missing,
            json!({"status": "confirmed"}),
        ),
        ("POST", "/v1/findings/bulk", Open, none.clone()),
        (
            "POST",
            "/v1/findings/{id}/comments",
            Missing,
            json!({"text": "x"}),
        ),
        ("GET", "/v1/findings/{id}/comments", Missing, none.clone()),
        ("GET", "/v1/findings/{id}/history", Missing, none.clone()),
        ("GET", "/v1/findings/{id}/similar", Missing, none.clone()),
        // The signature is the credential; it is handed only to those who may see the scan.
        ("GET", "/v1/objects/{key}", Open, none.clone()),
        ("PUT", "/v1/objects/{key}", Open, none.clone()),
        (
            "POST",
            "/v1/repositories/{id}/archive-uploads",
            Missing,
            none.clone(),
        ),
        (
            "POST",
            "/v1/repositories/{id}/archive-uploads/{upload_id}/complete",
            Missing,
            none.clone(),
        ),
        ("GET", "/v1/sessions", OwnOnly, none.clone()),
        ("POST", "/v1/sessions", Open, none.clone()),
        ("GET", "/v1/sessions/{id}", Missing, none.clone()),
        ("DELETE", "/v1/sessions/{id}", Missing, none.clone()),
        ("POST", "/v1/sessions/{id}/upload", Missing, none.clone()),
        ("POST", "/v1/sessions/{id}/analyze", Missing, none.clone()),
        ("GET", "/v1/sessions/{id}/result", Missing, none.clone()),
        ("GET", "/v1/git-uploads", OwnOnly, none.clone()),
        // About a repository in the body; tests/it/http/git_uploads.rs tries another user's.
        ("POST", "/v1/git-uploads", Open, none.clone()),
        ("GET", "/v1/git-uploads/{id}", Missing, none.clone()),
        ("DELETE", "/v1/git-uploads/{id}", Missing, none.clone()),
        // Git's own credential, tried in tests/it/http/git_remote.rs.
        (
            "GET",
            "/v1/git-uploads/{id}/repo.git/info/refs",
            Open,
            none.clone(),
        ),
        (
            "POST",
            "/v1/git-uploads/{id}/repo.git/git-receive-pack",
            Open,
            none.clone(),
        ),
        (
            "POST",
            "/v1/git-uploads/{id}/repo.git/git-upload-pack",
            Open,
            none.clone(),
        ),
        ("GET", "/v1/webhooks", OwnOnly, none.clone()),
        ("POST", "/v1/webhooks", Open, none.clone()),
        ("GET", "/v1/webhooks/{id}", Missing, none.clone()),
        (
            "PATCH",
            "/v1/webhooks/{id}",
            Missing,
            json!({"enabled": false}),
        ),
        ("DELETE", "/v1/webhooks/{id}", Missing, none.clone()),
        ("POST", "/v1/webhooks/{id}/ping", Missing, none.clone()),
        ("GET", "/v1/webhooks/{id}/deliveries", Missing, none.clone()),
        (
            "GET",
            "/v1/webhooks/{id}/deliveries/{delivery_id}",
            Missing,
            none.clone(),
        ),
        (
            "POST",
            "/v1/webhooks/{id}/deliveries/{delivery_id}/retry",
            Missing,
            none.clone(),
        ),
        ("GET", "/v1/audit-log", OperatorOnly, none.clone()),
        ("GET", "/v1/ops/limits", OperatorOnly, none.clone()),
        ("GET", "/v1/ops/workers", OperatorOnly, none.clone()),
        ("GET", "/v1/ops/scans", OperatorOnly, none.clone()),
        ("GET", "/v1/ops/jobs", OperatorOnly, none.clone()),
        ("POST", "/v1/ops/cleanup", OperatorOnly, json!({})),
        ("POST", "/v1/ops/recover", OperatorOnly, json!({})),
        ("GET", "/v1/billing/usage", OwnOnly, none.clone()),
        ("GET", "/v1/billing/summary", OwnOnly, none),
    ]
}

#[test]
fn the_table_names_every_route() {
    let document = serde_json::to_value(vega::api::app::document("Vega", "/v1")).unwrap();
    let mut routes = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            routes.insert((method.to_uppercase(), path.clone()));
        }
    }
    let table: BTreeSet<_> = table()
        .into_iter()
        .map(|(method, path, _, _)| (method.to_owned(), path.to_owned()))
        .collect();
    assert_eq!(table, routes);
}

/// The first user's ids, by the resource in the path.
struct Ids(Vec<(&'static str, String)>);

impl Ids {
    fn of(&self, path: &str) -> String {
        let resource = path.split('/').nth(2).unwrap();
        let (_, id) = self.0.iter().find(|(name, _)| *name == resource).unwrap();
        let delivery = self.0.iter().find(|(name, _)| *name == "deliveries");
        let (_, delivery) = delivery.unwrap();
        path.replace("{id}", id)
            .replace("{other_id}", id)
            .replace("{delivery_id}", delivery)
    }
}

async fn send(client: &Client, method: &str, path: &str, body: &Value) -> crate::support::Answer {
    let query = match (method, path.rsplit('/').next()) {
        (_, Some("file")) => "?path=a.py",
        ("DELETE", Some("members")) => "?user_id=usr_01m7xzhczpe8mr4s5tgn8e6hve",
        _ => "",
    };
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = client.request(method, &format!("{path}{query}"));
    let request = if path.ends_with("/archive") || path.ends_with("/import") {
        request
            .header("content-type", "application/octet-stream")
            .body(vec![1, 2, 3])
    } else if body.is_null() {
        request
    } else {
        request.json(body)
    };
    client.send(request).await
}

#[tokio::test]
async fn another_user_meets_nothing_of_the_first() {
    let app = TestApp::with(&[("VEGA_WEBHOOK_ALLOW_PRIVATE_HOSTS", "127.0.0.1")]).await;
    let owner = app.debug().await;
    let source = [("a.py", "import os\ndef f(x):\n    os.system('ls ' + x)\n")];
    let (project, repository) = owner.repository_with(&source).await;
    let scan = owner.scan(&repository, json!({})).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let findings = owner
        .get(&format!("/v1/scans/{scan}/findings?lead=any"))
        .await
        .items();
    let job = owner
        .post(
            &format!("/v1/repositories/{repository}/threat-profile/generate"),
            json!(null),
        )
        .await
        .text_at("id");
    let key = owner
        .post("/v1/api-keys", json!({"name": "mine"}))
        .await
        .text_at("id");
    let session = owner.post("/v1/sessions", json!({})).await.text_at("id");
    let hook = json!({"url": "http://127.0.0.1:9/", "events": ["scan.failed"]});
    let webhook = owner.post("/v1/webhooks", hook).await.text_at("id");
    let ping = owner
        .post(&format!("/v1/webhooks/{webhook}/ping"), json!(null))
        .await
        .expect_status(202)
        .text_at("id");
    let snapshot = owner
        .get(&format!("/v1/repositories/{repository}/snapshots"))
        .await
        .items()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/projects/{project}/repositories");
    let pushed = json!({"name": "pushed", "source_type": "git_push"});
    let pushed = owner.post(&path, pushed).await.text_at("id");
    let wish = json!({"repository_id": pushed});
    let upload = owner.post("/v1/git-uploads", wish).await.text_at("id");
    let ids = Ids(vec![
        ("git-uploads", upload),
        ("snapshots", snapshot),
        ("sessions", session),
        ("projects", project),
        ("repositories", repository),
        ("scans", scan),
        ("findings", findings[0]["id"].as_str().unwrap().to_owned()),
        ("jobs", job),
        ("api-keys", key),
        ("webhooks", webhook),
        ("deliveries", ping),
    ]);
    let other = app.other_user("other@example.com").await;
    for (method, path, expected, body) in table() {
        match expected {
            Other::Open => {}
            Other::OperatorOnly => {
                let answer = send(&other, method, path, &body).await;
                answer.expect_error("forbidden");
                let answer = send(&app.anonymous(), method, path, &body).await;
                answer.expect_error("invalid_token");
                let answer = send(&owner, method, path, &body).await;
                answer.expect_status(200);
            }
            Other::OwnOnly => {
                let answer = send(&other, method, path, &body).await.expect_status(200);
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                let leaked = ids.0.iter().find(|(_, id)| text.contains(id.as_str()));
                assert!(leaked.is_none(), "{method} {path} shows {leaked:?}");
                assert!(!text.contains("debug@example.com"), "{method} {path}");
            }
            Other::Missing => {
                let theirs = ids.of(path);
                let answer = send(&other, method, &theirs, &body).await;
                answer.expect_error("not_found");
                // Without any credential the id does not matter.
                let answer = send(&app.anonymous(), method, &theirs, &body).await;
                answer.expect_error("invalid_token");
                // An id of another kind is no id at all.
                if path.contains("{id}") {
                    let wrong = path.replace("{id}", "usr_01m7xzhczpe8mr4s5tgn8e6hve");
                    send(&owner, method, &wrong, &body)
                        .await
                        .expect_error("not_found");
                }
            }
        }
    }
    // Nothing of what was tried changed anything.
    for path in [
        "/v1/projects/{id}",
        "/v1/repositories/{id}",
        "/v1/scans/{id}",
        "/v1/findings/{id}",
    ] {
        owner.get(&ids.of(path)).await.expect_status(200);
    }
    assert_eq!(
        owner.get(&ids.of("/v1/findings/{id}")).await.json()["status"],
        "open"
    );
    assert_eq!(owner.get("/v1/api-keys").await.items().len(), 1);
}
