//! For operators: the audit log, the system's state, clearing up, recovery; and billing.

use crate::support::{Client, TestApp, wait_for};
use reqwest::Method;
use serde_json::{Value, json};

async fn actions(client: &Client, query: &str) -> Vec<(String, String)> {
    let path = format!("/v1/audit-log?{query}");
    let items = client.get(&path).await.expect_status(200).items();
    let pair = |entry: &Value| {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        (text("action"), text("entity_id"))
    };
    items.iter().map(pair).collect()
}

#[tokio::test]
async fn every_change_leaves_an_entry_with_its_request() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let me = client.get("/v1/auth/me").await.text_at("id");
    let request = client
        .request(Method::POST, "/v1/projects")
        .header("x-request-id", "my-request-7")
        .json(&json!({"name": "p"}));
    let project = client.send(request).await.expect_status(201).text_at("id");
    let path = format!("/v1/projects/{project}");
    client.patch(&path, json!({"name": "q"})).await;
    client.patch(&path, json!({"nmae": "q"})).await;
    let log = client.get("/v1/audit-log").await.items();
    let named: Vec<_> = log
        .iter()
        .map(|it| it["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        named,
        ["project.changed", "project.created", "session.created"]
    );
    assert_eq!(log[1]["request_id"], "my-request-7");
    assert_eq!(log[1]["entity_id"], project.as_str());
    assert_eq!(log[1]["before"], Value::Null);
    assert_eq!(log[0]["before"], log[1]["after"]);
    assert_ne!(log[0]["after"], log[0]["before"]);
    assert!(log.iter().all(|it| it["actor"] == me.as_str()));
    let other = app.other_user("other@example.com").await;
    other.post("/v1/projects", json!({"name": "o"})).await;
    assert_eq!(actions(&client, &format!("actor={me}")).await.len(), 3);
    assert_eq!(actions(&client, "action=user.created").await.len(), 1);
    let of_project = actions(&client, &format!("entity_id={project}&limit=1")).await;
    assert_eq!(of_project, [("project.changed".into(), project)]);
    assert!(actions(&client, "to=2020-01-01T00:00:00Z").await.is_empty());
    for wrong in ["actor=x", "action=x", "from=x", "limit=0", "cursor=x"] {
        let path = format!("/v1/audit-log?{wrong}");
        client.get(&path).await.expect_error("validation_error");
    }
}

#[tokio::test]
async fn operators_see_scans_and_jobs_of_everyone() {
    let app = TestApp::with(&[("VEGA_SCAN_EXECUTION_MODE", "external")]).await;
    let other = app.other_user("other@example.com").await;
    let (_, repository) = other.repository_with(&[("a.py", "x = 1\n")]).await;
    let path = format!("/v1/repositories/{repository}/scans");
    let scan = other.post(&path, json!({})).await.expect_status(201);
    let operator = app.debug().await;
    let scans = operator.get("/v1/ops/scans?status=queued").await.items();
    assert_eq!(scans[0]["id"], scan.text_at("id").as_str());
    let running = operator.get("/v1/ops/scans?status=running").await;
    assert!(running.items().is_empty());
    let jobs = operator.get("/v1/ops/jobs?kind=ingest").await.items();
    assert_eq!(jobs[0]["subject_id"], repository.as_str());
    assert_eq!(jobs[0]["status"], "succeeded");
    operator
        .get("/v1/ops/jobs?kind=x")
        .await
        .expect_error("validation_error");
    let limits = operator.get("/v1/ops/limits").await.expect_status(200);
    assert_eq!(limits.json()["max_active_scans_per_user"], 4);
    assert!(operator.get("/v1/ops/workers").await.items().is_empty());
}

