//! Findings of other tools, imported from SARIF.

use super::exports::exported;
use crate::support::{Answer, Client, TestApp, wait_for};
use reqwest::Method;
use serde_json::{Value, json};
use vega::{
    domain::finding::{TraceRole, TraceStep},
    engine::{Report, SarifContext, to_sarif},
};

const SOURCE: &str = "import os\n\ndef run(name):\n    os.system('ls ' + name)\n    return name\n";

async fn import(client: &Client, repository: &str, body: impl Into<Vec<u8>>) -> Answer {
    let path = format!("/v1/repositories/{repository}/findings/import");
    let request = client
        .request(Method::POST, &path)
        .header("content-type", "application/sarif+json")
        .body(body.into());
    client.send(request).await
}

/// Imports and waits for the scan it becomes.
async fn imported(client: &Client, repository: &str, log: &Value) -> Value {
    let job = import(client, repository, log.to_string())
        .await
        .expect_status(202)
        .json();
    assert_eq!(job["kind"], "import");
    let job = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    let job = ended(client, &job).await;
    assert_eq!(job["status"], "succeeded", "{job}");
    client.ended(job["scan_id"].as_str().unwrap()).await
}

async fn ended(client: &Client, job: &str) -> Value {
    wait_for("the job", async || {
        let job = client.get(job).await.json();
        let running = job["status"] == "queued" || job["status"] == "running";
        (!running).then_some(job)
    })
    .await
}

fn log(results: &[(&str, u32, &str)]) -> Value {
    let results: Vec<_> = results
        .iter()
        .map(|(rule, line, print)| {
            json!({
                "ruleId": rule,
                "message": { "text": "Bad." },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": "app.py" },
                    "region": { "startLine": line },
                }}],
                "partialFingerprints": { "match/v1": print },
            })
        })
        .collect();
    json!({ "version": "2.1.0", "runs": [{
        "tool": { "driver": { "name": "Other", "version": "9", "rules": [
            { "id": "a" }, { "id": "b" }
        ]}},
        "results": results,
    }]})
}

#[tokio::test]
async fn an_import_is_a_scan_whose_findings_live_beside_the_others() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("app.py", SOURCE)]).await;
    client.scan(&repository, json!({})).await;
    let findings = format!("/v1/repositories/{repository}/findings?lead=any");
    let own = client.get(&findings).await.items();
    assert!(!own.is_empty());

    let first = log(&[("a", 4, "11111111"), ("b", 5, "22222222")]);
    let scan = imported(&client, &repository, &first).await;
    assert_eq!(scan["status"], "completed", "{scan}");
    assert_eq!(scan["auditors"], json!(["import:other"]));
    let id = scan["id"].as_str().unwrap();
    let events = client.get(&format!("/v1/scans/{id}/events")).await.items();
    assert_eq!(events.first().unwrap()["kind"], "scan_started");
    assert_eq!(events.last().unwrap()["kind"], "scan_completed");
    let sarif = client
        .get(&format!("/v1/scans/{id}/report?format=sarif"))
        .await;
    assert_eq!(
        sarif.json()["runs"][0]["results"].as_array().unwrap().len(),
        2
    );

    let all = client.get(&findings).await.items();
    assert_eq!(all.len(), own.len() + 2);
    for finding in &own {
        let now = all.iter().find(|now| now["id"] == finding["id"]).unwrap();
        assert_eq!(
            now["state"], finding["state"],
            "an import says nothing of it"
        );
    }

    // The tool moves one result and drops the other.
    let second = log(&[("a", 3, "11111111")]);
    imported(&client, &repository, &second).await;
    let all = client.get(&findings).await.items();
    let state = |rule: &str| {
        let finding = all
            .iter()
            .find(|finding| finding["rule_id"] == rule)
            .unwrap();
        (finding["state"].clone(), finding["start_line"].clone())
    };
    assert_eq!(state("other/a"), (json!("existing"), json!(3)));
    assert_eq!(state("other/b"), (json!("resolved"), json!(5)));
}

#[tokio::test]
async fn an_import_without_results_is_a_scan_without_findings() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("app.py", SOURCE)]).await;
    let scan = imported(&client, &repository, &log(&[])).await;
    assert_eq!(scan["status"], "completed");
    assert_eq!(scan["finding_counts"]["high"], 0);
}

