//! Scans from creation to report, events, findings, triage.

use crate::support::{Client, TestApp, tar_gz, wait_for};
use reqwest::Method;
use serde_json::{Value, json};

const DANGEROUS: &str = "import os\n\ndef run(command):\n    os.system('ls ' + command)\n";

#[tokio::test]
async fn a_scan_runs_to_findings_events_and_reports() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let docker = "FROM python:latest\nRUN curl http://example.com/x.sh | sh\n";
    let (project, repository) = client
        .repository_with(&[("app/run.py", DANGEROUS), ("Dockerfile", docker)])
        .await;
    let scan = client.scan(&repository, json!({})).await;
    assert_eq!(scan["status"], "completed", "{scan}");
    assert_eq!(scan["progress"], 100);
    assert_eq!(scan["runner_job"]["launcher"], "local");
    let id = scan["id"].as_str().unwrap();

    let events = client.get(&format!("/v1/scans/{id}/events")).await.items();
    let numbers: Vec<_> = events
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
    assert_eq!(events.first().unwrap()["kind"], "scan_started");
    assert_eq!(events.last().unwrap()["kind"], "scan_completed");
    let after = client
        .get(&format!("/v1/scans/{id}/events?after=2&limit=1"))
        .await
        .items();
    assert_eq!(after[0]["seq"], 3);
    let of_kind = client
        .get(&format!("/v1/scans/{id}/events?kind=finding_updated"))
        .await
        .items();
    let mut followed = Vec::new();
    let mut path = format!("/v1/scans/{id}/events?limit=2");
    loop {
        let answer = client.get(&path).await.expect_status(200);
        followed.extend(answer.items());
        let Some((link, _)) = answer.header("link").split_once(">; rel=\"next\"") else {
            break;
        };
        path = link.trim_start_matches('<').to_owned();
    }
    assert_eq!(followed, events, "following the links gives every event");
    let mixed = format!("/v1/repositories/{repository}/events?scan_id={id}&cursor=ZXZ0");
    client.get(&mixed).await.expect_error("validation_error");
    let of_repository = format!("/v1/repositories/{repository}/events?scan_id={id}");
    assert_eq!(client.get(&of_repository).await.items().len(), events.len());
    let newest = client
        .get(&format!("/v1/repositories/{repository}/events?limit=1"))
        .await
        .items();
    assert_eq!(newest[0]["id"], events.last().unwrap()["id"]);

    let findings = client
        .get(&format!("/v1/scans/{id}/findings?lead=any"))
        .await
        .items();
    assert!(!findings.is_empty());
    assert_eq!(of_kind.len(), findings.len());
    assert!(of_kind[0]["payload"]["finding"]["file_path"].is_string());
    for finding in &findings {
        assert_eq!(finding["state"], "new");
        let file = finding["file_path"].as_str().unwrap();
        let text = if file == "Dockerfile" {
            docker
        } else {
            DANGEROUS
        };
        let line = usize::try_from(finding["start_line"].as_u64().unwrap()).unwrap();
        assert!(line <= text.lines().count(), "{finding}");
        let quoted = finding["evidence"][0]["snippet"].as_str().unwrap().trim();
        assert!(text.contains(quoted), "not quoted from the file: {quoted}");
    }
    for path in [
        format!("repositories/{repository}"),
        format!("projects/{project}"),
    ] {
        let listed = client
            .get(&format!("/v1/{path}/findings?lead=any"))
            .await
            .items();
        assert_eq!(listed.len(), findings.len());
    }

    let report = client
        .get(&format!("/v1/scans/{id}/report"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(report["engine"]["name"], "v16");
    let sarif = client
        .get(&format!("/v1/scans/{id}/report?format=sarif"))
        .await;
    assert!(
        sarif
            .header("content-type")
            .starts_with("application/sarif+json")
    );
    assert_eq!(sarif.json()["version"], "2.1.0");
    for (format, media, part) in [
        ("markdown", "text/markdown", "# Vega"),
        ("html", "text/html", "<!doctype html>"),
        ("csv", "text/csv", "severity,"),
    ] {
        let page = client
            .get(&format!("/v1/scans/{id}/report?format={format}"))
            .await
            .expect_status(200);
        assert!(page.header("content-type").starts_with(media));
        assert!(
            page.header("content-security-policy")
                .starts_with("default-src 'none'")
        );
        let text = String::from_utf8_lossy(&page.body);
        assert!(
            text.starts_with(part) && text.contains("app/run.py"),
            "{text}"
        );
    }
    client
        .get(&format!("/v1/scans/{id}/report?format=pdf"))
        .await
        .expect_error("validation_error");

    let links = scan["artifacts"].as_object().unwrap();
    assert_eq!(links.len(), 5);
    for (name, link) in links {
        let link = link.as_str().unwrap();
        let file = app.anonymous().get(link).await.expect_status(200);
        assert!(!file.body.is_empty(), "{name} is empty");
        let forged = link.replace("signature=", "signature=00");
        app.anonymous()
            .get(&forged)
            .await
            .expect_error("invalid_token");
        app.anonymous()
            .get(link.split_once('?').unwrap().0)
            .await
            .expect_error("validation_error");
    }
    let project = client.get(&format!("/v1/projects/{project}")).await.json();
    assert_eq!(project["scan_counts"]["completed"], 1);
}

#[tokio::test]
async fn filters_narrow_and_wrong_ones_are_refused() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("app/run.py", DANGEROUS)]).await;
    client.scan(&repository, json!({})).await;
    let path = format!("/v1/repositories/{repository}/findings");
    let count = async |query: &str| {
        client
            .get(&format!("{path}?lead=any&{query}"))
            .await
            .items()
            .len()
    };
    let all = count("limit=200").await;
    assert!(all > 0);
    assert_eq!(count("severity=critical,high,medium,low,info").await, all);
    assert_eq!(count("path=app/").await, all);
    assert_eq!(count("path=elsewhere/").await, 0);
    assert_eq!(count("status=dismissed").await, 0);
    assert_eq!(count("state=new").await, all);
    assert_eq!(count("cwe=CWE-99999").await, 0);
    for query in [
        "severity=huge",
        "status=",
        "state=x",
        "cwe=89",
        "severty=high",
        "lead=maybe",
    ] {
        client
            .get(&format!("{path}?{query}"))
            .await
            .expect_error("validation_error");
    }
}