#[tokio::test]
async fn forgotten_files_are_swept_and_needed_ones_stay() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("a.py", "x = 1\n")]).await;
    client.scan(&repository, json!({})).await;
    let data = app.data.path().join("data");
    let uploads = data.join("uploads").join(&repository);
    std::fs::create_dir_all(&uploads).unwrap();
    let (old, new) = (uploads.join("old"), uploads.join("new"));
    std::fs::write(&old, b"forgotten").unwrap();
    std::fs::write(&new, b"just now").unwrap();
    let dead = data.join("scans/scan_01m7xzhczpe8mr4s5tgn8e6hve");
    std::fs::create_dir_all(&dead).unwrap();
    std::fs::write(dead.join("v16-report.json"), b"{}").unwrap();
    let cache = data.join("caches");
    let forgotten = cache.join("repo_01m7xzhczpe8mr4s5tgn8e6hve/v16.cache");
    std::fs::create_dir_all(forgotten.parent().unwrap()).unwrap();
    std::fs::write(&forgotten, b"old").unwrap();
    age(&cache);
    age(&data.join("scans"));
    age(&data.join("snapshots"));
    age(&old);
    let clean = async |dry_run: bool| {
        let wish = json!({"dry_run": dry_run});
        client
            .post("/v1/ops/cleanup", wish)
            .await
            .expect_status(200)
    };
    let told = clean(true).await.json();
    assert_eq!(told["orphaned_bytes"], 14);
    assert!(old.exists());
    let done = clean(false).await.json();
    assert_eq!(done["orphaned_objects"], told["orphaned_objects"]);
    assert!(!old.exists() && new.exists() && !dead.join("v16-report.json").exists());
    assert!(!forgotten.exists() && cache.join(&repository).join("v16.cache").exists());
    let again = clean(false).await.json();
    assert_eq!(again["orphaned_objects"], json!([]));
    // The scan's own files and the snapshot are older than a day, too, and still there.
    client.scan(&repository, json!({})).await;
    assert_eq!(actions(&client, "action=cleanup.run").await.len(), 2);
}

/// Makes everything below `path` look two days old.
fn age(path: &std::path::Path) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            age(&entry.unwrap().path());
        }
        return;
    }
    let days = std::time::Duration::from_secs(2 * 24 * 3600);
    let file = std::fs::File::options().append(true).open(path).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    file.set_modified(modified - days).unwrap();
}

#[tokio::test]
async fn recovery_by_hand_tells_what_it_did() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    for dry_run in [true, false] {
        let wish = json!({"dry_run": dry_run});
        let answer = client
            .post("/v1/ops/recover", wish)
            .await
            .expect_status(200);
        assert_eq!(answer.json(), json!({"dry_run": dry_run, "scans": []}));
    }
    client
        .post("/v1/ops/recover", json!({"dry": true}))
        .await
        .expect_error("validation_error");
}

#[tokio::test]
async fn use_is_counted_by_day_project_scan_and_model() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let none = client.get("/v1/billing/summary").await.expect_status(200);
    assert_eq!(none.json()["total"]["scans"], 0);
    let (project, repository) = client.repository_with(&[("a.py", "x = 1\n")]).await;
    let scan = client.scan(&repository, json!({})).await;
    let usage = async |query: &str| {
        let path = format!("/v1/billing/usage?{query}");
        client.get(&path).await.expect_status(200).items()
    };
    let day = &scan["created_at"].as_str().unwrap()[..10];
    for (group, key) in [
        ("day", day),
        ("project", project.as_str()),
        ("scan", scan["id"].as_str().unwrap()),
        ("model", "none"),
    ] {
        let rows = usage(&format!("group_by={group}")).await;
        assert_eq!(rows.len(), 1, "{group}");
        assert_eq!(rows[0]["key"], key);
        assert_eq!(rows[0]["scans"], 1);
        assert!(rows[0]["scan_seconds"].is_u64());
        assert_eq!(rows[0]["requests"], 0);
        assert_eq!(rows[0]["cost_usd"], scan["usage"]["cost_usd"]);
    }
    assert!(usage("to=2020-01-01T00:00:00Z").await.is_empty());
    let month = client.get("/v1/billing/summary").await.json();
    assert_eq!(month["current_month"]["scans"], 1);
    for wrong in [
        "group_by=week",
        "from=x",
        "from=2027-01-02T00:00:00Z&to=2027-01-01T00:00:00Z",
    ] {
        let path = format!("/v1/billing/usage?{wrong}");
        client.get(&path).await.expect_error("validation_error");
    }
    let other = app.other_user("other@example.com").await;
    assert!(other.get("/v1/billing/usage").await.items().is_empty());
}

