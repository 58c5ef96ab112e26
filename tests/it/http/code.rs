//! The code viewer: folders and files of a snapshot.

use crate::support::TestApp;

const PYTHON: &str = "# first\ndef f():\n    return 'a'\n";

#[tokio::test]
async fn folders_and_files_of_a_snapshot_can_be_walked() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let files = [
        ("src/app/main.py", PYTHON),
        ("src/app/data.bin", "a\0b"),
        ("src/zeta.txt", "plain\n"),
        ("README", "hello\n"),
    ];
    let (_, repository) = client.repository_with(&files).await;
    let snapshots = format!("/v1/repositories/{repository}/snapshots");
    let snapshot = client.get(&snapshots).await.items()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let tree = format!("/v1/snapshots/{snapshot}/tree");
    let file = format!("/v1/snapshots/{snapshot}/file");

    let names = |items: Vec<serde_json::Value>| -> Vec<(String, String)> {
        let text = |item: &serde_json::Value, key: &str| item[key].as_str().unwrap().to_owned();
        items
            .iter()
            .map(|item| (text(item, "path"), text(item, "kind")))
            .collect()
    };
    let pair = |path: &str, kind: &str| (path.to_owned(), kind.to_owned());
    assert_eq!(
        names(client.get(&tree).await.items()),
        [pair("src", "folder"), pair("README", "file")]
    );
    assert_eq!(
        names(client.get(&format!("{tree}?path=src")).await.items()),
        [pair("src/app", "folder"), pair("src/zeta.txt", "file")]
    );
    for missing in ["nowhere", "README", "src/../src", "/etc"] {
        let answer = client.get(&format!("{tree}?path={missing}")).await;
        answer.expect_error("not_found");
    }

    let whole = client
        .get(&format!("{file}?path=src/app/main.py"))
        .await
        .json();
    assert_eq!(whole["language"], "python");
    assert_eq!(whole["total_lines"], 3);
    assert_eq!(whole["lines"][1], "def f():");
    let spans = whole["spans"].as_array().unwrap();
    let keyword = serde_json::json!({ "line": 2, "start": 0, "end": 3, "class": "keyword" });
    assert!(spans.contains(&keyword), "{whole}");

    let part = format!("{file}?path=src/app/main.py&start=3&end=3");
    let part = client.get(&part).await.json();
    assert_eq!(part["lines"], serde_json::json!(["    return 'a'"]));
    assert!(
        part["spans"]
            .as_array()
            .unwrap()
            .iter()
            .all(|span| span["line"] == 3)
    );

    let binary = client
        .get(&format!("{file}?path=src/app/data.bin"))
        .await
        .json();
    assert_eq!(
        (&binary["binary"], &binary["reason"]),
        (&true.into(), &"binary".into())
    );
    assert_eq!(binary["lines"], serde_json::json!([]));
}

#[tokio::test]
async fn bad_questions_about_files_are_answered_clearly() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("a.py", PYTHON)]).await;
    let snapshots = format!("/v1/repositories/{repository}/snapshots");
    let id = client.get(&snapshots).await.items()[0]["id"].clone();
    let file = format!("/v1/snapshots/{}/file", id.as_str().unwrap());
    for wrong in [
        "",
        "?path=a.py&start=0",
        "?path=a.py&start=3&end=2",
        "?path=a.py&start=x",
        "?path=a.py&lines=3",
    ] {
        let answer = client.get(&format!("{file}{wrong}")).await;
        answer.expect_error("validation_error");
    }
    for missing in ["b.py", "../a.py", "/etc/passwd", "a.py/", "%00"] {
        let answer = client.get(&format!("{file}?path={missing}")).await;
        answer.expect_error("not_found");
    }
    let beyond = client
        .get(&format!("{file}?path=a.py&start=99"))
        .await
        .json();
    assert_eq!(beyond["lines"], serde_json::json!([]));
}
