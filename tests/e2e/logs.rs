//! What the server and its runners log: one JSON object per line, and no secrets.

use crate::support::{DEBUG_PASSWORD, Server, tar_gz, verify};
use serde_json::{Value, json};

const SECRET_IN_SOURCE: &str = "hunter2-in-the-source";
const GIT_TOKEN: &str = "glpat-a-git-token-value";

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_an_object_with_the_fields_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let auth_secret = "the secret that signs access tokens 0123";
    let settings = [("VEGA_AUTH_SECRET", auth_secret), ("VEGA_LOG", "debug")];
    let server = Server::start(&data, &settings).await;
    let client = server.debug().await;
    let refused = json!({"email": "eve@example.com", "password": "a guessed password"});
    server
        .client()
        .post("/v1/auth/login", refused)
        .await
        .expect_error("invalid_token");
    let source = format!(
        "import os\nPASSWORD = '{SECRET_IN_SOURCE}'\n\ndef run(name):\n    os.system('ls ' + name)\n"
    );
    let repository = client.repository_of(tar_gz(&[("run.py", &source)])).await;
    let scan = client.start_scan(&repository).await;
    verify::check_scan(&client, &scan, "completed").await;
    let project = client
        .post("/v1/projects", json!({"name": "git"}))
        .await
        .text_at("id");
    let git = json!({
        "name": "git", "source_type": "git", "git_url": "http://127.0.0.1:9/x.git", "git_token": GIT_TOKEN
    });
    let git = client
        .post(&format!("/v1/projects/{project}/repositories"), git)
        .await;
    client.ingested(&git.expect_status(201).text_at("id")).await;
    let marked = client
        .request(
            reqwest::Method::GET,
            "/v1/repositories/repo_nonsense?token=in-the-query",
        )
        .header("x-request-id", "e2e-request-0001");
    let answer = client.send(marked).await;
    assert_eq!(answer.header("x-request-id"), "e2e-request-0001");
    let key = client
        .post("/v1/api-keys", json!({"name": "ci"}))
        .await
        .expect_status(201)
        .json();
    let secret = ["secret", "key", "token"]
        .iter()
        .find_map(|it| key[it].as_str())
        .unwrap();

    let lines = server.process.lines();
    let mut of_runner = 0;
    let mut with_request = 0;
    for line in &lines {
        let object: Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        for field in [
            "timestamp",
            "level",
            "target",
            "message",
            "service_role",
            "environment",
            "version",
        ] {
            assert!(object[field].is_string(), "{field} is missing: {line}");
        }
        chrono::DateTime::parse_from_rfc3339(object["timestamp"].as_str().unwrap()).unwrap();
        if object["service_role"] == "runner"
            && object["target"].as_str().unwrap().starts_with("vega")
        {
            of_runner += 1;
            assert_eq!(object["scan_id"], json!(scan), "{line}");
        }
        if object["message"] == "request" {
            assert!(
                object["request_id"].is_string() && object["duration_ms"].is_u64(),
                "{line}"
            );
            assert!(
                object["status"].is_u64() && object["path"].is_string(),
                "{line}"
            );
        }
        with_request += u32::from(object["request_id"] == "e2e-request-0001");
        let bearer = client.bearer();
        for hidden in [
            DEBUG_PASSWORD,
            "a guessed password",
            SECRET_IN_SOURCE,
            GIT_TOKEN,
            auth_secret,
            "os.system",
            "in-the-query",
            bearer.as_str(),
            secret,
        ] {
            assert!(!line.contains(hidden), "'{hidden}' is in the log: {line}");
        }
    }
    assert!(of_runner > 0, "the runner logs into the server's stream");
    assert!(with_request > 0, "a request's lines are found by its id");
    let of_scan = lines.iter().filter(|line| line.contains(&scan)).count();
    assert!(of_scan >= 2, "the scan's lines are found by its id");
    server.stop().await;
}
