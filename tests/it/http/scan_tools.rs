//! Around a scan: estimate, repeat, compare; the history of threat profiles.

use crate::support::{TestApp, zip};
use serde_json::{Value, json};

const SHELL: &str = "import os\n\ndef run(name):\n    os.system('ls ' + name)\n";
const EVAL: &str = "def run(name):\n    return eval(name)\n";

#[tokio::test]
async fn an_estimate_counts_what_would_be_looked_at_and_leaves_nothing_behind() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let files = [
        ("src/a.py", SHELL),
        ("src/b.py", EVAL),
        ("docs/x.txt", "one\ntwo\n"),
    ];
    let (_, repository) = client.repository_with(&files).await;
    let path = format!("/v1/repositories/{repository}/scans/estimate");
    let all = client
        .post(&path, json!({}))
        .await
        .expect_status(200)
        .json();
    assert_eq!((&all["files"], &all["all_files"]), (&json!(3), &json!(3)));
    assert_eq!(all["lines"], 4 + 2 + 2);
    assert_eq!(all["auditors"], json!(["builtin"]));
    assert_eq!(all["tokens"], json!({ "low": 0, "expected": 0, "high": 0 }));
    assert_eq!(all["cost_usd"]["high"], "0.000000000");
    let some = client
        .post(&path, json!({ "paths": ["src/*.py", "!b.py"] }))
        .await;
    assert_eq!(some.expect_status(200).json()["lines"], 4);
    for wrong in [
        json!({ "paths": [""] }),
        json!({ "auditors": ["codex"] }),
        json!({ "snapshot_id": "x" }),
        json!({ "budget": 1 }),
    ] {
        client
            .post(&path, wrong)
            .await
            .expect_error("validation_error");
    }
    let scans = client
        .get(&format!("/v1/repositories/{repository}/scans"))
        .await;
    assert_eq!(scans.items(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_scan_that_has_ended_can_be_repeated() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("a.py", SHELL)]).await;
    let first = client.scan(&repository, json!({ "paths": ["*.py"] })).await;
    let retry = format!("/v1/scans/{}/retry", first["id"].as_str().unwrap());
    let second = client
        .post(&retry, Value::Null)
        .await
        .expect_status(201)
        .json();
    assert_ne!(second["id"], first["id"]);
    for same in ["snapshot_id", "paths", "auditors", "limits"] {
        assert_eq!(second[same], first[same], "{same}");
    }
    let id = second["id"].as_str().unwrap();
    assert_eq!(client.ended(id).await["status"], "completed");
    let other = app.other_user("other@example.com").await;
    other
        .post(&retry, Value::Null)
        .await
        .expect_error("not_found");
}

#[tokio::test]
async fn any_two_scans_can_be_compared_in_either_order() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client
        .repository_with(&[("a.py", SHELL), ("b.py", EVAL)])
        .await;
    let id = |scan: Value| scan["id"].as_str().unwrap().to_owned();
    let both = id(client.scan(&repository, json!({})).await);
    let later = zip(&[("a.py", SHELL), ("c.py", EVAL), ("b.py", "x = 1\n")]);
    client.ingest(&repository, later).await;
    let fixed = id(client.scan(&repository, json!({})).await);
    let partial = id(client.scan(&repository, json!({ "paths": ["c.py"] })).await);
    client.ingest(&repository, zip(&[("b.py", EVAL)])).await;
    let back = id(client.scan(&repository, json!({})).await);

    let compare = async |one: &str, other: &str| {
        let path = format!("/v1/scans/{one}/compare/{other}");
        client.get(&path).await.expect_status(200).json()
    };
    let files = |comparison: &Value, list: &str| -> Vec<String> {
        let items = comparison[list].as_array().unwrap();
        assert_eq!(comparison["counts"][list], items.len());
        let path = |item: &Value| item["file_path"].as_str().unwrap().to_owned();
        items.iter().map(path).collect()
    };
    let one = compare(&both, &fixed).await;
    assert_eq!(one, compare(&fixed, &both).await);
    assert_eq!(one["older_scan_id"], both);
    assert_eq!(files(&one, "new"), ["c.py"]);
    assert_eq!(files(&one, "persisting"), ["a.py"]);
    assert_eq!(files(&one, "resolved"), ["b.py"]);

    let two = compare(&fixed, &partial).await;
    assert_eq!(files(&two, "persisting"), ["c.py"]);
    assert_eq!(
        files(&two, "unknown"),
        ["a.py"],
        "the partial scan did not look there"
    );

    let three = compare(&fixed, &back).await;
    assert_eq!(files(&three, "reopened"), ["b.py"]);
    let mut resolved = files(&three, "resolved");
    resolved.sort();
    assert_eq!(resolved, ["a.py", "c.py"], "their files are gone");

    let (_, elsewhere) = client.repository_with(&[("a.py", SHELL)]).await;
    let foreign = id(client.scan(&elsewhere, json!({})).await);
    let path = format!("/v1/scans/{both}/compare/{foreign}");
    client.get(&path).await.expect_error("validation_error");
    for missing in ["scan_01m7xzhczpe8mr4s5tgn8e6hve", "nonsense"] {
        let path = format!("/v1/scans/{both}/compare/{missing}");
        client.get(&path).await.expect_error("not_found");
    }
}

#[tokio::test]
async fn every_version_of_a_threat_profile_stays_readable() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("a.py", SHELL)]).await;
    let path = format!("/v1/repositories/{repository}/threat-profile");
    for summary in ["one", "two", "three"] {
        let content = json!({ "summary": summary, "application_type": "library" });
        client
            .put(&path, json!({ "content": content }))
            .await
            .expect_status(200);
    }
    let history = client.get(&format!("{path}/history")).await.items();
    let summaries: Vec<_> = history
        .iter()
        .map(|it| it["content"]["summary"].clone())
        .collect();
    assert_eq!(summaries[..3], [json!("three"), json!("two"), json!("one")]);
    let first = client.get(&format!("{path}/history?limit=1")).await;
    assert!(first.header("link").contains("rel=\"next\""));
}