#[tokio::test]
async fn what_cannot_be_imported_is_refused_with_the_reason() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("app.py", SOURCE)]).await;
    for broken in ["", "{", "[]", "{\"version\":\"2.0.0\",\"runs\":[{}]}"] {
        let job = import(&client, &repository, broken)
            .await
            .expect_status(202)
            .json();
        let job = ended(
            &client,
            &format!("/v1/jobs/{}", job["id"].as_str().unwrap()),
        )
        .await;
        assert_eq!(job["status"], "failed", "{broken}");
        assert_eq!(job["error"]["code"], "validation_error", "{job}");
    }
    let scans = format!("/v1/repositories/{repository}/scans");
    assert_eq!(client.get(&scans).await.items(), Vec::<Value>::new());

    let path = format!("/v1/repositories/{repository}/findings/import");
    let text = client
        .request(Method::POST, &path)
        .header("content-type", "text/plain")
        .body("x");
    client
        .send(text)
        .await
        .expect_error("unsupported_media_type");

    let project = client
        .post("/v1/projects", json!({"name": "p"}))
        .await
        .text_at("id");
    let wish = json!({"name": "r", "source_type": "archive"});
    let empty = client
        .post(&format!("/v1/projects/{project}/repositories"), wish)
        .await
        .text_at("id");
    import(&client, &empty, "{}").await.expect_error("conflict");
}

#[tokio::test]
async fn what_a_broken_upload_keeps_from_working_says_what_to_do() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("app.py", SOURCE)]).await;
    // The tar is sound, a name in it is not to be taken.
    let mut header = tar::Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..11].copy_from_slice(b"../evil.txt");
    header.set_size(3);
    header.set_cksum();
    let mut broken = tar::Builder::new(Vec::new());
    broken.append(&header, &b"bad"[..]).unwrap();
    let broken = broken.into_inner().unwrap();
    client.upload(&repository, broken).await.expect_status(202);
    let state = client.ingested(&repository).await;
    assert_eq!(state["ingest_status"], "failed", "{state}");
    let scans = format!("/v1/repositories/{repository}/scans");
    for refused in [
        client.post(&scans, json!({})).await,
        import(&client, &repository, log(&[]).to_string()).await,
    ] {
        let error = refused.expect_error("conflict");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("upload an archive again"), "{message}");
    }
    let jobs = client.get("/v1/ops/jobs?kind=import").await.items();
    assert_eq!(jobs, Vec::<Value>::new(), "nothing fails later");
}

#[tokio::test]
async fn what_an_import_leaves_out_is_counted_and_told() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("app.py", SOURCE)]).await;
    let mut four = log(&[("a", 3, "1"), ("a", 4, "2"), ("b", 5, "3"), ("b", 5, "4")]);
    four["runs"][0]["results"][2]["locations"] = json!([]);
    let scan = imported(&client, &repository, &four).await;
    let path = format!("/v1/scans/{}/events", scan["id"].as_str().unwrap());
    let events = client.get(&path).await.items();
    let said: Vec<_> = events
        .iter()
        .filter_map(|event| event["payload"]["message"].as_str())
        .collect();
    assert!(said.contains(&"Taken over 3 of 4 results"), "{said:?}");
    assert!(said.contains(&"3 of 4 results taken over"), "{said:?}");
    let left_out = "1 results: left out, they name no place";
    assert!(said.contains(&left_out), "{said:?}");
}

/// What an import made of Vega's own results, whole.
async fn brought_in(client: &Client, repository: &str) -> Vec<Value> {
    let path = format!("/v1/repositories/{repository}/findings?lead=any&auditor=import:vega");
    let mut whole = Vec::new();
    for item in client.get(&path).await.expect_status(200).items() {
        let path = format!("/v1/findings/{}", item["id"].as_str().unwrap());
        whole.push(client.get(&path).await.expect_status(200).json());
    }
    whole
}

/// The report of a scan, as the server gives it.
async fn report_of(client: &Client, scan: &Value, format: &str) -> Value {
    let scan = scan["id"].as_str().unwrap();
    let path = format!("/v1/scans/{scan}/report?format={format}");
    client.get(&path).await.expect_status(200).json()
}