#[tokio::test]
async fn a_decision_survives_a_rescan_of_moved_code() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("app/run.py", DANGEROUS)]).await;
    client.scan(&repository, json!({})).await;
    let findings = client
        .get(&format!("/v1/repositories/{repository}/findings?lead=any"))
        .await
        .items();
    let path = format!("/v1/findings/{}", findings[0]["id"].as_str().unwrap());
    let tag = client
        .get(&path)
        .await
        .expect_status(200)
        .header("etag")
        .to_owned();

    client
        .patch(&path, json!({"status": "dismissed"}))
        .await
        .expect_error("validation_error");
    client
        .patch(&path, json!({}))
        .await
        .expect_error("validation_error");
    client
        .patch(&path, json!({"status": "open", "reason": "x"}))
        .await
        .expect_error("validation_error");
    let decide = |tag: String, body: Value| {
        client.send(
            client
                .request(Method::PATCH, &path)
                .header("if-match", tag)
                .json(&body),
        )
    };
    let decision = json!({"status": "dismissed", "reason": "a tool for operators"});
    let decided = decide(tag.clone(), decision.clone())
        .await
        .expect_status(200)
        .json();
    assert_eq!(decided["status"], "dismissed");
    decide(tag, decision)
        .await
        .expect_error("precondition_failed");

    let moved = format!("# one\n# two\n\n{DANGEROUS}");
    client
        .ingest(
            &repository,
            crate::support::tar_gz(&[("app/run.py", &moved)]),
        )
        .await;
    client.scan(&repository, json!({})).await;
    let again = client.get(&path).await.json();
    assert_eq!(
        (&again["status"], &again["state"]),
        (&json!("dismissed"), &json!("existing"))
    );
    assert_eq!(
        again["start_line"].as_u64(),
        findings[0]["start_line"].as_u64().map(|line| line + 3)
    );

    client
        .ingest(
            &repository,
            crate::support::tar_gz(&[("app/run.py", "x = 1\n")]),
        )
        .await;
    client.scan(&repository, json!({})).await;
    assert_eq!(client.get(&path).await.json()["state"], "resolved");
}

