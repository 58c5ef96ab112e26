//! Exports of a repository's findings.

use crate::support::{Client, TestApp, tar_gz, wait_for};
use serde_json::{Value, json};

const SHELL: &str = "import os\n\ndef run(name):\n    os.system('ls ' + name)\n";
const EVAL: &str = "def run(name):\n    return eval(name)\n";

/// The content of an export, once it is there.
pub(super) async fn exported(client: &Client, path: &str, wish: Value) -> String {
    let id = client
        .post(path, wish)
        .await
        .expect_status(202)
        .text_at("id");
    let url = wait_for("the export", async || {
        let all = client.get(path).await.items();
        let export = all.into_iter().find(|export| export["id"] == id)?;
        assert_ne!(export["status"], "failed", "{export}");
        export["url"].as_str().map(str::to_owned)
    })
    .await;
    let answer = client.get(&url).await.expect_status(200);
    String::from_utf8(answer.body.to_vec()).unwrap()
}

#[tokio::test]
async fn every_form_holds_what_the_list_with_the_same_filter_shows() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let files = [("a.py", SHELL), ("b.py", EVAL)];
    let (_, repository) = client.repository_with(&files).await;
    client.scan(&repository, json!({})).await;
    let findings = format!("/v1/repositories/{repository}/findings?lead=any");
    let listed = client.get(&findings).await.items();
    let dismissed = listed[0]["id"].as_str().unwrap();
    let decision = json!({ "status": "dismissed", "reason": "=cmd|' /C calc'!A0" });
    client
        .patch(&format!("/v1/findings/{dismissed}"), decision)
        .await
        .expect_status(200);

    let path = format!("/v1/repositories/{repository}/exports");
    let all: Value =
        serde_json::from_str(&exported(&client, &path, json!({ "format": "json" })).await).unwrap();
    assert_eq!(all["findings"].as_array().unwrap().len(), listed.len());
    let one = json!({ "format": "csv", "filter": { "path": "b.py" } });
    let table = exported(&client, &path, one).await;
    assert!(table.contains("b.py") && !table.contains("a.py"), "{table}");
    let table = exported(&client, &path, json!({ "format": "csv" })).await;
    assert!(
        !table.contains(",=cmd") && !table.contains("\"=cmd"),
        "no formula: {table}"
    );
    let sarif: Value =
        serde_json::from_str(&exported(&client, &path, json!({ "format": "sarif" })).await)
            .unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let suppressed = results
        .iter()
        .filter(|result| result["suppressions"].is_array());
    assert_eq!(suppressed.count(), 1);
    for format in ["markdown", "html"] {
        let text = exported(&client, &path, json!({ "format": format })).await;
        assert!(text.contains("b.py"), "{format}");
    }
    assert_eq!(client.get(&path).await.items().len(), 6);
}

#[tokio::test]
async fn bad_wishes_for_exports_are_refused() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("a.py", SHELL)]).await;
    let path = format!("/v1/repositories/{repository}/exports");
    for wrong in [
        json!({}),
        json!({ "format": "pdf" }),
        json!({ "format": "csv", "filter": { "severity": "awful" } }),
        json!({ "format": "csv", "filter": { "colour": "red" } }),
        json!({ "format": "csv", "to": "me" }),
    ] {
        client
            .post(&path, wrong)
            .await
            .expect_error("validation_error");
    }
    let other = app.other_user("other@example.com").await;
    let wish = json!({ "format": "csv" });
    other.post(&path, wish).await.expect_error("not_found");
    other.get(&path).await.expect_error("not_found");
}

#[tokio::test]
async fn exports_and_reports_tell_what_is_open_from_what_was_decided_or_fixed() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let files = [("a.py", SHELL), ("b.py", EVAL), ("c.py", EVAL)];
    let (_, repository) = client.repository_with(&files).await;
    let first = client.scan(&repository, json!({})).await;
    let second = client.scan(&repository, json!({})).await;
    let listed = client
        .get(&format!("/v1/repositories/{repository}/findings?lead=any"))
        .await
        .items();
    let dismissed = listed.iter().find(|it| it["file_path"] == "b.py").unwrap();
    let id = dismissed["id"].as_str().unwrap();
    let decision = json!({ "status": "dismissed", "reason": "only <us>",
        "accepted_until": "2999-01-31T00:00:00Z" });
    client
        .patch(&format!("/v1/findings/{id}"), decision)
        .await
        .expect_status(200);

    let report = async |scan: &Value, format: &str| {
        let scan = scan["id"].as_str().unwrap();
        let path = format!("/v1/scans/{scan}/report?format={format}");
        let answer = client.get(&path).await.expect_status(200);
        String::from_utf8(answer.body.to_vec()).unwrap()
    };
    for (scan, state) in [(&first, "new"), (&second, "existing")] {
        let table = report(scan, "csv").await;
        let mut lines = table.lines();
        let header = lines.next().unwrap();
        assert!(
            header.ends_with(",suppression,lead,id,status,assignee,accepted_until"),
            "{header}"
        );
        for line in lines {
            assert!(line.contains(&format!("\"{state}\"")), "{line}");
        }
        let line = table.lines().find(|line| line.contains(id)).unwrap();
        assert!(
            line.contains("dismissed") && line.contains("2999-01-31"),
            "{line}"
        );
        let page = report(scan, "html").await;
        assert!(
            page.contains("1 dismissed") && page.contains("only &lt;us&gt;"),
            "{page}"
        );
        assert!(page.contains(scan["id"].as_str().unwrap()), "{page}");
        let open = page.split("<h2>Dismissed").next().unwrap();
        assert!(open.contains("a.py") && !open.contains("b.py"), "{open}");
        let sarif: Value = serde_json::from_str(&report(scan, "sarif").await).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        let states = results.iter().map(|result| &result["baselineState"]);
        let expected = if state == "new" { "new" } else { "unchanged" };
        assert!(states.clone().all(|it| it == expected), "{sarif}");
        let suppressed = results.iter().filter(|it| it["suppressions"].is_array());
        assert_eq!(suppressed.count(), 1);
    }

    let fewer = tar_gz(&[("a.py", SHELL), ("b.py", EVAL)]);
    client.ingest(&repository, fewer).await;
    client.scan(&repository, json!({})).await;
    let path = format!("/v1/repositories/{repository}/exports");
    for (format, heading) in [("markdown", "## "), ("html", "<h2>")] {
        let text = exported(&client, &path, json!({ "format": format })).await;
        assert!(!text.contains("0 files"), "{text}");
        let dismissed = text.split(&format!("{heading}Dismissed")).nth(1).unwrap();
        assert!(
            dismissed.contains("2999-01-31") && dismissed.contains("b.py"),
            "{text}"
        );
        let resolved = text.split(&format!("{heading}Resolved")).nth(1).unwrap();
        assert!(
            resolved.contains("c.py") && !resolved.contains("a.py"),
            "{text}"
        );
        let open = text.split(&format!("{heading}Dismissed")).next().unwrap();
        assert!(!open.contains("c.py") && open.contains("a.py"), "{text}");
    }
    let wish = json!({ "format": "sarif", "filter": { "path": "c.py" } });
    let sarif: Value = serde_json::from_str(&exported(&client, &path, wish).await).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(!results.is_empty());
    assert!(
        results.iter().all(|it| it["baselineState"] == "absent"),
        "{sarif}"
    );
}