#[tokio::test]
async fn a_trace_leaves_as_sarif_and_comes_back_as_it_was() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let odd = [
        "lib/größe und maß.py",
        "日本/a%20b.py",
        "q?x=1#y/[z]&'w'+.py",
        "sub/a:b.py",
    ];
    let mut files = vec![("app.py", SOURCE)];
    files.extend(odd.map(|path| (path, "x = 1\ny = 2\n")));
    let (_, repository) = client.repository_with(&files).await;
    let scan = client.scan(&repository, json!({})).await;
    let report = report_of(&client, &scan, "json").await;
    let mut report: Report = serde_json::from_value(report).unwrap();
    report.findings.truncate(1);
    let step = |file: &str, line, role, symbol: &str, note: &str| TraceStep {
        file: file.to_owned(),
        line,
        role,
        symbol: symbol.to_owned(),
        note: note.to_owned(),
    };
    let mut trace = vec![step("app.py", 3, TraceRole::Source, "name", "enters here")];
    for (line, path) in (1..).zip(odd) {
        let line = line % 2 + 1;
        trace.push(step(
            path,
            line,
            TraceRole::Step,
            "größe.日本[\"ключ\"]",
            "geht über → 次へ\nweiter",
        ));
    }
    // Roles are said, not told by the place: such ways come from other tools.
    trace.push(step("app.py", 4, TraceRole::Source, "", ""));
    trace.push(step(
        "app.py",
        4,
        TraceRole::Sink,
        "os.system",
        "reaches \\ {0} <b>%41</b>",
    ));
    trace.push(step(
        "app.py",
        5,
        TraceRole::Step,
        &"long.".repeat(100),
        &"n".repeat(1_999),
    ));
    for trace in [&trace[..], &trace[..1], &trace[1..4], &[]] {
        report.findings[0].content.trace = trace.to_vec();
        let sarif = to_sarif(&report, &SarifContext::default());
        imported(&client, &repository, &sarif).await;
        let back = brought_in(&client, &repository).await;
        assert_eq!(back.len(), 1, "{back:?}");
        let expected = serde_json::to_value(trace).unwrap();
        assert_eq!(back[0]["trace"].to_string(), expected.to_string());
        assert_eq!(back[0]["verification"]["verdict"], "anchored");
    }
}

#[tokio::test]
async fn ways_the_engine_found_come_back_with_every_finding_and_lead() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let view = "from flask import Flask, render_template, request\nimport store\n\n\
                app = Flask(__name__)\n\n\n@app.route(\"/\")\ndef view():\n    \
                name = request.args[\"name\"]\n    store.run({\"name\": name})\n    \
                return render_template(\"page.html\", name=name)\n";
    let store = "import os\n\n\ndef run(wish):\n    os.system(\"ls \" + wish[\"name\"])\n\n\n\
                 def wrap(command):\n    os.system(command)\n";
    let files = [
        ("view.py", view),
        ("store.py", store),
        ("templates/page.html", "<p>{{ name|safe }}</p>\n"),
    ];
    let (_, repository) = client.repository_with(&files).await;
    let scan = client.scan(&repository, json!({})).await;
    let report = report_of(&client, &scan, "json").await;
    // By place: how bad, whether it is a lead, and the way.
    let told = |content: &Value, at: &Value| {
        let [lead, trace] = [&content["lead"], &content["trace"]];
        format!("{}:{} {lead} {trace}", at["file_path"], at["start_line"])
    };
    let expected = report["findings"].as_array().unwrap().iter();
    let expected = expected.map(|it| told(&it["content"], &it["content"]["location"]));
    let mut expected: Vec<String> = expected.collect();
    expected.sort();
    let long = report["findings"].as_array().unwrap().iter();
    let long = long.filter(|it| it["content"]["trace"].as_array().unwrap().len() > 2);
    assert!(
        long.count() >= 2 && report["summary"]["leads"] != 0,
        "{report}"
    );

    let path = format!("/v1/repositories/{repository}/exports");
    let wish = json!({ "format": "sarif", "filter": { "lead": "any" } });
    let sarif = exported(&client, &path, wish).await;
    let (_, other) = client.repository_with(&files).await;
    imported(&client, &other, &serde_json::from_str(&sarif).unwrap()).await;
    let back = brought_in(&client, &other).await;
    let mut back: Vec<String> = back.iter().map(|it| told(it, it)).collect();
    back.sort();
    assert_eq!(back, expected);
}