/// How many steps a scan knew from the last one, of how many.
async fn known(client: &Client, scan: &Value) -> (u64, u64) {
    let id = scan["id"].as_str().unwrap();
    let events = format!("/v1/scans/{id}/events?kind=scan_log");
    let events = client.get(&events).await.items();
    let told = events.iter().find_map(|event| {
        let message = event["payload"]["message"].as_str()?;
        message.strip_prefix("Known from the last scan: ")
    });
    let mut numbers = told.unwrap().split(' ').filter_map(|it| it.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[tokio::test]
async fn a_rescan_looks_at_what_changed_and_what_it_knew_goes_with_the_repository() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let files = [
        ("run.py", DANGEROUS),
        ("add.py", "def add(a, b):\n    return a + b\n"),
    ];
    let (_, repository) = client.repository_with(&files).await;
    let first = client.scan(&repository, json!({})).await;
    assert_eq!(known(&client, &first).await.0, 0);
    let second = client.scan(&repository, json!({})).await;
    let (reused, asked) = known(&client, &second).await;
    assert!(reused == asked && asked > 0, "{reused} of {asked}");

    let files = [
        ("run.py", DANGEROUS),
        ("add.py", "def add(a, b):\n    return eval(a)\n"),
    ];
    client.ingest(&repository, tar_gz(&files)).await;
    let third = client.scan(&repository, json!({})).await;
    let (reused, asked) = known(&client, &third).await;
    assert!(0 < reused && reused < asked, "{reused} of {asked}");
    let path = format!(
        "/v1/scans/{}/findings?lead=any",
        third["id"].as_str().unwrap()
    );
    let found = client.get(&path).await.items();
    let states: Vec<_> = found
        .iter()
        .map(|it| (&it["file_path"], &it["state"]))
        .collect();
    assert!(
        states.contains(&(&json!("run.py"), &json!("existing"))),
        "{states:?}"
    );
    assert!(
        states.contains(&(&json!("add.py"), &json!("new"))),
        "{states:?}"
    );

    let kept = app.data.path().join("data/caches").join(&repository);
    assert!(kept.join("v16.cache").exists());
    let path = format!("/v1/repositories/{repository}");
    client.delete(&path).await.expect_status(204);
    assert!(!kept.join("v16.cache").exists());
}

#[tokio::test]
async fn wishes_that_cannot_be_met_are_refused() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("a.py", "x = 1\n")]).await;
    let (_, foreign) = client.repository_with(&[("b.py", "y = 1\n")]).await;
    let foreign = client
        .get(&format!("/v1/repositories/{foreign}"))
        .await
        .text_at("latest_snapshot_id");
    let path = format!("/v1/repositories/{repository}/scans");
    for wish in [
        json!({"auditors": ["nobody"]}),
        json!({"auditors": ["codex"]}),
        json!({"paths": [""]}),
        json!({"paths": ["["]}),
        json!({"paths": ["# nothing"]}),
        json!({"snapshot_id": "scan_x"}),
        json!({"snapshot_id": foreign}),
        json!({"limits": {"max_cost_usd": -1}}),
        json!({"limits": {"max_tokens": -1}}),
        json!({"limit": {}}),
        json!({"model": ""}),
    ] {
        client
            .post(&path, wish)
            .await
            .expect_error("validation_error");
    }
    let unknown = json!({"snapshot_id": "snap_01m7xzhdh3eq0bvbq14fyqjhct"});
    client.post(&path, unknown).await.expect_error("not_found");
}

#[tokio::test]
async fn the_quota_holds_and_a_queued_scan_is_cancelled_at_once() {
    let settings = [
        ("VEGA_SCAN_EXECUTION_MODE", "external"),
        ("VEGA_MAX_ACTIVE_SCANS_PER_USER", "2"),
    ];
    let app = TestApp::with(&settings).await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("a.py", "x = 1\n")]).await;
    let path = format!("/v1/repositories/{repository}/scans");
    let first = client
        .post(&path, json!({}))
        .await
        .expect_status(201)
        .text_at("id");
    client.post(&path, json!({})).await.expect_status(201);
    client
        .post(&path, json!({}))
        .await
        .expect_error("quota_exceeded");

    client
        .get(&format!("/v1/scans/{first}/report"))
        .await
        .expect_error("conflict");
    let cancel = format!("/v1/scans/{first}/cancel");
    let cancelled = client
        .post(&cancel, json!(null))
        .await
        .expect_status(202)
        .json();
    assert_eq!(cancelled["status"], "cancelled");
    client.post(&cancel, json!(null)).await.expect_status(202);
    let events = client
        .get(&format!("/v1/scans/{first}/events"))
        .await
        .items();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["kind"], "scan_cancelled");
    client.post(&path, json!({})).await.expect_status(201);
    let queued = client.get(&format!("{path}?status=queued")).await.items();
    assert_eq!(queued.len(), 2);
}

#[tokio::test]
async fn an_empty_tree_completes_with_its_gaps_told() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client
        .repository_with(&[("picture.bin", "\u{0}\u{1}\u{2}")])
        .await;
    let scan = client.scan(&repository, json!({})).await;
    assert_eq!(scan["status"], "completed", "{scan}");
    assert_eq!(scan["coverage"]["files"], 1);
    assert!(
        !scan["coverage"]["gaps"].as_object().unwrap().is_empty(),
        "{scan}"
    );
    let only = client.scan(&repository, json!({"paths": ["src/**"]})).await;
    assert_eq!(only["status"], "completed");
    let id = only["id"].as_str().unwrap();
    let report = client.get(&format!("/v1/scans/{id}/report")).await.json();
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("match no file"), "{report}");
}

#[tokio::test]
async fn readiness_names_what_does_not_answer() {
    let app = TestApp::start().await;
    let ready = app
        .anonymous()
        .get("/v1/readyz")
        .await
        .expect_status(200)
        .json();
    assert_eq!(ready["dependencies"]["metadata_store"]["ok"], true);
    let metadata = app.data.path().join("data/metadata");
    std::fs::rename(&metadata, metadata.with_extension("gone")).unwrap();
    let answer = wait_for("the refusal", async || {
        let answer = app.anonymous().get("/v1/readyz").await;
        (answer.status == 503).then(|| answer.json())
    })
    .await;
    assert_eq!(answer["dependencies"]["metadata_store"]["ok"], false);
}