#[tokio::test]
async fn others_are_told_which_group_it_takes() {
    let app = TestApp::start().await;
    let other = app.other_user("other@example.com").await;
    for path in ["/v1/audit-log", "/v1/ops/workers"] {
        let error = other.get(path).await.expect_error("forbidden");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("group operator"), "{message}");
    }
}

async fn guess(app: &TestApp, email: &str) -> u16 {
    let body = json!({"email": email, "password": "a wrong password"});
    app.anonymous().post("/v1/auth/login", body).await.status
}

/// Waits until so many refused sign-ins are noted.
async fn refusals(client: &Client, count: usize) {
    wait_for("the entries", async || {
        let noted = actions(client, "action=session.refused").await.len();
        assert!(noted <= count, "{noted} entries");
        (noted == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn refused_sign_ins_are_in_the_audit_log_without_what_was_typed() {
    let app = TestApp::start().await;
    app.other_user("ada@example.com").await;
    let client = app.debug().await;
    for email in ["Ada@example.com", "hunter2-typed-in-the-wrong-field"] {
        assert_eq!(guess(&app, email).await, 401);
    }
    // They are noted after the answer, in their order.
    refusals(&client, 2).await;
    let entries = client.get("/v1/audit-log?action=session.refused").await;
    let entries = entries.expect_status(200).items();
    let [unknown, known] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    assert_eq!(unknown["entity_id"], "unknown");
    assert!(!json!(entries).to_string().contains("hunter2"));
    let ada = client
        .get("/v1/audit-log?action=user.created")
        .await
        .items();
    assert_eq!(known["entity_id"], ada[0]["entity_id"]);
    for entry in &entries {
        assert_eq!(entry["details"]["address"], "127.0.0.1", "{entry}");
        assert!(entry["actor"].is_null() && entry["request_id"].is_string());
    }
}

#[tokio::test]
async fn a_guesser_does_not_fill_the_audit_log() {
    let off = [
        ("VEGA_LOGIN_FAILURES_PER_ACCOUNT", "0"),
        ("VEGA_LOGIN_FAILURES_PER_ADDRESS", "0"),
    ];
    let app = TestApp::with(&off).await;
    let client = app.debug().await;
    for n in 0..13 {
        assert_eq!(guess(&app, &format!("nobody-{n}@example.com")).await, 401);
    }
    refusals(&client, 10).await;
    // That does not hide what is tried on an account that exists.
    assert_eq!(guess(&app, "debug@example.com").await, 401);
    refusals(&client, 11).await;
    let newest = client.get("/v1/audit-log?limit=1").await.items().remove(0);
    assert_eq!(newest["action"], "session.refused");
    assert_eq!(newest["details"]["not_recorded"], 3, "{newest}");
}

#[tokio::test]
async fn the_log_tells_how_many_sign_ins_were_turned_away_unseen() {
    let app = TestApp::with(&[("VEGA_LOGIN_FAILURES_PER_ACCOUNT", "2")]).await;
    app.other_user("ada@example.com").await;
    let client = app.debug().await;
    for status in [401, 401, 429, 429, 429] {
        assert_eq!(guess(&app, "ada@example.com").await, status);
    }
    assert_eq!(guess(&app, "debug@example.com").await, 401);
    refusals(&client, 3).await;
    let newest = client.get("/v1/audit-log?action=session.refused&limit=1");
    let newest = newest.await.items().remove(0);
    assert_eq!(newest["details"]["not_recorded"], 3, "{newest}");
}
